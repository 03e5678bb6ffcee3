#include "runtime/session.h"

#include <fmt/format.h>

#include "backends/interpreter/interpreter.h"
#include "ir/passes.h"
#include "ir/text.h"
#include "runtime/overlap.h"

#ifdef EINKORN_WITH_LLVM
#include "backends/cpu/cpu.h"
#endif

namespace einkorn {
namespace {

constexpr bool kVerify =
#ifdef NDEBUG
    false;
#else
    true;
#endif

ir::Module Optimized(const ir::Module& module, const CompileOptions& options) {
  ir::Module optimized = module;
  ir::Optimize(optimized,
               {.checks = options.mode == Mode::kChecked, .verify = kVerify, .observe = {}});
  return optimized;
}

// The interpreter runs the IR as the front end made it.
class InterpretedKernel final : public Kernel {
 public:
  InterpretedKernel(ir::Module module, const CompileOptions& options)
      : Kernel(std::move(module)), run_(this->module()) {
    if (options.mode == Mode::kUnchecked)
      for (ir::Function& function : run_.functions) ir::DropChecks(function);
  }
  LaunchOutcome Run(std::span<const LaunchArgument> arguments, int) const override {
    return Interpret(run_, run_.entry, arguments);
  }

 private:
  ir::Module run_;
};

#ifdef EINKORN_WITH_LLVM
class CompiledKernel final : public Kernel {
 public:
  CompiledKernel(ir::Module module, std::unique_ptr<CpuExecutable> executable)
      : Kernel(std::move(module)), executable_(std::move(executable)) {}
  LaunchOutcome Run(std::span<const LaunchArgument> arguments, int threads) const override {
    return executable_->Run(arguments, {.threads = threads});
  }

 private:
  std::unique_ptr<CpuExecutable> executable_;
};
#endif

}  // namespace

// The compilers for each processor asked for.
struct Session::Compilers {
#ifdef EINKORN_WITH_LLVM
  Result<CpuCompiler*> Of(const std::string& cpu) {
    const std::lock_guard lock(mutex);
    std::unique_ptr<CpuCompiler>& compiler = by_cpu[cpu];
    if (compiler == nullptr) {
      auto created = CpuCompiler::Create({.cpu = cpu});
      if (!created) return std::move(created).error();
      compiler = std::move(*created);
    }
    return compiler.get();
  }

  std::mutex mutex;
  std::map<std::string, std::unique_ptr<CpuCompiler>> by_cpu;
#endif
};

// A specialisation in the making: the first thread compiles, others wait for it.
struct Session::Entry {
  std::mutex mutex;
  std::shared_ptr<const Program> program;  // keeps the address in the key from being used again
  KernelPointer kernel;
};

Session::Session() : compilers_(std::make_unique<Compilers>()) {}
Session::~Session() = default;

size_t Session::compiled_count() const {
  const std::lock_guard lock(mutex_);
  return kernels_.size();
}

Result<KernelPointer> Session::CompileModule(ir::Module module, const CompileOptions& options) {
  if (options.target == Target::kInterpreter)
    return KernelPointer(std::make_shared<InterpretedKernel>(std::move(module), options));
#ifdef EINKORN_WITH_LLVM
  auto compiler = compilers_->Of(options.cpu);
  if (!compiler) return std::move(compiler).error();
  auto executable = (*compiler)->Compile(Optimized(module, options));
  if (!executable) return std::move(executable).error();
  return KernelPointer(std::make_shared<CompiledKernel>(std::move(module), std::move(*executable)));
#else
  return EnvironmentError(
      "the target cpu is not in this build, which has no LLVM; use the target interpreter");
#endif
}

Result<KernelPointer> Session::Compile(const std::shared_ptr<const Program>& program,
                                       const std::string& name,
                                       const std::vector<ScalarType>& types,
                                       const std::vector<ir::Layout>& layouts,
                                       const CompileOptions& options) {
  EINKORN_CHECK(program->ok(), "a wrong program was to be compiled");
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Entry>& known = kernels_[Key(program.get(), name, types, layouts, options)];
    if (known == nullptr) known = std::make_shared<Entry>();
    entry = known;
  }
  const std::lock_guard lock(entry->mutex);
  if (entry->kernel != nullptr) return entry->kernel;
  auto module = frontend::LowerKernel(program->checked(), name, types);
  if (!module) return std::move(module).error();
  size_t next = 0;
  for (ir::Param& param : module->function(module->entry).params)
    if (param.is_array() && next < layouts.size()) param.layout = layouts[next++];
  auto kernel = CompileModule(std::move(*module), options);
  if (!kernel) return std::move(kernel).error();
  entry->program = program;
  entry->kernel = *kernel;
  return entry->kernel;
}

Result<LaunchOutcome> Session::Launch(const std::shared_ptr<const Program>& program,
                                      const std::string& name, const std::vector<ScalarType>& types,
                                      std::span<const Argument> arguments,
                                      std::span<const NamedSize> sizes,
                                      const CompileOptions& options, int threads) {
  std::vector<ir::Layout> layouts;
  for (const Argument& argument : arguments)
    if (argument.kind == Argument::Kind::kArray)
      layouts.push_back(LayoutOf(argument.type, argument.rank, argument.array));
  auto kernel = Compile(program, name, types, layouts, options);
  if (!kernel) return std::move(kernel).error();
  const ir::Function& function = (*kernel)->function();
  if (Status status = CheckArguments(function, arguments); !status)
    return std::move(status).error();
  auto bound = BindShapes(function, arguments, sizes);
  if (!bound) {
    LaunchRefusal refusal = std::move(bound).error();
    if (auto* error = std::get_if<Error>(&refusal)) return std::move(*error);
    LaunchOutcome outcome;
    outcome.fault = std::get<Fault>(std::move(refusal));
    return outcome;
  }
  if (auto fault = CheckOverlaps(function, *bound)) {
    LaunchOutcome outcome;
    outcome.fault = std::move(fault);
    return outcome;
  }
  return (*kernel)->Run(*bound, threads);
}

Result<std::string> Session::Emit(const Program& program, const std::string& name,
                                  const std::vector<ScalarType>& types,
                                  [[maybe_unused]] const CompileOptions& options, Stage stage) {
  auto module = frontend::LowerKernel(program.checked(), name, types);
  if (!module) return std::move(module).error();
  if (stage == Stage::kIr) return ir::Print(*module);
  const ir::Module optimized = Optimized(*module, options);
  if (stage == Stage::kOptimized) return ir::Print(optimized);
#ifdef EINKORN_WITH_LLVM
  auto compiler = compilers_->Of(options.cpu);
  if (!compiler) return std::move(compiler).error();
  return (*compiler)->Emit(optimized,
                           stage == Stage::kLlvm ? CpuText::kLlvmOptimized : CpuText::kAssembly);
#else
  return EnvironmentError("LLVM is not in this build; the stages are tokens, ast, ir, optimized");
#endif
}

}  // namespace einkorn
