// Variables, scopes and the environment of current values.
#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"
#include "frontend/lowering.h"

namespace einkorn::frontend {

bool FunctionLowering::CheckFree(Name name) {
  if (const auto at = visible_.find(name.text); at != visible_.end()) {
    const bool same_scope =
        std::find(scopes_.back().begin(), scopes_.back().end(), at->second) != scopes_.back().end();
    Diagnostic& report = same_scope ? Report(DiagnosticCode::kDuplicateName, name.range, name.text)
                                    : Report(DiagnosticCode::kShadowing, name.range, name.text);
    report.notes.push_back({variable(at->second).range, "declared here before"});
    report.hint = "choose another name";
    return false;
  }
  const Item* item = ItemNamed(name.text);
  const auto import = unit_.imports.find(name.text);
  if (item == nullptr && import == unit_.imports.end()) return true;
  Diagnostic& report = Report(DiagnosticCode::kShadowing, name.range, name.text);
  if (item != nullptr)
    report.notes.push_back({item->name.range, "declared at file level here"});
  else
    report.notes.push_back({import->second.range, "imported here"});
  report.hint = "choose another name";
  return false;
}

const SourceUnit* FunctionLowering::ImportedUnit(const Expr& field) const {
  const Expr& file = expr(field.a);
  if (file.kind != ExprKind::kName || Find(file.text) != nullptr) return nullptr;
  return unit_.ImportNamed(file.text);
}

const Item* FunctionLowering::LowerImportedItem(const SourceUnit& imported, const Expr& field) {
  const Item* item = imported.ItemNamed(field.text);
  if (item != nullptr && field.text.starts_with('_')) {
    Report(DiagnosticCode::kPrivateName, field.range, field.text, imported.name)
        .notes.push_back({item->name.range, "declared here"});
    return nullptr;
  }
  if (item != nullptr) return item;
  Diagnostic& report = Report(DiagnosticCode::kUnknownName, field.range,
                              fmt::format("{}.{}", imported.name, field.text));
  std::vector<std::string_view> candidates;
  for (const auto& [text, index] : imported.items)
    if (!text.starts_with('_')) candidates.push_back(text);
  std::sort(candidates.begin(), candidates.end());
  if (const auto nearest = NearestSpelling(field.text, candidates))
    report.hint = fmt::format("did you mean `{}.{}`?", imported.name, *nearest);
  return nullptr;
}

const Item* FunctionLowering::CalleeOf(const Expr& call) const {
  const Expr& callee = expr(call.a);
  if (callee.kind == ExprKind::kName) return ItemNamed(callee.text);
  if (callee.kind != ExprKind::kField) return nullptr;
  const SourceUnit* imported = ImportedUnit(callee);
  return imported == nullptr ? nullptr : imported->ItemNamed(callee.text);
}

VariableId FunctionLowering::Declare(Name name, VariableKind kind, Type type, ir::ValueId value) {
  const VariableId id(variables_.size());
  variables_.push_back({name.text, name.range, kind, type, {}, {}, parallel_depth_});
  if (value.valid()) SetValue(id, value);
  if (name.text == "_") return id;
  const bool is_free = CheckFree(name);
  // A variable that hides an item was reported; its uses mean the variable.
  if (is_free || !visible_.contains(name.text)) {
    visible_[name.text] = id;
    scopes_.back().push_back(id);
  }
  return id;
}

VariableId FunctionLowering::DeclareHidden(std::string_view name, ScalarType type,
                                           ir::ValueId value) {
  const VariableId id(variables_.size());
  variables_.push_back(
      {name, {}, VariableKind::kHidden, Type::Scalar(type), value, {}, parallel_depth_});
  return id;
}

const Variable* FunctionLowering::Find(std::string_view name) const {
  const auto at = visible_.find(name);
  return at == visible_.end() ? nullptr : &variables_[at->second.index];
}

void FunctionLowering::CloseScope() {
  for (VariableId id : scopes_.back()) visible_.erase(variable(id).name);
  scopes_.pop_back();
}

void FunctionLowering::ReportUnknown(std::string_view name, SourceRange range) {
  Diagnostic& report = Report(DiagnosticCode::kUnknownName, range, name);
  std::vector<std::string_view> candidates;
  for (const auto& [text, id] : visible_) candidates.push_back(text);
  for (const auto& [text, index] : unit_.items) candidates.push_back(text);
  for (const auto& [text, imported] : unit_.imports) candidates.push_back(text);
  for (const Builtin& builtin : AllBuiltins()) candidates.push_back(builtin.text);
  std::sort(candidates.begin(), candidates.end());
  if (const auto nearest = NearestSpelling(name, candidates))
    report.hint = fmt::format("did you mean `{}`?", *nearest);
}

void FunctionLowering::SetValue(VariableId id, ir::ValueId value) {
  Variable& target = variable(id);
  target.value = value;
  if (target.kind != VariableKind::kHidden && target.name != "_") builder_.Name(value, target.name);
}

std::vector<ir::ValueId> FunctionLowering::Snapshot() const {
  std::vector<ir::ValueId> values;
  values.reserve(variables_.size());
  for (const Variable& v : variables_) values.push_back(v.value);
  return values;
}

void FunctionLowering::Restore(const std::vector<ir::ValueId>& snapshot) {
  for (size_t i = 0; i < snapshot.size(); ++i) variables_[i].value = snapshot[i];
}

}  // namespace einkorn::frontend
