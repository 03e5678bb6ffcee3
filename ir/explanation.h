// What became of the checks and loops of a kernel on the way to code, for people to read and tests
// to hold on to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

/// How a check is made, the most expensive way last.
enum class CheckFate : uint8_t {
  kAskedFor,  ///< not at all: the program says what is meant
  kProved,    ///< not at all: it cannot find anything
  kLoop,      ///< once for all iterations of a loop
  kStrip,     ///< once for many lanes
  kFlags,     ///< in vectors, for all lanes at once
  kBranch,    ///< by a branch where it stands
};
std::string_view TextOf(CheckFate fate);

struct CheckNote {
  SourceRange range;
  FaultKind fault = FaultKind::kOverflow;
  CheckFate fate = CheckFate::kBranch;
  std::string reason;  ///< kProved: "loop bounds"
};

struct LoopNote {
  SourceRange range;
  int lanes = 0;              ///< 0: its iterations do not run in lanes
  bool threads = false;       ///< threads share its iterations
  uint64_t threads_from = 0;  ///< from how many iterations on, as far as that is known
  bool may_race = false;      ///< it is not decided whether two iterations use one element
  std::string text;           ///< what else is to be said: why there are no lanes
};

struct Explanation {
  std::vector<LoopNote> loops;
  std::vector<CheckNote> checks;

  /// Of notes about one loop the first with the most lanes stays. Once a loop may race, it does.
  void Add(LoopNote note);
  /// The note about a check; null if there is none.
  CheckNote* Find(const SourceRange& range, FaultKind fault);
  /// Of notes about one check the most expensive way stays.
  void Add(CheckNote note);
  /// Adds the checks that an operation still has.
  void Add(const Op& op, CheckFate fate, std::string reason = {});
};

}  // namespace einkorn::ir
