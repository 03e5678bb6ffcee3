#include "frontend/format_lines.h"

#include <algorithm>

namespace einkorn::frontend {
namespace {

// Lines that go on in a bracket begin below its first word, unless that is further right.
constexpr uint32_t kMaxAlignment = 60;

// Ranks: the depth of brackets counts first, then the looseness at that depth.
constexpr uint32_t kRanksOfDepth = 32;
constexpr uint32_t kClauseRank = 0, kConditionRank = 1, kCommaRank = 2, kOperatorRank = 3;
constexpr uint32_t kAssignmentRank = kRanksOfDepth - 1;
// Behind an opening bracket: when nothing else is left.
constexpr uint32_t kLastRank = 1u << 20;

bool IsOpenBracket(const Word& word) {
  return word.role == WordRole::kOpen || word.role == WordRole::kHugging;
}

// Whether lines that go on behind this word begin below the word behind it.
bool Aligns(const Word& word) {
  return IsOpenBracket(word) || word.role == WordRole::kOpenBrace || word.kind == TokenKind::kWhere;
}

}  // namespace

LineBreaker::LineBreaker(const WordList& list)
    : list_(list), breaks_before_(list.words.size()), columns_(list.words.size()) {}

bool LineBreaker::SpansLines(uint32_t open_brace) const {
  const uint32_t close = words_[open_brace].partner;
  if (close == open_brace + 1) return !list_.CommentsBefore(close).empty();
  return words_[close].line != words_[open_brace].line;
}

bool LineBreaker::MustBreakBefore(uint32_t word) const {
  if (breaks_before_[word] || !list_.CommentsBefore(word).empty()) return true;
  // The rows of an array are the author's.
  const Word& here = words_[word];
  return here.starts_line && here.role != WordRole::kClose &&
         words_[word - 1].kind == TokenKind::kComma && here.enclosing != kNoWord &&
         words_[here.enclosing].is_array;
}

bool LineBreaker::FitsOnOneLine(uint32_t begin, uint32_t end, uint32_t column) const {
  for (uint32_t i = begin; i < end; ++i) {
    if (i > begin && MustBreakBefore(i)) return false;
    column += words_[i].width + (i > begin && HasSpaceBefore(list_, i) ? 1 : 0);
    if (column > kLineWidth) return false;
  }
  return true;
}

void LineBreaker::BeginPart(uint32_t item, uint32_t begin, uint32_t end, uint32_t indent) {
  item_ = item;
  end_ = end;
  indent_ = indent;
  // What goes on before a body stands further right than the body.
  const bool before_body = words_[end - 1].role == WordRole::kOpenBrace;
  continuation_ = indent + (before_body ? 2 : 1) * kIndentation;
  if (FitsOnOneLine(begin, end, indent)) return;
  for (uint32_t i = begin + 1; i < end; ++i)
    if (words_[i].kind == TokenKind::kWhere) breaks_before_[i] = true;
}

std::optional<LineBreaker::NextLine> LineBreaker::EndOfLine(uint32_t word, uint32_t column) {
  auto place = FindPlace(word, column);
  if (place && BreakRows(place->line.word)) place = FindPlace(word, column);
  if (!place) return std::nullopt;
  return place->line;
}

// The best place on the line; if there is none, the first one behind it.
std::optional<LineBreaker::Place> LineBreaker::FindPlace(uint32_t word, uint32_t column) {
  std::optional<Place> best;
  uint32_t together = word;
  for (uint32_t i = word; i < end_; ++i) {
    const bool is_full = column > kLineWidth;
    if (i > word) {
      if (is_full && best) return best;
      if (MustBreakBefore(i)) return Place{{i, ColumnOf(i)}};
      column += HasSpaceBefore(list_, i) ? 1 : 0;
      const auto place = i > together ? PlaceBefore(i, column) : std::nullopt;
      if (place && (!best || !IsBetter(*best, *place))) best = place;
      if (is_full && best) return best;
    }
    if (i > item_ && Aligns(words_[i - 1])) columns_[i - 1] = column;
    // Braces that are not open blocks are not broken.
    if (words_[i].role == WordRole::kOpenBrace) together = std::max(together, words_[i].partner);
    column += words_[i].width;
  }
  return column > kLineWidth ? best : std::nullopt;
}

// None if a break is not allowed there, or the next line would not begin further left.
std::optional<LineBreaker::Place> LineBreaker::PlaceBefore(uint32_t word, uint32_t column) const {
  const uint32_t rank = RankOf(word), next_column = ColumnOf(word);
  if (rank == kNoRank || next_column >= column) return std::nullopt;
  return Place{{word, next_column}, rank, Helps(word, rank, next_column)};
}

bool LineBreaker::IsBetter(const Place& a, const Place& b) {
  return a.helps != b.helps ? a.helps : a.rank < b.rank;
}

// Whether what stands between `word` and the next place as loose fits on a line.
bool LineBreaker::Helps(uint32_t word, uint32_t rank, uint32_t column) const {
  for (uint32_t i = word; i < end_; ++i) {
    if (i > word) {
      if (MustBreakBefore(i) || RankOf(i) <= rank) return true;
      column += HasSpaceBefore(list_, i) ? 1 : 0;
    }
    column += words_[i].width;
    if (column > kLineWidth) return false;
  }
  return true;
}

uint32_t LineBreaker::RankOf(uint32_t word) const {
  const Word &here = words_[word], &before = words_[word - 1];
  const uint32_t depth_rank = here.depth * kRanksOfDepth;
  const bool is_clause =
      here.kind == TokenKind::kWhere || here.kind == TokenKind::kFor || here.kind == TokenKind::kIf;
  if (is_clause && EndsOperand(before)) return depth_rank + kClauseRank;
  if (before.kind == TokenKind::kComma && here.role != WordRole::kClose)
    return depth_rank + kCommaRank;
  if (here.precedence > 0) return depth_rank + kOperatorRank + here.precedence;
  if (before.kind == TokenKind::kAssign || before.kind == TokenKind::kCompound)
    return depth_rank + kAssignmentRank;
  const bool is_bracketed = IsOpenBracket(before) && before.kind != TokenKind::kBinary;
  if (is_bracketed && here.role != WordRole::kClose) return kLastRank;
  return kNoRank;
}

// The column of `word` if it begins a line.
uint32_t LineBreaker::ColumnOf(uint32_t word) const {
  const Word& here = words_[word];
  if (here.kind == TokenKind::kElse || here.kind == TokenKind::kLeftBrace) return indent_;
  if (here.kind == TokenKind::kWhere) return indent_ + kIndentation;
  const uint32_t bracket = here.role == WordRole::kClose ? here.partner : here.enclosing;
  const bool is_inside = bracket != kNoWord && bracket >= item_ && bracket + 1 != word;
  if (!is_inside || columns_[bracket] > kMaxAlignment) return continuation_;
  return columns_[bracket];
}

// If the break before `word` parts the rows of an array of arrays, each row gets its line.
bool LineBreaker::BreakRows(uint32_t word) {
  const uint32_t array = words_[word].enclosing;
  const bool parts_rows = words_[word - 1].kind == TokenKind::kComma && array != kNoWord &&
                          words_[array].is_array && words_[array + 1].is_array;
  if (!parts_rows || MustBreakBefore(word)) return false;
  for (uint32_t i = array + 1; i < words_[array].partner; ++i) {
    if (words_[i].kind == TokenKind::kComma) breaks_before_[i + 1] = true;
    if (IsOpenBracket(words_[i]) || words_[i].role == WordRole::kOpenBrace) i = words_[i].partner;
  }
  breaks_before_[words_[array].partner] = false;
  return true;
}

}  // namespace einkorn::frontend
