// Samples the errors of the library's mathematical functions; `./dev accuracy` measures them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bench/accuracy/measure.h"

namespace einkorn::accuracy {
namespace {

TEST(Ulps, CountsInTheSpacingBelow) {
  const float largest = std::numeric_limits<float>::max(), infinity = 2 * largest;
  EXPECT_EQ(Ulps(1.0f, 1.0), 0);
  EXPECT_EQ(Ulps(1.0f, 1 + 0x1p-24), 0.5);
  EXPECT_EQ(Ulps(1.0f, 1 - 0x1p-24), 1);
  EXPECT_EQ(Ulps(-3.0f, -3 - 0x1p-22, 0x1p-23), 0.5);
  EXPECT_EQ(Ulps(0.0f, 0x1p-150), 0.5);
  EXPECT_EQ(Ulps(0x1p-149f, 0x1p-126), (1 << 23) - 1);
  EXPECT_EQ(Ulps(infinity, 0x1.ffffffp127), 0.5);
  EXPECT_EQ(Ulps(largest, 0x1p200, 0x1p140), 1);
  EXPECT_EQ(Ulps(1.0, 1 + 0x1p-54L), 0.25);
}

TEST(Ulps, AreInfiniteForAnotherKindOfNumber) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Ulps(0.0f, -0.0), infinity);
  EXPECT_EQ(Ulps(0x1p-149f, 0.0), infinity);
  EXPECT_EQ(Ulps(std::numeric_limits<float>::max(), infinity), infinity);
  EXPECT_EQ(Ulps(1.0f, nan), infinity);
  EXPECT_EQ(Ulps(static_cast<float>(nan), 1.0), infinity);
  EXPECT_EQ(Ulps(static_cast<float>(nan), nan), 0);
  EXPECT_EQ(Ulps(-static_cast<float>(infinity), -infinity), 0);
}

class Accuracy : public testing::TestWithParam<Function> {};

TEST_P(Accuracy, IsAsPromised) {
  constexpr uint64_t kInputs = 20'000;
  Session session;
  for (const ScalarType type : {ScalarType::kF32, ScalarType::kF64}) {
    const Measurement worst = Measure(session, GetParam(), type, kInputs);
    EXPECT_LE(worst.error, GetParam().limit)
        << fmt::format("{} of {}, {}", TextOf(type), worst.x, worst.y);
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, Accuracy,
                         testing::ValuesIn(Functions().begin(), Functions().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace einkorn::accuracy
