// Which operations of the IR the programs of a run were lowered to.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ir/module.h"

namespace einkorn::fuzz {

/// Counts operations by name, rule and scalar type, as `add.checked i32`.
class Coverage {
 public:
  void Add(const ir::Module& module);
  void AddText(std::string_view program);

  /// What the tables of the language say that programs can be made of, and none was: operations,
  /// then operators and functions of the language.
  std::vector<std::string> Missing() const;
  size_t expected() const { return expected_.size(); }
  Coverage();

 private:
  std::set<std::string> expected_;
  std::set<std::string> seen_;
};

/// Why no kernel is lowered to this operation; empty if some are.
std::string_view ReasonNotMade(Opcode opcode);

}  // namespace einkorn::fuzz
