#include "ir/facts.h"

#include <algorithm>

namespace einkorn::ir {
namespace {

// A proof looks at so many facts about an atom, the newest first, ...
constexpr size_t kMostFacts = 8;
// ... eliminates at most so many atoms one after the other, ...
constexpr int kMostDepth = 10;
// ... and gives up after so many steps.
constexpr int kMostSteps = 100;
// What follows from two facts is made use of to this depth.
constexpr int kCombinedDepth = 2;

Polynomial Magnitude(const Polynomial& polynomial, int sign) {
  return sign < 0 ? -polynomial : polynomial;
}

Int128 CeilDivide(Int128 a, Int128 b) {
  return a / b + (a % b > 0 ? 1 : 0);
}

// The values x for which some factor of `factor` and some rest of at most `most` give
// factor * x + rest >= 0, where the factor is greater than 0: x >= -rest / factor.
Int128 LeastSolution(const Interval& factor, Int128 most) {
  if (most >= Interval::kUnbounded) return -Interval::kUnbounded;
  return CeilDivide(-most, most >= 0 ? factor.lo : factor.hi);
}

}  // namespace

Atom Facts::NewAtom(Interval range, ProofReason reason) {
  atoms_.push_back({range, reason, {}});
  return atom_count();
}

Interval Facts::RangeOf(const Polynomial& polynomial) const {
  if (!polynomial.is_known()) return {};
  Interval sum = Interval::Of(0);
  for (const auto& [monomial, coefficient] : polynomial.terms()) {
    Interval product = Interval::Of(coefficient);
    for (size_t i = 0; i < monomial.atoms.size() && monomial.atoms[i] != 0; ++i) {
      const Atom atom = monomial.atoms[i];
      const Interval& range = atoms_[atom].range;
      const bool is_square = i + 1 < monomial.atoms.size() && monomial.atoms[i + 1] == atom;
      if (is_square) {
        const Interval square = range * range;
        product = product * Interval{std::max(square.lo, Int128(0)), square.hi};
        ++i;
      } else {
        product = product * range;
      }
    }
    sum = sum + product;
  }
  return sum;
}

void Facts::Close(Scope scope) {
  while (facts_.size() > scope.facts) {
    atoms_[facts_.back().polynomial.latest()].facts.pop_back();
    facts_.pop_back();
  }
  while (changed_.size() > scope.ranges) {
    const ChangedRange& before = changed_.back();
    atoms_[before.atom].range = before.range;
    atoms_[before.atom].reason = before.reason;
    changed_.pop_back();
  }
}

std::vector<Fact> Facts::Since(Scope scope) const {
  std::vector<Fact> facts(facts_.begin() + static_cast<ptrdiff_t>(scope.facts), facts_.end());
  // An atom may have been narrowed several times; the last range holds.
  for (size_t i = scope.ranges; i < changed_.size(); ++i) {
    const Atom atom = changed_[i].atom;
    const KnownAtom& known = atoms_[atom];
    if (known.range.lo > changed_[i].range.lo)
      facts.push_back({Polynomial::Of(atom) - known.range.lo, known.reason});
    if (known.range.hi < changed_[i].range.hi)
      facts.push_back({Polynomial(known.range.hi) - Polynomial::Of(atom), known.reason});
  }
  return facts;
}

// --- What is known

void Facts::Assume(const Fact& fact) {
  if (fact.relation == Fact::Relation::kNotNegative)
    return AssumeNotNegative(fact.polynomial, fact.reason, kCombinedDepth);
  if (Proves(fact.polynomial)) {
    AssumeNotNegative(fact.polynomial - 1, std::max(fact.reason, used_), kCombinedDepth);
  } else if (Proves(-fact.polynomial)) {
    AssumeNotNegative(-fact.polynomial - 1, std::max(fact.reason, used_), kCombinedDepth);
  }
}

void Facts::AssumeNotNegative(const Polynomial& given, ProofReason reason, int depth) {
  const Polynomial polynomial = given.Tightened();
  if (!polynomial.is_known() || polynomial.is_constant()) return;
  if (RangeOf(polynomial).lo >= 0 || IsKnown(polynomial)) return;
  Narrow(polynomial, reason, true);
  // Of one atom alone the interval says everything.
  if (RangeOf(polynomial).lo >= 0) return;
  Combine(polynomial, reason, depth);
  atoms_[polynomial.latest()].facts.push_back(static_cast<uint32_t>(facts_.size()));
  facts_.push_back({polynomial, reason});
}

// Whether there is a fact that says the same or more.
bool Facts::IsKnown(const Polynomial& polynomial) const {
  for (uint32_t id : atoms_[polynomial.latest()].facts) {
    const Polynomial difference = polynomial - facts_[id].polynomial;
    if (difference.is_constant() && difference.constant() >= 0) return true;
  }
  return false;
}

// Two bounds of one atom, from below and above, say something about what it is bounded by.
void Facts::Combine(const Polynomial& polynomial, ProofReason reason, int depth) {
  if (depth == 0) return;
  const Atom atom = polynomial.latest();
  const auto split = polynomial.SplitBy(atom);
  if (!split || !split->factor.is_constant()) return;
  const Int128 factor = split->factor.constant();
  const std::vector<uint32_t> others = atoms_[atom].facts;
  const size_t first = others.size() - std::min(others.size(), kMostFacts);
  for (size_t i = first; i < others.size(); ++i) {
    const Fact other = facts_[others[i]];
    const auto other_split = other.polynomial.SplitBy(atom);
    if (!other_split || !other_split->factor.is_constant()) continue;
    const Int128 other_factor = other_split->factor.constant();
    if ((factor < 0) == (other_factor < 0)) continue;
    const Polynomial sum = Magnitude(other_factor, other_factor < 0 ? -1 : 1) * polynomial +
                           Magnitude(factor, factor < 0 ? -1 : 1) * other.polynomial;
    AssumeNotNegative(sum, std::max(reason, other.reason), depth - 1);
  }
}

// Draws conclusions about each atom from the intervals of the others.
void Facts::Narrow(const Polynomial& polynomial, ProofReason reason, bool spreads) {
  Atom last = 0;
  for (const auto& [monomial, coefficient] : polynomial.terms()) {
    for (Atom atom : monomial.atoms) {
      if (atom == 0) break;
      if (atom == last) continue;
      last = atom;
      const auto split = polynomial.SplitBy(atom);
      if (!split) continue;
      const Interval factor = RangeOf(split->factor);
      const Int128 most = RangeOf(split->rest).hi;
      Interval range = atoms_[atom].range;
      if (factor.lo >= 1)
        range.lo = std::max(range.lo, LeastSolution(factor, most));
      else if (factor.hi <= -1)
        range.hi = std::min(range.hi, -LeastSolution(-factor, most));
      SetRange(atom, range, reason, spreads);
    }
  }
}

void Facts::SetRange(Atom atom, Interval range, ProofReason reason, bool spreads) {
  KnownAtom& known = atoms_[atom];
  // An empty interval belongs to code that is never reached.
  if (range == known.range || range.lo > range.hi) return;
  changed_.push_back({atom, known.range, known.reason});
  known.range = range;
  known.reason = std::max(known.reason, reason);
  if (!spreads) return;
  const std::vector<uint32_t> facts = known.facts;
  const size_t first = facts.size() - std::min(facts.size(), kMostFacts);
  for (size_t i = first; i < facts.size(); ++i)
    Narrow(facts_[facts[i]].polynomial, std::max(reason, facts_[facts[i]].reason), false);
}

// --- Proofs

bool Facts::Proves(const Polynomial& polynomial) {
  steps_ = 0;
  used_ = ProofReason::kType;
  return Prove(polynomial, kMostDepth);
}

bool Facts::ProvesNotZero(const Polynomial& polynomial) {
  return Proves(polynomial - 1) || Proves(-polynomial - 1);
}

bool Facts::Prove(const Polynomial& given, int depth) {
  const Polynomial goal = given.Tightened();
  if (!goal.is_known()) return false;
  const Interval range = RangeOf(goal);
  if (range.lo >= 0) {
    for (const auto& term : goal.terms())
      for (Atom atom : term.monomial.atoms) Use(atoms_[atom].reason);
    return true;
  }
  if (range.hi < 0 || depth == 0 || ++steps_ > kMostSteps) return false;
  const Atom atom = goal.latest();
  if (const auto split = goal.SplitBy(atom)) {
    const int sign = SignOf(split->factor, depth);
    if (sign != 0) {
      if (ProveByFacts(goal, *split, sign, depth)) return true;
      const Int128 end = sign > 0 ? atoms_[atom].range.lo : atoms_[atom].range.hi;
      const ProofReason used = used_;
      Use(atoms_[atom].reason);
      if (Prove(split->factor * end + split->rest, depth - 1)) return true;
      used_ = used;
    }
  }
  return ProveByCases(goal, atom, depth);
}

// 1 or -1 where the polynomial is known to be at least or at most 0.
int Facts::SignOf(const Polynomial& polynomial, int depth) {
  const Interval range = RangeOf(polynomial);
  if (range.lo >= 0) return 1;
  if (range.hi <= 0) return -1;
  const int few = std::min(depth - 1, 2);
  if (Prove(polynomial, few)) return 1;
  return Prove(-polynomial, few) ? -1 : 0;
}

bool Facts::ProveByFacts(const Polynomial& goal, const Polynomial::Split& split, int sign,
                         int depth) {
  const Atom atom = goal.latest();
  const size_t count = atoms_[atom].facts.size();
  for (size_t i = 0; i < std::min(count, kMostFacts); ++i) {
    const Fact& fact = facts_[atoms_[atom].facts[count - 1 - i]];
    const auto fact_split = fact.polynomial.SplitBy(atom);
    if (!fact_split) continue;
    Polynomial rest;
    if (const auto quotient = Quotient(split.factor, fact_split->factor);
        quotient && RangeOf(*quotient).lo >= 0) {
      rest = goal - *quotient * fact.polynomial;
    } else {
      // From size * goal > -size follows goal > -1.
      const Polynomial size = Magnitude(fact_split->factor, sign);
      if (RangeOf(size).lo < 1) continue;
      rest = size * goal - Magnitude(split.factor, sign) * fact.polynomial + size - 1;
    }
    const ProofReason used = used_;
    Use(fact.reason);
    if (Prove(rest, depth - 1)) return true;
    used_ = used;
  }
  return false;
}

bool Facts::ProveByCases(const Polynomial& goal, Atom atom, int depth) {
  const std::vector<Case> cases = cases_(atom);
  return !cases.empty() && std::ranges::all_of(cases, [&](const Case& one) {
    const Scope scope = Open();
    for (const Fact& fact : one.facts)
      if (fact.relation == Fact::Relation::kNotNegative) Assume(fact);
    const bool holds = Prove(goal.Replace(one.values), depth - 1);
    if (holds)
      for (const Fact& fact : one.facts) Use(fact.reason);
    Close(scope);
    return holds;
  });
}

}  // namespace einkorn::ir
