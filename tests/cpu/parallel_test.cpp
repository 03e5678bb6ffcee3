// Parallel loops on several threads: the first fault, prints in order, atomics, whatever the
// timing.
#include <gtest/gtest.h>

#include "runtime/session.h"

namespace einkorn {
namespace {

constexpr const char* kProgram = R"(
kernel grid(h: i64, w: i64, x: out [h, w] u8) {
    parallel for i in 0..h, j in 0..w {
        let v = if i > 17 || (i == 17 && j >= 3) { 300 } else { 1 };
        x[i, j] = v as u8;
    }
}
kernel lines(n: i64) {
    parallel for i in 0..n {
        print("line {i}");
        assert(i != 140000);
    }
}
kernel counts(n: i64, bins: inout [k] i32) {
    parallel for i in 0..n { atomic bins[i % 7] += 1; }
}
kernel overflow(n: i64, bins: inout [k] i8) {
    parallel for i in 0..n {
        atomic bins[i % 7] += 1;
        atomic bins[i % 7] -= if i % 7 == 5 { 0 } else { 1 };
    }
}
fn deep(n: i64) -> i64 { return if n == 0 { 0 } else { 1 + deep(n - 1) }; }
kernel recursion(x: out [n] i64) {
    parallel for i in 0..n { x[i] = deep(i); }
}
kernel scratch(x: out [n] i64) {
    parallel for i in 0..n {
        var t: [64] i64 = 0;
        for k in 0..64 { t[(k * 7) % 64] = k + i; }
        x[i] = t[13];
    }
}
)";

class ParallelTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { ASSERT_TRUE(program_->ok()); }

  LaunchOutcome Launch(const std::string& kernel, std::vector<Argument> arguments,
                       Target target = Target::kCpu) {
    auto outcome =
        session_.Launch(program_, kernel, {}, arguments, {}, {.target = target}, GetParam());
    if (!outcome) ADD_FAILURE() << outcome.error().message;
    return outcome ? std::move(*outcome) : LaunchOutcome();
  }
  std::string Text(const LaunchOutcome& outcome) const {
    return outcome.fault ? Render(*outcome.fault, program_->sources(), {}) : "no fault";
  }
  template <typename T>
  static Argument ArrayOf(ScalarType type, std::vector<T>& data, std::vector<int64_t> sizes) {
    ArrayBinding binding;
    binding.data = data.data();
    int64_t stride = sizeof(T);
    for (size_t d = sizes.size(); d-- > 0; stride *= sizes[d]) {
      binding.sizes[d] = sizes[d];
      binding.strides[d] = stride;
    }
    return Argument::Array(type, static_cast<int>(sizes.size()), binding);
  }
  static Argument Integer(int64_t value) {
    return Argument::Scalar(ScalarType::kI64, static_cast<uint64_t>(value));
  }

  Session session_;
  std::shared_ptr<const Program> program_ = Program::Read("parallel.ek", kProgram);
};

TEST_P(ParallelTest, ReportsTheFirstFaultEachTime) {
  std::vector<uint8_t> x(400 * 300);
  const std::vector<Argument> arguments = {Integer(400), Integer(300),
                                           ArrayOf(ScalarType::kU8, x, {400, 300})};
  const std::string expected = Text(Launch("grid", arguments, Target::kInterpreter));
  EXPECT_NE(expected.find("iteration i = 17, j = 3"), std::string::npos) << expected;
  for (int k = 0; k < 100; ++k) ASSERT_EQ(Text(Launch("grid", arguments)), expected);
}

TEST_P(ParallelTest, PrintsInOrderUpToTheFault) {
  const LaunchOutcome expected = Launch("lines", {Integer(150'000)}, Target::kInterpreter);
  for (int k = 0; k < 5; ++k) {
    const LaunchOutcome found = Launch("lines", {Integer(150'000)});
    ASSERT_EQ(found.printed, expected.printed);
    ASSERT_EQ(Text(found), Text(expected));
  }
  EXPECT_NE(expected.printed.find("… "), std::string::npos) << "the limit was not reached";
}

TEST_P(ParallelTest, CountsExactly) {
  std::vector<int32_t> bins(7);
  Launch("counts", {Integer(700'000), ArrayOf(ScalarType::kI32, bins, {7})});
  EXPECT_EQ(bins, std::vector<int32_t>(7, 100'000));
}

TEST_P(ParallelTest, DecidesOverflowsOfAtomicsAtTheEnd) {
  for (int k = 0; k < 20; ++k) {
    std::vector<int8_t> bins(7, 127);
    const std::string text =
        Text(Launch("overflow", {Integer(700), ArrayOf(ScalarType::kI8, bins, {7})}));
    ASSERT_NE(text.find("bins[5] does not fit i8: the exact value is 227"), std::string::npos)
        << text;
  }
}

TEST_P(ParallelTest, LimitsRecursionInEachIteration) {
  std::vector<int64_t> x(3000);
  const std::string text = Text(Launch("recursion", {ArrayOf(ScalarType::kI64, x, {3000})}));
  EXPECT_NE(text.find("depth 1001 of deep exceeds 1000"), std::string::npos) << text;
  EXPECT_NE(text.find("iteration i = 1000"), std::string::npos) << text;
  std::vector<int64_t> y(999);
  EXPECT_EQ(Text(Launch("recursion", {ArrayOf(ScalarType::kI64, y, {999})})), "no fault");
  EXPECT_EQ(y[998], 998);
}

TEST_P(ParallelTest, GivesEachIterationItsOwnArrays) {
  std::vector<int64_t> x(20'000), y(20'000);
  Launch("scratch", {ArrayOf(ScalarType::kI64, x, {20'000})}, Target::kInterpreter);
  Launch("scratch", {ArrayOf(ScalarType::kI64, y, {20'000})});
  EXPECT_EQ(x, y);
}

INSTANTIATE_TEST_SUITE_P(Threads, ParallelTest, testing::Values(1, 2, 8),
                         [](const auto& info) { return std::to_string(info.param); });

}  // namespace
}  // namespace einkorn
