#include "ir/lanes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "ir/clone.h"
#include "ir/loop_nest.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

// Strides beyond this are as good as none.
constexpr int64_t kMostStride = int64_t{1} << 31;
constexpr uint64_t kMostWeight = uint64_t{1} << 30;
// The elements of an array that each lane has for itself.
constexpr uint64_t kMostPrivateElements = 4096;
// In additions.
constexpr uint64_t kCostOfDivision = 4;
// Operations that are done one by one.
constexpr size_t kMostTail = 12;
constexpr const char* kDependent = "one iteration may need what another one did";

LaneShape Join(LaneShape a, LaneShape b) {
  return a == b ? a : LaneShape::Varying();
}

LaneShape Scaled(LaneShape shape, Int128 factor) {
  const Int128 stride = shape.stride * factor;
  if (stride > kMostStride || stride < -kMostStride) return LaneShape::Varying();
  return LaneShape::Affine(static_cast<int64_t>(stride));
}

class Planner {
 public:
  Planner(const Function& function, OpId loop, bool is_independent)
      : function_(function),
        loop_(loop),
        is_loaded_(function.values.size()),
        is_known_(function.values.size()) {
    plan_.shapes.resize(function.values.size());
    plan_.is_independent = is_independent;
    plan_.is_private.resize(function.values.size());
    plan_.is_used.resize(function.values.size());
  }

  LanePlan Run() {
    const Op& loop = function_.op(loop_);
    const RegionId body = function_.region_of(loop, 0);
    if (loop.opcode != Opcode::kLanes)
      SetVariable(loop);
    else
      Raise(function_.region(body).arguments[0], LaneShape::Affine(1));
    FindPrivate(body);
    CollectUses(body);
    ChooseTail(body);
    if (!plan_.is_possible()) return std::move(plan_);
    // Shapes only ever rise, so this ends.
    do {
      changed_ = false;
      Walk(body);
    } while (changed_ && plan_.is_possible());
    if (plan_.is_possible()) FollowEffects(body, false);
    if (!plan_.is_independent && !HasPlacesByData()) Refuse(kDependent);
    if (plan_.is_possible()) Measure(body, 1, false);
    if (plan_.is_possible() && plan_.varying_ops == 0) Refuse("nothing in it differs");
    if (loop.opcode == Opcode::kLanes) {
      for (ValueId value : function_.region(function_.region_of(loop, 1)).arguments)
        Raise(value, LaneShape::Varying());
      Walk(function_.region_of(loop, 1));
    }
    return std::move(plan_);
  }

 private:
  void SetVariable(const Op& loop) {
    if (loop.opcode == Opcode::kParallel && (loop.immediate & kParallelGroups) != 0)
      Refuse("its iterations are groups of lanes");
    const size_t last = loop.operands.count / 3 - 1;
    const Op* step = function_.ConstantOf(function_.operand(loop, 3 * last + 2));
    if (step == nullptr) return Refuse("its step is not constant");
    const ValueId variable = function_.region(function_.region_of(loop, 0)).arguments[last];
    const LaneShape shape = Scaled(LaneShape::Affine(1),
                                   IntegerValue(function_.type(variable).scalar, step->immediate));
    if (!shape.is_affine()) return Refuse("its step is 0 or very large");
    Raise(variable, shape);
  }

  void Refuse(std::string why) {
    if (plan_.refusal.empty()) plan_.refusal = std::move(why);
  }

  LaneShape shape(ValueId value) const { return plan_.shapes[value.index]; }
  LaneShape operand(const Op& op, size_t i) const { return shape(function_.operand(op, i)); }

  void Raise(ValueId value, LaneShape to) {
    LaneShape& now = plan_.shapes[value.index];
    const LaneShape next = is_known_[value.index] ? Join(now, to) : to;
    is_known_[value.index] = true;
    if (next == now) return;
    now = next;
    changed_ = true;
  }

  void FindPrivate(RegionId region) {
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kArray) plan_.is_private[function_.result(op).index] = true;
      for (RegionId inner : LaneRegionsOf(function_, op)) FindPrivate(inner);
    }
  }

  void CollectUses(RegionId region) {
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      for (ValueId value : function_.operands(op)) plan_.is_used[value.index] = true;
      if (op.opcode == Opcode::kLoad)
        is_loaded_[StorageOf(function_, function_.operand(op, 0)).index] = true;
      for (RegionId inner : LaneRegionsOf(function_, op)) CollectUses(inner);
    }
  }

  // --- What is done one by one

  void ChooseTail(RegionId body) {
    const Op& loop = function_.op(loop_);
    const char* const why = plan_.is_independent ? "it has an atomic" : kDependent;
    if (!plan_.is_independent && (CarriedCount(loop) > 0 || (loop.immediate & kForExits) != 0))
      return Refuse(why);
    std::vector<ValueId> changed;
    CollectChanged(body, changed);
    if (changed.empty()) return;
    if (std::ranges::any_of(changed, [&](ValueId array) { return plan_.is_private[array.index]; }))
      return Refuse(why);
    const auto is_changed = [&](ValueId array) {
      return std::ranges::find(changed, StorageOf(function_, array)) != changed.end();
    };
    std::vector<bool> follows(function_.values.size());
    const auto belongs = [&](const Op& op) {
      return (IsAccess(op) && is_changed(function_.operand(op, 0))) ||
             std::ranges::any_of(function_.operands(op),
                                 [&](ValueId value) { return follows[value.index]; });
    };
    bool has_stored = false, has_checked = false;
    // What was proved of an operation may rest on checks before it, which a tail makes later.
    const auto may_rest = [&](const Op& op) {
      const bool divides = op.opcode == Opcode::kDiv || op.opcode == Opcode::kRem;
      return has_checked &&
             (op.opcode == Opcode::kLoad || op.opcode == Opcode::kFor ||
              op.opcode == Opcode::kWhile ||
              (divides && function_.ConstantOf(function_.operand(op, 1)) == nullptr));
    };
    for (OpId id : function_.region(body).ops) {
      const Op& op = function_.op(id);
      if (!AnyWithin(function_, op, belongs) && !AnyWithin(function_, op, may_rest)) continue;
      const auto operands = function_.operands(op);
      const bool is_access = IsAccess(op);
      // Elsewhere atomics fail at once.
      if (op.opcode == Opcode::kAtomic
              ? op.results.count > 0 || loop.opcode != Opcode::kParallel
              : plan_.is_independent || (!is_access && !HasScalarMeaning(op.opcode)))
        return Refuse(why);
      const auto indices = operands.subspan(1, is_access ? function_.type(operands[0]).rank : 0);
      if (std::ranges::any_of(indices, [&](ValueId index) { return follows[index.index]; }) ||
          (has_stored && (op.checks & ~kBoundsBit) != 0) || plan_.tail.size() == kMostTail)
        return Refuse(why);
      has_stored = has_stored || op.opcode == Opcode::kStore;
      // Nothing is concluded from what atomics check.
      has_checked = has_checked || (op.opcode != Opcode::kAtomic && (op.checks & ~kBoundsBit) != 0);
      for (ValueId result : function_.results_of(op)) follows[result.index] = true;
      plan_.tail.push_back(id);
    }
    const auto may_be_changed = [&](const Op& op) {
      return IsAccess(op) && std::ranges::any_of(changed, [&](ValueId storage) {
               return MayBePartOf(function_, function_.operand(op, 0), storage);
             });
    };
    if (AnyIn(function_, body, may_be_changed)) Refuse(why);
  }

  static bool IsAccess(const Op& op) {
    return op.opcode == Opcode::kLoad || op.opcode == Opcode::kStore ||
           op.opcode == Opcode::kAtomic;
  }

  // The arrays whose elements iterations change for others: of a parallel loop those of atomics.
  void CollectChanged(RegionId region, std::vector<ValueId>& changed) const {
    const Opcode changing = plan_.is_independent ? Opcode::kAtomic : Opcode::kStore;
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == changing) changed.push_back(StorageOf(function_, function_.operand(op, 0)));
      for (RegionId inner : function_.regions_of(op)) CollectChanged(inner, changed);
    }
  }

  // Whether the places of the tail are found with data: else each iteration likely needs the one
  // before, and there is little to gain.
  bool HasPlacesByData() const {
    return std::ranges::any_of(plan_.tail, [&](OpId id) {
      const Op& op = function_.op(id);
      return IsAccess(op) &&
             std::ranges::any_of(
                 function_.operands(op).subspan(1, function_.type(function_.operand(op, 0)).rank),
                 [&](ValueId index) { return shape(index).is_varying(); });
    });
  }

  // --- Shapes

  void Walk(RegionId region) {
    for (OpId id : function_.region(region).ops)
      if (!plan_.IsInTail(id)) Visit(function_.op(id));
  }

  void Visit(const Op& op) {
    switch (op.opcode) {
      case Opcode::kConstant:
      case Opcode::kFail:
      case Opcode::kYield:
        return;
      case Opcode::kLoad:
        return Raise(function_.result(op), OfLoad(op));
      case Opcode::kStore:
        return;
      case Opcode::kArray:
        return VisitArray(op);
      case Opcode::kView:
        if (plan_.is_private[StorageOf(function_, function_.operand(op, 0)).index])
          return Refuse("it has a view of an array of its own");
        for (size_t i = 1; i < op.operands.count; ++i)
          if (!operand(op, i).is_uniform()) return Refuse("its views differ");
        return;
      case Opcode::kIf:
        return VisitIf(op);
      case Opcode::kFor:
        return VisitFor(op);
      case Opcode::kWhile:
        return VisitWhile(op);
      case Opcode::kFrame:
      case Opcode::kAttempt: {
        const RegionId body = LaneRegionsOf(function_, op)[0];
        Walk(body);
        for (size_t i = 0; i < op.results.count; ++i)
          Raise(Scalar(function_.result(op, i)),
                shape(function_.operand(function_.terminator(body), i)));
        return;
      }
      case Opcode::kAtomic:
        return Refuse("it has an atomic");
      case Opcode::kPrint:
        return Refuse("it prints");
      case Opcode::kCall:
        return Refuse("it calls a function that is not inlined");
      default:
        if (!HasScalarMeaning(op.opcode))
          return Refuse(fmt::format("it has the operation {}", TextOf(op.opcode)));
        return Raise(function_.result(op), OfScalar(op));
    }
  }

  // Refuses where arrays flow.
  ValueId Scalar(ValueId value) {
    if (function_.type(value).is_array()) Refuse("it chooses between arrays");
    return value;
  }

  LaneShape OfLoad(const Op& op) const {
    const ValueId array = function_.operand(op, 0);
    if (plan_.is_private[array.index]) return LaneShape::Varying();
    for (size_t i = 1; i < op.operands.count; ++i)
      if (!operand(op, i).is_uniform()) return LaneShape::Varying();
    return LaneShape::Uniform();
  }

  LaneShape OfScalar(const Op& op) const {
    const auto operands = function_.operands(op);
    if (std::ranges::all_of(operands, [&](ValueId value) { return shape(value).is_uniform(); }))
      return LaneShape::Uniform();
    return OfAffine(op).value_or(OfWrapped(op));
  }

  LaneShape OfWrapped(const Op& op) const {
    if (!IsInteger(function_.type(function_.result(op)).scalar) ||
        (op.rule != Rule::kChecked && op.rule != Rule::kNone))
      return LaneShape::Varying();
    switch (op.opcode) {
      case Opcode::kRem:
        return operand(op, 0).is_affine() && operand(op, 0).stride > 0 &&
                       operand(op, 1).is_uniform()
                   ? LaneShape::Wrapped(operand(op, 0).stride)
                   : LaneShape::Varying();
      case Opcode::kAdd:
        if (operand(op, 1).is_wrapped() && operand(op, 0).is_uniform()) return operand(op, 1);
        [[fallthrough]];
      case Opcode::kSub:
        return operand(op, 1).is_uniform() ? operand(op, 0) : LaneShape::Varying();
      case Opcode::kConvert:
        return operand(op, 0).is_wrapped() ? operand(op, 0) : LaneShape::Varying();
      default:
        return LaneShape::Varying();
    }
  }

  // Results that are the mathematical ones grow evenly where the operands do.
  std::optional<LaneShape> OfAffine(const Op& op) const {
    const ScalarType type = function_.type(function_.result(op)).scalar;
    if (!IsInteger(type) || (op.rule != Rule::kChecked && op.rule != Rule::kNone))
      return std::nullopt;
    const auto operands = function_.operands(op);
    if (std::ranges::any_of(operands, [&](ValueId value) { return shape(value).is_varying(); }))
      return std::nullopt;
    const auto constant = [&](size_t i) -> std::optional<Int128> {
      const Op* value = function_.ConstantOf(operands[i]);
      if (value == nullptr) return std::nullopt;
      return IntegerValue(function_.type(operands[i]).scalar, value->immediate);
    };
    switch (op.opcode) {
      case Opcode::kAdd:
        return LaneShape::Affine(operand(op, 0).stride + operand(op, 1).stride);
      case Opcode::kSub:
        return LaneShape::Affine(operand(op, 0).stride - operand(op, 1).stride);
      case Opcode::kNeg:
        return Scaled(operand(op, 0), -1);
      case Opcode::kMul:
        if (const auto factor = constant(1)) return Scaled(operand(op, 0), *factor);
        if (const auto factor = constant(0)) return Scaled(operand(op, 1), *factor);
        return std::nullopt;
      case Opcode::kShl:
        if (const auto amount = constant(1); amount && *amount >= 0 && *amount < 31)
          return Scaled(operand(op, 0), Int128{1} << static_cast<int>(*amount));
        return std::nullopt;
      case Opcode::kConvert:
        return IsInteger(function_.type(operands[0]).scalar) ? std::optional(operand(op, 0))
                                                             : std::nullopt;
      default:
        return std::nullopt;
    }
  }

  void VisitArray(const Op& op) {
    uint64_t count = 1;
    const ValueId result = function_.result(op);
    for (size_t d = 0; d < function_.type(result).rank; ++d) {
      const Op* size = function_.ConstantOf(function_.operand(op, d));
      if (size == nullptr) return Refuse("it makes an array whose size is not constant");
      count *= std::min(size->immediate, kMostPrivateElements + 1);
      if (count > kMostPrivateElements) return Refuse("it makes a large array");
    }
  }

  void VisitIf(const Op& op) {
    const RegionId arms[] = {function_.region_of(op, 0), function_.region_of(op, 1)};
    for (RegionId arm : arms) Walk(arm);
    for (size_t i = 0; i < op.results.count; ++i) {
      const ValueId a = function_.operand(function_.terminator(arms[0]), i);
      const ValueId b = function_.operand(function_.terminator(arms[1]), i);
      const LaneShape joined = Join(shape(a), shape(b));
      Raise(Scalar(function_.result(op, i)),
            operand(op, 0).is_uniform() || a == b ? joined : LaneShape::Varying());
    }
  }

  void VisitFor(const Op& op) {
    const RegionId body = function_.region_of(op, 0);
    const auto& arguments = function_.region(body).arguments;
    const bool is_divergent = IsDivergent(function_, plan_, op);
    if (is_divergent && function_.ConstantOf(function_.operand(op, 2)) == nullptr)
      return Refuse("lanes leave a loop in it at different times, and its step is not constant");
    if (!operand(op, 2).is_uniform()) return Refuse("the steps of a loop in it differ");
    Raise(arguments[0], operand(op, 0));
    const uint32_t first_yield = SlotsOf(op, 0).yield;
    for (uint32_t i = 0; i < CarriedCount(op); ++i)
      Raise(Scalar(arguments[i + 1]), operand(op, i + 3));
    Walk(body);
    const Op& yield = function_.terminator(body);
    for (uint32_t i = 0; i < CarriedCount(op); ++i) {
      const ValueId next = function_.operand(yield, first_yield + i);
      Carry(arguments[i + 1], next, function_.result(op, i), is_divergent);
    }
  }

  void VisitWhile(const Op& op) {
    const RegionId condition = function_.region_of(op, 0), body = function_.region_of(op, 1);
    const auto& tested = function_.region(condition).arguments;
    const auto& inside = function_.region(body).arguments;
    for (uint32_t i = 0; i < op.operands.count; ++i) Raise(Scalar(tested[i]), operand(op, i));
    Walk(condition);
    for (uint32_t i = 0; i < op.operands.count; ++i) Raise(inside[i], shape(tested[i]));
    Walk(body);
    const bool is_divergent = IsDivergent(function_, plan_, op);
    const Op& yield = function_.terminator(body);
    for (uint32_t i = 0; i < op.operands.count; ++i) {
      const ValueId next = function_.operand(yield, i);
      Carry(tested[i], next == inside[i] ? tested[i] : next, function_.result(op, i), is_divergent);
    }
  }

  // A lane that has left the loop keeps its value while others go on.
  void Carry(ValueId argument, ValueId next, ValueId result, bool is_divergent) {
    if (next != argument) Raise(argument, shape(next));
    Raise(result, is_divergent && next != argument ? LaneShape::Varying() : shape(argument));
  }

  // --- What can be done again

  // Whether a store to an array that is also read may have come before. Answers the same for the
  // end of the region.
  bool FollowEffects(RegionId region, bool is_dirty) {
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      // Of a tail only the bounds are checked before it.
      const bool is_in_tail = plan_.IsInTail(id);
      if (is_dirty && (is_in_tail ? (op.checks & kBoundsBit) != 0 : MayFault(op)))
        Refuse("a check comes after a store to an array that is also read");
      // Where it starts again is found by a check.
      if (is_dirty && op.opcode == Opcode::kRem && shape(function_.result(op)).is_wrapped())
        plan_.shapes[function_.result(op).index] = LaneShape::Varying();
      if (is_in_tail) continue;
      if (op.opcode == Opcode::kStore) {
        const ValueId storage = StorageOf(function_, function_.operand(op, 0));
        is_dirty = is_dirty || (is_loaded_[storage.index] && !plan_.is_private[storage.index]);
      }
      bool after = is_dirty;
      if (op.opcode == Opcode::kFor || op.opcode == Opcode::kWhile) {
        // What the first time round leaves, the second one finds.
        for (int round = 0; round < 2; ++round)
          for (RegionId inner : function_.regions_of(op)) after = FollowEffects(inner, after);
      } else {
        for (RegionId inner : LaneRegionsOf(function_, op))
          after = FollowEffects(inner, is_dirty) || after;
      }
      is_dirty = after;
    }
    return is_dirty;
  }

  void Measure(RegionId region, uint64_t weight, bool is_divergent) {
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (plan_.IsInTail(id)) continue;
      const bool is_loop = op.opcode == Opcode::kFor || op.opcode == Opcode::kWhile;
      const bool diverges = is_divergent || (is_loop && IsDivergent(function_, plan_, op));
      for (RegionId inner : LaneRegionsOf(function_, op))
        Measure(inner, is_loop ? std::min(weight * 8, kMostWeight) : weight, diverges);
      if (op.opcode == Opcode::kLoad || op.opcode == Opcode::kStore) MeasureAccess(op, weight);
      const bool is_store = op.opcode == Opcode::kStore;
      const bool is_vector =
          is_store || std::ranges::any_of(function_.results_of(op),
                                          [&](ValueId value) { return shape(value).is_varying(); });
      if (!is_vector) continue;
      ++plan_.varying_ops;
      if (op.regions.count > 0) continue;
      if (is_divergent && DividesIntegers(op))
        plan_.loss = "lanes leave a loop in it that divides integers at different times";
      if (op.opcode != Opcode::kLoad && !is_store) plan_.work += weight * CostOf(op);
      const ValueId value =
          is_store ? function_.operand(op, op.operands.count - 1) : function_.result(op);
      plan_.widest_bits = std::max(plan_.widest_bits, BitsOf(function_.type(value).scalar));
    }
  }

  // Vectors gain little with it.
  bool DividesIntegers(const Op& op) const {
    return (op.opcode == Opcode::kDiv || op.opcode == Opcode::kRem) &&
           IsInteger(function_.type(function_.result(op)).scalar) &&
           function_.ConstantOf(function_.operand(op, 1)) == nullptr;
  }

  uint64_t CostOf(const Op& op) const {
    switch (op.opcode) {
      case Opcode::kDiv:
      case Opcode::kRem:
      case Opcode::kSqrt:
        return kCostOfDivision;
      default:
        return 1;
    }
  }

  void MeasureAccess(const Op& op, uint64_t weight) {
    const ValueId array = function_.operand(op, 0);
    if (plan_.is_private[array.index]) return;
    const size_t rank = function_.type(array).rank;
    bool is_uniform = true, is_adjacent = true, is_even = true;
    for (size_t d = 0; d < rank; ++d) {
      const LaneShape index = operand(op, d + 1);
      is_uniform = is_uniform && index.is_uniform();
      is_even = is_even && !index.is_varying();
      // What starts again somewhere in a dimension is together up to there.
      is_adjacent =
          is_adjacent && (d + 1 < rank ? index.is_uniform() : std::abs(index.stride) == 1);
    }
    if (is_uniform) return;
    (is_adjacent ? plan_.adjacent_accesses : plan_.strided_accesses) += weight;
    if (!is_adjacent && is_even) plan_.even_accesses += weight;
  }

  const Function& function_;
  const OpId loop_;
  LanePlan plan_;
  std::vector<bool> is_loaded_;  // storage that the body reads
  std::vector<bool> is_known_;   // values that have a shape already
  bool changed_ = false;
};

}  // namespace

std::span<const RegionId> LaneRegionsOf(const Function& function, const Op& op) {
  return function.regions_of(op).subspan(op.opcode == Opcode::kAttempt ? 1 : 0);
}

bool IsDivergent(const Function& function, const LanePlan& plan, const Op& loop) {
  const auto is_uniform = [&](ValueId value) { return plan.shape(value).is_uniform(); };
  if (loop.opcode == Opcode::kWhile)
    return !is_uniform(function.operand(function.terminator(function.region_of(loop, 0)), 0));
  const bool has_exit = (loop.immediate & kForExits) != 0;
  return !is_uniform(function.operand(loop, 0)) || !is_uniform(function.operand(loop, 1)) ||
         (has_exit &&
          !is_uniform(function.operand(function.terminator(function.region_of(loop, 0)), 0)));
}

LanePlan PlanLanes(const Function& function, OpId loop, bool is_independent) {
  return Planner(function, loop, is_independent).Run();
}

}  // namespace einkorn::ir
