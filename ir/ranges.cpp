#include "ir/ranges.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <ranges>

namespace einkorn::ir {
namespace {

// A condition that is met in more ways than these is not looked into.
constexpr size_t kMostCases = 4;
constexpr Int128 kMostSize = std::numeric_limits<int64_t>::max();

bool IsIntegerScalar(Type type) {
  return type.is_scalar() && IsInteger(type.scalar);
}

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

Ranges::Ranges(const Function& function)
    : function_(function),
      forms_(function.values.size(), Polynomial::Unknown()),
      facts_([this](Atom atom, int sign) { return CasesOf(atom, sign); }) {
  DefineParams();
}

// --- Parameters and arrays

// What the launch has compared, or the caller: each size is what the symbols make of it.
void Ranges::DefineParams() {
  for (const Param& param : function_.params)
    if (param.kind == ParamKind::kSymbol)
      SetForm(param.value, Polynomial::Of(facts_.NewAtom({0, kMostSize}, ProofReason::kShape)));
    else if (IsIntegerScalar(function_.type(param.value)))
      DefineUnknown(param.value);
  for (const Param& param : function_.params) {
    if (!param.is_array()) continue;
    std::vector<Polynomial> sizes;
    for (const ShapeExpr& size : param.shape) sizes.push_back(FormOf(size));
    AssumeSizes(sizes, scalar(param.value), ProofReason::kShape);
    SetSizes(param.value, std::move(sizes));
  }
}

Polynomial Ranges::FormOf(const ShapeExpr& size) const {
  Polynomial sum;
  for (const ShapeTerm& term : size.terms) {
    Polynomial product = term.coefficient;
    for (uint32_t symbol : term.symbols) product = product * FormOf(function_.params[symbol].value);
    sum = sum + product;
  }
  return sum;
}

// No size is negative, and the elements of an array fit into what arrays may take. An empty one may
// have sizes of any magnitude, but their product is 0.
void Ranges::AssumeSizes(std::span<const Polynomial> sizes, ScalarType element,
                         ProofReason reason) {
  Polynomial elements = 1;
  for (const Polynomial& size : sizes) {
    facts_.Assume(size, reason);
    facts_.Assume(Polynomial(kMostSize) - size, reason);
    elements = elements * size;
  }
  facts_.Assume(Polynomial(kMostArrayBytes / BytesOf(element)) - elements, reason);
}

Polynomial Ranges::FormOf(ValueId value) const {
  if (!IsIntegerScalar(function_.type(value))) return Polynomial::Unknown();
  if (const Op* constant = function_.ConstantOf(value))
    return IntegerValue(scalar(value), constant->immediate);
  return forms_[value.index];
}

std::span<const Polynomial> Ranges::SizesOf(ValueId array) const {
  const auto at = sizes_.find(array);
  return at == sizes_.end() ? std::span<const Polynomial>() : at->second;
}

void Ranges::SetSizes(ValueId array, std::vector<Polynomial> sizes) {
  sizes_.insert_or_assign(array, std::move(sizes));
}

void Ranges::Copy(ValueId from, ValueId to) {
  if (!function_.type(from).is_array()) return SetForm(to, FormOf(from));
  const auto sizes = SizesOf(from);
  SetSizes(to, {sizes.begin(), sizes.end()});
}

Atom Ranges::DefineUnknown(ValueId value) {
  const Type type = function_.type(value);
  if (IsIntegerScalar(type)) return DefineAtom(value, Interval::OfType(type.scalar));
  if (!type.is_array()) return 0;
  std::vector<Polynomial> sizes;
  for (int d = 0; d < type.rank; ++d)
    sizes.push_back(Polynomial::Of(facts_.NewAtom({0, kMostSize}, ProofReason::kShape)));
  SetSizes(value, std::move(sizes));
  return 0;
}

Atom Ranges::DefineAtom(ValueId value, Interval range) {
  const Atom atom = facts_.NewAtom(Common(Interval::OfType(scalar(value)), range));
  SetForm(value, Polynomial::Of(atom));
  return atom;
}

void Ranges::DefineWithCases(OpId id, ValueId value, Interval range) {
  choices_.emplace(DefineAtom(value, range), id);
}

// --- Checks

bool Ranges::Prove(const Polynomial& polynomial, ProofReason& reason) {
  if (!facts_.Proves(polynomial)) return false;
  reason = std::max(reason, facts_.reason());
  return true;
}

bool Ranges::ProveFits(const Polynomial& polynomial, const Interval& range, ProofReason& reason) {
  return Prove(Polynomial(range.hi) - polynomial, reason) && Prove(polynomial - range.lo, reason);
}

FaultSet Ranges::ImpossibleFaults(const Op& op, ProofReason& reason) {
  const auto type = [&] { return Interval::OfType(scalar(function_.result(op))); };
  const auto bit_if = [&](FaultSet bit, auto is_proved) {
    return (op.checks & bit) != 0 && is_proved() ? bit : FaultSet{0};
  };
  const auto not_zero = [&](size_t i) {
    const bool is_proved = facts_.ProvesNotZero(operand(op, i));
    if (is_proved) reason = std::max(reason, facts_.reason());
    return is_proved;
  };
  switch (op.opcode) {
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMul:
    case Opcode::kNeg:
      return bit_if(kOverflowBit, [&] { return ProveFits(ExactForm(op), type(), reason); });
    case Opcode::kAbs:
      return bit_if(kOverflowBit, [&] { return Prove(operand(op, 0) - (type().lo + 1), reason); });
    case Opcode::kDiv:
    case Opcode::kRem: {
      FaultSet impossible = bit_if(kDivisionBit, [&] { return not_zero(1); });
      const auto fits = [&] {
        return Prove(operand(op, 0) - (type().lo + 1), reason) ||
               facts_.ProvesNotZero(operand(op, 1) + 1);
      };
      return impossible | bit_if(kOverflowBit, fits);
    }
    case Opcode::kShl:
    case Opcode::kShr: {
      const Interval amounts{0, BitsOf(scalar(function_.result(op))) - 1};
      const FaultSet impossible =
          bit_if(kShiftBit, [&] { return ProveFits(operand(op, 1), amounts, reason); });
      return impossible | bit_if(kOverflowBit, [&] {
               return op.opcode == Opcode::kShl && ProveShiftFits(op, reason);
             });
    }
    case Opcode::kConvert:
      return bit_if(kNarrowingBit, [&] { return ProveFits(operand(op, 0), type(), reason); });
    case Opcode::kLoad:
    case Opcode::kStore:
    case Opcode::kAtomic:
      return bit_if(kBoundsBit, [&] { return ProveIndices(op, reason); });
    case Opcode::kView:
      return bit_if(kBoundsBit, [&] { return ProveView(op, reason); });
    case Opcode::kArray: {
      const size_t rank = function_.type(function_.result(op)).rank;
      for (size_t d = 0; d < rank; ++d)
        if (!Prove(operand(op, d), reason)) return 0;
      return kShapeBit;
    }
    case Opcode::kFor:
      return bit_if(kDivisionBit, [&] { return not_zero(2); });
    case Opcode::kParallel:
    case Opcode::kReduce:
      for (size_t k = 2; k < op.operands.count; k += 3)
        if (!not_zero(k)) return 0;
      return kDivisionBit;
    default:
      return 0;
  }
}

bool Ranges::ProveIndices(const Op& op, ProofReason& reason) {
  const auto sizes = SizesOf(function_.operand(op, 0));
  for (size_t d = 0; d < sizes.size(); ++d) {
    const Polynomial index = operand(op, d + 1);
    if (!Prove(sizes[d] - index - 1, reason) || !Prove(index, reason)) return false;
  }
  return !sizes.empty();
}

bool Ranges::ProveView(const Op& op, ProofReason& reason) {
  const auto sizes = SizesOf(function_.operand(op, 0));
  size_t next = 1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    const Polynomial from = operand(op, next++);
    if (!Prove(from, reason)) return false;
    if (((op.immediate >> d) & 1) == 0) {
      if (!Prove(sizes[d] - from - 1, reason)) return false;
      continue;
    }
    const Polynomial to = operand(op, next++);
    if (!Prove(to - from, reason) || !Prove(sizes[d] - to, reason)) return false;
  }
  return !sizes.empty();
}

bool Ranges::ProveShiftFits(const Op& op, ProofReason& reason) {
  const ScalarType type = scalar(function_.result(op));
  const Polynomial amount = operand(op, 1);
  const Interval powers = PowersOf(RangeOf(amount), BitsOf(type));
  if (powers.lo == powers.hi)
    return ProveFits(operand(op, 0) * powers.lo, Interval::OfType(type), reason);
  return (RangeOf(op, 0) * powers).is_within(Interval::OfType(type));
}

// --- Scalars

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
  if (op.results.count != 1 || !IsIntegerScalar(function_.type(function_.result(op)))) {
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
  } else if (dividend.lo >= 0) {
    facts_.Assume(a - x, ProofReason::kType);
  }
}

// A mask that ends in zeros rounds down, whatever the signs are.
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
    if (cleared < 0 || (cleared & (cleared + 1)) != 0) return;
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

// The indices or sizes were found right.
void Ranges::DefineAccess(const Op& op) {
  constexpr ProofReason kReason = ProofReason::kCondition;
  if (op.opcode == Opcode::kArray) {
    const ValueId result = function_.result(op);
    std::vector<Polynomial> sizes;
    for (size_t d = 0; d < function_.type(result).rank; ++d) sizes.push_back(operand(op, d));
    AssumeSizes(sizes, scalar(result), ProofReason::kShape);
    return SetSizes(result, std::move(sizes));
  }
  const auto sizes = SizesOf(function_.operand(op, 0));
  std::vector<Polynomial> kept;
  size_t next = 1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    const Polynomial from = operand(op, next++);
    facts_.Assume(from, kReason);
    if (op.opcode != Opcode::kView || ((op.immediate >> d) & 1) == 0) {
      facts_.Assume(sizes[d] - from - 1, kReason);
      continue;
    }
    const Polynomial to = operand(op, next++);
    facts_.Assume(to - from, kReason);
    facts_.Assume(sizes[d] - to, kReason);
    kept.push_back(to - from);
  }
  if (op.opcode == Opcode::kView) SetSizes(function_.result(op), std::move(kept));
}

// --- Conditions and choices

void Ranges::Assume(ValueId condition, bool holds) {
  std::vector<Case> cases = CasesOf(condition, holds);
  // Code behind a condition that cannot hold is never reached.
  if (cases.empty()) return;
  if (cases.size() > 1) return facts_.AssumeOneOf(std::move(cases));
  for (const Fact& fact : cases.front().facts) facts_.Assume(fact);
}

namespace {

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

}  // namespace

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

namespace {

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
    } else if (IsIntegerScalar(function_.type(result))) {
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

std::vector<Case> Ranges::CasesOf(Atom atom, int sign) const {
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
      // A minimum is below both, as facts say.
      if (sign == (op.opcode == Opcode::kMin ? -1 : 1)) break;
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
