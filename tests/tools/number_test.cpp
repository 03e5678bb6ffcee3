#include "tools/number.h"

#include <gtest/gtest.h>

namespace einkorn::command {
namespace {

std::string Parsed(std::string_view text, ScalarType type) {
  const auto bits = ParseNumber(text, type);
  return bits ? FormatScalar(type, *bits) : "error: " + bits.error();
}

TEST(Number, ReadsIntegersInAllForms) {
  EXPECT_EQ(Parsed("1_000", ScalarType::kI32), "1000");
  EXPECT_EQ(Parsed("-0x80", ScalarType::kI8), "-128");
  EXPECT_EQ(Parsed("0b1111_1111", ScalarType::kU8), "255");
  EXPECT_EQ(Parsed("18446744073709551615", ScalarType::kU64), "18446744073709551615");
  EXPECT_EQ(Parsed("-9223372036854775808", ScalarType::kI64), "-9223372036854775808");
}

TEST(Number, RefusesIntegersOutsideTheirType) {
  EXPECT_EQ(Parsed("300", ScalarType::kU8), "error: 300 does not fit u8, which holds 0 to 255");
  EXPECT_EQ(Parsed("-129", ScalarType::kI8),
            "error: -129 does not fit i8, which holds -128 to 127");
  EXPECT_EQ(Parsed("18446744073709551616", ScalarType::kU64),
            "error: 18446744073709551616 does not fit u64, which holds 0 to 18446744073709551615");
  EXPECT_EQ(Parsed("99999999999999999999999999999999999999999999", ScalarType::kI8),
            "error: 99999999999999999999999999999999999999999999 does not fit i8, which holds -128 "
            "to 127");
  EXPECT_EQ(Parsed("1.5", ScalarType::kI64), "error: 1.5 is not an integer, as i64 asks for");
  EXPECT_EQ(Parsed("nan", ScalarType::kI64), "error: nan is not an integer, as i64 asks for");
}

TEST(Number, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", "-", "0x", "0b2", "1__0", "_1", "1_", "12a", "+1", " 1", "0x_1", "--1"})
    EXPECT_EQ(Parsed(text, ScalarType::kI64),
              "error: `" + std::string(text) + "` is not a number of type i64");
  for (const char* text : {"1.", ".5", "1e", "e5", "1.5f", "infinity", "1_.5", "1.5 "})
    EXPECT_EQ(Parsed(text, ScalarType::kF64),
              "error: `" + std::string(text) + "` is not a number of type f64");
}

TEST(Number, RoundsDecimalsOnce) {
  EXPECT_EQ(Parsed("0.1", ScalarType::kF32), "0.1");
  EXPECT_EQ(Parsed("1_0.2_5e-1_2", ScalarType::kF64), "1.025e-11");
  EXPECT_EQ(Parsed("-inf", ScalarType::kF32), "-inf");
  EXPECT_EQ(Parsed("nan", ScalarType::kF64), "nan");
  EXPECT_EQ(Parsed("1e-400", ScalarType::kF64), "0.0");
  EXPECT_EQ(Parsed("4.9406564584124654e-324", ScalarType::kF64), "5e-324");
  // Halfway between two f32, above it by less than f64 can tell: rounding twice would go down.
  EXPECT_EQ(*ParseNumber("1.00000005960464477540", ScalarType::kF32), 0x3f800001u);
  EXPECT_EQ(Parsed("1e39", ScalarType::kF32),
            "error: 1e39 is beyond the greatest value of f32, 3.4028235e+38; write inf if infinity "
            "is meant");
}

TEST(Number, TakesAnIntegerForAFloatOnlyIfExact) {
  EXPECT_EQ(Parsed("16777216", ScalarType::kF32), "16777216.0");
  EXPECT_EQ(Parsed("-0", ScalarType::kF32), "-0.0");
  EXPECT_EQ(Parsed("0xff", ScalarType::kF64), "255.0");
  EXPECT_EQ(Parsed("16777217", ScalarType::kF32),
            "error: 16777217 has no exact value in f32; write it with a decimal point to round it");
  EXPECT_EQ(Parsed("170141183460469231731687303715884105725", ScalarType::kF64),
            "error: 170141183460469231731687303715884105725 has no exact value in f64; "
            "write it with a decimal point to round it");
}

TEST(Number, ReadsBools) {
  EXPECT_EQ(Parsed("true", ScalarType::kBool), "true");
  EXPECT_EQ(Parsed("1", ScalarType::kBool), "error: `1` is not a bool; those are true and false");
}

}  // namespace
}  // namespace einkorn::command
