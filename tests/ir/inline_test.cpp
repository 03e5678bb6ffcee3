#include <fmt/format.h>
#include <gmock/gmock.h>

#include "ir/passes.h"
#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

using testing::HasSubstr;
using testing::Not;

size_t CountOf(const Module& module, Opcode opcode) {
  size_t count = 0;
  for (const Function& function : module.functions)
    for (const Op& op : function.ops) count += op.opcode == opcode ? 1 : 0;
  return count;
}

TestArray Numbers(std::vector<int> values) {
  TestArray array{ScalarType::kI32, {static_cast<int64_t>(values.size())}, {}};
  for (int value : values) array.elements.push_back(IntegerBits(ScalarType::kI32, value));
  return array;
}

constexpr std::string_view kNested =
    R"(entry kernel @f(symbol %n: i64, in %data: array<i32, 1>[%n], out %y: array<i32, 1>[%n]) {
  %0 = constant 0 : i64
  %1 = constant 1 : i64
  parallel.checked %0, %n, %1 { (%i: i64)
    %2 = load.checked %data, %i : i32
    %3 = constant 10 : i32
    %4 = call @pick %n, %data, %2, %3 : i32 at 0:30:40
    store.checked %y, %i, %4
    yield
  }
  yield
}

function @pick(symbol %m: i64, in %list: array<i32, 1>[%m "m + 0"], scalar %at: i32, scalar %by: i32) -> i32 {
  %0 = constant 0 : i32
  %1 = constant 2 : i32
  %3 = constant 1 : i32
  %2 = for.checked %0, %1, %3, %at : i32 { (%step: i32, %4: i32)
    %5 = load.checked %list, %4 : i32 at 0:60:70
    %6 = call @divide %by, %5 : i32 at 0:80:90
    %7 = call @tell : i32
    yield %6
  }
  yield %2
}

function @divide(scalar %left: i32, scalar %right: i32) -> i32 {
  %0 = div.checked %left, %right : i32 at 0:100:110:104:105
  yield %0
}

function @tell() -> i32 {
  %0 = constant 1 : i32
  print %0 text "told {}"
  yield %0
}
)";

TEST(Inline, KeepsReportsOfNestedFunctions) {
  const Module module = ModuleOf(kNested);
  const auto run = [&](std::vector<int> values) {
    const auto n = static_cast<uint64_t>(values.size());
    const std::vector<TestArgument> arguments = {
        {n}, {0, Numbers(values)}, {0, Numbers(std::vector<int>(values.size()))}};
    ExpectSameOutcome(module, Inline, arguments);
    ExpectSameOutcome(module, [](Module& m) { Optimize(m, {.verify = true}); }, arguments);
    return OutcomeOf(module, arguments);
  };
  EXPECT_THAT(run(std::vector<int>(11, 1)), HasSubstr("[10, 10, "));
  EXPECT_THAT(run({0, 0, 0}), HasSubstr("10 / 0"));
  // The array is called as the function calls it, whatever stands for it after inlining.
  EXPECT_THAT(run({1, 1, 9}), HasSubstr("index 10 is outside list of size m + 0 = 3"));
  EXPECT_THAT(run({7, 1, 9}),
              HasSubstr("pick(at = 7, by = 10), iteration step = 0; called from f"));
}

TEST(Inline, LeavesNoCallsOfSmallFunctions) {
  Module module = ModuleOf(kNested);
  Inline(module);
  EXPECT_EQ(ProblemsIn(module), "");
  EXPECT_EQ(CountOf(module, Opcode::kCall), 0u);
  EXPECT_THAT(Print(module), HasSubstr("text \"pick(at, by)\""));
}

TEST(Inline, LeavesRecursiveFunctionsAndLaunches) {
  Module module = ModuleOf(R"(entry test @t() {
  %0 = constant 5 : i32
  %1 = call @down %0 : i32
  print %1 text "{}"
  launch @k
  yield
}

function @down(scalar %a: i32) -> i32 {
  %0 = constant 0 : i32
  %1 = constant 1 : i32
  %2 = gt %a, %0 : bool
  %3 = if %2 : i32 {
    %4 = call @less %a, %1 : i32
    %5 = call @down %4 : i32
    yield %5
  } {
    yield %a
  }
  yield %3
}

function @less(scalar %a: i32, scalar %b: i32) -> i32 {
  %0 = sub.checked %a, %b : i32
  yield %0
}

kernel @k() {
  yield
}
)");
  Inline(module);
  EXPECT_EQ(ProblemsIn(module), "");
  EXPECT_EQ(CountOf(module, Opcode::kCall), 2u);
  EXPECT_EQ(CountOf(module, Opcode::kFrame), 1u);
  EXPECT_EQ(CountOf(module, Opcode::kLaunch), 1u);
}

TEST(Inline, CountsTheDepthOfRecursiveFunctionsOnly) {
  const Module module = ModuleOf(R"(entry kernel @f(scalar %a: i32) -> i32 {
  %0 = call @outer %a : i32
  yield %0
}

function @outer(scalar %a: i32) -> i32 {
  %0 = call @down %a : i32 at 0:10:20
  yield %0
}

function @down(scalar %a: i32) -> i32 {
  %0 = constant 0 : i32
  %1 = constant 1 : i32
  %2 = gt %a, %0 : bool
  %3 = if %2 : i32 {
    %4 = call @less %a, %1 : i32
    %5 = call @down %4 : i32 at 0:30:40
    yield %5
  } {
    yield %a
  }
  yield %3
}

function @less(scalar %a: i32, scalar %b: i32) -> i32 {
  %0 = sub.checked %a, %b : i32
  yield %0
}
)");
  for (uint64_t depth : {0, 10, 998, 999, 1000, 1001}) ExpectSameOutcome(module, Inline, {{depth}});
}

TEST(Inline, ChainsOfCallsDoNotExplode) {
  std::string text =
      "entry kernel @f(scalar %a: i32) -> i32 {\n  %0 = call @g40 %a : i32\n  yield %0\n}\n";
  for (int i = 40; i > 0; --i)
    text += fmt::format(
        "function @g{0}(scalar %a: i32) -> i32 {{\n  %0 = call @g{1} %a : i32\n"
        "  %1 = call @g{1} %0 : i32\n  yield %1\n}}\n",
        i, i - 1);
  text += "function @g0(scalar %a: i32) -> i32 {\n  %0 = add.checked %a, %a : i32\n  yield %0\n}\n";
  Module module = ModuleOf(text);
  Inline(module);
  EXPECT_EQ(ProblemsIn(module), "");
  for (const Function& function : module.functions) EXPECT_LE(function.ops.size(), 3100u);
  EXPECT_GT(CountOf(module, Opcode::kCall), 0u);
}

TEST(Inline, KernelsWithArraysStayCalls) {
  Module module = ModuleOf(R"(entry kernel @f(symbol %n: i64) -> i64 {
  %0 = call @k %n : i64
  %1 = call @plain %n : i64
  yield %0
}

kernel @k(symbol %n: i64) -> i64 {
  %a = array.checked %n : array<i64, 1>
  yield %n
}

kernel @plain(symbol %n: i64) -> i64 {
  yield %n
}
)");
  Inline(module);
  EXPECT_EQ(CountOf(module, Opcode::kCall), 1u);
  // Kernels show their symbols, functions do not.
  EXPECT_THAT(Print(module), HasSubstr("frame %n : i64 text \"plain(n)\""));
}

}  // namespace
}  // namespace einkorn::ir
