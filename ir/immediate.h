// What the immediate of each operation holds: for the IR text and the verifier.
#pragma once

#include <algorithm>
#include <iterator>

#include "ir/module.h"

namespace einkorn::ir {

enum class ImmediateForm : uint8_t {
  kNone,        ///< nothing: 0
  kConstant,    ///< the bits of the result
  kForFlags,    ///< kForInclusive, kForExits, kForLanes
  kRanges,      ///< bit k: range k is inclusive; kParallelGroups
  kReduction,   ///< a ReduceKind, then the bits of kRanges from bit 8
  kFunction,    ///< a FunctionId
  kAtomicKind,  ///< an AtomicKind
  kFaultKind,   ///< a FaultKind
  kFilled,      ///< 1: the last operand is the value of all elements
  kKept,        ///< bit d: dimension d is kept, and has two operands
};

inline ImmediateForm ImmediateFormOf(Opcode opcode) {
  struct Row {
    Opcode opcode;
    ImmediateForm form;
  };
  static constexpr Row rows[] = {
      {Opcode::kConstant, ImmediateForm::kConstant},
      {Opcode::kFor, ImmediateForm::kForFlags},
      {Opcode::kParallel, ImmediateForm::kRanges},
      {Opcode::kReduce, ImmediateForm::kReduction},
      {Opcode::kCall, ImmediateForm::kFunction},
      {Opcode::kLaunch, ImmediateForm::kFunction},
      {Opcode::kAtomic, ImmediateForm::kAtomicKind},
      {Opcode::kFail, ImmediateForm::kFaultKind},
      {Opcode::kExpectError, ImmediateForm::kFaultKind},
      {Opcode::kArray, ImmediateForm::kFilled},
      {Opcode::kView, ImmediateForm::kKept},
  };
  const auto row = std::ranges::find(rows, opcode, &Row::opcode);
  return row == std::end(rows) ? ImmediateForm::kNone : row->form;
}

/// Whether the immediate has a meaning in a module with `function_count` functions.
bool IsValidImmediate(const Function& function, const Op& op, size_t function_count);

}  // namespace einkorn::ir
