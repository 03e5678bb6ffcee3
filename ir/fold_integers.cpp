// Integer sums, counts and products: exact whatever the order, checked once at the end.
#include <fmt/format.h>

#include "ir/reduction_fold.h"

namespace einkorn::ir {
namespace {

constexpr ScalarType kI64 = ScalarType::kI64;
constexpr ScalarType kU64 = ScalarType::kU64;

ValueId TermOr(Emitter& emit, const Term& term, int identity) {
  const ValueId other = emit.type(term.value) == ScalarType::kBool
                            ? emit.Bool(identity != 0)
                            : emit.Integer(emit.type(term.value), identity);
  return ValueOrIdentity(emit, term, other);
}

// Whether the exact result matters; else its low bits are the result.
bool IsExact(const ReductionFacts& facts) {
  return facts.rule == Rule::kSaturate || (facts.checks & kOverflowBit) != 0;
}

// `value` where it fits; else the fault of the reduction, or the end of the range.
ValueId FitOrFail(Emitter& emit, const ReductionFacts& facts, ValueId fits, ValueId value,
                  ValueId is_negative, const Values& exact) {
  if (facts.rule == Rule::kSaturate) {
    const ValueId end = emit.Select(is_negative, emit.Integer(facts.result, LeastOf(facts.result)),
                                    emit.Integer(facts.result, GreatestOf(facts.result)));
    return emit.Select(fits, value, end);
  }
  emit.FailIf(emit.Unary(Opcode::kNot, fits), FaultKind::kOverflow,
              fmt::format("{} does not fit {}{}", TextOf(facts.kind), TextOf(facts.result),
                          exact.empty() ? "" : ": the exact value is {i128}"),
              exact);
  return value;
}

// --- The low bits of a sum or product

class LowBitsFold : public Fold {
 public:
  LowBitsFold(Opcode opcode, ScalarType type) : opcode_(opcode), type_(type) {}

  Values Start(Emitter& emit, ValueId) override { return {emit.Integer(type_, Identity())}; }
  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    const ValueId value = emit.Convert(type_, TermOr(emit, term, Identity()));
    return {emit.Binary(opcode_, carried[0], value)};
  }
  Values Finish(Emitter&, const Values& carried) override { return carried; }
  bool CanMerge() const override { return true; }
  Values Merge(Emitter& emit, const Values& a, const Values& b) override {
    return {emit.Binary(opcode_, a[0], b[0])};
  }

 private:
  int Identity() const { return opcode_ == Opcode::kAdd ? 0 : 1; }

  Opcode opcode_;
  ScalarType type_;
};

ReductionPlan PlanLowBits(Opcode opcode, ScalarType type) {
  ReductionPlan plan;
  plan.general = std::make_unique<LowBitsFold>(opcode, type);
  plan.conclude = [](Emitter&, const Values& summary) { return summary[0]; };
  return plan;
}

// --- Exact sums. The summary is the exact value as a low and a high word.

// Terms of at most 32 bits: so few that an i64 holds their sum.
class NarrowSum : public Fold {
 public:
  Values Start(Emitter& emit, ValueId) override { return {emit.Zero(kI64)}; }
  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    return {emit.Binary(Opcode::kAdd, carried[0], emit.Convert(kI64, TermOr(emit, term, 0)))};
  }
  Values Finish(Emitter& emit, const Values& carried) override {
    const ValueId sign = emit.Binary(Opcode::kShr, carried[0], emit.Integer(kI64, 63));
    return {emit.Convert(kU64, carried[0]), emit.Convert(kU64, sign)};
  }
  bool CanMerge() const override { return true; }
  Values Merge(Emitter& emit, const Values& a, const Values& b) override {
    return {emit.Binary(Opcode::kAdd, a[0], b[0])};
  }

  static uint64_t MostTerms(ScalarType term) {
    if (term == ScalarType::kBool) return uint64_t{1} << 62;
    return uint64_t{1} << ((IsSigned(term) ? 64 : 63) - BitsOf(term));
  }
};

// So few terms of so few bits that a narrow type holds every sum of some of them.
class BoundedSum : public Fold {
 public:
  explicit BoundedSum(ScalarType type) : type_(type) {}

  Values Start(Emitter& emit, ValueId) override { return {emit.Zero(type_)}; }
  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    return {emit.Exact(Opcode::kAdd, carried[0], emit.Convert(type_, TermOr(emit, term, 0)))};
  }
  Values Finish(Emitter&, const Values& carried) override { return carried; }
  bool CanMerge() const override { return true; }
  Values Merge(Emitter& emit, const Values& a, const Values& b) override {
    return {emit.Exact(Opcode::kAdd, a[0], b[0])};
  }

  // The narrowest type for the facts, whose sums all fit the result too.
  static std::optional<ScalarType> TypeFor(const ReductionFacts& facts) {
    if (!facts.terms || *facts.terms > UINT32_MAX || BitsOf(facts.narrow) > 32) return std::nullopt;
    const auto terms = static_cast<Int128>(*facts.terms);
    const bool is_bool = facts.narrow == ScalarType::kBool;
    const Int128 least = is_bool ? 0 : terms * LeastOf(facts.narrow);
    const Int128 greatest = is_bool ? terms : terms * GreatestOf(facts.narrow);
    const auto fits = [&](ScalarType type) {
      return FitsInteger(type, least) && FitsInteger(type, greatest);
    };
    for (ScalarType type : {ScalarType::kI16, ScalarType::kI32, kI64})
      if (fits(type) && fits(facts.result)) return type;
    return std::nullopt;
  }

 private:
  ScalarType type_;
};

// Terms of 64 bits: their halves are summed apart, so few that neither sum leaves 64 bits. Unlike a
// carry from word to word, this leaves the order of the terms open to vectors.
class HalvesSum : public Fold {
 public:
  static constexpr uint64_t kMostTerms = uint64_t{1} << 31;

  Values Start(Emitter& emit, ValueId) override { return {emit.Zero(kU64), emit.Zero(kI64)}; }
  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    const ValueId value = TermOr(emit, term, 0);
    const ValueId high = emit.Binary(Opcode::kShr, value, emit.Integer(emit.type(value), 32));
    const ValueId low =
        emit.Binary(Opcode::kAnd, emit.Convert(kU64, value), emit.Integer(kU64, 0xffffffff));
    return {emit.Binary(Opcode::kAdd, carried[0], low),
            emit.Binary(Opcode::kAdd, carried[1], emit.Convert(kI64, high))};
  }
  Values Finish(Emitter& emit, const Values& carried) override {
    const ValueId half = emit.Integer(kI64, 32);
    const ValueId shifted = emit.Binary(Opcode::kShl, emit.Convert(kU64, carried[1]), half);
    const ValueId low = emit.Binary(Opcode::kAdd, shifted, carried[0]);
    const ValueId carry = emit.Convert(kU64, emit.Binary(Opcode::kLt, low, carried[0]));
    const ValueId high = emit.Convert(kU64, emit.Binary(Opcode::kShr, carried[1], half));
    return {low, emit.Binary(Opcode::kAdd, high, carry)};
  }
  bool CanMerge() const override { return true; }
  Values Merge(Emitter& emit, const Values& a, const Values& b) override {
    return {emit.Binary(Opcode::kAdd, a[0], b[0]), emit.Binary(Opcode::kAdd, a[1], b[1])};
  }
};

// Any number of terms: two words with a carry.
class WordsSum : public Fold {
 public:
  Values Start(Emitter& emit, ValueId) override { return {emit.Zero(kU64), emit.Zero(kU64)}; }
  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    const ValueId value = TermOr(emit, term, 0);
    const ValueId word = emit.Convert(kU64, value);
    const ValueId low = emit.Binary(Opcode::kAdd, carried[0], word);
    ValueId high = carried[1];
    if (IsSigned(emit.type(value))) {
      const ValueId sign =
          emit.Binary(Opcode::kShr, emit.Convert(kI64, value), emit.Integer(kI64, 63));
      high = emit.Binary(Opcode::kAdd, high, emit.Convert(kU64, sign));
    }
    const ValueId carry = emit.Convert(kU64, emit.Binary(Opcode::kLt, low, word));
    return {low, emit.Binary(Opcode::kAdd, high, carry)};
  }
  Values Finish(Emitter&, const Values& carried) override { return carried; }
};

// Whether the exact value of two words fits `type`.
ValueId WordsFit(Emitter& emit, ScalarType type, const Values& words) {
  const ScalarType wide = IsSigned(type) ? kI64 : kU64;
  const ValueId value = emit.Convert(wide, words[0]);
  const ValueId rest =
      IsSigned(type) ? emit.Convert(kU64, emit.Binary(Opcode::kShr, value, emit.Integer(kI64, 63)))
                     : emit.Zero(kU64);
  ValueId fits = emit.Binary(Opcode::kEq, words[1], rest);
  if (type == wide) return fits;
  const ValueId below = emit.Binary(Opcode::kLe, value, emit.Integer(wide, GreatestOf(type)));
  fits = emit.Binary(Opcode::kAnd, fits, below);
  const ValueId above = emit.Binary(Opcode::kGe, value, emit.Integer(wide, LeastOf(type)));
  return emit.Binary(Opcode::kAnd, fits, above);
}

// --- Exact products

// Carries the magnitude, whether it has left 64 bits (which only a factor 0 undoes), whether an odd
// number of factors was negative, and whether one was 0. Those four are the summary too.
class ExactProduct : public Fold {
 public:
  Values Start(Emitter& emit, ValueId) override {
    return {emit.Integer(kU64, 1), emit.Bool(false), emit.Bool(false), emit.Bool(false)};
  }

  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    const ValueId value = TermOr(emit, term, 1);
    const ValueId zero = emit.Zero(emit.type(value)), one = emit.Integer(kU64, 1);
    const ValueId is_zero = emit.Binary(Opcode::kEq, value, zero);
    ValueId size = emit.Convert(kU64, value), is_negative = carried[2];
    if (IsSigned(emit.type(value))) {
      // The least i64 is its own absolute value, with the bits of the right u64.
      size = emit.Convert(kU64, emit.Unary(Opcode::kAbs, emit.Convert(kI64, value)));
      is_negative = emit.Binary(Opcode::kXor, is_negative, emit.Binary(Opcode::kLt, value, zero));
    }
    const ValueId factor = emit.Binary(Opcode::kMax, size, one);
    const ValueId most = emit.Binary(Opcode::kDiv, emit.Integer(kU64, GreatestOf(kU64)), factor);
    const ValueId leaves = emit.Binary(Opcode::kGt, carried[0], most);
    return {emit.Binary(Opcode::kMul, carried[0], factor),
            emit.Binary(Opcode::kOr, carried[1], leaves), is_negative,
            emit.Binary(Opcode::kOr, carried[3], is_zero)};
  }

  Values Finish(Emitter&, const Values& carried) override { return carried; }
};

ValueId ConcludeProduct(Emitter& emit, const ReductionFacts& facts, const Values& summary) {
  const ValueId magnitude = summary[0], is_large = summary[1], is_negative = summary[2],
                saw_zero = summary[3];
  const Int128 greatest = GreatestOf(facts.result), least = LeastOf(facts.result);
  const ValueId most =
      emit.Select(is_negative, emit.Integer(kU64, -least), emit.Integer(kU64, greatest));
  const ValueId is_small = emit.Binary(Opcode::kAnd, emit.Unary(Opcode::kNot, is_large),
                                       emit.Binary(Opcode::kLe, magnitude, most));
  const ValueId fits = emit.Binary(Opcode::kOr, saw_zero, is_small);
  const ValueId signed_value =
      emit.Select(is_negative, emit.Unary(Opcode::kNeg, magnitude), magnitude);
  const ValueId value =
      emit.Select(saw_zero, emit.Zero(facts.result), emit.Convert(facts.result, signed_value));
  return FitOrFail(emit, facts, fits, value, is_negative, {});
}

}  // namespace

ReductionPlan PlanIntegerSum(const ReductionFacts& facts) {
  if (!IsExact(facts)) return PlanLowBits(Opcode::kAdd, facts.result);
  ReductionPlan plan;
  if (const auto type = BoundedSum::TypeFor(facts)) {
    plan.general = std::make_unique<BoundedSum>(*type);
    plan.conclude = [facts](Emitter& emit, const Values& sum) {
      return emit.ConvertExact(facts.result, sum[0]);
    };
    return plan;
  }
  if (BitsOf(facts.narrow) <= 32) {
    plan.few = std::make_unique<NarrowSum>();
    plan.most_few = NarrowSum::MostTerms(facts.narrow);
  } else {
    plan.few = std::make_unique<HalvesSum>();
    plan.most_few = HalvesSum::kMostTerms;
  }
  plan.general = std::make_unique<WordsSum>();
  plan.conclude = [facts](Emitter& emit, const Values& words) {
    const ValueId fits = WordsFit(emit, facts.result, words);
    const ValueId is_negative =
        emit.Binary(Opcode::kLt, emit.Convert(kI64, words[1]), emit.Zero(kI64));
    return FitOrFail(emit, facts, fits, emit.Convert(facts.result, words[0]), is_negative, words);
  };
  return plan;
}

ReductionPlan PlanIntegerProduct(const ReductionFacts& facts) {
  if (!IsExact(facts)) return PlanLowBits(Opcode::kMul, facts.result);
  ReductionPlan plan;
  plan.general = std::make_unique<ExactProduct>();
  plan.conclude = [facts](Emitter& emit, const Values& summary) {
    return ConcludeProduct(emit, facts, summary);
  };
  return plan;
}

}  // namespace einkorn::ir
