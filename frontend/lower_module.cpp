// One module: the functions that were asked for, then what they use.
#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"
#include "frontend/lowering.h"

namespace einkorn::frontend {
namespace {

// More variants of functions than any program needs; beyond it something instantiates for ever.
constexpr size_t kMaxFunctions = 4096;

ir::FunctionKind KindFor(ItemKind kind) {
  switch (kind) {
    case ItemKind::kKernel:
      return ir::FunctionKind::kKernel;
    case ItemKind::kFunction:
      return ir::FunctionKind::kFunction;
    case ItemKind::kConst:
      return ir::FunctionKind::kConstant;
    case ItemKind::kTest:
      return ir::FunctionKind::kTest;
  }
  return ir::FunctionKind::kFunction;
}

// The names that other languages give to scalar types, with ours.
std::optional<std::string_view> TypeInOtherLanguages(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"int", "i32 or i64"}, {"long", "i64"},   {"float", "f32"},   {"double", "f64"},
      {"char", "u8"},        {"byte", "u8"},    {"short", "i16"},   {"unsigned", "u32"},
      {"usize", "i64"},      {"isize", "i64"},  {"size_t", "i64"},  {"int32", "i32"},
      {"int64", "i64"},      {"uint8", "u8"},   {"float32", "f32"}, {"float64", "f64"},
      {"boolean", "bool"},   {"number", "f64"}, {"uint32", "u32"},  {"int8", "i8"}};
  for (const auto& [other, ours] : names)
    if (other == name) return ours;
  return std::nullopt;
}

constexpr std::string_view kPlannedTypes[] = {"f16", "bf16", "c64", "c128"};

}  // namespace

ir::FunctionId ModuleLowering::Require(const Item& item, const TypeArguments& type_arguments) {
  const auto key = std::pair(&item, type_arguments);
  if (const auto at = made_.find(key); at != made_.end()) return at->second;
  EINKORN_CHECK(module_.functions.size() < kMaxFunctions, "too many variants of functions");
  const ir::FunctionId id(module_.functions.size());
  ir::Function function;
  const SourceUnit& unit = program_.UnitOf(item);
  function.name = item.name.text;
  if (!unit.name.empty()) function.name = fmt::format("{}.{}", unit.name, item.name.text);
  function.kind = KindFor(item.kind);
  function.range = item.name.range;
  if (!type_arguments.empty()) {
    std::string list;
    for (ScalarType type : type_arguments)
      list += fmt::format("{}{}", list.empty() ? "" : ", ", TextOf(type));
    function.name += fmt::format("<{}>", list);
  }
  module_.functions.push_back(std::move(function));
  made_[key] = id;
  jobs_.push_back({&item, type_arguments, id});
  return id;
}

ir::FunctionId ModuleLowering::RequireConstant(const Item& item) {
  return Require(item, {});
}

void ModuleLowering::Finish() {
  for (size_t next = 0; next < jobs_.size(); ++next) {
    const Job job = jobs_[next];
    // Lowered aside, because calls add functions to the module on the way.
    ir::Function function = std::move(module_.function(job.function));
    FunctionLowering lowering(*this, *job.item, job.type_arguments, function);
    if (job.item->kind == ItemKind::kConst)
      lowering.LowerConstant();
    else
      lowering.Lower();
    module_.function(job.function) = std::move(function);
  }
  jobs_.clear();
}

std::optional<ScalarType> ModuleLowering::ResolveScalar(TypeExprId id, const Item& item,
                                                        const TypeArguments& type_arguments) {
  const TypeExpr& type = program_.UnitOf(item).tree.type(id);
  if (type.kind == TypeExprKind::kArray) {
    diagnostics_->Report(DiagnosticCode::kTypeMismatch, type.range, "a scalar type",
                         "an array type");
    return std::nullopt;
  }
  if (const auto scalar = ScalarTypeNamed(type.text)) return scalar;
  for (size_t k = 0; k < item.type_parameters.size() && k < type_arguments.size(); ++k)
    if (item.type_parameters[k].name.text == type.text) return type_arguments[k];
  if (std::ranges::find(kPlannedTypes, type.text) != std::end(kPlannedTypes)) {
    diagnostics_->Report(DiagnosticCode::kNotBuilt, type.range,
                         fmt::format("values of type {}", type.text));
    return std::nullopt;
  }
  Diagnostic& report = diagnostics_->Report(DiagnosticCode::kUnknownType, type.range, type.text);
  if (const auto ours = TypeInOtherLanguages(type.text)) {
    report.hint = fmt::format("here it is called {}", *ours);
    return std::nullopt;
  }
  std::vector<std::string_view> candidates;
  for (int k = 0; k < kScalarTypeCount; ++k)
    candidates.push_back(TextOf(static_cast<ScalarType>(k)));
  for (const TypeParameterDecl& parameter : item.type_parameters)
    candidates.push_back(parameter.name.text);
  if (const auto nearest = NearestSpelling(type.text, candidates))
    report.hint = fmt::format("did you mean `{}`?", *nearest);
  return std::nullopt;
}

std::optional<Signature> ModuleLowering::SignatureOf(const Item& item,
                                                     const TypeArguments& type_arguments) {
  const SyntaxTree& tree = program_.UnitOf(item).tree;
  Signature signature;
  bool ok = true;
  for (const ParameterDecl& declaration : item.parameters) {
    const TypeExpr& type = tree.type(declaration.type);
    const bool is_array = type.kind == TypeExprKind::kArray;
    const auto scalar =
        ResolveScalar(is_array ? type.element : declaration.type, item, type_arguments);
    if (!scalar) {
      ok = false;
      continue;
    }
    if (type.sizes.size() > kMaxRank) {
      diagnostics_->Report(
          DiagnosticCode::kInvalidSize, type.range,
          fmt::format("a shape of {} dimensions (the most are {})", type.sizes.size(), kMaxRank));
      ok = false;
      continue;
    }
    const Type bound = is_array ? Type::Array(*scalar, static_cast<int>(type.sizes.size()))
                                : Type::Scalar(*scalar);
    signature.parameters.push_back({&declaration, bound, is_array ? &type : nullptr});
  }
  if (item.result.valid()) {
    if (tree.type(item.result).kind == TypeExprKind::kArray) {
      diagnostics_
          ->Report(DiagnosticCode::kNotBuilt, tree.type(item.result).range,
                   "results that are arrays")
          .hint = "use an `out` parameter";
      return std::nullopt;
    }
    signature.result = ResolveScalar(item.result, item, type_arguments);
    ok = ok && signature.result.has_value();
  }
  if (!ok) return std::nullopt;
  return signature;
}

std::optional<CheckedProgram::ConstantValue> ModuleLowering::ConstantOf(const Item& item,
                                                                        SourceRange use) {
  using State = CheckedProgram::ConstantState;
  CheckedProgram::ConstantValue& value = program_.constants[&item];
  switch (value.state) {
    case State::kKnown:
      return value;
    case State::kFailed:
      is_incomplete_ = true;
      return std::nullopt;
    case State::kInProgress:
      value.state = State::kFailed;
      diagnostics_->Report(DiagnosticCode::kConstantCycle, use, item.name.text)
          .notes.push_back({item.name.range, "declared here"});
      return std::nullopt;
    case State::kUnknown:
      break;
  }
  value.state = State::kInProgress;
  const auto fail = [&]() -> std::optional<CheckedProgram::ConstantValue> {
    is_incomplete_ = true;
    value.state = State::kFailed;
    return std::nullopt;
  };
  if (!item.type.valid() || !item.value.valid()) return fail();
  const SyntaxTree& tree = program_.UnitOf(item).tree;
  if (tree.type(item.type).kind == TypeExprKind::kArray) {
    diagnostics_->Report(DiagnosticCode::kNotBuilt, tree.type(item.type).range, "constant arrays");
    return fail();
  }
  const auto type = ResolveScalar(item.type, item, {});
  if (!type) return fail();
  const size_t errors = diagnostics_->error_count();
  ModuleLowering lowering(program_, *diagnostics_);
  lowering.module_.entry = lowering.RequireConstant(item);
  lowering.Finish();
  if (diagnostics_->error_count() != errors || lowering.is_incomplete_ ||
      value.state == State::kFailed)
    return fail();
  const auto result = program_.evaluate(lowering.module_);
  if (!result.ok()) {
    Diagnostic& report = diagnostics_->Report(DiagnosticCode::kConstantFault, item.name.range,
                                              item.name.text, result.error().message);
    report.notes.push_back(
        {result.error().range, fmt::format("error[{}] here", TextOf(result.error().kind))});
    return fail();
  }
  value.state = State::kKnown;
  value.type = *type;
  value.bits = result.value().at(0);
  return value;
}

}  // namespace einkorn::frontend
