// Constants that cannot be computed: each mistake is reported once, where it was made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backends/interpreter/interpreter.h"
#include "tests/frontend/front_end_text.h"

namespace einkorn::frontend {
namespace {

using testing::ElementsAre;

std::string CheckStage(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics) {
  const ConstantEvaluator evaluate =
      [](const ir::Module& module) -> Result<std::vector<uint64_t>, Fault> {
    const LaunchOutcome outcome = Interpret(module, module.entry, {});
    if (outcome.fault) return *outcome.fault;
    return outcome.results;
  };
  SourceSet own;  // checking adds imported files
  const SourceFile& source = sources.file(file);
  Check(own, own.Add(source.name(), std::string(source.text())), evaluate, {}, diagnostics);
  return {};
}

std::vector<std::string> ErrorsOf(std::string_view text) {
  return RunStage(CheckStage, text).errors;
}

TEST(Constants, AreNotComputedFromOthersThatFailed) {
  EXPECT_THAT(ErrorsOf("const A: i64 = nothing;\n"
                       "const B: i64 = A + 1;\n"
                       "const C: i64 = f();\n"
                       "fn f() -> i64 { return D; }\n"
                       "const D: i64 = B + 1;\n"),
              ElementsAre("unknown_name 1:16"));
  EXPECT_THAT(ErrorsOf("const A: what = 1;\nkernel k() -> i64 { return A; }\n"),
              ElementsAre("unknown_type 1:10"));
}

TEST(Constants, ShareTheReportsOfTheFunctionsThatTheyCall) {
  EXPECT_THAT(ErrorsOf("const A: i64 = f();\nfn f() -> i64 { return nothing; }\n"),
              ElementsAre("unknown_name 2:24"));
}

TEST(Constants, DoNotDependOnThemselves) {
  EXPECT_THAT(ErrorsOf("const A: i64 = f();\nfn f() -> i64 { return A; }\n"),
              ElementsAre("constant_cycle 2:24"));
}

}  // namespace
}  // namespace einkorn::frontend
