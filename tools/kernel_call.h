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
  std::vector<DataType> types;      ///< of its type parameters
  DataType result;                  ///< invalid: none
  std::vector<Argument> arguments;  ///< those of each of its parameters in turn
  std::vector<NamedSize> sizes;
  std::map<std::string, HostArray> arrays;  ///< by parameter
};

/// Types given as T=f32, else decided by the files among the values.
Result<std::vector<DataType>> ChooseTypes(const frontend::KernelInfo& kernel,
                                          const std::vector<std::string>& given,
                                          const std::map<std::string, HostArray>& files);

/// Reads the values, makes the `out` arrays, and leaves nothing open but the launch itself. Sizes
/// that do not agree are a Fault.
Result<KernelCall, LaunchRefusal> PrepareCall(const Program& program,
                                              const frontend::KernelInfo& kernel,
                                              const std::vector<std::string>& words,
                                              const std::vector<std::string>& types);

}  // namespace einkorn::command
