#include <fmt/format.h>

#include <cctype>
#include <iterator>
#include <map>
#include <optional>

#include "ir/immediate.h"
#include "ir/text.h"

namespace einkorn::ir {
namespace {

bool IsWord(std::string_view text) {
  const auto is_letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
  };
  if (text.empty() || !is_letter(text.front())) return false;
  return std::ranges::all_of(
      text, [&](char c) { return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)); });
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      quoted += {'\\', c};
    else if (c == '\n')
      quoted += "\\n";
    else if (byte < 0x20 || byte == 0x7f)
      quoted += fmt::format("\\x{:02x}", byte);
    else
      quoted += c;
  }
  return quoted + '"';
}

// Gives each thing a name of its own: `x`, `x.1`, ... for things called x.
class UniqueNames {
 public:
  std::string Of(std::string_view name) {
    const int before = taken_[std::string(name)]++;
    std::string unique = IsWord(name) ? std::string(name) : Quoted(name);
    if (before > 0) unique += fmt::format(".{}", before);
    return unique;
  }

 private:
  std::map<std::string, int> taken_;
};

std::vector<std::string> FunctionNames(const Module& module) {
  std::vector<std::string> names;
  UniqueNames unique;
  for (const Function& function : module.functions) names.push_back("@" + unique.Of(function.name));
  return names;
}

class FunctionPrinter {
 public:
  FunctionPrinter(const Function& function, const std::vector<std::string>& function_names,
                  const PrintOptions& options)
      : function_(function),
        function_names_(function_names),
        options_(options),
        names_(function.values.size()) {}

  std::string Text(std::string_view name, bool is_entry) {
    text_ = fmt::format("{}{} {}(", is_entry ? "entry " : "", TextOf(function_.kind), name);
    for (const Param& param : function_.params) Define(param.value);
    for (const Param& param : function_.params) {
      if (&param != &function_.params.front()) text_ += ", ";
      PrintParam(param);
    }
    text_ += ")";
    PrintList(" -> ", function_.results, [](Type type) { return TextOf(type); });
    if (function_.depth_limit != kMaxRecursionDepth)
      text_ += fmt::format(" depth {}", function_.depth_limit);
    if (function_.is_memo) text_ += " memo";
    PrintPlace(function_.range);
    PrintRegion(function_.body);
    return text_ + "\n";
  }

 private:
  template <typename List, typename Shown>
  void PrintList(std::string_view before, const List& list, Shown shown) {
    for (size_t i = 0; i < list.size(); ++i) {
      text_ += i == 0 ? before : ", ";
      text_ += shown(list[i]);
    }
  }

  // Chooses the name of a value where it is defined.
  const std::string& Define(ValueId id) {
    static const std::string none = "%undefined";
    if (id.index >= names_.size()) return none;
    const std::string_view name = function_.string(function_.value(id).name);
    names_[id.index] = name.empty() ? fmt::format("%{}", unnamed_++) : "%" + unique_.Of(name);
    return names_[id.index];
  }
  std::string NameOf(ValueId id) const {
    const bool known = id.index < names_.size() && !names_[id.index].empty();
    return known ? names_[id.index] : "%undefined";
  }

  // The type of a value, with the sizes of an array as the source writes them.
  std::string TypeText(ValueId id) const {
    const Value& value = function_.value(id);
    std::string text = TextOf(value.type);
    if (value.shape.valid()) text += " " + Quoted(function_.string(value.shape));
    return text;
  }

  void PrintPlace(const SourceRange& range) {
    if (!options_.places || !range.valid()) return;
    text_ += fmt::format(" at {}:{}:{}", range.file.index, range.begin, range.end);
    if (range.point_begin != range.begin || range.point_end != range.end)
      text_ += fmt::format(":{}:{}", range.point_begin, range.point_end);
  }

  void PrintParam(const Param& param) {
    text_ += fmt::format("{} {}: {}", TextOf(param.kind), NameOf(param.value),
                         TextOf(function_.type(param.value)));
    for (size_t d = 0; d < param.shape.size(); ++d) {
      text_ += d == 0 ? "[" : ", ";
      PrintSize(param.shape[d],
                d < param.shape_texts.size() ? param.shape_texts[d] : std::string_view());
    }
    if (!param.shape.empty()) text_ += "]";
    if (param.layout == Layout::kStrided) text_ += " strided";
    PrintPlace(param.range);
  }

  // A sum of products; `written` follows where it is not what the reader would assume.
  void PrintSize(const ShapeExpr& size, std::string_view written) {
    std::string plain;
    for (const ShapeTerm& term : size.terms) {
      if (!plain.empty()) plain += " + ";
      const bool shows_coefficient = term.coefficient != 1 || term.symbols.empty();
      if (shows_coefficient) plain += fmt::format("{}", term.coefficient);
      for (size_t i = 0; i < term.symbols.size(); ++i) {
        const uint32_t symbol = term.symbols[i];
        if (i > 0 || shows_coefficient) plain += "*";
        plain += symbol < function_.params.size() ? NameOf(function_.params[symbol].value)
                                                  : std::string("%undefined");
      }
    }
    if (plain.empty()) plain = "0";
    text_ += plain;
    std::erase(plain, '%');
    if (!written.empty() && written != plain) text_ += " " + Quoted(written);
  }

  void PrintRegion(RegionId id) {
    if (depth_ >= kMaxRegionDepth || id.index >= function_.regions.size()) {
      text_ += " { }";
      return;
    }
    const Region& region = function_.region(id);
    text_ += " {";
    PrintList(" (", region.arguments, [&](ValueId argument) {
      std::string shown = Define(argument);
      return shown + ": " + TypeText(argument);
    });
    text_ += region.arguments.empty() ? "\n" : ")\n";
    ++depth_;
    for (OpId op : region.ops) PrintOp(function_.op(op));
    --depth_;
    text_ += std::string(2 * static_cast<size_t>(depth_), ' ') + "}";
  }

  void PrintOp(const Op& op) {
    text_ += std::string(2 * static_cast<size_t>(depth_), ' ');
    // Results are named after the regions, which cannot see them; their names stand before.
    const size_t line = text_.size();
    text_ += TextOf(op.opcode);
    if (op.rule != Rule::kNone) text_ += fmt::format(".{}", TextOf(op.rule));
    PrintImmediate(op);
    PrintList(" ", function_.operands(op), [&](ValueId operand) { return NameOf(operand); });
    PrintList(" : ", function_.results_of(op), [&](ValueId result) { return TypeText(result); });
    PrintChecks(op);
    if (op.text.valid()) text_ += " text " + Quoted(function_.string(op.text));
    PrintPlace(op.range);
    for (RegionId region : function_.regions_of(op)) PrintRegion(region);
    text_ += '\n';

    std::string results;
    for (ValueId result : function_.results_of(op))
      results += (results.empty() ? "" : ", ") + Define(result);
    if (!results.empty()) text_.insert(line, results + " = ");
  }

  void PrintChecks(const Op& op) {
    const auto scalar_of = [&](std::span<const ValueId> values) {
      return values.empty() ? ScalarType::kBool : function_.type(values.front()).scalar;
    };
    const FaultSet initial = InitialChecks(op.opcode, op.rule, scalar_of(function_.operands(op)),
                                           scalar_of(function_.results_of(op)));
    if (op.checks == initial) return;
    std::vector<std::string_view> kinds;
    for (int k = 0; k < kFaultKindCount; ++k)
      if (op.checks & BitOf(static_cast<FaultKind>(k)))
        kinds.push_back(TextOf(static_cast<FaultKind>(k)));
    text_ += " checks(";
    PrintList("", kinds, [](std::string_view kind) { return std::string(kind); });
    text_ += ")";
  }

  void PrintImmediate(const Op& op) {
    if (!IsValidImmediate(function_, op, function_names_.size())) {
      text_ += fmt::format(" immediate {}", op.immediate);
      return;
    }
    switch (ImmediateFormOf(op.opcode)) {
      case ImmediateForm::kNone:
        return;
      case ImmediateForm::kConstant:
        text_ += " " + FormatScalar(function_.type(function_.result(op)).scalar, op.immediate);
        return;
      case ImmediateForm::kForFlags:
        if (op.immediate & kForInclusive) text_ += " inclusive";
        if (op.immediate & kForExits) text_ += " exits";
        if (op.immediate & kForLanes) text_ += " lanes";
        return;
      case ImmediateForm::kRanges:
        if (op.immediate & kParallelGroups) text_ += " groups";
        PrintInclusive(InclusiveBits(op));
        return;
      case ImmediateForm::kReduction:
        text_ += fmt::format(" {}", TextOf(ReduceKindOf(op)));
        PrintInclusive(op.immediate >> 8);
        return;
      case ImmediateForm::kFunction:
        text_ += " " + function_names_[op.immediate];
        return;
      case ImmediateForm::kAtomicKind:
        text_ += fmt::format(" {}", TextOf(static_cast<AtomicKind>(op.immediate)));
        return;
      case ImmediateForm::kFaultKind:
        text_ += fmt::format(" {}", TextOf(static_cast<FaultKind>(op.immediate)));
        return;
      case ImmediateForm::kFilled:
        if (op.immediate == 1) text_ += " filled";
        return;
      case ImmediateForm::kKept:
        PrintDimensions("kept", op.immediate);
        return;
    }
  }

  void PrintInclusive(uint64_t bits) { PrintDimensions("inclusive", bits); }

  void PrintDimensions(std::string_view word, uint64_t bits) {
    std::vector<int> ranges;
    for (int k = 0; k < 64; ++k)
      if ((bits >> k) & 1) ranges.push_back(k);
    PrintList(fmt::format(" {}(", word), ranges, [](int range) { return std::to_string(range); });
    if (!ranges.empty()) text_ += ")";
  }

  const Function& function_;
  const std::vector<std::string>& function_names_;
  const PrintOptions& options_;
  std::vector<std::string> names_;
  UniqueNames unique_;
  int unnamed_ = 0;
  int depth_ = 0;
  std::string text_;
};

}  // namespace

std::string Print(const Module& module, FunctionId function, const PrintOptions& options) {
  const std::vector<std::string> names = FunctionNames(module);
  return FunctionPrinter(module.function(function), names, options)
      .Text(names[function.index], function == module.entry);
}

std::string Print(const Module& module, const PrintOptions& options) {
  const std::vector<std::string> names = FunctionNames(module);
  std::string text;
  for (size_t i = 0; i < module.functions.size(); ++i) {
    if (i > 0) text += "\n";
    text += FunctionPrinter(module.functions[i], names, options)
                .Text(names[i], FunctionId(i) == module.entry);
  }
  return text;
}

}  // namespace einkorn::ir
