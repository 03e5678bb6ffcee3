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

// The values that all have to be true for one to be.
std::vector<ir::ValueId> LaneEmitter::PartsOf(ir::ValueId condition) const {
  std::vector<ir::ValueId> parts{condition};
  for (size_t i = 0; i < parts.size();) {
    const ir::OpId def = function_.value(parts[i]).def;
    if (!def.valid() || function_.op(def).opcode != Opcode::kAnd) {
      ++i;
      continue;
    }
    const auto operands = function_.operands(function_.op(def));
    parts[i] = operands[0];
    parts.insert(parts.begin() + static_cast<ptrdiff_t>(i) + 1, operands[1]);
  }
  return parts;
}

// --- What a loop carries for the lanes that are in it, where the lanes that have left it need
// another form: for each of the others an empty code.

std::vector<Code> LaneEmitter::KeptPhis(Slots carried, Slots results,
                                        const std::vector<Code>& initial, Block* before) {
  std::vector<Code> kept(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    if (shape(carried[i]) == shape(results[i])) continue;
    kept[i] = Phis(results.subspan(i, 1))[0];
    ::llvm::cast<::llvm::PHINode>(kept[i][0])->addIncoming(initial[i][0], before);
  }
  return kept;
}

std::vector<Code> LaneEmitter::Keep(Value* on, Slots values, const std::vector<Code>& kept) {
  std::vector<Code> next(kept.size());
  for (size_t i = 0; i < kept.size(); ++i)
    if (!kept[i].empty()) next[i] = {b_.CreateSelect(on, Lanes(values[i]), kept[i][0])};
  return next;
}

std::vector<Code> LaneEmitter::Kept(const std::vector<Code>& carried,
                                    const std::vector<Code>& kept) {
  std::vector<Code> codes = carried;
  for (size_t i = 0; i < codes.size(); ++i)
    if (!kept[i].empty()) codes[i] = kept[i];
  return codes;
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
  // Where the bounds are the same for all lanes, the count of rounds is, too.
  const bool is_counted =
      shape(function_.operand(op, 0)).is_uniform() && shape(function_.operand(op, 1)).is_uniform();
  const auto bound = [&](size_t i) {
    return is_counted ? operand(op, i) : Lanes(function_.operand(op, i));
  };
  if (is_counted) wide = wide->getScalarType();
  Value* from = bound(0);
  Value* to = bound(1);
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
  is_on = b_.CreateFreeze(is_on);
  Value* start = is_counted ? AllOn() : Masked(is_on);

  const Slots results = function_.results_of(op);
  const std::vector<Code> initial = CodesFor(function_.operands(op).subspan(3), carried);
  const std::vector<Code> unchanged = CodesFor(function_.operands(op).subspan(3), results);
  // The variable grows by the step in all lanes, so it keeps the shape of its first value.
  const Code first = CodeFor(function_.operand(op, 0), arguments[0]);
  Block* before = b_.GetInsertBlock();
  Block* loop = NewBlock("for");
  Block* done = NewBlock("done");
  b_.CreateCondBr(is_counted ? is_on : Any(start), loop, done);
  b_.SetInsertPoint(loop);
  ::llvm::PHINode* round = b_.CreatePHI(wide->getScalarType(), 2, "round");
  round->addIncoming(::llvm::Constant::getNullValue(round->getType()), before);
  ::llvm::PHINode* on = b_.CreatePHI(start->getType(), 2, "on");
  on->addIncoming(start, before);
  ::llvm::PHINode* variable = b_.CreatePHI(first[0]->getType(), 2);
  variable->addIncoming(first[0], before);
  std::vector<Code> phis = Phis(carried), kept = KeptPhis(carried, results, unchanged, before);
  AddIncoming(phis, initial, before);
  Set(arguments[0], variable);
  for (size_t i = 0; i < carried.size(); ++i) code(carried[i]) = phis[i];
  mask_ = on;
  const bool was_divergent = std::exchange(is_divergent_, true);

  EmitRegion(region);
  const auto yields = function_.operands(function_.terminator(region));
  const Slots yielded = yields.subspan(exits ? 1 : 0);
  const std::vector<Code> next = Blend(on, CodesFor(yielded, carried), phis, results);
  const std::vector<Code> still_kept = Keep(on, yielded, kept);
  Value* still_on = on;
  if (exits) still_on = And(still_on, b_.CreateFreeze(Lanes(yields.front())));
  Value* more = b_.CreateICmpNE(is_counted ? round : Splat(round), last);
  if (!is_counted) still_on = And(still_on, more);
  Value* goes_on = Any(still_on);
  if (is_counted) goes_on = b_.CreateAnd(goes_on, more);
  Block* latch = b_.GetInsertBlock();
  round->addIncoming(b_.CreateAdd(round, ::llvm::ConstantInt::get(round->getType(), 1)), latch);
  on->addIncoming(still_on, latch);
  variable->addIncoming(
      b_.CreateAdd(variable, ::llvm::ConstantInt::get(variable->getType(),
                                                      static_cast<uint64_t>(step), true)),
      latch);
  AddIncoming(phis, next, latch);
  AddIncoming(kept, still_kept, latch);
  b_.CreateCondBr(goes_on, loop, done);

  b_.SetInsertPoint(done);
  mask_ = outside;
  is_divergent_ = was_divergent;
  std::vector<Code> left = Phis(results);
  AddIncoming(left, unchanged, before);
  AddIncoming(left, Kept(next, still_kept), latch);
  for (size_t i = 0; i < left.size(); ++i) code(results[i]) = left[i];
}

void LaneEmitter::EmitLanesWhile(const ir::Op& op) {
  const ir::RegionId condition = function_.region_of(op, 0), body = function_.region_of(op, 1);
  const auto& tested = function_.region(condition).arguments;
  const auto& inside = function_.region(body).arguments;
  const std::vector<Code> initial = CodesFor(function_.operands(op), tested);
  const std::vector<Code> unchanged = CodesFor(function_.operands(op), function_.results_of(op));
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
  const Slots results = function_.results_of(op);
  std::vector<Code> phis = Phis(tested), kept = KeptPhis(tested, results, unchanged, before);
  AddIncoming(phis, initial, before);
  for (size_t i = 0; i < phis.size(); ++i) code(tested[i]) = code(inside[i]) = phis[i];
  mask_ = on;
  const bool was_divergent = std::exchange(is_divergent_, true);
  EmitRegion(condition);
  const std::vector<Code> still_kept = Keep(on, tested, kept);
  Value* goes_on = on;
  for (ir::ValueId part : PartsOf(function_.operand(function_.terminator(condition), 0))) {
    if (!shape(part).is_uniform()) {
      goes_on = And(goes_on, b_.CreateFreeze(Lanes(part)));
      continue;
    }
    Block* next = NewBlock("while");
    b_.CreateCondBr(b_.CreateFreeze(scalar(part)), next, done);
    b_.SetInsertPoint(next);
  }
  b_.CreateCondBr(Any(goes_on), loop, done);
  b_.SetInsertPoint(loop);
  mask_ = goes_on;
  const std::vector<Code> yielded = EmitRegionFor(body, tested);
  const std::vector<Code> next = Blend(goes_on, yielded, phis, results);
  EndRound();
  on->addIncoming(goes_on, b_.GetInsertBlock());
  AddIncoming(phis, next, b_.GetInsertBlock());
  AddIncoming(kept, still_kept, b_.GetInsertBlock());
  b_.CreateBr(test);
  b_.SetInsertPoint(done);
  mask_ = outside;
  is_divergent_ = was_divergent;
  const std::vector<Code> left = Kept(phis, still_kept);
  for (size_t i = 0; i < left.size(); ++i) code(results[i]) = left[i];
}

}  // namespace einkorn::cpu
