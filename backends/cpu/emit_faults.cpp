// Sites, scopes, and the cold blocks by which code leaves.
#include <llvm/IR/MDBuilder.h>

#include <algorithm>

#include "backends/cpu/emitter.h"
#include "backends/cpu/state.h"
#include "base/result.h"

namespace einkorn::cpu {

void FunctionEmitter::Note(ir::OpId id, FaultKind fault, ir::CheckFate fate) {
  if (module_.explanation() != nullptr && !is_spare_)
    module_.explanation()->Add(ir::CheckNote{function_.op(id).range, fault, fate, {}});
}

void FunctionEmitter::Note(const ir::Op& loop, unsigned lanes, std::string text) {
  if (module_.explanation() == nullptr || is_spare_) return;
  ir::LoopNote note{.range = loop.range, .lanes = static_cast<int>(lanes), .text = std::move(text)};
  if (loop.opcode == Opcode::kParallel) {
    note.threads = true;
    note.threads_from =
        kSerialWork / std::max<uint64_t>(WorkOf(function_.region_of(loop, 0)), 1) + 1;
  }
  module_.explanation()->Add(std::move(note));
}

uint32_t FunctionEmitter::AddSite(Site site) {
  auto& sites = module_.tables().sites;
  sites.push_back(site);
  return static_cast<uint32_t>(sites.size() - 1);
}

Site FunctionEmitter::FaultSite(ir::OpId id, FaultKind fault, uint32_t operands) {
  return {.kind = Site::Kind::kFault,
          .function = id_,
          .op = id,
          .fault = fault,
          .operands = operands,
          .scope = scope_};
}

void FunctionEmitter::OpenScope(Scope::Kind kind, ir::OpId op,
                                const std::vector<std::pair<ScalarType, Value*>>& values) {
  auto& scopes = module_.tables().scopes;
  const auto made = static_cast<uint32_t>(scopes.size());
  scopes.push_back({kind, id_, op, next_slot_, static_cast<uint32_t>(values.size()), scope_});
  next_slot_ += static_cast<uint32_t>(values.size());
  scope_ = made;
  scope_values_[made] = values;
}

::llvm::Value* FunctionEmitter::Slot(uint32_t index) {
  return b_.CreateConstInBoundsGEP1_32(b_.getInt64Ty(), buffer_, index);
}

FunctionEmitter::Block* FunctionEmitter::ExitOfScope() {
  Exit& exit = exits_[scope_];
  if (exit.block != nullptr) return exit.block;
  const llvm_code::Builder::InsertPointGuard guard(b_);
  exit.block = NewBlock("exit");
  b_.SetInsertPoint(exit.block);
  exit.site = b_.CreatePHI(b_.getInt32Ty(), 2, "site");
  const Scope scope = module_.tables().scopes[scope_];
  uint32_t slot = scope.first_slot;
  for (const auto& [type, value] : scope_values_[scope_])
    b_.CreateStore(llvm_code::ToBits(b_, type, value), Slot(slot++));
  if (scope.outer != Scope::kNone) {
    Value* site = exit.site;
    Block* const from = exit.block;
    const uint32_t inner = std::exchange(scope_, scope.outer);
    Block* outer = ExitOfScope();
    b_.SetInsertPoint(from);
    b_.CreateBr(outer);
    exits_[scope_].site->addIncoming(site, from);
    scope_ = inner;
    return from;
  }
  ::llvm::FunctionCallee fault = module_.Runtime("einkorn_fault", b_.getVoidTy(),
                                                 {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy()});
  ::llvm::cast<::llvm::Function>(fault.getCallee())->addFnAttr(::llvm::Attribute::Cold);
  b_.CreateCall(fault, {state_, exit.site, buffer_});
  ::llvm::Type* result = target_->getReturnType();
  if (is_body_)
    b_.CreateRet(linear_);
  else if (result->isStructTy())
    b_.CreateRet(b_.CreateInsertValue(::llvm::PoisonValue::get(result), b_.getTrue(), 0));
  else
    b_.CreateRet(b_.getTrue());
  return exit.block;
}

void FunctionEmitter::StoreOperands(const std::vector<Value*>& bits) {
  for (uint32_t i = 0; i < bits.size(); ++i) b_.CreateStore(bits[i], Slot(i));
}

void FunctionEmitter::Leave(uint32_t site) {
  Block* exit = ExitOfScope();
  b_.CreateBr(exit);
  exits_[scope_].site->addIncoming(b_.getInt32(site), b_.GetInsertBlock());
}

void FunctionEmitter::LeaveIf(Value* condition, const Site& site,
                              ::llvm::function_ref<std::vector<Value*>()> operands) {
  if (site.kind == Site::Kind::kFault) Note(site.op, site.fault, ir::CheckFate::kBranch);
  Block* cold = instead_ != nullptr ? instead_ : NewBlock("cold");
  Block* next = NewBlock("next");
  ::llvm::MDBuilder metadata(context_);
  b_.CreateCondBr(condition, cold, next, metadata.createUnlikelyBranchWeights());
  if (instead_ != nullptr) return b_.SetInsertPoint(next);
  b_.SetInsertPoint(cold);
  StoreOperands(operands());
  Leave(AddSite(site));
  b_.SetInsertPoint(next);
}

// How large the buffer is shows only at the end.
void FunctionEmitter::FinishBuffer() {
  buffer_->setOperand(0, b_.getInt32(next_slot_));
}

}  // namespace einkorn::cpu
