// Arrays: where they live, how their elements are reached, and atomics.
#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <optional>

#include "backends/cpu/emitter.h"
#include "backends/cpu/state.h"
#include "backends/llvm/scalar_code.h"

namespace einkorn::cpu {
namespace {

// An array of constant size up to this many bytes lives on the stack, as long as all of them in a
// function together need no more than the second.
constexpr uint64_t kMostStackArrayBytes = 16 << 10;
constexpr uint64_t kMostStackBytes = 256 << 10;

// The size of a new array if it is constant; a large one counts as twice the most.
std::optional<uint64_t> ConstantBytes(const ir::Function& function, const ir::Op& op) {
  const Type type = function.type(function.result(op));
  auto bytes = static_cast<uint64_t>(BytesOf(type.scalar));
  for (size_t d = 0; d < type.rank; ++d) {
    const ir::Op* size = function.ConstantOf(function.operand(op, d));
    if (size == nullptr) return std::nullopt;
    bytes = std::min(bytes * std::min(size->immediate, 2 * kMostStackArrayBytes),
                     2 * kMostStackArrayBytes);
  }
  return bytes;
}

}  // namespace

// --- New arrays

std::vector<bool> FunctionEmitter::ChooseStackArrays(const ModuleEmitter& module,
                                                     ir::FunctionId id) {
  const ir::Function& function = module.source().function(id);
  std::vector<bool> chosen(function.ops.size());
  // A recursive function would hold its arrays once for each call.
  if (module.IsRecursive(id)) return chosen;
  uint64_t all_bytes = 0;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const ir::Op& op = function.ops[i];
    if (op.opcode != Opcode::kArray || !module.FactsOf(id).StaysInPlace(function.result(op)))
      continue;
    const auto bytes = ConstantBytes(function, op);
    chosen[i] = bytes && *bytes <= kMostStackArrayBytes && all_bytes + *bytes <= kMostStackBytes;
    if (chosen[i]) all_bytes += *bytes;
  }
  return chosen;
}

bool FunctionEmitter::HasHeapArrays(ir::RegionId region) const {
  for (ir::OpId id : function_.region(region).ops) {
    const ir::Op& op = function_.op(id);
    if (op.opcode == Opcode::kArray && !is_on_stack_[id.index]) return true;
    if (op.opcode == Opcode::kParallel) continue;
    for (ir::RegionId inner : function_.regions_of(op))
      if (HasHeapArrays(inner)) return true;
  }
  return false;
}

void FunctionEmitter::SetArray(const ir::Op& op, Value* data) {
  const ir::ValueId result = function_.result(op);
  const Type type = function_.type(result);
  Code array = {data};
  for (size_t d = 0; d < type.rank; ++d)
    array.push_back(llvm_code::ToI64(b_, operand_type(op, d), operand(op, d)));
  array.resize(1 + 2 * type.rank);
  Value* stride = Int64(BytesOf(type.scalar));
  for (size_t d = type.rank; d-- > 0;) {
    array[1 + type.rank + d] = stride;
    stride = b_.CreateMul(stride, array[1 + d]);
  }
  code(result) = array;
  if (is_body_) made_here_[result.index] = true;
}

void FunctionEmitter::EmitArray(ir::OpId id, const ir::Op& op) {
  if (!is_on_stack_[id.index]) return EmitHeapArray(id, op);
  const ScalarType type = function_.type(function_.result(op)).scalar;
  const uint64_t count = *ConstantBytes(function_, op) / static_cast<uint64_t>(BytesOf(type));
  ::llvm::Type* element = llvm_code::MemoryType(context_, type);
  Value* data = StackSlot(::llvm::ArrayType::get(element, count), "array");
  SetArray(op, data);
  if (op.immediate == 1) FillStackArray(data, op, count);
}

void FunctionEmitter::FillStackArray(Value* data, const ir::Op& op, uint64_t count) {
  const ScalarType type = function_.type(function_.result(op)).scalar;
  Value* fill = llvm_code::ToMemory(b_, type, operand(op, op.operands.count - 1));
  const auto* constant = ::llvm::dyn_cast<::llvm::Constant>(fill);
  if (constant != nullptr && constant->isNullValue()) {
    b_.CreateMemSet(data, b_.getInt8(0), count * static_cast<uint64_t>(BytesOf(type)),
                    ::llvm::MaybeAlign(static_cast<uint64_t>(BytesOf(type))));
    return;
  }
  StoreToAll(data, fill, count);
}

void FunctionEmitter::StoreToAll(Value* data, Value* element, uint64_t count) {
  if (count == 0) return;
  Block* before = b_.GetInsertBlock();
  Block* loop = NewBlock("fill");
  Block* done = NewBlock("filled");
  b_.CreateBr(loop);
  b_.SetInsertPoint(loop);
  ::llvm::PHINode* i = b_.CreatePHI(b_.getInt64Ty(), 2);
  i->addIncoming(Int64(0), before);
  b_.CreateStore(element, b_.CreateInBoundsGEP(element->getType(), data, i));
  Value* next = b_.CreateAdd(i, Int64(1), "", true, true);
  i->addIncoming(next, loop);
  b_.CreateCondBr(b_.CreateICmpULT(next, b_.getInt64(count)), loop, done);
  b_.SetInsertPoint(done);
}

void FunctionEmitter::EmitHeapArray(ir::OpId id, const ir::Op& op) {
  std::vector<Value*> bits = OperandBits(op, 0, op.operands.count);
  StoreOperands(bits);
  const uint32_t site = AddSite({.function = id_, .op = id});
  ::llvm::FunctionCallee allocate = module_.Runtime(
      "einkorn_allocate", b_.getInt32Ty(), {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy()});
  Value* result = b_.CreateCall(allocate, {state_, b_.getInt32(site), buffer_});
  Value* data = b_.CreateIntToPtr(b_.CreateLoad(b_.getInt64Ty(), Slot(0)), b_.getPtrTy());
  bits.resize(function_.type(function_.result(op)).rank);
  const auto sizes = [&] { return bits; };
  const auto count = static_cast<uint32_t>(bits.size());
  if ((op.checks & kShapeBit) != 0)
    LeaveIf(b_.CreateICmpEQ(result, b_.getInt32(1)), FaultSite(id, FaultKind::kShape, count),
            sizes);
  LeaveIf(b_.CreateICmpEQ(result, b_.getInt32(2)), FaultSite(id, FaultKind::kMemory, count), sizes);
  SetArray(op, data);
}

::llvm::Value* FunctionEmitter::Mark() {
  return b_.CreateCall(module_.Runtime("einkorn_mark", b_.getInt64Ty(), {b_.getPtrTy()}), {state_});
}

void FunctionEmitter::Release(Value* mark, const std::vector<Code>& kept,
                              const std::vector<Type>& types) {
  std::vector<Value*> addresses;
  for (size_t i = 0; i < kept.size(); ++i)
    if (types[i].is_array()) addresses.push_back(kept[i][0]);
  const uint64_t count = addresses.size();
  Value* list = StackSlot(::llvm::ArrayType::get(b_.getPtrTy(), count), "kept");
  for (uint64_t i = 0; i < count; ++i)
    b_.CreateStore(addresses[i], b_.CreateConstInBoundsGEP1_64(b_.getPtrTy(), list, i));
  ::llvm::FunctionCallee release =
      module_.Runtime("einkorn_release", b_.getVoidTy(),
                      {b_.getPtrTy(), b_.getInt64Ty(), b_.getInt64Ty(), b_.getPtrTy()});
  b_.CreateCall(release, {state_, mark, b_.getInt64(count), list});
}

// --- Elements

std::vector<::llvm::Value*> FunctionEmitter::IndicesAndSizes(const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const size_t rank = function_.type(array).rank;
  std::vector<Value*> bits = OperandBits(op, 1, rank);
  for (size_t d = 0; d < rank; ++d) bits.push_back(code(array)[1 + d]);
  return bits;
}

::llvm::Value* FunctionEmitter::Locate(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const Type type = function_.type(array);
  const Code& parts = code(array);
  std::vector<Value*> indices;
  for (size_t d = 0; d < type.rank; ++d)
    indices.push_back(llvm_code::ToI64(b_, operand_type(op, d + 1), operand(op, d + 1)));
  if ((op.checks & kBoundsBit) != 0 && !checked_before_.contains(id)) {
    // A negative index is large as an unsigned number.
    Value* outside = nullptr;
    for (size_t d = 0; d < type.rank; ++d) {
      Value* one = b_.CreateICmpUGE(indices[d], parts[1 + d]);
      outside = outside == nullptr ? one : b_.CreateOr(outside, one);
    }
    LeaveIf(outside, FaultSite(id, FaultKind::kBounds, 2u * type.rank),
            [&] { return IndicesAndSizes(op); });
  }
  if (!facts_.IsContiguous(array)) {
    Value* offset = Int64(0);
    for (size_t d = 0; d < type.rank; ++d)
      offset =
          b_.CreateAdd(offset, b_.CreateMul(indices[d], parts[1 + type.rank + d], "", false, true),
                       "", false, true);
    return b_.CreateGEP(b_.getInt8Ty(), parts[0], offset);
  }
  Value* index = indices[0];
  for (size_t d = 1; d < type.rank; ++d)
    index = b_.CreateAdd(b_.CreateMul(index, parts[1 + d], "", false, true), indices[d], "", false,
                         true);
  return b_.CreateInBoundsGEP(llvm_code::MemoryType(context_, type.scalar), parts[0], index);
}

void FunctionEmitter::EmitView(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const size_t rank = function_.type(array).rank;
  const Code& parts = code(array);
  Code view = {nullptr};
  Value *offset = Int64(0), *outside = b_.getFalse();
  std::vector<Value*> strides;
  size_t next = 1;
  for (size_t d = 0; d < rank; ++d) {
    Value* size = parts[1 + d];
    Value* from = operand(op, next++);
    Value* stride = parts[1 + rank + d];
    Value* begin = b_.CreateMul(from, stride);
    if (((op.immediate >> d) & 1) != 0) {
      Value* to = operand(op, next++);
      // 0 <= from <= to <= size, as unsigned numbers.
      outside =
          b_.CreateOr(outside, b_.CreateOr(b_.CreateICmpUGT(to, size), b_.CreateICmpUGT(from, to)));
      view.push_back(b_.CreateSub(to, from));
      strides.push_back(stride);
      begin = b_.CreateSelect(b_.CreateICmpEQ(from, to), Int64(0), begin);
    } else {
      outside = b_.CreateOr(outside, b_.CreateICmpUGE(from, size));
    }
    offset = b_.CreateAdd(offset, begin);
  }
  if ((op.checks & kBoundsBit) != 0) {
    const uint32_t count = op.operands.count - 1;
    LeaveIf(outside, FaultSite(id, FaultKind::kBounds, count + static_cast<uint32_t>(rank)), [&] {
      std::vector<Value*> bits = OperandBits(op, 1, count);
      for (size_t d = 0; d < rank; ++d) bits.push_back(parts[1 + d]);
      return bits;
    });
  }
  view[0] = b_.CreateGEP(b_.getInt8Ty(), parts[0], offset);
  view.insert(view.end(), strides.begin(), strides.end());
  const ir::ValueId result = function_.result(op);
  code(result) = view;
  if (is_body_ && made_here_[array.index]) made_here_[result.index] = true;
}

// Inside the body of a parallel loop no array changes its place, so each value is storage of its
// own; elsewhere classes of values are.
void FunctionEmitter::MarkAccess(::llvm::Instruction* access, ir::ValueId array) {
  accesses_.emplace_back(access, is_body_ ? facts_.StorageOf(array).index : facts_.ClassOf(array));
}

void FunctionEmitter::FinishAliasScopes() {
  if (accesses_.empty()) return;
  ::llvm::MDBuilder metadata(context_);
  ::llvm::MDNode* domain = metadata.createAnonymousAliasScopeDomain(target_->getName());
  std::map<uint32_t, ::llvm::MDNode*> scopes;
  for (const auto& [access, storage] : accesses_)
    if (!scopes.contains(storage))
      scopes[storage] = metadata.createAnonymousAliasScope(domain, target_->getName());
  std::map<uint32_t, ::llvm::MDNode*> own, others;
  for (const auto& [storage, scope] : scopes) {
    std::vector<::llvm::Metadata*> rest;
    for (const auto& [other, node] : scopes)
      if (other != storage) rest.push_back(node);
    own[storage] = ::llvm::MDNode::get(context_, {scope});
    others[storage] = ::llvm::MDNode::get(context_, rest);
  }
  for (const auto& [access, storage] : accesses_) {
    access->setMetadata(::llvm::LLVMContext::MD_alias_scope, own[storage]);
    if (scopes.size() > 1) access->setMetadata(::llvm::LLVMContext::MD_noalias, others[storage]);
  }
}

void FunctionEmitter::EmitLoad(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const ScalarType type = function_.type(array).scalar;
  Value* address = Locate(id, op);
  ::llvm::LoadInst* load =
      b_.CreateAlignedLoad(llvm_code::MemoryType(context_, type), address,
                           ::llvm::Align(static_cast<uint64_t>(BytesOf(type))));
  MarkAccess(load, array);
  Set(function_.result(op), llvm_code::FromMemory(b_, type, load));
}

void FunctionEmitter::EmitStore(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const ScalarType type = function_.type(array).scalar;
  Value* address = Locate(id, op);
  Value* element = llvm_code::ToMemory(b_, type, operand(op, op.operands.count - 1));
  MarkAccess(
      b_.CreateAlignedStore(element, address, ::llvm::Align(static_cast<uint64_t>(BytesOf(type)))),
      array);
}

// --- Atomics

void FunctionEmitter::EmitAtomic(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  Value* address = Locate(id, op);
  if (!is_body_ || made_here_[array.index]) return EmitPlainAtomic(id, op, address);
  Block* done = NewBlock("combined");
  AddToPrivateCopy(id, op, address, done);
  const bool is_signed = IsSigned(function_.type(array).scalar);
  const bool is_float = IsFloat(function_.type(array).scalar);
  using Operation = ::llvm::AtomicRMWInst::BinOp;
  Operation operation = Operation::Add;
  switch (static_cast<AtomicKind>(op.immediate)) {
    case AtomicKind::kAdd:
      operation = is_float ? Operation::FAdd : Operation::Add;
      break;
    case AtomicKind::kSub:
      operation = is_float ? Operation::FSub : Operation::Sub;
      break;
    case AtomicKind::kMin:
      operation = is_signed ? Operation::Min : Operation::UMin;
      break;
    case AtomicKind::kMax:
      operation = is_signed ? Operation::Max : Operation::UMax;
      break;
    case AtomicKind::kAnd:
      operation = Operation::And;
      break;
    case AtomicKind::kOr:
      operation = Operation::Or;
      break;
    case AtomicKind::kXor:
      operation = Operation::Xor;
      break;
  }
  Value* change = operand(op, op.operands.count - 1);
  Value* old = b_.CreateAtomicRMW(operation, address, change, ::llvm::MaybeAlign(),
                                  ::llvm::AtomicOrdering::Monotonic);
  MarkAccess(::llvm::cast<::llvm::Instruction>(old), array);
  if ((op.checks & kOverflowBit) != 0)
    NoteOverflow(id, op, old, change, static_cast<AtomicKind>(op.immediate) == AtomicKind::kSub,
                 address, IndicesAndSizes(op));
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
}

// Where no other iteration sees the element, an overflow is a fault at once.
void FunctionEmitter::EmitPlainAtomic(ir::OpId id, const ir::Op& op, Value* address) {
  const ir::ValueId array = function_.operand(op, 0);
  const ScalarType type = function_.type(array).scalar;
  const auto align = ::llvm::Align(static_cast<uint64_t>(BytesOf(type)));
  const auto kind = static_cast<AtomicKind>(op.immediate);
  struct Scalar {
    AtomicKind kind;
    Opcode opcode;
  };
  static constexpr Scalar rows[] = {
      {AtomicKind::kAdd, Opcode::kAdd}, {AtomicKind::kSub, Opcode::kSub},
      {AtomicKind::kMin, Opcode::kMin}, {AtomicKind::kMax, Opcode::kMax},
      {AtomicKind::kAnd, Opcode::kAnd}, {AtomicKind::kOr, Opcode::kOr},
      {AtomicKind::kXor, Opcode::kXor}};
  const Opcode opcode = std::ranges::find(rows, kind, &Scalar::kind)->opcode;
  const bool adds = kind == AtomicKind::kAdd || kind == AtomicKind::kSub;
  ::llvm::LoadInst* old =
      b_.CreateAlignedLoad(llvm_code::MemoryType(context_, type), address, align);
  MarkAccess(old, array);
  Value* value = operand(op, op.operands.count - 1);
  const ScalarType types[] = {type, type};
  Value* const operands[] = {old, value};
  const auto rank = static_cast<uint32_t>(function_.type(array).rank);
  const auto fail_if = [&](FaultKind fault, Value* condition) {
    LeaveIf(condition, FaultSite(id, fault, 2 * rank + 2), [&] {
      std::vector<Value*> bits = IndicesAndSizes(op);
      ::llvm::Type* wide = b_.getInt128Ty();
      Value* element = b_.CreateIntCast(old, wide, IsSigned(type));
      Value* change = b_.CreateIntCast(value, wide, IsSigned(type));
      Value* exact =
          kind == AtomicKind::kSub ? b_.CreateSub(element, change) : b_.CreateAdd(element, change);
      bits.push_back(b_.CreateTrunc(exact, b_.getInt64Ty()));
      bits.push_back(b_.CreateTrunc(b_.CreateLShr(exact, 64), b_.getInt64Ty()));
      return bits;
    });
  };
  Value* result = llvm_code::EmitScalar(
      b_,
      {opcode, adds ? op.rule : Rule::kNone, static_cast<FaultSet>(op.checks & kOverflowBit), types,
       operands, type},
      fail_if);
  MarkAccess(b_.CreateAlignedStore(result, address, align), array);
}

// The fault site for overflows of the array that `op` combines into: its first atomic in program
// order. The loop is over when it is reported, so it stands in no scope.
uint32_t FunctionEmitter::FirstAtomic(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const auto [at, is_new] = module_.first_atomics().try_emplace({id_, body_op_, array}, 0);
  if (is_new)
    at->second = AddSite({.kind = Site::Kind::kFault,
                          .function = id_,
                          .op = id,
                          .fault = FaultKind::kOverflow,
                          .operands = 2u * function_.type(array).rank + 2});
  return at->second;
}

void FunctionEmitter::NoteOverflow(ir::OpId id, const ir::Op& op, Value* old, Value* change,
                                   bool subtracts, Value* address,
                                   const std::vector<Value*>& indices_and_sizes) {
  Note(id, FaultKind::kOverflow, ir::CheckFate::kBranch);
  const ir::ValueId array = function_.operand(op, 0);
  const bool is_signed = IsSigned(function_.type(array).scalar);
  namespace Intrinsic = ::llvm::Intrinsic;
  const Intrinsic::ID intrinsic =
      subtracts ? (is_signed ? Intrinsic::ssub_with_overflow : Intrinsic::usub_with_overflow)
                : (is_signed ? Intrinsic::sadd_with_overflow : Intrinsic::uadd_with_overflow);
  Value* overflows = b_.CreateExtractValue(b_.CreateBinaryIntrinsic(intrinsic, old, change), 1);
  const uint32_t first = FirstAtomic(id, op);
  const uint32_t site = AddSite({.function = id_,
                                 .op = id,
                                 .operands = 2u * function_.type(array).rank,
                                 .first_atomic = first});
  Block* cold = NewBlock("wrapped");
  Block* next = NewBlock("next");
  b_.CreateCondBr(overflows, cold, next, ::llvm::MDBuilder(context_).createUnlikelyBranchWeights());
  b_.SetInsertPoint(cold);
  StoreOperands(indices_and_sizes);
  Value* is_negative =
      is_signed ? b_.CreateICmpSLT(change, ::llvm::ConstantInt::get(change->getType(), 0))
                : static_cast<Value*>(b_.getFalse());
  Value* goes_down = subtracts ? b_.CreateNot(is_negative) : is_negative;
  Value* direction =
      b_.CreateSelect(goes_down, b_.getInt32(static_cast<uint32_t>(-1)), b_.getInt32(1));
  ::llvm::FunctionCallee note = module_.Runtime(
      "einkorn_note", b_.getVoidTy(),
      {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy(), b_.getPtrTy(), b_.getInt32Ty()});
  b_.CreateCall(note, {state_, b_.getInt32(site), buffer_, address, direction});
  b_.CreateBr(next);
  b_.SetInsertPoint(next);
}

// --- Whole arrays

::llvm::Value* FunctionEmitter::Descriptors(const ir::Op& op) {
  constexpr uint64_t kWords = sizeof(ArrayDescriptor) / sizeof(int64_t);
  Value* list =
      StackSlot(::llvm::ArrayType::get(b_.getInt64Ty(), kWords * op.operands.count), "arrays");
  for (uint32_t i = 0; i < op.operands.count; ++i) {
    const ir::ValueId array = function_.operand(op, i);
    const size_t rank = function_.type(array).rank;
    const Code& parts = code(array);
    const auto put = [&](uint64_t word, Value* value) {
      b_.CreateStore(value,
                     b_.CreateConstInBoundsGEP1_64(b_.getInt64Ty(), list, i * kWords + word));
    };
    put(0, parts[0]);
    for (size_t d = 0; d < rank; ++d) {
      put(1 + d, parts[1 + d]);
      put(1 + kMaxRank + d, parts[1 + rank + d]);
    }
  }
  return list;
}

void FunctionEmitter::EmitSettle(ir::OpId id, const ir::Op& op) {
  Value* list = Descriptors(op);
  const uint32_t site = AddSite({.function = id_, .op = id});
  b_.CreateCall(module_.Runtime("einkorn_settle", b_.getVoidTy(),
                                {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy()}),
                {state_, b_.getInt32(site), list});
}

void FunctionEmitter::EmitArrayEqual(ir::OpId id, const ir::Op& op) {
  Value* list = Descriptors(op);
  const uint32_t site = AddSite({.function = id_, .op = id});
  ::llvm::FunctionCallee equal = module_.Runtime("einkorn_array_equal", b_.getInt1Ty(),
                                                 {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy()});
  ::llvm::cast<::llvm::Function>(equal.getCallee())->addRetAttr(::llvm::Attribute::ZExt);
  Set(function_.result(op), b_.CreateCall(equal, {state_, b_.getInt32(site), list}));
}

}  // namespace einkorn::cpu
