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

}  // namespace einkorn::ir
