#include "backends/llvm/scalar_code.h"

#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>
#include <string>

#include "base/result.h"
#include "ir/scalar.h"

namespace einkorn::llvm_code {
namespace {

using ::llvm::Value;
namespace Intrinsic = ::llvm::Intrinsic;

// One operation with its operands looked up.
class ScalarEmitter {
 public:
  ScalarEmitter(Builder& builder, const ScalarOp& op, FailIf fail_if)
      : b_(builder),
        op_(op),
        fail_if_(fail_if),
        type_(op.types[0]),
        x_(op.operands[0]),
        y_(op.operands.size() > 1 ? op.operands[1] : nullptr),
        lanes_(LanesOf(op.operands.back())) {}

  Value* Emit() {
    if (op_.opcode == Opcode::kConvert && type_ == op_.result) return x_;
    if (op_.opcode == Opcode::kConvert && IsStorage(type_)) return FromStorage();
    if (op_.opcode == Opcode::kConvert && IsStorage(op_.result)) return ToStorage();
    if (IsFloat(type_)) {
      const ::llvm::IRBuilderBase::FastMathFlagGuard guard(b_);
      if (op_.rule == Rule::kFast) b_.setFastMathFlags(FlagsOfFast());
      if (Value* value = Float()) return value;
    }
    switch (op_.opcode) {
      case Opcode::kAdd:
        return Arithmetic(Intrinsic::sadd_with_overflow, Intrinsic::uadd_with_overflow,
                          Intrinsic::sadd_sat, Intrinsic::uadd_sat, ::llvm::Instruction::Add, x_,
                          y_);
      case Opcode::kSub:
        return Arithmetic(Intrinsic::ssub_with_overflow, Intrinsic::usub_with_overflow,
                          Intrinsic::ssub_sat, Intrinsic::usub_sat, ::llvm::Instruction::Sub, x_,
                          y_);
      case Opcode::kNeg:
        return Arithmetic(Intrinsic::ssub_with_overflow, Intrinsic::usub_with_overflow,
                          Intrinsic::ssub_sat, Intrinsic::usub_sat, ::llvm::Instruction::Sub,
                          Integer(0), x_);
      case Opcode::kMul:
        return op_.rule == Rule::kSaturate
                   ? SaturatingProduct()
                   : Arithmetic(Intrinsic::smul_with_overflow, Intrinsic::umul_with_overflow,
                                Intrinsic::not_intrinsic, Intrinsic::not_intrinsic,
                                ::llvm::Instruction::Mul, x_, y_);
      case Opcode::kAbs:
        return Magnitude();
      case Opcode::kDiv:
        return Quotient();
      case Opcode::kRem:
        return Remainder();
      case Opcode::kMin:
        return b_.CreateBinaryIntrinsic(IsSigned(type_) ? Intrinsic::smin : Intrinsic::umin, x_,
                                        y_);
      case Opcode::kMax:
        return b_.CreateBinaryIntrinsic(IsSigned(type_) ? Intrinsic::smax : Intrinsic::umax, x_,
                                        y_);
      case Opcode::kShl:
        return ShiftLeft();
      case Opcode::kShr: {
        Value* amount = ShiftAmount();
        return IsSigned(type_) ? b_.CreateAShr(x_, amount) : b_.CreateLShr(x_, amount);
      }
      case Opcode::kAnd:
        return b_.CreateAnd(x_, y_);
      case Opcode::kOr:
        return b_.CreateOr(x_, y_);
      case Opcode::kXor:
        return b_.CreateXor(x_, y_);
      case Opcode::kNot:
        return b_.CreateNot(x_);
      case Opcode::kRotl:
        return Rotation(Intrinsic::fshl);
      case Opcode::kRotr:
        return Rotation(Intrinsic::fshr);
      case Opcode::kPopcount:
        return b_.CreateUnaryIntrinsic(Intrinsic::ctpop, x_);
      case Opcode::kClz:
        return b_.CreateBinaryIntrinsic(Intrinsic::ctlz, x_, b_.getFalse());
      case Opcode::kCtz:
        return b_.CreateBinaryIntrinsic(Intrinsic::cttz, x_, b_.getFalse());
      case Opcode::kBitReverse:
        return b_.CreateUnaryIntrinsic(Intrinsic::bitreverse, x_);
      case Opcode::kByteSwap:
        return BitsOf(type_) == 8 ? x_ : b_.CreateUnaryIntrinsic(Intrinsic::bswap, x_);
      case Opcode::kFromBits:
        return b_.CreateBitCast(x_, TypeOf(op_.result));
      case Opcode::kEq:
        return b_.CreateICmpEQ(x_, y_);
      case Opcode::kNe:
        return b_.CreateICmpNE(x_, y_);
      case Opcode::kLt:
        return IsSigned(type_) ? b_.CreateICmpSLT(x_, y_) : b_.CreateICmpULT(x_, y_);
      case Opcode::kLe:
        return IsSigned(type_) ? b_.CreateICmpSLE(x_, y_) : b_.CreateICmpULE(x_, y_);
      case Opcode::kGt:
        return IsSigned(type_) ? b_.CreateICmpSGT(x_, y_) : b_.CreateICmpUGT(x_, y_);
      case Opcode::kGe:
        return IsSigned(type_) ? b_.CreateICmpSGE(x_, y_) : b_.CreateICmpUGE(x_, y_);
      case Opcode::kSelect:
        return b_.CreateSelect(x_, y_, op_.operands[2]);
      case Opcode::kConvert:
        return IsFloat(op_.result) ? IntegerToFloat() : IntegerToInteger();
      default:
        break;
    }
    FailInternalCheck(__FILE__, __LINE__, "no code for " + std::string(TextOf(op_.opcode)));
  }

 private:
  // --- Types and constants, as wide as the operands

  static unsigned LanesOf(Value* operand) {
    const auto* vector = ::llvm::dyn_cast<::llvm::FixedVectorType>(operand->getType());
    return vector == nullptr ? 0 : vector->getNumElements();
  }
  ::llvm::Type* Wide(::llvm::Type* type) const {
    return lanes_ == 0 ? type : ::llvm::FixedVectorType::get(type, lanes_);
  }
  ::llvm::Type* TypeOf(ScalarType type) const { return Wide(RegisterType(b_.getContext(), type)); }
  ::llvm::Constant* Wide(::llvm::Constant* value) const {
    return lanes_ == 0
               ? value
               : ::llvm::ConstantVector::getSplat(::llvm::ElementCount::getFixed(lanes_), value);
  }
  // The constant that an operand is in all lanes, or null.
  static const ::llvm::ConstantInt* ConstantIn(Value* operand) {
    const auto* constant = ::llvm::dyn_cast<::llvm::Constant>(operand);
    if (constant != nullptr && operand->getType()->isVectorTy())
      constant = constant->getSplatValue();
    return constant == nullptr ? nullptr : ::llvm::dyn_cast<::llvm::ConstantInt>(constant);
  }

  // What `@fast` allows. NaN and infinities stay.
  static ::llvm::FastMathFlags FlagsOfFast() {
    ::llvm::FastMathFlags flags;
    flags.setAllowReassoc();
    flags.setAllowReciprocal();
    flags.setAllowContract();
    flags.setApproxFunc();
    flags.setNoSignedZeros();
    return flags;
  }

  // --- Floats; null where the operation is no different from that on integers

  Value* Float() {
    switch (op_.opcode) {
      case Opcode::kAdd:
        return b_.CreateFAdd(x_, y_);
      case Opcode::kSub:
        return b_.CreateFSub(x_, y_);
      case Opcode::kMul:
        return b_.CreateFMul(x_, y_);
      case Opcode::kDiv:
        return b_.CreateFDiv(x_, y_);
      case Opcode::kNeg:
        return b_.CreateFNeg(x_);
      case Opcode::kAbs:
        return b_.CreateUnaryIntrinsic(Intrinsic::fabs, x_);
      case Opcode::kMin:
        return b_.CreateBinaryIntrinsic(Intrinsic::minimum, x_, y_);
      case Opcode::kMax:
        return b_.CreateBinaryIntrinsic(Intrinsic::maximum, x_, y_);
      case Opcode::kFma:
        // Apart they may be reassociated, and become one again where the processor has it.
        if (op_.rule == Rule::kFast) return b_.CreateFAdd(b_.CreateFMul(x_, y_), op_.operands[2]);
        return b_.CreateIntrinsic(Intrinsic::fma, {x_->getType()}, {x_, y_, op_.operands[2]});
      case Opcode::kSqrt:
        return b_.CreateUnaryIntrinsic(Intrinsic::sqrt, x_);
      case Opcode::kFloor:
        return b_.CreateUnaryIntrinsic(Intrinsic::floor, x_);
      case Opcode::kCeil:
        return b_.CreateUnaryIntrinsic(Intrinsic::ceil, x_);
      case Opcode::kTrunc:
        return b_.CreateUnaryIntrinsic(Intrinsic::trunc, x_);
      case Opcode::kRound:
        return b_.CreateUnaryIntrinsic(Intrinsic::roundeven, x_);
      case Opcode::kFmod:
        return b_.CreateFRem(x_, y_);
      case Opcode::kCopysign:
        return b_.CreateBinaryIntrinsic(Intrinsic::copysign, WithoutNan(x_), WithoutNan(y_));
      case Opcode::kBits:
        return b_.CreateBitCast(WithoutNan(x_), TypeOf(op_.result));
      case Opcode::kEq:
        return b_.CreateFCmpOEQ(x_, y_);
      case Opcode::kNe:
        return b_.CreateFCmpUNE(x_, y_);
      case Opcode::kLt:
        return b_.CreateFCmpOLT(x_, y_);
      case Opcode::kLe:
        return b_.CreateFCmpOLE(x_, y_);
      case Opcode::kGt:
        return b_.CreateFCmpOGT(x_, y_);
      case Opcode::kGe:
        return b_.CreateFCmpOGE(x_, y_);
      case Opcode::kConvert:
        return IsFloat(op_.result) ? b_.CreateFPCast(x_, TypeOf(op_.result)) : FloatToInteger();
      default:
        return nullptr;
    }
  }

  // The canonical NaN for any NaN.
  Value* WithoutNan(Value* value) {
    const ScalarType type =
        value->getType()->getScalarType()->isFloatTy() ? ScalarType::kF32 : ScalarType::kF64;
    return b_.CreateSelect(b_.CreateFCmpUNO(value, value),
                           Wide(ConstantOf(b_.getContext(), type, CanonicalNan(type))), value);
  }

  // --- f16 and bf16, which are 16-bit integers here. They are converted by the arithmetic of f32
  // and of integers, which every processor has and vectorises.

  ::llvm::Type* F32() const { return Wide(b_.getFloatTy()); }
  ::llvm::Type* I32() const { return Wide(b_.getInt32Ty()); }
  Value* Word(uint64_t bits) const { return Wide(b_.getInt32(static_cast<uint32_t>(bits))); }
  Value* AsFloat(Value* word) { return b_.CreateBitCast(word, F32()); }
  Value* AsWord(Value* value) { return b_.CreateBitCast(value, I32()); }

  Value* FromStorage() {
    Value* wide = b_.CreateZExt(x_, I32());
    Value* value = nullptr;
    if (type_ == ScalarType::kBF16) {
      value = AsFloat(b_.CreateShl(wide, 16));
    } else {
      // The fields at their places in f32; the product corrects the bias, also of subnormals.
      Value* fields = b_.CreateShl(b_.CreateAnd(wide, Word(0x7fff)), 13);
      Value* scaled = b_.CreateFMul(AsFloat(fields), ::llvm::ConstantFP::get(F32(), 0x1p112));
      Value* is_finite = b_.CreateICmpULT(fields, Word(uint64_t{0x7c00} << 13));
      Value* magnitude =
          b_.CreateSelect(is_finite, AsWord(scaled), b_.CreateOr(fields, Word(0x7f800000)));
      value = AsFloat(b_.CreateOr(magnitude, b_.CreateShl(b_.CreateAnd(wide, Word(0x8000)), 16)));
    }
    return b_.CreateFPCast(value, TypeOf(op_.result));
  }

  Value* ToStorage() {
    Value* word = AsWord(type_ == ScalarType::kF64 ? RoundedToOdd() : x_);
    Value* magnitude = b_.CreateAnd(word, Word(0x7fffffff));
    // Half of the last place, less one where the number is even already: ties go to even.
    const auto round = [&](Value* bits, unsigned dropped) {
      Value* odd = b_.CreateAnd(b_.CreateLShr(bits, dropped), Word(1));
      Value* half = Word((uint64_t{1} << (dropped - 1)) - 1);
      return b_.CreateLShr(b_.CreateAdd(b_.CreateAdd(bits, half), odd), dropped);
    };
    Value* rounded = nullptr;
    if (op_.result == ScalarType::kBF16) {
      rounded = round(magnitude, 16);
    } else {
      constexpr uint64_t kLeastNormal = 0x38800000, kInfinity = 0x47800000;  // 2^-14, 2^16
      constexpr uint64_t kBias = uint64_t{127 - 15} << 23;
      Value* normal = round(b_.CreateSub(magnitude, Word(kBias)), 13);
      // Beside 1/2 the last place of f32 is that of the subnormals of f16, so the sum rounds.
      Value* sum = b_.CreateFAdd(AsFloat(magnitude), ::llvm::ConstantFP::get(F32(), 0.5));
      Value* subnormal = b_.CreateSub(AsWord(sum), Word(0x3f000000));
      rounded = b_.CreateSelect(b_.CreateICmpULT(magnitude, Word(kLeastNormal)), subnormal, normal);
      rounded =
          b_.CreateSelect(b_.CreateICmpUGE(magnitude, Word(kInfinity)), Word(0x7c00), rounded);
    }
    rounded = b_.CreateSelect(
        b_.CreateICmpUGT(magnitude, Word(0x7f800000)), Word(CanonicalNan(op_.result)),
        b_.CreateOr(rounded, b_.CreateAnd(b_.CreateLShr(word, 16), Word(0x8000))));
    return b_.CreateTrunc(rounded, Wide(b_.getInt16Ty()));
  }

  // An f64 cut to f32, with the last bit set if something was cut off: what is rounded after that
  // is rounded once (S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums: proved
  // algorithms using rounding to odd", IEEE Transactions on Computers 57, 2008).
  Value* RoundedToOdd() {
    Value* nearest = b_.CreateFPTrunc(x_, F32());
    Value* back = b_.CreateFPExt(nearest, x_->getType());
    Value* word = AsWord(nearest);
    const auto size = [&](Value* value) { return b_.CreateUnaryIntrinsic(Intrinsic::fabs, value); };
    // The neighbour towards zero where the nearest lies beyond.
    Value* beyond = b_.CreateFCmpOGT(size(back), size(x_));
    Value* cut = b_.CreateSub(word, b_.CreateZExt(beyond, I32()));
    Value* odd = b_.CreateOr(cut, b_.CreateZExt(b_.CreateFCmpONE(back, x_), I32()));
    return AsFloat(odd);
  }

  // --- Integers

  ::llvm::Constant* Integer(Int128 value) const {
    return Wide(IntegerOf(b_.getContext(), type_, value));
  }
  bool Checks(FaultKind kind) const { return (op_.checks & BitOf(kind)) != 0; }
  void Check(FaultKind kind, Value* condition) {
    if (Checks(kind)) fail_if_(kind, condition);
  }
  // Whether the operand is a constant other than `value`.
  static bool IsKnownNot(Value* operand, int64_t value) {
    const auto* constant = ConstantIn(operand);
    return constant != nullptr && constant->getSExtValue() != value;
  }

  Value* Arithmetic(Intrinsic::ID signed_overflow, Intrinsic::ID unsigned_overflow,
                    Intrinsic::ID signed_saturating, Intrinsic::ID unsigned_saturating,
                    ::llvm::Instruction::BinaryOps plain, Value* x, Value* y) {
    const bool is_signed = IsSigned(type_);
    if (op_.rule == Rule::kSaturate)
      return b_.CreateBinaryIntrinsic(is_signed ? signed_saturating : unsigned_saturating, x, y);
    if (Checks(FaultKind::kOverflow)) {
      if (lanes_ != 0) return CheckedInLanes(plain, x, y);
      Value* pair = b_.CreateBinaryIntrinsic(is_signed ? signed_overflow : unsigned_overflow, x, y);
      fail_if_(FaultKind::kOverflow, b_.CreateExtractValue(pair, 1));
      return b_.CreateExtractValue(pair, 0);
    }
    Value* value = b_.CreateBinOp(plain, x, y);
    if (op_.rule == Rule::kChecked)
      if (auto* instruction = ::llvm::dyn_cast<::llvm::BinaryOperator>(value)) {
        // Proved before.
        instruction->setHasNoSignedWrap(is_signed);
        instruction->setHasNoUnsignedWrap(!is_signed);
      }
    return value;
  }

  // Nothing but plain operations, which every processor has for vectors. Of sums and differences
  // the sign bit tells: that of a signed result is wrong where it is none of the operands', and the
  // top bit of an unsigned one tells of the carry (H. S. Warren, Hacker's Delight, 2-13).
  Value* CheckedInLanes(::llvm::Instruction::BinaryOps plain, Value* x, Value* y) {
    const bool is_signed = IsSigned(type_);
    Value* result = b_.CreateBinOp(plain, x, y);
    Value* fails = nullptr;
    if (plain == ::llvm::Instruction::Mul) {
      fails = OverflowsInLanes(x, y, result);
    } else if (plain == ::llvm::Instruction::Add) {
      fails = is_signed ? BothDiffer(result, x, y) : Carry(x, y, result);
    } else {
      fails = is_signed ? BothDiffer(x, y, result) : Carry(y, result, x);
    }
    fail_if_(FaultKind::kOverflow, fails);
    return result;
  }

  // The bits in which both y and z differ from x.
  Value* BothDiffer(Value* x, Value* y, Value* z) {
    if (op_.ternary_bits != 0) return Ternary(1 << 0b011 | 1 << 0b100, x, y, z);
    return b_.CreateAnd(b_.CreateXor(x, y), b_.CreateXor(x, z));
  }

  // The bits from which x + y = sum carries.
  Value* Carry(Value* x, Value* y, Value* sum) {
    if (op_.ternary_bits != 0)
      return Ternary(1 << 0b111 | 1 << 0b110 | 1 << 0b100 | 1 << 0b010, x, y, sum);
    return b_.CreateOr(b_.CreateAnd(x, y), b_.CreateAnd(b_.CreateOr(x, y), b_.CreateNot(sum)));
  }

  // Bit by bit what `table` has in bit 4x + 2y + z.
  Value* Ternary(unsigned table, Value* x, Value* y, Value* z) {
    auto* type = ::llvm::cast<::llvm::FixedVectorType>(x->getType());
    const unsigned lanes = type->getNumElements();
    const unsigned bits = lanes * type->getScalarSizeInBits();
    if (bits > op_.ternary_bits) {
      const auto part = [&](unsigned k) {
        const auto of = [&](Value* value) {
          return b_.CreateShuffleVector(value,
                                        ::llvm::createSequentialMask(k * lanes / 2, lanes / 2, 0));
        };
        return Ternary(table, of(x), of(y), of(z));
      };
      Value* low = part(0);
      Value* high = part(1);
      return b_.CreateShuffleVector(low, high, ::llvm::createSequentialMask(0, lanes, 0));
    }
    const Intrinsic::ID id = bits == 512   ? Intrinsic::x86_avx512_pternlog_d_512
                             : bits == 256 ? Intrinsic::x86_avx512_pternlog_d_256
                                           : Intrinsic::x86_avx512_pternlog_d_128;
    // Smaller ones fill a part of a register.
    const unsigned filled = std::max(bits, 128u) / bits * lanes;
    const auto as_words = [&](Value* value) {
      if (filled != lanes)
        value =
            b_.CreateShuffleVector(value, ::llvm::createSequentialMask(0, lanes, filled - lanes));
      return b_.CreateBitCast(
          value, ::llvm::FixedVectorType::get(b_.getInt32Ty(), std::max(bits, 128u) / 32));
    };
    Value* words =
        b_.CreateIntrinsic(id, {}, {as_words(x), as_words(y), as_words(z), b_.getInt32(table)});
    Value* result =
        b_.CreateBitCast(words, ::llvm::FixedVectorType::get(type->getElementType(), filled));
    return filled == lanes
               ? result
               : b_.CreateShuffleVector(result, ::llvm::createSequentialMask(0, lanes, 0));
  }

  // Whether the product differs from its low bits.
  Value* OverflowsInLanes(Value* x, Value* y, Value* result) {
    const bool is_signed = IsSigned(type_);
    const auto bits = static_cast<unsigned>(BitsOf(type_));
    const auto extended = [&](Value* value, ::llvm::Type* type) {
      return is_signed ? b_.CreateSExt(value, type) : b_.CreateZExt(value, type);
    };
    if (bits < 64) {
      ::llvm::Type* wide = Wide(b_.getIntNTy(2 * bits));
      Value* product = b_.CreateMul(extended(x, wide), extended(y, wide));
      Value* high = b_.CreateTrunc(b_.CreateLShr(product, bits), x->getType());
      return b_.CreateICmpNE(
          high, is_signed ? b_.CreateAShr(result, bits - 1) : static_cast<Value*>(Integer(0)));
    }
    // The difference of the f64 product, rounded once, from the low bits: beside 2^64 where they
    // are wrong, else the error of three roundings, below 2^13.
    ::llvm::Type* real = Wide(b_.getDoubleTy());
    const auto as_real = [&](Value* value) {
      return is_signed ? b_.CreateSIToFP(value, real) : b_.CreateUIToFP(value, real);
    };
    Value* difference = b_.CreateIntrinsic(
        Intrinsic::fma, {real}, {as_real(x), as_real(y), b_.CreateFNeg(as_real(result))});
    return b_.CreateFCmpOGT(b_.CreateUnaryIntrinsic(Intrinsic::fabs, difference),
                            ::llvm::ConstantFP::get(real, 0x1p31));
  }

  Value* SaturatingProduct() {
    const bool is_signed = IsSigned(type_);
    Value* limit = Integer(GreatestOf(type_));
    if (lanes_ != 0) {
      if (is_signed)
        limit = b_.CreateSelect(b_.CreateICmpSLT(b_.CreateXor(x_, y_), Integer(0)),
                                Integer(LeastOf(type_)), limit);
      Value* product = b_.CreateMul(x_, y_);
      return b_.CreateSelect(OverflowsInLanes(x_, y_, product), limit, product);
    }
    Value* pair = b_.CreateBinaryIntrinsic(
        is_signed ? Intrinsic::smul_with_overflow : Intrinsic::umul_with_overflow, x_, y_);
    if (is_signed)
      limit = b_.CreateSelect(b_.CreateICmpSLT(b_.CreateXor(x_, y_), Integer(0)),
                              Integer(LeastOf(type_)), limit);
    return b_.CreateSelect(b_.CreateExtractValue(pair, 1), limit, b_.CreateExtractValue(pair, 0));
  }

  Value* Magnitude() {
    if (!IsSigned(type_)) return x_;
    Value* is_least = b_.CreateICmpEQ(x_, Integer(LeastOf(type_)));
    Check(FaultKind::kOverflow, is_least);
    Value* value = b_.CreateBinaryIntrinsic(Intrinsic::abs, x_, b_.getFalse());
    return op_.rule == Rule::kSaturate
               ? b_.CreateSelect(is_least, Integer(GreatestOf(type_)), value)
               : value;
  }

  Value* Quotient() {
    Check(FaultKind::kDivision, b_.CreateICmpEQ(y_, Integer(0)));
    if (lanes_ != 0) {
      if (Checks(FaultKind::kOverflow))
        fail_if_(FaultKind::kOverflow, b_.CreateAnd(b_.CreateICmpEQ(x_, Integer(LeastOf(type_))),
                                                    b_.CreateICmpEQ(y_, Integer(-1))));
      return QuotientInLanes();
    }
    if (!IsSigned(type_)) return b_.CreateUDiv(x_, y_);
    if (Checks(FaultKind::kOverflow))
      fail_if_(FaultKind::kOverflow, b_.CreateAnd(b_.CreateICmpEQ(x_, Integer(LeastOf(type_))),
                                                  b_.CreateICmpEQ(y_, Integer(-1))));
    return b_.CreateSDiv(x_, y_);
  }

  Value* Remainder() {
    Check(FaultKind::kDivision, b_.CreateICmpEQ(y_, Integer(0)));
    if (lanes_ != 0) {
      if (IsPowerOfTwo(y_) && !IsSigned(type_)) return b_.CreateURem(x_, y_);
      return b_.CreateSub(x_, b_.CreateMul(QuotientInLanes(), y_));
    }
    if (!IsSigned(type_)) return b_.CreateURem(x_, y_);
    // MIN % -1 is 0, but the processor's division faults on it; so divides by 1.
    Value* divisor =
        IsKnownNot(y_, -1) ? y_ : b_.CreateSelect(b_.CreateICmpEQ(y_, Integer(-1)), Integer(1), y_);
    return b_.CreateSRem(x_, divisor);
  }

  static bool IsPowerOfTwo(Value* operand) {
    const auto* constant = ConstantIn(operand);
    return constant != nullptr && constant->getValue().isPowerOf2();
  }

  // Any value in lanes whose divisor is 0, and the low bits of -MIN: lanes that are off have any
  // operands. The processor divides no vectors of integers; a quotient of floats with more digits
  // than the operands, cut to an integer, is exact: it cannot round up to the next one, which is
  // farther away than one unit in its last place.
  Value* QuotientInLanes() {
    const bool is_signed = IsSigned(type_);
    const int bits = BitsOf(type_);
    if (ConstantIn(y_) != nullptr && !ConstantIn(y_)->isZero() && !ConstantIn(y_)->isMinusOne())
      return is_signed ? b_.CreateSDiv(x_, y_) : b_.CreateUDiv(x_, y_);
    if (bits == 64) {
      Value* is_special = b_.CreateICmpEQ(y_, Integer(0));
      if (is_signed) is_special = b_.CreateOr(is_special, b_.CreateICmpEQ(y_, Integer(-1)));
      Value* divisor = b_.CreateSelect(is_special, Integer(1), y_);
      if (!is_signed) return b_.CreateUDiv(x_, divisor);
      return b_.CreateSelect(is_special, b_.CreateNeg(x_), b_.CreateSDiv(x_, divisor));
    }
    ::llvm::Type* real = Wide(bits == 32 ? b_.getDoubleTy() : b_.getFloatTy());
    // Via a signed type that holds every quotient.
    ::llvm::Type* whole = Wide(bits == 32 ? b_.getInt64Ty() : b_.getInt32Ty());
    if (bits == 32 && is_signed) whole = Wide(b_.getInt32Ty());
    const auto as_real = [&](Value* value) {
      return is_signed ? b_.CreateSIToFP(value, real) : b_.CreateUIToFP(value, real);
    };
    Value* quotient = b_.CreateFDiv(as_real(x_), as_real(y_));
    return b_.CreateTrunc(b_.CreateFPToSI(quotient, whole), x_->getType());
  }

  // The amount in the type of the shifted value, after its check.
  Value* ShiftAmount() {
    const auto width = static_cast<unsigned>(BitsOf(type_));
    Check(FaultKind::kShift, b_.CreateICmpUGE(y_, ::llvm::ConstantInt::get(y_->getType(), width)));
    return b_.CreateZExtOrTrunc(y_, x_->getType());
  }

  Value* ShiftLeft() {
    Value* amount = ShiftAmount();
    const bool is_signed = IsSigned(type_);
    if (op_.rule != Rule::kChecked) return b_.CreateShl(x_, amount);
    if (!Checks(FaultKind::kOverflow)) return b_.CreateShl(x_, amount, "", !is_signed, is_signed);
    Value* shifted = b_.CreateShl(x_, amount);
    Value* back = is_signed ? b_.CreateAShr(shifted, amount) : b_.CreateLShr(shifted, amount);
    fail_if_(FaultKind::kOverflow, b_.CreateICmpNE(back, x_));
    return shifted;
  }

  // The amount counts modulo the width, a power of two, so its low bits do.
  Value* Rotation(Intrinsic::ID funnel_shift) {
    Value* amount = b_.CreateIntCast(y_, x_->getType(), IsSigned(op_.types[1]));
    return b_.CreateIntrinsic(funnel_shift, {x_->getType()}, {x_, x_, amount});
  }

  // --- Conversions

  Value* IntegerToFloat() {
    ::llvm::Type* to = TypeOf(op_.result);
    return IsSigned(type_) ? b_.CreateSIToFP(x_, to) : b_.CreateUIToFP(x_, to);
  }

  Value* FloatToInteger() {
    const ScalarType to = op_.result;
    // A bool goes by way of u8: its bounds are 0 and 1.
    const ScalarType by = to == ScalarType::kBool ? ScalarType::kU8 : to;
    ::llvm::Type* by_type = TypeOf(by);
    const auto bound = [&](Int128 value) {
      return ::llvm::ConstantFP::get(x_->getType(), static_cast<double>(value));
    };
    Value* value = nullptr;
    if (op_.rule == Rule::kChecked) {
      // Both bounds are powers of two or 0, so they are exact.
      Value* whole = b_.CreateUnaryIntrinsic(Intrinsic::trunc, x_);
      Value* fits = b_.CreateAnd(b_.CreateFCmpOGE(whole, bound(LeastOf(to))),
                                 b_.CreateFCmpOLT(whole, bound(GreatestOf(to) + 1)));
      Check(FaultKind::kNarrowing, b_.CreateNot(fits));
      value = IsSigned(by) ? b_.CreateFPToSI(x_, by_type) : b_.CreateFPToUI(x_, by_type);
    } else if (lanes_ != 0) {
      // Not by the intrinsics, which LLVM takes apart into scalars.
      value = IsSigned(by) ? b_.CreateFPToSI(x_, by_type) : b_.CreateFPToUI(x_, by_type);
      const auto limit = [&](Int128 number) {
        return Wide(IntegerOf(b_.getContext(), by, number));
      };
      value = b_.CreateSelect(b_.CreateFCmpOGE(x_, bound(GreatestOf(by) + 1)),
                              limit(GreatestOf(by)), value);
      value = b_.CreateSelect(b_.CreateFCmpOLT(x_, bound(LeastOf(by))), limit(LeastOf(by)), value);
      value = b_.CreateSelect(b_.CreateFCmpUNO(x_, x_), limit(0), value);
    } else {
      value = b_.CreateIntrinsic(IsSigned(by) ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat,
                                 {by_type, x_->getType()}, {x_});
    }
    return to == ScalarType::kBool ? b_.CreateIsNotNull(value) : value;
  }

  Value* IntegerToInteger() {
    const ScalarType from = type_, to = op_.result;
    Value* value = x_;
    const bool below = LeastOf(from)<LeastOf(to), above = GreatestOf(from)> GreatestOf(to);
    if (op_.rule == Rule::kSaturate) {
      if (below) value = b_.CreateBinaryIntrinsic(Intrinsic::smax, value, Integer(LeastOf(to)));
      if (above)
        value = b_.CreateBinaryIntrinsic(IsSigned(from) ? Intrinsic::smin : Intrinsic::umin, value,
                                         Integer(GreatestOf(to)));
    } else if (op_.rule == Rule::kChecked && (below || above)) {
      Check(FaultKind::kNarrowing, OutsideOf(to, below, above));
    }
    return b_.CreateIntCast(value, TypeOf(to), IsSigned(from));
  }

  // Whether the integer operand lies below or above the range of `to`, as far as it can.
  Value* OutsideOf(ScalarType to, bool below, bool above) {
    if (!above) return b_.CreateICmpSLT(x_, Integer(LeastOf(to)));
    if (!IsSigned(type_)) return b_.CreateICmpUGT(x_, Integer(GreatestOf(to)));
    // From a signed type: what is negative is large as an unsigned number.
    if (LeastOf(to) == 0) return b_.CreateICmpUGT(x_, Integer(GreatestOf(to)));
    if (!below) return b_.CreateICmpSGT(x_, Integer(GreatestOf(to)));
    Value* back = b_.CreateSExt(b_.CreateTrunc(x_, TypeOf(to)), x_->getType());
    return b_.CreateICmpNE(back, x_);
  }

  Builder& b_;
  const ScalarOp& op_;
  FailIf fail_if_;
  ScalarType type_;
  Value *x_, *y_;
  unsigned lanes_;  // 0: scalars
};

}  // namespace

Value* EmitScalar(Builder& builder, const ScalarOp& op, FailIf fail_if) {
  return ScalarEmitter(builder, op, fail_if).Emit();
}

}  // namespace einkorn::llvm_code
