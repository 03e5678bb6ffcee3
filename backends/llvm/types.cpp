#include "backends/llvm/types.h"

namespace einkorn::llvm_code {

using ::llvm::Constant;
using ::llvm::LLVMContext;
using ::llvm::Value;

::llvm::Type* RegisterType(LLVMContext& context, ScalarType type) {
  if (type == ScalarType::kF32) return ::llvm::Type::getFloatTy(context);
  if (type == ScalarType::kF64) return ::llvm::Type::getDoubleTy(context);
  return ::llvm::Type::getIntNTy(context, static_cast<unsigned>(BitsOf(type)));
}

::llvm::Type* MemoryType(LLVMContext& context, ScalarType type) {
  return type == ScalarType::kBool ? ::llvm::Type::getInt8Ty(context) : RegisterType(context, type);
}

Value* FromMemory(Builder& builder, ScalarType type, Value* element) {
  return type == ScalarType::kBool ? builder.CreateIsNotNull(element) : element;
}

Value* ToMemory(Builder& builder, ScalarType type, Value* value) {
  if (type != ScalarType::kBool) return value;
  return builder.CreateZExt(value, value->getType()->getWithNewBitWidth(8));
}

Value* ToBits(Builder& builder, ScalarType type, Value* value) {
  if (IsFloat(type))
    value = builder.CreateBitCast(value, builder.getIntNTy(static_cast<unsigned>(BitsOf(type))));
  return builder.CreateZExt(value, builder.getInt64Ty());
}

Value* FromBits(Builder& builder, ScalarType type, Value* bits) {
  Value* narrow = builder.CreateTrunc(bits, builder.getIntNTy(static_cast<unsigned>(BitsOf(type))));
  return IsFloat(type) ? builder.CreateBitCast(narrow, RegisterType(builder.getContext(), type))
                       : narrow;
}

Constant* ConstantOf(LLVMContext& context, ScalarType type, uint64_t bits) {
  const ::llvm::APInt integer(static_cast<unsigned>(BitsOf(type)), Canonical(type, bits));
  if (type == ScalarType::kF32)
    return ::llvm::ConstantFP::get(context,
                                   ::llvm::APFloat(::llvm::APFloat::IEEEsingle(), integer));
  if (type == ScalarType::kF64)
    return ::llvm::ConstantFP::get(context,
                                   ::llvm::APFloat(::llvm::APFloat::IEEEdouble(), integer));
  return ::llvm::ConstantInt::get(context, integer);
}

Constant* IntegerOf(LLVMContext& context, ScalarType type, Int128 value) {
  return ConstantOf(context, type, static_cast<uint64_t>(value));
}

Value* ToI64(Builder& builder, ScalarType type, Value* value) {
  return builder.CreateIntCast(value, value->getType()->getWithNewBitWidth(64), IsSigned(type));
}

}  // namespace einkorn::llvm_code
