// Rebuilding functions: the base of the passes that change structure.
//
// Tables only grow, so a pass does not edit a function: it makes a new one by walking the old one
// region by region, with a map from the values there to those that stand for them here. A pass
// derives from `Cloner` and overrides what it changes; all else is copied.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

/// Where the values of result k of an operation with regions come from and go to: operand
/// `operand + k` is its first value, argument `argument + k` and yielded value `yield + k` of a
/// region are its next ones. `kNone` where there are no such places.
struct SlotLayout {
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t operand = kNone;
  uint32_t argument = kNone;
  uint32_t yield = kNone;
};
SlotLayout SlotsOf(const Op& op, size_t region);

/// Which slots of an operation are kept; all if empty.
using KeptSlots = std::vector<bool>;

class Cloner {
 public:
  /// Copies from `source` to the insertion point of `target`, which may belong to another function.
  Cloner(const Function& source, Builder& target);
  virtual ~Cloner() = default;

  const Function& source() const { return source_; }
  Builder& target() { return target_; }
  const Builder& target() const { return target_; }

  /// What stands for a value of the source.
  ValueId Map(ValueId value) const { return map_[value.index]; }
  std::vector<ValueId> Map(std::span<const ValueId> values) const;
  /// Makes `copy` stand for `value`.
  void Bind(ValueId value, ValueId copy) { map_[value.index] = copy; }

  /// Appends the operations of a region without its `yield`, whose operands are returned as they
  /// are here. Its arguments must be bound.
  std::vector<ValueId> CloneInto(RegionId region);
  /// A new region with copies of the arguments, operations and `yield` of `region`.
  virtual RegionId CloneRegion(RegionId region, const SlotLayout& slots, const KeptSlots& keep);

 protected:
  /// Appends what stands for an operation and binds its results.
  virtual void CloneOp(OpId op) { CopyOp(op); }
  /// Appends a copy, whose regions are made by CloneRegion, and binds the results of the kept
  /// slots.
  OpId CopyOp(OpId op, const KeptSlots& keep = {});
  /// Gives a value here the name and shape of one of the source, unless it has its own.
  void CopyNames(ValueId from, ValueId to);

 private:
  /// The report of an access names its array as before, whatever stands for it now.
  void KeepArrayNames(const Op& op, OpId copy);

  const Function& source_;
  Builder& target_;
  std::vector<ValueId> map_;
};

/// A function with the signature of `source` and an empty body, which is entered by `body`.
Function CloneSignature(const Function& source);

/// Replaces `function` by what `Pass`, a Cloner, makes of it. Further arguments are the pass's own.
template <typename Pass, typename... Arguments>
void RebuildWith(Function& function, Arguments&&... arguments) {
  Function made = CloneSignature(function);
  Builder builder(made);
  builder.Enter(made.body);
  Pass pass(function, builder, std::forward<Arguments>(arguments)...);
  for (size_t i = 0; i < function.params.size(); ++i)
    pass.Bind(function.params[i].value, made.params[i].value);
  const SourceRange range = function.terminator(function.body).range;
  builder.Yield(pass.CloneInto(function.body), range);
  function = std::move(made);
}

}  // namespace einkorn::ir
