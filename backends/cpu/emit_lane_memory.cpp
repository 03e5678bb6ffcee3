// Elements of arrays for all lanes at once.
#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <numeric>

#include "backends/cpu/lane_emitter.h"
#include "backends/llvm/scalar_code.h"

namespace einkorn::cpu {

// --- Arrays that each lane has for itself: the lanes' elements of one index side by side

void LaneEmitter::EmitPrivateArray(const ir::Op& op) {
  const ir::ValueId result = function_.result(op);
  const Type type = function_.type(result);
  uint64_t count = 1;
  Code array = {nullptr};
  for (size_t d = 0; d < type.rank; ++d) {
    const uint64_t size = function_.ConstantOf(function_.operand(op, d))->immediate;
    count *= size;
    array.push_back(Int64(static_cast<int64_t>(size)));
  }
  ::llvm::Type* element = Wide(llvm_code::MemoryType(context_, type.scalar));
  array[0] = StackSlot(::llvm::ArrayType::get(element, count), "array");
  array.resize(1 + 2 * type.rank, Int64(0));  // strides are not looked at
  code(result) = array;
  if (op.immediate != 1) return;
  // A lane that is off keeps nothing that counts: each time round the array is a new one.
  StoreToAll(
      array[0],
      llvm_code::ToMemory(b_, type.scalar, Lanes(function_.operand(op, op.operands.count - 1))),
      count);
}

LaneEmitter::Place LaneEmitter::LocatePrivate(const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const Type type = function_.type(array);
  const Code& parts = code(array);
  bool is_uniform = true;
  for (size_t d = 0; d < type.rank; ++d)
    is_uniform = is_uniform && shape(function_.operand(op, d + 1)).is_uniform();
  Value* index = nullptr;
  for (size_t d = 0; d < type.rank; ++d) {
    const ir::ValueId value = function_.operand(op, d + 1);
    Value* one = is_uniform ? AtLane0(value)
                            : llvm_code::ToI64(b_, function_.type(value).scalar, Lanes(value));
    Value* size = is_uniform ? parts[1 + d] : Splat(parts[1 + d]);
    index = index == nullptr ? one : b_.CreateAdd(b_.CreateMul(index, size), one);
  }
  ::llvm::Type* element = llvm_code::MemoryType(context_, type.scalar);
  if (is_uniform) return {Place::Kind::kConsecutive, b_.CreateGEP(Wide(element), parts[0], index)};
  ::llvm::Type* number = b_.getInt64Ty();
  Value* place = b_.CreateAdd(b_.CreateMul(index, Splat(Int64(width_))), Steps(number, Int64(1)));
  return {Place::Kind::kScattered, b_.CreateGEP(element, parts[0], place)};
}

// --- Where elements are

// Each index that is not the same for all lanes grows evenly and is checked for the first and the
// last lane, or is checked in every lane.
void LaneEmitter::CheckBounds(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  Value *outside = nullptr, *outside_lanes = nullptr;
  const auto add = [&](Value*& to, Value* condition) {
    to = to == nullptr ? condition : b_.CreateOr(to, condition);
  };
  for (int d = 0; d < function_.type(array).rank; ++d) {
    const auto at = static_cast<size_t>(d);
    const ir::ValueId index = function_.operand(op, at + 1);
    Value* size = code(array)[at + 1];
    // A negative index is large as an unsigned number.
    if (shape(index).is_varying() || (shape(index).is_affine() && is_divergent_)) {
      Value* word = llvm_code::ToI64(b_, function_.type(index).scalar, Lanes(index));
      add(outside_lanes, b_.CreateICmpUGE(word, Splat(size)));
      continue;
    }
    Value* word = AtLane0(index);
    add(outside, b_.CreateICmpUGE(word, size));
    if (shape(index).is_uniform()) continue;
    Value* far = b_.CreateMul(last_lane_, Int64(shape(index).stride));
    add(outside, b_.CreateICmpUGE(b_.CreateAdd(word, far), size));
  }
  Note(id, FaultKind::kBounds,
       outside_lanes != nullptr ? ir::CheckFate::kFlags : ir::CheckFate::kStrip);
  for (Value* condition : {outside, outside_lanes})
    if (condition != nullptr) LeaveStripIf(condition);
}

void LaneEmitter::CheckPlace(ir::OpId id, const ir::Op& op) {
  const bool varies = std::ranges::any_of(
      function_.operands(op).subspan(1, function_.type(function_.operand(op, 0)).rank),
      [&](ir::ValueId index) { return shape(index).is_varying(); });
  // An index that was flagged could lie anywhere.
  if (varies) TestFlags();
  TestFlagsBefore(op);
  if ((op.checks & kBoundsBit) != 0) CheckBounds(id, op);
}

::llvm::Value* LaneEmitter::StartsAgain(const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  if (plan_.is_private[array.index]) return nullptr;
  Value* any = nullptr;
  for (ir::ValueId index : function_.operands(op).subspan(1, function_.type(array).rank)) {
    if (!shape(index).is_varying()) continue;
    const auto at = wrapped_.find(index.index);
    if (at == wrapped_.end()) return nullptr;
    Value* one = at->second.starts_again;
    any = any == nullptr ? one : b_.CreateOr(any, one);
  }
  return any;
}

::llvm::Value* LaneEmitter::AtPlaces(const ir::Op& op, ::llvm::function_ref<Value*(Place)> emit) {
  Value* starts_again = StartsAgain(op);
  if (starts_again == nullptr) return emit(Locate(op, false));
  Block* even = NewBlock("even");
  Block* uneven = NewBlock("uneven");
  Block* join = NewBlock("join");
  b_.CreateCondBr(starts_again, uneven, even,
                  ::llvm::MDBuilder(context_).createUnlikelyBranchWeights());
  Value* made[2];
  Block* ends[2];
  for (size_t k : {0, 1}) {
    b_.SetInsertPoint(k == 0 ? even : uneven);
    made[k] = emit(Locate(op, k == 0));
    ends[k] = b_.GetInsertBlock();
    b_.CreateBr(join);
  }
  b_.SetInsertPoint(join);
  if (made[0] == nullptr) return nullptr;
  ::llvm::PHINode* phi = b_.CreatePHI(made[0]->getType(), 2);
  for (size_t k : {0, 1}) phi->addIncoming(made[k], ends[k]);
  return phi;
}

LaneEmitter::Place LaneEmitter::Locate(const ir::Op& op, bool is_even) {
  const ir::ValueId array = function_.operand(op, 0);
  const Type type = function_.type(array);
  const Code& parts = code(array);
  if (plan_.is_private[array.index]) return LocatePrivate(op);

  ::llvm::Type* element = llvm_code::MemoryType(context_, type.scalar);
  Value* offset = Int64(0);    // of lane 0, in bytes
  Value* growth = Int64(0);    // from lane to lane
  Value* scattered = nullptr;  // what varies otherwise
  for (size_t d = 0; d < type.rank; ++d) {
    const ir::ValueId index = function_.operand(op, d + 1);
    // Known where the array is a class of values that come together.
    const bool is_next = d + 1 == type.rank && facts_.IsContiguous(array);
    Value* stride = is_next ? Int64(BytesOf(type.scalar)) : parts[1 + type.rank + d];
    if (shape(index).is_varying() && !is_even) {
      if (type.rank == 1 && facts_.IsContiguous(array)) {
        Value* word = llvm_code::ToI64(b_, function_.type(index).scalar, scalar(index));
        return {Place::Kind::kScattered, b_.CreateGEP(element, parts[0], word)};
      }
      Value* word = llvm_code::ToI64(b_, function_.type(index).scalar, scalar(index));
      Value* distance = b_.CreateMul(word, Splat(stride));
      scattered = scattered == nullptr ? distance : b_.CreateAdd(scattered, distance);
      continue;
    }
    Value* first = shape(index).is_varying() ? wrapped_.at(index.index).at_lane0 : AtLane0(index);
    offset = b_.CreateAdd(offset, b_.CreateMul(first, stride));
    if (!shape(index).is_uniform())
      growth = b_.CreateAdd(growth, b_.CreateMul(Int64(shape(index).stride), stride));
  }
  Value* address = b_.CreateGEP(b_.getInt8Ty(), parts[0], offset);
  if (scattered == nullptr) {
    const auto* constant = ::llvm::dyn_cast<::llvm::ConstantInt>(growth);
    const int64_t bytes = constant == nullptr ? 0 : constant->getSExtValue();
    if (constant != nullptr && bytes == 0) return {Place::Kind::kUniform, address};
    if (bytes == BytesOf(type.scalar)) return {Place::Kind::kConsecutive, address};
    if (bytes == -BytesOf(type.scalar)) {
      Value* back = Int64(bytes * static_cast<int64_t>(width_ - 1));
      return {Place::Kind::kReversed, b_.CreateGEP(b_.getInt8Ty(), address, back)};
    }
  }
  Value* steps = Steps(b_.getInt64Ty(), growth);
  if (scattered != nullptr) steps = b_.CreateAdd(steps, scattered);
  return {Place::Kind::kScattered, b_.CreateGEP(b_.getInt8Ty(), address, steps)};
}

::llvm::Value* LaneEmitter::Reversed(Value* lanes) {
  std::vector<int> order(width_);
  std::iota(order.rbegin(), order.rend(), 0);
  return b_.CreateShuffleVector(lanes, order);
}

void LaneEmitter::EmitLanesLoad(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const ScalarType type = function_.type(array).scalar;
  ::llvm::Type* element = Wide(llvm_code::MemoryType(context_, type));
  const ::llvm::Align align(static_cast<uint64_t>(BytesOf(type)));
  CheckPlace(id, op);
  Value* loaded = AtPlaces(op, [&](Place place) -> Value* {
    // Lanes that are off read zeros.
    Value* none = ::llvm::Constant::getNullValue(element);
    Value* mask = mask_;
    if (mask != nullptr && place.kind == Place::Kind::kReversed) mask = Reversed(mask);
    Value* read = nullptr;
    if (place.kind == Place::Kind::kScattered)
      read = b_.CreateMaskedGather(element, place.address, align, AllOn(), none);
    else if (place.kind == Place::Kind::kUniform)
      read = b_.CreateAlignedLoad(element->getScalarType(), place.address, align);
    else if (mask == nullptr || plan_.is_private[array.index])
      read = b_.CreateAlignedLoad(element, place.address, align);
    else
      read = b_.CreateMaskedLoad(element, place.address, align, mask, none);
    MarkAccess(::llvm::cast<::llvm::Instruction>(read), array);
    if (place.kind == Place::Kind::kUniform) read = Splat(read);
    return place.kind == Place::Kind::kReversed ? Reversed(read) : read;
  });
  Set(function_.result(op), llvm_code::FromMemory(b_, type, loaded));
}

void LaneEmitter::EmitLanesStore(ir::OpId id, const ir::Op& op) {
  const ir::ValueId array = function_.operand(op, 0);
  const ScalarType type = function_.type(array).scalar;
  const ::llvm::Align align(static_cast<uint64_t>(BytesOf(type)));
  Value* stored =
      llvm_code::ToMemory(b_, type, Lanes(function_.operand(op, op.operands.count - 1)));
  // What is stored cannot be taken back.
  CheckPlace(id, op);
  if (!plan_.is_private[array.index]) TestFlags();
  AtPlaces(op, [&](Place place) -> Value* {
    Value* value = stored;
    Value* mask = mask_;
    if (place.kind == Place::Kind::kReversed) {
      value = Reversed(value);
      if (mask != nullptr) mask = Reversed(mask);
    }
    if (place.kind == Place::Kind::kUniform) {
      // At most one lane does it, or all but the last are overwritten.
      place.kind = Place::Kind::kScattered;
      place.address = Splat(place.address);
    }
    ::llvm::Instruction* store = nullptr;
    if (place.kind == Place::Kind::kScattered)
      store = b_.CreateMaskedScatter(value, place.address, align, AllOn());
    else if (mask == nullptr)
      store = b_.CreateAlignedStore(value, place.address, align);
    else
      store = b_.CreateMaskedStore(value, place.address, align, mask);
    MarkAccess(store, array);
    return nullptr;
  });
}

}  // namespace einkorn::cpu
