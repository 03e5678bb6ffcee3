// The features of the language by its sections, each with golden files that use it: the page
// docs/features.md. The lists come from the tables of the front end where there are such; a feature
// that no golden file uses fails the test.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "frontend/builtins.h"
#include "frontend/library.h"
#include "frontend/parser.h"
#include "ir/fault.h"
#include "tests/text_files.h"

namespace einkorn {
namespace {

namespace fs = std::filesystem;
using namespace frontend;  // NOLINT: all of it is about the front end

const fs::path kRoot = EINKORN_SOURCE_DIR;

// The parts of the library that a program imports.
constexpr const char* kImportedParts[] = {"random", "scan", "sort", "linalg"};

using Features = std::set<std::string>;

// --- What a file uses

void AddRange(const RangeClause& range, Features& found) {
  found.insert(range.inclusive ? "`a..=b`" : "`a..b`");
  if (range.step.valid()) found.insert("`step`");
  if (range.type.valid()) found.insert("a typed loop variable");
}

void AddNumber(const Expr& e, Features& found) {
  if (e.text.starts_with("0x")) found.insert("`0xff`");
  if (e.text.starts_with("0b")) found.insert("`0b101`");
  if (e.text.find('_') != std::string_view::npos) found.insert("`1_000`");
  if (e.kind == ExprKind::kFloat && e.text.find('e') != std::string_view::npos)
    found.insert("`1.5e-3`");
}

void AddExpression(const SyntaxTree& tree, const Expr& e, Features& found) {
  switch (e.kind) {
    case ExprKind::kInteger:
    case ExprKind::kFloat:
      return AddNumber(e, found);
    case ExprKind::kField:
      found.insert("a field, `p.mass`");
      return;
    case ExprKind::kIndex: {
      if (e.view.empty()) return;
      const auto is_range = [](const Expr::ViewItem& item) { return item.is_range; };
      found.insert(std::ranges::all_of(e.view, is_range)
                       ? "a view, `a[lo..hi]`"
                       : "a view of fewer dimensions, `a[i, ..]`");
      return;
    }
    case ExprKind::kCall: {
      const Expr& callee = tree.expr(e.a);
      if (callee.kind == ExprKind::kName) found.insert(fmt::format("`{}`", callee.text));
      if (callee.kind == ExprKind::kField && tree.expr(callee.a).kind == ExprKind::kName)
        found.insert(fmt::format("`{}.{}`", tree.expr(callee.a).text, callee.text));
      if (!e.type_arguments.empty()) found.insert("type arguments, `f<i32>(x)`");
      const auto is_named = [](std::string_view name) { return !name.empty(); };
      if (std::ranges::any_of(e.argument_names, is_named)) found.insert("arguments by name");
      return;
    }
    case ExprKind::kUnary:
      found.insert(fmt::format("`{}x`", InfoOf(e.unary).text));
      return;
    case ExprKind::kBinary:
      found.insert(fmt::format("`x {} y`", InfoOf(e.binary).text));
      return;
    case ExprKind::kConversion:
      found.insert(fmt::format("`x {} T`", InfoOf(e.conversion).text));
      return;
    case ExprKind::kStruct:
      found.insert("a struct literal");
      return;
    case ExprKind::kIf:
      found.insert("`if` as a value");
      return;
    case ExprKind::kBlock:
      found.insert("a block as a value");
      return;
    case ExprKind::kArray:
      found.insert("an array literal");
      return;
    case ExprKind::kReduction:
      found.insert(fmt::format("`{}(… for …)`", e.text));
      if (e.b.valid()) found.insert("a reduction with `if`");
      if (e.ranges.size() > 1) found.insert("a reduction over several variables");
      for (const RangeClause& range : e.ranges) AddRange(range, found);
      return;
    case ExprKind::kUndefined:
      found.insert("`undefined`");
      return;
    case ExprKind::kBool:
    case ExprKind::kName:
    case ExprKind::kParen:
      return;
  }
}

// How deep parallel loops are nested in a block.
int LevelsOf(const SyntaxTree& tree, BlockId block) {
  int levels = 0;
  const auto inside = [&](BlockId id) { return id.valid() ? LevelsOf(tree, id) : 0; };
  for (StatementId id : tree.block(block).statements) {
    const Statement& s = tree.statement(id);
    const int own = s.kind == StatementKind::kParallelFor ? 1 : 0;
    levels = std::max({levels, own + inside(s.block), inside(s.other)});
  }
  return levels;
}

// Whether the bounds of a range name a variable of the ranges before it.
bool UsesEarlier(const SyntaxTree& tree, const std::vector<RangeClause>& ranges) {
  for (size_t k = 1; k < ranges.size(); ++k)
    for (ExprId bound : {ranges[k].from, ranges[k].to})
      for (size_t before = 0; before < k; ++before)
        if (bound.valid() && tree.expr(bound).text == ranges[before].name.text) return true;
  return false;
}

void AddStatement(const SyntaxTree& tree, const Statement& s, Features& found) {
  const auto add = [&](std::string_view feature) { found.emplace(feature); };
  for (const RangeClause& range : s.ranges) AddRange(range, found);
  switch (s.kind) {
    case StatementKind::kLet:
      return add("`let`");
    case StatementKind::kVar:
      if (s.type.valid() && tree.type(s.type).kind == TypeExprKind::kArray) add("`var t: [n] T`");
      return add(s.a.valid() ? "`var`" : "`var` without a value");
    case StatementKind::kAssign:
      if (s.is_atomic) return add(fmt::format("`atomic {}=`", InfoOf(s.binary).text));
      return add(s.has_operator ? fmt::format("`{}=`", InfoOf(s.binary).text) : "`x = e`");
    case StatementKind::kAtomicExtreme:
      return add(fmt::format("`atomic {}=`", s.text));
    case StatementKind::kIf:
      return add(s.is_static ? "`static if`" : s.other.valid() ? "`if … else`" : "`if`");
    case StatementKind::kWhile:
      return add("`while`");
    case StatementKind::kFor:
      return add(s.is_static ? "`static for`" : "`for`");
    case StatementKind::kParallelFor:
      if (s.ranges.size() > 1) add("`parallel for` over several variables");
      if (UsesEarlier(tree, s.ranges)) add("a range that uses an earlier variable");
      if (LevelsOf(tree, s.block) > 0) add("two levels of `parallel for`");
      return add("`parallel for`");
    case StatementKind::kBreak:
      return add("`break`");
    case StatementKind::kContinue:
      return add("`continue`");
    case StatementKind::kReturn:
      return add("`return`");
    case StatementKind::kAssert:
      return add("`assert`");
    case StatementKind::kPrint:
      return add("`print`");
    case StatementKind::kDebug:
      return add("`debug`");
    case StatementKind::kExpectError:
      add(fmt::format("error `{}`", s.name.text));
      return add("`expect_error`");
    case StatementKind::kExpectCompileError:
      return add("`expect_compile_error`");
    case StatementKind::kExpr:
      return;
  }
}

void AddParameter(const SyntaxTree& tree, const Item& item, const ParameterDecl& parameter,
                  Features& found) {
  const TypeExpr& type = tree.type(parameter.type);
  const bool is_array = type.kind == TypeExprKind::kArray;
  if (parameter.is_static) found.insert("`static` parameters");
  if (parameter.value.valid()) found.insert("parameters with defaults");
  if (item.kind == ItemKind::kStruct) return;
  const auto is_constant = [&](ExprId size) { return tree.expr(size).kind == ExprKind::kInteger; };
  if (!is_array) {
    if (parameter.access == AccessKind::kInout) found.insert("`inout` scalars of functions");
    return;
  }
  const bool is_fixed = std::ranges::all_of(type.sizes, is_constant);
  if (is_fixed && parameter.access == AccessKind::kIn) found.insert("value arrays, `[3] f32`");
  if (parameter.access == AccessKind::kInout) found.insert("`inout` arrays");
  if (parameter.access == AccessKind::kOut) found.insert("`out` arrays");
  if (!is_fixed && parameter.access == AccessKind::kIn) found.insert("arrays, `[n, m] T`");
  if (!is_fixed && item.kind == ItemKind::kFunction) found.insert("array parameters of functions");
  for (ExprId size : type.sizes)
    if (tree.expr(size).kind == ExprKind::kBinary) found.insert("sizes as expressions, `[n + 1]`");
}

void AddItem(const SyntaxTree& tree, const Item& item, Features& found) {
  static const std::map<ItemKind, std::string> names = {{ItemKind::kKernel, "`kernel`"},
                                                        {ItemKind::kFunction, "`fn`"},
                                                        {ItemKind::kConst, "`const`"},
                                                        {ItemKind::kTest, "`test`"},
                                                        {ItemKind::kStruct, "`struct`"}};
  found.insert(names.at(item.kind));
  for (const Attribute& attribute : item.attributes)
    found.insert(fmt::format("`@{}`", attribute.name.text));
  for (const TypeParameterDecl& parameter : item.type_parameters)
    found.insert(fmt::format("class `{}`", parameter.type_class.text));
  if (!item.conditions.empty()) found.insert("`where`");
  if (!item.documentation.empty()) found.insert("`///`");
  for (const ParameterDecl& parameter : item.parameters) AddParameter(tree, item, parameter, found);
}

// A file that parses; what its expectations show are faults.
Features FeaturesOf(const fs::path& path) {
  SourceSet sources;
  const std::string text = ReadText(path);
  const SourceFileId file = sources.Add(path.string(), text);
  Diagnostics diagnostics;
  const SyntaxTree tree = Parse(sources, file, diagnostics);
  if (diagnostics.has_errors()) return {};
  Features found;
  for (const Expr& e : tree.exprs) AddExpression(tree, e, found);
  for (const Statement& s : tree.statements) AddStatement(tree, s, found);
  for (const TypeExpr& type : tree.types) found.insert(fmt::format("`{}`", type.text));
  for (const Item& item : tree.items) AddItem(tree, item, found);
  for (const Import& import : tree.imports)
    found.insert(import.is_library ? "`import std.…`" : "`import` of a file");
  for (int kind = 0; kind < kFaultKindCount; ++kind) {
    const std::string_view name = TextOf(static_cast<FaultKind>(kind));
    if (text.find(fmt::format("error[{}]", name)) != std::string::npos)
      found.insert(fmt::format("error `{}`", name));
  }
  return found;
}

// --- What there is

struct Section {
  std::string title;
  std::vector<std::string> features;
};

std::vector<std::string> Quoted(const std::vector<std::string>& texts,
                                std::string_view form = "`{}`") {
  std::vector<std::string> features;
  for (const std::string& text : texts) features.push_back(fmt::format(fmt::runtime(form), text));
  return features;
}

void Append(std::vector<std::string>& list, const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

std::vector<std::string> Types() {
  std::vector<std::string> types;
  for (int k = 0; k < kScalarTypeCount; ++k) types.emplace_back(TextOf(static_cast<ScalarType>(k)));
  Append(types, {"c64", "c128"});
  return Quoted(types);
}

std::vector<std::string> Operators() {
  std::vector<std::string> features;
#define EINKORN_UNARY(name, text, opcode, rule) features.push_back("`" text "x`");
#define EINKORN_BINARY(name, text, precedence, opcode, rule) features.push_back("`x " text " y`");
#define EINKORN_CONVERSION(name, text, rule) features.push_back("`x " text " T`");
#include "frontend/operators.def"
  return features;
}

std::vector<std::string> CompoundAssignments() {
  std::vector<std::string> features;
#define EINKORN_BINARY(name, text, precedence, opcode, rule) \
  if (precedence > 4) features.push_back("`" text "=`");
#include "frontend/operators.def"
  return features;
}

std::vector<std::string> Builtins() {
  std::vector<std::string> names;
  for (const Builtin& builtin : AllBuiltins()) names.emplace_back(builtin.text);
  return Quoted(names);
}

// The public functions of the parts of the library that a program imports.
std::vector<std::string> LibraryFunctions() {
  std::vector<std::string> names;
  for (const char* part : kImportedParts) {
    SourceSet sources;
    const SourceFileId file = sources.Add(part, std::string(*LibrarySource(part)));
    Diagnostics diagnostics;
    for (const Item& item : Parse(sources, file, diagnostics).items) {
      const bool is_callable = item.kind == ItemKind::kFunction || item.kind == ItemKind::kKernel;
      if (is_callable && !item.name.text.starts_with('_'))
        names.push_back(fmt::format("{}.{}", part, item.name.text));
    }
  }
  return Quoted(names);
}

std::vector<std::string> Reductions() {
  std::vector<std::string> features;
  for (int kind = 0; kind < kReduceKindCount; ++kind)
    for (const char* prefix : {"", "wrapping_", "saturating_"}) {
      const std::string name = fmt::format("{}{}", prefix, TextOf(static_cast<ReduceKind>(kind)));
      if (ReductionNamed(name)) features.push_back(fmt::format("`{}(… for …)`", name));
    }
  Append(features, {"`argmin_value(… for …)`", "`argmax_value(… for …)`", "a reduction with `if`",
                    "a reduction over several variables"});
  return features;
}

std::vector<std::string> Faults() {
  std::vector<std::string> features;
  for (int kind = 0; kind < kFaultKindCount; ++kind)
    features.push_back(fmt::format("error `{}`", TextOf(static_cast<FaultKind>(kind))));
  return features;
}

std::vector<Section> Sections() {
  std::vector<Section> sections = {
      {"3. Types", Types()},
      {"4. Operators and functions", Operators()},
      {"5. Statements",
       {"`let`",
        "`var`",
        "`var` without a value",
        "`x = e`",
        "`if`",
        "`if … else`",
        "`if` as a value",
        "a block as a value",
        "`while`",
        "`for`",
        "`a..b`",
        "`a..=b`",
        "`step`",
        "a typed loop variable",
        "`break`",
        "`continue`",
        "`return`",
        "`assert`",
        "`print`",
        "`debug`"}},
      {"6. Errors", Faults()},
      {"8. Files and tests",
       {"`kernel`", "`fn`", "`const`", "`struct`", "`test`", "`///`", "`expect_error`",
        "`expect_compile_error`", "`import` of a file", "`import std.…`"}}};
  Append(sections[0].features,
         {"value arrays, `[3] f32`", "an array literal", "a struct literal", "a field, `p.mass`",
          "arrays, `[n, m] T`", "sizes as expressions, `[n + 1]`", "`where`", "`1_000`", "`0xff`",
          "`0b101`", "`1.5e-3`"});
  for (const char* name :
       {"integer", "signed", "unsigned", "float", "real", "complex", "number", "any"})
    sections[0].features.push_back(fmt::format("class `{}`", name));
  Append(sections[0].features, {"type arguments, `f<i32>(x)`", "`static` parameters", "`static if`",
                                "`static for`", "parameters with defaults", "arguments by name"});
  Append(sections[1].features, Builtins());
  Append(sections[1].features, LibraryFunctions());
  Append(sections[2].features, CompoundAssignments());
  Append(sections[2].features,
         {"`var t: [n] T`", "`undefined`", "`swap`", "a view, `a[lo..hi]`",
          "a view of fewer dimensions, `a[i, ..]`", "`out` arrays", "`inout` arrays",
          "`inout` scalars of functions", "array parameters of functions", "`parallel for`",
          "`parallel for` over several variables", "a range that uses an earlier variable",
          "two levels of `parallel for`"});
  Append(sections[2].features, Reductions());
  Append(sections[2].features,
         Quoted({"+", "-", "+%", "-%", "&", "|", "^", "min", "max"}, "`atomic {}=`"));
  Append(sections[2].features, Quoted({"@depth", "@memo", "@fast", "@unordered"}));
  return sections;
}

// --- The page

std::string Page() {
  const fs::path golden = kRoot / "tests" / "golden";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(golden))
    if (entry.path().extension() == ".ek") files.push_back(entry.path());
  std::ranges::sort(files);
  std::map<std::string, std::vector<std::string>> uses;  // by feature: files
  for (const fs::path& file : files)
    for (const std::string& feature : FeaturesOf(file))
      uses[feature].push_back(fs::relative(file, golden).generic_string());
  std::string page =
      "# Features and their tests\n\n"
      "What the language has, by the sections of [language.md](language.md), and golden files that "
      "use it, three at\n"
      "most. `./dev test --update Features` writes this page anew; the test fails if a feature has "
      "no file.\n";
  constexpr size_t kMostFiles = 3;
  for (const Section& section : Sections()) {
    page += fmt::format("\n## {}\n\n| feature | golden files |\n|---|---|\n", section.title);
    for (const std::string& feature : section.features) {
      const std::vector<std::string>& where = uses[feature];
      EXPECT_FALSE(where.empty()) << "no golden file has " << feature;
      std::string list;
      for (size_t i = 0; i < std::min(where.size(), kMostFiles); ++i)
        list += fmt::format("{}[{}](../tests/golden/{})", i == 0 ? "" : ", ", where[i], where[i]);
      std::string cell = feature;  // a bar would end the cell
      for (size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2)
        cell.insert(at, "\\");
      page += fmt::format("| {} | {} |\n", cell, list);
    }
  }
  return page;
}

// The declarations of the library with what is written above them.
std::string LibraryPage() {
  std::string page =
      "# The library\n\n"
      "What programs get by `import std.NAME;`, made from the files in `std` by `./dev test "
      "--update "
      "Features`.\n"
      "The functions of mathematics need no import; how exact they are is in "
      "[performance.md](performance.md#accuracy).\n";
  for (const char* part : kImportedParts) {
    SourceSet sources;
    const SourceFileId file = sources.Add(part, std::string(*LibrarySource(part)));
    Diagnostics diagnostics;
    page += fmt::format("\n## {}\n", part);
    for (const Item& item : Parse(sources, file, diagnostics).items) {
      const bool is_callable = item.kind == ItemKind::kFunction || item.kind == ItemKind::kKernel;
      if (!is_callable || item.name.text.starts_with('_')) continue;
      const std::string_view text = sources.Text(item.range);
      std::istringstream lines{std::string(item.documentation)};
      page += fmt::format("\n### {}.{}\n\n", part, item.name.text);
      for (std::string line; std::getline(lines, line);)
        page += line.substr(std::min(line.find_first_not_of("/ "), line.size())) + "\n";
      page += fmt::format("\n```none\n{}\n```\n",
                          text.substr(0, text.find_last_not_of(' ', text.find('{') - 1) + 1));
    }
  }
  return page;
}

// Compares a page with what it must be, and writes it if that is asked for.
void ExpectPage(const char* name, const std::string& page) {
  const fs::path path = kRoot / "docs" / name;
  if (Updating()) std::ofstream(path) << page;
  EXPECT_TRUE(ReadText(path) == page) << name << ": EINKORN_UPDATE=1 writes the page anew";
}

TEST(Features, OfTheLibraryAreListed) {
  ExpectPage("library.md", LibraryPage());
}

TEST(Features, HaveGoldenTests) {
  ExpectPage("features.md", Page());
}

}  // namespace
}  // namespace einkorn
