// The one layout of programs.
//
// The layout follows from the words of a text alone, not from its syntax tree, so it covers what
// the parser does not know yet. It is made in three steps: the words with their parts in it
// (format_words.h), statements and blocks (format.cpp), the breaks of lines that are too long
// (format_lines.h). The rules for users stand in docs/command.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/source.h"

namespace einkorn::frontend {

/// `text` in the one layout: the same words and comments in the same order, with other white space.
/// Laying out the result changes nothing. None if the text has words that the lexer refuses or
/// brackets without partners.
std::optional<std::string> LayOut(std::string_view text);

/// The layout of a file that the parser takes, constructs that are not built included. None if it
/// does not; `diagnostics` says why.
std::optional<std::string> Format(const SourceSet& sources, SourceFileId file,
                                  Diagnostics& diagnostics);

}  // namespace einkorn::frontend
