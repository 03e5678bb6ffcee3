#include "ir/loop_nest.h"

#include <algorithm>

#include "ir/scalar.h"

namespace einkorn::ir {

bool IsCountingLoop(const Function& function, const Op& op) {
  if (op.opcode != Opcode::kFor || (op.immediate & ~kForInclusive) != 0 || op.checks != 0 ||
      !IsSigned(function.type(function.operand(op, 0)).scalar))
    return false;
  const Op* step = function.ConstantOf(function.operand(op, 2));
  return step != nullptr && step->immediate == 1;
}

void MarkInside(const Function& function, RegionId region, std::vector<bool>& is_inside) {
  for (ValueId argument : function.region(region).arguments) is_inside[argument.index] = true;
  for (OpId id : function.region(region).ops) {
    const Op& op = function.op(id);
    for (ValueId result : function.results_of(op)) is_inside[result.index] = true;
    for (RegionId inner : function.regions_of(op)) MarkInside(function, inner, is_inside);
  }
}

std::vector<bool> SourcesOf(const Function& function, std::span<const ValueId> values) {
  std::vector<bool> sources(function.values.size());
  std::vector<ValueId> open(values.begin(), values.end());
  while (!open.empty()) {
    const ValueId source = open.back();
    open.pop_back();
    if (sources[source.index]) continue;
    sources[source.index] = true;
    if (const OpId def = function.value(source).def; def.valid())
      for (ValueId operand : function.operands(function.op(def))) open.push_back(operand);
  }
  return sources;
}

bool HasFixedRange(const Function& function, const Op& loop, const std::vector<bool>& inside) {
  return std::ranges::all_of(function.operands(loop).first(2), [&](ValueId end) {
    return !inside[end.index] || function.ConstantOf(end) != nullptr;
  });
}

namespace {

// Values that are computed in more steps are not looked into.
constexpr int kLongestChain = 8;

bool IsKnownWithin(const Function& function, ValueId value, ValueId variable,
                   const std::vector<bool>& inside, int steps) {
  if (!inside[value.index] || value == variable) return true;
  const OpId def = function.value(value).def;
  if (!def.valid() || steps == 0 || !IsSimple(function.op(def)) ||
      function.op(def).opcode == Opcode::kLoad)
    return false;
  return std::ranges::all_of(function.operands(function.op(def)), [&](ValueId operand) {
    return IsKnownWithin(function, operand, variable, inside, steps - 1);
  });
}

}  // namespace

bool IsKnownFrom(const Function& function, ValueId value, ValueId variable,
                 const std::vector<bool>& inside) {
  return IsKnownWithin(function, value, variable, inside, kLongestChain);
}

bool MayBePartOf(const Function& function, ValueId a, ValueId b) {
  const ValueId one = StorageOf(function, a), other = StorageOf(function, b);
  // Parameters and arrays made here stay what they are; others come from `if` and loops.
  const auto stays = [&](ValueId storage) {
    const OpId def = function.value(storage).def;
    return def.valid() ? function.op(def).opcode == Opcode::kArray
                       : std::ranges::any_of(function.params,
                                             [&](const Param& p) { return p.value == storage; });
  };
  return one != other && (one != a || other != b) && !(stays(one) && stays(other));
}

bool IsSimple(const Op& op) {
  return op.checks == 0 && (op.opcode == Opcode::kConstant || op.opcode == Opcode::kLoad ||
                            HasScalarMeaning(op.opcode));
}

bool OnlyComputes(const Function& function, const Op& op) {
  if (op.regions.count == 0) return IsSimple(op);
  if ((op.opcode != Opcode::kFor && op.opcode != Opcode::kIf && op.opcode != Opcode::kFrame) ||
      op.checks != 0)
    return false;
  return std::ranges::all_of(function.regions_of(op), [&](RegionId region) {
    return std::ranges::all_of(function.region(region).ops, [&](OpId id) {
      const Op& inner = function.op(id);
      return inner.opcode == Opcode::kYield || OnlyComputes(function, inner);
    });
  });
}

LoopRange LoopCloner::RangeOf(Emitter& emit, OpId loop) {
  const auto end = [&](size_t i) {
    const ValueId value = source().operand(op(loop), i);
    const Op* constant = source().ConstantOf(value);
    return constant == nullptr ? Map(value)
                               : emit.builder().Constant(source().type(value).scalar,
                                                         constant->immediate, op(loop).range);
  };
  return {end(0), end(1), end(2), (op(loop).immediate & kForInclusive) != 0};
}

void LoopCloner::CloneSubscripts(std::span<const RegionId> regions, OpId access) {
  CloneSources(regions, source()
                            .operands(op(access))
                            .subspan(1, source().type(source().operand(op(access), 0)).rank));
}

void LoopCloner::CloneSources(std::span<const RegionId> regions, std::span<const ValueId> values) {
  const std::vector<bool> needed = SourcesOf(source(), values);
  for (RegionId region : regions)
    for (OpId id : source().region(region).ops) {
      const auto results = source().results_of(op(id));
      if (!results.empty() && needed[results[0].index]) CopyOp(id);
    }
}

}  // namespace einkorn::ir
