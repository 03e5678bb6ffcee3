// Arrays: making, reading, writing, comparing and freeing them.
#include <algorithm>

#include "backends/array_limits.h"
#include "backends/interpreter/run.h"

namespace einkorn::interpreter {
namespace {

// Zeroed storage for the array's sizes, none of which is negative. False if there is none.
bool Allocate(Array& array) {
  Int128 bytes = BytesOf(array.element);
  const auto sizes = std::span(array.place.sizes).first(static_cast<size_t>(array.rank));
  if (std::ranges::find(sizes, 0) != sizes.end()) return true;
  for (int64_t size : sizes) {
    bytes *= size;
    if (bytes > kMostArrayBytes) return false;
  }
  if (bytes > PhysicalBytes()) return false;
  array.storage.reset(std::calloc(static_cast<size_t>(bytes), 1));
  array.place.data = array.storage.get();
  return array.storage != nullptr;
}

// The index as an unsigned number that is below a size exactly if the index is inside.
uint64_t IndexBits(ScalarType type, uint64_t bits) {
  if (!IsSigned(type)) return bits;
  const int unused = 64 - BitsOf(type);
  return static_cast<uint64_t>(static_cast<int64_t>(bits << unused) >> unused);
}

}  // namespace

// A negative size or a lack of memory is a fault even where the check was dropped, because no array
// could stand for the result.
bool Run::RunArray(ir::OpId id, const ir::Op& op) {
  const ir::ValueId result = function_->result(op);
  const Type type = function_->type(result);
  auto array = std::make_unique<Array>();
  array->element = type.scalar;
  array->rank = type.rank;
  array->serial = next_serial_++;
  std::vector<uint64_t> sizes;
  bool is_negative = false, is_too_large = false;
  for (size_t d = 0; d < type.rank; ++d) {
    const Int128 size = IntegerValue(operand_type(op, d), operand_bits(op, d));
    sizes.push_back(operand_bits(op, d));
    is_negative = is_negative || size < 0;
    is_too_large = is_too_large || !FitsInteger(ScalarType::kI64, size);
    array->place.sizes[d] = static_cast<int64_t>(size);
  }
  if (is_negative) return Fail(id, FaultKind::kShape, sizes);
  if (is_too_large || !Allocate(*array)) return Fail(id, FaultKind::kMemory, sizes);
  SetRowMajorStrides(*array);
  if (shadow_ != nullptr) shadow_->Forget(*array);
  if (op.immediate == 0) array->contents = Array::Contents::kUndefined;
  if (op.immediate == 1) {
    const uint64_t fill = operand_bits(op, type.rank);
    for (ElementWalk walk(*array); !walk.done(); walk.Next())
      StoreElement(type.scalar, walk.address(), fill);
  }
  SetArray(result, Keep(std::move(array)));
  return true;
}

bool Run::RunView(ir::OpId id, const ir::Op& op) {
  const Array& base = array(function_->operand(op, 0));
  auto view = std::make_unique<Array>();
  view->element = base.element;
  view->contents = base.contents;
  view->serial = next_serial_++;
  int64_t offset = 0;
  bool is_outside = false;
  size_t next = 1;
  for (size_t d = 0; d < static_cast<size_t>(base.rank); ++d) {
    const int64_t size = base.place.sizes[d], stride = base.place.strides[d];
    const auto from = static_cast<int64_t>(operand_bits(op, next++));
    if (((op.immediate >> d) & 1) == 0) {
      is_outside = is_outside || from < 0 || from >= size;
      if (!is_outside) offset += from * stride;
      continue;
    }
    const auto to = static_cast<int64_t>(operand_bits(op, next++));
    is_outside = is_outside || from < 0 || to < from || to > size;
    if (is_outside) continue;
    // An empty part begins nowhere.
    if (from < to) offset += from * stride;
    view->place.sizes[static_cast<size_t>(view->rank)] = to - from;
    view->place.strides[static_cast<size_t>(view->rank++)] = stride;
  }
  if (is_outside) {
    if ((op.checks & kBoundsBit) != 0) {
      std::vector<uint64_t> operands;
      for (size_t i = 1; i < op.operands.count; ++i) operands.push_back(operand_bits(op, i));
      for (size_t d = 0; d < static_cast<size_t>(base.rank); ++d)
        operands.push_back(static_cast<uint64_t>(base.place.sizes[d]));
      return Fail(id, FaultKind::kBounds, operands);
    }
    view->rank = function_->type(function_->result(op)).rank;
    view->place.sizes.fill(0);
  }
  view->place.data = base.data() + offset;
  SetArray(function_->result(op), Keep(std::move(view)));
  return true;
}

Array& Run::Keep(std::unique_ptr<Array> array) {
  arrays_.push_back(std::move(array));
  return *arrays_.back();
}

void Run::ReleaseArrays(size_t count, std::span<const ir::ValueId> kept) {
  if (arrays_.size() <= count) return;
  const auto is_kept = [&](const std::unique_ptr<Array>& array) {
    return std::ranges::any_of(kept, [&](ir::ValueId value) {
      return function_->type(value).is_array() && &this->array(value) == array.get();
    });
  };
  const auto first = arrays_.begin() + static_cast<ptrdiff_t>(count);
  arrays_.erase(std::remove_if(first, arrays_.end(), [&](const auto& a) { return !is_kept(a); }),
                arrays_.end());
}

bool Run::Locate(ir::OpId id, const ir::Op& op, std::byte*& address) {
  const Array& target = array(function_->operand(op, 0));
  const auto rank = static_cast<size_t>(target.rank);
  int64_t offset = 0;
  bool is_outside = false;
  for (size_t d = 0; d < rank; ++d) {
    const uint64_t index = IndexBits(operand_type(op, d + 1), operand_bits(op, d + 1));
    if (index >= static_cast<uint64_t>(target.place.sizes[d])) {
      is_outside = true;
      break;
    }
    offset += static_cast<int64_t>(index) * target.place.strides[d];
  }
  address = is_outside ? nullptr : target.data() + offset;
  if (!is_outside || (op.checks & kBoundsBit) == 0) return true;
  std::vector<uint64_t> operands;
  for (size_t d = 0; d < rank; ++d) operands.push_back(operand_bits(op, d + 1));
  for (size_t d = 0; d < rank; ++d)
    operands.push_back(static_cast<uint64_t>(target.place.sizes[d]));
  return Fail(id, FaultKind::kBounds, operands);
}

bool Run::RunLoad(ir::OpId id, const ir::Op& op) {
  std::byte* address = nullptr;
  if (!Locate(id, op, address)) return false;
  const ScalarType type = array(function_->operand(op, 0)).element;
  bits(function_->result(op)) = address != nullptr ? LoadElement(type, address) : 0;
  return shadow_ == nullptr || address == nullptr || CheckAccess(op, address, AccessKind::kRead);
}

bool Run::RunStore(ir::OpId id, const ir::Op& op) {
  std::byte* address = nullptr;
  if (!Locate(id, op, address)) return false;
  if (address == nullptr) return true;
  const Array& target = array(function_->operand(op, 0));
  StoreElement(target.element, address, operand_bits(op, op.operands.count - 1));
  return shadow_ == nullptr || CheckAccess(op, address, AccessKind::kWrite);
}

void Run::RunSettle(const ir::Op& op) {
  std::vector<std::vector<uint64_t>> contents;
  for (size_t i = 1; i < op.operands.count; i += 2)
    contents.push_back(ReadAll(array(function_->operand(op, i))));
  for (size_t i = 0; i < contents.size(); ++i) {
    const Array& target = array(function_->operand(op, 2 * i));
    WriteAll(target, contents[i]);
    if (shadow_ == nullptr) continue;
    for (ElementWalk walk(target); !walk.done(); walk.Next()) shadow_->SetWritten(walk.address());
  }
}

void Run::RunArrayEqual(const ir::Op& op) {
  const Array& left = array(function_->operand(op, 0));
  const Array& right = array(function_->operand(op, 1));
  bool equal = SameSizes(left, right);
  if (equal)
    for (ElementWalk l(left), r(right); equal && !l.done(); l.Next(), r.Next())
      equal = SameValue(left.element, LoadElement(left.element, l.address()),
                        LoadElement(right.element, r.address()));
  bits(function_->result(op)) = equal ? 1 : 0;
}

}  // namespace einkorn::interpreter
