// An array in the command's own memory: what a VALUE becomes, a kernel uses and a file receives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/types.h"

namespace einkorn::command {

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};

/// Elements of one scalar type. Sizes in elements, strides in bytes. The elements lie without gaps,
/// in row-major order or, for an array that a file holds so, in column-major order.
struct HostArray {
  ScalarType type = ScalarType::kF64;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  std::unique_ptr<std::byte[], FreeMemory> data;

  int rank() const { return static_cast<int>(sizes.size()); }
  int64_t count() const;
  size_t bytes() const { return static_cast<size_t>(count()) * static_cast<size_t>(BytesOf(type)); }
  bool is_row_major() const;
  /// The element that begins `offset` bytes behind the first one, as canonical bits.
  uint64_t LoadAt(int64_t offset) const;
  void StoreAt(int64_t offset, uint64_t bits);
};

/// An array of zeros. Refused if this machine has no memory for it.
Result<HostArray> MakeArray(ScalarType type, std::vector<int64_t> sizes);

/// The byte strides of an array without gaps.
std::vector<int64_t> RowMajorStrides(ScalarType type, const std::vector<int64_t>& sizes);
std::vector<int64_t> ColumnMajorStrides(ScalarType type, const std::vector<int64_t>& sizes);

/// The same elements in row-major order.
Result<HostArray> CopyRowMajor(const HostArray& array);

/// Sizes as messages show them: `(4, 5)`, `(3,)`.
std::string FormatSizes(const std::vector<int64_t>& sizes);
/// A type as the language writes it: `[4, 5] f32`, `f32` for no sizes.
std::string FormatArrayType(ScalarType type, const std::vector<int64_t>& sizes);

}  // namespace einkorn::command
