// Strips of lanes: values, masks, flags, and scalar operations on vectors.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <numeric>

#include "backends/cpu/lane_emitter.h"
#include "backends/llvm/scalar_code.h"
#include "ir/loop_nest.h"
#include "ir/scalar.h"

namespace einkorn::cpu {
namespace {

// Bodies with at most so many vector operations work on two registers of each value, so that one
// operation does not wait for the one before.
constexpr uint32_t kMostOpsForTwo = 48;
// Larger ones are not made twice, for full strips and for the rest of a row.
constexpr uint32_t kMostOpsTwice = 120;
// Shorter rows do not gain from strips that begin where memory is aligned.
constexpr int64_t kLeastStripsToAlign = 16;
// Nor do bodies that read more than they store: most of what they read is not aligned then either.
constexpr uint64_t kMostAccessesToAlign = 12;

// Iterations of a tail that stand one after the other in the code.
constexpr unsigned kTailsTogether = 8;

unsigned WidthOf(const ir::LanePlan& plan, unsigned vector_bits) {
  const unsigned lanes = vector_bits / static_cast<unsigned>(plan.widest_bits);
  return std::max(2u, plan.varying_ops <= kMostOpsForTwo ? 2 * lanes : lanes);
}

}  // namespace

LaneEmitter::LaneEmitter(ModuleEmitter& module, ir::FunctionId id, ::llvm::Function* target,
                         const ir::LanePlan& plan, ::llvm::Function* exact)
    : FunctionEmitter(module, id, target),
      plan_(plan),
      exact_(exact),
      width_(WidthOf(plan, module.vector_bits())) {
  UseWholeVectors();
}

LaneEmitter::LaneEmitter(FunctionEmitter& outer, const ir::LanePlan& plan, Block* slow)
    : FunctionEmitter(outer), plan_(plan), width_(ir::kLaneCount), slow_(slow) {
  UseWholeVectors();
}

// LLVM uses half of the registers' width on some processors unless it is told to.
void LaneEmitter::UseWholeVectors() {
  const std::string bits = std::to_string(module_.vector_bits());
  target_->addFnAttr("prefer-vector-width", bits);
  target_->addFnAttr("min-legal-vector-width", bits);
}

// --- Strips

void LaneEmitter::EmitRow(ir::OpId, const ir::Op& op, Row& row) {
  const auto width = static_cast<int64_t>(width_);
  Block* done = NewBlock("row_done");
  if (plan_.varying_ops <= kMostOpsTwice) {
    // Full strips between masked ones: before the first place that is aligned, and at the end.
    Value* head = UnalignedIterations(op, row);
    Block* before = b_.GetInsertBlock();
    Block* next = NewBlock("next");
    Block* whole = NewBlock("whole");
    Block* strip = NewBlock("strip");
    Block* rest = NewBlock("rest");
    Block* partial = NewBlock("partial");
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
    ::llvm::PHINode* first = b_.CreatePHI(b_.getInt64Ty(), 2);
    first->addIncoming(row.from, before);
    ::llvm::PHINode* alone = b_.CreatePHI(b_.getInt64Ty(), 2);
    alone->addIncoming(head, before);
    b_.CreateCondBr(b_.CreateICmpSGT(alone, Int64(0)), partial, whole);
    b_.SetInsertPoint(whole);
    Value* last_full = b_.CreateSub(row.to, Int64(width), "", true, true);
    b_.CreateCondBr(b_.CreateICmpSLE(first, last_full), strip, rest);
    b_.SetInsertPoint(strip);
    ::llvm::PHINode* number = b_.CreatePHI(b_.getInt64Ty(), 2, "number");
    number->addIncoming(first, whole);
    row.numbers.back() = number;
    EmitStrip(op, row, nullptr);
    Value* after = b_.CreateAdd(number, Int64(width), "", true, true);
    number->addIncoming(after, b_.GetInsertBlock());
    Block* strip_end = b_.GetInsertBlock();
    b_.CreateCondBr(b_.CreateICmpSLE(after, last_full), strip, rest);
    b_.SetInsertPoint(rest);
    ::llvm::PHINode* left_from = b_.CreatePHI(b_.getInt64Ty(), 2);
    left_from->addIncoming(first, whole);
    left_from->addIncoming(after, strip_end);
    Value* left = b_.CreateSub(row.to, left_from, "", true, true);
    b_.CreateCondBr(b_.CreateICmpSGT(left, Int64(0)), partial, done);
    b_.SetInsertPoint(partial);
    ::llvm::PHINode* from = b_.CreatePHI(b_.getInt64Ty(), 2);
    from->addIncoming(first, next);
    from->addIncoming(left_from, rest);
    ::llvm::PHINode* count = b_.CreatePHI(b_.getInt64Ty(), 2);
    count->addIncoming(alone, next);
    count->addIncoming(left, rest);
    row.numbers.back() = from;
    EmitStrip(op, row, count);
    first->addIncoming(b_.CreateAdd(from, count, "", true, true), b_.GetInsertBlock());
    alone->addIncoming(Int64(0), b_.GetInsertBlock());
    b_.CreateBr(next);
  } else {
    Block* before = b_.GetInsertBlock();
    Block* strip = NewBlock("strip");
    b_.CreateBr(strip);
    b_.SetInsertPoint(strip);
    ::llvm::PHINode* number = b_.CreatePHI(b_.getInt64Ty(), 2, "number");
    number->addIncoming(row.from, before);
    row.numbers.back() = number;
    Value* left = b_.CreateSub(row.to, number, "", true, true);
    EmitStrip(op, row, b_.CreateBinaryIntrinsic(::llvm::Intrinsic::smin, left, Int64(width)));
    Value* next = b_.CreateAdd(number, Int64(width));
    number->addIncoming(next, b_.GetInsertBlock());
    b_.CreateCondBr(b_.CreateICmpSLT(next, row.to), strip, done);
  }
  b_.SetInsertPoint(done);
}

// How many iterations of a row come before the first one that stores to the begin of a register's
// worth of memory. Vectors that lie in two cache lines take twice as long.
::llvm::Value* LaneEmitter::UnalignedIterations(const ir::Op& op, const Row& row) {
  if (plan_.adjacent_accesses > kMostAccessesToAlign) return Int64(0);
  const ir::RegionId body = function_.region_of(op, 0);
  for (ir::OpId id : function_.region(body).ops) {
    const ir::Op& store = function_.op(id);
    if (store.opcode != Opcode::kStore) continue;
    const ir::ValueId array = function_.operand(store, 0);
    const Type type = function_.type(array);
    const ir::LaneShape last = shape(function_.operand(store, type.rank));
    if (code(array).empty() || !last.is_affine() || last.stride != 1 || !facts_.IsContiguous(array))
      continue;
    const Code& parts = code(array);
    Value* address = b_.CreatePtrToInt(parts[0], b_.getInt64Ty());
    for (size_t d = 0; d < type.rank; ++d) {
      Value* index = InFirstIteration(function_.operand(store, d + 1), op, row);
      if (index == nullptr) return Int64(0);
      Value* stride = d + 1 == type.rank ? Int64(BytesOf(type.scalar)) : parts[1 + type.rank + d];
      address = b_.CreateAdd(address, b_.CreateMul(index, stride));
    }
    const int64_t bytes = BytesOf(type.scalar);
    const int64_t aligned =
        std::min<int64_t>(module_.vector_bits() / 8, bytes * static_cast<int64_t>(width_));
    Value* missing = b_.CreateAnd(b_.CreateNeg(address), Int64(aligned - 1));
    Value* count = b_.CreateSDiv(missing, Int64(bytes));
    Value* pays = b_.CreateICmpSGE(b_.CreateSub(row.to, row.from),
                                   Int64(kLeastStripsToAlign * static_cast<int64_t>(width_)));
    return b_.CreateSelect(pays, count, Int64(0));
  }
  return Int64(0);
}

// An index in the first iteration of a row, as an i64, if simple sums give it; else null.
::llvm::Value* LaneEmitter::InFirstIteration(ir::ValueId index, const ir::Op& op, const Row& row) {
  const auto& variables = function_.region(function_.region_of(op, 0)).arguments;
  const ScalarType type = function_.type(index).scalar;
  const auto variable = std::ranges::find(variables, index);
  if (variable != variables.end()) {
    const auto k = static_cast<size_t>(variable - variables.begin());
    Value* number = k + 1 == variables.size() ? row.from : row.numbers[k];
    return b_.CreateAdd(llvm_code::ToI64(b_, type, body_froms_[k]),
                        b_.CreateMul(number, llvm_code::ToI64(b_, type, body_steps_[k])));
  }
  if (const ir::Op* constant = function_.ConstantOf(index))
    return Int64(static_cast<int64_t>(IntegerValue(type, constant->immediate)));
  const ir::OpId def = function_.value(index).def;
  const bool is_sum = def.valid() && (function_.op(def).opcode == Opcode::kAdd ||
                                      function_.op(def).opcode == Opcode::kSub);
  if (!is_sum) return code(index).empty() ? nullptr : llvm_code::ToI64(b_, type, scalar(index));
  const ir::Op& sum = function_.op(def);
  Value* a = InFirstIteration(function_.operand(sum, 0), op, row);
  Value* b = InFirstIteration(function_.operand(sum, 1), op, row);
  if (a == nullptr || b == nullptr) return nullptr;
  return sum.opcode == Opcode::kAdd ? b_.CreateAdd(a, b) : b_.CreateSub(a, b);
}

void LaneEmitter::EmitStrip(const ir::Op& op, const Row& row, Value* count) {
  strip_ = b_.GetInsertBlock();
  slow_ = NewBlock("again");
  Block* next = NewBlock("next_strip");
  flags_.clear();
  sums_.clear();
  last_sums_.clear();
  wrapped_.clear();
  tells_more_ = false;
  may_be_flagged_ = false;
  mask_ = nullptr;
  last_lane_ = Int64(width_ - 1);
  if (count != nullptr) {
    last_lane_ = b_.CreateSub(count, Int64(1), "", true, true);
    ::llvm::Type* number = b_.getInt16Ty();
    mask_ = b_.CreateICmpULT(Steps(number, ::llvm::ConstantInt::get(number, 1)),
                             Splat(b_.CreateTrunc(count, number)));
  }
  Value* linear = b_.CreateAdd(row.first, b_.CreateSub(row.numbers.back(), row.from), "linear");
  const size_t last = row.numbers.size() - 1;
  const ir::RegionId region = function_.region_of(op, 0);
  SetVariables(op, row, last);
  const ir::ValueId variable = function_.region(region).arguments[last];
  const ScalarType type = function_.type(variable).scalar;
  Set(variable,
      b_.CreateAdd(llvm_code::ToI64(b_, type, body_froms_[last]),
                   b_.CreateMul(row.numbers.back(), llvm_code::ToI64(b_, type, body_steps_[last])),
                   "lane0"));
  EmitRegion(region);
  TestFlags();
  Block* slow = slow_;
  ::llvm::PHINode* again_from = ::llvm::PHINode::Create(b_.getInt64Ty(), 2, "from", slow);
  if (!plan_.tail.empty()) EmitTail(count, linear, again_from);
  b_.CreateBr(next);

  b_.SetInsertPoint(slow);
  for (Block* from : ::llvm::predecessors(slow))
    if (again_from->getBasicBlockIndex(from) < 0) again_from->addIncoming(linear, from);
  if (slow->hasNPredecessors(0)) {
    again_from->eraseFromParent();
    b_.CreateUnreachable();
  } else {
    Value* end = b_.CreateAdd(linear, b_.CreateAdd(last_lane_, Int64(1)));
    Value* failed =
        b_.CreateCall(exact_, {target_->getArg(0), target_->getArg(1), again_from, end}, "failed");
    Block* leave = NewBlock("leave");
    b_.CreateCondBr(b_.CreateICmpSGE(failed, Int64(0)), leave, next);
    b_.SetInsertPoint(leave);
    b_.CreateRet(failed);
  }
  b_.SetInsertPoint(next);
}

// Whether a tail had better do it again for each iteration than take it from the lanes: a load of
// elements that lie side by side, or a conversion of them.
bool LaneEmitter::IsDoneAgain(ir::OpId id) const {
  if (!id.valid()) return false;
  const ir::Op& op = function_.op(id);
  const auto operands = function_.operands(op);
  if (op.opcode == Opcode::kConvert)
    return op.checks == 0 && IsDoneAgain(function_.value(operands[0]).def);
  const ir::RegionId region = function_.region_of(function_.op(body_op_), 0);
  const auto& body = function_.region(region).ops;
  const auto may_store = [&](const ir::Op& other) {
    if (other.opcode != Opcode::kStore) return false;
    const ir::ValueId stored = function_.operand(other, 0);
    return ir::StorageOf(function_, stored) == ir::StorageOf(function_, operands[0]) ||
           ir::MayBePartOf(function_, stored, operands[0]);
  };
  return op.opcode == Opcode::kLoad && std::ranges::find(body, id) != body.end() &&
         !plan_.is_private[operands[0].index] && !ir::AnyIn(function_, region, may_store) &&
         shape(operands.back()).is_affine() &&
         std::ranges::all_of(operands.subspan(1, operands.size() - 2),
                             [&](ir::ValueId index) { return shape(index).is_uniform(); });
}

// Iteration by iteration, with what the lanes have found. Where a check fails, all before it is
// done, and the exact code goes on with that iteration.
void LaneEmitter::EmitTail(Value* count, Value* linear, ::llvm::PHINode* again_from) {
  // What varies goes through memory, and its elements are loaded one by one.
  struct Input {
    ir::ValueId value;
    Code lanes;
    Value* slot = nullptr;
    ir::OpId again = {};
  };
  std::vector<Input> inputs;
  const std::function<void(ir::ValueId)> take = [&](ir::ValueId value) {
    const ir::OpId def = function_.value(value).def;
    if (shape(value).is_uniform() || (def.valid() && plan_.IsInTail(def)) ||
        std::ranges::find(inputs, value, &Input::value) != inputs.end())
      return;
    Input input{value, code(value)};
    if (IsDoneAgain(def)) {
      input.again = def;
      for (ir::ValueId operand : function_.operands(function_.op(def)))
        if (function_.type(operand).is_scalar()) take(operand);
    } else if (shape(value).is_varying()) {
      Value* lanes = llvm_code::ToMemory(b_, function_.type(value).scalar, scalar(value));
      input.slot = StackSlot(lanes->getType(), "tail");
      b_.CreateStore(lanes, input.slot);
    }
    inputs.push_back(std::move(input));
  };
  for (ir::OpId id : plan_.tail)
    for (ir::ValueId value : function_.operands(function_.op(id))) take(value);

  const unsigned together = count == nullptr ? std::min(kTailsTogether, width_) : 1;
  Block* before = b_.GetInsertBlock();
  Block* loop = NewBlock("tail");
  b_.CreateBr(loop);
  b_.SetInsertPoint(loop);
  ::llvm::PHINode* first = b_.CreatePHI(b_.getInt64Ty(), 2, "lane");
  first->addIncoming(Int64(0), before);
  checked_before_.insert(plan_.tail.begin(), plan_.tail.end());
  for (const Input& input : inputs)
    if (input.again.valid()) checked_before_.insert(input.again);
  for (unsigned k = 0; k < together; ++k) {
    Value* lane = b_.CreateAdd(first, Int64(k), "", true, true);
    Value* iteration = b_.CreateAdd(linear, lane, "", true, true);
    for (const Input& input : inputs) {
      const ScalarType type = function_.type(input.value).scalar;
      if (input.again.valid()) {
        FunctionEmitter::EmitOp(input.again);
      } else if (input.slot != nullptr) {
        ::llvm::Type* element = llvm_code::MemoryType(context_, type);
        Value* loaded =
            b_.CreateAlignedLoad(element, b_.CreateInBoundsGEP(element, input.slot, lane),
                                 ::llvm::Align(static_cast<uint64_t>(BytesOf(type))));
        Set(input.value, llvm_code::FromMemory(b_, type, loaded));
      } else {
        Value* word =
            b_.CreateAdd(input.lanes[0], b_.CreateMul(lane, Int64(shape(input.value).stride)));
        Set(input.value, b_.CreateTrunc(word, llvm_code::RegisterType(context_, type)));
      }
    }
    tail_again_ = NewBlock("tail_again");
    for (ir::OpId id : plan_.tail) FunctionEmitter::EmitOp(id);
    if (tail_again_->hasNPredecessors(0)) {
      tail_again_->eraseFromParent();
    } else {
      again_from->addIncoming(iteration, tail_again_);
      ::llvm::BranchInst::Create(again_from->getParent(), tail_again_);
    }
    tail_again_ = nullptr;
  }
  checked_before_.clear();
  for (const Input& input : inputs) code(input.value) = input.lanes;
  Value* after = b_.CreateAdd(first, Int64(together), "", true, true);
  first->addIncoming(after, b_.GetInsertBlock());
  Block* done = NewBlock("tail_done");
  b_.CreateCondBr(b_.CreateICmpSLE(after, last_lane_), loop, done);
  b_.SetInsertPoint(done);
}

std::vector<::llvm::Value*> LaneEmitter::EmitMerged(const ir::Op& op) {
  strip_ = NewBlock("lanes");
  b_.CreateBr(strip_);
  b_.SetInsertPoint(strip_);
  last_lane_ = Int64(width_ - 1);
  const ir::RegionId body = function_.region_of(op, 0), merge = function_.region_of(op, 1);
  const auto lanes_of = [&](ir::RegionId region) {
    std::vector<Value*> lanes;
    for (ir::ValueId value : function_.operands(function_.terminator(region)))
      lanes.push_back(Lanes(value));
    return lanes;
  };
  Set(function_.region(body).arguments[0], Int64(0));
  EmitRegion(body);
  std::vector<Value*> values = lanes_of(body);
  TestFlags();
  ++nesting_;
  const auto& arguments = function_.region(merge).arguments;
  while (width_ > 1) {
    width_ /= 2;
    for (size_t i = 0; i < values.size(); ++i) {
      Set(arguments[i], Half(values[i], 0));
      Set(arguments[values.size() + i], Half(values[i], 1));
    }
    EmitRegion(merge);
    values = lanes_of(merge);
  }
  --nesting_;
  for (Value*& value : values) value = b_.CreateExtractElement(value, uint64_t{0});
  return values;
}

void LaneEmitter::LeaveIf(Value* condition, const Site& site,
                          ::llvm::function_ref<std::vector<Value*>()>) {
  if (site.kind == Site::Kind::kFault)
    Note(site.op, site.fault,
         tail_again_ != nullptr ? ir::CheckFate::kBranch : ir::CheckFate::kStrip);
  LeaveStripIf(condition);
}

void LaneEmitter::LeaveStripIf(Value* condition) {
  if (condition->getType()->isVectorTy()) condition = Any(Masked(b_.CreateFreeze(condition)));
  Block* next = NewBlock("next");
  b_.CreateCondBr(condition, tail_again_ != nullptr ? tail_again_ : slow_, next,
                  ::llvm::MDBuilder(context_).createUnlikelyBranchWeights());
  b_.SetInsertPoint(next);
}

void LaneEmitter::Flag(Value* fails, unsigned bits) {
  fails = b_.CreateFreeze(fails);
  if (fails->getType()->getScalarType()->isIntegerTy(1)) {
    fails = b_.CreateSExt(Masked(fails), Wide(b_.getIntNTy(bits)));
  } else if (mask_ != nullptr) {
    fails = b_.CreateSelect(mask_, fails, ::llvm::Constant::getNullValue(fails->getType()));
  }
  ::llvm::Type* type = fails->getType();
  Value*& flags = flags_[type->getScalarSizeInBits()];
  if (flags == nullptr) {
    flags = StackSlot(type, "flags");
    llvm_code::Builder at(strip_, strip_->getFirstInsertionPt());
    at.CreateStore(::llvm::Constant::getNullValue(type), flags);
  }
  b_.CreateStore(b_.CreateOr(b_.CreateLoad(type, flags), fails), flags);
  may_be_flagged_ = true;
}

::llvm::Value* LaneEmitter::Half(Value* lanes, unsigned number) {
  const unsigned half =
      ::llvm::cast<::llvm::FixedVectorType>(lanes->getType())->getNumElements() / 2;
  return b_.CreateShuffleVector(lanes, ::llvm::createSequentialMask(number * half, half, 0));
}

// Whether some lane is negative.
::llvm::Value* LaneEmitter::AnySign(Value* lanes) {
  auto* type = ::llvm::cast<::llvm::FixedVectorType>(lanes->getType());
  if (type->getNumElements() * type->getScalarSizeInBits() > module_.vector_bits())
    return AnySign(b_.CreateOr(Half(lanes, 0), Half(lanes, 1)));
  return Any(b_.CreateICmpSLT(lanes, ::llvm::Constant::getNullValue(type)));
}

// Sums of u8 and u16 are saturated where processors can, and only the last one of a chain is looked
// at: where it is not the greatest number, none before it was too large. Else each sum is compared
// with the one that wraps.
bool LaneEmitter::MayAddSaturating(const ir::Op& op) const {
  const ScalarType type = function_.type(function_.operand(op, 0)).scalar;
  return op.opcode == Opcode::kAdd && (op.checks & kOverflowBit) != 0 && !IsSigned(type) &&
         BitsOf(type) <= 16 && nesting_ == 0;
}

void LaneEmitter::EmitSaturatingSum(ir::OpId id, const ir::Op& op) {
  const ir::ValueId result = function_.result(op);
  Sum sum{b_.CreateFreeze(Lanes(function_.operand(op, 0))),
          b_.CreateFreeze(Lanes(function_.operand(op, 1))), nullptr};
  sum.result = b_.CreateBinaryIntrinsic(::llvm::Intrinsic::uadd_sat, sum.x, sum.y);
  Note(id, FaultKind::kOverflow, ir::CheckFate::kFlags);
  tells_more_ = tells_more_ || !ChecksOnlyData(op);
  for (ir::ValueId operand : function_.operands(op))
    if (shape(operand).is_varying()) std::erase(last_sums_, scalar(operand));
  last_sums_.push_back(sum.result);
  sums_.push_back(sum);
  may_be_flagged_ = true;
  Set(result, sum.result);
}

void LaneEmitter::TestSums() {
  if (sums_.empty()) return;
  std::map<::llvm::Type*, Value*> greatest;
  for (Value* last : last_sums_) {
    Value*& so_far = greatest[last->getType()];
    so_far =
        so_far == nullptr ? last : b_.CreateBinaryIntrinsic(::llvm::Intrinsic::umax, so_far, last);
  }
  Value* suspect = nullptr;
  const auto add = [&](Value*& to, Value* lanes) {
    to = to == nullptr ? lanes : b_.CreateOr(to, lanes);
  };
  for (const auto& [type, lanes] : greatest)
    add(suspect, b_.CreateICmpEQ(lanes, ::llvm::Constant::getAllOnesValue(type)));
  Block* look = NewBlock("look");
  Block* next = NewBlock("passed");
  ::llvm::MDNode* unlikely = ::llvm::MDBuilder(context_).createUnlikelyBranchWeights();
  b_.CreateCondBr(Any(b_.CreateFreeze(suspect)), look, next, unlikely);
  b_.SetInsertPoint(look);
  Value* wrong = nullptr;
  for (const Sum& sum : sums_) add(wrong, b_.CreateICmpNE(b_.CreateAdd(sum.x, sum.y), sum.result));
  b_.CreateCondBr(Any(Masked(b_.CreateFreeze(wrong))), slow_, next);
  b_.SetInsertPoint(next);
  // Code behind a condition or loop does not know that this was tested in it.
  if (nesting_ > 0) return;
  sums_.clear();
  last_sums_.clear();
}

void LaneEmitter::TestFlags() {
  if (!may_be_flagged_) return;
  may_be_flagged_ = false;
  TestSums();
  Value* fails = nullptr;
  for (const auto& [bits, flags] : flags_) {
    Value* set = AnySign(b_.CreateLoad(Wide(b_.getIntNTy(bits)), flags));
    fails = fails == nullptr ? set : b_.CreateOr(fails, set);
  }
  if (fails == nullptr) return;
  Block* next = NewBlock("passed");
  b_.CreateCondBr(fails, slow_, next, ::llvm::MDBuilder(context_).createUnlikelyBranchWeights());
  b_.SetInsertPoint(next);
}

// --- Values

::llvm::Type* LaneEmitter::Wide(::llvm::Type* type) const {
  return ::llvm::FixedVectorType::get(type, width_);
}

::llvm::Type* LaneEmitter::TypeOf(ScalarType type) const {
  return Wide(llvm_code::RegisterType(context_, type));
}

::llvm::Value* LaneEmitter::Splat(Value* value) {
  return b_.CreateVectorSplat(width_, value);
}

::llvm::Value* LaneEmitter::Steps(::llvm::Type* type, Value* stride) {
  std::vector<::llvm::Constant*> numbers;
  for (unsigned lane = 0; lane < width_; ++lane)
    numbers.push_back(::llvm::ConstantInt::get(type, lane));
  return b_.CreateMul(::llvm::ConstantVector::get(numbers), Splat(stride));
}

::llvm::Value* LaneEmitter::Lanes(ir::ValueId value) {
  const ir::LaneShape lanes = shape(value);
  if (lanes.is_varying()) return scalar(value);
  if (lanes.is_uniform()) return Splat(scalar(value));
  ::llvm::Type* type = llvm_code::RegisterType(context_, function_.type(value).scalar);
  Value* first = b_.CreateTrunc(scalar(value), type);
  Value* stride = ::llvm::ConstantInt::get(type, static_cast<uint64_t>(lanes.stride), true);
  return b_.CreateAdd(Splat(first), Steps(type, stride));
}

::llvm::Value* LaneEmitter::AtLane0(ir::ValueId value) {
  return shape(value).is_affine()
             ? scalar(value)
             : llvm_code::ToI64(b_, function_.type(value).scalar, scalar(value));
}

Code LaneEmitter::CodeFor(ir::ValueId value, ir::ValueId slot) {
  if (!shape(slot).is_varying()) return code(value);
  return {Lanes(value)};
}

std::vector<Code> LaneEmitter::CodesFor(Slots values, Slots slots) {
  std::vector<Code> codes;
  for (size_t i = 0; i < values.size(); ++i) codes.push_back(CodeFor(values[i], slots[i]));
  return codes;
}

std::vector<Code> LaneEmitter::Phis(Slots slots) {
  std::vector<Code> phis;
  for (ir::ValueId slot : slots) {
    const ir::LaneShape lanes = shape(slot);
    ::llvm::Type* type = llvm_code::RegisterType(context_, function_.type(slot).scalar);
    if (lanes.is_varying()) type = Wide(type);
    if (lanes.is_affine()) type = b_.getInt64Ty();
    phis.push_back({b_.CreatePHI(type, 2)});
  }
  return phis;
}

// --- Masks

// By `select`: a lane that is off may hold poison.
::llvm::Value* LaneEmitter::And(Value* mask, Value* condition) {
  return mask == nullptr ? condition : b_.CreateLogicalAnd(mask, condition);
}

::llvm::Value* LaneEmitter::AllOn() {
  return mask_ != nullptr ? mask_ : ::llvm::Constant::getAllOnesValue(Wide(b_.getInt1Ty()));
}

::llvm::Value* LaneEmitter::Any(Value* lanes) {
  const unsigned count = ::llvm::cast<::llvm::FixedVectorType>(lanes->getType())->getNumElements();
  return b_.CreateIsNotNull(b_.CreateBitCast(lanes, b_.getIntNTy(count)));
}

std::vector<Code> LaneEmitter::Blend(Value* mask, const std::vector<Code>& now,
                                     const std::vector<Code>& before, Slots results) {
  std::vector<Code> blended;
  for (size_t i = 0; i < now.size(); ++i) {
    Value* one = now[i][0];
    // What is the same for all lanes is also right in those that have left.
    const bool is_vector =
        one->getType()->isVectorTy() && one != before[i][0] && plan_.is_used[results[i].index];
    blended.push_back({is_vector ? b_.CreateSelect(mask, one, before[i][0]) : one});
  }
  return blended;
}

// --- Operations

bool LaneEmitter::IsUniform(const ir::Op& op) const {
  return std::ranges::all_of(function_.results_of(op),
                             [&](ir::ValueId value) { return shape(value).is_uniform(); });
}

void LaneEmitter::EmitOp(ir::OpId id) {
  const ir::Op& op = function_.op(id);
  if (plan_.IsInTail(id)) {
    if ((op.checks & kBoundsBit) != 0) CheckPlace(id, op);
    return;
  }
  switch (op.opcode) {
    case Opcode::kArray:
      return EmitPrivateArray(op);
    case Opcode::kLoad:
      if (!shape(function_.result(op)).is_uniform()) return EmitLanesLoad(id, op);
      TestFlagsBefore(op);
      return FunctionEmitter::EmitOp(id);
    case Opcode::kStore:
      return EmitLanesStore(id, op);
    case Opcode::kIf:
      ++nesting_;
      EmitLanesIf(op);
      --nesting_;
      return;
    case Opcode::kFor:
    case Opcode::kWhile: {
      // What is flagged could be how often it runs.
      TestFlags();
      may_be_flagged_ = MayFlag(op);
      tells_more_ = tells_more_ || !ChecksOnlyData(op);
      ++nesting_;
      if (!ir::IsDivergent(function_, plan_, op))
        FunctionEmitter::EmitOp(id);
      else if (op.opcode == Opcode::kFor)
        EmitLanesFor(op);
      else
        EmitLanesWhile(op);
      --nesting_;
      may_be_flagged_ = MayFlag(op);
      return;
    }
    case Opcode::kAttempt: {
      const auto results = function_.results_of(op);
      const std::vector<Code> codes = EmitRegionFor(function_.region_of(op, 1), results);
      for (size_t i = 0; i < results.size(); ++i) code(results[i]) = codes[i];
      return;
    }
    case Opcode::kFail:
      LeaveStripIf(b_.getTrue());
      return;
    default:
      if (!HasScalarMeaning(op.opcode) || IsUniform(op)) {
        if (op.opcode == Opcode::kDiv || op.opcode == Opcode::kRem) TestFlagsBefore(op);
        return FunctionEmitter::EmitOp(id);
      }
      if (shape(function_.result(op)).is_affine()) return EmitAffine(id, op);
      if (op.opcode == Opcode::kRem && shape(function_.result(op)).is_wrapped() && op.checks == 0)
        return EmitWrapped(op);
      EmitVarying(id, op);
      FollowWrapped(op);
  }
}

bool LaneEmitter::IsData(ir::ValueId value, int depth) const {
  const ir::OpId def = function_.value(value).def;
  // What loops carry and choices give is taken for data if it varies.
  if (!def.valid()) return shape(value).is_varying();
  const ir::Op& op = function_.op(def);
  if (op.opcode == Opcode::kConstant || op.opcode == Opcode::kLoad) return true;
  if (!HasScalarMeaning(op.opcode)) return shape(value).is_varying();
  return depth > 0 && std::ranges::all_of(function_.operands(op), [&](ir::ValueId operand) {
           return IsData(operand, depth - 1);
         });
}

bool LaneEmitter::UsesData(ir::ValueId value, int depth) const {
  const ir::OpId def = function_.value(value).def;
  if (!def.valid()) return false;
  const ir::Op& op = function_.op(def);
  if (op.opcode == Opcode::kConstant) return false;
  if (!HasScalarMeaning(op.opcode) || depth == 0) return true;
  return std::ranges::any_of(function_.operands(op),
                             [&](ir::ValueId operand) { return UsesData(operand, depth - 1); });
}

bool LaneEmitter::ChecksOnlyData(const ir::Op& op) const {
  if (op.checks != 0 && op.regions.count == 0 &&
      !std::ranges::all_of(function_.operands(op), [&](ir::ValueId value) {
        return function_.type(value).is_scalar() && IsData(value);
      }))
    return false;
  return std::ranges::all_of(ir::LaneRegionsOf(function_, op), [&](ir::RegionId region) {
    return std::ranges::all_of(function_.region(region).ops,
                               [&](ir::OpId inner) { return ChecksOnlyData(function_.op(inner)); });
  });
}

void LaneEmitter::TestFlagsBefore(const ir::Op& op) {
  if (!may_be_flagged_) return;
  const bool is_access = op.opcode == Opcode::kLoad || op.opcode == Opcode::kStore;
  const auto operands = function_.operands(op);
  const auto deciding =
      is_access ? operands.subspan(1, function_.type(operands[0]).rank) : operands.subspan(1);
  const bool are_constant = std::ranges::all_of(
      deciding, [&](ir::ValueId value) { return function_.ConstantOf(value) != nullptr; });
  if (!is_access && are_constant) return;
  if (!is_access || tells_more_ ||
      std::ranges::any_of(deciding, [&](ir::ValueId value) { return UsesData(value); }))
    TestFlags();
}

bool LaneEmitter::MayFlag(const ir::Op& op) const {
  if (op.checks != 0) return true;
  return std::ranges::any_of(ir::LaneRegionsOf(function_, op), [&](ir::RegionId region) {
    return std::ranges::any_of(function_.region(region).ops,
                               [&](ir::OpId inner) { return MayFlag(function_.op(inner)); });
  });
}

void LaneEmitter::EmitVarying(ir::OpId id, const ir::Op& op) {
  if (MayAddSaturating(op)) return EmitSaturatingSum(id, op);
  std::vector<ScalarType> types;
  std::vector<Value*> operands;
  for (ir::ValueId value : function_.operands(op)) {
    types.push_back(function_.type(value).scalar);
    const bool is_choice = op.opcode == Opcode::kSelect && operands.empty();
    operands.push_back(is_choice && shape(value).is_uniform() ? scalar(value) : Lanes(value));
  }
  const auto bits = static_cast<unsigned>(std::max(8, BitsOf(types[0])));
  const ir::ValueId result = function_.result(op);
  Set(result, llvm_code::EmitScalar(
                  b_,
                  {op.opcode, op.rule, op.checks, types, operands, function_.type(result).scalar,
                   module_.vector_bits() == 512 ? 512u : 0u},
                  [&](FaultKind kind, Value* fails) {
                    Note(id, kind, ir::CheckFate::kFlags);
                    tells_more_ = tells_more_ || !ChecksOnlyData(op);
                    Flag(fails, bits);
                  }));
}

// In 64 bits, so that lanes that are off do no harm.
void LaneEmitter::EmitAffine(ir::OpId id, const ir::Op& op) {
  const auto at = [&](size_t i) { return AtLane0(function_.operand(op, i)); };
  Value* result = nullptr;
  switch (op.opcode) {
    case Opcode::kAdd:
      result = b_.CreateAdd(at(0), at(1));
      break;
    case Opcode::kSub:
      result = b_.CreateSub(at(0), at(1));
      break;
    case Opcode::kNeg:
      result = b_.CreateNeg(at(0));
      break;
    case Opcode::kMul:
      result = b_.CreateMul(at(0), at(1));
      break;
    case Opcode::kShl:
      result = b_.CreateShl(at(0), at(1));
      break;
    default:
      result = at(0);  // a conversion
  }
  if (op.checks != 0 && is_divergent_)
    EmitVarying(id, op);  // for its checks
  else if (op.checks != 0)
    CheckAffine(id, op, result);
  Set(function_.result(op), result);
}

// The remainder of lane 0 tells the others, where none is negative and the divisor is passed once.
void LaneEmitter::EmitWrapped(const ir::Op& op) {
  const ir::ValueId result = function_.result(op);
  const ScalarType type = function_.type(result).scalar;
  const int64_t stride = shape(result).stride;
  Value* first = AtLane0(function_.operand(op, 0));
  Value* size = AtLane0(function_.operand(op, 1));
  Value* growth = b_.CreateMul(last_lane_, Int64(stride));
  Value* is_other = b_.CreateOr(b_.CreateICmpSLT(first, Int64(0)), b_.CreateICmpSLT(size, growth));
  is_other = b_.CreateOr(is_other, b_.CreateICmpSLE(size, Int64(0)));
  // Sums of two remainders fit without a sign.
  const int64_t most = (int64_t{1} << (BitsOf(type) - 1)) - 1;
  if (!IsSigned(type) && BitsOf(type) < 64)
    is_other = b_.CreateOr(is_other, b_.CreateICmpSGT(size, Int64(most)));
  LeaveStripIf(is_other);
  Value* rest = b_.CreateURem(first, size);
  ::llvm::Type* narrow = llvm_code::RegisterType(context_, type);
  Value* lanes = b_.CreateAdd(
      Splat(b_.CreateTrunc(rest, narrow)),
      Steps(narrow, ::llvm::ConstantInt::get(narrow, static_cast<uint64_t>(stride), true)));
  Value* past = b_.CreateSub(lanes, Splat(b_.CreateTrunc(size, narrow)));
  Set(result, b_.CreateBinaryIntrinsic(::llvm::Intrinsic::umin, lanes, past));
  wrapped_[result.index] = {rest, b_.CreateICmpSGE(b_.CreateAdd(rest, growth), size)};
}

void LaneEmitter::FollowWrapped(const ir::Op& op) {
  const ir::ValueId result = function_.result(op);
  if (!shape(result).is_wrapped()) return;
  const auto at = [&](size_t i) { return AtLane0(function_.operand(op, i)); };
  const auto from = [&](size_t i) { return wrapped_.find(function_.operand(op, i).index); };
  const size_t side =
      op.operands.count == 2 && shape(function_.operand(op, 0)).is_uniform() ? 1 : 0;
  const auto before = from(side);
  if (before == wrapped_.end()) return;
  Value* first = before->second.at_lane0;
  if (op.opcode == Opcode::kAdd) first = b_.CreateAdd(first, at(1 - side));
  if (op.opcode == Opcode::kSub) first = b_.CreateSub(first, at(1));
  wrapped_[result.index] = {first, before->second.starts_again};
}

// The result grows evenly, so it fits in all lanes if it fits in the first and the last one.
void LaneEmitter::CheckAffine(ir::OpId id, const ir::Op& op, Value* result) {
  const ir::ValueId made = function_.result(op);
  const ScalarType type = function_.type(made).scalar;
  Value* far = b_.CreateMul(last_lane_, Int64(shape(made).stride));
  Value* fails = b_.getFalse();
  if (BitsOf(type) < 64 || op.opcode == Opcode::kConvert) {
    // Words that stand for u64 are not told from negative ones, and count as outside.
    for (Value* end : {result, static_cast<Value*>(b_.CreateAdd(result, far))}) {
      if (LeastOf(type) > INT64_MIN)
        fails =
            b_.CreateOr(fails, b_.CreateICmpSLT(end, Int64(static_cast<int64_t>(LeastOf(type)))));
      if (GreatestOf(type) < INT64_MAX)
        fails = b_.CreateOr(fails,
                            b_.CreateICmpSGT(end, Int64(static_cast<int64_t>(GreatestOf(type)))));
    }
    const ir::ValueId from = function_.operand(op, 0);
    if (function_.type(from).scalar == ScalarType::kU64) {
      Value* from_far = b_.CreateMul(last_lane_, Int64(shape(from).stride));
      for (Value* end : {AtLane0(from), static_cast<Value*>(b_.CreateAdd(AtLane0(from), from_far))})
        fails = b_.CreateOr(fails, b_.CreateICmpSLT(end, Int64(0)));
    }
  } else {
    // The operation once more with the operands of both lanes, checked.
    for (const bool is_last : {false, true}) {
      std::vector<ScalarType> types;
      std::vector<Value*> operands;
      for (ir::ValueId value : function_.operands(op)) {
        types.push_back(function_.type(value).scalar);
        Value* word = AtLane0(value);
        if (is_last && shape(value).is_affine())
          word = b_.CreateAdd(word, b_.CreateMul(last_lane_, Int64(shape(value).stride)));
        operands.push_back(
            b_.CreateTrunc(word, llvm_code::RegisterType(context_, function_.type(value).scalar)));
      }
      llvm_code::EmitScalar(
          b_, {op.opcode, op.rule, op.checks, types, operands, type},
          [&](FaultKind, Value* condition) { fails = b_.CreateOr(fails, condition); });
    }
  }
  for (FaultKind kind : {FaultKind::kOverflow, FaultKind::kNarrowing})
    if ((op.checks & BitOf(kind)) != 0) Note(id, kind, ir::CheckFate::kStrip);
  LeaveStripIf(fails);
}

}  // namespace einkorn::cpu
