// Clears the checks of faults that cannot happen.
//
// One walk in the order of the program, which learns from types, bounds of loops, sizes of arrays,
// conditions and checks that were passed (ir/ranges.h), and asks at each operation which of its
// faults are impossible (ir/facts.h). A loop that carries values is walked again as long as guesses
// about them (ir/loop_invariants.h) turn out wrong: what the last walk found is what counts, as it
// relied on guesses only that hold. The guesses become fewer each time and are dropped after a few
// rounds, so this ends.
#include <algorithm>
#include <array>
#include <utility>

#include "ir/loop_invariants.h"
#include "ir/passes.h"
#include "ir/ranges.h"

namespace einkorn::ir {
namespace {

constexpr int kMostRounds = 4;
// In nested loops rounds multiply. Once so many operations were walked for each that there is,
// loops are walked without guesses.
constexpr size_t kMostWalksOfOp = 16;

class CheckProver {
 public:
  explicit CheckProver(const Function& function)
      : function_(function), ranges_(function), found_(function.ops.size()) {}

  struct Found {
    FaultSet impossible = 0;
    ProofReason reason = ProofReason::kType;
  };
  /// What was found about each operation.
  std::vector<Found> Run() {
    Walk(function_.body);
    return std::move(found_);
  }

 private:
  using Scope = Facts::Scope;

  // What holds before each iteration of a loop.
  struct Invariant {
    Polynomial polynomial;
    bool holds_if_empty = true;  // also if there is no iteration
  };

  // What is known about the values that a loop carries.
  struct Induction {
    const Op& loop;
    std::vector<CarriedValue> carried;
    const KnownRange* range;  // null for a `while`
    std::vector<Invariant> invariants;
  };

  Facts& facts() { return ranges_.facts(); }

  // Whether its end is reached: not if something in it always fails.
  bool Walk(RegionId region) {
    return std::ranges::all_of(function_.region(region).ops, [&](OpId id) { return WalkOp(id); });
  }

  bool WalkOp(OpId id) {
    const Op& op = function_.op(id);
    ++walked_;
    Found& found = found_[id.index] = {};
    if (op.checks != 0) found.impossible = ranges_.ImpossibleFaults(op, found.reason);
    switch (op.opcode) {
      case Opcode::kFail:
        return false;
      case Opcode::kIf:
      case Opcode::kAttempt:
        return WalkChoice(id, op);
      case Opcode::kLanes:
        WalkLanes(op);
        break;
      case Opcode::kFrame: {
        const RegionId region = function_.region_of(op, 0);
        if (!Walk(region)) return false;
        for (uint32_t k = 0; k < op.results.count; ++k)
          ranges_.Copy(function_.operand(function_.terminator(region), k), function_.result(op, k));
        return true;
      }
      case Opcode::kFor:
        WalkFor(op);
        return true;
      case Opcode::kWhile:
        return WalkWhile(op);
      case Opcode::kParallel:
      case Opcode::kReduce:
        WalkRanges(op);
        break;
      case Opcode::kExpectError: {
        const Scope scope = facts().Open();
        Walk(function_.region_of(op, 0));
        facts().Close(scope);
        break;
      }
      default:
        break;
    }
    ranges_.Define(id);
    return true;
  }

  // --- Choices

  // Of an `attempt` either region may be the one that counts.
  bool WalkChoice(OpId id, const Op& op) {
    std::array<Ranges::Arm, 2> arms;
    for (size_t i : {0, 1}) {
      const RegionId region = function_.region_of(op, i);
      const Scope scope = facts().Open();
      arms[i].last_before = facts().atom_count();
      if (op.opcode == Opcode::kIf) ranges_.Assume(function_.operand(op, 0), i == 0);
      arms[i].completes = Walk(region);
      arms[i].facts = facts().Since(scope);
      for (ValueId value : function_.operands(function_.terminator(region)))
        arms[i].yields.push_back(ranges_.FormOf(value));
      facts().Close(scope);
    }
    const std::array completes = {arms[0].completes, arms[1].completes};
    // What holds in the only region that goes on holds behind it.
    for (size_t i : {0, 1})
      if (completes[i] && !completes[1 - i])
        for (const Fact& fact : arms[i].facts) facts().Assume(fact);
    ranges_.DefineIf(id, std::move(arms[0]), std::move(arms[1]));
    return completes[0] || completes[1];
  }

  // --- Loops

  void WalkLanes(const Op& op) {
    const Scope scope = facts().Open();
    for (RegionId region : function_.regions_of(op))
      for (ValueId argument : function_.region(region).arguments) ranges_.DefineUnknown(argument);
    const RegionId body = function_.region_of(op, 0);
    const Polynomial lane = ranges_.FormOf(function_.region(body).arguments[0]);
    facts().Assume(lane, ProofReason::kLoop);
    facts().Assume(Polynomial(kLaneCount - 1) - lane, ProofReason::kLoop);
    for (RegionId region : function_.regions_of(op)) Walk(region);
    facts().Close(scope);
  }

  void WalkRanges(const Op& op) {
    const RegionId body = function_.region_of(op, 0);
    const Scope scope = facts().Open();
    for (size_t k = 0; 3 * k < op.operands.count; ++k) {
      AssumeStep(op, k);
      AssumeInside(DefineRange(function_, op, k, function_.region(body).arguments[k], ranges_),
                   facts());
    }
    Walk(body);
    facts().Close(scope);
  }

  void AssumeStep(const Op& op, size_t k) {
    facts().Assume({ranges_.FormOf(function_.operand(op, 3 * k + 2)), ProofReason::kCondition,
                    Fact::Relation::kNotZero});
  }

  void WalkFor(const Op& op) {
    const RegionId body = function_.region_of(op, 0);
    AssumeStep(op, 0);
    const KnownRange range =
        DefineRange(function_, op, 0, function_.region(body).arguments[0], ranges_);
    Induction induction{op, CarriedValues(function_, op), &range, {}};
    const Scope scope = Induce(induction, [&](auto at_end) {
      AssumeInside(range, facts());
      if (Walk(body)) at_end();
    });
    facts().Close(scope);
    DefineResults(induction);
  }

  // The arguments of the first region are what the results are once its condition does not hold.
  bool WalkWhile(const Op& op) {
    const RegionId condition = function_.region_of(op, 0), body = function_.region_of(op, 1);
    const ValueId goes_on = function_.operand(function_.terminator(condition), 0);
    Induction induction{op, CarriedValues(function_, op), nullptr, {}};
    bool completes = true;
    Induce(induction, [&](auto at_end) {
      completes = Walk(condition);
      const Scope scope = facts().Open();
      ranges_.Assume(goes_on, true);
      for (uint32_t k = 0; k < op.results.count; ++k)
        ranges_.Copy(induction.carried[k].argument, function_.region(body).arguments[k]);
      if (Walk(body)) at_end();
      facts().Close(scope);
    });
    ranges_.Assume(goes_on, false);
    for (const CarriedValue& value : induction.carried) ranges_.Copy(value.argument, value.result);
    return completes;
  }

  // Walks a loop until the guesses that it relies on hold, and leaves the scope of that walk open.
  // `walk(at_end)` is one iteration, at whose end the guesses are looked at.
  template <typename WalkOnce>
  Scope Induce(Induction& induction, WalkOnce walk) {
    const bool may_guess = walked_ <= kMostWalksOfOp * function_.ops.size();
    for (CarriedValue& value : induction.carried) {
      value.keeps_sizes = may_guess && function_.type(value.argument).is_array();
      if (value.keeps_sizes)
        ranges_.Copy(value.first, value.argument);
      else
        value.atom = ranges_.DefineUnknown(value.argument);
    }
    if (may_guess) KeepWhatBegins(induction);
    for (int round = 1;; ++round) {
      const Scope scope = facts().Open();
      for (const Invariant& invariant : induction.invariants)
        facts().Assume(invariant.polynomial, ProofReason::kLoop);
      bool holds = true;
      walk([&] { holds = KeepWhatGoesOn(induction); });
      if (holds) return scope;
      facts().Close(scope);
      if (round + 1 < kMostRounds) continue;
      induction.invariants.clear();
      for (CarriedValue& value : induction.carried) ForgetSizes(value);
    }
  }

  using Values = std::vector<std::pair<Atom, Polynomial>>;

  // Takes over the guesses that hold for the first values.
  void KeepWhatBegins(Induction& induction) {
    Values first;
    for (const CarriedValue& value : induction.carried)
      if (value.atom != 0) first.emplace_back(value.atom, ranges_.FormOf(value.first));
    const KnownRange* range = induction.range;
    if (range != nullptr) first.emplace_back(range->atom, range->first);
    const auto guesses =
        GuessInvariants(function_, induction.loop, induction.carried, range, ranges_);
    std::vector<Polynomial> open;
    for (const Polynomial& guess : guesses) {
      if (facts().ProvesSoon(guess.Replace(first)))
        induction.invariants.push_back({guess});
      else if (range != nullptr)
        open.push_back(guess);
    }
    if (open.empty()) return;
    const Scope scope = facts().Open();
    facts().Assume(range->extent - 1, ProofReason::kLoop);
    for (const Polynomial& guess : open)
      if (facts().ProvesSoon(guess.Replace(first))) induction.invariants.push_back({guess, false});
    facts().Close(scope);
  }

  // Drops guesses that do not hold for the next values; whether there were none.
  bool KeepWhatGoesOn(Induction& induction) {
    Values next;
    bool holds = true;
    for (CarriedValue& value : induction.carried) {
      if (value.atom != 0) next.emplace_back(value.atom, ranges_.FormOf(value.next));
      if (!value.keeps_sizes || HaveSameSizes(value.argument, value.next)) continue;
      ForgetSizes(value);
      holds = false;
    }
    if (induction.range != nullptr)
      next.emplace_back(induction.range->atom, induction.range->next());
    const size_t dropped = std::erase_if(induction.invariants, [&](const Invariant& invariant) {
      return !facts().Proves(invariant.polynomial.Replace(next));
    });
    return holds && dropped == 0;
  }

  // Behind a loop, whose results are the first values if it has no iteration. Else the invariants
  // hold for them, with the number of iterations.
  void DefineResults(const Induction& induction) {
    constexpr ProofReason kLoop = ProofReason::kLoop;
    const KnownRange& range = *induction.range;
    const bool may_end = (induction.loop.immediate & kForExits) != 0;
    Values results;
    std::vector<Fact> none = {{-range.extent, kLoop}}, some = {{range.extent - 1, kLoop}};
    for (const CarriedValue& value : induction.carried) {
      if (value.keeps_sizes) {
        ranges_.Copy(value.argument, value.result);
      } else if (const Atom atom = ranges_.DefineUnknown(value.result); atom != 0) {
        const Polynomial result = Polynomial::Of(atom), first = ranges_.FormOf(value.first);
        results.emplace_back(value.atom, result);
        none.insert(none.end(), {{result - first, kLoop}, {first - result, kLoop}});
      }
    }
    const auto assume = [&](const Polynomial& polynomial, bool holds_if_empty) {
      if (holds_if_empty)
        facts().Assume(polynomial, kLoop);
      else
        some.push_back({polynomial, kLoop});
    };
    const bool is_counted = range.change != 0 && facts().Proves(range.extent);
    for (const auto& [invariant, holds_if_empty] : induction.invariants) {
      const auto split = invariant.Replace(results).SplitBy(range.atom);
      if (!split || (range.change == 0 && split->factor != Polynomial(0))) continue;
      // In terms of the number of iterations: rest + factor * number.
      const Polynomial factor = split->factor * range.change;
      const Polynomial rest = split->factor * range.first + split->rest;
      const Interval sign = facts().RangeOf(factor);
      if (sign.hi <= 0) assume(rest, holds_if_empty);
      if (factor == Polynomial(0)) continue;
      // stride * number < extent + stride, or it is the extent.
      if (sign.lo >= 0 || (range.stride == 1 && !may_end))
        assume(rest * range.stride + factor * (range.extent + range.stride - 1),
               holds_if_empty && is_counted);
    }
    if (some.size() > 1)
      facts().AssumeOneOf({Case{.facts = std::move(none)}, Case{.facts = std::move(some)}});
  }

  void ForgetSizes(CarriedValue& value) {
    if (!value.keeps_sizes) return;
    value.keeps_sizes = false;
    ranges_.DefineUnknown(value.argument);
  }

  bool HaveSameSizes(ValueId a, ValueId b) const {
    return std::ranges::equal(ranges_.SizesOf(a), ranges_.SizesOf(b));
  }

  const Function& function_;
  Ranges ranges_;
  std::vector<Found> found_;  // of each operation, in the last walk
  size_t walked_ = 0;
};

}  // namespace

std::string_view TextOf(ProofReason reason) {
  switch (reason) {
    case ProofReason::kType:
      return "types and constants";
    case ProofReason::kLoop:
      return "loop bounds";
    case ProofReason::kShape:
      return "sizes of arrays";
    case ProofReason::kCondition:
      return "a condition";
  }
  return "";
}

void ProveChecks(Function& function, std::vector<ProvedCheck>* proved) {
  if (std::ranges::none_of(function.ops, [](const Op& op) { return op.checks != 0; })) return;
  const auto found = CheckProver(function).Run();
  for (size_t i = 0; i < found.size(); ++i) {
    Op& op = function.ops[i];
    const FaultSet cleared = op.checks & found[i].impossible;
    op.checks &= static_cast<FaultSet>(~cleared);
    if (proved == nullptr) continue;
    for (int k = 0; k < kFaultKindCount; ++k)
      if (const auto kind = static_cast<FaultKind>(k); (cleared & BitOf(kind)) != 0)
        proved->push_back({op.range, kind, op.opcode, found[i].reason});
  }
}

}  // namespace einkorn::ir
