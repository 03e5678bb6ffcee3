// Built-in functions of complex numbers and value arrays.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {
namespace {

/// The longest sum that is folded from left to right (docs/language.md, reductions).
constexpr size_t kMaxFold = 32;

}  // namespace

std::vector<Operand> FunctionLowering::ElementsOf(const Operand& value) const {
  std::vector<Operand> elements;
  const auto count = static_cast<size_t>(CountOf(value.type.sizes()));
  for (size_t k = 0; k < count; ++k) elements.push_back(ElementOf(value, k));
  return elements;
}

Operand FunctionLowering::LowerValueBuiltin(const Expr& e, const Builtin& builtin,
                                            const DataType& expected) {
  if (builtin.id == BuiltinId::kComplex) return LowerComplex(e, expected);
  std::vector<Operand> arguments;
  if (builtin.id == BuiltinId::kConj || builtin.id == BuiltinId::kArg) {
    const Operand z = LowerExpression(e.list[0], expected);
    if (!z.ok()) return {};
    if (!z.type.is_complex() || z.is_view()) {
      Report(DiagnosticCode::kInvalidOperand, e.range, builtin.text, Describe(z));
      return {};
    }
    if (builtin.id == BuiltinId::kArg)
      return CallLibrary(e, "atan2", {Made(z.parts[1]), Made(z.parts[0])});
    return MakeValue(z.type,
                     {z.parts[0], builder_.Unary(Opcode::kNeg, Rule::kNone, z.parts[1], e.range)});
  }
  if (!LowerValueArrays(e, builtin.text, expected, arguments)) return {};
  const Operand& a = arguments.front();
  switch (builtin.id) {
    case BuiltinId::kDot:
      if (a.type.sizes().size() == 1 && a.type == arguments[1].type)
        return DotProduct(ElementsOf(a), ElementsOf(arguments[1]), e);
      break;
    case BuiltinId::kNorm: {
      if (!a.type.element().is_scalar() || !IsFloat(a.type.element().scalar())) break;
      const Operand square = DotProduct(ElementsOf(a), ElementsOf(a), e);
      if (!square.ok()) return {};
      return Made(builder_.Unary(Opcode::kSqrt, Rule::kNone, square.value(), e.range));
    }
    case BuiltinId::kCross:
      return LowerCross(e, a, arguments[1]);
    case BuiltinId::kMatmul:
      return LowerMatmul(e, a, arguments[1]);
    case BuiltinId::kTranspose:
      return LowerTranspose(e, a);
    default:
      break;
  }
  Report(DiagnosticCode::kInvalidOperand, e.range, builtin.text, a.type.text()).hint =
      builtin.id == BuiltinId::kDot ? "dot(a, b) takes two value arrays of one size"
                                    : "norm(v) takes a value array of floats";
  return {};
}

Operand FunctionLowering::LowerComplex(const Expr& e, const DataType& expected) {
  std::vector<Operand> parts;
  // A fill of a value array takes the type of its elements.
  const DataType whole = LiteralType(expected);
  const DataType part = whole.is_complex() ? DataType(whole.scalar()) : ScalarType::kF64;
  if (!LowerSameType(e, "complex", part, parts)) return {};
  if (!CheckOperand(Opcode::kSqrt, "complex", parts[0], e.range)) return {};
  return MakeValue(DataType::Complex(parts[0].scalar()), {parts[0].value(), parts[1].value()});
}

// Value arrays whose elements have one numeric type.
bool FunctionLowering::LowerValueArrays(const Expr& e, std::string_view text,
                                        const DataType& expected, std::vector<Operand>& arguments) {
  for (ExprId id : e.list) {
    Operand value;
    if (expr(id).kind == ExprKind::kArray && !arguments.empty())
      value = LowerExpression(id, LiteralType(arguments[0].type));
    else
      value = LowerExpression(id, LiteralType(expected));
    if (!value.ok()) return false;
    const DataType element =
        value.is_view() || !value.type.is_array() ? DataType() : value.type.element();
    const bool is_number =
        element.is_complex() || (element.is_scalar() && element.scalar() != ScalarType::kBool);
    if (!is_number) {
      Report(DiagnosticCode::kInvalidOperand, expr(id).range, text, Describe(value)).hint =
          "it takes value arrays of numbers";
      return false;
    }
    arguments.push_back(value);
  }
  if (arguments.size() < 2) return true;
  const DataType a = arguments[0].type.element(), b = arguments[1].type.element();
  if (a == b) return true;
  const auto convert = [&](Operand& value, const DataType& element) {
    value = Coerce(value, DataType::Array(value.type.sizes(), element), e.range);
    return value.ok();
  };
  if (UnifiesTo(a, b)) return convert(arguments[0], b);
  if (UnifiesTo(b, a)) return convert(arguments[1], a);
  Report(DiagnosticCode::kMixedOperands, e.range, text, arguments[0].type.text(),
         arguments[1].type.text())
      .hint = "convert one of them with `as`";
  return false;
}

Operand FunctionLowering::DotProduct(const std::vector<Operand>& a, const std::vector<Operand>& b,
                                     const Expr& e) {
  const DataType element = a.empty() ? DataType(ScalarType::kF64) : a.front().type;
  const auto term = [&](const Operand& left, const Operand& right) {
    Term product;
    product.a = left;
    product.b = right;
    product.is_product = true;
    product.type = element;
    product.range = e.range;
    return product;
  };
  const bool is_integer = element.is_scalar() && IsInteger(element.scalar());
  if (!is_integer && a.size() <= kMaxFold) {
    Operand sum = Zero(element, e.range);
    for (ir::ValueId& leaf : sum.parts)
      leaf = builder_.Constant(element.scalar(), FloatBits(element.scalar(), -0.0), e.range);
    const auto add = [&](const Term& right) {
      Term left;
      left.a = sum;
      left.type = element;
      left.range = e.range;
      sum = CombineTerms(BinaryOperator::kAdd, left, right, e.range);
    };
    for (size_t k = 0; k < a.size(); ++k) add(term(a[k], b[k]));
    Term zero;
    zero.a = Zero(element, e.range);
    zero.type = element;
    add(zero);
    return sum;
  }
  // As long sums are folded, and exactly where integers are.
  const DataType whole = DataType::Array({static_cast<int64_t>(a.size())}, element);
  const Operand left = Spill(Gather(whole, a), {}, e.range);
  const Operand right = Spill(Gather(whole, b), {}, e.range);
  ReduceParts parts;
  parts.reduction = {ReduceKind::kSum, Rule::kChecked};
  parts.range = e.range;
  for (int64_t bound : {int64_t{0}, static_cast<int64_t>(a.size()), int64_t{1}})
    parts.bounds.push_back(builder_.Integer(ScalarType::kI64, bound, e.range));
  parts.types.push_back(ScalarType::kI64);
  parts.names.emplace_back();
  return FinishReduction(parts, {}, {}, [&] {
    const auto indices = builder_.function().region(builder_.region()).arguments;
    const auto load = [&](const Operand& array) {
      const Operand value = Load(IndexInto(array, indices), e.range);
      ir::Function& function = builder_.function();
      for (ir::ValueId leaf : value.parts) function.op(function.value(leaf).def).checks = 0;
      return value;
    };
    const Operand l = load(left);
    return term(l, load(right));
  });
}

Operand FunctionLowering::LowerCross(const Expr& e, const Operand& a, const Operand& b) {
  const std::vector<int64_t> three = {3};
  if (a.type.sizes() != three || b.type.sizes() != three) {
    Report(DiagnosticCode::kInvalidOperand, e.range, "cross",
           a.type.sizes() != three ? a.type.text() : b.type.text())
        .hint = "cross(a, b) takes two value arrays of size 3";
    return {};
  }
  const auto product = [&](size_t i, size_t j) {
    Term term;
    term.a = ElementOf(a, i);
    term.b = ElementOf(b, j);
    term.is_product = true;
    term.type = a.type.element();
    term.range = e.range;
    return term;
  };
  std::vector<Operand> elements;
  for (size_t k = 0; k < 3; ++k) {
    const size_t i = (k + 1) % 3, j = (k + 2) % 3;
    elements.push_back(
        CombineTerms(BinaryOperator::kSubtract, product(i, j), product(j, i), e.range));
    if (!elements.back().ok()) return {};
  }
  return Gather(a.type, elements);
}

// Matrices with matrices and vectors; a vector on the left is a row, on the right a column.
Operand FunctionLowering::LowerMatmul(const Expr& e, const Operand& a, const Operand& b) {
  const auto& left = a.type.sizes();
  const auto& right = b.type.sizes();
  const bool fits = left.size() <= 2 && right.size() <= 2 && left.size() + right.size() > 2 &&
                    left.back() == right.front();
  if (!fits) {
    Report(DiagnosticCode::kMixedOperands, e.range, "matmul", a.type.text(), b.type.text()).hint =
        "the columns of the left are as many as the rows of the right: [m, k] and [k, n]";
    return {};
  }
  const size_t inner = static_cast<size_t>(left.back());
  const size_t rows = left.size() == 2 ? static_cast<size_t>(left.front()) : 1;
  const size_t columns = right.size() == 2 ? static_cast<size_t>(right.back()) : 1;
  std::vector<int64_t> sizes;
  if (left.size() == 2) sizes.push_back(left.front());
  if (right.size() == 2) sizes.push_back(right.back());
  const DataType type = DataType::Array(sizes, a.type.element());
  if (!IsSmallEnough(type, e.range)) return {};
  std::vector<Operand> elements;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      std::vector<Operand> row, column;
      for (size_t p = 0; p < inner; ++p) {
        row.push_back(ElementOf(a, i * inner + p));
        column.push_back(ElementOf(b, p * columns + j));
      }
      elements.push_back(DotProduct(row, column, e));
      if (!elements.back().ok()) return {};
    }
  }
  return Gather(type, elements);
}

Operand FunctionLowering::LowerTranspose(const Expr& e, const Operand& a) {
  const auto& sizes = a.type.sizes();
  if (sizes.size() != 2) {
    Report(DiagnosticCode::kInvalidOperand, e.range, "transpose", a.type.text()).hint =
        "transpose(a) takes a value array of two dimensions";
    return {};
  }
  const auto rows = static_cast<size_t>(sizes[0]), columns = static_cast<size_t>(sizes[1]);
  std::vector<Operand> elements;
  for (size_t j = 0; j < columns; ++j)
    for (size_t i = 0; i < rows; ++i) elements.push_back(ElementOf(a, i * columns + j));
  return Gather(DataType::Array({sizes[1], sizes[0]}, a.type.element()), elements);
}

}  // namespace einkorn::frontend
