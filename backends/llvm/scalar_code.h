// The code of every scalar operation, for the CPU now and for other targets of LLVM later.
//
// It means the same as `Evaluate` (ir/scalar.h), operation by operation; tests compare the two.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>

#include <span>

#include "backends/llvm/types.h"
#include "ir/ops.h"

namespace einkorn::llvm_code {

struct ScalarOp {
  Opcode opcode;
  Rule rule;
  FaultSet checks;  ///< the checks to be made; the others cannot fail
  std::span<const ScalarType> types;
  std::span<::llvm::Value* const> operands;
  ScalarType result;
  /// The width of vectors three of which the processor combines bit by bit in one instruction, as
  /// AVX-512 does; 0: none.
  unsigned ternary_bits = 0;
};

/// Makes the code leave with a fault where `condition` (an i1) holds, and go on where it does not.
/// Of vectors it is a vector: of i1, or of integers that are negative in the lanes that fail.
using FailIf = ::llvm::function_ref<void(FaultKind kind, ::llvm::Value* condition)>;

/// Appends the code of `op` and returns its result. The operands are scalars, or vectors with one
/// number of lanes (the condition of a `select` may be a scalar then); lanes that are off may hold
/// anything. The builder stands where execution goes on
/// after the checks, which are made before anything that must not be executed with wrong operands.
::llvm::Value* EmitScalar(Builder& builder, const ScalarOp& op, FailIf fail_if);

}  // namespace einkorn::llvm_code
