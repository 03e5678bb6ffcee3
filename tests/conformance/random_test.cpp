// The known answers of Random123 for Philox4x32-10, compared with the library's own generator.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "frontend/library.h"
#include "runtime/tests.h"
#include "tests/conformance/conformance_data.h"

namespace einkorn::conformance {
namespace {

const std::string kFile = "rng/random123_kat.json";

// A pair of 32-bit words, the low one first.
uint64_t PairOf(const nlohmann::json& words, size_t first) {
  return ParseBits(words[first + 1].get<std::string>()) << 32 |
         ParseBits(words[first].get<std::string>());
}

TEST(Random, PhiloxGivesItsKnownAnswers) {
  if (!std::filesystem::exists(PathOf(kFile))) GTEST_SKIP() << MissingText(kFile);
  // A test of the library's own file, since only that reaches all four words of the counter.
  std::string text(*frontend::LibrarySource("random"));
  size_t count = 0;
  text += "\ntest \"known answers\" {\n";
  for (const nlohmann::json& row : ReadCases(kFile)) {
    if (row["gen"] != "philox" || row["n"] != 4 || row["w"] != 32 || row["rounds"] != 10) continue;
    std::string expected;
    for (const auto& word : row["expected"])
      expected += fmt::format("{}{}", expected.empty() ? "" : ", ", word.get<std::string>());
    text += fmt::format("    assert(_block({}, {}, {}) == [{}]);\n", PairOf(row["key"], 0),
                        PairOf(row["ctr"], 0), PairOf(row["ctr"], 2), expected);
    ++count;
  }
  text += "}\n";
  const auto program = Program::Read("random.ek", text);
  ASSERT_TRUE(program->ok());
  Session session;
  TestRunner runner(session, program, {{"interpreter", {.target = Target::kInterpreter}, 1}});
  const auto result = runner.Run(program->tests().size() - 1);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->passed);
  EXPECT_GT(count, 0u);
  std::cout << count << " rows of Philox4x32-10\n";
}

}  // namespace
}  // namespace einkorn::conformance
