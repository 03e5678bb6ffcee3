// Values that a `while` carries and nobody sees once it is left.
//
// A `break` or `return` in a `while` becomes a condition that the loop carries, and what stands
// behind it is done only `if` the loop goes on. A value that is not used after the loop may as well
// be changed in the last iteration: then the next iteration does not wait for the condition.
#include <algorithm>
#include <map>
#include <optional>

#include "ir/dead_code.h"
#include "ir/passes.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

class Skipper {
 public:
  explicit Skipper(Function& function) : function_(function), uses_(function.values.size()) {
    for (const Op& op : function.ops)
      for (ValueId value : function.operands(op)) ++uses_[value.index];
  }

  /// Whether it changed something.
  bool Visit(OpId loop) {
    const Op op = function_.op(loop);
    const RegionId condition = function_.region_of(op, 0), body = function_.region_of(op, 1);
    const std::vector<ValueId> tested = function_.region(condition).arguments;
    const auto choice = ChoiceOf(condition);
    if (!choice) return false;
    const auto flag = std::ranges::find(tested, function_.operand(function_.op(*choice), 0));
    if (flag == tested.end()) return false;
    const PoolRange yielded = function_.terminator(body).operands;
    known_.clear();
    bool has_changed = false;
    Assume(function_.value_pool[yielded.begin + static_cast<uint32_t>(flag - tested.begin())],
           true);
    for (uint32_t k = 0; k < tested.size(); ++k) {
      if (tested[k] == *flag || uses_[function_.result(op, k).index] > 0 ||
          UsesIn(function_.op(*choice), tested[k]) != uses_[tested[k].index])
        continue;
      ValueId& next = function_.value_pool[yielded.begin + k];
      const auto value = WhereItGoesOn(body, next);
      if (!value) continue;
      next = *value;
      has_changed = true;
    }
    return has_changed;
  }

 private:
  // The `if` that is all of a condition, and false where its own condition is.
  std::optional<OpId> ChoiceOf(RegionId condition) const {
    std::optional<OpId> choice;
    for (OpId id : function_.region(condition).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kConstant || op.opcode == Opcode::kYield) continue;
      if (op.opcode != Opcode::kIf || choice) return std::nullopt;
      choice = id;
    }
    if (!choice) return std::nullopt;
    const Op& op = function_.op(*choice);
    if (op.results.count != 1 ||
        function_.operand(function_.terminator(condition), 0) != function_.result(op))
      return std::nullopt;
    const auto& none = function_.region(function_.region_of(op, 1)).ops;
    if (!std::ranges::all_of(none, [&](OpId id) {
          const Opcode opcode = function_.op(id).opcode;
          return opcode == Opcode::kConstant || opcode == Opcode::kYield;
        }))
      return std::nullopt;
    const Op* otherwise = function_.ConstantOf(
        function_.operand(function_.terminator(function_.region_of(op, 1)), 0));
    return otherwise != nullptr && otherwise->immediate == 0 ? choice : std::nullopt;
  }

  // How often regions of `op` use the value.
  size_t UsesIn(const Op& op, ValueId value) const {
    size_t uses = 0;
    for (RegionId region : function_.regions_of(op))
      for (OpId id : function_.region(region).ops) {
        const Op& inner = function_.op(id);
        uses += static_cast<size_t>(std::ranges::count(function_.operands(inner), value));
        uses += UsesIn(inner, value);
      }
    return uses;
  }

  void Assume(ValueId value, bool truth) {
    if (!known_.try_emplace(value, truth).second) return;
    const OpId def = function_.value(value).def;
    if (!def.valid()) return;
    const Op& op = function_.op(def);
    if (op.opcode == Opcode::kNot) return Assume(function_.operand(op, 0), !truth);
    if (op.opcode == (truth ? Opcode::kAnd : Opcode::kOr))
      for (ValueId operand : function_.operands(op)) Assume(operand, truth);
  }

  std::optional<bool> Known(ValueId condition) const {
    if (const auto at = known_.find(condition); at != known_.end()) return at->second;
    const OpId def = function_.value(condition).def;
    if (!def.valid() || function_.op(def).opcode != Opcode::kNot) return std::nullopt;
    const auto operand = Known(function_.operand(function_.op(def), 0));
    return operand ? std::optional(!*operand) : std::nullopt;
  }

  // What `value` is where the loop goes on, computed always from now on.
  std::optional<ValueId> WhereItGoesOn(RegionId body, ValueId value) {
    const OpId def = function_.value(value).def;
    auto& ops = function_.region(body).ops;
    const auto at = std::ranges::find(ops, def);
    if (!def.valid() || at == ops.end()) return std::nullopt;
    const Op& op = function_.op(def);
    if (op.opcode != Opcode::kSelect && op.opcode != Opcode::kIf) return std::nullopt;
    const auto truth = Known(function_.operand(op, 0));
    if (!truth) return std::nullopt;
    if (op.opcode == Opcode::kSelect) return function_.operand(op, *truth ? 1 : 2);
    Region& arm = function_.region(function_.region_of(op, *truth ? 0 : 1));
    const auto computes = [&](OpId id) {
      const Op& inner = function_.op(id);
      // What was proved of it holds where the loop goes on; elsewhere it may be anything, but must
      // not stop the program, as a division by 0 would.
      const bool may_stop = inner.opcode == Opcode::kDiv || inner.opcode == Opcode::kRem;
      return inner.checks == 0 && !may_stop &&
             (inner.opcode == Opcode::kConstant || HasScalarMeaning(inner.opcode));
    };
    const auto last = arm.ops.end() - 1;
    if (!std::all_of(arm.ops.begin(), last, computes)) return std::nullopt;
    const auto results = function_.results_of(op);
    const auto slot = std::ranges::find(results, value) - results.begin();
    const ValueId chosen = function_.operand(function_.op(*last), static_cast<size_t>(slot));
    const std::vector<OpId> moved(arm.ops.begin(), last);
    arm.ops.erase(arm.ops.begin(), last);
    ops.insert(at, moved.begin(), moved.end());
    return chosen;
  }

  Function& function_;
  std::vector<size_t> uses_;  // by value
  std::map<ValueId, bool> known_;
};

}  // namespace

void SkipExitValues(Function& function) {
  bool has_changed = false;
  std::optional<Skipper> skipper;  // counts uses, which change where something was skipped
  for (size_t i = 0; i < function.ops.size(); ++i) {
    if (function.ops[i].opcode != Opcode::kWhile) continue;
    if (!skipper) skipper.emplace(function);
    if (!skipper->Visit(OpId(i))) continue;
    has_changed = true;
    skipper.reset();
  }
  if (has_changed) DropDeadCode(function);
}

}  // namespace einkorn::ir
