#include "backends/interpreter/array.h"

#include <cstring>

namespace einkorn::interpreter {
namespace {

template <typename Word>
uint64_t LoadWord(const std::byte* address) {
  Word word;
  std::memcpy(&word, address, sizeof word);
  return word;
}

template <typename Word>
void StoreWord(std::byte* address, uint64_t bits) {
  const auto word = static_cast<Word>(bits);
  std::memcpy(address, &word, sizeof word);
}

}  // namespace

void SetRowMajorStrides(Array& array) {
  int64_t stride = BytesOf(array.element);
  for (auto d = static_cast<size_t>(array.rank); d-- > 0;) {
    array.place.strides[d] = stride;
    // Sizes of an empty array may be of any magnitude; its strides are never used.
    if (__builtin_mul_overflow(stride, array.place.sizes[d], &stride)) stride = 0;
  }
}

uint64_t LoadElement(ScalarType type, const std::byte* address) {
  switch (type) {
    case ScalarType::kBool:
      return LoadWord<uint8_t>(address) != 0 ? 1 : 0;
    case ScalarType::kI8:
    case ScalarType::kU8:
      return LoadWord<uint8_t>(address);
    case ScalarType::kI16:
    case ScalarType::kU16:
    case ScalarType::kF16:
    case ScalarType::kBF16:
      return LoadWord<uint16_t>(address);
    case ScalarType::kI32:
    case ScalarType::kU32:
    case ScalarType::kF32:
      return LoadWord<uint32_t>(address);
    case ScalarType::kI64:
    case ScalarType::kU64:
    case ScalarType::kF64:
      return LoadWord<uint64_t>(address);
  }
  return 0;
}

void StoreElement(ScalarType type, std::byte* address, uint64_t bits) {
  switch (type) {
    case ScalarType::kBool:
    case ScalarType::kI8:
    case ScalarType::kU8:
      return StoreWord<uint8_t>(address, bits);
    case ScalarType::kI16:
    case ScalarType::kU16:
    case ScalarType::kF16:
    case ScalarType::kBF16:
      return StoreWord<uint16_t>(address, bits);
    case ScalarType::kI32:
    case ScalarType::kU32:
    case ScalarType::kF32:
      return StoreWord<uint32_t>(address, bits);
    case ScalarType::kI64:
    case ScalarType::kU64:
    case ScalarType::kF64:
      return StoreWord<uint64_t>(address, bits);
  }
}

ElementWalk::ElementWalk(const Array& array) : array_(array) {
  for (size_t d = 0; d < static_cast<size_t>(array.rank); ++d)
    done_ = done_ || array.place.sizes[d] == 0;
}

void ElementWalk::Next() {
  for (auto d = static_cast<size_t>(array_.rank); d-- > 0;) {
    const int64_t stride = array_.place.strides[d];
    if (++index_[d] < array_.place.sizes[d]) {
      offset_ += stride;
      return;
    }
    offset_ -= stride * (array_.place.sizes[d] - 1);
    index_[d] = 0;
  }
  done_ = true;
}

std::vector<uint64_t> ReadAll(const Array& array) {
  std::vector<uint64_t> elements;
  for (ElementWalk walk(array); !walk.done(); walk.Next())
    elements.push_back(LoadElement(array.element, walk.address()));
  return elements;
}

void WriteAll(const Array& array, const std::vector<uint64_t>& elements) {
  size_t next = 0;
  for (ElementWalk walk(array); !walk.done() && next < elements.size(); walk.Next())
    StoreElement(array.element, walk.address(), elements[next++]);
}

bool SameSizes(const Array& left, const Array& right) {
  if (left.rank != right.rank) return false;
  for (size_t d = 0; d < static_cast<size_t>(left.rank); ++d)
    if (left.place.sizes[d] != right.place.sizes[d]) return false;
  return true;
}

}  // namespace einkorn::interpreter
