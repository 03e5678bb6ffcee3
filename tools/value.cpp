#include "tools/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tools/number.h"

namespace einkorn::command {
namespace {

constexpr std::string_view kSpaces = " \t\n";

}  // namespace

bool ValueReader::Fail(std::string message) {
  failure_ = std::move(message);
  return false;
}

void ValueReader::SkipSpace() {
  at_ = std::min(text_.find_first_not_of(kSpaces, at_), text_.size());
}

bool ValueReader::Take(char c) {
  SkipSpace();
  if (!IsAt(c)) return false;
  ++at_;
  SkipSpace();
  return true;
}

std::string_view ValueReader::Word() const {
  const std::string_view word = rest().substr(0, rest().find_first_of(",[]{}"));
  return word.empty() ? rest() : word.substr(0, word.find_last_not_of(kSpaces) + 1);
}

bool ValueReader::Read(const DataType& type, HostArray& array, int64_t offset) {
  switch (type.form()) {
    case DataForm::kScalar:
    case DataForm::kComplex:
      return ReadNumber(type, array, offset);
    case DataForm::kArray:
      return ReadList(frontend::ElementsOf(type), 0, array, offset);
    case DataForm::kStruct:
      return ReadStruct(type, array, offset);
  }
  return false;
}

bool ValueReader::ReadNumber(const DataType& type, HostArray& array, int64_t offset) {
  const std::string_view number = Word();
  at_ += number.size();
  SkipSpace();
  if (type.is_scalar()) {
    const auto bits = ParseNumber(number, type.scalar());
    if (!bits) return Fail(bits.error());
    array.StoreAt(type.scalar(), offset, *bits);
    return true;
  }
  const auto parts = ParseComplex(number, type.scalar());
  if (!parts) return Fail(parts.error());
  array.StoreAt(type.scalar(), offset, parts->re);
  array.StoreAt(type.scalar(), offset + BytesOf(type.scalar()), parts->im);
  return true;
}

// One dimension of a value array; `offset` goes from element to element.
bool ValueReader::ReadList(const frontend::Elements& list, size_t dimension, HostArray& array,
                           int64_t& offset) {
  const int64_t size = list.sizes[dimension];
  const bool is_innermost = dimension + 1 == list.sizes.size();
  if (!Take('['))
    return Fail(fmt::format("{} {} stand in brackets, not `{}`", size,
                            is_innermost ? "elements" : "lists", Word()));
  int64_t length = 0;
  for (; !IsAt(']') && length < size; ++length) {
    if (length > 0 && !Take(',')) return Fail(fmt::format("expected , or ] before `{}`", rest()));
    if (!is_innermost) {
      if (!ReadList(list, dimension + 1, array, offset)) return false;
      continue;
    }
    if (!Read(list.type, array, offset)) return false;
    offset += list.type.info().bytes;
  }
  if (length < size) return Fail(fmt::format("the list has {} elements, not {}", length, size));
  if (IsAt(',')) return Fail(fmt::format("the list has more than {} elements", size));
  if (!Take(']')) return Fail(fmt::format("expected ] before `{}`", rest()));
  return true;
}

bool ValueReader::ReadStruct(const DataType& type, HostArray& array, int64_t offset) {
  if (Word() == type.text()) at_ += type.text().size();
  if (!Take('{'))
    return Fail(fmt::format("a {} is written in braces, {}, not `{}`", type.text(),
                            FormatFields(type), Word()));
  std::set<std::string_view> given;
  while (!Take('}')) {
    if (!given.empty() && !Take(','))
      return Fail(fmt::format("expected , or }} before `{}`", rest()));
    const frontend::Field* field = ReadFieldName(type);
    if (field == nullptr) return false;
    if (!given.insert(field->name).second)
      return Fail(fmt::format("the field {} is given twice", field->name));
    if (!Read(field->type, array, offset + field->offset))
      return Fail(fmt::format("field {}: {}", field->name, failure_));
  }
  for (const frontend::Field& field : type.info().fields)
    if (!given.contains(field.name))
      return Fail(fmt::format("the field {} of type {} is missing", field.name, field.type.text()));
  return true;
}

// The field whose name stands here with a colon behind it; null after a failure.
const frontend::Field* ValueReader::ReadFieldName(const DataType& type) {
  const size_t colon = rest().find_first_of(":,{}[]");
  if (colon == std::string_view::npos || rest()[colon] != ':') {
    Fail(fmt::format("expected a field with its value, as in mass: 1.5, before `{}`", rest()));
    return nullptr;
  }
  std::string_view name = rest().substr(0, colon);
  name = name.substr(0, name.find_last_not_of(kSpaces) + 1);
  const frontend::Field* field = type.info().FieldNamed(name);
  if (field == nullptr)
    Fail(fmt::format("a {} has no field {}; it is {}", type.text(), name, FormatFields(type)));
  at_ += colon;
  Take(':');
  return field;
}

Result<HostArray> ParseValue(std::string_view text, const DataType& type) {
  auto elements = frontend::ElementsOf(type);
  auto value = MakeArray(elements.type, std::move(elements.sizes));
  if (!value) return value;
  ValueReader reader(text);
  if (!reader.Read(type, *value, 0)) return UsageError(reader.failure());
  if (!reader.rest().empty())
    return UsageError(fmt::format("`{}` stands behind the value", reader.rest()));
  return value;
}

}  // namespace einkorn::command
