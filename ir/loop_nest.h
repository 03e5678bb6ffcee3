// What passes ask about loops before they rearrange them.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "ir/clone.h"
#include "ir/emitter.h"
#include "ir/module.h"

namespace einkorn::ir {

/// Whether it is a `for` over integers with a sign that counts up by one, cannot fail by itself and
/// runs to its end.
bool IsCountingLoop(const Function& function, const Op& op);
/// Marks the values that a region makes, with all that is in it.
void MarkInside(const Function& function, RegionId region, std::vector<bool>& is_inside);
/// Whether it is a constant, a load or a scalar operation that cannot fail.
bool IsSimple(const Op& op);
/// Whether it stores nothing and cannot fail, with all that is in it.
bool OnlyComputes(const Function& function, const Op& op);

template <typename Predicate>
bool AnyWithin(const Function& function, const Op& op, const Predicate& holds);
/// Whether `holds` of an operation of the region, or of one in them.
template <typename Predicate>
bool AnyIn(const Function& function, RegionId region, const Predicate& holds) {
  return std::ranges::any_of(function.region(region).ops,
                             [&](OpId id) { return AnyWithin(function, function.op(id), holds); });
}
/// The same of one operation and those in it.
template <typename Predicate>
bool AnyWithin(const Function& function, const Op& op, const Predicate& holds) {
  return holds(op) || std::ranges::any_of(function.regions_of(op), [&](RegionId region) {
           return AnyIn(function, region, holds);
         });
}

/// By value: whether one of `values` is computed from it, or is it.
std::vector<bool> SourcesOf(const Function& function, std::span<const ValueId> values);
/// Whether the ends of a loop's range are constants or come from outside of what is `inside`.
bool HasFixedRange(const Function& function, const Op& loop, const std::vector<bool>& inside);
/// Whether `variable` and what is not `inside` tell the value by a few operations that cannot fail,
/// without a load.
bool IsKnownFrom(const Function& function, ValueId value, ValueId variable,
                 const std::vector<bool>& inside);
/// Whether two arrays of different storage may share elements after all: where one is a view, made
/// before its array was exchanged for the other one.
bool MayBePartOf(const Function& function, ValueId a, ValueId b);

/// What passes share that put loops into another order.
class LoopCloner : public Cloner {
 protected:
  using Cloner::Cloner;

  const Op& op(OpId id) const { return source().op(id); }
  RegionId BodyOf(OpId loop) const { return source().region_of(op(loop), 0); }
  ValueId VariableOf(OpId loop) const { return source().region(BodyOf(loop)).arguments[0]; }
  /// The operations of a body that ends with a loop, without that one.
  std::span<const OpId> Before(OpId loop) const {
    const auto& ops = source().region(BodyOf(loop)).ops;
    return std::span(ops).first(ops.size() - 2);
  }
  /// The range of a loop; ends that are constants may stand inside of loops around.
  LoopRange RangeOf(Emitter& emit, OpId loop);
  /// Copies what computes the subscripts of an access, as far as it stands in the regions, which
  /// are given from the outermost one.
  void CloneSubscripts(std::span<const RegionId> regions, OpId access);
  /// The same for other values.
  void CloneSources(std::span<const RegionId> regions, std::span<const ValueId> values);
};

}  // namespace einkorn::ir
