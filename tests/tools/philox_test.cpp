#include "tools/philox.h"

#include <gtest/gtest.h>

namespace einkorn::command {
namespace {

using Words = std::array<uint32_t, 4>;

// The known answers that the authors of Random123 publish.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, MakesElementsOfItsWords) {
  EXPECT_EQ(RandomElement(ScalarType::kU32, 0, 0), 0x6627e8d5u);
  EXPECT_EQ(RandomElement(ScalarType::kU64, 0, 0), 0xe169c58d6627e8d5u);
  EXPECT_EQ(RandomElement(ScalarType::kI8, 0, 0), 0xd5u);
  EXPECT_EQ(RandomElement(ScalarType::kBool, 0, 0), 1u);
  EXPECT_EQ(FloatValue(ScalarType::kF32, RandomElement(ScalarType::kF32, 0, 0)),
            0x6627e8 * 0x1p-24);
  EXPECT_EQ(FloatValue(ScalarType::kF64, RandomElement(ScalarType::kF64, 0, 0)),
            static_cast<double>(0xe169c58d6627e8d5u >> 11) * 0x1p-53);
}

TEST(Philox, UsesAllOfSeedAndIndex) {
  const uint64_t low = RandomElement(ScalarType::kU64, 1, 1);
  EXPECT_NE(low, RandomElement(ScalarType::kU64, 1 + (uint64_t{1} << 32), 1));
  EXPECT_NE(low, RandomElement(ScalarType::kU64, 1, 1 + (uint64_t{1} << 32)));
}

}  // namespace
}  // namespace einkorn::command
