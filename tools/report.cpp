#include "tools/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/spelling.h"

namespace einkorn::command {
namespace {

Json PlaceOf(const SourceRange& range, const SourceSet& sources) {
  if (!range.valid()) return nullptr;
  const SourceFile& file = sources.file(range.file);
  const LineColumn begin = file.Locate(range.point_begin), end = file.Locate(range.point_end);
  return {{"file", file.name()},
          {"line", begin.line},
          {"column", begin.column},
          {"end_line", end.line},
          {"end_column", end.column}};
}

Json ValuesOf(const std::vector<NamedScalar>& values) {
  Json list = Json::object();
  for (const NamedScalar& value : values) list[value.name] = FormatScalar(value.type, value.bits);
  return list;
}

}  // namespace

int ReportError(const Error& error, const Streams& streams) {
  streams.err << "einkorn: " << error.message << "\n";
  return error.kind == ErrorKind::kUsage ? kWrongUsage : kSurroundings;
}

Json JsonOf(const Diagnostic& diagnostic, const SourceSet& sources) {
  Json notes = Json::array();
  for (const DiagnosticNote& note : diagnostic.notes)
    notes.push_back({{"text", note.text}, {"place", PlaceOf(note.range, sources)}});
  return {{"severity", diagnostic.is_error() ? "error" : "warning"},
          {"code", KindOf(diagnostic.code).code},
          {"message", diagnostic.message},
          {"place", PlaceOf(diagnostic.range, sources)},
          {"label", diagnostic.label},
          {"notes", notes},
          {"hint", diagnostic.hint},
          {"text", Render(diagnostic, sources, {})}};
}

Json JsonOf(const Fault& fault, const SourceSet& sources) {
  Json stack = Json::array();
  for (const FaultFrame& frame : fault.stack)
    stack.push_back({{"function", frame.function},
                     {"arguments", ValuesOf(frame.arguments)},
                     {"iteration", ValuesOf(frame.iteration)}});
  return {{"kind", TextOf(fault.kind)},
          {"message", fault.message},
          {"place", PlaceOf(fault.range, sources)},
          {"label", fault.label},
          {"stack", stack},
          {"hint", fault.hint},
          {"text", Render(fault, sources, {})}};
}

void PrintDiagnostics(const Program& program, bool quiet, const Streams& streams) {
  for (const Diagnostic& diagnostic : program.diagnostics().list())
    if (diagnostic.is_error() || !quiet)
      streams.err << Render(diagnostic, program.sources(), {.color = streams.color});
}

std::shared_ptr<const Program> LoadProgram(const std::string& path, const Options& options,
                                           const Streams& streams, int& status) {
  auto text = ReadSourceText(path);
  if (!text) {
    status = ReportError(text.error(), streams);
    return nullptr;
  }
  auto program = Program::Read(path, std::move(*text));
  if (!options.json) PrintDiagnostics(*program, options.quiet, streams);
  if (program->ok()) return program;
  if (options.json) {
    Json list = Json::array();
    for (const Diagnostic& diagnostic : program->diagnostics().list())
      list.push_back(JsonOf(diagnostic, program->sources()));
    streams.out << Json{{"diagnostics", list}}.dump() << "\n";
  }
  status = kWrongProgram;
  return nullptr;
}

Result<CompileOptions> CompileOptionsOf(const Options& options) {
  CompileOptions compile;
  if (options.target == "interpreter")
    compile.target = Target::kInterpreter;
  else if (options.target == "gpu" || options.target == "gpu-simulated")
    return UsageError(fmt::format("the target {} is not built yet; there are interpreter and cpu",
                                  options.target));
  else if (!options.target.empty() && options.target != "cpu")
    return UsageError(
        fmt::format("no target is named {}; there are interpreter and cpu", options.target));
  if (options.mode == "unchecked")
    compile.mode = Mode::kUnchecked;
  else if (options.mode == "debug")
    compile.mode = Mode::kDebug;
  else if (options.mode != "checked")
    return UsageError(
        fmt::format("no mode is named {}; there are checked, debug and unchecked", options.mode));
  if (compile.mode == Mode::kDebug) {
    if (options.target == "cpu")
      return UsageError("the mode debug runs on the interpreter; leave --target cpu away");
    compile.target = Target::kInterpreter;
  }
  constexpr std::array<std::string_view, 3> kCpus = {"native", "x86-64-v3", "x86-64-v4"};
  if (std::ranges::find(kCpus, options.cpu) == kCpus.end())
    return UsageError(
        fmt::format("no processor is named {}; there are {}", options.cpu, fmt::join(kCpus, ", ")));
  compile.cpu = options.cpu;
  compile.lanes = !options.no_lanes;
  return compile;
}

std::string SignatureOf(const frontend::KernelInfo& kernel) {
  std::string types, parameters;
  for (const std::string& type : kernel.type_parameters)
    types += (types.empty() ? "" : ", ") + type;
  for (const frontend::ParameterInfo& parameter : kernel.parameters) {
    const char* access = parameter.kind == ir::ParamKind::kArrayOut     ? "out "
                         : parameter.kind == ir::ParamKind::kArrayInout ? "inout "
                         : parameter.is_static                          ? "static "
                                                                        : "";
    parameters += fmt::format("{}{}: {}{}", parameters.empty() ? "" : ", ", parameter.name, access,
                              parameter.type_text);
  }
  return fmt::format("kernel {}{}({}){}", kernel.name, types.empty() ? "" : "<" + types + ">",
                     parameters, kernel.result_text ? " -> " + *kernel.result_text : "");
}

std::string NearText(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto near = NearestSpelling(name, views);
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

Result<const frontend::KernelInfo*> ChooseKernel(const Program& program,
                                                 std::vector<std::string>& words) {
  std::string list;
  for (const frontend::KernelInfo& kernel : program.kernels()) list += "\n  " + SignatureOf(kernel);
  const auto named = std::ranges::find_if(
      words, [](const std::string& word) { return word.find('=') == std::string::npos; });
  if (named != words.end()) {
    const std::string name = *named;
    words.erase(named);
    if (const frontend::KernelInfo* kernel = program.KernelNamed(name)) return kernel;
    std::vector<std::string> known;
    for (const frontend::KernelInfo& kernel : program.kernels()) known.push_back(kernel.name);
    return UsageError(fmt::format("there is no kernel named {}{}{}", name, NearText(name, known),
                                  list.empty() ? "" : "\nthe kernels are" + list));
  }
  if (program.kernels().empty()) return UsageError("the file has no kernel");
  if (program.kernels().size() > 1)
    return UsageError("the file has several kernels; name one of" + list);
  return &program.kernels().front();
}

Result<Assignment> ParseAssignment(const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    return UsageError(fmt::format("`{}` is not of the form NAME=VALUE", word));
  return Assignment{word.substr(0, equals), word.substr(equals + 1)};
}

}  // namespace einkorn::command
