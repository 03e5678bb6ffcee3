// How large an array may be, for those who make arrays and those who are given them.
#pragma once

#include <unistd.h>

#include "ir/types.h"

namespace einkorn {

/// More bytes than this no array holds or reaches over, so that no product of index and stride
/// overflows.
inline constexpr Int128 kMostArrayBytes = Int128(1) << 47;

/// The memory of this machine. A larger allocation may succeed and end the process when it is used.
inline Int128 PhysicalBytes() {
  return Int128(sysconf(_SC_PHYS_PAGES)) * static_cast<Int128>(sysconf(_SC_PAGESIZE));
}

}  // namespace einkorn
