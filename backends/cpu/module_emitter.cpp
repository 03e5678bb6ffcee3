#include <fmt/format.h>

#include "backends/cpu/emitter.h"
#include "base/result.h"

namespace einkorn::cpu {
ModuleEmitter::ModuleEmitter(const ir::Module& source, ::llvm::LLVMContext& context,
                             const ::llvm::DataLayout& layout, unsigned vector_bits,
                             ir::Explanation* explanation)
    : source_(source),
      target_(std::make_unique<::llvm::Module>(source.entry_function().name, context)),
      vector_bits_(vector_bits),
      explanation_(explanation),
      functions_(source.functions.size()),
      calls_(source) {
  target_->setDataLayout(layout);
  for (const ir::Function& function : source.functions) facts_.emplace_back(function);
}

void ModuleEmitter::Emit() {
  for (size_t f = 0; f < functions_.size(); ++f)
    if (ir::FunctionId(f) != source_.entry) Declare(ir::FunctionId(f));
  ::llvm::LLVMContext& context = target_->getContext();
  auto* pointer = ::llvm::PointerType::get(context, 0);
  auto* entry =
      ::llvm::Function::Create(::llvm::FunctionType::get(::llvm::Type::getInt1Ty(context),
                                                         {pointer, pointer, pointer}, false),
                               ::llvm::Function::ExternalLinkage, kEntryName, *target_);
  entry->addRetAttr(::llvm::Attribute::ZExt);
  entry->addFnAttr(::llvm::Attribute::NoUnwind);
  FunctionEmitter(*this, source_.entry, entry).EmitEntry();
  for (size_t f = 0; f < functions_.size(); ++f)
    if (functions_[f] != nullptr)
      FunctionEmitter(*this, ir::FunctionId(f), functions_[f]).EmitCallable();
}

bool ModuleEmitter::IsIndependent(ir::FunctionId id, ir::OpId loop) {
  return independence_.try_emplace(id, source_.function(id)).first->second.Of(loop);
}

// A struct of whether it failed and its results; the state, the depth if there is recursion, and
// the parameters.
void ModuleEmitter::Declare(ir::FunctionId id) {
  const ir::Function& function = source_.function(id);
  EINKORN_CHECK(
      function.kind == ir::FunctionKind::kFunction || function.kind == ir::FunctionKind::kKernel,
      fmt::format("{} is no function that can be called", function.name));
  ::llvm::LLVMContext& context = target_->getContext();
  std::vector<::llvm::Type*> results = {::llvm::Type::getInt1Ty(context)};
  for (Type type : function.results)
    results.push_back(llvm_code::RegisterType(context, type.scalar));
  std::vector<::llvm::Type*> parameters = {::llvm::PointerType::get(context, 0)};
  if (HasDepth()) parameters.push_back(::llvm::Type::getInt32Ty(context));
  for (const ir::Param& param : function.params) {
    const Type type = function.type(param.value);
    if (!param.is_array()) {
      parameters.push_back(llvm_code::RegisterType(context, type.scalar));
      continue;
    }
    // Where it lies, its sizes and its strides.
    parameters.push_back(::llvm::PointerType::get(context, 0));
    parameters.insert(parameters.end(), 2u * type.rank, ::llvm::Type::getInt64Ty(context));
  }
  auto* type =
      ::llvm::FunctionType::get(::llvm::StructType::get(context, results), parameters, false);
  auto* made = ::llvm::Function::Create(type, ::llvm::Function::InternalLinkage,
                                        "ek." + function.name, *target_);
  made->addFnAttr(::llvm::Attribute::NoUnwind);
  functions_[id.index] = made;
}

::llvm::FunctionCallee ModuleEmitter::Runtime(const char* name, ::llvm::Type* result,
                                              ::llvm::ArrayRef<::llvm::Type*> parameters) {
  auto callee =
      target_->getOrInsertFunction(name, ::llvm::FunctionType::get(result, parameters, false));
  auto* function = ::llvm::cast<::llvm::Function>(callee.getCallee());
  function->addFnAttr(::llvm::Attribute::NoUnwind);
  return callee;
}

}  // namespace einkorn::cpu
