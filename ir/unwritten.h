// Reads of `out` arrays before anything can have written to them.
#pragma once

#include <functional>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

struct UnwrittenRead {
  size_t param = 0;  ///< of the function: an `out` array
  OpId read;         ///< a `load`, `atomic`, `array_equal` or `call`
};

/// Says whether a call may write an array that it is given.
using CallWrites = std::function<bool(OpId call, ValueId array)>;

/// The first read of each `out` array that no write precedes in the text of the function. A read in
/// a sequential loop that also writes the array counts only if the first iteration makes it, where
/// any does; what other iterations of a parallel loop write is no help.
std::vector<UnwrittenRead> FindUnwrittenReads(const Function& function,
                                              const CallWrites& call_writes);

}  // namespace einkorn::ir
