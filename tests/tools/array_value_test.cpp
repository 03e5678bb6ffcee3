#include "tools/array_value.h"

#include <gtest/gtest.h>

#include "tools/value_text.h"

namespace einkorn::command {
namespace {

std::string Parsed(std::string_view text, const DataType& type) {
  const auto array = ParseArrayValue(text, type);
  if (!array) return "error: " + array.error().message;
  return FormatArrayType(type, array->sizes) + " " + FormatJson(*array);
}

TEST(ArrayValue, ReadsNestedLists) {
  EXPECT_EQ(Parsed("[1, 2, 3]", ScalarType::kI32), "[3] i32 [1, 2, 3]");
  EXPECT_EQ(Parsed(" [ [1,2] , [ -3 ,0x4] ] ", ScalarType::kI64), "[2, 2] i64 [[1, 2], [-3, 4]]");
  EXPECT_EQ(Parsed("[0.5, inf, nan]", ScalarType::kF32), "[3] f32 [0.5, \"inf\", \"nan\"]");
  EXPECT_EQ(Parsed("[true, false]", ScalarType::kBool), "[2] bool [true, false]");
  EXPECT_EQ(Parsed("[]", ScalarType::kU8), "[0] u8 []");
  EXPECT_EQ(Parsed("[[], []]", ScalarType::kU8), "[2, 0] u8 [[], []]");
}

TEST(ArrayValue, SaysWhatIsWrongWithAList) {
  EXPECT_EQ(Parsed("[1, 2", ScalarType::kU8), "error: the list has no closing bracket");
  EXPECT_EQ(Parsed("[1, 2]]", ScalarType::kU8), "error: `]` stands behind the list");
  EXPECT_EQ(Parsed("[1,, 2]", ScalarType::kU8), "error: a number is missing in the list");
  EXPECT_EQ(Parsed("[1, ]", ScalarType::kU8), "error: a number is missing in the list");
  EXPECT_EQ(Parsed("[1 2]", ScalarType::kU8), "error: `1 2` is not a number of type u8");
  EXPECT_EQ(Parsed("[1, 300]", ScalarType::kU8),
            "error: 300 does not fit u8, which holds 0 to 255");
  EXPECT_EQ(Parsed("[[1, 2], [3]]", ScalarType::kU8),
            "error: the rows of the list have different lengths, 2 and 1");
  EXPECT_EQ(Parsed("[[[]], []]", ScalarType::kU8),
            "error: the rows of the list have different lengths, 1 and 0");
  for (const char* text : {"[1, [2]]", "[[1], 2]", "[[1], [[2]]]"})
    EXPECT_EQ(Parsed(text, ScalarType::kU8), "error: rows and numbers do not mix in a list")
        << text;
  EXPECT_EQ(Parsed(std::string(100000, '['), ScalarType::kU8), "error: lists nest at most 8 deep");
}

TEST(ArrayValue, MakesArraysByCalls) {
  EXPECT_EQ(Parsed("zeros(2, 1)", ScalarType::kF32), "[2, 1] f32 [[0.0], [0.0]]");
  EXPECT_EQ(Parsed("zeros(0,4)", ScalarType::kF32), "[0, 4] f32 []");
  EXPECT_EQ(Parsed("full(7; 3)", ScalarType::kU8), "[3] u8 [7, 7, 7]");
  EXPECT_EQ(Parsed("range(3)", ScalarType::kF64), "[3] f64 [0.0, 1.0, 2.0]");
}

TEST(ArrayValue, SaysWhatIsWrongWithACall) {
  EXPECT_EQ(Parsed("zeros(-1)", ScalarType::kF32), "error: size -1 is negative");
  EXPECT_EQ(Parsed("zeros(2,)", ScalarType::kF32), "error: a size is missing");
  EXPECT_EQ(Parsed("zeros(1.5)", ScalarType::kF32),
            "error: size 1.5 is not an integer, as i64 asks for");
  EXPECT_EQ(Parsed("zeros(1,1,1,1,1,1,1,1,1)", ScalarType::kF32),
            "error: an array has at most 8 dimensions");
  EXPECT_EQ(Parsed("zeros(2; 3)", ScalarType::kF32), "error: zeros takes sizes only: zeros(4,5)");
  EXPECT_EQ(Parsed("full(2)", ScalarType::kF32),
            "error: full takes a value, then sizes: full(7; 4,5)");
  EXPECT_EQ(Parsed("full(256; 2)", ScalarType::kU8),
            "error: 256 does not fit u8, which holds 0 to 255");
  EXPECT_EQ(Parsed("range(2, 3)", ScalarType::kU8), "error: range takes one size: range(10)");
  EXPECT_EQ(Parsed("range(257)", ScalarType::kU8),
            "error: range: 256 does not fit u8, which holds 0 to 255");
  EXPECT_EQ(Parsed("random(2; sed=1)", ScalarType::kU8),
            "error: random takes sizes, then a seed: random(4,5; seed=1)");
  EXPECT_TRUE(
      Parsed("ones(2)", ScalarType::kU8).starts_with("error: `ones(2)` is not an array; write"));
}

TEST(ArrayValue, ReadsComplexNumbersAndStructs) {
  const DataType c64 = DataType::Complex(ScalarType::kF32);
  EXPECT_EQ(Parsed("[1.5, [", c64), "error: rows and numbers do not mix in a list");
  EXPECT_EQ(Parsed("[[1.5, 2i], [1+2i, -3.5-0.5i]]", c64),
            "[2, 2] c64 [[[1.5, 0.0], [0.0, 2.0]], [[1.0, 2.0], [-3.5, -0.5]]]");
  EXPECT_EQ(Parsed("full(1-1i; 2)", c64), "[2] c64 [[1.0, -1.0], [1.0, -1.0]]");
  EXPECT_EQ(Parsed("range(2)", c64), "[2] c64 [[0.0, 0.0], [1.0, 0.0]]");
  const DataType pair = frontend::MakeStruct(
      "Pair", nullptr, {{"a", ScalarType::kI16}, {"b", DataType::Array({2, 1}, c64)}});
  EXPECT_EQ(Parsed("[{a: 1, b: [[1], [2i]]}, Pair { b:[[0],[0]],a :-1 }]", pair),
            "[2] Pair [{\"a\": 1, \"b\": [[[1.0, 0.0]], [[0.0, 2.0]]]}, "
            "{\"a\": -1, \"b\": [[[0.0, 0.0]], [[0.0, 0.0]]]}]");
  EXPECT_EQ(Parsed("full({a: 1, b: [[1], [2]]}; 1)", pair),
            "[1] Pair [{\"a\": 1, \"b\": [[[1.0, 0.0]], [[2.0, 0.0]]]}]");
  EXPECT_EQ(Parsed("range(2)", pair), "error: range makes numbers, and Pair is a struct");
}

// The words of real and imaginary parts are those of an array of parts.
TEST(ArrayValue, FillsEveryScalarWithRandomBits) {
  const auto parts = ParseArrayValue("random(6; seed=1)", ScalarType::kF32);
  const auto numbers = ParseArrayValue("random(3; seed=1)", DataType::Complex(ScalarType::kF32));
  ASSERT_TRUE(parts && numbers);
  for (int64_t k = 0; k < 6; ++k)
    EXPECT_EQ(parts->LoadAt(ScalarType::kF32, 4 * k), numbers->LoadAt(ScalarType::kF32, 4 * k));
}

TEST(ArrayValue, RefusesWhatMemoryCannotHold) {
  for (const char* text : {"zeros(1_000_000_000_000, 1_000_000)",
                           "zeros(0, 9223372036854775807, 9223372036854775807)"}) {
    const auto array = ParseArrayValue(text, ScalarType::kF64);
    ASSERT_FALSE(array) << text;
    EXPECT_EQ(array.error().kind, ErrorKind::kEnvironment);
    EXPECT_TRUE(array.error().message.starts_with("no memory for an array"))
        << array.error().message;
  }
}

TEST(ArrayValue, RandomElementsDependOnSeedAndPlaceOnly) {
  const auto line = ParseArrayValue("random(6; seed=1)", ScalarType::kF32);
  const auto rows = ParseArrayValue("random(2, 3; seed=1)", ScalarType::kF32);
  ASSERT_TRUE(line && rows);
  for (int64_t k = 0; k < 6; ++k)
    EXPECT_EQ(line->LoadAt(ScalarType::kF32, 4 * k), rows->LoadAt(ScalarType::kF32, 4 * k));
  EXPECT_EQ(Parsed("random(3)", ScalarType::kI64), Parsed("random(3; seed=0)", ScalarType::kI64));
  EXPECT_NE(Parsed("random(3; seed=2)", ScalarType::kI64),
            Parsed("random(3; seed=0)", ScalarType::kI64));
}

TEST(ArrayValue, KnowsFilesByTheirEnding) {
  EXPECT_TRUE(IsFileValue("a/b.npy"));
  EXPECT_TRUE(IsFileValue("picture.png"));
  EXPECT_TRUE(IsFileValue("picture.pgm"));
  EXPECT_FALSE(IsFileValue("[1, 2]"));
}

}  // namespace
}  // namespace einkorn::command
