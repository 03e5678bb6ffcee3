// Typed 32-bit indices, used instead of pointers wherever data lives in a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace einkorn {

/// An index into the table named by `Tag`. A default-made id names nothing.
template <typename Tag>
struct Id {
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t index = kNone;

  constexpr Id() = default;
  constexpr explicit Id(size_t value) : index(static_cast<uint32_t>(value)) {}

  constexpr bool valid() const { return index != kNone; }
  friend constexpr bool operator==(Id, Id) = default;
  friend constexpr auto operator<=>(Id, Id) = default;
};

}  // namespace einkorn

template <typename Tag>
struct std::hash<einkorn::Id<Tag>> {
  size_t operator()(einkorn::Id<Tag> id) const noexcept { return id.index; }
};
