// One module: the functions that were asked for, then what they use.
#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"
#include "frontend/literals.h"
#include "frontend/lowering.h"
#include "frontend/walk.h"

namespace einkorn::frontend {
namespace {

// More variants of functions than any program needs; beyond it something instantiates for ever.
constexpr size_t kMaxFunctions = 4096;

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

// What a type parameter stands for, or a type of the language; else invalid.
DataType KnownType(std::string_view text, const Item& item, const TypeArguments& types) {
  for (size_t k = 0; k < item.type_parameters.size() && k < types.size(); ++k)
    if (item.type_parameters[k].name.text == text) return types[k];
  return TypeNamed(text);
}

std::string TextOf(const TypeArguments& types) {
  std::string text;
  for (const DataType& type : types)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", type.text());
  for (const StaticValue& value : types.statics)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", value.name,
                        FormatScalar(value.type, value.bits));
  return text;
}

}  // namespace

ir::FunctionId ModuleLowering::Require(const Item& item, const TypeArguments& type_arguments,
                                       int level) {
  const std::string types = TextOf(type_arguments);
  const auto key = std::pair(&item, level == 0 ? types : fmt::format("{} in {}", types, level));
  if (const auto at = made_.find(key); at != made_.end()) return at->second;
  if (module_.functions.size() >= kMaxFunctions) {
    if (!std::exchange(is_full_, true))
      diagnostics_
          ->Report(DiagnosticCode::kTooManyVariants, item.name.range, kMaxFunctions, item.name.text)
          .hint =
          "a function that calls itself with another static value needs a `static if` "
          "that ends it";
    return ir::FunctionId(0);
  }
  const ir::FunctionId id(module_.functions.size());
  ir::Function function;
  const SourceUnit& unit = program_.UnitOf(item);
  function.name = item.name.text;
  if (!unit.name.empty()) function.name = fmt::format("{}.{}", unit.name, item.name.text);
  function.range = item.name.range;
  if (!types.empty()) function.name += fmt::format("<{}>", types);
  module_.functions.push_back(std::move(function));
  made_[key] = id;
  jobs_.push_back({&item, type_arguments, level, id});
  return id;
}

ir::FunctionId ModuleLowering::RequireConstant(const Item& item) {
  return Require(item, {});
}

void ModuleLowering::Finish() {
  for (size_t next = 0; next < jobs_.size() && !is_full_; ++next) {
    const Job job = jobs_[next];
    // Lowered aside, because calls add functions to the module on the way.
    ir::Function function = std::move(module_.function(job.function));
    FunctionLowering lowering(*this, *job.item, job.type_arguments, function, job.level);
    if (job.item->kind == ItemKind::kConst)
      lowering.LowerConstant(job.item->value, Resolve(job.item->type, *job.item, {}),
                             job.item->name.range);
    else
      lowering.Lower();
    module_.function(job.function) = std::move(function);
  }
  // A launch begins with arrays without gaps, unless the host says otherwise.
  if (module_.entry.valid())
    for (ir::Param& param : module_.function(module_.entry).params)
      param.layout = ir::Layout::kContiguous;
  jobs_.clear();
}

void ModuleLowering::FinishStatic() {
  for (size_t next = 0; next < jobs_.size() && !is_full_; ++next) {
    const Job job = jobs_[next];
    // A function by itself was checked at its definition.
    if (job.type_arguments.statics.empty() && job.level == 0) continue;
    ir::Function function;
    FunctionLowering(*this, *job.item, job.type_arguments, function, job.level).Lower();
  }
}

int ModuleLowering::LevelsOf(const Item& item) {
  const auto [at, added] = levels_.try_emplace(&item, 0);
  if (!added) return at->second;
  const SourceUnit& unit = program_.UnitOf(item);
  const std::function<int(BlockId)> levels = [&](BlockId block) {
    int deepest = 0;
    SyntaxVisitor visitor;
    visitor.statement = [&](const Statement& s) {
      if (s.kind == StatementKind::kParallelFor) deepest = std::max(deepest, 1 + levels(s.block));
    };
    visitor.expression = [&](const Expr& e) {
      if (e.kind != ExprKind::kCall) return;
      const Item* called = unit.ItemMeantBy(unit.tree.expr(e.a));
      if (called != nullptr) deepest = std::max(deepest, LevelsOf(*called));
    };
    Walk(unit.tree, block, visitor);
    return deepest;
  };
  return levels_[&item] = levels(item.body);
}

// The item that a type's name means: `Particle`, or `geometry.Particle` of an imported file.
const Item* ModuleLowering::ItemOfType(const TypeExpr& type, const SourceUnit& unit) const {
  const size_t dot = type.text.find('.');
  if (dot == std::string_view::npos) return unit.ItemNamed(type.text);
  const SourceUnit* imported = unit.ImportNamed(type.text.substr(0, dot));
  return imported == nullptr ? nullptr : imported->ItemNamed(type.text.substr(dot + 1));
}

DataType ModuleLowering::Resolve(TypeExprId id, const Item& item, const TypeArguments& types) {
  const SourceUnit& unit = program_.UnitOf(item);
  const TypeExpr& type = unit.tree.type(id);
  if (type.kind == TypeExprKind::kArray) return ResolveArray(type, item, types);
  const DataType known = KnownType(type.text, item, types);
  if (known.valid()) return known;
  const Item* declared = ItemOfType(type, unit);
  if (declared == nullptr || declared->kind != ItemKind::kStruct) {
    ReportUnknownType(type, item);
    return {};
  }
  if (declared->name.text.starts_with('_') && &program_.UnitOf(*declared) != &unit) {
    diagnostics_
        ->Report(DiagnosticCode::kPrivateName, type.range, declared->name.text,
                 program_.UnitOf(*declared).name)
        .notes.push_back({declared->name.range, "declared here"});
    return {};
  }
  return StructOf(*declared);
}

DataType ModuleLowering::ResolveArray(const TypeExpr& type, const Item& item,
                                      const TypeArguments& types) {
  const SyntaxTree& tree = program_.UnitOf(item).tree;
  const DataType element = Resolve(type.element, item, types);
  if (!element.valid()) return {};
  std::vector<int64_t> sizes;
  Int128 leaves = static_cast<Int128>(element.leaf_count());
  for (ExprId id : type.sizes) {
    const SourceRange range = tree.expr(id).range;
    const auto size = ConstantInteger(id, item, types);
    if (!size) {
      diagnostics_
          ->Report(DiagnosticCode::kInvalidSize, range,
                   fmt::format("`{}`", program_.sources.Text(range)))
          .hint = "a value array has constant sizes";
      return {};
    }
    if (*size < 0) {
      diagnostics_->Report(DiagnosticCode::kInvalidSize, range, FormatInt128(*size));
      return {};
    }
    leaves *= *size;
    if (leaves > kMaxLeaves) {
      diagnostics_->Report(DiagnosticCode::kInvalidSize, type.range,
                           fmt::format("a shape of more than {} elements", kMaxLeaves));
      return {};
    }
    sizes.push_back(*size);
  }
  const DataType array = DataType::Array(std::move(sizes), element);
  return CheckRank(array, 0, type.range) ? array : DataType();
}

// Whether each component, behind `outer` dimensions of an array, has few enough dimensions.
bool ModuleLowering::CheckRank(const DataType& type, size_t outer, SourceRange range) {
  for (const Component& component : type.info().components) {
    const size_t rank = outer + component.sizes.size();
    if (rank <= kMaxRank) continue;
    diagnostics_->Report(DiagnosticCode::kInvalidSize, range,
                         fmt::format("a shape of {} dimensions (the most are {})", rank, kMaxRank));
    return false;
  }
  return true;
}

void ModuleLowering::ReportUnknownType(const TypeExpr& type, const Item& item) {
  Diagnostic& report = diagnostics_->Report(DiagnosticCode::kUnknownType, type.range, type.text);
  if (const auto ours = TypeInOtherLanguages(type.text)) {
    report.hint = fmt::format("here it is called {}", *ours);
    return;
  }
  std::vector<std::string_view> candidates = {"c64", "c128"};
  for (int k = 0; k < kScalarTypeCount; ++k)
    candidates.push_back(einkorn::TextOf(static_cast<ScalarType>(k)));
  for (const TypeParameterDecl& parameter : item.type_parameters)
    candidates.push_back(parameter.name.text);
  for (const Item& other : program_.UnitOf(item).tree.items)
    if (other.kind == ItemKind::kStruct) candidates.push_back(other.name.text);
  if (const auto nearest = NearestSpelling(type.text, candidates))
    report.hint = fmt::format("did you mean `{}`?", *nearest);
}

DataType ModuleLowering::StructOf(const Item& item) {
  const auto [at, added] = program_.structs.try_emplace(&item);
  if (!added) {
    if (at->second.type.valid() || at->second.is_wrong) return at->second.type;
    // Its own fields led back here.
    at->second.is_wrong = true;
    diagnostics_->Report(DiagnosticCode::kRecursiveStruct, item.name.range, item.name.text);
    return {};
  }
  NamedTypes fields;
  bool ok = true;
  Int128 leaves = 0;
  for (const ParameterDecl& field : item.parameters) {
    const auto same = [&](const auto& known) { return known.first == field.name.text; };
    if (std::ranges::any_of(fields, same)) {
      diagnostics_->Report(DiagnosticCode::kDuplicateName, field.name.range, field.name.text);
      ok = false;
    }
    const DataType type = Resolve(field.type, item, {});
    ok = ok && type.valid();
    if (!ok) continue;
    leaves += static_cast<Int128>(type.leaf_count());
    fields.emplace_back(field.name.text, type);
  }
  CheckedProgram::StructState& state = program_.structs[&item];
  if (leaves > kMaxLeaves) {
    diagnostics_->Report(DiagnosticCode::kInvalidSize, item.name.range,
                         fmt::format("a struct of more than {} scalars", kMaxLeaves));
    ok = false;
  }
  if (!ok || state.is_wrong) {
    state.is_wrong = true;
    return {};
  }
  const SourceUnit& unit = program_.UnitOf(item);
  const std::string text = unit.name.empty() ? std::string(item.name.text)
                                             : fmt::format("{}.{}", unit.name, item.name.text);
  state.type = MakeStruct(text, &item, fields);
  return state.type;
}

std::optional<int64_t> ModuleLowering::ConstantInteger(ExprId id, const Item& item,
                                                       const TypeArguments& types) {
  const SourceUnit& unit = program_.UnitOf(item);
  const Expr& e = unit.tree.expr(id);
  const auto fitted = [](Int128 value) {
    return FitsInteger(ScalarType::kI64, value) ? std::optional(static_cast<int64_t>(value))
                                                : std::nullopt;
  };
  switch (e.kind) {
    case ExprKind::kInteger: {
      const IntegerLiteral literal = ParseIntegerLiteral(e.text);
      if (literal.overflow || literal.value > UInt128(GreatestOf(ScalarType::kI64)))
        return std::nullopt;
      return static_cast<int64_t>(literal.value);
    }
    case ExprKind::kParen:
      return ConstantInteger(e.a, item, types);
    case ExprKind::kUnary: {
      const auto a = ConstantInteger(e.a, item, types);
      return a && e.unary == UnaryOperator::kNegate ? fitted(-Int128(*a)) : std::nullopt;
    }
    case ExprKind::kName:
    case ExprKind::kField: {
      if (e.kind == ExprKind::kName)
        if (const StaticValue* value = types.StaticNamed(e.text))
          return fitted(IntegerValue(value->type, value->bits));
      const Item* constant = unit.ItemMeantBy(e);
      if (constant == nullptr || constant->kind != ItemKind::kConst) return std::nullopt;
      const auto value = ConstantOf(*constant, e.range);
      if (!value || !value->type.is_scalar() || !IsInteger(value->type.scalar()))
        return std::nullopt;
      return fitted(IntegerValue(value->type.scalar(), value->bits.front()));
    }
    case ExprKind::kBinary: {
      const auto a = ConstantInteger(e.a, item, types);
      const auto b = a ? ConstantInteger(e.b, item, types) : std::nullopt;
      if (!b) return std::nullopt;
      const bool divides = *b != 0 && !(*b == -1 && *a == INT64_MIN);
      if (e.binary == BinaryOperator::kDivide && divides) return *a / *b;
      if (e.binary == BinaryOperator::kRemainder && divides) return *a % *b;
      if (e.binary == BinaryOperator::kAdd) return fitted(Int128(*a) + *b);
      if (e.binary == BinaryOperator::kSubtract) return fitted(Int128(*a) - *b);
      if (e.binary == BinaryOperator::kMultiply) return fitted(Int128(*a) * *b);
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<bool> ModuleLowering::StaticCondition(ExprId id, const Item& item,
                                                    const TypeArguments& types) {
  const SyntaxTree& tree = program_.UnitOf(item).tree;
  const Expr& e = tree.expr(id);
  const auto type_of = [&](ExprId side) -> DataType {
    const Expr& name = tree.expr(side);
    return name.kind == ExprKind::kName ? KnownType(name.text, item, types) : DataType();
  };
  switch (e.kind) {
    case ExprKind::kBool:
      return e.flag;
    case ExprKind::kParen:
      return StaticCondition(e.a, item, types);
    case ExprKind::kName:
      if (const StaticValue* value = types.StaticNamed(e.text); value != nullptr)
        return value->type == ScalarType::kBool ? std::optional(value->bits != 0) : std::nullopt;
      if (const Item* constant = program_.UnitOf(item).ItemNamed(e.text);
          constant != nullptr && constant->kind == ItemKind::kConst) {
        const auto value = ConstantOf(*constant, e.range);
        if (value && value->type == ScalarType::kBool) return value->bits.front() != 0;
      }
      return std::nullopt;
    case ExprKind::kUnary: {
      const auto a = StaticCondition(e.a, item, types);
      return a && e.unary == UnaryOperator::kLogicalNot ? std::optional(!*a) : std::nullopt;
    }
    case ExprKind::kBinary: {
      if (e.binary == BinaryOperator::kLogicalAnd || e.binary == BinaryOperator::kLogicalOr) {
        const auto a = StaticCondition(e.a, item, types);
        const bool decided = a && *a == (e.binary == BinaryOperator::kLogicalOr);
        return !a || decided ? a : StaticCondition(e.b, item, types);
      }
      const bool equality =
          e.binary == BinaryOperator::kEqual || e.binary == BinaryOperator::kNotEqual;
      if (const DataType left = type_of(e.a), right = type_of(e.b);
          equality && left.valid() && right.valid())
        return (left == right) == (e.binary == BinaryOperator::kEqual);
      const auto a = ConstantInteger(e.a, item, types);
      const auto b = ConstantInteger(e.b, item, types);
      if (!a || !b) return std::nullopt;
      switch (InfoOf(e.binary).opcode) {
        case Opcode::kEq:
          return *a == *b;
        case Opcode::kNe:
          return *a != *b;
        case Opcode::kLt:
          return *a < *b;
        case Opcode::kLe:
          return *a <= *b;
        case Opcode::kGt:
          return *a > *b;
        case Opcode::kGe:
          return *a >= *b;
        default:
          return std::nullopt;
      }
    }
    default:
      return std::nullopt;
  }
}

// A parameter in memory is a view, unless all its sizes are constant; one of constant sizes that is
// not written is a value, but in a kernel it still comes from the host's memory.
std::optional<BoundParameter> ModuleLowering::Bind(const ParameterDecl& declaration,
                                                   const Item& item, const TypeArguments& types) {
  const SyntaxTree& tree = program_.UnitOf(item).tree;
  const TypeExpr& type = tree.type(declaration.type);
  BoundParameter bound{&declaration, {}, nullptr, 0};
  if (type.kind != TypeExprKind::kArray) {
    bound.type = Resolve(declaration.type, item, types);
    if (!bound.type.valid()) return std::nullopt;
    return bound;
  }
  const bool is_constant = std::ranges::all_of(type.sizes, [&](ExprId size) {
    return ConstantInteger(size, item, types).value_or(-1) >= 0;
  });
  const bool is_value =
      is_constant && declaration.access == AccessKind::kIn && item.kind == ItemKind::kFunction;
  bound.type = is_constant ? ResolveArray(type, item, types) : Resolve(type.element, item, types);
  if (!bound.type.valid()) return std::nullopt;
  if (!is_value) bound.array = &type;
  if (!is_constant) bound.rank = type.sizes.size();
  return CheckRank(bound.type, bound.rank, type.range) ? std::optional(bound) : std::nullopt;
}

std::optional<Signature> ModuleLowering::SignatureOf(const Item& item,
                                                     const TypeArguments& type_arguments) {
  Signature signature;
  bool ok = true;
  for (const ParameterDecl& declaration : item.parameters) {
    const auto bound = Bind(declaration, item, type_arguments);
    if (bound) signature.parameters.push_back(*bound);
    ok = ok && bound.has_value();
  }
  if (item.result.valid()) {
    signature.result = Resolve(item.result, item, type_arguments);
    ok = ok && signature.result.valid();
  }
  if (!ok) return std::nullopt;
  return signature;
}

std::optional<Int128> ModuleLowering::StaticValueOf(ExprId value, ScalarType type, const Item& item,
                                                    const TypeArguments& types) {
  if (type == ScalarType::kBool) return StaticCondition(value, item, types);
  return ConstantInteger(value, item, types);
}

std::optional<CheckedProgram::ConstantValue> ModuleLowering::ConstantOf(const Item& item,
                                                                        SourceRange use) {
  const std::lock_guard lock(program_.constants_mutex);
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
  const DataType type = Resolve(item.type, item, {});
  if (!type.valid()) return fail();
  const size_t errors = diagnostics_->error_count();
  ModuleLowering lowering(program_, *diagnostics_);
  lowering.module_.entry = lowering.RequireConstant(item);
  lowering.Finish();
  if (diagnostics_->error_count() != errors || lowering.is_incomplete_ ||
      value.state == State::kFailed)
    return fail();
  auto bits = lowering.Evaluate(item.name.text, item.name.range);
  if (!bits) return fail();
  value.state = State::kKnown;
  value.type = type;
  value.bits = std::move(*bits);
  return value;
}

std::optional<std::vector<uint64_t>> ModuleLowering::DefaultOf(const ParameterDecl& parameter,
                                                               const DataType& type,
                                                               const Item& item,
                                                               const TypeArguments& types) {
  const size_t errors = diagnostics_->error_count();
  ModuleLowering lowering(program_, *diagnostics_);
  lowering.open_defaults_ = open_defaults_;
  lowering.open_defaults_.insert(&parameter);
  lowering.module_.functions.emplace_back();
  lowering.module_.entry = ir::FunctionId(0);
  ir::Function function;
  function.name = parameter.name.text;
  function.range = parameter.range;
  FunctionLowering(lowering, item, types, function)
      .LowerConstant(parameter.value, type, parameter.range);
  lowering.module_.functions[0] = std::move(function);
  lowering.Finish();
  if (diagnostics_->error_count() != errors || lowering.is_incomplete_) {
    is_incomplete_ = true;
    return std::nullopt;
  }
  auto bits = lowering.Evaluate(parameter.name.text, parameter.range);
  if (bits && bits->size() != type.leaf_count()) return std::nullopt;
  return bits;
}

// What the entry gives; a fault is reported at `range`.
std::optional<std::vector<uint64_t>> ModuleLowering::Evaluate(std::string_view name,
                                                              SourceRange range) {
  auto result = program_.evaluate(module_);
  if (result.ok()) return std::move(result).value();
  const Fault& fault = result.error();
  diagnostics_->Report(DiagnosticCode::kConstantFault, range, name, fault.message)
      .notes.push_back({fault.range, fmt::format("error[{}] here", TextOf(fault.kind))});
  return std::nullopt;
}

}  // namespace einkorn::frontend
