// Measures the kernels of samples/: what compiling costs, what the checks cost, what threads bring.
//
// The ways to run a kernel alternate within each round, so that a slow moment of the machine meets
// all of them; shown are medians of the rounds and ratios of these.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/source.h"
#include "runtime/session.h"
#include "tools/kernel_call.h"

namespace einkorn {
namespace {

struct Case {
  std::string file;
  std::vector<std::string> words;
  std::vector<std::string> types;
};

const std::vector<Case> kCases = {
    {"saxpy", {"a=2", "x=random(4000000; seed=1)", "y=random(4000000; seed=2)"}, {}},
    {"matmul", {"a=random(256,256; seed=1)", "b=random(256,256; seed=2)"}, {"T=f32"}},
    {"matmul", {"a=full(3; 256,256)", "b=full(5; 256,256)"}, {"T=i32"}},
    {"mandelbrot", {"x=-0.6", "y=0", "size=2.6", "h=100", "w=160"}, {}},
    {"blur", {"image=random(512,512,3; seed=1)", "radius=8"}, {}},
    {"equalise", {"image=random(512,512,3; seed=1)"}, {}},
    {"heat2d", {"steps=100", "rate=0.25", "plate=random(300,300; seed=1)"}, {}},
    {"levenshtein", {"a=random(1500; seed=1)", "b=random(1500; seed=2)"}, {}},
};

constexpr int kRounds = 9;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// A way to run a kernel, with the seconds of each round.
struct Way {
  CompileOptions options;
  int threads;
  KernelPointer kernel;
  std::vector<double> seconds;
};

bool Fail(const Case& one, const std::string& why) {
  fmt::print(stderr, "{}: {}\n", one.file, why);
  return false;
}

bool Measure(const Case& one) {
  const std::string path = std::string(EINKORN_SOURCE_DIR) + "/samples/" + one.file + ".ek";
  auto text = ReadSourceText(path);
  if (!text) return Fail(one, text.error().message);
  const auto program = Program::Read(path, std::move(*text));
  const frontend::KernelInfo& info = program->kernels().front();
  auto call = command::PrepareCall(*program, info, one.words, {one.types, {}});
  if (!call) return Fail(one, "its arguments do not fit");

  std::vector<Way> ways = {{{.mode = Mode::kChecked}, 1, nullptr, {}},
                           {{.mode = Mode::kUnchecked}, 1, nullptr, {}},
                           {{.mode = Mode::kChecked}, 0, nullptr, {}}};
  std::vector<double> compile_seconds;
  std::vector<LaunchArgument> arguments;
  for (int round = 0; round < kRounds; ++round) {
    Session session;
    for (Way& way : ways) {
      const double begin = Now();
      auto kernel = session.Compile(program, info.name, call->chosen, way.options);
      if (!kernel) return Fail(one, kernel.error().message);
      // The first of a session also starts the compiler.
      if (way.options.mode == Mode::kUnchecked) compile_seconds.push_back(Now() - begin);
      way.kernel = *kernel;
      if (arguments.empty())
        arguments = *BindShapes(way.kernel->function(), call->arguments, call->sizes);
      const double run_begin = Now();
      if (way.kernel->Run(arguments, way.threads).fault) return Fail(one, "it fails");
      way.seconds.push_back(Now() - run_begin);
    }
  }
  const double checked = Median(ways[0].seconds), unchecked = Median(ways[1].seconds);
  const double threaded = Median(ways[2].seconds);
  fmt::print("| {} | {:.1f} | {:.3f} | {:.3f} | {:.2f} | {:.2f} |\n",
             one.types.empty() ? one.file : one.file + " " + one.types.front(),
             Median(compile_seconds) * 1e3, checked * 1e3, unchecked * 1e3, checked / unchecked,
             checked / threaded);
  return true;
}

}  // namespace
}  // namespace einkorn

int main() {
  fmt::print(
      "| kernel | compile, ms | checked, ms | unchecked, ms | checked / unchecked | all threads, "
      "times |\n");
  fmt::print("|---|---|---|---|---|---|\n");
  bool ok = true;
  for (const einkorn::Case& one : einkorn::kCases) ok = einkorn::Measure(one) && ok;
  return ok ? 0 : 1;
}
