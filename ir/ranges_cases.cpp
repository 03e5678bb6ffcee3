// What conditions say, and values that are one of several.
#include <algorithm>
#include <ranges>

#include "ir/ranges.h"

namespace einkorn::ir {
namespace {

// A condition that is met in more ways than these is not looked into.
constexpr size_t kMostCases = 4;

std::vector<Case> Either(std::vector<Case> a, const std::vector<Case>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a.size() > kMostCases ? std::vector{Case{}} : a;
}

std::vector<Case> Both(const std::vector<Case>& a, const std::vector<Case>& b) {
  // What is left out makes the statement a weaker one.
  if (a.size() * b.size() > kMostCases) return a;
  std::vector<Case> both;
  for (const Case& one : a) {
    for (const Case& other : b) {
      both.push_back(one);
      both.back().facts.insert(both.back().facts.end(), other.facts.begin(), other.facts.end());
    }
  }
  return both;
}

// Drops facts that are neither about what there was before nor about what is yielded.
void KeepTelling(Ranges::Arm& arm) {
  std::vector<Atom> telling;
  const auto add = [&](const Polynomial& polynomial) {
    for (const auto& term : polynomial.terms())
      for (Atom atom : term.monomial.atoms)
        if (atom > arm.last_before && std::ranges::find(telling, atom) == telling.end())
          telling.push_back(atom);
  };
  for (const Polynomial& yielded : arm.yields) add(yielded);
  std::vector<Fact> kept;
  // Backward, as facts are in terms of earlier atoms.
  for (const Fact& fact : arm.facts | std::views::reverse) {
    const Atom latest = fact.polynomial.latest();
    if (latest > arm.last_before && std::ranges::find(telling, latest) == telling.end()) continue;
    add(fact.polynomial);
    kept.push_back(fact);
  }
  std::ranges::reverse(kept);
  arm.facts = std::move(kept);
}

}  // namespace

void Ranges::Assume(ValueId condition, bool holds) {
  std::vector<Case> cases = CasesOf(condition, holds);
  // Code behind a condition that cannot hold is never reached.
  if (cases.empty()) return;
  if (cases.size() > 1) return facts_.AssumeOneOf(std::move(cases));
  for (const Fact& fact : cases.front().facts) facts_.Assume(fact);
}

// An impossible condition has no cases.
std::vector<Case> Ranges::CasesOf(ValueId condition, bool holds) const {
  if (const Op* constant = function_.ConstantOf(condition))
    return std::vector<Case>((constant->immediate != 0) == holds ? 1 : 0);
  const OpId def = function_.value(condition).def;
  if (!def.valid()) return {Case{}};
  const Op& op = function_.op(def);
  const auto of_operand = [&](size_t i, bool truth) {
    return CasesOf(function_.operand(op, i), truth);
  };
  switch (op.opcode) {
    case Opcode::kNot:
      return of_operand(0, !holds);
    case Opcode::kAnd:
    case Opcode::kOr:
      return (op.opcode == Opcode::kAnd) == holds
                 ? Both(of_operand(0, holds), of_operand(1, holds))
                 : Either(of_operand(0, holds), of_operand(1, holds));
    case Opcode::kSelect:
      return Either(Both(of_operand(0, true), of_operand(1, holds)),
                    Both(of_operand(0, false), of_operand(2, holds)));
    case Opcode::kIf: {
      const auto arms = arms_.find(def);
      if (arms == arms_.end()) return {Case{}};
      const auto results = function_.results_of(op);
      const auto k = static_cast<uint32_t>(std::ranges::find(results, condition) - results.begin());
      std::vector<Case> cases;
      for (size_t i : {0, 1}) {
        const Arm& arm = arms->second[i];
        const Op& yield = function_.terminator(function_.region_of(op, i));
        if (arm.completes)
          cases = Either(std::move(cases),
                         Both({Case{arm.facts}}, CasesOf(function_.operand(yield, k), holds)));
      }
      return cases;
    }
    default:
      return {Case{FactsOf(op, holds)}};
  }
}

// Something that is negative exactly where the value is: a xor b has the sign of a if b has none.
Polynomial Ranges::WithSignOf(ValueId value) const {
  const OpId def = function_.value(value).def;
  if (def.valid() && function_.op(def).opcode == Opcode::kXor)
    for (size_t i : {0, 1})
      if (RangeOf(function_.op(def), i).lo >= 0) return operand(function_.op(def), 1 - i);
  return FormOf(value);
}

// Of a comparison of integers.
std::vector<Fact> Ranges::FactsOf(const Op& op, bool holds) const {
  if (InfoOf(op.opcode).types != TypeRule::kCompare || !IsInteger(scalar(function_.operand(op, 0))))
    return {};
  constexpr ProofReason kReason = ProofReason::kCondition;
  const Polynomial b = operand(op, 1);
  const bool is_about_sign =
      b == Polynomial(0) && (op.opcode == Opcode::kLt || op.opcode == Opcode::kGe);
  const Polynomial a = is_about_sign ? WithSignOf(function_.operand(op, 0)) : operand(op, 0);
  switch (op.opcode) {
    case Opcode::kLt:
      return {{holds ? b - a - 1 : a - b, kReason}};
    case Opcode::kLe:
      return {{holds ? b - a : a - b - 1, kReason}};
    case Opcode::kGt:
      return {{holds ? a - b - 1 : b - a, kReason}};
    case Opcode::kGe:
      return {{holds ? a - b : b - a - 1, kReason}};
    default:
      break;
  }
  if ((op.opcode == Opcode::kEq) == holds) return {{a - b, kReason}, {b - a, kReason}};
  return {{a - b, kReason, Fact::Relation::kNotZero}};
}
void Ranges::DefineIf(OpId id, Arm then, Arm otherwise) {
  const Op& op = function_.op(id);
  const bool has_both = then.completes && otherwise.completes;
  for (uint32_t k = 0; k < op.results.count; ++k) {
    const ValueId result = function_.result(op, k);
    const auto yielded = [&](size_t i) {
      return function_.operand(function_.terminator(function_.region_of(op, i)), k);
    };
    if (!has_both) {
      Copy(yielded(then.completes ? 0 : 1), result);
    } else if (function_.type(result).is_array()) {
      if (std::ranges::equal(SizesOf(yielded(0)), SizesOf(yielded(1))))
        Copy(yielded(0), result);
      else
        DefineUnknown(result);
    } else if (HasForm(function_.type(result))) {
      const Polynomial &a = then.yields[k], &b = otherwise.yields[k];
      if (a == b)
        SetForm(result, a);
      else
        DefineWithCases(id, result, Hull(RangeOf(a), RangeOf(b)));
    }
  }
  if (op.results.count == 0) return;
  KeepTelling(then);
  KeepTelling(otherwise);
  arms_.insert_or_assign(id, std::array{std::move(then), std::move(otherwise)});
}

std::vector<Case> Ranges::CasesOf(Atom atom) const {
  const auto at = choices_.find(atom);
  if (at == choices_.end()) return {};
  const Op& op = function_.op(at->second);
  std::vector<Case> cases;
  const auto add = [&](std::vector<Case> when, const Polynomial& value) {
    for (Case& one : when) {
      one.values.emplace_back(atom, value);
      cases.push_back(std::move(one));
    }
  };
  const auto when = [&](bool holds) { return CasesOf(function_.operand(op, 0), holds); };
  switch (op.opcode) {
    case Opcode::kConvert:
      add(when(true), 1);
      add(when(false), 0);
      break;
    case Opcode::kSelect:
      add(when(true), operand(op, 1));
      add(when(false), operand(op, 2));
      break;
    case Opcode::kMin:
    case Opcode::kMax:
    case Opcode::kAbs: {
      const Polynomial a = operand(op, 0);
      const Polynomial b = op.opcode == Opcode::kAbs ? -a : operand(op, 1);
      const Polynomial lead = op.opcode == Opcode::kMin ? b - a : a - b;
      add({Case{{{lead, ProofReason::kType}}}}, a);
      add({Case{{{-lead, ProofReason::kType}}}}, b);
      break;
    }
    case Opcode::kIf:
      for (size_t i : {0, 1}) {
        const Arm& arm = arms_.at(at->second)[i];
        for (Case& one : Both({Case{arm.facts}}, when(i == 0))) {
          for (uint32_t k = 0; k < op.results.count; ++k) {
            const Polynomial result = FormOf(function_.result(op, k));
            const bool is_atom = result == Polynomial::Of(result.latest());
            if (is_atom && choices_.contains(result.latest()))
              one.values.emplace_back(result.latest(), arm.yields[k]);
          }
          cases.push_back(std::move(one));
        }
      }
      break;
    default:
      break;
  }
  return cases;
}

}  // namespace einkorn::ir
