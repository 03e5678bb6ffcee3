// The values that are known at one point of a walk over nested regions, by how they are computed.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

/// What decides the value of an operation that depends on its operands alone.
struct ValueKey {
  Opcode opcode = Opcode::kConstant;
  Rule rule = Rule::kNone;
  ScalarType type = ScalarType::kBool;
  uint64_t immediate = 0;
  std::vector<ValueId> operands;  ///< sorted where their order does not matter
  friend auto operator<=>(const ValueKey&, const ValueKey&) = default;
};

/// `spec` has one scalar result and neither reads, writes nor regions.
ValueKey KeyOf(const OpSpec& spec);

/// Entries made in a region are forgotten at its end, so what is found dominates the point of
/// asking.
class ValueTable {
 public:
  void EnterRegion() { scopes_.emplace_back(); }
  void LeaveRegion();

  /// A value with this key whose operation has made all of `checks`; invalid if there is none. Such
  /// an operation did not fault, so one that is asked for would not either.
  ValueId Find(const ValueKey& key, FaultSet checks) const;
  void Add(const ValueKey& key, ValueId value, FaultSet checks);

 private:
  struct Entry {
    ValueId value;
    FaultSet checks = 0;
  };
  struct Change {
    ValueKey key;
    std::optional<Entry> before;
  };
  std::map<ValueKey, Entry> entries_;
  std::vector<std::vector<Change>> scopes_ = std::vector<std::vector<Change>>(1);
};

}  // namespace einkorn::ir
