#include "tools/array_text.h"

#include <gtest/gtest.h>

#include <vector>

#include "tools/array_value.h"
#include "tools/value_text.h"

namespace einkorn::command {
namespace {

// Expectations are what NumPy 2.4 prints for the same array.
std::string Shown(std::string_view text, const DataType& type) {
  const auto array = ParseArrayValue(text, type);
  return array ? FormatArray(*array) : "error: " + array.error().message;
}

TEST(ArrayText, LinesUpIntegersAndBools) {
  EXPECT_EQ(Shown("[[1, -20], [300, 4]]", ScalarType::kI32), "[[  1 -20]\n [300   4]]");
  EXPECT_EQ(Shown("[true, false]", ScalarType::kBool), "[ True False]");
  EXPECT_EQ(Shown("[true]", ScalarType::kBool), "[ True]");
  EXPECT_EQ(Shown("zeros(0,4)", ScalarType::kI32), "[]");
}

TEST(ArrayText, LinesUpFloats) {
  EXPECT_EQ(Shown("[1.0, 2.25, -10.5]", ScalarType::kF32), "[  1.     2.25 -10.5 ]");
  EXPECT_EQ(Shown("[0.1, 0.2]", ScalarType::kF32), "[0.1 0.2]");
  EXPECT_EQ(Shown("[0.3333333333333333, 1.0]", ScalarType::kF64), "[0.33333333 1.        ]");
  EXPECT_EQ(Shown("[nan, -inf, 1.5]", ScalarType::kF64), "[ nan -inf  1.5]");
  EXPECT_EQ(Shown("[nan, inf]", ScalarType::kF64), "[nan inf]");
  EXPECT_EQ(Shown("[-0.0, 0.0]", ScalarType::kF64), "[-0.  0.]");
}

TEST(ArrayText, UsesExponentsForWideRanges) {
  EXPECT_EQ(Shown("[1e-5, 1.0]", ScalarType::kF64), "[1.e-05 1.e+00]");
  EXPECT_EQ(Shown("[1e100, 1.5]", ScalarType::kF64), "[1.0e+100 1.5e+000]");
  EXPECT_EQ(Shown("[1.0, 1000.0]", ScalarType::kF32), "[   1. 1000.]");
  EXPECT_EQ(Shown("[1.0, 1001.0]", ScalarType::kF32), "[1.000e+00 1.001e+03]");
  EXPECT_EQ(Shown("[999999.0]", ScalarType::kF32), "[999999.]");
  EXPECT_EQ(Shown("[1000000.0]", ScalarType::kF32), "[1.e+06]");
  EXPECT_EQ(Shown("[5332789.0, 0.1]", ScalarType::kF32), "[5.332789e+06 1.000000e-01]");
}

TEST(ArrayText, BreaksLongLines) {
  EXPECT_EQ(Shown("range(30)", ScalarType::kI32),
            "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
            " 24 25 26 27 28 29]");
}

TEST(ArrayText, SeparatesOuterDimensionsByEmptyLines) {
  EXPECT_EQ(Shown("[[[1], [2]], [[3], [4]]]", ScalarType::kI32), "[[[1]\n  [2]]\n\n [[3]\n  [4]]]");
}

TEST(ArrayText, SummarisesMoreThanAThousandElements) {
  EXPECT_EQ(Shown("range(1001)", ScalarType::kI32), "[   0    1    2 ...  998  999 1000]");
  EXPECT_EQ(Shown("zeros(400, 7)", ScalarType::kF32),
            "[[0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n ...\n"
            " [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]\n [0. 0. 0. ... 0. 0. 0.]]");
  EXPECT_EQ(Shown("zeros(200, 6)", ScalarType::kU8).substr(0, 30),
            "[[0 0 0 0 0 0]\n [0 0 0 0 0 0]\n");
}

// NumPy's text with `i` for `j`.
TEST(ArrayText, LinesUpBothPartsOfComplexNumbers) {
  const DataType c64 = DataType::Complex(ScalarType::kF32),
                 c128 = DataType::Complex(ScalarType::kF64);
  EXPECT_EQ(Shown("[1+2i, -3.5-0.5i]", c64), "[ 1. +2.i  -3.5-0.5i]");
  EXPECT_EQ(Shown("[2i, -4, 4.5+3i, -2e-3-2000i]", c128),
            "[ 0.0e+00   +2.i -4.0e+00   +0.i  4.5e+00   +3.i -2.0e-03-2000.i]");
  EXPECT_EQ(Shown("[inf+1i, 1+nani]", c128), "[inf +1.i  1.+nani]");
  EXPECT_EQ(Shown("[[-inf+2i], [1-infi]]", c128), "[[-inf +2.i]\n [  1.-infi]]");
}

TEST(ArrayText, ShowsStructsAsTheLanguageWritesThem) {
  const DataType pair = frontend::MakeStruct(
      "Pair", nullptr,
      {{"a", ScalarType::kU8}, {"b", DataType::Array({2}, DataType::Complex(ScalarType::kF32))}});
  EXPECT_EQ(Shown("[{a: 1, b: [1, 2i]}, {a: 2, b: [0, 1-1i]}]", pair),
            "[Pair { a: 1, b: [complex(1.0, 0.0), complex(0.0, 2.0)] }\n"
            " Pair { a: 2, b: [complex(0.0, 0.0), complex(1.0, -1.0)] }]");
  EXPECT_EQ(FormatJson(*ParseArrayValue("[{a: 1, b: [inf, 2i]}]", pair)),
            "[{\"a\": 1, \"b\": [[\"inf\", 0.0], [0.0, 2.0]]}]");
}

TEST(ArrayText, WalksColumnMajorArraysInIndexOrder) {
  auto array = ParseArrayValue("[[1, 2, 3], [4, 5, 6]]", ScalarType::kI32);
  array->sizes = {3, 2};
  array->strides = ColumnMajorStrides(ScalarType::kI32, array->sizes);
  EXPECT_EQ(FormatArray(*array), "[[1 4]\n [2 5]\n [3 6]]");
  EXPECT_EQ(FormatJson(*array), "[[1, 4], [2, 5], [3, 6]]");
}

}  // namespace
}  // namespace einkorn::command
