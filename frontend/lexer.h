// From source text to tokens.
#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "frontend/token.h"

namespace einkorn::frontend {

/// The tokens of `file`; the last one is kEnd. What cannot be a token is reported and becomes one
/// of kind kInvalid. Text that is not UTF-8 is reported once and has no tokens; lexing also ends
/// when `diagnostics` holds as many errors as it keeps.
std::vector<Token> Lex(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics);

/// Whether `text` could be a name: a letter or `_`, then letters, digits and `_`. Keywords count.
bool IsName(std::string_view text);

/// The tokens of the bytes [begin, end) of `file`, which Lex has seen before: the inside of `{}` in
/// a string.
std::vector<Token> LexPart(const SourceSet& sources, SourceFileId file, size_t begin, size_t end,
                           Diagnostics& diagnostics);

}  // namespace einkorn::frontend
