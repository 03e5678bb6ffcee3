// Sizes that are known while a program is checked.
#pragma once

#include <cstdint>
#include <optional>

#include "ir/module.h"

namespace einkorn::frontend {

/// The value of an integer that follows from constants alone, if it does.
std::optional<int64_t> FoldInteger(const ir::Function& function, ir::ValueId value);

}  // namespace einkorn::frontend
