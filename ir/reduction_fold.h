// How the terms of a `reduce` are put together where it is written out as loops.
//
// A fold is what a loop over the terms carries: values before the first term, a step for each, and
// a summary after the last one. Often there is a cheap fold that is right for few terms only beside
// one that is right for any number; a `ReductionPlan` has both, and they have the same summary.
// What the result must be is said by docs/determinism.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>

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
  /// What two folds over different terms have together, if that can be told: the order of the terms
  /// does not matter then.
  virtual bool CanMerge() const { return false; }
  virtual Values Merge(Emitter& emit, const Values& a, const Values& b);
};

/// Folds blocks of kBlockTerms terms, the last of which may be short. The terms of a block go to
/// kLaneCount lanes in turn, which are merged by halves.
class BlockFold {
 public:
  static constexpr int64_t kBlockTerms = 1024;

  virtual ~BlockFold() = default;
  /// The fold of the terms of a lane.
  virtual Fold& InLane() = 0;
  /// The carried values before the first block; what each full one makes of them; and the summary,
  /// with the last, short one, which may have no terms.
  virtual Values Start(Emitter& emit) = 0;
  virtual Values Step(Emitter& emit, const Values& carried, const Values& block) = 0;
  virtual Values Finish(Emitter& emit, const Values& carried, const Values& last) = 0;
};

struct ReductionPlan {
  std::unique_ptr<Fold> few;  ///< right for up to `most_few` terms; may be null
  uint64_t most_few = 0;
  std::unique_ptr<Fold> general;  ///< right for any number of terms
  /// The same for more than kLaneCount terms where lanes merge in one order only; may be null.
  std::unique_ptr<BlockFold> blocks;
  bool stops_early = false;
  /// Makes the result of a summary, with the checks that are made once after all terms.
  std::function<ValueId(Emitter& emit, const Values& summary)> conclude;
};

/// `reduce` is an operation of `function`; its kind decides which of the plans below is made.
/// `terms` is how many terms it has if that is known.
ReductionPlan PlanReduction(const Function& function, const Op& reduce,
                            std::optional<uint64_t> terms = {});

/// What the plans are made from.
struct ReductionFacts {
  ReduceKind kind;
  Rule rule;
  FaultSet checks;
  ScalarType term, narrow, result;  ///< `narrow` has all values that a term may have
  std::optional<uint64_t> terms;
};
ReductionPlan PlanFloatFold(const ReductionFacts& facts);
ReductionPlan PlanIntegerSum(const ReductionFacts& facts);
ReductionPlan PlanIntegerProduct(const ReductionFacts& facts);
ReductionPlan PlanExtreme(const ReductionFacts& facts);
ReductionPlan PlanTruth(const ReductionFacts& facts);

}  // namespace einkorn::ir
