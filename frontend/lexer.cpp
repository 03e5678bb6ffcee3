#include "frontend/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/utf8.h"
#include "frontend/literals.h"

namespace einkorn::frontend {
namespace {

struct Spelling {
  std::string text;
  TokenKind kind;
  uint8_t row = 0;
};

// Comparisons, && and || bind loosest and have none.
bool HasCompoundAssignment(BinaryOperator op) {
  return InfoOf(op).precedence > InfoOf(BinaryOperator::kEqual).precedence;
}

std::vector<Spelling> AllSigns() {
  std::vector<Spelling> signs = {
#define EINKORN_PUNCTUATION(name, text) {text, TokenKind::k##name},
#include "frontend/tokens.def"
  };
  for (UnaryOperator op : {UnaryOperator::kLogicalNot, UnaryOperator::kBitNot})
    signs.push_back({std::string(InfoOf(op).text), TokenKind::kUnary, static_cast<uint8_t>(op)});
  for (BinaryOperator op : {
#define EINKORN_BINARY(name, text, precedence, opcode, rule) BinaryOperator::k##name,
#include "frontend/operators.def"
       }) {
    const std::string text(InfoOf(op).text);
    signs.push_back({text, TokenKind::kBinary, static_cast<uint8_t>(op)});
    if (HasCompoundAssignment(op))
      signs.push_back({text + "=", TokenKind::kCompound, static_cast<uint8_t>(op)});
  }
  return signs;
}

// Signs by their first character, longer ones first: the longest that fits is the token.
using SignTable = std::array<std::vector<Spelling>, 128>;

SignTable MakeSignTable() {
  SignTable table;
  for (Spelling& sign : AllSigns())
    table[static_cast<size_t>(sign.text.front())].push_back(std::move(sign));
  for (auto& signs : table)
    std::ranges::stable_sort(signs, std::ranges::greater{},
                             [](const Spelling& s) { return s.text.size(); });
  return table;
}

const std::vector<Spelling>& SignsFrom(char first) {
  static const SignTable table = MakeSignTable();
  static const std::vector<Spelling> none;
  const auto index = static_cast<unsigned char>(first);
  return index < table.size() ? table[index] : none;
}

TokenKind KindOfWord(std::string_view word) {
  static const std::unordered_map<std::string_view, TokenKind> words = {
#define EINKORN_KEYWORD(name, text) {text, TokenKind::k##name},
#include "frontend/tokens.def"
  };
  const auto at = words.find(word);
  return at == words.end() ? TokenKind::kName : at->second;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool BeginsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool ContinuesName(char c) {
  return BeginsName(c) || IsDigit(c);
}
bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// What people mean by characters that look like ours or come from other languages.
struct Lookalike {
  std::string_view seen, hint;
};
constexpr Lookalike kLookalikes[] = {
    {"'", "text stands in double quotes"},
    {"\u201c", "text stands in plain double quotes"},
    {"\u201d", "text stands in plain double quotes"},
    {"\u2018", "text stands in plain double quotes"},
    {"\u2019", "text stands in plain double quotes"},
    {"\u2212", "write a plain `-`"},
    {"\u2013", "write a plain `-`"},
    {"\u2014", "write a plain `-`"},
    {"\u00d7", "write `*`"},
    {"\u00f7", "write `/`"},
    {"\u2264", "write `<=`"},
    {"\u2265", "write `>=`"},
    {"\u2260", "write `!=`"},
    {"\u00a0", "this is a no-break space; write a plain one"},
    {"#", "comments begin with `//`"},
    {"?", "a choice is written `if c { a } else { b }`"},
};

std::string HintFor(std::string_view character) {
  for (const Lookalike& lookalike : kLookalikes)
    if (character == lookalike.seen) return std::string(lookalike.hint);
  if (static_cast<unsigned char>(character.front()) >= 0x80)
    return "names are made of the letters a-z and A-Z, digits and `_`";
  return {};
}

std::string ShowCharacter(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  if (first < 0x20 || first == 0x7f) return fmt::format("the byte 0x{:02x}", first);
  return fmt::format("`{}`", character);
}

class Lexer {
 public:
  Lexer(std::string_view text, SourceFileId file, size_t begin, Diagnostics& diagnostics)
      : text_(text), file_(file), position_(begin), diagnostics_(diagnostics) {}

  std::vector<Token> Run() {
    tokens_.reserve((text_.size() - position_) / 4 + 1);
    for (SkipBlanks(); position_ < text_.size() && !Full(); SkipBlanks()) LexToken();
    Add(TokenKind::kEnd, text_.size());
    return std::move(tokens_);
  }

 private:
  bool Full() const { return diagnostics_.error_count() >= Diagnostics::kMaxDiagnostics; }
  char At(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }

  void SkipBlanks() {
    while (position_ < text_.size()) {
      const char c = text_[position_];
      if (IsBlank(c)) {
        starts_line_ |= c == '\n';
        ++position_;
      } else if (c == '/' && At(position_ + 1) == '/') {
        position_ = std::min(text_.find('\n', position_), text_.size());
      } else {
        return;
      }
    }
  }

  // Makes a token of the text from `position_` to `end` and goes there.
  void Add(TokenKind kind, size_t end, uint8_t row = 0) {
    tokens_.push_back(
        {kind, row, starts_line_, static_cast<uint32_t>(position_), static_cast<uint32_t>(end)});
    position_ = end;
    starts_line_ = false;
  }

  Diagnostic& Report(DiagnosticCode code, size_t begin, size_t end, std::string_view shown = {}) {
    return diagnostics_.Report(code, PlainRange(file_, begin, end), shown);
  }

  void LexToken() {
    const char c = text_[position_];
    if (BeginsName(c)) return LexWord();
    if (IsDigit(c)) return LexNumber();
    if (c == '"') return LexString();
    if (!LexSign()) LexInvalid();
  }

  void LexWord() {
    size_t end = position_;
    while (ContinuesName(At(end))) ++end;
    const std::string_view word = text_.substr(position_, end - position_);
    if (word == "as") {
      const auto wrap = ConversionOperator::kWrap, saturate = ConversionOperator::kSaturate;
      if (At(end) == '%') return Add(TokenKind::kConversion, end + 1, static_cast<uint8_t>(wrap));
      if (At(end) == '|')
        return Add(TokenKind::kConversion, end + 1, static_cast<uint8_t>(saturate));
      return Add(TokenKind::kConversion, end, static_cast<uint8_t>(ConversionOperator::kChecked));
    }
    Add(KindOfWord(word), end);
  }

  // Takes everything that looks like one number, so that a wrong one is one mistake.
  void LexNumber() {
    const bool decimal =
        At(position_) != '0' || (At(position_ + 1) != 'x' && At(position_ + 1) != 'b');
    size_t end = position_;
    while (true) {
      const char c = At(end);
      const bool point = c == '.' && IsDigit(At(end + 1));
      const bool sign = decimal && (c == '+' || c == '-') && end > position_ &&
                        (text_[end - 1] == 'e' || text_[end - 1] == 'E');
      if (!ContinuesName(c) && !point && !sign) break;
      ++end;
    }
    const std::string_view number = text_.substr(position_, end - position_);
    const NumberForm form = FormOfNumber(number);
    if (form == NumberForm::kInvalid)
      Report(DiagnosticCode::kInvalidNumber, position_, end, Shorten(number)).hint =
          HintForNumber(number);
    Add(form == NumberForm::kFloat ? TokenKind::kFloat : TokenKind::kInteger, end);
  }

  static std::string HintForNumber(std::string_view number) {
    if (number.starts_with("0x") || number.starts_with("0b")) return {};
    if (number.starts_with("0o"))
      return "numbers are decimal, hexadecimal (0xff) or binary (0b101)";
    if (number.find("__") != std::string_view::npos || number.ends_with('_'))
      return "a `_` stands between two digits";
    const size_t suffix = number.find_first_not_of("0123456789_.");
    if (suffix != std::string_view::npos &&
        std::string_view("fFuUiIlLdD").find(number[suffix]) != std::string_view::npos)
      return "a literal has no suffix: it takes the type that its place asks for, or say `as`";
    return {};
  }

  void LexString() {
    size_t end = position_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') {
      if (text_[end] != '\\' || end + 1 >= text_.size() || text_[end + 1] == '\n') {
        ++end;
        continue;
      }
      const size_t length = 1 + CharacterAt(text_, end + 1).size();
      if (std::string_view("nt\"\\").find(text_[end + 1]) == std::string_view::npos && !Full())
        Report(DiagnosticCode::kInvalidEscape, end, end + length, text_.substr(end, length)).hint =
            "strings know \\n, \\t, \\\" and \\\\";
      end += length;
    }
    if (At(end) == '"') return Add(TokenKind::kString, end + 1);
    if (At(end - 1) == '\r') --end;
    Report(DiagnosticCode::kUnterminatedString, position_, end);
    Add(TokenKind::kInvalid, end);
  }

  bool LexSign() {
    for (const Spelling& sign : SignsFrom(text_[position_])) {
      if (!text_.substr(position_).starts_with(sign.text)) continue;
      Add(sign.kind, position_ + sign.text.size(), sign.row);
      return true;
    }
    return false;
  }

  // A run of characters that begin nothing is one mistake.
  void LexInvalid() {
    const std::string_view character = CharacterAt(text_, position_);
    size_t end = position_;
    while (end < text_.size() && BeginsNothing(end)) end += CharacterAt(text_, end).size();
    // Text in single quotes is one mistake too.
    if (character == "'") {
      const size_t close = text_.find_first_of("'\n", position_ + 1);
      if (At(close) == '\'') end = close + 1;
    }
    Report(DiagnosticCode::kInvalidCharacter, position_, position_ + character.size(),
           ShowCharacter(character))
        .hint = HintFor(character);
    Add(TokenKind::kInvalid, end);
  }

  bool BeginsNothing(size_t position) const {
    const char c = text_[position];
    return !IsBlank(c) && !ContinuesName(c) && c != '"' && SignsFrom(c).empty();
  }

  std::string_view text_;
  SourceFileId file_;
  size_t position_;
  Diagnostics& diagnostics_;
  bool starts_line_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Lex(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics) {
  const std::string_view text = sources.file(file).text();
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  const size_t begin = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const size_t invalid = FindInvalidUtf8(text);
  if (invalid == std::string_view::npos)
    return LexPart(sources, file, begin, text.size(), diagnostics);
  const auto byte = static_cast<unsigned char>(text[invalid]);
  diagnostics
      .Report(DiagnosticCode::kInvalidUtf8, PlainRange(file, invalid, invalid + 1),
              fmt::format("0x{:02x}", byte))
      .hint = "save the file as UTF-8";
  return LexPart(sources, file, text.size(), text.size(), diagnostics);
}

std::vector<Token> LexPart(const SourceSet& sources, SourceFileId file, size_t begin, size_t end,
                           Diagnostics& diagnostics) {
  return Lexer(sources.file(file).text().substr(0, end), file, begin, diagnostics).Run();
}

bool IsName(std::string_view text) {
  return !text.empty() && BeginsName(text.front()) && std::ranges::all_of(text, ContinuesName);
}

}  // namespace einkorn::frontend
