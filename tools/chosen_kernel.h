// The kernel that `emit` and `explain` are about.
#pragma once

#include <memory>
#include <optional>

#include "tools/report.h"

namespace einkorn::command {

struct ChosenKernel {
  std::shared_ptr<const Program> program;
  const frontend::KernelInfo* kernel = nullptr;
  frontend::Specialization specialization;
  CompileOptions compile;
};

/// Reads the program that the options name, and chooses its kernel, types and static values;
/// nothing after an error was reported, then `status` is set.
std::optional<ChosenKernel> LoadChosenKernel(const Options& options, const Streams& streams,
                                             int& status);

}  // namespace einkorn::command
