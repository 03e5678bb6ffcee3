// The `einkorn` command as a function, so that tests run it in their own process.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace einkorn::command {

/// Where a command writes: results to `out`, everything about failures to `err`.
struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool color = false;  ///< whether messages are coloured
};

/// Exit statuses (docs/command.md).
enum ExitStatus : int {
  kDone = 0,
  kWrongProgram = 1,  ///< diagnostics, failed tests
  kWrongUsage = 2,
  kFaulted = 3,
  kSurroundings = 4,  ///< no such file, no permission, no memory
  kOurMistake = 70,
};

/// Runs `arguments`, the words behind the command's name, and returns the exit status. Never
/// throws.
int RunCommand(const std::vector<std::string>& arguments, const Streams& streams);

}  // namespace einkorn::command
