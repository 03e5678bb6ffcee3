#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <random>

#include "ir/passes.h"
#include "ir/scalar.h"
#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

// A range of an induction variable with so many values.
struct TestRange {
  ScalarType type = ScalarType::kI64;
  Int128 from = 0, to = 0, step = 1;
  bool inclusive = false;
  int64_t count = 0;
};

TestRange UpTo(int64_t count) {
  return {.to = count, .count = count};
}

// A reduction over terms that lie in an array, in iteration order, whose ranges are parameters (or
// constants, which are another way through the pass).
struct TestReduction {
  ReduceKind kind = ReduceKind::kSum;
  Rule rule = Rule::kNone;
  ScalarType term = ScalarType::kI64, result = ScalarType::kI64;
  std::vector<TestRange> ranges = {};
  bool has_condition = false, has_factor = false, constant_bounds = false, has_checks = true;
};

constexpr SourceRange kPlace = {SourceFileId(0), 30, 50, 30, 50};

class ReductionModule {
 public:
  explicit ReductionModule(const TestReduction& reduction) : r_(reduction) {
    module_.entry = FunctionId(0);
    Function& f = builder_.function();
    f.name = "reduces";
    f.kind = FunctionKind::kKernel;
    f.results = {Type::Scalar(r_.result)};
    AddParams();
    f.body = builder_.NewRegion();
    builder_.Enter(f.body);
    const ValueId result = Reduce();
    builder_.Yield({result});
  }

  const Module& module() const { return module_; }

  std::vector<TestArgument> Arguments(const std::vector<uint64_t>& terms,
                                      const std::vector<uint64_t>& factors,
                                      const std::vector<uint64_t>& conditions) const {
    const auto size = static_cast<int64_t>(terms.size());
    std::vector<TestArgument> arguments = {{static_cast<uint64_t>(size)}};
    for (const TestRange& range : r_.ranges)
      for (Int128 bound : {range.from, range.to, range.step})
        arguments.push_back({IntegerBits(range.type, bound)});
    arguments.push_back({0, {r_.term, {size}, terms}});
    arguments.push_back({0, {r_.term, {size}, factors}});
    arguments.push_back({0, {ScalarType::kBool, {size}, conditions}});
    return arguments;
  }

 private:
  void AddParams() {
    builder_.AddParam({.name = "n", .kind = ParamKind::kSymbol}, Type::Scalar(ScalarType::kI64));
    for (size_t k = 0; k < r_.ranges.size(); ++k)
      for (const char* name : {"from", "to", "step"})
        bounds_.push_back(builder_.AddParam({.name = fmt::format("{}{}", name, k)},
                                            Type::Scalar(r_.ranges[k].type)));
    const auto array = [&](const char* name, ScalarType type) {
      return builder_.AddParam({.name = name,
                                .kind = ParamKind::kArrayIn,
                                .shape = {ShapeExpr::Symbol(0)},
                                .shape_texts = {"n"}},
                               Type::Array(type, 1));
    };
    terms_ = array("terms", r_.term);
    factors_ = array("factors", r_.term);
    conditions_ = array("conditions", ScalarType::kBool);
  }

  ValueId Load(ValueId array, ValueId index) {
    return builder_.AppendValue(
        {.opcode = Opcode::kLoad,
         .rule = Rule::kChecked,
         .range = kPlace,
         .operands = {array, index},
         .results = {Type::Scalar(builder_.function().type(array).scalar)}});
  }

  // The number of the iteration: (i - from) / step, for several ranges with their counts.
  ValueId Number(const std::vector<ValueId>& variables, const std::vector<ValueId>& bounds) {
    ValueId number = builder_.Integer(ScalarType::kI64, 0);
    for (size_t k = 0; k < variables.size(); ++k) {
      const auto wide = [&](ValueId value) {
        return builder_.Convert(ScalarType::kI64, Rule::kWrap, value, kPlace);
      };
      const auto wrap = [&](Opcode opcode, ValueId a, ValueId b) {
        return builder_.Binary(opcode, Rule::kWrap, a, b, kPlace);
      };
      const ValueId distance = wrap(Opcode::kSub, wide(variables[k]), wide(bounds[3 * k]));
      const ValueId steps =
          builder_.Binary(Opcode::kDiv, Rule::kChecked, distance, wide(bounds[3 * k + 2]), kPlace);
      const ValueId count = builder_.Integer(ScalarType::kI64, r_.ranges[k].count);
      number = wrap(Opcode::kAdd, wrap(Opcode::kMul, number, count), steps);
    }
    return number;
  }

  ValueId Reduce() {
    std::vector<ValueId> bounds = bounds_;
    for (size_t k = 0; r_.constant_bounds && k < r_.ranges.size(); ++k) {
      const TestRange& range = r_.ranges[k];
      bounds[3 * k] = builder_.Integer(range.type, range.from);
      bounds[3 * k + 1] = builder_.Integer(range.type, range.to);
      bounds[3 * k + 2] = builder_.Integer(range.type, range.step);
    }
    const RegionId region = builder_.NewRegion();
    std::vector<ValueId> variables;
    uint64_t inclusive = 0;
    for (size_t k = 0; k < r_.ranges.size(); ++k) {
      variables.push_back(builder_.AddArgument(region, Type::Scalar(r_.ranges[k].type),
                                               std::string(1, static_cast<char>('i' + k))));
      inclusive |= uint64_t{r_.ranges[k].inclusive} << k;
    }
    const RegionId outside = builder_.Enter(region);
    const ValueId number = Number(variables, bounds);
    std::vector<ValueId> yields = {
        r_.has_condition ? Load(conditions_, number) : builder_.Bool(true), Load(terms_, number)};
    if (r_.has_factor) yields.push_back(Load(factors_, number));
    builder_.Yield(yields);
    builder_.Enter(outside);
    const OpId op = builder_.Append({.opcode = Opcode::kReduce,
                                     .rule = r_.rule,
                                     .range = kPlace,
                                     .operands = bounds,
                                     .results = {Type::Scalar(r_.result)},
                                     .regions = {region},
                                     .immediate = static_cast<uint64_t>(r_.kind) | inclusive << 8});
    FaultSet checks = kDivisionBit;
    if (r_.rule == Rule::kChecked) checks |= kOverflowBit;
    if (r_.kind == ReduceKind::kMin || r_.kind == ReduceKind::kMax ||
        r_.kind == ReduceKind::kArgmin || r_.kind == ReduceKind::kArgmax)
      checks |= kEmptyBit;
    Function& f = builder_.function();
    f.op(op).checks = r_.has_checks ? checks : 0;
    return f.result(f.op(op));
  }

  TestReduction r_;
  Module module_;
  Builder builder_{module_.functions.emplace_back()};
  std::vector<ValueId> bounds_;
  ValueId terms_, factors_, conditions_;
};

void Expand(Module& module) {
  for (Function& function : module.functions) ExpandReductions(function);
}

void ExpandAndSimplify(Module& module) {
  Expand(module);
  for (Function& function : module.functions) Simplify(function);
}

// What terms are made of.
enum class Values { kSmall, kMixed, kExtreme };

uint64_t RandomBits(std::mt19937_64& random, ScalarType type, Values values) {
  if (type == ScalarType::kBool) return random() % 2;
  if (values == Values::kSmall && IsInteger(type))
    return IntegerBits(type, static_cast<int>(random() % 3) - (IsSigned(type) ? 1 : 0));
  if (values == Values::kSmall)
    return FloatBits(type, std::ldexp(static_cast<double>(random() % 2000) - 1000, -5));
  if (IsInteger(type)) {
    const Int128 ends[] = {LeastOf(type), GreatestOf(type), 0, 1};
    return IntegerBits(
        type, values == Values::kExtreme ? ends[random() % 4] : static_cast<Int128>(random()));
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double ends[] = {kInfinity, -kInfinity, 0.0, -0.0, 1e30, -1e30};
  if (values == Values::kExtreme && random() % 8 == 0)
    return random() % 8 == 0 ? CanonicalNan(type) : FloatBits(type, ends[random() % 6]);
  const double fraction = static_cast<double>(random() >> 11) * 0x1p-53 - 0.5;
  return FloatBits(type, std::ldexp(fraction, static_cast<int>(random() % 40) - 20));
}

// The outcomes before and after, with terms of the given sorts.
void ExpectSameReduction(const TestReduction& reduction, std::initializer_list<Values> all_values) {
  SCOPED_TRACE(fmt::format("{}.{} {} -> {}, condition {}, factor {}, constant {}, checks {}",
                           TextOf(reduction.kind), TextOf(reduction.rule), TextOf(reduction.term),
                           TextOf(reduction.result), reduction.has_condition, reduction.has_factor,
                           reduction.constant_bounds, reduction.has_checks));
  const ReductionModule made(reduction);
  ASSERT_EQ(ProblemsIn(made.module()), "") << Print(made.module());
  const Module expanded = After(Expand, made.module());
  const Module simplified = After(ExpandAndSimplify, made.module());
  int64_t count = 1;
  for (const TestRange& range : reduction.ranges) count *= range.count;
  std::mt19937_64 random(static_cast<uint64_t>(count) + 7 * static_cast<uint64_t>(reduction.kind));
  for (Values values : all_values) {
    std::vector<uint64_t> terms, factors, conditions;
    for (int64_t i = 0; i < count; ++i) {
      terms.push_back(RandomBits(random, reduction.term, values));
      factors.push_back(RandomBits(random, reduction.term, Values::kMixed));
      conditions.push_back(random() % 3 != 0);
    }
    const auto arguments = made.Arguments(terms, factors, conditions);
    const std::string outcome = OutcomeOf(made.module(), arguments);
    ASSERT_EQ(outcome, OutcomeOf(expanded, arguments)) << Print(made.module()) << Print(expanded);
    ASSERT_EQ(outcome, OutcomeOf(simplified, arguments)) << Print(expanded) << Print(simplified);
  }
}

constexpr ScalarType kNumbers[] = {
    ScalarType::kI8,  ScalarType::kI16, ScalarType::kI32, ScalarType::kI64, ScalarType::kU8,
    ScalarType::kU16, ScalarType::kU32, ScalarType::kU64, ScalarType::kF32, ScalarType::kF64};
constexpr Values kAllValues[] = {Values::kSmall, Values::kMixed, Values::kExtreme};

// Every reduction of the table over terms of `term`, in a form that is valid.
std::vector<TestReduction> ReductionsOf(ScalarType term) {
  std::vector<TestReduction> reductions;
  const auto add = [&](ReduceKind kind, Rule rule, ScalarType result) {
    reductions.push_back({.kind = kind, .rule = rule, .term = term, .result = result});
  };
  if (term == ScalarType::kBool) {
    add(ReduceKind::kAny, Rule::kNone, term);
    add(ReduceKind::kAll, Rule::kNone, term);
    for (Rule rule : {Rule::kChecked, Rule::kWrap, Rule::kSaturate})
      for (ScalarType result :
           {ScalarType::kI64, ScalarType::kU8, ScalarType::kI8, ScalarType::kU64})
        add(ReduceKind::kCount, rule, result);
    return reductions;
  }
  for (ScalarType result : kNumbers) {
    const bool widens = result == term || (IsInteger(result) && IsInteger(term) &&
                                           FitsInteger(result, LeastOf(term)) &&
                                           FitsInteger(result, GreatestOf(term)));
    const bool widens_float = term == ScalarType::kF32 && result == ScalarType::kF64;
    if (!widens && !widens_float) continue;
    for (ReduceKind kind : {ReduceKind::kSum, ReduceKind::kProd}) {
      if (IsFloat(result)) add(kind, Rule::kNone, result);
      for (Rule rule : {Rule::kChecked, Rule::kWrap, Rule::kSaturate})
        if (IsInteger(result)) add(kind, rule, result);
    }
    add(ReduceKind::kMin, Rule::kNone, result);
    add(ReduceKind::kMax, Rule::kNone, result);
  }
  for (ReduceKind kind : {ReduceKind::kArgmin, ReduceKind::kArgmax})
    add(kind, Rule::kNone, ScalarType::kI64);
  return reductions;
}

class EveryReduction : public testing::TestWithParam<ScalarType> {};

TEST_P(EveryReduction, IsTheSameOverSmallRanges) {
  for (TestReduction reduction : ReductionsOf(GetParam())) {
    for (int64_t count : {0, 1, 2, 31, 32, 33, 63, 64, 65}) {
      reduction.ranges = {UpTo(count)};
      for (int form = 0; form < 4; ++form) {
        reduction.has_condition = (form & 1) != 0;
        reduction.constant_bounds = (form & 2) != 0;
        ExpectSameReduction(reduction, {Values::kSmall, Values::kMixed, Values::kExtreme});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(EveryReduction, IsTheSameWithoutChecks) {
  for (TestReduction reduction : ReductionsOf(GetParam())) {
    reduction.has_checks = false;
    for (int64_t count : {0, 5, 40}) {
      reduction.ranges = {UpTo(count)};
      ExpectSameReduction(reduction, {Values::kExtreme});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(EveryReduction, IsTheSameOverSeveralRanges) {
  const std::vector<std::vector<TestRange>> all = {
      {UpTo(3), UpTo(7)},
      {UpTo(11), UpTo(13)},
      {UpTo(3), UpTo(0)},
      {UpTo(0), UpTo(3)},
      {UpTo(2), UpTo(4), UpTo(5)},
      {{.type = ScalarType::kI8, .from = 100, .to = 127, .step = 3, .inclusive = true, .count = 10},
       {.type = ScalarType::kU8, .from = 250, .to = 255, .inclusive = true, .count = 6}},
      {{.type = ScalarType::kI16, .from = 5, .to = -5, .step = -2, .count = 5},
       {.type = ScalarType::kU64, .from = 1, .to = 8, .step = 3, .count = 3}},
  };
  for (TestReduction reduction : ReductionsOf(GetParam())) {
    if (reduction.kind == ReduceKind::kArgmin || reduction.kind == ReduceKind::kArgmax) continue;
    for (const auto& ranges : all) {
      reduction.ranges = ranges;
      for (bool has_condition : {false, true}) {
        reduction.has_condition = has_condition;
        ExpectSameReduction(reduction, {Values::kMixed});
        if (HasFatalFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EveryReduction,
                         testing::Values(ScalarType::kBool, ScalarType::kI8, ScalarType::kI16,
                                         ScalarType::kI32, ScalarType::kI64, ScalarType::kU8,
                                         ScalarType::kU16, ScalarType::kU32, ScalarType::kU64,
                                         ScalarType::kF32, ScalarType::kF64),
                         [](const auto& param) { return std::string(TextOf(param.param)); });

TEST(ExpandReductions, FoldsFloatsInBlocksAndPairs) {
  for (ReduceKind kind : {ReduceKind::kSum, ReduceKind::kProd}) {
    for (int64_t count : {1023, 1024, 1025, 2048, 3000, 5 * 1024 + 1, 40000}) {
      for (int form = 0; form < 8; ++form) {
        if (count > 5000 && form != 0 && form != 7) continue;
        TestReduction reduction{.kind = kind,
                                .term = ScalarType::kF32,
                                .result = ScalarType::kF32,
                                .ranges = {UpTo(count)},
                                .has_condition = (form & 1) != 0,
                                .has_factor = (form & 2) != 0 && kind == ReduceKind::kSum,
                                .constant_bounds = (form & 4) != 0};
        ExpectSameReduction(reduction, {Values::kMixed});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(ExpandReductions, FoldsFloatsOverSeveralRangesInBlocks) {
  for (const auto& [rows, columns] : {std::pair{70, 33}, std::pair{2, 1024}, std::pair{1500, 3}}) {
    TestReduction reduction{.term = ScalarType::kF64,
                            .result = ScalarType::kF64,
                            .ranges = {UpTo(rows), UpTo(columns)}};
    for (bool has_factor : {false, true}) {
      reduction.has_factor = has_factor;
      ExpectSameReduction(reduction, {Values::kMixed});
    }
  }
}

TEST(ExpandReductions, CountsRangesOfAllTypesToTheirEnds) {
  for (ScalarType type : kNumbers) {
    if (IsFloat(type)) continue;
    const Int128 least = LeastOf(type), greatest = GreatestOf(type);
    std::vector<TestRange> ranges = {
        {.from = greatest - 40, .to = greatest, .inclusive = true, .count = 41},
        {.from = least, .to = least + 33, .step = 2, .count = 17},
        {.from = greatest, .to = least, .inclusive = true, .count = 0},
        {.from = greatest - 100, .to = greatest, .step = 77, .inclusive = true, .count = 2},
        {.from = 5, .to = 5, .count = 0},
        {.from = 5, .to = 5, .inclusive = true, .count = 1},
    };
    if (IsSigned(type)) {
      ranges.push_back(
          {.from = least + 40, .to = least, .step = -1, .inclusive = true, .count = 41});
      ranges.push_back({.from = greatest, .to = greatest - 34, .step = -1, .count = 34});
      ranges.push_back({.from = greatest, .to = least, .step = least, .count = 2});
      ranges.push_back({.from = 0, .to = 9, .step = -1, .count = 0});
    }
    if (BitsOf(type) == 8)
      ranges.push_back({.from = least, .to = greatest, .inclusive = true, .count = 256});
    for (TestRange range : ranges) {
      range.type = type;
      for (bool is_constant : {false, true}) {
        TestReduction reduction{.term = ScalarType::kF32,
                                .result = ScalarType::kF32,
                                .ranges = {range},
                                .constant_bounds = is_constant};
        ExpectSameReduction(reduction, {Values::kMixed});
        reduction.kind = ReduceKind::kArgmax;
        reduction.result = type;
        ExpectSameReduction(reduction, {Values::kMixed});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(ExpandReductions, ChecksAllStepsBeforeTheFirstTerm) {
  const TestRange no_step = {.type = ScalarType::kI32, .to = 5, .step = 0};
  for (const auto& ranges : {std::vector<TestRange>{no_step},
                             {UpTo(3), no_step},
                             {UpTo(0), no_step},
                             {no_step, UpTo(0)}}) {
    for (bool has_checks : {false, true}) {
      for (ScalarType type : {ScalarType::kI32, ScalarType::kF32}) {
        TestReduction reduction{.rule = RuleFor(Rule::kChecked, type),
                                .term = type,
                                .result = type,
                                .ranges = ranges,
                                .has_checks = has_checks};
        ExpectSameReduction(reduction, {Values::kSmall});
      }
    }
  }
}

// The sums of up to 2^31 halves and of more terms by words have one meaning; the large ones cannot
// be run, so both are forced on few terms: a term of many operations is written once, for any
// number.
TEST(ExpandReductions, LongTermsUseTheGeneralFold) {
  for (const char* type : {"i8", "i64", "u64", "f32"}) {
    std::string work;
    for (int i = 0; i < 70; ++i)
      work += fmt::format("    %w{} = xor %i, {} : i64\n", i,
                          i == 0 ? "%n" : fmt::format("%w{}", i - 1));
    const bool is_float = std::string_view(type) == "f32";
    const std::string text = fmt::format(
        R"(entry kernel @f(symbol %n: i64, in %x: array<{0}, 1>[%n]) -> {0} {{
  %zero = constant 0 : i64
  %one = constant 1 : i64
  %s = reduce{1} sum %zero, %n, %one : {0} checks({2}) {{ (%i: i64)
{3}    %always = constant true : bool
    %t = load.checked %x, %i : {0}
    yield %always, %t
  }}
  yield %s
}}
)",
        type, is_float ? "" : ".checked", is_float ? "division" : "overflow, division", work);
    const Module module = ModuleOf(text);
    std::mt19937_64 random(5);
    for (Values values : kAllValues) {
      for (int64_t count : {0, 1, 5, 40, 1100}) {
        TestArray x{*ScalarTypeNamed(type), {count}, {}};
        for (int64_t i = 0; i < count; ++i)
          x.elements.push_back(RandomBits(random, x.type, values));
        ExpectSameOutcome(module, Expand, {{static_cast<uint64_t>(count)}, {0, x}});
      }
    }
  }
}

// Runs a kernel with %n, %x: i32[n] and %f: f32[n] on values that fit and on ones that make terms
// fail.
void ExpectSameKernel(std::string_view results, std::string_view body) {
  const Module module = ModuleOf(fmt::format(
      "entry kernel @f(symbol %n: i64, in %x: array<i32, 1>[%n], in %f: array<f32, 1>[%n], "
      "inout %y: array<i32, 1>[%n]) {}{{\n  %zero = constant 0 : i64\n  %one = constant 1 : i64\n"
      "  %always = constant true : bool\n{}\n}}\n",
      results, body));
  std::mt19937_64 random(9);
  for (Values values : kAllValues) {
    for (int64_t count : {0, 1, 2, 7, 50}) {
      TestArray x{ScalarType::kI32, {count}, {}}, f{ScalarType::kF32, {count}, {}}, y = x;
      for (int64_t i = 0; i < count; ++i) {
        x.elements.push_back(RandomBits(random, x.type, values));
        f.elements.push_back(RandomBits(random, f.type, values));
        y.elements.push_back(0);
      }
      const std::vector<TestArgument> arguments = {
          {static_cast<uint64_t>(count)}, {0, x}, {0, f}, {0, y}};
      ExpectSameOutcome(module, Expand, arguments);
      ExpectSameOutcome(module, ExpandAndSimplify, arguments);
      ExpectSameOutcome(module, [](Module& m) { Optimize(m, {.verify = true}); }, arguments);
    }
  }
}

TEST(ExpandReductions, TermsFailInTheirIteration) {
  ExpectSameKernel("-> i32 ", R"(
  %s = reduce.checked sum %zero, %n, %one, %zero, %n, %one : i32 checks(overflow, division) at 0:1:9 { (%i: i64, %j: i64)
    %0 = load.checked %x, %i : i32
    %1 = load.checked %x, %j : i32
    %2 = mul.checked %0, %1 : i32 at 0:30:40
    yield %always, %2
  }
  yield %s)");
}

TEST(ExpandReductions, StopsAtTheDecidingTerm) {
  for (const char* kind : {"any", "all"})
    ExpectSameKernel("-> bool ", fmt::format(R"(
  %s = reduce {} %zero, %n, %one, %zero, %n, %one : bool checks(division) {{ (%i: i64, %j: i64)
    %0 = load.checked %x, %i : i32
    %1 = load.checked %x, %j : i32
    %2 = div.checked %0, %1 : i32 at 0:30:40
    print %2 text "{{}}"
    %3 = lt %0, %2 : bool
    %4 = eq %1, %2 : bool
    yield %4, %3
  }}
  yield %s)",
                                             kind));
}

TEST(ExpandReductions, NestInReductionsLoopsAndConditions) {
  ExpectSameKernel("-> f32, i64 ", R"(
  %s = reduce sum %zero, %n, %one : f32 checks(division) { (%i: i64)
    %c = reduce.checked count %zero, %n, %one : u8 checks(overflow, division) at 0:1:9 { (%j: i64)
      %0 = load.checked %x, %j : i32
      %1 = load.checked %x, %i : i32
      %2 = le %1, %0 : bool
      yield %always, %2
    }
    %p = reduce prod %zero, %n, %one : f32 checks(division) { (%k: i64)
      %3 = load.checked %f, %k : f32
      %4 = lt %i, %k : bool
      yield %4, %3
    }
    %5 = convert %c : f32
    %6 = load.checked %f, %i : f32
    yield %always, %5, %6
  }
  parallel.checked %one, %n, %one { (%i.1: i64)
    %m = reduce max %zero, %i.1, %one : i32 checks(division, empty) at 0:11:19 { (%j.1: i64)
      %8 = load.checked %x, %j.1 : i32
      yield %always, %8
    }
    store.checked %y, %i.1, %m
    yield
  }
  %w = while %zero : i64 { (%at: i64)
    %9 = reduce.wrap sum inclusive(0) %zero, %at, %one : i64 checks(division) { (%j.2: i64)
      yield %always, %j.2
    }
    %10 = lt %9, %n : bool
    yield %10
  } { (%at.1: i64)
    %11 = add.checked %at.1, %one : i64
    yield %11
  }
  yield %s, %w)");
}

}  // namespace
}  // namespace einkorn::ir
