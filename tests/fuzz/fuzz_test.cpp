// A fixed part of what `./dev fuzz` does for longer: random programs mean the same on every target,
// and damaged texts are diagnosed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "runtime/program.h"
#include "tests/fuzz/differential.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/program_generator.h"
#include "tests/fuzz/reducer.h"
#include "tests/fuzz/vocabulary.h"

namespace einkorn::fuzz {
namespace {

// Sanitizers and debug builds are slow, and meet the same programs.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr uint64_t kPrograms = 40, kTexts = 300;
#else
constexpr uint64_t kPrograms = 320, kTexts = 3000;
#endif
constexpr uint64_t kParts = 4;  // which run beside each other

class RandomPrograms : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomPrograms, MeanTheSameOnEveryTarget) {
  uint64_t faulted = 0, count = 0;
  for (uint64_t seed = GetParam(); seed < kPrograms; seed += kParts) {
    const std::string program = MakeProgram(seed);
    const Comparison comparison = Compare(program);
    ASSERT_EQ(comparison.refusal, "") << "seed " << seed << "\n" << program;
    ASSERT_EQ(comparison.difference, "") << "seed " << seed << "\n" << program;
    faulted += comparison.fault.has_value();
    ++count;
  }
  // Programs that all end early, or never fault, would say little.
  EXPECT_GT(faulted, count / 10);
  EXPECT_LT(faulted, count * 7 / 10);
}

INSTANTIATE_TEST_SUITE_P(Parts, RandomPrograms, testing::Range(uint64_t{0}, kParts));

// A row that is added to a table of the language is used by the generator itself, or it is told how
// (vocabulary.cpp, generator_expressions.cpp).
TEST(Fuzz, ReachesEveryRowOfTheTables) {
  Coverage coverage;
  uint64_t seed = 0;
  for (; seed < 8000 && !coverage.Missing().empty(); ++seed) {
    const std::string text = MakeProgram(seed);
    const auto program = Program::Read("fuzz.ek", text);
    ASSERT_TRUE(program->ok()) << "seed " << seed << "\n" << text;
    const auto module = frontend::LowerKernel(program->checked(), "main", {});
    ASSERT_TRUE(module.ok());
    coverage.Add(*module);
    coverage.AddText(text);
  }
  for (const std::string& name : coverage.Missing())
    ADD_FAILURE() << seed << " programs had no `" << name << "`";
}

// Of many more faults than the programs above have, most are near what is proved.
TEST(Fuzz, ChecksAreOnlyClearedWhereTheyHold) {
  for (uint64_t seed = 0; seed < 2 * kPrograms; ++seed) {
    const std::string program = MakeIndexProgram(seed);
    ASSERT_EQ(CompareOptimized(program).difference, "") << "seed " << seed << "\n" << program;
  }
}

TEST(Fuzz, ProgramsFollowFromTheirSeeds) {
  EXPECT_EQ(MakeProgram(7), MakeProgram(7));
  EXPECT_NE(MakeProgram(7), MakeProgram(8));
}

TEST(Fuzz, DamagedProgramsAreDiagnosed) {
  const auto texts = ProgramTexts(EINKORN_SOURCE_DIR);
  for (uint64_t seed = 0; seed < kTexts; ++seed) {
    Choices choices(seed);
    const std::string text = Mutated(texts, choices);
    ASSERT_EQ(ProblemWithProgram(text), "") << "seed " << seed << "\n" << text;
  }
}

TEST(Fuzz, DamagedModulesAreRefused) {
  const auto texts = ModuleTexts(ProgramTexts(EINKORN_SOURCE_DIR));
  for (uint64_t seed = 0; seed < kTexts; ++seed) {
    Choices choices(seed);
    const std::string text = Mutated(texts, choices);
    ASSERT_EQ(ProblemWithModule(text), "") << "seed " << seed << "\n" << text;
  }
}

TEST(Fuzz, ReducesToWhatMatters) {
  const std::string program =
      "fn unused(a: i64) -> i64 { return a; }\n"
      "kernel main(n: i64, x: inout [k] i64) -> i64 {\n"
      "    var s = 0;\n"
      "    for i in 0..3 { if n > -9 { s += 40 / (n - n); } }\n"
      "    return s + n;\n"
      "}\n";
  const auto divides_by_zero = [](const std::string& text) {
    return Compare(text).fault == FaultKind::kDivision;
  };
  ASSERT_TRUE(divides_by_zero(program));
  const std::string reduced = Reduce(program, divides_by_zero, std::chrono::seconds(30));
  EXPECT_TRUE(divides_by_zero(reduced)) << reduced;
  EXPECT_LT(reduced.size(), program.size() / 2) << reduced;
}

}  // namespace
}  // namespace einkorn::fuzz
