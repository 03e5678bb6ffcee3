// Items, their heads, and types.
#include <fmt/format.h>

#include "base/spelling.h"
#include "frontend/parsing.h"

namespace einkorn::frontend {
namespace {

constexpr std::string_view kItemWords[] = {"kernel", "fn", "const", "test", "struct", "import"};

std::string_view WithoutIndentation(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
}

bool IsDocumentation(std::string_view line) {
  line = WithoutIndentation(line);
  return line.starts_with("///") && !line.starts_with("////");
}

// What begins an item in another language, and how it is said here.
struct ForeignWord {
  std::string_view word, hint;
};
constexpr std::string_view kFunctionHint = "functions begin with `fn`, kernels with `kernel`";
constexpr std::string_view kConstantHint =
    "a constant is declared `const NAME: TYPE = value;`; there are no global variables";
constexpr ForeignWord kForeignWords[] = {
    {"def", kFunctionHint},
    {"func", kFunctionHint},
    {"function", kFunctionHint},
    {"fun", kFunctionHint},
    {"void", kFunctionHint},
    {"pub", "every item of a file is public; leave `pub` away"},
    {"let", kConstantHint},
    {"var", kConstantHint},
    {"static", kConstantHint},
    {"use", "files are brought in by `import`: `import \"file.ek\";`"},
    {"from", "files are brought in by `import`: `import \"file.ek\";`"},
    {"test", "a test has a name: `test \"name\" { ... }`"},
    {"}", "no block is open here"},
    {";", "an item ends without a semicolon"},
};

}  // namespace

void Parser::ParseItem() {
  item_start_ = Peek();
  type_names_.clear();
  closed_braces_.clear();
  too_deep_reported_ = false;
  Item item;
  item.documentation = DocumentationBefore(item_start_);
  item.attributes = ParseAttributes();
  switch (Kind()) {
    case TokenKind::kKernel:
    case TokenKind::kFn:
      return ParseCallable(item);
    case TokenKind::kConst:
      if (!ParseConst(item)) SkipStatement();
      return;
    case TokenKind::kStruct:
      if (!ParseStruct(item)) SkipToItem();
      return;
    case TokenKind::kImport:
      return ParseImport();
    default:
      if (AtTest()) return ParseTest(item);
      ReportNoItem();
      SkipToItem();
  }
}

void Parser::ReportNoItem() {
  const std::string_view word = TextOf(Peek());
  Diagnostic& report = ReportUnexpected("`kernel`, `fn`, `const`, `struct` or `test`");
  for (const ForeignWord& foreign : kForeignWords)
    if (foreign.word == word) report.hint = foreign.hint;
  if (!report.hint.empty() || !At(TokenKind::kName)) return;
  if (const auto nearest = NearestSpelling(word, kItemWords))
    report.hint = fmt::format("did you mean `{}`?", *nearest);
  else if (IsTypeName(word) || Kind(1) == TokenKind::kName)
    report.hint = kFunctionHint;
}

std::string_view Parser::DocumentationBefore(const Token& first) const {
  const SourceFile& file = sources_.file(file_);
  const uint32_t line = first.starts_line ? file.Locate(first.begin).line : 1;
  uint32_t top = line;
  while (top > 1 && IsDocumentation(file.Line(top - 1))) --top;
  if (top == line) return {};
  const std::string_view last = file.Line(line - 1);
  const char* begin = file.Line(top).data();
  return {begin, static_cast<size_t>(last.data() + last.size() - begin)};
}

std::vector<Attribute> Parser::ParseAttributes() {
  std::vector<Attribute> attributes;
  while (At(TokenKind::kAt)) {
    Advance();
    Attribute attribute;
    if (!ExpectName("the name of an attribute", attribute.name)) break;
    if (At(TokenKind::kLeftParen)) {
      const Token open = Advance();
      attribute.argument = ParseExpression();
      if (!attribute.argument.valid() || !ExpectClosing(open)) break;
    }
    attributes.push_back(attribute);
  }
  return attributes;
}

// --- Kernels and functions

void Parser::ParseCallable(Item& item) {
  item.kind = Advance().kind == TokenKind::kKernel ? ItemKind::kKernel : ItemKind::kFunction;
  const bool complete = ExpectName("a name", item.name) && ParseTypeParameters(item) &&
                        ParseParameters(item) && ParseResult(item) && ParseConditions(item);
  item.range = RangeFrom(item_start_);
  if (AtBodyAfter(complete))
    ParseBody(item);
  else
    SkipToItem();
  tree_.items.push_back(std::move(item));
}

void Parser::ParseBody(Item& item) {
  if (!At(TokenKind::kLeftBrace)) {
    Diagnostic& report = ReportUnexpected("`{`");
    if (At(TokenKind::kSemicolon))
      report.hint = "every function has its body; the order of items is free";
    else if (At(TokenKind::kName) && item.kind != ItemKind::kTest && !item.result.valid())
      report.hint = fmt::format("a result is declared `-> {}`", TextOf(Peek()));
    else if (At(TokenKind::kColon))
      report.hint = "a body stands in braces: `{ ... }`";
    if (!AtBodyAfter(false)) return SkipToItem();
  }
  item.body = ParseBlock(BlockUse::kStatements);
  if (!item.body.valid()) SkipToItem();
}

bool Parser::ParseTypeParameters(Item& item) {
  if (!AtBinary(BinaryOperator::kLess)) return true;
  do {
    Advance();
    TypeParameterDecl parameter;
    if (!ExpectName("a type parameter", parameter.name)) return false;
    if (!Expect(TokenKind::kColon, "a type parameter has a class: `<T: float>`")) return false;
    if (!ExpectName("a class of types", parameter.type_class)) return false;
    type_names_.push_back(parameter.name.text);
    item.type_parameters.push_back(parameter);
  } while (At(TokenKind::kComma));
  if (!AtBinary(BinaryOperator::kGreater)) {
    ReportUnexpected("`,` or `>`");
    return false;
  }
  Advance();
  return true;
}

bool Parser::ParseParameters(Item& item) {
  const Token open = Peek();
  if (!Expect(TokenKind::kLeftParen)) return false;
  while (!At(TokenKind::kRightParen)) {
    if (!ParseParameter(item)) {
      SkipParameter();
      if (!At(TokenKind::kComma) && !At(TokenKind::kRightParen)) return false;
    }
    if (!Accept(TokenKind::kComma)) break;
  }
  return ExpectClosing(open, "`,` or `)`");
}

bool Parser::ParseParameter(Item& item) {
  const Token first = Peek();
  ParameterDecl parameter;
  if (At(TokenKind::kInout) || At(TokenKind::kOut)) {
    ReportUnexpected("a parameter").hint =
        fmt::format("`{0}` stands before the type: `x: {0} [n] f32`", TextOf(first));
    return false;
  }
  if (!ExpectName("a parameter", parameter.name)) return false;
  if (!Accept(TokenKind::kColon)) {
    Diagnostic& report = ReportUnexpected("`:`");
    if (At(TokenKind::kName))
      report.hint = fmt::format("the type stands behind the name: `{}: {}`", TextOf(Peek()),
                                parameter.name.text);
    else
      report.hint = fmt::format("a parameter has a type: `{}: f32`", parameter.name.text);
    return false;
  }
  if (At(TokenKind::kStatic)) {
    parameter.is_static = true;
    Advance();
  }
  if (Accept(TokenKind::kInout))
    parameter.access = AccessKind::kInout;
  else if (Accept(TokenKind::kOut))
    parameter.access = AccessKind::kOut;
  parameter.type = ParseType();
  if (!parameter.type.valid()) return false;
  if (Accept(TokenKind::kAssign)) {
    parameter.value = ParseExpression();
    if (!parameter.value.valid()) return false;
  }
  parameter.range = RangeFrom(first);
  item.parameters.push_back(std::move(parameter));
  return true;
}

// At the `,` or `)` behind it, if one comes before the body.
void Parser::SkipParameter() {
  while (!At(TokenKind::kEnd) && !At(TokenKind::kLeftBrace) && !At(TokenKind::kRightBrace) &&
         !At(TokenKind::kComma) && !At(TokenKind::kRightParen) && !At(TokenKind::kArrow) &&
         !(Peek().starts_line && AtItem())) {
    if (At(TokenKind::kLeftParen) || At(TokenKind::kLeftBracket))
      SkipBrackets();
    else
      Advance();
  }
}

bool Parser::ParseResult(Item& item) {
  if (At(TokenKind::kColon)) {
    ReportUnexpected("`->` or `{`").hint = "a result is declared `-> i64`; a body stands in braces";
    Advance();
    // Of Python it is the end of the head.
    if (Peek().starts_line) return false;
  } else if (!Accept(TokenKind::kArrow)) {
    return true;
  }
  item.result = ParseType();
  return item.result.valid();
}

bool Parser::ParseConditions(Item& item) {
  if (!Accept(TokenKind::kWhere)) return true;
  do {
    item.conditions.push_back(ParseCondition("`,` or `{`"));
    if (!item.conditions.back().valid()) return false;
  } while (Accept(TokenKind::kComma));
  return true;
}

// --- Other items

bool Parser::ParseConst(Item& item) {
  item.kind = ItemKind::kConst;
  Advance();
  if (!ExpectName("a name", item.name)) return false;
  if (!Expect(TokenKind::kColon, "a constant has a type: `const NAME: i64 = 3;`")) return false;
  item.type = ParseType();
  if (!item.type.valid() || !Expect(TokenKind::kAssign)) return false;
  item.value = ParseExpression();
  if (!item.value.valid()) return false;
  item.range = RangeFrom(item_start_);
  ExpectSemicolon();
  tree_.items.push_back(std::move(item));
  return true;
}

void Parser::ParseTest(Item& item) {
  item.kind = ItemKind::kTest;
  Advance();
  const Token name = Advance();
  item.name = NameOf(name);
  item.name.text = InsideQuotes(name);
  item.range = RangeFrom(item_start_);
  ParseBody(item);
  tree_.items.push_back(std::move(item));
}

bool Parser::ParseStruct(Item& item) {
  item.kind = ItemKind::kStruct;
  Advance();
  if (!ExpectName("a name", item.name)) return false;
  const Token open = Peek();
  if (!Expect(TokenKind::kLeftBrace, "the fields stand in braces: `struct P { x: f32, y: f32 }`"))
    return false;
  while (!At(TokenKind::kRightBrace)) {
    const Token first = Peek();
    ParameterDecl field;
    if (!ExpectName("a field", field.name)) return false;
    if (!Expect(TokenKind::kColon, "a field has a type: `mass: f32`")) return false;
    field.type = ParseType();
    if (!field.type.valid()) return false;
    field.range = RangeFrom(first);
    item.parameters.push_back(std::move(field));
    if (At(TokenKind::kSemicolon)) {
      ReportUnexpected("`,` or `}`").hint = "fields are separated by commas";
      return false;
    }
    if (!Accept(TokenKind::kComma)) break;
  }
  if (item.parameters.empty()) {
    ReportUnexpected("a field").hint = "a struct has at least one field: `struct P { x: f32 }`";
    Advance();
    return true;
  }
  if (!ExpectClosing(open, "`,` or `}`")) return false;
  item.range = RangeFrom(item_start_);
  tree_.items.push_back(std::move(item));
  return true;
}

void Parser::ParseImport() {
  const Token first = Advance();
  Import import;
  if (At(TokenKind::kString)) {
    const Token text = Advance();
    import.path = InsideQuotes(text);
    // The name is that of the file: `geometry` of "shapes/geometry.ek".
    std::string_view stem = import.path.substr(import.path.find_last_of('/') + 1);
    if (stem.ends_with(".ek")) stem.remove_suffix(3);
    import.name = {stem, RangeOf(text)};
  } else if (AtWord("std") && Kind(1) == TokenKind::kDot) {
    import.is_library = true;
    const Token root = Advance();
    Advance();
    if (!ExpectName("the name of a part of the library", import.name)) return SkipStatement();
    import.path = sources_.file(file_).text().substr(root.begin, Previous().end - root.begin);
  } else {
    ReportUnexpected("the path of a file").hint =
        "a file is imported by its path, `import \"geometry.ek\";`, a part of the library by its "
        "name, `import std.random;`";
    return SkipStatement();
  }
  import.range = RangeFrom(first);
  import.range = WithPoint(import.range, import.is_library ? import.range : import.name.range);
  ExpectSemicolon();
  tree_.imports.push_back(std::move(import));
}

// --- Types

TypeExprId Parser::ParseType() {
  const Nested nested(*this);
  if (!nested) return {};
  if (At(TokenKind::kLeftBracket)) return ParseArrayType();
  if (!At(TokenKind::kName)) {
    Diagnostic& report = ReportUnexpected("a type");
    if (AtBinary(BinaryOperator::kBitAnd) || AtBinary(BinaryOperator::kMultiply))
      report.hint = "an array is written `[n] f32`; what is written is `inout`";
    return {};
  }
  const Token name = Advance();
  if (At(TokenKind::kLeftBracket) && Peek().begin == name.end) {
    ReportUnexpected("the end of the type").hint =
        fmt::format("the sizes stand before the element: `[n] {}`", TextOf(name));
    return {};
  }
  TypeExpr type;
  type.kind = TypeExprKind::kName;
  // A struct of an imported file.
  if (At(TokenKind::kDot) && Kind(1) == TokenKind::kName) {
    Advance();
    Advance();
  }
  type.range = RangeFrom(name);
  type.text = sources_.Text(type.range);
  return Add(std::move(type));
}

TypeExprId Parser::ParseArrayType() {
  const Token open = Advance();
  TypeExpr type;
  type.kind = TypeExprKind::kArray;
  if (At(TokenKind::kRightBracket) || (At(TokenKind::kName) && IsTypeName(TextOf(Peek())))) {
    ReportUnexpected("a size").hint =
        "an array is written `[n] f32`: the sizes in brackets, then the element";
    return {};
  }
  while (!At(TokenKind::kRightBracket)) {
    type.sizes.push_back(ParseExpression());
    if (!type.sizes.back().valid()) return {};
    if (!Accept(TokenKind::kComma)) break;
  }
  if (!ExpectClosing(open, "`,` or `]`")) return {};
  type.element = ParseType();
  if (!type.element.valid()) return {};
  type.range = RangeFrom(open);
  return Add(std::move(type));
}

}  // namespace einkorn::frontend
