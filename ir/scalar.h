// The meaning of every operation on scalars, once.
//
// Constant folding and the interpreter both call `Evaluate`, so they cannot disagree. The code that
// a backend emits for an operation is compared with it by tests over the whole table.
#pragma once

#include <optional>
#include <span>

#include "ir/ops.h"

namespace einkorn {

struct ScalarOutcome {
  /// The result. After a fault the value that an operation without the check gives here: the low
  /// bits after an overflow, else 0. Programs must not depend on it.
  uint64_t bits = 0;
  std::optional<FaultKind> fault;
};

/// The result of `opcode` under `rule`. `types` and `operands` have one entry an operand; `result`
/// is the type of the result. Only operations with HasScalarMeaning may be asked. NaN results are
/// the canonical NaN. Where two faults are possible, division and shift come before overflow.
ScalarOutcome Evaluate(Opcode opcode, Rule rule, std::span<const ScalarType> types,
                       std::span<const uint64_t> operands, ScalarType result);

/// Whether `Evaluate` may be asked for this operation: all rows of ops.def before memory, without
/// the constants, whose value is not in their operands.
bool HasScalarMeaning(Opcode opcode);

/// What an atomic makes of an element and a value, both of integer type `type`. Only add and sub
/// can overflow and look at the rule.
ScalarOutcome EvaluateAtomic(AtomicKind kind, Rule rule, ScalarType type, uint64_t element,
                             uint64_t value);

/// The canonical quiet NaN of a float or storage type: positive, with no payload.
uint64_t CanonicalNan(ScalarType type);

/// How many values a range holds, 0 if it is empty. `from`, `to` and `step` are mathematical values
/// of one integer type; `step` must not be 0. An inclusive range over all of a 64-bit type holds
/// 2^64 values, one more than a 64-bit count can say.
UInt128 RangeCount(Int128 from, Int128 to, Int128 step, bool inclusive);

/// The bits of `from + iteration * step`: the value of the induction variable in iteration 0, 1,
/// ... of a range of `type`. Exact for every iteration below RangeCount, also beside the ends of
/// the type.
inline uint64_t RangeValue(ScalarType type, uint64_t from, uint64_t step, uint64_t iteration) {
  return Canonical(type, from + step * iteration);
}

}  // namespace einkorn
