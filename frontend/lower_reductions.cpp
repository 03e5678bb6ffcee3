// Reductions: `sum(e for i in r, j in q if c)` and `sum(array)`.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {
namespace {

// A value array or complex number with other scalars; structs stay what they are.
DataType WithScalars(const DataType& type, ScalarType scalar) {
  if (type.is_array()) return DataType::Array(type.sizes(), WithScalars(type.element(), scalar));
  if (type.is_complex()) return DataType::Complex(scalar);
  return type.is_scalar() ? DataType(scalar) : type;
}

}  // namespace

// Bits of the term, and of the factor beside it, that change nothing.
std::pair<uint64_t, uint64_t> FunctionLowering::IdentityOf(ReduceKind kind, ScalarType type) {
  const uint64_t one = IsFloat(type) ? FloatBits(type, 1.0) : 1;
  const uint64_t zero = IsFloat(type) ? FloatBits(type, -0.0) : 0;
  switch (kind) {
    case ReduceKind::kProd:
      return {one, one};
    case ReduceKind::kAll:
      return {1, 1};
    case ReduceKind::kSum:
    case ReduceKind::kMin:
    case ReduceKind::kMax:
    case ReduceKind::kAny:
    case ReduceKind::kCount:
    case ReduceKind::kArgmin:
    case ReduceKind::kArgmax:
      return {zero, one};
  }
  return {zero, one};
}

Operand FunctionLowering::FinishReduction(const ReduceParts& parts, const DataType& expected,
                                          ExprId condition,
                                          const std::function<Term()>& lower_term) {
  DataType whole;
  const Operand first = ReduceLeaf(parts, expected, condition, lower_term, 0, whole);
  if (!first.ok()) return {};
  const bool is_arg =
      parts.reduction.kind == ReduceKind::kArgmin || parts.reduction.kind == ReduceKind::kArgmax;
  if (is_arg) {
    // A place for each variable: the same search, of which each gives one.
    Operand place = first;
    if (parts.types.size() > 1) {
      std::vector<Operand> places = {Coerce(first, ScalarType::kI64, parts.range)};
      for (size_t k = 1; k < parts.types.size(); ++k)
        places.push_back(Coerce(ReduceLeaf(parts, expected, condition, lower_term, k, whole),
                                ScalarType::kI64, parts.range));
      const auto count = static_cast<int64_t>(places.size());
      place = Gather(DataType::Array({count}, ScalarType::kI64), places);
    }
    if (!parts.reduction.with_value) return place;
    ReduceParts extreme = parts;
    extreme.reduction = {
        parts.reduction.kind == ReduceKind::kArgmin ? ReduceKind::kMin : ReduceKind::kMax,
        Rule::kChecked};
    const Operand value = ReduceLeaf(extreme, {}, condition, lower_term, 0, whole);
    if (!value.ok()) return {};
    if (parts.types.size() == 1) place = Coerce(place, ScalarType::kI64, parts.range);
    std::vector<ir::ValueId> leaves = place.parts;
    leaves.push_back(value.value());
    return MakeValue(MakeStruct(fmt::format("Best<{}>", value.type.text()), nullptr,
                                {{"index", place.type}, {"value", value.type}}),
                     std::move(leaves));
  }
  if (whole.is_scalar()) return first;
  std::vector<ir::ValueId> leaves = first.parts;
  for (size_t leaf = 1; leaf < whole.leaf_count(); ++leaf) {
    const Operand next = ReduceLeaf(parts, expected, condition, lower_term, leaf, whole);
    if (!next.ok()) return {};
    leaves.push_back(next.value());
  }
  if (leaves.empty()) return MakeValue(whole, {});
  // The leaves may have the wider type that was asked for.
  const ScalarType scalar = builder_.function().type(leaves[0]).scalar;
  return MakeValue(WithScalars(whole, scalar), std::move(leaves));
}

// Products stay products where their elements are scalars, so that they are fused like others.
FunctionLowering::Term FunctionLowering::LeafOfTerm(const Term& term, size_t leaf) {
  if (term.type.is_array() && term.type.element().is_scalar()) return ElementOfTerm(term, leaf);
  const Operand whole = Multiply(term);
  Term part;
  part.range = term.range;
  if (whole.ok()) part.a = Made(whole.parts[leaf]);
  part.type = part.a.type;
  return part;
}

Operand FunctionLowering::ReduceLeaf(const ReduceParts& parts, const DataType& expected_type,
                                     ExprId condition, const std::function<Term()>& lower_term,
                                     size_t leaf, DataType& whole) {
  const ReduceKind kind = parts.reduction.kind;
  const std::string_view name = TextOf(kind);
  const bool wants_bool =
      kind == ReduceKind::kAny || kind == ReduceKind::kAll || kind == ReduceKind::kCount;
  const bool is_arg = kind == ReduceKind::kArgmin || kind == ReduceKind::kArgmax;
  std::optional<ScalarType> expected;
  const DataType inner = expected_type.is_array() ? expected_type.element() : expected_type;
  if (inner.is_scalar() || inner.is_complex()) expected = inner.scalar();
  const auto before = Snapshot();
  const ir::RegionId region = builder_.NewRegion();
  const ir::RegionId outside = builder_.Enter(region);
  OpenScope();
  for (size_t k = 0; k < parts.types.size(); ++k) {
    const Type type = Type::Scalar(parts.types[k]);
    const ir::ValueId index = builder_.AddArgument(region, type, parts.names[k]);
    if (!parts.names[k].empty())
      Declare({parts.names[k], parts.range}, VariableKind::kLoop, Made(index));
  }

  bool ok = true;
  ScalarType type = ScalarType::kBool;
  Operand second;  // the factor, where the term is a product to be fused
  const auto body = [&]() -> Path {
    Term term = lower_term();
    whole = term.type;
    const bool adds = kind == ReduceKind::kSum && (term.type.is_array() || term.type.is_complex());
    const bool multiplies =
        kind == ReduceKind::kProd && term.type.is_array() && term.type.element().is_scalar();
    if (term.ok() && !term.a.is_view() && term.type.leaf_count() > 0 && (adds || multiplies))
      term = LeafOfTerm(term, leaf);
    if (!term.ok() || !term.type.is_scalar() || term.a.is_view()) {
      if (term.ok())
        Report(DiagnosticCode::kInvalidOperand, term.range, name,
               term.a.is_view() ? "arrays" : term.type.text());
      ok = false;
      return {};
    }
    const bool fuses = term.is_product && kind == ReduceKind::kSum && IsFloat(term.type.scalar()) &&
                       (!expected || *expected == term.type.scalar());
    Operand value = fuses ? term.a : Multiply(term);
    const bool valid = wants_bool ? value.scalar() == ScalarType::kBool
                                  : IsInteger(value.scalar()) || IsFloat(value.scalar());
    if (!valid) {
      Report(DiagnosticCode::kInvalidOperand, term.range, name, TextOf(value.scalar())).hint =
          wants_bool ? "the term must be a condition" : "count(...) counts conditions";
      ok = false;
      return {};
    }
    if (parts.reduction.rule != Rule::kChecked && IsFloat(value.scalar())) {
      Report(DiagnosticCode::kInvalidOperand, term.range, name, TextOf(value.scalar())).hint =
          "floats neither wrap nor saturate";
      ok = false;
      return {};
    }
    // The term is computed in its own type, then widened to the type that is asked for.
    const bool widens = expected && !wants_bool && !is_arg && *expected != value.scalar() &&
                        (Widens(value.scalar(), *expected) ||
                         (*expected == ScalarType::kF64 && value.scalar() == ScalarType::kF32));
    if (widens) value = Coerce(value, *expected, term.range);
    type = value.scalar();
    if (fuses) second = term.b;
    return {Flow::kLive, value.parts};
  };

  ir::ValueId include, value, factor;
  if (!condition.valid()) {
    include = builder_.Bool(true, parts.range);
    value = body().value();
    factor = second.value();
  } else {
    const Operand keeps = LowerCondition(condition);
    ok = keeps.ok();
    if (ok) {
      include = keeps.value();
      // A term left out yields the identity. A factor travels as a hidden variable.
      const VariableId factor_variable =
          DeclareHidden("factor", ScalarType::kBool, builder_.Bool(false));
      ir::ValueId left_out_factor;
      const auto taken = [&]() -> Path {
        const Path path = body();
        if (second.ok()) {
          value_types_[variable(factor_variable).first_part] = Type::Scalar(second.scalar());
          SetValue(factor_variable, second.value());
        }
        return path;
      };
      const auto left_out = [&]() -> Path {
        if (!ok) return {};
        const auto [identity, one] = IdentityOf(kind, type);
        const ir::ValueId neutral = builder_.Constant(type, identity, parts.range);
        if (second.ok()) SetValue(factor_variable, builder_.Constant(type, one, parts.range));
        return {Flow::kLive, {neutral}};
      };
      const Path joined = LowerPaths(include, taken, left_out, expr(condition).range);
      value = joined.value();
      if (second.ok()) factor = ValueOf(factor_variable);
    }
  }
  if (ok) {
    std::vector<ir::ValueId> yields = {include, value};
    if (is_arg && parts.types.size() > 1)
      factor = builder_.function().region(region).arguments[leaf];
    if (factor.valid()) yields.push_back(factor);
    builder_.Yield(yields, parts.range);
  }
  CloseScope();
  builder_.Enter(outside);
  Restore(before);
  if (!ok) return {};

  ScalarType result = type;
  if (kind == ReduceKind::kCount)
    result = expected && IsInteger(*expected) ? *expected : ScalarType::kI64;
  if (is_arg) result = parts.types[leaf];
  const bool integer_sum =
      IsInteger(result) &&
      (kind == ReduceKind::kSum || kind == ReduceKind::kProd || kind == ReduceKind::kCount);
  const ir::OpId op =
      builder_.Append({.opcode = Opcode::kReduce,
                       .rule = integer_sum ? parts.reduction.rule : Rule::kNone,
                       .range = parts.range,
                       .operands = parts.bounds,
                       .results = {Type::Scalar(result)},
                       .regions = {region},
                       .immediate = static_cast<uint64_t>(kind) | (parts.inclusive << 8)});
  // Of the row's faults keep those that this kind of reduction can have.
  FaultSet checks = kDivisionBit;
  if (integer_sum && parts.reduction.rule == Rule::kChecked) checks |= kOverflowBit;
  if (kind == ReduceKind::kMin || kind == ReduceKind::kMax || is_arg) checks |= kEmptyBit;
  builder_.function().op(op).checks = checks;
  return Made(builder_.function().result(builder_.function().op(op)));
}

Operand FunctionLowering::LowerReduction(const Expr& e, const DataType& expected) {
  const auto reduction = ReductionNamed(e.text);
  if (!reduction) {
    ReportUnknown(e.text, e.range);
    return {};
  }
  ReduceParts parts;
  parts.reduction = *reduction;
  parts.range = e.range;
  for (size_t k = 0; k < e.ranges.size(); ++k) {
    const RangeClause& range = e.ranges[k];
    if (MentionsVariables(range, e.ranges, k)) {
      Report(DiagnosticCode::kInvalidArgument, range.range,
             "the ranges of one reduction cannot depend on each other")
          .hint = fmt::format("nest them: {}({}(... for {} in ...) for {} in ...)", e.text, e.text,
                              range.name.text, e.ranges[0].name.text);
      return {};
    }
    const LoweredRange lowered = LowerRange(range);
    if (!lowered.ok) return {};
    for (const Operand* bound : {&lowered.from, &lowered.to, &lowered.step})
      parts.bounds.push_back(bound->value());
    parts.types.push_back(lowered.type);
    if (!CheckFree(range.name) && range.name.text != "_") return {};
    parts.names.push_back(range.name.text);
    if (range.inclusive) parts.inclusive |= uint64_t{1} << k;
  }
  return FinishReduction(parts, expected, e.b, [&] {
    const bool untyped = IsUntyped(e.a);
    return LowerTerm(e.a, untyped ? expected : DataType());
  });
}

// sum(x), max(x), ...: the loop over the elements in order.
Operand FunctionLowering::LowerArrayReduction(const Expr& e, NamedReduction reduction,
                                              const DataType& expected) {
  const Operand base = LowerArrayBase(e.list[0]);
  if (!base.ok()) return {};
  const Operand array = AsView(base);
  ReduceParts parts;
  parts.reduction = reduction;
  parts.range = e.range;
  for (ir::ValueId size : array.sizes) {
    parts.bounds.push_back(builder_.Integer(ScalarType::kI64, 0, e.range));
    parts.bounds.push_back(size);
    parts.bounds.push_back(builder_.Integer(ScalarType::kI64, 1, e.range));
    parts.types.push_back(ScalarType::kI64);
    parts.names.emplace_back();
  }
  return FinishReduction(parts, expected, {}, [&] {
    const auto indices = builder_.function().region(builder_.region()).arguments;
    Term term;
    term.range = e.range;
    const Operand element = Load(IndexInto(array, indices), e.range);
    // The indices are of its own sizes.
    ir::Function& function = builder_.function();
    for (ir::ValueId leaf : element.parts) function.op(function.value(leaf).def).checks = 0;
    term.a = Read(element, {}, e.range);
    term.type = term.a.type;
    return term;
  });
}

}  // namespace einkorn::frontend
