// Tokens, reports, recovery and depth: what all of the parser uses.
#include "frontend/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "frontend/lexer.h"
#include "frontend/parsing.h"

namespace einkorn::frontend {
namespace {

std::string_view TextOfKind(TokenKind kind) {
  switch (kind) {
#define EINKORN_KEYWORD(name, text) \
  case TokenKind::k##name:          \
    return text;
#define EINKORN_PUNCTUATION(name, text) EINKORN_KEYWORD(name, text)
#include "frontend/tokens.def"
    default:
      return {};
  }
}

// Those keywords that begin a statement and cannot stand inside one.
bool BeginsStatement(TokenKind kind) {
  switch (kind) {
    case TokenKind::kLet:
    case TokenKind::kVar:
    case TokenKind::kWhile:
    case TokenKind::kParallel:
    case TokenKind::kBreak:
    case TokenKind::kContinue:
    case TokenKind::kReturn:
    case TokenKind::kAssert:
    case TokenKind::kPrint:
    case TokenKind::kAtomic:
      return true;
    default:
      return false;
  }
}

TokenKind ClosingOf(TokenKind open) {
  if (open == TokenKind::kLeftParen) return TokenKind::kRightParen;
  if (open == TokenKind::kLeftBracket) return TokenKind::kRightBracket;
  return TokenKind::kRightBrace;
}

}  // namespace

SyntaxTree Parse(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics) {
  return Parser(sources, file, diagnostics).ParseFile();
}

Parser::Parser(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics)
    : sources_(sources),
      file_(file),
      diagnostics_(diagnostics),
      tokens_(Lex(sources, file, diagnostics)) {
  tree_.file = file;
}

SyntaxTree Parser::ParseFile() {
  while (!At(TokenKind::kEnd) && !Full()) {
    const size_t before = position_;
    ParseItem();
    if (position_ == before) Advance();
  }
  return std::move(tree_);
}

// --- Tokens

const Token& Parser::Peek(size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

bool Parser::AtBinary(BinaryOperator op, size_t ahead) const {
  return Kind(ahead) == TokenKind::kBinary && Peek(ahead).binary() == op;
}

bool Parser::AtWord(std::string_view word) const {
  return At(TokenKind::kName) && TextOf(Peek()) == word;
}

bool Parser::AtItem() const {
  switch (Kind()) {
    case TokenKind::kKernel:
    case TokenKind::kFn:
    case TokenKind::kConst:
    case TokenKind::kStruct:
    case TokenKind::kImport:
    case TokenKind::kAt:
      return true;
    default:
      return AtTest();
  }
}

Token Parser::Advance() {
  const Token token = Peek();
  if (token.kind != TokenKind::kEnd) ++position_;
  return token;
}

bool Parser::Accept(TokenKind kind) {
  if (!At(kind)) return false;
  Advance();
  return true;
}

bool Parser::AcceptWord(std::string_view word) {
  if (!AtWord(word)) return false;
  Advance();
  return true;
}

std::string_view Parser::TextOf(const Token& token) const {
  return sources_.file(file_).text().substr(token.begin, token.end - token.begin);
}

std::string_view Parser::InsideQuotes(const Token& token) const {
  const std::string_view text = TextOf(token);
  return text.substr(1, text.size() - 2);
}

SourceRange Parser::RangeFrom(const Token& first, const Token& point) const {
  const SourceRange whole = PlainRange(file_, first.begin, std::max(first.end, Previous().end));
  return WithPoint(whole, RangeOf(point));
}

// --- Reports

std::string Parser::Describe(const Token& token) const {
  if (token.kind == TokenKind::kString) return "a string";
  if (token.kind == TokenKind::kEnd) {
    // The tokens of a value in a string end at its brace.
    const bool in_string = token.begin < sources_.file(file_).text().size();
    return in_string ? "`}`" : "the end of the file";
  }
  const std::string_view fixed = TextOfKind(token.kind);
  const bool is_word = !fixed.empty() && fixed.front() >= 'a' && fixed.front() <= 'z';
  return fmt::format("{}`{}`", is_word ? "the keyword " : "", Shorten(TextOf(token)));
}

Diagnostic& Parser::ReportUnexpected(std::string_view expected) {
  return ReportUnexpectedAt(RangeOf(Peek()), expected);
}

Diagnostic& Parser::ReportUnexpectedAt(SourceRange range, std::string_view expected) {
  const Token& seen = Peek();
  if (seen.kind == TokenKind::kInvalid || seen.begin == reported_at_) {
    dropped_ = {};
    return dropped_;
  }
  reported_at_ = seen.begin;
  return diagnostics_.Report(DiagnosticCode::kUnexpectedToken, range, expected, Describe(seen));
}

void Parser::ReportTooDeep(SourceRange range) {
  reported_at_ = Peek().begin;
  if (too_deep_reported_) return;
  too_deep_reported_ = true;
  diagnostics_.Report(DiagnosticCode::kNestingTooDeep, range, kMaxNesting).hint =
      "give names to parts of it with `let`, or move them to functions";
}

bool Parser::Expect(TokenKind kind, std::string_view hint) {
  if (Accept(kind)) return true;
  ReportUnexpected(fmt::format("`{}`", TextOfKind(kind))).hint = hint;
  return false;
}

bool Parser::ExpectName(std::string_view expected, Name& name) {
  if (!At(TokenKind::kName)) {
    Diagnostic& report = ReportUnexpected(expected);
    if (Describe(Peek()).starts_with("the keyword")) report.hint = "keywords cannot be names";
    return false;
  }
  name = NameOf(Advance());
  return true;
}

bool Parser::ExpectClosing(const Token& open, std::string_view expected) {
  const TokenKind closing = ClosingOf(open.kind);
  if (Accept(closing)) return true;
  Diagnostic& report = ReportUnexpected(expected.empty() ? fmt::format("`{}`", TextOfKind(closing))
                                                         : std::string(expected));
  report.hint = HintAfterExpression();
  if (At(TokenKind::kEnd) || Peek().starts_line)
    report.notes.push_back(
        {RangeOf(open), fmt::format("this `{}` is not closed", TextOfKind(open.kind))});
  return false;
}

void Parser::ExpectSemicolon() {
  if (Accept(TokenKind::kSemicolon)) return;
  const uint32_t end = Previous().end;
  std::string_view hint = HintAfterExpression();
  if (At(TokenKind::kColon)) hint = "a value is declared `let x = ...`, a variable `var x = ...`";
  // Where the token is a mistake of its own it is shown, else the place of the semicolon.
  const SourceRange place = hint.empty() ? PlainRange(file_, end, end) : RangeOf(Peek());
  ReportUnexpectedAt(place, "`;`").hint = hint;
  if (!Peek().starts_line && !At(TokenKind::kRightBrace)) SkipStatement();
}

uint32_t Parser::IndentationOf(const Token& token) const {
  const SourceFile& file = sources_.file(file_);
  const std::string_view line = file.Line(file.Locate(token.begin).line);
  return static_cast<uint32_t>(std::min(line.find_first_not_of(" \t"), line.size()));
}

void Parser::ReportUnclosedBrace(const Token& open) {
  const bool known = Peek().begin == reported_at_;
  Diagnostic& report = ReportUnexpected("`}`");
  if (known) return;
  report.notes.push_back({RangeOf(open), "this `{` is not closed"});
  // The brace that was forgotten is often an inner one, whose `{` then took the `}` of an outer
  // one.
  for (const auto& [first, last] : closed_braces_) {
    if (!last.starts_line || IndentationOf(first) == IndentationOf(last)) continue;
    report.notes.push_back(
        {RangeOf(first), "perhaps it is this one: the `}` that closes it is indented otherwise"});
    return;
  }
}

// --- Recovery

void Parser::SkipStatement() {
  int braces = 0;
  for (; !At(TokenKind::kEnd); Advance()) {
    if (Peek().starts_line && (AtItem() || (braces == 0 && BeginsStatement(Kind())))) return;
    if (At(TokenKind::kLeftBrace)) ++braces;
    if (At(TokenKind::kSemicolon) && braces == 0) {
      Advance();
      return;
    }
    if (!At(TokenKind::kRightBrace)) continue;
    if (braces == 0) return;
    --braces;
    // A block of the statement ended, and with it the statement, if a new line begins.
    if (braces == 0 && Peek(1).starts_line && Kind(1) != TokenKind::kElse) {
      Advance();
      return;
    }
  }
}

void Parser::SkipToBlock(bool past_semicolons) {
  while (!At(TokenKind::kEnd) && !At(TokenKind::kLeftBrace) && !At(TokenKind::kRightBrace)) {
    if (At(TokenKind::kSemicolon) && !past_semicolons) return;
    if (Peek().starts_line && (past_semicolons || AtItem() || BeginsStatement(Kind()))) return;
    Advance();
  }
}

void Parser::SkipBrackets() {
  const TokenKind open = Kind(), closing = ClosingOf(open);
  int depth = 0;
  while (!At(TokenKind::kEnd)) {
    const TokenKind kind = Advance().kind;
    if (kind == open) ++depth;
    if (kind == closing && --depth == 0) return;
  }
}

void Parser::SkipToItem() {
  int braces = 0;
  for (; !At(TokenKind::kEnd); Advance()) {
    if (AtItem() && (braces == 0 || Peek().starts_line)) return;
    if (At(TokenKind::kLeftBrace)) ++braces;
    if (At(TokenKind::kRightBrace)) braces = std::max(0, braces - 1);
  }
}

// --- Depth

Parser::Nested::Nested(Parser& parser) : parser_(parser) {
  if (++parser_.depth_ > kMaxNesting) parser_.ReportTooDeep(parser_.RangeOf(parser_.Peek()));
}

template <typename Ids>
int Parser::GreatestHeight(const Ids& ids) const {
  int greatest = 0;
  for (const auto& id : ids) greatest = std::max(greatest, HeightOf(id));
  return greatest;
}

int Parser::HeightOf(const RangeClause& range) const {
  return std::max(
      {HeightOf(range.type), HeightOf(range.from), HeightOf(range.to), HeightOf(range.step)});
}

template <typename IdType, typename Node>
IdType Parser::AddNode(std::vector<Node>& nodes, std::vector<uint16_t>& heights, Node node,
                       int below) {
  const int height = below + 1;
  if (height > kMaxNesting) {
    ReportTooDeep(node.range);
    return {};
  }
  nodes.push_back(std::move(node));
  heights.push_back(static_cast<uint16_t>(height));
  return IdType(nodes.size() - 1);
}

ExprId Parser::Add(Expr e) {
  const int below = std::max({HeightOf(e.a), HeightOf(e.b), HeightOf(e.type), HeightOf(e.block),
                              HeightOf(e.other), GreatestHeight(e.list),
                              GreatestHeight(e.type_arguments), GreatestHeight(e.ranges)});
  return AddNode<ExprId>(tree_.exprs, expr_heights_, std::move(e), below);
}

StatementId Parser::Add(Statement s) {
  const int below =
      std::max({HeightOf(s.a), HeightOf(s.b), HeightOf(s.type), HeightOf(s.block),
                HeightOf(s.other), GreatestHeight(s.format.values), GreatestHeight(s.ranges)});
  return AddNode<StatementId>(tree_.statements, statement_heights_, std::move(s), below);
}

TypeExprId Parser::Add(TypeExpr t) {
  const int below = std::max(HeightOf(t.element), GreatestHeight(t.sizes));
  return AddNode<TypeExprId>(tree_.types, type_heights_, std::move(t), below);
}

BlockId Parser::Add(Block b) {
  const int below = std::max(HeightOf(b.value), GreatestHeight(b.statements));
  return AddNode<BlockId>(tree_.blocks, block_heights_, std::move(b), below);
}

}  // namespace einkorn::frontend
