// An array in the command's own memory: what a VALUE becomes, a kernel uses and a file receives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "frontend/data_type.h"

namespace einkorn::command {

using frontend::DataForm;
using frontend::DataType;

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};

/// Elements of one type: scalars, complex numbers or structs. The sizes of value arrays are
/// dimensions like others, the last ones. Sizes in elements, strides in bytes. The elements lie
/// without gaps, in row-major order or, for an array that a file holds so, in column-major order.
struct HostArray {
  DataType type = ScalarType::kF64;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  std::unique_ptr<std::byte[], FreeMemory> data;

  int rank() const { return static_cast<int>(sizes.size()); }
  int64_t count() const;
  int64_t element_bytes() const { return type.info().bytes; }
  size_t bytes() const { return static_cast<size_t>(count() * element_bytes()); }
  bool is_row_major() const;
  /// The scalar that begins `offset` bytes behind the first element, as canonical bits.
  uint64_t LoadAt(ScalarType scalar, int64_t offset) const;
  void StoreAt(ScalarType scalar, int64_t offset, uint64_t bits);
};

/// An array of zeros. Refused if this machine has no memory for it.
Result<HostArray> MakeArray(const DataType& type, std::vector<int64_t> sizes);

/// One value of any type: no dimensions, or those of a value array. Its leaves are in their order.
Result<HostArray> MakeValue(const DataType& type, std::span<const uint64_t> leaves);
std::vector<uint64_t> LeavesOf(const HostArray& value, const DataType& type);

/// Calls `visit` with the type of each scalar of a value, in the order of its leaves, and with the
/// bytes that it lies behind the value's beginning.
using VisitLeaf = std::function<void(ScalarType scalar, int64_t offset)>;
void VisitLeaves(const DataType& type, const VisitLeaf& visit);

/// The byte strides of an array without gaps.
std::vector<int64_t> RowMajorStrides(const DataType& type, const std::vector<int64_t>& sizes);
std::vector<int64_t> ColumnMajorStrides(const DataType& type, const std::vector<int64_t>& sizes);

/// The same elements in row-major order.
Result<HostArray> CopyRowMajor(const HostArray& array);

/// The same elements as `type`: structs with the same fields, which may lie elsewhere and in
/// another order, as in packed files. Anything but two structs is left as it is. Refused with the
/// fields of both.
Result<HostArray> ConvertElements(HostArray array, const DataType& type);

/// Sizes as messages show them: `(4, 5)`, `(3,)`.
std::string FormatSizes(const std::vector<int64_t>& sizes);
/// A type as the language writes it: `[4, 5] f32`, `f32` for no sizes.
std::string FormatArrayType(const DataType& type, const std::vector<int64_t>& sizes);
/// The fields of a struct: `{ pos: [3] f32, mass: f32 }`.
std::string FormatFields(const DataType& type);
std::string FormatFields(const frontend::NamedTypes& fields);

}  // namespace einkorn::command
