// `Evaluate` against an oracle that shares nothing with it: integers by sign and 128-bit magnitude,
// floats by wider floats, bits one by one.
#include "ir/scalar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace einkorn {
namespace {

__extension__ typedef __float128 Quad;

constexpr ScalarType kAllTypes[] = {
    ScalarType::kBool, ScalarType::kI8,  ScalarType::kI16, ScalarType::kI32, ScalarType::kI64,
    ScalarType::kU8,   ScalarType::kU16, ScalarType::kU32, ScalarType::kU64, ScalarType::kF16,
    ScalarType::kBF16, ScalarType::kF32, ScalarType::kF64};
constexpr Rule kAllRules[] = {Rule::kNone, Rule::kChecked, Rule::kWrap, Rule::kSaturate};

std::vector<uint64_t> EdgesOf(ScalarType type) {
  if (type == ScalarType::kBool) return {0, 1};
  std::vector<uint64_t> edges;
  if (IsInteger(type)) {
    const Int128 least = LeastOf(type), greatest = GreatestOf(type);
    for (Int128 value : {least, least + 1, least / 2, Int128(-2), Int128(-1), Int128(0), Int128(1),
                         Int128(2), Int128(3), Int128(7), Int128(8), Int128(31), Int128(32),
                         Int128(63), Int128(64), greatest / 2, greatest - 1, greatest})
      if (FitsInteger(type, value)) edges.push_back(IntegerBits(type, value));
    std::mt19937_64 random(17);
    for (int i = 0; i < 6; ++i) edges.push_back(Canonical(type, random()));
    return edges;
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (double value : {0.0,
                       0.1,
                       0.5,
                       1.0,
                       1.5,
                       2.5,
                       3.0,
                       127.0,
                       128.0,
                       255.5,
                       32768.0,
                       2147483520.0,
                       2147483647.0,
                       2147483648.0,
                       4294967296.0,
                       9223372036854774784.0,
                       9223372036854775808.0,
                       18446744073709551616.0,
                       1e-40,
                       1e30,
                       1e38,
                       1e300,
                       4.9e-324,
                       kInfinity}) {
    edges.push_back(FloatBits(type, value));
    edges.push_back(FloatBits(type, -value));
  }
  edges.push_back(CanonicalNan(type));
  edges.push_back(CanonicalNan(type) | (uint64_t{1} << (BitsOf(type) - 1)) | 5);
  return edges;
}

// The type of operand `i`, and of the result where the first operand is of `type`.
ScalarType OperandType(Opcode opcode, ScalarType type, size_t i) {
  if (opcode == Opcode::kSelect) return i == 0 ? ScalarType::kBool : type;
  return type;
}

// An exact integer: its magnitude may need all of 128 bits.
struct Exact {
  bool negative = false;
  UInt128 magnitude = 0;

  static Exact Of(Int128 value) {
    return value < 0 ? Exact{true, -static_cast<UInt128>(value)}
                     : Exact{false, static_cast<UInt128>(value)};
  }
  bool Fits(ScalarType type) const {
    return negative ? magnitude <= -static_cast<UInt128>(LeastOf(type))
                    : magnitude <= static_cast<UInt128>(GreatestOf(type));
  }
  uint64_t Low(ScalarType type) const {
    const auto low = static_cast<uint64_t>(magnitude);
    const uint64_t bits = negative ? 0 - low : low;
    const int width = BitsOf(type);
    return width == 64 ? bits : bits & ((uint64_t{1} << width) - 1);
  }
};

ScalarOutcome Fit(Exact exact, Rule rule, ScalarType type, FaultKind kind) {
  if (rule == Rule::kNone || rule == Rule::kWrap || exact.Fits(type)) return {exact.Low(type), {}};
  if (rule == Rule::kChecked) return {exact.Low(type), kind};
  return {IntegerBits(type, exact.negative ? LeastOf(type) : GreatestOf(type)), {}};
}

std::string Show(const ScalarOutcome& outcome, ScalarType type) {
  if (outcome.fault) return std::string(TextOf(*outcome.fault));
  return FormatScalar(type, outcome.bits);
}

ScalarOutcome Ask(Opcode opcode, Rule rule, ScalarType type, std::vector<uint64_t> operands,
                  ScalarType result) {
  std::vector<ScalarType> types;
  for (size_t i = 0; i < operands.size(); ++i) types.push_back(OperandType(opcode, type, i));
  return Evaluate(opcode, rule, types, operands, result);
}

// Compares for all pairs of edge values, where the oracle has an opinion.
template <typename Oracle>
void ExpectBinary(Opcode opcode, ScalarType type, Oracle oracle) {
  const bool compares = InfoOf(opcode).types == TypeRule::kCompare;
  const ScalarType result = compares ? ScalarType::kBool : type;
  for (Rule rule : kAllRules) {
    if (!HasRule(opcode, rule, type)) continue;
    for (uint64_t a : EdgesOf(type))
      for (uint64_t b : EdgesOf(type)) {
        const ScalarOutcome expected = oracle(rule, a, b);
        ASSERT_EQ(Show(Ask(opcode, rule, type, {a, b}, result), result), Show(expected, result))
            << TextOf(opcode) << "." << TextOf(rule) << " " << TextOf(type) << " "
            << FormatScalar(type, a) << ", " << FormatScalar(type, b);
      }
  }
}

template <typename Oracle>
void ExpectUnary(Opcode opcode, ScalarType type, Oracle oracle) {
  for (Rule rule : kAllRules) {
    if (!HasRule(opcode, rule, type)) continue;
    for (uint64_t a : EdgesOf(type))
      ASSERT_EQ(Show(Ask(opcode, rule, type, {a}, type), type), Show(oracle(rule, a), type))
          << TextOf(opcode) << "." << TextOf(rule) << " " << TextOf(type) << " "
          << FormatScalar(type, a);
  }
}

class EveryScalar : public testing::TestWithParam<ScalarType> {};
std::string NameOf(const testing::TestParamInfo<ScalarType>& info) {
  return std::string(TextOf(info.param));
}
INSTANTIATE_TEST_SUITE_P(Types, EveryScalar, testing::ValuesIn(kAllTypes), NameOf);

TEST_P(EveryScalar, ArithmeticOnIntegersIsExact) {
  const ScalarType type = GetParam();
  if (!IsInteger(type)) return;
  const auto value = [&](uint64_t bits) { return IntegerValue(type, bits); };
  const auto fit = [&](Exact exact, Rule rule) {
    return Fit(exact, rule, type, FaultKind::kOverflow);
  };
  ExpectBinary(Opcode::kAdd, type, [&](Rule rule, uint64_t a, uint64_t b) {
    return fit(Exact::Of(value(a) + value(b)), rule);
  });
  ExpectBinary(Opcode::kSub, type, [&](Rule rule, uint64_t a, uint64_t b) {
    return fit(Exact::Of(value(a) - value(b)), rule);
  });
  ExpectBinary(Opcode::kMul, type, [&](Rule rule, uint64_t a, uint64_t b) {
    const Exact x = Exact::Of(value(a)), y = Exact::Of(value(b));
    const UInt128 magnitude = x.magnitude * y.magnitude;
    return fit({x.negative != y.negative && magnitude != 0, magnitude}, rule);
  });
  ExpectBinary(Opcode::kDiv, type, [&](Rule rule, uint64_t a, uint64_t b) -> ScalarOutcome {
    if (b == 0) return {0, FaultKind::kDivision};
    return fit(Exact::Of(value(a) / value(b)), rule);
  });
  ExpectBinary(Opcode::kRem, type, [&](Rule, uint64_t a, uint64_t b) -> ScalarOutcome {
    if (b == 0) return {0, FaultKind::kDivision};
    return {IntegerBits(type, value(a) - value(a) / value(b) * value(b)), {}};
  });
  ExpectBinary(Opcode::kMin, type, [&](Rule, uint64_t a, uint64_t b) -> ScalarOutcome {
    return {IntegerBits(type, std::min(value(a), value(b))), {}};
  });
  ExpectBinary(Opcode::kMax, type, [&](Rule, uint64_t a, uint64_t b) -> ScalarOutcome {
    return {IntegerBits(type, std::max(value(a), value(b))), {}};
  });
  ExpectUnary(Opcode::kNeg, type,
              [&](Rule rule, uint64_t a) { return fit(Exact::Of(-value(a)), rule); });
  ExpectUnary(Opcode::kAbs, type, [&](Rule rule, uint64_t a) {
    return fit(Exact{false, Exact::Of(value(a)).magnitude}, rule);
  });
}

TEST_P(EveryScalar, ShiftsMultiplyAndDivideByPowers) {
  const ScalarType type = GetParam();
  if (!IsInteger(type)) return;
  const int width = BitsOf(type);
  for (ScalarType amount_type : {ScalarType::kI8, ScalarType::kI64, ScalarType::kU64}) {
    for (uint64_t a : EdgesOf(type)) {
      for (uint64_t b : EdgesOf(amount_type)) {
        const Int128 value = IntegerValue(type, a), amount = IntegerValue(amount_type, b);
        const bool is_amount = amount >= 0 && amount < width;
        const ScalarType types[] = {type, amount_type};
        const uint64_t operands[] = {a, b};
        const auto ask = [&](Opcode opcode, Rule rule) {
          return Show(Evaluate(opcode, rule, types, operands, type), type);
        };
        Int128 floor = value;
        for (Int128 i = 0; is_amount && i < amount; ++i) floor = (floor - (floor & 1)) / 2;
        for (Rule rule : {Rule::kChecked, Rule::kWrap}) {
          const Exact x = Exact::Of(value);
          const ScalarOutcome expected =
              is_amount ? Fit({x.negative, x.magnitude << static_cast<int>(amount)}, rule, type,
                              FaultKind::kOverflow)
                        : ScalarOutcome{0, FaultKind::kShift};
          ASSERT_EQ(ask(Opcode::kShl, rule), Show(expected, type));
        }
        const ScalarOutcome right = is_amount ? ScalarOutcome{IntegerBits(type, floor), {}}
                                              : ScalarOutcome{0, FaultKind::kShift};
        ASSERT_EQ(ask(Opcode::kShr, Rule::kChecked), Show(right, type));

        uint64_t left_rotated = 0, right_rotated = 0;
        for (int i = 0; i < width; ++i) {
          const auto to = [&](Int128 by) {
            return static_cast<int>(((i + by) % width + width) % width);
          };
          left_rotated |= ((a >> i) & 1) << to(amount);
          right_rotated |= ((a >> i) & 1) << to(-amount);
        }
        ASSERT_EQ(ask(Opcode::kRotl, Rule::kNone), FormatScalar(type, left_rotated));
        ASSERT_EQ(ask(Opcode::kRotr, Rule::kNone), FormatScalar(type, right_rotated));
      }
    }
  }
}

TEST_P(EveryScalar, BitOperationsLookAtEachBit) {
  const ScalarType type = GetParam();
  if (IsFloat(type)) return;
  const int width = BitsOf(type);
  const auto bitwise = [&](Opcode opcode, bool (*of)(bool, bool)) {
    ExpectBinary(opcode, type, [&](Rule, uint64_t a, uint64_t b) {
      uint64_t bits = 0;
      for (int i = 0; i < width; ++i) bits |= uint64_t{of((a >> i) & 1, (b >> i) & 1)} << i;
      return ScalarOutcome{bits, {}};
    });
  };
  bitwise(Opcode::kAnd, [](bool a, bool b) { return a && b; });
  bitwise(Opcode::kOr, [](bool a, bool b) { return a || b; });
  bitwise(Opcode::kXor, [](bool a, bool b) { return a != b; });
  ExpectUnary(Opcode::kNot, type, [&](Rule, uint64_t a) {
    uint64_t bits = 0;
    for (int i = 0; i < width; ++i) bits |= uint64_t{((a >> i) & 1) == 0} << i;
    return ScalarOutcome{bits, {}};
  });
  if (!IsInteger(type)) return;
  const auto counts = [&](Opcode opcode, auto count) {
    ExpectUnary(opcode, type, [&](Rule, uint64_t a) {
      return ScalarOutcome{static_cast<uint64_t>(count(a)), {}};
    });
  };
  const auto bit = [](uint64_t a, int i) { return ((a >> i) & 1) != 0; };
  counts(Opcode::kPopcount, [&](uint64_t a) {
    int ones = 0;
    for (int i = 0; i < width; ++i) ones += bit(a, i);
    return ones;
  });
  counts(Opcode::kClz, [&](uint64_t a) {
    int zeros = 0;
    while (zeros < width && !bit(a, width - 1 - zeros)) ++zeros;
    return zeros;
  });
  counts(Opcode::kCtz, [&](uint64_t a) {
    int zeros = 0;
    while (zeros < width && !bit(a, zeros)) ++zeros;
    return zeros;
  });
  const auto moved = [&](Opcode opcode, auto to) {
    counts(opcode, [&](uint64_t a) {
      uint64_t bits = 0;
      for (int i = 0; i < width; ++i) bits |= uint64_t{bit(a, i)} << to(i);
      return bits;
    });
  };
  moved(Opcode::kBitReverse, [&](int i) { return width - 1 - i; });
  moved(Opcode::kByteSwap, [&](int i) { return (width / 8 - 1 - i / 8) * 8 + i % 8; });
}

TEST_P(EveryScalar, FloatArithmeticRoundsOnce) {
  const ScalarType type = GetParam();
  if (!IsFloat(type)) return;
  // Twice the precision and two bits make the second rounding harmless.
  const auto rounded = [&](Quad exact) {
    const uint64_t bits = type == ScalarType::kF32
                              ? FloatBits(type, static_cast<double>(static_cast<float>(exact)))
                              : FloatBits(type, static_cast<double>(exact));
    return ScalarOutcome{bits, {}};
  };
  const auto wide = [&](uint64_t bits) { return static_cast<Quad>(FloatValue(type, bits)); };
  ExpectBinary(Opcode::kAdd, type,
               [&](Rule, uint64_t a, uint64_t b) { return rounded(wide(a) + wide(b)); });
  ExpectBinary(Opcode::kSub, type,
               [&](Rule, uint64_t a, uint64_t b) { return rounded(wide(a) - wide(b)); });
  ExpectBinary(Opcode::kMul, type,
               [&](Rule, uint64_t a, uint64_t b) { return rounded(wide(a) * wide(b)); });
  ExpectBinary(Opcode::kDiv, type,
               [&](Rule, uint64_t a, uint64_t b) { return rounded(wide(a) / wide(b)); });

  const auto by_sign = [&](uint64_t a, uint64_t b, bool wants_less) {
    const double x = FloatValue(type, a), y = FloatValue(type, b);
    if (std::isnan(x) || std::isnan(y)) return CanonicalNan(type);
    const bool a_is_less = x < y || (x == y && std::signbit(x));
    return a_is_less == wants_less ? a : b;
  };
  ExpectBinary(Opcode::kMin, type, [&](Rule, uint64_t a, uint64_t b) -> ScalarOutcome {
    return {by_sign(a, b, true), {}};
  });
  ExpectBinary(Opcode::kMax, type, [&](Rule, uint64_t a, uint64_t b) -> ScalarOutcome {
    return {by_sign(a, b, false), {}};
  });
  const auto unary = [&](Opcode opcode, auto function) {
    ExpectUnary(opcode, type, [&](Rule, uint64_t a) -> ScalarOutcome {
      return {FloatBits(type, function(FloatValue(type, a))), {}};
    });
  };
  unary(Opcode::kNeg, [](double x) { return -x; });
  unary(Opcode::kAbs, [](double x) { return std::signbit(x) ? -x : x; });
  unary(Opcode::kTrunc,
        [](double x) { return std::copysign(x < 0 ? std::ceil(x) : std::floor(x), x); });
  unary(Opcode::kRound, [](double x) {
    if (!(std::fabs(x) < 4503599627370496.0)) return x;
    const double below = std::floor(x), part = x - below;
    const bool up = part > 0.5 || (part == 0.5 && std::fmod(below, 2) != 0);
    return std::copysign(up ? below + 1 : below, x);
  });
}

TEST_P(EveryScalar, RootsAreTheNearestValues) {
  const ScalarType type = GetParam();
  if (!IsFloat(type)) return;
  for (uint64_t a : EdgesOf(type)) {
    const Quad x = FloatValue(type, a);
    const ScalarOutcome outcome = Ask(Opcode::kSqrt, Rule::kNone, type, {a}, type);
    const double root = FloatValue(type, outcome.bits);
    if (!(x > 0) || std::isinf(FloatValue(type, a))) {
      const bool keeps = x == 0 || x > 0;
      EXPECT_EQ(outcome.bits, keeps ? a : CanonicalNan(type));
      continue;
    }
    // The root lies between the middles to both neighbours.
    const bool single = type == ScalarType::kF32;
    const Quad below =
        single ? std::nextafter(static_cast<float>(root), 0.0f) : std::nextafter(root, 0.0);
    const Quad above = single
                           ? static_cast<double>(std::nextafter(static_cast<float>(root), INFINITY))
                           : std::nextafter(root, INFINITY);
    const Quad low = (below + root) / 2, high = (above + root) / 2;
    EXPECT_TRUE(low * low <= x && x <= high * high) << root;
  }
}

TEST_P(EveryScalar, ComparisonsFollowTheMathematicalOrder) {
  const ScalarType type = GetParam();
  const auto value = [&](uint64_t bits) -> Quad {
    if (IsFloat(type)) return FloatValue(type, bits);
    return static_cast<Quad>(IntegerValue(type, bits));
  };
  const auto compare = [&](Opcode opcode, bool (*holds)(Quad, Quad)) {
    if (!Accepts(InfoOf(opcode).operand_class, Type::Scalar(type))) return;
    ExpectBinary(opcode, type, [&](Rule, uint64_t a, uint64_t b) {
      return ScalarOutcome{holds(value(a), value(b)), {}};
    });
  };
  compare(Opcode::kEq, [](Quad a, Quad b) { return a == b; });
  compare(Opcode::kNe, [](Quad a, Quad b) { return a != b; });
  compare(Opcode::kLt, [](Quad a, Quad b) { return a < b; });
  compare(Opcode::kLe, [](Quad a, Quad b) { return a <= b; });
  compare(Opcode::kGt, [](Quad a, Quad b) { return a > b; });
  compare(Opcode::kGe, [](Quad a, Quad b) { return a >= b; });
}

// What a conversion of `bits` gives, computed with more room than any type has.
ScalarOutcome ExpectedConversion(Rule rule, ScalarType from, uint64_t bits, ScalarType to) {
  if (IsFloatOrStorage(to)) {
    const Quad exact = IsFloatOrStorage(from) ? static_cast<Quad>(FloatValue(from, bits))
                                              : static_cast<Quad>(IntegerValue(from, bits));
    return {FloatBits(to, to == ScalarType::kF32 ? static_cast<double>(static_cast<float>(exact))
                                                 : static_cast<double>(exact)),
            {}};
  }
  if (!IsFloat(from))
    return Fit(Exact::Of(IntegerValue(from, bits)), rule, to, FaultKind::kNarrowing);
  const double value = FloatValue(from, bits);
  if (std::isnan(value))
    return {0, rule == Rule::kChecked ? std::optional(FaultKind::kNarrowing) : std::nullopt};
  // Floats to integers have no low bits: everything but `checked` gives the nearest value.
  const Rule saturates = rule == Rule::kChecked ? rule : Rule::kSaturate;
  const double magnitude = std::floor(std::fabs(value));
  const UInt128 whole = magnitude < 0x1p100 ? static_cast<UInt128>(magnitude) : UInt128(1) << 100;
  return Fit({value < 0 && whole != 0, whole}, saturates, to, FaultKind::kNarrowing);
}

TEST_P(EveryScalar, ConversionsAreExactOrFollowTheirRule) {
  const ScalarType from = GetParam();
  for (ScalarType to : kAllTypes) {
    if (to == ScalarType::kBool || !Converts(from, to)) continue;
    for (Rule rule : kAllRules)
      for (uint64_t bits : EdgesOf(from))
        ASSERT_EQ(Show(Ask(Opcode::kConvert, rule, from, {bits}, to), to),
                  Show(ExpectedConversion(rule, from, bits, to), to))
            << TextOf(rule) << " " << TextOf(from) << " " << FormatScalar(from, bits) << " to "
            << TextOf(to);
  }
}

// Between two neighbours the nearer one, and in the middle the even one; checked for all.
TEST(Scalar, StorageTypesRoundToTheNearest) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (ScalarType type : {ScalarType::kF16, ScalarType::kBF16}) {
    const uint64_t infinity = FloatBits(type, kInfinity);
    for (uint64_t bits = 0; bits < infinity; ++bits) {
      const double value = FloatValue(type, bits);
      // What would follow the greatest number if it were not infinity.
      const double next = bits + 1 == infinity ? 2 * value - FloatValue(type, bits - 1)
                                               : FloatValue(type, bits + 1);
      const double middle = (value + next) / 2;
      ASSERT_LT(value, next);
      ASSERT_EQ(FloatBits(type, value), bits);
      ASSERT_EQ(FloatBits(type, -value), bits | 0x8000);
      ASSERT_EQ(FloatBits(type, std::nextafter(middle, 0)), bits);
      ASSERT_EQ(FloatBits(type, std::nextafter(middle, kInfinity)), bits + 1);
      ASSERT_EQ(FloatBits(type, middle), bits + bits % 2);
      ASSERT_EQ(FloatBits(type, std::strtod(FormatScalar(type, bits).c_str(), nullptr)), bits);
    }
    EXPECT_TRUE(std::isnan(FloatValue(type, infinity + 1)));
    EXPECT_EQ(FloatBits(type, std::nan("")), CanonicalNan(type));
  }
  EXPECT_EQ(FormatScalar(ScalarType::kF16, 0x2e66), "0.1");
  EXPECT_EQ(FormatScalar(ScalarType::kF16, 0x7bff), "65500.0");
  EXPECT_EQ(FormatScalar(ScalarType::kBF16, 0x3dcd), "0.1");
}

TEST(Scalar, FmaRoundsTheSumOnly) {
  const auto fma = [](ScalarType type, double a, double b, double c) {
    return FloatValue(type, Ask(Opcode::kFma, Rule::kNone, type,
                                {FloatBits(type, a), FloatBits(type, b), FloatBits(type, c)}, type)
                                .bits);
  };
  EXPECT_EQ(fma(ScalarType::kF32, 1 + 0x1p-12, 1 + 0x1p-12, -1 - 0x1p-11), 0x1p-24);
  EXPECT_EQ(fma(ScalarType::kF64, 1 + 0x1p-30, 1 + 0x1p-30, -1 - 0x1p-29), 0x1p-60);
  EXPECT_EQ(fma(ScalarType::kF32, 0x1p100, 0x1p100, 0), std::numeric_limits<double>::infinity());
}

TEST(Scalar, BitsOfNanAreCanonical) {
  const uint64_t odd_nan = 0xffc01234;
  EXPECT_EQ(Ask(Opcode::kBits, Rule::kNone, ScalarType::kF32, {odd_nan}, ScalarType::kU32).bits,
            0x7fc00000u);
  EXPECT_EQ(Ask(Opcode::kBits, Rule::kNone, ScalarType::kF32, {0x80000000}, ScalarType::kU32).bits,
            0x80000000u);
  EXPECT_EQ(
      Ask(Opcode::kFromBits, Rule::kNone, ScalarType::kU64, {0x3ff0000000000000}, ScalarType::kF64)
          .bits,
      FloatBits(ScalarType::kF64, 1.0));
  EXPECT_EQ(FloatValue(ScalarType::kF32,
                       Ask(Opcode::kCopysign, Rule::kNone, ScalarType::kF32,
                           {FloatBits(ScalarType::kF32, -2.0), odd_nan}, ScalarType::kF32)
                           .bits),
            2.0);
}

TEST(Scalar, RangesCountTheirValues) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    const auto small = [&] { return static_cast<int>(random() % 41) - 20; };
    const int from = small(), to = small(), step = small();
    if (step == 0) continue;
    for (bool inclusive : {false, true}) {
      unsigned count = 0;
      for (int at = from; step > 0 ? at < to + inclusive : at > to - inclusive; at += step) ++count;
      ASSERT_EQ(static_cast<unsigned>(RangeCount(from, to, step, inclusive)), count)
          << from << ".." << to << " step " << step << " " << inclusive;
    }
  }
  EXPECT_TRUE(RangeCount(0, GreatestOf(ScalarType::kU64), 1, true) == UInt128(1) << 64);
}

TEST(Scalar, AtomicsCombineLikeTheirOperations) {
  for (ScalarType type : {ScalarType::kI8, ScalarType::kU64}) {
    for (uint64_t a : EdgesOf(type))
      for (uint64_t b : EdgesOf(type)) {
        const auto combined = [&](AtomicKind kind, Rule rule) {
          return Show(EvaluateAtomic(kind, rule, type, a, b), type);
        };
        const Int128 x = IntegerValue(type, a), y = IntegerValue(type, b);
        EXPECT_EQ(combined(AtomicKind::kAdd, Rule::kChecked),
                  Show(Fit(Exact::Of(x + y), Rule::kChecked, type, FaultKind::kOverflow), type));
        EXPECT_EQ(combined(AtomicKind::kSub, Rule::kSaturate),
                  Show(Fit(Exact::Of(x - y), Rule::kSaturate, type, FaultKind::kOverflow), type));
        EXPECT_EQ(combined(AtomicKind::kMin, Rule::kChecked), FormatScalar(type, x < y ? a : b));
        EXPECT_EQ(combined(AtomicKind::kMax, Rule::kChecked), FormatScalar(type, x > y ? a : b));
        EXPECT_EQ(combined(AtomicKind::kAnd, Rule::kChecked), FormatScalar(type, a & b));
        EXPECT_EQ(combined(AtomicKind::kOr, Rule::kChecked), FormatScalar(type, a | b));
        EXPECT_EQ(combined(AtomicKind::kXor, Rule::kChecked), FormatScalar(type, a ^ b));
      }
  }
}

}  // namespace
}  // namespace einkorn
