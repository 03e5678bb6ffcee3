// Choices, loops and calls.
#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "backends/cpu/lane_emitter.h"
#include "backends/llvm/scalar_code.h"
#include "ir/small_loops.h"

namespace einkorn::cpu {
namespace {

// Of loops with several ones.
constexpr unsigned kAccumulators = 4;

}  // namespace

std::vector<Type> FunctionEmitter::TypesOf(Slots values) const {
  std::vector<Type> types;
  for (ir::ValueId value : values) types.push_back(function_.type(value));
  return types;
}

std::vector<Code> FunctionEmitter::Phis(Slots slots) {
  std::vector<Code> phis;
  for (Type type : TypesOf(slots)) {
    Code& made = phis.emplace_back();
    if (type.is_scalar()) {
      made.push_back(b_.CreatePHI(llvm_code::RegisterType(context_, type.scalar), 2));
      continue;
    }
    made.push_back(b_.CreatePHI(b_.getPtrTy(), 2));
    for (int k = 0; k < 2 * type.rank; ++k) made.push_back(b_.CreatePHI(b_.getInt64Ty(), 2));
  }
  return phis;
}

void FunctionEmitter::AddIncoming(std::vector<Code>& phis, const std::vector<Code>& values,
                                  Block* from) {
  for (size_t i = 0; i < phis.size(); ++i)
    for (size_t k = 0; k < phis[i].size(); ++k)
      ::llvm::cast<::llvm::PHINode>(phis[i][k])->addIncoming(values[i][k], from);
}

std::vector<Code> FunctionEmitter::CodesFor(Slots values, Slots) {
  std::vector<Code> codes;
  for (ir::ValueId value : values) codes.push_back(code(value));
  return codes;
}

std::vector<Code> FunctionEmitter::EmitRegionFor(ir::RegionId id, Slots slots) {
  EmitRegion(id);
  return CodesFor(function_.operands(function_.terminator(id)), slots);
}

void FunctionEmitter::EmitIf(const ir::Op& op) {
  const auto results = function_.results_of(op);
  EmitEither(operand(op, 0), results,
             [&](size_t arm) { return EmitRegionFor(function_.region_of(op, arm), results); });
}

// Sets the results to what `emit(0)` gives where the condition holds, and `emit(1)` where not.
void FunctionEmitter::EmitEither(Value* condition, Slots results,
                                 ::llvm::function_ref<std::vector<Code>(size_t)> emit) {
  Block* arms[2] = {NewBlock("then"), NewBlock("else")};
  Block* join = NewBlock("join");
  b_.CreateCondBr(condition, arms[0], arms[1]);
  std::vector<Code> values[2];
  Block* ends[2];
  for (size_t k : {0, 1}) {
    b_.SetInsertPoint(arms[k]);
    values[k] = emit(k);
    ends[k] = b_.GetInsertBlock();
    b_.CreateBr(join);
  }
  b_.SetInsertPoint(join);
  std::vector<Code> phis = Phis(results);
  for (size_t k : {0, 1}) AddIncoming(phis, values[k], ends[k]);
  for (size_t i = 0; i < results.size(); ++i) code(results[i]) = phis[i];
}

// --- Loops

::llvm::Value* FunctionEmitter::IsBelow(ScalarType type, Value* a, Value* b) {
  return IsSigned(type) ? b_.CreateICmpSLT(a, b) : b_.CreateICmpULT(a, b);
}

// Range number `number` of an operation whose operands are triples of from, to, step.
FunctionEmitter::Range FunctionEmitter::EmitRange(ir::OpId id, const ir::Op& op, size_t number) {
  Range range;
  range.type = operand_type(op, 3 * number);
  range.from = operand(op, 3 * number);
  range.to = operand(op, 3 * number + 1);
  range.step = operand(op, 3 * number + 2);
  const bool inclusive = ((ir::InclusiveBits(op) >> number) & 1) != 0;
  const bool is_signed = IsSigned(range.type);
  ::llvm::Type* type = range.from->getType();
  Value* zero = ::llvm::ConstantInt::get(type, 0);
  Value* one = ::llvm::ConstantInt::get(type, 1);
  Value* is_zero = b_.CreateICmpEQ(range.step, zero);
  if ((op.checks & kDivisionBit) != 0)
    LeaveIf(is_zero, FaultSite(id, FaultKind::kDivision, 0), [] { return std::vector<Value*>(); });
  const auto less = [&](Value* a, Value* b) {
    if (inclusive) return is_signed ? b_.CreateICmpSLE(a, b) : b_.CreateICmpULE(a, b);
    return is_signed ? b_.CreateICmpSLT(a, b) : b_.CreateICmpULT(a, b);
  };
  Value* counts_down =
      is_signed ? b_.CreateICmpSLT(range.step, zero) : static_cast<Value*>(b_.getFalse());
  const auto by_direction = [&](Value* up, Value* down) {
    return b_.CreateSelect(counts_down, down, up);
  };
  range.has_value = by_direction(less(range.from, range.to), less(range.to, range.from));
  // Distances and strides are unsigned: they may pass the end of a signed type.
  Value* distance =
      by_direction(b_.CreateSub(range.to, range.from), b_.CreateSub(range.from, range.to));
  if (!inclusive) distance = b_.CreateSub(distance, one);
  Value* stride = by_direction(range.step, b_.CreateNeg(range.step));
  if ((op.checks & kDivisionBit) == 0) {
    // Without the check a step of 0 makes an empty range.
    range.has_value = b_.CreateAnd(range.has_value, b_.CreateNot(is_zero));
    stride = b_.CreateSelect(is_zero, one, stride);
  }
  range.last = b_.CreateUDiv(distance, stride);
  return range;
}

void FunctionEmitter::EmitFor(ir::OpId id, const ir::Op& op) {
  if (const ir::LanePlan* lanes = ChooseLanes(id, op)) return EmitOutlined(id, op, lanes);
  std::vector<ir::OpId> accesses;
  if (MayRepeatLoops()) accesses = ir::AccessesToGuard(function_, op);
  if (accesses.empty()) return EmitLoop(id, op);
  // Small loops are there twice: with the checks of these accesses made before, and as they are.
  const Slots results = function_.results_of(op);
  EmitEither(AreInBounds(op, accesses), results, [&](size_t arm) {
    const bool was_spare = std::exchange(is_spare_, is_spare_ || arm == 1);
    if (arm == 0) checked_before_.insert(accesses.begin(), accesses.end());
    EmitLoop(id, op);
    checked_before_.clear();
    is_spare_ = was_spare;
    std::vector<Code> codes;
    for (ir::ValueId result : results) codes.push_back(code(result));
    return codes;
  });
}

// Whether the accesses are in bounds in all iterations, if there are any: the first and the last
// one tell.
::llvm::Value* FunctionEmitter::AreInBounds(const ir::Op& op,
                                            const std::vector<ir::OpId>& accesses) {
  const ir::ValueId variable = function_.region(function_.region_of(op, 0)).arguments[0];
  Value* from = llvm_code::ToI64(b_, operand_type(op, 0), operand(op, 0));
  Value* to = llvm_code::ToI64(b_, operand_type(op, 1), operand(op, 1));
  Value* holds = b_.getTrue();
  for (ir::OpId id : accesses) {
    const ir::Op& access = function_.op(id);
    Note(id, FaultKind::kBounds, ir::CheckFate::kLoop);
    const ir::ValueId array = function_.operand(access, 0);
    for (size_t d = 0; d < function_.type(array).rank; ++d) {
      const ir::ValueId index = function_.operand(access, d + 1);
      Value* size = code(array)[1 + d];
      // A negative index is large as an unsigned number.
      if (index == variable) {
        holds = b_.CreateAnd(holds, b_.CreateICmpULT(from, size));
        holds = b_.CreateAnd(holds, b_.CreateICmpULE(to, size));
      } else {
        holds = b_.CreateAnd(
            holds, b_.CreateICmpULT(
                       llvm_code::ToI64(b_, function_.type(index).scalar, scalar(index)), size));
      }
    }
  }
  return holds;
}

// As many iterations as there are accumulators one after the other, so that none waits for the one
// before. Answers where the rest begins, and with what.
std::pair<::llvm::Value*, std::vector<Code>> FunctionEmitter::EmitWithAccumulators(
    ir::OpId id, const ir::Op& op, const std::vector<ir::OpId>& combiners) {
  const ir::RegionId region = function_.region_of(op, 0);
  const auto& arguments = function_.region(region).arguments;
  const std::span<const ir::ValueId> carried = std::span(arguments).subspan(1);
  const ScalarType type = operand_type(op, 0);
  Value *from = operand(op, 0), *to = operand(op, 1);
  const auto number = [&](unsigned value) {
    return ::llvm::ConstantInt::get(from->getType(), value);
  };
  Value* has_any = IsBelow(type, from, to);
  Value* count = b_.CreateSub(to, from);
  count = b_.CreateSub(count, b_.CreateAnd(count, number(kAccumulators - 1)));
  count = b_.CreateSelect(has_any, count, number(0));
  Value* end = b_.CreateAdd(from, count);
  const std::vector<Code> initial = CodesFor(function_.operands(op).subspan(3), carried);

  Block* before = b_.GetInsertBlock();
  Block* loop = NewBlock("group");
  Block* combine = NewBlock("combine");
  Block* done = NewBlock("grouped");
  b_.CreateCondBr(b_.CreateIsNotNull(count), loop, done);
  b_.SetInsertPoint(loop);
  ::llvm::PHINode* first = b_.CreatePHI(from->getType(), 2);
  first->addIncoming(from, before);
  std::vector<Code> phis[kAccumulators], yielded[kAccumulators];
  for (std::vector<Code>& one : phis) {
    one = Phis(carried);
    AddIncoming(one, initial, before);
  }
  for (unsigned k = 0; k < kAccumulators; ++k) {
    Value* variable = b_.CreateAdd(first, number(k));
    Set(arguments[0], variable);
    for (size_t i = 0; i < carried.size(); ++i) code(carried[i]) = phis[k][i];
    OpenScope(Scope::Kind::kLoop, id, {{type, variable}});
    EmitRegion(region);
    yielded[k] = CodesFor(function_.operands(function_.terminator(region)), carried);
    CloseScope();
  }
  Value* next = b_.CreateAdd(first, number(kAccumulators));
  Block* latch = b_.GetInsertBlock();
  first->addIncoming(next, latch);
  for (unsigned k = 0; k < kAccumulators; ++k) AddIncoming(phis[k], yielded[k], latch);
  b_.CreateCondBr(b_.CreateICmpNE(next, end), loop, combine);
  b_.SetInsertPoint(combine);
  std::vector<Code> combined = yielded[0];
  for (size_t i = 0; i < carried.size(); ++i) {
    const ScalarType element = function_.type(carried[i]).scalar;
    const ScalarType types[] = {element, element};
    for (unsigned k = 1; k < kAccumulators; ++k) {
      Value* const operands[] = {combined[i][0], yielded[k][i][0]};
      combined[i] = {llvm_code::EmitScalar(
          b_, {function_.op(combiners[i]).opcode, Rule::kNone, 0, types, operands, element},
          [](FaultKind, Value*) {})};
    }
  }
  b_.CreateBr(done);
  b_.SetInsertPoint(done);
  std::vector<Code> results = Phis(carried);
  AddIncoming(results, initial, before);
  AddIncoming(results, combined, combine);
  return {end, results};
}

void FunctionEmitter::EmitLoop(ir::OpId id, const ir::Op& op) {
  const ir::RegionId region = function_.region_of(op, 0);
  const auto& arguments = function_.region(region).arguments;
  const std::span<const ir::ValueId> carried = std::span(arguments).subspan(1);
  const std::vector<Type> types = TypesOf(carried);
  const bool exits = (op.immediate & ir::kForExits) != 0;
  // The common form is counted by the variable itself.
  const bool is_simple = ir::CountsByOne(function_, op);
  Range range;
  if (is_simple) {
    range = {operand_type(op, 0), operand(op, 0), operand(op, 1), operand(op, 2), nullptr, nullptr};
    range.has_value = IsBelow(range.type, range.from, range.to);
  } else {
    range = EmitRange(id, op, 0);
  }
  std::vector<Code> initial = CodesFor(function_.operands(op).subspan(3), carried);
  std::vector<ir::OpId> combiners;
  if (MayRepeatLoops()) combiners = ir::CombinersOf(function_, op);
  if (!combiners.empty()) {
    std::tie(range.from, initial) = EmitWithAccumulators(id, op, combiners);
    range.has_value = IsBelow(range.type, range.from, range.to);
  }
  Value* mark = HasHeapArrays(region) ? Mark() : nullptr;

  Block* before = b_.GetInsertBlock();
  Block* loop = NewBlock("for");
  Block* done = NewBlock("done");
  b_.CreateCondBr(range.has_value, loop, done);
  b_.SetInsertPoint(loop);
  ::llvm::PHINode* variable = b_.CreatePHI(range.from->getType(), 2);
  variable->addIncoming(range.from, before);
  ::llvm::PHINode* iteration = nullptr;
  if (!is_simple) {
    iteration = b_.CreatePHI(range.from->getType(), 2);
    iteration->addIncoming(::llvm::ConstantInt::get(range.from->getType(), 0), before);
  }
  std::vector<Code> phis = Phis(carried);
  AddIncoming(phis, initial, before);
  Set(arguments[0], variable);
  for (size_t i = 0; i < carried.size(); ++i) code(carried[i]) = phis[i];

  OpenScope(Scope::Kind::kLoop, id, {{range.type, variable}});
  EmitRegion(region);
  const auto yields = function_.operands(function_.terminator(region));
  Value* goes_on = exits ? scalar(yields.front()) : nullptr;
  const std::vector<Code> yielded = CodesFor(yields.subspan(exits ? 1 : 0), carried);
  CloseScope();
  if (mark != nullptr) Release(mark, yielded, types);
  const bool is_signed = IsSigned(range.type);
  Value* next = is_simple ? b_.CreateAdd(variable, range.step, "", !is_signed, is_signed)
                          : b_.CreateAdd(variable, range.step);
  Value* again = nullptr;
  if (is_simple) {
    again = IsBelow(range.type, next, range.to);
  } else {
    again = b_.CreateICmpNE(iteration, range.last);
  }
  if (goes_on != nullptr) again = b_.CreateAnd(again, goes_on);
  Block* latch = b_.GetInsertBlock();
  variable->addIncoming(next, latch);
  if (iteration != nullptr)
    iteration->addIncoming(
        b_.CreateAdd(iteration, ::llvm::ConstantInt::get(iteration->getType(), 1)), latch);
  AddIncoming(phis, yielded, latch);
  b_.CreateCondBr(again, loop, done);

  b_.SetInsertPoint(done);
  std::vector<Code> results = Phis(carried);
  AddIncoming(results, initial, before);
  AddIncoming(results, yielded, latch);
  for (size_t i = 0; i < results.size(); ++i) code(function_.result(op, i)) = results[i];
}

void FunctionEmitter::EmitWhile(const ir::Op& op) {
  const ir::RegionId condition = function_.region_of(op, 0), body = function_.region_of(op, 1);
  const auto& tested = function_.region(condition).arguments;
  const auto& inside = function_.region(body).arguments;
  const std::vector<Code> initial = CodesFor(function_.operands(op), tested);
  Value* mark = HasHeapArrays(body) ? Mark() : nullptr;
  Block* before = b_.GetInsertBlock();
  Block* test = NewBlock("while");
  Block* loop = NewBlock("do");
  Block* done = NewBlock("done");
  b_.CreateBr(test);
  b_.SetInsertPoint(test);
  std::vector<Code> phis = Phis(tested);
  AddIncoming(phis, initial, before);
  for (size_t i = 0; i < phis.size(); ++i) code(tested[i]) = code(inside[i]) = phis[i];
  EmitRegion(condition);
  Value* holds = operand(function_.terminator(condition), 0);
  b_.CreateCondBr(holds, loop, done);
  b_.SetInsertPoint(loop);
  const std::vector<Code> yielded = EmitRegionFor(body, tested);
  if (mark != nullptr) Release(mark, yielded, TypesOf(tested));
  EndRound();
  AddIncoming(phis, yielded, b_.GetInsertBlock());
  b_.CreateBr(test);
  b_.SetInsertPoint(done);
  for (size_t i = 0; i < phis.size(); ++i) code(function_.result(op, i)) = phis[i];
}

// --- Functions

void FunctionEmitter::EmitFrame(ir::OpId id, const ir::Op& op) {
  const ir::RegionId region = function_.region_of(op, 0);
  std::vector<std::pair<ScalarType, Value*>> values;
  for (ir::ValueId value : function_.operands(op))
    values.emplace_back(function_.type(value).scalar, scalar(value));
  Value* mark = HasHeapArrays(region) ? Mark() : nullptr;
  OpenScope(Scope::Kind::kFrame, id, values);
  const auto results = function_.results_of(op);
  const std::vector<Code> yielded = EmitRegionFor(region, results);
  CloseScope();
  if (mark != nullptr) Release(mark, yielded, TypesOf(results));
  for (size_t i = 0; i < results.size(); ++i) code(results[i]) = yielded[i];
}

// Where vectors gain nothing, threads may; else the terms are rather taken in their order.
bool FunctionEmitter::CanRunLanesIn(ir::RegionId region, bool has_threads) {
  return std::ranges::all_of(function_.region(region).ops, [&](ir::OpId id) {
    const ir::Op& op = function_.op(id);
    if (op.opcode == Opcode::kLanes)
      return PlanOf(id).is_possible() && (has_threads || PlanOf(id).loss.empty());
    const bool shares = has_threads || op.opcode == Opcode::kParallel;
    return std::ranges::all_of(function_.regions_of(op),
                               [&](ir::RegionId inner) { return CanRunLanesIn(inner, shares); });
  });
}

void FunctionEmitter::EmitAttempt(const ir::Op& op) {
  const ir::RegionId first = function_.region_of(op, 0), second = function_.region_of(op, 1);
  const auto results = function_.results_of(op);
  const auto bind = [&](const std::vector<Code>& codes) {
    for (size_t i = 0; i < results.size(); ++i) code(results[i]) = codes[i];
  };
  if (is_spare_ || module_.vector_bits() == 0 || !CanRunLanesIn(first, false))
    return bind(EmitRegionFor(second, results));
  Block* again = NewBlock("again");
  Block* join = NewBlock("join");
  Block* const outside = std::exchange(instead_, again);
  const std::vector<Code> tried = EmitRegionFor(first, results);
  instead_ = outside;
  Block* end = b_.GetInsertBlock();
  b_.CreateBr(join);
  if (again->hasNPredecessors(0)) {
    again->eraseFromParent();
    b_.SetInsertPoint(join);
    return bind(tried);
  }
  b_.SetInsertPoint(again);
  const bool was_spare = std::exchange(is_spare_, true);
  const std::vector<Code> exact = EmitRegionFor(second, results);
  is_spare_ = was_spare;
  Block* exact_end = b_.GetInsertBlock();
  b_.CreateBr(join);
  b_.SetInsertPoint(join);
  std::vector<Code> phis = Phis(results);
  AddIncoming(phis, tried, end);
  AddIncoming(phis, exact, exact_end);
  bind(phis);
}

void FunctionEmitter::EmitLanes(ir::OpId id, const ir::Op& op) {
  if (!PlanOf(id).loss.empty()) {
    Note(op, 0, PlanOf(id).loss);
    return EmitLanesOneByOne(op);
  }
  LaneEmitter lanes(*this, PlanOf(id), instead_);
  Note(op, ir::kLaneCount);
  const std::vector<Value*> values = lanes.EmitMerged(op);
  b_.SetInsertPoint(lanes.InsertBlock());
  for (size_t i = 0; i < values.size(); ++i) Set(function_.result(op, i), values[i]);
  const auto& accesses = lanes.accesses();
  accesses_.insert(accesses_.end(), accesses.begin(), accesses.end());
}

void FunctionEmitter::EmitLanesOneByOne(const ir::Op& op) {
  const ir::RegionId body = function_.region_of(op, 0), merge = function_.region_of(op, 1);
  const auto yields = function_.operands(function_.terminator(body));
  std::vector<Value*> kept;
  std::vector<::llvm::Type*> types;
  for (ir::ValueId value : yields) {
    types.push_back(llvm_code::RegisterType(context_, function_.type(value).scalar));
    kept.push_back(StackSlot(::llvm::ArrayType::get(types.back(), ir::kLaneCount), "lanes"));
  }
  const auto place = [&](size_t k, Value* lane) {
    return b_.CreateInBoundsGEP(types[k], kept[k], lane);
  };
  const auto for_each = [&](int count, const std::function<void(Value*)>& run) {
    Block* before = b_.GetInsertBlock();
    Block* loop = NewBlock("lane");
    Block* done = NewBlock("done");
    b_.CreateBr(loop);
    b_.SetInsertPoint(loop);
    ::llvm::PHINode* lane = b_.CreatePHI(b_.getInt64Ty(), 2);
    lane->addIncoming(Int64(0), before);
    run(lane);
    Value* next = b_.CreateAdd(lane, Int64(1), "", true, true);
    lane->addIncoming(next, b_.GetInsertBlock());
    b_.CreateCondBr(b_.CreateICmpSLT(next, Int64(count)), loop, done);
    b_.SetInsertPoint(done);
  };
  const auto keep = [&](ir::RegionId region, Value* lane) {
    EmitRegion(region);
    const auto values = function_.operands(function_.terminator(region));
    for (size_t k = 0; k < values.size(); ++k) b_.CreateStore(scalar(values[k]), place(k, lane));
  };
  for_each(ir::kLaneCount, [&](Value* lane) {
    Set(function_.region(body).arguments[0], lane);
    keep(body, lane);
  });
  const auto& arguments = function_.region(merge).arguments;
  for (int width = ir::kLaneCount / 2; width >= 1; width /= 2)
    for_each(width, [&](Value* lane) {
      Value* other = b_.CreateAdd(lane, Int64(width));
      for (size_t k = 0; k < kept.size(); ++k) {
        Set(arguments[k], b_.CreateLoad(types[k], place(k, lane)));
        Set(arguments[kept.size() + k], b_.CreateLoad(types[k], place(k, other)));
      }
      keep(merge, lane);
    });
  for (size_t k = 0; k < kept.size(); ++k)
    Set(function_.result(op, k), b_.CreateLoad(types[k], place(k, Int64(0))));
}

void FunctionEmitter::EmitCall(ir::OpId id, const ir::Op& op) {
  const ir::FunctionId callee(op.immediate);
  std::vector<Value*> arguments = {state_};
  if (module_.HasDepth()) {
    Value* depth = depth_;
    if (module_.IsRecursive(callee)) {
      const Site site{.kind = Site::Kind::kRecursion,
                      .function = id_,
                      .op = id,
                      .fault = FaultKind::kRecursion,
                      .scope = scope_};
      const int limit = module_.source().function(callee).depth_limit;
      LeaveIf(b_.CreateICmpSGE(depth_, b_.getInt32(static_cast<uint32_t>(limit))), site,
              [] { return std::vector<Value*>(); });
      depth = b_.CreateAdd(depth_, b_.getInt32(1), "", false, true);
    }
    arguments.push_back(depth);
  }
  for (ir::ValueId value : function_.operands(op))
    for (Value* part : code(value)) arguments.push_back(part);
  Value* result = b_.CreateCall(module_.CalleeOf(callee), arguments);
  const Site site{.kind = Site::Kind::kPassing, .function = id_, .op = id, .scope = scope_};
  LeaveIf(b_.CreateExtractValue(result, 0), site, [] { return std::vector<Value*>(); });
  unsigned index = 1;
  for (ir::ValueId value : function_.results_of(op))
    Set(value, b_.CreateExtractValue(result, index++));
}

// --- Reports

void FunctionEmitter::EmitFail(ir::OpId id, const ir::Op& op) {
  if (instead_ != nullptr) {
    b_.CreateBr(instead_);
  } else {
    StoreOperands(OperandBits(op, 0, op.operands.count));
    Leave(AddSite(FaultSite(id, static_cast<FaultKind>(op.immediate), op.operands.count)));
  }
  // What follows is never reached, but has to stand somewhere.
  b_.SetInsertPoint(NewBlock("unreached"));
}

void FunctionEmitter::EmitPrint(ir::OpId id, const ir::Op& op) {
  StoreOperands(OperandBits(op, 0, op.operands.count));
  const uint32_t site = AddSite({.function = id_, .op = id, .operands = op.operands.count});
  b_.CreateCall(module_.Runtime("einkorn_print", b_.getVoidTy(),
                                {b_.getPtrTy(), b_.getInt32Ty(), b_.getPtrTy()}),
                {state_, b_.getInt32(site), buffer_});
}

}  // namespace einkorn::cpu
