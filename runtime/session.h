// Sessions: kernels specialised by their arguments, compiled once, and launched.
//
// A session may be used by many threads. What it hands out is immutable and lives as long as
// somebody holds it. Nothing is shared between sessions.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "backends/launch.h"
#include "ir/explanation.h"
#include "runtime/arguments.h"
#include "runtime/program.h"

namespace einkorn {

enum class Target : uint8_t { kInterpreter, kCpu };
enum class Mode : uint8_t {
  kChecked,  ///< every check of the language
  kDebug,    ///< also races, elements without a value, and NaN made from numbers; interpreter only
  kUnchecked,  ///< none; faults are undefined
};

struct CompileOptions {
  Target target = Target::kCpu;
  Mode mode = Mode::kChecked;
  std::string cpu = "native";  ///< `native`, `x86-64-v3`, `x86-64-v4`; for the target cpu
  bool lanes = true;           ///< cpu: parallel iterations may run side by side in vectors

  friend auto operator<=>(const CompileOptions&, const CompileOptions&) = default;
};

/// One specialisation, ready to run on one target.
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// The kernel and what it uses, as the front end made it, with the layouts of its arrays.
  const ir::Module& module() const { return module_; }
  const ir::Function& function() const { return module_.entry_function(); }
  /// Runs it with an argument a parameter, which must have passed the checks of a launch. `threads`
  /// 0: as many as the caller may use.
  virtual LaunchOutcome Run(std::span<const LaunchArgument> arguments, int threads) const = 0;

 protected:
  explicit Kernel(ir::Module module) : module_(std::move(module)) {}

 private:
  ir::Module module_;
};
using KernelPointer = std::shared_ptr<const Kernel>;

/// The stages that are shown as text.
enum class Stage : uint8_t { kIr, kOptimized, kLlvm, kAssembly };

class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The kernel `name` for these types and static values; contiguous arrays. Compiled when first
  /// asked for.
  Result<KernelPointer> Compile(const std::shared_ptr<const Program>& program,
                                const std::string& name, const frontend::Specialization& chosen,
                                const CompileOptions& options) {
    return Compile(program, name, chosen, {}, options);
  }
  /// The same with the layouts of its array parameters, in their order; all contiguous if empty.
  Result<KernelPointer> Compile(const std::shared_ptr<const Program>& program,
                                const std::string& name, const frontend::Specialization& chosen,
                                const std::vector<ir::Layout>& layouts,
                                const CompileOptions& options);
  /// A module that was lowered already; not remembered.
  Result<KernelPointer> CompileModule(ir::Module module, const CompileOptions& options);

  /// Checks the arguments, finds the specialisation for their layouts and runs it. Refused requests
  /// are Errors; everything that a program's meaning covers is in the outcome, sizes that do not
  /// agree and overlaps included. No argument may be omitted.
  Result<LaunchOutcome> Launch(const std::shared_ptr<const Program>& program,
                               const std::string& name, const frontend::Specialization& chosen,
                               std::span<const Argument> arguments,
                               std::span<const NamedSize> sizes, const CompileOptions& options,
                               int threads);

  /// A kernel with contiguous arrays as text.
  Result<std::string> Emit(const Program& program, const std::string& name,
                           const frontend::Specialization& chosen, const CompileOptions& options,
                           Stage stage);

  /// What becomes of the checks and loops of a kernel with contiguous arrays on the target cpu.
  Result<ir::Explanation> Explain(const Program& program, const std::string& name,
                                  const frontend::Specialization& chosen,
                                  const CompileOptions& options);

  /// How many specialisations were compiled.
  size_t compiled_count() const { return compiled_count_; }

 private:
  struct Compilers;
  struct Lowered;
  struct Entry;
  using LoweredKey = std::tuple<const Program*, std::string, frontend::Specialization>;
  using Key = std::tuple<const Program*, std::string, frontend::Specialization,
                         std::vector<ir::Layout>, CompileOptions>;

  Result<std::shared_ptr<const Lowered>> Lower(const std::shared_ptr<const Program>& program,
                                               const std::string& name,
                                               const frontend::Specialization& chosen);

  std::unique_ptr<Compilers> compilers_;
  std::atomic<size_t> compiled_count_ = 0;
  std::mutex mutex_;  // of the maps; held for a look-up only
  std::map<LoweredKey, std::shared_ptr<const Lowered>> lowered_;
  std::map<Key, std::shared_ptr<Entry>> kernels_;
};

}  // namespace einkorn
