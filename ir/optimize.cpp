// The order of the passes.
#include <fmt/format.h>

#include "base/result.h"
#include "ir/independence.h"
#include "ir/passes.h"
#include "ir/text.h"
#include "ir/verifier.h"

namespace einkorn::ir {
namespace {

// Runs passes one after the other; each is looked at when it is done.
class PassRunner {
 public:
  PassRunner(Module& module, const OptimizeOptions& options) : module_(module), options_(options) {}

  void Run(std::string_view name, void (*pass)(Module&)) {
    pass(module_);
    LookAt(name);
  }

  void Run(std::string_view name, void (*pass)(Function&)) {
    for (Function& function : module_.functions) pass(function);
    LookAt(name);
  }

  void LookAt(std::string_view name) {
    if (options_.observe) options_.observe(name, module_);
    if (!options_.verify) return;
    const std::vector<std::string> problems = Verify(module_);
    EINKORN_CHECK(problems.empty(), fmt::format("the pass {} broke the IR: {}\n{}", name,
                                                problems.front(), Print(module_)));
  }

 private:
  Module& module_;
  const OptimizeOptions& options_;
};

// Says which parallel loops are not known to be free of races.
void NoteRaces(const Module& module, Explanation& explanation) {
  for (const Function& function : module.functions) {
    const Independence independence(function);
    for (size_t i = 0; i < function.ops.size(); ++i)
      if (function.ops[i].opcode == Opcode::kParallel && !independence.OfParallel(OpId(i)))
        explanation.Add(LoopNote{.range = function.ops[i].range, .may_race = true, .text = {}});
  }
}

}  // namespace

void Optimize(Module& module, const OptimizeOptions& options) {
  PassRunner passes(module, options);
  passes.Run("drop_unused_functions", DropUnusedFunctions);
  if (!options.checks) passes.Run("drop_checks", DropChecks);
  // Constants that callers pass fold in the body, so inlining comes first.
  passes.Run("inline", Inline);
  passes.Run("simplify", Simplify);
  if (options.explanation != nullptr) NoteRaces(module, *options.explanation);
  if (options.vector_bits > 0) {
    for (Function& function : module.functions)
      BlockContractions(function, options.vector_bits, options.explanation);
    passes.LookAt("block_contractions");
  }
  // Needs the constants; what it writes is plain and counts on being simplified.
  passes.Run("expand_reductions", ExpandReductions);
  passes.Run("simplify", Simplify);
  passes.Run("drop_unused_functions", DropUnusedFunctions);
  // Late, because passes may move an operation away from what its proof relies on.
  std::vector<ProvedCheck> proved;
  for (Function& function : module.functions)
    ProveChecks(function, options.explanation != nullptr ? &proved : nullptr);
  passes.LookAt("prove_checks");
  if (options.vector_bits > 0) {
    for (Function& function : module.functions) KeepElements(function, options.explanation);
    passes.LookAt("keep_elements");
    for (Function& function : module.functions) SkewRows(function, options.explanation);
    passes.LookAt("skew_rows");
  }
  for (const ProvedCheck& check : proved)
    options.explanation->Add(
        CheckNote{check.range, check.kind, CheckFate::kProved, std::string(TextOf(check.reason))});
  passes.Run("carry_elements", CarryElements);
  // What it moves had to be proved first.
  passes.Run("skip_exit_values", SkipExitValues);
}

void DropChecks(Function& function) {
  for (Op& op : function.ops) op.checks = 0;
}

void DropUnusedFunctions(Module& module) {
  std::vector<FunctionId> renamed(module.functions.size());
  std::vector<FunctionId> open = {module.entry};
  std::vector<bool> used(module.functions.size());
  used[module.entry.index] = true;
  const auto names_function = [](const Op& op) {
    return op.opcode == Opcode::kCall || op.opcode == Opcode::kLaunch;
  };
  while (!open.empty()) {
    const Function& function = module.function(open.back());
    open.pop_back();
    for (const Op& op : function.ops) {
      if (!names_function(op) || used[op.immediate]) continue;
      used[op.immediate] = true;
      open.emplace_back(op.immediate);
    }
  }

  std::vector<Function> kept;
  for (size_t i = 0; i < module.functions.size(); ++i) {
    if (!used[i]) continue;
    renamed[i] = FunctionId(kept.size());
    kept.push_back(std::move(module.functions[i]));
  }
  for (Function& function : kept)
    for (Op& op : function.ops)
      if (names_function(op)) op.immediate = renamed[op.immediate].index;
  module.entry = renamed[module.entry.index];
  module.functions = std::move(kept);
}

}  // namespace einkorn::ir
