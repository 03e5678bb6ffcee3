// Which functions of a module call which.
#pragma once

#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

class CallGraph {
 public:
  explicit CallGraph(const Module& module);

  /// Whether calls lead from `function` back to it.
  bool IsRecursive(FunctionId function) const { return recursive_[function.index]; }
  bool HasRecursion() const;
  /// All functions, each after those it calls as far as calls are not recursive.
  const std::vector<FunctionId>& CalleesFirst() const { return order_; }

 private:
  void FindComponents();

  std::vector<std::vector<FunctionId>> callees_;
  std::vector<FunctionId> order_;
  std::vector<bool> recursive_;
};

}  // namespace einkorn::ir
