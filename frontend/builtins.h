// The table of built-in functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "frontend/data_type.h"
#include "ir/ops.h"

namespace einkorn::frontend {

enum class BuiltinForm : uint8_t {
  kSame,
  kRotate,
  kBits,
  kFromBits,
  kComposed,
  kTest,
  kValue,
  kLibrary
};

enum class BuiltinId : uint8_t {
#define EINKORN_BUILTIN(name, text, arguments, form, opcode, rule) k##name,
#include "frontend/builtins.def"
#undef EINKORN_BUILTIN
};

struct Builtin {
  BuiltinId id;
  std::string_view text;
  size_t arguments;
  BuiltinForm form;
  Opcode opcode;  ///< its row says which argument types are allowed
  Rule rule;
};

std::span<const Builtin> AllBuiltins();
const Builtin* BuiltinNamed(std::string_view text);

/// The reduction of this name (`sum`, `wrapping_sum`, `argmax`, ...) with its overflow rule.
struct NamedReduction {
  ReduceKind kind;
  Rule rule;
  bool with_value = false;  ///< `argmin_value`: the place and the value
};
std::optional<NamedReduction> ReductionNamed(std::string_view text);

/// The parts of the library that hold built-in functions, and the one that belongs to arguments of
/// `type`; empty if there is none.
std::span<const std::string_view> BuiltinParts();
std::string_view BuiltinPartOf(const DataType& type);

/// The types that are members of type class `text`; empty if there is no such class.
std::vector<DataType> MembersOfClass(std::string_view text);

}  // namespace einkorn::frontend
