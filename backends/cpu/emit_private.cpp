// Copies of small arrays for each chunk of a parallel loop that adds to their elements, so that the
// threads do not wait for each other at each addition.
//
// A copy begins with zeros and is added to without atomics. At the end of the chunk its elements
// are added to the array. Sums that leave the range of the element wrap in either place and leave a
// note there, so the exact sum is known at the end of the loop as if there were no copy. Where each
// iteration adds little that is known, chunks are kept so short that no sum in a copy wraps.
#include <algorithm>

#include "backends/cpu/emitter.h"
#include "backends/llvm/types.h"

namespace einkorn::cpu {
namespace {

// Larger arrays are added to where they lie.
constexpr int64_t kMostElements = 2048;
// A chunk is not divided further.
constexpr uint64_t kLeastIterations = uint64_t{1} << 20;

bool IsAddition(const ir::Op& op) {
  const auto kind = static_cast<AtomicKind>(op.immediate);
  return op.opcode == Opcode::kAtomic && (kind == AtomicKind::kAdd || kind == AtomicKind::kSub);
}

}  // namespace

// Whether the array is used by nothing but atomics that are additions or subtractions with the
// rule, which does not saturate.
bool FunctionEmitter::IsOnlyAddedTo(ir::RegionId region, ir::ValueId array, Rule rule) const {
  if (rule != Rule::kChecked && rule != Rule::kWrap) return false;
  return std::ranges::all_of(function_.region(region).ops, [&](ir::OpId id) {
    const ir::Op& op = function_.op(id);
    if (op.opcode == Opcode::kAtomic && function_.operand(op, 0) == array)
      return IsAddition(op) && op.rule == rule;
    if (std::ranges::any_of(function_.operands(op), [&](ir::ValueId value) {
          return function_.type(value).is_array() &&
                 facts_.StorageOf(value) == facts_.StorageOf(array);
        }))
      return false;
    return std::ranges::all_of(function_.regions_of(op), [&](ir::RegionId inner) {
      return IsOnlyAddedTo(inner, array, rule);
    });
  });
}

// The most that one iteration adds to or takes from an element; saturates where it is not known.
uint64_t FunctionEmitter::MostChange(ir::RegionId region, ir::ValueId array) const {
  UInt128 most = 0;
  for (ir::OpId id : function_.region(region).ops) {
    const ir::Op& op = function_.op(id);
    if (op.opcode == Opcode::kAtomic && function_.operand(op, 0) == array) {
      const ir::Op* change = function_.ConstantOf(function_.operand(op, op.operands.count - 1));
      const bool subtracts = static_cast<AtomicKind>(op.immediate) == AtomicKind::kSub;
      const ScalarType type = function_.type(array).scalar;
      if (change == nullptr || (subtracts && !IsSigned(type))) return UINT64_MAX;
      const Int128 value = IntegerValue(type, change->immediate);
      most += static_cast<UInt128>(value < 0 ? -value : value);
    }
    for (ir::RegionId inner : function_.regions_of(op)) {
      const uint64_t once = MostChange(inner, array);
      const bool is_loop = op.opcode == Opcode::kFor || op.opcode == Opcode::kWhile;
      most += is_loop && once > 0 ? UINT64_MAX : once;
    }
  }
  return static_cast<uint64_t>(std::min<UInt128>(most, UINT64_MAX));
}

void FunctionEmitter::OpenPrivateCopies(ir::RegionId body, ir::RegionId region, Value* iterations) {
  for (ir::OpId id : function_.region(region).ops) {
    const ir::Op& op = function_.op(id);
    for (ir::RegionId inner : function_.regions_of(op)) OpenPrivateCopies(body, inner, iterations);
    if (!IsAddition(op)) continue;
    const ir::ValueId array = function_.operand(op, 0);
    const Type type = function_.type(array);
    // Its sizes are known here only if it comes from outside.
    if (code(array).empty() || !IsInteger(type.scalar) || private_copies_.contains(array.index) ||
        !IsOnlyAddedTo(body, array, op.rule))
      continue;
    Value* count = code(array)[1];
    for (int d = 1; d < type.rank; ++d)
      count = b_.CreateMul(count, code(array)[static_cast<size_t>(d) + 1]);
    // Else clearing and adding it costs more than it saves; if it is known to be small not much.
    Value* pays = ::llvm::isa<::llvm::Constant>(count) ? static_cast<Value*>(b_.getTrue())
                                                       : b_.CreateICmpSGE(iterations, count);
    PrivateCopy copy{.add = id,
                     .is_used = b_.CreateAnd(pays, b_.CreateICmpULE(count, Int64(kMostElements))),
                     .count = count};
    const uint64_t most = std::max<uint64_t>(MostChange(body, array), 1);
    const auto limit = static_cast<uint64_t>(
        std::min<Int128>(GreatestOf(type.scalar) / static_cast<Int128>(most), INT64_MAX));
    copy.may_wrap = limit < kLeastIterations;
    if (!copy.may_wrap) most_iterations_ = std::min(most_iterations_, limit);
    ::llvm::Type* element = llvm_code::MemoryType(context_, type.scalar);
    copy.elements = StackSlot(::llvm::ArrayType::get(element, kMostElements), "copy");
    Value* bytes = b_.CreateMul(count, Int64(BytesOf(type.scalar)));
    b_.CreateMemSet(copy.elements, b_.getInt8(0), b_.CreateSelect(copy.is_used, bytes, Int64(0)),
                    ::llvm::MaybeAlign(static_cast<uint64_t>(BytesOf(type.scalar))));
    private_copies_[array.index] = copy;
  }
}

void FunctionEmitter::DivideChunk(Value* begin, Value* end) {
  Value* most = Int64(static_cast<int64_t>(most_iterations_));
  Block* before = b_.GetInsertBlock();
  Block* divide = NewBlock("divide");
  Block* next = NewBlock("next");
  Block* leave = NewBlock("leave");
  Block* whole = NewBlock("whole");
  b_.CreateCondBr(b_.CreateICmpSGT(b_.CreateSub(end, begin), most), divide, whole);
  b_.SetInsertPoint(divide);
  ::llvm::PHINode* from = b_.CreatePHI(b_.getInt64Ty(), 2);
  from->addIncoming(begin, before);
  Value* rest = b_.CreateSub(end, from);
  Value* to = b_.CreateAdd(from, b_.CreateBinaryIntrinsic(::llvm::Intrinsic::smin, rest, most));
  Value* failed = b_.CreateCall(target_, {target_->getArg(0), target_->getArg(1), from, to});
  b_.CreateCondBr(b_.CreateICmpSGE(failed, Int64(0)), leave, next);
  b_.SetInsertPoint(next);
  from->addIncoming(to, next);
  b_.CreateCondBr(b_.CreateICmpSLT(to, end), divide, leave);
  b_.SetInsertPoint(leave);
  b_.CreateRet(failed);
  b_.SetInsertPoint(whole);
}

void FunctionEmitter::AddToPrivateCopy(ir::OpId id, const ir::Op& op, Value* address, Block* done) {
  const ir::ValueId array = function_.operand(op, 0);
  const auto at = private_copies_.find(array.index);
  if (at == private_copies_.end()) return;
  const PrivateCopy& copy = at->second;
  const Type type = function_.type(array);
  Block* own = NewBlock("own");
  Block* shared = NewBlock("shared");
  b_.CreateCondBr(copy.is_used, own, shared);
  b_.SetInsertPoint(own);
  Value* place = nullptr;
  for (size_t d = 0; d < type.rank; ++d) {
    Value* index = llvm_code::ToI64(b_, operand_type(op, d + 1), operand(op, d + 1));
    place = place == nullptr ? index : b_.CreateAdd(b_.CreateMul(place, code(array)[d + 1]), index);
  }
  ::llvm::Type* element = llvm_code::MemoryType(context_, type.scalar);
  const ::llvm::Align align(static_cast<uint64_t>(BytesOf(type.scalar)));
  Value* own_address = b_.CreateInBoundsGEP(element, copy.elements, place);
  Value* old = b_.CreateAlignedLoad(element, own_address, align);
  Value* change = operand(op, op.operands.count - 1);
  const bool adds = static_cast<AtomicKind>(op.immediate) == AtomicKind::kAdd;
  b_.CreateAlignedStore(adds ? b_.CreateAdd(old, change) : b_.CreateSub(old, change), own_address,
                        align);
  if ((op.checks & kOverflowBit) != 0 && copy.may_wrap)
    NoteOverflow(id, op, old, change, !adds, address, IndicesAndSizes(op));
  b_.CreateBr(done);
  b_.SetInsertPoint(shared);
}

void FunctionEmitter::ClosePrivateCopies() {
  for (const auto& [index, copy] : private_copies_) {
    const ir::Op& op = function_.op(copy.add);
    const ir::ValueId array = function_.operand(op, 0);
    const Type type = function_.type(array);
    ::llvm::Type* element = llvm_code::MemoryType(context_, type.scalar);
    const ::llvm::Align align(static_cast<uint64_t>(BytesOf(type.scalar)));
    Block* before = b_.GetInsertBlock();
    Block* loop = NewBlock("add_copy");
    Block* add = NewBlock("add");
    Block* next = NewBlock("next");
    Block* done = NewBlock("added");
    b_.CreateCondBr(b_.CreateAnd(copy.is_used, b_.CreateICmpSGT(copy.count, Int64(0))), loop, done);
    b_.SetInsertPoint(loop);
    ::llvm::PHINode* i = b_.CreatePHI(b_.getInt64Ty(), 2);
    i->addIncoming(Int64(0), before);
    Value* sum =
        b_.CreateAlignedLoad(element, b_.CreateInBoundsGEP(element, copy.elements, i), align);
    b_.CreateCondBr(b_.CreateIsNotNull(sum), add, next);
    b_.SetInsertPoint(add);
    std::vector<Value*> indices(type.rank);
    Value *rest = i, *offset = Int64(0);
    for (size_t d = type.rank; d-- > 0;) {
      Value* size = code(array)[d + 1];
      indices[d] = d == 0 ? rest : b_.CreateURem(rest, size);
      if (d > 0) rest = b_.CreateUDiv(rest, size);
      offset = b_.CreateAdd(offset, b_.CreateMul(indices[d], code(array)[1 + type.rank + d]));
    }
    Value* address = b_.CreateGEP(b_.getInt8Ty(), code(array)[0], offset);
    for (size_t d = 0; d < type.rank; ++d) indices.push_back(code(array)[d + 1]);
    Value* old = b_.CreateAtomicRMW(::llvm::AtomicRMWInst::Add, address, sum, ::llvm::MaybeAlign(),
                                    ::llvm::AtomicOrdering::Monotonic);
    MarkAccess(::llvm::cast<::llvm::Instruction>(old), array);
    if ((op.checks & kOverflowBit) != 0)
      NoteOverflow(copy.add, op, old, sum, false, address, indices);
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
    Value* after = b_.CreateAdd(i, Int64(1), "", true, true);
    i->addIncoming(after, next);
    b_.CreateCondBr(b_.CreateICmpSLT(after, copy.count), loop, done);
    b_.SetInsertPoint(done);
  }
}

}  // namespace einkorn::cpu
