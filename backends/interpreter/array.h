// Arrays as the interpreter sees them: where the elements lie, and how they are read and written.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

#include "backends/launch.h"

namespace einkorn::interpreter {

struct FreeStorage {
  void operator()(void* storage) const { std::free(storage); }
};

struct Array {
  /// What elements hold that this run has not written.
  enum class Contents : uint8_t { kDefined, kUndefined, kOut };

  ArrayBinding place;
  ScalarType element = ScalarType::kBool;
  int rank = 0;
  uint64_t serial = 0;                         ///< counts up in the order in which arrays are made
  std::unique_ptr<void, FreeStorage> storage;  ///< null for arguments and empty arrays
  Contents contents = Contents::kDefined;

  std::byte* data() const { return static_cast<std::byte*>(place.data); }
};

/// Strides of a row-major array without gaps, in bytes.
void SetRowMajorStrides(Array& array);

/// The canonical bits of the element at `address`, and the way back. Addresses need no alignment.
uint64_t LoadElement(ScalarType type, const std::byte* address);
void StoreElement(ScalarType type, std::byte* address, uint64_t bits);

/// Walks the elements of an array in row-major order.
class ElementWalk {
 public:
  explicit ElementWalk(const Array& array);
  bool done() const { return done_; }
  std::byte* address() const { return array_.data() + offset_; }
  void Next();

 private:
  const Array& array_;
  std::array<int64_t, kMaxRank> index_ = {};
  int64_t offset_ = 0;
  bool done_ = false;
};

/// All elements in row-major order, as canonical bits.
std::vector<uint64_t> ReadAll(const Array& array);
/// Sets all elements to what ReadAll gave for an array of the same sizes.
void WriteAll(const Array& array, const std::vector<uint64_t>& elements);
bool SameSizes(const Array& left, const Array& right);

}  // namespace einkorn::interpreter
