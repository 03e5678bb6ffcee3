#include "ir/identities.h"

#include <algorithm>
#include <array>

#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

// --- Identities with a constant, and with equal operands, as rows

enum class Domain : uint8_t { kIntegers, kBits, kFloats };  // kBits: integers and bool
enum class Side : uint8_t { kRight, kEither };
enum class Special : uint8_t { kZero, kOne, kAllOnes, kMinusZero };
enum class Gives : uint8_t { kOther, kConstant, kZero };

struct ConstantRow {
  Opcode opcode;
  Domain domain;
  Side side;  // which operand is the constant
  Special constant;
  Gives gives;  // the other operand, the constant, or zero
};

// Under every rule: none of these can leave the range of its type. On floats only those that are
// exact for both zeros; x + 0.0 is not, since -0.0 + 0.0 is 0.0.
constexpr ConstantRow kConstantRows[] = {
    {Opcode::kAdd, Domain::kIntegers, Side::kEither, Special::kZero, Gives::kOther},
    {Opcode::kSub, Domain::kIntegers, Side::kRight, Special::kZero, Gives::kOther},
    {Opcode::kMul, Domain::kIntegers, Side::kEither, Special::kOne, Gives::kOther},
    {Opcode::kMul, Domain::kIntegers, Side::kEither, Special::kZero, Gives::kZero},
    {Opcode::kDiv, Domain::kIntegers, Side::kRight, Special::kOne, Gives::kOther},
    {Opcode::kRem, Domain::kIntegers, Side::kRight, Special::kOne, Gives::kZero},
    {Opcode::kShl, Domain::kIntegers, Side::kRight, Special::kZero, Gives::kOther},
    {Opcode::kShr, Domain::kIntegers, Side::kRight, Special::kZero, Gives::kOther},
    {Opcode::kRotl, Domain::kIntegers, Side::kRight, Special::kZero, Gives::kOther},
    {Opcode::kRotr, Domain::kIntegers, Side::kRight, Special::kZero, Gives::kOther},
    {Opcode::kAnd, Domain::kBits, Side::kEither, Special::kZero, Gives::kConstant},
    {Opcode::kAnd, Domain::kBits, Side::kEither, Special::kAllOnes, Gives::kOther},
    {Opcode::kOr, Domain::kBits, Side::kEither, Special::kZero, Gives::kOther},
    {Opcode::kOr, Domain::kBits, Side::kEither, Special::kAllOnes, Gives::kConstant},
    {Opcode::kXor, Domain::kBits, Side::kEither, Special::kZero, Gives::kOther},
    {Opcode::kAdd, Domain::kFloats, Side::kEither, Special::kMinusZero, Gives::kOther},
    {Opcode::kSub, Domain::kFloats, Side::kRight, Special::kZero, Gives::kOther},
    {Opcode::kMul, Domain::kFloats, Side::kEither, Special::kOne, Gives::kOther},
    {Opcode::kDiv, Domain::kFloats, Side::kRight, Special::kOne, Gives::kOther},
};

enum class Equal : uint8_t { kOperand, kZero, kTrue, kFalse };

struct EqualRow {
  Opcode opcode;
  bool on_floats;  // whether it holds for NaN as well
  Equal gives;
};

constexpr EqualRow kEqualRows[] = {
    {Opcode::kAnd, true, Equal::kOperand}, {Opcode::kOr, true, Equal::kOperand},
    {Opcode::kMin, true, Equal::kOperand}, {Opcode::kMax, true, Equal::kOperand},
    {Opcode::kSub, false, Equal::kZero},   {Opcode::kXor, true, Equal::kZero},
    {Opcode::kEq, false, Equal::kTrue},    {Opcode::kLe, false, Equal::kTrue},
    {Opcode::kGe, false, Equal::kTrue},    {Opcode::kNe, false, Equal::kFalse},
    {Opcode::kLt, true, Equal::kFalse},    {Opcode::kGt, true, Equal::kFalse},
};

bool IsIn(Domain domain, ScalarType type) {
  switch (domain) {
    case Domain::kIntegers:
      return IsInteger(type);
    case Domain::kBits:
      return !IsFloat(type);
    case Domain::kFloats:
      return IsFloat(type);
  }
  return false;
}

uint64_t BitsOfSpecial(Special special, ScalarType type) {
  switch (special) {
    case Special::kZero:
      return 0;
    case Special::kOne:
      return IsFloat(type) ? FloatBits(type, 1.0) : 1;
    case Special::kAllOnes:
      return Canonical(type, ~uint64_t{0});
    case Special::kMinusZero:
      return FloatBits(type, -0.0);
  }
  return 0;
}

// One operation with its operands looked up.
class Simplification {
 public:
  Simplification(const Function& function, const OpSpec& spec)
      : function_(function), spec_(spec), result_(spec.results[0].scalar) {
    for (ValueId operand : spec.operands) types_.push_back(function.type(operand).scalar);
  }

  Simpler Find() const {
    if (const auto bits = Folded()) return {.bits = bits};
    if (spec_.operands.size() == 2) {
      for (size_t i : {1, 0})
        if (const Simpler simpler = WithConstant(i); Found(simpler)) return simpler;
      if (spec_.operands[0] == spec_.operands[1])
        if (const Simpler simpler = WithEqual(); Found(simpler)) return simpler;
      return Comparison();
    }
    if (spec_.opcode == Opcode::kSelect) return Choice();
    if (spec_.opcode == Opcode::kConvert) return Conversion();
    return Inverse();
  }

 private:
  static bool Found(const Simpler& simpler) {
    return simpler.value.valid() || simpler.bits || simpler.op;
  }

  const Op* Constant(size_t i) const { return function_.ConstantOf(spec_.operands[i]); }
  bool IsConstant(size_t i, uint64_t bits) const {
    return Constant(i) != nullptr && Constant(i)->immediate == bits;
  }
  // The operation that defines an operand if it has this opcode.
  const Op* Definition(ValueId value, Opcode opcode) const {
    const OpId def = function_.value(value).def;
    return def.valid() && function_.op(def).opcode == opcode ? &function_.op(def) : nullptr;
  }

  Simpler Value(ValueId value) const { return {.value = value}; }
  Simpler Operation(Opcode opcode, std::vector<ValueId> operands) const {
    return {.op = OpSpec{.opcode = opcode,
                         .range = spec_.range,
                         .operands = std::move(operands),
                         .results = spec_.results}};
  }

  std::optional<uint64_t> Folded() const {
    std::vector<uint64_t> operands;
    for (size_t i = 0; i < spec_.operands.size(); ++i) {
      if (Constant(i) == nullptr) return std::nullopt;
      operands.push_back(Constant(i)->immediate);
    }
    const ScalarOutcome outcome = Evaluate(spec_.opcode, spec_.rule, types_, operands, result_);
    return outcome.fault ? std::nullopt : std::optional(outcome.bits);
  }

  // With operand `i` a constant.
  Simpler WithConstant(size_t i) const {
    if (Constant(i) == nullptr) return {};
    for (const ConstantRow& row : kConstantRows) {
      if (row.opcode != spec_.opcode || !IsIn(row.domain, types_[0])) continue;
      if (i == 0 && row.side == Side::kRight) continue;
      if (!IsConstant(i, BitsOfSpecial(row.constant, types_[i]))) continue;
      switch (row.gives) {
        case Gives::kOther:
          return Value(spec_.operands[1 - i]);
        case Gives::kConstant:
          return Value(spec_.operands[i]);
        case Gives::kZero:
          return {.bits = 0};
      }
    }
    return {};
  }

  Simpler WithEqual() const {
    for (const EqualRow& row : kEqualRows) {
      if (row.opcode != spec_.opcode || (IsFloat(types_[0]) && !row.on_floats)) continue;
      switch (row.gives) {
        case Equal::kOperand:
          return Value(spec_.operands[0]);
        case Equal::kZero:
        case Equal::kFalse:
          return {.bits = 0};
        case Equal::kTrue:
          return {.bits = 1};
      }
    }
    return {};
  }

  // Comparisons with true and false.
  Simpler Comparison() const {
    const bool is_equality = spec_.opcode == Opcode::kEq || spec_.opcode == Opcode::kNe;
    if (!is_equality || types_[0] != ScalarType::kBool) return {};
    for (size_t i : {0, 1}) {
      if (Constant(i) == nullptr) continue;
      const ValueId other = spec_.operands[1 - i];
      const bool keeps = (Constant(i)->immediate == 1) == (spec_.opcode == Opcode::kEq);
      return keeps ? Value(other) : Operation(Opcode::kNot, {other});
    }
    return {};
  }

  Simpler Choice() const {
    const ValueId condition = spec_.operands[0], then = spec_.operands[1],
                  other = spec_.operands[2];
    if (then == other) return Value(then);
    if (Constant(0) != nullptr) return Value(Constant(0)->immediate ? then : other);
    if (const Op* inverted = Definition(condition, Opcode::kNot))
      return Operation(Opcode::kSelect, {function_.operand(*inverted, 0), other, then});
    if (const Op* inner = Definition(then, Opcode::kSelect))
      if (function_.operand(*inner, 0) == condition)
        return Operation(Opcode::kSelect, {condition, function_.operand(*inner, 1), other});
    if (const Op* inner = Definition(other, Opcode::kSelect))
      if (function_.operand(*inner, 0) == condition)
        return Operation(Opcode::kSelect, {condition, then, function_.operand(*inner, 2)});
    if (result_ != ScalarType::kBool) return {};
    if (IsConstant(1, 1) && IsConstant(2, 0)) return Value(condition);
    if (IsConstant(1, 0) && IsConstant(2, 1)) return Operation(Opcode::kNot, {condition});
    if (IsConstant(1, 1)) return Operation(Opcode::kOr, {condition, other});
    if (IsConstant(2, 0)) return Operation(Opcode::kAnd, {condition, then});
    return {};
  }

  Simpler Conversion() const {
    if (types_[0] == result_) return Value(spec_.operands[0]);
    // There and back again.
    if (const Op* inner = Definition(spec_.operands[0], Opcode::kConvert)) {
      const ValueId original = function_.operand(*inner, 0);
      if (function_.type(original).scalar == result_ &&
          (KeepsValues(result_, types_[0]) || KeepsLowBits(*inner)))
        return Value(original);
    }
    return {};
  }

  // Whether this conversion between integers gives the low bits of a value, of which `inner` kept
  // enough.
  bool KeepsLowBits(const Op& inner) const {
    const auto cuts = [](Rule rule) { return rule == Rule::kNone || rule == Rule::kWrap; };
    return cuts(inner.rule) && cuts(spec_.rule) && IsInteger(types_[0]) && IsInteger(result_) &&
           BitsOf(types_[0]) >= BitsOf(result_);
  }

  // not not x, - -x. Where the inner operation may fault it stays, for its own sake; one that
  // saturates has lost the least value.
  Simpler Inverse() const {
    if (spec_.opcode != Opcode::kNot && spec_.opcode != Opcode::kNeg) return {};
    const Op* inner = Definition(spec_.operands[0], spec_.opcode);
    const bool inverts =
        inner != nullptr && inner->rule == spec_.rule && spec_.rule != Rule::kSaturate;
    return inverts ? Value(function_.operand(*inner, 0)) : Simpler();
  }

  const Function& function_;
  const OpSpec& spec_;
  ScalarType result_;
  std::vector<ScalarType> types_;
};

// --- Faults

// The value of operand `i` if it is an integer constant.
std::optional<Int128> ConstantOperand(const Function& function, const OpSpec& spec, size_t i) {
  const Op* constant = function.ConstantOf(spec.operands[i]);
  const ScalarType type = function.type(spec.operands[i]).scalar;
  if (constant == nullptr || !IsInteger(type)) return std::nullopt;
  return IntegerValue(type, constant->immediate);
}

FaultSet ImpossibleInDivision(const Function& function, const OpSpec& spec) {
  FaultSet impossible = 0;
  const auto dividend = ConstantOperand(function, spec, 0);
  const auto divisor = ConstantOperand(function, spec, 1);
  if (divisor && *divisor != 0) impossible |= kDivisionBit;
  const bool is_least = !dividend || *dividend == LeastOf(function.type(spec.operands[0]).scalar);
  if ((divisor && *divisor != -1) || !is_least) impossible |= kOverflowBit;
  return impossible;
}

FaultSet ImpossibleInShift(const Function& function, const OpSpec& spec) {
  const auto amount = ConstantOperand(function, spec, 1);
  const bool fits =
      amount && *amount >= 0 && *amount < BitsOf(function.type(spec.operands[0]).scalar);
  return fits ? kShiftBit : FaultSet{0};
}

// Steps are every third operand.
FaultSet ImpossibleInRanges(const Function& function, const OpSpec& spec, size_t ranges) {
  for (size_t k = 0; k < ranges; ++k)
    if (ConstantOperand(function, spec, 3 * k + 2).value_or(0) == 0) return 0;
  return kDivisionBit;
}

// What is always there for a lane's own arrays (language.md, section 5).
constexpr Int128 kSmallArrayBytes = 16 << 10;

FaultSet ImpossibleInArray(const Function& function, const OpSpec& spec) {
  Int128 bytes = BytesOf(spec.results[0].scalar);
  for (size_t d = 0; d < spec.results[0].rank; ++d) {
    const auto size = ConstantOperand(function, spec, d);
    if (!size || *size < 0 || *size > kSmallArrayBytes) return 0;
    bytes = std::min(bytes * *size, 2 * kSmallArrayBytes);
  }
  return bytes <= kSmallArrayBytes ? kShapeBit | kMemoryBit : kShapeBit;
}

// The size of dimension `d` of an array if it is constant.
std::optional<Int128> ConstantSize(const Function& function, ValueId array, size_t d) {
  const OpId def = function.value(array).def;
  if (def.valid()) {
    if (function.op(def).opcode != Opcode::kArray) return std::nullopt;
    const ValueId size = function.operand(function.op(def), d);
    const Op* constant = function.ConstantOf(size);
    if (constant == nullptr) return std::nullopt;
    return IntegerValue(function.type(size).scalar, constant->immediate);
  }
  for (const Param& param : function.params)
    if (param.value == array && param.shape[d].is_constant()) return param.shape[d].constant();
  return std::nullopt;
}

FaultSet ImpossibleInAccess(const Function& function, const OpSpec& spec) {
  const ValueId array = spec.operands[0];
  for (size_t d = 0; d < function.type(array).rank; ++d) {
    const auto index = ConstantOperand(function, spec, d + 1);
    const auto size = ConstantSize(function, array, d);
    if (!index || !size || *index < 0 || *index >= *size) return 0;
  }
  return kBoundsBit;
}

}  // namespace

bool KeepsValues(ScalarType from, ScalarType to) {
  if (from == to) return true;
  if (IsStorage(from)) return IsFloat(to);
  if (IsStorage(to)) return false;
  if (IsFloat(from)) return to == ScalarType::kF64;
  if (IsFloat(to)) {
    const int digits = to == ScalarType::kF32 ? 24 : 53;
    return BitsOf(from) - (IsSigned(from) ? 1 : 0) <= digits;
  }
  if (to == ScalarType::kBool) return false;
  return LeastOf(from) >= LeastOf(to) && GreatestOf(from) <= GreatestOf(to);
}

Simpler SimplerForm(const Function& function, const OpSpec& spec) {
  if (!HasScalarMeaning(spec.opcode)) return {};
  return Simplification(function, spec).Find();
}

FaultSet ImpossibleFaults(const Function& function, const OpSpec& spec) {
  const size_t ranges = spec.operands.size() / 3;
  struct Row {
    Opcode opcode;
    FaultSet (*find)(const Function&, const OpSpec&);
  };
  static constexpr Row rows[] = {
      {Opcode::kDiv, ImpossibleInDivision}, {Opcode::kRem, ImpossibleInDivision},
      {Opcode::kShl, ImpossibleInShift},    {Opcode::kShr, ImpossibleInShift},
      {Opcode::kArray, ImpossibleInArray},  {Opcode::kLoad, ImpossibleInAccess},
      {Opcode::kStore, ImpossibleInAccess}, {Opcode::kAtomic, ImpossibleInAccess},
  };
  const auto row = std::ranges::find(rows, spec.opcode, &Row::opcode);
  if (row != std::end(rows)) return row->find(function, spec);
  if (spec.opcode == Opcode::kFor) return ImpossibleInRanges(function, spec, 1);
  if (spec.opcode == Opcode::kParallel || spec.opcode == Opcode::kReduce)
    return ImpossibleInRanges(function, spec, ranges);
  const bool keeps = spec.opcode == Opcode::kConvert &&
                     (IsFloat(spec.results[0].scalar) ||
                      KeepsValues(function.type(spec.operands[0]).scalar, spec.results[0].scalar));
  return keeps ? kNarrowingBit : FaultSet{0};
}

}  // namespace einkorn::ir
