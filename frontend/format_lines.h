// Where lines that are too long are broken.
//
// A break stands at the loosest place that helps: outside brackets rather than inside, before
// `where`, `for` and `if`, else after a comma, else before the operator that binds loosest. It
// helps if what stands between it and the next place as loose fits on a line. Of several such
// places the last one is taken, so lines are filled.
#pragma once

#include <optional>
#include <vector>

#include "frontend/format_words.h"

namespace einkorn::frontend {

inline constexpr uint32_t kLineWidth = 100;
inline constexpr uint32_t kIndentation = 4;

class LineBreaker {
 public:
  explicit LineBreaker(const WordList& list);

  /// Whether the words [begin, end) of an item may stand on one line from `column` on, and fit.
  bool FitsOnOneLine(uint32_t begin, uint32_t end, uint32_t column) const;

  /// Whether a line must end before `word`, which is not the first of its item.
  bool MustBreakBefore(uint32_t word) const;

  /// Whether the brace stands on several lines in the source. An empty block without a comment
  /// never does.
  bool SpansLines(uint32_t open_brace) const;

  /// Begins a part of an item that is broken by itself: [begin, end), which ends with the item or
  /// with the `{` of an open block.
  void BeginPart(uint32_t item, uint32_t begin, uint32_t end, uint32_t indent);

  /// Where the next line of the part begins.
  struct NextLine {
    uint32_t word;
    uint32_t column;
  };

  /// The end of the line that begins with `word` at `column`; none if the part ends with it.
  std::optional<NextLine> EndOfLine(uint32_t word, uint32_t column);

 private:
  static constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();
  struct Place {
    NextLine line;
    uint32_t rank = kNoRank;
    bool helps = false;
  };

  std::optional<Place> FindPlace(uint32_t word, uint32_t column);
  std::optional<Place> PlaceBefore(uint32_t word, uint32_t column) const;
  static bool IsBetter(const Place& a, const Place& b);
  bool Helps(uint32_t word, uint32_t rank, uint32_t column) const;
  bool BreakRows(uint32_t word);
  uint32_t RankOf(uint32_t word) const;
  uint32_t ColumnOf(uint32_t word) const;

  const WordList& list_;
  const std::vector<Word>& words_ = list_.words;
  std::vector<bool> breaks_before_;  ///< decided here: before `where`, between rows
  std::vector<uint32_t> columns_;    ///< of a bracket: where the word behind it stands
  uint32_t item_ = 0, end_ = 0;
  uint32_t indent_ = 0, continuation_ = 0;
};

}  // namespace einkorn::frontend
