// Variables, scopes and the environment of current values.
#include <fmt/format.h>
#include <fmt/ranges.h>

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

VariableId FunctionLowering::AddVariable(Name name, VariableKind kind, const Operand& value) {
  const VariableId id(variables_.size());
  Variable v;
  v.name = name.text;
  v.range = name.range;
  v.kind = kind;
  v.type = value.type;
  v.sizes = value.sizes;
  v.in_memory = value.in_memory;
  v.first_part = values_.size();
  v.part_count = value.parts.size();
  v.parallel_depth = parallel_depth_;
  variables_.push_back(std::move(v));
  const size_t rank = value.sizes.size();
  for (const Component& component : value.type.info().components) {
    const int dimensions = static_cast<int>(rank + component.sizes.size());
    const Type type = value.in_memory ? Type::Array(component.scalar, dimensions)
                                      : Type::Scalar(component.scalar);
    value_types_.insert(value_types_.end(), value.in_memory ? 1 : component.leaf_count, type);
  }
  values_.insert(values_.end(), value.parts.begin(), value.parts.end());
  return id;
}

VariableId FunctionLowering::Declare(Name name, VariableKind kind, const Operand& value) {
  const VariableId id = AddVariable(name, kind, value);
  if (IsAssigned(variable(id))) SetParts(id, value.parts);
  if (name.text == "_") return id;
  const bool is_free = CheckFree(name);
  // A variable that hides an item was reported; its uses mean the variable.
  if (is_free || !visible_.contains(name.text)) {
    visible_[name.text] = id;
    scopes_.back().push_back(id);
  }
  return id;
}

VariableId FunctionLowering::DeclareUnassigned(Name name, VariableKind kind, const DataType& type) {
  return Declare(name, kind, MakeValue(type, std::vector<ir::ValueId>(type.leaf_count())));
}

VariableId FunctionLowering::DeclareHidden(std::string_view name, const Operand& value) {
  return AddVariable({name, {}}, VariableKind::kHidden, value);
}

Operand FunctionLowering::OperandOf(const Variable& v) const {
  const auto parts = PartsOf(v);
  return {v.type, {parts.begin(), parts.end()}, v.sizes, v.in_memory, {}};
}

bool FunctionLowering::IsAssigned(const Variable& v) const {
  return std::ranges::all_of(PartsOf(v), [](ir::ValueId part) { return part.valid(); });
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

// As reports call a part of a variable: `p.mass`, `v[2]`.
std::string FunctionLowering::PartName(const Variable& v, size_t part) const {
  std::string name(v.name);
  const auto& components = v.type.info().components;
  if (v.in_memory) return name + components[part].path;
  const auto at = std::ranges::find_if(
      components, [&](const Component& c) { return part < c.first_leaf + c.leaf_count; });
  name += at->path;
  if (at->sizes.empty()) return name;
  return fmt::format("{}[{}]", name, fmt::join(IndicesOf(at->sizes, part - at->first_leaf), ", "));
}

void FunctionLowering::NamePart(size_t position) {
  const auto after = std::ranges::upper_bound(variables_, position, {}, &Variable::first_part);
  // Variables without parts share the position of the next one, so the last before it has it.
  const Variable& v = *std::prev(after);
  if (v.kind == VariableKind::kHidden || v.name == "_") return;
  builder_.Name(values_[position],
                v.type.is_scalar() ? std::string(v.name) : PartName(v, position - v.first_part));
}

void FunctionLowering::SetParts(VariableId id, std::span<const ir::ValueId> parts) {
  const size_t first = variable(id).first_part;
  for (size_t k = 0; k < parts.size(); ++k) {
    values_[first + k] = parts[k];
    NamePart(first + k);
  }
}

void FunctionLowering::Restore(const std::vector<ir::ValueId>& snapshot) {
  std::ranges::copy(snapshot, values_.begin());
}

}  // namespace einkorn::frontend
