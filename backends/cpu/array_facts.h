// Which array values of a function may stand for the same storage, found before code is made for
// it.
#pragma once

#include <vector>

#include "ir/module.h"

namespace einkorn::cpu {

/// Values that flow into each other (through `if`, `for`, `while`, `frame`) form a class. Values of
/// different classes never share an element, by the rules on aliasing; within a class they may, at
/// different times. A view belongs to the class of its array; views flow nowhere.
class ArrayFacts {
 public:
  explicit ArrayFacts(const ir::Function& function);

  uint32_t ClassOf(ir::ValueId value) const;
  /// The array that a view is a part of; any other array itself.
  ir::ValueId StorageOf(ir::ValueId value) const;
  /// Whether every array of the value's class is row-major without gaps; views are not.
  bool IsContiguous(ir::ValueId value) const {
    return !viewed_[value.index].valid() && contiguous_[ClassOf(value)];
  }
  /// Whether the value alone is its class: it flows nowhere.
  bool StaysInPlace(ir::ValueId value) const { return members_[ClassOf(value)] == 1; }

 private:
  void Visit(const ir::Function& function, ir::RegionId region);
  void Join(ir::ValueId a, ir::ValueId b);

  mutable std::vector<uint32_t> parent_;
  std::vector<ir::ValueId> viewed_;  ///< of each view its array
  std::vector<bool> contiguous_;
  std::vector<uint32_t> members_;
};

}  // namespace einkorn::cpu
