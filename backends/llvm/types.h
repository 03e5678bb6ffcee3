// The scalar types of the IR in LLVM: in registers, in memory, and as the canonical 64 bits of
// records.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "ir/types.h"

namespace einkorn::llvm_code {

using Builder = ::llvm::IRBuilder<>;

/// The type of a value in a register: i1 for bool.
::llvm::Type* RegisterType(::llvm::LLVMContext& context, ScalarType type);
/// The type of an array element: i8 for bool.
::llvm::Type* MemoryType(::llvm::LLVMContext& context, ScalarType type);

/// An element that was loaded, and one to be stored; also vectors of them.
::llvm::Value* FromMemory(Builder& builder, ScalarType type, ::llvm::Value* element);
::llvm::Value* ToMemory(Builder& builder, ScalarType type, ::llvm::Value* value);

/// Canonical bits, an i64 with zeros above the width of the type, and the value of such bits.
::llvm::Value* ToBits(Builder& builder, ScalarType type, ::llvm::Value* value);
::llvm::Value* FromBits(Builder& builder, ScalarType type, ::llvm::Value* bits);

::llvm::Constant* ConstantOf(::llvm::LLVMContext& context, ScalarType type, uint64_t bits);
/// An integer constant of integer or bool type `type`.
::llvm::Constant* IntegerOf(::llvm::LLVMContext& context, ScalarType type, Int128 value);

/// The value of integer type `type` as an i64, extended by its sign; also of vectors.
::llvm::Value* ToI64(Builder& builder, ScalarType type, ::llvm::Value* value);

}  // namespace einkorn::llvm_code
