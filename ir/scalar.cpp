#include "ir/scalar.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "base/result.h"

namespace einkorn {
namespace {

using Types = std::span<const ScalarType>;
using Operands = std::span<const uint64_t>;

ScalarOutcome Value(uint64_t bits) {
  return {bits, std::nullopt};
}
ScalarOutcome Truth(bool holds) {
  return {holds ? uint64_t{1} : uint64_t{0}, std::nullopt};
}

// --- Integers. Every exact result but the product of two u64 fits an Int128.

// The exact value `exact` under `rule`.
ScalarOutcome FitInteger(Rule rule, ScalarType type, Int128 exact) {
  const uint64_t low = IntegerBits(type, exact);
  if (rule == Rule::kNone || rule == Rule::kWrap || IntegerValue(type, low) == exact)
    return Value(low);
  if (rule == Rule::kChecked) return {low, FaultKind::kOverflow};
  return Value(IntegerBits(type, exact < 0 ? LeastOf(type) : GreatestOf(type)));
}

ScalarOutcome MultiplyIntegers(Rule rule, ScalarType type, uint64_t a, uint64_t b) {
  if (IsSigned(type)) return FitInteger(rule, type, IntegerValue(type, a) * IntegerValue(type, b));
  // Unsigned products are cut to what an Int128 holds without becoming one that fits.
  const UInt128 product = UInt128(a) * b;
  if ((product >> 64) == 0) return FitInteger(rule, type, static_cast<Int128>(product));
  const Int128 beyond = (Int128(1) << 64) | static_cast<Int128>(static_cast<uint64_t>(product));
  return FitInteger(rule, type, beyond);
}

ScalarOutcome DivideIntegers(ScalarType type, uint64_t a, uint64_t b) {
  if (b == 0) return {0, FaultKind::kDivision};
  return FitInteger(Rule::kChecked, type, IntegerValue(type, a) / IntegerValue(type, b));
}

ScalarOutcome Remainder(ScalarType type, uint64_t a, uint64_t b) {
  if (b == 0) return {0, FaultKind::kDivision};
  return Value(IntegerBits(type, IntegerValue(type, a) % IntegerValue(type, b)));
}

// Whether `amount` is a shift amount for values of `type`.
bool IsShiftAmount(ScalarType type, Int128 amount) {
  return amount >= 0 && amount < BitsOf(type);
}

ScalarOutcome ShiftLeft(Rule rule, Types types, Operands operands) {
  const Int128 amount = IntegerValue(types[1], operands[1]);
  if (!IsShiftAmount(types[0], amount)) return {0, FaultKind::kShift};
  // Multiplied, because a negative value must not be shifted; the product fits 127 bits.
  const Int128 power = Int128(1) << static_cast<int>(amount);
  return FitInteger(rule, types[0], IntegerValue(types[0], operands[0]) * power);
}

ScalarOutcome ShiftRight(Types types, Operands operands) {
  const Int128 amount = IntegerValue(types[1], operands[1]);
  if (!IsShiftAmount(types[0], amount)) return {0, FaultKind::kShift};
  const Int128 value = IntegerValue(types[0], operands[0]);
  return Value(IntegerBits(types[0], value >> static_cast<int>(amount)));
}

// `sign` is 1 to the left, -1 to the right.
ScalarOutcome Rotate(Types types, Operands operands, int sign) {
  const int width = BitsOf(types[0]);
  const Int128 remainder = sign * IntegerValue(types[1], operands[1]) % width;
  const int left = static_cast<int>(remainder < 0 ? remainder + width : remainder);
  const uint64_t bits = operands[0];
  if (left == 0) return Value(bits);
  return Value(Canonical(types[0], (bits << left) | (bits >> (width - left))));
}

uint64_t ReverseBits(int width, uint64_t bits) {
  uint64_t reversed = 0;
  for (int i = 0; i < width; ++i) reversed |= ((bits >> i) & 1) << (width - 1 - i);
  return reversed;
}

uint64_t SwapBytes(int width, uint64_t bits) {
  uint64_t swapped = 0;
  for (int i = 0; i < width; i += 8) swapped |= ((bits >> i) & 0xff) << (width - 8 - i);
  return swapped;
}

uint64_t InvertBits(ScalarType type, uint64_t bits) {
  return Canonical(type, ~bits);
}

// --- Floats. Each operation is one rounded operation of its own precision.

template <typename Float>
using BitsOfFloat = std::conditional_t<std::is_same_v<Float, float>, uint32_t, uint64_t>;

template <typename Float>
Float AsFloat(uint64_t bits) {
  return std::bit_cast<Float>(static_cast<BitsOfFloat<Float>>(bits));
}

uint64_t ResultBits(float value) {
  return std::isnan(value) ? CanonicalNan(ScalarType::kF32) : std::bit_cast<uint32_t>(value);
}
uint64_t ResultBits(double value) {
  return std::isnan(value) ? CanonicalNan(ScalarType::kF64) : std::bit_cast<uint64_t>(value);
}

// Calls `function` with the operand or operands as floats of `type` and returns the result's bits.
template <typename Function>
ScalarOutcome OnFloat(ScalarType type, uint64_t a, Function function) {
  if (type == ScalarType::kF32) return Value(ResultBits(function(AsFloat<float>(a))));
  return Value(ResultBits(function(AsFloat<double>(a))));
}

template <typename Function>
ScalarOutcome OnFloats(ScalarType type, Operands ab, Function function) {
  if (type == ScalarType::kF32)
    return Value(ResultBits(function(AsFloat<float>(ab[0]), AsFloat<float>(ab[1]))));
  return Value(ResultBits(function(AsFloat<double>(ab[0]), AsFloat<double>(ab[1]))));
}

template <typename Float>
Float LesserFloat(Float a, Float b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<Float>::quiet_NaN();
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

template <typename Float>
Float GreaterFloat(Float a, Float b) {
  return -LesserFloat(-a, -b);
}

uint64_t CanonicalFloat(ScalarType type, uint64_t bits) {
  return IsNan(type, bits) ? CanonicalNan(type) : bits;
}

uint64_t SignBit(ScalarType type) {
  return uint64_t{1} << (BitsOf(type) - 1);
}

// --- Comparison

// Below, equal, above, or unordered.
struct Order {
  bool less, equal, greater;
};

Order Compare(ScalarType type, uint64_t a, uint64_t b) {
  if (IsFloat(type)) {
    const double x = FloatValue(type, a), y = FloatValue(type, b);
    return {x < y, x == y, x > y};
  }
  const Int128 x = IntegerValue(type, a), y = IntegerValue(type, b);
  return {x < y, x == y, x > y};
}

// --- Conversion

ScalarOutcome FloatToInteger(Rule rule, ScalarType from, uint64_t bits, ScalarType to) {
  const double value = std::trunc(FloatValue(from, bits));
  // Both bounds are powers of two or 0, so they are exact.
  const double least = static_cast<double>(LeastOf(to));
  const double beyond = static_cast<double>(GreatestOf(to) + 1);
  if (value >= least && value < beyond) return Value(IntegerBits(to, static_cast<Int128>(value)));
  if (rule == Rule::kChecked) return {0, FaultKind::kNarrowing};
  if (std::isnan(value)) return Value(0);
  return Value(IntegerBits(to, value < 0 ? LeastOf(to) : GreatestOf(to)));
}

uint64_t IntegerToFloat(ScalarType from, uint64_t bits, ScalarType to) {
  // From 64 bits directly, so that there is one rounding.
  const auto round = [&](auto integer) {
    return to == ScalarType::kF32 ? ResultBits(static_cast<float>(integer))
                                  : ResultBits(static_cast<double>(integer));
  };
  const Int128 value = IntegerValue(from, bits);
  return IsSigned(from) ? round(static_cast<int64_t>(value)) : round(static_cast<uint64_t>(value));
}

ScalarOutcome Convert(Rule rule, ScalarType from, uint64_t bits, ScalarType to) {
  if (IsFloatOrStorage(from) && IsFloatOrStorage(to))
    return Value(CanonicalFloat(to, from == to ? bits : FloatBits(to, FloatValue(from, bits))));
  if (IsFloat(from)) return FloatToInteger(rule, from, bits, to);
  if (IsFloat(to)) return Value(IntegerToFloat(from, bits, to));
  ScalarOutcome outcome = FitInteger(rule, to, IntegerValue(from, bits));
  if (outcome.fault) outcome.fault = FaultKind::kNarrowing;
  return outcome;
}

}  // namespace

uint64_t CanonicalNan(ScalarType type) {
  if (IsStorage(type)) return FloatBits(type, std::nan(""));
  return type == ScalarType::kF32 ? uint64_t{0x7fc00000} : uint64_t{0x7ff8000000000000};
}

bool HasScalarMeaning(Opcode opcode) {
  return opcode > Opcode::kConstant && opcode < Opcode::kArray;
}

ScalarOutcome Evaluate(Opcode opcode, Rule rule, Types types, Operands operands,
                       ScalarType result) {
  const ScalarType type = types[0];
  const uint64_t a = operands[0];
  const uint64_t b = operands.size() > 1 ? operands[1] : 0;
  const bool is_float = IsFloat(type);
  const auto integer = [&](uint64_t bits) { return IntegerValue(type, bits); };
  switch (opcode) {
    case Opcode::kAdd:
      if (is_float) return OnFloats(type, operands, [](auto x, auto y) { return x + y; });
      return FitInteger(rule, type, integer(a) + integer(b));
    case Opcode::kSub:
      if (is_float) return OnFloats(type, operands, [](auto x, auto y) { return x - y; });
      return FitInteger(rule, type, integer(a) - integer(b));
    case Opcode::kMul:
      if (is_float) return OnFloats(type, operands, [](auto x, auto y) { return x * y; });
      return MultiplyIntegers(rule, type, a, b);
    case Opcode::kNeg:
      if (is_float) return Value(CanonicalFloat(type, a ^ SignBit(type)));
      return FitInteger(rule, type, -integer(a));
    case Opcode::kAbs:
      if (is_float) return Value(CanonicalFloat(type, a & ~SignBit(type)));
      return FitInteger(rule, type, integer(a) < 0 ? -integer(a) : integer(a));
    case Opcode::kDiv:
      if (is_float) return OnFloats(type, operands, [](auto x, auto y) { return x / y; });
      return DivideIntegers(type, a, b);
    case Opcode::kRem:
      return Remainder(type, a, b);
    case Opcode::kMin:
      if (is_float)
        return OnFloats(type, operands, [](auto x, auto y) { return LesserFloat(x, y); });
      return Value(integer(a) < integer(b) ? a : b);
    case Opcode::kMax:
      if (is_float)
        return OnFloats(type, operands, [](auto x, auto y) { return GreaterFloat(x, y); });
      return Value(integer(a) > integer(b) ? a : b);

    case Opcode::kShl:
      return ShiftLeft(rule, types, operands);
    case Opcode::kShr:
      return ShiftRight(types, operands);
    case Opcode::kAnd:
      return Value(a & b);
    case Opcode::kOr:
      return Value(a | b);
    case Opcode::kXor:
      return Value(a ^ b);
    case Opcode::kNot:
      return Value(InvertBits(type, a));
    case Opcode::kRotl:
      return Rotate(types, operands, 1);
    case Opcode::kRotr:
      return Rotate(types, operands, -1);
    case Opcode::kPopcount:
      return Value(static_cast<uint64_t>(std::popcount(a)));
    case Opcode::kClz:
      return Value(static_cast<uint64_t>(std::countl_zero(a) - (64 - BitsOf(type))));
    case Opcode::kCtz:
      return Value(static_cast<uint64_t>(a == 0 ? BitsOf(type) : std::countr_zero(a)));
    case Opcode::kBitReverse:
      return Value(ReverseBits(BitsOf(type), a));
    case Opcode::kByteSwap:
      return Value(SwapBytes(BitsOf(type), a));

    case Opcode::kFma:
      if (type == ScalarType::kF32)
        return Value(ResultBits(
            std::fma(AsFloat<float>(a), AsFloat<float>(b), AsFloat<float>(operands[2]))));
      return Value(ResultBits(
          std::fma(AsFloat<double>(a), AsFloat<double>(b), AsFloat<double>(operands[2]))));
    case Opcode::kSqrt:
      return OnFloat(type, a, [](auto x) { return std::sqrt(x); });
    case Opcode::kFloor:
      return OnFloat(type, a, [](auto x) { return std::floor(x); });
    case Opcode::kCeil:
      return OnFloat(type, a, [](auto x) { return std::ceil(x); });
    case Opcode::kTrunc:
      return OnFloat(type, a, [](auto x) { return std::trunc(x); });
    case Opcode::kRound:
      return OnFloat(type, a, [](auto x) { return std::nearbyint(x); });
    case Opcode::kFmod:
      return OnFloats(type, operands, [](auto x, auto y) { return std::fmod(x, y); });
    case Opcode::kCopysign:
      return Value((CanonicalFloat(type, a) & ~SignBit(type)) |
                   (CanonicalFloat(type, b) & SignBit(type)));
    case Opcode::kBits:
      return Value(CanonicalFloat(type, a));
    case Opcode::kFromBits:
      return Value(CanonicalFloat(result, a));

    case Opcode::kEq:
      return Truth(Compare(type, a, b).equal);
    case Opcode::kNe:
      return Truth(!Compare(type, a, b).equal);
    case Opcode::kLt:
      return Truth(Compare(type, a, b).less);
    case Opcode::kLe:
      return Truth(Compare(type, a, b).less || Compare(type, a, b).equal);
    case Opcode::kGt:
      return Truth(Compare(type, a, b).greater);
    case Opcode::kGe:
      return Truth(Compare(type, a, b).greater || Compare(type, a, b).equal);
    case Opcode::kSelect:
      return Value(a != 0 ? b : operands[2]);
    case Opcode::kConvert:
      return Convert(rule, type, a, result);

    case Opcode::kConstant:
    case Opcode::kArray:
    case Opcode::kView:
    case Opcode::kLoad:
    case Opcode::kStore:
    case Opcode::kAtomic:
    case Opcode::kSettle:
    case Opcode::kArrayEqual:
    case Opcode::kIf:
    case Opcode::kFor:
    case Opcode::kWhile:
    case Opcode::kParallel:
    case Opcode::kReduce:
    case Opcode::kFrame:
    case Opcode::kLanes:
    case Opcode::kAttempt:
    case Opcode::kCall:
    case Opcode::kLaunch:
    case Opcode::kExpectError:
    case Opcode::kYield:
    case Opcode::kFail:
    case Opcode::kPrint:
      break;
  }
  FailInternalCheck(__FILE__, __LINE__, "no scalar meaning: " + std::string(TextOf(opcode)));
}

ScalarOutcome EvaluateAtomic(AtomicKind kind, Rule rule, ScalarType type, uint64_t element,
                             uint64_t value) {
  const auto combine = [&](Opcode opcode, Rule by) {
    const ScalarType types[] = {type, type};
    const uint64_t operands[] = {element, value};
    return Evaluate(opcode, by, types, operands, type);
  };
  switch (kind) {
    case AtomicKind::kAdd:
      return combine(Opcode::kAdd, rule);
    case AtomicKind::kSub:
      return combine(Opcode::kSub, rule);
    case AtomicKind::kMin:
      return combine(Opcode::kMin, Rule::kNone);
    case AtomicKind::kMax:
      return combine(Opcode::kMax, Rule::kNone);
    case AtomicKind::kAnd:
      return combine(Opcode::kAnd, Rule::kNone);
    case AtomicKind::kOr:
      return combine(Opcode::kOr, Rule::kNone);
    case AtomicKind::kXor:
      return combine(Opcode::kXor, Rule::kNone);
  }
  FailInternalCheck(__FILE__, __LINE__, "an atomic of no kind");
}

UInt128 RangeCount(Int128 from, Int128 to, Int128 step, bool inclusive) {
  const Int128 distance = step > 0 ? to - from : from - to;
  if (distance < 0 || (distance == 0 && !inclusive)) return 0;
  const auto stride = static_cast<UInt128>(step > 0 ? step : -step);
  const auto last = static_cast<UInt128>(inclusive ? distance : distance - 1);
  return last / stride + 1;
}

}  // namespace einkorn
