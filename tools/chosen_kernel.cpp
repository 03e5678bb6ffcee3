#include "tools/chosen_kernel.h"

#include <fmt/format.h>

namespace einkorn::command {

std::optional<ChosenKernel> LoadChosenKernel(const Options& options, const Streams& streams,
                                             int& status) {
  const auto refuse = [&](const Error& error) {
    status = ReportError(error, streams);
    return std::nullopt;
  };
  ChosenKernel chosen;
  const auto compile = CompileOptionsOf(options);
  if (!compile) return refuse(compile.error());
  chosen.compile = *compile;
  chosen.program = LoadProgram(options.files.front(), options, streams, status);
  if (chosen.program == nullptr) return std::nullopt;
  std::vector<std::string> words = options.words;
  const auto kernel = ChooseKernel(*chosen.program, words);
  if (!kernel) return refuse(kernel.error());
  chosen.kernel = *kernel;
  if (!words.empty())
    return refuse(
        UsageError(fmt::format("`{}` is not needed to {} a kernel", words.front(), options.verb)));
  auto specialization = ChooseSpecialization(**kernel, options.given, {});
  if (!specialization) return refuse(specialization.error());
  chosen.specialization = std::move(*specialization);
  return chosen;
}

}  // namespace einkorn::command
