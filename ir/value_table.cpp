#include "ir/value_table.h"

#include <algorithm>
#include <utility>

namespace einkorn::ir {

ValueKey KeyOf(const OpSpec& spec) {
  ValueKey key{spec.opcode, spec.rule, spec.results[0].scalar, spec.immediate, spec.operands};
  if (InfoOf(spec.opcode).effects & kCommutative) std::ranges::sort(key.operands);
  return key;
}

void ValueTable::LeaveRegion() {
  std::vector<Change>& changes = scopes_.back();
  while (!changes.empty()) {
    Change& change = changes.back();
    if (change.before)
      entries_[std::move(change.key)] = *change.before;
    else
      entries_.erase(change.key);
    changes.pop_back();
  }
  scopes_.pop_back();
}

ValueId ValueTable::Find(const ValueKey& key, FaultSet checks) const {
  const auto found = entries_.find(key);
  const bool is_known = found != entries_.end() && (checks & ~found->second.checks) == 0;
  return is_known ? found->second.value : ValueId();
}

void ValueTable::Add(const ValueKey& key, ValueId value, FaultSet checks) {
  const auto found = entries_.find(key);
  scopes_.back().push_back(
      {key, found == entries_.end() ? std::nullopt : std::optional(found->second)});
  entries_[key] = {value, checks};
}

}  // namespace einkorn::ir
