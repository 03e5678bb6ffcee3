// What debug mode remembers of the elements of arrays: whether they have a value, and which
// iterations of the parallel loops in progress have used them.
//
// Elements go by their addresses, so that views and arrays of structs need no care. Two accesses
// race if an open loop has made them in different iterations and one of them writes; atomic ones
// race with all others, not with each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backends/interpreter/array.h"

namespace einkorn::interpreter {

enum class AccessKind : uint8_t { kRead, kWrite, kAtomic };
inline constexpr size_t kAccessKindCount = 3;

/// One run of a loop with independent iterations, and the one in progress, from 0.
struct OpenLoop {
  uint64_t serial = 0;
  uint64_t iteration = 0;
};

/// An access that was made before, by another iteration of the open loop number `level`.
struct Conflict {
  AccessKind kind = AccessKind::kRead;
  size_t level = 0;
  uint64_t iteration = 0;
};

class Shadow {
 public:
  /// Notes an access from inside of `loops`, outermost first; the race it makes, if it makes one.
  std::optional<Conflict> Access(const std::byte* element, AccessKind kind,
                                 const std::vector<OpenLoop>& loops);

  void SetWritten(const std::byte* element) { written_.insert(element); }
  bool IsWritten(const std::byte* element) const { return written_.contains(element); }

  /// Another array lay here before.
  void Forget(const Array& array);

 private:
  struct Stamp {
    uint64_t loop = 0;  // its serial
    uint64_t iteration = 0;
    bool is_by_several = false;
  };
  struct Cell {
    std::vector<Stamp> stamps[kAccessKindCount];  // one a level
  };

  std::unordered_map<const std::byte*, Cell> cells_;
  std::unordered_set<const std::byte*> written_;
};

}  // namespace einkorn::interpreter
