// The code of every scalar operation means what `Evaluate` says: each row of ops.def, rule and
// type, over values at the edges, compared with the interpreter in result, fault and text.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/cpu/cpu.h"
#include "backends/interpreter/interpreter.h"
#include "ir/identities.h"
#include "ir/lanes.h"
#include "ir/scalar.h"
#include "ir/verifier.h"

namespace einkorn {
namespace {

std::vector<uint64_t> EdgesOf(ScalarType type) {
  std::vector<uint64_t> edges;
  if (type == ScalarType::kBool) return {0, 1};
  if (IsStorage(type)) {
    for (uint64_t bits = 0; bits < 0x10000;
         bits += bits % 0x400 < 3 || bits % 0x400 > 0x3fc ? 1 : 61)
      edges.push_back(bits);
    return edges;
  }
  if (IsFloat(type)) {
    // Where f16 and bf16 round: between neighbours, on a tie, and beside it by the least.
    for (ScalarType storage : {ScalarType::kF16, ScalarType::kBF16})
      for (uint64_t bits : {0x0, 0x1, 0x3ff, 0x400, 0x3c01, 0x7bfe, 0x7bff, 0x7f7f, 0x807f}) {
        const double value = FloatValue(storage, bits);
        const double middle = (value + FloatValue(storage, bits + 1)) / 2;
        for (double near : {value, middle, std::nextafter(middle, 0), std::nextafter(middle, 1e39)})
          edges.push_back(FloatBits(type, near));
      }
    for (double value : {0.0,
                         -0.0,
                         1.0,
                         -1.0,
                         0.5,
                         -0.5,
                         1.5,
                         2.5,
                         -2.5,
                         0.1,
                         3.0,
                         1e-40,
                         -1e-310,
                         127.0,
                         128.0,
                         -128.0,
                         -129.0,
                         255.0,
                         256.0,
                         65535.5,
                         2147483648.0,
                         -2147483649.0,
                         4294967296.0,
                         9223372036854775808.0,
                         -9223372036854775808.0,
                         18446744073709551616.0,
                         1e30,
                         -1e38,
                         1e300,
                         double(INFINITY),
                         -double(INFINITY),
                         double(NAN),
                         0.99999997,
                         -0.99999997,
                         8388609.0,
                         4503599627370497.5})
      edges.push_back(FloatBits(type, value));
    return edges;
  }
  const Int128 least = LeastOf(type), greatest = GreatestOf(type);
  for (int offset = 0; offset < 3; ++offset)
    for (Int128 value :
         {least + offset, greatest - offset, Int128(offset), Int128(-offset), least / 2 + offset,
          greatest / 2 - offset, Int128(7 * offset), Int128(30 + offset), Int128(63 + offset)})
      if (FitsInteger(type, value)) edges.push_back(IntegerBits(type, value));
  std::ranges::sort(edges);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

std::vector<ScalarType> AllTypes() {
  std::vector<ScalarType> types;
  for (int k = 0; k < kScalarTypeCount; ++k) types.push_back(static_cast<ScalarType>(k));
  return types;
}

// The types that the operands after the first and the result may have.
struct Variant {
  std::vector<ScalarType> operands;
  ScalarType result;
};

std::vector<Variant> VariantsOf(Opcode opcode, ScalarType type) {
  const OpInfo& info = InfoOf(opcode);
  if (!Accepts(info.operand_class, Type::Scalar(type))) return {};
  std::vector<Variant> variants;
  const auto count = static_cast<size_t>(info.operands);
  switch (info.types) {
    case TypeRule::kSame:
      return {{std::vector(count, type), type}};
    case TypeRule::kCompare:
      return {{std::vector(count, type), ScalarType::kBool}};
    case TypeRule::kShift:
      for (ScalarType amount : AllTypes())
        if (IsInteger(amount)) variants.push_back({{type, amount}, type});
      return variants;
    case TypeRule::kSelect:
      for (ScalarType arm : AllTypes()) variants.push_back({{type, arm, arm}, arm});
      return variants;
    case TypeRule::kExplicit:
      for (ScalarType result : AllTypes()) {
        const bool same_width = BitsOf(result) == BitsOf(type);
        if (opcode == Opcode::kBits && !(IsUnsigned(result) && same_width)) continue;
        if (opcode == Opcode::kConvert && !Converts(type, result)) continue;
        if (opcode == Opcode::kFromBits && !(IsFloat(result) && same_width)) continue;
        variants.push_back({{type}, result});
      }
      return variants;
    case TypeRule::kNone:
    case TypeRule::kElement:
      return {};
  }
  return {};
}

ir::Module ModuleFor(Opcode opcode, Rule rule, const Variant& variant) {
  ir::Module module;
  ir::Function function;
  function.name = "k";
  function.kind = ir::FunctionKind::kKernel;
  ir::Builder builder(function);
  function.body = builder.NewRegion();
  builder.Enter(function.body);
  std::vector<ir::ValueId> operands;
  for (size_t i = 0; i < variant.operands.size(); ++i) {
    ir::Param param;
    param.name = std::string(1, static_cast<char>('a' + i));
    operands.push_back(builder.AddParam(param, Type::Scalar(variant.operands[i])));
  }
  const ir::ValueId result = builder.AppendValue({.opcode = opcode,
                                                  .rule = rule,
                                                  .operands = operands,
                                                  .results = {Type::Scalar(variant.result)}});
  function.results = {Type::Scalar(variant.result)};
  builder.Yield({result});
  module.functions.push_back(std::move(function));
  module.entry = ir::FunctionId(0);
  return module;
}

// The same for each element of arrays: parallel for i in 0..n { r[i] = op(a[i], …); }
ir::Module LaneModuleFor(Opcode opcode, Rule rule, const Variant& variant) {
  ir::Module module;
  ir::Function function;
  function.name = "k";
  function.kind = ir::FunctionKind::kKernel;
  ir::Builder builder(function);
  function.body = builder.NewRegion();
  builder.Enter(function.body);
  const ir::ValueId size = builder.AddParam({.name = "n", .kind = ir::ParamKind::kSymbol},
                                            Type::Scalar(ScalarType::kI64));
  const auto array = [&](std::string name, ir::ParamKind kind, ScalarType type) {
    return builder.AddParam({.name = std::move(name),
                             .kind = kind,
                             .shape = {ir::ShapeExpr::Symbol(0)},
                             .shape_texts = {"n"}},
                            Type::Array(type, 1));
  };
  std::vector<ir::ValueId> arrays;
  for (size_t i = 0; i < variant.operands.size(); ++i)
    arrays.push_back(array(std::string(1, static_cast<char>('a' + i)), ir::ParamKind::kArrayIn,
                           variant.operands[i]));
  const ir::ValueId out = array("r", ir::ParamKind::kArrayOut, variant.result);
  const ir::ValueId zero = builder.Integer(ScalarType::kI64, 0);
  const ir::ValueId one = builder.Integer(ScalarType::kI64, 1);
  const ir::RegionId body = builder.NewRegion();
  const ir::ValueId i = builder.AddArgument(body, Type::Scalar(ScalarType::kI64), "i");
  const ir::RegionId outside = builder.Enter(body);
  std::vector<ir::ValueId> operands;
  for (size_t k = 0; k < arrays.size(); ++k)
    operands.push_back(builder.AppendValue({.opcode = Opcode::kLoad,
                                            .rule = Rule::kChecked,
                                            .operands = {arrays[k], i},
                                            .results = {Type::Scalar(variant.operands[k])}}));
  const ir::ValueId result = builder.AppendValue({.opcode = opcode,
                                                  .rule = rule,
                                                  .operands = operands,
                                                  .results = {Type::Scalar(variant.result)}});
  builder.Append({.opcode = Opcode::kStore, .rule = Rule::kChecked, .operands = {out, i, result}});
  builder.Yield({});
  builder.Enter(outside);
  builder.Append({.opcode = Opcode::kParallel,
                  .rule = Rule::kChecked,
                  .operands = {zero, size, one},
                  .regions = {body}});
  builder.Yield({});
  module.functions.push_back(std::move(function));
  module.entry = ir::FunctionId(0);
  return module;
}

// Arrays of canonical bits as they lie in memory.
class Column {
 public:
  Column(ScalarType type, size_t count) : type_(type), bytes_(count * Width()) {}
  uint64_t Get(size_t i) const {
    uint64_t bits = 0;
    std::memcpy(&bits, &bytes_[i * Width()], Width());
    return bits;
  }
  void Put(size_t i, uint64_t bits) { std::memcpy(&bytes_[i * Width()], &bits, Width()); }
  LaunchArgument Argument() {
    LaunchArgument argument;
    argument.array = {.data = bytes_.data(),
                      .sizes = {static_cast<int64_t>(bytes_.size() / Width())},
                      .strides = {static_cast<int64_t>(Width())}};
    return argument;
  }

 private:
  size_t Width() const { return static_cast<size_t>(BytesOf(type_)); }
  ScalarType type_;
  std::vector<unsigned char> bytes_;
};

std::string Describe(const LaunchOutcome& outcome, ScalarType type) {
  if (outcome.fault) return Render(*outcome.fault, SourceSet(), {});
  return FormatScalar(type, outcome.results[0]);
}

class ScalarCode : public testing::TestWithParam<int> {
 protected:
  static void SetUpTestSuite() {
    auto created = CpuCompiler::Create({});
    ASSERT_TRUE(created.ok()) << created.error().message;
    compiler_ = std::move(*created).release();
  }
  static void TearDownTestSuite() { delete compiler_; }
  static CpuCompiler* compiler_;

  static void Compare(Opcode opcode, Rule rule, const Variant& variant) {
    const ir::Module module = ModuleFor(opcode, rule, variant);
    ASSERT_TRUE(ir::Verify(module).empty()) << ir::Verify(module).front();
    auto compiled = compiler_->Compile(module, {});
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    std::vector<std::vector<uint64_t>> edges;
    for (ScalarType type : variant.operands) edges.push_back(EdgesOf(type));
    // The third operand walks with the second: all of them would be too many.
    for (uint64_t a : edges[0])
      for (size_t j = 0; j < (edges.size() > 1 ? edges[1].size() : 1); ++j) {
        std::vector<LaunchArgument> arguments(edges.size());
        arguments[0].bits = a;
        if (edges.size() > 1) arguments[1].bits = edges[1][j];
        if (edges.size() > 2) arguments[2].bits = edges[2][(j * 7 + a) % edges[2].size()];
        const LaunchOutcome expected = Interpret(module, module.entry, arguments);
        const LaunchOutcome found = (*compiled)->Run(arguments, {.threads = 1});
        const bool same =
            !expected.fault && !found.fault
                ? SameValue(variant.result, expected.results[0], found.results[0])
                : Describe(expected, variant.result) == Describe(found, variant.result);
        ASSERT_TRUE(same) << Describe(expected, variant.result) << " expected, found "
                          << Describe(found, variant.result) << " for "
                          << FormatScalar(variant.operands[0], a)
                          << (edges.size() > 1
                                  ? ", " + FormatScalar(variant.operands[1], arguments[1].bits)
                                  : "");
      }
  }
};
CpuCompiler* ScalarCode::compiler_ = nullptr;

// Rows of operands, many of them side by side in lanes.
class LaneCode : public ScalarCode {
 protected:
  static void Compare(Opcode opcode, Rule rule, const Variant& variant) {
    const ir::Module module = LaneModuleFor(opcode, rule, variant);
    ASSERT_TRUE(ir::Verify(module).empty()) << ir::Verify(module).front();
    const ir::Function& kernel = module.entry_function();
    for (size_t k = 0; k < kernel.ops.size(); ++k) {
      if (kernel.ops[k].opcode != Opcode::kParallel) continue;
      ASSERT_EQ(ir::PlanLanes(kernel, ir::OpId(k)).refusal, "");
    }
    auto compiled = compiler_->Compile(module, {});
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    std::vector<Row> good, bad;
    for (const Row& row : RowsOf(variant)) {
      const bool faults =
          Evaluate(opcode, rule, variant.operands, row, variant.result).fault.has_value();
      (faults ? bad : good).push_back(row);
    }
    if (!good.empty()) ExpectSame(module, **compiled, variant, good);
    // Each row that fails among others that do not, at every lane in turn.
    constexpr size_t kRows = 150;
    if (good.empty()) return;
    for (size_t b = 0; b < bad.size(); b += 1 + bad.size() / 100) {
      std::vector<Row> rows;
      for (size_t i = 0; i < kRows; ++i) rows.push_back(good[(i + b) % good.size()]);
      rows[(b * 11) % kRows] = bad[b];
      rows[(b * 7) % kRows] = bad[(b * 3) % bad.size()];
      ExpectSame(module, **compiled, variant, rows);
    }
  }

 private:
  using Row = std::vector<uint64_t>;

  static std::vector<Row> RowsOf(const Variant& variant) {
    std::vector<std::vector<uint64_t>> edges;
    for (ScalarType type : variant.operands) edges.push_back(EdgesOf(type));
    std::vector<Row> rows;
    for (uint64_t a : edges[0])
      for (size_t j = 0; j < (edges.size() > 1 ? edges[1].size() : 1); ++j) {
        Row row = {a};
        if (edges.size() > 1) row.push_back(edges[1][j]);
        if (edges.size() > 2) row.push_back(edges[2][(j * 7 + a) % edges[2].size()]);
        rows.push_back(row);
      }
    return rows;
  }

  static void ExpectSame(const ir::Module& module, const CpuExecutable& compiled,
                         const Variant& variant, const std::vector<Row>& rows) {
    std::vector<LaunchArgument> arguments(1);
    arguments[0].bits = rows.size();
    std::vector<Column> columns;
    for (size_t k = 0; k < variant.operands.size(); ++k) {
      columns.emplace_back(variant.operands[k], rows.size());
      for (size_t i = 0; i < rows.size(); ++i) columns[k].Put(i, rows[i][k]);
    }
    for (Column& column : columns) arguments.push_back(column.Argument());
    Column expected(variant.result, rows.size()), found(variant.result, rows.size());
    arguments.push_back(expected.Argument());
    const LaunchOutcome expected_outcome = Interpret(module, module.entry, arguments);
    arguments.back() = found.Argument();
    const LaunchOutcome found_outcome = compiled.Run(arguments, {.threads = 1});
    const auto describe = [](const LaunchOutcome& outcome) {
      return outcome.fault ? Render(*outcome.fault, SourceSet(), {}) : "no fault";
    };
    ASSERT_EQ(describe(expected_outcome), describe(found_outcome));
    for (size_t i = 0; i < rows.size() && !expected_outcome.fault; ++i)
      ASSERT_TRUE(SameValue(variant.result, expected.Get(i), found.Get(i)))
          << FormatScalar(variant.result, expected.Get(i)) << " expected, found "
          << FormatScalar(variant.result, found.Get(i)) << " for "
          << FormatScalar(variant.operands[0], rows[i][0])
          << (rows[i].size() > 1 ? ", " + FormatScalar(variant.operands[1], rows[i][1]) : "");
  }
};

TEST_P(ScalarCode, MeansWhatEvaluateSays) {
  const auto opcode = static_cast<Opcode>(GetParam());
  int compared = 0;
  for (ScalarType type : AllTypes())
    for (const Variant& variant : VariantsOf(opcode, type))
      for (Rule rule : {Rule::kNone, Rule::kChecked, Rule::kWrap, Rule::kSaturate}) {
        if (!HasRule(opcode, rule, type)) continue;
        SCOPED_TRACE(std::string(TextOf(opcode)) + "." + std::string(TextOf(rule)) + " on " +
                     std::string(TextOf(type)) + " to " + std::string(TextOf(variant.result)));
        Compare(opcode, rule, variant);
        ++compared;
      }
  EXPECT_GT(compared, 0);
}

TEST_P(LaneCode, MeansWhatEvaluateSays) {
  const auto opcode = static_cast<Opcode>(GetParam());
  for (ScalarType type : AllTypes())
    for (const Variant& variant : VariantsOf(opcode, type))
      for (Rule rule : {Rule::kNone, Rule::kChecked, Rule::kWrap, Rule::kSaturate}) {
        if (!HasRule(opcode, rule, type)) continue;
        SCOPED_TRACE(std::string(TextOf(opcode)) + "." + std::string(TextOf(rule)) + " on " +
                     std::string(TextOf(type)) + " to " + std::string(TextOf(variant.result)));
        Compare(opcode, rule, variant);
      }
}

std::vector<int> ScalarOpcodes() {
  std::vector<int> opcodes;
  for (int k = 0; k < kOpcodeCount; ++k)
    if (HasScalarMeaning(static_cast<Opcode>(k))) opcodes.push_back(k);
  return opcodes;
}

INSTANTIATE_TEST_SUITE_P(Rows, ScalarCode, testing::ValuesIn(ScalarOpcodes()),
                         [](const auto& info) {
                           return std::string(TextOf(static_cast<Opcode>(info.param)));
                         });
INSTANTIATE_TEST_SUITE_P(Rows, LaneCode, testing::ValuesIn(ScalarOpcodes()), [](const auto& info) {
  return std::string(TextOf(static_cast<Opcode>(info.param)));
});

}  // namespace
}  // namespace einkorn
