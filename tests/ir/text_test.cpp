#include "ir/text.h"

#include <fmt/format.h>

#include <random>

#include "ir/verifier.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

constexpr std::string_view kSample =
    R"(entry kernel @saxpy(symbol %n: i64, symbol %m: i64, scalar %a: f32, in %x: array<f32, 2>[%n, 2*%n*%m + 3 "2 * n * m + 3"] strided at 0:7:9, inout %y: array<f32, 1>[%n]) -> f32, bool at 0:1:5 {
  %0 = constant 0 : i64
  %1 = constant 1 : i64
  %one = constant 1.0 : f32 at 0:10:20
  %one.1 = constant -inf : f32 at 0:10:20:12:13
  %"not a word" = constant nan : f32
  %2 = constant 1e-45 : f32
  %3 = constant 18446744073709551615 : u64
  %4 = constant -128 : i8
  parallel.checked inclusive(0) %0, %n, %1 checks() at 0:3:4 { (%i: i64)
    %5 = load.checked %x, %i, %0 : f32
    %6 = fma %a, %5, %one : f32
    store.checked %y, %i, %6 checks()
    yield
  }
  %lanes = array.checked filled %1, %one : array<f32, 1> "1"
  %11 = call @"odd name" %lanes, %0 : i64
  %9, %10 = for.checked exits %0, %n, %1, %one, %0 : f32, i64 { (%i.1: i64, %7: f32, %8: i64)
    %12 = lt %i.1, %8 : bool
    yield %12, %7, %i.1
  }
  print %9, %3, %3 text "{{{}}} \"quoted\" \\ \x01 {i128}"
  %13 = constant false : bool
  yield %9, %13
}

function @"odd name"(inout %z: array<f32, 1>[1], scalar %k: i64) -> i64 {
  yield %k
}
)";

TEST(Text, SampleReadsBack) {
  const Result<Module> module = ParseModule(kSample);
  ASSERT_TRUE(module.ok()) << module.error().message;
  EXPECT_EQ(ProblemsIn(*module), "");
  const std::string text = Print(*module, {.places = true});
  const Result<Module> again = ParseModule(text);
  ASSERT_TRUE(again.ok()) << again.error().message << text;
  EXPECT_EQ(Print(*again, {.places = true}), text);
  // What matters is all there: the sizes as written, the caret, the escapes.
  for (const char* part : {"2*%n*%m + 3 \"2 * n * m + 3\"] strided at 0:7:9", "at 0:10:20:12:13",
                           "\\\"quoted\\\" \\\\ \\x01", "@\"odd name\"", "%\"not a word\"", "%i.1",
                           "-inf", "nan", "1e-45", "inclusive(0)", "exits"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(Text, RefusalsSayWhere) {
  const auto refusal = [](std::string_view text) {
    const Result<Module> module = ParseModule(text);
    return module.ok() ? "read" : module.error().message;
  };
  EXPECT_EQ(refusal("kernel @f( {"),
            "line 1, column 12: expected symbol, scalar, in, out or inout, found `{`");
  EXPECT_EQ(refusal("kernel @f() {\n  %0 = nothing\n}"),
            "line 2, column 8: expected an operation, found `nothing`");
  EXPECT_EQ(refusal("kernel @f() {\n  yield %1\n}"), "line 2, column 9: %1 is not defined before");
  EXPECT_EQ(refusal("kernel @f() {\n  yield\n} kernel @f() {\n  yield\n}"),
            "line 3, column 10: @f is defined twice");
  EXPECT_EQ(refusal("kernel @f() {\n  call @g\n  yield\n}"),
            "line 2, column 8: there is no function @g");
  EXPECT_EQ(refusal("kernel @f() {\n  %0 = constant 300 : i8\n  yield\n}"),
            "line 2, column 8: `300` is not a constant of its type");
  EXPECT_EQ(refusal("kernel @f(in %x: array<f32, 9>[1]) {\n  yield\n}"),
            "line 1, column 29: an array has 1 to 8 dimensions");
  EXPECT_EQ(refusal("entry kernel @f() {\n  yield\n}\nentry kernel @g() {\n  yield\n}"),
            "line 4, column 1: a module has one entry");
}

TEST(Text, DeepRegionsAreRefused) {
  std::string text = "entry kernel @f() {\n";
  for (int i = 0; i < 300; ++i) text += "expect_error bounds {\n";
  const Result<Module> module = ParseModule(text);
  ASSERT_FALSE(module.ok());
  EXPECT_NE(module.error().message.find("nested more than"), std::string::npos);
}

// Whatever becomes of a text, it is refused, or read as a module that prints, and the verifier says
// whether it means anything.
void ExpectNoCrash(const std::string& text) {
  const Result<Module> module = ParseModule(text);
  if (!module) {
    EXPECT_FALSE(module.error().message.empty());
    return;
  }
  const std::string printed = Print(*module, {.places = true});
  const bool is_valid = Verify(*module).empty();
  const Result<Module> again = ParseModule(printed);
  if (is_valid) {
    ASSERT_TRUE(again.ok()) << again.error().message << "\n" << printed;
    EXPECT_EQ(Print(*again, {.places = true}), printed);
  }
}

TEST(Text, MutatedTextsAreReadOrRefused) {
  std::mt19937_64 random(11);
  const std::string sample(kSample);
  for (int round = 0; round < 8000; ++round) {
    std::string text = sample;
    for (uint64_t edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
      const size_t at = random() % text.size();
      const size_t length = 1 + random() % 12;
      switch (random() % 5) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), length));
          break;
        case 3:
          text[at] = "%@{}()<>,:.\"0-9aeiou \n"[random() % 22];
          break;
        case 4:
          text.resize(at);
          break;
      }
    }
    ExpectNoCrash(text);
    if (testing::Test::HasFatalFailure()) FAIL() << text;
  }
}

// Words in each other's place keep the form, so most of these get as far as the verifier.
TEST(Text, ExchangedWordsAreReadOrRefused) {
  std::mt19937_64 random(12);
  std::vector<std::string> words;
  std::string word;
  for (char c : kSample) {
    const bool splits = c == ' ' || c == '\n' || c == ',' || c == '(' || c == ')';
    if (splits) {
      if (!word.empty()) words.push_back(word);
      word.clear();
      words.push_back(std::string(1, c));
    } else {
      word += c;
    }
  }
  words.push_back(word);
  const auto is_word = [&](size_t i) { return words[i].size() > 1; };
  int read = 0;
  for (int round = 0; round < 80000; ++round) {
    std::vector<std::string> changed = words;
    const size_t at = random() % words.size(), from = random() % words.size();
    const bool are_alike = words[at].front() == words[from].front();
    if (!is_word(at) || !is_word(from) || !are_alike) continue;
    changed[at] = words[from];
    std::string text;
    for (const std::string& part : changed) text += part;
    read += ParseModule(text).ok() ? 1 : 0;
    ExpectNoCrash(text);
  }
  EXPECT_GT(read, 200);
}

}  // namespace
}  // namespace einkorn::ir
