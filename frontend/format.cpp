#include "frontend/format.h"

#include <algorithm>

#include "frontend/format_lines.h"
#include "frontend/format_words.h"
#include "frontend/lexer.h"
#include "frontend/parser.h"

namespace einkorn::frontend {
namespace {

// Braces inside brackets, and those of fields, stay on one line up to this width.
constexpr uint32_t kShortBraces = 40;

std::optional<WordList> WordsOf(const SourceSet& sources, SourceFileId file) {
  Diagnostics diagnostics;
  const std::vector<Token> tokens = Lex(sources, file, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  return ReadWords(sources.file(file).text(), tokens);
}

// Writes items: each on its own line or lines, the items of an open block further right.
class Layout {
 public:
  explicit Layout(const WordList& list) : list_(list), lines_(list) {}

  std::string Run() {
    WriteItems(0, list_.end(), 0);
    if (!out_.empty()) out_ += '\n';
    return std::move(out_);
  }

 private:
  void WriteItems(uint32_t begin, uint32_t end, uint32_t indent) {
    for (uint32_t i = begin; i < end; i = words_[i].item_end) {
      const bool is_first = !WriteComments(i, indent, /*keep_blanks=*/i > begin) && i == begin;
      BeginLine(indent, !is_first && words_[i].after_blank);
      WriteItem(i, words_[i].item_end, indent);
    }
    WriteComments(end, indent, /*keep_blanks=*/end > begin);
  }

  // An item on one line, or in parts that end where blocks open.
  void WriteItem(uint32_t begin, uint32_t end, uint32_t indent) {
    const bool on_one_line = !HasLongBraces(begin, end) && lines_.FitsOnOneLine(begin, end, indent);
    uint32_t part = begin;
    for (uint32_t i = begin; i < end; ++i) {
      if (words_[i].role != WordRole::kOpenBrace) continue;
      const uint32_t close = words_[i].partner;
      if (!on_one_line && IsOpenBlock(i, words_[begin].depth)) {
        WritePart(begin, part, i + 1, indent);
        WriteItems(i + 1, close, indent + kIndentation);
        BeginLine(indent, /*after_blank=*/false);
        part = close;
      }
      i = close;
    }
    WritePart(begin, part, end, indent);
  }

  bool HasLongBraces(uint32_t begin, uint32_t end) const {
    for (uint32_t i = begin; i < end; ++i) {
      if (words_[i].role != WordRole::kOpenBrace) continue;
      if (lines_.SpansLines(i)) return true;
      i = words_[i].partner;
    }
    return false;
  }

  // Of an item that does not fit on one line.
  bool IsOpenBlock(uint32_t open, uint32_t item_depth) const {
    if (lines_.SpansLines(open)) return true;
    if (words_[open].partner == open + 1) return false;
    const bool is_block = !words_[open].holds_fields && words_[open].depth == item_depth;
    return is_block || !lines_.FitsOnOneLine(open, words_[open].partner, kLineWidth - kShortBraces);
  }

  // The words [begin, end) of an item, the first of them at `indent`.
  void WritePart(uint32_t item, uint32_t begin, uint32_t end, uint32_t indent) {
    lines_.BeginPart(item, begin, end, indent);
    std::optional<LineBreaker::NextLine> next = LineBreaker::NextLine{begin, indent};
    while (next) {
      const uint32_t first = next->word;
      next = lines_.EndOfLine(first, next->column);
      WriteWords(first, next ? next->word : end);
      if (!next) return;
      WriteComments(next->word, next->column, /*keep_blanks=*/false);
      BeginLine(next->column, /*after_blank=*/false);
    }
  }

  void WriteWords(uint32_t begin, uint32_t end) {
    for (uint32_t i = begin; i < end; ++i) {
      if (i > begin && HasSpaceBefore(list_, i)) out_ += ' ';
      out_ += words_[i].text;
    }
  }

  // The comments before a word: behind what was written, or on lines of their own. Whether there
  // was one of the latter.
  bool WriteComments(uint32_t word, uint32_t indent, bool keep_blanks) {
    bool on_own_line = false;
    for (const Comment& comment : list_.CommentsBefore(word)) {
      if (comment.starts_line)
        BeginLine(indent, (keep_blanks || on_own_line) && comment.after_blank);
      else
        out_ += ' ';
      out_ += comment.text;
      on_own_line |= comment.starts_line;
    }
    return on_own_line;
  }

  void BeginLine(uint32_t indent, bool after_blank) {
    if (out_.empty()) return;
    out_ += after_blank ? "\n\n" : "\n";
    out_.append(indent, ' ');
  }

  const WordList& list_;
  const std::vector<Word>& words_ = list_.words;
  LineBreaker lines_;
  std::string out_;
};

bool SameWords(const WordList& a, const WordList& b) {
  return std::ranges::equal(a.words, b.words, {}, &Word::text, &Word::text) &&
         std::ranges::equal(a.comments, b.comments, {}, &Comment::text, &Comment::text);
}

bool IsRefused(const Diagnostics& diagnostics) {
  // Behind the greatest number of errors nothing was parsed.
  return diagnostics.error_count() >= Diagnostics::kMaxDiagnostics ||
         std::ranges::any_of(diagnostics.list(), &Diagnostic::is_error);
}

}  // namespace

std::optional<std::string> LayOut(std::string_view text) {
  SourceSet sources;
  const SourceFileId before = sources.Add("before", std::string(text));
  const auto words = WordsOf(sources, before);
  if (!words) return std::nullopt;
  std::string result = Layout(*words).Run();
  const auto words_after = WordsOf(sources, sources.Add("after", result));
  EINKORN_CHECK(words_after && SameWords(*words, *words_after),
                "the layout changed the words of the text:\n" + result);
  return result;
}

std::optional<std::string> Format(const SourceSet& sources, SourceFileId file,
                                  Diagnostics& diagnostics) {
  Parse(sources, file, diagnostics);
  if (IsRefused(diagnostics)) return std::nullopt;
  auto result = LayOut(sources.file(file).text());
  EINKORN_CHECK(result || diagnostics.has_errors(), "a text that parses has no layout");
  return result;
}

}  // namespace einkorn::frontend
