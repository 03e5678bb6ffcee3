// The words of a text as its layout sees them: tokens with their parts, and the comments between.
//
// Words form *items*: the declarations of a file, the statements of a block, the fields of a
// struct. Braces hold items; an item may hold braces. Items are found by their first word and by
// brackets, without the grammar.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "frontend/token.h"

namespace einkorn::frontend {

/// What a word does to the white space around it.
enum class WordRole : uint8_t {
  kOperand,  ///< a name or a literal
  kKeyword,  ///< a name that acts as one too: `step`
  kPrefix,   ///< `-` of `-x`, `@`: hugs the word behind it
  kInfix,    ///< `+`, `=`, `as`, `->`
  kLink,     ///< `.`, `..`, `..=`: hugs the words on both sides
  kMark,     ///< `,`, `;`, `:`: hugs the word before it
  kOpen,     ///< `(` and `[`
  kHugging,  ///< those behind what they belong to: `f(x)`, `x[i]`, `f<T>`
  kClose,    ///< `)`, `]`, and `>` of types
  kOpenBrace,
  kCloseBrace,
};

inline constexpr uint32_t kNoWord = std::numeric_limits<uint32_t>::max();

struct Word {
  std::string_view text;
  uint32_t width = 0;            ///< in characters
  uint32_t line = 0;             ///< grows where a word begins a line of the source
  uint32_t first_comment = 0;    ///< of those before it
  uint32_t partner = kNoWord;    ///< of a bracket: the other one
  uint32_t enclosing = kNoWord;  ///< the innermost open bracket, or the `where` it belongs to
  uint32_t item_end = 0;         ///< if an item begins here: behind its last word
  uint16_t depth = 0;            ///< how many brackets are open around it
  TokenKind kind = TokenKind::kEnd;
  WordRole role = WordRole::kOperand;
  uint8_t precedence = 0;     ///< of a binary operator
  bool starts_line = false;   ///< in the source
  bool after_blank = false;   ///< a blank line stands before it in the source
  bool holds_fields = false;  ///< of `{`: `name: …` with commas, not statements
  bool is_array = false;      ///< of `[`: an array literal, neither an index nor a type
};

struct Comment {
  std::string_view text;  ///< with its slashes, without blanks at its end
  bool starts_line = false;
  bool after_blank = false;
};

struct WordList {
  std::vector<Word> words;  ///< the last one is the end of the text
  std::vector<Comment> comments;

  uint32_t end() const { return static_cast<uint32_t>(words.size() - 1); }
  std::span<const Comment> CommentsBefore(uint32_t word) const;
};

/// The words of `text`, of which `tokens` are those that Lex gave. None if brackets do not match.
std::optional<WordList> ReadWords(std::string_view text, std::span<const Token> tokens);

/// Whether a word can be the end of an operand: what follows is an operator, an index or a call.
bool EndsOperand(const Word& word);

/// Whether there is a space before `word` if it does not begin a line.
bool HasSpaceBefore(const WordList& list, uint32_t word);

}  // namespace einkorn::frontend
