// Whether arrays share memory, decided exactly where the search stays small.
#pragma once

#include <optional>
#include <span>

#include "backends/launch.h"

namespace einkorn {

/// The fault of a launch whose written arrays overlap other arguments or themselves (language.md,
/// section 5, Parameters). `arguments` has an entry a parameter.
std::optional<Fault> CheckOverlaps(const ir::Function& kernel,
                                   std::span<const LaunchArgument> arguments);

/// Whether two arrays share a byte. Views of one array with strides are told apart by a search for
/// the elements that meet; `kUnknown` if that takes too many steps.
enum class Overlap : uint8_t { kNone, kSome, kUnknown };
Overlap FindOverlap(Type left_type, const ArrayBinding& left, Type right_type,
                    const ArrayBinding& right);

/// Whether two elements of one array share a byte.
Overlap FindSelfOverlap(Type type, const ArrayBinding& array);

}  // namespace einkorn
