// The operations of the IR, as rows of one table, and questions about them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ir/types.h"

namespace einkorn {

enum class FaultKind : uint8_t {
#define EINKORN_FAULT(name, text, meaning) k##name,
#include "ir/faults.def"
#undef EINKORN_FAULT
};

inline constexpr int kFaultKindCount = 0
#define EINKORN_FAULT(name, text, meaning) +1
#include "ir/faults.def"
#undef EINKORN_FAULT
    ;

std::string_view TextOf(FaultKind kind);
std::string_view MeaningOf(FaultKind kind);
std::optional<FaultKind> FaultKindNamed(std::string_view text);

/// A set of fault kinds, one bit each.
using FaultSet = uint16_t;
constexpr FaultSet BitOf(FaultKind kind) {
  return static_cast<FaultSet>(1u << static_cast<int>(kind));
}
#define EINKORN_FAULT(name, text, meaning) \
  inline constexpr FaultSet k##name##Bit = BitOf(FaultKind::k##name);
#include "ir/faults.def"
#undef EINKORN_FAULT
inline constexpr FaultSet kAnyBit = 0xffff;

enum class Opcode : uint8_t {
#define EINKORN_OP(name, text, operands, types, operand_class, rules, faults, effects, meaning) \
  k##name,
#include "ir/ops.def"
#undef EINKORN_OP
};

inline constexpr int kOpcodeCount = 0
#define EINKORN_OP(name, text, operands, types, operand_class, rules, faults, effects, meaning) +1
#include "ir/ops.def"
#undef EINKORN_OP
    ;

/// What an operation means where its mathematical result does not fit.
enum class Rule : uint8_t {
  kNone,      ///< cannot happen, or IEEE 754 says
  kChecked,   ///< a fault
  kWrap,      ///< the low bits
  kSaturate,  ///< the nearest value that fits
  kFast,      ///< floats: near what IEEE 754 says; see RuleSet::kFloat
};
std::string_view TextOf(Rule rule);
std::optional<Rule> RuleNamed(std::string_view text);

enum class TypeRule : uint8_t {
  kNone,      ///< no result
  kSame,      ///< all operands and the result have one type
  kShift,     ///< the first operand's type; the second operand is any integer
  kCompare,   ///< two operands of one type; the result is bool
  kSelect,    ///< a bool and two operands of one type, which is the result's
  kElement,   ///< the element type of the array operand
  kExplicit,  ///< stated with the operation
};

enum class OperandClass : uint8_t {
  kNone,
  kBoolean,
  kInteger,
  kUnsigned,
  kFloat,
  kReal,
  kBits,
  kValue,  ///< any but the storage types
  kAny,
  kArray
};

/// Which rules an operation may have. Floats always have kNone or, where the program says `@fast`,
/// kFast: a backend may then reassociate, fuse, and approximate divisions and square roots.
enum class RuleSet : uint8_t { kNone, kArithmetic, kShift, kChecked, kConvert, kFloat };

/// Bits of OpInfo::effects.
enum Effect : uint8_t {
  kPure = 0,
  kCommutative = 1,
  kReads = 2,
  kWrites = 4,
  kControl = 8,
};

/// Whether `convert` makes one of the other: all but the storage types from and to what is no
/// float.
bool Converts(ScalarType from, ScalarType to);

/// The row of an operation.
struct OpInfo {
  std::string_view name;
  int operands;  ///< -1: varies
  TypeRule types;
  OperandClass operand_class;
  RuleSet rules;
  FaultSet faults;
  uint8_t effects;
  std::string_view meaning;
};

const OpInfo& InfoOf(Opcode opcode);
std::optional<Opcode> OpcodeNamed(std::string_view text);
inline std::string_view TextOf(Opcode opcode) {
  return InfoOf(opcode).name;
}

/// Whether a first operand of `type` is allowed by the row.
bool Accepts(OperandClass operand_class, Type type);
/// Whether the row has `rule` for operands of scalar type `type`.
bool HasRule(Opcode opcode, Rule rule, ScalarType type);

/// The checks that an operation starts with: those of its row that its rule and type make possible.
/// `operand` is the type of the first operand, `result` that of the result. A pass that proves a
/// check clears its bit in the operation; it never adds one.
FaultSet InitialChecks(Opcode opcode, Rule rule, ScalarType operand, ScalarType result);

/// How a reduction combines its terms.
enum class ReduceKind : uint8_t { kSum, kProd, kMin, kMax, kAny, kAll, kCount, kArgmin, kArgmax };
inline constexpr int kReduceKindCount = 9;
std::string_view TextOf(ReduceKind kind);
std::optional<ReduceKind> ReduceKindNamed(std::string_view text);

/// How an atomic combines the element with the value.
enum class AtomicKind : uint8_t { kAdd, kSub, kMin, kMax, kAnd, kOr, kXor };
inline constexpr int kAtomicKindCount = 7;
std::string_view TextOf(AtomicKind kind);
std::optional<AtomicKind> AtomicKindNamed(std::string_view text);

}  // namespace einkorn
