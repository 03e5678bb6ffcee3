// What each scalar operation says about its result.
#include <algorithm>
#include <array>
#include <bit>

#include "ir/ranges.h"

namespace einkorn::ir {
namespace {

// All numbers with no more bits than the greatest of the interval, which has no negative ones.
Interval OfItsBits(const Interval& range) {
  const auto most = static_cast<UInt128>(range.hi);
  const int bits = most >> 64 != 0 ? 128 : std::bit_width(static_cast<uint64_t>(most));
  return {0, bits >= 125 ? Interval::kUnbounded : (Int128(1) << bits) - 1};
}

// 2^k for the amounts of a shift of `width` bits that are no fault.
Interval PowersOf(const Interval& amount, int width) {
  const auto power = [&](Int128 k) {
    return Int128(1) << static_cast<int>(std::clamp(k, Int128(0), Int128(width - 1)));
  };
  return {power(amount.lo), power(amount.hi)};
}

}  // namespace

// No value leaves the range of its type.
Interval Ranges::RangeOf(const Op& op, size_t i) const {
  return Common(Interval::OfType(scalar(function_.operand(op, i))), facts_.RangeOf(operand(op, i)));
}

void Ranges::Define(OpId id) {
  const Op& op = function_.op(id);
  if (op.opcode == Opcode::kConstant) return;
  if (op.opcode == Opcode::kArray || op.opcode == Opcode::kView || op.opcode == Opcode::kLoad ||
      op.opcode == Opcode::kStore || op.opcode == Opcode::kAtomic)
    DefineAccess(op);
  if (op.results.count != 1 || !HasForm(function_.type(function_.result(op)))) {
    for (ValueId result : function_.results_of(op))
      if (op.opcode != Opcode::kArray && op.opcode != Opcode::kView) DefineUnknown(result);
    return;
  }
  DefineScalar(id);
}

// The mathematical result of a sum, difference, product or bitwise complement.
Polynomial Ranges::ExactForm(const Op& op) const {
  switch (op.opcode) {
    case Opcode::kAdd:
      return operand(op, 0) + operand(op, 1);
    case Opcode::kSub:
      return operand(op, 0) - operand(op, 1);
    case Opcode::kMul:
      return operand(op, 0) * operand(op, 1);
    case Opcode::kNeg:
      return -operand(op, 0);
    case Opcode::kNot: {
      const Interval type = Interval::OfType(scalar(function_.result(op)));
      return Polynomial(type.lo + type.hi) - operand(op, 0);
    }
    default:
      return Polynomial::Unknown();
  }
}

void Ranges::DefineScalar(OpId id) {
  const Op& op = function_.op(id);
  const ValueId result = function_.result(op);
  const int width = BitsOf(scalar(result));
  switch (op.opcode) {
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMul:
    case Opcode::kNeg:
    case Opcode::kNot:
      return DefineArithmetic(op);
    case Opcode::kAbs:
    case Opcode::kMin:
    case Opcode::kMax:
      return DefineExtreme(id, op);
    case Opcode::kDiv:
    case Opcode::kRem:
      return DefineQuotient(op);
    case Opcode::kShl: {
      const Interval powers = PowersOf(RangeOf(op, 1), width);
      const Polynomial exact = operand(op, 0) * powers.lo;
      ProofReason reason = ProofReason::kType;
      const bool is_exact = op.rule == Rule::kChecked || ProveShiftFits(op, reason);
      if (is_exact && powers.lo == powers.hi && exact.is_known()) return SetForm(result, exact);
      DefineAtom(result, is_exact ? RangeOf(op, 0) * powers : Interval{});
      return;
    }
    case Opcode::kShr:
      return DefineShiftRight(op);
    case Opcode::kAnd:
    case Opcode::kOr:
    case Opcode::kXor:
      return DefineBits(op);
    case Opcode::kPopcount:
    case Opcode::kCtz:
    case Opcode::kClz: {
      const Interval range = RangeOf(op, 0);
      if (op.opcode == Opcode::kClz && range.lo >= 0) {
        const auto zeros = [&](Int128 value) {
          return width - std::bit_width(static_cast<uint64_t>(value));
        };
        DefineAtom(result, {zeros(range.hi), zeros(range.lo)});
        return;
      }
      const bool is_zero_out = op.opcode != Opcode::kPopcount && !range.contains(0);
      DefineAtom(result, {0, width - (is_zero_out ? 1 : 0)});
      return;
    }
    case Opcode::kSelect:
      return DefineChoice(id, op);
    case Opcode::kConvert:
      return DefineConversion(id, op);
    default:
      DefineUnknown(result);
  }
}

void Ranges::DefineArithmetic(const Op& op) {
  const ValueId result = function_.result(op);
  const Polynomial exact = ExactForm(op);
  const Interval type = Interval::OfType(scalar(result));
  ProofReason reason = ProofReason::kType;
  if (op.rule == Rule::kChecked && exact.is_known()) {
    // The check was passed. Of long sums with the far ends of a type nothing follows in practice.
    const bool is_short = exact.terms().size() <= 2;
    if (is_short || type.lo == 0) facts_.Assume(exact - type.lo, ProofReason::kCondition);
    if (is_short) facts_.Assume(Polynomial(type.hi) - exact, ProofReason::kCondition);
    return SetForm(result, exact);
  }
  if (op.rule != Rule::kSaturate && ProveFits(exact, type, reason)) return SetForm(result, exact);
  DefineAtom(result, op.rule == Rule::kSaturate ? RangeOf(exact) : Interval{});
}

void Ranges::DefineQuotient(const Op& op) {
  const Polynomial a = operand(op, 0), b = operand(op, 1);
  const Interval dividend = RangeOf(op, 0), divisor = RangeOf(op, 1);
  const bool is_quotient = op.opcode == Opcode::kDiv;
  const Interval range = is_quotient ? Quotient(dividend, divisor) : Remainder(dividend, divisor);
  const Polynomial multiple = is_quotient ? Polynomial::Unknown() : SomeMultiple(b);
  const Polynomial x = Polynomial::Of(DefineAtom(function_.result(op), range));
  constexpr ProofReason kReason = ProofReason::kType;
  AssumeSum(a, multiple, x);
  // The check that b is not 0 was passed.
  facts_.Assume({b, ProofReason::kCondition, Fact::Relation::kNotZero});
  if (!facts_.Proves(b - 1)) return;
  const bool is_positive = facts_.Proves(a);
  if (is_quotient) {
    if (!is_positive) return;
    facts_.Assume(x, kReason);
    facts_.Assume(a - x, kReason);
    facts_.Assume(a - b * x, kReason);
    facts_.Assume(b * x + b - 1 - a, kReason);
    return;
  }
  facts_.Assume(b - 1 - x, kReason);
  facts_.Assume(is_positive ? x : b - 1 + x, kReason);
  if (is_positive) facts_.Assume(a - x, kReason);
}

// A multiple of a constant that is not looked into; else unknown.
Polynomial Ranges::SomeMultiple(const Polynomial& constant) {
  if (!constant.is_constant()) return Polynomial::Unknown();
  return Polynomial::Of(facts_.NewAtom({})) * constant;
}

// a = b + c
void Ranges::AssumeSum(const Polynomial& a, const Polynomial& b, const Polynomial& c) {
  facts_.Assume(a - b - c, ProofReason::kType);
  facts_.Assume(b + c - a, ProofReason::kType);
}

void Ranges::DefineShiftRight(const Op& op) {
  const Polynomial a = operand(op, 0);
  const Interval dividend = RangeOf(op, 0);
  const Interval powers = PowersOf(RangeOf(op, 1), BitsOf(scalar(function_.result(op))));
  const auto shifted = [](Int128 value, Int128 power) {
    return (value - (value < 0 ? power - 1 : 0)) / power;
  };
  const Interval range = Hull({shifted(dividend.lo, powers.lo), shifted(dividend.hi, powers.lo)},
                              {shifted(dividend.lo, powers.hi), shifted(dividend.hi, powers.hi)});
  const Polynomial x = Polynomial::Of(DefineAtom(function_.result(op), range));
  if (powers.lo == powers.hi) {
    facts_.Assume(a - x * powers.lo, ProofReason::kType);
    facts_.Assume(x * powers.lo + powers.lo - 1 - a, ProofReason::kType);
    if (range.lo < 0 && facts_.Proves(a)) facts_.Assume(x, ProofReason::kType);
  } else if (dividend.lo >= 0) {
    facts_.Assume(a - x, ProofReason::kType);
  }
}

// A mask that keeps the sign rounds down, by at most what it clears.
void Ranges::DefineBits(const Op& op) {
  const Polynomial a = operand(op, 0), b = operand(op, 1);
  const Interval left = RangeOf(op, 0), right = RangeOf(op, 1);
  const bool are_positive = left.lo >= 0 && right.lo >= 0;
  const ValueId result = function_.result(op);
  const Interval type = Interval::OfType(scalar(result));
  if (op.opcode != Opcode::kAnd) {
    const Polynomial x =
        Polynomial::Of(DefineAtom(result, are_positive ? OfItsBits(Hull(left, right)) : type));
    if (!are_positive) return;
    facts_.Assume(a + b - x, ProofReason::kType);
    if (op.opcode == Opcode::kXor) return;
    facts_.Assume(x - a, ProofReason::kType);
    facts_.Assume(x - b, ProofReason::kType);
    return;
  }
  Interval range = type;
  if (left.lo >= 0) range = {0, std::min(range.hi, left.hi)};
  if (right.lo >= 0) range = {0, std::min(range.hi, right.hi)};
  // A mask of low bits gives a remainder.
  const auto is_low_bits = [](const Interval& mask) {
    return mask.lo == mask.hi && mask.lo > 0 && (mask.lo & (mask.lo + 1)) == 0;
  };
  const Polynomial multiple =
      is_low_bits(right) ? SomeMultiple(right.lo + 1) : Polynomial::Unknown();
  const Polynomial x = Polynomial::Of(DefineAtom(result, range));
  AssumeSum(a, multiple, x);
  const auto bound = [&](const Polynomial& value, const Interval& its, const Interval& mask) {
    if (its.lo >= 0) facts_.Assume(value - x, ProofReason::kType);
    if (mask.lo != mask.hi) return;
    const Int128 cleared = type.lo < 0 ? -1 - mask.lo : type.hi - mask.lo;
    if (cleared < 0) return;
    facts_.Assume(value - x, ProofReason::kType);
    facts_.Assume(x + cleared - value, ProofReason::kType);
  };
  bound(a, left, right);
  bound(b, right, left);
}

void Ranges::DefineExtreme(OpId id, const Op& op) {
  const ValueId result = function_.result(op);
  const Polynomial a = operand(op, 0);
  const bool is_abs = op.opcode == Opcode::kAbs, is_min = op.opcode == Opcode::kMin;
  const Polynomial b = is_abs ? -a : operand(op, 1);
  const Interval left = RangeOf(op, 0), right = is_abs ? -left : RangeOf(op, 1);
  if (is_abs && op.rule != Rule::kChecked && !right.is_within(Interval::OfType(scalar(result))))
    return static_cast<void>(DefineUnknown(result));
  if (facts_.Proves(a - b)) return SetForm(result, is_min ? b : a);
  if (facts_.Proves(b - a)) return SetForm(result, is_min ? a : b);
  const Interval range = is_min
                             ? Interval{std::min(left.lo, right.lo), std::min(left.hi, right.hi)}
                             : Interval{std::max(left.lo, right.lo), std::max(left.hi, right.hi)};
  DefineWithCases(id, result, range);
  const Polynomial x = FormOf(result);
  facts_.Assume(is_min ? a - x : x - a, ProofReason::kType);
  facts_.Assume(is_min ? b - x : x - b, ProofReason::kType);
}

void Ranges::DefineChoice(OpId id, const Op& op) {
  const ValueId result = function_.result(op);
  const Polynomial a = operand(op, 1), b = operand(op, 2);
  if (a == b) return SetForm(result, a);
  DefineWithCases(id, result, Hull(RangeOf(op, 1), RangeOf(op, 2)));
}

void Ranges::DefineConversion(OpId id, const Op& op) {
  const ValueId result = function_.result(op);
  const ScalarType from = scalar(function_.operand(op, 0));
  if (from == ScalarType::kBool) return DefineWithCases(id, result, {0, 1});
  if (!IsInteger(from)) return static_cast<void>(DefineUnknown(result));
  const Polynomial a = operand(op, 0);
  const Interval type = Interval::OfType(scalar(result));
  ProofReason reason = ProofReason::kType;
  if (op.rule == Rule::kChecked) {
    facts_.Assume(Polynomial(type.hi) - a, ProofReason::kCondition);
    facts_.Assume(a - type.lo, ProofReason::kCondition);
    return SetForm(result, a);
  }
  if (ProveFits(a, type, reason)) return SetForm(result, a);
  DefineAtom(result, op.rule == Rule::kSaturate ? RangeOf(op, 0) : type);
}
bool Ranges::ProveShiftFits(const Op& op, ProofReason& reason) {
  const ScalarType type = scalar(function_.result(op));
  const Polynomial amount = operand(op, 1);
  const Interval powers = PowersOf(RangeOf(amount), BitsOf(type));
  if (powers.lo == powers.hi)
    return ProveFits(operand(op, 0) * powers.lo, Interval::OfType(type), reason);
  return (RangeOf(op, 0) * powers).is_within(Interval::OfType(type));
}

}  // namespace einkorn::ir
