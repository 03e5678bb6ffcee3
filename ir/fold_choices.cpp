// Reductions that choose: the least and the greatest term, where it is, and whether any or all
// hold.
#include <fmt/format.h>

#include <limits>

#include "ir/reduction_fold.h"

namespace einkorn::ir {
namespace {

// Carries the best term, whether there was one and, if asked for, where it is. The first term wins
// a tie, the first NaN wins all.
class Extreme : public Fold {
 public:
  Extreme(const ReductionFacts& facts)
      : is_min_(facts.kind == ReduceKind::kMin || facts.kind == ReduceKind::kArgmin),
        has_place_(facts.kind == ReduceKind::kArgmin || facts.kind == ReduceKind::kArgmax),
        type_(facts.term),
        place_(facts.result) {}

  Values Start(Emitter& emit, ValueId) override {
    Values start = {Identity(emit), emit.Bool(false)};
    if (has_place_) start.push_back(emit.Zero(place_));
    return start;
  }

  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    const ValueId best = carried[0], found = carried[1];
    const ValueId value = ValueOrIdentity(emit, term, Identity(emit));
    const ValueId next = emit.Binary(is_min_ ? Opcode::kMin : Opcode::kMax, best, value);
    Values stepped = {next, emit.Binary(Opcode::kOr, found, term.include)};
    if (!has_place_) return stepped;
    const ValueId is_first = emit.Unary(Opcode::kNot, found);
    const ValueId is_better = emit.Binary(
        Opcode::kAnd, term.include, emit.Binary(Opcode::kOr, is_first, Differ(emit, next, best)));
    stepped.push_back(
        emit.Select(is_better, term.factor.valid() ? term.factor : term.variable, carried[2]));
    return stepped;
  }

  Values Finish(Emitter&, const Values& carried) override { return carried; }
  bool CanMerge() const override { return !has_place_; }
  Values Merge(Emitter& emit, const Values& a, const Values& b) override {
    return {emit.Binary(is_min_ ? Opcode::kMin : Opcode::kMax, a[0], b[0]),
            emit.Binary(Opcode::kOr, a[1], b[1])};
  }

 private:
  // What every term replaces or equals.
  ValueId Identity(Emitter& emit) const {
    if (IsFloat(type_)) {
      const double infinity = std::numeric_limits<double>::infinity();
      return emit.Float(type_, is_min_ ? infinity : -infinity);
    }
    return emit.Integer(type_, is_min_ ? GreatestOf(type_) : LeastOf(type_));
  }

  ValueId Differ(Emitter& emit, ValueId a, ValueId b) const {
    if (IsFloat(type_)) return emit.Binary(Opcode::kNe, emit.BitsOfFloat(a), emit.BitsOfFloat(b));
    return emit.Binary(Opcode::kNe, a, b);
  }

  bool is_min_, has_place_;
  ScalarType type_, place_;
};

// Carries what is known so far; a deciding term ends the walk.
class Truth : public Fold {
 public:
  explicit Truth(bool is_any) : is_any_(is_any) {}

  Values Start(Emitter& emit, ValueId) override { return {emit.Bool(!is_any_)}; }
  Values Step(Emitter& emit, const Values&, const Term& term) override {
    return {ValueOrIdentity(emit, term, emit.Bool(!is_any_))};
  }
  Values Finish(Emitter&, const Values& carried) override { return carried; }
  ValueId GoesOn(Emitter& emit, const Values& carried) override {
    return is_any_ ? emit.Unary(Opcode::kNot, carried[0]) : carried[0];
  }

 private:
  bool is_any_;
};

}  // namespace

ReductionPlan PlanExtreme(const ReductionFacts& facts) {
  ReductionPlan plan;
  plan.general = std::make_unique<Extreme>(facts);
  plan.conclude = [facts](Emitter& emit, const Values& summary) {
    const bool has_place = summary.size() > 2;
    const ValueId result = has_place ? summary[2] : emit.Convert(facts.result, summary[0]);
    if ((facts.checks & kEmptyBit) == 0)
      return emit.Select(summary[1], result, emit.Zero(facts.result));
    emit.FailIf(emit.Unary(Opcode::kNot, summary[1]), FaultKind::kEmpty,
                fmt::format("{} of no terms", TextOf(facts.kind)));
    return result;
  };
  return plan;
}

ReductionPlan PlanTruth(const ReductionFacts& facts) {
  ReductionPlan plan;
  plan.general = std::make_unique<Truth>(facts.kind == ReduceKind::kAny);
  plan.stops_early = true;
  plan.conclude = [](Emitter&, const Values& summary) { return summary[0]; };
  return plan;
}

}  // namespace einkorn::ir
