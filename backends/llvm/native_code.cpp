#include "backends/llvm/native_code.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>

#include "base/result.h"

namespace einkorn::llvm_code {
namespace {

// Short, because users wait for it: no inlining, which the IR has done, no unrolling, no second
// rounds.
constexpr const char* kPasses =
    "function(sroa,early-cse,simplifycfg,loop-mssa(loop-rotate,licm),instcombine<no-verify-"
    "fixpoint>,"
    "constraint-elimination,loop(indvars,loop-unroll-full),loop-vectorize,early-cse<memssa>,"
    "simplifycfg)";

std::string Emit(::llvm::Module& module, ::llvm::TargetMachine& machine,
                 ::llvm::CodeGenFileType type) {
  ::llvm::SmallString<0> text;
  ::llvm::raw_svector_ostream stream(text);
  ::llvm::legacy::PassManager passes;
  EINKORN_CHECK(!machine.addPassesToEmitFile(passes, stream, nullptr, type),
                "LLVM emits no code for this target");
  passes.run(module);
  return std::string(text);
}

}  // namespace

void OptimizeModule(::llvm::Module& module, ::llvm::TargetMachine& machine) {
  ::llvm::PassBuilder builder(&machine);
  ::llvm::LoopAnalysisManager loops;
  ::llvm::FunctionAnalysisManager functions;
  ::llvm::CGSCCAnalysisManager graph;
  ::llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  ::llvm::ModulePassManager passes;
  ::llvm::Error error = builder.parsePassPipeline(passes, kPasses);
  EINKORN_CHECK(!error, "LLVM does not know a pass: " + ::llvm::toString(std::move(error)));
  passes.run(module, modules);
}

void VerifyModule(const ::llvm::Module& module, const char* when) {
  std::string problem;
  ::llvm::raw_string_ostream stream(problem);
  if (!::llvm::verifyModule(module, &stream)) return;
  throw InternalError(std::string("LLVM module malformed after ") + when + ": " + problem + "\n" +
                      TextOfModule(module));
}

std::string TextOfModule(const ::llvm::Module& module) {
  std::string text;
  ::llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

std::string AssemblyOf(::llvm::Module& module, ::llvm::TargetMachine& machine) {
  return Emit(module, machine, ::llvm::CodeGenFileType::AssemblyFile);
}

std::unique_ptr<::llvm::MemoryBuffer> ObjectOf(::llvm::Module& module,
                                               ::llvm::TargetMachine& machine) {
  const std::string object = Emit(module, machine, ::llvm::CodeGenFileType::ObjectFile);
  return ::llvm::MemoryBuffer::getMemBufferCopy(object, module.getName());
}

}  // namespace einkorn::llvm_code
