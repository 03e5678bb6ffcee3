// The interpreter: the definition of what a module means. It walks the IR as the front end made it,
// one operation at a time, parallel loops in iteration order, on one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "backends/launch.h"

namespace einkorn {

/// Runs `function` of `module` with `arguments` (one a parameter). `host` runs the kernels of
/// `launch` operations and may be null where there are none. With `max_steps` a run that takes more
/// operations ends with the fault `stopped`. Never throws for what a program does.
LaunchOutcome Interpret(const ir::Module& module, ir::FunctionId function,
                        std::span<const LaunchArgument> arguments, LaunchHost* host = nullptr,
                        std::optional<uint64_t> max_steps = std::nullopt);

}  // namespace einkorn
