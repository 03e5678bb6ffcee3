// `einkorn check`: the diagnostics of files, and nothing else.
#include "tools/report.h"

namespace einkorn::command {

int Check(const Options& options, const Streams& streams) {
  int status = kDone;
  Json list = Json::array();
  for (const std::string& path : options.files) {
    auto text = ReadSourceText(path);
    if (!text) {
      status = std::max(status, ReportError(text.error(), streams));
      continue;
    }
    const auto program = Program::Read(path, std::move(*text));
    if (!program->ok()) status = std::max<int>(status, kWrongProgram);
    if (!options.json) {
      PrintDiagnostics(*program, options.quiet, streams);
      continue;
    }
    for (const Diagnostic& diagnostic : program->diagnostics().list())
      list.push_back(JsonOf(diagnostic, program->sources()));
  }
  if (options.json) streams.out << list.dump() << "\n";
  return status;
}

}  // namespace einkorn::command
