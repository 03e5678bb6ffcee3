#include "ir/facts.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace einkorn::ir {
namespace {

// A proof looks at so many facts about an atom, the newest first, ...
constexpr size_t kMostFacts = 16;
// ... eliminates at most so many atoms one after the other, ...
constexpr int kMostDepth = 10;
// ... and gives up after so many steps.
constexpr int kMostSteps = 300;
// Cases are looked at in cases to this depth.
constexpr int kMostOpenCases = 3;
// What is asked on the way is decided by few.
constexpr int kFewDepth = 2;
// What follows from two facts is made use of to this depth.
constexpr int kCombinedDepth = 2;
// Of the alternatives that are known so many are tried, the newest first.
constexpr size_t kMostAlternatives = 2;

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

// The greatest number whose power is not above `value`.
Int128 RootOf(Int128 value, int power) {
  Int128 least = 0, beyond = Int128(1) << (126 / power);
  while (beyond - least > 1) {
    const Int128 middle = (least + beyond) / 2;
    Int128 product = 1;
    for (int k = 0; k < power; ++k) product *= middle;
    (product <= value ? least : beyond) = middle;
  }
  return least;
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
  not_zero_.resize(scope.not_zero);
  multiples_.resize(scope.multiples);
  alternatives_.resize(scope.alternatives);
}

std::vector<Fact> Facts::Since(Scope scope) const {
  std::vector<Fact> facts(facts_.begin() + static_cast<ptrdiff_t>(scope.facts), facts_.end());
  facts.insert(facts.end(), not_zero_.begin() + static_cast<ptrdiff_t>(scope.not_zero),
               not_zero_.end());
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
  steps_ = 0;
  failed_.clear();
  if (fact.relation == Fact::Relation::kNotNegative)
    AssumeNotNegative(fact.polynomial, fact.reason, kCombinedDepth);
  else
    AssumeNotZero(fact.polynomial, fact.reason);
}

void Facts::AssumeNotZero(const Polynomial& polynomial, ProofReason reason) {
  if (Prove(polynomial, kFewDepth))
    AssumeNotNegative(polynomial - 1, reason, kCombinedDepth);
  else if (Prove(-polynomial, kFewDepth))
    AssumeNotNegative(-polynomial - 1, reason, kCombinedDepth);
  else
    not_zero_.push_back({polynomial, reason, Fact::Relation::kNotZero});
}

void Facts::AssumeNotNegative(const Polynomial& given, ProofReason reason, int depth) {
  const Polynomial polynomial = given.Tightened();
  if (!polynomial.is_known() || polynomial.is_constant()) return;
  if (RangeOf(polynomial).lo >= 0 || IsKnown(polynomial)) return;
  Narrow(polynomial, reason, true);
  // Of one atom alone the interval says everything.
  if (RangeOf(polynomial).lo >= 0) return;
  Combine(polynomial, reason, depth);
  UseMultiples(polynomial, reason, depth);
  atoms_[polynomial.latest()].facts.push_back(static_cast<uint32_t>(facts_.size()));
  facts_.push_back({polynomial, reason});
  FindMultiple(polynomial);
}

std::vector<uint32_t> Facts::NewestFacts(Atom atom) const {
  const auto& facts = atoms_[atom].facts;
  return {facts.end() - static_cast<ptrdiff_t>(std::min(facts.size(), kMostFacts)), facts.end()};
}

// Whether there is a fact that says the same or more.
bool Facts::IsKnown(const Polynomial& polynomial) const {
  for (uint32_t id : NewestFacts(polynomial.latest())) {
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
  if (!split) return;
  const Interval range = RangeOf(split->factor);
  for (uint32_t id : NewestFacts(atom)) {
    const Fact other = facts_[id];
    const auto other_split = other.polynomial.SplitBy(atom);
    if (!other_split) continue;
    if (!split->factor.is_constant() && !other_split->factor.is_constant()) continue;
    const Interval other_range = RangeOf(other_split->factor);
    const int sign = range.lo >= 0 && other_range.hi <= 0   ? 1
                     : range.hi <= 0 && other_range.lo >= 0 ? -1
                                                            : 0;
    if (sign == 0) continue;
    const Polynomial sum = Magnitude(other_split->factor, -sign) * polynomial +
                           Magnitude(split->factor, sign) * other.polynomial;
    AssumeNotNegative(sum, std::max(reason, other.reason), depth - 1);
  }
}

// With a multiple in place of an atom the coefficients may have a common divisor, which makes the
// fact a stronger one.
void Facts::UseMultiples(const Polynomial& polynomial, ProofReason reason, int depth) {
  if (depth == 0) return;
  for (const auto& multiple : std::vector(multiples_)) {
    const auto split = polynomial.SplitBy(multiple.first);
    if (!split || split->factor.terms().empty()) continue;
    const Polynomial replaced = polynomial.Replace({&multiple, 1});
    if (replaced.Tightened() != replaced) AssumeNotNegative(replaced, reason, depth - 1);
  }
}

// Of an equation where one atom is a constant and a multiple of something, as m = 16 q of m % 16 ==
// 0.
void Facts::FindMultiple(const Polynomial& polynomial) {
  const Polynomial opposite = -polynomial;
  const auto is_opposite = [&](uint32_t id) { return facts_[id].polynomial == opposite; };
  if (std::ranges::none_of(NewestFacts(polynomial.latest()), is_opposite)) return;
  for (const auto& term : polynomial.terms()) {
    const Polynomial atom = Polynomial::Of(term.monomial.atoms[0]);
    if (term.monomial.is_one() || term.monomial.atoms[1] != 0) continue;
    if (term.coefficient != 1 && term.coefficient != -1) continue;
    const Polynomial rest = atom - polynomial * term.coefficient;
    if (rest.is_constant() || rest.Tightened() == rest) continue;
    multiples_.emplace_back(atom.latest(), rest);
    return;
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
      if (!split) {
        NarrowPower(polynomial, atom, reason);
        continue;
      }
      Interval factor = RangeOf(split->factor);
      const Int128 most = RangeOf(split->rest).hi;
      // A product that is not 0 has no factor 0.
      if (most < 0 && factor.lo == 0) factor.lo = 1;
      if (most < 0 && factor.hi == 0) factor.hi = -1;
      Interval range = atoms_[atom].range;
      if (factor.lo >= 1)
        range.lo = std::max(range.lo, LeastSolution(factor, most));
      else if (factor.hi <= -1)
        range.hi = std::min(range.hi, -LeastSolution(-factor, most));
      SetRange(atom, range, reason, spreads);
    }
  }
}

// rest - factor * x^power >= 0
void Facts::NarrowPower(const Polynomial& polynomial, Atom atom, ProofReason reason) {
  Int128 factor = 0;
  int power = 0;
  for (const auto& term : polynomial.terms()) {
    if (!term.monomial.contains(atom)) continue;
    const auto& atoms = term.monomial.atoms;
    const auto is_other = [&](Atom other) { return other != 0 && other != atom; };
    if (power > 0 || std::ranges::any_of(atoms, is_other)) return;
    factor = -term.coefficient;
    power = static_cast<int>(std::ranges::count(atoms, atom));
  }
  if (factor <= 0) return;
  Polynomial raised = Polynomial::Of(atom);
  for (int k = 1; k < power; ++k) raised = raised * Polynomial::Of(atom);
  const Int128 most = RangeOf(polynomial + raised * factor).hi;
  if (most < 0 || most >= Interval::kUnbounded) return;
  const Int128 root = RootOf(most / factor, power);
  const Interval& range = atoms_[atom].range;
  const Int128 least = power % 2 == 0 ? std::max(range.lo, -root) : range.lo;
  SetRange(atom, {least, std::min(range.hi, root)}, reason, false);
}

void Facts::SetRange(Atom atom, Interval range, ProofReason reason, bool spreads) {
  KnownAtom& known = atoms_[atom];
  // An empty interval belongs to code that is never reached.
  if (range == known.range || range.lo > range.hi) return;
  changed_.push_back({atom, known.range, known.reason});
  known.range = range;
  known.reason = std::max(known.reason, reason);
  if (!spreads) return;
  for (uint32_t id : NewestFacts(atom)) {
    const Fact fact = facts_[id];
    const ProofReason both = std::max(reason, fact.reason);
    Narrow(fact.polynomial, both, false);
    // What the fact says about earlier atoms wherever this one is.
    const auto split = fact.polynomial.SplitBy(atom);
    if (!split || (split->factor.is_constant() && range.lo != range.hi)) continue;
    const Interval factor = RangeOf(split->factor);
    if (factor.lo >= 0)
      AssumeNotNegative(split->factor * range.hi + split->rest, both, 0);
    else if (factor.hi <= 0)
      AssumeNotNegative(split->factor * range.lo + split->rest, both, 0);
  }
}

// --- Proofs

bool Facts::Proves(const Polynomial& polynomial) {
  steps_ = 0;
  failed_.clear();
  used_ = ProofReason::kType;
  if (Prove(polynomial, kMostDepth)) return true;
  if (!polynomial.is_known() || RangeOf(polynomial).hi < 0) return false;
  const size_t count = alternatives_.size();
  for (size_t i = 0; i < std::min(count, kMostAlternatives); ++i) {
    steps_ = 0;
    if (ProveInEach(polynomial, std::vector(alternatives_[count - 1 - i]), kMostDepth)) return true;
  }
  return false;
}

bool Facts::ProvesSoon(const Polynomial& polynomial) {
  steps_ = kMostSteps / 2;
  failed_.clear();
  used_ = ProofReason::kType;
  return Prove(polynomial, kMostDepth);
}

bool Facts::ProvesNotZero(const Polynomial& polynomial) {
  const auto is_same = [&](const Fact& fact) {
    return fact.polynomial == polynomial || fact.polynomial == -polynomial;
  };
  if (polynomial.is_known() && std::ranges::any_of(not_zero_, is_same)) {
    used_ = ProofReason::kCondition;
    return true;
  }
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
  if (range.hi < 0 || depth <= 0 || HasFailed(goal, depth) || ++steps_ > kMostSteps) return false;
  if (ProveByAtom(goal, depth)) return true;
  failed_.emplace_back(goal, depth);
  return false;
}

bool Facts::HasFailed(const Polynomial& goal, int depth) const {
  return std::ranges::any_of(
      failed_, [&](const auto& failed) { return failed.second >= depth && failed.first == goal; });
}

// Without its latest atom.
bool Facts::ProveByAtom(const Polynomial& goal, int depth) {
  const Atom atom = goal.latest();
  const auto split = goal.SplitBy(atom);
  const int sign = split ? SignOf(split->factor, depth) : 0;
  if (ProveByFacts(goal, sign, depth)) return true;
  if (sign != 0) {
    const Int128 end = sign > 0 ? atoms_[atom].range.lo : atoms_[atom].range.hi;
    const ProofReason used = used_;
    Use(atoms_[atom].reason);
    if (Prove(split->factor * end + split->rest, depth - 1)) return true;
    used_ = used;
  }
  if (open_cases_ == kMostOpenCases) return false;
  const std::vector<Case> cases = cases_(atom);
  return !cases.empty() && ProveInEach(goal, cases, depth);
}

// 1 or -1 where the polynomial is known to be at least or at most 0.
int Facts::SignOf(const Polynomial& polynomial, int depth) {
  const Interval range = RangeOf(polynomial);
  if (range.lo >= 0) return 1;
  if (range.hi <= 0) return -1;
  const int few = std::min(depth - 1, kFewDepth);
  if (Prove(polynomial, few)) return 1;
  return Prove(-polynomial, few) ? -1 : 0;
}

// `sign` is that of the factor of the goal's latest atom, 0 if it is not known.
bool Facts::ProveByFacts(const Polynomial& goal, int sign, int depth) {
  const Atom atom = goal.latest();
  std::vector<std::pair<Polynomial, ProofReason>> rests;
  for (uint32_t id : NewestFacts(atom) | std::views::reverse) {
    const Fact& fact = facts_[id];
    const auto rest = Eliminate(goal, sign, fact.polynomial);
    if (!rest || !rest->is_known()) continue;
    // Where one fact is enough, no others are tried.
    if (RangeOf(*rest).lo >= 0) {
      Use(fact.reason);
      return Prove(*rest, depth - 1);
    }
    rests.emplace_back(*rest, fact.reason);
  }
  std::ranges::stable_sort(rests, {}, [](const auto& rest) { return rest.first.terms().size(); });
  return std::ranges::any_of(rests, [&](const auto& rest) {
    const ProofReason used = used_;
    Use(rest.second);
    if (Prove(rest.first, depth - 1)) return true;
    used_ = used;
    return false;
  });
}

// A goal without the latest atom, or its highest power, from which this one follows by the fact.
// From size * goal > -size follows goal > -1.
std::optional<Polynomial> Facts::Eliminate(const Polynomial& goal, int sign,
                                           const Polynomial& fact) const {
  const auto split = goal.SplitBy(goal.latest()), other = fact.SplitBy(goal.latest());
  const bool is_linear = split && other && sign != 0;
  if (is_linear) {
    const auto quotient = Quotient(split->factor, other->factor);
    if (quotient && RangeOf(*quotient).lo >= 0) return goal - *quotient * fact;
  }
  const Polynomial::Term &lead = goal.terms().front(), &its = fact.terms().front();
  if (lead.monomial == its.monomial && (lead.coefficient < 0) == (its.coefficient < 0)) {
    const int lead_sign = lead.coefficient < 0 ? -1 : 1;
    const Polynomial size = Magnitude(its.coefficient, lead_sign);
    return size * goal - Magnitude(lead.coefficient, lead_sign) * fact + size - 1;
  }
  if (!is_linear) return std::nullopt;
  const Polynomial size = Magnitude(other->factor, sign);
  if (RangeOf(size).lo < 1) return std::nullopt;
  return size * goal - Magnitude(split->factor, sign) * fact + size - 1;
}

bool Facts::ProveInEach(const Polynomial& goal, const std::vector<Case>& cases, int depth) {
  ++open_cases_;
  const bool holds_in_all = std::ranges::all_of(cases, [&](const Case& one) {
    const Scope scope = Open();
    // With more facts goals may be proved that could not be before.
    const auto failed = std::exchange(failed_, {});
    steps_ += static_cast<int>(one.facts.size());
    for (const Fact& fact : one.facts) {
      if (fact.relation == Fact::Relation::kNotNegative)
        AssumeNotNegative(fact.polynomial, fact.reason, 0);
      else
        AssumeNotZero(fact.polynomial, fact.reason);
    }
    const bool holds = Prove(goal.Replace(one.values), depth - 1);
    if (holds)
      for (const Fact& fact : one.facts) Use(fact.reason);
    Close(scope);
    failed_ = failed;
    return holds;
  });
  --open_cases_;
  return holds_in_all;
}

}  // namespace einkorn::ir
