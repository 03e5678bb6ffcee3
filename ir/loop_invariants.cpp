#include "ir/loop_invariants.h"

#include <algorithm>
#include <optional>

#include "ir/clone.h"

namespace einkorn::ir {
namespace {

constexpr size_t kMostBounds = 8;
constexpr size_t kMostPairs = 6;
constexpr int kMostNesting = 12;

// By how much a value changes in one iteration, at least and at most.
struct Change {
  Polynomial least, most;
};

class Guesser {
 public:
  Guesser(const Function& function, const Op& loop, const std::vector<CarriedValue>& carried,
          const KnownRange* range, const Ranges& ranges)
      : function_(function), loop_(loop), carried_(carried), range_(range), ranges_(ranges) {}

  std::vector<Polynomial> Guess() {
    if (range_ != nullptr) AddBound(ranges_.FormOf(function_.operand(loop_, 1)));
    for (RegionId region : function_.regions_of(loop_)) CollectBounds(region);
    for (const CarriedValue& value : carried_)
      if (value.atom != 0) Guess(value);
    GuessPairs();
    return std::move(guesses_);
  }

 private:
  void Add(const Polynomial& guess) {
    if (guess.is_known() && std::ranges::find(guesses_, guess) == guesses_.end())
      guesses_.push_back(guess);
  }
  Interval TypeOf(ValueId value) const { return Interval::OfType(function_.type(value).scalar); }

  // --- Bounds that stay

  void AddBound(const Polynomial& bound) {
    const bool is_from_outside = bound.is_known() && bound.latest() < FirstAtom();
    if (is_from_outside && bounds_.size() < kMostBounds &&
        std::ranges::find(bounds_, bound) == bounds_.end())
      bounds_.push_back(bound);
  }
  Atom FirstAtom() const {
    Atom first = range_ != nullptr ? range_->atom : UINT32_MAX;
    for (const CarriedValue& value : carried_)
      if (value.atom != 0) first = std::min(first, value.atom);
    return first;
  }

  // What the loop compares values with, and the sizes of the arrays it uses.
  void CollectBounds(RegionId region) {
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      const auto operands = function_.operands(op);
      const bool compares = InfoOf(op.opcode).types == TypeRule::kCompare ||
                            op.opcode == Opcode::kMin || op.opcode == Opcode::kMax ||
                            op.opcode == Opcode::kFor;
      if (compares && function_.type(operands[0]).is_scalar() &&
          IsInteger(function_.type(operands[0]).scalar)) {
        AddBound(ranges_.FormOf(operands[0]));
        AddBound(ranges_.FormOf(operands[1]));
      }
      if (op.opcode == Opcode::kLoad || op.opcode == Opcode::kStore)
        for (const Polynomial& size : ranges_.SizesOf(operands[0])) AddBound(size);
      for (RegionId inner : function_.regions_of(op)) CollectBounds(inner);
    }
  }

  void Guess(const CarriedValue& value) {
    const auto change = ChangeOf(value.next, value.argument, 0);
    const bool counts = range_ != nullptr && range_->change != 0;
    const Polynomial x = Polynomial::Of(value.atom), first = ranges_.FormOf(value.first);
    if (change && counts) {
      Add(change->most * range_->iteration() - (x - first));
      Add(x - first - change->least * range_->iteration());
      if (change->least == change->most) return;
    }
    const Interval range = Common(TypeOf(value.argument), ranges_.facts().RangeOf(first));
    if (!change || ranges_.facts().RangeOf(change->least).lo < 0)
      GuessLowerBounds(x, first, range);
    else
      Add(x - first);
    if (!change || ranges_.facts().RangeOf(change->most).hi > 0)
      GuessUpperBounds(x, first, range);
    else
      Add(first - x);
  }

  // Of what changes its sign the first magnitude is a bound.
  void GuessLowerBounds(const Polynomial& x, const Polynomial& first, const Interval& range) {
    Add(x - first);
    Add(x);
    Add(x - range.lo);
    if (first.is_constant()) Add(x + range.hi);
    for (const Polynomial& bound : bounds_) Add(x - bound);
  }

  void GuessUpperBounds(const Polynomial& x, const Polynomial& first, const Interval& range) {
    Add(first - x);
    Add(Polynomial(range.hi) - x);
    if (first.is_constant()) Add(-x - range.lo);
    std::vector<Polynomial> bounds = bounds_;
    if (range_ != nullptr) bounds.push_back(Polynomial::Of(range_->atom));
    for (const Polynomial& bound : bounds) {
      Add(bound - x);
      Add(bound - x - 1);
    }
  }

  // --- Changes in each iteration

  // The change from the value `from` to `to`.
  std::optional<Change> ChangeOf(ValueId to, ValueId from, int depth) const {
    if (to == from) return Change{0, 0};
    const OpId def = function_.value(to).def;
    if (!def.valid() || depth == kMostNesting) return std::nullopt;
    const Op& op = function_.op(def);
    const auto through = [&](ValueId value) { return ChangeOf(value, from, depth + 1); };
    const auto k = static_cast<uint32_t>(std::ranges::find(function_.results_of(op), to) -
                                         function_.results_of(op).begin());
    switch (op.opcode) {
      case Opcode::kAdd:
      case Opcode::kSub:
        for (size_t i : {0, 1}) {
          if (op.rule != Rule::kChecked || (op.opcode == Opcode::kSub && i == 1)) continue;
          const auto before = through(function_.operand(op, i));
          if (!before) continue;
          const Interval added = SmallRange(function_.operand(op, 1 - i));
          if (op.opcode == Opcode::kSub)
            return Change{before->least - added.hi, before->most - added.lo};
          return Change{before->least + added.lo, before->most + added.hi};
        }
        return std::nullopt;
      case Opcode::kSelect:
        return Either(through(function_.operand(op, 1)), through(function_.operand(op, 2)));
      case Opcode::kIf: {
        const auto yielded = [&](size_t i) {
          return function_.operand(function_.terminator(function_.region_of(op, i)), k);
        };
        return Either(through(yielded(0)), through(yielded(1)));
      }
      case Opcode::kFrame:
        return through(function_.operand(function_.terminator(function_.region_of(op, 0)), k));
      case Opcode::kFor:
        return ChangeByLoop(op, k, from, depth);
      default:
        return std::nullopt;
    }
  }

  std::optional<Change> Either(const std::optional<Change>& a,
                               const std::optional<Change>& b) const {
    if (!a || !b) return std::nullopt;
    const auto is_less = [&](const Polynomial& x, const Polynomial& y) {
      return ranges_.facts().RangeOf(y - x).lo >= 0;
    };
    return Change{is_less(a->least, b->least) ? a->least : b->least,
                  is_less(a->most, b->most) ? b->most : a->most};
  }

  // Each iteration of an inner loop may change it.
  std::optional<Change> ChangeByLoop(const Op& loop, uint32_t k, ValueId from, int depth) const {
    const CarriedValue value = CarriedValues(function_, loop)[k];
    const auto before = ChangeOf(value.first, from, depth + 1);
    const auto change = ChangeOf(value.next, value.argument, depth + 1);
    if (!before || !change || !change->least.is_constant() || !change->most.is_constant())
      return std::nullopt;
    const Polynomial extent = ranges_.FormOf(function_.operand(loop, 1)) -
                              ranges_.FormOf(function_.operand(loop, 0)) +
                              Int128(InclusiveBits(loop));
    const Polynomial least = std::min(change->least.constant(), Int128(0));
    const Polynomial most = std::max(change->most.constant(), Int128(0));
    return Change{before->least + least * extent, before->most + most * extent};
  }

  // As far as it is known without the loop.
  Interval SmallRange(ValueId value) const {
    const Polynomial form = ranges_.FormOf(value);
    const Interval type = TypeOf(value);
    const OpId def = function_.value(value).def;
    if (form.is_constant()) return Interval::Of(form.constant());
    if (!def.valid() || function_.op(def).opcode != Opcode::kConvert) return type;
    const ScalarType from = function_.type(function_.operand(function_.op(def), 0)).scalar;
    if (from == ScalarType::kBool) return {0, 1};
    return IsInteger(from) ? Common(type, Interval::OfType(from)) : type;
  }

  // --- Two values together

  // One that stays above the other, or of which one at a time takes a step, as in a merge.
  void GuessPairs() {
    size_t pairs = 0;
    for (const CarriedValue& a : carried_) {
      for (const CarriedValue& b : carried_) {
        if (a.atom == 0 || b.atom == 0 || a.atom == b.atom || pairs++ == kMostPairs) continue;
        const Polynomial x = Polynomial::Of(a.atom), y = Polynomial::Of(b.atom);
        Add(x - y);
        if (a.atom < b.atom || range_ == nullptr || range_->change == 0) continue;
        const Polynomial grown =
            x + y - ranges_.FormOf(a.first) - ranges_.FormOf(b.first) - range_->iteration();
        if (TakesStep(a) && TakesStep(b)) {
          Add(grown);
          Add(-grown);
        }
      }
    }
  }

  bool TakesStep(const CarriedValue& value) const {
    const auto change = ChangeOf(value.next, value.argument, 0);
    return change && change->least == Polynomial(0) && change->most == Polynomial(1);
  }

  const Function& function_;
  const Op& loop_;
  const std::vector<CarriedValue>& carried_;
  const KnownRange* range_;
  const Ranges& ranges_;
  std::vector<Polynomial> bounds_;
  std::vector<Polynomial> guesses_;
};

}  // namespace

std::vector<CarriedValue> CarriedValues(const Function& function, const Op& loop) {
  const size_t last = loop.regions.count - 1;
  const SlotLayout seen = SlotsOf(loop, 0), made = SlotsOf(loop, last);
  const Region& first = function.region(function.region_of(loop, 0));
  const Op& yield = function.terminator(function.region_of(loop, last));
  std::vector<CarriedValue> carried;
  for (uint32_t k = 0; k < loop.results.count; ++k)
    carried.push_back({function.operand(loop, seen.operand + k), first.arguments[seen.argument + k],
                       function.operand(yield, made.yield + k), function.result(loop, k)});
  return carried;
}

std::vector<Polynomial> GuessInvariants(const Function& function, const Op& loop,
                                        const std::vector<CarriedValue>& carried,
                                        const KnownRange* range, const Ranges& ranges) {
  return Guesser(function, loop, carried, range, ranges).Guess();
}

}  // namespace einkorn::ir
