// The layout of programs: what it is, and that nothing but white space changes.
#include "frontend/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include "frontend/lexer.h"
#include "tests/text_files.h"

namespace einkorn::frontend {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kRoot = EINKORN_SOURCE_DIR;

// The words of a text, and the comments of all lines that have one.
std::vector<std::string> WordsOf(const std::string& text) {
  SourceSet sources;
  Diagnostics diagnostics;
  std::vector<std::string> words;
  const SourceFileId file = sources.Add("test.ek", text);
  size_t behind = 0;
  for (const Token& token : Lex(sources, file, diagnostics)) {
    std::istringstream lines(text.substr(behind, token.begin - behind));
    for (std::string line; std::getline(lines, line);)
      if (const size_t slashes = line.find("//"); slashes != std::string::npos)
        words.push_back(line.substr(slashes, line.find_last_not_of(" \t\r") + 1 - slashes));
    words.push_back(text.substr(token.begin, token.end - token.begin));
    behind = token.end;
  }
  return words;
}

// The layout of `text`, which must have one: the same words, and it stays as it is.
std::string LaidOut(const std::string& text) {
  const auto once = LayOut(text);
  if (!once) {
    ADD_FAILURE() << "no layout of\n" << text;
    return {};
  }
  EXPECT_EQ(WordsOf(*once), WordsOf(text));
  EXPECT_EQ(LayOut(*once), once) << "a second time, it changes";
  return *once;
}

std::vector<fs::path> Programs(std::initializer_list<const char*> folders) {
  std::vector<fs::path> paths;
  for (const char* folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder))
      if (entry.path().extension() == ".ek") paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

// --- All programs

TEST(Format, LeavesTheSamplesAsTheyAre) {
  for (const fs::path& path : Programs({"samples"})) {
    SCOPED_TRACE(path);
    const std::string text = ReadText(path);
    EXPECT_EQ(LaidOut(text), text);
  }
}

TEST(Format, ChangesNoWordOfTheGoldenPrograms) {
  size_t laid_out = 0;
  for (const fs::path& path : Programs({"tests/golden"})) {
    SCOPED_TRACE(path);
    const std::string text = ReadText(path);
    if (!LayOut(text)) continue;
    LaidOut(text);
    ++laid_out;
  }
  EXPECT_GT(laid_out, 20u);
}

// `text` with other white space and longer names, so that lines break everywhere.
std::string Disarranged(const std::string& text, std::mt19937_64& random) {
  SourceSet sources;
  Diagnostics diagnostics;
  std::string result;
  const uint64_t words_in_line = 1 + random() % 40;
  size_t behind = 0;
  for (const Token& token : Lex(sources, sources.Add("test.ek", text), diagnostics)) {
    const std::string gap = text.substr(behind, token.begin - behind);
    if (gap.find("//") != std::string::npos)
      result += gap + "\n";
    else if (random() % words_in_line == 0)
      result += random() % 4 == 0 ? "\n\n\n// a comment\n" : "\n";
    else if (!gap.empty())
      result += ' ';
    const std::string word = text.substr(token.begin, token.end - token.begin);
    result += word;
    if (token.kind == TokenKind::kName && word.size() == 1) result.append(random() % 30, 'q');
    behind = token.end;
  }
  return result;
}

TEST(Format, ChangesNoWordOfDisarrangedPrograms) {
  std::mt19937_64 random(1);
  for (const fs::path& path : Programs({"samples", "tests/golden/control"}))
    for (int k = 0; k < 10; ++k) {
      SCOPED_TRACE(path);
      const std::string text = Disarranged(ReadText(path), random);
      LaidOut(text);
      if (testing::Test::HasFailure()) FAIL() << text;
    }
}

// --- Spaces

TEST(Format, PutsSpacesAroundOperators) {
  EXPECT_EQ(LaidOut("const A:i64=1+2*-x-%y<<~3;"), "const A: i64 = 1 + 2 * -x -% y << ~3;\n");
  EXPECT_EQ(LaidOut("const A:bool=!a&&(b==- -c)||- x as%u8>-%y;"),
            "const A: bool = !a && (b == - -c) || -x as% u8 > -%y;\n");
  EXPECT_EQ(LaidOut("fn f(){x+=a [ i,j ] . mass;y=f (x , ulp=2) ;}"),
            "fn f() { x += a[i, j].mass; y = f(x, ulp = 2); }\n");
}

TEST(Format, PartsSignsThatWouldBeReadAsOne) {
  EXPECT_EQ(LaidOut("const A: i64 = - - x . . y .. = ! = 1 . z;"),
            "const A: i64 = - -x. .y.. = ! = 1 .z;\n");
}

TEST(Format, KnowsTypesAndTypeArguments) {
  EXPECT_EQ(LaidOut("fn f < T :float,U: real > (a:T,b:inout[n,m+1]U)->Best < T >{ }"),
            "fn f<T: float, U: real>(a: T, b: inout [n, m + 1] U) -> Best<T> { }\n");
  EXPECT_EQ(LaidOut("fn f() { g < f32 >(x); h(a<b, c>(d)); m<i8,u8>(x); }"),
            "fn f() { g<f32>(x); h(a < b, c > (d)); m<i8, u8>(x); }\n");
  EXPECT_EQ(LaidOut("kernel k(x:[n][3]f32) {let a=x [0] [1];let b:[2]f32=[1,2];}"),
            "kernel k(x: [n] [3] f32) { let a = x[0][1]; let b: [2] f32 = [1, 2]; }\n");
}

TEST(Format, KnowsWordsThatAreKeywordsInTheirPlace) {
  EXPECT_EQ(LaidOut("fn f(){for i in 0 .. n step -1{atomic x[i]min=-3;}min=step-1;}"),
            "fn f() { for i in 0..n step -1 { atomic x[i] min= -3; } min = step - 1; }\n");
}

TEST(Format, LaysOutAttributesStructsAndViews) {
  EXPECT_EQ(LaidOut("@depth ( 10 )\n@memo   fn f(){}"), "@depth(10)\n@memo fn f() { }\n");
  EXPECT_EQ(LaidOut("struct P{a:f32,b:[3]f32}"), "struct P { a: f32, b: [3] f32 }\n");
  EXPECT_EQ(LaidOut("fn f(r:static i64){static if r>3{g(P{a:1,b:v}.a);}let x=a[i,..,lo..];}"),
            "fn f(r: static i64) { static if r > 3 { g(P { a: 1, b: v }.a); }"
            " let x = a[i, .., lo..]; }\n");
  EXPECT_EQ(LaidOut("import std . random ;"), "import std.random;\n");
}

// --- Lines

TEST(Format, GivesEachStatementALineUnlessABlockStandsOnOne) {
  EXPECT_EQ(LaidOut("fn f() {\n if a { return 1; } a(); b();\n"
                    "  while x { y();\n }\n { let k = 1; k } }"),
            "fn f() {\n"
            "    if a { return 1; }\n"
            "    a();\n"
            "    b();\n"
            "    while x {\n"
            "        y();\n"
            "    }\n"
            "    { let k = 1; k }\n"
            "}\n");
}

TEST(Format, OpensAllBlocksOfAnIfTogether) {
  EXPECT_EQ(LaidOut("fn f() {\nlet x = if a { 1 }\nelse if b { 2 }\nelse { 3\n}; }"),
            "fn f() {\n"
            "    let x = if a {\n"
            "        1\n"
            "    } else if b {\n"
            "        2\n"
            "    } else {\n"
            "        3\n"
            "    };\n"
            "}\n");
  EXPECT_EQ(LaidOut("fn f() {\n if a { return; }\n -x\n}"),
            "fn f() {\n    if a { return; }\n    -x\n}\n");
}

TEST(Format, KeepsOneBlankLineBetweenItems) {
  EXPECT_EQ(LaidOut("\n\n// c\n\n\n\nfn f() {\n\n\n a();\n\n\n\n b();\n\n}\n\n\n\nfn g() {\n}\n\n"),
            "// c\n\nfn f() {\n    a();\n\n    b();\n}\n\nfn g() { }\n");
  EXPECT_EQ(LaidOut(""), "");
  EXPECT_EQ(LaidOut("\r\n\t\r\n"), "");
  EXPECT_EQ(LaidOut("fn f() {\r\n\ta(); // c\t\r\n}\r\n"), "fn f() {\n    a(); // c\n}\n");
}

TEST(Format, KeepsCommentsInTheirPlaces) {
  const std::string text =
      "// Of the file.\n"
      "\n"
      "/// Of the function.\n"
      "fn f(a: f32, // of a parameter\n"
      "     b: f32) { // of the body\n"
      "    // of a statement\n"
      "    let x = a // of an operand\n"
      "        // of its own\n"
      "        + b;\n"
      "\n"
      "    // of the end\n"
      "} // behind it\n"
      "test \"empty\" {\n"
      "    // nothing\n"
      "}\n"
      "// last";
  EXPECT_EQ(LaidOut(text), text + "\n");
  EXPECT_EQ(LaidOut("fn f() { if a { b(); } // one\n else { c(); } // two\n}"),
            "fn f() {\n"
            "    if a {\n"
            "        b();\n"
            "    } // one\n"
            "    else {\n"
            "        c();\n"
            "    } // two\n"
            "}\n");
}

// --- Lines that are too long

TEST(Format, BreaksHeads) {
  EXPECT_EQ(LaidOut("kernel matmul_of_many(first: [m, k] f32, second: [k, n] f32, result: out "
                    "[m, n] f32) where m > 0, n > 0 { }"),
            "kernel matmul_of_many(first: [m, k] f32, second: [k, n] f32, result: out [m, n] f32)\n"
            "    where m > 0, n > 0 { }\n");
  EXPECT_EQ(LaidOut("kernel k(first: [height, width] f32, second: [height, width] f32, third: out "
                    "[height, width] f32) { }"),
            "kernel k(first: [height, width] f32, second: [height, width] f32,\n"
            "         third: out [height, width] f32) { }\n");
  EXPECT_EQ(
      LaidOut(
          "fn f() { if first_condition(x) && second_condition(x) || the_third_of_the_conditions(x) "
          "&& fourth_condition(x) { g(); } }"),
      "fn f() {\n"
      "    if first_condition(x) && second_condition(x)\n"
      "            || the_third_of_the_conditions(x) && fourth_condition(x) {\n"
      "        g();\n"
      "    }\n"
      "}\n");
}

TEST(Format, BreaksAtTheLoosestPlaceThatHelps) {
  EXPECT_EQ(LaidOut("fn f() { let a = some_function_name(argument_one, argument_two) * factor + "
                    "some_other_function_name(three); }"),
            "fn f() {\n"
            "    let a = some_function_name(argument_one, argument_two) * factor\n"
            "        + some_other_function_name(three);\n"
            "}\n");
  EXPECT_EQ(
      LaidOut("fn f() { let a_longer_name = some_function_name(argument_number_one, "
              "argument_number_two, "
              "argument_three); }"),
      "fn f() {\n"
      "    let a_longer_name =\n"
      "        some_function_name(argument_number_one, argument_number_two, argument_three);\n"
      "}\n");
  EXPECT_EQ(
      LaidOut("fn f() { let total = sum(image[y, clamp(x + d, 0, w - 1), c] * weights[d + radius] "
              "for d in -radius..=radius if d != 0); }"),
      "fn f() {\n"
      "    let total = sum(image[y, clamp(x + d, 0, w - 1), c] * weights[d + radius]\n"
      "                    for d in -radius..=radius if d != 0);\n"
      "}\n");
}

TEST(Format, GivesRowsTheirLines) {
  EXPECT_EQ(
      LaidOut("fn f() { assert(a == [[0.25, 0.25, 0.25, 0.25, 0.25], [1.25, 1.25, 1.25, 1.25, "
              "1.25], [2.25, 2.25, 2.25, 2.25, 2.25]]); }"),
      "fn f() {\n"
      "    assert(a == [[0.25, 0.25, 0.25, 0.25, 0.25],\n"
      "                 [1.25, 1.25, 1.25, 1.25, 1.25],\n"
      "                 [2.25, 2.25, 2.25, 2.25, 2.25]]);\n"
      "}\n");
  EXPECT_EQ(LaidOut("const A: [2, 2] f64 = [[1, 0],\n[0,\n1]];"),
            "const A: [2, 2] f64 = [[1, 0],\n"
            "                       [0,\n"
            "                        1]];\n");
}

TEST(Format, OpensLongStructs) {
  EXPECT_EQ(LaidOut("struct P { a: f32, // first\n\n b: f32 }"),
            "struct P {\n    a: f32, // first\n\n    b: f32\n}\n");
  EXPECT_EQ(LaidOut("fn f() { let p = Particle { position: [0.0, 0.0, 0.0], velocity: "
                    "[1.0, 1.0, 1.0], mass: 1.0, charge: 1.0 }; }"),
            "fn f() {\n"
            "    let p = Particle {\n"
            "        position: [0.0, 0.0, 0.0],\n"
            "        velocity: [1.0, 1.0, 1.0],\n"
            "        mass: 1.0,\n"
            "        charge: 1.0\n"
            "    };\n"
            "}\n");
}

// --- What has no layout

TEST(Format, RefusesWhatIsNoText) {
  for (const char* text : {"fn f() {", "fn f() }", "fn f(]", "const A: i64 = 'a';", "\"", "\xff"})
    EXPECT_EQ(LayOut(text), std::nullopt) << text;
  const std::string open(100'000, '('), close(100'000, ')');
  EXPECT_EQ(LayOut(open + close), std::nullopt);
}

TEST(Format, RefusesWhatTheParserRefuses) {
  const auto format = [](const std::string& text, Diagnostics& diagnostics) {
    SourceSet sources;
    return Format(sources, sources.Add("test.ek", text), diagnostics);
  };
  Diagnostics mistakes;
  EXPECT_EQ(format("fn f() { let = 1; }", mistakes), std::nullopt);
  ASSERT_EQ(mistakes.list().size(), 1u);
  EXPECT_THAT(mistakes.list().front().message, HasSubstr("expected"));
  Diagnostics none;
  EXPECT_EQ(format("@memo fn  f() { }", none), "@memo fn f() { }\n");
  Diagnostics unpaired;
  EXPECT_EQ(format("struct P { a: [3 f32 }", unpaired), std::nullopt);
  EXPECT_TRUE(unpaired.has_errors());
}

}  // namespace
}  // namespace einkorn::frontend
