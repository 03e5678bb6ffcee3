// Syntax trees, recovery after mistakes, and input of any kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/frontend/front_end_text.h"

namespace einkorn::frontend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

StageResult ParseText(std::string_view text) {
  return RunStage(DumpSyntaxTree, text);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

size_t DepthOf(const std::string& line) {
  return line.find_first_not_of(' ') / 2;
}

// The node at lines[at] on one line: `(+ a (* b c))`.
std::string Compact(const std::vector<std::string>& lines, size_t& at) {
  const size_t depth = DepthOf(lines[at]);
  std::string head = lines[at].substr(2 * depth);
  for (const char* word : {"name ", "integer ", "float ", "bool ", "binary ", "unary ", "type "})
    if (head.starts_with(word)) head.erase(0, std::string_view(word).size());
  std::string parts;
  for (++at; at < lines.size() && DepthOf(lines[at]) > depth;) parts += " " + Compact(lines, at);
  return parts.empty() ? head : "(" + head + parts + ")";
}

// The tree of an expression, or its errors.
std::string Tree(std::string_view expression) {
  const StageResult result = ParseText("const C: i64 = " + std::string(expression) + ";");
  if (!result.errors.empty()) return result.errors[0] + ": " + result.messages[0];
  const std::vector<std::string> lines = Lines(result.dump);
  size_t at = 2;
  return Compact(lines, at);
}

StageResult ParseBody(std::string_view statements) {
  return ParseText("fn f() {\n" + std::string(statements) + "\n}\n");
}

// --- Trees

TEST(Parser, ShowsItemsAndStatements) {
  const StageResult result = ParseText(R"(
/// Documented.
kernel saxpy<T: float>(a: T, x: [n + 1, 2] T, y: inout [n] T, k: i64) -> i64 where n > 0, k != 1 {
    let total: i64 = 0;
    var t: [4] f32 = undefined;
    parallel for i in 0..n, j: i32 in 0..=k step 2 { y[i] += a * x[i, 1]; }
    for _ in 0..3 { atomic y[0] max= 2; atomic y[1] +%= 1; continue; }
    while true { break; }
    if a > 0.0 { return 1; } else if k == 2 { f(k); } else { }
    assert(k > 0, "k is {k}{{}}\n");
    print("a{1 + k}b");
    return total;
}
const LIMIT: i64 = 3;
test "all of it" {
    expect_error overflow { assert_close(x, y, ulp = 2); }
    expect_compile_error unknown_name { swap(a, b); }
}
)");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.dump, R"(kernel saxpy
  type parameter T: float
  parameter a
    type T
  parameter x
    array type
      binary +
        name n
        integer 1
      integer 2
      type T
  parameter y inout
    array type
      name n
      type T
  parameter k
    type i64
  result
    type i64
  where
    binary >
      name n
      integer 0
  where
    binary !=
      name k
      integer 1
  body
    let total
      type i64
      integer 0
    var t
      array type
        integer 4
        type f32
      undefined
    parallel for
      range i
        integer 0
        name n
      range j inclusive
        type i32
        integer 0
        name k
        step
          integer 2
      block
        assign +=
          index
            name y
            name i
          binary *
            name a
            index
              name x
              name i
              integer 1
    for
      range _
        integer 0
        integer 3
      block
        atomic max=
          index
            name y
            integer 0
          integer 2
        atomic +%=
          index
            name y
            integer 1
          integer 1
        continue
    while
      bool true
      block
        break
    if
      binary >
        name a
        float 0.0
      block
        return
          integer 1
      else
        if
          binary ==
            name k
            integer 2
          block
            expression
              call
                name f
                name k
          else
    assert
      binary >
        name k
        integer 0
      text "k is "
      name k
      text "{}\n"
    print
      text "a"
      binary +
        integer 1
        name k
      text "b"
    return
      name total
const LIMIT
  type i64
  integer 3
test "all of it"
  body
    expect_error overflow
      block
        expression
          call
            name assert_close
            name x
            name y
            argument ulp
              integer 2
    expect_compile_error unknown_name
      block
        expression
          call
            name swap
            name a
            name b
)");
}

TEST(Parser, OperatorsBindAsTheTableSays) {
  EXPECT_EQ(Tree("a + b * c"), "(+ a (* b c))");
  EXPECT_EQ(Tree("a * b + c"), "(+ (* a b) c)");
  EXPECT_EQ(Tree("a - b - c"), "(- (- a b) c)");
  EXPECT_EQ(Tree("a / b % c"), "(% (/ a b) c)");
  EXPECT_EQ(Tree("a << b + c"), "(<< a (+ b c))");
  EXPECT_EQ(Tree("a & b << c"), "(& a (<< b c))");
  EXPECT_EQ(Tree("a | b ^ c & d"), "(| a (^ b (& c d)))");
  EXPECT_EQ(Tree("a == b | c"), "(== a (| b c))");
  EXPECT_EQ(Tree("a || b && c < d"), "(|| a (&& b (< c d)))");
  EXPECT_EQ(Tree("a +% b *| c <<% d"), "(<<% (+% a (*| b c)) d)");
  EXPECT_EQ(Tree("-a as u8 * b"), "(* (conversion as (- a) u8) b)");
  EXPECT_EQ(Tree("a as% u8 as| i64"), "(conversion as| (conversion as% a u8) i64)");
  EXPECT_EQ(Tree("!a && ~b == -%c"), "(&& (! a) (== (~ b) (-% c)))");
  EXPECT_EQ(Tree("-x[0] - -1"), "(- (- (index x 0)) (- 1))");
  EXPECT_EQ(Tree("(a + b) * c"), "(* (paren (+ a b)) c)");
}

TEST(Parser, ExpressionsOfEveryKind) {
  EXPECT_EQ(Tree("f(x)[1].y(2)"), "(call (field y (index (call f x) 1)) 2)");
  EXPECT_EQ(Tree("[[1, 2], [3.0, true,]]"), "(array (array 1 2) (array 3.0 true))");
  EXPECT_EQ(Tree("if a { 1 } else if b { 2 } else { 3 }"),
            "(if a (block (value 1)) (else (value (if b (block (value 2)) (else (value 3))))))");
  EXPECT_EQ(Tree("{ let k = 1; k * k }"), "(block expression (block (let k 1) (value (* k k))))");
  EXPECT_EQ(Tree("sum(a[i] * i for i in 0..n, j: u8 in 1..=2 step 2 if i > j)"),
            "(reduction sum (* (index a i) i) (range i 0 n) (range j inclusive u8 1 2 (step 2)) "
            "(condition (> i j)))");
}

TEST(Parser, TypeArgumentsAreToldFromComparisons) {
  EXPECT_EQ(Tree("f<f32>(x)"), "(call f f32 x)");
  EXPECT_EQ(Tree("f<double>(x)"), "(call f double x)");
  EXPECT_EQ(Tree("f<i64, bool>(x)"), "(call f i64 bool x)");
  EXPECT_EQ(Tree("g(a < b, c > (d))"), "(call g (< a b) (> c (paren d)))");
  EXPECT_EQ(Tree("a < b"), "(< a b)");
}

TEST(Parser, WordsThatAreNotReservedAreNames) {
  const StageResult result =
      ParseBody("let step = 1; let test = 2; let debug = 3; var min = 4; min = step + test;");
  EXPECT_THAT(result.errors, IsEmpty());
}

TEST(Parser, FormatsTakeAnyExpressionInBraces) {
  const StageResult result = ParseBody(R"(print("{if a { 1 } else { 2 }}{{{x}}} \"{y[0]}\"");)");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.dump, R"(fn f
  body
    print
      if
        name a
        block
          value
            integer 1
        else
          value
            integer 2
      text "{"
      name x
      text "} \""
      index
        name y
        integer 0
      text "\""
)");
}

// --- Messages

struct Mistake {
  const char* statement;
  const char* error;  // code and column in the line
  const char* hint;   // a part of it
};

TEST(Parser, SaysWhatOtherLanguagesWriteAnotherWay) {
  const Mistake mistakes[] = {
      {"let mut x = 1;", "unexpected_token 2:5", "var x"},
      {"int x = 1;", "unexpected_token 2:1", "var x: TYPE"},
      {"f32 x = 1.0;", "unexpected_token 2:1", "var x: f32"},
      {"auto x = 1;", "unexpected_token 2:1", "let x"},
      {"let int x = 1;", "unexpected_token 2:9", "let x: int"},
      {"i++;", "unexpected_token 2:3", "i += 1"},
      {"i--;", "unexpected_token 2:4", "i -= 1"},
      {"++i;", "unexpected_token 2:1", "i += 1"},
      {"--i;", "unexpected_token 2:1", "i -= 1"},
      {"if a = b { }", "unexpected_token 2:6", "=="},
      {"let c = a and b;", "unexpected_token 2:11", "&&"},
      {"while a or b { }", "unexpected_token 2:9", "||"},
      {"return not a;", "unexpected_token 2:8", "!"},
      {"if a { } elif b { } else { }", "unexpected_token 2:10", "else if"},
      {"if a: x = 1;", "unexpected_token 2:5", "{ ... }"},
      {"if (a) return;", "unexpected_token 2:8", "{ ... }"},
      {"for i in range(n) { }", "unexpected_token 2:19", "0..n"},
      {"for (int i = 0; i < n; i++) { }", "unexpected_token 2:5", "for i in 0..n"},
      {"for v in x { }", "unexpected_token 2:12", "x[i]"},
      {"for i in 0.. { }", "unexpected_token 2:14", "0..n"},
      {"for i in 0..<n { }", "unexpected_token 2:13", "..="},
      {"for i in 0..n, j in 0..n { }", "unexpected_token 2:14", "parallel for"},
      {"parallel i in 0..n { }", "unexpected_token 2:10", "parallel for"},
      {"if a { };", "unexpected_token 2:9", "without a semicolon"},
      {"let x: i64;", "unexpected_token 2:11", "var x"},
      {"x := 3;", "unexpected_token 2:3", "let x"},
      {"a = b = c;", "unexpected_token 2:7", "=="},
      {"return a === b;", "unexpected_token 2:12", "=="},
      {"return a <> b;", "unexpected_token 2:11", "!="},
      {"return a ** b;", "unexpected_token 2:11", "x * x"},
      {"return (f32)x;", "unexpected_token 2:13", "x as f32"},
      {"s max= 3;", "unexpected_token 2:3", "max(x, ...)"},
      {"retrun 3;", "unexpected_token 2:1", "`return`"},
      {"print(x);", "unexpected_token 2:7", "{x}"},
      {"print(\"x\", x);", "unexpected_token 2:10", "{x}"},
      {"print(\"{x:3}\");", "unexpected_token 2:10", "no format"},
      {"print(\"{x\");", "unexpected_token 2:8", "{{"},
      {"print(\"x}\");", "unexpected_token 2:9", "}}"},
      {"assert x > 1;", "unexpected_token 2:8", "assert("},
      {"let a = (i for i in 0..n);", "unexpected_token 2:12", "sum("},
      {"let a = if b { 1 };", "unexpected_token 2:19", "needs an `else`"},
      {"let a = { let b = 1; };", "unexpected_token 2:22", "semicolon"},
      {"x + 1", "unexpected_token 2:6", "return"},
      {"let a = b < c < d;", "chained_comparison 2:15", "b < c && c < d"},
      {"let a = b < c == d < e;", "chained_comparison 2:15", "b < c && c == d"},
  };
  for (const Mistake& mistake : mistakes) {
    const StageResult result = ParseBody(mistake.statement);
    EXPECT_THAT(result.errors, ElementsAre(mistake.error)) << mistake.statement;
    if (!result.hints.empty()) {
      EXPECT_THAT(result.hints[0], HasSubstr(mistake.hint)) << mistake.statement;
    }
  }
}

TEST(Parser, SaysItOfItemsToo) {
  const Mistake mistakes[] = {
      {"def f() { }", "unexpected_token 1:1", "fn"},
      {"void f() { }", "unexpected_token 1:1", "fn"},
      {"kernal f() { }", "unexpected_token 1:1", "`kernel`"},
      {"let a = 1;", "unexpected_token 1:1", "const NAME"},
      {"test { }", "unexpected_token 1:1", "test \"name\""},
      {"}", "unexpected_token 1:1", "no block is open"},
      {"fn f() { };", "unexpected_token 1:11", "without a semicolon"},
      {"fn f();", "unexpected_token 1:7", "its body"},
      {"fn f() { const A = 3; }", "unexpected_token 1:10", "let x"},
      {"fn f() { fn g() { } }", "unexpected_token 1:10", "file level"},
      {"fn f(): i64 { }", "unexpected_token 1:7", "-> i64"},
      {"fn f() i64 { }", "unexpected_token 1:8", "-> i64"},
      {"fn f(int x) { }", "unexpected_token 1:10", "x: int"},
      {"fn f(x) { }", "unexpected_token 1:7", "x: f32"},
      {"fn f(inout x: i64) { }", "unexpected_token 1:6", "x: inout"},
      {"fn f(x: f32[]) { }", "unexpected_token 1:12", "[n] f32"},
      {"fn f(x: [f32; 4]) { }", "unexpected_token 1:10", "[n] f32"},
      {"fn f(x: []f32) { }", "unexpected_token 1:10", "[n] f32"},
      {"fn f(x: &f32) { }", "unexpected_token 1:9", "inout"},
      {"fn f<T>(x: T) { }", "unexpected_token 1:7", "<T: float>"},
      {"const A = 3;", "unexpected_token 1:9", "const NAME: i64"},
      {"kernel k(x: [n] f32) where n = 3 { }", "unexpected_token 1:30", "=="},
      {"fn f(x: i64) -> i64:\n    return x\n", "unexpected_token 1:20", "{ ... }"},
  };
  for (const Mistake& mistake : mistakes) {
    const StageResult result = ParseText(mistake.statement);
    EXPECT_THAT(result.errors, ElementsAre(mistake.error)) << mistake.statement;
    if (!result.hints.empty()) {
      EXPECT_THAT(result.hints[0], HasSubstr(mistake.hint)) << mistake.statement;
    }
  }
}

// --- Recovery

TEST(Parser, ReportsEachOfSeveralMistakesOnce) {
  const StageResult result = ParseText(R"(fn first(x: i64, y f32, z: [2 f32) -> i64 {
    let a = ;
    let b = (1 + 2;
    b = x +* 2;
    if x > { return 1; }
    while x < 3 {
        let c = [1, 2;
        f(1, 2;
    }
    for i in 0.n { let d 3; }
    print("{a b}");
    return a b;
}
const = 3;
const A: i64 = 1 2;
kernel second(x: [n] f32, { }
test "third" {
    let missing = 1
    let semicolons = 2
}
fn last() { }
)");
  EXPECT_THAT(
      result.errors,
      ElementsAre("unexpected_token 1:20", "unexpected_token 1:31", "unexpected_token 2:13",
                  "unexpected_token 3:19", "unexpected_token 4:12", "unexpected_token 5:24",
                  "unexpected_token 7:22", "unexpected_token 8:15", "unexpected_token 10:18",
                  "unexpected_token 10:26", "unexpected_token 11:15", "unexpected_token 12:13",
                  "unexpected_token 14:7", "unexpected_token 15:17", "unexpected_token 16:27",
                  "unexpected_token 18:20", "unexpected_token 19:23"));
  EXPECT_THAT(result.dump, HasSubstr("fn last"));
}

TEST(Parser, AForgottenBraceEndsAtTheNextItem) {
  const StageResult result = ParseText(
      "fn f() {\n    if a {\n        g();\n    h();\n}\n\nfn g() { }\nkernel k() { let x = 1; }\n");
  EXPECT_THAT(result.errors, ElementsAre("unexpected_token 7:1"));
  EXPECT_THAT(result.dump, HasSubstr("kernel k"));
  EXPECT_THAT(ParseText("fn f() {\n    while a {\n").errors, ElementsAre("unexpected_token 3:1"));
}

TEST(Parser, EndsUnterminatedThings) {
  for (const char* text : {"fn",
                           "fn f",
                           "fn f(",
                           "fn f(x",
                           "fn f(x:",
                           "fn f(x: [",
                           "fn f(x: [n",
                           "fn f(x: [n]",
                           "fn f() ->",
                           "fn f() -> i64",
                           "fn f<",
                           "fn f<T",
                           "fn f<T:",
                           "fn f() where",
                           "const",
                           "const A: i64 =",
                           "test \"a\"",
                           "test \"a\" {",
                           "fn f() { x[",
                           "fn f() { f(1,",
                           "fn f() { print(",
                           "fn f() { print(\"{\"",
                           "fn f() { for",
                           "fn f() { for i in 0..",
                           "fn f() { if a { 1 } else",
                           "fn f() { atomic x[0] min=",
                           "@",
                           "@a(",
                           "struct",
                           "struct P {",
                           "import",
                           "fn f() { {",
                           "fn f() { sum(x for",
                           "fn f() { a as",
                           "fn f() { static",
                           "fn f() { debug {",
                           "fn f() { return",
                           "fn f() { let x: [3"}) {
    const StageResult result = ParseText(text);
    EXPECT_FALSE(result.errors.empty()) << text;
    EXPECT_LE(result.errors.size(), 2u) << text;
  }
  EXPECT_THAT(ParseText("fn f() { print(\"abc); }\n").errors,
              ElementsAre("unterminated_string 1:16", "unexpected_token 2:1"));
}

// --- Input of any kind

std::string Repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Parser, EndsInLinearTimeHoweverDeepTheNesting) {
  for (int depth : {10'000, 200'000}) {
    const std::string cases[] = {
        "let x = " + Repeat("(", depth) + "1" + Repeat(")", depth) + ";",
        "let x = " + Repeat("[", depth) + "1" + Repeat("]", depth) + ";",
        "let x = " + Repeat("f(", depth) + "1" + Repeat(")", depth) + ";",
        "let x = " + Repeat("a[", depth) + "1" + Repeat("]", depth) + ";",
        "let x = " + Repeat("-", depth) + "1;",
        "let x = " + Repeat("!", depth) + "a;",
        "let x = 1" + Repeat(" + 1", depth) + ";",
        "let x = 1" + Repeat(" as i64", depth) + ";",
        "let x = a" + Repeat("[0]", depth) + ";",
        "let x = a" + Repeat(".b", depth) + ";",
        "let x = " + Repeat("{ ", depth) + "1" + Repeat(" }", depth) + ";",
        "let x = " + Repeat("if a { 1 } else { ", depth) + "2" + Repeat(" }", depth) + ";",
        "let x: " + Repeat("[", depth) + "1" + Repeat("] f32", depth) + " = 0;",
        Repeat("if a { ", depth) + Repeat("} ", depth),
        Repeat("while a { ", depth) + Repeat("} ", depth),
        "if a { }" + Repeat(" else if a { }", depth),
        Repeat("if a { 1 } else ", depth) + "{ 2 }",
        "let x = " + Repeat("1 || a && b | c ^ d & e << f + g * (", depth) + "1" +
            Repeat(")", depth) + ";",
        "print(\"{" + Repeat("(", depth) + "1" + Repeat(")", depth) + "}\");",
        "print(\"" + Repeat("{", 2 * depth + 1) + "1" + Repeat("}", 2 * depth + 1) + "\");",
    };
    for (const std::string& body : cases) {
      const StageResult result = ParseBody(body + "\nlet after = 1;");
      const bool is_flat = body.starts_with("print(\"{{{");
      if (is_flat) {
        EXPECT_THAT(result.errors, IsEmpty());
        continue;
      }
      ASSERT_EQ(result.errors.size(), 1u) << body.substr(0, 60);
      EXPECT_THAT(result.errors[0], HasSubstr("nesting_too_deep")) << body.substr(0, 60);
    }
  }
}

TEST(Parser, WhatIsNotTooDeepIsTaken) {
  EXPECT_THAT(ParseBody("let x = " + Repeat("(", 200) + "1" + Repeat(")", 200) + ";").errors,
              IsEmpty());
  EXPECT_THAT(ParseBody("let x = 1" + Repeat(" + 1", 200) + ";").errors, IsEmpty());
  EXPECT_THAT(ParseBody(Repeat("x = 1;\n", 20'000)).errors, IsEmpty());
  // Each item counts for itself.
  const std::string deep = "fn f() { x = " + Repeat("(", 9'000) + "; }\n";
  EXPECT_EQ(ParseText(deep + deep).errors.size(), 2u);
}

std::vector<std::string> ProgramsIn(const char* folder) {
  std::vector<std::string> programs;
  const auto root = std::filesystem::path(EINKORN_SOURCE_DIR) / folder;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".ek") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    programs.push_back(text.str());
  }
  // The order of a folder is not fixed.
  std::sort(programs.begin(), programs.end());
  return programs;
}

// Parses and checks; a constant is 1. What parses goes through lowering too.
size_t CheckText(const std::string& text) {
  SourceSet sources;
  const SourceFileId file = sources.Add("test.ek", text);
  Diagnostics diagnostics;
  const ConstantEvaluator one =
      [](const ir::Module& module) -> Result<std::vector<uint64_t>, Fault> {
    return std::vector<uint64_t>(module.entry_function().results.size(), 1);
  };
  Check(sources, file, one, {}, diagnostics);
  for (const Diagnostic& d : diagnostics.list()) Render(d, sources, {});
  return diagnostics.list().size();
}

TEST(Parser, EveryBeginningOfAProgramEnds) {
  const std::vector<std::string> programs = ProgramsIn("samples");
  ASSERT_GE(programs.size(), 8u);
  for (const std::string& program : programs)
    for (size_t end = 0; end < program.size(); ++end)
      ParseText(std::string_view(program).substr(0, end));
}

TEST(Parser, MutatedProgramsEnd) {
  constexpr std::string_view kPieces[] = {
      "{",    "}",     "(",      ")",     "[",     "]",    ";",     ",",      ":",    "..",
      "..=",  "->",    "=",      "==",    "<",     ">",    "-",     "+%",     "as",   "as|",
      "\"",   "\"{",   "}\"",    "let ",  "var ",  "for ", "if ",   "else ",  "fn ",  "kernel ",
      "in ",  "step ", "static", "@fast", "const", "test", "sum(",  "atomic", "min=", "return ",
      "\xff", "\n",    "'",      "0x",    "1e",    "é",    "debug", "struct", "x",    "1"};
  std::mt19937_64 random(20'240'607);
  const auto below = [&](size_t bound) { return static_cast<size_t>(random() % bound); };
  std::vector<std::string> programs = ProgramsIn("samples");
  for (std::string& program : ProgramsIn("tests/golden")) programs.push_back(std::move(program));
  for (int round = 0; round < 4'000; ++round) {
    std::string text = programs[below(programs.size())];
    for (size_t edits = 1 + below(6); edits > 0; --edits) {
      const size_t at = below(text.size() + 1);
      const size_t length = std::min(below(12), text.size() - at);
      switch (below(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, kPieces[below(std::size(kPieces))]);
          break;
        case 2:
          text.insert(below(text.size() + 1), text.substr(at, 5 * length));
          break;
        case 3:
          if (at < text.size()) text[at] = static_cast<char>(below(256));
          break;
      }
    }
    const size_t reports = CheckText(text);
    EXPECT_LE(reports, Diagnostics::kMaxDiagnostics);
  }
}

}  // namespace
}  // namespace einkorn::frontend
