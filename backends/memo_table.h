// The results that functions marked @memo keep during a launch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "ir/module.h"

namespace einkorn {

/// What a call gave, and how many calls of recursive functions stood on each other in it.
struct MemoEntry {
  std::vector<uint64_t> results;
  int height = 0;
};

/// Results by arguments and function. Bounded: a full table keeps what it has. A result counts only
/// where making it anew could not nest too deep, so that a table changes no error.
class MemoTable {
 public:
  explicit MemoTable(const ir::Module& module) {
    for (const ir::Function& function : module.functions)
      least_limit_ = std::min(least_limit_, function.depth_limit);
  }

  /// The entry of `key` if it may be used at `depth`, else null.
  const MemoEntry* Find(const std::vector<uint64_t>& key, int depth) const {
    const auto at = entries_.find(key);
    if (at == entries_.end() || depth + at->second.height > least_limit_) return nullptr;
    return &at->second;
  }

  void Keep(std::vector<uint64_t> key, MemoEntry entry) {
    if (entries_.size() < kMostEntries) entries_.emplace(std::move(key), std::move(entry));
  }

 private:
  static constexpr size_t kMostEntries = 1 << 16;
  int least_limit_ = ir::kMaxRecursionDepth;
  std::map<std::vector<uint64_t>, MemoEntry> entries_;
};

}  // namespace einkorn
