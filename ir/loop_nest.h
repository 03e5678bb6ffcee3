// What passes ask about loops before they rearrange them.
#pragma once

#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

/// Whether it is a `for` over integers with a sign that counts up by one, cannot fail by itself and
/// runs to its end.
bool IsCountingLoop(const Function& function, const Op& op);
/// Marks the values that a region makes, with all that is in it.
void MarkInside(const Function& function, RegionId region, std::vector<bool>& is_inside);
/// Whether it is a constant, a load or a scalar operation that cannot fail.
bool IsSimple(const Op& op);
/// Whether it stores nothing and cannot fail, with all that is in it.
bool OnlyComputes(const Function& function, const Op& op);

/// Whether two arrays of different storage may share elements after all: where one is a view, made
/// before its array was exchanged for the other one.
bool MayBePartOf(const Function& function, ValueId a, ValueId b);

}  // namespace einkorn::ir
