// What is asked about small sequential loops before they are emitted in another form.
#pragma once

#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

/// Whether it is a `for` that counts up by one to an end that it does not reach; it may be left.
bool CountsByOne(const Function& function, const Op& loop);
/// The accesses in a small loop with a check of their bounds whose indices are its variable and
/// what does not change in it; none of other loops.
std::vector<OpId> AccessesToGuard(const Function& function, const Op& loop);
/// The operations by which a small loop combines each of its carried values with a term, if all of
/// them are minima or maxima of integers: for these it does not matter in which order, or how
/// often. None of other loops.
std::vector<OpId> CombinersOf(const Function& function, const Op& loop);

}  // namespace einkorn::ir
