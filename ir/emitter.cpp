#include "ir/emitter.h"

namespace einkorn::ir {
namespace {

// The rule under which an operation never faults, or whose checks may simply be cleared.
Rule UncheckedRule(Opcode opcode, ScalarType type) {
  for (Rule rule : {Rule::kNone, Rule::kWrap, Rule::kChecked})
    if (HasRule(opcode, rule, type)) return rule;
  return Rule::kNone;
}

}  // namespace

bool Emitter::IsConstant(ValueId value, uint64_t bits) const {
  const Op* constant = builder_.function().ConstantOf(value);
  return constant != nullptr && constant->immediate == bits;
}

ValueId Emitter::Unary(Opcode opcode, ValueId a) {
  return AppendValue({.opcode = opcode,
                      .rule = UncheckedRule(opcode, type(a)),
                      .operands = {a},
                      .results = {Type::Scalar(type(a))}});
}

ValueId Emitter::Binary(Opcode opcode, ValueId a, ValueId b) {
  return Binary(opcode, UncheckedRule(opcode, type(a)), a, b);
}

ValueId Emitter::Binary(Opcode opcode, Rule rule, ValueId a, ValueId b) {
  const bool compares = InfoOf(opcode).types == TypeRule::kCompare;
  return AppendValue({.opcode = opcode,
                      .rule = rule,
                      .operands = {a, b},
                      .results = {Type::Scalar(compares ? ScalarType::kBool : type(a))}});
}

ValueId Emitter::Fma(ValueId a, ValueId b, ValueId c) {
  return AppendValue(
      {.opcode = Opcode::kFma, .operands = {a, b, c}, .results = {Type::Scalar(type(a))}});
}

ValueId Emitter::Convert(ScalarType to, ValueId a) {
  if (type(a) == to) return a;
  const Rule rule = IsInteger(type(a)) && IsInteger(to) ? Rule::kWrap : Rule::kNone;
  return builder_.Convert(to, rule, a, range_);
}

ValueId Emitter::ConvertExact(ScalarType to, ValueId a) {
  if (type(a) == to) return a;
  return AppendValue({.opcode = Opcode::kConvert,
                      .rule = Rule::kChecked,
                      .operands = {a},
                      .results = {Type::Scalar(to)}});
}

ValueId Emitter::BitsOfFloat(ValueId a) {
  const ScalarType bits = type(a) == ScalarType::kF32 ? ScalarType::kU32 : ScalarType::kU64;
  return AppendValue({.opcode = Opcode::kBits, .operands = {a}, .results = {Type::Scalar(bits)}});
}

ValueId Emitter::Array(ScalarType element, int64_t size, ValueId fill) {
  Values operands = {Integer(ScalarType::kI64, size)};
  if (fill.valid()) operands.push_back(fill);
  return AppendValue({.opcode = Opcode::kArray,
                      .rule = Rule::kChecked,
                      .operands = operands,
                      .results = {Type::Array(element, 1)},
                      .immediate = fill.valid() ? 1u : 0u});
}

ValueId Emitter::Array(ScalarType element, ValueId size) {
  return AppendValue({.opcode = Opcode::kArray,
                      .rule = Rule::kChecked,
                      .operands = {size},
                      .results = {Type::Array(element, 1)}});
}

ValueId Emitter::Load(ValueId array, ValueId index) {
  return AppendValue({.opcode = Opcode::kLoad,
                      .rule = Rule::kChecked,
                      .operands = {array, index},
                      .results = {Type::Scalar(type(array))}});
}

void Emitter::Store(ValueId array, ValueId index, ValueId value) {
  AppendUnchecked(
      {.opcode = Opcode::kStore, .rule = Rule::kChecked, .operands = {array, index, value}});
}

Values Emitter::If(ValueId condition, const std::function<Values()>& then,
                   const std::function<Values()>& otherwise) {
  return AppendChoice(Opcode::kIf, {condition}, then, otherwise);
}

Values Emitter::Attempt(const std::function<Values()>& first,
                        const std::function<Values()>& second) {
  return AppendChoice(Opcode::kAttempt, {}, first, second);
}

Values Emitter::AppendChoice(Opcode opcode, Values operands, const std::function<Values()>& first,
                             const std::function<Values()>& second) {
  const RegionId regions[] = {Body(builder_.NewRegion(), first),
                              Body(builder_.NewRegion(), second)};
  const Function& function = builder_.function();
  const auto yields = function.operands(function.terminator(regions[0]));
  const OpId op = builder_.Append({.opcode = opcode,
                                   .range = range_,
                                   .operands = std::move(operands),
                                   .results = TypesOf({yields.begin(), yields.end()}),
                                   .regions = {regions[0], regions[1]}});
  const auto results = function.results_of(function.op(op));
  return {results.begin(), results.end()};
}

void Emitter::Parallel(ValueId count, const std::function<void(ValueId)>& body) {
  const RegionId region = builder_.NewRegion();
  const ValueId variable = builder_.AddArgument(region, Type::Scalar(type(count)));
  Body(region, [&] {
    body(variable);
    return Values();
  });
  AppendUnchecked({.opcode = Opcode::kParallel,
                   .rule = Rule::kChecked,
                   .operands = {Integer(type(count), 0), count, Integer(type(count), 1)},
                   .regions = {region}});
}

Values Emitter::Lanes(const std::function<Values(ValueId)>& body,
                      const std::function<Values(const Values&, const Values&)>& combine) {
  const RegionId first = builder_.NewRegion(), second = builder_.NewRegion();
  const ValueId lane = builder_.AddArgument(first, Type::Scalar(ScalarType::kI64), "lane");
  std::vector<Type> types;
  Body(first, [&] {
    Values values = body(lane);
    types = TypesOf(values);
    return values;
  });
  Values arguments[2];
  for (Values& list : arguments)
    for (Type type : types) list.push_back(builder_.AddArgument(second, type));
  Body(second, [&] { return combine(arguments[0], arguments[1]); });
  const OpId op = builder_.Append(
      {.opcode = Opcode::kLanes, .range = range_, .results = types, .regions = {first, second}});
  const auto results = builder_.function().results_of(builder_.function().op(op));
  return {results.begin(), results.end()};
}

Values Emitter::For(const LoopRange& range, Values carried,
                    const std::function<Values(ValueId, const Values&)>& body) {
  return AppendLoop(range, range.inclusive ? kForInclusive : 0, std::move(carried), body);
}

Values Emitter::For(ValueId count, Values carried,
                    const std::function<Values(ValueId, const Values&)>& body) {
  const ScalarType variable = type(count);
  return For({Integer(variable, 0), count, Integer(variable, 1)}, std::move(carried), body);
}

Values Emitter::ForExits(const LoopRange& range, Values carried,
                         const std::function<Values(ValueId, const Values&)>& body) {
  const uint64_t flags = kForExits | (range.inclusive ? kForInclusive : 0);
  return AppendLoop(range, flags, std::move(carried), body);
}

Values Emitter::While(Values carried, const std::function<ValueId(const Values&)>& condition,
                      const std::function<Values(const Values&)>& body) {
  const std::vector<Type> types = TypesOf(carried);
  const RegionId before = builder_.NewRegion(), after = builder_.NewRegion();
  Values asked, taken;
  for (Type carried_type : types) {
    asked.push_back(builder_.AddArgument(before, carried_type));
    taken.push_back(builder_.AddArgument(after, carried_type));
  }
  Body(before, [&] { return Values{condition(asked)}; });
  Body(after, [&] { return body(taken); });
  const OpId op = AppendUnchecked({.opcode = Opcode::kWhile,
                                   .operands = std::move(carried),
                                   .results = types,
                                   .regions = {before, after}});
  const auto results = builder_.function().results_of(builder_.function().op(op));
  return {results.begin(), results.end()};
}

void Emitter::FailIf(ValueId condition, FaultKind kind, std::string text, Values operands) {
  const auto fail = [&] {
    builder_.Append({.opcode = Opcode::kFail,
                     .range = range_,
                     .operands = std::move(operands),
                     .immediate = static_cast<uint64_t>(kind),
                     .text = std::move(text)});
    return Values();
  };
  If(condition, fail, [] { return Values(); });
}

OpId Emitter::AppendUnchecked(const OpSpec& spec) {
  OpSpec placed = spec;
  placed.range = range_;
  const OpId op = builder_.Append(placed);
  builder_.function().op(op).checks = 0;
  return op;
}

ValueId Emitter::AppendValue(const OpSpec& spec) {
  const OpId op = AppendUnchecked(spec);
  return builder_.function().result(builder_.function().op(op));
}

Values Emitter::AppendLoop(const LoopRange& range, uint64_t flags, Values carried,
                           const std::function<Values(ValueId, const Values&)>& body) {
  const std::vector<Type> types = TypesOf(carried);
  const RegionId region = builder_.NewRegion();
  const ValueId variable = builder_.AddArgument(region, Type::Scalar(type(range.from)));
  Values arguments;
  for (Type carried_type : types) arguments.push_back(builder_.AddArgument(region, carried_type));
  Body(region, [&] { return body(variable, arguments); });
  Values operands = {range.from, range.to, range.step};
  operands.insert(operands.end(), carried.begin(), carried.end());
  const OpId op = AppendUnchecked({.opcode = Opcode::kFor,
                                   .rule = Rule::kChecked,
                                   .operands = std::move(operands),
                                   .results = types,
                                   .regions = {region},
                                   .immediate = flags});
  const auto results = builder_.function().results_of(builder_.function().op(op));
  return {results.begin(), results.end()};
}

RegionId Emitter::Body(RegionId region, const std::function<Values()>& body) {
  const RegionId outside = builder_.Enter(region);
  builder_.Yield(body(), range_);
  builder_.Enter(outside);
  return region;
}

std::vector<Type> Emitter::TypesOf(const Values& values) const {
  std::vector<Type> types;
  for (ValueId value : values) types.push_back(builder_.function().type(value));
  return types;
}

}  // namespace einkorn::ir
