// A kernel with the VALUEs of a command line: from NAME=VALUE to arguments.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tools/host_array.h"

namespace einkorn::command {

/// What a kernel is launched with. The arguments point into `arrays`.
struct KernelCall {
  frontend::Specialization chosen;
  DataType result;                  ///< invalid: none
  std::vector<Argument> arguments;  ///< those of each of its parameters in turn
  std::vector<NamedSize> sizes;
  std::map<std::string, HostArray> arrays;  ///< by parameter
};

/// Words behind `--type` and `--static`: T=f32, radius=3.
struct SpecializationWords {
  std::vector<std::string> types;
  std::vector<std::string> statics;
};

/// Types as they are given, else decided by the files among the values; static values as given.
Result<frontend::Specialization> ChooseSpecialization(
    const frontend::KernelInfo& kernel, const SpecializationWords& given,
    const std::map<std::string, HostArray>& files);

/// Reads the values, makes the `out` arrays, and leaves nothing open but the launch itself. Sizes
/// that do not agree are a Fault.
Result<KernelCall, LaunchRefusal> PrepareCall(const Program& program,
                                              const frontend::KernelInfo& kernel,
                                              const std::vector<std::string>& words,
                                              const SpecializationWords& given);

}  // namespace einkorn::command
