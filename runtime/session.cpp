#include "runtime/session.h"

#include <fmt/format.h>

#include <algorithm>

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

ir::Module Optimized(const ir::Module& module, const CompileOptions& options, unsigned vector_bits,
                     ir::Explanation* explanation = nullptr) {
  ir::Module optimized = module;
  ir::Optimize(optimized, {.checks = options.mode != Mode::kUnchecked,
                           .vector_bits = options.lanes ? vector_bits : 0,
                           .explanation = explanation,
                           .verify = kVerify,
                           .observe = {}});
  return optimized;
}

// What is compiled in debug mode has its `debug` blocks.
frontend::Specialization For(frontend::Specialization chosen, const CompileOptions& options) {
  chosen.is_debug = options.mode == Mode::kDebug;
  return chosen;
}

// Of a loop.
[[maybe_unused]] bool HasConstantSteps(const ir::Function& function, const ir::Op& op) {
  const size_t ranges = op.opcode == Opcode::kFor ? 1 : op.operands.count / 3;
  for (size_t k = 0; k < ranges; ++k) {
    const ir::Op* step = function.ConstantOf(function.operand(op, 3 * k + 2));
    if (step == nullptr || step->immediate == 0) return false;
  }
  return true;
}

Error WrongProgram(const Program& program) {
  return UsageError(fmt::format("{} has errors, so that nothing of it can be compiled",
                                program.sources().file(program.file()).name()));
}

// The interpreter runs the IR as the front end made it.
class InterpretedKernel final : public Kernel {
 public:
  InterpretedKernel(ir::Module module, const CompileOptions& options)
      : Kernel(std::move(module)), run_(this->module()), is_debug_(options.mode == Mode::kDebug) {
    if (options.mode == Mode::kUnchecked)
      for (ir::Function& function : run_.functions) ir::DropChecks(function);
  }
  LaunchOutcome Run(std::span<const LaunchArgument> arguments, int) const override {
    return Interpret(run_, run_.entry, arguments, {.is_debug = is_debug_});
  }

 private:
  ir::Module run_;
  bool is_debug_;
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

// A kernel for its types: its parameters are known from it, and every specialisation starts there.
struct Session::Lowered {
  std::shared_ptr<const Program> program;  // keeps the address in the key from being used again
  ir::Module module;
};

// A specialisation in the making: the first thread compiles, others wait for it.
struct Session::Entry {
  std::mutex mutex;
  KernelPointer kernel;
};

Session::Session() : compilers_(std::make_unique<Compilers>()) {}
Session::~Session() = default;

Result<KernelPointer> Session::CompileModule(ir::Module module, const CompileOptions& options) {
  if (options.mode == Mode::kDebug && options.target != Target::kInterpreter)
    return UsageError("the mode debug runs on the target interpreter");
  if (options.target == Target::kInterpreter)
    return KernelPointer(std::make_shared<InterpretedKernel>(std::move(module), options));
#ifdef EINKORN_WITH_LLVM
  auto compiler = compilers_->Of(options.cpu);
  if (!compiler) return std::move(compiler).error();
  auto executable = (*compiler)->Compile(Optimized(module, options, (*compiler)->vector_bits()),
                                         {.lanes = options.lanes});
  if (!executable) return std::move(executable).error();
  return KernelPointer(std::make_shared<CompiledKernel>(std::move(module), std::move(*executable)));
#else
  return EnvironmentError(
      "the target cpu is not in this build, which has no LLVM; use the target interpreter");
#endif
}

Result<std::shared_ptr<const Session::Lowered>> Session::Lower(
    const std::shared_ptr<const Program>& program, const std::string& name,
    const frontend::Specialization& chosen) {
  const LoweredKey key(program.get(), name, chosen);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = lowered_.find(key); known != lowered_.end()) return known->second;
  }
  if (!program->ok()) return WrongProgram(*program);
  auto module = frontend::LowerKernel(program->checked(), name, chosen);
  if (!module) return std::move(module).error();
  auto lowered = std::make_shared<const Lowered>(Lowered{program, std::move(*module)});
  // Threads that lowered it at the same time go on with the same one.
  const std::lock_guard lock(mutex_);
  return lowered_.emplace(key, std::move(lowered)).first->second;
}

Result<KernelPointer> Session::Compile(const std::shared_ptr<const Program>& program,
                                       const std::string& name,
                                       const frontend::Specialization& chosen,
                                       const std::vector<ir::Layout>& layouts,
                                       const CompileOptions& options) {
  const auto lowered = Lower(program, name, For(chosen, options));
  if (!lowered) return lowered.error();
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Entry>& known = kernels_[Key(program.get(), name, chosen, layouts, options)];
    if (known == nullptr) known = std::make_shared<Entry>();
    entry = known;
  }
  const std::lock_guard lock(entry->mutex);
  if (entry->kernel != nullptr) return entry->kernel;
  ir::Module module = (*lowered)->module;
  size_t next = 0;
  for (ir::Param& param : module.function(module.entry).params)
    if (param.is_array() && next < layouts.size()) param.layout = layouts[next++];
  auto kernel = CompileModule(std::move(module), options);
  if (!kernel) return std::move(kernel).error();
  ++compiled_count_;
  entry->kernel = *kernel;
  return entry->kernel;
}

Result<LaunchOutcome> Session::Launch(const std::shared_ptr<const Program>& program,
                                      const std::string& name,
                                      const frontend::Specialization& chosen,
                                      std::span<const Argument> arguments,
                                      std::span<const NamedSize> sizes,
                                      const CompileOptions& options, int threads) {
  const auto lowered = Lower(program, name, chosen);
  if (!lowered) return lowered.error();
  const ir::Function& function = (*lowered)->module.entry_function();
  if (Status status = CheckArguments(function, arguments); !status)
    return std::move(status).error();
  std::vector<ir::Layout> layouts;
  size_t next = 0;
  for (const ir::Param& param : function.params) {
    if (param.kind == ir::ParamKind::kSymbol) continue;
    const Argument& argument = arguments[next++];
    if (argument.kind == Argument::Kind::kOmitted)
      return UsageError(
          fmt::format("argument {}: there is none; an `out` array must be made before"
                      " the launch",
                      param.source_name()));
    if (argument.kind == Argument::Kind::kArray)
      layouts.push_back(LayoutOf(argument.type, argument.rank, argument.array));
  }
  auto bound = BindShapes(function, arguments, sizes);
  if (!bound) {
    LaunchRefusal refusal = std::move(bound).error();
    if (auto* error = std::get_if<Error>(&refusal)) return std::move(*error);
    LaunchOutcome outcome;
    outcome.fault = std::get<Fault>(std::move(refusal));
    return outcome;
  }
  const auto kernel = Compile(program, name, chosen, layouts, options);
  if (!kernel) return kernel.error();
  if (auto fault = CheckOverlaps(function, *bound)) {
    LaunchOutcome outcome;
    outcome.fault = std::move(fault);
    return outcome;
  }
  return (*kernel)->Run(*bound, threads);
}

Result<std::string> Session::Emit(const Program& program, const std::string& name,
                                  const frontend::Specialization& chosen,
                                  const CompileOptions& options, Stage stage) {
  if (!program.ok()) return WrongProgram(program);
  auto module = frontend::LowerKernel(program.checked(), name, For(chosen, options));
  if (!module) return std::move(module).error();
  if (stage == Stage::kIr) return ir::Print(*module);
#ifdef EINKORN_WITH_LLVM
  auto compiler = compilers_->Of(options.cpu);
  if (!compiler) return std::move(compiler).error();
  const ir::Module optimized = Optimized(*module, options, (*compiler)->vector_bits());
  if (stage == Stage::kOptimized) return ir::Print(optimized);
  return (*compiler)->Emit(optimized, {.lanes = options.lanes},
                           stage == Stage::kLlvm ? CpuText::kLlvmOptimized : CpuText::kAssembly);
#else
  if (stage == Stage::kOptimized) return ir::Print(Optimized(*module, options, 0));
  return EnvironmentError("LLVM is not in this build; the stages are tokens, ast, ir, optimized");
#endif
}

Result<ir::Explanation> Session::Explain(const Program& program, const std::string& name,
                                         const frontend::Specialization& chosen,
                                         const CompileOptions& options) {
  if (!program.ok()) return WrongProgram(program);
  auto module = frontend::LowerKernel(program.checked(), name, For(chosen, options));
  if (!module) return std::move(module).error();
#ifdef EINKORN_WITH_LLVM
  auto compiler = compilers_->Of(options.cpu);
  if (!compiler) return std::move(compiler).error();
  ir::Explanation explanation;
  const ir::Module optimized =
      Optimized(*module, options, (*compiler)->vector_bits(), &explanation);
  const auto text = (*compiler)->Emit(
      optimized, {.explanation = &explanation, .lanes = options.lanes}, CpuText::kLlvm);
  if (!text) return text.error();
  // What nobody has spoken of was computed, or went away, while compiling.
  ir::Explanation all;
  for (const ir::Function& function : module->functions)
    for (const ir::Op& op : function.ops) {
      if (op.rule == Rule::kWrap || op.rule == Rule::kSaturate)
        all.Add(ir::CheckNote{op.range, FaultKind::kOverflow, ir::CheckFate::kAskedFor,
                              op.rule == Rule::kWrap ? "wraps" : "saturates"});
      // That a step is not 0 is worth a word only where it is not constant.
      const bool is_loop = op.opcode == Opcode::kFor || op.opcode == Opcode::kParallel ||
                           op.opcode == Opcode::kReduce;
      ir::Op shown = op;
      if (is_loop && HasConstantSteps(function, op))
        shown.checks &= static_cast<FaultSet>(~kDivisionBit);
      all.Add(shown, ir::CheckFate::kAskedFor);
    }
  for (ir::CheckNote& note : all.checks)
    if (note.reason.empty()) {
      note.fate = ir::CheckFate::kProved;
      note.reason = TextOf(ir::ProofReason::kType);
    }
  for (const ir::CheckNote& note : explanation.checks)
    if (ir::CheckNote* known = all.Find(note.range, note.fault)) *known = note;
  all.loops = std::move(explanation.loops);
  return all;
#else
  return EnvironmentError("LLVM is not in this build, which therefore cannot explain its code");
#endif
}

}  // namespace einkorn
