// Calls: which function is meant, with which types, and what it is given.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {

Operand FunctionLowering::LowerCall(const Expr& e, std::optional<ScalarType> expected,
                                    bool statement) {
  const Expr& callee = expr(e.a);
  const bool is_field = callee.kind == ExprKind::kField;
  const SourceUnit* imported = is_field ? ImportedUnit(callee) : nullptr;
  if (is_field && imported == nullptr) {
    ReportMethod(callee);
    return {};
  }
  if (!is_field && callee.kind != ExprKind::kName) {
    Report(DiagnosticCode::kNotCallable, callee.range, "this expression");
    return {};
  }
  const std::string_view name = SourceText(callee.range);
  for (size_t i = 0; i < e.argument_names.size(); ++i) {
    if (e.argument_names[i].empty() || name == "assert_close") continue;
    Report(DiagnosticCode::kInvalidArgument, expr(e.list[i]).range,
           fmt::format("`{}` takes no argument by name", name));
    return {};
  }
  if (imported != nullptr) {
    const Item* item = LowerImportedItem(*imported, callee);
    return item == nullptr ? Operand{} : LowerUserCall(e, *item, statement);
  }
  if (const Item* item = ItemNamed(name)) return LowerUserCall(e, *item, statement);
  if (name == "swap" && statement) {
    LowerSwap(e);
    return {};
  }
  if (name == "assert_close" && statement) {
    LowerAssertClose(e);
    return {};
  }
  Operand value;
  const auto reduction = ReductionNamed(name);
  const Builtin* builtin = BuiltinNamed(name);
  if (reduction && e.list.size() == 1 && (builtin == nullptr || builtin->arguments != 1)) {
    value = LowerArrayReduction(e, *reduction, expected);
  } else if (builtin != nullptr) {
    value = LowerBuiltin(e, *builtin, expected);
  } else if (ScalarTypeNamed(name)) {
    Report(DiagnosticCode::kWrongKindOfName, callee.range, name, "a type", "a function").hint =
        fmt::format("convert with `as`: x as {}", name);
    return {};
  } else if (IsPlannedFunction(name)) {
    Report(DiagnosticCode::kNotBuilt, callee.range, fmt::format("calls of `{}`", name));
    return {};
  } else if (const Variable* variable = Find(name)) {
    Report(DiagnosticCode::kWrongKindOfName, callee.range, name, "a variable", "a function").hint =
        variable->type.is_array() ? fmt::format("index it with brackets: {}[...]", name) : "";
    return {};
  } else {
    ReportUnknown(name, callee.range);
    return {};
  }
  if (statement && value.ok()) Report(DiagnosticCode::kUnusedResult, e.range);
  return value;
}

void FunctionLowering::ReportMethod(const Expr& callee) {
  const Expr& object = expr(callee.a);
  const bool is_name = object.kind == ExprKind::kName;
  if (is_name && object.text == "random" && Find(object.text) == nullptr) {
    Report(DiagnosticCode::kNotBuilt, callee.range,
           fmt::format("calls of `{}`", SourceText(callee.range)));
    return;
  }
  const Operand value = LowerExpression(callee.a, std::nullopt);
  if (!value.ok()) return;
  Report(DiagnosticCode::kNotCallable, callee.range, fmt::format("`.{}`", callee.text)).hint =
      value.is_array() ? "the sizes of an array are the symbols of its declaration"
                       : fmt::format("write {}({})", callee.text, SourceText(object.range));
}

namespace {

// The element type of a parameter, and how many dimensions it has.
struct DeclaredType {
  TypeExprId element;
  int rank = 0;
};

DeclaredType Declared(const SyntaxTree& tree, TypeExprId id) {
  const TypeExpr& type = tree.type(id);
  if (type.kind == TypeExprKind::kName) return {id, 0};
  return {type.element, static_cast<int>(type.sizes.size())};
}

}  // namespace

// Type arguments from the explicit list, else from the arguments that have types of their own;
// those are lowered here once and kept in `typed`.
std::optional<TypeArguments> FunctionLowering::InferTypes(const Expr& e, const Item& item,
                                                          std::vector<Operand>& typed) {
  typed.assign(e.list.size(), {});
  const SyntaxTree& its_tree = module_.program().UnitOf(item).tree;
  const size_t count = item.type_parameters.size();
  std::vector<std::optional<ScalarType>> bound(count);
  if (e.type_arguments.size() > count) {
    Report(DiagnosticCode::kWrongArgumentCount, e.range, item.name.text,
           fmt::format("{} type arguments", count), fmt::format("{}", e.type_arguments.size()));
    return std::nullopt;
  }
  for (size_t k = 0; k < e.type_arguments.size(); ++k) {
    bound[k] = module_.ResolveScalar(e.type_arguments[k], item_, type_arguments_);
    if (!bound[k]) return std::nullopt;
  }
  for (size_t i = 0; i < e.list.size() && count > 0; ++i) {
    const DeclaredType declared = Declared(its_tree, item.parameters[i].type);
    const auto parameter =
        std::ranges::find(item.type_parameters, its_tree.type(declared.element).text,
                          [](const TypeParameterDecl& p) { return p.name.text; });
    if (parameter == item.type_parameters.end()) continue;
    auto& target = bound[static_cast<size_t>(parameter - item.type_parameters.begin())];
    if (IsUntyped(e.list[i]) || expr(e.list[i]).kind == ExprKind::kArray) continue;
    typed[i] = LowerExpression(e.list[i], std::nullopt);
    if (!typed[i].ok()) return std::nullopt;
    if (!target) target = typed[i].scalar();
  }
  // What only literals bind takes their default.
  for (size_t i = 0; i < e.list.size() && count > 0; ++i) {
    const DeclaredType declared = Declared(its_tree, item.parameters[i].type);
    for (size_t k = 0; k < count; ++k) {
      if (bound[k] || item.type_parameters[k].name.text != its_tree.type(declared.element).text)
        continue;
      if (IsUntyped(e.list[i])) bound[k] = DefaultType(e.list[i]);
      if (expr(e.list[i]).kind == ExprKind::kArray) {
        typed[i] = LowerArrayLiteral(expr(e.list[i]), std::nullopt, nullptr);
        if (!typed[i].ok()) return std::nullopt;
        bound[k] = typed[i].scalar();
      }
    }
  }
  TypeArguments types;
  for (size_t k = 0; k < count; ++k) {
    const TypeParameterDecl& parameter = item.type_parameters[k];
    if (!bound[k]) {
      Report(DiagnosticCode::kCannotInfer, e.range, parameter.name.text).hint =
          fmt::format("give it: {}<f32>(...)", item.name.text);
      return std::nullopt;
    }
    const auto members = MembersOfClass(parameter.type_class.text);
    if (std::ranges::find(members, *bound[k]) == members.end()) {
      Diagnostic& report = Report(DiagnosticCode::kClassViolation, e.range, TextOf(*bound[k]),
                                  parameter.type_class.text, parameter.name.text);
      report.notes.push_back({parameter.type_class.range, "the class is required here"});
      return std::nullopt;
    }
    types.push_back(*bound[k]);
  }
  return types;
}

bool FunctionLowering::LowerArguments(const Expr& e, const Item& item, const Signature& signature,
                                      std::vector<Operand>& typed,
                                      std::vector<VariableId>& inouts) {
  bool ok = true;
  for (size_t i = 0; i < e.list.size(); ++i) {
    const BoundParameter& parameter = signature.parameters[i];
    const Expr& argument = expr(e.list[i]);
    const AccessKind access = parameter.declaration->access;
    if (!typed[i].ok()) {
      typed[i] = parameter.type.is_array() && argument.kind == ExprKind::kArray
                     ? LowerArrayLiteral(argument, parameter.type.scalar, nullptr)
                     : LowerExpression(e.list[i], parameter.type.scalar);
    }
    if (!typed[i].ok()) {
      ok = false;
      continue;
    }
    if (access != AccessKind::kIn) {
      const auto at =
          argument.kind == ExprKind::kName ? visible_.find(argument.text) : visible_.end();
      const bool writable =
          at != visible_.end() && (variable(at->second).kind == VariableKind::kArrayWritable ||
                                   variable(at->second).kind == VariableKind::kVar ||
                                   variable(at->second).kind == VariableKind::kInoutParameter);
      if (!writable ||
          (!parameter.type.is_array() && variable(at->second).parallel_depth < parallel_depth_)) {
        Report(
            DiagnosticCode::kInvalidArgument, argument.range,
            fmt::format("`{}` is written through this argument, which must be a variable that may "
                        "be assigned here",
                        parameter.declaration->name.text))
            .notes.push_back({parameter.declaration->range, "the parameter is declared here"});
        ok = false;
        continue;
      }
      if (!parameter.type.is_array()) inouts.push_back(at->second);
    }
    if (parameter.type.is_array()) {
      if (typed[i].type != parameter.type) {
        const auto describe = [](Type type) {
          return type.is_array()
                     ? fmt::format("an array of {} with {} dimension{}", TextOf(type.scalar),
                                   type.rank, type.rank == 1 ? "" : "s")
                     : std::string(TextOf(type.scalar));
        };
        Report(DiagnosticCode::kTypeMismatch, argument.range, describe(parameter.type),
               describe(typed[i].type));
        ok = false;
      }
      continue;
    }
    const bool exact = access != AccessKind::kIn && typed[i].type != parameter.type;
    if (exact) {
      Report(DiagnosticCode::kTypeMismatch, argument.range,
             fmt::format("a variable of type {}", TextOf(parameter.type.scalar)),
             TextOf(typed[i].scalar()));
      ok = false;
      continue;
    }
    typed[i] = Coerce(typed[i], parameter.type.scalar, argument.range);
    ok = ok && typed[i].ok();
  }
  static_cast<void>(item);
  return ok;
}

Operand FunctionLowering::LowerUserCall(const Expr& e, const Item& item, bool statement) {
  const bool is_kernel = item.kind == ItemKind::kKernel;
  if (item.kind != ItemKind::kFunction && !is_kernel) {
    Report(DiagnosticCode::kWrongKindOfName, expr(e.a).range, item.name.text, "a constant",
           "a function");
    return {};
  }
  if (is_kernel && item_.kind != ItemKind::kTest) {
    if (item_.kind == ItemKind::kKernel && parallel_depth_ == 0)
      Report(DiagnosticCode::kNotBuilt, e.range, "calls of kernels in kernels");
    else
      Report(DiagnosticCode::kNotCallable, e.range, fmt::format("the kernel `{}`", item.name.text))
          .hint = "move the shared part to a function: fn ...";
    return {};
  }
  if (is_kernel && parallel_depth_ > 0) {
    Report(DiagnosticCode::kNotCallable, e.range, fmt::format("the kernel `{}`", item.name.text))
        .hint = "launch kernels outside parallel loops";
    return {};
  }
  if (e.list.size() != item.parameters.size()) {
    Diagnostic& report = Report(DiagnosticCode::kWrongArgumentCount, e.range, item.name.text,
                                fmt::format("{} argument{}", item.parameters.size(),
                                            item.parameters.size() == 1 ? "" : "s"),
                                fmt::format("{}", e.list.size()));
    report.notes.push_back({item.name.range, "declared here"});
    for (ExprId argument : e.list)
      if (!IsUntyped(argument) && expr(argument).kind != ExprKind::kArray)
        LowerExpression(argument, std::nullopt);
    return {};
  }
  std::vector<Operand> arguments;
  const auto types = InferTypes(e, item, arguments);
  if (!types) return {};
  const auto signature = module_.SignatureOf(item, *types);
  if (!signature) return {};
  std::vector<VariableId> inouts;
  if (!LowerArguments(e, item, *signature, arguments, inouts)) return {};
  for (size_t i = 0; i < inouts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (inouts[i] != inouts[j]) continue;
      Report(DiagnosticCode::kInvalidArgument, e.range,
             fmt::format("`{}` is given to two inout parameters", variable(inouts[i]).name));
      return {};
    }
  }
  std::vector<ir::ValueId> operands;
  for (const Operand& argument : arguments) operands.push_back(argument.value);
  std::vector<Type> results;
  if (signature->result) results.push_back(Type::Scalar(*signature->result));
  for (VariableId id : inouts) results.push_back(variable(id).type);
  const ir::FunctionId callee = module_.Require(item, *types);
  const ir::OpId op = builder_.Append({.opcode = is_kernel ? Opcode::kLaunch : Opcode::kCall,
                                       .range = e.range,
                                       .operands = operands,
                                       .results = results,
                                       .immediate = callee.index});
  const ir::Function& function = builder_.function();
  const size_t first = signature->result ? 1 : 0;
  for (size_t k = 0; k < inouts.size(); ++k)
    SetValue(inouts[k], function.result(function.op(op), first + k));
  if (!signature->result) {
    if (!statement)
      Report(DiagnosticCode::kTypeMismatch, e.range, "a value",
             fmt::format("a call of `{}`, which returns nothing", item.name.text));
    return {};
  }
  const Operand value = Made(function.result(function.op(op)));
  if (statement && !is_kernel && inouts.empty()) Report(DiagnosticCode::kUnusedResult, e.range);
  return value;
}

}  // namespace einkorn::frontend
