#include "ir/call_graph.h"

#include <algorithm>

namespace einkorn::ir {

CallGraph::CallGraph(const Module& module)
    : callees_(module.functions.size()), recursive_(module.functions.size()) {
  for (size_t i = 0; i < module.functions.size(); ++i)
    for (const Op& op : module.functions[i].ops)
      if (op.opcode == Opcode::kCall) callees_[i].emplace_back(op.immediate);
  FindComponents();
}

bool CallGraph::HasRecursion() const {
  return std::ranges::find(recursive_, true) != recursive_.end();
}

// The strongly connected components, callees first: R. Tarjan, "Depth-first search and linear graph
// algorithms", SIAM Journal on Computing 1972. Its recursion is a stack of our own, since a chain
// of calls may be long.
void CallGraph::FindComponents() {
  constexpr size_t kUnseen = SIZE_MAX;
  struct Visit {
    size_t function;
    size_t next;  // of its callees
  };
  const size_t count = callees_.size();
  std::vector<size_t> number(count, kUnseen), lowest(count);
  std::vector<bool> is_open(count);
  std::vector<size_t> open;
  std::vector<Visit> path;
  size_t numbered = 0;
  const auto enter = [&](size_t function) {
    number[function] = lowest[function] = numbered++;
    is_open[function] = true;
    open.push_back(function);
    path.push_back({function, 0});
  };
  for (size_t root = 0; root < count; ++root) {
    if (number[root] != kUnseen) continue;
    enter(root);
    while (!path.empty()) {
      const size_t function = path.back().function;
      if (path.back().next < callees_[function].size()) {
        const size_t callee = callees_[function][path.back().next++].index;
        if (callee == function) recursive_[function] = true;
        if (number[callee] == kUnseen)
          enter(callee);
        else if (is_open[callee])
          lowest[function] = std::min(lowest[function], number[callee]);
        continue;
      }
      path.pop_back();
      if (!path.empty())
        lowest[path.back().function] = std::min(lowest[path.back().function], lowest[function]);
      if (lowest[function] != number[function]) continue;
      // The component is all that was opened since.
      const bool has_several = open.back() != function;
      for (bool is_last = false; !is_last; open.pop_back()) {
        is_last = open.back() == function;
        is_open[open.back()] = false;
        if (has_several) recursive_[open.back()] = true;
        order_.emplace_back(open.back());
      }
    }
  }
}

}  // namespace einkorn::ir
