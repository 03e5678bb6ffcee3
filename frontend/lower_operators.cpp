// Operators: the types of their operands, and the one rule that fuses a product into a sum.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {
namespace {

bool IsShift(BinaryOperator op) {
  return InfoOf(InfoOf(op).opcode).types == TypeRule::kShift;
}
bool IsComparison(BinaryOperator op) {
  return InfoOf(InfoOf(op).opcode).types == TypeRule::kCompare;
}

}  // namespace

// Checks scalars; the operands of other types are taken apart before.
bool FunctionLowering::CheckOperand(Opcode opcode, std::string_view text, const Operand& operand,
                                    SourceRange range) {
  if (operand.is_scalar() && Accepts(InfoOf(opcode).operand_class, Type::Scalar(operand.scalar())))
    return true;
  Diagnostic& report = Report(DiagnosticCode::kInvalidOperand, range, text,
                              operand.is_view() ? "arrays" : Describe(operand));
  if (opcode == Opcode::kRem && operand.is_scalar() && IsFloat(operand.scalar()))
    report.hint = "use fmod(a, b)";
  else if (operand.is_scalar() && operand.type == ScalarType::kBool)
    report.hint = "`!`, `&&`, `||`, `&`, `|`, `^`, `==` and `!=` apply to bool";
  else if (operand.is_view())
    report.hint = "write a loop over its elements";
  return false;
}

Operand FunctionLowering::LowerUnary(const Expr& e, const DataType& expected) {
  const bool takes = e.unary != UnaryOperator::kLogicalNot;
  const Operand a = LowerExpression(e.a, takes && IsUntyped(e.a) ? expected : DataType());
  return a.ok() ? ApplyUnary(e, a) : Operand{};
}

Operand FunctionLowering::ApplyUnary(const Expr& e, const Operand& a) {
  const OperatorInfo& op = InfoOf(e.unary);
  if (a.type.is_array() && !a.is_view()) {
    std::vector<Operand> elements = ElementsOf(a);
    for (Operand& element : elements) {
      element = ApplyUnary(e, element);
      if (!element.ok()) return {};
    }
    return Gather(a.type, elements);
  }
  if (a.type.is_complex() && !a.is_view() && e.unary == UnaryOperator::kNegate) {
    std::vector<ir::ValueId> parts;
    for (ir::ValueId part : a.parts)
      parts.push_back(builder_.Unary(Opcode::kNeg, Rule::kNone, part, e.range));
    return MakeValue(a.type, parts);
  }
  const bool is_bool = a.is_scalar() && a.type == ScalarType::kBool;
  const bool misplaced = (e.unary == UnaryOperator::kLogicalNot && !is_bool) ||
                         (e.unary == UnaryOperator::kBitNot && is_bool) ||
                         (op.rule == Rule::kWrap && a.is_scalar() && IsFloat(a.scalar()));
  if (misplaced) {
    Report(DiagnosticCode::kInvalidOperand, e.range, op.text, a.is_view() ? "arrays" : Describe(a))
        .hint = is_bool                  ? "write `!` for bool"
                : op.rule == Rule::kWrap ? "floats do not wrap: write `-`"
                                         : "write `x == 0`, or `~x` to invert bits";
    return {};
  }
  if (!CheckOperand(op.opcode, op.text, a, e.range)) return {};
  return Made(builder_.Unary(op.opcode, ir::RuleFor(op.rule, a.scalar()), a.value(), e.range));
}

Operand FunctionLowering::LowerBinary(const Expr& e, const DataType& expected) {
  if (e.binary == BinaryOperator::kLogicalAnd || e.binary == BinaryOperator::kLogicalOr)
    return LowerLogical(e);
  if (IsComparison(e.binary)) return LowerComparison(e);
  if (IsShift(e.binary)) return LowerShift(e, expected);

  // The operand with a type decides; a literal has no effects that an order could show.
  const auto [left_takes, right_takes] = TakesType(e.a, e.b);
  Term left, right;
  if (left_takes && right_takes) {
    left = LowerTerm(e.a, expected);
    if (left.ok()) right = LowerTerm(e.b, expected);
  } else if (left_takes) {
    right = LowerTerm(e.b, {});
    if (right.ok()) left = LowerTerm(e.a, ExpectedBeside(e.a, right.type));
  } else {
    left = LowerTerm(e.a, IsArrayLiteral(e.a) ? expected : DataType());
    if (left.ok() && left.a.is_view()) {
      CheckOperand(InfoOf(e.binary).opcode, InfoOf(e.binary).text, left.a, e.range);
      return {};
    }
    right = LowerTerm(e.b, left.ok() ? ExpectedBeside(e.b, left.type) : DataType());
  }
  if (!left.ok() || !right.ok()) return {};
  return CombineTerms(e.binary, left, right, e.range);
}

// Which of two operands take their type from the other one; an array of literals beside a literal
// decides.
std::pair<bool, bool> FunctionLowering::TakesType(ExprId left, ExprId right) const {
  const bool left_untyped = IsUntyped(left), right_untyped = IsUntyped(right);
  return {left_untyped || (IsArrayLiteral(left) && !right_untyped),
          right_untyped || (IsArrayLiteral(right) && !left_untyped)};
}

FunctionLowering::Term FunctionLowering::LowerTerm(ExprId id, const DataType& given) {
  const Expr& e = expr(id);
  DataType expected = given;
  Term term;
  term.range = e.range;
  const bool is_product = e.kind == ExprKind::kBinary && e.binary == BinaryOperator::kMultiply;
  const bool exact = is_product && IsUntyped(id) && !HasFloatLiteral(id);
  if (!is_product || exact) {
    term.a = LowerExpression(id, expected);
    term.type = term.a.type;
    return term;
  }
  if (IsUntyped(id) && !expected.valid()) expected = DefaultType(id);
  Operand a, b;
  if (!LowerOperands(e.a, e.b, expected, "*", e.range, a, b)) return term;
  const Operand& whole = a.type.is_array() ? a : b;
  const bool computes = whole.type.is_array() || whole.type.is_complex();
  if ((!computes || whole.is_view()) && !CheckOperand(Opcode::kMul, "*", a, e.range)) return term;
  term.a = a;
  term.b = b;
  term.is_product = true;
  term.type = whole.type;
  return term;
}

Operand FunctionLowering::Multiply(const Term& term) {
  if (!term.is_product || !term.ok()) return term.a;
  return Apply(BinaryOperator::kMultiply, term.a, term.b, term.range);
}

bool FunctionLowering::LowerOperands(ExprId left, ExprId right, const DataType& expected,
                                     std::string_view text, SourceRange range, Operand& l,
                                     Operand& r) {
  const auto [left_takes, right_takes] = TakesType(left, right);
  if (left_takes && !right_takes) {
    r = LowerExpression(right, {});
    if (!r.ok()) return false;
    l = LowerExpression(left, r.is_view() ? DataType() : ExpectedBeside(left, r.type));
  } else {
    const bool passes = left_takes || IsArrayLiteral(left);
    l = LowerExpression(left, passes ? expected : DataType());
    if (!l.ok() && (left_takes || right_takes)) return false;
    DataType wanted;
    if (left_takes && right_takes)
      wanted = expected;
    else if (l.ok() && !l.is_view())
      wanted = ExpectedBeside(right, l.type);
    r = LowerExpression(right, right_takes ? wanted : DataType());
  }
  if (!l.ok() || !r.ok()) return false;
  return Unify(l, r, text, range);
}

bool FunctionLowering::UnifiesTo(const DataType& from, const DataType& to) {
  if (from == to) return true;
  if (from.is_scalar() && to.is_scalar()) return Widens(from.scalar(), to.scalar());
  if (from.is_array() && to.is_array())
    return from.sizes() == to.sizes() && UnifiesTo(from.element(), to.element());
  // Parts of one type: f64 beside c64 says `as`, as f32 beside f64 does.
  return from.is_scalar() && to.is_complex() && from.scalar() == to.scalar();
}

// Afterwards both have one type, or one is a value array and the other has its element's type.
bool FunctionLowering::Unify(Operand& left, Operand& right, std::string_view text,
                             SourceRange range) {
  if (left.is_view() || right.is_view()) {
    Report(DiagnosticCode::kInvalidOperand, range, text, "arrays").hint =
        "write a loop over its elements";
    return false;
  }
  const auto unify_with = [&](Operand& single, Operand& array) {
    const DataType& element = array.type.element();
    if (UnifiesTo(single.type, element)) {
      single = Coerce(single, element, range);
      return true;
    }
    if (!UnifiesTo(element, single.type)) return false;
    array = Coerce(array, DataType::Array(array.type.sizes(), single.type), range);
    return true;
  };
  if (UnifiesTo(left.type, right.type)) {
    left = Coerce(left, right.type, range);
    return true;
  }
  if (UnifiesTo(right.type, left.type)) {
    right = Coerce(right, left.type, range);
    return true;
  }
  if (left.type.is_array() && !right.type.is_array() && unify_with(right, left)) return true;
  if (right.type.is_array() && !left.type.is_array() && unify_with(left, right)) return true;
  Diagnostic& report =
      Report(DiagnosticCode::kMixedOperands, range, text, left.type.text(), right.type.text());
  if (left.type.is_scalar() && right.type.is_scalar() && IsFloat(left.scalar()) &&
      IsFloat(right.scalar())) {
    report.label =
        fmt::format("the {} operand is f64", left.type == ScalarType::kF64 ? "left" : "right");
    report.hint = "convert one operand: `as f64` keeps every value, `as f32` rounds";
  } else if (left.type.is_array() && right.type.is_array()) {
    report.hint = "value arrays combine by element, so they have the same sizes";
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
  whole.type = left.type;
  whole.a = std::move(left);
  whole.range = range;
  return CombineTerms(op, whole, right, range);
}

FunctionLowering::Term FunctionLowering::ElementOfTerm(const Term& term, size_t index) const {
  Term element = term;
  if (term.a.type.is_array()) element.a = ElementOf(term.a, index);
  if (term.is_product && term.b.type.is_array()) element.b = ElementOf(term.b, index);
  element.type = term.type.is_array() ? term.type.element() : term.type;
  return element;
}

// Value arrays combine by element, a single value with each of them.
Operand FunctionLowering::CombineTerms(BinaryOperator op, const Term& left, const Term& right,
                                       SourceRange range) {
  const bool is_array =
      (left.type.is_array() && !left.a.is_view()) || (right.type.is_array() && !right.a.is_view());
  if (!is_array) return CombineScalars(op, left, right, range);
  if (left.type.is_array() && right.type.is_array() && left.type.sizes() != right.type.sizes()) {
    Operand a = Multiply(left), b = Multiply(right);
    if (a.ok() && b.ok()) Unify(a, b, InfoOf(op).text, range);
    return {};
  }
  const DataType& shape = left.type.is_array() ? left.type : right.type;
  const auto count = static_cast<size_t>(CountOf(shape.sizes()));
  std::vector<Operand> elements;
  for (size_t k = 0; k < count; ++k) {
    elements.push_back(CombineTerms(op, ElementOfTerm(left, k), ElementOfTerm(right, k), range));
    if (!elements.back().ok()) return {};
  }
  if (elements.empty()) return MakeValue(shape, {});
  return Gather(DataType::Array(shape.sizes(), elements.front().type), elements);
}

// a + b, a - b and the others. In a float sum an unparenthesised product of the sum's own type is
// fused: the right one if there is one, else the left; in a difference of two products neither.
Operand FunctionLowering::CombineScalars(BinaryOperator op, const Term& left, const Term& right,
                                         SourceRange range) {
  const bool sum = op == BinaryOperator::kAdd, difference = op == BinaryOperator::kSubtract;
  const bool fuses = (sum || difference) && left.a.is_scalar() && right.a.is_scalar() &&
                     IsFloat(left.type.scalar()) && left.type == right.type &&
                     (left.is_product || right.is_product) &&
                     !(difference && left.is_product && right.is_product);
  const auto fma = [&](ir::ValueId a, ir::ValueId b, ir::ValueId c) {
    return Made(builder_.AppendValue({.opcode = Opcode::kFma,
                                      .range = range,
                                      .operands = {a, b, c},
                                      .results = {Type::Scalar(left.type.scalar())}}));
  };
  const auto negate = [&](ir::ValueId a) {
    return builder_.Unary(Opcode::kNeg, Rule::kNone, a, range);
  };
  if (fuses && right.is_product) {
    const Operand l = Multiply(left);
    if (!l.ok()) return {};
    const ir::ValueId factor = difference ? negate(right.a.value()) : right.a.value();
    return fma(factor, right.b.value(), l.value());
  }
  if (fuses) {
    const ir::ValueId addend = difference ? negate(right.a.value()) : right.a.value();
    return fma(left.a.value(), left.b.value(), addend);
  }
  Operand l = Multiply(left), r = Multiply(right);
  if (!l.ok() || !r.ok()) return {};
  // The amount of a shift is of any integer type.
  if (!IsShift(op) && !Unify(l, r, InfoOf(op).text, range)) return {};
  return Apply(op, l, r, range);
}

// The formulas of docs/determinism.md: every operation rounded, none fused.
Operand FunctionLowering::ApplyComplex(BinaryOperator op, const Operand& left, const Operand& right,
                                       SourceRange range) {
  const auto binary = [&](Opcode opcode, ir::ValueId a, ir::ValueId b) {
    return builder_.Binary(opcode, Rule::kNone, a, b, range);
  };
  const ir::ValueId a = left.parts[0], b = left.parts[1], c = right.parts[0], d = right.parts[1];
  switch (op) {
    case BinaryOperator::kAdd:
    case BinaryOperator::kSubtract: {
      const Opcode opcode = InfoOf(op).opcode;
      return MakeValue(left.type, {binary(opcode, a, c), binary(opcode, b, d)});
    }
    case BinaryOperator::kMultiply:
      return MakeValue(
          left.type,
          {binary(Opcode::kSub, binary(Opcode::kMul, a, c), binary(Opcode::kMul, b, d)),
           binary(Opcode::kAdd, binary(Opcode::kMul, b, c), binary(Opcode::kMul, a, d))});
    case BinaryOperator::kDivide: {
      // R. L. Smith, "Algorithm 116: Complex division", CACM 1962: the divisor's smaller part is
      // divided by the larger one, so that no square is formed. The operands are chosen, which
      // keeps the code free of branches and of quotients that are not needed.
      const auto magnitude = [&](ir::ValueId x) {
        return builder_.Unary(Opcode::kAbs, Rule::kNone, x, range);
      };
      const ir::ValueId real_is_larger =
          builder_.Compare(Opcode::kGe, magnitude(c), magnitude(d), range);
      const auto choose = [&](ir::ValueId x, ir::ValueId y) {
        return builder_.Select(real_is_larger, x, y, range);
      };
      const ir::ValueId large = choose(c, d), small = choose(d, c);
      const ir::ValueId ratio = binary(Opcode::kDiv, small, large);
      const ir::ValueId divisor = binary(Opcode::kAdd, large, binary(Opcode::kMul, small, ratio));
      const ir::ValueId re =
          binary(Opcode::kAdd, choose(a, b), binary(Opcode::kMul, choose(b, a), ratio));
      const ir::ValueId im = binary(Opcode::kSub, choose(b, binary(Opcode::kMul, b, ratio)),
                                    choose(binary(Opcode::kMul, a, ratio), a));
      return MakeValue(left.type,
                       {binary(Opcode::kDiv, re, divisor), binary(Opcode::kDiv, im, divisor)});
    }
    default:
      Report(DiagnosticCode::kInvalidOperand, range, InfoOf(op).text, left.type.text());
      return {};
  }
}

Operand FunctionLowering::Apply(BinaryOperator op, const Operand& left, const Operand& right,
                                SourceRange range) {
  const OperatorInfo& info = InfoOf(op);
  if (left.type.is_complex() && right.type.is_complex() && !left.is_view())
    return ApplyComplex(op, left, right, range);
  if ((left.type.is_array() || right.type.is_array()) && !left.is_view() && !right.is_view()) {
    // A product of value arrays, or a shift of one.
    Term l, r;
    l.a = left;
    l.type = left.type;
    r.a = right;
    r.type = right.type;
    return CombineTerms(op, l, r, range);
  }
  if (!CheckOperand(info.opcode, info.text, left, range)) return {};
  if (IsShift(op) &&
      (!right.is_scalar() || !Accepts(OperandClass::kInteger, Type::Scalar(right.scalar())))) {
    Report(DiagnosticCode::kTypeMismatch, range, "an integer shift amount", Describe(right));
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
  return Made(builder_.Binary(info.opcode, rule, left.value(), right.value(), range));
}

Operand FunctionLowering::LowerShift(const Expr& e, const DataType& expected) {
  const Operand left = LowerExpression(e.a, IsUntyped(e.a) ? expected : DataType());
  const Operand amount = LowerExpression(e.b, {});
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
    return {Flow::kLive, right.parts};
  };
  const auto decided = [&]() -> Path { return {Flow::kLive, {builder_.Bool(!is_and, e.range)}}; };
  if (!left.ok()) {
    LowerCondition(e.b);
    return {};
  }
  const Path joined = is_and ? LowerPaths(left.value(), evaluate, decided, e.range)
                             : LowerPaths(left.value(), decided, evaluate, e.range);
  return ok ? Made(joined.value()) : Operand{};
}

// Whether an expression is an array, a value array or a struct, so that it compares as a whole.
bool FunctionLowering::IsWhole(ExprId id) const {
  const Expr& side = expr(id);
  if (side.kind == ExprKind::kArray || side.kind == ExprKind::kStruct) return true;
  if (side.kind == ExprKind::kParen) return IsWhole(side.a);
  const Variable* v = side.kind == ExprKind::kName ? Find(side.text) : nullptr;
  return v != nullptr && (v->is_view() || v->in_memory);
}

// Arrays that lie in memory are compared there, whatever their sizes; in tests only.
Operand FunctionLowering::CompareViews(const Expr& e, const Operand& left, const Operand& right) {
  const Operand l = AsView(left), r = AsView(right);
  if (l.type != r.type || l.sizes.size() != r.sizes.size()) {
    Report(DiagnosticCode::kMixedOperands, e.range, InfoOf(e.binary).text,
           fmt::format("{} of rank {}", l.type.text(), l.sizes.size()),
           fmt::format("{} of rank {}", r.type.text(), r.sizes.size()));
    return {};
  }
  if (item_.kind != ItemKind::kTest) {
    Report(DiagnosticCode::kInvalidOperand, e.range, InfoOf(e.binary).text,
           "arrays in memory outside tests")
        .hint = "write all(x[i] == y[i] for i in 0..n)";
    return {};
  }
  return CompareParts(e, l.parts.size(), [&](size_t c) {
    return builder_.AppendValue({.opcode = Opcode::kArrayEqual,
                                 .range = e.range,
                                 .operands = {l.parts[c], r.parts[c]},
                                 .results = {Type::Scalar(ScalarType::kBool)}});
  });
}

// `==` or `!=` of things with `count` parts, of which `same` compares one.
Operand FunctionLowering::CompareParts(const Expr& e, size_t count,
                                       const std::function<ir::ValueId(size_t)>& same) {
  ir::ValueId equal = count == 0 ? builder_.Bool(true, e.range) : same(0);
  for (size_t k = 1; k < count; ++k)
    equal = builder_.Binary(Opcode::kAnd, Rule::kNone, equal, same(k), e.range);
  if (e.binary == BinaryOperator::kEqual) return Made(equal);
  return Made(builder_.Unary(Opcode::kNot, Rule::kNone, equal, e.range));
}

// One bool for a pair of value arrays, structs or complex numbers.
Operand FunctionLowering::CompareWhole(const Expr& e, Operand left, Operand right) {
  const std::string_view text = InfoOf(e.binary).text;
  if (e.binary != BinaryOperator::kEqual && e.binary != BinaryOperator::kNotEqual) {
    Report(DiagnosticCode::kInvalidOperand, e.range, text, Describe(left)).hint =
        "only `==` and `!=` compare whole values";
    return {};
  }
  if (left.type != right.type) {
    if (!UnifiesTo(left.type, right.type) && !UnifiesTo(right.type, left.type)) {
      Report(DiagnosticCode::kMixedOperands, e.range, text, Describe(left), Describe(right));
      return {};
    }
    if (!Unify(left, right, text, e.range)) return {};
  }
  return CompareParts(e, left.parts.size(), [&](size_t k) {
    const auto read = [&](const Operand& side) {
      const ScalarType type = builder_.function().type(side.parts[k]).scalar;
      return Read(MakeValue(type, {side.parts[k]}), {}, e.range).value();
    };
    const ir::ValueId l = read(left);
    return builder_.Compare(Opcode::kEq, l, read(right), e.range);
  });
}

Operand FunctionLowering::LowerComparison(const Expr& e) {
  const OperatorInfo& op = InfoOf(e.binary);
  const bool equality = e.binary == BinaryOperator::kEqual || e.binary == BinaryOperator::kNotEqual;
  if (equality && (IsWhole(e.a) || IsWhole(e.b))) {
    // A literal takes the type of the other side.
    const bool literal_left = expr(e.a).kind == ExprKind::kArray;
    const bool literal_right = expr(e.b).kind == ExprKind::kArray;
    Operand left, right;
    if (literal_left && !literal_right) {
      right = LowerReference(e.b);
      left = LowerReference(e.a, ReadType(right.type));
    } else {
      left = LowerReference(e.a);
      right = LowerReference(e.b, literal_right ? ReadType(left.type) : DataType());
    }
    if (!left.ok() || !right.ok()) return {};
    const auto is_large = [](const Operand& side) {
      return side.is_view() || side.type.leaf_count() > kMaxWholeLeaves;
    };
    const bool stored = left.in_memory && right.in_memory;
    if (item_.kind == ItemKind::kTest && (left.is_view() || right.is_view() || stored))
      return CompareViews(e, left, right);
    if (is_large(left) || is_large(right)) return CompareViews(e, left, right);
    left = Read(Load(left, e.range), {}, e.range);
    return CompareWhole(e, left, Read(Load(right, e.range), {}, e.range));
  }

  const bool left_untyped = IsUntyped(e.a), right_untyped = IsUntyped(e.b);
  Operand left, right;
  if (left_untyped && right_untyped) {
    const ScalarType type =
        HasFloatLiteral(e.a) || HasFloatLiteral(e.b) ? ScalarType::kF64 : ScalarType::kI64;
    left = LowerExpression(e.a, type);
    right = LowerExpression(e.b, type);
  } else if (left_untyped) {
    right = LowerExpression(e.b, {});
    if (right.ok()) left = LowerExpression(e.a, right.is_view() ? DataType() : right.type);
  } else {
    left = LowerExpression(e.a, {});
    right = LowerExpression(e.b,
                            right_untyped && left.ok() && !left.is_view() ? left.type : DataType());
  }
  if (!left.ok() || !right.ok()) return {};
  const bool is_whole =
      (!left.is_scalar() && !left.is_view()) || (!right.is_scalar() && !right.is_view());
  if (is_whole && !left.is_view() && !right.is_view()) return CompareWhole(e, left, right);
  if (!CheckOperand(op.opcode, op.text, left, e.range)) return {};
  if (!CheckOperand(op.opcode, op.text, right, e.range)) return {};
  return Compare(e.binary, left, right, e.range);
}

// Comparisons of any two integer types compare mathematical values.
Operand FunctionLowering::Compare(BinaryOperator op, Operand left, Operand right,
                                  SourceRange range) {
  const Opcode opcode = InfoOf(op).opcode;
  const ScalarType l = left.scalar(), r = right.scalar();
  const bool integers = IsInteger(l) && IsInteger(r);
  if (!integers || l == r || Widens(l, r) || Widens(r, l)) {
    if (!Unify(left, right, InfoOf(op).text, range)) return {};
    return Made(builder_.Compare(opcode, left.value(), right.value(), range));
  }
  if (BitsOf(l) < 64 && BitsOf(r) < 64) {
    left = Coerce(left, ScalarType::kI64, range);
    right = Coerce(right, ScalarType::kI64, range);
    return Made(builder_.Compare(opcode, left.value(), right.value(), range));
  }
  // One is u64, the other signed: a negative value is below every u64.
  const bool left_signed = IsSigned(l);
  const Operand& side = left_signed ? left : right;
  const ir::ValueId zero = builder_.Integer(side.scalar(), 0, range);
  const ir::ValueId negative = builder_.Compare(Opcode::kLt, side.value(), zero, range);
  const auto as_unsigned = [&](const Operand& operand) {
    if (operand.scalar() == ScalarType::kU64) return operand.value();
    return builder_.Convert(ScalarType::kU64, Rule::kWrap, operand.value(), range);
  };
  const ir::ValueId compared =
      builder_.Compare(opcode, as_unsigned(left), as_unsigned(right), range);
  const bool less = opcode == Opcode::kLt || opcode == Opcode::kLe;
  const bool greater = opcode == Opcode::kGt || opcode == Opcode::kGe;
  const bool if_negative = opcode == Opcode::kNe || (left_signed ? less : greater);
  return Made(builder_.Select(negative, builder_.Bool(if_negative, range), compared, range));
}

}  // namespace einkorn::frontend
