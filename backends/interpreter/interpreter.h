// The interpreter: the definition of what a module means. It walks the IR as the front end made it,
// one operation at a time, parallel loops in iteration order, on one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "backends/launch.h"

namespace einkorn {

struct InterpretOptions {
  LaunchHost* host = nullptr;  ///< runs the kernels of `launch` operations; null where none are
  /// A run that takes more operations ends with the fault `stopped`.
  std::optional<uint64_t> max_steps = std::nullopt;
  /// Debug mode: the faults race, uninitialized, unwritten and nan are looked for as well.
  bool is_debug = false;
};

/// Runs `function` of `module` with `arguments` (one a parameter). Never throws for what a program
/// does.
LaunchOutcome Interpret(const ir::Module& module, ir::FunctionId function,
                        std::span<const LaunchArgument> arguments,
                        const InterpretOptions& options = {});

}  // namespace einkorn
