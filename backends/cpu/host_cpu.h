// Which processor code is made for.
#pragma once

#include <string>

#include "backends/cpu/cpu.h"

namespace einkorn::cpu {

/// The processor named `wanted` (`native`, `x86-64-v3`, `x86-64-v4`) with its features. Refused if
/// it has another name, or if this machine lacks one of its features.
Result<HostCpu> ChooseCpu(const std::string& wanted);

}  // namespace einkorn::cpu
