// `einkorn test`: the test blocks of files, on every target.
#include <fmt/format.h>

#include <optional>
#include <regex>
#include <thread>

#include "runtime/tests.h"
#include "tools/report.h"

namespace einkorn::command {
namespace {

constexpr bool kHasCpu =
#ifdef EINKORN_WITH_LLVM
    true;
#else
    false;
#endif

// All there are, or the one asked for. The CPU is used with one thread and with several.
Result<std::vector<TestTarget>> TargetsOf(const Options& options) {
  auto compile = CompileOptionsOf(options);
  if (!compile) return std::move(compile).error();
  std::vector<TestTarget> targets;
  const auto add = [&](std::string name, Target target, int threads) {
    CompileOptions of_target = *compile;
    of_target.target = target;
    targets.push_back({std::move(name), of_target, threads});
  };
  if (options.target.empty() || options.target == "interpreter")
    add("the interpreter", Target::kInterpreter, 0);
  const bool is_debug = compile->mode == Mode::kDebug;
  if ((options.target.empty() && kHasCpu && !is_debug) || options.target == "cpu") {
    add("the cpu with one thread", Target::kCpu, 1);
    const int threads = options.threads > 0
                            ? options.threads
                            : std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
    if (threads > 1) add(fmt::format("the cpu with {} threads", threads), Target::kCpu, threads);
  }
  return targets;
}

struct Totals {
  size_t passed = 0, failed = 0;
};

void PrintResult(const TestResult& result, const Program& program, const Options& options,
                 const Streams& streams) {
  if (!result.passed || !options.quiet) {
    streams.out << (result.passed ? "passed  " : "FAILED  ") << result.name;
    if (!options.quiet) streams.out << fmt::format("  ({:.1f} ms)", result.seconds * 1e3);
    streams.out << "\n";
  }
  if (!result.printed.empty() && !options.quiet) streams.out << result.printed;
  if (result.fault)
    streams.out << Render(*result.fault, program.sources(), {.color = streams.color});
  if (!result.difference.empty()) streams.out << "targets differ: " << result.difference << "\n";
}

Json JsonOf(const std::string& file, const TestResult& result, const Program& program) {
  Json json{{"file", file},
            {"name", result.name},
            {"passed", result.passed},
            {"seconds", result.seconds}};
  if (result.fault) json["fault"] = command::JsonOf(*result.fault, program.sources());
  if (!result.difference.empty()) json["difference"] = result.difference;
  if (!result.printed.empty()) json["printed"] = result.printed;
  return json;
}

}  // namespace

int Test(const Options& options, const Streams& streams) {
  std::optional<std::regex> filter;
  try {
    if (!options.filter.empty()) filter = std::regex(options.filter);
  } catch (const std::regex_error& error) {
    return ReportError(UsageError(fmt::format("--filter {}: not a regular expression ({})",
                                              options.filter, error.what())),
                       streams);
  }
  auto targets = TargetsOf(options);
  if (!targets) return ReportError(targets.error(), streams);
  Session session;
  Totals totals;
  Json list = Json::array(), diagnostics = Json::array();
  int status = kDone;
  for (const std::string& file : options.files) {
    auto text = ReadSourceText(file);
    if (!text) {
      status = std::max(status, ReportError(text.error(), streams));
      continue;
    }
    const auto program = Program::Read(file, std::move(*text));
    if (!options.json) PrintDiagnostics(*program, options.quiet, streams);
    for (const Diagnostic& diagnostic : program->diagnostics().list())
      diagnostics.push_back(command::JsonOf(diagnostic, program->sources()));
    if (!program->ok()) {
      status = std::max<int>(status, kWrongProgram);
      continue;
    }
    if (options.files.size() > 1 && !options.json && !options.quiet) streams.out << file << "\n";
    TestRunner runner(session, program, *targets);
    std::vector<size_t> chosen;
    for (size_t i = 0; i < program->tests().size(); ++i)
      if (!filter || std::regex_search(program->tests()[i].name, *filter)) chosen.push_back(i);
    const size_t threads = std::max(1u, std::thread::hardware_concurrency());
    for (const Result<TestResult>& result : runner.RunAll(chosen, threads)) {
      if (!result) return ReportError(result.error(), streams);
      ++(result->passed ? totals.passed : totals.failed);
      if (options.json)
        list.push_back(JsonOf(file, *result, *program));
      else
        PrintResult(*result, *program, options, streams);
    }
  }
  if (filter && status == kDone && totals.passed + totals.failed == 0)
    return ReportError(
        UsageError(fmt::format("--filter {}: no test has such a name", options.filter)), streams);
  if (totals.failed > 0) status = std::max<int>(status, kWrongProgram);
  if (options.json)
    streams.out << Json{{"diagnostics", diagnostics},
                        {"tests", list},
                        {"passed", totals.passed},
                        {"failed", totals.failed}}
                       .dump()
                << "\n";
  else
    streams.out << fmt::format("{} passed, {} failed\n", totals.passed, totals.failed);
  return status;
}

}  // namespace einkorn::command
