#include "tests/fuzz/differential.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "backends/interpreter/interpreter.h"
#include "ir/fault_hints.h"
#include "ir/passes.h"
#include "runtime/session.h"
#include "tests/fuzz/launch_data.h"

namespace einkorn::fuzz {
namespace {

constexpr std::string_view kDataMark = "// data: ";

struct TargetChoice {
  std::string_view name;
  CompileOptions options;
  int threads;
};

std::vector<TargetChoice> Targets() {
  return {
      {"interpreter", {.target = Target::kInterpreter}, 1},
#ifdef EINKORN_WITH_LLVM
      {"cpu, 1 thread", {}, 1},
      {"cpu, 3 threads", {}, 3},
      {"cpu, x86-64-v3", {.cpu = "x86-64-v3"}, 1},
      {"cpu, without lanes", {.lanes = false}, 1},
#endif
  };
}

uint64_t SeedOf(const std::string& program) {
  const size_t at = program.find(kDataMark);
  return at == std::string::npos ? 0 : std::strtoull(&program[at + kDataMark.size()], nullptr, 10);
}

std::string DiagnosticsOf(const Program& program) {
  std::string text;
  for (const Diagnostic& diagnostic : program.diagnostics().list())
    if (diagnostic.is_error()) text += Render(diagnostic, program.sources(), {});
  return text;
}

// The launch on one target with its own copy of the data.
struct Run {
  std::string_view target;
  LaunchData data;
  std::optional<Fault> fault;
  std::vector<Type> result_types;
  std::vector<uint64_t> results;
  std::string text;  ///< what is compared as text: the report and the printed lines

  Run(const TargetChoice& choice, Session& session, const std::shared_ptr<const Program>& program,
      const std::string& kernel, const ir::Function& function, uint64_t seed)
      : target(choice.name), data(function, seed), result_types(function.results) {
    auto outcome =
        session.Launch(program, kernel, {}, data.arguments(), {}, choice.options, choice.threads);
    if (!outcome) {
      text = "refused: " + outcome.error().message;
      return;
    }
    fault = std::move(outcome->fault);
    results = std::move(outcome->results);
    if (fault)
      text = Render(*fault, program->sources(), {}) + HintAsWritten(*fault, program->sources());
    text += "\nprinted:\n" + outcome->printed;
  }

  std::string DifferenceFrom(const Run& other) const {
    if (text != other.text)
      return fmt::format("{}:\n{}\n{}:\n{}\n", target, text, other.target, other.text);
    std::string difference = data.DifferenceFrom(other.data, fault.has_value());
    for (size_t k = 0; k < results.size() && difference.empty(); ++k) {
      const ScalarType type = result_types[k].scalar;
      if (!SameValue(type, results[k], other.results[k]))
        difference = fmt::format("result {}: {} and {}", k, FormatScalar(type, results[k]),
                                 FormatScalar(type, other.results[k]));
    }
    if (difference.empty()) return {};
    return fmt::format("{} and {}: {}\n", target, other.target, difference);
  }
};

Comparison CompareChecked(const std::shared_ptr<const Program>& program, uint64_t seed,
                          Coverage* coverage) {
  Comparison comparison;
  const auto* named = program->KernelNamed("main");
  if (named == nullptr && !program->kernels().empty()) named = &program->kernels().front();
  if (named == nullptr) {
    comparison.refusal = "there is no kernel";
    return comparison;
  }
  const auto module = frontend::LowerKernel(program->checked(), named->name, {});
  if (!module) {
    comparison.refusal = module.error().message;
    return comparison;
  }
  if (coverage != nullptr) coverage->Add(*module);
  Session session;
  std::optional<Run> first;
  for (const TargetChoice& choice : Targets()) {
    Run run(choice, session, program, named->name, module->entry_function(), seed);
    if (!first) {
      if (run.fault) comparison.fault = run.fault->kind;
      // What is only read is as it was.
      comparison.difference =
          run.data.DifferenceFrom(LaunchData(module->entry_function(), seed), /*only_read=*/true);
      first.emplace(std::move(run));
    } else if (comparison.difference.empty()) {
      comparison.difference = first->DifferenceFrom(run);
    }
  }
  return comparison;
}

// A run of a module by the interpreter; nullopt if it takes too long.
struct Interpreted {
  LaunchData data;
  LaunchOutcome outcome;
};
std::optional<Interpreted> InterpretOnce(const ir::Module& module, uint64_t seed) {
  constexpr uint64_t kMostSteps = 20000;
  Interpreted run{LaunchData(module.entry_function(), seed), {}};
  const auto bound = BindShapes(module.entry_function(), run.data.arguments(), {});
  if (!bound) return std::nullopt;
  run.outcome = Interpret(module, module.entry, *bound, {.max_steps = kMostSteps});
  const bool is_stopped = run.outcome.fault && run.outcome.fault->kind == FaultKind::kStopped;
  return is_stopped ? std::nullopt : std::optional(std::move(run));
}

}  // namespace

Comparison CompareOptimized(const std::string& text) {
  constexpr uint64_t kLaunches = 6;
  Comparison comparison;
  const auto program = Program::Read("fuzz.ek", text);
  if (!program->ok()) {
    comparison.refusal = DiagnosticsOf(*program);
    return comparison;
  }
  const auto module =
      frontend::LowerKernel(program->checked(), program->kernels().front().name, {});
  ir::Module optimized = *module;
  ir::Optimize(optimized, {});
  const auto report = [&](const LaunchOutcome& outcome) {
    if (!outcome.fault) return fmt::format("{}\n", fmt::join(outcome.results, ", "));
    return Render(*outcome.fault, program->sources(), {}) +
           HintAsWritten(*outcome.fault, program->sources());
  };
  for (uint64_t k = 0; k < kLaunches && comparison.difference.empty(); ++k) {
    const uint64_t seed = SeedOf(text) * kLaunches + k;
    const auto before = InterpretOnce(*module, seed), after = InterpretOnce(optimized, seed);
    if (!before || !after) continue;
    if (before->outcome.fault) comparison.fault = before->outcome.fault->kind;
    const std::string first = report(before->outcome), second = report(after->outcome);
    comparison.difference =
        first != second ? fmt::format("launch {}:\n{}after the passes:\n{}", k, first, second)
                        : before->data.DifferenceFrom(after->data, /*only_read=*/false);
  }
  return comparison;
}

std::string DataLine(uint64_t seed) {
  return fmt::format("{}{}\n", kDataMark, seed);
}

Comparison Compare(const std::string& text, Coverage* coverage) {
  Comparison comparison;
  try {
    const auto program = Program::Read("fuzz.ek", text);
    if (!program->ok()) {
      comparison.refusal = DiagnosticsOf(*program);
      return comparison;
    }
    comparison = CompareChecked(program, SeedOf(text), coverage);
  } catch (const std::exception& exception) {
    comparison.difference = fmt::format("an exception: {}\n", exception.what());
  }
  return comparison;
}

}  // namespace einkorn::fuzz
