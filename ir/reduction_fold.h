// How the terms of a `reduce` are put together where it is written out as loops.
//
// A fold is what a loop over the terms carries: values before the first term, a step for each, and
// a summary after the last one. Often there is a cheap fold that is right for few terms only beside
// one that is right for any number; a `ReductionPlan` has both, and they have the same summary.
// What the result must be is said by docs/determinism.md.
#pragma once

#include <functional>
#include <memory>

#include "ir/emitter.h"

namespace einkorn::ir {

/// What the region of a reduction yielded in one iteration.
struct Term {
  ValueId include;
  ValueId value;
  ValueId factor;    ///< of argmin and argmax the place; may be invalid
  ValueId variable;  ///< the induction variable of the first range
};

/// The term's value, or `identity` where the term is left out.
ValueId ValueOrIdentity(Emitter& emit, const Term& term, ValueId identity);

class Fold {
 public:
  virtual ~Fold() = default;
  /// The carried values before the first term. `terms` is how many there are, a u64 that may have
  /// saturated; only plans with a fold for few terms have it counted, and it is invalid where the
  /// number is known to suit this fold.
  virtual Values Start(Emitter& emit, ValueId terms) = 0;
  virtual Values Step(Emitter& emit, const Values& carried, const Term& term) = 0;
  virtual Values Finish(Emitter& emit, const Values& carried) = 0;
  /// Whether further terms matter; only asked of plans that stop early.
  virtual ValueId GoesOn(Emitter& emit, const Values& carried);
};

struct ReductionPlan {
  std::unique_ptr<Fold> few;  ///< right for up to `most_few` terms; may be null
  uint64_t most_few = 0;
  std::unique_ptr<Fold> general;  ///< right for any number of terms
  bool stops_early = false;
  /// Makes the result of a summary, with the checks that are made once after all terms.
  std::function<ValueId(Emitter& emit, const Values& summary)> conclude;
};

/// `reduce` is an operation of `function`; its kind decides which of the plans below is made.
ReductionPlan PlanReduction(const Function& function, const Op& reduce);

/// What the plans are made from.
struct ReductionFacts {
  ReduceKind kind;
  Rule rule;
  FaultSet checks;
  ScalarType term, result;
};
ReductionPlan PlanFloatFold(const ReductionFacts& facts);
ReductionPlan PlanIntegerSum(const ReductionFacts& facts);
ReductionPlan PlanIntegerProduct(const ReductionFacts& facts);
ReductionPlan PlanExtreme(const ReductionFacts& facts);
ReductionPlan PlanTruth(const ReductionFacts& facts);

}  // namespace einkorn::ir
