// Choices and loops whose conditions vary from lane to lane.
#include <utility>

#include "backends/cpu/lane_emitter.h"

namespace einkorn::cpu {

// An arm runs if some lane needs it, with the other lanes off.
void LaneEmitter::EmitLanesIf(const ir::Op& op) {
  const ir::ValueId chosen_by = function_.operand(op, 0);
  const bool is_uniform = shape(chosen_by).is_uniform();
  Value* condition = scalar(chosen_by);
  if (!is_uniform) condition = b_.CreateFreeze(condition);
  const auto results = function_.results_of(op);
  Value* const outside = mask_;
  const bool was_flagged = may_be_flagged_, was_divergent = is_divergent_;
  bool is_flagged = was_flagged;
  std::vector<Code> values[2];
  for (size_t k : {0, 1}) {
    const ir::RegionId arm = function_.region_of(op, k);
    if (function_.region(arm).ops.size() == 1) {
      values[k] = EmitRegionFor(arm, results);
      continue;
    }
    Value* needs = k == 0 ? condition : b_.CreateNot(condition);
    if (!is_uniform) {
      mask_ = And(outside, needs);
      needs = Any(mask_);
      is_divergent_ = true;
    }
    Block* before = b_.GetInsertBlock();
    Block* body = NewBlock(k == 0 ? "then" : "else");
    Block* join = NewBlock("join");
    b_.CreateCondBr(needs, body, join);
    b_.SetInsertPoint(body);
    may_be_flagged_ = was_flagged;
    const std::vector<Code> yielded = EmitRegionFor(arm, results);
    is_flagged = is_flagged || may_be_flagged_;
    Block* end = b_.GetInsertBlock();
    b_.CreateBr(join);
    b_.SetInsertPoint(join);
    values[k] = Phis(results);
    AddIncoming(values[k], yielded, end);
    std::vector<Code> none;
    for (const Code& phi : values[k]) none.push_back({::llvm::PoisonValue::get(phi[0]->getType())});
    AddIncoming(values[k], none, before);
  }
  mask_ = outside;
  is_divergent_ = was_divergent;
  may_be_flagged_ = is_flagged;
  for (size_t i = 0; i < results.size(); ++i) {
    // Under a varying condition what does not vary is the same in both arms.
    const bool chooses = is_uniform || shape(results[i]).is_varying();
    code(results[i]) = {chooses ? b_.CreateSelect(condition, values[0][i][0], values[1][i][0])
                                : values[0][i][0]};
  }
}

// Counts the rounds; a lane is on until it has made its own last one.
void LaneEmitter::EmitLanesFor(const ir::Op& op) {
  const ir::RegionId region = function_.region_of(op, 0);
  const auto& arguments = function_.region(region).arguments;
  const Slots carried = std::span(arguments).subspan(1);
  const bool exits = (op.immediate & ir::kForExits) != 0;
  const bool inclusive = (op.immediate & ir::kForInclusive) != 0;
  const ScalarType type = operand_type(op, 0);
  const bool is_signed = IsSigned(type);
  const Int128 step = IntegerValue(type, function_.ConstantOf(function_.operand(op, 2))->immediate);
  ::llvm::Type* wide = TypeOf(type);
  const auto constant = [&](Int128 value) {
    return ::llvm::ConstantInt::get(wide, static_cast<uint64_t>(value), true);
  };

  if (step == 0) {
    // A fault, or in mode `unchecked` an empty range.
    if ((op.checks & kDivisionBit) != 0) LeaveStripIf(b_.getTrue());
  }
  Value* from = Lanes(function_.operand(op, 0));
  Value* to = Lanes(function_.operand(op, 1));
  Value* low = step < 0 ? to : from;
  Value* high = step < 0 ? from : to;
  Value* is_on = nullptr;
  if (inclusive)
    is_on = is_signed ? b_.CreateICmpSLE(low, high) : b_.CreateICmpULE(low, high);
  else
    is_on = is_signed ? b_.CreateICmpSLT(low, high) : b_.CreateICmpULT(low, high);
  if (step == 0) is_on = ::llvm::Constant::getNullValue(is_on->getType());
  // How many rounds come after the first: at most the largest number of the unsigned type.
  Value* distance = b_.CreateSub(high, low);
  if (!inclusive) distance = b_.CreateSub(distance, constant(1));
  const Int128 stride = step < 0 ? -step : (step == 0 ? 1 : step);
  Value* last = stride == 1 ? distance : b_.CreateUDiv(distance, constant(stride));
  last = b_.CreateFreeze(last);
  Value* const outside = mask_;
  Value* start = Masked(b_.CreateFreeze(is_on));

  const std::vector<Code> initial = CodesFor(function_.operands(op).subspan(3), carried);
  // The variable grows by the step in all lanes, so it keeps the shape of its first value.
  const Code first = CodeFor(function_.operand(op, 0), arguments[0]);
  Block* before = b_.GetInsertBlock();
  Block* loop = NewBlock("for");
  Block* done = NewBlock("done");
  b_.CreateCondBr(Any(start), loop, done);
  b_.SetInsertPoint(loop);
  ::llvm::PHINode* round = b_.CreatePHI(wide->getScalarType(), 2, "round");
  round->addIncoming(::llvm::Constant::getNullValue(round->getType()), before);
  ::llvm::PHINode* on = b_.CreatePHI(start->getType(), 2, "on");
  on->addIncoming(start, before);
  ::llvm::PHINode* variable = b_.CreatePHI(first[0]->getType(), 2);
  variable->addIncoming(first[0], before);
  std::vector<Code> phis = Phis(carried);
  AddIncoming(phis, initial, before);
  Set(arguments[0], variable);
  for (size_t i = 0; i < carried.size(); ++i) code(carried[i]) = phis[i];
  mask_ = on;
  const bool was_divergent = std::exchange(is_divergent_, true);

  EmitRegion(region);
  const auto yields = function_.operands(function_.terminator(region));
  const std::vector<Code> next = Blend(on, CodesFor(yields.subspan(exits ? 1 : 0), carried), phis);
  Value* goes_on = b_.CreateICmpNE(Splat(round), last);
  if (exits) goes_on = b_.CreateLogicalAnd(goes_on, b_.CreateFreeze(Lanes(yields.front())));
  Value* still_on = b_.CreateLogicalAnd(on, goes_on);
  Block* latch = b_.GetInsertBlock();
  round->addIncoming(b_.CreateAdd(round, ::llvm::ConstantInt::get(round->getType(), 1)), latch);
  on->addIncoming(still_on, latch);
  variable->addIncoming(
      b_.CreateAdd(variable, ::llvm::ConstantInt::get(variable->getType(),
                                                      static_cast<uint64_t>(step), true)),
      latch);
  AddIncoming(phis, next, latch);
  b_.CreateCondBr(Any(still_on), loop, done);

  b_.SetInsertPoint(done);
  mask_ = outside;
  is_divergent_ = was_divergent;
  std::vector<Code> results = Phis(carried);
  AddIncoming(results, initial, before);
  AddIncoming(results, next, latch);
  for (size_t i = 0; i < results.size(); ++i) code(function_.result(op, i)) = results[i];
}

void LaneEmitter::EmitLanesWhile(const ir::Op& op) {
  const ir::RegionId condition = function_.region_of(op, 0), body = function_.region_of(op, 1);
  const auto& tested = function_.region(condition).arguments;
  const auto& inside = function_.region(body).arguments;
  const std::vector<Code> initial = CodesFor(function_.operands(op), tested);
  Value* const outside = mask_;
  Value* start = AllOn();
  Block* before = b_.GetInsertBlock();
  Block* test = NewBlock("while");
  Block* loop = NewBlock("do");
  Block* done = NewBlock("done");
  b_.CreateBr(test);
  b_.SetInsertPoint(test);
  ::llvm::PHINode* on = b_.CreatePHI(start->getType(), 2, "on");
  on->addIncoming(start, before);
  std::vector<Code> phis = Phis(tested);
  AddIncoming(phis, initial, before);
  for (size_t i = 0; i < phis.size(); ++i) code(tested[i]) = code(inside[i]) = phis[i];
  mask_ = on;
  const bool was_divergent = std::exchange(is_divergent_, true);
  EmitRegion(condition);
  Value* holds = b_.CreateFreeze(Lanes(function_.operand(function_.terminator(condition), 0)));
  Value* goes_on = b_.CreateLogicalAnd(on, holds);
  b_.CreateCondBr(Any(goes_on), loop, done);
  b_.SetInsertPoint(loop);
  mask_ = goes_on;
  const std::vector<Code> yielded = EmitRegionFor(body, tested);
  const std::vector<Code> next = Blend(goes_on, yielded, phis);
  EndRound();
  on->addIncoming(goes_on, b_.GetInsertBlock());
  AddIncoming(phis, next, b_.GetInsertBlock());
  b_.CreateBr(test);
  b_.SetInsertPoint(done);
  mask_ = outside;
  is_divergent_ = was_divergent;
  for (size_t i = 0; i < phis.size(); ++i) code(function_.result(op, i)) = phis[i];
}

}  // namespace einkorn::cpu
