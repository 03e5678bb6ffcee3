// What debug mode checks beside the checks of the operations: races, elements without a value, and
// NaN made from numbers.
#include <fmt/format.h>

#include "backends/interpreter/run.h"

namespace einkorn::interpreter {
namespace {

std::string_view Participle(AccessKind kind) {
  return kind == AccessKind::kRead ? "read" : kind == AccessKind::kWrite ? "written" : "updated";
}

// `a + b`, or `fmod(a, b)`.
std::string Applied(Opcode opcode, const std::vector<std::string>& operands) {
  const std::string_view infix = opcode == Opcode::kAdd   ? "+"
                                 : opcode == Opcode::kSub ? "-"
                                 : opcode == Opcode::kMul ? "*"
                                 : opcode == Opcode::kDiv ? "/"
                                                          : "";
  if (!infix.empty()) return fmt::format("{} {} {}", operands[0], infix, operands[1]);
  std::string list;
  for (const std::string& operand : operands) list += (list.empty() ? "" : ", ") + operand;
  return fmt::format("{}({})", TextOf(opcode), list);
}

}  // namespace

bool Run::FailInDebug(const ir::Op& op, FaultKind kind, std::string message, std::string hint) {
  return Fail(Fault{.kind = kind,
                    .message = std::move(message),
                    .range = op.range,
                    .label = {},
                    .stack = {},
                    .hint = std::move(hint)});
}

// `x[3, 4]`.
std::string Run::ElementText(const ir::Op& access) {
  std::string indices;
  for (size_t d = 0; d < static_cast<size_t>(array(function_->operand(access, 0)).rank); ++d)
    indices += fmt::format("{}{}", d == 0 ? "" : ", ",
                           FormatScalar(operand_type(access, d + 1), operand_bits(access, d + 1)));
  const std::string_view name =
      function_->string(function_->value(function_->operand(access, 0)).name);
  return fmt::format("{}[{}]", name.empty() ? "the array" : name, indices);
}

// `iteration i = 3, j = 5`, or of groups or lanes, of a loop in progress.
std::string Run::IterationText(size_t level, uint64_t iteration) const {
  const LoopInDebug& loop = loops_in_debug_[level];
  const auto& variables = loop.function->region(loop.function->region_of(*loop.op, 0)).arguments;
  std::string text;
  for (size_t k = loop.ranges.size(); k-- > 0;) {
    const Range& range = loop.ranges[k];
    const auto count = static_cast<uint64_t>(range.count);
    const uint64_t own = k == 0 ? iteration : iteration % count;
    iteration = k == 0 ? 0 : iteration / count;
    const std::string_view name = loop.function->string(loop.function->value(variables[k]).name);
    text =
        fmt::format("{} = {}{}{}", name.empty() ? "_" : name,
                    FormatScalar(range.type, RangeValue(range.type, range.from, range.step, own)),
                    text.empty() ? "" : ", ", text);
  }
  return fmt::format("{} {}", TextOf(RoleOfLoop(*loop.op)), text);
}

bool Run::CheckAccess(const ir::Op& op, const std::byte* address, AccessKind kind) {
  const Array& target = array(function_->operand(op, 0));
  const bool reads = kind != AccessKind::kWrite;
  if (reads && target.contents != Array::Contents::kDefined && !shadow_->IsWritten(address)) {
    const bool is_out = target.contents == Array::Contents::kOut;
    return FailInDebug(op, is_out ? FaultKind::kUnwritten : FaultKind::kUninitialized,
                       fmt::format("{} {}", ElementText(op),
                                   is_out ? "is read before it was written" : "has no value yet"),
                       is_out ? "an `out` array begins without values; `inout` brings them in"
                              : "the array was made with `undefined`");
  }
  if (const auto conflict = shadow_->Access(address, kind, open_loops_))
    return FailInDebug(op, FaultKind::kRace,
                       fmt::format("{} is {} here and {} in {}", ElementText(op), Participle(kind),
                                   Participle(conflict->kind),
                                   IterationText(conflict->level, conflict->iteration)),
                       "iterations of a parallel loop may come in any order");
  if (kind == AccessKind::kWrite && target.contents != Array::Contents::kDefined)
    shadow_->SetWritten(address);
  return true;
}

bool Run::CheckNan(const ir::Op& op, std::span<const ScalarType> types,
                   std::span<const uint64_t> operands, uint64_t result) {
  const ScalarType type = function_->type(function_->result(op)).scalar;
  if (function_->is_library || op.opcode == Opcode::kFromBits || !IsNan(type, result)) return true;
  std::vector<std::string> texts;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (IsNan(types[i], operands[i])) return true;
    texts.push_back(FormatScalar(types[i], operands[i]));
  }
  return FailInDebug(op, FaultKind::kNan,
                     fmt::format("{} is not a number", Applied(op.opcode, texts)), {});
}

bool Run::CheckLibraryResult(const ir::Op& call, const ir::Function& callee) {
  if (!callee.is_library || function_->is_library) return true;
  std::string arguments;
  for (ir::ValueId operand : function_->operands(call)) {
    const Type type = function_->type(operand);
    if (type.is_array()) continue;
    if (IsNan(type.scalar, bits(operand))) return true;
    arguments += fmt::format("{}{}", arguments.empty() ? "" : ", ",
                             FormatScalar(type.scalar, bits(operand)));
  }
  for (ir::ValueId result : function_->results_of(call))
    if (const Type type = function_->type(result);
        type.is_scalar() && IsNan(type.scalar, bits(result)))
      return FailInDebug(call, FaultKind::kNan,
                         fmt::format("{}({}) is not a number", callee.name, arguments), {});
  return true;
}

void Run::NoteLaunch(const ir::Op& launch) {
  size_t next = 0;  // operands are the parameters without symbols
  for (const ir::Param& param : module_.function(ir::FunctionId(launch.immediate)).params) {
    if (param.kind == ir::ParamKind::kSymbol) continue;
    const ir::ValueId argument = function_->operand(launch, next++);
    if (!param.is_written()) continue;
    for (ElementWalk walk(array(argument)); !walk.done(); walk.Next())
      shadow_->SetWritten(walk.address());
  }
}

Run::OpenLoopGuard::OpenLoopGuard(Run& run, const ir::Op& op, std::span<const Range> ranges)
    : run_(run),
      is_open_(run.shadow_ != nullptr &&
               (op.opcode == Opcode::kParallel || (op.immediate & ir::kForLanes) != 0)) {
  if (!is_open_) return;
  run_.open_loops_.push_back({++run_.last_loop_, 0});
  run_.loops_in_debug_.push_back({run_.function_, &op, {ranges.begin(), ranges.end()}});
}

Run::OpenLoopGuard::~OpenLoopGuard() {
  if (!is_open_) return;
  run_.open_loops_.pop_back();
  run_.loops_in_debug_.pop_back();
}

void Run::OpenLoopGuard::SetIteration(uint64_t iteration) {
  if (is_open_) run_.open_loops_.back().iteration = iteration;
}

}  // namespace einkorn::interpreter
