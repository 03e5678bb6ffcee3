#include "runtime/program.h"

#include <algorithm>

#include "backends/interpreter/interpreter.h"

namespace einkorn {
namespace {

// A fraction of a second; a constant that needs more is computed for ever, as a rule.
constexpr uint64_t kMaxConstantSteps = 50'000'000;

Result<std::vector<uint64_t>, Fault> EvaluateConstant(const ir::Module& module) {
  LaunchOutcome outcome = Interpret(module, module.entry, {}, {.max_steps = kMaxConstantSteps});
  if (outcome.fault) return std::move(*outcome.fault);
  return std::move(outcome.results);
}

}  // namespace

std::shared_ptr<const Program> Program::Read(std::string name, std::string text) {
  std::shared_ptr<Program> program(new Program());
  program->file_ = program->sources_.Add(std::move(name), std::move(text));
  program->checked_ = frontend::Check(program->sources_, program->file_, EvaluateConstant,
                                      ReadSourceText, program->diagnostics_);
  if (program->checked_ != nullptr) {
    program->kernels_ = frontend::KernelsOf(*program->checked_);
    program->tests_ = frontend::TestsOf(*program->checked_);
  }
  return program;
}

const frontend::KernelInfo* Program::KernelNamed(std::string_view name) const {
  const auto at = std::ranges::find(kernels_, name, &frontend::KernelInfo::name);
  return at == kernels_.end() ? nullptr : &*at;
}

}  // namespace einkorn
