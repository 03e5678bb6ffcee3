// From source text to the syntax tree of ast.h.
//
// A recursive-descent parser with precedence climbing for binary operators. A mistake is reported
// once, where it was seen; the parser then skips to the end of the statement or item and goes on,
// so that several mistakes come in one run. Input of any kind ends in linear time with bounded
// depth.
#pragma once

#include "base/diagnostic.h"
#include "base/source.h"
#include "frontend/ast.h"

namespace einkorn::frontend {

/// The syntax tree of `file`. After an error was added to `diagnostics` the tree lacks what could
/// not be parsed: ids in it may be invalid, and it is good for a dump only.
SyntaxTree Parse(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics);

}  // namespace einkorn::frontend
