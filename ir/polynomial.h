// Integer polynomials, as proofs about values compute with them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "ir/types.h"

namespace einkorn::ir {

/// What a polynomial is made of: a number that is looked into no further. Atoms are numbered from 1
/// in the order in which they are met, so what an atom depends on has smaller numbers.
using Atom = uint32_t;

/// A product of atoms, the latest first; an atom may repeat. Unused places are 0.
struct Monomial {
  static constexpr size_t kMaxDegree = 4;
  std::array<Atom, kMaxDegree> atoms;

  bool is_one() const { return atoms[0] == 0; }
  bool contains(Atom atom) const;
  friend auto operator<=>(const Monomial&, const Monomial&) = default;
};

/// A sum of monomials with coefficients. What has too many terms, too high a degree or too large a
/// coefficient is unknown, and so is all that is made from it.
class Polynomial {
 public:
  struct Term {
    Monomial monomial;
    Int128 coefficient;
    friend bool operator==(const Term&, const Term&) = default;
  };

  Polynomial() {}  ///< 0
  Polynomial(Int128 constant);
  Polynomial(const Polynomial& other) { *this = other; }
  Polynomial& operator=(const Polynomial& other);
  static Polynomial Of(Atom atom);
  static Polynomial Unknown();

  bool is_known() const { return is_known_; }
  bool is_constant() const { return is_known_ && latest() == 0; }
  Int128 constant() const;
  /// The one with the greatest number; 0 if there is none.
  Atom latest() const { return count_ == 0 ? 0 : terms_[0].monomial.atoms[0]; }
  /// Descending by monomial, so that the constant stands last; none with coefficient 0.
  std::span<const Term> terms() const { return {terms_.data(), count_}; }

  friend Polynomial operator+(const Polynomial& a, const Polynomial& b) { return Sum(a, b, 1); }
  friend Polynomial operator-(const Polynomial& a, const Polynomial& b) { return Sum(a, b, -1); }
  friend Polynomial operator-(const Polynomial& a) { return Sum({}, a, -1); }
  friend Polynomial operator*(const Polynomial& a, const Polynomial& b);
  friend bool operator==(const Polynomial& a, const Polynomial& b);

  /// factor * atom + rest, neither of which has the atom; nullopt where a power of it occurs.
  struct Split;
  std::optional<Split> SplitBy(Atom atom) const;
  /// With polynomials in place of atoms, all at once.
  Polynomial Replace(std::span<const std::pair<Atom, Polynomial>> replacements) const;
  /// The strongest polynomial that is not negative exactly where this one is not: its coefficients
  /// have no common divisor.
  Polynomial Tightened() const;

 private:
  static Polynomial Sum(const Polynomial& a, const Polynomial& b, Int128 factor);
  void Add(const Monomial& monomial, Int128 coefficient);

  // Polynomials are made by the thousand, so they hold their terms themselves.
  static constexpr size_t kMaxTerms = 12;
  bool is_known_ = true;
  uint32_t count_ = 0;
  std::array<Term, kMaxTerms> terms_;
};

struct Polynomial::Split {
  Polynomial factor, rest;
};

/// a / b where that is a polynomial and b has one term or is a multiple of a; else nullopt.
std::optional<Polynomial> Quotient(const Polynomial& a, const Polynomial& b);

}  // namespace einkorn::ir
