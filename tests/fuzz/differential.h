// One program on every target, and whether they agree.
#pragma once

#include <optional>
#include <string>

#include "ir/ops.h"
#include "tests/fuzz/coverage.h"

namespace einkorn::fuzz {

struct Comparison {
  std::string refusal;             ///< the diagnostics of a program that does not compile
  std::string difference;          ///< empty if all targets agree
  std::optional<FaultKind> fault;  ///< how the program ended on the interpreter
};

/// Launches the kernel `main` of `program`, or its first one, on the interpreter and on the CPU
/// with one and three threads, with the data of the seed in its first line, `// data: SEED`.
Comparison Compare(const std::string& program, Coverage* coverage = nullptr);

/// Runs the first kernel on the interpreter with several data, as the front end made it and after
/// the passes: a check that was cleared although it can fail makes a difference. Runs that take too
/// long are left out.
Comparison CompareOptimized(const std::string& program);

/// The first line of a program with this data.
std::string DataLine(uint64_t seed);

}  // namespace einkorn::fuzz
