// Makes a function simpler without changing what it does or reports.
//
// One round is one walk that rebuilds the function. What it makes is canonical in this sense: no
// operation on constants that could be folded, no identity of ir/identities.h that could be
// applied, no two equal operations of which one dominates the other, no `if` on a constant, no
// frame that a report could not show. One of these may lead to another, so rounds are repeated
// until one changes nothing; each change leaves fewer or cheaper operations, and the number of
// rounds is bounded too. What does not depend on a loop stays in it: moving it out is left to the
// code generator.
#include <algorithm>
#include <utility>

#include "ir/clone.h"
#include "ir/dead_code.h"
#include "ir/identities.h"
#include "ir/passes.h"
#include "ir/scalar.h"
#include "ir/value_table.h"

namespace einkorn::ir {
namespace {

constexpr int kMostRounds = 10;
// An `if` is turned into `select` if that runs at most so many operations needlessly.
constexpr size_t kMostSpeculatedOps = 8;

class Simplifier : public Cloner {
 public:
  Simplifier(const Function& source, Builder& target, bool& changed)
      : Cloner(source, target), changed_(changed), facts_(source.regions.size()) {}

 protected:
  void CloneOp(OpId id) override {
    const Op& op = source().op(id);
    const bool is_computed = op.opcode == Opcode::kConstant || HasScalarMeaning(op.opcode);
    if (is_computed)
      Compute(op);
    else if (op.opcode == Opcode::kIf)
      SimplifyIf(id);
    else if (op.opcode == Opcode::kFrame && !MayFaultDeep(source(), op))
      Splice(op, source().region_of(op, 0));
    else if (op.opcode == Opcode::kFor && IsNeverEntered(op))
      ReplaceAll(op, source().operands(op).subspan(3));
    else if (op.opcode == Opcode::kFor || op.opcode == Opcode::kWhile)
      SimplifyLoop(id);
    else
      CopyWithNeededChecks(id);
  }

  RegionId CloneRegion(RegionId region, const SlotLayout& slots, const KeptSlots& keep) override {
    const Fact fact = std::exchange(facts_[region.index], {});
    values_.EnterRegion();
    const ValueId before = fact.value.valid() ? Map(fact.value) : ValueId();
    if (fact.value.valid()) Bind(fact.value, fact.known);
    const RegionId made = Cloner::CloneRegion(region, slots, keep);
    if (fact.value.valid()) Bind(fact.value, before);
    values_.LeaveRegion();
    return made;
  }

 private:
  // What stands for `value` while a region is walked.
  struct Fact {
    ValueId value, known;
  };

  // --- Operations that depend on their operands alone

  void Compute(const Op& op) {
    OpSpec spec{.opcode = op.opcode,
                .rule = op.rule,
                .range = op.range,
                .operands = Map(source().operands(op)),
                .results = {source().type(source().result(op))},
                .immediate = op.immediate};
    BindValue(source().result(op), std::move(spec), op.checks);
  }

  void BindValue(ValueId result, OpSpec spec, FaultSet checks) {
    const size_t values_before = target().function().values.size();
    const ValueId value = ValueOf(std::move(spec), checks);
    // What was there before keeps its name: that of a loop's variable is shown in reports.
    if (value.index >= values_before) CopyNames(result, value);
    Bind(result, value);
  }

  // A value that there is already, or a new operation for it.
  ValueId ValueOf(OpSpec spec, FaultSet checks) {
    while (HasScalarMeaning(spec.opcode)) {
      Simpler simpler = SimplerForm(target().function(), spec);
      if (simpler.value.valid()) return Change(simpler.value);
      if (simpler.bits) {
        changed_ = true;
        return ConstantOf(spec.results[0].scalar, *simpler.bits, spec.range);
      }
      if (!simpler.op) break;
      changed_ = true;
      spec = *std::move(simpler.op);
      checks = 0;
    }
    const FaultSet impossible = ImpossibleFaults(target().function(), spec);
    changed_ = changed_ || (checks & impossible) != 0;
    checks &= static_cast<FaultSet>(~impossible);

    const ValueKey key = KeyOf(spec);
    if (const ValueId known = values_.Find(key, checks); known.valid()) return Change(known);
    const OpId made = target().Append(spec);
    Function& function = target().function();
    function.op(made).checks = checks;
    const ValueId value = function.result(function.op(made));
    values_.Add(key, value, checks);
    return value;
  }

  ValueId Change(ValueId value) {
    changed_ = true;
    return value;
  }

  ValueId ConstantOf(ScalarType type, uint64_t bits, SourceRange range) {
    const ValueKey key{Opcode::kConstant, Rule::kNone, type, bits, {}};
    if (const ValueId known = values_.Find(key, 0); known.valid()) return known;
    const ValueId value = target().Constant(type, bits, range);
    values_.Add(key, value, 0);
    return value;
  }

  // --- Operations that stay

  OpId CopyWithNeededChecks(OpId id, const KeptSlots& keep = {}) {
    const OpId made = CopyOp(id, keep);
    Function& function = target().function();
    Op& op = function.op(made);
    if (op.checks == 0) return made;
    OpSpec spec{.opcode = op.opcode, .rule = op.rule, .immediate = op.immediate};
    for (ValueId operand : function.operands(op)) spec.operands.push_back(operand);
    for (ValueId result : function.results_of(op)) spec.results.push_back(function.type(result));
    const FaultSet impossible = ImpossibleFaults(function, spec);
    changed_ = changed_ || (op.checks & impossible) != 0;
    op.checks &= static_cast<FaultSet>(~impossible);
    return made;
  }

  // --- Choices

  void SimplifyIf(OpId id) {
    const Op& op = source().op(id);
    const ValueId condition = source().operand(op, 0);
    const RegionId then = source().region_of(op, 0), otherwise = source().region_of(op, 1);
    if (const Op* constant = target().function().ConstantOf(Map(condition)))
      return Splice(op, constant->immediate != 0 ? then : otherwise);
    if (BecomesSelect(op)) return MakeSelects(op);
    facts_[then.index] = {condition, ConstantOf(ScalarType::kBool, 1, op.range)};
    facts_[otherwise.index] = {condition, ConstantOf(ScalarType::kBool, 0, op.range)};
    CopyOp(id, DropSlots(op, [&](uint32_t k) {
             const ValueId value = YieldOf(then, k), other = YieldOf(otherwise, k);
             return value == other ? Map(value) : CommonConstant(value, other, op.range);
           }));
  }

  // Whether both regions may be run whatever the condition is.
  bool BecomesSelect(const Op& op) const {
    size_t speculated = 0;
    for (RegionId region : source().regions_of(op)) {
      const std::vector<OpId>& ops = source().region(region).ops;
      speculated += ops.size() - 1;
      if (!std::all_of(ops.begin(), ops.end() - 1, [&](OpId id) { return NeverFaults(id); }))
        return false;
    }
    const auto is_scalar = [&](ValueId result) { return source().type(result).is_scalar(); };
    return speculated <= kMostSpeculatedOps &&
           std::ranges::all_of(source().results_of(op), is_scalar);
  }

  // Whatever its operands are. A check that was cleared does not count: it may have been proved by
  // the very condition under which the operation runs.
  bool NeverFaults(OpId id) const {
    const Op& op = source().op(id);
    if (op.opcode == Opcode::kConstant) return true;
    if (!HasScalarMeaning(op.opcode)) return false;
    OpSpec spec{.opcode = op.opcode, .rule = op.rule, .immediate = op.immediate};
    for (ValueId operand : source().operands(op)) spec.operands.push_back(operand);
    const ScalarType result = source().type(source().result(op)).scalar;
    spec.results = {Type::Scalar(result)};
    const ScalarType operand = source().type(spec.operands[0]).scalar;
    const FaultSet possible = InitialChecks(op.opcode, op.rule, operand, result);
    return (possible & ~ImpossibleFaults(source(), spec)) == 0;
  }

  void MakeSelects(const Op& op) {
    changed_ = true;
    const ValueId condition = Map(source().operand(op, 0));
    const auto then = CloneInto(source().region_of(op, 0));
    const auto otherwise = CloneInto(source().region_of(op, 1));
    for (uint32_t k = 0; k < op.results.count; ++k) {
      const ValueId result = source().result(op, k);
      BindValue(result,
                {.opcode = Opcode::kSelect,
                 .range = op.range,
                 .operands = {condition, then[k], otherwise[k]},
                 .results = {source().type(result)}},
                FaultSet{0});
    }
  }

  // --- Loops

  bool IsNeverEntered(const Op& op) const {
    Int128 bounds[3];
    for (size_t i = 0; i < 3; ++i) {
      const ValueId bound = Map(source().operand(op, i));
      const Op* constant = target().function().ConstantOf(bound);
      if (constant == nullptr) return false;
      bounds[i] = IntegerValue(target().function().type(bound).scalar, constant->immediate);
    }
    return bounds[2] != 0 &&
           RangeCount(bounds[0], bounds[1], bounds[2], (op.immediate & kForInclusive) != 0) == 0;
  }

  // A carried value that is yielded as it came, or always as it began, is what it was at the start.
  void SimplifyLoop(OpId id) {
    const Op& op = source().op(id);
    const RegionId body = source().region_of(op, op.regions.count - 1);
    const SlotLayout slots = SlotsOf(op, op.regions.count - 1);
    CopyWithNeededChecks(id, DropSlots(op, [&](uint32_t k) {
                           const ValueId first = source().operand(op, slots.operand + k);
                           const ValueId next = YieldOf(body, slots.yield + k);
                           const ValueId argument =
                               source().region(body).arguments[slots.argument + k];
                           if (next != argument && next != first && !AreEqualConstants(first, next))
                             return ValueId();
                           BindArguments(op, k, Map(first));
                           return Map(first);
                         }));
  }

  void BindArguments(const Op& op, uint32_t k, ValueId value) {
    for (size_t i = 0; i < op.regions.count; ++i) {
      const RegionId region = source().region_of(op, i);
      Bind(source().region(region).arguments[SlotsOf(op, i).argument + k], value);
    }
  }

  // --- Slots and regions

  ValueId YieldOf(RegionId region, uint32_t i) const {
    return source().operand(source().terminator(region), i);
  }

  bool AreEqualConstants(ValueId a, ValueId b) const {
    const Op* first = source().ConstantOf(a);
    const Op* second = source().ConstantOf(b);
    return first != nullptr && second != nullptr && first->immediate == second->immediate &&
           source().type(a) == source().type(b);
  }

  ValueId CommonConstant(ValueId a, ValueId b, SourceRange range) {
    if (!AreEqualConstants(a, b)) return {};
    return ConstantOf(source().type(a).scalar, source().ConstantOf(a)->immediate, range);
  }

  // Leaves out the slots for whose results `known(k)` has a value.
  template <typename Known>
  KeptSlots DropSlots(const Op& op, Known known) {
    KeptSlots keep;
    for (uint32_t k = 0; k < op.results.count; ++k) {
      const ValueId value = known(k);
      keep.push_back(!value.valid());
      if (!value.valid()) continue;
      changed_ = true;
      Bind(source().result(op, k), value);
    }
    return keep;
  }

  // The operations of a region in place of the operation it belongs to.
  void Splice(const Op& op, RegionId region) {
    changed_ = true;
    const std::vector<ValueId> yields = CloneInto(region);
    for (uint32_t k = 0; k < op.results.count; ++k) Bind(source().result(op, k), yields[k]);
  }

  void ReplaceAll(const Op& op, std::span<const ValueId> values) {
    changed_ = true;
    for (uint32_t k = 0; k < op.results.count; ++k) Bind(source().result(op, k), Map(values[k]));
  }

  bool& changed_;
  ValueTable values_;
  std::vector<Fact> facts_;  // of regions of the source that are about to be walked
};

}  // namespace

void Simplify(Function& function) {
  bool changed = true;
  for (int round = 0; changed && round < kMostRounds; ++round) {
    changed = false;
    RebuildWith<Simplifier>(function, changed);
    DropDeadCode(function);
  }
}

}  // namespace einkorn::ir
