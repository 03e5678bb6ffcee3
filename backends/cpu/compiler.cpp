// Compiling modules with LLVM ORC, and running what was compiled.
#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>
#include <tbb/global_control.h>
#include <tbb/info.h>

#include <atomic>
#include <map>
#include <mutex>

#include "backends/cpu/cpu.h"
#include "backends/cpu/emitter.h"
#include "backends/cpu/host_cpu.h"
#include "backends/cpu/state.h"
#include "backends/llvm/native_code.h"

namespace einkorn {
namespace cpu {
namespace {

namespace orc = ::llvm::orc;

using Entry = bool (*)(State*, const LaunchArgument*, uint64_t* results);

Error ErrorOf(const char* what, ::llvm::Error error) {
  return EnvironmentError(fmt::format("{}: {}", what, ::llvm::toString(std::move(error))));
}

// The threads of launches that ask for a number of them; made when first asked for.
class Arenas {
 public:
  tbb::task_arena& Of(int threads) {
    const std::lock_guard lock(mutex_);
    Arena& arena = arenas_[threads];
    if (arena.threads == nullptr) {
      // oneTBB starts no more threads than there are processors unless it is told to.
      if (threads > tbb::info::default_concurrency())
        arena.more = std::make_unique<tbb::global_control>(
            tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads));
      arena.threads = std::make_unique<tbb::task_arena>(threads);
      arena.threads->initialize();
    }
    return *arena.threads;
  }

 private:
  struct Arena {
    std::unique_ptr<tbb::global_control> more;
    std::unique_ptr<tbb::task_arena> threads;
  };
  std::mutex mutex_;
  std::map<int, Arena> arenas_;
};

// What the compiler and its executables share; dies with the last of them.
struct Jit {
  HostCpu cpu;
  const ::llvm::Target* target = nullptr;
  std::unique_ptr<orc::LLJIT> session;
  std::atomic<uint64_t> next_library = 0;
  Arenas arenas;

  std::unique_ptr<::llvm::TargetMachine> NewMachine() const {
    ::llvm::TargetOptions options;
    options.AllowFPOpFusion = ::llvm::FPOpFusion::Strict;
    return std::unique_ptr<::llvm::TargetMachine>(target->createTargetMachine(
        ::llvm::sys::getProcessTriple(), cpu.name, cpu.features, options, ::llvm::Reloc::PIC_,
        std::nullopt, ::llvm::CodeGenOptLevel::Default, /*JIT=*/true));
  }
};

class Executable final : public CpuExecutable {
 public:
  Executable(std::shared_ptr<Jit> jit, orc::JITDylib& library, Entry entry, ir::Module module,
             SiteTables tables)
      : jit_(std::move(jit)),
        library_(library),
        entry_(entry),
        module_(std::move(module)),
        tables_(std::move(tables)) {}

  ~Executable() override {
    ::llvm::consumeError(jit_->session->getExecutionSession().removeJITDylib(library_));
  }
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;

  LaunchOutcome Run(std::span<const LaunchArgument> arguments,
                    const CpuRunOptions& options) const override {
    Launch launch{&module_, &tables_, options.threads == 1, nullptr};
    if (options.threads > 1) launch.arena = &jit_->arenas.Of(options.threads);
    State state;
    state.launch = &launch;
    LaunchOutcome outcome;
    outcome.results.resize(module_.entry_function().results.size());
    bool failed = false;
    {
      const DefaultFloatMode mode;
      failed = entry_(&state, arguments.data(), outcome.results.data());
    }
    if (failed) {
      outcome.results.clear();
      outcome.fault = DescribeRecord(launch, state.record);
    }
    outcome.printed = std::move(state.printed.text);
    if (state.printed.dropped > 0)
      outcome.printed += fmt::format("… {} more\n", state.printed.dropped);
    return outcome;
  }

 private:
  std::shared_ptr<Jit> jit_;
  orc::JITDylib& library_;
  Entry entry_;
  ir::Module module_;
  SiteTables tables_;
};

unsigned VectorBitsOf(const ::llvm::TargetMachine& machine) {
  return machine.getMCSubtargetInfo()->checkFeatures("+avx512f,+avx512bw,+avx512dq,+avx512vl")
             ? 512
             : 256;
}

struct Emitted {
  std::unique_ptr<::llvm::LLVMContext> context;
  std::unique_ptr<::llvm::Module> module;
  std::unique_ptr<::llvm::TargetMachine> machine;
  SiteTables tables;
};

class Compiler final : public CpuCompiler {
 public:
  explicit Compiler(std::shared_ptr<Jit> jit)
      : jit_(std::move(jit)), vector_bits_(VectorBitsOf(*jit_->NewMachine())) {}

  unsigned vector_bits() const override { return vector_bits_; }

  Result<std::unique_ptr<CpuExecutable>> Compile(const ir::Module& module,
                                                 const CpuCodeOptions& options) override {
    Emitted emitted = EmitLlvm(module, options);
    Optimize(emitted);
    auto object = llvm_code::ObjectOf(*emitted.module, *emitted.machine);
    auto library = jit_->session->createJITDylib(fmt::format("kernel.{}", jit_->next_library++));
    if (!library) return ErrorOf("a compiled kernel cannot be loaded", library.takeError());
    library->addToLinkOrder(jit_->session->getMainJITDylib());
    if (auto error = jit_->session->addObjectFile(*library, std::move(object)))
      return ErrorOf("a compiled kernel cannot be loaded", std::move(error));
    auto entry = jit_->session->lookup(*library, kEntryName);
    if (!entry) return ErrorOf("a compiled kernel cannot be loaded", entry.takeError());
    return std::unique_ptr<CpuExecutable>(std::make_unique<Executable>(
        jit_, *library, entry->toPtr<Entry>(), module, std::move(emitted.tables)));
  }

  Result<std::string> Emit(const ir::Module& module, const CpuCodeOptions& options,
                           CpuText text) override {
    Emitted emitted = EmitLlvm(module, options);
    if (text == CpuText::kLlvm) return llvm_code::TextOfModule(*emitted.module);
    Optimize(emitted);
    return text == CpuText::kAssembly ? llvm_code::AssemblyOf(*emitted.module, *emitted.machine)
                                      : llvm_code::TextOfModule(*emitted.module);
  }

 private:
  Emitted EmitLlvm(const ir::Module& module, const CpuCodeOptions& options) const {
    Emitted emitted;
    emitted.context = std::make_unique<::llvm::LLVMContext>();
    emitted.machine = jit_->NewMachine();
    ModuleEmitter emitter(module, *emitted.context, emitted.machine->createDataLayout(),
                          options.lanes ? vector_bits_ : 0, options.explanation);
    emitter.Emit();
    emitted.module = emitter.TakeTarget();
    emitted.module->setTargetTriple(emitted.machine->getTargetTriple().str());
    emitted.tables = emitter.TakeTables();
    Verify(emitted, "emission");
    return emitted;
  }

  static void Optimize(Emitted& emitted) {
    llvm_code::OptimizeModule(*emitted.module, *emitted.machine);
    Verify(emitted, "optimisation");
  }

  static void Verify([[maybe_unused]] const Emitted& emitted, [[maybe_unused]] const char* when) {
#ifndef NDEBUG
    llvm_code::VerifyModule(*emitted.module, when);
#endif
  }

  std::shared_ptr<Jit> jit_;
  const unsigned vector_bits_;
};

Result<std::unique_ptr<orc::LLJIT>> NewSession() {
  auto session =
      orc::LLJITBuilder()
          .setJITTargetMachineBuilder(
              orc::JITTargetMachineBuilder(::llvm::Triple(::llvm::sys::getProcessTriple())))
          .setPlatformSetUp(orc::setUpInactivePlatform)
          .setObjectLinkingLayerCreator(
              [](orc::ExecutionSession& execution,
                 const ::llvm::Triple&) -> ::llvm::Expected<std::unique_ptr<orc::ObjectLayer>> {
                return std::make_unique<orc::ObjectLinkingLayer>(execution);
              })
          .create();
  if (!session) return ErrorOf("the compiler for the CPU cannot start", session.takeError());
  orc::SymbolMap symbols;
  for (const RuntimeFunction& function : RuntimeFunctions())
    symbols[(*session)->mangleAndIntern(function.name)] = {
        orc::ExecutorAddr::fromPtr(function.address),
        ::llvm::JITSymbolFlags::Exported | ::llvm::JITSymbolFlags::Callable};
  if (auto error = (*session)->getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols))))
    return ErrorOf("the compiler for the CPU cannot start", std::move(error));
  return std::move(*session);
}

}  // namespace
}  // namespace cpu

Result<std::unique_ptr<CpuCompiler>> CpuCompiler::Create(const CpuOptions& options) {
  // Once in a process, whichever thread comes first.
  static const bool initialized = [] {
    ::llvm::InitializeNativeTarget();
    ::llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  static_cast<void>(initialized);
  auto jit = std::make_shared<cpu::Jit>();
  auto cpu = cpu::ChooseCpu(options.cpu);
  if (!cpu) return std::move(cpu).error();
  jit->cpu = *cpu;
  std::string reason;
  jit->target = ::llvm::TargetRegistry::lookupTarget(::llvm::sys::getProcessTriple(), reason);
  if (jit->target == nullptr)
    return EnvironmentError("LLVM has no target for this machine: " + reason);
  auto session = cpu::NewSession();
  if (!session) return std::move(session).error();
  jit->session = std::move(*session);
  return std::unique_ptr<CpuCompiler>(std::make_unique<cpu::Compiler>(std::move(jit)));
}

}  // namespace einkorn
