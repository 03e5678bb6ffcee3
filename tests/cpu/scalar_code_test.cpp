// The code of every scalar operation means what `Evaluate` says: each row of ops.def, rule and
// type, over values at the edges, compared with the interpreter in result, fault and text.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends/cpu/cpu.h"
#include "backends/interpreter/interpreter.h"
#include "ir/identities.h"
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
    auto compiled = compiler_->Compile(module);
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

}  // namespace
}  // namespace einkorn
