// Loops that are proved racy: two of their iterations touch one element, and one of them writes it.
//
// The search proves races, not their absence: what it does not understand passes. Subscripts are
// sums of multiples of loop variables (ir/affine.h). Two accesses that have the same sums but for
// constants meet if a difference between iterations makes up for the constants; differences are
// tried in a small box. What is found happens in every run that has enough iterations and no fault:
// only accesses count that each iteration makes.
#pragma once

#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

struct Race {
  OpId loop;
  ValueId array;  ///< made outside the loop; not a view
  OpId write;     ///< a `store` or `atomic`
  OpId other;     ///< the access that it meets in another iteration; may be the same operation
  bool is_by_all = false;  ///< all iterations meet there; else those that differ by `distance`
  bool is_update = false;  ///< each iteration also reads the element that it writes
  struct Step {
    ValueId variable;  ///< of the loop
    int64_t distance = 0;
  };
  std::vector<Step> distance;  ///< one step for each variable; the first that is not 0 is positive
};

/// The races of the parallel loops, and of those over lanes, in `region` and all regions inside: at
/// most one for each loop and array.
std::vector<Race> FindRaces(const Function& function, RegionId region);

}  // namespace einkorn::ir
