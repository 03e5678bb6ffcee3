// Writes reductions out as loops.
//
// The terms are evaluated once each, in iteration order, by loops whose variables have the names of
// the reduction's, so that a term that fails is reported as before. What fails for the reduction as
// a whole is a `fail` before or after the loops, where no iteration is shown. Ends because every
// `reduce` is replaced by operations without one; those inside of it are replaced on the way.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ir/clone.h"
#include "ir/passes.h"
#include "ir/reduction_fold.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

// A term of more operations is written once, for any number of terms.
constexpr size_t kMostDuplicatedOps = 64;
// One of more is not written for lanes.
constexpr size_t kMostLaneOps = 600;
// Threads share the terms of a reduction in up to so many parts, of 2^kShareShift terms at least.
constexpr int64_t kMostShares = 64;
constexpr int kShareShift = 14;
// So many terms are worth lanes.
constexpr int64_t kLeastLaneTerms = 64;

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
  if (step && *step == 1 && !range.inclusive) {
    // The common form, which proofs look through.
    const ValueId end = emit.Binary(Opcode::kMax, range.to, range.from);
    if (from && *from >= 0) return emit.Convert(kU64, emit.Exact(Opcode::kSub, end, range.from));
    // The words of an i64 distance wrap to the distance as a u64.
    return emit.Binary(Opcode::kSub, emit.Convert(kU64, end), emit.Convert(kU64, range.from));
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

// The same if it is constant.
std::optional<uint64_t> KnownCountOf(Emitter& emit, const std::vector<LoopRange>& ranges) {
  UInt128 terms = 1;
  for (const LoopRange& range : ranges) {
    const auto count = ConstantInteger(emit, CountOf(emit, range));
    if (!count) return std::nullopt;
    terms = std::min<UInt128>(terms * static_cast<UInt128>(*count), UINT64_MAX);
  }
  return static_cast<uint64_t>(terms);
}

class ReductionExpander : public Cloner {
 public:
  using Cloner::Cloner;

 protected:
  void CloneOp(OpId id) override {
    const Op& op = source().op(id);
    if (op.opcode == Opcode::kReduce) return Expand(op);
    if (op.opcode == Opcode::kParallel) ++parallel_depth_;
    CopyOp(id);
    if (op.opcode == Opcode::kParallel) --parallel_depth_;
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

    const ReductionPlan plan = PlanReduction(source(), op, KnownCountOf(emit, ranges));
    ValueId result = plan.conclude(emit, FoldAll(emit, op, ranges, plan));
    if (ReduceKindOf(op) == ReduceKind::kCount && emit.type(result) == ScalarType::kI64) {
      // Proofs do not see through the lanes that it cannot be otherwise.
      const ValueId most = emit.Convert(ScalarType::kI64, CountOf(emit, ranges));
      result = emit.Binary(Opcode::kMax, emit.Binary(Opcode::kMin, result, most), emit.Int64(0));
    }
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

  // The summary of all terms: in lanes where there are enough of them and no check finds anything,
  // else one by one.
  Values FoldAll(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges,
                 const ReductionPlan& plan) {
    const auto one_by_one = [&] { return FoldTerms(emit, op, ranges, plan); };
    if (!SuitsLanes(op, plan)) return one_by_one();
    const ValueId suits = HasEnoughTerms(emit, ranges, plan);
    if (emit.IsConstant(suits, 0)) return one_by_one();
    std::vector<ScalarType> types;
    const auto in_lanes = [&] {
      Values summary = FoldInLanes(emit, op, ranges, plan);
      for (ValueId value : summary) types.push_back(emit.type(value));
      summary.insert(summary.begin(), emit.Bool(true));
      return summary;
    };
    const auto nothing = [&] {
      Values none = {emit.Bool(false)};
      for (ScalarType type : types) none.push_back(emit.Zero(type));
      return none;
    };
    const auto attempt = [&] { return emit.Attempt(in_lanes, nothing); };
    const Values tried = emit.IsConstant(suits, 1) ? attempt() : emit.If(suits, attempt, nothing);
    return emit.If(tried[0], [&] { return Values(tried.begin() + 1, tried.end()); }, one_by_one);
  }

  bool SuitsLanes(const Op& op, const ReductionPlan& plan) const {
    const Fold& fold = plan.few != nullptr ? *plan.few : *plan.general;
    if (plan.blocks == nullptr && !fold.CanMerge()) return false;
    const RegionId region = source().region_of(op, 0);
    return !HasReduction(region) && SizeOf(source(), region) <= kMostLaneOps;
  }

  bool HasReduction(RegionId region) const {
    return std::ranges::any_of(source().region(region).ops, [&](OpId id) {
      const Op& op = source().op(id);
      return op.opcode == Opcode::kReduce ||
             std::ranges::any_of(source().regions_of(op),
                                 [&](RegionId inner) { return HasReduction(inner); });
    });
  }

  // A bool. Rows of blocks begin with lane 0 only if their length is a multiple of the lanes.
  ValueId HasEnoughTerms(Emitter& emit, const std::vector<LoopRange>& ranges,
                         const ReductionPlan& plan) {
    const auto number = [&](uint64_t value) {
      return emit.Integer(ScalarType::kU64, static_cast<Int128>(value));
    };
    const ValueId terms = CountOf(emit, ranges);
    const bool in_blocks = plan.blocks != nullptr;
    const uint64_t most = in_blocks || plan.few == nullptr ? INT64_MAX : plan.most_few;
    if (const auto known = ConstantInteger(emit, terms); known && ranges.size() == 1)
      return emit.Bool(*known >= kLeastLaneTerms && *known <= static_cast<Int128>(most));
    ValueId suits =
        emit.Binary(Opcode::kAnd, emit.Binary(Opcode::kGe, terms, number(kLeastLaneTerms)),
                    emit.Binary(Opcode::kLe, terms, number(most)));
    if (in_blocks && ranges.size() > 1) {
      const ValueId rest =
          emit.Binary(Opcode::kAnd, CountOf(emit, ranges.back()), number(kLaneCount - 1));
      suits = emit.Binary(Opcode::kAnd, suits, emit.Binary(Opcode::kEq, rest, number(0)));
    }
    return suits;
  }

  // --- In lanes

  Values FoldInLanes(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges,
                     const ReductionPlan& plan) {
    const bool may_share = parallel_depth_ == 0 && source().kind == FunctionKind::kKernel;
    if (plan.blocks != nullptr)
      return may_share ? FoldSharedBlocks(emit, op, ranges, *plan.blocks)
                       : FoldBlocks(emit, op, ranges, *plan.blocks, {}, {});
    Fold& fold = plan.few != nullptr ? *plan.few : *plan.general;
    const ValueId places = emit.Convert(ScalarType::kI64, CountOf(emit, ranges[0]));
    const auto part = [&](ValueId begin, ValueId end) {
      return emit.Lanes(
          [&](ValueId lane) {
            return RowsOfLane(emit, op, ranges, fold, lane, begin, end, fold.Start(emit, {}));
          },
          [&](const Values& a, const Values& b) { return fold.Merge(emit, a, b); });
    };
    return fold.Finish(emit, may_share ? FoldShared(emit, ranges, fold, places, part)
                                       : part(emit.Int64(0), places));
  }

  // --- Shared by threads: at kernel level

  // The places of the first range in at most kMostShares shares.
  Values FoldShared(Emitter& emit, const std::vector<LoopRange>& ranges, Fold& fold, ValueId places,
                    const std::function<Values(ValueId, ValueId)>& part) {
    const ValueId terms = emit.Convert(ScalarType::kI64, CountOf(emit, ranges));
    const ValueId wanted = emit.Binary(Opcode::kShr, terms, emit.Int64(kShareShift));
    const ValueId most = emit.Binary(Opcode::kMin, places, emit.Int64(kMostShares));
    const ValueId shares =
        emit.Binary(Opcode::kMax, emit.Binary(Opcode::kMin, wanted, most), emit.Int64(1));
    const ValueId size = emit.QuotientUp(places, shares);
    const auto share = [&](ValueId number) {
      const ValueId begin =
          emit.Binary(Opcode::kMin, emit.Exact(Opcode::kMul, number, size), places);
      return part(begin, emit.Binary(Opcode::kMin, emit.Exact(Opcode::kAdd, begin, size), places));
    };
    const std::vector<ValueId> results = ResultsOfShares(emit, fold.Start(emit, {}), shares, share);
    return emit.For({emit.Int64(1), shares, emit.Int64(1)}, LoadAll(emit, results, emit.Int64(0)),
                    [&](ValueId number, const Values& merged) {
                      return fold.Merge(emit, merged, LoadAll(emit, results, number));
                    });
  }

  // Blocks in shares of a power of two, each of which is a node of the tree of pairs.
  Values FoldSharedBlocks(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges,
                          BlockFold& blocks) {
    const ValueId terms = emit.Convert(ScalarType::kI64, CountOf(emit, ranges));
    const ValueId all = emit.QuotientUp(terms, emit.Int64(BlockFold::kBlockTerms));
    const ValueId least = emit.Int64(int64_t{1} << kShareShift >> 10);
    const ValueId wanted =
        emit.Binary(Opcode::kMax, emit.QuotientUp(all, emit.Int64(kMostShares)), least);
    const ValueId zeros =
        emit.Unary(Opcode::kClz, emit.Binary(Opcode::kSub, wanted, emit.Int64(1)));
    const ValueId size =
        emit.Binary(Opcode::kShl, emit.Int64(1), emit.Binary(Opcode::kSub, emit.Int64(64), zeros));
    const ValueId shares = emit.QuotientUp(all, size);
    const auto share = [&](ValueId number) {
      const ValueId begin = emit.Exact(Opcode::kMul, number, size);
      return FoldBlocks(emit, op, ranges, blocks, begin, emit.Exact(Opcode::kAdd, begin, size));
    };
    const std::vector<ValueId> results =
        ResultsOfShares(emit, blocks.InLane().Start(emit, {}), shares, share);
    const ValueId last = emit.Exact(Opcode::kSub, shares, emit.Int64(1));
    const Values carried =
        emit.For(last, blocks.Start(emit), [&](ValueId number, const Values& inside) {
          return blocks.Step(emit, inside, LoadAll(emit, results, number));
        });
    return blocks.Finish(emit, carried, LoadAll(emit, results, last));
  }

  // Arrays with what `share` makes of each number below `shares`; `like` has the types of that.
  static std::vector<ValueId> ResultsOfShares(Emitter& emit, const Values& like, ValueId shares,
                                              const std::function<Values(ValueId)>& share) {
    std::vector<ValueId> results;
    for (ValueId value : like) results.push_back(emit.Array(emit.type(value), kMostShares));
    emit.Parallel(shares, [&](ValueId number) {
      const Values folded = share(number);
      for (size_t k = 0; k < results.size(); ++k) emit.Store(results[k], number, folded[k]);
    });
    return results;
  }

  static Values LoadAll(Emitter& emit, const std::vector<ValueId>& arrays, ValueId index) {
    Values values;
    for (ValueId array : arrays) values.push_back(emit.Load(array, index));
    return values;
  }

  // --- The terms of a lane

  // For places [begin, end) of the first range; of the last range it takes each 32nd.
  Values RowsOfLane(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges, Fold& fold,
                    ValueId lane, ValueId begin, ValueId end, const Values& carried) {
    const auto strips = [&](size_t k, ValueId from, ValueId count, const Values& inside) {
      return Strips(emit, count, lane, inside, [&](ValueId first, const Values& folded) {
        const ValueId place = emit.Exact(Opcode::kAdd, first, lane);
        BindVariable(op, k, VariableAt(emit, ranges[k], emit.Exact(Opcode::kAdd, from, place)));
        return StepOf(emit, op, fold, folded);
      });
    };
    if (ranges.size() == 1) return strips(0, begin, emit.Exact(Opcode::kSub, end, begin), carried);
    const std::function<Values(size_t, const Values&)> rows = [&](size_t k, const Values& inside) {
      if (k + 1 == ranges.size())
        return strips(k, emit.Int64(0), emit.Convert(ScalarType::kI64, CountOf(emit, ranges[k])),
                      inside);
      return emit.For(ranges[k], inside, [&](ValueId variable, const Values& folded) {
        BindVariable(op, k, variable);
        return rows(k + 1, folded);
      });
    };
    return emit.For({begin, end, emit.Int64(1)}, carried, [&](ValueId place, const Values& inside) {
      BindVariable(op, 0, VariableAt(emit, ranges[0], place));
      return rows(1, inside);
    });
  }

  // `step` for the first place of each strip of 32 below `count`, where the lane has a place in it.
  static Values Strips(Emitter& emit, ValueId count, ValueId lane, const Values& carried,
                       const std::function<Values(ValueId, const Values&)>& step) {
    const ValueId full = emit.Binary(Opcode::kShr, count, emit.Int64(5));
    const auto first = [&](ValueId strip) {
      return emit.Exact(Opcode::kMul, strip, emit.Int64(kLaneCount));
    };
    const Values folded = emit.For(full, carried, [&](ValueId strip, const Values& inside) {
      return step(first(strip), inside);
    });
    if (const auto known = ConstantInteger(emit, count); known && *known % kLaneCount == 0)
      return folded;
    const ValueId last = first(full);
    return emit.If(
        emit.Binary(Opcode::kLt, emit.Exact(Opcode::kAdd, last, lane), count),
        [&] { return step(last, folded); }, [&] { return folded; });
  }

  // The blocks [begin, end), as far as there are terms; all if they are invalid.
  Values FoldBlocks(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges,
                    BlockFold& blocks, ValueId begin, ValueId end) {
    Fold& fold = blocks.InLane();
    const ValueId terms = emit.Convert(ScalarType::kI64, CountOf(emit, ranges));
    const auto block = [&](ValueId first_term, ValueId count) {
      return emit.Lanes(
          [&](ValueId lane) {
            return Strips(
                emit, count, lane, fold.Start(emit, {}), [&](ValueId first, const Values& inside) {
                  BindPlace(emit, op, ranges, emit.Exact(Opcode::kAdd, first_term, first), lane);
                  return StepOf(emit, op, fold, inside);
                });
          },
          [&](const Values& a, const Values& b) { return fold.Merge(emit, a, b); });
    };
    const ValueId block_terms = emit.Int64(BlockFold::kBlockTerms);
    ValueId end_term = terms;
    if (!begin.valid()) begin = emit.Int64(0);
    if (end.valid())
      end_term = emit.Binary(Opcode::kMin, terms, emit.Exact(Opcode::kMul, end, block_terms));
    const ValueId full = emit.Binary(Opcode::kShr, end_term, emit.Int64(10));
    const Values carried =
        emit.For({begin, full, emit.Int64(1)}, blocks.Start(emit),
                 [&](ValueId number, const Values& inside) {
                   const ValueId first_term = emit.Exact(Opcode::kMul, number, block_terms);
                   return blocks.Step(emit, inside, block(first_term, block_terms));
                 });
    const ValueId rest = emit.Exact(Opcode::kMul, full, block_terms);
    return blocks.Finish(emit, carried, block(rest, emit.Exact(Opcode::kSub, end_term, rest)));
  }

  // The variables of the term number `first` + `lane`; `first` is a multiple of the number of
  // lanes, and so is the length of a row where there are several ranges.
  void BindPlace(Emitter& emit, const Op& op, const std::vector<LoopRange>& ranges, ValueId first,
                 ValueId lane) {
    for (size_t k = ranges.size(); k-- > 0;) {
      ValueId place = first;
      if (k > 0) {
        const ValueId count = emit.Convert(ScalarType::kI64, CountOf(emit, ranges[k]));
        place = emit.Binary(Opcode::kRem, first, count);
        first = emit.Binary(Opcode::kDiv, first, count);
      }
      if (k + 1 == ranges.size()) place = emit.Exact(Opcode::kAdd, place, lane);
      BindVariable(op, k, VariableAt(emit, ranges[k], place));
    }
  }

  static ValueId VariableAt(Emitter& emit, const LoopRange& range, ValueId place) {
    // A range may hold more values than its type has above 0, so distances are of a wide type.
    const ScalarType type = emit.type(range.from);
    const ScalarType wide = BitsOf(type) < 64 ? ScalarType::kI64 : type;
    const auto widened = [&](ValueId value) { return emit.ConvertExact(wide, value); };
    const ValueId distance = emit.Exact(Opcode::kMul, widened(place), widened(range.step));
    return emit.ConvertExact(type, emit.Exact(Opcode::kAdd, widened(range.from), distance));
  }

  void BindVariable(const Op& op, size_t k, ValueId variable) {
    const ValueId named = source().region(source().region_of(op, 0)).arguments[k];
    Bind(named, variable);
    CopyNames(named, variable);
  }

  // One step of the fold by the term of the variables that are bound.
  Values StepOf(Emitter& emit, const Op& op, Fold& fold, const Values& carried) {
    const RegionId region = source().region_of(op, 0);
    const Values yielded = CloneInto(region);
    return fold.Step(emit, carried,
                     {.include = yielded[0],
                      .value = yielded[1],
                      .factor = yielded.size() > 2 ? yielded[2] : ValueId(),
                      .variable = Map(source().region(region).arguments[0])});
  }

  // --- One by one

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
    if (k == ranges.size()) return StepOf(emit, op, fold, carried);
    const auto body = [&](ValueId variable, const Values& inside) {
      BindVariable(op, k, variable);
      return Nest(emit, op, ranges, plan, fold, k + 1, inside);
    };
    if (!plan.stops_early) return emit.For(ranges[k], carried, body);
    return emit.ForExits(ranges[k], carried, [&](ValueId variable, const Values& inside) {
      Values next = body(variable, inside);
      next.insert(next.begin(), fold.GoesOn(emit, next));
      return next;
    });
  }

  int parallel_depth_ = 0;
};

}  // namespace

ValueId ValueOrIdentity(Emitter& emit, const Term& term, ValueId identity) {
  if (emit.IsConstant(term.include, 1)) return term.value;
  return emit.Select(term.include, term.value, identity);
}

ValueId Fold::GoesOn(Emitter& emit, const Values&) {
  return emit.Bool(true);
}

Values Fold::Merge(Emitter&, const Values&, const Values&) {
  FailInternalCheck(__FILE__, __LINE__, "a fold that does not merge");
}

// The conversion to a type of integers with all values of the operand's, if the value is one.
const Op* WideningOf(const Function& function, ValueId value) {
  const OpId def = function.value(value).def;
  if (!def.valid() || function.op(def).opcode != Opcode::kConvert) return nullptr;
  const Op& op = function.op(def);
  const ScalarType from = function.type(function.operand(op, 0)).scalar;
  const ScalarType to = function.type(value).scalar;
  const bool widens = IsInteger(from) && IsInteger(to) && FitsInteger(to, LeastOf(from)) &&
                      FitsInteger(to, GreatestOf(from));
  return widens ? &op : nullptr;
}

ReductionPlan PlanReduction(const Function& function, const Op& reduce,
                            std::optional<uint64_t> terms) {
  const ScalarType result = function.type(function.result(reduce)).scalar;
  const Op& yield = function.terminator(function.region_of(reduce, 0));
  const ValueId term = function.operand(yield, 1);
  ValueId narrow = term;
  while (const Op* widened = WideningOf(function, narrow)) narrow = function.operand(*widened, 0);
  const ReductionFacts facts{.kind = ReduceKindOf(reduce),
                             .rule = reduce.rule,
                             .checks = reduce.checks,
                             .term = function.type(term).scalar,
                             .narrow = function.type(narrow).scalar,
                             .result = result,
                             .terms = terms};
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
