#include "frontend/format_words.h"

#include <algorithm>

#include "ir/types.h"

namespace einkorn::frontend {
namespace {

// More brackets than any tree of the parser can have.
constexpr size_t kMaxOpenBrackets = 2 * kMaxNesting;

uint32_t WidthOf(std::string_view text) {
  return static_cast<uint32_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string_view WithoutBlanksAtEnd(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

bool IsNumber(const Word& word) {
  return word.kind == TokenKind::kInteger || word.kind == TokenKind::kFloat;
}

bool IsOpening(TokenKind kind) {
  return kind == TokenKind::kLeftParen || kind == TokenKind::kLeftBracket ||
         kind == TokenKind::kLeftBrace;
}

TokenKind OpeningOf(TokenKind closing) {
  if (closing == TokenKind::kRightParen) return TokenKind::kLeftParen;
  if (closing == TokenKind::kRightBracket) return TokenKind::kLeftBracket;
  if (closing == TokenKind::kRightBrace) return TokenKind::kLeftBrace;
  return TokenKind::kEnd;
}

class WordReader {
 public:
  WordReader(std::string_view text, std::span<const Token> tokens) : text_(text), tokens_(tokens) {
    words_.resize(tokens.size());
  }

  std::optional<WordList> Run() {
    ReadTokens();
    for (uint32_t i = 0; i < last(); ++i)
      if (IsSign(i, "<")) PairTypeBrackets(i);
    if (!PairBrackets()) return std::nullopt;
    ReadItems(0, last(), /*fields=*/false);
    return std::move(list_);
  }

 private:
  uint32_t last() const { return list_.end(); }
  TokenKind Kind(uint32_t i) const { return words_[std::min(i, last())].kind; }
  bool IsWord(uint32_t i, std::string_view text) const {
    return Kind(i) == TokenKind::kName && words_[i].text == text;
  }
  bool IsSign(uint32_t i, std::string_view text) const {
    return Kind(i) == TokenKind::kBinary && words_[i].text == text;
  }

  // --- Texts, lines and comments

  void ReadTokens() {
    size_t behind = 0;
    for (uint32_t i = 0; i < words_.size(); ++i) {
      const Token& token = tokens_[i];
      Word& word = words_[i];
      word.kind = token.kind;
      word.text = text_.substr(token.begin, token.end - token.begin);
      word.width = WidthOf(word.text);
      word.starts_line = token.starts_line;
      word.line = (i == 0 ? 0 : words_[i - 1].line) + (token.starts_line ? 1 : 0);
      word.first_comment = static_cast<uint32_t>(list_.comments.size());
      word.after_blank = ReadComments(behind, token.begin);
      behind = token.end;
    }
  }

  // Reads the white space and the comments of [begin, end); whether a blank line ends it.
  bool ReadComments(size_t begin, size_t end) {
    bool starts_line = begin == 0;
    size_t newlines = 0;
    for (size_t at = begin; at < end; ++at) {
      if (text_[at] == '\n') {
        starts_line = true;
        ++newlines;
      }
      if (text_[at] != '/') continue;
      const size_t behind = std::min(text_.find('\n', at), end);
      list_.comments.push_back(
          {WithoutBlanksAtEnd(text_.substr(at, behind - at)), starts_line, newlines > 1});
      newlines = 0;
      at = behind - 1;
    }
    return newlines > 1;
  }

  // --- Brackets

  // Of types: `fn f<T: float>`, `f<f32>(x)`, `x: Best<f32>`; else `<` compares.
  void PairTypeBrackets(uint32_t open) {
    if (Kind(open - 1) != TokenKind::kName) return;
    const TokenKind before = open >= 2 ? Kind(open - 2) : TokenKind::kEnd;
    const bool declares =
        before == TokenKind::kFn || before == TokenKind::kKernel || before == TokenKind::kStruct;
    uint32_t close = open + 1;
    bool only_types = true, has_classes = false;
    for (; !IsSign(close, ">"); ++close) {
      const TokenKind kind = Kind(close);
      has_classes |= kind == TokenKind::kColon;
      if (kind == TokenKind::kName)
        only_types &= ScalarTypeNamed(words_[close].text).has_value();
      else if (kind != TokenKind::kComma && kind != TokenKind::kColon)
        return;
    }
    const bool in_type = before == TokenKind::kColon || before == TokenKind::kArrow ||
                         before == TokenKind::kOut || before == TokenKind::kInout ||
                         before == TokenKind::kRightBracket || before == TokenKind::kConversion;
    const bool in_call =
        Kind(close + 1) == TokenKind::kLeftParen && (only_types || close == open + 2);
    if (!declares && (has_classes || !(in_type || in_call))) return;
    words_[open].partner = close;
    words_[close].partner = open;
  }

  bool PairBrackets() {
    std::vector<uint32_t> open;
    for (uint32_t i = 0; i <= last(); ++i) {
      Word& word = words_[i];
      const bool is_type = word.partner != kNoWord;
      const bool closes = is_type ? word.partner < i : OpeningOf(word.kind) != TokenKind::kEnd;
      if (closes && !is_type) {
        if (open.empty() || words_[open.back()].kind != OpeningOf(word.kind)) return false;
        word.partner = open.back();
        words_[open.back()].partner = i;
      }
      if (closes) open.pop_back();
      word.depth = static_cast<uint16_t>(open.size());
      if (!open.empty()) word.enclosing = open.back();
      if (!closes && (is_type || IsOpening(word.kind))) open.push_back(i);
      if (open.size() > kMaxOpenBrackets) return false;
    }
    return open.empty();
  }

  // --- Items

  void ReadItems(uint32_t begin, uint32_t end, bool fields) {
    for (uint32_t i = begin; i < end;) {
      words_[i].item_end = ReadItem(i, end, fields);
      i = words_[i].item_end;
    }
  }

  // The end of the item that begins with `first`, at most `limit`.
  uint32_t ReadItem(uint32_t first, uint32_t limit, bool fields) {
    const uint32_t head = BehindAttributes(first);
    if (head > first && words_[head].starts_line) limit = std::min(limit, head);
    const bool ends_with_block = EndsWithBlock(head);
    const uint32_t outside = words_[first].enclosing;
    uint32_t where = kNoWord;
    for (uint32_t i = first; i < limit; ++i) {
      Word& word = words_[i];
      word.role = RoleOf(i, i == first || i == head);
      const bool is_outermost = word.enclosing == outside;
      if (is_outermost && word.kind == (fields ? TokenKind::kComma : TokenKind::kSemicolon))
        return i + 1;
      if (word.kind == TokenKind::kLeftBrace) {
        const bool is_end = is_outermost && ends_with_block && IsBody(i, head);
        i = ReadBraces(i);
        if (is_end && Kind(i + 1) != TokenKind::kElse) return i + 1;
      } else if (is_outermost) {
        word.enclosing = where == kNoWord ? outside : where;
        if (word.kind == TokenKind::kWhere) where = i;
      }
    }
    return limit;
  }

  // Whether the brace is the body of the item, not a part of an expression in its head.
  bool IsBody(uint32_t open, uint32_t head) const {
    if (Kind(head) == TokenKind::kStruct) return true;
    return !HoldsFields(open) && open > head &&
           (EndsOperand(words_[open - 1]) || Kind(open - 1) == TokenKind::kElse);
  }

  // No statement begins like a field.
  bool HoldsFields(uint32_t open) const {
    return Kind(open + 1) == TokenKind::kName && Kind(open + 2) == TokenKind::kColon;
  }

  // Gives back the closing brace.
  uint32_t ReadBraces(uint32_t open) {
    const uint32_t close = words_[open].partner;
    words_[open].holds_fields = HoldsFields(open);
    words_[close].role = WordRole::kCloseBrace;
    ReadItems(open + 1, close, words_[open].holds_fields);
    return close;
  }

  // Behind the attributes at `at`, of which those on lines of their own are items.
  uint32_t BehindAttributes(uint32_t at) const {
    while (Kind(at) == TokenKind::kAt && Kind(at + 1) == TokenKind::kName) {
      at += 2;
      if (Kind(at) == TokenKind::kLeftParen) at = words_[at].partner + 1;
      if (words_[at].starts_line) return at;
    }
    return at;
  }

  // Whether an item that begins like this ends with the brace of its body.
  bool EndsWithBlock(uint32_t head) const {
    switch (Kind(head)) {
      case TokenKind::kKernel:
      case TokenKind::kFn:
      case TokenKind::kStruct:
      case TokenKind::kIf:
      case TokenKind::kWhile:
      case TokenKind::kFor:
      case TokenKind::kParallel:
      case TokenKind::kStatic:
        return true;
      case TokenKind::kName:
        return (IsWord(head, "test") && Kind(head + 1) == TokenKind::kString) ||
               (IsWord(head, "debug") && Kind(head + 1) == TokenKind::kLeftBrace) ||
               (words_[head].text.starts_with("expect_") && Kind(head + 1) == TokenKind::kName);
      default:
        return false;
    }
  }

  // --- Roles

  WordRole RoleOf(uint32_t i, bool begins_item) {
    const bool after_operand = !begins_item && EndsOperand(words_[i - 1]);
    Word& word = words_[i];
    switch (word.kind) {
      case TokenKind::kName:
        return after_operand && IsKeywordHere(i) ? WordRole::kKeyword : WordRole::kOperand;
      case TokenKind::kEnd:
      case TokenKind::kInvalid:
      case TokenKind::kInteger:
      case TokenKind::kFloat:
      case TokenKind::kString:
      case TokenKind::kTrue:
      case TokenKind::kFalse:
      case TokenKind::kUndefined:
      case TokenKind::kAssert:
      case TokenKind::kPrint:
        return WordRole::kOperand;
      case TokenKind::kUnary:
      case TokenKind::kAt:
        return WordRole::kPrefix;
      case TokenKind::kBinary:
        return RoleOfBinary(i, after_operand);
      case TokenKind::kAssign:
        // Of `min=`.
        return i > 0 && IsKeywordHere(i - 1) && words_[i - 1].role == WordRole::kKeyword
                   ? WordRole::kMark
                   : WordRole::kInfix;
      case TokenKind::kCompound:
      case TokenKind::kConversion:
      case TokenKind::kArrow:
        return WordRole::kInfix;
      case TokenKind::kDot:
      case TokenKind::kRange:
      case TokenKind::kInclusiveRange:
        return WordRole::kLink;
      case TokenKind::kComma:
      case TokenKind::kSemicolon:
      case TokenKind::kColon:
        return WordRole::kMark;
      case TokenKind::kLeftParen:
        return after_operand ? WordRole::kHugging : WordRole::kOpen;
      case TokenKind::kLeftBracket:
        return RoleOfBracket(i, after_operand);
      case TokenKind::kRightParen:
      case TokenKind::kRightBracket:
        return WordRole::kClose;
      case TokenKind::kLeftBrace:
        return WordRole::kOpenBrace;
      case TokenKind::kRightBrace:
        return WordRole::kCloseBrace;
      default:
        return WordRole::kKeyword;
    }
  }

  // Two operands do not stand side by side, so the second is no name: `0..n step 2`, `x min= 3`.
  bool IsKeywordHere(uint32_t i) const {
    const bool is_extreme = IsWord(i, "min") || IsWord(i, "max");
    return IsWord(i, "step") || (is_extreme && Kind(i + 1) == TokenKind::kAssign);
  }

  WordRole RoleOfBinary(uint32_t i, bool after_operand) {
    const uint32_t partner = words_[i].partner;
    if (partner != kNoWord) return partner > i ? WordRole::kHugging : WordRole::kClose;
    if (!after_operand) return WordRole::kPrefix;
    words_[i].precedence = static_cast<uint8_t>(InfoOf(tokens_[i].binary()).precedence);
    return WordRole::kInfix;
  }

  // An index, the sizes of a type, or an array; types of arrays of arrays are `[n] [3] f32`.
  WordRole RoleOfBracket(uint32_t i, bool after_operand) {
    const bool after_bracket = after_operand && Kind(i - 1) == TokenKind::kRightBracket;
    const uint32_t before = after_bracket ? words_[i - 1].partner : kNoWord;
    const bool after_sizes =
        before != kNoWord && words_[before].role == WordRole::kOpen && !words_[before].is_array;
    if (after_operand && !after_sizes) return WordRole::kHugging;
    words_[i].is_array = !after_sizes && !IsType(i);
    return WordRole::kOpen;
  }

  bool IsType(uint32_t open) const {
    const uint32_t behind = words_[open].partner + 1;
    if (Kind(behind) == TokenKind::kName) return !IsWord(behind, "step");
    return Kind(behind) == TokenKind::kLeftBracket &&
           Kind(words_[behind].partner + 1) == TokenKind::kName;
  }

  std::string_view text_;
  std::span<const Token> tokens_;
  WordList list_;
  std::vector<Word>& words_ = list_.words;
};

}  // namespace

std::span<const Comment> WordList::CommentsBefore(uint32_t word) const {
  const size_t begin = words[word].first_comment;
  const size_t behind = word < end() ? words[word + 1].first_comment : comments.size();
  return std::span(comments).subspan(begin, behind - begin);
}

std::optional<WordList> ReadWords(std::string_view text, std::span<const Token> tokens) {
  return WordReader(text, tokens).Run();
}

bool EndsOperand(const Word& word) {
  return word.role == WordRole::kOperand || word.role == WordRole::kClose ||
         word.role == WordRole::kCloseBrace;
}

bool HasSpaceBefore(const WordList& list, uint32_t word) {
  const Word &before = list.words[word - 1], &here = list.words[word];
  // Signs that nothing parts are read as one: `- -x`.
  const bool is_infix = here.role == WordRole::kInfix || here.role == WordRole::kLink;
  switch (before.role) {
    case WordRole::kPrefix:
      return is_infix || here.kind == TokenKind::kBinary;
    case WordRole::kLink:
      return is_infix;
    case WordRole::kOpen:
    case WordRole::kHugging:
      return false;
    default:
      break;
  }
  switch (here.role) {
    case WordRole::kMark:
    case WordRole::kHugging:
    case WordRole::kClose:
      return false;
    case WordRole::kLink:
      return !EndsOperand(before) || (here.kind == TokenKind::kDot && IsNumber(before));
    default:
      return true;
  }
}

}  // namespace einkorn::frontend
