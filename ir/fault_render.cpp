// Stacks of faults, texts with operands, and the whole report.
#include <fmt/format.h>

#include <optional>

#include "ir/fault_hints.h"

namespace einkorn {
namespace {

// How many functions nearest to the fault are shown; the outermost is shown besides.
constexpr size_t kInnermostFrames = 8;

std::string ListText(const std::vector<NamedScalar>& values) {
  std::string text;
  for (const NamedScalar& value : values)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", value.name,
                        FormatScalar(value.type, value.bits));
  return text;
}

std::string FrameText(const FaultFrame& frame) {
  std::string text = frame.function;
  if (!frame.arguments.empty()) text += fmt::format("({})", ListText(frame.arguments));
  std::optional<LoopRole> role;
  for (const NamedScalar& variable : frame.iteration) {
    text += ", ";
    if (variable.role != role) text += fmt::format("{} ", TextOf(variable.role));
    role = variable.role;
    text += ListText({variable});
  }
  return text;
}

std::string StackText(const std::vector<FaultFrame>& stack) {
  std::string text = "in ";
  for (size_t i = 0; i < stack.size(); ++i) {
    if (i == kInnermostFrames && i + 1 < stack.size()) {
      text += fmt::format("; … {} more", stack.size() - 1 - i);
      i = stack.size() - 1;
    }
    text += fmt::format("{}{}", i > 0 ? "; called from " : "", FrameText(stack[i]));
  }
  return text;
}

}  // namespace

std::string_view TextOf(LoopRole role) {
  switch (role) {
    case LoopRole::kIteration:
      return "iteration";
    case LoopRole::kGroup:
      return "group";
    case LoopRole::kLane:
      return "lane";
  }
  return "";
}

LoopRole RoleOfLoop(const ir::Op& loop) {
  if (loop.opcode == Opcode::kFor && (loop.immediate & ir::kForLanes) != 0) return LoopRole::kLane;
  const bool is_group =
      loop.opcode == Opcode::kParallel && (loop.immediate & ir::kParallelGroups) != 0;
  return is_group ? LoopRole::kGroup : LoopRole::kIteration;
}

FaultFrame FrameOfFunction(const ir::Function& function, std::span<const uint64_t> arguments) {
  FaultFrame frame;
  switch (function.kind) {
    case ir::FunctionKind::kKernel:
    case ir::FunctionKind::kFunction:
      frame.function = function.name;
      break;
    case ir::FunctionKind::kTest:
      frame.function = fmt::format("test \"{}\"", function.name);
      break;
    case ir::FunctionKind::kConstant:
      frame.function = fmt::format("constant {}", function.name);
      break;
  }
  for (size_t i = 0; i < function.params.size(); ++i) {
    const ir::Param& param = function.params[i];
    const bool shown =
        param.kind == ir::ParamKind::kScalar ||
        (param.kind == ir::ParamKind::kSymbol && function.kind == ir::FunctionKind::kKernel);
    if (shown)
      frame.arguments.push_back({param.name, function.type(param.value).scalar, arguments[i]});
  }
  return frame;
}

FaultFrame FrameOfOp(const ir::Function& function, const ir::Op& op,
                     std::span<const uint64_t> operands) {
  FrameNames names = ParseFrameText(function.string(op.text));
  FaultFrame frame;
  frame.function = std::move(names.function);
  for (size_t i = 0; i < names.arguments.size() && i < operands.size(); ++i)
    frame.arguments.push_back({std::move(names.arguments[i]),
                               function.type(function.operand(op, i)).scalar, operands[i]});
  return frame;
}

std::string FillText(std::string_view text, std::span<const Type> types,
                     std::span<const uint64_t> operands) {
  constexpr std::string_view kWide = "{i128}";
  std::string filled;
  size_t next = 0;
  while (!text.empty()) {
    if (text.starts_with("{{") || text.starts_with("}}")) {
      filled += text.front();
      text.remove_prefix(2);
    } else if (text.starts_with("{}") && next < operands.size()) {
      filled += FormatScalar(types[next].scalar, operands[next]);
      next += 1;
      text.remove_prefix(2);
    } else if (text.starts_with(kWide) && next + 1 < operands.size()) {
      filled += FormatInt128(JoinWords(operands[next], operands[next + 1]));
      next += 2;
      text.remove_prefix(kWide.size());
    } else {
      filled += text.front();
      text.remove_prefix(1);
    }
  }
  return filled;
}

FrameNames ParseFrameText(std::string_view text) {
  const size_t open = text.find('(');
  FrameNames names{std::string(text.substr(0, open)), {}};
  if (open == std::string_view::npos) return names;
  text.remove_prefix(open + 1);
  if (text.ends_with(')')) text.remove_suffix(1);
  // The name of an element of a value array has commas in its brackets.
  const auto end_of_name = [](std::string_view list) {
    int depth = 0;
    for (size_t at = 0; at < list.size(); ++at) {
      depth += (list[at] == '[' ? 1 : 0) - (list[at] == ']' ? 1 : 0);
      if (depth == 0 && list.substr(at).starts_with(", ")) return at;
    }
    return std::string_view::npos;
  };
  while (!text.empty()) {
    const size_t comma = end_of_name(text);
    names.arguments.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 2);
  }
  return names;
}

std::string Render(const Fault& fault, const SourceSet& sources, const RenderOptions& options) {
  std::string out = RenderHead(Severity::kError, TextOf(fault.kind), fault.message, options);
  out += RenderPlace(fault.range, fault.label, sources, options);
  if (!fault.stack.empty()) out += fmt::format("   = {}\n", StackText(fault.stack));
  const std::string hint = HintAsWritten(fault, sources);
  if (!hint.empty()) out += fmt::format("   = {}\n", hint);
  return out;
}

}  // namespace einkorn
