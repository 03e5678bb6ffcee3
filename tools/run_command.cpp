// `einkorn run`: one kernel, from the values of the command line to results on the terminal and in
// files.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "tools/array_text.h"
#include "tools/files.h"
#include "tools/image.h"
#include "tools/kernel_call.h"
#include "tools/npy.h"
#include "tools/report.h"
#include "tools/value_text.h"

namespace einkorn::command {
namespace {

constexpr std::string_view kReturn = "return";

// NAME=FILE of --out, checked before anything runs.
Result<std::map<std::string, std::string>> ParseOuts(const frontend::KernelInfo& kernel,
                                                     const std::vector<std::string>& outs) {
  std::map<std::string, std::string> files;
  std::set<std::filesystem::path> places;
  std::vector<std::string> known;
  if (kernel.result_text) known.emplace_back(kReturn);
  for (const frontend::ParameterInfo& parameter : kernel.parameters)
    if (parameter.kind >= ir::ParamKind::kArrayOut) known.push_back(parameter.name);
  for (const std::string& word : outs) {
    auto assignment = ParseAssignment(word);
    if (!assignment) return UsageError(fmt::format("--out {}: write NAME=FILE", word));
    const auto& [name, file] = *assignment;
    if (std::ranges::find(known, name) == known.end())
      return UsageError(fmt::format("--out {}: {} writes no array {}{}", word, SignatureOf(kernel),
                                    name, NearText(name, known)));
    const bool is_picture = file.ends_with(".png") || file.ends_with(".pgm");
    if (!is_picture && !file.ends_with(".npy"))
      return UsageError(fmt::format("--out {}: a file ends in .npy, .png or .pgm", word));
    if (!files.emplace(name, file).second)
      return UsageError(fmt::format("--out {}: {} is given twice", word, name));
    // One file may be spelled in two ways.
    std::error_code ignored;
    if (!places.insert(std::filesystem::weakly_canonical(file, ignored)).second)
      return UsageError(fmt::format("--out {}: two arrays go to {}", word, file));
    if (Status status = CheckWritable(file); !status) return std::move(status).error();
  }
  return files;
}

Result<OutputFile> EncodeFile(const std::string& path, const HostArray& array) {
  if (path.ends_with(".npy"))
    return OutputFile{path, NpyHeader(array), {array.data.get(), array.bytes()}};
  auto bytes = path.ends_with(".png") ? EncodePng(array) : EncodePgm(array);
  if (!bytes) return Error{bytes.error().kind, fmt::format("{}: {}", path, bytes.error().message)};
  return OutputFile{path, std::move(*bytes), {}};
}

class RunReport {
 public:
  RunReport(const Options& options, const Streams& streams, const Program& program,
            const frontend::KernelInfo& kernel, const std::map<std::string, std::string>& files)
      : options_(options), streams_(streams), program_(program), kernel_(kernel), files_(files) {}

  int Finish(const KernelCall& call, const LaunchOutcome& outcome, double seconds) const {
    if (!options_.json) streams_.out << outcome.printed;
    if (outcome.fault) return ReportFault(*outcome.fault, outcome.printed);
    HostArray result;
    if (call.result.valid()) {
      auto made = MakeValue(call.result, outcome.results);
      if (!made) return ReportError(made.error(), streams_);
      result = std::move(*made);
    }
    if (int status = WriteOutputs(call, result); status != kDone) return status;
    if (options_.json)
      PrintJson(call, result, outcome.printed, seconds);
    else
      PrintText(call, result);
    return kDone;
  }

  int ReportFault(const Fault& fault, const std::string& printed = {}) const {
    if (options_.json) {
      Json json{{"fault", JsonOf(fault, program_.sources())}};
      if (!printed.empty()) json["printed"] = printed;
      streams_.out << json.dump() << "\n";
    } else {
      streams_.err << Render(fault, program_.sources(), {.color = streams_.color});
    }
    return kFaulted;
  }

 private:
  int WriteOutputs(const KernelCall& call, const HostArray& result) const {
    std::vector<OutputFile> encoded;
    for (const auto& [name, path] : files_) {
      auto file = EncodeFile(path, name == kReturn ? result : call.arrays.at(name));
      if (!file) return ReportError(file.error(), streams_);
      encoded.push_back(std::move(*file));
    }
    if (Status status = WriteFiles(encoded); !status) return ReportError(status.error(), streams_);
    return kDone;
  }

  // The written arrays that go to the terminal, in the order of the parameters.
  std::vector<std::string> Shown() const {
    std::vector<std::string> names;
    for (const frontend::ParameterInfo& parameter : kernel_.parameters)
      if (parameter.kind >= ir::ParamKind::kArrayOut && !files_.contains(parameter.name))
        names.push_back(parameter.name);
    return names;
  }
  bool ShowsResult() const { return kernel_.result_text && !files_.contains(std::string(kReturn)); }

  void PrintText(const KernelCall& call, const HostArray& result) const {
    for (const std::string& name : Shown())
      streams_.out << name << ":\n" << FormatArray(call.arrays.at(name)) << "\n";
    if (ShowsResult()) streams_.out << FormatValue(result) << "\n";
  }

  void PrintJson(const KernelCall& call, const HostArray& result, const std::string& printed,
                 double seconds) const {
    std::string arrays;
    for (const std::string& name : Shown())
      arrays += fmt::format("{}{}: {}", arrays.empty() ? "" : ", ", Json(name).dump(),
                            FormatJson(call.arrays.at(name)));
    streams_.out << fmt::format("{{\"result\": {}, \"arrays\": {{{}}}, \"seconds\": {:.9f}",
                                ShowsResult() ? FormatJson(result) : "null", arrays, seconds);
    if (!printed.empty()) streams_.out << ", \"printed\": " << Json(printed).dump();
    streams_.out << "}\n";
  }

  const Options& options_;
  const Streams& streams_;
  const Program& program_;
  const frontend::KernelInfo& kernel_;
  const std::map<std::string, std::string>& files_;
};

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int Run(const Options& options, const Streams& streams) {
  const auto compile = CompileOptionsOf(options);
  if (!compile) return ReportError(compile.error(), streams);
  if (compile->target == Target::kInterpreter && options.threads > 1)
    return ReportError(UsageError("--threads: the interpreter runs on one thread"), streams);
  int status = kDone;
  const auto program = LoadProgram(options.files.front(), options, streams, status);
  if (program == nullptr) return status;
  std::vector<std::string> words = options.words;
  const auto kernel = ChooseKernel(*program, words);
  if (!kernel) return ReportError(kernel.error(), streams);
  const auto files = ParseOuts(**kernel, options.outs);
  if (!files) return ReportError(files.error(), streams);
  const RunReport report(options, streams, *program, **kernel, *files);
  auto call = PrepareCall(*program, **kernel, words, options.given);
  if (!call) {
    const LaunchRefusal refusal = std::move(call).error();
    if (const auto* fault = std::get_if<Fault>(&refusal)) return report.ReportFault(*fault);
    return ReportError(std::get<Error>(refusal), streams);
  }

  Session session;
  std::vector<ir::Layout> layouts;
  for (const Argument& argument : call->arguments)
    if (argument.kind == Argument::Kind::kArray)
      layouts.push_back(LayoutOf(argument.type, argument.rank, argument.array));
  const auto compile_begin = std::chrono::steady_clock::now();
  const auto compiled = session.Compile(program, (*kernel)->name, call->chosen, layouts, *compile);
  if (!compiled) return ReportError(compiled.error(), streams);
  const double compile_seconds = SecondsSince(compile_begin);
  const auto begin = std::chrono::steady_clock::now();
  const auto outcome = session.Launch(program, (*kernel)->name, call->chosen, call->arguments,
                                      call->sizes, *compile, options.threads);
  const double seconds = SecondsSince(begin);
  if (!outcome) return ReportError(outcome.error(), streams);
  status = report.Finish(*call, *outcome, seconds);
  if (options.time && !options.json)
    streams.err << fmt::format("compiled in {:.3f} ms, ran in {:.3f} ms\n", compile_seconds * 1e3,
                               seconds * 1e3);
  return status;
}

}  // namespace einkorn::command
