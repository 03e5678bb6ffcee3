#include "ir/small_loops.h"

#include <algorithm>
#include <span>

#include "ir/loop_nest.h"

namespace einkorn::ir {
namespace {

// Larger loops are not made twice for checks that are made once.
constexpr size_t kMostGuardedOps = 24;
// The same for loops with several accumulators.
constexpr size_t kMostCombiningOps = 16;

// How many operations there are in a region; beyond every bound if a loop is among them.
size_t OpsWithoutLoops(const Function& function, RegionId region) {
  size_t count = 0;
  for (OpId id : function.region(region).ops) {
    const Op& op = function.op(id);
    if (op.regions.count > 0 && op.opcode != Opcode::kIf) return SIZE_MAX / 2;
    ++count;
    for (RegionId inner : function.regions_of(op))
      count = std::min(count + OpsWithoutLoops(function, inner), SIZE_MAX / 2);
  }
  return count;
}

}  // namespace

bool CountsByOne(const Function& function, const Op& loop) {
  const Op* step = function.ConstantOf(function.operand(loop, 2));
  return step != nullptr && step->immediate == 1 && (loop.immediate & kForInclusive) == 0;
}

std::vector<OpId> AccessesToGuard(const Function& function, const Op& loop) {
  const RegionId region = function.region_of(loop, 0);
  if (!CountsByOne(function, loop) || OpsWithoutLoops(function, region) > kMostGuardedOps)
    return {};
  std::vector<bool> inside(function.values.size());
  MarkInside(function, region, inside);
  const auto& body = function.region(region);
  std::vector<OpId> accesses;
  for (OpId id : body.ops) {
    const Op& access = function.op(id);
    if ((access.opcode != Opcode::kLoad && access.opcode != Opcode::kStore) ||
        (access.checks & kBoundsBit) == 0)
      continue;
    const ValueId array = function.operand(access, 0);
    const auto indices = function.operands(access).subspan(1, function.type(array).rank);
    if (!inside[array.index] && std::ranges::all_of(indices, [&](ValueId index) {
          return index == body.arguments[0] || !inside[index.index];
        }))
      accesses.push_back(id);
  }
  return accesses;
}

std::vector<OpId> CombinersOf(const Function& function, const Op& loop) {
  const auto& body = function.region(function.region_of(loop, 0));
  if (!CountsByOne(function, loop) || (loop.immediate & kForExits) != 0 ||
      body.ops.size() > kMostCombiningOps)
    return {};
  const std::span carried = std::span(body.arguments).subspan(1);
  const auto yields = function.operands(function.op(body.ops.back()));
  std::vector<OpId> combiners;
  for (size_t k = 0; k < carried.size(); ++k) {
    const Type type = function.type(carried[k]);
    const OpId def = function.value(yields[k]).def;
    if (!type.is_scalar() || !IsInteger(type.scalar) || !def.valid()) return {};
    const Op& combiner = function.op(def);
    const bool is_choice = combiner.opcode == Opcode::kMin || combiner.opcode == Opcode::kMax;
    if (!is_choice || std::ranges::find(body.ops, def) == body.ops.end() ||
        std::ranges::count(function.operands(combiner), carried[k]) != 1)
      return {};
    combiners.push_back(def);
  }
  // Nothing else looks at a carried value, or at what becomes of it.
  for (OpId id : body.ops) {
    const Op& op = function.op(id);
    if (op.regions.count > 0) return {};
    if (op.opcode == Opcode::kYield) continue;
    const auto combiner = std::ranges::find(combiners, id) - combiners.begin();
    const ValueId own =
        combiner < std::ssize(combiners) ? carried[static_cast<size_t>(combiner)] : ValueId();
    for (ValueId value : function.operands(op))
      if (value != own && (std::ranges::find(carried, value) != carried.end() ||
                           std::ranges::find(yields, value) != yields.end()))
        return {};
  }
  return combiners;
}

}  // namespace einkorn::ir
