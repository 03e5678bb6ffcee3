#include "tests/fuzz/launch_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

namespace einkorn::fuzz {
namespace {

// The parameters whose values are sizes.
std::set<uint32_t> SizesAmong(const ir::Function& kernel) {
  std::set<uint32_t> sizes;
  for (const ir::Param& param : kernel.params)
    for (const ir::ShapeExpr& shape : param.shape)
      for (const ir::ShapeTerm& term : shape.terms)
        sizes.insert(term.symbols.begin(), term.symbols.end());
  return sizes;
}

int64_t ValueOf(const ir::ShapeExpr& shape, const std::vector<int64_t>& sizes) {
  int64_t sum = 0;
  for (const ir::ShapeTerm& term : shape.terms) {
    int64_t product = term.coefficient;
    for (uint32_t symbol : term.symbols) product *= sizes[symbol];
    sum += product;
  }
  return sum;
}

// An array that does not overlap itself, in any order of dimensions, with gaps or backwards.
// Returns how many elements its buffer holds.
size_t ChooseLayout(Choices& choices, int rank, size_t element_bytes, ArrayBinding& binding) {
  std::vector<size_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), size_t{0});
  const bool is_plain = choices.Chance(70);
  int64_t stride = is_plain || choices.Chance(50) ? 1 : 2;
  if (!is_plain && choices.Chance(50)) std::reverse(order.begin(), order.end());
  int64_t first = 0;
  for (size_t k = order.size(); k-- > 0;) {
    const size_t d = order[k];
    const bool is_backward = !is_plain && choices.Chance(25);
    if (is_backward && binding.sizes[d] > 0) first += (binding.sizes[d] - 1) * stride;
    binding.strides[d] = (is_backward ? -stride : stride) * static_cast<int64_t>(element_bytes);
    stride *= std::max<int64_t>(binding.sizes[d], 1);
  }
  binding.data = reinterpret_cast<void*>(first * static_cast<int64_t>(element_bytes));
  return static_cast<size_t>(stride);
}

}  // namespace

LaunchData::LaunchData(const ir::Function& kernel, uint64_t seed)
    : seed_(seed), sizes_(kernel.params.size(), 0) {
  const int percents[] = {0, 3, 10, 50};
  edge_percent_ = percents[Choices(seed, "edges").Below(std::size(percents))];
  const std::set<uint32_t> sizes = SizesAmong(kernel);
  for (uint32_t k = 0; k < kernel.params.size(); ++k)
    if (sizes.contains(k)) sizes_[k] = SizeNamed(kernel.params[k].name);
  for (uint32_t k = 0; k < kernel.params.size(); ++k) {
    const ir::Param& param = kernel.params[k];
    const Type type = kernel.type(param.value);
    if (param.is_array())
      AddArray(param, type);
    else if (param.kind == ir::ParamKind::kScalar)
      AddScalar(param, type.scalar, sizes.contains(k));
  }
}

int64_t LaunchData::SizeNamed(const std::string& name) {
  Choices choices = ChoicesFor(name);
  if (name.starts_with(kLargeSizePrefix)) return choices.Between(2000, 9000);
  // Few are so large that there are whole strips of lanes.
  if (choices.Chance(5)) return choices.Between(33, 70);
  return choices.Chance(8) ? choices.Between(0, 1) : choices.Between(2, 7);
}

uint64_t LaunchData::Value(Choices& choices, ScalarType type) const {
  return choices.Chance(edge_percent_) ? EdgeValue(choices, type) : SmallValue(choices, type);
}

void LaunchData::AddScalar(const ir::Param& param, ScalarType type, bool is_size) {
  Choices choices = ChoicesFor(param.name);
  const uint64_t bits =
      is_size ? static_cast<uint64_t>(SizeNamed(param.name)) : Value(choices, type);
  arguments_.push_back(Argument::Scalar(type, bits));
}

void LaunchData::AddArray(const ir::Param& param, Type type) {
  Choices choices = ChoicesFor(param.name);
  const auto bytes = static_cast<size_t>(BytesOf(type.scalar));
  ArrayBinding binding;
  for (size_t d = 0; d < param.shape.size(); ++d)
    binding.sizes[d] = ValueOf(param.shape[d], sizes_);
  const size_t count = ChooseLayout(choices, type.rank, bytes, binding);
  auto buffer = std::make_unique<Buffer>(
      Buffer{param.name, type.scalar, param.is_written(), std::vector<uint8_t>(count * bytes)});
  for (size_t slot = 0; slot < count; ++slot) {
    uint64_t bits = Value(choices, type.scalar);
    // Any byte but 0 reads as true.
    if (type.scalar == ScalarType::kBool && bits != 0) bits = choices.Chance(20) ? 2 : 1;
    std::memcpy(buffer->bytes.data() + slot * bytes, &bits, bytes);
  }
  binding.data = buffer->bytes.data() + reinterpret_cast<intptr_t>(binding.data);
  arguments_.push_back(Argument::Array(type.scalar, type.rank, binding));
  buffers_.push_back(std::move(buffer));
}

uint64_t LaunchData::Buffer::Bits(size_t slot) const {
  const auto width = static_cast<size_t>(BytesOf(type));
  uint64_t bits = 0;
  std::memcpy(&bits, bytes.data() + slot * width, width);
  return type == ScalarType::kBool ? bits != 0 : bits;
}

std::string LaunchData::DifferenceFrom(const LaunchData& other, bool only_read) const {
  for (size_t k = 0; k < buffers_.size(); ++k) {
    const Buffer& mine = *buffers_[k];
    const Buffer& its = *other.buffers_[k];
    if (only_read && mine.is_written) continue;
    const size_t count = mine.bytes.size() / static_cast<size_t>(BytesOf(mine.type));
    for (size_t slot = 0; slot < count; ++slot)
      if (!SameValue(mine.type, mine.Bits(slot), its.Bits(slot)))
        return fmt::format("element {} of the buffer of {} ({}): {} and {}", slot, mine.name,
                           TextOf(mine.type), FormatScalar(mine.type, mine.Bits(slot)),
                           FormatScalar(mine.type, its.Bits(slot)));
  }
  return {};
}

}  // namespace einkorn::fuzz
