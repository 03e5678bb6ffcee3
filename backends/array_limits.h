// How large an array may be here, for those who make arrays.
#pragma once

#include <unistd.h>

#include "ir/types.h"

namespace einkorn {

/// The memory of this machine. A larger allocation may succeed and end the process when it is used.
inline Int128 PhysicalBytes() {
  return Int128(sysconf(_SC_PHYS_PAGES)) * static_cast<Int128>(sysconf(_SC_PAGESIZE));
}

}  // namespace einkorn
