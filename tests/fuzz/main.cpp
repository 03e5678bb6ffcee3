// The command of long runs: random programs on every target, or damaged texts, until the time or
// the count is over or something is wrong.
//
// The program at hand when something was wrong is written to a file, smaller where that could be
// done. Exit status: 0 nothing is wrong, 1 the targets differ, 2 the program or the command line is
// refused, 3 a crash or a hang.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/fuzz/differential.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/program_generator.h"
#include "tests/fuzz/reducer.h"

namespace einkorn::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAgrees = 0, kDiffers = 1, kRefused = 2, kCrashed = 3, kTooLong = 4;
/// The longest that one program may take.
constexpr unsigned kMostSeconds = 60, kMostSecondsApart = 5;

struct Options {
  uint64_t seed = 1;
  uint64_t count = std::numeric_limits<uint64_t>::max();
  double seconds = std::numeric_limits<double>::infinity();
  bool print = false;
  bool mutate = false;
  bool indices = false;
  std::string replay, reduce;
  std::string output = "fuzz.ek";
};

// --- Crashes: a handler may only use what is ready.

const char* crash_path = nullptr;
const std::string* crash_text = nullptr;

extern "C" void WriteCrash(int signal) {
  constexpr std::string_view message = "a crash or a hang; the text is in the output file\n";
  if (crash_path != nullptr && crash_text != nullptr) {
    const int file = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0 && write(file, crash_text->data(), crash_text->size()) < 0) _exit(signal);
    if (write(2, message.data(), message.size()) < 0) _exit(signal);
  }
  _exit(kCrashed);
}

void CatchCrashes() {
  // On a stack of its own, since a crash may be the end of the other one.
  static std::array<char, 1 << 16> memory;
  const stack_t stack = {.ss_sp = memory.data(), .ss_flags = 0, .ss_size = memory.size()};
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = WriteCrash;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM})
    sigaction(signal, &action, nullptr);
}

/// While it lives, `text` is what a crash is about.
class Watch {
 public:
  explicit Watch(const std::string& text) {
    crash_text = &text;
    alarm(kMostSeconds);
  }
  ~Watch() {
    alarm(0);
    crash_text = nullptr;
  }
};

// --- One program

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

int StatusOf(const Comparison& comparison) {
  if (!comparison.refusal.empty()) return kRefused;
  return comparison.difference.empty() ? kAgrees : kDiffers;
}

// How a program that shows something wrong is looked at.
using Comparing = Comparison (*)(const std::string&);
Comparing ComparingOf(const Options& options) {
  if (options.indices) return CompareOptimized;
  return [](const std::string& program) { return Compare(program); };
}

int Replay(const std::string& path, Comparing compare) {
  const std::string program = ReadText(path);
  const Watch watch(program);
  const Comparison comparison = compare(program);
  fmt::print("{}{}", comparison.refusal, comparison.difference);
  return StatusOf(comparison);
}

// In a process of its own, which may crash, or run for too long where a loop lost its bounds. This
// process must not have compiled anything yet: a child has none of the threads that that leaves.
int ReplayApart(const std::string& program, Comparing compare) {
  const pid_t child = fork();
  if (child == 0) {
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM})
      std::signal(signal, SIG_DFL);
    alarm(kMostSecondsApart);
    const Comparison comparison = compare(program);
    _exit(StatusOf(comparison));
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return WTERMSIG(status) == SIGALRM ? kTooLong : kCrashed;
}

int ReduceFile(const std::string& path, const std::string& output, Comparing compare) {
  const std::string program = ReadText(path);
  const int wrong = ReplayApart(program, compare);
  if (wrong != kDiffers && wrong != kCrashed) {
    std::cerr << "in a process of its own nothing is wrong with " << path << "\n";
    return wrong == kAgrees ? kDiffers : wrong;
  }
  const std::string reduced = Reduce(
      program, [&](const std::string& smaller) { return ReplayApart(smaller, compare) == wrong; },
      std::chrono::minutes(4));
  std::ofstream(output) << reduced;
  fmt::print("{}:\n{}\n{}", output, reduced, wrong == kDiffers ? compare(reduced).difference : "");
  return wrong;
}

// --- Many

struct Totals {
  uint64_t programs = 0;
  std::map<std::string, uint64_t> faults;
  Coverage coverage;
};

void Report(const Totals& totals) {
  fmt::print("{} programs\n", totals.programs);
  for (const auto& [kind, count] : totals.faults) fmt::print("{:>8} {}\n", count, kind);
  const auto missing = totals.coverage.Missing();
  fmt::print("{} of {} operations, rules, types and functions were met\n",
             totals.coverage.expected() - missing.size(), totals.coverage.expected());
  for (const std::string& name : missing) fmt::print("  not: {}\n", name);
}

template <typename Step>
int Repeat(const Options& options, const Step& step) {
  const auto begin = Clock::now();
  for (uint64_t k = 0; k < options.count; ++k) {
    if (std::chrono::duration<double>(Clock::now() - begin).count() > options.seconds) break;
    if (const int status = step(options.seed + k); status != kAgrees) return status;
  }
  return kAgrees;
}

int RunPrograms(const Options& options) {
  Totals totals;
  const int status = Repeat(options, [&](uint64_t seed) {
    const std::string program = MakeProgram(seed);
    if (options.print) std::cout << program << "\n";
    const Watch watch(program);
    const Comparison comparison = Compare(program, &totals.coverage);
    totals.coverage.AddText(program);
    ++totals.programs;
    ++totals.faults[comparison.fault ? std::string(TextOf(*comparison.fault)) : "no fault"];
    if (comparison.refusal.empty() && comparison.difference.empty()) return kAgrees;
    std::ofstream(options.output) << program;
    fmt::print("seed {}:\n{}{}{}\n", seed, program, comparison.refusal, comparison.difference);
    return StatusOf(comparison);
  });
  Report(totals);
  return status;
}

int RunIndexPrograms(const Options& options) {
  std::map<std::string, uint64_t> ends;
  const int status = Repeat(options, [&](uint64_t seed) {
    const std::string program = MakeIndexProgram(seed);
    if (options.print) std::cout << program << "\n";
    const Watch watch(program);
    const Comparison comparison = CompareOptimized(program);
    if (options.print) std::cout << comparison.refusal << "\n";
    ++ends[!comparison.refusal.empty() ? "refused"
           : comparison.fault          ? std::string(TextOf(*comparison.fault))
                                       : "no fault"];
    if (comparison.difference.empty()) return kAgrees;
    std::ofstream(options.output) << program;
    fmt::print("seed {}:\n{}{}\n", seed, program, comparison.difference);
    return kDiffers;
  });
  for (const auto& [end, count] : ends) fmt::print("{:>8} {}\n", count, end);
  return status;
}

int RunMutations(const Options& options) {
  const auto programs = ProgramTexts(EINKORN_SOURCE_DIR);
  const auto modules = ModuleTexts(programs);
  uint64_t count = 0;
  const int status = Repeat(options, [&](uint64_t seed) {
    Choices choices(seed);
    const bool is_module = choices.Chance(40);
    const std::string text = Mutated(is_module ? modules : programs, choices);
    if (options.print) std::cout << text << "\n";
    const Watch watch(text);
    const std::string problem = is_module ? ProblemWithModule(text) : ProblemWithProgram(text);
    ++count;
    if (problem.empty()) return kAgrees;
    std::ofstream(options.output) << text;
    fmt::print("seed {}, text in {}:\n{}\n", seed, options.output, problem);
    return kDiffers;
  });
  fmt::print("{} damaged texts\n", count);
  return status;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Compares random programs on all targets.");
  app.add_option("--seed", options.seed, "the first seed; each program has the next one");
  app.add_option("--count", options.count, "the most programs");
  app.add_option("--seconds", options.seconds, "the most time");
  app.add_option("--output", options.output, "where the text is written that shows what is wrong");
  app.add_option("--replay", options.replay, "compares the program of this file only");
  app.add_option("--reduce", options.reduce, "makes the program of this file smaller");
  app.add_flag("--print", options.print, "prints each text");
  app.add_flag("--indices", options.indices,
               "programs about indices, on the interpreter before and after the passes");
  app.add_flag("--mutate", options.mutate, "damages programs and IR, which must be diagnosed");
  CLI11_PARSE(app, argc, argv);
  CatchCrashes();
  crash_path = options.output.c_str();
  if (!options.replay.empty()) {
    crash_path = nullptr;
    return Replay(options.replay, ComparingOf(options));
  }
  if (!options.reduce.empty())
    return ReduceFile(options.reduce, options.output, ComparingOf(options));
  if (options.mutate) return RunMutations(options);
  const int status = options.indices ? RunIndexPrograms(options) : RunPrograms(options);
  if (status != kDiffers) return status;
  // A process that has compiled nothing makes the program smaller.
  std::fflush(stdout);
  execl("/proc/self/exe", argv[0], "--reduce", options.output.c_str(), "--output",
        options.output.c_str(), options.indices ? "--indices" : nullptr, nullptr);
  return status;
}

}  // namespace
}  // namespace einkorn::fuzz

int main(int argc, char** argv) {
  return einkorn::fuzz::Main(argc, argv);
}
