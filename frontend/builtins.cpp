#include "frontend/builtins.h"

#include <algorithm>
#include <array>

namespace einkorn::frontend {
namespace {

constexpr std::array kBuiltins = {
#define EINKORN_BUILTIN(name, text, arguments, form, opcode, rule)           \
  Builtin{BuiltinId::k##name, text,         arguments, BuiltinForm::k##form, \
          Opcode::k##opcode,  Rule::k##rule},
#include "frontend/builtins.def"
#undef EINKORN_BUILTIN
};

using enum ScalarType;
constexpr std::array kAll = {kI8, kI16, kI32, kI64, kU8, kU16, kU32, kU64, kF32, kF64, kBool};
constexpr std::span<const ScalarType> kEvery(kAll);

constexpr std::array<std::string_view, 4> kParts = {"float32", "float64", "complex", "integer"};

struct TypeClass {
  std::string_view text;
  std::span<const ScalarType> members;
  bool has_complex = false;
};
constexpr std::array<TypeClass, 8> kClasses = {{
    {"integer", kEvery.subspan(0, 8)},
    {"signed", kEvery.subspan(0, 4)},
    {"unsigned", kEvery.subspan(4, 4)},
    {"float", kEvery.subspan(8, 2)},
    {"real", kEvery.subspan(0, 10)},
    {"complex", {}, true},
    {"number", kEvery.subspan(0, 10), true},
    {"any", kEvery, true},
}};

}  // namespace

std::span<const Builtin> AllBuiltins() {
  return kBuiltins;
}

const Builtin* BuiltinNamed(std::string_view text) {
  const auto at = std::ranges::find(kBuiltins, text, &Builtin::text);
  return at == kBuiltins.end() ? nullptr : &*at;
}

std::optional<NamedReduction> ReductionNamed(std::string_view text) {
  if (text == "argmin_value") return NamedReduction{ReduceKind::kArgmin, Rule::kChecked, true};
  if (text == "argmax_value") return NamedReduction{ReduceKind::kArgmax, Rule::kChecked, true};
  Rule rule = Rule::kChecked;
  for (const auto& [prefix, named] :
       {std::pair{std::string_view("wrapping_"), Rule::kWrap},
        std::pair{std::string_view("saturating_"), Rule::kSaturate}}) {
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    rule = named;
  }
  const auto kind = ReduceKindNamed(text);
  if (!kind) return std::nullopt;
  if (rule != Rule::kChecked && kind != ReduceKind::kSum && kind != ReduceKind::kProd)
    return std::nullopt;
  return NamedReduction{*kind, rule};
}

std::span<const std::string_view> BuiltinParts() {
  return kParts;
}

std::string_view BuiltinPartOf(const DataType& type) {
  if (type == kF32) return kParts[0];
  if (type == kF64) return kParts[1];
  if (type.is_complex()) return kParts[2];
  return type.is_scalar() && IsInteger(type.scalar()) ? kParts[3] : std::string_view();
}

std::vector<DataType> MembersOfClass(std::string_view text) {
  const auto at = std::ranges::find(kClasses, text, &TypeClass::text);
  if (at == kClasses.end()) return {};
  std::vector<DataType> members(at->members.begin(), at->members.end());
  if (at->has_complex)
    for (ScalarType part : {kF32, kF64}) members.push_back(DataType::Complex(part));
  return members;
}

}  // namespace einkorn::frontend
