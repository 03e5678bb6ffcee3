// The parser's state, shared by the parser_*.cpp files: tokens with a position, the tree being
// built.
//
// Failure. A function that cannot make its node reports why and returns an invalid id (or false);
// its callers return likewise, silently, up to the statement, parameter list or item, which skips
// to a place where it can go on. ReportUnexpected is silent at a token that something was reported
// at before, so one mistake is one message even where several callers notice it.
//
// Depth. Every recursion that makes a node passes a Nested, and every node's height is computed
// when it is made, since chains such as `a + a + a` grow without recursion. Both end at
// kMaxNesting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "frontend/ast.h"
#include "frontend/token.h"

namespace einkorn::frontend {

class Parser {
 public:
  Parser(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics);
  SyntaxTree ParseFile();

 private:
  // --- tokens (parser.cpp)
  const Token& Peek(size_t ahead = 0) const;
  const Token& Previous() const { return tokens_[position_ > 0 ? position_ - 1 : 0]; }
  TokenKind Kind(size_t ahead = 0) const { return Peek(ahead).kind; }
  bool At(TokenKind kind) const { return Kind() == kind; }
  bool AtBinary(BinaryOperator op, size_t ahead = 0) const;
  /// At a name that means something in this place, such as `step`.
  bool AtWord(std::string_view word) const;
  bool AtTest() const { return AtWord("test") && Kind(1) == TokenKind::kString; }
  bool AtItem() const;
  Token Advance();
  bool Accept(TokenKind kind);
  bool AcceptWord(std::string_view word);
  std::string_view TextOf(const Token& token) const;
  SourceRange RangeOf(const Token& token) const {
    return PlainRange(file_, token.begin, token.end);
  }
  /// From the beginning of `first` to the end of the token before this one, the caret at `first`.
  SourceRange RangeFrom(const Token& first) const { return RangeFrom(first, first); }
  SourceRange RangeFrom(const Token& first, const Token& point) const;
  /// The text of a string token without its quotes.
  std::string_view InsideQuotes(const Token& token) const;
  Name NameOf(const Token& token) const { return {TextOf(token), RangeOf(token)}; }

  // --- reports (parser.cpp)
  bool Full() const { return diagnostics_.error_count() >= Diagnostics::kMaxDiagnostics; }
  std::string Describe(const Token& token) const;
  /// Reports that `expected` was expected here. The result takes hint and notes; it is dropped if
  /// something was already reported at this token.
  Diagnostic& ReportUnexpected(std::string_view expected);
  Diagnostic& ReportUnexpectedAt(SourceRange range, std::string_view expected);
  void ReportTooDeep(SourceRange range);
  /// The next token if it is of `kind`; else a report.
  bool Expect(TokenKind kind, std::string_view hint = {});
  bool ExpectName(std::string_view expected, Name& name);
  /// The bracket that closes `open`; `expected` if other tokens could stand here too.
  bool ExpectClosing(const Token& open, std::string_view expected = {});
  /// A `;`, missed at the end of the token before. If what follows cannot begin a statement it is
  /// skipped.
  void ExpectSemicolon();
  void ReportUnclosedBrace(const Token& open);
  uint32_t IndentationOf(const Token& token) const;

  // --- recovery (parser.cpp)
  /// Behind the next `;`, or at the `}` of this block, at a line that begins with a statement's
  /// keyword, or at the next item.
  void SkipStatement();
  /// At the next `{` if one comes before the statement ends.
  void SkipToBlock(bool past_semicolons);
  /// Behind the bracket that closes the one here.
  void SkipBrackets();
  void SkipToItem();

  // --- depth (parser.cpp)
  class Nested {
   public:
    explicit Nested(Parser& parser);
    ~Nested() { --parser_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    explicit operator bool() const { return parser_.depth_ <= kMaxNesting; }

   private:
    Parser& parser_;
  };
  int HeightOf(ExprId id) const { return id.valid() ? expr_heights_[id.index] : 0; }
  int HeightOf(BlockId id) const { return id.valid() ? block_heights_[id.index] : 0; }
  int HeightOf(TypeExprId id) const { return id.valid() ? type_heights_[id.index] : 0; }
  int HeightOf(StatementId id) const { return id.valid() ? statement_heights_[id.index] : 0; }
  /// 0 for nothing.
  template <typename Ids>
  int GreatestHeight(const Ids& ids) const;
  int HeightOf(const RangeClause& range) const;
  /// Adds a node; invalid, with a report, if it would be too high.
  ExprId Add(Expr expr);
  StatementId Add(Statement statement);
  TypeExprId Add(TypeExpr type);
  BlockId Add(Block block);
  template <typename IdType, typename Node>
  IdType AddNode(std::vector<Node>& nodes, std::vector<uint16_t>& heights, Node node, int below);

  // --- items (parser_items.cpp)
  void ParseItem();
  std::vector<Attribute> ParseAttributes();
  void ParseCallable(Item& item);
  void ParseBody(Item& item);
  bool ParseTypeParameters(Item& item);
  bool ParseParameters(Item& item);
  bool ParseParameter(Item& item);
  void SkipParameter();
  bool ParseResult(Item& item);
  bool ParseConditions(Item& item);
  bool ParseConst(Item& item);
  void ParseTest(Item& item);
  bool ParseStruct(Item& item);
  void ParseImport();
  void ReportNoItem();
  std::string_view DocumentationBefore(const Token& first) const;
  TypeExprId ParseType();
  TypeExprId ParseArrayType();

  // --- statements (parser_statements.cpp)
  enum class BlockUse : uint8_t {
    kStatements,  ///< may not end in a value
    kValue,       ///< must end in a value
    kEither,      ///< the caller looks
  };
  BlockId ParseBlock(BlockUse use);
  void ParseStatements(Block& block);
  bool HasValue(BlockId block) const { return block.valid() && tree_.block(block).value.valid(); }
  /// Reports a value, or a missing one, unless something was reported since `errors_before`.
  void RequireStatements(BlockId block, size_t errors_before);
  void RequireValue(BlockId block, size_t errors_before);
  bool IsNestedItem() const;
  void SkipNestedItem();
  /// Adds the next statement, or the value, to `block`.
  bool ParseStatement(Block& block);
  StatementId ParseDeclaration(StatementKind kind);
  bool ParseAssignmentOrValue(Block& block);
  StatementId FinishAssignment(const Token& first, ExprId target);
  StatementId ParseAtomic();
  bool ParseIfInBlock(Block& block);
  /// `if c { } else { }` into the fields of a kIf; whether it is a statement or an expression shows
  /// in whether its blocks have values.
  bool ParseIf(Expr& parts);
  BlockId ParseElseIf();
  bool IsValue(const Expr& parts) const { return HasValue(parts.block) && HasValue(parts.other); }
  StatementId AddIfStatement(const Expr& parts, size_t errors_before);
  /// What was probably meant by the token that ends an expression here; empty if nothing is known.
  std::string_view HintAfterExpression() const;
  /// An expression that is followed by `expected`, where `=` is a mistake for `==`.
  ExprId ParseCondition(std::string_view expected);
  /// Whether to parse the body of a head: if that was not complete, its body is looked for.
  bool AtBodyAfter(bool head_is_complete, bool past_semicolons = false);
  StatementId ParseWhile();
  StatementId ParseFor();
  StatementId ParseParallelFor();
  StatementId FinishFor(StatementKind kind, const Token& first, bool several);
  bool ParseRangeClauses(std::vector<RangeClause>& ranges, bool several);
  bool ParseRangeClause(RangeClause& range);
  StatementId ParseJump(StatementKind kind);
  StatementId ParseReturn();
  StatementId ParseAssert();
  StatementId ParsePrint();
  StatementId ParseExpectation(StatementKind kind);
  StatementId ParseDebug();
  StatementId ParseStatic();
  void ReportNoStatement();
  bool AtForeignStatement() const;

  // --- strings with values (parser_format.cpp)
  bool ParseFormat(FormatText& format);
  bool ParseFormatValue(FormatText& format, size_t& at, size_t end);

  // --- expressions (parser_expressions.cpp)
  ExprId ParseExpression();
  ExprId ParseBinary(int least_precedence);
  ExprId ParseConversion();
  ExprId ParseUnary();
  ExprId ParsePostfix();
  ExprId ParsePrimary();
  ExprId ParseLeaf(ExprKind kind);
  ExprId ParseName();
  ExprId ParseParen();
  ExprId ParseArray();
  ExprId ParseBlockExpression();
  ExprId ParseIfExpression();
  ExprId ParseCall(ExprId callee);
  bool ParseArgument(Expr& call);
  ExprId FinishReduction(const Token& open, ExprId callee, ExprId term);
  ExprId ParseIndex(ExprId array);
  bool ParseIndexItem(Expr& index);
  ExprId ParseField(ExprId object);
  bool AtStructLiteral() const;
  ExprId ParseStructLiteral(ExprId name);
  bool AtTypeArguments() const;
  bool IsTypeName(std::string_view text) const;
  void ReportNoExpression();
  void ReportChain(const Token& op, ExprId left, ExprId middle, ExprId right);

  const SourceSet& sources_;
  const SourceFileId file_;
  Diagnostics& diagnostics_;
  std::vector<Token> tokens_;
  size_t position_ = 0;

  SyntaxTree tree_;
  std::vector<uint16_t> expr_heights_, statement_heights_, type_heights_, block_heights_;
  int depth_ = 0;

  /// Where the last token lies that something was reported at.
  uint32_t reported_at_ = UINT32_MAX;
  Diagnostic dropped_;
  bool too_deep_reported_ = false;  ///< in this item
  Token item_start_;
  std::vector<std::string_view> type_names_;            ///< of this item's type parameters
  std::vector<std::pair<Token, Token>> closed_braces_;  ///< of this item, in the order of closing
};

}  // namespace einkorn::frontend
