// What every backend is given and gives back: one launch of the entry function of a module.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/fault.h"
#include "ir/module.h"

namespace einkorn {

/// An array where it lies. Sizes in elements, strides in bytes (row-major ones for kContiguous).
struct ArrayBinding {
  void* data = nullptr;
  std::array<int64_t, kMaxRank> sizes = {};
  std::array<int64_t, kMaxRank> strides = {};
};

/// The value of one parameter of ir::Function::params, in their order (symbols first): `bits` for
/// symbols and scalars, `array` for arrays.
struct LaunchArgument {
  uint64_t bits = 0;
  ArrayBinding array;
};

/// Printed text beyond this many bytes a launch is counted instead of kept.
inline constexpr size_t kMaxPrintedBytes = 1u << 20;

struct LaunchOutcome {
  std::optional<Fault> fault;     ///< the first one; then there are no results
  std::vector<uint64_t> results;  ///< canonical bits, one for each of Function::results
  std::string printed;            ///< what `print` wrote, in iteration order, up to the fault
};

/// Runs the kernels that a test launches. `arguments` are in the order of the parameters without
/// the symbols, which the host binds.
class LaunchHost {
 public:
  virtual ~LaunchHost() = default;
  virtual LaunchOutcome Launch(const ir::Module& module, ir::FunctionId kernel,
                               std::span<const LaunchArgument> arguments) = 0;
};

}  // namespace einkorn
