// A checked program: the syntax tree, its items by name, and the values of its constants.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/ast.h"
#include "frontend/frontend.h"

namespace einkorn::frontend {

class CheckedProgram {
 public:
  CheckedProgram(const SourceSet& program_sources, SyntaxTree program_tree,
                 ConstantEvaluator evaluator)
      : sources(program_sources), tree(std::move(program_tree)), evaluate(std::move(evaluator)) {}

  enum class ConstantState { kUnknown, kInProgress, kKnown, kFailed };
  struct ConstantValue {
    ConstantState state = ConstantState::kUnknown;
    ScalarType type = ScalarType::kI64;
    uint64_t bits = 0;
  };

  const Item* ItemNamed(std::string_view name) const {
    const auto at = items.find(name);
    return at == items.end() ? nullptr : &tree.items[at->second];
  }
  size_t IndexOf(const Item& item) const { return static_cast<size_t>(&item - tree.items.data()); }

  const SourceSet& sources;
  const SyntaxTree tree;
  const ConstantEvaluator evaluate;
  std::unordered_map<std::string_view, size_t> items;  ///< all but tests
  std::map<size_t, ConstantValue> constants;           ///< by item index; filled by Check
};

}  // namespace einkorn::frontend
