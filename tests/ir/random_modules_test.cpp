// Passes keep the meaning of random modules: scalar operations, choices, loops, frames and calls,
// drawn from the table of operations and run by the interpreter before and after.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>

#include "ir/dead_code.h"
#include "ir/passes.h"
#include "ir/scalar.h"
#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

constexpr ScalarType kTypes[] = {ScalarType::kBool, ScalarType::kI8,  ScalarType::kI32,
                                 ScalarType::kI64,  ScalarType::kU8,  ScalarType::kU32,
                                 ScalarType::kU64,  ScalarType::kF32, ScalarType::kF64};

uint64_t RandomBits(std::mt19937_64& random, ScalarType type) {
  if (type == ScalarType::kBool) return random() % 2;
  if (IsInteger(type)) {
    const Int128 ends[] = {LeastOf(type), GreatestOf(type), -1, 0, 1};
    const uint64_t choice = random() % 8;
    if (choice < 5) return IntegerBits(type, ends[choice]);
    return choice == 5 ? Canonical(type, random())
                       : IntegerBits(type, static_cast<int>(random() % 9));
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double ends[] = {0.0, -0.0, 1.0, -1.0, 0.5, kInfinity, -kInfinity, 3e38, 1e-45};
  const uint64_t choice = random() % 12;
  if (choice == 9) return CanonicalNan(type);
  return FloatBits(type, choice < 9 ? ends[choice] : static_cast<double>(random() % 100) / 8);
}

class Generator {
 public:
  Generator(std::mt19937_64& random, Function& function, const std::vector<Function>& callees)
      : random_(random), builder_(function), callees_(callees) {}

  std::vector<ScalarType> Make(std::string name, FunctionKind kind) {
    Function& f = builder_.function();
    f.name = std::move(name);
    f.kind = kind;
    std::vector<ScalarType> params;
    for (size_t i = 0; i < 4; ++i) {
      params.push_back(AnyType());
      visible_.push_back(
          builder_.AddParam({.name = fmt::format("p{}", i)}, Type::Scalar(params[i])));
    }
    f.body = builder_.NewRegion();
    builder_.Enter(f.body);
    Ops(12, 0);
    std::vector<ValueId> results;
    for (int i = 0; i < 3; ++i) {
      results.push_back(
          visible_[visible_.size() - 1 - random_() % std::min<size_t>(visible_.size(), 12)]);
      f.results.push_back(f.type(results.back()));
    }
    builder_.Yield(results);
    return params;
  }

 private:
  ScalarType AnyType() { return kTypes[random_() % std::size(kTypes)]; }

  SourceRange Place() {
    const size_t begin = random_() % 1000;
    return PlainRange(SourceFileId(0), begin, begin + 1 + random_() % 10);
  }

  // A value of `type` that is visible here; sometimes a constant.
  ValueId Operand(ScalarType type) {
    std::vector<ValueId> fitting;
    for (ValueId value : visible_)
      if (builder_.function().type(value).scalar == type) fitting.push_back(value);
    if (fitting.empty() || random_() % 4 == 0)
      return builder_.Constant(type, RandomBits(random_, type), Place());
    // Late values more often than early ones.
    return fitting[std::max(random_() % fitting.size(), random_() % fitting.size())];
  }

  void Ops(int count, int depth) {
    for (int i = 0; i < count; ++i) {
      const uint64_t choice = random_() % 16;
      if (choice == 0 && depth < 3)
        If(depth);
      else if (choice == 1 && depth < 2)
        For(depth);
      else if (choice == 2 && depth < 3)
        Frame(depth);
      else if (choice == 3 && !callees_.empty())
        Call();
      else if (choice == 4)
        Repeat();
      else
        Scalar();
    }
  }

  void Scalar() {
    for (;;) {
      const auto opcode = static_cast<Opcode>(random_() % kOpcodeCount);
      const ScalarType type = AnyType();
      const Rule rule = static_cast<Rule>(random_() % 4);
      const OpInfo& info = InfoOf(opcode);
      const ScalarType first = opcode == Opcode::kSelect ? ScalarType::kBool : type;
      if (!HasScalarMeaning(opcode) || !Accepts(info.operand_class, Type::Scalar(first)) ||
          !HasRule(opcode, rule, first))
        continue;
      OpSpec spec{.opcode = opcode, .rule = rule, .range = Place()};
      for (int i = 0; i < info.operands; ++i) {
        const bool is_amount = info.types == TypeRule::kShift && i == 1;
        spec.operands.push_back(Operand(i == 0 ? first : is_amount ? ScalarType::kU8 : type));
      }
      const ScalarType result = ResultOf(opcode, type);
      spec.results = {Type::Scalar(result)};
      if (opcode == Opcode::kConvert && result == ScalarType::kBool) continue;
      if (opcode == Opcode::kFromBits && BitsOf(type) < 32) continue;
      const OpId op = builder_.Append(spec);
      made_.push_back(op);
      return See(op);
    }
  }

  ScalarType ResultOf(Opcode opcode, ScalarType type) {
    if (InfoOf(opcode).types == TypeRule::kCompare) return ScalarType::kBool;
    if (opcode == Opcode::kConvert) return AnyType();
    if (opcode == Opcode::kBits)
      return type == ScalarType::kF32 ? ScalarType::kU32 : ScalarType::kU64;
    if (opcode == Opcode::kFromBits)
      return BitsOf(type) == 64 ? ScalarType::kF64 : ScalarType::kF32;
    return type;
  }

  // An operation again that stands before, on operands that may still be visible.
  void Repeat() {
    if (made_.empty()) return Scalar();
    const Op op = builder_.function().op(made_[random_() % made_.size()]);
    OpSpec spec{.opcode = op.opcode, .rule = op.rule, .range = Place()};
    for (uint32_t i = 0; i < op.operands.count; ++i) {
      const ValueId operand = builder_.function().operand(op, i);
      const bool is_visible = std::ranges::find(visible_, operand) != visible_.end();
      spec.operands.push_back(is_visible ? operand
                                         : Operand(builder_.function().type(operand).scalar));
    }
    spec.results = {builder_.function().type(builder_.function().result(op))};
    See(builder_.Append(spec));
  }

  void See(OpId op) {
    for (ValueId result : builder_.function().results_of(builder_.function().op(op)))
      visible_.push_back(result);
  }

  // A region of some operations that yields values of `types`.
  RegionId Region(RegionId region, const std::vector<Type>& types, int depth,
                  bool has_exit = false) {
    const size_t outside_count = visible_.size();
    const RegionId outside = builder_.Enter(region);
    for (ValueId argument : builder_.function().region(region).arguments)
      visible_.push_back(argument);
    if (random_() % 4 != 0) Ops(static_cast<int>(random_() % 5), depth + 1);
    std::vector<ValueId> yields;
    if (has_exit) yields.push_back(Operand(ScalarType::kBool));
    for (Type type : types) yields.push_back(Operand(type.scalar));
    builder_.Yield(yields);
    builder_.Enter(outside);
    visible_.resize(outside_count);
    return region;
  }

  std::vector<Type> SomeTypes() {
    std::vector<Type> types;
    for (uint64_t i = random_() % 4; i > 0; --i) types.push_back(Type::Scalar(AnyType()));
    return types;
  }

  void If(int depth) {
    const std::vector<Type> types = SomeTypes();
    const ValueId condition = Operand(ScalarType::kBool);
    const RegionId then = Region(builder_.NewRegion(), types, depth);
    const RegionId otherwise = Region(builder_.NewRegion(), types, depth);
    See(builder_.Append({.opcode = Opcode::kIf,
                         .range = Place(),
                         .operands = {condition},
                         .results = types,
                         .regions = {then, otherwise}}));
  }

  void For(int depth) {
    const std::vector<Type> types = SomeTypes();
    const ScalarType type = ScalarType::kI8;
    std::vector<ValueId> operands;
    for (uint64_t bound : {random_() % 4, random_() % 6, 1 + random_() % 2})
      operands.push_back(builder_.Constant(type, bound, Place()));
    for (Type carried : types) operands.push_back(Operand(carried.scalar));
    const RegionId region = builder_.NewRegion();
    builder_.AddArgument(region, Type::Scalar(type), random_() % 2 ? "k" : "");
    for (Type carried : types) builder_.AddArgument(region, carried);
    const uint64_t flags = random_() % 4;
    Region(region, types, depth, (flags & kForExits) != 0);
    See(builder_.Append({.opcode = Opcode::kFor,
                         .rule = Rule::kChecked,
                         .range = Place(),
                         .operands = operands,
                         .results = types,
                         .regions = {region},
                         .immediate = flags}));
  }

  void Frame(int depth) {
    const std::vector<Type> types = SomeTypes();
    const ValueId shown = Operand(AnyType());
    const RegionId region = Region(builder_.NewRegion(), types, depth);
    See(builder_.Append({.opcode = Opcode::kFrame,
                         .range = Place(),
                         .operands = {shown},
                         .results = types,
                         .regions = {region},
                         .text = "inlined(v)"}));
  }

  void Call() {
    const size_t callee = random_() % callees_.size();
    std::vector<ValueId> operands;
    for (const Param& param : callees_[callee].params)
      operands.push_back(Operand(callees_[callee].type(param.value).scalar));
    See(builder_.Append({.opcode = Opcode::kCall,
                         .range = Place(),
                         .operands = operands,
                         .results = callees_[callee].results,
                         .immediate = callee}));
  }

  std::mt19937_64& random_;
  Builder builder_;
  const std::vector<Function>& callees_;
  std::vector<ValueId> visible_;
  std::vector<OpId> made_;
};

struct RandomModule {
  Module module;
  std::vector<ScalarType> params;
};

// A valid module whose entry has scalar parameters and ends for all of their values.
RandomModule MakeRandomModule(uint64_t seed) {
  std::mt19937_64 random(seed);
  RandomModule made;
  const uint64_t callees = random() % 4;
  for (uint64_t i = 0; i <= callees; ++i) {
    Function function;
    const FunctionKind kind = i == callees ? FunctionKind::kKernel : FunctionKind::kFunction;
    made.params =
        Generator(random, function, made.module.functions).Make(fmt::format("f{}", i), kind);
    made.module.functions.push_back(std::move(function));
  }
  made.module.entry = FunctionId(callees);
  return made;
}

std::vector<TestArgument> RandomArguments(const RandomModule& made, std::mt19937_64& random) {
  std::vector<TestArgument> arguments;
  for (ScalarType type : made.params) arguments.push_back({RandomBits(random, type)});
  return arguments;
}

void SimplifyAll(Module& module) {
  for (Function& function : module.functions) Simplify(function);
}
void DropDeadCodeInAll(Module& module) {
  for (Function& function : module.functions) DropDeadCode(function);
}
void OptimizeAll(Module& module) {
  Optimize(module, {.verify = true});
}

void OptimizeForVectors(Module& module) {
  Optimize(module, {.vector_bits = 256, .verify = true});
}

void ExpectSameOnRandomModules(void (*pass)(Module&), uint64_t first_seed) {
  std::mt19937_64 random(first_seed);
  int failing = 0, finishing = 0;
  for (uint64_t seed = first_seed; seed < first_seed + 1000; ++seed) {
    const RandomModule made = MakeRandomModule(seed);
    ASSERT_EQ(ProblemsIn(made.module), "") << Print(made.module);
    Module passed = made.module;
    pass(passed);
    ASSERT_EQ(ProblemsIn(passed), "") << Print(made.module) << Print(passed);
    for (int run = 0; run < 6; ++run) {
      const auto arguments = RandomArguments(made, random);
      const std::string outcome = OutcomeOf(made.module, arguments);
      ASSERT_EQ(outcome, OutcomeOf(passed, arguments)) << "seed " << seed << "\n"
                                                       << Print(made.module) << Print(passed);
      ++(outcome.starts_with("error") ? failing : finishing);
    }
  }
  // Both are met often, or the modules say little.
  EXPECT_GT(failing, 600);
  EXPECT_GT(finishing, 600);
}

TEST(RandomModules, KeepTheirMeaningInDropDeadCode) {
  ExpectSameOnRandomModules(DropDeadCodeInAll, 100000);
}
TEST(RandomModules, KeepTheirMeaningInSimplify) {
  ExpectSameOnRandomModules(SimplifyAll, 1);
}
TEST(RandomModules, KeepTheirMeaningInInline) {
  ExpectSameOnRandomModules(Inline, 200000);
}
TEST(RandomModules, KeepTheirMeaningInOptimize) {
  ExpectSameOnRandomModules(OptimizeAll, 300000);
}
TEST(RandomModules, KeepTheirMeaningInOptimizeForVectors) {
  ExpectSameOnRandomModules(OptimizeForVectors, 400000);
}

}  // namespace
}  // namespace einkorn::ir
