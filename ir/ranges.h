// What is known about the values of a function while it is walked in program order.
//
// An integer value has a form, a polynomial over atoms: sums, differences and products with their
// exact result are looked into, everything else is an atom with an interval and facts that say how
// it hangs together with its operands. Arrays have the forms of their sizes.
#pragma once

#include <array>
#include <map>
#include <span>
#include <vector>

#include "ir/facts.h"
#include "ir/module.h"

namespace einkorn::ir {

/// Whether values of the type have forms: integer scalars.
inline bool HasForm(Type type) {
  return type.is_scalar() && IsInteger(type.scalar);
}

class Ranges {
 public:
  explicit Ranges(const Function& function);

  Facts& facts() { return facts_; }
  const Facts& facts() const { return facts_; }

  /// Of an integer scalar that was met.
  Polynomial FormOf(ValueId value) const;
  std::span<const Polynomial> SizesOf(ValueId array) const;

  /// The kinds of fault among the checks of an operation that it cannot have here; `reason` says
  /// why.
  FaultSet ImpossibleFaults(const Op& op, ProofReason& reason);
  /// Takes note of the results of an operation without regions that had no fault.
  void Define(OpId id);

  /// Gives a value or array the form of another one.
  void SetForm(ValueId value, Polynomial form) { forms_[value.index] = std::move(form); }
  void SetSizes(ValueId array, std::vector<Polynomial> sizes);
  void Copy(ValueId from, ValueId to);
  /// Makes an atom of a value about which its type alone is known.
  Atom DefineUnknown(ValueId value);

  /// Takes note that a bool has a value.
  void Assume(ValueId condition, bool holds);
  /// What holds at the end of a region of an `if`, with the forms of what it yields.
  struct Arm {
    std::vector<Fact> facts;
    std::vector<Polynomial> yields;
    bool completes = true;
    Atom last_before = 0;  ///< of the atoms that there were before the region
  };
  /// Takes note of the results of an `if`, from both of its regions.
  void DefineIf(OpId id, Arm then, Arm otherwise);

 private:
  void DefineParams();
  Polynomial FormOf(const ShapeExpr& size) const;
  void AssumeSizes(std::span<const Polynomial> sizes, ScalarType element, ProofReason reason);

  bool Prove(const Polynomial& polynomial, ProofReason& reason);
  bool ProveFits(const Polynomial& polynomial, const Interval& range, ProofReason& reason);
  bool ProveIndices(const Op& op, ProofReason& reason);
  bool ProveView(const Op& op, ProofReason& reason);
  bool ProveShiftFits(const Op& op, ProofReason& reason);

  Polynomial ExactForm(const Op& op) const;
  void DefineScalar(OpId id);
  void DefineArithmetic(const Op& op);
  void DefineQuotient(const Op& op);
  Polynomial SomeMultiple(const Polynomial& constant);
  void AssumeSum(const Polynomial& a, const Polynomial& b, const Polynomial& c);
  void DefineShiftRight(const Op& op);
  void DefineBits(const Op& op);
  void DefineExtreme(OpId id, const Op& op);
  void DefineChoice(OpId id, const Op& op);
  void DefineConversion(OpId id, const Op& op);
  void DefineAccess(const Op& op);
  Atom DefineAtom(ValueId value, Interval range);
  void DefineWithCases(OpId id, ValueId value, Interval range);

  std::vector<Case> CasesOf(ValueId condition, bool holds) const;
  Polynomial WithSignOf(ValueId value) const;
  std::vector<Fact> FactsOf(const Op& comparison, bool holds) const;
  std::vector<Case> CasesOf(Atom atom) const;

  ScalarType scalar(ValueId value) const { return function_.type(value).scalar; }
  Polynomial operand(const Op& op, size_t i) const { return FormOf(function_.operand(op, i)); }
  Interval RangeOf(const Op& op, size_t i) const;
  Interval RangeOf(const Polynomial& polynomial) const { return facts_.RangeOf(polynomial); }

  const Function& function_;
  std::vector<Polynomial> forms_;
  std::map<ValueId, std::vector<Polynomial>> sizes_;
  std::map<Atom, OpId> choices_;  // atoms that are one of several operands
  std::map<OpId, std::array<Arm, 2>> arms_;
  Facts facts_;
};

}  // namespace einkorn::ir
