// What commands say about failures, as text for people and as JSON, and the programs they read.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "ir/fault.h"
#include "runtime/session.h"
#include "tools/options.h"

namespace einkorn::command {

using Json = nlohmann::ordered_json;

/// Prints why a request was refused, and returns its exit status.
int ReportError(const Error& error, const Streams& streams);

/// A diagnostic or a fault as data: code, message, place, and the text that a person is shown.
Json JsonOf(const Diagnostic& diagnostic, const SourceSet& sources);
Json JsonOf(const Fault& fault, const SourceSet& sources);

/// Prints the diagnostics as text; warnings too unless `quiet`.
void PrintDiagnostics(const Program& program, bool quiet, const Streams& streams);

/// The program of `path`; nothing after an error was reported, then `status` is set. With `--json`
/// the diagnostics of a wrong program are printed as `{"diagnostics": [...]}`.
std::shared_ptr<const Program> LoadProgram(const std::string& path, const Options& options,
                                           const Streams& streams, int& status);

/// The options that decide how kernels are compiled. Refused by name: what is not built.
Result<CompileOptions> CompileOptionsOf(const Options& options);

/// The kernel named by the first of `words` that is no NAME=VALUE, which is taken out, else the
/// program's only one.
Result<const frontend::KernelInfo*> ChooseKernel(const Program& program,
                                                 std::vector<std::string>& words);

/// `kernel saxpy(a: f32, x: [n] f32, y: inout [n] f32)`.
std::string SignatureOf(const frontend::KernelInfo& kernel);

/// NAME=VALUE at its first `=`.
struct Assignment {
  std::string name;
  std::string value;
};
Result<Assignment> ParseAssignment(const std::string& word);

/// `; did you mean x?`, or nothing.
std::string NearText(std::string_view name, const std::vector<std::string>& known);

}  // namespace einkorn::command
