// A checked program: the syntax trees of its files, their items by name, and the values of the
// constants.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/ast.h"
#include "frontend/data_type.h"
#include "frontend/frontend.h"

namespace einkorn::frontend {

/// One file of a program with the names that it declares and imports.
struct SourceUnit {
  SyntaxTree tree;
  std::string name;  ///< `geometry`; empty for the program's own file
  bool is_library = false;
  std::unordered_map<std::string_view, size_t> items;  ///< all but tests
  struct Imported {
    const SourceUnit* unit;
    SourceRange range;
  };
  std::unordered_map<std::string_view, Imported> imports;

  const Item* ItemNamed(std::string_view text) const {
    const auto at = items.find(text);
    return at == items.end() ? nullptr : &tree.items[at->second];
  }
  const SourceUnit* ImportNamed(std::string_view text) const {
    const auto at = imports.find(text);
    return at == imports.end() ? nullptr : at->second.unit;
  }
  /// The item that `name` or `file.name` means, if it is no variable; null for anything else.
  const Item* ItemMeantBy(const Expr& e) const {
    if (e.kind == ExprKind::kName) return ItemNamed(e.text);
    if (e.kind != ExprKind::kField || tree.expr(e.a).kind != ExprKind::kName) return nullptr;
    const SourceUnit* imported = ImportNamed(tree.expr(e.a).text);
    return imported == nullptr ? nullptr : imported->ItemNamed(e.text);
  }
};

class CheckedProgram {
 public:
  CheckedProgram(SourceSet& program_sources, ConstantEvaluator evaluator)
      : sources(program_sources), evaluate(std::move(evaluator)) {}

  enum class ConstantState { kUnknown, kInProgress, kKnown, kFailed };
  struct ConstantValue {
    ConstantState state = ConstantState::kUnknown;
    DataType type;
    std::vector<uint64_t> bits;  ///< one a leaf
  };
  /// A struct's type; neither valid nor wrong while its fields are looked at.
  struct StructState {
    DataType type;
    bool is_wrong = false;
  };

  /// The file that the program was read from.
  const SourceUnit& root() const { return *units.front(); }
  const SourceUnit& UnitOf(const Item& item) const;
  /// Part `name` of the library, read when first asked for; null if there is none.
  const SourceUnit* Library(std::string_view name);

  SourceSet& sources;
  const ConstantEvaluator evaluate;
  std::vector<std::unique_ptr<SourceUnit>> units;  ///< each file once, the program's own first
  /// Constants of the program are computed by Check, those of the library when first asked for,
  /// which several threads may do.
  std::recursive_mutex constants_mutex;
  std::map<const Item*, ConstantValue> constants;
  std::map<const Item*, StructState> structs;  ///< filled by Check
};

}  // namespace einkorn::frontend
