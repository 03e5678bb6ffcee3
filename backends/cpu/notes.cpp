#include "backends/cpu/notes.h"

#include <cstring>

namespace einkorn::cpu {
namespace {

// The number of an element in row-major order.
uint64_t NumberOf(std::span<const uint64_t> indices_and_sizes) {
  const size_t rank = indices_and_sizes.size() / 2;
  uint64_t number = 0;
  for (size_t d = 0; d < rank; ++d)
    number = number * indices_and_sizes[rank + d] + indices_and_sizes[d];
  return number;
}

ScalarType ElementType(const Launch& launch, const Site& site) {
  const ir::Function& function = launch.module->function(site.function);
  return function.type(function.operand(function.op(site.op), 0)).scalar;
}

}  // namespace

void AtomicNotes::Add(const Launch& launch, uint32_t site, void* element,
                      std::vector<uint64_t> indices_and_sizes, int direction) {
  const Key key(launch.tables->sites[site].first_atomic, NumberOf(indices_and_sizes));
  const std::lock_guard lock(mutex_);
  Note& note = notes_[key];
  note.element = element;
  note.indices_and_sizes = std::move(indices_and_sizes);
  note.wraps += direction;
}

std::optional<AtomicNotes::Overflow> AtomicNotes::First(const Launch& launch) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, note] : notes_) {
    if (note.wraps == 0) continue;
    const ScalarType type = ElementType(launch, launch.tables->sites[key.first]);
    uint64_t bits = 0;
    std::memcpy(&bits, note.element, static_cast<size_t>(BytesOf(type)));
    const Int128 exact = IntegerValue(type, bits) + note.wraps * (Int128(1) << BitsOf(type));
    Overflow overflow{key.first, note.indices_and_sizes};
    overflow.operands.push_back(static_cast<uint64_t>(exact));
    overflow.operands.push_back(static_cast<uint64_t>(exact >> 64));
    return overflow;
  }
  return std::nullopt;
}

}  // namespace einkorn::cpu
