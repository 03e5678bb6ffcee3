// The CPU backend: modules compiled by LLVM ORC for the host's processor, parallel loops run by
// oneTBB.
#pragma once

#include <memory>
#include <string>

#include "backends/launch.h"
#include "base/result.h"
#include "ir/explanation.h"

namespace einkorn {

struct CpuOptions {
  std::string cpu = "native";  ///< an LLVM processor name, or `native`
};

struct CpuCodeOptions {
  /// Is told how checks are made and loops are run; may be null.
  ir::Explanation* explanation = nullptr;
  bool lanes = true;  ///< neighbouring parallel iterations run side by side in vectors
};

struct CpuRunOptions {
  int threads = 0;  ///< 0: as many as the process may use
};

/// One compiled module. May be run by many threads at once.
class CpuExecutable {
 public:
  virtual ~CpuExecutable() = default;
  /// Runs the entry function. `arguments` as in LaunchArgument.
  virtual LaunchOutcome Run(std::span<const LaunchArgument> arguments,
                            const CpuRunOptions& options) const = 0;
};

enum class CpuText { kLlvm, kLlvmOptimized, kAssembly };

/// Owns the JIT. May be used by many threads. Executables keep what they need alive.
class CpuCompiler {
 public:
  virtual ~CpuCompiler() = default;
  /// Refused if the processor lacks hardware fma (x86-64-v3), or is not one LLVM knows.
  static Result<std::unique_ptr<CpuCompiler>> Create(const CpuOptions& options);

  /// The width of the processor's vectors.
  virtual unsigned vector_bits() const = 0;
  /// Compiles a module that Optimize has prepared. A failure is our own mistake (InternalError) or
  /// a lack of memory (Error).
  virtual Result<std::unique_ptr<CpuExecutable>> Compile(const ir::Module& module,
                                                         const CpuCodeOptions& options) = 0;
  /// The module as LLVM IR or assembly, for `emit`.
  virtual Result<std::string> Emit(const ir::Module& module, const CpuCodeOptions& options,
                                   CpuText text) = 0;
};

/// The name LLVM gives the host's processor, and its features in LLVM's form.
struct HostCpu {
  std::string name;
  std::string features;
};
HostCpu DetectHostCpu();

}  // namespace einkorn
