#include "ir/immediate.h"

namespace einkorn::ir {
namespace {

// Whether `bits` says nothing about ranges that the operation does not have.
bool AreRangeBits(const Op& op, uint64_t bits) {
  const uint32_t ranges = op.operands.count / 3;
  return ranges >= 64 || (bits >> ranges) == 0;
}

}  // namespace

bool IsValidImmediate(const Function& function, const Op& op, size_t function_count) {
  const uint64_t bits = op.immediate;
  switch (ImmediateFormOf(op.opcode)) {
    case ImmediateForm::kNone:
      return bits == 0;
    case ImmediateForm::kConstant:
      return op.results.count == 1 && function.type(function.result(op)).is_scalar() &&
             Canonical(function.type(function.result(op)).scalar, bits) == bits;
    case ImmediateForm::kForFlags:
      return (bits & ~(kForInclusive | kForExits | kForLanes)) == 0;
    case ImmediateForm::kRanges:
      return AreRangeBits(op, bits & ~kParallelGroups);
    case ImmediateForm::kReduction:
      return (bits & 0xff) < kReduceKindCount && AreRangeBits(op, bits >> 8);
    case ImmediateForm::kFunction:
      return bits < function_count;
    case ImmediateForm::kAtomicKind:
      return bits < kAtomicKindCount;
    case ImmediateForm::kFaultKind:
      return bits < kFaultKindCount;
    case ImmediateForm::kFilled:
      return bits <= 1;
    case ImmediateForm::kKept:
      return op.operands.count > 0 && (bits >> function.type(function.operand(op, 0)).rank) == 0;
  }
  return false;
}

}  // namespace einkorn::ir
