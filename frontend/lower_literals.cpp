// Literals: expressions without a type of their own, computed exactly and fitted to their context.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/literals.h"
#include "frontend/lowering.h"

namespace einkorn::frontend {

bool FunctionLowering::IsUntypedBlock(BlockId id) const {
  const Block& block = tree_.block(id);
  return block.statements.empty() && block.value.valid() && IsUntyped(block.value);
}

bool FunctionLowering::IsUntyped(ExprId id) const {
  const Expr& e = expr(id);
  switch (e.kind) {
    case ExprKind::kInteger:
    case ExprKind::kFloat:
      return true;
    case ExprKind::kParen:
      return IsUntyped(e.a);
    case ExprKind::kUnary:
      return e.unary != UnaryOperator::kLogicalNot && IsUntyped(e.a);
    case ExprKind::kBinary: {
      const OpInfo& op = InfoOf(InfoOf(e.binary).opcode);
      if (op.types == TypeRule::kSame) return IsUntyped(e.a) && IsUntyped(e.b);
      return op.types == TypeRule::kShift && IsUntyped(e.a);
    }
    case ExprKind::kIf:
      return IsUntypedBlock(e.block) && IsUntypedBlock(e.other);
    case ExprKind::kBlock:
      return IsUntypedBlock(e.block);
    case ExprKind::kCall: {
      // A function of the file hides the built-in one.
      if (expr(e.a).kind != ExprKind::kName || ItemNamed(expr(e.a).text) != nullptr) return false;
      const Builtin* builtin = BuiltinNamed(expr(e.a).text);
      if (builtin == nullptr || builtin->form == BuiltinForm::kBits ||
          builtin->form == BuiltinForm::kFromBits || builtin->form == BuiltinForm::kTest ||
          builtin->form == BuiltinForm::kValue || InfoOf(builtin->opcode).types != TypeRule::kSame)
        return false;
      for (ExprId argument : e.list)
        if (!IsUntyped(argument)) return false;
      return !e.list.empty();
    }
    case ExprKind::kBool:
    case ExprKind::kName:
    case ExprKind::kField:
    case ExprKind::kIndex:
    case ExprKind::kConversion:
    case ExprKind::kStruct:
    case ExprKind::kArray:
    case ExprKind::kReduction:
    case ExprKind::kUndefined:
      return false;
  }
  return false;
}

bool FunctionLowering::HasFloatLiteral(ExprId id) const {
  const Expr& e = expr(id);
  switch (e.kind) {
    case ExprKind::kFloat:
      return true;
    case ExprKind::kParen:
    case ExprKind::kUnary:
      return HasFloatLiteral(e.a);
    case ExprKind::kBinary:
      if (InfoOf(InfoOf(e.binary).opcode).types == TypeRule::kShift) return HasFloatLiteral(e.a);
      return HasFloatLiteral(e.a) || HasFloatLiteral(e.b);
    case ExprKind::kIf:
      return HasFloatLiteral(tree_.block(e.block).value) ||
             HasFloatLiteral(tree_.block(e.other).value);
    case ExprKind::kBlock:
      return HasFloatLiteral(tree_.block(e.block).value);
    case ExprKind::kCall: {
      // Functions that exist for floats only make their integer literals floats.
      const Builtin* builtin = BuiltinNamed(expr(e.a).text);
      if (InfoOf(builtin->opcode).operand_class == OperandClass::kFloat) return true;
      for (ExprId argument : e.list)
        if (HasFloatLiteral(argument)) return true;
      return false;
    }
    default:
      return false;
  }
}

bool FunctionLowering::IsArrayLiteral(ExprId id) const {
  const Expr& e = expr(id);
  if (e.kind == ExprKind::kParen) return IsArrayLiteral(e.a);
  return e.kind == ExprKind::kArray && std::ranges::all_of(e.list, [&](ExprId item) {
           return IsUntyped(item) || IsArrayLiteral(item);
         });
}

bool FunctionLowering::IsArrayLiteralBlock(BlockId id) const {
  const Block& block = tree_.block(id);
  return block.statements.empty() && block.value.valid() && IsArrayLiteral(block.value);
}

DataType FunctionLowering::ExpectedBeside(ExprId id, const DataType& other) const {
  if (IsUntyped(id)) return LiteralType(other);
  if (!IsArrayLiteral(id)) return {};
  return other.is_array() ? other : LiteralType(other);
}

DataType FunctionLowering::LiteralType(const DataType& type) {
  if (!type.valid() || type.is_struct()) return {};
  return type.is_array() ? LiteralType(type.element()) : type;
}

namespace {

// The exact result of an operator on integer literals, or why there is none.
struct ExactOutcome {
  std::optional<Int128> value;
  const char* failure = nullptr;
};

ExactOutcome ExactBinary(BinaryOperator op, Int128 a, Int128 b) {
  Int128 r = 0;
  constexpr const char* kTooLarge = "the exact value of this expression is beyond 127 bits";
  switch (op) {
    case BinaryOperator::kAdd:
      return __builtin_add_overflow(a, b, &r) ? ExactOutcome{{}, kTooLarge} : ExactOutcome{r};
    case BinaryOperator::kSubtract:
      return __builtin_sub_overflow(a, b, &r) ? ExactOutcome{{}, kTooLarge} : ExactOutcome{r};
    case BinaryOperator::kMultiply:
      return __builtin_mul_overflow(a, b, &r) ? ExactOutcome{{}, kTooLarge} : ExactOutcome{r};
    case BinaryOperator::kDivide:
      return b == 0 ? ExactOutcome{{}, "division by zero"} : ExactOutcome{a / b};
    case BinaryOperator::kRemainder:
      return b == 0 ? ExactOutcome{{}, "remainder by zero"} : ExactOutcome{a % b};
    case BinaryOperator::kShiftLeft:
      if (b < 0 || b > 126) return {{}, "the shift amount is outside 0..127"};
      if (a > (((Int128(1) << 126) - 1) >> int(b)) || a < -((Int128(1) << 126) >> int(b)))
        return {{}, kTooLarge};
      return {a * (Int128(1) << int(b))};
    case BinaryOperator::kShiftRight:
      if (b < 0 || b > 126) return {{}, "the shift amount is outside 0..127"};
      return {a >> int(b)};
    case BinaryOperator::kBitAnd:
      return {a & b};
    case BinaryOperator::kBitOr:
      return {a | b};
    case BinaryOperator::kBitXor:
      return {a ^ b};
    default:
      return {};  // wrapping and saturating forms depend on a type, so they are computed in it
  }
}

}  // namespace

std::optional<Int128> FunctionLowering::ExactInteger(ExprId id, bool& failed) {
  const Expr& e = expr(id);
  switch (e.kind) {
    case ExprKind::kInteger: {
      const IntegerLiteral literal = ParseIntegerLiteral(e.text);
      if (literal.overflow || literal.value > (UInt128(1) << 126)) {
        Report(DiagnosticCode::kLiteralOutOfRange, e.range, e.text, "any integer type");
        failed = true;
        return std::nullopt;
      }
      return static_cast<Int128>(literal.value);
    }
    case ExprKind::kParen:
      return ExactInteger(e.a, failed);
    case ExprKind::kUnary: {
      if (e.unary != UnaryOperator::kNegate) return std::nullopt;
      const auto value = ExactInteger(e.a, failed);
      return value ? std::optional(-*value) : std::nullopt;
    }
    case ExprKind::kBinary: {
      if (!IsUntyped(e.b)) return std::nullopt;
      const auto a = ExactInteger(e.a, failed);
      if (!a) return std::nullopt;
      const auto b = ExactInteger(e.b, failed);
      if (!b) return std::nullopt;
      const ExactOutcome outcome = ExactBinary(e.binary, *a, *b);
      if (e.binary == BinaryOperator::kDivide && outcome.value && *a % *b != 0)
        division_was_inexact_ = true;
      if (outcome.failure != nullptr) {
        Report(DiagnosticCode::kLiteralArithmetic, e.range, outcome.failure);
        failed = true;
      }
      return outcome.value;
    }
    default:
      return std::nullopt;
  }
}

Operand FunctionLowering::FitInteger(Int128 value, ScalarType type, SourceRange range) {
  if (IsFloat(type)) {
    const double rounded = static_cast<double>(value);
    const uint64_t bits = FloatBits(type, rounded);
    // Integers beyond 2^53 that a double cannot hold are not exact either; 2^127 is no Int128.
    const bool is_exact = rounded < 0x1p127 && static_cast<Int128>(rounded) == value;
    if (!is_exact || FloatValue(type, bits) != rounded) {
      Report(DiagnosticCode::kInexactLiteral, range, FormatInt128(value), TextOf(type)).hint =
          fmt::format("write it with a decimal point to round it to {}", TextOf(type));
      return {};
    }
    return Made(builder_.Constant(type, bits, range));
  }
  if (type == ScalarType::kBool) {
    Report(DiagnosticCode::kTypeMismatch, range, "bool", "an integer").hint = "write true or false";
    return {};
  }
  if (!FitsInteger(type, value)) {
    Report(DiagnosticCode::kLiteralOutOfRange, range, FormatInt128(value), TextOf(type)).label =
        fmt::format("{} holds {} to {}", TextOf(type), FormatInt128(LeastOf(type)),
                    FormatInt128(GreatestOf(type)));
    return {};
  }
  return Made(builder_.Integer(type, value, range));
}

Operand FunctionLowering::LowerLiteral(const Expr& e, ScalarType type) {
  if (e.kind == ExprKind::kInteger) {
    bool failed = false;
    const ExprId self(static_cast<size_t>(&e - tree_.exprs.data()));
    const auto value = ExactInteger(self, failed);
    return value ? FitInteger(*value, type, e.range) : Operand{};
  }
  if (!IsFloat(type)) {
    Report(DiagnosticCode::kTypeMismatch, e.range, TextOf(type), "a floating literal").hint =
        type == ScalarType::kBool
            ? "compare it with something"
            : fmt::format("write `{} as {}` to truncate it", e.text, TextOf(type));
    return {};
  }
  const uint64_t bits = ParseFloatLiteral(e.text, type);
  if (FormatScalar(type, bits) == "inf")
    Report(DiagnosticCode::kLiteralOverflow, e.range, e.text, TextOf(type));
  return Made(builder_.Constant(type, bits, e.range));
}

bool FunctionLowering::CollectArrayLiteral(const Expr& e, size_t depth, std::vector<int64_t>& sizes,
                                           std::vector<ExprId>& elements, size_t rank) {
  const auto count = static_cast<int64_t>(e.list.size());
  if (sizes.size() == depth) sizes.push_back(count);
  if (sizes[depth] != count) {
    Report(DiagnosticCode::kArrayLiteralShape, e.range, sizes[depth], count);
    return false;
  }
  for (ExprId item : e.list) {
    const bool nested = expr(item).kind == ExprKind::kArray && depth + 1 < rank;
    if (nested) {
      if (!CollectArrayLiteral(expr(item), depth + 1, sizes, elements, rank)) return false;
    } else if (sizes.size() != depth + 1) {
      Report(DiagnosticCode::kArrayLiteralShape, expr(item).range, sizes[depth + 1],
             "a single value");
      return false;
    } else {
      elements.push_back(item);
    }
  }
  return true;
}

// The first element with a type of its own decides; literals alone are f64 or i64.
DataType FunctionLowering::LiteralElementType(const std::vector<ExprId>& elements) {
  DataType type = ScalarType::kI64;
  for (ExprId id : elements) {
    if (IsUntyped(id)) {
      if (HasFloatLiteral(id)) type = ScalarType::kF64;
      continue;
    }
    // Lowered aside: its code is made again where the element is stored.
    Operand typed;
    LowerAside([&] { typed = LowerExpression(id, {}); });
    return typed.ok() && !typed.is_view() ? typed.type : DataType();
  }
  return type;
}

Operand FunctionLowering::LowerArrayLiteral(const Expr& e, const DataType& expected) {
  std::vector<int64_t> shape;
  std::vector<ExprId> elements;
  DataType element;
  if (expected.is_array()) {
    // An element that is a value array itself takes brackets of its own.
    const size_t rank = expected.sizes().size();
    if (!CollectArrayLiteral(e, 0, shape, elements, rank)) return {};
    if (shape.size() != rank) {
      const auto describe = [](size_t dimensions) {
        return fmt::format("an array of {} dimension{}", dimensions, dimensions == 1 ? "" : "s");
      };
      Report(DiagnosticCode::kTypeMismatch, e.range, describe(rank), describe(shape.size()));
      return {};
    }
    element = expected.element();
  } else {
    if (!CollectArrayLiteral(e, 0, shape, elements, kMaxRank)) return {};
    element =
        expected.is_scalar() || expected.is_complex() ? expected : LiteralElementType(elements);
    if (elements.empty() && !expected.valid()) {
      Report(DiagnosticCode::kTypeMismatch, e.range, "elements that decide the type",
             "an empty array");
      return {};
    }
  }
  if (!element.valid()) return {};
  const DataType type = DataType::Array(shape, element);
  if (!IsSmallEnough(type, e.range)) return {};
  std::vector<Operand> values;
  for (ExprId id : elements) {
    values.push_back(LowerAs(id, element));
    if (!values.back().ok()) return {};
  }
  return Gather(type, values);
}

Operand FunctionLowering::LowerStoredLiteral(const Expr& e, const DataType& declared,
                                             const std::vector<int64_t>* sizes) {
  std::vector<int64_t> shape = sizes != nullptr ? *sizes : std::vector<int64_t>();
  const size_t rank = sizes != nullptr ? shape.size() : kMaxRank;
  std::vector<ExprId> elements;
  if (!CollectArrayLiteral(e, 0, shape, elements, rank)) return {};
  const DataType element = declared.valid() ? declared : LiteralElementType(elements);
  if (!element.valid()) return {};
  if (elements.empty() && !declared.valid()) {
    Report(DiagnosticCode::kTypeMismatch, e.range, "elements that decide the type",
           "an empty array");
    return {};
  }
  const Operand array = MakeStorage(DataType::Array(shape, element), e.range);
  for (size_t i = 0; i < elements.size(); ++i) {
    const Operand value = LowerAs(elements[i], element);
    if (!value.ok()) return {};
    std::vector<ir::ValueId> indices;
    for (int64_t index : IndicesOf(shape, i))
      indices.push_back(builder_.Integer(ScalarType::kI64, index, e.range));
    // The indices count the elements.
    Store(IndexInto(array, indices), value, expr(elements[i]).range, /*is_checked=*/false);
  }
  return array;
}

}  // namespace einkorn::frontend
