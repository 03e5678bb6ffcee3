// The known answers of Random123 for the generator that the language has, Philox4x32-10.
#include <gtest/gtest.h>

#include <array>
#include <iostream>

#include "tests/conformance/conformance_data.h"
#include "tools/philox.h"

namespace einkorn::conformance {
namespace {

const std::string kFile = "rng/random123_kat.json";

template <size_t count>
std::array<uint32_t, count> WordsOf(const nlohmann::json& words) {
  std::array<uint32_t, count> parsed = {};
  for (size_t i = 0; i < count; ++i) parsed[i] = static_cast<uint32_t>(ParseBits(words.at(i)));
  return parsed;
}

TEST(Random, GivesTheKnownAnswersOfPhilox) {
  if (!std::filesystem::exists(PathOf(kFile))) GTEST_SKIP() << MissingText(kFile);
  size_t rows = 0, others = 0;
  for (const nlohmann::json& entry : ReadCases(kFile)) {
    if (entry.at("gen") != "philox" || entry.at("n") != 4 || entry.at("w") != 32 ||
        entry.at("rounds") != 10) {
      ++others;
      continue;
    }
    ++rows;
    EXPECT_EQ(command::Philox4x32(WordsOf<4>(entry.at("ctr")), WordsOf<2>(entry.at("key"))),
              WordsOf<4>(entry.at("expected")))
        << entry;
  }
  EXPECT_GT(rows, 0u);
  std::cout << rows << " rows are of Philox4x32-10, " << others
            << " of generators that the language lacks\n";
}

}  // namespace
}  // namespace einkorn::conformance
