// `einkorn format`: files in the one layout, or the names of those that are not.
#include <algorithm>
#include <cstdio>

#include "frontend/format.h"
#include "tools/files.h"
#include "tools/report.h"

namespace einkorn::command {
namespace {

Status Replace(const std::string& path, std::string text) {
  if (const Status writable = CheckWritable(path); !writable) return writable;
  const OutputFile file{path, std::move(text), {}};
  return WriteFiles({&file, 1});
}

int FormatFile(const std::string& path, const Options& options, const Streams& streams) {
  const bool is_input = path == "-";
  const std::string name = is_input ? "<stdin>" : path;
  auto text = is_input ? ReadOpenSourceText(stdin, name) : ReadSourceText(path);
  if (!text) return ReportError(text.error(), streams);
  SourceSet sources;
  const SourceFileId file = sources.Add(name, std::move(*text));
  Diagnostics diagnostics;
  const auto result = frontend::Format(sources, file, diagnostics);
  if (!result) {
    for (const Diagnostic& diagnostic : diagnostics.list())
      streams.err << Render(diagnostic, sources, {.color = streams.color});
    return kWrongProgram;
  }
  const bool is_laid_out = *result == sources.file(file).text();
  if (options.check) {
    if (!is_laid_out && !options.quiet) streams.out << name << "\n";
    return is_laid_out ? kDone : kWrongProgram;
  }
  if (is_input) {
    streams.out << *result;
  } else if (!is_laid_out) {
    if (const Status done = Replace(path, *result); !done)
      return ReportError(done.error(), streams);
  }
  return kDone;
}

}  // namespace

int Format(const Options& options, const Streams& streams) {
  int status = kDone;
  for (const std::string& path : options.files)
    status = std::max(status, FormatFile(path, options, streams));
  return status;
}

}  // namespace einkorn::command
