// `einkorn emit`: the stages of compilation as text.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "tools/chosen_kernel.h"

namespace einkorn::command {
namespace {

struct NamedStage {
  std::string_view name;
  Stage stage;
};
constexpr std::array<NamedStage, 4> kStages = {{{"ir", Stage::kIr},
                                                {"optimized", Stage::kOptimized},
                                                {"llvm", Stage::kLlvm},
                                                {"asm", Stage::kAssembly}}};

// Tokens and the syntax tree: of a wrong program as far as they go.
int EmitText(const Options& options, const Streams& streams) {
  if (!options.words.empty())
    return ReportError(
        UsageError(
            fmt::format("the stage {} is about the whole file; it takes no kernel", options.stage)),
        streams);
  auto text = ReadSourceText(options.files.front());
  if (!text) return ReportError(text.error(), streams);
  SourceSet sources;
  const SourceFileId file = sources.Add(options.files.front(), std::move(*text));
  Diagnostics diagnostics;
  const auto dump = options.stage == "tokens" ? frontend::DumpTokens : frontend::DumpSyntaxTree;
  streams.out << dump(sources, file, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.list())
    streams.err << Render(diagnostic, sources, {.color = streams.color});
  return diagnostics.has_errors() ? kWrongProgram : kDone;
}

}  // namespace

int Emit(const Options& options, const Streams& streams) {
  if (options.stage == "tokens" || options.stage == "ast") return EmitText(options, streams);
  const auto stage = std::ranges::find(kStages, options.stage, &NamedStage::name);
  if (stage == kStages.end()) {
    const bool is_planned = options.stage == "ptx" || options.stage == "object";
    return ReportError(
        UsageError(fmt::format("{} {}; the stages are tokens, ast, ir, optimized, llvm, asm",
                               is_planned ? "the stage" : "no stage is named",
                               is_planned ? options.stage + " is not built yet" : options.stage)),
        streams);
  }
  int status = kDone;
  const auto chosen = LoadChosenKernel(options, streams, status);
  if (!chosen) return status;
  Session session;
  const auto text = session.Emit(*chosen->program, chosen->kernel->name, chosen->specialization,
                                 chosen->compile, stage->stage);
  if (!text) return ReportError(text.error(), streams);
  streams.out << *text;
  return kDone;
}

}  // namespace einkorn::command
