// Elements that an iteration has stored and the next one loads are carried in a register.
//
// In `for j { t[j] = f(t[j - 1], …) }` each iteration otherwise waits until what the one before has
// stored can be loaded again, which takes longer than most of what f does.
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "ir/affine.h"
#include "ir/clone.h"
#include "ir/emitter.h"
#include "ir/loop_nest.h"
#include "ir/passes.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

// Values that are computed in more steps are not looked into.
constexpr int kLongestChain = 8;

struct Recurrence {
  OpId load, store;
  // Where the load is in an `if` of the body, as `if j > 0 { t[j - 1] } else { 0 }`.
  OpId choice = {};
  size_t arm = 0;
};

class Carrier : public LoopCloner {
 public:
  Carrier(const Function& source, Builder& target) : LoopCloner(source, target), forms_(source) {
    forms_.DefineIn(source.body);
  }

  std::vector<Recurrence> Find(OpId loop) const {
    std::vector<Recurrence> found;
    if (!IsCountingLoop(source(), op(loop))) return found;
    const RegionId body = BodyOf(loop);
    std::vector<bool> inside(source().values.size());
    MarkInside(source(), body, inside);
    for (OpId store : source().region(body).ops) {
      if (op(store).opcode != Opcode::kStore) continue;
      const ValueId array = source().operand(op(store), 0);
      if (inside[array.index] || WritesTo(body, StorageOf(source(), array)) != 1) continue;
      if (const auto recurrence = FindLoad(body, store, inside)) found.push_back(*recurrence);
    }
    return found;
  }

 protected:
  void CloneOp(OpId id) override {
    if (const auto at = carried_.find(id); at != carried_.end())
      return Bind(source().result(op(id)), at->second);
    const std::vector<Recurrence> found = Find(id);
    if (found.empty()) {
      CopyOp(id);
      return;
    }
    const Op& loop = source().op(id);
    const auto operands = source().operands(loop);
    Emitter emit(target(), loop.range);
    const LoopRange range{Map(operands[0]), Map(operands[1]), Map(operands[2]),
                          (loop.immediate & kForInclusive) != 0};
    Values carried;
    for (ValueId value : operands.subspan(3)) carried.push_back(Map(value));
    const ValueId has_any =
        emit.Binary(range.inclusive ? Opcode::kLe : Opcode::kLt, range.from, range.to);
    const auto run = [&] {
      Values with = carried;
      for (const Recurrence& recurrence : found)
        with.push_back(FirstElement(recurrence, id, range.from));
      Values after = emit.For(range, with, [&](ValueId variable, const Values& values) {
        return Iteration(found, id, variable, values);
      });
      after.resize(carried.size());
      return after;
    };
    const Values after = emit.If(has_any, run, [&] { return carried; });
    for (size_t k = 0; k < after.size(); ++k) {
      Bind(source().result(loop, k), after[k]);
      CopyNames(source().result(loop, k), after[k]);
    }
  }

 private:
  std::optional<Recurrence> FindLoad(RegionId body, OpId store,
                                     const std::vector<bool>& inside) const {
    const ValueId variable = source().region(body).arguments[0];
    for (OpId id : source().region(body).ops) {
      if (id == store) break;
      if (op(id).opcode == Opcode::kIf &&
          IsKnownFrom(source(), source().operand(op(id), 0), variable, inside))
        for (size_t arm : {0, 1})
          for (OpId load : source().region(source().region_of(op(id), arm)).ops) {
            if (MayRuleOut(load, inside)) break;
            if (IsOneBehind(load, store, variable, inside)) return Recurrence{load, store, id, arm};
          }
      if (MayRuleOut(id, inside)) break;
      if (IsOneBehind(id, store, variable, inside)) return Recurrence{id, store};
    }
    return std::nullopt;
  }

  // Whether what follows may be known to lie in bounds because this did not fail: the first element
  // is loaded before the loop. Sums of what was loaded say nothing about indices.
  bool MayRuleOut(OpId id, const std::vector<bool>& inside) const {
    const Op& op = source().op(id);
    if (!MayFaultDeep(source(), op)) return false;
    return op.checks != kOverflowBit || op.regions.count > 0 ||
           !std::ranges::all_of(source().operands(op),
                                [&](ValueId value) { return IsData(value, inside); });
  }

  // Whether it is computed from constants and what the iteration has loaded.
  bool IsData(ValueId value, const std::vector<bool>& inside, int depth = kLongestChain) const {
    const OpId def = source().value(value).def;
    if (!def.valid()) return false;
    const Op& op = source().op(def);
    if (op.opcode == Opcode::kConstant) return true;
    if (!inside[value.index]) return false;
    if (op.opcode == Opcode::kLoad) return true;
    return depth > 0 && HasScalarMeaning(op.opcode) &&
           std::ranges::all_of(source().operands(op),
                               [&](ValueId v) { return IsData(v, inside, depth - 1); });
  }

  // How many operations may write to the storage; many if that is not known.
  size_t WritesTo(RegionId region, ValueId storage) const {
    size_t writes = 0;
    for (OpId id : source().region(region).ops) {
      const Op& op = source().op(id);
      if (op.opcode == Opcode::kStore) {
        const ValueId array = source().operand(op, 0);
        if (StorageOf(source(), array) == storage)
          ++writes;
        else if (MayBePartOf(source(), array, storage))
          writes += 2;
      } else if (op.opcode != Opcode::kLoad) {
        for (ValueId value : source().operands(op))
          if (source().type(value).is_array() && StorageOf(source(), value) == storage) writes += 2;
      }
      for (RegionId inner : source().regions_of(op)) writes += WritesTo(inner, storage);
    }
    return writes;
  }

  // Whether the load has in each iteration the element that the store had in the one before.
  bool IsOneBehind(OpId load, OpId store, ValueId variable, const std::vector<bool>& inside) const {
    const Op &loaded = source().op(load), &stored = source().op(store);
    if (loaded.opcode != Opcode::kLoad || loaded.checks != 0 || stored.checks != 0 ||
        source().operand(loaded, 0) != source().operand(stored, 0))
      return false;
    size_t behind = 0;
    for (size_t d = 0; d < source().type(source().operand(loaded, 0)).rank; ++d) {
      if (!IsKnownFrom(source(), source().operand(loaded, d + 1), variable, inside)) return false;
      const Affine one = forms_.Of(source().operand(loaded, d + 1));
      const Affine other = forms_.Of(source().operand(stored, d + 1));
      if (one.terms != other.terms) return false;
      int64_t multiple = 0;
      for (const auto& [value, coefficient] : one.terms) {
        if (value == variable)
          multiple = coefficient;
        else if (inside[value.index])
          return false;
      }
      if (multiple == 0 ? one.constant != other.constant
                        : multiple != 1 || Int128(one.constant) + 1 != other.constant)
        return false;
      behind += multiple == 1 ? 1 : 0;
    }
    return behind == 1;
  }

  ValueId FirstElement(const Recurrence& found, OpId loop, ValueId from) {
    Bind(VariableOf(loop), from);
    const RegionId body = BodyOf(loop);
    const ValueId element = source().result(op(found.load));
    if (!found.choice.valid()) {
      CloneSubscripts(std::array{body}, found.load);
      CopyOp(found.load);
      return Map(element);
    }
    const ValueId condition = source().operand(op(found.choice), 0);
    CloneSources(std::array{body}, std::array{condition});
    Emitter emit(target(), op(found.load).range);
    const auto load = [&] {
      CloneSubscripts(std::array{body, source().region_of(op(found.choice), found.arm)},
                      found.load);
      CopyOp(found.load);
      return Values{Map(element)};
    };
    const auto none = [&] { return Values{emit.Zero(source().type(element).scalar)}; };
    return found.arm == 0 ? emit.If(Map(condition), load, none)[0]
                          : emit.If(Map(condition), none, load)[0];
  }

  Values Iteration(const std::vector<Recurrence>& found, OpId loop, ValueId variable,
                   const Values& values) {
    const Region& body = source().region(source().region_of(source().op(loop), 0));
    Bind(body.arguments[0], variable);
    CopyNames(body.arguments[0], variable);
    for (size_t k = 1; k < body.arguments.size(); ++k) {
      Bind(body.arguments[k], values[k - 1]);
      CopyNames(body.arguments[k], values[k - 1]);
    }
    for (size_t k = 0; k < found.size(); ++k)
      carried_[found[k].load] = values[values.size() - found.size() + k];
    for (OpId id : body.ops)
      if (op(id).opcode != Opcode::kYield) CloneOp(id);
    Values next = Map(source().operands(op(body.ops.back())));
    for (const Recurrence& recurrence : found) {
      carried_.erase(recurrence.load);
      const Op& store = op(recurrence.store);
      next.push_back(Map(source().operand(store, store.operands.count - 1)));
    }
    return next;
  }

  AffineForms forms_;
  std::map<OpId, ValueId> carried_;  // what stands for loads of the loops that are being copied
};

}  // namespace

void CarryElements(Function& function) {
  Function unused = CloneSignature(function);
  Builder builder(unused);
  const Carrier finder(function, builder);
  for (size_t i = 0; i < function.ops.size(); ++i)
    if (function.ops[i].opcode == Opcode::kFor && !finder.Find(OpId(i)).empty())
      return RebuildWith<Carrier>(function);
}

}  // namespace einkorn::ir
