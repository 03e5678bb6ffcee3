// One function: its parameters, its conditions, its body, and what it leaves behind.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {

FunctionLowering::FunctionLowering(ModuleLowering& module, const Item& item,
                                   TypeArguments type_arguments, ir::Function& function)
    : module_(module),
      unit_(module.program().UnitOf(item)),
      tree_(unit_.tree),
      item_(item),
      type_arguments_(std::move(type_arguments)),
      builder_(function) {
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
  live_ = DeclareHidden("live", ScalarType::kBool, builder_.Bool(true));
  returned_ = DeclareHidden("returned", ScalarType::kBool, builder_.Bool(false));
  if (result_type_) {
    function.results.push_back(Type::Scalar(*result_type_));
    result_ = DeclareHidden("result", *result_type_, builder_.Constant(*result_type_, 0));
  }
  for (VariableId id : inout_parameters_) function.results.push_back(variable(id).type);
  LowerConditions();
  FinishBody(LowerBlock(item_.body));
}

void FunctionLowering::FinishBody(Flow flow) {
  if (result_type_ && flow != Flow::kDead) {
    const SourceRange block = tree_.block(item_.body).range;
    Report(DiagnosticCode::kMissingReturn, item_.name.range, item_.name.text,
           fmt::format("a value of type {}", TextOf(*result_type_)))
        .notes.push_back({PlainRange(block.file, block.end > 0 ? block.end - 1 : 0, block.end),
                          "this end is reached"});
  }
  // Arrays that were swapped go back to the storage that their names had in the beginning.
  std::vector<ir::ValueId> pairs;
  for (const auto& [id, storage] : writable_arrays_) {
    if (variable(id).value == storage) continue;
    pairs.push_back(storage);
    pairs.push_back(variable(id).value);
  }
  if (!pairs.empty())
    builder_.Append({.opcode = Opcode::kSettle, .range = item_.name.range, .operands = pairs});
  std::vector<ir::ValueId> results;
  if (result_.valid()) results.push_back(variable(result_).value);
  for (VariableId id : inout_parameters_) results.push_back(variable(id).value);
  builder_.Yield(results, item_.name.range);
}

void FunctionLowering::LowerConstant() {
  live_ = DeclareHidden("live", ScalarType::kBool, builder_.Bool(true));
  returned_ = DeclareHidden("returned", ScalarType::kBool, builder_.Bool(false));
  const auto type = module_.ResolveScalar(item_.type, item_, {});
  const Operand value = type ? LowerAs(item_.value, *type) : Operand{};
  if (!value.ok()) return;
  builder_.function().results.push_back(value.type);
  builder_.Yield({value.value}, item_.name.range);
}

void FunctionLowering::LowerParameters(const Signature& signature) {
  // Symbols come first, so that sizes can name them.
  for (const auto& [name, range] : CollectSymbols(signature)) {
    ir::Param param;
    param.name = name;
    param.kind = ir::ParamKind::kSymbol;
    param.range = range;
    const Type type = Type::Scalar(ScalarType::kI64);
    Declare({name, range}, VariableKind::kSymbol, type, builder_.AddParam(param, type));
  }
  // Scalars may be named in sizes too, wherever they stand, so all are declared before any shape.
  struct PendingArray {
    size_t param;
    const BoundParameter* parameter;
    VariableId variable;
  };
  std::vector<PendingArray> arrays;
  for (const BoundParameter& p : signature.parameters) {
    const AccessKind access = p.declaration->access;
    ir::Param param;
    param.name = p.declaration->name.text;
    param.range = p.declaration->range;
    VariableKind kind = VariableKind::kParameter;
    if (p.type.is_array()) {
      if (item_.kind == ItemKind::kFunction) {
        Report(DiagnosticCode::kNotBuilt, p.declaration->range, "array parameters of functions")
            .hint = "pass elements, or move the loop into the kernel";
      }
      kind = access == AccessKind::kIn ? VariableKind::kArrayIn : VariableKind::kArrayWritable;
      param.kind = access == AccessKind::kIn    ? ir::ParamKind::kArrayIn
                   : access == AccessKind::kOut ? ir::ParamKind::kArrayOut
                                                : ir::ParamKind::kArrayInout;
      for (ExprId size : p.array->sizes)
        param.shape_texts.emplace_back(SourceText(expr(size).range));
    } else if (access != AccessKind::kIn) {
      if (item_.kind == ItemKind::kKernel || access == AccessKind::kOut)
        Report(DiagnosticCode::kInvalidArgument, p.declaration->range,
               access == AccessKind::kOut ? "a scalar parameter cannot be `out`"
                                          : "a scalar parameter of a kernel cannot be `inout`")
            .hint = "return the value, or use an array of one element";
      kind = VariableKind::kInoutParameter;
    }
    const ir::ValueId value = builder_.AddParam(param, p.type);
    const VariableId id = Declare(p.declaration->name, kind, p.type, value);
    if (kind == VariableKind::kInoutParameter) inout_parameters_.push_back(id);
    if (kind == VariableKind::kArrayWritable) writable_arrays_.emplace_back(id, value);
    if (p.type.is_array()) arrays.push_back({builder_.function().params.size() - 1, &p, id});
  }
  for (const PendingArray& pending : arrays) {
    for (ExprId size : pending.parameter->array->sizes) {
      const auto shape = LowerShape(size);
      if (!shape) continue;
      builder_.function().params[pending.param].shape.push_back(*shape);
      variable(pending.variable).sizes.push_back(LowerShapeValue(*shape, expr(size).range));
    }
    // A size that was refused is still a size, so that uses of the array are not reported again.
    while (variable(pending.variable).sizes.size() < pending.parameter->type.rank)
      variable(pending.variable).sizes.push_back(builder_.Integer(ScalarType::kI64, 0));
  }
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
      if (v != nullptr && v->type.is_scalar() && std::ranges::find(names, e.text) == names.end())
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
      values.push_back(Find(name)->value);
    }
    FailUnless(condition.value, FaultKind::kShape, text, values, expr(id).range);
  }
}

}  // namespace einkorn::frontend
