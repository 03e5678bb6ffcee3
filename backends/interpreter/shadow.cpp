#include "backends/interpreter/shadow.h"

#include <algorithm>

namespace einkorn::interpreter {
namespace {

bool Conflicts(AccessKind a, AccessKind b) {
  return a != b || a == AccessKind::kWrite;
}

}  // namespace

std::optional<Conflict> Shadow::Access(const std::byte* element, AccessKind kind,
                                       const std::vector<OpenLoop>& loops) {
  if (loops.empty()) return std::nullopt;
  Cell& cell = cells_[element];
  for (size_t k = 0; k < kAccessKindCount; ++k) {
    const auto other = static_cast<AccessKind>(k);
    if (!Conflicts(kind, other)) continue;
    const std::vector<Stamp>& stamps = cell.stamps[k];
    for (size_t level = 0; level < std::min(stamps.size(), loops.size()); ++level) {
      const Stamp& stamp = stamps[level];
      if (stamp.loop != loops[level].serial) break;
      if (stamp.iteration != loops[level].iteration || stamp.is_by_several)
        return Conflict{other, level, stamp.iteration};
    }
  }
  std::vector<Stamp>& stamps = cell.stamps[static_cast<size_t>(kind)];
  stamps.resize(loops.size());
  bool is_same = true;  // the loops so far are those of the last access, in the same iterations
  for (size_t level = 0; level < loops.size(); ++level) {
    Stamp& stamp = stamps[level];
    is_same = is_same && stamp.loop == loops[level].serial;
    if (!is_same) {
      stamp = {loops[level].serial, loops[level].iteration, false};
      continue;
    }
    // The first iteration is kept, the others are only known to be there.
    if (stamp.iteration == loops[level].iteration) continue;
    stamp.is_by_several = true;
    is_same = false;
  }
  return std::nullopt;
}

void Shadow::Forget(const Array& array) {
  if (cells_.empty() && written_.empty()) return;
  for (ElementWalk walk(array); !walk.done(); walk.Next()) {
    cells_.erase(walk.address());
    written_.erase(walk.address());
  }
}

}  // namespace einkorn::interpreter
