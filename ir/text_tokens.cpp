#include "ir/text_tokens.h"

#include <cctype>

namespace einkorn::ir {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsWordCharacter(char c) {
  return IsLetter(c) || IsDigit(c);
}

class Scanner {
 public:
  Scanner(std::string_view text, size_t offset) : text_(text), at_(offset) {}

  TextToken Next() {
    SkipBlanks();
    token_.offset = at_;
    token_.kind = Scan();
    token_.text = text_.substr(token_.offset, at_ - token_.offset);
    return std::move(token_);
  }

 private:
  // The character `ahead` of the current one, or 0 at the end.
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      const char c = Peek();
      if (c == '/' && Peek(1) == '/') {
        while (at_ < text_.size() && Peek() != '\n') ++at_;
      } else if (c == '\n') {
        token_.begins_line = true;
        ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  TextTokenKind Scan() {
    if (at_ >= text_.size()) return TextTokenKind::kEnd;
    const char c = Peek();
    if (IsLetter(c)) {
      while (IsWordCharacter(Peek())) ++at_;
      return TextTokenKind::kWord;
    }
    if (IsDigit(c) || (c == '-' && IsDigit(Peek(1)))) return ScanNumber();
    if (c == '"') return ScanString() ? TextTokenKind::kString : TextTokenKind::kInvalid;
    if (c == '%' || c == '@') return ScanName();
    ++at_;
    if (c == '-' && Peek() == '>') ++at_;
    constexpr std::string_view punctuation = "=,:.{}()[]<>*+-";
    return punctuation.find(c) == std::string_view::npos ? TextTokenKind::kInvalid
                                                         : TextTokenKind::kPunctuation;
  }

  TextTokenKind ScanNumber() {
    ++at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    if (Peek() == 'e') {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    return TextTokenKind::kNumber;
  }

  // After the sigil: a word or a string and perhaps a number that makes it unique, or only a
  // number.
  TextTokenKind ScanName() {
    const TextTokenKind kind = Peek() == '%' ? TextTokenKind::kValue : TextTokenKind::kFunction;
    ++at_;
    if (IsDigit(Peek())) {
      while (IsDigit(Peek())) ++at_;
      return kind;
    }
    if (Peek() == '"') {
      if (!ScanString()) return TextTokenKind::kInvalid;
    } else if (IsLetter(Peek())) {
      const size_t begin = at_;
      while (IsWordCharacter(Peek())) ++at_;
      token_.name = std::string(text_.substr(begin, at_ - begin));
    } else {
      return TextTokenKind::kInvalid;
    }
    if (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    return kind;
  }

  static int HexDigit(char c) {
    if (IsDigit(c)) return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  }

  bool ScanString() {
    for (++at_; at_ < text_.size(); ++at_) {
      char c = Peek();
      if (c == '\n') return false;
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        c = Peek(1);
        ++at_;
        if (c == 'n') {
          c = '\n';
        } else if (c == 'x') {
          const int high = HexDigit(Peek(1)), low = HexDigit(Peek(2));
          if (high < 0 || low < 0) return false;
          c = static_cast<char>(high * 16 + low);
          at_ += 2;
        } else if (c != '"' && c != '\\') {
          return false;
        }
      }
      token_.name += c;
    }
    return false;
  }

  std::string_view text_;
  size_t at_;
  TextToken token_;
};

}  // namespace

TextToken NextTextToken(std::string_view text, size_t offset) {
  return Scanner(text, offset).Next();
}

}  // namespace einkorn::ir
