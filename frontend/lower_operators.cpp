// Operators: the types of their operands, and the one rule that fuses a product into a sum.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {
namespace {

bool Widens(ScalarType from, ScalarType to) {
  return IsInteger(from) && IsInteger(to) && LeastOf(from) >= LeastOf(to) &&
         GreatestOf(from) <= GreatestOf(to);
}

bool IsShift(BinaryOperator op) {
  return InfoOf(InfoOf(op).opcode).types == TypeRule::kShift;
}
bool IsComparison(BinaryOperator op) {
  return InfoOf(InfoOf(op).opcode).types == TypeRule::kCompare;
}

std::string DescribeType(Type type) {
  return type.is_array() ? "arrays" : fmt::format("{}", TextOf(type.scalar));
}

}  // namespace

bool FunctionLowering::CheckOperand(Opcode opcode, std::string_view text, const Operand& operand,
                                    SourceRange range) {
  if (Accepts(InfoOf(opcode).operand_class, operand.type)) return true;
  Diagnostic& report =
      Report(DiagnosticCode::kInvalidOperand, range, text, DescribeType(operand.type));
  if (opcode == Opcode::kRem && operand.is_scalar() && IsFloat(operand.scalar()))
    report.hint = "use fmod(a, b)";
  else if (operand.type == Type::Scalar(ScalarType::kBool))
    report.hint = "`!`, `&&`, `||`, `&`, `|`, `^`, `==` and `!=` apply to bool";
  else if (operand.is_array())
    report.hint = "write a loop over its elements";
  return false;
}

Operand FunctionLowering::LowerUnary(const Expr& e, std::optional<ScalarType> expected) {
  const OperatorInfo& op = InfoOf(e.unary);
  if (e.unary == UnaryOperator::kLogicalNot) expected = std::nullopt;
  const Operand a = LowerExpression(e.a, IsUntyped(e.a) ? expected : std::nullopt);
  if (!a.ok()) return {};
  const bool is_bool = a.type == Type::Scalar(ScalarType::kBool);
  const bool misplaced = (e.unary == UnaryOperator::kLogicalNot && !is_bool) ||
                         (e.unary == UnaryOperator::kBitNot && is_bool) ||
                         (op.rule == Rule::kWrap && a.is_scalar() && IsFloat(a.scalar()));
  if (misplaced) {
    Report(DiagnosticCode::kInvalidOperand, e.range, op.text, DescribeType(a.type)).hint =
        is_bool                  ? "write `!` for bool"
        : op.rule == Rule::kWrap ? "floats do not wrap: write `-`"
                                 : "write `x == 0`, or `~x` to invert bits";
    return {};
  }
  if (!CheckOperand(op.opcode, op.text, a, e.range)) return {};
  return Made(builder_.Unary(op.opcode, ir::RuleFor(op.rule, a.scalar()), a.value, e.range));
}

Operand FunctionLowering::LowerBinary(const Expr& e, std::optional<ScalarType> expected) {
  if (e.binary == BinaryOperator::kLogicalAnd || e.binary == BinaryOperator::kLogicalOr)
    return LowerLogical(e);
  if (IsComparison(e.binary)) return LowerComparison(e);
  if (IsShift(e.binary)) return LowerShift(e, expected);

  const bool left_untyped = IsUntyped(e.a), right_untyped = IsUntyped(e.b);
  Term left, right;
  if (left_untyped && right_untyped) {
    left = LowerTerm(e.a, expected);
    if (left.ok()) right = LowerTerm(e.b, expected);
  } else if (left_untyped) {
    // The operand with a type decides; the literal has no effects that an order could show.
    right = LowerTerm(e.b, std::nullopt);
    if (right.ok() && right.a.is_scalar()) left = LowerTerm(e.a, right.type());
  } else {
    left = LowerTerm(e.a, std::nullopt);
    if (left.ok() && left.a.is_array()) {
      CheckOperand(InfoOf(e.binary).opcode, InfoOf(e.binary).text, left.a, e.range);
      return {};
    }
    right = LowerTerm(e.b, right_untyped && left.ok() ? std::optional(left.type()) : std::nullopt);
  }
  if (!left.ok() || !right.ok()) return {};
  return CombineTerms(e.binary, left, right, e.range);
}

FunctionLowering::Term FunctionLowering::LowerTerm(ExprId id, std::optional<ScalarType> expected) {
  const Expr& e = expr(id);
  Term term;
  term.range = e.range;
  const bool is_product = e.kind == ExprKind::kBinary && e.binary == BinaryOperator::kMultiply;
  bool exact = false;
  if (is_product && IsUntyped(id) && !HasFloatLiteral(id)) exact = true;
  if (!is_product || exact) {
    term.a = LowerExpression(id, expected);
    return term;
  }
  if (IsUntyped(id)) expected = expected.value_or(DefaultType(id));
  Operand a, b;
  if (!LowerOperands(e.a, e.b, expected, "*", e.range, a, b)) return term;
  if (!CheckOperand(Opcode::kMul, "*", a, e.range)) return term;
  term.a = a;
  term.b = b;
  term.is_product = true;
  return term;
}

Operand FunctionLowering::Multiply(const Term& term) {
  if (!term.is_product || !term.ok()) return term.a;
  return Apply(BinaryOperator::kMultiply, term.a, term.b, term.range);
}

bool FunctionLowering::LowerOperands(ExprId left, ExprId right, std::optional<ScalarType> expected,
                                     std::string_view text, SourceRange range, Operand& l,
                                     Operand& r) {
  const bool left_untyped = IsUntyped(left), right_untyped = IsUntyped(right);
  if (left_untyped && !right_untyped) {
    r = LowerExpression(right, std::nullopt);
    if (!r.ok()) return false;
    l = LowerExpression(left, r.is_scalar() ? std::optional(r.scalar()) : std::nullopt);
  } else {
    l = LowerExpression(left, left_untyped ? expected : std::nullopt);
    if (!l.ok() && (left_untyped || right_untyped)) return false;
    const std::optional<ScalarType> wanted = left_untyped              ? expected
                                             : l.ok() && l.is_scalar() ? std::optional(l.scalar())
                                                                       : std::nullopt;
    r = LowerExpression(right, right_untyped ? wanted : std::nullopt);
  }
  if (!l.ok() || !r.ok()) return false;
  return Unify(l, r, text, range);
}

bool FunctionLowering::Unify(Operand& left, Operand& right, std::string_view text,
                             SourceRange range) {
  if (left.type == right.type) return true;
  if (left.is_array() || right.is_array()) {
    Report(DiagnosticCode::kInvalidOperand, range, text, "arrays").hint =
        "write a loop over its elements";
    return false;
  }
  const ScalarType l = left.scalar(), r = right.scalar();
  if (Widens(l, r)) {
    left = Coerce(left, r, range);
    return true;
  }
  if (Widens(r, l)) {
    right = Coerce(right, l, range);
    return true;
  }
  Diagnostic& report = Report(DiagnosticCode::kMixedOperands, range, text, TextOf(l), TextOf(r));
  if (IsFloat(l) && IsFloat(r)) {
    report.label = fmt::format("the {} operand is f64", l == ScalarType::kF64 ? "left" : "right");
    report.hint = "convert one operand: `as f64` keeps every value, `as f32` rounds";
  } else {
    report.hint = "convert one operand with `as`";
  }
  return false;
}

Operand FunctionLowering::Combine(BinaryOperator op, Operand left, const Term& right,
                                  SourceRange range) {
  if (!left.ok() || !right.ok()) return {};
  if (IsShift(op)) {
    const Operand amount = Multiply(right);
    return amount.ok() ? Apply(op, left, amount, range) : Operand{};
  }
  Term whole;
  whole.a = std::move(left);
  whole.range = range;
  return CombineTerms(op, whole, right, range);
}

// a + b, a - b and the others. In a float sum an unparenthesised product of the sum's own type is
// fused: the right one if there is one, else the left; in a difference of two products neither.
Operand FunctionLowering::CombineTerms(BinaryOperator op, Term left, Term right,
                                       SourceRange range) {
  const bool sum = op == BinaryOperator::kAdd, difference = op == BinaryOperator::kSubtract;
  const bool fuses = (sum || difference) && left.a.is_scalar() && right.a.is_scalar() &&
                     IsFloat(left.type()) && left.type() == right.type() &&
                     (left.is_product || right.is_product) &&
                     !(difference && left.is_product && right.is_product);
  const auto fma = [&](ir::ValueId a, ir::ValueId b, ir::ValueId c, ScalarType type) {
    return Made(builder_.AppendValue({.opcode = Opcode::kFma,
                                      .range = range,
                                      .operands = {a, b, c},
                                      .results = {Type::Scalar(type)}}));
  };
  const auto negate = [&](ir::ValueId a) {
    return builder_.Unary(Opcode::kNeg, Rule::kNone, a, range);
  };
  if (fuses && right.is_product) {
    const Operand l = Multiply(left);
    if (!l.ok()) return {};
    const ir::ValueId factor = difference ? negate(right.a.value) : right.a.value;
    return fma(factor, right.b.value, l.value, l.scalar());
  }
  if (fuses) {
    const ir::ValueId addend = difference ? negate(right.a.value) : right.a.value;
    return fma(left.a.value, left.b.value, addend, left.type());
  }
  Operand l = Multiply(left), r = Multiply(right);
  if (!l.ok() || !r.ok() || !Unify(l, r, InfoOf(op).text, range)) return {};
  return Apply(op, l, r, range);
}

Operand FunctionLowering::Apply(BinaryOperator op, const Operand& left, const Operand& right,
                                SourceRange range) {
  const OperatorInfo& info = InfoOf(op);
  if (!CheckOperand(info.opcode, info.text, left, range)) return {};
  if (IsShift(op) && !Accepts(OperandClass::kInteger, right.type)) {
    Report(DiagnosticCode::kTypeMismatch, range, "an integer shift amount",
           DescribeType(right.type));
    return {};
  }
  if (IsFloat(left.scalar()) && (info.rule == Rule::kWrap || info.rule == Rule::kSaturate)) {
    Report(DiagnosticCode::kInvalidOperand, range, info.text, TextOf(left.scalar())).hint =
        "floats neither wrap nor saturate";
    return {};
  }
  const Rule rule = InfoOf(info.opcode).rules == RuleSet::kNone
                        ? Rule::kNone
                        : ir::RuleFor(info.rule, left.scalar());
  return Made(builder_.Binary(info.opcode, rule, left.value, right.value, range));
}

Operand FunctionLowering::LowerShift(const Expr& e, std::optional<ScalarType> expected) {
  const Operand left = LowerExpression(e.a, IsUntyped(e.a) ? expected : std::nullopt);
  const Operand amount = LowerExpression(e.b, std::nullopt);
  if (!left.ok() || !amount.ok()) return {};
  return Apply(e.binary, left, amount, e.range);
}

Operand FunctionLowering::LowerLogical(const Expr& e) {
  const bool is_and = e.binary == BinaryOperator::kLogicalAnd;
  const Operand left = LowerCondition(e.a);
  bool ok = true;
  const auto evaluate = [&]() -> Path {
    const Operand right = LowerCondition(e.b);
    ok = right.ok();
    return {Flow::kLive, right.value};
  };
  const auto decided = [&]() -> Path { return {Flow::kLive, builder_.Bool(!is_and, e.range)}; };
  if (!left.ok()) {
    LowerCondition(e.b);
    return {};
  }
  const Path joined = is_and ? LowerPaths(left.value, evaluate, decided, e.range)
                             : LowerPaths(left.value, decided, evaluate, e.range);
  return ok ? Made(joined.value) : Operand{};
}

Operand FunctionLowering::CompareArrays(const Expr& e) {
  // An array literal takes the element type of the other side.
  const bool literal_left = expr(e.a).kind == ExprKind::kArray;
  const bool literal_right = expr(e.b).kind == ExprKind::kArray;
  const auto lower = [&](ExprId id, const Operand& other) {
    return LowerExpression(id, other.ok() ? std::optional(other.scalar()) : std::nullopt);
  };
  Operand left, right;
  if (literal_left && !literal_right) {
    right = LowerExpression(e.b, std::nullopt);
    left = lower(e.a, right);
  } else {
    left = LowerExpression(e.a, std::nullopt);
    right = literal_right ? lower(e.b, left) : LowerExpression(e.b, std::nullopt);
  }
  if (!left.ok() || !right.ok()) return {};
  if (left.type != right.type) {
    Report(DiagnosticCode::kMixedOperands, e.range, InfoOf(e.binary).text,
           fmt::format("{} of rank {}", TextOf(left.scalar()), left.type.rank),
           fmt::format("{} of rank {}", TextOf(right.scalar()), right.type.rank));
    return {};
  }
  if (item_.kind != ItemKind::kTest) {
    Report(DiagnosticCode::kNotBuilt, e.range, "comparisons of whole arrays outside tests");
    return {};
  }
  const Operand equal = Made(builder_.AppendValue({.opcode = Opcode::kArrayEqual,
                                                   .range = e.range,
                                                   .operands = {left.value, right.value},
                                                   .results = {Type::Scalar(ScalarType::kBool)}}));
  if (e.binary == BinaryOperator::kEqual) return equal;
  return Made(builder_.Unary(Opcode::kNot, Rule::kNone, equal.value, e.range));
}

Operand FunctionLowering::LowerComparison(const Expr& e) {
  const OperatorInfo& op = InfoOf(e.binary);
  const auto is_array = [&](ExprId id) {
    const Expr& side = expr(id);
    if (side.kind == ExprKind::kArray) return true;
    const Variable* v = side.kind == ExprKind::kName ? Find(side.text) : nullptr;
    return v != nullptr && v->type.is_array();
  };
  const bool equality = e.binary == BinaryOperator::kEqual || e.binary == BinaryOperator::kNotEqual;
  if (equality && (is_array(e.a) || is_array(e.b))) return CompareArrays(e);

  const bool left_untyped = IsUntyped(e.a), right_untyped = IsUntyped(e.b);
  Operand left, right;
  if (left_untyped && right_untyped) {
    const ScalarType type =
        HasFloatLiteral(e.a) || HasFloatLiteral(e.b) ? ScalarType::kF64 : ScalarType::kI64;
    left = LowerExpression(e.a, type);
    right = LowerExpression(e.b, type);
  } else if (left_untyped) {
    right = LowerExpression(e.b, std::nullopt);
    if (right.ok()) left = LowerExpression(e.a, right.scalar());
  } else {
    left = LowerExpression(e.a, std::nullopt);
    right = LowerExpression(
        e.b, right_untyped && left.ok() ? std::optional(left.scalar()) : std::nullopt);
  }
  if (!left.ok() || !right.ok()) return {};
  if (!CheckOperand(op.opcode, op.text, left, e.range)) return {};
  if (!CheckOperand(op.opcode, op.text, right, e.range)) return {};
  return Compare(op.opcode, left, right, e.range);
}

// Comparisons of any two integer types compare mathematical values.
Operand FunctionLowering::Compare(Opcode opcode, Operand left, Operand right, SourceRange range) {
  const ScalarType l = left.scalar(), r = right.scalar();
  const bool integers = IsInteger(l) && IsInteger(r);
  if (!integers || l == r || Widens(l, r) || Widens(r, l)) {
    if (!Unify(left, right, TextOf(opcode), range)) return {};
    return Made(builder_.Compare(opcode, left.value, right.value, range));
  }
  if (BitsOf(l) < 64 && BitsOf(r) < 64) {
    left = Coerce(left, ScalarType::kI64, range);
    right = Coerce(right, ScalarType::kI64, range);
    return Made(builder_.Compare(opcode, left.value, right.value, range));
  }
  // One is u64, the other signed: a negative value is below every u64.
  const bool left_signed = IsSigned(l);
  const Operand& side = left_signed ? left : right;
  const ir::ValueId zero = builder_.Integer(side.scalar(), 0, range);
  const ir::ValueId negative = builder_.Compare(Opcode::kLt, side.value, zero, range);
  const auto as_unsigned = [&](const Operand& operand) {
    if (operand.scalar() == ScalarType::kU64) return operand.value;
    return builder_.Convert(ScalarType::kU64, Rule::kWrap, operand.value, range);
  };
  const ir::ValueId compared =
      builder_.Compare(opcode, as_unsigned(left), as_unsigned(right), range);
  const bool less = opcode == Opcode::kLt || opcode == Opcode::kLe;
  const bool greater = opcode == Opcode::kGt || opcode == Opcode::kGe;
  const bool if_negative = opcode == Opcode::kNe || (left_signed ? less : greater);
  return Made(builder_.Select(negative, builder_.Bool(if_negative, range), compared, range));
}

}  // namespace einkorn::frontend
