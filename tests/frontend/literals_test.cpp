#include "frontend/literals.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace einkorn::frontend {
namespace {

std::filesystem::path ConformanceFolder() {
  if (const char* folder = std::getenv("EINKORN_CONFORMANCE")) return folder;
  return std::filesystem::path(EINKORN_SOURCE_DIR) / ".." / "shared" / "conformance";
}

TEST(FormOfNumber, TellsIntegersFromFloats) {
  for (const char* text : {"0", "7", "1_000", "0xff", "0xDEAD_beef", "0b101", "007"})
    EXPECT_EQ(FormOfNumber(text), NumberForm::kInteger) << text;
  for (const char* text : {"1.5", "1.5e-3", "1e9", "1E+9", "1_0.2_5e1_0", "0.0"})
    EXPECT_EQ(FormOfNumber(text), NumberForm::kFloat) << text;
  for (const char* text :
       {"",   "0x", "0b",    "0b102", "0xg",  "1_",   "1__0", "_1",    "1e",   "1e+",
        "1.", ".5", "1.5.2", "1f",    "10u8", "0o17", "0X1",  "1e5.0", "1._5", "0x1.8"})
    EXPECT_EQ(FormOfNumber(text), NumberForm::kInvalid) << text;
}

TEST(ParseIntegerLiteral, IsExactUpTo128Bits) {
  EXPECT_EQ(FormatInt128(static_cast<Int128>(ParseIntegerLiteral("1_000").value)), "1000");
  EXPECT_EQ(FormatInt128(static_cast<Int128>(ParseIntegerLiteral("0xFf").value)), "255");
  EXPECT_EQ(FormatInt128(static_cast<Int128>(ParseIntegerLiteral("0b1_01").value)), "5");
  EXPECT_TRUE(ParseIntegerLiteral("18446744073709551616").value == UInt128{1} << 64);

  const IntegerLiteral greatest = ParseIntegerLiteral("340282366920938463463374607431768211455");
  EXPECT_FALSE(greatest.overflow);
  EXPECT_TRUE(greatest.value == ~UInt128{0});
  EXPECT_TRUE(ParseIntegerLiteral("340282366920938463463374607431768211456").overflow);
  EXPECT_FALSE(ParseIntegerLiteral("0x" + std::string(32, 'f')).overflow);
  EXPECT_TRUE(ParseIntegerLiteral("0x1" + std::string(32, '0')).overflow);
  EXPECT_FALSE(ParseIntegerLiteral(std::string(1000, '0') + "1").overflow);
  EXPECT_TRUE(ParseIntegerLiteral(std::string(100'000, '9')).overflow);
}

TEST(ParseFloatLiteral, RoundsOnceToNearestEven) {
  EXPECT_EQ(ParseFloatLiteral("0.1", ScalarType::kF64), 0x3fb999999999999au);
  EXPECT_EQ(ParseFloatLiteral("0.1", ScalarType::kF32), 0x3dcccccdu);
  EXPECT_EQ(ParseFloatLiteral("1_0.2_5", ScalarType::kF64),
            ParseFloatLiteral("10.25", ScalarType::kF64));
  // Just above the middle of two f32, but the middle itself once rounded to f64: through f64 it
  // would go to the even one below.
  EXPECT_EQ(ParseFloatLiteral("1.00000005960464477540", ScalarType::kF32), 0x3f800001u);
  EXPECT_EQ(ParseFloatLiteral("16777217", ScalarType::kF32), 0x4b800000u);
}

TEST(ParseFloatLiteral, LeavesTheRangeOnTheRightSide) {
  constexpr uint64_t kInfinity64 = 0x7ff0000000000000u, kInfinity32 = 0x7f800000u;
  EXPECT_EQ(ParseFloatLiteral("1e309", ScalarType::kF64), kInfinity64);
  EXPECT_EQ(ParseFloatLiteral("1e39", ScalarType::kF32), kInfinity32);
  EXPECT_EQ(ParseFloatLiteral("340282356779733661637539395458142568448", ScalarType::kF32),
            kInfinity32);
  EXPECT_EQ(ParseFloatLiteral("340282356779733661637539395458142568447", ScalarType::kF32),
            0x7f7fffffu);
  EXPECT_EQ(ParseFloatLiteral("1e-400", ScalarType::kF64), 0u);
  EXPECT_EQ(ParseFloatLiteral("1e-60", ScalarType::kF32), 0u);
  EXPECT_EQ(ParseFloatLiteral("4.9e-324", ScalarType::kF64), 1u);
  EXPECT_EQ(ParseFloatLiteral("1e-45", ScalarType::kF32), 1u);
  EXPECT_EQ(ParseFloatLiteral("2.4703282292062327208e-324", ScalarType::kF64), 0u);
  EXPECT_EQ(ParseFloatLiteral("2.4703282292062327209e-324", ScalarType::kF64), 1u);

  const std::string nines(10'000, '9');
  EXPECT_EQ(ParseFloatLiteral("1e" + nines, ScalarType::kF64), kInfinity64);
  EXPECT_EQ(ParseFloatLiteral("1e-" + nines, ScalarType::kF64), 0u);
  EXPECT_EQ(ParseFloatLiteral("0e" + nines, ScalarType::kF64), 0u);
  EXPECT_EQ(ParseFloatLiteral("0.0e-" + nines, ScalarType::kF32), 0u);
  EXPECT_EQ(ParseFloatLiteral("1" + std::string(10'000, '0') + "e-10000", ScalarType::kF64),
            ParseFloatLiteral("1", ScalarType::kF64));
  EXPECT_EQ(ParseFloatLiteral("0." + std::string(9'999, '0') + "1e10000", ScalarType::kF64),
            ParseFloatLiteral("1", ScalarType::kF64));
  EXPECT_EQ(ParseFloatLiteral(nines + ".5", ScalarType::kF64), kInfinity64);
  EXPECT_EQ(ParseFloatLiteral("0." + std::string(10'000, '0') + "1", ScalarType::kF64), 0u);
}

TEST(ParseFloatLiteral, AgreesWithThePublishedCases) {
  const auto path = ConformanceFolder() / "literals" / "float_literals.json";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << path << " is absent; set EINKORN_CONFORMANCE to its folder";
  const auto cases = nlohmann::json::parse(file)["cases"];
  ASSERT_EQ(cases.size(), 1243u);
  for (const auto& row : cases) {
    const auto text = row[0].get<std::string>();
    EXPECT_EQ(ParseFloatLiteral(text, ScalarType::kF64),
              std::stoull(row[1].get<std::string>(), nullptr, 16))
        << text;
    EXPECT_EQ(ParseFloatLiteral(text, ScalarType::kF32),
              std::stoull(row[2].get<std::string>(), nullptr, 16))
        << text;
  }
}

}  // namespace
}  // namespace einkorn::frontend
