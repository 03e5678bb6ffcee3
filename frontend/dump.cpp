// Tokens and syntax trees as text.
#include <fmt/format.h>

#include "frontend/frontend.h"
#include "frontend/lexer.h"
#include "frontend/parser.h"

namespace einkorn::frontend {
namespace {

std::string_view KindText(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEnd:
      return "end";
    case TokenKind::kInvalid:
      return "invalid";
    case TokenKind::kName:
      return "name";
    case TokenKind::kInteger:
      return "integer";
    case TokenKind::kFloat:
      return "float";
    case TokenKind::kString:
      return "string";
    case TokenKind::kUnary:
    case TokenKind::kBinary:
      return "operator";
    case TokenKind::kCompound:
      return "assignment";
    case TokenKind::kConversion:
      return "conversion";
#define EINKORN_KEYWORD(name, text) \
  case TokenKind::k##name:          \
    return "keyword";
#define EINKORN_PUNCTUATION(name, text) \
  case TokenKind::k##name:              \
    return "punctuation";
#include "frontend/tokens.def"
  }
  return {};
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '\t') {
      quoted += "\\t";
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// One node a line, its parts below it and two columns further right. What could not be parsed is a
// line `missing`, or has no line where it may be absent.
class TreeDump {
 public:
  explicit TreeDump(const SyntaxTree& tree) : tree_(tree) {}

  std::string Run() {
    for (const Import& import : tree_.imports)
      Line("import {} as {}", Quote(import.path), import.name.text);
    for (const Item& item : tree_.items) DumpItem(item);
    return std::move(out_);
  }

 private:
  // Indents while it lives.
  class Inside {
   public:
    explicit Inside(TreeDump& dump) : dump_(dump) { ++dump_.depth_; }
    ~Inside() { --dump_.depth_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    TreeDump& dump_;
  };

  template <typename... Arguments>
  void Line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_.append(2 * depth_, ' ');
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }

  void DumpItem(const Item& item);
  void DumpParameter(const ParameterDecl& parameter);
  void Dump(TypeExprId id);
  void Dump(BlockId id, std::string_view role);
  void Dump(StatementId id);
  void DumpParts(const Statement& s);
  void Dump(ExprId id);
  void DumpParts(const Expr& e);
  void Dump(const RangeClause& range);
  void Dump(const FormatText& format);

  const SyntaxTree& tree_;
  std::string out_;
  size_t depth_ = 0;
};

std::string_view TextOf(AccessKind access) {
  switch (access) {
    case AccessKind::kIn:
      return "";
    case AccessKind::kInout:
      return " inout";
    case AccessKind::kOut:
      return " out";
  }
  return {};
}

std::string HeadOf(const Item& item) {
  switch (item.kind) {
    case ItemKind::kKernel:
      return fmt::format("kernel {}", item.name.text);
    case ItemKind::kFunction:
      return fmt::format("fn {}", item.name.text);
    case ItemKind::kConst:
      return fmt::format("const {}", item.name.text);
    case ItemKind::kStruct:
      return "struct";
    case ItemKind::kTest:
      return fmt::format("test \"{}\"", item.name.text);
  }
  return {};
}

void TreeDump::DumpItem(const Item& item) {
  Line("{}", HeadOf(item));
  const Inside inside(*this);
  for (const TypeParameterDecl& parameter : item.type_parameters)
    Line("type parameter {}: {}", parameter.name.text, parameter.type_class.text);
  for (const ParameterDecl& parameter : item.parameters) DumpParameter(parameter);
  if (item.result.valid()) {
    Line("result");
    const Inside result(*this);
    Dump(item.result);
  }
  for (ExprId condition : item.conditions) {
    Line("where");
    const Inside where(*this);
    Dump(condition);
  }
  if (item.kind == ItemKind::kStruct) return;
  if (item.kind == ItemKind::kConst) {
    Dump(item.type);
    Dump(item.value);
  } else {
    Dump(item.body, "body");
  }
}

void TreeDump::DumpParameter(const ParameterDecl& parameter) {
  Line("parameter {}{}{}", parameter.name.text, parameter.is_static ? " static" : "",
       TextOf(parameter.access));
  const Inside inside(*this);
  Dump(parameter.type);
  if (parameter.value.valid()) Dump(parameter.value);
}

void TreeDump::Dump(TypeExprId id) {
  if (!id.valid()) return Line("missing");
  const TypeExpr& type = tree_.type(id);
  if (type.kind == TypeExprKind::kName) return Line("type {}", type.text);
  Line("array type");
  const Inside inside(*this);
  for (ExprId size : type.sizes) Dump(size);
  Dump(type.element);
}

void TreeDump::Dump(BlockId id, std::string_view role) {
  if (!id.valid()) return Line("missing");
  const Block& block = tree_.block(id);
  Line("{}", role);
  const Inside inside(*this);
  for (StatementId statement : block.statements) Dump(statement);
  if (!block.value.valid()) return;
  Line("value");
  const Inside value(*this);
  Dump(block.value);
}

std::string HeadOf(const Statement& s) {
  switch (s.kind) {
    case StatementKind::kLet:
      return fmt::format("let {}", s.name.text);
    case StatementKind::kVar:
      return fmt::format("var {}", s.name.text);
    case StatementKind::kAssign:
      return fmt::format("{} {}=", s.is_atomic ? "atomic" : "assign",
                         s.has_operator ? InfoOf(s.binary).text : "");
    case StatementKind::kAtomicExtreme:
      return fmt::format("atomic {}=", s.text);
    case StatementKind::kExpr:
      return "expression";
    case StatementKind::kIf:
      return "if";
    case StatementKind::kWhile:
      return "while";
    case StatementKind::kFor:
      return "for";
    case StatementKind::kParallelFor:
      return "parallel for";
    case StatementKind::kBreak:
      return "break";
    case StatementKind::kContinue:
      return "continue";
    case StatementKind::kReturn:
      return "return";
    case StatementKind::kAssert:
      return "assert";
    case StatementKind::kPrint:
      return "print";
    case StatementKind::kDebug:
      return "debug";
    case StatementKind::kExpectError:
      return fmt::format("expect_error {}", s.name.text);
    case StatementKind::kExpectCompileError:
      return fmt::format("expect_compile_error {}", s.name.text);
  }
  return {};
}

void TreeDump::Dump(StatementId id) {
  if (!id.valid()) return Line("missing");
  const Statement& s = tree_.statement(id);
  Line("{}{}", s.is_static ? "static " : "", HeadOf(s));
  const Inside inside(*this);
  DumpParts(s);
}

// Each kind leaves the parts that it has not without value.
void TreeDump::DumpParts(const Statement& s) {
  if (s.type.valid()) Dump(s.type);
  if (s.a.valid()) Dump(s.a);
  if (s.b.valid()) Dump(s.b);
  Dump(s.format);
  for (const RangeClause& range : s.ranges) Dump(range);
  if (s.block.valid()) Dump(s.block, "block");
  if (s.other.valid()) Dump(s.other, "else");
}

std::string HeadOf(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kInteger:
      return fmt::format("integer {}", e.text);
    case ExprKind::kFloat:
      return fmt::format("float {}", e.text);
    case ExprKind::kBool:
      return fmt::format("bool {}", e.flag);
    case ExprKind::kName:
      return fmt::format("name {}", e.text);
    case ExprKind::kField:
      return fmt::format("field {}", e.text);
    case ExprKind::kIndex:
      return "index";
    case ExprKind::kCall:
      return "call";
    case ExprKind::kUnary:
      return fmt::format("unary {}", InfoOf(e.unary).text);
    case ExprKind::kBinary:
      return fmt::format("binary {}", InfoOf(e.binary).text);
    case ExprKind::kConversion:
      return fmt::format("conversion {}", InfoOf(e.conversion).text);
    case ExprKind::kStruct:
      return "struct";
    case ExprKind::kIf:
      return "if";
    case ExprKind::kBlock:
      return "block expression";
    case ExprKind::kParen:
      return "paren";
    case ExprKind::kArray:
      return "array";
    case ExprKind::kReduction:
      return fmt::format("reduction {}", e.text);
    case ExprKind::kUndefined:
      return "undefined";
  }
  return {};
}

void TreeDump::Dump(ExprId id) {
  if (!id.valid()) return Line("missing");
  const Expr& e = tree_.expr(id);
  Line("{}", HeadOf(e));
  const Inside inside(*this);
  DumpParts(e);
}

void TreeDump::DumpParts(const Expr& e) {
  if (e.a.valid()) Dump(e.a);
  if (e.kind == ExprKind::kReduction) {
    for (const RangeClause& range : e.ranges) Dump(range);
    if (!e.b.valid()) return;
    Line("condition");
    const Inside condition(*this);
    return Dump(e.b);
  }
  if (!e.view.empty()) {
    for (const Expr::ViewItem& item : e.view) {
      if (item.is_range) Line("kept{}", item.inclusive ? " inclusive" : "");
      if (item.from.valid()) Dump(item.from);
      if (item.to.valid()) Dump(item.to);
    }
    return;
  }
  if (e.b.valid()) Dump(e.b);
  for (TypeExprId type : e.type_arguments) Dump(type);
  for (size_t i = 0; i < e.list.size(); ++i) {
    const bool named = i < e.argument_names.size() && !e.argument_names[i].empty();
    if (!named) {
      Dump(e.list[i]);
      continue;
    }
    Line("argument {}", e.argument_names[i]);
    const Inside argument(*this);
    Dump(e.list[i]);
  }
  if (e.type.valid()) Dump(e.type);
  if (e.block.valid()) Dump(e.block, "block");
  if (e.other.valid()) Dump(e.other, "else");
}

void TreeDump::Dump(const RangeClause& range) {
  Line("range {}{}", range.name.text, range.inclusive ? " inclusive" : "");
  const Inside inside(*this);
  if (range.type.valid()) Dump(range.type);
  Dump(range.from);
  Dump(range.to);
  if (!range.step.valid()) return;
  Line("step");
  const Inside step(*this);
  Dump(range.step);
}

void TreeDump::Dump(const FormatText& format) {
  for (size_t i = 0; i < format.pieces.size(); ++i) {
    if (!format.pieces[i].empty()) Line("text {}", Quote(format.pieces[i]));
    if (i < format.values.size()) Dump(format.values[i]);
  }
}

}  // namespace

std::string DumpTokens(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics) {
  const SourceFile& source = sources.file(file);
  std::string out;
  for (const Token& token : Lex(sources, file, diagnostics)) {
    const LineColumn at = source.Locate(token.begin);
    const std::string_view text = source.text().substr(token.begin, token.end - token.begin);
    out += fmt::format("{}:{} {}{}{}\n", at.line, at.column, KindText(token.kind),
                       text.empty() ? "" : " ", text);
  }
  return out;
}

std::string DumpSyntaxTree(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics) {
  return TreeDump(Parse(sources, file, diagnostics)).Run();
}

}  // namespace einkorn::frontend
