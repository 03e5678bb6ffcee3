#include "ir/ops.h"

#include <array>

namespace einkorn {
namespace {

struct FaultInfo {
  std::string_view text, meaning;
};

constexpr std::array<FaultInfo, kFaultKindCount> kFaults = {{
#define EINKORN_FAULT(name, text, meaning) {text, meaning},
#include "ir/faults.def"
#undef EINKORN_FAULT
}};

constexpr int V = -1;

constexpr std::array<OpInfo, kOpcodeCount> kOps = {{
#define EINKORN_OP(name, text, operands, types, operand_class, rules, faults, effects, meaning) \
  {                                                                                             \
      text,                                                                                     \
      operands,                                                                                 \
      TypeRule::k##types,                                                                       \
      OperandClass::k##operand_class,                                                           \
      RuleSet::k##rules,                                                                        \
      faults,                                                                                   \
      effects,                                                                                  \
      meaning},
#include "ir/ops.def"
#undef EINKORN_OP
}};

constexpr std::array<std::string_view, 5> kRules = {"none", "checked", "wrap", "saturate", "fast"};
constexpr std::array<std::string_view, kReduceKindCount> kReduces = {
    "sum", "prod", "min", "max", "any", "all", "count", "argmin", "argmax"};
constexpr std::array<std::string_view, kAtomicKindCount> kAtomics = {"add", "sub", "min", "max",
                                                                     "and", "or",  "xor"};

// The enumerator whose text this is, in a table ordered like the enum.
template <typename Enum, typename Table>
std::optional<Enum> Find(const Table& table, std::string_view text) {
  for (size_t i = 0; i < table.size(); ++i)
    if (table[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::string_view TextOf(FaultKind kind) {
  return kFaults[static_cast<size_t>(kind)].text;
}
std::string_view MeaningOf(FaultKind kind) {
  return kFaults[static_cast<size_t>(kind)].meaning;
}

std::optional<FaultKind> FaultKindNamed(std::string_view text) {
  for (size_t i = 0; i < kFaults.size(); ++i)
    if (kFaults[i].text == text) return static_cast<FaultKind>(i);
  return std::nullopt;
}

const OpInfo& InfoOf(Opcode opcode) {
  return kOps[static_cast<size_t>(opcode)];
}

std::optional<Opcode> OpcodeNamed(std::string_view text) {
  for (size_t i = 0; i < kOps.size(); ++i)
    if (kOps[i].name == text) return static_cast<Opcode>(i);
  return std::nullopt;
}

std::string_view TextOf(Rule rule) {
  return kRules[static_cast<size_t>(rule)];
}
std::optional<Rule> RuleNamed(std::string_view text) {
  return Find<Rule>(kRules, text);
}
std::string_view TextOf(ReduceKind kind) {
  return kReduces[static_cast<size_t>(kind)];
}
std::optional<ReduceKind> ReduceKindNamed(std::string_view text) {
  return Find<ReduceKind>(kReduces, text);
}
std::string_view TextOf(AtomicKind kind) {
  return kAtomics[static_cast<size_t>(kind)];
}
std::optional<AtomicKind> AtomicKindNamed(std::string_view text) {
  return Find<AtomicKind>(kAtomics, text);
}

bool Accepts(OperandClass operand_class, Type type) {
  if (operand_class == OperandClass::kNone) return true;
  if (operand_class == OperandClass::kArray) return type.is_array();
  if (type.is_array()) return false;
  const ScalarType scalar = type.scalar;
  switch (operand_class) {
    case OperandClass::kNone:
    case OperandClass::kArray:
    case OperandClass::kAny:
      return true;
    case OperandClass::kValue:
      return !IsStorage(scalar);
    case OperandClass::kBoolean:
      return scalar == ScalarType::kBool;
    case OperandClass::kInteger:
      return IsInteger(scalar);
    case OperandClass::kUnsigned:
      return IsUnsigned(scalar);
    case OperandClass::kFloat:
      return IsFloat(scalar);
    case OperandClass::kReal:
      return IsInteger(scalar) || IsFloat(scalar);
    case OperandClass::kBits:
      return IsInteger(scalar) || scalar == ScalarType::kBool;
  }
  return false;
}

bool Converts(ScalarType from, ScalarType to) {
  return from == to || ((!IsStorage(from) || IsFloat(to)) && (!IsStorage(to) || IsFloat(from)));
}

bool HasRule(Opcode opcode, Rule rule, ScalarType type) {
  const bool as_float = IsFloat(type) && (rule == Rule::kNone || rule == Rule::kFast);
  switch (InfoOf(opcode).rules) {
    case RuleSet::kNone:
      return rule == Rule::kNone;
    case RuleSet::kFloat:
      return as_float;
    case RuleSet::kArithmetic:
      return IsInteger(type) ? rule != Rule::kNone && rule != Rule::kFast : as_float;
    case RuleSet::kShift:
      return rule == Rule::kChecked || rule == Rule::kWrap;
    case RuleSet::kChecked:
      return IsFloat(type) && InfoOf(opcode).types == TypeRule::kSame ? as_float
                                                                      : rule == Rule::kChecked;
    case RuleSet::kConvert:
      return rule != Rule::kFast;
  }
  return false;
}

FaultSet InitialChecks(Opcode opcode, Rule rule, ScalarType operand, ScalarType result) {
  FaultSet checks = InfoOf(opcode).faults;
  switch (opcode) {
    case Opcode::kDiv:
      if (!IsInteger(operand)) return 0;
      return IsSigned(operand) ? checks : static_cast<FaultSet>(checks & ~kOverflowBit);
    case Opcode::kAbs:
      return rule == Rule::kChecked && IsSigned(operand) ? checks : FaultSet{0};
    case Opcode::kFail:
    case Opcode::kExpectError:
      return 0;  // their fault is what they mean, not a check that could be proved away
    default:
      break;
  }
  if (rule != Rule::kChecked) checks &= static_cast<FaultSet>(~(kOverflowBit | kNarrowingBit));
  static_cast<void>(result);
  return checks;
}

}  // namespace einkorn
