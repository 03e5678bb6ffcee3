#include "ir/clone.h"

#include <fmt/format.h>

#include <string>

#include "ir/fault.h"

namespace einkorn::ir {
namespace {

// Whether the place `index` belongs to no slot or to one that is kept.
bool IsKept(uint32_t index, uint32_t first, const KeptSlots& keep) {
  return keep.empty() || index < first || keep[index - first];
}

}  // namespace

SlotLayout SlotsOf(const Op& op, size_t region) {
  if (op.opcode == Opcode::kIf || op.opcode == Opcode::kFrame || op.opcode == Opcode::kAttempt)
    return {.yield = 0};
  if (op.opcode == Opcode::kFor)
    return {.operand = 3, .argument = 1, .yield = op.immediate & kForExits ? 1u : 0u};
  if (op.opcode == Opcode::kWhile)
    return {.operand = 0, .argument = 0, .yield = region == 0 ? SlotLayout::kNone : 0u};
  return {};
}

Cloner::Cloner(const Function& source, Builder& target)
    : source_(source), target_(target), map_(source.values.size()) {}

std::vector<ValueId> Cloner::Map(std::span<const ValueId> values) const {
  std::vector<ValueId> mapped;
  mapped.reserve(values.size());
  for (ValueId value : values) mapped.push_back(Map(value));
  return mapped;
}

std::vector<ValueId> Cloner::CloneInto(RegionId region) {
  const std::vector<OpId>& ops = source_.region(region).ops;
  for (size_t i = 0; i + 1 < ops.size(); ++i) CloneOp(ops[i]);
  return Map(source_.operands(source_.terminator(region)));
}

RegionId Cloner::CloneRegion(RegionId region, const SlotLayout& slots, const KeptSlots& keep) {
  const RegionId made = target_.NewRegion();
  const RegionId outside = target_.Enter(made);
  const std::vector<ValueId>& arguments = source_.region(region).arguments;
  for (uint32_t i = 0; i < arguments.size(); ++i) {
    if (!IsKept(i, slots.argument, keep)) continue;
    const ValueId argument = target_.AddArgument(made, source_.type(arguments[i]));
    CopyNames(arguments[i], argument);
    Bind(arguments[i], argument);
  }
  const std::vector<ValueId> all = CloneInto(region);
  std::vector<ValueId> yields;
  for (uint32_t i = 0; i < all.size(); ++i)
    if (IsKept(i, slots.yield, keep)) yields.push_back(all[i]);
  target_.Yield(std::move(yields), source_.terminator(region).range);
  target_.Enter(outside);
  return made;
}

OpId Cloner::CopyOp(OpId id, const KeptSlots& keep) {
  const Op& op = source_.op(id);
  OpSpec spec{.opcode = op.opcode,
              .rule = op.rule,
              .range = op.range,
              .immediate = op.immediate,
              .text = std::string(source_.string(op.text))};
  const SlotLayout slots = SlotsOf(op, 0);
  for (uint32_t i = 0; i < op.operands.count; ++i)
    if (IsKept(i, slots.operand, keep)) spec.operands.push_back(Map(source_.operand(op, i)));
  for (size_t i = 0; i < op.regions.count; ++i)
    spec.regions.push_back(CloneRegion(source_.region_of(op, i), SlotsOf(op, i), keep));
  for (uint32_t i = 0; i < op.results.count; ++i)
    if (IsKept(i, 0, keep)) spec.results.push_back(source_.type(source_.result(op, i)));

  const OpId made = target_.Append(spec);
  target_.function().op(made).checks = op.checks;
  KeepArrayNames(op, made);
  size_t next = 0;
  for (uint32_t i = 0; i < op.results.count; ++i) {
    if (!IsKept(i, 0, keep)) continue;
    const ValueId result = target_.function().result(target_.function().op(made), next++);
    CopyNames(source_.result(op, i), result);
    Bind(source_.result(op, i), result);
  }
  return made;
}

void Cloner::KeepArrayNames(const Op& op, OpId copy) {
  Function& function = target_.function();
  if ((op.checks & kBoundsBit) == 0 || op.text.valid()) return;
  const auto [name, shape] = NamesOfAccessed(source_, op);
  const ArrayNames now = NamesOfAccessed(function, function.op(copy));
  if (name != now.name || shape != now.shape)
    function.op(copy).text = function.AddString(fmt::format("{}[{}]", name, shape));
}

void Cloner::CopyNames(ValueId from, ValueId to) {
  const Value& named = source_.value(from);
  Function& function = target_.function();
  if (named.name.valid()) target_.Name(to, source_.string(named.name));
  if (named.shape.valid() && !function.value(to).shape.valid())
    function.value(to).shape = function.AddString(source_.string(named.shape));
}

Function CloneSignature(const Function& source) {
  Function made;
  made.name = source.name;
  made.kind = source.kind;
  made.results = source.results;
  made.range = source.range;
  made.depth_limit = source.depth_limit;
  made.is_memo = source.is_memo;
  Builder builder(made);
  for (const Param& param : source.params) builder.AddParam(param, source.type(param.value));
  made.body = builder.NewRegion();
  return made;
}

}  // namespace einkorn::ir
