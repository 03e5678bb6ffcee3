// Reading the files of a program: each once, and never without end.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "frontend/frontend.h"

namespace einkorn::frontend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A program whose files are in memory; remembers which were read.
class Files {
 public:
  using Texts = std::map<std::string, std::string>;
  explicit Files(SourceReader reader) : reader_(std::move(reader)) {}
  explicit Files(Texts texts)
      : Files([texts = std::move(texts)](const std::string& path) -> Result<std::string> {
          const auto at = texts.find(path);
          if (at == texts.end()) return UsageError("there is no " + path);
          return at->second;
        }) {}

  bool Check(const std::string& name, const std::string& text) {
    const SourceFileId file = sources_.Add(name, text);
    const auto read = [this](const std::string& path) {
      read_.push_back(path);
      return reader_(path);
    };
    const ConstantEvaluator one =
        [](const ir::Module& module) -> Result<std::vector<uint64_t>, Fault> {
      return std::vector<uint64_t>(module.entry_function().results.size(), 1);
    };
    return frontend::Check(sources_, file, one, read, diagnostics_) != nullptr;
  }

  const std::vector<std::string>& read() const { return read_; }
  std::vector<std::string> messages() const {
    std::vector<std::string> messages;
    for (const Diagnostic& d : diagnostics_.list()) messages.push_back(d.message);
    return messages;
  }

 private:
  SourceReader reader_;
  SourceSet sources_;
  Diagnostics diagnostics_;
  std::vector<std::string> read_;
};

TEST(Imports, ReadEachFileOnce) {
  Files files(
      Files::Texts{{"lib/left.ek", "import \"../base.ek\"; fn f() -> i64 { return base.f(); }"},
                   {"lib/right.ek", "import \"./../base.ek\"; fn f() -> i64 { return base.f(); }"},
                   {"base.ek", "fn f() -> i64 { return 1; }"}});
  EXPECT_TRUE(files.Check("main.ek",
                          "import \"lib/left.ek\"; import \"lib/right.ek\"; import \"base.ek\";\n"
                          "fn f() -> i64 { return left.f() + right.f() + base.f(); }"))
      << testing::PrintToString(files.messages());
  EXPECT_THAT(files.read(), ElementsAre("lib/left.ek", "base.ek", "lib/right.ek"));
}

TEST(Imports, EndWhereFilesHaveNoEnd) {
  Files files([](const std::string& path) -> Result<std::string> {
    return fmt::format("import \"a{}\";", path);
  });
  EXPECT_FALSE(files.Check("main.ek", "import \"a.ek\";"));
  EXPECT_THAT(files.messages(), ElementsAre(HasSubstr("a program has at most")));
}

TEST(Imports, NeedAReader) {
  SourceSet sources;
  Diagnostics diagnostics;
  const SourceFileId file = sources.Add("main.ek", "import \"other.ek\";");
  EXPECT_EQ(Check(sources, file, {}, {}, diagnostics), nullptr);
  ASSERT_EQ(diagnostics.list().size(), 1u);
  EXPECT_THAT(diagnostics.list()[0].message, HasSubstr("was not read from a file"));
}

}  // namespace
}  // namespace einkorn::frontend
