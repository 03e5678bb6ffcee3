// The syntax tree of one source file: what was written, before names and types mean anything.
//
// Nodes lie in flat tables and are named by ids. One struct holds every kind of expression, one
// every kind of statement; the comment at each kind says which fields it uses. Texts are views into
// the source, which lives as long as the SourceSet. Parentheses are nodes of their own, because
// whether a product is parenthesised decides its rounding. Trees are at most kMaxNesting deep, so
// walks over them may recurse.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/source.h"
#include "ir/ops.h"

namespace einkorn::frontend {

/// The greatest height of a syntax tree, in nodes; a deeper one is a `nesting_too_deep` diagnostic.
inline constexpr int kMaxNesting = 256;

struct ExprTag;
struct StatementTag;
struct BlockTag;
struct TypeExprTag;
using ExprId = Id<ExprTag>;
using StatementId = Id<StatementTag>;
using BlockId = Id<BlockTag>;
using TypeExprId = Id<TypeExprTag>;

enum class UnaryOperator : uint8_t {
#define EINKORN_UNARY(name, text, opcode, rule) k##name,
#include "frontend/operators.def"
};
enum class BinaryOperator : uint8_t {
#define EINKORN_BINARY(name, text, precedence, opcode, rule) k##name,
#include "frontend/operators.def"
};
enum class ConversionOperator : uint8_t {
#define EINKORN_CONVERSION(name, text, rule) k##name,
#include "frontend/operators.def"
};

/// The row of an operator.
struct OperatorInfo {
  std::string_view text;
  int precedence;  ///< binary ones only
  Opcode opcode;
  Rule rule;
};
const OperatorInfo& InfoOf(UnaryOperator op);
const OperatorInfo& InfoOf(BinaryOperator op);
const OperatorInfo& InfoOf(ConversionOperator op);

/// A name with its place.
struct Name {
  std::string_view text;
  SourceRange range;
};

/// `i: i32 in a..b step s`, of a loop or a reduction.
struct RangeClause {
  Name name;
  TypeExprId type;  ///< invalid: i64
  ExprId from, to;
  ExprId step;  ///< invalid: 1
  bool inclusive = false;
  SourceRange range;
};

enum class ExprKind : uint8_t {
  kInteger,     ///< text: as written
  kFloat,       ///< text: as written
  kBool,        ///< flag
  kName,        ///< text
  kField,       ///< a . text
  kIndex,       ///< a [ list ], where some may be ranges: view
  kCall,        ///< a ( list ), type_arguments, argument_names
  kUnary,       ///< unary a
  kBinary,      ///< a binary b
  kConversion,  ///< a conversion type
  kStruct,      ///< a { argument_names: list }; a names the struct
  kIf,          ///< if a { block } else { other }; both blocks end in a value
  kBlock,       ///< { block }, which ends in a value
  kParen,       ///< ( a )
  kArray,       ///< [ list ]
  kReduction,   ///< text ( a for ranges if b ); b may be invalid
  kUndefined,   ///< `undefined`
};

struct Expr {
  ExprKind kind = ExprKind::kName;
  SourceRange range;  ///< point: the operator or name that a report about it marks
  std::string_view text;
  bool flag = false;
  UnaryOperator unary = {};
  BinaryOperator binary = {};
  ConversionOperator conversion = {};
  ExprId a, b;
  std::vector<ExprId> list;
  std::vector<std::string_view>
      argument_names;  ///< `f(x, ulp = 2)`: one an argument, empty if unnamed
  std::vector<TypeExprId> type_arguments;
  TypeExprId type;
  BlockId block, other;
  std::vector<RangeClause> ranges;
  /// Of a view, one an item: for `lo..hi` the bounds, either of which may be invalid, for an index
  /// nothing. Empty if no item is a range.
  struct ViewItem {
    bool is_range = false;
    ExprId from, to;
    bool inclusive = false;
  };
  std::vector<ViewItem> view;
};

enum class TypeExprKind : uint8_t {
  kName,   ///< text: `i32`, a type parameter, a struct, or `file.Struct`
  kArray,  ///< [ sizes ] element
};

struct TypeExpr {
  TypeExprKind kind = TypeExprKind::kName;
  SourceRange range;
  std::string_view text;
  std::vector<ExprId> sizes;
  TypeExprId element;
};

/// `"text {value}"`: the pieces around the values, braces unescaped; one more piece than values.
struct FormatText {
  std::vector<std::string> pieces;
  std::vector<ExprId> values;
  SourceRange range;
};

enum class StatementKind : uint8_t {
  kLet,            ///< let name: type = a        (type may be invalid)
  kVar,            ///< var name: type = a        (a may be invalid)
  kAssign,         ///< a = b, or a binary= b if has_operator; is_atomic: `atomic a binary= b`
  kAtomicExtreme,  ///< atomic a min= b, max= b: text is "min" or "max"
  kExpr,           ///< a ;
  kIf,             ///< if a { block } else { other }; other may be invalid, or hold one `if`
  kWhile,          ///< while a { block }
  kFor,            ///< for ranges[0] { block }
  kParallelFor,    ///< parallel for ranges { block }
  kBreak,
  kContinue,
  kReturn,              ///< return a ;  (a may be invalid)
  kAssert,              ///< assert(a, format)         (format may have no pieces)
  kPrint,               ///< print(format)
  kDebug,               ///< debug { block }, compiled in debug mode only
  kExpectError,         ///< expect_error name { block }
  kExpectCompileError,  ///< expect_compile_error name { block }
};

struct Statement {
  StatementKind kind = StatementKind::kExpr;
  SourceRange range;  ///< point: the keyword, or the operator of an assignment
  Name name;
  TypeExprId type;
  ExprId a, b;
  BinaryOperator binary = {};
  bool has_operator = false;
  bool is_atomic = false;
  bool is_static = false;  ///< `static if`, `static for`: decided when the function is specialised
  std::string_view text;
  BlockId block, other;
  std::vector<RangeClause> ranges;
  FormatText format;
};

/// Statements in braces; `value` is the last expression without `;` of a block used as a value.
struct Block {
  SourceRange range;
  std::vector<StatementId> statements;
  ExprId value;
};

enum class AccessKind : uint8_t { kIn, kInout, kOut };

struct ParameterDecl {
  Name name;
  AccessKind access = AccessKind::kIn;
  bool is_static = false;
  TypeExprId type;
  ExprId value;  ///< what stands for an argument that is left out; may be invalid
  SourceRange range;
};

/// `@depth(20)` before an item.
struct Attribute {
  Name name;
  ExprId argument;  ///< may be invalid
};

/// `T: number`.
struct TypeParameterDecl {
  Name name;
  Name type_class;
};

enum class ItemKind : uint8_t { kKernel, kFunction, kConst, kTest, kStruct };

struct Item {
  ItemKind kind = ItemKind::kFunction;
  Name name;  ///< of a test: its text, without quotes
  SourceRange range;
  std::string_view documentation;  ///< the lines of `///` above it, as written; may be empty
  std::vector<Attribute> attributes;
  std::vector<TypeParameterDecl> type_parameters;
  std::vector<ParameterDecl> parameters;  ///< of a struct: its fields
  TypeExprId result;                      ///< functions and kernels; invalid: returns nothing
  std::vector<ExprId> conditions;         ///< `where a, b`
  BlockId body;
  TypeExprId type;  ///< const
  ExprId value;     ///< const

  const Attribute* AttributeNamed(std::string_view text) const {
    for (const Attribute& attribute : attributes)
      if (attribute.name.text == text) return &attribute;
    return nullptr;
  }
};

/// `import "dir/geometry.ek";` or `import std.random;`
struct Import {
  Name name;                ///< what the file's items stand under: `geometry`, `random`
  std::string_view path;    ///< as written, without quotes
  bool is_library = false;  ///< `std.…`: part of Einkorn, not a file
  SourceRange range;
};

struct SyntaxTree {
  SourceFileId file;
  std::vector<Import> imports;
  std::vector<Expr> exprs;
  std::vector<Statement> statements;
  std::vector<Block> blocks;
  std::vector<TypeExpr> types;
  std::vector<Item> items;

  const Expr& expr(ExprId id) const { return exprs[id.index]; }
  const Statement& statement(StatementId id) const { return statements[id.index]; }
  const Block& block(BlockId id) const { return blocks[id.index]; }
  const TypeExpr& type(TypeExprId id) const { return types[id.index]; }
};

}  // namespace einkorn::frontend
