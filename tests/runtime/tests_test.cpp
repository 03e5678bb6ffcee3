// Test blocks: what passes, what fails, and how targets that differ are reported.
#include "runtime/tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace einkorn {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TestTarget Interpreted(Mode mode = Mode::kChecked) {
  return {mode == Mode::kChecked ? "checked" : "unchecked",
          {.target = Target::kInterpreter, .mode = mode},
          0};
}

// Runs every test of `text`.
std::vector<TestResult> RunTests(const std::string& text, const std::vector<TestTarget>& targets) {
  const auto program = Program::Read("tests.ek", text);
  EXPECT_TRUE(program->ok());
  Session session;
  TestRunner runner(session, program, targets);
  std::vector<TestResult> results;
  for (size_t i = 0; program->ok() && i < program->tests().size(); ++i) {
    auto result = runner.Run(i);
    EXPECT_TRUE(result.ok());
    if (result) results.push_back(std::move(*result));
  }
  return results;
}

constexpr const char* kKernels = R"(
kernel copy(x: [n] i32, y: out [n] i32) { for i in 0..n { y[i] = x[i]; } }
kernel next(x: u8) -> u8 { print("next"); return x + 1; }
kernel total<T: real>(x: [n] T) -> T { return sum(x[i] for i in 0..n); }
)";

TEST(TestRunner, ChecksLaunchesAsAHostWould) {
  const auto results = RunTests(std::string(kKernels) + R"(
test "launches" {
    var y: [2] i32 = 0;
    copy([1, 2], y);
    assert(y == [1, 2]);
    expect_error shape { copy([1, 2, 3], y); }
    expect_error alias { copy(y, y); }
    assert(y == [1, 2]);
}
test "types" {
    let whole: [2] i64 = [1, 2];
    let real: [2] f32 = [0.5, 2.0];
    assert(total(whole) == 3);
    assert(total(real) == 2.5);
}
)",
                                {Interpreted(), Interpreted()});
  ASSERT_EQ(results.size(), 2u);
  for (const TestResult& result : results) {
    EXPECT_TRUE(result.passed) << result.name << (result.fault ? result.fault->message : "");
    EXPECT_EQ(result.difference, "");
  }
}

TEST(TestRunner, TellsWhyATestFailed) {
  const auto results =
      RunTests(std::string(kKernels) +
                   "test \"a\" { assert(1 == 2); }\ntest \"b\" { let x = next(255); }\n"
                   "test \"c\" { assert(next(1) == 2); }\n",
               {Interpreted()});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_FALSE(results[0].passed);
  EXPECT_EQ(results[0].fault->kind, FaultKind::kAssertion);
  EXPECT_FALSE(results[1].passed);
  EXPECT_EQ(results[1].fault->message, "255 + 1 does not fit u8");
  EXPECT_TRUE(results[2].passed);
  EXPECT_EQ(results[2].printed, "next\n");
}

TEST(TestRunner, ReportsTargetsThatDiffer) {
  // Without checks there is no fault: a difference made to order.
  const auto results =
      RunTests(std::string(kKernels) +
                   "test \"one\" { expect_error overflow { let x = next(255); } }\n"
                   "test \"two\" { assert(next(3) == 4); }\n",
               {Interpreted(), Interpreted(Mode::kUnchecked)});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_FALSE(results[0].passed) << "the expected error hid the difference";
  EXPECT_THAT(results[0].difference,
              AllOf(HasSubstr("next: unchecked (here) differs from checked (there)"),
                    HasSubstr("255 + 1 does not fit u8"), HasSubstr("no fault")));
  EXPECT_TRUE(results[1].passed);
}

#ifndef EINKORN_WITH_LLVM
TEST(TestRunner, RefusesTargetsThatAreNotThere) {
  const auto program =
      Program::Read("tests.ek", std::string(kKernels) + "test \"one\" { assert(next(3) == 4); }\n");
  Session session;
  TestRunner runner(session, program, {{"cpu", {.target = Target::kCpu}, 1}});
  const auto result = runner.Run(0);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("no LLVM"));
}
#endif

}  // namespace
}  // namespace einkorn
