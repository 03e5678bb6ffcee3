#include "ir/module.h"

#include <array>

namespace einkorn::ir {

std::string_view TextOf(ParamKind kind) {
  constexpr std::array<std::string_view, 5> texts = {"symbol", "scalar", "in", "out", "inout"};
  return texts[static_cast<size_t>(kind)];
}

std::string_view TextOf(FunctionKind kind) {
  constexpr std::array<std::string_view, 4> texts = {"kernel", "function", "test", "constant"};
  return texts[static_cast<size_t>(kind)];
}

ShapeExpr ShapeExpr::Constant(int64_t value) {
  if (value == 0) return {};
  return {{{value, {}}}};
}

ShapeExpr ShapeExpr::Symbol(uint32_t param) {
  return {{{1, {param}}}};
}

int ShapeExpr::bare_symbol() const {
  if (terms.size() != 1 || terms[0].coefficient != 1 || terms[0].symbols.size() != 1) return -1;
  return static_cast<int>(terms[0].symbols[0]);
}

StringId Function::AddString(std::string_view text) {
  if (text.empty()) return {};
  strings.emplace_back(text);
  return StringId(strings.size() - 1);
}

const Op* Function::ConstantOf(ValueId id) const {
  const OpId def = value(id).def;
  if (!def.valid() || op(def).opcode != Opcode::kConstant) return nullptr;
  return &op(def);
}

RegionId Builder::NewRegion() {
  function_.regions.emplace_back();
  return RegionId(function_.regions.size() - 1);
}

ValueId Builder::AddArgument(RegionId region, Type type, std::string_view name) {
  function_.values.push_back({type, function_.AddString(name), {}, {}});
  const ValueId id(function_.values.size() - 1);
  function_.region(region).arguments.push_back(id);
  return id;
}

ValueId Builder::AddParam(Param param, Type type) {
  std::string shape;
  for (const std::string& text : param.shape_texts) shape += (shape.empty() ? "" : ", ") + text;
  function_.values.push_back(
      {type, function_.AddString(param.name), function_.AddString(shape), {}});
  param.value = ValueId(function_.values.size() - 1);
  function_.params.push_back(std::move(param));
  return function_.params.back().value;
}

RegionId Builder::Enter(RegionId region) {
  const RegionId before = region_;
  region_ = region;
  return before;
}

OpId Builder::Append(const OpSpec& spec) {
  Function& f = function_;
  const OpId id(f.ops.size());
  Op op;
  op.opcode = spec.opcode;
  op.rule = spec.rule;
  op.range = spec.range;
  op.immediate = spec.immediate;
  op.text = f.AddString(spec.text);

  op.operands = {static_cast<uint32_t>(f.value_pool.size()),
                 static_cast<uint32_t>(spec.operands.size())};
  f.value_pool.insert(f.value_pool.end(), spec.operands.begin(), spec.operands.end());
  op.results = {static_cast<uint32_t>(f.value_pool.size()),
                static_cast<uint32_t>(spec.results.size())};
  for (const Type& type : spec.results) {
    f.values.push_back({type, {}, {}, id});
    f.value_pool.push_back(ValueId(f.values.size() - 1));
  }
  op.regions = {static_cast<uint32_t>(f.region_pool.size()),
                static_cast<uint32_t>(spec.regions.size())};
  f.region_pool.insert(f.region_pool.end(), spec.regions.begin(), spec.regions.end());

  const auto scalar_of = [&](const auto& types, auto get) {
    return types.empty() ? ScalarType::kBool : get(types.front());
  };
  const ScalarType operand = scalar_of(spec.operands, [&](ValueId v) { return f.type(v).scalar; });
  const ScalarType result = scalar_of(spec.results, [](Type t) { return t.scalar; });
  if (is_fast_ && op.rule == Rule::kNone && HasRule(spec.opcode, Rule::kFast, operand))
    op.rule = Rule::kFast;
  op.checks = InitialChecks(spec.opcode, op.rule, operand, result);

  f.ops.push_back(op);
  f.region(region_).ops.push_back(id);
  return id;
}

ValueId Builder::AppendValue(const OpSpec& spec) {
  return function_.result(function_.op(Append(spec)));
}

ValueId Builder::Constant(ScalarType type, uint64_t bits, SourceRange range) {
  return AppendValue({.opcode = Opcode::kConstant,
                      .range = range,
                      .results = {Type::Scalar(type)},
                      .immediate = Canonical(type, bits)});
}

ValueId Builder::Unary(Opcode opcode, Rule rule, ValueId a, SourceRange range) {
  return AppendValue({.opcode = opcode,
                      .rule = rule,
                      .range = range,
                      .operands = {a},
                      .results = {function_.type(a)}});
}

ValueId Builder::Binary(Opcode opcode, Rule rule, ValueId a, ValueId b, SourceRange range) {
  const bool compares = InfoOf(opcode).types == TypeRule::kCompare;
  return AppendValue({.opcode = opcode,
                      .rule = rule,
                      .range = range,
                      .operands = {a, b},
                      .results = {compares ? Type::Scalar(ScalarType::kBool) : function_.type(a)}});
}

ValueId Builder::Select(ValueId condition, ValueId a, ValueId b, SourceRange range) {
  return AppendValue({.opcode = Opcode::kSelect,
                      .range = range,
                      .operands = {condition, a, b},
                      .results = {function_.type(a)}});
}

ValueId Builder::Convert(ScalarType to, Rule rule, ValueId a, SourceRange range) {
  return AppendValue({.opcode = Opcode::kConvert,
                      .rule = rule,
                      .range = range,
                      .operands = {a},
                      .results = {Type::Scalar(to)}});
}

void Builder::Yield(std::vector<ValueId> values, SourceRange range) {
  Append({.opcode = Opcode::kYield, .range = range, .operands = std::move(values)});
}

void Builder::Name(ValueId value, std::string_view name) {
  if (!function_.value(value).name.valid()) function_.value(value).name = function_.AddString(name);
}

ValueId StorageOf(const Function& function, ValueId array) {
  while (true) {
    const OpId def = function.value(array).def;
    if (!def.valid() || function.op(def).opcode != Opcode::kView) return array;
    array = function.operand(function.op(def), 0);
  }
}

bool MayFaultDeep(const Function& function, const Op& op) {
  if (MayFault(op) || op.opcode == Opcode::kCall || op.opcode == Opcode::kLaunch ||
      op.opcode == Opcode::kExpectError)
    return true;
  for (RegionId region : function.regions_of(op))
    for (OpId inner : function.region(region).ops)
      if (MayFaultDeep(function, function.op(inner))) return true;
  return false;
}

bool IsPure(const Op& op) {
  return op.checks == 0 && (InfoOf(op.opcode).effects & (kReads | kWrites | kControl)) == 0;
}

}  // namespace einkorn::ir
