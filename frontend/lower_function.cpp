// One function: its parameters, its conditions, its body, and what it leaves behind.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"
#include "frontend/walk.h"

namespace einkorn::frontend {
namespace {

/// What @depth may ask for; a call needs some stack on every target.
constexpr int64_t kMostDepth = 4000;

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
    case ItemKind::kStruct:
      break;
  }
  return ir::FunctionKind::kFunction;
}

}  // namespace

ir::ParamKind ParamKindOf(AccessKind access, bool is_array) {
  if (!is_array) return ir::ParamKind::kScalar;
  switch (access) {
    case AccessKind::kIn:
      return ir::ParamKind::kArrayIn;
    case AccessKind::kOut:
      return ir::ParamKind::kArrayOut;
    case AccessKind::kInout:
      break;
  }
  return ir::ParamKind::kArrayInout;
}

FunctionLowering::FunctionLowering(ModuleLowering& module, const Item& item,
                                   TypeArguments type_arguments, ir::Function& function, int level)
    : module_(module),
      unit_(module.program().UnitOf(item)),
      tree_(unit_.tree),
      item_(item),
      type_arguments_(std::move(type_arguments)),
      builder_(function),
      parallel_depth_(level) {
  function.kind = KindFor(item.kind);
  function.is_library = unit_.is_library;
  body_ = builder_.NewRegion();
  function.body = body_;
  builder_.Enter(body_);
  OpenScope();
}

std::string_view FunctionLowering::SourceText(SourceRange range) const {
  return module_.program().sources.Text(range);
}

void FunctionLowering::Lower() {
  const auto signature = module_.SignatureOf(item_, type_arguments_);
  ir::Function& function = builder_.function();
  if (!signature) {
    builder_.Yield({});
    return;
  }
  result_type_ = signature->result;
  LowerParameters(*signature);
  LowerAttributes();
  live_ = DeclareHidden("live", ScalarType::kBool, builder_.Bool(true));
  returned_ = DeclareHidden("returned", ScalarType::kBool, builder_.Bool(false));
  if (result_type_.valid()) result_ = DeclareHidden("result", Zero(result_type_, {}));
  const auto add_results = [&](VariableId id) {
    const Variable& v = variable(id);
    for (size_t k = 0; k < v.part_count; ++k)
      function.results.push_back(value_types_[v.first_part + k]);
  };
  if (result_.valid()) add_results(result_);
  for (VariableId id : inout_parameters_) add_results(id);
  LowerConditions();
  FinishBody(LowerBlock(item_.body));
  ReportRaces(body_);
  ReportUnwritten();
}

void FunctionLowering::FinishBody(Flow flow) {
  if (result_type_.valid() && flow != Flow::kDead) {
    const SourceRange block = tree_.block(item_.body).range;
    Report(DiagnosticCode::kMissingReturn, item_.name.range, item_.name.text,
           fmt::format("a value of type {}", result_type_.text()))
        .notes.push_back({PlainRange(block.file, block.end > 0 ? block.end - 1 : 0, block.end),
                          "this end is reached"});
  }
  // Arrays that were swapped go back to the storage that their names had in the beginning.
  std::vector<ir::ValueId> pairs;
  for (const auto& [id, storage] : writable_arrays_) {
    const auto parts = PartsOf(variable(id));
    for (size_t k = 0; k < storage.size(); ++k) {
      if (parts[k] == storage[k]) continue;
      pairs.push_back(storage[k]);
      pairs.push_back(parts[k]);
    }
  }
  if (!pairs.empty())
    builder_.Append({.opcode = Opcode::kSettle, .range = item_.name.range, .operands = pairs});
  std::vector<ir::ValueId> results;
  const auto add_parts = [&](VariableId id) {
    const auto parts = PartsOf(variable(id));
    results.insert(results.end(), parts.begin(), parts.end());
  };
  if (result_.valid()) add_parts(result_);
  for (VariableId id : inout_parameters_) add_parts(id);
  builder_.Yield(results, item_.name.range);
}

void FunctionLowering::LowerConstant(ExprId id, const DataType& type, SourceRange range) {
  builder_.function().kind = ir::FunctionKind::kConstant;
  live_ = DeclareHidden("live", ScalarType::kBool, builder_.Bool(true));
  returned_ = DeclareHidden("returned", ScalarType::kBool, builder_.Bool(false));
  Operand value;
  if (type.valid()) value = LowerFilled(id, type);
  for (ir::ValueId leaf : value.parts)
    builder_.function().results.push_back(builder_.function().type(leaf));
  builder_.Yield(value.parts, range);
}

void FunctionLowering::LowerParameters(const Signature& signature) {
  // Symbols come first, so that sizes can name them.
  for (const auto& [name, range] : module_.SymbolsOf(item_, signature)) {
    ir::Param param;
    param.name = name;
    param.kind = ir::ParamKind::kSymbol;
    param.range = range;
    const Type type = Type::Scalar(ScalarType::kI64);
    Declare({name, range}, VariableKind::kSymbol, Made(builder_.AddParam(param, type)));
  }
  // Scalars may be named in sizes too, wherever they stand, so all are declared before any shape.
  struct PendingArray {
    size_t first_param;
    const BoundParameter* parameter;
    VariableId variable;
  };
  std::vector<PendingArray> arrays;
  for (const BoundParameter& p : signature.parameters) {
    if (p.declaration->is_static) {
      const StaticValue* value = type_arguments_.StaticNamed(p.declaration->name.text);
      Declare(p.declaration->name, VariableKind::kParameter,
              value != nullptr ? Made(builder_.Constant(value->type, value->bits))
                               : Zero(p.type, p.declaration->range));
      continue;
    }
    const size_t first = builder_.function().params.size();
    const VariableId id = LowerParameter(p);
    if (p.array != nullptr) arrays.push_back({first, &p, id});
  }
  for (const PendingArray& pending : arrays) {
    std::vector<ir::ShapeExpr> shapes;
    for (ExprId size : pending.parameter->array->sizes) {
      const auto shape = LowerShape(size);
      // A size that was refused is still a size, so that uses of the array are not reported again.
      shapes.push_back(shape.value_or(ir::ShapeExpr::Constant(0)));
    }
    Variable& v = variable(pending.variable);
    if (pending.parameter->is_view())
      for (size_t d = 0; d < shapes.size(); ++d)
        v.sizes[d] = LowerShapeValue(shapes[d], expr(pending.parameter->array->sizes[d]).range);
    const auto& components = v.type.info().components;
    for (size_t c = 0; c < components.size(); ++c) {
      ir::Param& param = builder_.function().params[pending.first_param + c];
      param.shape = shapes;
      const size_t written = pending.parameter->is_view() ? 0 : shapes.size();
      for (size_t d = written; d < components[c].sizes.size(); ++d) {
        param.shape.push_back(ir::ShapeExpr::Constant(components[c].sizes[d]));
        param.shape_texts.push_back(fmt::format("{}", components[c].sizes[d]));
      }
    }
  }
}

// One parameter of the IR for each leaf of a value, or for each component of an array.
VariableId FunctionLowering::LowerParameter(const BoundParameter& p) {
  const AccessKind access = p.declaration->access;
  const bool is_array = p.array != nullptr;
  if (!is_array && access != AccessKind::kIn &&
      (item_.kind == ItemKind::kKernel || access == AccessKind::kOut))
    Report(DiagnosticCode::kInvalidArgument, p.declaration->range,
           access == AccessKind::kOut ? "a scalar parameter cannot be `out`"
                                      : "a scalar parameter of a kernel cannot be `inout`")
        .hint = "return the value, or use an array of one element";
  ir::Param param;
  param.range = p.declaration->range;
  // Callers give arrays as they lie; those of the entry are specialised to how the host's lie.
  param.layout = ir::Layout::kStrided;
  param.kind = ParamKindOf(access, is_array);
  if (is_array)
    for (ExprId size : p.array->sizes) param.shape_texts.emplace_back(SourceText(expr(size).range));
  Operand value;
  value.type = p.type;
  value.in_memory = is_array;
  value.sizes.resize(p.rank);
  Variable named;  // for the names of its parts
  named.name = p.declaration->name.text;
  named.type = p.type;
  named.in_memory = is_array;
  for (const Component& component : p.type.info().components) {
    const int rank = static_cast<int>(p.rank + component.sizes.size());
    const size_t count = is_array ? 1 : component.leaf_count;
    for (size_t k = 0; k < count; ++k) {
      param.name =
          p.type.is_scalar() ? std::string(named.name) : PartName(named, value.parts.size());
      value.parts.push_back(builder_.AddParam(
          param, is_array ? Type::Array(component.scalar, rank) : Type::Scalar(component.scalar)));
    }
  }
  const VariableKind kind =
      is_array ? (access == AccessKind::kIn ? VariableKind::kArrayIn : VariableKind::kArrayWritable)
      : access == AccessKind::kIn ? VariableKind::kParameter
                                  : VariableKind::kInoutParameter;
  const VariableId id = Declare(p.declaration->name, kind, value);
  if (kind == VariableKind::kInoutParameter) inout_parameters_.push_back(id);
  if (kind == VariableKind::kArrayWritable) writable_arrays_.emplace_back(id, value.parts);
  return id;
}

void FunctionLowering::LowerAttributes() {
  ir::Function& function = builder_.function();
  for (const Attribute& attribute : item_.attributes) {
    const auto refuse = [&](std::string why) {
      Report(DiagnosticCode::kInvalidAttribute, attribute.name.range, attribute.name.text, why);
    };
    const bool is_function = item_.kind == ItemKind::kFunction;
    if (attribute.name.text == "depth") {
      const auto depth = attribute.argument.valid()
                             ? module_.ConstantInteger(attribute.argument, item_, type_arguments_)
                             : std::nullopt;
      if (!is_function || !depth || *depth < 1 || *depth > kMostDepth)
        refuse(
            fmt::format("it stands before a function, with a constant from 1 to {}", kMostDepth));
      else
        function.depth_limit = static_cast<int>(*depth);
    } else if (attribute.name.text == "memo") {
      std::set<const Item*> seen;
      if (!is_function || !result_type_.valid() || !IsPure(item_, seen))
        refuse(
            "it stands before a function of scalars that returns a value, writes nothing and "
            "prints nothing");
      else
        function.is_memo = true;
    } else if (attribute.name.text == "unordered") {
      if (item_.kind != ItemKind::kKernel) refuse("it stands before a kernel");
    } else if (attribute.name.text == "fast") {
      if (item_.kind == ItemKind::kTest)
        refuse("it stands before a kernel or a function");
      else
        builder_.set_fast(true);
    } else {
      refuse("attributes are @depth(N), @fast, @memo and @unordered");
    }
  }
}

bool FunctionLowering::IsPure(const Item& item, std::set<const Item*>& seen) const {
  if (!seen.insert(&item).second) return true;
  const SourceUnit& unit = module_.program().UnitOf(item);
  bool pure = true;
  for (const ParameterDecl& parameter : item.parameters)
    pure = pure && parameter.access == AccessKind::kIn &&
           unit.tree.type(parameter.type).kind != TypeExprKind::kArray;
  SyntaxVisitor visitor;
  visitor.statement = [&](const Statement& s) {
    pure = pure && s.kind != StatementKind::kPrint && s.kind != StatementKind::kParallelFor;
  };
  visitor.expression = [&](const Expr& e) {
    if (e.kind != ExprKind::kCall || !pure) return;
    const Item* called = unit.ItemMeantBy(unit.tree.expr(e.a));
    if (called != nullptr) pure = IsPure(*called, seen);
  };
  Walk(unit.tree, item.body, visitor);
  return pure;
}

void FunctionLowering::LowerConditions() {
  for (ExprId id : item_.conditions) {
    const Operand condition = LowerCondition(id);
    if (!condition.ok()) continue;
    // The report shows the value of every name in the condition, once.
    std::vector<std::string_view> names;
    std::function<void(ExprId)> collect = [&](ExprId at) {
      if (!at.valid()) return;
      const Expr& e = expr(at);
      const Variable* v = e.kind == ExprKind::kName ? Find(e.text) : nullptr;
      if (v != nullptr && v->is_scalar() && std::ranges::find(names, e.text) == names.end())
        names.push_back(e.text);
      collect(e.a);
      collect(e.b);
      for (ExprId item : e.list) collect(item);
    };
    collect(id);
    std::string text = fmt::format("where {} does not hold", SourceText(expr(id).range));
    std::vector<ir::ValueId> values;
    for (std::string_view name : names) {
      text += fmt::format("{} {} = {{}}", values.empty() ? ":" : ",", name);
      values.push_back(PartsOf(*Find(name)).front());
    }
    FailUnless(condition.value(), FaultKind::kShape, text, values, expr(id).range);
  }
}

}  // namespace einkorn::frontend
