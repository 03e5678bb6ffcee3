#include "ir/polynomial.h"

#include <algorithm>
#include <utility>

namespace einkorn::ir {
namespace {

bool IsTooLarge(Int128 coefficient) {
  constexpr Int128 kMost = Int128(1) << 100;
  return coefficient > kMost || coefficient < -kMost;
}

std::optional<Monomial> Product(const Monomial& a, const Monomial& b) {
  Monomial product{};
  size_t i = 0, j = 0;
  for (Atom& next : product.atoms) {
    const Atom left = i < a.atoms.size() ? a.atoms[i] : 0;
    const Atom right = j < b.atoms.size() ? b.atoms[j] : 0;
    next = std::max(left, right);
    if (next == 0) return product;
    ++(left >= right ? i : j);
  }
  const bool has_more =
      (i < a.atoms.size() && a.atoms[i] != 0) || (j < b.atoms.size() && b.atoms[j] != 0);
  return has_more ? std::nullopt : std::optional(product);
}

// The monomial without one factor, which it has.
Monomial Without(Monomial monomial, Atom atom) {
  auto& atoms = monomial.atoms;
  const auto at = std::ranges::find(atoms, atom);
  std::shift_left(at, atoms.end(), 1);
  atoms.back() = 0;
  return monomial;
}

// a / b, where b divides a.
std::optional<Monomial> Quotient(Monomial a, const Monomial& b) {
  for (Atom atom : b.atoms) {
    if (atom == 0) break;
    if (!a.contains(atom)) return std::nullopt;
    a = Without(a, atom);
  }
  return a;
}

Int128 FloorDivide(Int128 a, Int128 b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

bool Monomial::contains(Atom atom) const {
  return std::ranges::find(atoms, atom) != atoms.end();
}

Polynomial::Polynomial(Int128 constant) {
  Add({}, constant);
}

Polynomial& Polynomial::operator=(const Polynomial& other) {
  is_known_ = other.is_known_;
  count_ = other.count_;
  std::copy_n(other.terms_.begin(), count_, terms_.begin());
  return *this;
}

bool operator==(const Polynomial& a, const Polynomial& b) {
  return a.is_known_ == b.is_known_ && std::ranges::equal(a.terms(), b.terms());
}

Polynomial Polynomial::Of(Atom atom) {
  Polynomial polynomial;
  polynomial.Add({{atom}}, 1);
  return polynomial;
}

Polynomial Polynomial::Unknown() {
  Polynomial polynomial;
  polynomial.is_known_ = false;
  return polynomial;
}

Int128 Polynomial::constant() const {
  return count_ == 0 || !terms().back().monomial.is_one() ? 0 : terms().back().coefficient;
}

// Appends a term that comes after those there are.
void Polynomial::Add(const Monomial& monomial, Int128 coefficient) {
  if (coefficient == 0) return;
  if (IsTooLarge(coefficient) || count_ == kMaxTerms)
    *this = Unknown();
  else
    terms_[count_++] = {monomial, coefficient};
}

Polynomial Polynomial::Sum(const Polynomial& a, const Polynomial& b, Int128 factor) {
  if (!a.is_known_ || !b.is_known_) return Unknown();
  Polynomial sum;
  auto left = a.terms().begin(), right = b.terms().begin();
  const auto left_end = a.terms().end(), right_end = b.terms().end();
  while (sum.is_known_ && (left != left_end || right != right_end)) {
    const bool has_left =
        left != left_end && (right == right_end || left->monomial >= right->monomial);
    const bool has_right =
        right != right_end && (left == left_end || right->monomial >= left->monomial);
    Int128 scaled = 0;
    if (has_right && __builtin_mul_overflow(right->coefficient, factor, &scaled)) return Unknown();
    sum.Add(has_left ? left->monomial : right->monomial,
            IsTooLarge(scaled) ? scaled : (has_left ? left->coefficient : 0) + scaled);
    if (has_left) ++left;
    if (has_right) ++right;
  }
  return sum;
}

Polynomial operator*(const Polynomial& a, const Polynomial& b) {
  Polynomial product;
  for (const Polynomial::Term& factor : b.terms()) {
    // The order of monomials is that of their products with one more.
    Polynomial part;
    for (const Polynomial::Term& term : a.terms()) {
      const auto monomial = Product(term.monomial, factor.monomial);
      Int128 coefficient = 0;
      if (!monomial || !part.is_known_ ||
          __builtin_mul_overflow(term.coefficient, factor.coefficient, &coefficient))
        return Polynomial::Unknown();
      part.Add(*monomial, coefficient);
    }
    product = product + part;
  }
  return a.is_known_ && b.is_known_ ? product : Polynomial::Unknown();
}

std::optional<Polynomial::Split> Polynomial::SplitBy(Atom atom) const {
  Split split;
  for (const Term& term : terms()) {
    if (!term.monomial.contains(atom)) {
      split.rest.Add(term.monomial, term.coefficient);
      continue;
    }
    const Monomial other = Without(term.monomial, atom);
    if (other.contains(atom)) return std::nullopt;
    split.factor.Add(other, term.coefficient);
  }
  return split;
}

Polynomial Polynomial::Replace(std::span<const std::pair<Atom, Polynomial>> replacements) const {
  if (!is_known_) return *this;
  Polynomial sum;
  for (const Term& term : terms()) {
    Polynomial product = term.coefficient;
    for (Atom atom : term.monomial.atoms) {
      if (atom == 0) break;
      const auto at = std::ranges::find(replacements, atom, &std::pair<Atom, Polynomial>::first);
      product = product * (at == replacements.end() ? Of(atom) : at->second);
    }
    sum = sum + product;
  }
  return sum;
}

Polynomial Polynomial::Tightened() const {
  Int128 divisor = 0;
  for (const Term& term : terms()) {
    if (term.monomial.is_one()) continue;
    Int128 a = divisor, b = term.coefficient < 0 ? -term.coefficient : term.coefficient;
    while (b != 0) a = std::exchange(b, a % b);
    divisor = a;
  }
  if (divisor <= 1) return *this;
  Polynomial tightened;
  for (const Term& term : terms())
    tightened.Add(term.monomial, FloorDivide(term.coefficient, divisor));
  return tightened;
}

std::optional<Polynomial> Quotient(const Polynomial& a, const Polynomial& b) {
  if (!a.is_known() || !b.is_known() || b.terms().empty()) return std::nullopt;
  const Polynomial::Term& divisor = b.terms().front();
  if (b.terms().size() == 1) {
    Polynomial quotient;
    for (const Polynomial::Term& term : a.terms()) {
      const auto monomial = Quotient(term.monomial, divisor.monomial);
      if (!monomial || term.coefficient % divisor.coefficient != 0) return std::nullopt;
      Polynomial part = term.coefficient / divisor.coefficient;
      for (Atom atom : monomial->atoms)
        if (atom != 0) part = part * Polynomial::Of(atom);
      quotient = quotient + part;
    }
    return quotient;
  }
  if (a.terms().empty() || a.terms().front().monomial != divisor.monomial) return std::nullopt;
  const Polynomial factor = a.terms().front().coefficient / divisor.coefficient;
  return b * factor == a ? std::optional(factor) : std::nullopt;
}

}  // namespace einkorn::ir
