// Values made of several scalars: their leaves, places in memory, and copies between the two.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"
#include "frontend/shapes.h"

namespace einkorn::frontend {
namespace {

// Calls `visit` with the indices of every leaf of a component, row-major.
template <typename Visit>
void ForEachLeaf(const Component& component, const Visit& visit) {
  for (size_t k = 0; k < component.leaf_count; ++k) visit(IndicesOf(component.sizes, k));
}

}  // namespace

std::string FunctionLowering::Describe(const Operand& operand) const {
  return operand.is_view() ? fmt::format("an array of {}", operand.type.text())
                           : operand.type.text();
}

bool FunctionLowering::IsSmallEnough(const DataType& type, SourceRange range) {
  if (type.leaf_count() <= kMaxWholeLeaves) return true;
  Report(DiagnosticCode::kValueTooLarge, range, type.text(), type.leaf_count(), kMaxWholeLeaves)
      .hint = "write a loop over its elements";
  return false;
}

Operand FunctionLowering::AsView(const Operand& operand) {
  if (operand.is_view() || !operand.type.is_array()) return operand;
  Operand view = operand.in_memory ? operand : Spill(operand, {}, {});
  for (int64_t size : operand.type.sizes())
    view.sizes.push_back(builder_.Integer(ScalarType::kI64, size));
  view.type = operand.type.element();
  return view;
}

Operand FunctionLowering::AsWhole(const Operand& operand) {
  if (!operand.is_view()) return operand;
  std::vector<int64_t> sizes;
  for (ir::ValueId size : operand.sizes) {
    const auto known = ConstantSize(size);
    if (!known || *known < 0) return operand;
    sizes.push_back(*known);
  }
  Operand whole = operand;
  whole.type = DataType::Array(sizes, operand.type);
  whole.sizes.clear();
  return whole;
}

Operand FunctionLowering::Load(const Operand& operand, SourceRange range) {
  if (!operand.ok() || !operand.in_memory) return operand;
  const Operand place = AsWhole(operand);
  if (place.is_view()) return place;
  if (!IsSmallEnough(place.type, range)) return {};
  std::vector<ir::ValueId> leaves;
  const auto& components = place.type.info().components;
  for (size_t c = 0; c < components.size(); ++c) {
    ForEachLeaf(components[c], [&](const std::vector<int64_t>& at) {
      std::vector<ir::ValueId> operands = {place.parts[c]};
      operands.insert(operands.end(), place.indices.begin(), place.indices.end());
      for (int64_t index : at) operands.push_back(builder_.Integer(ScalarType::kI64, index, range));
      const ir::ValueId leaf =
          builder_.AppendValue({.opcode = Opcode::kLoad,
                                .rule = Rule::kChecked,
                                .range = range,
                                .operands = operands,
                                .results = {Type::Scalar(components[c].scalar)}});
      // The first load checks the indices for all; those inside of the element are constants.
      ir::Function& function = builder_.function();
      if (!leaves.empty() || place.indices.empty())
        function.op(function.value(leaf).def).checks = 0;
      leaves.push_back(leaf);
    });
  }
  return MakeValue(place.type, std::move(leaves));
}

Operand FunctionLowering::Read(const Operand& value, const DataType& expected, SourceRange range) {
  if (!value.ok() || value.is_view() || value.type == expected) return value;
  const DataType type = ReadType(value.type);
  if (type == value.type) return value;
  std::vector<ir::ValueId> leaves;
  for (ir::ValueId leaf : value.parts)
    leaves.push_back(builder_.Convert(ScalarType::kF32, Rule::kNone, leaf, range));
  return MakeValue(type, std::move(leaves));
}

void FunctionLowering::Store(const Operand& place, const Operand& value, SourceRange range,
                             bool is_checked) {
  const auto& components = place.type.info().components;
  size_t leaf = 0;
  for (size_t c = 0; c < components.size(); ++c) {
    ForEachLeaf(components[c], [&](const std::vector<int64_t>& at) {
      std::vector<ir::ValueId> operands = {place.parts[c]};
      operands.insert(operands.end(), place.indices.begin(), place.indices.end());
      for (int64_t index : at) operands.push_back(builder_.Integer(ScalarType::kI64, index, range));
      operands.push_back(value.parts[leaf]);
      const ir::OpId store = builder_.Append(
          {.opcode = Opcode::kStore, .rule = Rule::kChecked, .range = range, .operands = operands});
      if (leaf > 0 || place.indices.empty() || !is_checked)
        builder_.function().op(store).checks = 0;
      ++leaf;
    });
  }
}

Operand FunctionLowering::FieldOf(const Operand& base, const Field& field) const {
  const DataInfo& inner = field.type.info();
  Operand part = base;
  part.type = field.type;
  if (base.in_memory) {
    const auto first = base.parts.begin() + static_cast<ptrdiff_t>(field.first_component);
    part.parts.assign(first, first + static_cast<ptrdiff_t>(inner.components.size()));
    return part;
  }
  size_t first_leaf = 0;
  if (!inner.components.empty())
    first_leaf = base.type.info().components[field.first_component].first_leaf;
  const auto first = base.parts.begin() + static_cast<ptrdiff_t>(first_leaf);
  part.parts.assign(first, first + static_cast<ptrdiff_t>(inner.leaf_count));
  return part;
}

Operand FunctionLowering::ElementOf(const Operand& value, size_t index) const {
  Operand element;
  element.type = value.type.element();
  const auto& whole = value.type.info().components;
  const auto& parts = element.type.info().components;
  for (size_t c = 0; c < parts.size(); ++c) {
    const size_t first = whole[c].first_leaf + index * parts[c].leaf_count;
    for (size_t k = 0; k < parts[c].leaf_count; ++k)
      element.parts.push_back(value.parts[first + k]);
  }
  return element;
}

Operand FunctionLowering::Gather(const DataType& type, const std::vector<Operand>& elements) const {
  Operand whole;
  whole.type = type;
  for (const Component& component : type.element().info().components)
    for (const Operand& element : elements)
      for (size_t k = 0; k < component.leaf_count; ++k)
        whole.parts.push_back(element.parts[component.first_leaf + k]);
  return whole;
}

Operand FunctionLowering::IndexInto(const Operand& array,
                                    const std::vector<ir::ValueId>& indices) const {
  Operand place = array;
  if (!array.is_view()) place.type = array.type.element();
  place.sizes.clear();
  place.indices.insert(place.indices.end(), indices.begin(), indices.end());
  return place;
}

Operand FunctionLowering::MakeStorage(const DataType& type, SourceRange range) {
  std::string text;
  std::vector<ir::ValueId> sizes;
  for (int64_t size : type.sizes()) {
    sizes.push_back(builder_.Integer(ScalarType::kI64, size, range));
    text += fmt::format("{}{}", text.empty() ? "" : ", ", size);
  }
  return AsWhole(MakeArray(type.element(), sizes, {}, text, range));
}

Operand FunctionLowering::Spill(const Operand& value, std::string_view name, SourceRange range) {
  const Operand memory = MakeStorage(value.type, range);
  if (!name.empty())
    for (size_t c = 0; c < memory.parts.size(); ++c)
      builder_.Name(memory.parts[c], std::string(name) + value.type.info().components[c].path);
  Store(memory, value, range, false);
  return memory;
}

Operand FunctionLowering::Zero(const DataType& type, SourceRange range) {
  std::vector<ir::ValueId> leaves;
  for (const Component& component : type.info().components)
    for (size_t k = 0; k < component.leaf_count; ++k)
      leaves.push_back(builder_.Constant(component.scalar, 0, range));
  return MakeValue(type, std::move(leaves));
}

Operand FunctionLowering::MakeArray(const DataType& element, const std::vector<ir::ValueId>& sizes,
                                    const Operand& fill, std::string_view text, SourceRange range) {
  Operand array;
  array.type = element;
  array.sizes = sizes;
  array.in_memory = true;
  size_t leaf = 0;
  for (const Component& component : element.info().components) {
    std::vector<ir::ValueId> operands = sizes;
    std::string shape(text);
    for (int64_t size : component.sizes) {
      operands.push_back(builder_.Integer(ScalarType::kI64, size, range));
      shape += fmt::format(", {}", size);
    }
    const size_t rank = operands.size();
    // Every leaf of a component starts with the same value only where it is one leaf.
    const bool is_filled = fill.ok() && component.leaf_count == 1;
    if (is_filled) operands.push_back(fill.parts[leaf]);
    const ir::ValueId made =
        builder_.AppendValue({.opcode = Opcode::kArray,
                              .rule = Rule::kChecked,
                              .range = range,
                              .operands = operands,
                              .results = {Type::Array(component.scalar, static_cast<int>(rank))},
                              .immediate = is_filled ? 1u : 0u});
    ir::Function& function = builder_.function();
    function.value(made).shape = function.AddString(shape);
    array.parts.push_back(made);
    leaf += component.leaf_count;
  }
  const bool is_filled = std::ranges::all_of(element.info().components,
                                             [](const Component& c) { return c.leaf_count == 1; });
  if (fill.ok() && !is_filled)
    LoopOver(sizes, range, [&](const std::vector<ir::ValueId>& indices) {
      Store(IndexInto(array, indices), fill, range, false);
    });
  return array;
}

void FunctionLowering::LoopOver(std::span<const ir::ValueId> sizes, SourceRange range,
                                const std::function<void(const std::vector<ir::ValueId>&)>& body) {
  std::vector<ir::ValueId> indices;
  const std::function<void()> loop = [&] {
    if (indices.size() == sizes.size()) return body(indices);
    const ir::ValueId size = sizes[indices.size()];
    const ir::RegionId region = builder_.NewRegion();
    indices.push_back(builder_.AddArgument(region, Type::Scalar(ScalarType::kI64)));
    const ir::RegionId outside = builder_.Enter(region);
    loop();
    builder_.Yield({}, range);
    builder_.Enter(outside);
    indices.pop_back();
    const ir::ValueId zero = builder_.Integer(ScalarType::kI64, 0, range);
    const ir::ValueId one = builder_.Integer(ScalarType::kI64, 1, range);
    builder_.Append({.opcode = Opcode::kFor,
                     .rule = Rule::kChecked,
                     .range = range,
                     .operands = {zero, size, one},
                     .regions = {region}});
  };
  loop();
}

}  // namespace einkorn::frontend
