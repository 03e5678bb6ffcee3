// Does what the pages and the samples show. The pages are README.md and docs/*.md; every block of
// code in them has a mark that says what must come of it:
//
//   ```ek              a file in the one layout, without a diagnostic, whose tests pass on every
//                      target; if it begins with
//                      `// run: KERNEL NAME=VALUE …`, the next block, ```text, is what that prints
//   ```ek refused KIND a file whose every diagnostic is error[KIND]; a ```text block behind it
//   shows them
//   ```console         `$ einkorn …` (or `$ ./dev run …`) and what it prints, in a folder with the
//   samples;
//                      `$ echo $?` shows the status of the command before
//   ```sh              commands of ./dev that a test cannot run: the verb must be there
//   ```diff FILE       a change to FILE: its old lines must stand there as shown
//   ```python, ```cpp  programs of other languages, for comparison; they are not run here
//   ```none            no code
//
// A block with another mark, or none, fails. With EINKORN_UPDATE=1 in the environment (`./dev test
// --update Docs`) what commands and programs give is written into the pages; review the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "tests/text_files.h"
#include "tests/tools/temporary_folder.h"
#include "tools/command.h"
#include "tools/image.h"

namespace einkorn {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

const fs::path kRoot = EINKORN_SOURCE_DIR;

constexpr bool kHasCpu =
#ifdef EINKORN_WITH_LLVM
    true;
#else
    false;
#endif

Lines LinesOf(const std::string& text) {
  std::istringstream in(text);
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// ---- Commands

struct Outcome {
  int status = 0;
  std::string out, err;
};

Outcome Execute(const Lines& arguments) {
  std::ostringstream out, err;
  const int status = command::RunCommand(arguments, {out, err});
  return {status, out.str(), err.str()};
}

// The words of a command line as a shell splits them; what stands behind ` #` is a comment.
Lines SplitWords(const std::string& text) {
  Lines words;
  std::string word;
  bool is_word = false;
  char quote = 0;
  for (const char c : text + " ") {
    if (quote != 0 || c == '\'' || c == '"') {
      is_word = true;
      if (c == quote)
        quote = 0;
      else if (quote == 0)
        quote = c;
      else
        word += c;
    } else if (c == '#' && !is_word) {
      break;
    } else if (c != ' ') {
      is_word = true;
      word += c;
    } else if (is_word) {
      words.push_back(std::move(word));
      word.clear();
      is_word = false;
    }
  }
  return words;
}

// Times differ from run to run.
std::string WithoutTimes(std::string text) {
  text = std::regex_replace(text, std::regex(R"("seconds": ?[-+.e0-9]+)"), "\"seconds\": …");
  return std::regex_replace(text, std::regex(R"([0-9.]+ ms)"), "… ms");
}

/// A folder to run commands in, with the samples and an empty docs/; the process is in it as long
/// as this lives.
class Workplace {
 public:
  Workplace() : back_(fs::current_path()) {
    fs::copy(kRoot / "samples", folder_.path("samples"));
    fs::create_directory(folder_.path("docs"));
    fs::current_path(folder_.path(""));
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() { fs::current_path(back_); }

 private:
  fs::path back_;
  TemporaryFolder folder_;
};

// ---- Pages

struct Block {
  Lines mark;       ///< the words behind ```
  size_t line = 0;  ///< of the mark, from 1
  Lines lines;
  bool follows = false;  ///< the block before ends on the line above
};

std::vector<Block> BlocksOf(const Lines& lines) {
  std::vector<Block> blocks;
  std::optional<Block> open;
  size_t last_end = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool is_fence = lines[i].starts_with("```");
    if (is_fence && open) {
      blocks.push_back(*std::exchange(open, std::nullopt));
      last_end = i;
    } else if (is_fence) {
      open = Block{SplitWords(lines[i].substr(3)), i + 1, {}, last_end + 1 == i && last_end != 0};
    } else if (open) {
      open->lines.push_back(lines[i]);
    }
  }
  EXPECT_FALSE(open) << "a block is not closed";
  return blocks;
}

Lines Pages() {
  Lines pages = {"README.md"};
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot / "docs"))
    if (entry.path().extension() == ".md")
      pages.push_back("docs/" + entry.path().filename().string());
  std::sort(pages.begin(), pages.end());
  return pages;
}

std::vector<Lines> Targets() {
  if (!kHasCpu) return {{"--target", "interpreter"}};
  return {{"--target", "interpreter"},
          {"--target", "cpu", "--threads", "1"},
          {"--target", "cpu", "--threads", "3"}};
}

// The codes in the first lines of messages, `error[code]: …`, in their order.
Lines CodesIn(const std::string& messages) {
  static const std::regex head(R"(^(error|warning)\[([a-z_0-9]+)\].*)");
  Lines codes;
  for (const std::string& line : LinesOf(messages)) {
    std::smatch match;
    if (std::regex_match(line, match, head)) codes.push_back(match[2]);
  }
  return codes;
}

class PageChecker {
 public:
  explicit PageChecker(const std::string& page)
      : page_(page), file_(fs::path(page).stem().string() + ".ek") {}

  void CheckAll() {
    const Lines lines = LinesOf(ReadText(kRoot / page_));
    const std::vector<Block> blocks = BlocksOf(lines);
    for (size_t i = 0; i < blocks.size(); ++i) {
      SCOPED_TRACE(page_ + ":" + std::to_string(blocks[i].line));
      const bool has_text =
          i + 1 < blocks.size() && blocks[i + 1].follows && blocks[i + 1].mark == Lines{"text"};
      const size_t used = Check(blocks[i], has_text ? &blocks[i + 1] : nullptr);
      i += used;
    }
    if (!updates_.empty()) WriteUpdated(lines);
  }

 private:
  // Returns how many blocks behind this one it made use of.
  size_t Check(const Block& block, const Block* text) {
    const std::string kind = block.mark.empty() ? "" : block.mark[0];
    const size_t words = block.mark.size();
    if (kind == "ek" && words == 1) return CheckProgram(block, text);
    if (kind == "ek" && words == 3 && block.mark[1] == "refused") {
      CheckRefused(block, block.mark[2], text);
      return text != nullptr;
    } else if (kind == "console" && words == 1) {
      CheckConsole(block);
    } else if (kind == "sh" && words == 1) {
      CheckShell(block);
    } else if (kind == "diff" && words == 2) {
      CheckDiff(block);
    } else if ((kind != "none" && kind != "python" && kind != "cpp") || words != 1) {
      ADD_FAILURE() << "the mark of the block is not known, or its place is wrong";
    }
    return 0;
  }

  void Write(const Block& block) const { std::ofstream(file_) << Joined(block.lines); }

  // Compares what a block shows with what came out, times aside.
  void ExpectShown(const Block& block, const std::string& text) {
    const std::string shown = Joined(block.lines);
    if (WithoutTimes(shown) == WithoutTimes(text)) return;
    if (Updating()) {
      updates_.try_emplace(block.line, UpdatedBlock{block.lines.size(), text});
    } else {
      EXPECT_EQ(WithoutTimes(shown), WithoutTimes(text));
    }
  }

  void WriteUpdated(const Lines& lines) const {
    std::ofstream out(kRoot / page_);
    for (size_t i = 0; i < lines.size(); ++i) {
      out << lines[i] << "\n";
      // Lines count from 1: this is the one with the mark.
      const auto update = updates_.find(i + 1);
      if (update == updates_.end()) continue;
      out << update->second.text;
      i += update->second.lines;
    }
  }

  size_t CheckProgram(const Block& block, const Block* text) {
    const Workplace workplace;
    Write(block);
    const Outcome checked = Execute({"check", file_});
    EXPECT_EQ(checked.status, 0);
    EXPECT_EQ(checked.err, "");
    EXPECT_EQ(Execute({"format", "--check", file_}).status, 0) << "`einkorn format` changes it";
    const Outcome tested = Execute({"test", file_});
    EXPECT_EQ(tested.status, 0) << tested.out << tested.err;
    const std::string run = "// run: ";
    if (block.lines.empty() || !block.lines[0].starts_with(run)) return 0;
    if (text == nullptr) {
      ADD_FAILURE() << "no block of text shows what the run prints";
      return 0;
    }
    Lines words = SplitWords(block.lines[0].substr(run.size()));
    words.insert(words.begin(), {"run", file_});
    for (const Lines& target : Targets()) {
      Lines arguments = words;
      arguments.insert(arguments.end(), target.begin(), target.end());
      const Outcome outcome = Execute(arguments);
      SCOPED_TRACE(Joined(target));
      ExpectShown(*text, outcome.out + outcome.err);
    }
    return 1;
  }

  void CheckRefused(const Block& block, const std::string& code, const Block* text) {
    const Workplace workplace;
    Write(block);
    const Outcome outcome = Execute({"check", file_});
    EXPECT_EQ(outcome.status, command::kWrongProgram);
    const Lines codes = CodesIn(outcome.err);
    EXPECT_FALSE(codes.empty());
    for (const std::string& found : codes) EXPECT_EQ(found, code) << outcome.err;
    if (text != nullptr) ExpectShown(*text, outcome.err);
  }

  void CheckConsole(const Block& block) {
    if (!kHasCpu) {
      std::cout << "not run: the commands of line " << block.line << " need the cpu\n";
      return;
    }
    const Workplace workplace;
    std::string printed;
    int status = 0;
    for (size_t i = 0; i < block.lines.size(); ++i) {
      if (!block.lines[i].starts_with("$ ")) continue;
      std::string line = block.lines[i].substr(2);
      printed += block.lines[i] + "\n";
      while (line.ends_with("\\") && i + 1 < block.lines.size()) {
        line.pop_back();
        line += block.lines[++i];
        printed += block.lines[i] + "\n";
      }
      printed += Perform(line, status);
    }
    ExpectShown(block, printed);
  }

  // What a command of a console prints.
  static std::string Perform(const std::string& line, int& status) {
    if (line == "echo $?") return std::to_string(status) + "\n";
    Lines words = SplitWords(line);
    if (words.size() > 1 && words[0] == "einkorn") {
      words.erase(words.begin());
    } else if (words.size() > 2 && words[0] == "./dev" && words[1] == "run") {
      words.erase(words.begin());
    } else {
      ADD_FAILURE() << "neither `einkorn …` nor `./dev run …`";
      return {};
    }
    const Outcome outcome = Execute(words);
    status = outcome.status;
    return outcome.out + outcome.err;
  }

  static void CheckShell(const Block& block) {
    const std::string dev = ReadText(kRoot / "dev");
    for (const std::string& line : block.lines) {
      const Lines words = SplitWords(line);
      ASSERT_GE(words.size(), 2u) << line;
      EXPECT_EQ(words[0], "./dev") << line;
      EXPECT_NE(dev.find("\n  " + words[1] + ")"), std::string::npos) << "dev has no " << words[1];
    }
  }

  static void CheckDiff(const Block& block) {
    ASSERT_TRUE(fs::exists(kRoot / block.mark[1])) << block.mark[1];
    std::string old;
    for (const std::string& line : block.lines) {
      const char kind = line.empty() ? ' ' : line[0];
      ASSERT_TRUE(kind == ' ' || kind == '-' || kind == '+') << line;
      if (kind != '+') old += (line.empty() ? "" : line.substr(1)) + "\n";
    }
    EXPECT_NE(ReadText(kRoot / block.mark[1]).find(old), std::string::npos)
        << block.mark[1] << " has no lines\n"
        << old;
  }

  struct UpdatedBlock {
    size_t lines = 0;  ///< how many lines `text` replaces
    std::string text;
  };

  std::string page_;
  std::string file_;
  std::map<size_t, UpdatedBlock> updates_;  ///< by the line of the block's mark
};

std::string NameOf(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

class Page : public testing::TestWithParam<std::string> {};

TEST_P(Page, ShowsWhatHappens) {
  // All of it is made from tables and golden files; Docs.ListsEveryDiagnostic compares.
  if (GetParam() == "docs/diagnostics.md") return;
  PageChecker(GetParam()).CheckAll();
}

TEST_P(Page, LinksToWhatIsThere) {
  const std::string text = ReadText(kRoot / GetParam());
  const fs::path folder = (kRoot / GetParam()).parent_path();
  static const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at)
    EXPECT_TRUE(fs::exists(folder / (*at)[1].str())) << (*at)[0];
}

INSTANTIATE_TEST_SUITE_P(Docs, Page, testing::ValuesIn(Pages()), NameOf);

// ---- Samples

Lines Samples() {
  Lines files;
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot / "samples"))
    if (entry.path().extension() == ".ek") files.push_back(entry.path().filename().string());
  std::sort(files.begin(), files.end());
  return files;
}

class Sample : public testing::TestWithParam<std::string> {};

TEST_P(Sample, PassesItsTests) {
  const std::string file = (kRoot / "samples" / GetParam()).string();
  const Outcome checked = Execute({"check", file});
  EXPECT_EQ(checked.err, "");
  const Outcome outcome = Execute({"test", file});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_FALSE(outcome.out.starts_with("0 passed")) << "there are no tests";
}

// The comment that a sample begins with shows commands, `//   einkorn run …`. Behind ` # ` stands
// what to expect: `prints TEXT`, the last line, or `error[KIND]`.
TEST_P(Sample, RunsAsItsFirstLinesSay) {
  if (!kHasCpu) GTEST_SKIP() << "the commands run on the cpu, which this build lacks";
  static const std::regex shown(R"(//   einkorn (.*))");
  const Workplace workplace;
  fs::current_path("samples");
  size_t commands = 0;
  for (const std::string& line : LinesOf(ReadText(kRoot / "samples" / GetParam()))) {
    if (!line.starts_with("//")) break;
    std::smatch match;
    if (!std::regex_match(line, match, shown)) continue;
    SCOPED_TRACE(line);
    ++commands;
    const std::string command = match[1];
    const Outcome outcome = Execute(SplitWords(command));
    const size_t remark_at = std::min(command.find("# "), command.size());
    const std::string remark = command.substr(remark_at);
    if (remark.starts_with("# error[")) {
      EXPECT_EQ(outcome.status, command::kFaulted);
      EXPECT_TRUE(outcome.err.starts_with(remark.substr(2, remark.find(']') - 1))) << outcome.err;
      continue;
    }
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const Lines printed = LinesOf(outcome.out);
    if (remark.starts_with("# prints ")) {
      ASSERT_FALSE(printed.empty());
      EXPECT_EQ(printed.back(), remark.substr(9));
    } else {
      EXPECT_EQ(remark, "");
    }
  }
  EXPECT_GT(commands, 0u);
}

INSTANTIATE_TEST_SUITE_P(Files, Sample, testing::ValuesIn(Samples()), NameOf);

TEST(Docs, ListEverySample) {
  const std::string text = ReadText(kRoot / "samples" / "README.md");
  for (const std::string& file : Samples())
    EXPECT_NE(text.find("[" + file + "](" + file + ")"), std::string::npos) << file;
}

// ---- The picture

// The README shows the picture that its command makes.
TEST(Docs, ShowThePictureThatTheCommandMakes) {
  if (!kHasCpu) GTEST_SKIP() << "the command runs on the cpu, which this build lacks";
  std::string line;
  for (const std::string& other : LinesOf(ReadText(kRoot / "README.md")))
    if (other.starts_with("$ ./dev run samples/mandelbrot.ek")) line = other;
  ASSERT_TRUE(line.ends_with("picture=docs/mandelbrot.png")) << line;
  const Workplace workplace;
  Lines words = SplitWords(line);
  words.erase(words.begin(), words.begin() + 2);
  const Outcome outcome = Execute(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto made = command::ReadPng("docs/mandelbrot.png");
  const auto kept = command::ReadPng((kRoot / "docs" / "mandelbrot.png").string());
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(kept.ok()) << kept.error().message;
  ASSERT_EQ(made->sizes, kept->sizes);
  EXPECT_TRUE(std::equal(made->data.get(), made->data.get() + made->bytes(), kept->data.get()));
}

// ---- The page of diagnostics

// The messages in what the directives of golden files give, each with its first line `error[code]:
// …`.
std::vector<Lines> GoldenMessages() {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(kRoot / "tests" / "golden"))
    if (entry.path().extension() == ".ek") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Lines> messages;
  for (const fs::path& file : files) {
    bool in_message = false;
    for (const std::string& line : LinesOf(ReadText(file))) {
      const bool is_output = line.starts_with("// |");
      const std::string text = line.size() > 5 ? line.substr(5) : "";
      if (is_output && !CodesIn(text).empty()) {
        messages.push_back({text});
        in_message = true;
      } else if (is_output && in_message && text.starts_with("  ")) {
        messages.back().push_back(text);
      } else if (is_output && in_message && std::regex_match(text, std::regex(R"( *\d+ \|.*)"))) {
        messages.back().push_back(text);
      } else {
        in_message = false;
      }
    }
  }
  return messages;
}

// A meaning as a sentence of Markdown: nothing in it is markup.
std::string SentenceOf(const std::string_view meaning) {
  std::string text = std::regex_replace(std::string(meaning), std::regex(R"([<\\])"), "\\$&");
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

std::string DiagnosticsPage() {
  const std::vector<Lines> messages = GoldenMessages();
  const auto example = [&](const std::string& head) {
    const auto found = std::ranges::find_if(
        messages, [&](const Lines& message) { return message[0].starts_with(head); });
    EXPECT_NE(found, messages.end()) << "no golden file shows " << head;
    return found == messages.end() ? std::string() : "```text\n" + Joined(*found) + "```\n";
  };
  std::string page =
      "# Diagnostics\n\n"
      "Every message of the compiler has a code that never changes, `error[code]` or "
      "`warning[code]`. An\n"
      "error stops the program from being compiled, a warning does not. `expect_compile_error code "
      "{ … }` in\n"
      "a test demands one. Faults of a running kernel are in "
      "[language.md](language.md#6-errors).\n\n"
      "This page is made from `base/diagnostics.def` and the files in `tests/golden`:\n"
      "`./dev test --update Docs` writes it anew, and `tests/docs_test.cpp` fails if it is out of "
      "date.\n";
  for (const DiagnosticKind& kind : AllDiagnosticKinds()) {
    const std::string severity = kind.severity == Severity::kError ? "error" : "warning";
    const std::string code(kind.code);
    page += "\n## " + code + "\n\n" + (severity == "warning" ? "A warning. " : "") +
            SentenceOf(kind.meaning) + "\n\n" + example(severity + "[" + code + "]");
  }
  return page;
}

TEST(Docs, ListEveryDiagnostic) {
  const std::string page = DiagnosticsPage();
  const fs::path path = kRoot / "docs" / "diagnostics.md";
  if (Updating()) std::ofstream(path) << page;
  EXPECT_EQ(ReadText(path), page) << "EINKORN_UPDATE=1 writes the page anew";
}

}  // namespace
}  // namespace einkorn
