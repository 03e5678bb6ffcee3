#include "ir/dead_code.h"

#include "ir/clone.h"

namespace einkorn::ir {
namespace {

// Whether an operation matters by itself. Regions speak for themselves, but a `while` may not end.
bool IsRoot(const Op& op) {
  if (MayFault(op) || op.opcode == Opcode::kWhile) return true;
  // An array that nobody can name is not written by being made.
  return (InfoOf(op.opcode).effects & kWrites) != 0 && op.opcode != Opcode::kArray;
}

// Which operations and values something depends on. Each is marked once and then passes its mark on
// once, so this ends.
class Liveness {
 public:
  explicit Liveness(const Function& function)
      : function_(function),
        live_ops_(function.ops.size()),
        live_values_(function.values.size()),
        parents_(function.ops.size()),
        owners_(function.values.size()) {
    Visit(function.body, OpId());
    MarkValues(function.operands(function.terminator(function.body)));
    while (!pending_.empty()) {
      const ValueId value = pending_.back();
      pending_.pop_back();
      PassOn(value);
    }
  }

  bool IsLive(OpId op) const { return live_ops_[op.index]; }

  // Slot k lives if its result or the argument for it does: the argument's mark went to the result.
  KeptSlots LiveSlots(const Op& op) const {
    KeptSlots kept;
    for (ValueId result : function_.results_of(op)) kept.push_back(live_values_[result.index]);
    return kept;
  }

 private:
  void Visit(RegionId region, OpId parent) {
    for (ValueId argument : function_.region(region).arguments) owners_[argument.index] = parent;
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      parents_[id.index] = parent;
      for (RegionId inner : function_.regions_of(op)) Visit(inner, id);
      if (IsRoot(op)) MarkOp(id);
    }
  }

  void MarkOp(OpId id) {
    for (; id.valid() && !live_ops_[id.index]; id = parents_[id.index]) {
      live_ops_[id.index] = true;
      const Op& op = function_.op(id);
      const auto operands = function_.operands(op);
      MarkValues(operands.subspan(0, std::min<size_t>(operands.size(), SlotsOf(op, 0).operand)));
      for (size_t i = 0; i < op.regions.count; ++i) {
        const auto yields = function_.operands(function_.terminator(function_.region_of(op, i)));
        MarkValues(yields.subspan(0, std::min<size_t>(yields.size(), SlotsOf(op, i).yield)));
      }
    }
  }

  void MarkValues(std::span<const ValueId> values) {
    for (ValueId value : values) MarkValue(value);
  }

  void MarkValue(ValueId value) {
    if (live_values_[value.index]) return;
    live_values_[value.index] = true;
    pending_.push_back(value);
  }

  void PassOn(ValueId value) {
    const OpId def = function_.value(value).def;
    if (def.valid()) {
      MarkOp(def);
      const Op& op = function_.op(def);
      for (uint32_t k = 0; k < op.results.count; ++k)
        if (function_.result(op, k) == value) MarkSlot(op, k);
      return;
    }
    const OpId owner = owners_[value.index];
    if (!owner.valid()) return;
    const Op& op = function_.op(owner);
    for (size_t i = 0; i < op.regions.count; ++i) {
      const auto& arguments = function_.region(function_.region_of(op, i)).arguments;
      const uint32_t first = SlotsOf(op, i).argument;
      for (uint32_t k = first; k < arguments.size(); ++k)
        if (arguments[k] == value) MarkSlot(op, k - first);
    }
  }

  void MarkSlot(const Op& op, uint32_t k) {
    for (size_t i = 0; i < op.regions.count; ++i) {
      const SlotLayout slots = SlotsOf(op, i);
      const RegionId region = function_.region_of(op, i);
      if (slots.operand != SlotLayout::kNone) MarkValue(function_.operand(op, slots.operand + k));
      if (slots.yield != SlotLayout::kNone)
        MarkValue(function_.operand(function_.terminator(region), slots.yield + k));
      MarkValue(function_.result(op, k));
    }
  }

  const Function& function_;
  std::vector<bool> live_ops_, live_values_;
  std::vector<OpId> parents_;  // of operations: what they stand in
  std::vector<OpId> owners_;   // of region arguments: the operation whose region it is
  std::vector<ValueId> pending_;
};

class DeadCodeDropper : public Cloner {
 public:
  DeadCodeDropper(const Function& source, Builder& target)
      : Cloner(source, target), liveness_(source) {}

 protected:
  void CloneOp(OpId id) override {
    if (!liveness_.IsLive(id)) return;
    const Op& op = source().op(id);
    const bool has_slots =
        op.regions.count > 0 && SlotsOf(op, op.regions.count - 1).yield != SlotLayout::kNone;
    CopyOp(id, has_slots ? liveness_.LiveSlots(op) : KeptSlots());
  }

 private:
  Liveness liveness_;
};

}  // namespace

void DropDeadCode(Function& function) {
  RebuildWith<DeadCodeDropper>(function);
}

}  // namespace einkorn::ir
