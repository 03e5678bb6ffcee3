// Which name is offered for a misspelled one.
#include "base/spelling.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace einkorn {
namespace {

using Names = std::vector<std::string_view>;

TEST(NearestSpelling, CountsEditsAndSwaps) {
  const Names names = {"kernel", "limit", "return", "sum"};
  EXPECT_EQ(NearestSpelling("kernal", names), "kernel");
  EXPECT_EQ(NearestSpelling("limmit", names), "limit");
  EXPECT_EQ(NearestSpelling("retrun", names), "return");
  EXPECT_EQ(NearestSpelling("smu", names), "sum");
  EXPECT_EQ(NearestSpelling("um", names), "sum");
}

TEST(NearestSpelling, AllowsMoreEditsInLongerNames) {
  EXPECT_EQ(NearestSpelling("tempratures", Names{"temperature"}), "temperature");
  EXPECT_EQ(NearestSpelling("row", Names{"rows", "raw"}), "rows");
  EXPECT_EQ(NearestSpelling("rxyz", Names{"rows"}), std::nullopt);
  EXPECT_EQ(NearestSpelling("density", Names{"entropy"}), std::nullopt);
}

TEST(NearestSpelling, DoesNotGuessFromOneLetter) {
  EXPECT_EQ(NearestSpelling("x", Names{"y", "xs"}), std::nullopt);
  EXPECT_EQ(NearestSpelling("ab", Names{"b", "ba"}), "ba");
  EXPECT_EQ(NearestSpelling("ij", Names{"k"}), std::nullopt);
}

TEST(NearestSpelling, TakesTheNearestAndOfEqualsTheFirst) {
  EXPECT_EQ(NearestSpelling("counts", Names{"amounts", "count", "counter"}), "count");
  EXPECT_EQ(NearestSpelling("i33", Names{"i8", "i32", "i64", "u32"}), "i32");
  EXPECT_EQ(NearestSpelling("i31", Names{"i32", "i3", "i34"}), "i32");
}

TEST(NearestSpelling, TakesAnyText) {
  EXPECT_EQ(NearestSpelling("", Names{"a", ""}), std::nullopt);
  EXPECT_EQ(NearestSpelling("name", Names{}), std::nullopt);
  const std::string huge(1 << 20, 'a');
  EXPECT_EQ(NearestSpelling(huge, Names{"a"}), std::nullopt);
  EXPECT_EQ(NearestSpelling("a", Names{huge}), std::nullopt);
}

}  // namespace
}  // namespace einkorn
