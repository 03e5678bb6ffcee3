// Writes reductions out as loops.
//
// The terms are evaluated once each, in iteration order, by loops whose variables have the names of
// the reduction's, so that a term that fails is reported as before. What fails for the reduction as
// a whole is a `fail` before or after the loops, where no iteration is shown. Ends because every
// `reduce` is replaced by operations without one; those inside of it are replaced on the way.
#include <fmt/format.h>

#include <algorithm>

#include "ir/clone.h"
#include "ir/passes.h"
#include "ir/reduction_fold.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

// A term of more operations is written once, for any number of terms.
constexpr size_t kMostDuplicatedOps = 64;

// How many operations a region holds; beyond every bound if it holds a reduction, which is written
// out as many operations in its turn.
size_t SizeOf(const Function& function, RegionId region) {
  size_t size = 0;
  for (OpId id : function.region(region).ops) {
    const Op& op = function.op(id);
    size += op.opcode == Opcode::kReduce ? kMostDuplicatedOps : 1;
    for (RegionId inner : function.regions_of(op)) size += SizeOf(function, inner);
  }
  return size;
}

// The value of an integer constant.
std::optional<Int128> ConstantInteger(Emitter& emit, ValueId value) {
  const Op* constant = emit.builder().function().ConstantOf(value);
  if (constant == nullptr) return std::nullopt;
  return IntegerValue(emit.type(value), constant->immediate);
}

// How many values a range holds, as far as a u64 can say.
ValueId CountOf(Emitter& emit, const LoopRange& range) {
  constexpr ScalarType kU64 = ScalarType::kU64;
  const auto from = ConstantInteger(emit, range.from), to = ConstantInteger(emit, range.to),
             step = ConstantInteger(emit, range.step);
  if (from && to && step) {
    const UInt128 count = *step == 0 ? 0 : RangeCount(*from, *to, *step, range.inclusive);
    return emit.Integer(kU64, static_cast<Int128>(std::min<UInt128>(count, UINT64_MAX)));
  }
  const ValueId zero = emit.Zero(emit.type(range.step));
  const ValueId one = emit.Integer(kU64, 1);
  const ValueId goes_up = emit.Binary(Opcode::kGt, range.step, zero);
  const ValueId begin = emit.Select(goes_up, range.from, range.to);
  const ValueId end = emit.Select(goes_up, range.to, range.from);
  const ValueId step_bits = emit.Convert(kU64, range.step);
  const ValueId stride = emit.Select(goes_up, step_bits, emit.Unary(Opcode::kNeg, step_bits));
  // The words of an i64 distance wrap to the distance as a u64.
  ValueId last = emit.Binary(Opcode::kSub, emit.Convert(kU64, end), emit.Convert(kU64, begin));
  if (!range.inclusive) last = emit.Binary(Opcode::kSub, last, one);
  const ValueId strides = emit.Binary(Opcode::kDiv, last, emit.Binary(Opcode::kMax, stride, one));
  const ValueId count = emit.Binary(Opcode::kAdd, Rule::kSaturate, strides, one);
  const ValueId has_any =
      emit.Binary(Opcode::kAnd, emit.Binary(Opcode::kNe, range.step, zero),
                  emit.Binary(range.inclusive ? Opcode::kLe : Opcode::kLt, begin, end));
  return emit.Select(has_any, count, emit.Zero(kU64));
}

ValueId CountOf(Emitter& emit, const std::vector<LoopRange>& ranges) {
  ValueId terms = CountOf(emit, ranges[0]);
  for (size_t k = 1; k < ranges.size(); ++k)
    terms = emit.Binary(Opcode::kMul, Rule::kSaturate, terms, CountOf(emit, ranges[k]));
  return terms;
}

class ReductionExpander : public Cloner {
 public:
  using Cloner::Cloner;

 protected:
  void CloneOp(OpId id) override {
    if (source().op(id).opcode == Opcode::kReduce)
      Expand(source().op(id));
    else
      CopyOp(id);
  }

 private:
  void Expand(const Op& op) {
    Emitter emit(target(), op.range);
    std::vector<LoopRange> ranges;
    for (size_t k = 0; 3 * k < op.operands.count; ++k) {
      const auto bound = [&](size_t i) { return Map(source().operand(op, 3 * k + i)); };
      ranges.push_back({bound(0), bound(1), bound(2), ((InclusiveBits(op) >> k) & 1) != 0});
    }
    if (op.checks & kDivisionBit) CheckSteps(emit, ranges);

    const ReductionPlan plan = PlanReduction(source(), op);
    const ValueId result = plan.conclude(emit, FoldTerms(emit, op, ranges, plan));
    CopyNames(source().result(op), result);
    Bind(source().result(op), result);
  }

  // All at once, before the first term.
  static void CheckSteps(Emitter& emit, const std::vector<LoopRange>& ranges) {
    ValueId is_zero = emit.Bool(false);
    for (const LoopRange& range : ranges) {
      if (ConstantInteger(emit, range.step).value_or(0) != 0) continue;
      const ValueId zero = emit.Zero(emit.type(range.step));
      is_zero = emit.Binary(Opcode::kOr, is_zero, emit.Binary(Opcode::kEq, range.step, zero));
    }
    if (!emit.IsConstant(is_zero, 0)) emit.FailIf(is_zero, FaultKind::kDivision, "step 0");
  }

  // The summary of all terms, by the fold that suits their number.
  Values FoldTerms(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges,
                   const ReductionPlan& plan) {
    const auto fold = [&](Fold& by, ValueId terms) {
      const Values start = by.Start(emit, terms);
      return by.Finish(emit, Nest(emit, op, ranges, plan, by, 0, start));
    };
    if (plan.few == nullptr) return fold(*plan.general, {});
    const ValueId terms = CountOf(emit, ranges);
    if (const auto number = ConstantInteger(emit, terms))
      return fold(*number <= plan.most_few ? *plan.few : *plan.general, {});
    if (SizeOf(source(), source().region_of(op, 0)) > kMostDuplicatedOps)
      return fold(*plan.general, terms);
    const ValueId most = emit.Integer(ScalarType::kU64, static_cast<Int128>(plan.most_few));
    return emit.If(
        emit.Binary(Opcode::kLe, terms, most), [&] { return fold(*plan.few, {}); },
        [&] { return fold(*plan.general, {}); });
  }

  // The loops from range `k` inward around one step of the fold.
  Values Nest(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges,
              const ReductionPlan& plan, Fold& fold, size_t k, const Values& carried) {
    const RegionId region = source().region_of(op, 0);
    const auto& variables = source().region(region).arguments;
    if (k == ranges.size()) {
      const Values yielded = CloneInto(region);
      return fold.Step(emit, carried,
                       {.include = yielded[0],
                        .value = yielded[1],
                        .factor = yielded.size() > 2 ? yielded[2] : ValueId(),
                        .variable = Map(variables[0])});
    }
    const auto body = [&](ValueId variable, const Values& inside) {
      Bind(variables[k], variable);
      CopyNames(variables[k], variable);
      return Nest(emit, op, ranges, plan, fold, k + 1, inside);
    };
    if (!plan.stops_early) return emit.For(ranges[k], carried, body);
    return emit.ForExits(ranges[k], carried, [&](ValueId variable, const Values& inside) {
      Values next = body(variable, inside);
      next.insert(next.begin(), fold.GoesOn(emit, next));
      return next;
    });
  }
};

}  // namespace

ValueId ValueOrIdentity(Emitter& emit, const Term& term, ValueId identity) {
  if (emit.IsConstant(term.include, 1)) return term.value;
  return emit.Select(term.include, term.value, identity);
}

ValueId Fold::GoesOn(Emitter& emit, const Values&) {
  return emit.Bool(true);
}

ReductionPlan PlanReduction(const Function& function, const Op& reduce) {
  const ScalarType result = function.type(function.result(reduce)).scalar;
  const Op& yield = function.terminator(function.region_of(reduce, 0));
  const ReductionFacts facts{.kind = ReduceKindOf(reduce),
                             .rule = reduce.rule,
                             .checks = reduce.checks,
                             .term = function.type(function.operand(yield, 1)).scalar,
                             .result = result};
  switch (facts.kind) {
    case ReduceKind::kSum:
      return IsFloat(result) ? PlanFloatFold(facts) : PlanIntegerSum(facts);
    case ReduceKind::kProd:
      return IsFloat(result) ? PlanFloatFold(facts) : PlanIntegerProduct(facts);
    case ReduceKind::kCount:
      return PlanIntegerSum(facts);
    case ReduceKind::kMin:
    case ReduceKind::kMax:
    case ReduceKind::kArgmin:
    case ReduceKind::kArgmax:
      return PlanExtreme(facts);
    case ReduceKind::kAny:
    case ReduceKind::kAll:
      return PlanTruth(facts);
  }
  FailInternalCheck(__FILE__, __LINE__, "a reduction of no kind");
}

void ExpandReductions(Function& function) {
  RebuildWith<ReductionExpander>(function);
}

}  // namespace einkorn::ir
