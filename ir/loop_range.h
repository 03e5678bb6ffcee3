// One range of a loop, as it is known before the loop and inside it.
#pragma once

#include "ir/ranges.h"

namespace einkorn::ir {

struct KnownRange {
  Polynomial from;
  /// How far the end is from there in the direction of the step, one more if it is inclusive;
  /// unknown where the direction is.
  Polynomial extent;
  int direction = 0;  ///< 1, -1, or 0 if it is not known
  Int128 stride = 0;  ///< how large the step is; 0 if it is not constant
  /// The variable, or with a larger stride than 1 the number of the iteration.
  Atom atom = 0;
  Polynomial first;   ///< value of the atom
  Int128 change = 0;  ///< of the atom from iteration to iteration; 0 if it is not known

  /// The atom's value in the next iteration.
  Polynomial next() const {
    return change == 0 ? Polynomial::Unknown() : Polynomial::Of(atom) + change;
  }
  /// The number of the iteration, from 0, if the change is known.
  Polynomial iteration() const { return (Polynomial::Of(atom) - first) * change; }
};

/// Range `k` of a loop whose variable is `variable`, and the form of the variable.
KnownRange DefineRange(const Function& function, const Op& loop, size_t k, ValueId variable,
                       Ranges& ranges);
/// Takes note of what holds in every iteration.
void AssumeInside(const KnownRange& range, Facts& facts);

}  // namespace einkorn::ir
