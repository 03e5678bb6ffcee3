// Tokens, and what cannot be one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/frontend/front_end_text.h"

namespace einkorn::frontend {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

StageResult LexText(std::string_view text) {
  return RunStage(DumpTokens, text);
}

TEST(Lexer, GivesEachTokenItsKindAndPlace) {
  const StageResult result = LexText("let x = a[0] as u8;\n  x += 1.5e-3; // end\n");
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.dump,
            "1:1 keyword let\n"
            "1:5 name x\n"
            "1:7 punctuation =\n"
            "1:9 name a\n"
            "1:10 punctuation [\n"
            "1:11 integer 0\n"
            "1:12 punctuation ]\n"
            "1:14 conversion as\n"
            "1:17 name u8\n"
            "1:19 punctuation ;\n"
            "2:3 name x\n"
            "2:5 assignment +=\n"
            "2:8 float 1.5e-3\n"
            "2:14 punctuation ;\n"
            "3:1 end\n");
}

std::string TextsOf(std::string_view text) {
  std::string texts, dump = LexText(text).dump;
  for (size_t begin = 0; begin < dump.size();) {
    const size_t end = dump.find('\n', begin);
    const std::string line = dump.substr(begin, end - begin);
    texts += line.substr(line.find(' ', line.find(' ') + 1) + 1) + " ";
    begin = end + 1;
  }
  return texts.substr(0, texts.rfind("1:"));
}

TEST(Lexer, TakesTheLongestSign) {
  EXPECT_EQ(TextsOf("a<<%=b<<%c<<=d<<e<=f"), "a <<%= b <<% c <<= d << e <= f ");
  EXPECT_EQ(TextsOf("a+%b+|c+=d-%e->f"), "a +% b +| c += d -% e -> f ");
  EXPECT_EQ(TextsOf("a+%=b*|=c%=d|=e||f&&g"), "a +%= b *|= c %= d |= e || f && g ");
  EXPECT_EQ(TextsOf("0..n 0..=n 1.5..2.5 x.y"), "0 .. n 0 ..= n 1.5 .. 2.5 x . y ");
  EXPECT_EQ(TextsOf("x as%u8 as|i8 as f32 assert asx"), "x as% u8 as| i8 as f32 assert asx ");
}

TEST(Lexer, CommentsAndBlanksAreNoTokens) {
  EXPECT_EQ(LexText("").dump, "1:1 end\n");
  EXPECT_EQ(LexText("// a \" ' comment").dump, "1:17 end\n");
  EXPECT_EQ(TextsOf("a /// b"), "a ");
  EXPECT_EQ(LexText("\xef\xbb\xbf"
                    "fn")
                .dump,
            "1:4 keyword fn\n1:6 end\n");
}

TEST(Lexer, ReportsWrongNumbersOnce) {
  EXPECT_THAT(LexText("1_000 0xff 0b101 1e9").errors, IsEmpty());
  EXPECT_THAT(LexText("1f 0x 1__0 2.5.5 0b12 1e+").errors,
              ElementsAre("invalid_number 1:1", "invalid_number 1:4", "invalid_number 1:7",
                          "invalid_number 1:12", "invalid_number 1:18", "invalid_number 1:23"));
  EXPECT_THAT(LexText("10u8").hints, ElementsAre(HasSubstr("no suffix")));
  EXPECT_THAT(LexText("0o17").hints, ElementsAre(HasSubstr("0b101")));
}

TEST(Lexer, StringsEndOnTheirLine) {
  EXPECT_THAT(LexText(R"("a \n \t \" \\ {{ é")").errors, IsEmpty());
  EXPECT_THAT(LexText("print(\"abc\nlet x").errors, ElementsAre("unterminated_string 1:7"));
  EXPECT_THAT(LexText("\"abc\\").errors, ElementsAre("unterminated_string 1:1"));
  EXPECT_THAT(LexText("\"a\\q\\é\"").errors,
              ElementsAre("invalid_escape 1:3", "invalid_escape 1:5"));
}

TEST(Lexer, NamesForeignCharacters) {
  EXPECT_THAT(LexText("a ? b").hints, ElementsAre(HasSubstr("if c { a } else { b }")));
  EXPECT_THAT(LexText("# comment").hints, ElementsAre(HasSubstr("//")));
  EXPECT_THAT(LexText("'text' + 'b'").hints,
              ElementsAre(HasSubstr("double quotes"), HasSubstr("double quotes")));
  EXPECT_THAT(LexText("a \u2264 b").hints, ElementsAre(HasSubstr("<=")));
  EXPECT_THAT(LexText("let \u03b1\u03b2 = 1").errors, ElementsAre("invalid_character 1:5"));
  EXPECT_THAT(LexText(std::string("a\x01\x02", 3)).messages,
              ElementsAre(HasSubstr("the byte 0x01")));
}

TEST(Lexer, RefusesWhatIsNotUtf8) {
  for (const char* text : {"\xff", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                           "\xc3", "// \x80"}) {
    const StageResult result = LexText(std::string("let x = 1; ") + text);
    ASSERT_EQ(result.errors.size(), 1u) << text;
    EXPECT_THAT(result.errors[0], HasSubstr("invalid_utf8 1:1"));
  }
  EXPECT_EQ(LexText("let x\xff").dump, "1:7 end\n");
  EXPECT_THAT(LexText("// \u00e9 \u20ac \U0001f33e").errors, IsEmpty());
}

TEST(Lexer, EndsWhenThereAreEnoughErrors) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "? a ";
  EXPECT_EQ(LexText(text).errors.size(), Diagnostics::kMaxDiagnostics);
}

}  // namespace
}  // namespace einkorn::frontend
