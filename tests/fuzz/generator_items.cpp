// The file: structs, constants, functions, and the kernel that uses them.
#include <algorithm>

#include "tests/fuzz/differential.h"
#include "tests/fuzz/generator.h"
#include "tests/fuzz/program_generator.h"

namespace einkorn::fuzz {

ProgramGenerator::ProgramGenerator(uint64_t seed) : choices_(seed), is_wild_(choices_.Chance(20)) {
  out_ = DataLine(seed);
}

std::string ProgramGenerator::Make() {
  for (int k = choices_.Between(0, 2); k > 0; --k) Struct();
  for (int k = choices_.Between(0, 3); k > 0; --k) Constant();
  const std::vector<Variable> constants = scope_;
  const int functions = choices_.Between(0, 4);
  for (int k = 0; k < functions; ++k) {
    scope_ = constants;
    switch (choices_.Below(8)) {
      case 0:
        RecursiveFunction();
        break;
      case 1:
        GenericFunction();
        break;
      case 2:
        Function(/*is_kernel=*/true);
        break;
      default:
        Function(/*is_kernel=*/false);
    }
  }
  scope_ = constants;
  Main();
  return out_;
}

void ProgramGenerator::Struct() {
  const std::string name = Fresh("S");
  std::vector<std::pair<std::string, DataType>> fields;
  std::string text;
  for (int k = choices_.Between(1, 4); k > 0; --k) {
    DataType type = AnyType();
    if (type.leaf_count() > 6) type = AnyScalar();
    fields.push_back({Fresh("m"), type});
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", fields.back().first, type.text());
  }
  Line(fmt::format("struct {} {{ {} }}", name, text));
  structs_.push_back(frontend::MakeStruct(name, nullptr, fields));
}

// Evaluated at compile time, where a fault would be refused.
void ProgramGenerator::Constant() {
  const DataType type = AnyType();
  const std::string name = Fresh("C");
  Line(fmt::format("const {}: {} = {};", name, type.text(), Literal(type, 0).text));
  Add({.name = name, .type = type});
}

std::vector<Parameter> ProgramGenerator::Parameters(bool is_main, bool is_kernel) {
  std::vector<Parameter> parameters;
  for (int k = choices_.Between(1, 3); k > 0; --k) {
    Parameter parameter{.name = Fresh("a"), .type = AnyType()};
    if (!is_kernel && !is_main && choices_.Chance(25)) parameter.access = Access::kInout;
    parameters.push_back(std::move(parameter));
  }
  std::vector<std::string> symbols;
  const int arrays = is_main               ? choices_.Between(2, 4)
                     : choices_.Chance(60) ? choices_.Between(1, 2)
                                           : 0;
  for (int k = 0; k < arrays; ++k) {
    Parameter parameter{.name = Fresh("x"), .type = AnyType(), .is_array = true};
    const Access accesses[] = {Access::kIn, Access::kInout,
                               is_main ? Access::kOut : Access::kInout};
    parameter.access = k == 1 ? Access::kInout : choices_.Of(accesses);
    const bool is_large = is_main && k == 0 && choices_.Chance(12);
    const int rank = is_large ? 1 : choices_.Of<const std::vector<int>>({1, 1, 1, 2, 2, 3});
    for (int d = 0; d < rank; ++d) {
      // A symbol stands for itself somewhere before it stands in an expression.
      if (is_large || symbols.empty() || choices_.Chance(30)) {
        symbols.push_back(Fresh(is_large ? kLargeSizePrefix : "n"));
        parameter.sizes.push_back(symbols.back());
        continue;
      }
      const std::string symbol = choices_.Of(symbols);
      const bool is_symbol_large = IsLargeSize(symbol);
      switch (choices_.Below(is_main && !is_symbol_large ? 6 : 2)) {
        case 3:
          parameter.sizes.push_back(symbol + " + 1");
          break;
        case 4:
          parameter.sizes.push_back("2 * " + symbol);
          break;
        case 5:
          parameter.sizes.push_back(fmt::format("{}", choices_.Between(2, 4)));
          break;
        default:
          parameter.sizes.push_back(symbol);
      }
      if (is_symbol_large && parameter.sizes.size() > 1) parameter.sizes.back() = "2";
    }
    // `in` with constant sizes only would be a value array.
    const bool is_constant = std::ranges::all_of(parameter.sizes, IsConstantSize);
    if (is_constant && parameter.access == Access::kIn) parameter.access = Access::kInout;
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::string ProgramGenerator::Head(const FunctionInfo& function, bool is_kernel) const {
  std::string list;
  for (const Parameter& p : function.parameters) {
    std::string sizes;
    for (const std::string& size : p.sizes) sizes += (sizes.empty() ? "" : ", ") + size;
    const char* access = p.access == Access::kIn    ? ""
                         : p.access == Access::kOut ? "out "
                                                    : "inout ";
    list += fmt::format("{}{}: {}{}{}", list.empty() ? "" : ", ", p.name, access,
                        p.is_array ? "[" + sizes + "] " : "", p.type.text());
  }
  return fmt::format("{} {}({}){}", is_kernel ? "kernel" : "fn", function.name, list,
                     function.result.valid() ? " -> " + function.result.text() : "");
}

void ProgramGenerator::DeclareParameters(const FunctionInfo& function) {
  for (const Parameter& p : function.parameters)
    Add({.name = p.name,
         .type = p.type,
         .sizes = p.sizes,
         .is_array = p.is_array,
         .is_assignable = p.access != Access::kIn});
  for (const Parameter& p : function.parameters)
    for (const std::string& size : p.sizes)
      if (std::ranges::all_of(size, [](char c) { return std::isalnum(c); }) &&
          !std::isdigit(size[0]) &&
          std::ranges::none_of(scope_, [&](const Variable& v) { return v.name == size; }))
        Add({.name = size, .type = ScalarType::kI64, .is_small = true});
}

void ProgramGenerator::Body(FunctionInfo& function, bool is_kernel, int statements) {
  Line(Head(function, is_kernel) + " {");
  ++indent_;
  result_ = function.result;
  cost_ = 0;
  has_effects_ = false;
  levels_ = 0;
  const size_t visible = scope_.size();
  DeclareParameters(function);
  const auto is_out = [&](const std::string& name) {
    return std::ranges::any_of(function.parameters, [&](const Parameter& p) {
      return p.name == name && p.access == Access::kOut;
    });
  };
  // None of those is read before all of them are filled.
  for (Variable& v : scope_) v.is_readable = v.is_readable && !is_out(v.name);
  for (const Parameter& p : function.parameters)
    if (p.access == Access::kOut)
      Fill(scope_[static_cast<size_t>(std::ranges::find(scope_, p.name, &Variable::name) -
                                      scope_.begin())]);
  Statements(statements, 3);
  if (result_.valid()) Line(fmt::format("return {};", Value(result_, 3).text));
  --indent_;
  Line("}");
  scope_.resize(visible);
  function.cost = cost_ + 1;
  const bool writes = std::ranges::any_of(
      function.parameters, [](const Parameter& p) { return p.access != Access::kIn; });
  function.is_pure = !has_effects_ && !writes;
  function.levels = levels_;
  function.is_kernel = is_kernel;
}

void ProgramGenerator::Function(bool is_kernel) {
  FunctionInfo function{.name = Fresh("f")};
  function.parameters = Parameters(/*is_main=*/false, is_kernel);
  if (choices_.Chance(80)) function.result = AnyType();
  budget_ = 300;
  Body(function, is_kernel, choices_.Between(1, 4));
  functions_.push_back(std::move(function));
}

// Calls itself once, with its first parameter one less.
void ProgramGenerator::RecursiveFunction() {
  FunctionInfo function{.name = Fresh("f"), .result = AnyType(), .is_recursive = true};
  function.parameters.push_back({.name = Fresh("d"), .type = ScalarType::kI64});
  for (int k = choices_.Between(1, 2); k > 0; --k)
    function.parameters.push_back({.name = Fresh("a"), .type = AnyType()});
  budget_ = 60;
  cost_ = 0;
  Line(Head(function, false) + " {");
  ++indent_;
  const size_t visible = scope_.size();
  DeclareParameters(function);
  const std::string& left = function.parameters[0].name;
  Line(fmt::format("if {} <= 0 {{ return {}; }}", left, Value(function.result, 2).text));
  std::string arguments = left + " - 1";
  for (size_t k = 1; k < function.parameters.size(); ++k)
    arguments += ", " + Argument(Value(function.parameters[k].type, 1));
  const std::string name = Fresh("v");
  Line(fmt::format("let {}: {} = {}({});", name, function.result.text(), function.name, arguments));
  Add({.name = name, .type = function.result});
  Line(fmt::format("return {};", Value(function.result, 2).text));
  --indent_;
  Line("}");
  scope_.resize(visible);
  function.cost = 5 * (cost_ + 1);
  functions_.push_back(std::move(function));
}

// One body for every member of a class of types.
void ProgramGenerator::GenericFunction() {
  const std::string_view classes[] = {"integer", "signed", "unsigned", "float", "real", "number"};
  const std::string_view type_class = choices_.Of(classes);
  const std::vector<DataType> members = frontend::MembersOfClass(type_class);
  std::vector<std::string> words = {"x", "y"};
  const std::string x = Fresh("g"), y = Fresh("g"), name = Fresh("f");
  std::string value = x;
  for (int k = choices_.Between(1, 3); k > 0; --k) {
    std::vector<const OperatorInfo*> fitting;
    for (const OperatorInfo& op : words_.binary)
      if (TypesOf(op) == TypeRule::kSame && std::ranges::all_of(members, [&](const DataType& type) {
            return Applies(op, type) && (is_wild_ || !MayFaultOn(op, type));
          }))
        fitting.push_back(&op);
    if (fitting.empty()) break;
    value =
        fmt::format("({}) {} {}", value, choices_.Of(fitting)->text, choices_.Chance(50) ? x : y);
  }
  Line(fmt::format("fn {}<T: {}>({}: T, {}: T) -> T {{ return {}; }}", name, type_class, x, y,
                   value));
  const DataType type = choices_.Of(members);
  FunctionInfo function{
      .name = fmt::format("{}<{}>", name, type.text()), .result = type, .cost = 4};
  function.parameters = {{.name = x, .type = type}, {.name = y, .type = type}};
  functions_.push_back(std::move(function));
}

void ProgramGenerator::Main() {
  FunctionInfo function{.name = "main"};
  is_main_ = true;
  function.parameters = Parameters(/*is_main=*/true, /*is_kernel=*/true);
  if (choices_.Chance(70)) function.result = AnyType();
  budget_ = 150'000;
  statements_left_ = std::max(statements_left_, 12);
  Body(function, /*is_kernel=*/true, choices_.Between(4, 9));
}

std::string MakeProgram(uint64_t seed) {
  return ProgramGenerator(seed).Make();
}

}  // namespace einkorn::fuzz
