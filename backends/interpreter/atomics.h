// What the atomics of one parallel loop leave to be decided at its end.
#pragma once

#include <map>
#include <utility>

#include "backends/interpreter/run.h"

namespace einkorn::interpreter {

/// A checked sum that leaves the range of its element stores the low bits and makes a note: the
/// element's exact value is the stored one plus `wraps` times 2 to the width. Sums may come back
/// into the range, so only what is left at the end of the loop is a fault.
struct AtomicNote {
  int64_t wraps = 0;
  const ir::Function* function = nullptr;  ///< where it was first made
  ir::OpId op;
};

struct AtomicNotes {
  /// An array and the number of its element in row-major order.
  using Element = std::pair<const Array*, uint64_t>;

  uint64_t first_serial = 0;  ///< arrays made since the loop began belong to one iteration only
  std::map<Element, AtomicNote> notes = {};
};

}  // namespace einkorn::interpreter
