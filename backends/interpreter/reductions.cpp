// Reductions, term by term, with the results that docs/determinism.md fixes.
#include <array>
#include <bit>
#include <optional>

#include "backends/interpreter/run.h"

namespace einkorn::interpreter {
namespace {

constexpr uint64_t kShortTerms = 32;  // up to so many are folded from left to right
constexpr size_t kLanes = 32;
constexpr uint64_t kBlockTerms = 1024;

uint64_t Apply(Opcode opcode, ScalarType type, std::initializer_list<uint64_t> operands) {
  const ScalarType types[] = {type, type, type};
  return Evaluate(opcode, Rule::kNone, {types, operands.size()},
                  {operands.begin(), operands.size()}, type)
      .bits;
}

uint64_t Widen(ScalarType from, uint64_t bits, ScalarType to) {
  if (from == to) return bits;
  const ScalarType types[] = {from};
  const uint64_t operands[] = {bits};
  return Evaluate(Opcode::kConvert, Rule::kNone, types, operands, to).bits;
}

// A floating sum or product in its fixed order: lanes in blocks, blocks in pairs.
class FloatFold {
 public:
  FloatFold(bool is_sum, ScalarType type, bool is_short)
      : opcode_(is_sum ? Opcode::kAdd : Opcode::kMul),
        type_(type),
        is_short_(is_short),
        identity_(FloatBits(type, is_sum ? -0.0 : 1.0)) {
    lanes_.fill(identity_);
  }

  // A term that is left out is the identity. With a factor the product is fused into the sum.
  void Take(bool include, uint64_t term, const uint64_t* factor) {
    uint64_t& lane = lanes_[is_short_ ? 0 : position_ % kLanes];
    if (include)
      lane = factor != nullptr ? Apply(Opcode::kFma, type_, {term, *factor, lane})
                               : Apply(opcode_, type_, {lane, term});
    if (++position_ == kBlockTerms && !is_short_) FinishBlock();
  }

  uint64_t Finish() {
    if (position_ > 0 || blocks_.empty()) FinishBlock();
    uint64_t result = blocks_.back().result;
    for (size_t i = blocks_.size() - 1; i-- > 0;)
      result = Apply(opcode_, type_, {blocks_[i].result, result});
    return opcode_ == Opcode::kAdd ? Apply(Opcode::kAdd, type_, {result, 0}) : result;
  }

 private:
  // The fold of 2^level blocks.
  struct Folded {
    int level;
    uint64_t result;
  };

  void FinishBlock() {
    for (size_t half = kLanes / 2; half > 0 && !is_short_; half /= 2)
      for (size_t lane = 0; lane < half; ++lane)
        lanes_[lane] = Apply(opcode_, type_, {lanes_[lane], lanes_[lane + half]});
    Folded folded{0, lanes_[0]};
    while (!blocks_.empty() && blocks_.back().level == folded.level) {
      folded = {folded.level + 1, Apply(opcode_, type_, {blocks_.back().result, folded.result})};
      blocks_.pop_back();
    }
    blocks_.push_back(folded);
    lanes_.fill(identity_);
    position_ = 0;
  }

  Opcode opcode_;
  ScalarType type_;
  bool is_short_;
  uint64_t identity_;
  std::array<uint64_t, kLanes> lanes_;
  uint64_t position_ = 0;       ///< in the block
  std::vector<Folded> blocks_;  ///< levels fall from front to back
};

// The exact product of integers: once its magnitude leaves 64 bits it stays outside, except for a
// factor 0.
class IntegerProduct {
 public:
  void Take(ScalarType type, uint64_t bits) {
    const Int128 value = IntegerValue(type, bits);
    low_ *= static_cast<uint64_t>(value);
    if (value == 0) {
      saw_zero_ = true;
      return;
    }
    negative_ = negative_ != (value < 0);
    magnitude_ *= static_cast<uint64_t>(value < 0 ? -value : value);
    is_large_ = is_large_ || (magnitude_ >> 64) != 0;
    if (is_large_) magnitude_ = 1;
  }

  // The exact value; nothing if it is outside every type.
  std::optional<Int128> Exact() const {
    if (saw_zero_) return 0;
    if (is_large_) return std::nullopt;
    return negative_ ? -static_cast<Int128>(magnitude_) : static_cast<Int128>(magnitude_);
  }
  bool negative() const { return negative_; }
  uint64_t low() const { return low_; }

 private:
  UInt128 magnitude_ = 1;
  uint64_t low_ = 1;
  bool negative_ = false, saw_zero_ = false, is_large_ = false;
};

}  // namespace

bool Run::RunReduce(ir::OpId id, const ir::Op& op) {
  const size_t ranges_before = ranges_.size();
  const bool is_float = IsFloat(function_->type(function_->result(op)).scalar);
  const auto reduce = [&]() -> bool {
    switch (ir::ReduceKindOf(op)) {
      case ReduceKind::kSum:
        return is_float ? ReduceFloats(op) : SumIntegers(id, op);
      case ReduceKind::kProd:
        return is_float ? ReduceFloats(op) : MultiplyIntegers(id, op);
      case ReduceKind::kCount:
        return SumIntegers(id, op);
      case ReduceKind::kMin:
      case ReduceKind::kMax:
      case ReduceKind::kArgmin:
      case ReduceKind::kArgmax:
        return FindExtreme(id, op);
      case ReduceKind::kAny:
      case ReduceKind::kAll:
        return DecideTruth(op);
    }
    return true;
  };
  const bool ok = PrepareRanges(id, op) && reduce();
  ranges_.resize(ranges_before);
  return ok;
}

template <typename Take>
bool Run::ForEachTerm(const ir::Op& op, Take take) {
  ScopeGuard scope(*this, Scope::Kind::kLoop, &op);
  return ForEachIteration(op, [&](ir::RegionId region) {
    if (!RunRegion(region)) return Step::kFault;
    const auto yielded = Yielded(region);
    const uint64_t* factor = yielded.size() > 2 ? &bits(yielded[2]) : nullptr;
    return take(bits(yielded[0]) != 0, bits(yielded[1]), factor) ? Step::kNext : Step::kLeave;
  });
}

bool Run::ReduceFloats(const ir::Op& op) {
  const ScalarType type = function_->type(function_->result(op)).scalar;
  const ScalarType term_type = function_->type(Yielded(function_->region_of(op, 0))[1]).scalar;
  // The number of terms, as far as it matters, counts those that are left out.
  const size_t depth = LoopVariableCount(op);
  UInt128 terms = 1;
  for (size_t i = ranges_.size() - depth; i < ranges_.size(); ++i) {
    if (ranges_[i].count == 0) terms = 0;
    if (terms <= kShortTerms) terms *= ranges_[i].count;
  }
  const bool is_sum = ir::ReduceKindOf(op) == ReduceKind::kSum;
  FloatFold fold(is_sum, type, terms <= kShortTerms);
  const bool ok = ForEachTerm(op, [&](bool include, uint64_t term, const uint64_t* factor) {
    if (term_type != type && factor != nullptr) {
      // A product is fused into a sum of its own type only.
      term = Apply(Opcode::kMul, term_type, {term, *factor});
      factor = nullptr;
    }
    fold.Take(include, Widen(term_type, term, type), factor);
    return true;
  });
  if (ok) bits(function_->result(op)) = fold.Finish();
  return ok;
}

bool Run::SumIntegers(ir::OpId id, const ir::Op& op) {
  const ScalarType type = function_->type(Yielded(function_->region_of(op, 0))[1]).scalar;
  Int128 sum = 0;
  const bool ok = ForEachTerm(op, [&](bool include, uint64_t term, const uint64_t*) {
    if (include) sum += IntegerValue(type, term);
    return true;
  });
  return ok && FinishInteger(id, op, sum);
}

bool Run::FinishInteger(ir::OpId id, const ir::Op& op, Int128 exact) {
  const ScalarType type = function_->type(function_->result(op)).scalar;
  if (!FitsInteger(type, exact)) {
    if ((op.checks & kOverflowBit) != 0) {
      const uint64_t words[] = {static_cast<uint64_t>(exact), static_cast<uint64_t>(exact >> 64)};
      return Fail(id, FaultKind::kOverflow, words);
    }
    if (op.rule == Rule::kSaturate) exact = exact < 0 ? LeastOf(type) : GreatestOf(type);
  }
  bits(function_->result(op)) = IntegerBits(type, exact);
  return true;
}

bool Run::MultiplyIntegers(ir::OpId id, const ir::Op& op) {
  const ScalarType type = function_->type(function_->result(op)).scalar;
  const ScalarType term_type = function_->type(Yielded(function_->region_of(op, 0))[1]).scalar;
  IntegerProduct product;
  const bool ok = ForEachTerm(op, [&](bool include, uint64_t term, const uint64_t*) {
    if (include) product.Take(term_type, term);
    return true;
  });
  if (!ok) return false;
  const std::optional<Int128> exact = product.Exact();
  const bool fits = exact && FitsInteger(type, *exact);
  if (!fits && (op.checks & kOverflowBit) != 0) return Fail(id, FaultKind::kOverflow);
  uint64_t result = Canonical(type, product.low());
  if (!fits && op.rule == Rule::kSaturate)
    result = IntegerBits(type, product.negative() ? LeastOf(type) : GreatestOf(type));
  bits(function_->result(op)) = result;
  return true;
}

// min, max and the places where they are; the first term wins a tie, the first NaN wins all.
bool Run::FindExtreme(ir::OpId id, const ir::Op& op) {
  const ReduceKind kind = ir::ReduceKindOf(op);
  const bool is_place = kind == ReduceKind::kArgmin || kind == ReduceKind::kArgmax;
  const bool is_min = kind == ReduceKind::kMin || kind == ReduceKind::kArgmin;
  const Opcode opcode = is_min ? Opcode::kMin : Opcode::kMax;
  const ir::RegionId region = function_->region_of(op, 0);
  const ScalarType type = function_->type(Yielded(region)[1]).scalar;
  const ir::ValueId variable = function_->region(region).arguments[0];

  std::optional<uint64_t> best;
  uint64_t place = 0;
  const bool ok = ForEachTerm(op, [&](bool include, uint64_t term, const uint64_t* given) {
    if (!include) return true;
    const uint64_t next = Apply(opcode, type, {best.value_or(term), term});
    if (!best || next != *best) place = given != nullptr ? *given : bits(variable);
    best = next;
    return true;
  });
  if (!ok) return false;
  if (!best && (op.checks & kEmptyBit) != 0) return Fail(id, FaultKind::kEmpty);
  const ir::ValueId result = function_->result(op);
  const ScalarType result_type = function_->type(result).scalar;
  bits(result) =
      is_place ? Canonical(result_type, place) : Widen(type, best.value_or(0), result_type);
  return true;
}

bool Run::DecideTruth(const ir::Op& op) {
  const bool decides = ir::ReduceKindOf(op) == ReduceKind::kAny;
  bool result = !decides;
  const bool ok = ForEachTerm(op, [&](bool include, uint64_t term, const uint64_t*) {
    if (include && (term != 0) == decides) result = decides;
    return result != decides;
  });
  if (ok) bits(function_->result(op)) = result ? 1 : 0;
  return ok;
}

}  // namespace einkorn::interpreter
