// What the pass ProveChecks tells about the checks that it clears.
#pragma once

#include <string_view>

#include "base/source.h"
#include "ir/ops.h"

namespace einkorn::ir {

/// Where the knowledge comes from that a fault cannot happen; of several, the last one here.
enum class ProofReason : uint8_t {
  kType,       ///< types and constants
  kLoop,       ///< the bounds of loops
  kShape,      ///< sizes of arrays
  kCondition,  ///< a `where`, `if` or `assert`, or a check that was made before
};
std::string_view TextOf(ProofReason reason);

/// A check that is not made, because its fault cannot happen.
struct ProvedCheck {
  SourceRange range;
  FaultKind kind = FaultKind::kOverflow;
  Opcode opcode = Opcode::kYield;
  ProofReason reason = ProofReason::kType;
};

}  // namespace einkorn::ir
