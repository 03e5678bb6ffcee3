#include "ir/affine.h"

#include <algorithm>

namespace einkorn::ir {
namespace {

// Subscripts are short; longer sums are made by unrolled code.
constexpr size_t kMaxTerms = 16;

std::optional<int64_t> MultiplyAdd(int64_t a, int64_t b, int64_t factor) {
  const Int128 sum = Int128(a) + Int128(b) * factor;
  if (!FitsInteger(ScalarType::kI64, sum)) return std::nullopt;
  return static_cast<int64_t>(sum);
}

// Whether the operation has its mathematical result. What wraps in 64 bits leaves them nowhere near
// the index of an element.
bool IsExact(Rule rule, ScalarType type) {
  return rule == Rule::kNone || rule == Rule::kChecked ||
         (rule == Rule::kWrap && type == ScalarType::kI64);
}

}  // namespace

std::optional<Affine> AddMultiple(const Affine& a, const Affine& b, int64_t factor) {
  const auto constant = MultiplyAdd(a.constant, b.constant, factor);
  if (!constant) return std::nullopt;
  Affine sum{*constant, {}};
  auto left = a.terms.begin(), right = b.terms.begin();
  while (left != a.terms.end() || right != b.terms.end()) {
    const bool has_left =
        left != a.terms.end() && (right == b.terms.end() || left->first <= right->first);
    const bool has_right =
        right != b.terms.end() && (left == a.terms.end() || right->first <= left->first);
    const ValueId value = has_left ? left->first : right->first;
    const auto coefficient =
        MultiplyAdd(has_left ? left->second : 0, has_right ? right->second : 0, factor);
    if (!coefficient) return std::nullopt;
    if (*coefficient != 0) sum.terms.emplace_back(value, *coefficient);
    if (has_left) ++left;
    if (has_right) ++right;
  }
  if (sum.terms.size() > kMaxTerms) return std::nullopt;
  return sum;
}

Affine AffineForms::Of(ValueId value) const {
  if (const auto at = forms_.find(value); at != forms_.end()) return at->second;
  if (const Op* constant = function_.ConstantOf(value)) {
    const Int128 number = IntegerValue(function_.type(value).scalar, constant->immediate);
    if (FitsInteger(ScalarType::kI64, number)) return {static_cast<int64_t>(number), {}};
  }
  return Affine::Value(value);
}

void AffineForms::DefineIn(RegionId region) {
  for (OpId id : function_.region(region).ops) {
    Define(function_.op(id));
    for (RegionId inner : function_.regions_of(function_.op(id))) DefineIn(inner);
  }
}

void AffineForms::Define(const Op& op) {
  if (op.results.count != 1 || op.opcode == Opcode::kConstant) return;
  const ValueId result = function_.result(op);
  const Type type = function_.type(result);
  if (!type.is_scalar() || !IsInteger(type.scalar)) return;
  if (auto form = FormOf(op)) forms_.insert_or_assign(result, std::move(*form));
}

std::optional<Affine> AffineForms::FormOf(const Op& op) const {
  const auto operand = [&](size_t k) { return Of(function_.operand(op, k)); };
  const ScalarType type = function_.type(function_.result(op)).scalar;
  switch (op.opcode) {
    case Opcode::kAdd:
    case Opcode::kSub:
      if (!IsExact(op.rule, type)) return std::nullopt;
      return AddMultiple(operand(0), operand(1), op.opcode == Opcode::kAdd ? 1 : -1);
    case Opcode::kNeg:
      if (!IsExact(op.rule, type)) return std::nullopt;
      return AddMultiple({}, operand(0), -1);
    case Opcode::kMul: {
      if (!IsExact(op.rule, type)) return std::nullopt;
      const Affine a = operand(0), b = operand(1);
      if (a.is_constant()) return AddMultiple({}, b, a.constant);
      if (b.is_constant()) return AddMultiple({}, a, b.constant);
      return std::nullopt;
    }
    case Opcode::kConvert: {
      const ScalarType from = function_.type(function_.operand(op, 0)).scalar;
      if (!IsInteger(from) || !IsExact(op.rule, from) || !IsExact(op.rule, type))
        return std::nullopt;
      return operand(0);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace einkorn::ir
