// Runs stages of the front end on a text, for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frontend/frontend.h"

namespace einkorn::frontend {

struct StageResult {
  std::string dump;
  std::vector<std::string> errors;  ///< `code LINE:COLUMN`, in the order of the reports
  std::vector<std::string> messages;
  std::vector<std::string> hints;
};

using DumpStage = std::string (*)(const SourceSet&, SourceFileId, Diagnostics&);

inline StageResult RunStage(DumpStage stage, std::string_view text) {
  SourceSet sources;
  const SourceFileId file = sources.Add("test.ek", std::string(text));
  Diagnostics diagnostics;
  StageResult result;
  result.dump = stage(sources, file, diagnostics);
  for (const Diagnostic& d : diagnostics.list()) {
    const LineColumn at = sources.file(file).Locate(d.range.point_begin);
    result.errors.push_back(fmt::format("{} {}:{}", KindOf(d.code).code, at.line, at.column));
    result.messages.push_back(d.message);
    result.hints.push_back(d.hint);
    // Whatever is reported can be shown.
    Render(d, sources, {});
  }
  return result;
}

}  // namespace einkorn::frontend
