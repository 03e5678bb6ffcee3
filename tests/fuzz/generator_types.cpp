// Types, literals and places.
#include <algorithm>

#include "tests/fuzz/generator.h"

namespace einkorn::fuzz {

ScalarType ProgramGenerator::AnyInteger() {
  for (;;)
    if (const ScalarType type = AnyScalar(); IsInteger(type)) return type;
}

// A type of a few scalars.
DataType ProgramGenerator::SmallComposite() {
  const size_t choice = choices_.Below(10);
  if (choice < 3) return choices_.Of(words_.complexes);
  if (choice < 6 && !structs_.empty()) return choices_.Of(structs_);
  DataType element = AnyScalar();
  if (choices_.Chance(15)) element = choices_.Of(words_.complexes);
  if (choices_.Chance(30)) return DataType::Array({2, choices_.Between(2, 3)}, element);
  return DataType::Array({choices_.Between(2, 4)}, element);
}

DataType ProgramGenerator::AnyType() {
  return choices_.Chance(70) ? DataType(AnyScalar()) : SmallComposite();
}

// Of numbers.
DataType ProgramGenerator::AnyArithmetic() {
  for (;;)
    if (const DataType type = AnyType(); !type.is_struct()) return type;
}

bool ProgramGenerator::Reaches(const DataType& type, const DataType& part) const {
  if (type == part) return true;
  if (type.is_complex()) return part == type.scalar();
  if (type.is_array()) return Reaches(type.element(), part);
  if (!type.is_struct()) return false;
  return std::ranges::any_of(type.info().fields,
                             [&](const auto& field) { return Reaches(field.type, part); });
}

Text ProgramGenerator::ScalarLiteral(ScalarType type) {
  if (type == ScalarType::kBool) return {choices_.Chance(50) ? "true" : "false", kAtom};
  const bool is_edge = choices_.Chance(is_wild_ ? 40 : 10);
  const uint64_t bits = is_edge ? EdgeValue(choices_, type) : SmallValue(choices_, type);
  std::string text = FormatScalar(type, bits);
  if (text.find_first_of("in") != std::string::npos)
    return {fmt::format("from_bits<{}>({:#x})", TextOf(type), bits), kAtom};
  if (IsFloat(type) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return {text, text[0] == '-' ? kUnary : kAtom, true};
}

Text ProgramGenerator::Literal(const DataType& type, int depth) {
  if (type.is_scalar()) return ScalarLiteral(type.scalar());
  if (type.is_complex())
    return {fmt::format("complex({}, {})", Argument(Typed(type.scalar(), depth)),
                        Argument(Value(type.scalar(), depth))),
            kAtom};
  std::string text;
  if (type.is_struct()) {
    for (const auto& field : type.info().fields)
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", field.name,
                          Argument(Value(field.type, depth)));
    return {fmt::format("{} {{ {} }}", type.text(), text), kAtom};
  }
  const auto row = [&](int64_t count, const auto& item) {
    std::string list;
    for (int64_t k = 0; k < count; ++k) list += (k == 0 ? "" : ", ") + item();
    return "[" + list + "]";
  };
  const auto element = [&] { return Argument(Typed(type.element(), depth)); };
  const auto& sizes = type.sizes();
  if (sizes.size() == 1) return {row(sizes[0], element), kAtom};
  return {row(sizes[0], [&] { return row(sizes[1], element); }), kAtom};
}

Text ProgramGenerator::Index(const std::string& size) {
  std::vector<const Variable*> counting;
  for (const Variable& v : scope_)
    if (!v.size.empty() && v.size == size) counting.push_back(&v);
  if (!counting.empty() && choices_.Chance(65)) return {choices_.Of(counting)->name, kAtom};
  if (IsConstantSize(size) && choices_.Chance(60))
    return {fmt::format("{}", choices_.Below(std::stoul(size))), kAtom};
  if (index_depth_ > 1 || Exhausted()) return {"0", kAtom};
  ++index_depth_;
  const bool is_any = choices_.Chance(is_wild_ ? 15 : 1);
  const Text index = Typed(is_any ? AnyInteger() : ScalarType::kI64, is_any ? 1 : 2);
  --index_depth_;
  if (is_any) return index;
  return {fmt::format("clamp({}, 0, {} - 1)", Argument(index), size), kAtom};
}

// `[i, 3]` for all dimensions.
std::string ProgramGenerator::Indices(const Variable& array) {
  std::string text;
  for (size_t d = 0; d < array.sizes.size(); ++d)
    text += fmt::format("{}{}", d == 0 ? "" : ", ",
                        d < array.own.size() ? array.own[d] : Argument(Index(array.sizes[d])));
  return "[" + text + "]";
}

// From a place of `type` inwards to one of `part`.
Text ProgramGenerator::Descend(Text text, DataType type, const DataType& part) {
  while (!(type == part)) {
    if (type.is_array()) {
      std::string indices;
      for (int64_t size : type.sizes())
        indices += fmt::format("{}{}", indices.empty() ? "" : ", ",
                               Argument(Index(fmt::format("{}", size))));
      text.text += "[" + indices + "]";
      type = DataType(type.element());
      continue;
    }
    std::vector<const frontend::Field*> fitting;
    for (const auto& field : type.info().fields)
      if (Reaches(field.type, part)) fitting.push_back(&field);
    const frontend::Field* field = choices_.Of(fitting);
    text.text += "." + field->name;
    type = DataType(field->type);
  }
  return text;
}

// A variable of `type`, or such a part of one.
std::optional<Text> ProgramGenerator::Place(const DataType& type) {
  std::vector<size_t> fitting;
  for (size_t k = 0; k < scope_.size(); ++k)
    if (scope_[k].is_readable && Reaches(scope_[k].type, type)) fitting.push_back(k);
  if (fitting.empty()) return std::nullopt;
  // Late ones more often.
  const size_t at =
      fitting[std::max(choices_.Below(fitting.size()), choices_.Below(fitting.size()))];
  const Variable v = scope_[at];
  Text text{v.name, kAtom};
  if (v.is_array) text.text += Indices(v);
  Spend(2);
  return Descend(text, v.type, type);
}

}  // namespace einkorn::fuzz
