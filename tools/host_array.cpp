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

}  // namespace

int64_t HostArray::count() const {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return count;
}

bool HostArray::is_row_major() const {
  return strides == RowMajorStrides(type, sizes);
}

uint64_t HostArray::LoadAt(int64_t offset) const {
  uint64_t bits = 0;
  std::memcpy(&bits, data.get() + offset, static_cast<size_t>(BytesOf(type)));
  return type == ScalarType::kBool ? bits != 0 : bits;
}

void HostArray::StoreAt(int64_t offset, uint64_t bits) {
  std::memcpy(data.get() + offset, &bits, static_cast<size_t>(BytesOf(type)));
}

Result<HostArray> MakeArray(ScalarType type, std::vector<int64_t> sizes) {
  // An empty dimension does not excuse the others: strides must stay computable.
  double bytes = BytesOf(type);
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

std::vector<int64_t> RowMajorStrides(ScalarType type, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = BytesOf(type);
  for (size_t i = sizes.size(); i-- > 0; stride *= sizes[i]) strides[i] = stride;
  return strides;
}

std::vector<int64_t> ColumnMajorStrides(ScalarType type, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = BytesOf(type);
  for (size_t i = 0; i < sizes.size(); stride *= sizes[i++]) strides[i] = stride;
  return strides;
}

Result<HostArray> CopyRowMajor(const HostArray& array) {
  auto copy = MakeArray(array.type, array.sizes);
  if (!copy) return copy;
  std::vector<int64_t> index(array.sizes.size(), 0);
  for (int64_t k = 0; k < array.count(); ++k) {
    int64_t offset = 0;
    for (size_t i = 0; i < index.size(); ++i) offset += index[i] * array.strides[i];
    copy->StoreAt(k * BytesOf(array.type), array.LoadAt(offset));
    for (size_t i = index.size(); i-- > 0;) {
      if (++index[i] < array.sizes[i]) break;
      index[i] = 0;
    }
  }
  return copy;
}

std::string FormatSizes(const std::vector<int64_t>& sizes) {
  return fmt::format("({}{})", fmt::join(sizes, ", "), sizes.size() == 1 ? "," : "");
}

std::string FormatArrayType(ScalarType type, const std::vector<int64_t>& sizes) {
  if (sizes.empty()) return std::string(TextOf(type));
  return fmt::format("[{}] {}", fmt::join(sizes, ", "), TextOf(type));
}

}  // namespace einkorn::command
