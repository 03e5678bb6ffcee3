#include "backends/cpu/array_facts.h"

#include <numeric>

#include "ir/clone.h"

namespace einkorn::cpu {

ArrayFacts::ArrayFacts(const ir::Function& function)
    : parent_(function.values.size()),
      viewed_(parent_.size()),
      contiguous_(parent_.size(), true),
      members_(parent_.size(), 1) {
  std::iota(parent_.begin(), parent_.end(), 0u);
  for (const ir::Param& param : function.params)
    if (param.is_array() && param.layout == ir::Layout::kStrided)
      contiguous_[param.value.index] = false;
  Visit(function, function.body);
}

ir::ValueId ArrayFacts::StorageOf(ir::ValueId value) const {
  while (viewed_[value.index].valid()) value = viewed_[value.index];
  return value;
}

uint32_t ArrayFacts::ClassOf(ir::ValueId value) const {
  uint32_t root = StorageOf(value).index;
  while (parent_[root] != root) root = parent_[root] = parent_[parent_[root]];
  return root;
}

void ArrayFacts::Join(ir::ValueId a, ir::ValueId b) {
  const uint32_t into = ClassOf(a), from = ClassOf(b);
  if (into == from) return;
  parent_[from] = into;
  contiguous_[into] = contiguous_[into] && contiguous_[from];
  members_[into] += members_[from];
}

void ArrayFacts::Visit(const ir::Function& function, ir::RegionId region) {
  for (ir::OpId id : function.region(region).ops) {
    const ir::Op& op = function.op(id);
    if (op.opcode == Opcode::kView) viewed_[function.result(op).index] = function.operand(op, 0);
    for (uint32_t i = 0; i < op.regions.count; ++i) {
      const ir::RegionId inner = function.region_of(op, i);
      const ir::SlotLayout slots = ir::SlotsOf(op, i);
      const auto& arguments = function.region(inner).arguments;
      const auto yields = function.operands(function.terminator(inner));
      for (uint32_t k = 0; k < op.results.count; ++k) {
        const ir::ValueId result = function.result(op, k);
        if (!function.type(result).is_array()) continue;
        if (slots.operand != ir::SlotLayout::kNone)
          Join(result, function.operand(op, slots.operand + k));
        if (slots.argument != ir::SlotLayout::kNone) Join(result, arguments[slots.argument + k]);
        if (slots.yield != ir::SlotLayout::kNone) Join(result, yields[slots.yield + k]);
      }
      Visit(function, inner);
    }
  }
}

}  // namespace einkorn::cpu
