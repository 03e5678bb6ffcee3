// Calls: which function is meant, with which types, and what it is given.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/library.h"
#include "frontend/lowering.h"

namespace einkorn::frontend {

Operand FunctionLowering::LowerCall(const Expr& e, const DataType& expected, bool statement) {
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
    if (e.argument_names[i].empty() || name == "assert_close" ||
        unit_.ItemMeantBy(expr(e.a)) != nullptr)
      continue;
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
  } else if (TypeNamed(name).valid()) {
    Report(DiagnosticCode::kWrongKindOfName, callee.range, name, "a type", "a function").hint =
        fmt::format("convert with `as`: x as {}", name);
    return {};
  } else if (const Variable* variable = Find(name)) {
    Report(DiagnosticCode::kWrongKindOfName, callee.range, name, "a variable", "a function").hint =
        variable->in_memory || variable->type.is_array()
            ? fmt::format("index it with brackets: {}[...]", name)
            : "";
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
  if (is_name && Find(object.text) == nullptr && LibrarySource(object.text)) {
    Report(DiagnosticCode::kUnknownName, callee.range, object.text).hint =
        fmt::format("write `import std.{};` at the top of the file", object.text);
    return;
  }
  const Operand value = LowerReference(callee.a);
  if (!value.ok()) return;
  Report(DiagnosticCode::kNotCallable, callee.range, fmt::format("`.{}`", callee.text)).hint =
      value.is_view() || value.type.is_array()
          ? "the sizes of an array are the symbols of its declaration"
          : fmt::format("write {}({})", callee.text, SourceText(object.range));
}

// The type at the bottom of a parameter's type: `T` of `[n] [3] T`.
static const TypeExpr& ElementTypeOf(const SyntaxTree& tree, TypeExprId id) {
  const TypeExpr& type = tree.type(id);
  return type.kind == TypeExprKind::kArray ? ElementTypeOf(tree, type.element) : type;
}

// Of an argument the type that a type parameter stands for.
static DataType Innermost(const DataType& type) {
  return type.is_array() ? Innermost(type.element()) : type;
}

// Type arguments from the explicit list, else from the arguments that have types of their own;
// those are lowered here once and kept in `typed`.
std::optional<TypeArguments> FunctionLowering::InferTypes(const Expr& e, const Item& item,
                                                          std::vector<Operand>& typed) {
  typed.assign(e.list.size(), {});
  const SyntaxTree& its_tree = module_.program().UnitOf(item).tree;
  const size_t count = item.type_parameters.size();
  TypeArguments bound(count);
  if (e.type_arguments.size() > count) {
    Report(DiagnosticCode::kWrongArgumentCount, e.range, item.name.text,
           fmt::format("{} type arguments", count), fmt::format("{}", e.type_arguments.size()));
    return std::nullopt;
  }
  for (size_t k = 0; k < e.type_arguments.size(); ++k) {
    bound[k] = module_.Resolve(e.type_arguments[k], item_, type_arguments_);
    if (!bound[k].valid()) return std::nullopt;
  }
  const auto parameter_of = [&](size_t argument) {
    const TypeExpr& element = ElementTypeOf(its_tree, item.parameters[argument].type);
    return std::ranges::find(item.type_parameters, element.text,
                             [](const TypeParameterDecl& p) { return p.name.text; });
  };
  for (size_t i = 0; i < e.list.size() && count > 0; ++i) {
    const auto parameter = parameter_of(i);
    if (parameter == item.type_parameters.end() || !e.list[i].valid()) continue;
    DataType& target = bound[static_cast<size_t>(parameter - item.type_parameters.begin())];
    if (IsUntyped(e.list[i]) || expr(e.list[i]).kind == ExprKind::kArray) continue;
    typed[i] = LowerReference(e.list[i]);
    if (its_tree.type(item.parameters[i].type).kind != TypeExprKind::kArray)
      typed[i] = Read(Load(typed[i], expr(e.list[i]).range), {}, expr(e.list[i]).range);
    if (!typed[i].ok()) return std::nullopt;
    if (!target.valid()) target = Innermost(typed[i].type);
  }
  // What only literals bind takes their default.
  for (size_t i = 0; i < e.list.size() && count > 0; ++i) {
    const auto parameter = parameter_of(i);
    if (parameter == item.type_parameters.end() || !e.list[i].valid()) continue;
    DataType& target = bound[static_cast<size_t>(parameter - item.type_parameters.begin())];
    if (target.valid()) continue;
    if (IsUntyped(e.list[i])) target = DefaultType(e.list[i]);
    if (expr(e.list[i]).kind == ExprKind::kArray) {
      typed[i] = LowerStoredLiteral(expr(e.list[i]), {}, nullptr);
      if (!typed[i].ok()) return std::nullopt;
      target = Innermost(typed[i].type);
    }
  }
  TypeArguments types;
  for (size_t k = 0; k < count; ++k) {
    const TypeParameterDecl& parameter = item.type_parameters[k];
    if (!bound[k].valid()) {
      Report(DiagnosticCode::kCannotInfer, e.range, parameter.name.text).hint =
          fmt::format("give it: {}<f32>(...)", item.name.text);
      return std::nullopt;
    }
    const auto members = MembersOfClass(parameter.type_class.text);
    if (std::ranges::find(members, bound[k]) == members.end()) {
      Diagnostic& report = Report(DiagnosticCode::kClassViolation, e.range, bound[k].text(),
                                  parameter.type_class.text, parameter.name.text);
      report.notes.push_back({parameter.type_class.range, "the class is required here"});
      return std::nullopt;
    }
    types.push_back(bound[k]);
  }
  return types;
}

// What a call passes for an array parameter; not ok after a diagnostic.
Operand FunctionLowering::LowerArrayArgument(ExprId id, const Operand& typed,
                                             const BoundParameter& parameter) {
  const Expr& argument = expr(id);
  Operand given = typed;
  const DataType element = parameter.is_view() ? parameter.type : parameter.type.element();
  if (!given.ok())
    given = argument.kind == ExprKind::kArray ? LowerStoredLiteral(argument, element, nullptr)
                                              : LowerReference(id);
  if (!given.ok()) return {};
  const bool is_array = given.is_view() || given.type.is_array();
  const Operand array = is_array ? AsView(given) : given;
  const size_t rank = parameter.is_view() ? parameter.rank : parameter.type.sizes().size();
  if (is_array && array.type == element && array.sizes.size() == rank) return array;
  const auto describe = [](const DataType& type, size_t dimensions) {
    if (dimensions == 0) return type.text();
    return fmt::format("an array of {} with {} dimension{}", type.text(), dimensions,
                       dimensions == 1 ? "" : "s");
  };
  Report(DiagnosticCode::kTypeMismatch, argument.range, describe(element, rank),
         describe(array.type, array.sizes.size()));
  return {};
}

// The variable that is written through an `inout` or `out` argument; nullopt after a diagnostic.
std::optional<VariableId> FunctionLowering::WrittenArgument(const Expr& argument,
                                                            const BoundParameter& parameter) {
  // A part of an array is written through a view of it.
  const bool is_array = parameter.array != nullptr;
  const bool is_view = argument.kind == ExprKind::kIndex && !argument.view.empty();
  const Expr& root = is_array && is_view ? RootOf(argument) : argument;
  const auto at = root.kind == ExprKind::kName ? visible_.find(root.text) : visible_.end();
  if (at != visible_.end()) {
    const Variable& v = variable(at->second);
    const bool writable = v.kind == VariableKind::kArrayWritable ||
                          v.kind == VariableKind::kViewWritable || v.kind == VariableKind::kVar ||
                          v.kind == VariableKind::kInoutParameter;
    if (writable && (is_array || v.parallel_depth == parallel_depth_)) return at->second;
  }
  Report(DiagnosticCode::kInvalidArgument, argument.range,
         fmt::format("`{}` is written through this argument, which must be a variable that may "
                     "be assigned here",
                     parameter.declaration->name.text))
      .notes.push_back({parameter.declaration->range, "the parameter is declared here"});
  return std::nullopt;
}

// The value of a parameter that the call leaves out.
Operand FunctionLowering::LowerDefaultArgument(const Expr& e, const Item& item,
                                               const TypeArguments& types,
                                               const BoundParameter& parameter) {
  if (module_.IsOpen(*parameter.declaration)) {
    Report(DiagnosticCode::kConstantCycle, e.range, parameter.declaration->name.text);
    return {};
  }
  // What is wrong with it is reported where it is declared.
  Diagnostics unheard;
  Diagnostics& heard = module_.Redirect(unheard);
  const auto bits = module_.DefaultOf(*parameter.declaration, parameter.type, item, types);
  module_.Redirect(heard);
  return bits ? LowerKnown(parameter.type, *bits, e.range) : Operand{};
}

bool FunctionLowering::LowerArguments(const Expr& e, const Item& item, const TypeArguments& types,
                                      const Signature& signature, std::vector<Operand>& typed,
                                      std::vector<VariableId>& inouts) {
  bool ok = true;
  for (size_t i = 0; i < e.list.size(); ++i) {
    const BoundParameter& parameter = signature.parameters[i];
    if (parameter.declaration->is_static) {
      typed[i] = Zero(parameter.type, e.range);  // part of the specialisation, not passed
      continue;
    }
    if (!e.list[i].valid()) {
      typed[i] = LowerDefaultArgument(e, item, types, parameter);
      ok = ok && typed[i].ok();
      continue;
    }
    const Expr& argument = expr(e.list[i]);
    const AccessKind access = parameter.declaration->access;
    if (parameter.array != nullptr) {
      typed[i] = LowerArrayArgument(e.list[i], typed[i], parameter);
      ok = ok && typed[i].ok();
      if (typed[i].ok() && access != AccessKind::kIn)
        ok = WrittenArgument(argument, parameter).has_value() && ok;
      continue;
    }
    if (!typed[i].ok()) typed[i] = LowerExpression(e.list[i], parameter.type);
    if (!typed[i].ok()) {
      ok = false;
      continue;
    }
    if (access != AccessKind::kIn) {
      const auto written = WrittenArgument(argument, parameter);
      if (!written) {
        ok = false;
        continue;
      }
      inouts.push_back(*written);
      if (typed[i].is_view() || typed[i].type != parameter.type) {
        Report(DiagnosticCode::kTypeMismatch, argument.range,
               fmt::format("a variable of type {}", parameter.type.text()), Describe(typed[i]));
        ok = false;
        continue;
      }
    }
    typed[i] = Coerce(typed[i], parameter.type, argument.range);
    ok = ok && typed[i].ok();
  }
  return ok;
}

// Puts the arguments into the order of the parameters; what has a default may be left out.
bool FunctionLowering::OrderArguments(Expr& call, const Item& item) {
  const size_t count = item.parameters.size();
  std::vector<ExprId> ordered(count);
  size_t position = 0;
  for (size_t i = 0; i < call.list.size(); ++i) {
    const std::string_view name =
        i < call.argument_names.size() ? call.argument_names[i] : std::string_view();
    size_t k = position;
    if (!name.empty()) {
      const auto at = std::ranges::find(item.parameters, name,
                                        [](const ParameterDecl& p) { return p.name.text; });
      k = static_cast<size_t>(at - item.parameters.begin());
      if (k == count || ordered[k].valid()) {
        Report(DiagnosticCode::kInvalidArgument, expr(call.list[i]).range,
               k == count ? fmt::format("`{}` has no parameter `{}`", item.name.text, name)
                          : fmt::format("`{}` is given `{}` twice", item.name.text, name));
        return false;
      }
    } else {
      ++position;
    }
    if (k < count) ordered[k] = call.list[i];
  }
  const bool is_complete = std::ranges::all_of(item.parameters, [&](const ParameterDecl& p) {
    return p.value.valid() || ordered[static_cast<size_t>(&p - item.parameters.data())].valid();
  });
  if (call.list.size() <= count && is_complete) {
    call.list = std::move(ordered);
    return true;
  }
  Diagnostic& report = Report(DiagnosticCode::kWrongArgumentCount, call.range, item.name.text,
                              fmt::format("{} argument{}", count, count == 1 ? "" : "s"),
                              fmt::format("{}", call.list.size()));
  report.notes.push_back({item.name.range, "declared here"});
  for (ExprId argument : call.list)
    if (!IsUntyped(argument) && expr(argument).kind != ExprKind::kArray) LowerReference(argument);
  return false;
}

// The values of static parameters, which the specialisation is for.
bool FunctionLowering::LowerStatics(const Expr& e, const Item& item, TypeArguments& types) {
  for (size_t i = 0; i < item.parameters.size(); ++i) {
    const ParameterDecl& parameter = item.parameters[i];
    if (!parameter.is_static) continue;
    const DataType type = module_.Resolve(parameter.type, item, types);
    if (!type.valid()) return false;
    const bool is_given = e.list[i].valid();
    const ExprId id = is_given ? e.list[i] : parameter.value;
    const Item& where = is_given ? item_ : item;
    const TypeArguments& known = is_given ? type_arguments_ : types;
    const auto value = module_.StaticValueOf(id, type.scalar(), where, known);
    const SourceRange range = is_given ? expr(id).range : e.range;
    if (!value) {
      Report(DiagnosticCode::kNotStatic, range)
          .notes.push_back({parameter.range, "the parameter is static"});
      return false;
    }
    const ScalarType scalar = type.scalar();
    if (scalar != ScalarType::kBool && !FitsInteger(scalar, *value)) {
      FitInteger(*value, scalar, range);  // reports it
      return false;
    }
    types.statics.push_back({parameter.name.text, scalar, IntegerBits(scalar, *value)});
  }
  return true;
}

Operand FunctionLowering::LowerUserCall(const Expr& given, const Item& item, bool statement) {
  Expr e = given;
  const bool is_kernel = item.kind == ItemKind::kKernel;
  if (item.kind != ItemKind::kFunction && !is_kernel) {
    Report(DiagnosticCode::kWrongKindOfName, expr(e.a).range, item.name.text,
           item.kind == ItemKind::kStruct ? "a struct" : "a constant", "a function")
        .hint = item.kind == ItemKind::kStruct
                    ? fmt::format("a value is written {} {{ field: value, ... }}", item.name.text)
                    : "";
    return {};
  }
  if (is_kernel && !AtKernelLevel()) {
    Report(DiagnosticCode::kNotCallable, e.range, fmt::format("the kernel `{}`", item.name.text))
        .hint = parallel_depth_ > 0 && InKernel() ? "kernels are called outside parallel loops"
                                                  : "move the shared part to a function: fn ...";
    return {};
  }
  if (!OrderArguments(e, item)) return {};
  std::vector<Operand> arguments;
  auto types = InferTypes(e, item, arguments);
  if (!types || !LowerStatics(e, item, *types)) return {};
  const auto signature = module_.SignatureOf(item, *types);
  if (!signature) return {};
  if (!signature->result.valid() && !statement) {
    Report(DiagnosticCode::kTypeMismatch, e.range, "a value",
           fmt::format("a call of `{}`, which returns nothing", item.name.text));
    return {};
  }
  std::vector<VariableId> inouts;
  if (!LowerArguments(e, item, *types, *signature, arguments, inouts)) return {};
  for (size_t i = 0; i < inouts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (inouts[i] != inouts[j]) continue;
      Report(DiagnosticCode::kInvalidArgument, e.range,
             fmt::format("`{}` is given to two inout parameters", variable(inouts[i]).name));
      return {};
    }
  }
  // Kernels that a test launches have their sizes bound by the host.
  const bool is_launch = is_kernel && item_.kind == ItemKind::kTest;
  std::vector<ir::ValueId> sizes;
  if (!is_launch && !BindSizes(e, item, *types, *signature, arguments, sizes)) return {};
  // What is static is part of the function.
  std::vector<Operand> passed;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!item.parameters[i].is_static) passed.push_back(arguments[i]);
  const int levels = is_kernel ? 0 : module_.LevelsOf(item);
  if (parallel_depth_ + levels > kMaxLevels) {
    Report(DiagnosticCode::kThirdLevel, e.range)
        .notes.push_back({item.name.range, "this function contains parallel loops"});
    return {};
  }
  const int level = levels > 0 ? parallel_depth_ : 0;
  has_lanes_ = has_lanes_ || level > 0;
  const ir::OpId call(builder_.function().ops.size());
  for (size_t i = 0; i < arguments.size(); ++i)
    if (item.parameters[i].access != AccessKind::kIn)
      for (ir::ValueId part : arguments[i].parts) written_arguments_.emplace(call, part);
  return AppendCall(e, module_.Require(item, *types, level), is_launch, sizes, passed,
                    signature->result, inouts, statement && !is_kernel);
}

// The values of the callee's shape symbols, from the first array that has each; the other sizes are
// compared with what the symbols make of them, as at a launch.
bool FunctionLowering::BindSizes(const Expr& e, const Item& item, const TypeArguments& types,
                                 const Signature& signature, const std::vector<Operand>& arguments,
                                 std::vector<ir::ValueId>& sizes) {
  const SyntaxTree& tree = module_.program().UnitOf(item).tree;
  std::map<std::string_view, ir::ValueId> known;
  std::map<std::string_view, std::string_view> owners;  // the array that bound a symbol
  for (size_t i = 0; i < arguments.size(); ++i)
    if (!signature.parameters[i].declaration->is_static && arguments[i].is_scalar() &&
        arguments[i].type == ScalarType::kI64)
      known[signature.parameters[i].declaration->name.text] = arguments[i].value();
  for (const auto& [name, range] : module_.SymbolsOf(item, signature)) {
    for (size_t i = 0; i < arguments.size() && !known.contains(name); ++i) {
      const BoundParameter& parameter = signature.parameters[i];
      if (parameter.array == nullptr) continue;
      for (size_t d = 0; d < parameter.array->sizes.size(); ++d) {
        const Expr& size = tree.expr(parameter.array->sizes[d]);
        if (size.kind != ExprKind::kName || size.text != name || known.contains(name)) continue;
        known[name] = arguments[i].sizes[d];
        owners[name] = parameter.declaration->name.text;
      }
    }
    sizes.push_back(known.at(name));
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    const BoundParameter& parameter = signature.parameters[i];
    if (parameter.array == nullptr) continue;
    for (size_t d = 0; d < parameter.array->sizes.size(); ++d) {
      const ExprId size = parameter.array->sizes[d];
      const ir::ValueId wanted = SizeOfCallee(size, item, types, known, e.range);
      const ir::ValueId found = arguments[i].sizes[d];
      const auto constant = ConstantSize(wanted);
      if (wanted == found || (constant && constant == ConstantSize(found))) continue;
      const std::string_view array = parameter.declaration->name.text;
      const std::string text(module_.program().sources.Text(tree.expr(size).range));
      const auto owner = owners.find(text);
      const std::string message =
          owner != owners.end()
              ? fmt::format("{} has {} = {{}}, {} has {} = {{}}", owner->second, text, array, text)
              : fmt::format("{} needs {} = {{}}, not {{}}", array, text);
      FailUnless(builder_.Compare(Opcode::kEq, wanted, found, e.range), FaultKind::kShape, message,
                 {wanted, found}, e.range);
    }
  }
  return CheckAliases(e, signature, arguments);
}

// A size of the callee as a value here.
ir::ValueId FunctionLowering::SizeOfCallee(ExprId id, const Item& item, const TypeArguments& types,
                                           const std::map<std::string_view, ir::ValueId>& known,
                                           SourceRange range) {
  const Expr& e = module_.program().UnitOf(item).tree.expr(id);
  if (e.kind == ExprKind::kParen) return SizeOfCallee(e.a, item, types, known, range);
  if (e.kind == ExprKind::kName)
    if (const auto at = known.find(e.text); at != known.end()) return at->second;
  if (const auto constant = module_.ConstantInteger(id, item, types))
    return builder_.Integer(ScalarType::kI64, *constant, range);
  // Wrong sizes were reported where the callee was checked.
  if (e.kind != ExprKind::kBinary) return builder_.Integer(ScalarType::kI64, 0, range);
  const ir::ValueId a = SizeOfCallee(e.a, item, types, known, range);
  const ir::ValueId b = SizeOfCallee(e.b, item, types, known, range);
  return builder_.Binary(InfoOf(e.binary).opcode, Rule::kChecked, a, b, range);
}

// The part of an array that a view, or a view of a view, covers: an interval a dimension.
FunctionLowering::Region FunctionLowering::RegionOf(const Operand& argument, SourceRange range) {
  const ir::Function& function = builder_.function();
  const ir::ValueId zero = builder_.Integer(ScalarType::kI64, 0, range);
  Region region{argument.value(), {}};
  for (ir::ValueId size : argument.sizes) region.intervals.push_back({zero, size});
  while (true) {
    const ir::OpId def = function.value(region.array).def;
    if (!def.valid() || function.op(def).opcode != Opcode::kView) return region;
    // A copy: what is appended below may move the tables.
    const ir::Op view = function.op(def);
    const ir::ValueId array = function.operand(view, 0);
    std::vector<Region::Interval> outer;
    size_t next = 1, inner = 0;
    for (size_t d = 0; d < function.type(array).rank; ++d) {
      const ir::ValueId from = function.operand(view, next++);
      const bool is_kept = ((view.immediate >> d) & 1) != 0;
      if (is_kept) ++next;
      // The bounds were checked where the view was made, so no sum overflows.
      const auto plus = [&](ir::ValueId offset) {
        return builder_.Binary(Opcode::kAdd, Rule::kWrap, from, offset, range);
      };
      if (!is_kept)
        outer.push_back({from, plus(builder_.Integer(ScalarType::kI64, 1, range))});
      else if (inner < region.intervals.size())
        outer.push_back({plus(region.intervals[inner].from), plus(region.intervals[inner].to)});
      inner += is_kept ? 1 : 0;
    }
    region = {array, std::move(outer)};
  }
}

// Whether two parts of one array have no element in common.
ir::ValueId FunctionLowering::AreDisjoint(const Region& a, const Region& b, SourceRange range) {
  ir::ValueId disjoint = builder_.Bool(false, range);
  const auto add_at_most = [&](ir::ValueId left, ir::ValueId right) {
    disjoint = builder_.Binary(Opcode::kOr, Rule::kNone, disjoint,
                               builder_.Compare(Opcode::kLe, left, right, range), range);
  };
  for (size_t d = 0; d < std::min(a.intervals.size(), b.intervals.size()); ++d) {
    const auto [from_a, to_a] = a.intervals[d];
    const auto [from_b, to_b] = b.intervals[d];
    add_at_most(to_a, from_b);
    add_at_most(to_b, from_a);
    add_at_most(to_a, from_a);
    add_at_most(to_b, from_b);
  }
  return disjoint;
}

// A written array may overlap no other argument. Different arrays never do; one and the same is
// refused, and parts of it are compared at run time.
bool FunctionLowering::CheckAliases(const Expr& e, const Signature& signature,
                                    const std::vector<Operand>& arguments) {
  const auto is_written = [&](size_t i) {
    return signature.parameters[i].declaration->access != AccessKind::kIn;
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    const BoundParameter& written = signature.parameters[i];
    if (written.array == nullptr || !is_written(i) || !arguments[i].value().valid()) continue;
    const ir::ValueId storage = ir::StorageOf(builder_.function(), arguments[i].value());
    for (size_t j = 0; j < arguments.size(); ++j) {
      const BoundParameter& other = signature.parameters[j];
      if (i == j || other.array == nullptr || (is_written(j) && j < i)) continue;
      if (ir::StorageOf(builder_.function(), arguments[j].value()) != storage) continue;
      if (arguments[i].value() != arguments[j].value()) {
        const Region own = RegionOf(arguments[i], e.range);
        FailUnless(AreDisjoint(own, RegionOf(arguments[j], e.range), e.range), FaultKind::kAlias,
                   fmt::format("{} overlaps {}", written.declaration->name.text,
                               other.declaration->name.text),
                   {}, e.range);
        continue;
      }
      Report(DiagnosticCode::kInvalidArgument,
             (e.list[j].valid() ? expr(e.list[j]).range : e.range),
             fmt::format("this array is given to `{}` too, which is written",
                         written.declaration->name.text))
          .notes.push_back({written.declaration->range, "the parameter is declared here"});
      return false;
    }
  }
  return true;
}

// The call itself: the leaves of the arguments in, those of the result and of the inout variables
// out.
Operand FunctionLowering::AppendCall(const Expr& e, ir::FunctionId callee, bool is_launch,
                                     const std::vector<ir::ValueId>& sizes,
                                     const std::vector<Operand>& arguments, const DataType& result,
                                     const std::vector<VariableId>& inouts, bool is_unused) {
  std::vector<ir::ValueId> operands = sizes;
  for (const Operand& argument : arguments)
    operands.insert(operands.end(), argument.parts.begin(), argument.parts.end());
  std::vector<Type> results;
  if (result.valid())
    for (const Component& component : result.info().components)
      results.insert(results.end(), component.leaf_count, Type::Scalar(component.scalar));
  const size_t leaf_count = results.size();
  for (ir::ValueId part : ValuesOf(inouts)) results.push_back(builder_.function().type(part));
  const ir::OpId op = builder_.Append({.opcode = is_launch ? Opcode::kLaunch : Opcode::kCall,
                                       .range = e.range,
                                       .operands = operands,
                                       .results = results,
                                       .immediate = callee.index});
  TakeResults(inouts, op, leaf_count);
  if (!result.valid()) return {};
  const auto made = builder_.function().results_of(builder_.function().op(op));
  const Operand value =
      MakeValue(result, {made.begin(), made.begin() + static_cast<ptrdiff_t>(leaf_count)});
  if (is_unused && inouts.empty()) Report(DiagnosticCode::kUnusedResult, e.range);
  return value;
}

}  // namespace einkorn::frontend
