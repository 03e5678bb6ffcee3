// The targets that this build has.
#pragma once

#include <vector>

#include "runtime/session.h"

namespace einkorn {

inline std::vector<Target> Targets() {
#ifdef EINKORN_WITH_LLVM
  return {Target::kInterpreter, Target::kCpu};
#else
  return {Target::kInterpreter};
#endif
}

}  // namespace einkorn
