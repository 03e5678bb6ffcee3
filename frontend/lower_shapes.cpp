// Shape symbols, and sizes as polynomials of them.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "frontend/lowering.h"
#include "frontend/shapes.h"
#include "ir/scalar.h"

namespace einkorn::frontend {

std::optional<int64_t> FoldInteger(const ir::Function& function, ir::ValueId value) {
  const ir::OpId def = function.value(value).def;
  if (!def.valid() || function.type(value).is_array()) return std::nullopt;
  const ir::Op& op = function.op(def);
  const ScalarType type = function.type(value).scalar;
  if (!IsInteger(type)) return std::nullopt;
  if (op.opcode == Opcode::kConstant) return static_cast<int64_t>(IntegerValue(type, op.immediate));
  if (!HasScalarMeaning(op.opcode)) return std::nullopt;
  std::vector<uint64_t> operands;
  std::vector<ScalarType> types;
  for (ir::ValueId operand : function.operands(op)) {
    const auto folded = FoldInteger(function, operand);
    if (!folded) return std::nullopt;
    types.push_back(function.type(operand).scalar);
    operands.push_back(Canonical(types.back(), static_cast<uint64_t>(*folded)));
  }
  const ScalarOutcome outcome = Evaluate(op.opcode, op.rule, types, operands, type);
  if (outcome.fault) return std::nullopt;
  return static_cast<int64_t>(IntegerValue(type, outcome.bits));
}

namespace {

using ir::ShapeExpr;
using ir::ShapeTerm;

// The sum of terms with one term for each product of symbols; nullopt if a coefficient overflows.
std::optional<ShapeExpr> Collect(const std::vector<ShapeTerm>& terms) {
  std::map<std::vector<uint32_t>, int64_t> sums;
  for (const ShapeTerm& term : terms) {
    std::vector<uint32_t> symbols = term.symbols;
    std::sort(symbols.begin(), symbols.end());
    int64_t& sum = sums[symbols];
    if (__builtin_add_overflow(sum, term.coefficient, &sum)) return std::nullopt;
  }
  ShapeExpr shape;
  for (const auto& [symbols, coefficient] : sums)
    if (coefficient != 0) shape.terms.push_back({coefficient, symbols});
  return shape;
}

std::optional<ShapeExpr> AddShapes(const ShapeExpr& a, const ShapeExpr& b, int64_t sign) {
  std::vector<ShapeTerm> terms = a.terms;
  for (ShapeTerm term : b.terms) {
    if (__builtin_mul_overflow(term.coefficient, sign, &term.coefficient)) return std::nullopt;
    terms.push_back(std::move(term));
  }
  return Collect(terms);
}

std::optional<ShapeExpr> MultiplyShapes(const ShapeExpr& a, const ShapeExpr& b) {
  std::vector<ShapeTerm> terms;
  for (const ShapeTerm& left : a.terms) {
    for (const ShapeTerm& right : b.terms) {
      ShapeTerm term{0, left.symbols};
      if (__builtin_mul_overflow(left.coefficient, right.coefficient, &term.coefficient))
        return std::nullopt;
      term.symbols.insert(term.symbols.end(), right.symbols.begin(), right.symbols.end());
      terms.push_back(std::move(term));
    }
  }
  return Collect(terms);
}

}  // namespace

std::vector<std::pair<std::string_view, SourceRange>> ModuleLowering::SymbolsOf(
    const Item& item, const Signature& signature) {
  const SourceUnit& unit = program_.UnitOf(item);
  std::vector<std::pair<std::string_view, SourceRange>> symbols;
  for (const BoundParameter& p : signature.parameters) {
    if (p.array == nullptr) continue;
    for (ExprId size : p.array->sizes) {
      const Expr& e = unit.tree.expr(size);
      if (e.kind != ExprKind::kName) continue;
      const bool is_parameter = std::ranges::any_of(
          signature.parameters,
          [&](const BoundParameter& q) { return q.declaration->name.text == e.text; });
      const bool known =
          std::ranges::any_of(symbols, [&](const auto& s) { return s.first == e.text; });
      // A symbol named like a function or kernel is one; declaring it reports that it hides the
      // other.
      const Item* other = unit.ItemNamed(e.text);
      const bool is_constant = other != nullptr && other->kind == ItemKind::kConst;
      if (!is_parameter && !known && !is_constant) symbols.emplace_back(e.text, e.range);
    }
  }
  return symbols;
}

std::optional<ShapeExpr> FunctionLowering::ConstantShape(const Expr& e, const Item& item) {
  const auto constant = module_.ConstantOf(item, e.range);
  if (!constant) return std::nullopt;
  if (!constant->type.is_scalar() || !IsInteger(constant->type.scalar())) {
    Report(DiagnosticCode::kTypeMismatch, e.range, "an integer as a size", constant->type.text());
    return std::nullopt;
  }
  const Int128 value = IntegerValue(constant->type.scalar(), constant->bits.front());
  if (FitsInteger(ScalarType::kI64, value) && value >= 0)
    return ShapeExpr::Constant(static_cast<int64_t>(value));
  Report(DiagnosticCode::kInvalidSize, e.range, FormatInt128(value));
  return std::nullopt;
}

std::optional<ShapeExpr> FunctionLowering::LowerShape(ExprId size) {
  const Expr& e = expr(size);
  switch (e.kind) {
    case ExprKind::kInteger: {
      bool failed = false;
      const auto value = ExactInteger(size, failed);
      if (!value) return std::nullopt;
      if (!FitsInteger(ScalarType::kI64, *value)) {
        Report(DiagnosticCode::kLiteralOutOfRange, e.range, e.text, "i64");
        return std::nullopt;
      }
      return ShapeExpr::Constant(static_cast<int64_t>(*value));
    }
    case ExprKind::kParen:
      return LowerShape(e.a);
    case ExprKind::kName: {
      if (const StaticValue* value = type_arguments_.StaticNamed(e.text))
        return ShapeExpr::Constant(static_cast<int64_t>(IntegerValue(value->type, value->bits)));
      if (const Variable* v = Find(e.text)) {
        const auto& params = builder_.function().params;
        for (size_t k = 0; k < params.size(); ++k) {
          if (v->part_count == 0 || params[k].value != PartsOf(*v).front()) continue;
          if (v->is_scalar() && v->type == ScalarType::kI64)
            return ShapeExpr::Symbol(static_cast<uint32_t>(k));
          Report(DiagnosticCode::kTypeMismatch, e.range, "an i64 as a size",
                 v->in_memory ? "an array" : v->type.text());
          return std::nullopt;
        }
      }
      const Item* item = ItemNamed(e.text);
      if (item != nullptr && item->kind == ItemKind::kConst) return ConstantShape(e, *item);
      if (poisoned_.insert(e.text).second)
        Report(DiagnosticCode::kUnboundSymbol, e.range, e.text).hint = fmt::format(
            "give some array the size [{}], or add the parameter {}: i64", e.text, e.text);
      return std::nullopt;
    }
    case ExprKind::kField: {
      const SourceUnit* imported = ImportedUnit(e);
      if (imported == nullptr) break;
      const Item* item = LowerImportedItem(*imported, e);
      if (item == nullptr) return std::nullopt;
      if (item->kind == ItemKind::kConst) return ConstantShape(e, *item);
      break;
    }
    case ExprKind::kBinary: {
      const bool sum = e.binary == BinaryOperator::kAdd,
                 difference = e.binary == BinaryOperator::kSubtract;
      if (!sum && !difference && e.binary != BinaryOperator::kMultiply) break;
      const auto a = LowerShape(e.a);
      const auto b = LowerShape(e.b);
      if (!a || !b) return std::nullopt;
      const auto shape =
          sum || difference ? AddShapes(*a, *b, sum ? 1 : -1) : MultiplyShapes(*a, *b);
      if (shape && !(shape->is_constant() && shape->constant() < 0)) return shape;
      break;
    }
    default:
      break;
  }
  Report(DiagnosticCode::kInvalidSize, e.range, fmt::format("`{}`", SourceText(e.range)));
  return std::nullopt;
}

// A size as a value. The launch has compared it exactly, so wrapping on the way loses nothing.
ir::ValueId FunctionLowering::LowerShapeValue(const ShapeExpr& shape, SourceRange range) {
  std::optional<ir::ValueId> sum;
  for (const ShapeTerm& term : shape.terms) {
    ir::ValueId product = builder_.Integer(ScalarType::kI64, term.coefficient, range);
    bool is_one = term.coefficient == 1 && !term.symbols.empty();
    for (uint32_t symbol : term.symbols) {
      const ir::ValueId factor = builder_.function().params[symbol].value;
      product =
          is_one ? factor : builder_.Binary(Opcode::kMul, Rule::kWrap, product, factor, range);
      is_one = false;
    }
    sum = sum ? builder_.Binary(Opcode::kAdd, Rule::kWrap, *sum, product, range) : product;
  }
  return sum.value_or(ir::ValueId{}).valid() ? *sum : builder_.Integer(ScalarType::kI64, 0, range);
}

}  // namespace einkorn::frontend
