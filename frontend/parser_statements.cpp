// Statements and blocks.
#include <fmt/format.h>

#include "base/spelling.h"
#include "frontend/parsing.h"

namespace einkorn::frontend {
namespace {

// What begins a statement in another language, and how it is said here.
struct ForeignWord {
  std::string_view word, hint;
};
constexpr ForeignWord kForeignWords[] = {
    {"auto", "a value is declared `let x = ...`, a variable `var x = ...`"},
    {"loop", "write `while true { ... }`"},
    {"do", "write `while true { ... if done { break; } }`"},
    {"switch", "write `if a { ... } else if b { ... }`"},
    {"match", "write `if a { ... } else if b { ... }`"},
    {"pass", "an empty block is written `{ }`"},
    {"def", "functions stand at file level and begin with `fn`"},
};

constexpr std::string_view kStatementWords[] = {
    "let",    "var",   "if",   "for",    "while",  "parallel", "break",        "continue",
    "return", "print", "else", "atomic", "assert", "static",   "expect_error", "undefined"};

bool BeginsExpression(const Token& token) {
  switch (token.kind) {
    case TokenKind::kName:
    case TokenKind::kInteger:
    case TokenKind::kFloat:
    case TokenKind::kTrue:
    case TokenKind::kFalse:
    case TokenKind::kUndefined:
    case TokenKind::kUnary:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBracket:
    case TokenKind::kLeftBrace:
      return true;
    case TokenKind::kBinary:
      return token.binary() == BinaryOperator::kSubtract ||
             token.binary() == BinaryOperator::kSubtractWrap;
    default:
      return false;
  }
}

}  // namespace

// --- Blocks

BlockId Parser::ParseBlock(BlockUse use) {
  const Nested nested(*this);
  if (!nested) return {};
  const size_t errors = diagnostics_.error_count();
  if (!At(TokenKind::kLeftBrace)) {
    Diagnostic& report = ReportUnexpected("`{`");
    report.hint = HintAfterExpression();
    if (report.hint.empty()) report.hint = "a body stands in braces: `{ ... }`";
    return {};
  }
  const Token open = Advance();
  Block block;
  ParseStatements(block);
  if (At(TokenKind::kRightBrace))
    closed_braces_.emplace_back(open, Advance());
  else if (!Full())
    ReportUnclosedBrace(open);
  block.range = RangeFrom(open);
  const BlockId id = Add(std::move(block));
  if (use == BlockUse::kStatements) RequireStatements(id, diagnostics_.error_count());
  if (use == BlockUse::kValue) RequireValue(id, errors);
  return id;
}

void Parser::ParseStatements(Block& block) {
  while (!At(TokenKind::kRightBrace) && !At(TokenKind::kEnd) && !Full()) {
    const size_t before = position_;
    if (AtItem()) {
      if (!IsNestedItem()) return;
      SkipNestedItem();
    } else if (!ParseStatement(block)) {
      SkipStatement();
      // Nothing was taken and nothing is skipped where a keyword begins the line.
      if (position_ == before) Advance();
    }
  }
}

void Parser::RequireStatements(BlockId block, size_t errors_before) {
  if (!HasValue(block) || diagnostics_.error_count() != errors_before) return;
  const uint32_t end = tree_.expr(tree_.block(block).value).range.end;
  diagnostics_.Report(DiagnosticCode::kUnexpectedToken, PlainRange(file_, end, end), "`;`", "`}`")
      .hint = "a statement ends with `;`, a result is given back by `return`";
}

void Parser::RequireValue(BlockId block, size_t errors_before) {
  if (!block.valid() || HasValue(block) || diagnostics_.error_count() != errors_before) return;
  const uint32_t end = tree_.block(block).range.end;
  diagnostics_
      .Report(DiagnosticCode::kUnexpectedToken, PlainRange(file_, end - 1, end),
              "a value at the end of the block", "`}`")
      .hint = "a value has no semicolon behind it: `{ let y = 2 * x; y + 1 }`";
}

// A `}` that was forgotten makes the next item look like a nested one; its indentation tells.
bool Parser::IsNestedItem() const {
  return !Peek().starts_line || IndentationOf(Peek()) > IndentationOf(item_start_);
}

void Parser::SkipNestedItem() {
  switch (Kind()) {
    case TokenKind::kAt:
      ReportUnexpected("a statement").hint = "attributes stand before functions and kernels";
      ParseAttributes();
      return;
    case TokenKind::kStruct:
      ReportUnexpected("a statement").hint = "structs stand at file level";
      Advance();
      if (At(TokenKind::kName)) Advance();
      if (At(TokenKind::kLeftBrace)) SkipBrackets();
      return;
    case TokenKind::kImport:
      ReportUnexpected("a statement").hint = "imports stand at file level";
      Advance();
      return SkipStatement();
    case TokenKind::kConst:
      ReportUnexpected("a statement").hint =
          "constants stand at file level; in a body, declare `let x = ...`";
      Advance();
      return SkipStatement();
    default:
      ReportUnexpected("a statement").hint = "functions, kernels and tests stand at file level";
      Advance();
      SkipToBlock(/*past_semicolons=*/false);
      if (At(TokenKind::kLeftBrace)) SkipBrackets();
  }
}

// --- Statements

bool Parser::ParseStatement(Block& block) {
  StatementId statement;
  switch (Kind()) {
    case TokenKind::kLet:
      statement = ParseDeclaration(StatementKind::kLet);
      break;
    case TokenKind::kVar:
      statement = ParseDeclaration(StatementKind::kVar);
      break;
    case TokenKind::kIf:
      return ParseIfInBlock(block);
    case TokenKind::kWhile:
      statement = ParseWhile();
      break;
    case TokenKind::kFor:
      statement = ParseFor();
      break;
    case TokenKind::kParallel:
      statement = ParseParallelFor();
      break;
    case TokenKind::kBreak:
      statement = ParseJump(StatementKind::kBreak);
      break;
    case TokenKind::kContinue:
      statement = ParseJump(StatementKind::kContinue);
      break;
    case TokenKind::kReturn:
      statement = ParseReturn();
      break;
    case TokenKind::kAssert:
      statement = ParseAssert();
      break;
    case TokenKind::kPrint:
      statement = ParsePrint();
      break;
    case TokenKind::kAtomic:
      statement = ParseAtomic();
      break;
    case TokenKind::kStatic:
      if (Kind(1) != TokenKind::kIf && Kind(1) != TokenKind::kFor) {
        ReportNoStatement();
        return false;
      }
      statement = ParseStatic();
      break;
    default:
      if (AtWord("expect_error") && Kind(1) == TokenKind::kName) {
        statement = ParseExpectation(StatementKind::kExpectError);
      } else if (AtWord("expect_compile_error") && Kind(1) == TokenKind::kName) {
        statement = ParseExpectation(StatementKind::kExpectCompileError);
      } else if (AtWord("debug") && Kind(1) == TokenKind::kLeftBrace) {
        statement = ParseDebug();
      } else {
        return ParseAssignmentOrValue(block);
      }
  }
  if (!statement.valid()) return false;
  block.statements.push_back(statement);
  return true;
}

void Parser::ReportNoStatement() {
  const bool behind_block = Previous().kind == TokenKind::kRightBrace;
  Diagnostic& report = ReportUnexpected("a statement");
  if (At(TokenKind::kSemicolon) && behind_block) report.hint = "a block ends without a semicolon";
  if (At(TokenKind::kElse)) report.hint = "an `else` stands right behind the block of its `if`";
  if (At(TokenKind::kString)) report.hint = "comments begin with `//`";
  if (At(TokenKind::kStatic)) report.hint = "a constant is declared at file level by `const`";
  if (AtBinary(BinaryOperator::kAdd)) report.hint = "to count up, write `i += 1`";
  if (AtBinary(BinaryOperator::kSubtract)) report.hint = "to count down, write `i -= 1`";
  if (!At(TokenKind::kName)) return;

  const std::string_view word = TextOf(Peek());
  for (const ForeignWord& foreign : kForeignWords) {
    if (foreign.word != word) continue;
    report.hint = foreign.hint;
    return;
  }
  const std::string_view next = TextOf(Peek(1));
  if (const auto nearest = NearestSpelling(word, kStatementWords); nearest && !IsTypeName(word))
    report.hint = fmt::format("did you mean `{}`?", *nearest);
  else if (Kind(1) == TokenKind::kName)
    report.hint = fmt::format("a variable is declared `var {}: {} = ...`", next,
                              IsTypeName(word) ? word : std::string_view("TYPE"));
}

// At a name with something behind it that no statement of ours has there, such as `int x`.
bool Parser::AtForeignStatement() const {
  if (!At(TokenKind::kName) || Peek(1).starts_line) return false;
  switch (Kind(1)) {
    case TokenKind::kName: {
      const std::string_view operation = TextOf(Peek(1));
      const bool is_extreme = operation == "min" || operation == "max";
      return operation != "and" && operation != "or" && operation != "is" &&
             !(is_extreme && Kind(2) == TokenKind::kAssign);
    }
    case TokenKind::kInteger:
    case TokenKind::kFloat:
    case TokenKind::kTrue:
    case TokenKind::kFalse:
      return true;
    case TokenKind::kLeftBrace:
      // A struct literal may be the value of the block.
      return Kind(2) != TokenKind::kName || Kind(3) != TokenKind::kColon;
    default:
      return false;
  }
}

StatementId Parser::ParseDeclaration(StatementKind kind) {
  const Token first = Advance();
  if (AtWord("mut") && Kind(1) == TokenKind::kName) {
    ReportUnexpected("a name").hint = "a variable that changes is declared `var x = ...`";
    Advance();
  }
  Statement s;
  s.kind = kind;
  if (!ExpectName("a name", s.name)) return {};
  if (Accept(TokenKind::kColon)) {
    s.type = ParseType();
    if (!s.type.valid()) return {};
  }
  if (Accept(TokenKind::kAssign)) {
    s.a = ParseExpression();
    if (!s.a.valid()) return {};
  } else if (kind == StatementKind::kLet || !(At(TokenKind::kSemicolon) || Peek().starts_line)) {
    Diagnostic& report = ReportUnexpected(s.type.valid() ? "`=`" : "`:` or `=`");
    if (At(TokenKind::kName) && !Peek().starts_line)
      report.hint = fmt::format("the type stands behind the name: `{} {}: {}`", TextOf(first),
                                TextOf(Peek()), s.name.text);
    else if (At(TokenKind::kSemicolon))
      report.hint =
          fmt::format("what gets its value later is declared `var {}: TYPE;`", s.name.text);
    return {};
  }
  s.range = RangeFrom(first);
  ExpectSemicolon();
  return Add(std::move(s));
}

bool Parser::ParseAssignmentOrValue(Block& block) {
  const Token first = Peek();
  const bool two_minuses =
      AtBinary(BinaryOperator::kSubtract) && AtBinary(BinaryOperator::kSubtract, 1);
  if (AtForeignStatement() || two_minuses || !BeginsExpression(first)) {
    ReportNoStatement();
    return false;
  }
  const ExprId e = ParseExpression();
  if (!e.valid()) return false;
  if (At(TokenKind::kRightBrace)) {
    block.value = e;
    return true;
  }
  StatementId statement;
  if (At(TokenKind::kAssign) || At(TokenKind::kCompound)) {
    statement = FinishAssignment(first, e);
  } else {
    Statement s;
    s.kind = StatementKind::kExpr;
    s.a = e;
    s.range = tree_.expr(e).range;
    ExpectSemicolon();
    statement = Add(std::move(s));
  }
  if (!statement.valid()) return false;
  block.statements.push_back(statement);
  return true;
}

StatementId Parser::FinishAssignment(const Token& first, ExprId target) {
  const Token op = Advance();
  Statement s;
  s.kind = StatementKind::kAssign;
  s.a = target;
  s.is_atomic = first.kind == TokenKind::kAtomic;
  s.has_operator = op.kind == TokenKind::kCompound;
  if (s.has_operator) s.binary = op.binary();
  s.b = ParseExpression();
  if (!s.b.valid()) return {};
  s.range = RangeFrom(first, op);
  ExpectSemicolon();
  return Add(std::move(s));
}

StatementId Parser::ParseAtomic() {
  const Token first = Advance();
  const ExprId target = ParsePostfix();
  if (!target.valid()) return {};
  if (At(TokenKind::kCompound) || At(TokenKind::kAssign)) return FinishAssignment(first, target);
  if (!(AtWord("min") || AtWord("max")) || Kind(1) != TokenKind::kAssign) {
    ReportUnexpected("an operator such as `+=`").hint =
        "atomics are += -= +%= -%= min= max= &= |= ^=";
    return {};
  }
  const Token op = Advance();
  Advance();
  Statement s;
  s.kind = StatementKind::kAtomicExtreme;
  s.is_atomic = true;
  s.text = TextOf(op);
  s.a = target;
  s.b = ParseExpression();
  if (!s.b.valid()) return {};
  s.range = RangeFrom(first, op);
  ExpectSemicolon();
  return Add(std::move(s));
}

// --- Conditions

std::string_view Parser::HintAfterExpression() const {
  if (AtWord("and")) return "write `&&`";
  if (AtWord("or")) return "write `||`";
  if (AtWord("is")) return "write `==`";
  if ((AtWord("min") || AtWord("max")) && Kind(1) == TokenKind::kAssign)
    return "`min=` and `max=` belong to `atomic`; else write `x = max(x, ...)`";
  const bool is_cast = position_ >= 3 && Previous().kind == TokenKind::kRightParen &&
                       tokens_[position_ - 3].kind == TokenKind::kLeftParen &&
                       IsTypeName(TextOf(tokens_[position_ - 2]));
  if (is_cast) return "a conversion stands behind the value: `x as f32`";
  if (At(TokenKind::kAssign)) return "to compare, write `==`; each assignment is a statement";
  if (At(TokenKind::kFor)) return "a reduction is written `sum(x[i] for i in 0..n)`";
  return {};
}

ExprId Parser::ParseCondition(std::string_view expected) {
  const ExprId condition = ParseExpression();
  bool reported = false;
  while (condition.valid() && (At(TokenKind::kAssign) || AtWord("and") || AtWord("or"))) {
    if (!reported) ReportUnexpected(expected).hint = HintAfterExpression();
    reported = true;
    Advance();
    if (!ParseExpression().valid()) return {};
  }
  return condition;
}

bool Parser::ParseIfInBlock(Block& block) {
  const Token first = Peek();
  const size_t errors = diagnostics_.error_count();
  Expr parts;
  if (!ParseIf(parts)) return false;
  if (IsValue(parts) && At(TokenKind::kRightBrace)) {
    parts.range = RangeFrom(first);
    block.value = Add(std::move(parts));
    return block.value.valid();
  }
  if (IsValue(parts) && !Peek().starts_line &&
      (At(TokenKind::kBinary) || At(TokenKind::kConversion))) {
    ReportUnexpected("`}`").hint = "to compute with the value of an `if`, put it in parentheses";
    return false;
  }
  const StatementId statement = AddIfStatement(parts, errors);
  if (!statement.valid()) return false;
  block.statements.push_back(statement);
  return true;
}

bool Parser::ParseIf(Expr& parts) {
  const Token first = Advance();
  parts.kind = ExprKind::kIf;
  parts.a = ParseCondition("`{`");
  parts.range = RangeFrom(first);
  if (!AtBodyAfter(parts.a.valid())) return false;
  parts.block = ParseBlock(BlockUse::kEither);
  if (!parts.block.valid()) return false;
  if (AtWord("elif") || AtWord("elseif") || AtWord("elsif")) {
    ReportUnexpected("`else if`").hint = "write `else if`";
    parts.other = ParseElseIf();
    return parts.other.valid();
  }
  if (!Accept(TokenKind::kElse)) return true;
  parts.other = At(TokenKind::kIf) ? ParseElseIf() : ParseBlock(BlockUse::kEither);
  return parts.other.valid();
}

BlockId Parser::ParseElseIf() {
  const Nested nested(*this);
  if (!nested) return {};
  const Token first = Peek();
  const size_t errors = diagnostics_.error_count();
  Expr parts;
  if (!ParseIf(parts)) return {};
  Block block;
  block.range = RangeFrom(first);
  if (IsValue(parts)) {
    parts.range = block.range;
    block.value = Add(std::move(parts));
    if (!block.value.valid()) return {};
  } else {
    block.statements.push_back(AddIfStatement(parts, errors));
    if (!block.statements.back().valid()) return {};
  }
  return Add(std::move(block));
}

StatementId Parser::AddIfStatement(const Expr& parts, size_t errors_before) {
  RequireStatements(HasValue(parts.block) ? parts.block : parts.other, errors_before);
  Statement s;
  s.kind = StatementKind::kIf;
  s.range = parts.range;
  s.a = parts.a;
  s.block = parts.block;
  s.other = parts.other;
  return Add(std::move(s));
}

// --- Loops

bool Parser::AtBodyAfter(bool head_is_complete, bool past_semicolons) {
  if (head_is_complete) return true;
  SkipToBlock(past_semicolons);
  return At(TokenKind::kLeftBrace);
}

StatementId Parser::ParseWhile() {
  const Token first = Advance();
  Statement s;
  s.kind = StatementKind::kWhile;
  s.a = ParseCondition("`{`");
  s.range = RangeFrom(first);
  if (!AtBodyAfter(s.a.valid())) return {};
  s.block = ParseBlock(BlockUse::kStatements);
  return s.block.valid() ? Add(std::move(s)) : StatementId();
}

StatementId Parser::ParseFor() {
  const Token first = Advance();
  return FinishFor(StatementKind::kFor, first, /*several=*/false);
}

StatementId Parser::ParseParallelFor() {
  const Token first = Advance();
  if (!Expect(TokenKind::kFor, "a parallel loop is written `parallel for i in 0..n { ... }`"))
    return {};
  return FinishFor(StatementKind::kParallelFor, first, /*several=*/true);
}

StatementId Parser::FinishFor(StatementKind kind, const Token& first, bool several) {
  Statement s;
  s.kind = kind;
  // The head of a loop of C has semicolons in it.
  const bool is_foreign = At(TokenKind::kLeftParen);
  const bool complete = ParseRangeClauses(s.ranges, several);
  s.range = RangeFrom(first);
  if (!AtBodyAfter(complete, is_foreign)) return {};
  s.block = ParseBlock(BlockUse::kStatements);
  return s.block.valid() ? Add(std::move(s)) : StatementId();
}

bool Parser::ParseRangeClauses(std::vector<RangeClause>& ranges, bool several) {
  do {
    RangeClause range;
    if (!ParseRangeClause(range)) return false;
    ranges.push_back(range);
  } while (several && Accept(TokenKind::kComma));
  if (!At(TokenKind::kComma)) return true;
  ReportUnexpected("`{`").hint =
      "only a `parallel for` has several ranges; put one loop into the other";
  return false;
}

bool Parser::ParseRangeClause(RangeClause& range) {
  const Token first = Peek();
  if (!At(TokenKind::kName)) {
    ReportUnexpected("a loop variable").hint = "a loop is written `for i in 0..n { ... }`";
    return false;
  }
  range.name = NameOf(Advance());
  if (Accept(TokenKind::kColon)) {
    range.type = ParseType();
    if (!range.type.valid()) return false;
  }
  if (!Expect(TokenKind::kIn, "a loop is written `for i in 0..n { ... }`")) return false;
  range.from = ParseExpression();
  if (!range.from.valid()) return false;
  range.inclusive = At(TokenKind::kInclusiveRange);
  if (!Accept(TokenKind::kRange) && !Accept(TokenKind::kInclusiveRange)) {
    const Expr& from = tree_.expr(range.from);
    const bool is_call = from.kind == ExprKind::kCall && tree_.expr(from.a).text == "range";
    ReportUnexpected("`..`").hint =
        is_call ? "a range is written `0..n`, with steps `0..n step 2`"
                : "a loop runs over a range: `for i in 0..n { ... x[i] ... }`";
    return false;
  }
  // Else the body would be taken for a block with the value of the bound.
  if (At(TokenKind::kLeftBrace)) {
    ReportUnexpected("an expression").hint = "a range says where it ends: `0..n`";
    return false;
  }
  range.to = ParseExpression();
  if (!range.to.valid()) return false;
  if (AcceptWord("step")) {
    range.step = ParseExpression();
    if (!range.step.valid()) return false;
  }
  range.range = RangeFrom(first);
  return true;
}

// --- Exits, reports, and what only tests have

StatementId Parser::ParseJump(StatementKind kind) {
  Statement s;
  s.kind = kind;
  s.range = RangeOf(Advance());
  ExpectSemicolon();
  return Add(std::move(s));
}

StatementId Parser::ParseReturn() {
  const Token first = Advance();
  Statement s;
  s.kind = StatementKind::kReturn;
  const bool has_value = !At(TokenKind::kSemicolon) && !At(TokenKind::kRightBrace) &&
                         (!Peek().starts_line || BeginsExpression(Peek()));
  if (has_value) {
    s.a = ParseExpression();
    if (!s.a.valid()) return {};
  }
  s.range = RangeFrom(first);
  ExpectSemicolon();
  return Add(std::move(s));
}

StatementId Parser::ParseAssert() {
  const Token first = Advance();
  const Token open = Peek();
  Statement s;
  s.kind = StatementKind::kAssert;
  if (!Expect(TokenKind::kLeftParen, "write `assert(condition, \"text {value}\");`")) return {};
  s.a = ParseCondition("`,` or `)`");
  if (!s.a.valid()) return {};
  const bool has_text = Accept(TokenKind::kComma);
  if (has_text && !ParseFormat(s.format)) return {};
  if (!ExpectClosing(open, has_text ? "`)`" : "`,` or `)`")) return {};
  s.range = RangeFrom(first);
  ExpectSemicolon();
  return Add(std::move(s));
}

StatementId Parser::ParsePrint() {
  const Token first = Advance();
  const Token open = Peek();
  Statement s;
  s.kind = StatementKind::kPrint;
  if (!Expect(TokenKind::kLeftParen, "write `print(\"text {value}\");`")) return {};
  if (!ParseFormat(s.format)) return {};
  if (At(TokenKind::kComma)) {
    ReportUnexpected("`)`").hint = "values stand in the string in braces: \"x is {x}\"";
    return {};
  }
  if (!ExpectClosing(open)) return {};
  s.range = RangeFrom(first);
  ExpectSemicolon();
  return Add(std::move(s));
}

StatementId Parser::ParseExpectation(StatementKind kind) {
  const Token first = Advance();
  Statement s;
  s.kind = kind;
  s.name = NameOf(Advance());
  s.range = RangeFrom(first);
  s.block = ParseBlock(BlockUse::kStatements);
  return s.block.valid() ? Add(std::move(s)) : StatementId();
}

// `static if c { } else if d { } else { }`, where the inner ones are static too, or `static for`.
StatementId Parser::ParseStatic() {
  const size_t errors = diagnostics_.error_count();
  Advance();
  StatementId id;
  if (At(TokenKind::kFor)) {
    id = ParseFor();
  } else {
    Expr parts;
    if (!ParseIf(parts)) return {};
    RequireStatements(parts.block, errors);
    if (parts.other.valid()) RequireStatements(parts.other, errors);
    id = AddIfStatement(parts, errors);
  }
  if (!id.valid()) return {};
  Statement* s = &tree_.statements[id.index];
  s->is_static = true;
  while (s->kind == StatementKind::kIf && s->other.valid()) {
    const Block& other = tree_.block(s->other);
    if (other.statements.size() != 1) break;
    Statement& inner = tree_.statements[other.statements.front().index];
    if (inner.kind != StatementKind::kIf || inner.range.begin != other.range.begin) break;
    inner.is_static = true;
    s = &inner;
  }
  return id;
}

StatementId Parser::ParseDebug() {
  Statement s;
  s.kind = StatementKind::kDebug;
  const Token first = Advance();
  s.block = ParseBlock(BlockUse::kStatements);
  s.range = RangeFrom(first);
  return s.block.valid() ? Add(std::move(s)) : StatementId();
}

}  // namespace einkorn::frontend
