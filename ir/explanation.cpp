#include "ir/explanation.h"

#include <algorithm>
#include <utility>

namespace einkorn::ir {

std::string_view TextOf(CheckFate fate) {
  switch (fate) {
    case CheckFate::kAskedFor:
      return "asked for";
    case CheckFate::kProved:
      return "proved";
    case CheckFate::kLoop:
      return "loop";
    case CheckFate::kStrip:
      return "strip";
    case CheckFate::kFlags:
      return "flags";
    case CheckFate::kBranch:
      return "branch";
  }
  return "";
}

void Explanation::Add(LoopNote note) {
  const auto same =
      std::ranges::find_if(loops, [&](const LoopNote& other) { return other.range == note.range; });
  if (same == loops.end()) {
    loops.push_back(std::move(note));
    return;
  }
  // What only says that it may race says nothing else.
  const bool may_race = same->may_race || note.may_race;
  const bool is_empty = !same->threads && same->lanes == 0 && same->text.empty();
  if (is_empty || note.lanes > same->lanes) *same = std::move(note);
  same->may_race = may_race;
}

CheckNote* Explanation::Find(const SourceRange& range, FaultKind fault) {
  const auto at = std::ranges::find_if(
      checks, [&](const CheckNote& note) { return note.range == range && note.fault == fault; });
  return at == checks.end() ? nullptr : &*at;
}

void Explanation::Add(CheckNote note) {
  CheckNote* known = Find(note.range, note.fault);
  if (known == nullptr)
    checks.push_back(std::move(note));
  else if (note.fate > known->fate)
    *known = std::move(note);
}

void Explanation::Add(const Op& op, CheckFate fate, std::string reason) {
  for (int k = 0; k < kFaultKindCount; ++k) {
    const auto kind = static_cast<FaultKind>(k);
    if ((op.checks & BitOf(kind)) != 0) Add(CheckNote{op.range, kind, fate, reason});
  }
}

}  // namespace einkorn::ir
