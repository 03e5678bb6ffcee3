// The scalar operations of WebAssembly's own test suite: every row on every target, as a launch of
// its own and as an element of one array launch a function. The two differ in the code that runs:
// arrays are computed by vector instructions.
//
// A row holds if its result has the expected bits; all NaNs count as one value, as in the language.
// A row that cannot hold is counted as unsupported, with the reason, and must give what the
// language says instead. Rows with a column of derived values (`checked_s`, …) are run again with
// the operators that it is about; those runs are counted on a line of their own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <regex>
#include <span>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tests/conformance/conformance_data.h"

namespace einkorn::conformance {
namespace {

using nlohmann::json;

/// How Einkorn says an operation: an expression of `a` and `b`.
struct Expression {
  std::vector<ScalarType> parameters;
  ScalarType result;
  std::string text;
};

struct Row {
  size_t line = 0;  ///< its place in the file
  std::vector<uint64_t> operands;
  uint64_t bits = 0;               ///< expected, unless there is
  std::optional<FaultKind> fault;  ///< one
  bool is_nan = false;             ///< expected is some NaN
  std::string unsupported;         ///< why the published result cannot hold; `bits` is ours
};

/// One kernel for single rows, one for arrays of them.
struct Function {
  std::string name;
  Expression expression;
  std::vector<Row> rows;
};

struct Counts {
  size_t rows = 0, right = 0, unsupported = 0, wrong = 0;
};

// ---- From an operation's name to an expression

struct Operation {
  std::string_view name;
  std::string_view parameters;  ///< S, U, F: the operation's type as signed, unsigned, float
  char result;                  ///< the same, or B for bool
  std::string_view text;        ///< MASK stands for the width less one
};

// The names behind the type and the dot. Counts of shifts are taken modulo the width by
// WebAssembly.
constexpr Operation kOperations[] = {
    {"add", "SS", 'S', "a +% b"},
    {"sub", "SS", 'S', "a -% b"},
    {"mul", "SS", 'S', "a *% b"},
    {"div_s", "SS", 'S', "a / b"},
    {"div_u", "UU", 'U', "a / b"},
    {"rem_s", "SS", 'S', "a % b"},
    {"rem_u", "UU", 'U', "a % b"},
    {"and", "UU", 'U', "a & b"},
    {"or", "UU", 'U', "a | b"},
    {"xor", "SS", 'S', "a ^ b"},
    {"shl", "SU", 'S', "a <<% (b & MASK)"},
    {"shr_s", "SU", 'S', "a >> (b & MASK)"},
    {"shr_u", "UU", 'U', "a >> (b & MASK)"},
    {"rotl", "UU", 'U', "rotl(a, b)"},
    {"rotr", "US", 'U', "rotr(a, b)"},
    {"clz", "U", 'U', "clz(a)"},
    {"ctz", "S", 'S', "ctz(a)"},
    {"popcnt", "U", 'U', "popcount(a)"},
    {"extend8_s", "S", 'S', "a as% i8"},
    {"extend16_s", "S", 'S', "a as% i16"},
    {"extend32_s", "S", 'S', "a as% i32"},
    {"eqz", "U", 'B', "a == 0"},
    {"eq", "SS", 'B', "a == b"},
    {"ne", "UU", 'B', "a != b"},
    {"lt_s", "SS", 'B', "a < b"},
    {"lt_u", "UU", 'B', "a < b"},
    {"le_s", "SS", 'B', "a <= b"},
    {"le_u", "UU", 'B', "a <= b"},
    {"gt_s", "SS", 'B', "a > b"},
    {"gt_u", "UU", 'B', "a > b"},
    {"ge_s", "SS", 'B', "a >= b"},
    {"ge_u", "UU", 'B', "a >= b"},
};
constexpr Operation kFloatOperations[] = {
    {"add", "FF", 'F', "a + b"},       {"sub", "FF", 'F', "a - b"},
    {"mul", "FF", 'F', "a * b"},       {"div", "FF", 'F', "a / b"},
    {"min", "FF", 'F', "min(a, b)"},   {"max", "FF", 'F', "max(a, b)"},
    {"sqrt", "F", 'F', "sqrt(a)"},     {"floor", "F", 'F', "floor(a)"},
    {"ceil", "F", 'F', "ceil(a)"},     {"trunc", "F", 'F', "trunc(a)"},
    {"nearest", "F", 'F', "round(a)"}, {"copysign", "FF", 'F', "copysign(a, b)"},
    {"abs", "F", 'F', "abs(a)"},       {"neg", "F", 'F', "-a"},
    {"eq", "FF", 'B', "a == b"},       {"ne", "FF", 'B', "a != b"},
    {"lt", "FF", 'B', "a < b"},        {"le", "FF", 'B', "a <= b"},
    {"gt", "FF", 'B', "a > b"},        {"ge", "FF", 'B', "a >= b"},
};
// What the derived columns are about, and shifts whose count is not masked.
constexpr Operation kDerivedOperations[] = {
    {"add/checked_s", "SS", 'S', "a + b"},   {"add/checked_u", "UU", 'U', "a + b"},
    {"add/sat_s", "SS", 'S', "a +| b"},      {"add/sat_u", "UU", 'U', "a +| b"},
    {"sub/checked_s", "SS", 'S', "a - b"},   {"sub/checked_u", "UU", 'U', "a - b"},
    {"sub/sat_s", "SS", 'S', "a -| b"},      {"sub/sat_u", "UU", 'U', "a -| b"},
    {"mul/checked_s", "SS", 'S', "a * b"},   {"mul/checked_u", "UU", 'U', "a * b"},
    {"mul/sat_s", "SS", 'S', "a *| b"},      {"mul/sat_u", "UU", 'U', "a *| b"},
    {"shl/unmasked", "SU", 'S', "a <<% b"},  {"shr_s/unmasked", "SU", 'S', "a >> b"},
    {"shr_u/unmasked", "UU", 'U', "a >> b"},
};

ScalarType TypeNamed(const std::string& text) {
  const auto type = ScalarTypeNamed(text);
  EXPECT_TRUE(type.has_value()) << text;
  return type.value_or(ScalarType::kI32);
}

// `i32` as what the letter of an Operation asks for.
ScalarType TypeFor(char letter, const std::string& type) {
  switch (letter) {
    case 'B':
      return ScalarType::kBool;
    case 'U':
      return TypeNamed("u" + type.substr(1));
    default:
      return TypeNamed(type);
  }
}

std::optional<Expression> Find(std::span<const Operation> operations, const std::string& type,
                               std::string_view name) {
  for (const Operation& operation : operations) {
    if (operation.name != name) continue;
    Expression expression{{}, TypeFor(operation.result, type), std::string(operation.text)};
    for (const char letter : operation.parameters)
      expression.parameters.push_back(TypeFor(letter, type));
    const std::string mask = std::to_string(BitsOf(TypeNamed(type)) - 1);
    expression.text = std::regex_replace(expression.text, std::regex("MASK"), mask);
    return expression;
  }
  return std::nullopt;
}

// `i32.trunc_sat_f64_u` and its like: to, how, from and signedness are in the name.
std::optional<Expression> FindConversion(const std::string& to, const std::string& name) {
  static const std::regex pattern("([a-z_]+)_([if](?:32|64))(?:_([su]))?");
  std::smatch match;
  if (!std::regex_match(name, match, pattern)) return std::nullopt;
  const std::string how = match[1], from = match[2];
  const bool is_unsigned = match[3] == "u";
  const auto spelled = [&](const std::string& type) {
    return is_unsigned && type[0] == 'i' ? "u" + type.substr(1) : type;
  };
  const auto made = [&](const std::string& source, const std::string& result, std::string text) {
    return Expression{{TypeNamed(source)}, TypeNamed(result), std::move(text)};
  };
  if (how == "reinterpret") {
    if (to[0] == 'f') return made("u" + from.substr(1), to, fmt::format("from_bits<{}>(a)", to));
    return made(from, "u" + to.substr(1), "bits(a)");
  }
  const std::string source = spelled(from), result = spelled(to);
  if (how == "wrap") return made(source, result, "a as% " + result);
  if (how == "trunc_sat") return made(source, result, "a as| " + result);
  // The extension of an unsigned number is signed again for WebAssembly, which has no unsigned
  // types.
  if (how == "extend" || how == "trunc" || how == "convert" || how == "promote" || how == "demote")
    return made(source, result, "a as " + result);
  return std::nullopt;
}

std::optional<Expression> ExpressionOf(const std::string& operation) {
  const std::string type = operation.substr(0, 3), name = operation.substr(4);
  if (auto found = Find(kDerivedOperations, type, name)) return found;
  if (auto found =
          type[0] == 'i' ? Find(kOperations, type, name) : Find(kFloatOperations, type, name))
    return found;
  return FindConversion(type, name);
}

// ---- From a case to a row

uint64_t CanonicalNan(ScalarType type) {
  return FloatBits(type, std::numeric_limits<double>::quiet_NaN()) &
         ~(uint64_t{1} << (BitsOf(type) - 1));
}

FaultKind FaultOfTrap(const std::string& operation, const std::string& trap) {
  if (trap == "integer divide by zero") return FaultKind::kDivision;
  // Of a division, MIN / -1; of a conversion, a number too large.
  if (trap == "integer overflow" && operation.find("div") != std::string::npos)
    return FaultKind::kOverflow;
  return FaultKind::kNarrowing;
}

// Rows that ask for sign or payload of a NaN. `bits` becomes what the canonical NaN gives.
void MarkUnsupported(const std::string& operation, const Expression& expression, Row& row) {
  const ScalarType type = expression.parameters[0];
  const uint64_t sign = uint64_t{1} << (BitsOf(type) - 1);
  if (operation.ends_with(".copysign") && IsNan(type, row.operands[1]) &&
      (row.operands[1] & sign)) {
    if (row.is_nan) return;
    row.unsupported = "`copysign` takes the sign of every NaN as positive";
    row.bits = row.operands[0] & ~sign;
  }
  if (operation.find(".reinterpret_f") != std::string::npos && IsNan(type, row.operands[0]) &&
      row.operands[0] != CanonicalNan(type)) {
    row.unsupported = "`bits` reads every NaN as the canonical one";
    row.bits = CanonicalNan(type);
  }
}

Row RowOf(const std::string& operation, const Expression& expression, const json& operands,
          const json& expected, size_t line) {
  Row row{line, {}, 0, std::nullopt, false, {}};
  for (const json& operand : operands) row.operands.push_back(ParseBits(operand));
  if (expected.is_object()) {
    row.fault = FaultOfTrap(operation, expected.at("trap"));
    return row;
  }
  const std::string text = expected;
  if (text == "overflow") {
    row.fault = FaultKind::kOverflow;
    return row;
  }
  row.is_nan = text.starts_with("nan");
  if (!row.is_nan) row.bits = ParseBits(text);
  row.is_nan = row.is_nan || IsNan(expression.result, row.bits);
  MarkUnsupported(operation, expression, row);
  return row;
}

using Functions = std::map<std::string, Function>;

void AddRow(Functions& functions, const std::string& operation, const json& operands,
            const json& expected, size_t line) {
  const auto expression = ExpressionOf(operation);
  ASSERT_TRUE(expression) << operation << " has no expression";
  auto [at, is_new] = functions.try_emplace(operation);
  Function& function = at->second;
  if (is_new) {
    function.name = std::regex_replace(operation, std::regex("[./]"), "_");
    function.expression = *expression;
  }
  function.rows.push_back(RowOf(operation, *expression, operands, expected, line));
}

// The rows of a case: its own, and those of its derived values.
void AddCase(Functions& published, Functions& derived, const json& entry, size_t line) {
  const std::string operation = entry.at(0);
  AddRow(published, operation, entry.at(1), entry.at(2), line);
  const bool is_shift = operation.find(".sh") != std::string::npos;
  const json values = entry.size() > 3 ? entry.at(3) : json::object();
  const bool too_wide = values.value("count_ge_width", false);
  for (const auto& [name, value] : values.items())
    if (value.is_string()) AddRow(derived, operation + "/" + name, entry.at(1), value, line);
  if (!is_shift) return;
  AddRow(derived, operation + "/unmasked", entry.at(1), entry.at(2), line);
  if (too_wide) derived.at(operation + "/unmasked").rows.back().fault = FaultKind::kShift;
}

// ---- Kernels and launches

std::string KernelsOf(const Function& function) {
  const Expression& expression = function.expression;
  std::string scalars, arrays;
  for (size_t i = 0; i < expression.parameters.size(); ++i) {
    const char name = static_cast<char>('a' + i);
    const std::string_view type = TextOf(expression.parameters[i]);
    scalars += fmt::format("{}{}: {}", i ? ", " : "", name, type);
    arrays += fmt::format("all_{}: [n] {}, ", name, type);
  }
  std::string reads;
  for (size_t i = 0; i < expression.parameters.size(); ++i)
    reads += fmt::format("        let {0} = all_{0}[i];\n", static_cast<char>('a' + i));
  return fmt::format(
      "kernel {0}({1}) -> {2} {{ return {3}; }}\n"
      "kernel {0}_rows({4}result: out [n] {2}) {{\n"
      "    parallel for i in 0..n {{\n{5}        result[i] = {3};\n    }}\n}}\n",
      function.name, scalars, TextOf(expression.result), expression.text, arrays, reads);
}

bool Holds(const Row& row, ScalarType type, uint64_t bits) {
  return row.is_nan ? IsNan(type, bits) : bits == row.bits;
}

class Launcher {
 public:
  Launcher(std::shared_ptr<const Program> program, Target target)
      : program_(std::move(program)), options_{.target = target} {}

  // Whether one launch with the row's operands as scalars gives what it expects.
  bool HoldsAlone(const Function& function, const Row& row) {
    std::vector<Argument> arguments;
    for (size_t i = 0; i < row.operands.size(); ++i)
      arguments.push_back(Argument::Scalar(function.expression.parameters[i], row.operands[i]));
    const auto outcome = Launch(function.name, arguments);
    if (!outcome) return false;
    if (row.fault || outcome->fault)
      return row.fault && outcome->fault && outcome->fault->kind == *row.fault;
    return Holds(row, function.expression.result, outcome->results.at(0));
  }

  // The same of one launch with all the rows as elements; an entry a row. A row with a fault must
  // be the only one.
  std::vector<bool> HoldInArray(const Function& function, std::span<const Row* const> rows) {
    const Expression& expression = function.expression;
    std::vector<std::vector<std::byte>> columns;
    for (size_t i = 0; i < expression.parameters.size(); ++i) {
      columns.push_back(Column(expression.parameters[i], rows.size()));
      for (size_t k = 0; k < rows.size(); ++k)
        Store(expression.parameters[i], columns.back(), k, rows[k]->operands[i]);
    }
    columns.push_back(Column(expression.result, rows.size()));
    std::vector<Argument> arguments;
    for (size_t i = 0; i < columns.size(); ++i) {
      const ScalarType type =
          i < expression.parameters.size() ? expression.parameters[i] : expression.result;
      ArrayBinding binding{.data = columns[i].data()};
      binding.sizes[0] = static_cast<int64_t>(rows.size());
      binding.strides[0] = BytesOf(type);
      arguments.push_back(Argument::Array(type, 1, binding));
    }
    const auto outcome = Launch(function.name + "_rows", arguments);
    std::vector<bool> held(rows.size(), false);
    if (!outcome) return held;
    for (size_t k = 0; k < rows.size(); ++k) {
      if (rows[k]->fault || outcome->fault)
        held[k] = rows[k]->fault && outcome->fault && outcome->fault->kind == *rows[k]->fault;
      else
        held[k] = Holds(*rows[k], expression.result, Load(expression.result, columns.back(), k));
    }
    return held;
  }

 private:
  static std::vector<std::byte> Column(ScalarType type, size_t count) {
    return std::vector<std::byte>(count * static_cast<size_t>(BytesOf(type)));
  }
  // x86-64 keeps the low bytes first, as canonical bits do.
  static void Store(ScalarType type, std::vector<std::byte>& column, size_t at, uint64_t bits) {
    const auto bytes = static_cast<size_t>(BytesOf(type));
    std::memcpy(column.data() + at * bytes, &bits, bytes);
  }
  static uint64_t Load(ScalarType type, const std::vector<std::byte>& column, size_t at) {
    const auto bytes = static_cast<size_t>(BytesOf(type));
    uint64_t bits = 0;
    std::memcpy(&bits, column.data() + at * bytes, bytes);
    return bits;
  }

  std::optional<LaunchOutcome> Launch(const std::string& kernel,
                                      std::span<const Argument> arguments) {
    auto outcome = session_.Launch(program_, kernel, {}, arguments, {}, options_, 3);
    EXPECT_TRUE(outcome.ok()) << kernel << ": " << outcome.error().message;
    if (!outcome) return std::nullopt;
    return std::move(outcome).value();
  }

  Session session_;
  std::shared_ptr<const Program> program_;
  CompileOptions options_;
};

std::string TextOf(const Function& function, const Row& row) {
  std::string text = fmt::format("{} of row {}:", function.name, row.line);
  for (const uint64_t operand : row.operands) text += fmt::format(" {:#x}", operand);
  return text;
}

// Which rows of a function hold on one target, both ways.
std::vector<bool> Check(Launcher& launcher, const Function& function, const std::string& target) {
  std::vector<bool> held(function.rows.size(), true);
  std::vector<const Row*> together;
  std::vector<size_t> places;
  const auto note = [&](size_t row, bool holds, const char* form) {
    if (holds) return;
    held[row] = false;
    ADD_FAILURE() << TextOf(function, function.rows[row]) << " does not hold on " << target << ", "
                  << form;
  };
  for (size_t i = 0; i < function.rows.size(); ++i) {
    const Row& row = function.rows[i];
    note(i, launcher.HoldsAlone(function, row), "alone");
    if (row.fault) {
      const Row* const alone[] = {&row};
      note(i, launcher.HoldInArray(function, alone)[0], "as an array of one");
    } else {
      together.push_back(&row);
      places.push_back(i);
    }
  }
  const std::vector<bool> in_array = launcher.HoldInArray(function, together);
  for (size_t k = 0; k < together.size(); ++k) note(places[k], in_array[k], "in an array");
  return held;
}

std::vector<std::pair<std::string, Target>> Targets() {
  return {
      {"the interpreter", Target::kInterpreter},
#ifdef EINKORN_WITH_LLVM
      {"the cpu", Target::kCpu},
#endif
  };
}

using Reasons = std::map<std::string, size_t>;

Counts CheckAll(const Functions& functions, Reasons& reasons) {
  std::string text;
  for (const auto& [name, function] : functions) text += KernelsOf(function);
  const auto program = Program::Read("wasm.ek", text);
  Counts counts;
  if (!program->ok()) {
    for (const Diagnostic& diagnostic : program->diagnostics().list())
      ADD_FAILURE() << Render(diagnostic, program->sources(), {});
    return counts;
  }
  std::map<std::string, std::vector<bool>> held;
  for (const auto& [name, target] : Targets()) {
    Launcher launcher(program, target);
    for (const auto& [operation, function] : functions) {
      const std::vector<bool> here = Check(launcher, function, name);
      std::vector<bool>& all = held.try_emplace(operation, here.size(), true).first->second;
      for (size_t i = 0; i < here.size(); ++i) all[i] = all[i] && here[i];
    }
  }
  for (const auto& [operation, function] : functions)
    for (size_t i = 0; i < function.rows.size(); ++i) {
      const Row& row = function.rows[i];
      ++counts.rows;
      if (!held.at(operation)[i]) {
        ++counts.wrong;
      } else if (!row.unsupported.empty()) {
        ++counts.unsupported;
        ++reasons[row.unsupported];
      } else {
        ++counts.right;
      }
    }
  return counts;
}

constexpr std::array kFiles = {"i32", "i64",         "f32",     "f32_bitwise", "f32_cmp",
                               "f64", "f64_bitwise", "f64_cmp", "conversions"};

std::string PathOfFile(const std::string& name) {
  return "wasm/" + name + ".json";
}

void PrintLine(const std::string& name, const Counts& counts) {
  std::cout << fmt::format("{:<26}{:>8}{:>8}{:>13}{:>8}\n", name, counts.rows, counts.right,
                           counts.unsupported, counts.wrong);
}

TEST(Wasm, EveryRowHoldsAloneAndInArrays) {
  for (const std::string name : kFiles)
    if (!std::filesystem::exists(PathOf(PathOfFile(name))))
      GTEST_SKIP() << MissingText(PathOfFile(name));
  std::vector<std::pair<std::string, Counts>> table;
  Counts total;
  Reasons reasons;
  Functions derived;
  for (const std::string name : kFiles) {
    Functions functions;
    size_t line = 0;
    for (const json& entry : ReadCases(PathOfFile(name)))
      AddCase(functions, derived, entry, line++);
    const Counts counts = CheckAll(functions, reasons);
    table.emplace_back(name, counts);
    total.rows += counts.rows;
    total.right += counts.right;
    total.unsupported += counts.unsupported;
    total.wrong += counts.wrong;
  }
  const Counts derived_counts = CheckAll(derived, reasons);

  std::cout << fmt::format("{:<26}{:>8}{:>8}{:>13}{:>8}\n", "file", "rows", "right", "unsupported",
                           "wrong");
  for (const auto& [name, counts] : table) PrintLine(name, counts);
  PrintLine("all", total);
  PrintLine("derived from i32, i64", derived_counts);
  for (const auto& [reason, count] : reasons)
    std::cout << "unsupported: " << count << " rows, " << reason << "\n";
  EXPECT_GT(total.rows, 11'000u);
  EXPECT_EQ(total.wrong, 0u);
  EXPECT_EQ(derived_counts.wrong, 0u);
}

}  // namespace
}  // namespace einkorn::conformance
