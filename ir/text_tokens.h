// The tokens of IR text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace einkorn::ir {

enum class TextTokenKind {
  kWord,         ///< add, array_equal
  kNumber,       ///< 12, -3, 1.5e-07
  kValue,        ///< %x, %x.1, %"two words", %7
  kFunction,     ///< @f, written like values
  kString,       ///< "text"
  kPunctuation,  ///< one character, or ->
  kInvalid,      ///< bytes that begin no token, or a string without an end
  kEnd,
};

struct TextToken {
  TextTokenKind kind = TextTokenKind::kEnd;
  std::string_view text;  ///< as written
  std::string name;  ///< value, function: what it is called, empty for %7; string: its contents
  size_t offset = 0;
  bool begins_line = false;  ///< whether only blanks stand before it on its line
};

/// The token that begins at or after `offset`, past blanks and comments.
TextToken NextTextToken(std::string_view text, size_t offset);

}  // namespace einkorn::ir
