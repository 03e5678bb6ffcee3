#include "ir/ranges.h"

#include <limits>

namespace einkorn::ir {
namespace {

constexpr Int128 kMostSize = std::numeric_limits<int64_t>::max();

}  // namespace

Ranges::Ranges(const Function& function)
    : function_(function),
      forms_(function.values.size(), Polynomial::Unknown()),
      facts_([this](Atom atom) { return CasesOf(atom); }) {
  DefineParams();
}

// --- Parameters and arrays

// What the launch has compared, or the caller: each size is what the symbols make of it.
void Ranges::DefineParams() {
  for (const Param& param : function_.params)
    if (param.kind == ParamKind::kSymbol)
      SetForm(param.value, Polynomial::Of(facts_.NewAtom({0, kMostSize}, ProofReason::kShape)));
    else if (HasForm(function_.type(param.value)))
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
  if (!HasForm(function_.type(value))) return Polynomial::Unknown();
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
  if (HasForm(type)) return DefineAtom(value, Interval::OfType(type.scalar));
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

}  // namespace einkorn::ir
