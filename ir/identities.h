// What is known about one scalar operation from its operands alone: its value, a simpler operation
// that means the same, and faults that it cannot have.
#pragma once

#include <optional>

#include "ir/module.h"

namespace einkorn::ir {

/// What may stand for an operation. At most one is set; none if nothing simpler is known.
struct Simpler {
  ValueId value = {};                 ///< a value that there is already
  std::optional<uint64_t> bits = {};  ///< a constant of the result's type
  std::optional<OpSpec> op = {};      ///< another operation, without checks
};

/// Holds for every operand, under the operation's rule. An operation that would fault on constants
/// is left as it is, so that it faults at run time; one that may still fault is never replaced by
/// another operation. `spec` has one scalar result and no regions.
Simpler SimplerForm(const Function& function, const OpSpec& spec);

/// The faults that `spec` cannot have, whatever its operands that are not constant are.
FaultSet ImpossibleFaults(const Function& function, const OpSpec& spec);

/// Whether every value of `from` is converted to `to` without change.
bool KeepsValues(ScalarType from, ScalarType to);

}  // namespace einkorn::ir
