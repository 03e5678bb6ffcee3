// What is known about integers, and proofs from it.
//
// An atom has an interval; facts say that polynomials are not negative. Both hold in a scope that
// is opened and closed like the regions of a function.
//
// A proof of `goal >= 0` eliminates the atoms of the goal, the latest first. With goal = a * x + r,
// a fact c * x + q >= 0 and a, c of one sign, goal >= 0 follows from |c| * goal - |a| * fact >= 0,
// where x does not occur; instead of a fact an end of the interval of x may be taken, and where x
// is one of several numbers, all of them are tried. What remains is decided by intervals. As facts
// about an atom are in terms of earlier ones, this ends; the number of steps is bounded besides.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "ir/interval.h"
#include "ir/polynomial.h"
#include "ir/proofs.h"

namespace einkorn::ir {

struct Fact {
  enum class Relation : uint8_t { kNotNegative, kNotZero };
  Polynomial polynomial;
  ProofReason reason = ProofReason::kCondition;
  Relation relation = Relation::kNotNegative;
};

/// What holds in one of several cases, and what some atoms are then.
struct Case {
  std::vector<Fact> facts = {};
  std::vector<std::pair<Atom, Polynomial>> values = {};
};

class Facts {
 public:
  /// `cases(atom)` lists all that the atom may be; nothing if that is not known.
  using Cases = std::function<std::vector<Case>(Atom)>;
  explicit Facts(Cases cases) : cases_(std::move(cases)) {}

  Atom NewAtom(Interval range, ProofReason reason = ProofReason::kType);
  Atom atom_count() const { return static_cast<Atom>(atoms_.size() - 1); }

  Interval RangeOf(const Polynomial& polynomial) const;
  void Assume(const Fact& fact);
  /// That the polynomial is not negative.
  void Assume(const Polynomial& polynomial, ProofReason reason) { Assume({polynomial, reason}); }

  /// That at least one of the cases, without values, is there.
  void AssumeOneOf(std::vector<Case> cases) { alternatives_.push_back(std::move(cases)); }

  /// Whether the polynomial cannot be negative.
  bool Proves(const Polynomial& polynomial);
  /// The same, for what is likely not to hold: with fewer steps, without the alternatives.
  bool ProvesSoon(const Polynomial& polynomial);
  bool ProvesNotZero(const Polynomial& polynomial);
  /// The most telling reason that the last proof used.
  ProofReason reason() const { return used_; }

  struct Scope {
    size_t facts, ranges, not_zero, multiples, alternatives;
  };
  Scope Open() const {
    return {facts_.size(), changed_.size(), not_zero_.size(), multiples_.size(),
            alternatives_.size()};
  }
  void Close(Scope scope);
  /// The facts since a scope was opened, to be assumed again.
  std::vector<Fact> Since(Scope scope) const;

 private:
  struct KnownAtom {
    Interval range;
    ProofReason reason = ProofReason::kType;
    std::vector<uint32_t> facts;  // whose latest atom it is
  };
  struct ChangedRange {
    Atom atom;
    Interval range;
    ProofReason reason;
  };

  void AssumeNotNegative(const Polynomial& polynomial, ProofReason reason, int depth);
  void AssumeNotZero(const Polynomial& polynomial, ProofReason reason);
  /// The newest facts about an atom, the latest last; more are not looked at.
  std::vector<uint32_t> NewestFacts(Atom atom) const;
  bool IsKnown(const Polynomial& polynomial) const;
  void Combine(const Polynomial& polynomial, ProofReason reason, int depth);
  void UseMultiples(const Polynomial& polynomial, ProofReason reason, int depth);
  void FindMultiple(const Polynomial& polynomial);
  void Narrow(const Polynomial& polynomial, ProofReason reason, bool spreads);
  void NarrowPower(const Polynomial& polynomial, Atom atom, ProofReason reason);
  void SetRange(Atom atom, Interval range, ProofReason reason, bool spreads);
  bool Prove(const Polynomial& goal, int depth);
  bool HasFailed(const Polynomial& goal, int depth) const;
  bool ProveByAtom(const Polynomial& goal, int depth);
  bool ProveByFacts(const Polynomial& goal, int sign, int depth);
  std::optional<Polynomial> Eliminate(const Polynomial& goal, int sign,
                                      const Polynomial& fact) const;
  bool ProveInEach(const Polynomial& goal, const std::vector<Case>& cases, int depth);
  int SignOf(const Polynomial& polynomial, int depth);
  void Use(ProofReason reason) { used_ = std::max(used_, reason); }

  Cases cases_;
  std::vector<KnownAtom> atoms_ = std::vector<KnownAtom>(1);
  std::deque<Fact> facts_;  // a deque, because proofs look at facts while others come and go
  std::vector<ChangedRange> changed_;
  std::vector<Fact> not_zero_;  // where it is not known on which side of 0 they are
  std::vector<std::pair<Atom, Polynomial>> multiples_;  // atoms that leave a known remainder
  std::vector<std::vector<Case>> alternatives_;
  ProofReason used_ = ProofReason::kType;
  int steps_ = 0;
  int open_cases_ = 0;
  std::vector<std::pair<Polynomial, int>> failed_;  // goals that the proof at hand tried, how deep
};

}  // namespace einkorn::ir
