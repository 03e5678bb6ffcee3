// Expressions, by precedence climbing.
#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "frontend/parsing.h"

namespace einkorn::frontend {
namespace {

bool IsComparison(BinaryOperator op) {
  return InfoOf(op).precedence == InfoOf(BinaryOperator::kEqual).precedence;
}

}  // namespace

ExprId Parser::ParseExpression() {
  const Nested nested(*this);
  return nested ? ParseBinary(0) : ExprId();
}

// --- Operators

ExprId Parser::ParseBinary(int least_precedence) {
  const Token first = Peek();
  ExprId left = ParseConversion();
  ExprId middle;  // the right operand of a comparison that `left` is
  while (left.valid() && At(TokenKind::kBinary) &&
         InfoOf(Peek().binary()).precedence >= least_precedence) {
    const Token op = Advance();
    const ExprId right = ParseBinary(InfoOf(op.binary()).precedence + 1);
    if (!right.valid()) return {};
    if (IsComparison(op.binary())) {
      if (middle.valid()) ReportChain(op, left, middle, right);
      middle = right;
    } else {
      middle = {};
    }
    Expr e;
    e.kind = ExprKind::kBinary;
    e.binary = op.binary();
    e.range = RangeFrom(first, op);
    e.a = left;
    e.b = right;
    left = Add(std::move(e));
  }
  return left;
}

void Parser::ReportChain(const Token& op, ExprId left, ExprId middle, ExprId right) {
  const SourceRange whole = PlainRange(file_, tree_.expr(left).range.begin, Previous().end);
  // Of a < b < c < d the first two are enough.
  if (reported_at_ == whole.begin) return;
  reported_at_ = whole.begin;
  const auto text = [&](ExprId id) { return sources_.Text(tree_.expr(id).range); };
  Diagnostic& report =
      diagnostics_.Report(DiagnosticCode::kChainedComparison, WithPoint(whole, RangeOf(op)));
  const std::string split =
      fmt::format("{} && {} {} {}", text(left), text(middle), TextOf(op), text(right));
  const bool fits = Shorten(split) == split && split.find('\n') == std::string::npos;
  report.hint = fmt::format("write `{}`", fits ? split : "a < b && b < c");
}

ExprId Parser::ParseConversion() {
  const Token first = Peek();
  ExprId value = ParseUnary();
  while (value.valid() && At(TokenKind::kConversion)) {
    const Token op = Advance();
    Expr e;
    e.kind = ExprKind::kConversion;
    e.conversion = op.conversion();
    e.a = value;
    e.type = ParseType();
    if (!e.type.valid()) return {};
    e.range = RangeFrom(first, op);
    value = Add(std::move(e));
  }
  return value;
}

ExprId Parser::ParseUnary() {
  UnaryOperator op;
  if (At(TokenKind::kUnary))
    op = Peek().unary();
  else if (AtBinary(BinaryOperator::kSubtract))
    op = UnaryOperator::kNegate;
  else if (AtBinary(BinaryOperator::kSubtractWrap))
    op = UnaryOperator::kNegateWrap;
  else
    return ParsePostfix();
  const Nested nested(*this);
  if (!nested) return {};
  const Token first = Advance();
  Expr e;
  e.kind = ExprKind::kUnary;
  e.unary = op;
  e.a = ParseUnary();
  if (!e.a.valid()) return {};
  e.range = RangeFrom(first);
  return Add(std::move(e));
}

ExprId Parser::ParsePostfix() {
  ExprId e = ParsePrimary();
  while (e.valid()) {
    if (At(TokenKind::kLeftParen) || AtTypeArguments())
      e = ParseCall(e);
    else if (At(TokenKind::kLeftBracket))
      e = ParseIndex(e);
    else if (At(TokenKind::kDot))
      e = ParseField(e);
    else
      break;
  }
  return e;
}

// --- Primary expressions

ExprId Parser::ParsePrimary() {
  switch (Kind()) {
    case TokenKind::kInteger:
      return ParseLeaf(ExprKind::kInteger);
    case TokenKind::kFloat:
      return ParseLeaf(ExprKind::kFloat);
    case TokenKind::kTrue:
    case TokenKind::kFalse:
      return ParseLeaf(ExprKind::kBool);
    case TokenKind::kUndefined:
      return ParseLeaf(ExprKind::kUndefined);
    case TokenKind::kName:
      return ParseName();
    case TokenKind::kLeftParen:
      return ParseParen();
    case TokenKind::kLeftBracket:
      return ParseArray();
    case TokenKind::kLeftBrace:
      return ParseBlockExpression();
    case TokenKind::kIf:
      return ParseIfExpression();
    default:
      ReportNoExpression();
      return {};
  }
}

void Parser::ReportNoExpression() {
  const Token before = Previous();
  const bool repeated = At(TokenKind::kBinary) && before.kind == TokenKind::kBinary &&
                        before.row == Peek().row && before.end == Peek().begin;
  const bool two_minuses = position_ >= 2 && before.kind == TokenKind::kBinary &&
                           before.binary() == BinaryOperator::kSubtract &&
                           TextOf(tokens_[position_ - 2]) == "-";
  const bool after_equality =
      before.kind == TokenKind::kBinary &&
      (before.binary() == BinaryOperator::kEqual || before.binary() == BinaryOperator::kNotEqual);
  Diagnostic& report = ReportUnexpected("an expression");
  if (repeated && AtBinary(BinaryOperator::kAdd))
    report.hint = "to count up, write `i += 1`";
  else if (two_minuses && !At(TokenKind::kBinary))
    report.hint = "to count down, write `i -= 1`";
  else if (repeated && AtBinary(BinaryOperator::kMultiply))
    report.hint = "a power is written as a product: `x * x`";
  else if (AtBinary(BinaryOperator::kAdd))
    report.hint = "there is no `+` in front of a value";
  else if (AtBinary(BinaryOperator::kBitAnd))
    report.hint = "arguments are given as they are; that one is written shows in its parameter";
  else if (At(TokenKind::kAssign) && after_equality)
    report.hint = "to compare, write `==` or `!=`";
  else if (AtBinary(BinaryOperator::kGreater) && TextOf(before) == "<")
    report.hint = "to compare, write `!=`";
  else if (before.kind == TokenKind::kRange)
    report.hint = "a..b leaves b out, a..=b includes it";
  else if (At(TokenKind::kFor))
    report.hint = "a reduction is written `sum(x[i] for i in 0..n)`";
}

ExprId Parser::ParseLeaf(ExprKind kind) {
  const Token token = Advance();
  Expr e;
  e.kind = kind;
  e.range = RangeOf(token);
  e.text = TextOf(token);
  e.flag = token.kind == TokenKind::kTrue;
  return Add(std::move(e));
}

ExprId Parser::ParseName() {
  if (AtWord("not") && Kind(1) == TokenKind::kName) {
    ReportUnexpected("an expression").hint = "write `!`";
    return {};
  }
  const ExprId id = ParseLeaf(ExprKind::kName);
  return AtStructLiteral() ? ParseStructLiteral(id) : id;
}

// `{ field: `, which no block begins with; `{ }` is a block.
bool Parser::AtStructLiteral() const {
  return At(TokenKind::kLeftBrace) && Kind(1) == TokenKind::kName && Kind(2) == TokenKind::kColon &&
         !Peek().starts_line;
}

ExprId Parser::ParseStructLiteral(ExprId name) {
  const Nested nested(*this);
  if (!nested) return {};
  const SourceRange place = tree_.expr(name).range;
  TypeExpr type;
  type.range = PlainRange(file_, place.begin, place.end);
  type.text = sources_.Text(type.range);
  Expr e;
  e.kind = ExprKind::kStruct;
  e.a = name;
  e.type = Add(std::move(type));
  const Token open = Advance();
  while (!At(TokenKind::kRightBrace)) {
    Name field;
    if (!ExpectName("a field", field)) return {};
    if (!Expect(TokenKind::kColon, "a field is given as `name: value`")) return {};
    e.list.push_back(ParseExpression());
    if (!e.list.back().valid()) return {};
    e.argument_names.push_back(field.text);
    if (!Accept(TokenKind::kComma)) break;
  }
  if (!ExpectClosing(open, "`,` or `}`")) return {};
  e.range = WithPoint(PlainRange(file_, place.begin, Previous().end), place);
  return Add(std::move(e));
}

ExprId Parser::ParseParen() {
  const Token open = Advance();
  Expr e;
  e.kind = ExprKind::kParen;
  e.a = ParseExpression();
  if (!e.a.valid() || !ExpectClosing(open)) return {};
  const SourceRange inner = tree_.expr(e.a).range;
  e.range = RangeFrom(open);
  e.range.point_begin = inner.point_begin;
  e.range.point_end = inner.point_end;
  return Add(std::move(e));
}

ExprId Parser::ParseArray() {
  const Token open = Advance();
  Expr e;
  e.kind = ExprKind::kArray;
  while (!At(TokenKind::kRightBracket)) {
    e.list.push_back(ParseExpression());
    if (!e.list.back().valid()) return {};
    if (!Accept(TokenKind::kComma)) break;
  }
  if (!ExpectClosing(open, "`,` or `]`")) return {};
  e.range = RangeFrom(open);
  return Add(std::move(e));
}

ExprId Parser::ParseBlockExpression() {
  const Token first = Peek();
  Expr e;
  e.kind = ExprKind::kBlock;
  e.block = ParseBlock(BlockUse::kValue);
  if (!HasValue(e.block)) return {};
  e.range = RangeFrom(first);
  return Add(std::move(e));
}

ExprId Parser::ParseIfExpression() {
  const Token first = Peek();
  const size_t errors = diagnostics_.error_count();
  Expr e;
  if (!ParseIf(e)) return {};
  if (!e.other.valid()) {
    if (diagnostics_.error_count() == errors)
      ReportUnexpected("`else`").hint = "an `if` that is used as a value needs an `else`";
    return {};
  }
  RequireValue(e.block, errors);
  RequireValue(e.other, errors);
  if (!IsValue(e)) return {};
  e.range = RangeFrom(first);
  return Add(std::move(e));
}

// --- Calls and reductions

bool Parser::IsTypeName(std::string_view text) const {
  return ScalarTypeNamed(text).has_value() ||
         std::ranges::find(type_names_, text) != type_names_.end();
}

// `f<f32>(` could also be two comparisons. As those do not chain, one name in the brackets decides;
// but `g(a < b, c > (d))` has two good arguments.
bool Parser::AtTypeArguments() const {
  if (!AtBinary(BinaryOperator::kLess) || Previous().kind != TokenKind::kName) return false;
  bool only_types = true;
  size_t ahead = 1;
  for (;; ahead += 2) {
    if (Kind(ahead) != TokenKind::kName) return false;
    only_types = only_types && IsTypeName(TextOf(Peek(ahead)));
    if (Kind(ahead + 1) != TokenKind::kComma) break;
  }
  return AtBinary(BinaryOperator::kGreater, ahead + 1) &&
         Kind(ahead + 2) == TokenKind::kLeftParen && (only_types || ahead == 1);
}

ExprId Parser::ParseCall(ExprId callee) {
  Expr call;
  call.kind = ExprKind::kCall;
  call.a = callee;
  if (!At(TokenKind::kLeftParen)) {
    while (!AtBinary(BinaryOperator::kGreater)) {
      Advance();
      call.type_arguments.push_back(ParseType());
      if (!call.type_arguments.back().valid()) return {};
    }
    Advance();
  }
  const Token open = Advance();
  while (!At(TokenKind::kRightParen)) {
    if (!ParseArgument(call)) return {};
    if (At(TokenKind::kFor) && call.list.size() == 1)
      return FinishReduction(open, callee, call.list.front());
    if (!Accept(TokenKind::kComma)) break;
  }
  if (!ExpectClosing(open, "`,` or `)`")) return {};
  const SourceRange name = tree_.expr(callee).range;
  call.range = WithPoint(PlainRange(file_, name.begin, Previous().end), name);
  return Add(std::move(call));
}

bool Parser::ParseArgument(Expr& call) {
  std::string_view name;
  if (At(TokenKind::kName) && Kind(1) == TokenKind::kAssign) {
    name = TextOf(Advance());
    Advance();
  }
  const ExprId argument = ParseExpression();
  if (!argument.valid()) return false;
  call.list.push_back(argument);
  call.argument_names.push_back(name);
  return true;
}

ExprId Parser::FinishReduction(const Token& open, ExprId callee, ExprId term) {
  const SourceRange name = tree_.expr(callee).range;
  if (tree_.expr(callee).kind != ExprKind::kName) {
    ReportUnexpected("`)`").hint = "a reduction is written `sum(x[i] for i in 0..n)`";
    return {};
  }
  Expr e;
  e.kind = ExprKind::kReduction;
  e.text = tree_.expr(callee).text;
  e.a = term;
  Advance();
  if (!ParseRangeClauses(e.ranges, /*several=*/true)) return {};
  if (Accept(TokenKind::kIf)) {
    e.b = ParseCondition("`)`");
    if (!e.b.valid()) return {};
  }
  if (!ExpectClosing(open, e.b.valid() ? "`)`" : "`,`, `if` or `)`")) return {};
  e.range = WithPoint(PlainRange(file_, name.begin, Previous().end), name);
  return Add(std::move(e));
}

// --- Elements and fields

ExprId Parser::ParseIndex(ExprId array) {
  const Token open = Advance();
  Expr e;
  e.kind = ExprKind::kIndex;
  e.a = array;
  do {
    if (!ParseIndexItem(e)) return {};
  } while (Accept(TokenKind::kComma));
  if (!ExpectClosing(open, "`,` or `]`")) return {};
  const bool is_view = std::ranges::any_of(e.view, &Expr::ViewItem::is_range);
  if (!is_view) e.view.clear();
  const SourceRange base = tree_.expr(array).range;
  e.range = PlainRange(file_, base.begin, Previous().end);
  e.range.point_begin = base.point_begin;
  e.range.point_end = base.point_end;
  return Add(std::move(e));
}

// An index goes to the list, the bounds of a range to it too, so that walks over it see them.
bool Parser::ParseIndexItem(Expr& index) {
  const auto at_range = [&] { return At(TokenKind::kRange) || At(TokenKind::kInclusiveRange); };
  Expr::ViewItem item;
  if (!at_range()) {
    item.from = ParseExpression();
    if (!item.from.valid()) return false;
    index.list.push_back(item.from);
  }
  if (at_range()) {
    item.is_range = true;
    item.inclusive = Advance().kind == TokenKind::kInclusiveRange;
    if (!At(TokenKind::kComma) && !At(TokenKind::kRightBracket)) {
      item.to = ParseExpression();
      if (!item.to.valid()) return false;
      index.list.push_back(item.to);
    } else if (item.inclusive) {
      ReportUnexpected("an expression").hint = "a part up to the end is written `lo..`";
      return false;
    }
  }
  index.view.push_back(item);
  return true;
}

ExprId Parser::ParseField(ExprId object) {
  Advance();
  Name name;
  if (!ExpectName("a field", name)) return {};
  Expr e;
  e.kind = ExprKind::kField;
  e.text = name.text;
  e.a = object;
  const SourceRange whole = PlainRange(file_, tree_.expr(object).range.begin, name.range.end);
  e.range = WithPoint(whole, name.range);
  const bool may_be_type = tree_.expr(object).kind == ExprKind::kName;
  const ExprId id = Add(std::move(e));
  return may_be_type && id.valid() && AtStructLiteral() ? ParseStructLiteral(id) : id;
}

}  // namespace einkorn::frontend
