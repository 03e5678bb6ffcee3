// From an LLVM module to native code: the order of LLVM's passes, assembly, objects.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

namespace einkorn::llvm_code {

/// Runs LLVM's passes. None reassociates or fuses: the module has no fast-math flags.
void OptimizeModule(::llvm::Module& module, ::llvm::TargetMachine& machine);

/// Throws InternalError with the reason if LLVM finds the module malformed; `when` says after what.
void VerifyModule(const ::llvm::Module& module, const char* when);

std::string TextOfModule(const ::llvm::Module& module);
std::string AssemblyOf(::llvm::Module& module, ::llvm::TargetMachine& machine);
std::unique_ptr<::llvm::MemoryBuffer> ObjectOf(::llvm::Module& module,
                                               ::llvm::TargetMachine& machine);

}  // namespace einkorn::llvm_code
