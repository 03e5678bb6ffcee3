#include <gmock/gmock.h>

#include "ir/passes.h"
#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

constexpr std::string_view kModule = R"(function @unused() {
  yield
}

entry kernel @f(symbol %n: i64, in %x: array<i32, 1>[%n]) -> i32 {
  %0 = constant 0 : i64
  %1 = constant 1 : i64
  %s = reduce.checked sum %0, %n, %1 : i32 checks(overflow, division) { (%i: i64)
    %2 = constant true : bool
    %3 = load.checked %x, %i : i32
    %4 = call @twice %3 : i32
    yield %2, %4
  }
  yield %s
}

function @twice(scalar %a: i32) -> i32 {
  %0 = constant 2 : i32
  %1 = mul.checked %a, %0 : i32
  yield %1
}
)";

TestArray Numbers(std::vector<int> values) {
  TestArray array{ScalarType::kI32, {static_cast<int64_t>(values.size())}, {}};
  for (int value : values) array.elements.push_back(IntegerBits(ScalarType::kI32, value));
  return array;
}

TEST(Optimize, ShowsEachPassAndLeavesWhatBackendsCompile) {
  Module module = ModuleOf(kModule);
  std::vector<std::string> names;
  OptimizeOptions options{.verify = true};
  options.observe = [&](std::string_view pass, const Module&) { names.emplace_back(pass); };
  Optimize(module, options);
  EXPECT_THAT(names, testing::ElementsAre("drop_unused_functions", "inline", "simplify",
                                          "expand_reductions", "simplify", "drop_unused_functions",
                                          "prove_checks", "carry_elements", "skip_exit_values"));
  EXPECT_EQ(module.functions.size(), 1u);
  const std::string text = Print(module);
  EXPECT_EQ(text.find("reduce"), std::string::npos);
  EXPECT_EQ(text.find("call"), std::string::npos);
}

TEST(Optimize, KeepsResultsAndReports) {
  const Module module = ModuleOf(kModule);
  const auto optimize = [](Module& m) { Optimize(m, {.verify = true}); };
  ExpectSameOutcome(module, optimize, {{3}, {0, Numbers({1, 2, 3})}});
  ExpectSameOutcome(module, optimize, {{3}, {0, Numbers({1, 2000000000, 3})}});
  ExpectSameOutcome(module, optimize, {{3}, {0, Numbers({1000000000, 1000000000, 3})}});
  EXPECT_THAT(
      OutcomeOf(module, {{2}, {0, Numbers({0, 1 << 30})}}),
      testing::HasSubstr("in twice(a = 1073741824); called from f(n = 2), iteration i = 1"));
}

TEST(Optimize, DropsChecksInModeUnchecked) {
  Module module = ModuleOf(kModule);
  Optimize(module, {.checks = false, .verify = true});
  for (const Function& function : module.functions)
    for (const Op& op : function.ops) EXPECT_EQ(op.checks, 0) << TextOf(op.opcode);
  EXPECT_EQ(OutcomeOf(module, {{2}, {0, Numbers({0, 1 << 30})}}), "-2147483648\n[0, 1073741824]\n");
}

TEST(Optimize, NamesThePassThatBreaksTheIr) {
  Module module = ModuleOf(kModule);
  OptimizeOptions options{.verify = true};
  // An observer may not change the module; this one plays the part of a broken pass.
  options.observe = [&](std::string_view pass, const Module&) {
    if (pass == "inline") module.functions[0].op(OpId(0)).opcode = Opcode::kAdd;
  };
  try {
    Optimize(module, options);
    FAIL() << "nothing was noticed";
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("the pass inline broke the IR: function `f`"));
  }
}

TEST(DropUnusedFunctions, KeepsWhatTheEntryReaches) {
  Module module = ModuleOf(R"(function @a() {
  yield
}

function @b() {
  call @c
  yield
}

entry test @t() {
  launch @k
  yield
}

function @c() {
  call @b
  yield
}

kernel @k() {
  call @b
  yield
}
)");
  DropUnusedFunctions(module);
  EXPECT_EQ(ProblemsIn(module), "");
  std::vector<std::string> names;
  for (const Function& function : module.functions) names.push_back(function.name);
  EXPECT_THAT(names, testing::ElementsAre("b", "t", "c", "k"));
  EXPECT_EQ(module.entry_function().name, "t");
}

}  // namespace
}  // namespace einkorn::ir
