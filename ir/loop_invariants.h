// Guesses at what holds before each iteration of a loop about the values that it carries.
//
// A guess is a polynomial over the arguments of the loop that may never be negative. It is kept if
// it holds before the first iteration and if each iteration passes it on to the next one; that is
// found out by those who walk the loop (ir/prove_checks.cpp).
#pragma once

#include <vector>

#include "ir/loop_range.h"

namespace einkorn::ir {

/// A value that a loop carries. `argument` is that of the region that sees it first.
struct CarriedValue {
  ValueId first, argument, next, result;
  Atom atom = 0;             ///< of an integer; else 0
  bool keeps_sizes = false;  ///< an array that always has the sizes of the first one
};

std::vector<CarriedValue> CarriedValues(const Function& function, const Op& loop);

/// `range` is null for a `while`.
std::vector<Polynomial> GuessInvariants(const Function& function, const Op& loop,
                                        const std::vector<CarriedValue>& carried,
                                        const KnownRange* range, const Ranges& ranges);

}  // namespace einkorn::ir
