// The IR as text: a stable form for people, tests and `emit`, which reads back to the same module.
//
//   entry kernel @saxpy(symbol %n: i64, scalar %a: f32, in %x: array<f32, 1>[%n],
//                       inout %y: array<f32, 1>[%n]) {
//     %0 = constant 0 : i64
//     %1 = constant 1 : i64
//     parallel.checked %0, %n, %1 checks() { (%i: i64)
//       %2 = load.checked %x, %i : f32
//       ...
//       store.checked %y, %i, %5
//       yield
//     }
//     yield
//   }
//
// An operation stands on one line: its row's name with its rule, the words of its immediate, its
// operands, the types of its results, and what it has besides: `checks(...)` where checks were
// cleared, `text "..."`, and `at` its place, then its regions in braces with their arguments. `%x`
// is a value named x by the source, `%x.1` the second one of that name, `%3` one without a name;
// functions are named the same way with @. A name that is not a word stands in quotes.
//
// A size of a parameter is a sum of products of symbols, followed by how the source writes it where
// that differs; `strided` marks a layout. After the type of another array the quoted text is its
// sizes as the source writes them. Places are the file's number and the offsets of the range, then
// those of its caret where they differ. `//` begins a comment.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ir/module.h"

namespace einkorn::ir {

struct PrintOptions {
  bool places = false;  ///< also source ranges
};

/// The module as text. What the tables hold but no region leads to is left out.
std::string Print(const Module& module, const PrintOptions& options = {});
std::string Print(const Module& module, FunctionId function, const PrintOptions& options = {});

/// The module that `text` describes. Any bytes may be given; what is not IR text is refused with
/// line and column. The module is well formed as text only: Verify says whether it means anything.
Result<Module> ParseModule(std::string_view text);

/// Regions nested deeper than this are neither read nor written.
inline constexpr int kMaxRegionDepth = 200;

}  // namespace einkorn::ir
