// Whether a module means anything.
//
// Everything that reads IR may rely on what is proved here: ids name entries, every value is
// defined before it is used and visible there, regions form a tree and end in `yield`, operands,
// results and rules are those of the operation's row, and calls, loops and yields agree with each
// other.
#pragma once

#include <string>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

/// What is wrong, one sentence an entry, each naming the function and the operation; empty if
/// nothing is. Any tables may be given.
std::vector<std::string> Verify(const Module& module);

}  // namespace einkorn::ir
