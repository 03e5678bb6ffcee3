// The types of IR values: scalars, and views of arrays of scalars.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace einkorn {

enum class ScalarType : uint8_t {
#define EINKORN_SCALAR(name, text, bits, type_class, numpy) k##name,
#include "ir/scalar_types.def"
#undef EINKORN_SCALAR
};

inline constexpr int kScalarTypeCount = 0
#define EINKORN_SCALAR(name, text, bits, type_class, numpy) +1
#include "ir/scalar_types.def"
#undef EINKORN_SCALAR
    ;

enum class ScalarClass : uint8_t { kBoolean, kSigned, kUnsigned, kStorage, kFloat };

/// The row of a scalar type.
struct ScalarInfo {
  std::string_view text;  ///< as it is written: `i32`
  int bits;               ///< width of the value; 1 for bool
  ScalarClass scalar_class;
  std::string_view numpy;  ///< NumPy's descriptor: `<i4`
};

const ScalarInfo& InfoOf(ScalarType type);
std::optional<ScalarType> ScalarTypeNamed(std::string_view text);

inline int BitsOf(ScalarType type) {
  return InfoOf(type).bits;
}
/// Size of an array element in bytes.
inline int BytesOf(ScalarType type) {
  return (InfoOf(type).bits + 7) / 8;
}
inline std::string_view TextOf(ScalarType type) {
  return InfoOf(type).text;
}
inline bool IsSigned(ScalarType type) {
  return InfoOf(type).scalar_class == ScalarClass::kSigned;
}
inline bool IsUnsigned(ScalarType type) {
  return InfoOf(type).scalar_class == ScalarClass::kUnsigned;
}
inline bool IsInteger(ScalarType type) {
  return IsSigned(type) || IsUnsigned(type);
}
/// f32 and f64, which are computed with.
inline bool IsFloat(ScalarType type) {
  return InfoOf(type).scalar_class == ScalarClass::kFloat;
}
/// f16 and bf16, which are only kept: they are converted from and to floats.
inline bool IsStorage(ScalarType type) {
  return InfoOf(type).scalar_class == ScalarClass::kStorage;
}
/// Both of them: FloatValue is theirs.
inline bool IsFloatOrStorage(ScalarType type) {
  return IsFloat(type) || IsStorage(type);
}

/// A value of the IR: a scalar, or a view of an array with `rank` dimensions of them.
struct Type {
  ScalarType scalar = ScalarType::kBool;
  uint8_t rank = 0;  ///< 0: a scalar

  static Type Scalar(ScalarType scalar) { return {scalar, 0}; }
  static Type Array(ScalarType element, int rank) { return {element, static_cast<uint8_t>(rank)}; }
  bool is_array() const { return rank > 0; }
  bool is_scalar() const { return rank == 0; }
  friend bool operator==(const Type&, const Type&) = default;
};

/// `f32`, or `array<f32, 2>`.
std::string TextOf(Type type);

/// The most dimensions an array may have.
inline constexpr int kMaxRank = 8;

// The bits of a scalar, as every table, record and evaluator carries them: the value's own bits at
// the low end of 64, zeros above. A bool is 0 or 1.

/// `bits` cut to the width of `type`.
uint64_t Canonical(ScalarType type, uint64_t bits);
/// The mathematical value of integer (or bool) bits.
__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;
Int128 IntegerValue(ScalarType type, uint64_t bits);
/// The least and the greatest value of an integer type.
Int128 LeastOf(ScalarType type);
Int128 GreatestOf(ScalarType type);
inline bool FitsInteger(ScalarType type, Int128 value) {
  return value >= LeastOf(type) && value <= GreatestOf(type);
}
/// More bytes than this no array holds or reaches over, so that no product of index and stride
/// overflows.
inline constexpr Int128 kMostArrayBytes = Int128(1) << 47;

/// Bits of an integer value that fits (or is to be wrapped to) `type`.
inline uint64_t IntegerBits(ScalarType type, Int128 value) {
  return Canonical(type, static_cast<uint64_t>(value));
}
/// The value of a float or of a storage type.
double FloatValue(ScalarType type, uint64_t bits);
/// Bits of `value` rounded once to `type`, to the nearest, ties to even. Of a NaN the sign and the
/// payload are only kept where the type stays the same.
uint64_t FloatBits(ScalarType type, double value);

/// A value as the language shows it: integers in decimal, floats as the shortest decimal that reads
/// back to the same value (`0.1`, `1e-7`, `inf`, `nan`), `true` and `false`.
std::string FormatScalar(ScalarType type, uint64_t bits);
std::string FormatInt128(Int128 value);
/// Whether the bits are a NaN of a float or storage type.
bool IsNan(ScalarType type, uint64_t bits);

/// Equal as results count as equal: the same bits, or both NaN.
bool SameValue(ScalarType type, uint64_t left, uint64_t right);

}  // namespace einkorn
