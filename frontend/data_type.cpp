#include "frontend/data_type.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace einkorn::frontend {
namespace {

std::shared_ptr<const DataInfo> MakeScalar(ScalarType scalar) {
  auto info = std::make_shared<DataInfo>();
  info->scalar = scalar;
  info->bytes = info->alignment = BytesOf(scalar);
  info->text = TextOf(scalar);
  Component component;
  component.scalar = scalar;
  info->components.push_back(component);
  return info;
}

int64_t RoundUp(int64_t value, int64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

void AddField(DataInfo& info, const std::string& name, const DataType& type, int64_t offset) {
  const DataInfo& inner = type.info();
  info.fields.push_back({name, type, offset, info.components.size()});
  for (Component component : inner.components) {
    component.path = fmt::format(".{}{}", name, component.path);
    component.offset += offset;
    component.first_leaf += info.leaf_count;
    info.components.push_back(std::move(component));
  }
  info.leaf_count += inner.leaf_count;
}

// The components and the size of fields that lie one behind the other as C lays them out.
void LayOutFields(DataInfo& info, const NamedTypes& fields) {
  info.leaf_count = 0;
  for (const auto& [name, type] : fields) {
    const DataInfo& inner = type.info();
    info.alignment = std::max(info.alignment, inner.alignment);
    const int64_t offset = RoundUp(info.bytes, inner.alignment);
    AddField(info, name, type, offset);
    info.bytes = offset + inner.bytes;
  }
  info.bytes = RoundUp(info.bytes, info.alignment);
}

}  // namespace

DataType::DataType(ScalarType scalar) {
  static const auto scalars = [] {
    std::array<std::shared_ptr<const DataInfo>, kScalarTypeCount> made;
    for (int k = 0; k < kScalarTypeCount; ++k)
      made[static_cast<size_t>(k)] = MakeScalar(static_cast<ScalarType>(k));
    return made;
  }();
  info_ = scalars[static_cast<size_t>(scalar)];
}

DataType DataType::Complex(ScalarType part) {
  auto info = std::make_shared<DataInfo>();
  info->form = DataForm::kComplex;
  info->scalar = part;
  info->text = part == ScalarType::kF32 ? "c64" : "c128";
  LayOutFields(*info, {{"re", part}, {"im", part}});
  DataType type;
  type.info_ = std::move(info);
  return type;
}

DataType DataType::Array(std::vector<int64_t> sizes, const DataType& element) {
  auto info = std::make_shared<DataInfo>();
  info->form = DataForm::kArray;
  info->element = element;
  info->sizes = sizes;
  info->alignment = element.info().alignment;
  info->text = fmt::format("[{}] {}", fmt::join(sizes, ", "), element.text());
  std::vector<int64_t> strides(sizes.size());
  int64_t count = 1;
  for (size_t d = sizes.size(); d-- > 0;) {
    strides[d] = count * element.info().bytes;
    count *= sizes[d];
  }
  info->bytes = count * element.info().bytes;
  info->leaf_count = 0;
  for (Component component : element.info().components) {
    component.sizes.insert(component.sizes.begin(), sizes.begin(), sizes.end());
    component.strides.insert(component.strides.begin(), strides.begin(), strides.end());
    component.leaf_count *= static_cast<size_t>(count);
    component.first_leaf = info->leaf_count;
    info->leaf_count += component.leaf_count;
    info->components.push_back(std::move(component));
  }
  DataType type;
  type.info_ = std::move(info);
  return type;
}

class StructBuilder {
 public:
  static DataType Wrap(std::shared_ptr<const DataInfo> info) {
    DataType type;
    type.info_ = std::move(info);
    return type;
  }
};

DataType MakeStruct(std::string text, const Item* item, const NamedTypes& fields) {
  auto info = std::make_shared<DataInfo>();
  info->form = DataForm::kStruct;
  info->item = item;
  info->text = std::move(text);
  LayOutFields(*info, fields);
  return StructBuilder::Wrap(std::move(info));
}

DataType MakeStructAt(std::string text, const NamedTypes& fields,
                      const std::vector<int64_t>& offsets, int64_t bytes) {
  auto info = std::make_shared<DataInfo>();
  info->form = DataForm::kStruct;
  info->text = std::move(text);
  info->leaf_count = 0;
  for (size_t k = 0; k < fields.size(); ++k)
    AddField(*info, fields[k].first, fields[k].second, offsets[k]);
  info->bytes = bytes;
  return StructBuilder::Wrap(std::move(info));
}

Elements ElementsOf(const DataType& type) {
  Elements elements{type, {}};
  while (elements.type.is_array()) {
    const DataType array = elements.type;
    elements.sizes.insert(elements.sizes.end(), array.sizes().begin(), array.sizes().end());
    elements.type = array.element();
  }
  return elements;
}

int64_t CountOf(const std::vector<int64_t>& sizes) {
  int64_t count = 1;
  for (int64_t size : sizes) count *= size;
  return count;
}

std::vector<int64_t> IndicesOf(const std::vector<int64_t>& sizes, size_t position) {
  std::vector<int64_t> indices(sizes.size());
  for (size_t d = sizes.size(); d-- > 0;) {
    const auto size = static_cast<size_t>(sizes[d]);
    indices[d] = static_cast<int64_t>(position % size);
    position /= size;
  }
  return indices;
}

std::optional<size_t> PositionOf(const std::vector<int64_t>& sizes,
                                 const std::function<std::optional<int64_t>(size_t)>& index) {
  size_t position = 0;
  for (size_t d = 0; d < sizes.size(); ++d) {
    const auto at = index(d);
    if (!at || *at < 0 || *at >= sizes[d]) return std::nullopt;
    position = position * static_cast<size_t>(sizes[d]) + static_cast<size_t>(*at);
  }
  return position;
}

DataType ReadType(const DataType& type) {
  if (!type.valid()) return type;
  if (type.is_array()) {
    const DataType element = ReadType(type.element());
    return element == type.element() ? type : DataType::Array(type.sizes(), element);
  }
  return type.is_scalar() && IsStorage(type.scalar()) ? DataType(ScalarType::kF32) : type;
}

bool Widens(ScalarType from, ScalarType to) {
  return IsInteger(from) && IsInteger(to) && LeastOf(from) >= LeastOf(to) &&
         GreatestOf(from) <= GreatestOf(to);
}

DataType TypeNamed(std::string_view text) {
  if (const auto scalar = ScalarTypeNamed(text)) return *scalar;
  if (text == "c64") return DataType::Complex(ScalarType::kF32);
  if (text == "c128") return DataType::Complex(ScalarType::kF64);
  return {};
}

DataForm DataType::form() const {
  return info_->form;
}
ScalarType DataType::scalar() const {
  return info_->scalar;
}
const DataType& DataType::element() const {
  return info_->element;
}
const std::vector<int64_t>& DataType::sizes() const {
  return info_->sizes;
}
const std::string& DataType::text() const {
  return info_->text;
}
size_t DataType::leaf_count() const {
  return info_->leaf_count;
}

const Field* DataInfo::FieldNamed(std::string_view name) const {
  const auto at = std::ranges::find(fields, name, &Field::name);
  return at == fields.end() ? nullptr : &*at;
}

bool operator==(const DataType& a, const DataType& b) {
  if (a.info_ == b.info_) return true;
  if (!a.valid() || !b.valid() || a.form() != b.form()) return false;
  switch (a.form()) {
    case DataForm::kScalar:
    case DataForm::kComplex:
      return a.scalar() == b.scalar();
    case DataForm::kArray:
      return a.sizes() == b.sizes() && a.element() == b.element();
    case DataForm::kStruct:
      // A program's struct is its declaration; `Best<T>` has none and goes by its text.
      return a.info().item == b.info().item && a.text() == b.text();
  }
  return false;
}

}  // namespace einkorn::frontend
