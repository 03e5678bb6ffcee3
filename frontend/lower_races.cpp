// Reports of what is found on the IR of a function: races of its parallel loops, and reads of `out`
// arrays that nothing has written to.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"
#include "ir/races.h"
#include "ir/unwritten.h"

namespace einkorn::frontend {
namespace {

// `i`, or `(i, j)`; `moved` by the distance of a race.
std::string IterationText(const ir::Function& function, const ir::Race& race, bool moved) {
  std::string text;
  for (const auto& [variable, distance] : race.distance) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        function.string(function.value(variable).name));
    if (moved && distance != 0)
      text += fmt::format(" {} {}", distance < 0 ? '-' : '+', distance < 0 ? -distance : distance);
  }
  return race.distance.size() == 1 ? text : fmt::format("({})", text);
}

std::string HintFor(const ir::Function& function, const ir::Race& race) {
  const ir::Op& write = function.op(race.write);
  const Opcode other = function.op(race.other).opcode;
  if (write.opcode == Opcode::kAtomic || other == Opcode::kAtomic)
    return "an element that an `atomic` updates can be used in no other way in the same loop";
  if (other != Opcode::kStore)
    return "write to another array than the one that is read, or loop with a plain `for`";
  if (!race.is_update) return "give each iteration elements of its own, or loop with a plain `for`";
  const bool is_float = IsFloat(function.type(function.operand(write, 0)).scalar);
  return fmt::format(
      "use a reduction such as sum(...), or {}",
      is_float ? "`atomic` in a kernel marked @unordered" : "write `atomic` before the assignment");
}

}  // namespace

// The part of the source that an access reads or writes.
std::string_view FunctionLowering::AccessText(const ir::Op& access) const {
  const SourceRange& range = access.range;
  return SourceText(access.opcode == Opcode::kAtomic
                        ? PlainRange(range.file, range.point_begin, range.point_end)
                        : range);
}

void FunctionLowering::ReportRaces(ir::RegionId region) {
  const ir::Function& function = builder_.function();
  for (const ir::Race& race : ir::FindRaces(function, region)) {
    const ir::Op& write = function.op(race.write);
    const ir::Op& other = function.op(race.other);
    const std::string iterations =
        race.is_by_all ? fmt::format("all iterations over {}", IterationText(function, race, false))
                       : fmt::format("iterations {} and {}", IterationText(function, race, false),
                                     IterationText(function, race, true));
    Diagnostic& report = Report(DiagnosticCode::kRace, write.range, iterations,
                                function.string(function.value(race.array).name));
    const std::string_view verb = write.opcode == Opcode::kAtomic ? "updated" : "written";
    if (race.write == race.other) {
      report.label = fmt::format("{} here by each of them", verb);
    } else {
      report.label = fmt::format("{} here", verb);
      report.notes.push_back(
          {other.range, fmt::format("`{}` is {} here in another iteration", AccessText(other),
                                    other.opcode == Opcode::kLoad     ? "read"
                                    : other.opcode == Opcode::kAtomic ? "updated"
                                                                      : "written")});
    }
    report.hint = HintFor(function, race);
  }
}

void FunctionLowering::ReportUnwritten() {
  const ir::Function& function = builder_.function();
  const auto call_writes = [this](ir::OpId call, ir::ValueId array) {
    return written_arguments_.contains({call, array});
  };
  std::set<std::string_view> reported;
  for (const auto& [number, read] : ir::FindUnwrittenReads(function, call_writes)) {
    const ir::Param& param = function.params[number];
    // An array of structs is one parameter for each component.
    if (!reported.insert(param.source_name()).second) continue;
    const ir::Op& op = function.op(read);
    const bool is_call = op.opcode == Opcode::kCall;
    Diagnostic& report = Report(DiagnosticCode::kUnwritten, op.range,
                                is_call ? param.source_name() : AccessText(op));
    if (is_call) report.label = "read by this call";
    report.notes.push_back({param.range, "declared here"});
    report.hint =
        fmt::format("declare `{}` with `inout` if it comes with values, else write it first",
                    param.source_name());
  }
}

}  // namespace einkorn::frontend
