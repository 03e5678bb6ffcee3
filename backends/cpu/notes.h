// Atomic sums that left the range of their element, until the end of their loop decides.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "backends/cpu/state.h"

namespace einkorn::cpu {

/// Notes of one parallel loop; may be added to by many threads. Rare: a counter of 8 bits makes one
/// in 256 additions.
class AtomicNotes {
 public:
  /// The sum of an element passed an end of its type: the exact value is the stored one plus 2 to
  /// the width (`direction` 1) or minus it (-1). `indices_and_sizes` are those of the element and
  /// the array.
  void Add(const Launch& launch, uint32_t site, void* element,
           std::vector<uint64_t> indices_and_sizes, int direction);

  struct Overflow {
    uint32_t site;                   ///< a fault site without scopes: the loop is over
    std::vector<uint64_t> operands;  ///< as DescribeFault wants them
  };
  /// The overflow to report if some element's exact value does not fit: that of the array which an
  /// atomic combines into first in program order, in it that of the first element.
  std::optional<Overflow> First(const Launch& launch) const;

 private:
  /// Site::first_atomic, then the element's number in row-major order.
  using Key = std::pair<uint32_t, uint64_t>;
  struct Note {
    void* element = nullptr;
    std::vector<uint64_t> indices_and_sizes;
    int64_t wraps = 0;
  };
  mutable std::mutex mutex_;
  std::map<Key, Note> notes_;
};

}  // namespace einkorn::cpu
