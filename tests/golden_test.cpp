// Runs the golden files: programs under tests/golden whose comments say what to do with them and
// what comes out. A directive is a comment line, best at the end of the file so that lines keep
// their numbers; the lines behind it are what it must give, standard output first, then standard
// error.
//
//   // run: KERNEL NAME=VALUE … [--option]   on the interpreter and on the CPU with one and three
//   threads
//   // check:                                the diagnostics of the file
//   // test:                                 the file's test blocks, on every target
//   // emit: STAGE KERNEL [--option]         a dump
//   // exit: 3                               the exit code, if it is not 0
//   // | text                                one line of output
//
// All targets of a `run` must agree to the bit, in output, error and exit code. With
// EINKORN_UPDATE=1 in the environment (`./dev test --update`) the expectations are rewritten;
// review the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "tests/text_files.h"
#include "tools/command.h"

namespace einkorn {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = fs::path(EINKORN_SOURCE_DIR) / "tests" / "golden";

struct Directive {
  std::string verb;
  std::string arguments;
  size_t line = 0;                    // of the directive, from 0
  std::vector<std::string> expected;  // the comment lines behind it
};

std::vector<std::string> ReadLines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Directive> DirectivesOf(const std::vector<std::string>& lines) {
  static const std::regex pattern("// (run|check|test|emit|explain):(.*)");
  std::vector<Directive> directives;
  for (size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_match(lines[i], match, pattern)) continue;
    Directive directive{match[1], match[2], i, {}};
    while (i + 1 < lines.size() &&
           (lines[i + 1].starts_with("// |") || lines[i + 1].starts_with("// exit:")))
      directive.expected.push_back(lines[++i]);
    directives.push_back(std::move(directive));
  }
  return directives;
}

// Splits at spaces outside of brackets and quotes; quotes are dropped.
std::vector<std::string> SplitArguments(const std::string& text) {
  std::vector<std::string> arguments;
  std::string current;
  int depth = 0;
  char quote = 0;
  for (const char c : text + " ") {
    if (quote != 0 || c == '"' || c == '\'') {
      if (c == quote)
        quote = 0;
      else if (quote == 0)
        quote = c;
      else
        current += c;
      continue;
    }
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c != ' ' || depth > 0) {
      current += c;
    } else if (!current.empty()) {
      arguments.push_back(std::move(current));
      current.clear();
    }
  }
  return arguments;
}

// The comment lines that say what a command gave.
std::vector<std::string> Run(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  const int exit_code = command::RunCommand(arguments, {out, err});
  std::vector<std::string> lines;
  if (exit_code != 0) lines.push_back("// exit: " + std::to_string(exit_code));
  for (const std::string& text : {out.str(), err.str()}) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      lines.push_back(line.empty() ? "// |" : "// | " + line);
  }
  return lines;
}

std::vector<std::vector<std::string>> Targets() {
  return {
      {"--target", "interpreter"},
#ifdef EINKORN_WITH_LLVM
      {"--target", "cpu", "--threads", "1"},
      {"--target", "cpu", "--threads", "3"},
#endif
  };
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// The command line of a directive, without a target.
std::vector<std::string> CommandLine(const Directive& directive, const std::string& file) {
  std::vector<std::string> given = SplitArguments(directive.arguments);
  std::vector<std::string> line = {directive.verb, file};
  if (directive.verb == "emit" && !given.empty()) {
    line.insert(line.end(), {"--stage", given.front()});
    given.erase(given.begin());
  }
  if (directive.verb == "test") line.push_back("--quiet");  // without times
  line.insert(line.end(), given.begin(), given.end());
  return line;
}

// What the directive gives on the first target; a failure if another one gives something else.
std::vector<std::string> Perform(const Directive& directive, const std::string& file) {
  const std::vector<std::string> line = CommandLine(directive, file);
#ifndef EINKORN_WITH_LLVM
  if (directive.verb == "explain") return directive.expected;
#endif
  if (directive.verb != "run") return Run(line);
  // Text shows floats rounded, the data in JSON shows every bit.
  std::vector<std::string> text, data;
  const bool is_debug = directive.arguments.find("--mode debug") != std::string::npos;
  for (const std::vector<std::string>& target : Targets()) {
    if (is_debug && target != Targets().front()) break;  // for the interpreter only
    std::vector<std::string> with_target = line;
    with_target.insert(with_target.end(), target.begin(), target.end());
    const std::vector<std::string> this_text = Run(with_target);
    with_target.push_back("--json");
    std::vector<std::string> this_data = Run(with_target);
    for (std::string& entry : this_data)
      entry = std::regex_replace(entry, std::regex("\"seconds\": [^,}]*"), "\"seconds\": 0");
    if (text.empty() && data.empty()) {
      text = this_text;
      data = this_data;
    }
    EXPECT_EQ(Joined(text), Joined(this_text))
        << "the interpreter and " << Joined(target) << "differ";
    EXPECT_EQ(Joined(data), Joined(this_data))
        << "the interpreter and " << Joined(target) << "differ";
  }
  return text;
}

// One pass of the update; true if the file changed, which may move the lines that reports name.
bool Update(const fs::path& path, const std::string& file) {
  const std::vector<std::string> lines = ReadLines(path);
  std::vector<std::string> updated;
  size_t copied = 0;
  for (const Directive& directive : DirectivesOf(lines)) {
    updated.insert(updated.end(), lines.begin() + static_cast<std::ptrdiff_t>(copied),
                   lines.begin() + static_cast<std::ptrdiff_t>(directive.line + 1));
    copied = directive.line + 1 + directive.expected.size();
    for (std::string& line : Perform(directive, file)) updated.push_back(std::move(line));
  }
  updated.insert(updated.end(), lines.begin() + static_cast<std::ptrdiff_t>(copied), lines.end());
  if (updated == lines) return false;
  std::ofstream(path) << Joined(updated);
  return true;
}

std::vector<std::string> GoldenFiles() {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot))
    if (entry.path().extension() == ".ek")
      files.push_back(fs::relative(entry.path(), kRoot).generic_string());
  std::sort(files.begin(), files.end());
  return files;
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  // Reports name files as they were given; here relative to the folder of the golden files.
  void SetUp() override { fs::current_path(kRoot); }
};

TEST_P(Golden, GivesWhatItSays) {
  const fs::path path = kRoot / GetParam();
  if (Updating())
    for (int pass = 0; pass < 3 && Update(path, GetParam()); ++pass) continue;
  const std::vector<Directive> directives = DirectivesOf(ReadLines(path));
  EXPECT_FALSE(directives.empty()) << "no directive asks for anything";
  for (const Directive& directive : directives) {
    SCOPED_TRACE(GetParam() + ":" + std::to_string(directive.line + 1) + ": " + directive.verb +
                 ":" + directive.arguments);
    EXPECT_EQ(Joined(directive.expected), Joined(Perform(directive, GetParam())));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(GoldenFiles()), [](const auto& info) {
  std::string name = info.param.substr(0, info.param.size() - 3);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

// Every message that the compiler has is shown by some golden file.
TEST(GoldenCoverage, ShowsEveryDiagnostic) {
  std::string all;
  for (const std::string& file : GoldenFiles()) all += Joined(ReadLines(kRoot / file));
  for (const DiagnosticKind& kind : AllDiagnosticKinds()) {
    const char* severity = kind.severity == Severity::kError ? "error" : "warning";
    EXPECT_NE(all.find("// | " + std::string(severity) + "[" + std::string(kind.code) + "]"),
              std::string::npos)
        << kind.code << " is shown by no golden file";
  }
}

}  // namespace
}  // namespace einkorn
