// Integer values as sums: a constant and multiples of values that are looked into no further.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

struct Affine {
  int64_t constant = 0;
  /// Values with their coefficients: ascending, each once, none with coefficient 0.
  std::vector<std::pair<ValueId, int64_t>> terms = {};

  static Affine Value(ValueId value) { return {0, {{value, 1}}}; }
  bool is_constant() const { return terms.empty(); }
  friend bool operator==(const Affine&, const Affine&) = default;
};

/// a + factor * b; nullopt where a number does not fit or the terms become too many.
std::optional<Affine> AddMultiple(const Affine& a, const Affine& b, int64_t factor);

/// The forms of the values of one function, as a walk in the order of the program finds them.
class AffineForms {
 public:
  explicit AffineForms(const Function& function) : function_(function) {}

  /// Takes note of the results of an operation: integer sums, differences, multiples by a constant
  /// and conversions that keep the value. Everything else stands for itself.
  void Define(const Op& op);
  /// The same for all operations of a region and those in it.
  void DefineIn(RegionId region);
  /// Gives a value another form, as a loop variable that counts in steps.
  void Set(ValueId value, Affine form) { forms_[value] = std::move(form); }
  /// Of an integer scalar.
  Affine Of(ValueId value) const;

 private:
  std::optional<Affine> FormOf(const Op& op) const;

  const Function& function_;
  std::map<ValueId, Affine> forms_;  ///< of those that do not stand for themselves
};

}  // namespace einkorn::ir
