#include "tools/host_array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace einkorn::command {
namespace {

// The greatest extent of an array in bytes that the language knows.
constexpr int64_t kMaxArrayBytes = int64_t{1} << 47;

// Nothing that this machine's memory could not hold is asked of the system, which might promise it
// and end the process when it is used.
int64_t PhysicalMemoryBytes() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<int64_t>(sysconf(_SC_PAGE_SIZE));
}

std::string FormatBytes(double bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

void VisitComponent(const frontend::Component& component, size_t dimension, int64_t offset,
                    const VisitLeaf& visit) {
  if (dimension == component.sizes.size()) return visit(component.scalar, offset);
  for (int64_t i = 0; i < component.sizes[dimension]; ++i)
    VisitComponent(component, dimension + 1, offset + i * component.strides[dimension], visit);
}

// Some bytes of an element under one layout, and where they lie under another.
struct Move {
  int64_t from = 0, to = 0, bytes = 0;
};

void AddMove(Move move, std::vector<Move>& moves) {
  if (!moves.empty() && moves.back().from + moves.back().bytes == move.from &&
      moves.back().to + moves.back().bytes == move.to)
    moves.back().bytes += move.bytes;
  else
    moves.push_back(move);
}

// Adds what turns a value of type `from` into one of type `to`; false if they differ in more than
// where their fields lie.
bool AddMoves(const DataType& from, int64_t from_offset, const DataType& to, int64_t to_offset,
              std::vector<Move>& moves) {
  if (from.form() != to.form()) return false;
  switch (to.form()) {
    case DataForm::kScalar:
    case DataForm::kComplex:
      AddMove({from_offset, to_offset, to.info().bytes}, moves);
      return from == to;
    case DataForm::kArray: {
      const frontend::Elements source = frontend::ElementsOf(from), made = frontend::ElementsOf(to);
      if (source.sizes != made.sizes) return false;
      int64_t count = 1;
      for (const int64_t size : made.sizes) count *= size;
      for (int64_t k = 0; k < count; ++k)
        if (!AddMoves(source.type, from_offset + k * source.type.info().bytes, made.type,
                      to_offset + k * made.type.info().bytes, moves))
          return false;
      return true;
    }
    case DataForm::kStruct: {
      if (from.info().fields.size() != to.info().fields.size()) return false;
      for (const frontend::Field& field : to.info().fields) {
        const frontend::Field* source = from.info().FieldNamed(field.name);
        if (source == nullptr || !AddMoves(source->type, from_offset + source->offset, field.type,
                                           to_offset + field.offset, moves))
          return false;
      }
      return true;
    }
  }
  return false;
}

}  // namespace

int64_t HostArray::count() const {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return count;
}

bool HostArray::is_row_major() const {
  return strides == RowMajorStrides(type, sizes);
}

uint64_t HostArray::LoadAt(ScalarType scalar, int64_t offset) const {
  uint64_t bits = 0;
  std::memcpy(&bits, data.get() + offset, static_cast<size_t>(BytesOf(scalar)));
  return scalar == ScalarType::kBool ? bits != 0 : bits;
}

void HostArray::StoreAt(ScalarType scalar, int64_t offset, uint64_t bits) {
  std::memcpy(data.get() + offset, &bits, static_cast<size_t>(BytesOf(scalar)));
}

Result<HostArray> MakeArray(const DataType& type, std::vector<int64_t> sizes) {
  // An empty dimension does not excuse the others: strides must stay computable.
  auto bytes = static_cast<double>(std::max<int64_t>(type.info().bytes, 1));
  for (const int64_t size : sizes) bytes *= static_cast<double>(std::max<int64_t>(size, 1));
  const int64_t available = std::min(PhysicalMemoryBytes(), kMaxArrayBytes);
  const auto refused = [&](std::string_view why) {
    return EnvironmentError(fmt::format("no memory for an array {} of {}: {}",
                                        FormatArrayType(type, sizes), FormatBytes(bytes), why));
  };
  if (bytes > static_cast<double>(available))
    return refused(fmt::format("this machine has {}", FormatBytes(static_cast<double>(available))));
  HostArray array;
  array.type = type;
  array.strides = RowMajorStrides(type, sizes);
  array.data.reset(
      static_cast<std::byte*>(std::calloc(std::max<size_t>(1, static_cast<size_t>(bytes)), 1)));
  if (array.data == nullptr) return refused("the system refuses it");
  array.sizes = std::move(sizes);
  return array;
}

Result<HostArray> MakeValue(const DataType& type, std::span<const uint64_t> leaves) {
  frontend::Elements elements = frontend::ElementsOf(type);
  auto value = MakeArray(elements.type, std::move(elements.sizes));
  if (!value) return value;
  size_t next = 0;
  VisitLeaves(type, [&](ScalarType scalar, int64_t offset) {
    value->StoreAt(scalar, offset, leaves[next++]);
  });
  return value;
}

std::vector<uint64_t> LeavesOf(const HostArray& value, const DataType& type) {
  std::vector<uint64_t> leaves;
  VisitLeaves(type, [&](ScalarType scalar, int64_t offset) {
    leaves.push_back(value.LoadAt(scalar, offset));
  });
  return leaves;
}

void VisitLeaves(const DataType& type, const VisitLeaf& visit) {
  for (const frontend::Component& component : type.info().components)
    VisitComponent(component, 0, component.offset, visit);
}

std::vector<int64_t> RowMajorStrides(const DataType& type, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = type.info().bytes;
  for (size_t i = sizes.size(); i-- > 0; stride *= sizes[i]) strides[i] = stride;
  return strides;
}

std::vector<int64_t> ColumnMajorStrides(const DataType& type, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = type.info().bytes;
  for (size_t i = 0; i < sizes.size(); stride *= sizes[i++]) strides[i] = stride;
  return strides;
}

Result<HostArray> CopyRowMajor(const HostArray& array) {
  auto copy = MakeArray(array.type, array.sizes);
  if (!copy) return copy;
  const int64_t bytes = array.element_bytes();
  std::vector<int64_t> index(array.sizes.size(), 0);
  for (int64_t k = 0; k < array.count(); ++k) {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); ++i) offset += index[i] * array.strides[i];
    std::memcpy(copy->data.get() + k * bytes, array.data.get() + offset,
                static_cast<size_t>(bytes));
    for (size_t i = index.size(); i-- > 0;) {
      if (++index[i] < array.sizes[i]) break;
      index[i] = 0;
    }
  }
  return copy;
}

Result<HostArray> ConvertElements(HostArray array, const DataType& type) {
  if (array.type == type || !array.type.is_struct() || !type.is_struct()) return array;
  std::vector<Move> moves;
  if (!AddMoves(array.type, 0, type, 0, moves))
    return UsageError(fmt::format("the elements are {}, but a {} is {}", FormatFields(array.type),
                                  type.text(), FormatFields(type)));
  const bool lies_right =
      array.element_bytes() == type.info().bytes &&
      std::ranges::all_of(moves, [](const Move& move) { return move.from == move.to; });
  if (lies_right) {
    array.type = type;
    return array;
  }
  auto converted = MakeArray(type, array.sizes);
  if (!converted) return converted;
  if (!array.is_row_major()) converted->strides = ColumnMajorStrides(type, array.sizes);
  for (int64_t k = 0; k < array.count(); ++k)
    for (const Move& move : moves)
      std::memcpy(converted->data.get() + k * type.info().bytes + move.to,
                  array.data.get() + k * array.element_bytes() + move.from,
                  static_cast<size_t>(move.bytes));
  return converted;
}

std::string FormatSizes(const std::vector<int64_t>& sizes) {
  return fmt::format("({}{})", fmt::join(sizes, ", "), sizes.size() == 1 ? "," : "");
}

std::string FormatArrayType(const DataType& type, const std::vector<int64_t>& sizes) {
  if (sizes.empty()) return type.text();
  return fmt::format("[{}] {}", fmt::join(sizes, ", "), type.text());
}

std::string FormatFields(const DataType& type) {
  frontend::NamedTypes fields;
  for (const frontend::Field& field : type.info().fields)
    fields.emplace_back(field.name, field.type);
  return FormatFields(fields);
}

std::string FormatFields(const frontend::NamedTypes& fields) {
  std::vector<std::string> texts;
  for (const auto& [name, type] : fields) texts.push_back(fmt::format("{}: {}", name, type.text()));
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

}  // namespace einkorn::command
