// The errors of the library's mathematical functions against MPFR, as a table. Exit status: 0 all
// are within their limits, 1 some are not, 2 the command line is refused.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "bench/accuracy/measure.h"

namespace einkorn::accuracy {
namespace {

struct Options {
  std::vector<std::string> functions;
  std::vector<std::string> types = {"f32", "f64"};
  uint64_t inputs = 10'000'000;
  bool all = false;
};

std::string TextOf(double value, ScalarType type) {
  return type == ScalarType::kF32 ? fmt::format("{}", static_cast<float>(value))
                                  : fmt::format("{}", value);
}

bool MeasureRow(Session& session, const Function& function, ScalarType type, uint64_t inputs) {
  const Measurement worst = Measure(session, function, type, inputs);
  std::string input = TextOf(worst.x, type);
  if (function.operands == 2) input += ", " + TextOf(worst.y, type);
  const bool keeps = worst.error <= function.limit;
  fmt::print("| `{}` | {} | {:.3f}{} | {} | {} | {} |\n", function.name, einkorn::TextOf(type),
             worst.error, keeps ? "" : " **beyond**", function.limit, input, inputs);
  std::fflush(stdout);
  return keeps;
}

bool MeasureAll(const Options& options) {
  Session session;
  bool keep = true;
  fmt::print("| function | type | greatest error, ulp | limit | at | inputs |\n");
  fmt::print("|---|---|---|---|---|---|\n");
  for (const Function& function : Functions()) {
    if (!options.functions.empty() && std::ranges::count(options.functions, function.name) == 0)
      continue;
    for (const std::string& type_text : options.types) {
      const ScalarType type = *ScalarTypeNamed(type_text);
      const bool all = options.all && type == ScalarType::kF32 && function.operands == 1;
      keep &= MeasureRow(session, function, type, all ? kAllOfF32 : options.inputs);
    }
  }
  return keep;
}

int Main(int argc, char** argv) {
  Options options;
  std::vector<std::string> names;
  for (const Function& function : Functions()) names.emplace_back(function.name);
  CLI::App app("Measures the mathematical functions of the library against MPFR.");
  app.add_option("FUNCTION", options.functions, "which; all without one")
      ->check(CLI::IsMember(names));
  app.add_option("--type", options.types, "f32, f64; both without it")
      ->check(CLI::IsMember({"f32", "f64"}))
      ->allow_extra_args(false);
  app.add_option("--inputs", options.inputs, "how many inputs a row")->check(CLI::PositiveNumber);
  app.add_flag("--all", options.all, "every number of f32 for its functions of one operand");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return MeasureAll(options) ? 0 : 1;
}

}  // namespace
}  // namespace einkorn::accuracy

int main(int argc, char** argv) {
  return einkorn::accuracy::Main(argc, argv);
}
