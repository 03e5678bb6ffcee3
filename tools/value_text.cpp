#include "tools/value_text.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <utility>

namespace einkorn::command {
namespace {

enum class Notation : uint8_t { kLanguage, kJson };

// JSON has no infinities and NaN; they are strings.
std::string ScalarText(ScalarType type, uint64_t bits, Notation notation) {
  const bool is_plain = notation == Notation::kLanguage || !IsFloatOrStorage(type) ||
                        std::isfinite(FloatValue(type, bits));
  return is_plain ? FormatScalar(type, bits) : fmt::format("\"{}\"", FormatScalar(type, bits));
}

// Appends a list in brackets for each dimension.
void AppendLists(const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                 size_t dimension, int64_t offset,
                 const std::function<void(int64_t offset)>& append, std::string& out) {
  if (dimension == sizes.size()) return append(offset);
  out += '[';
  for (int64_t i = 0; i < sizes[dimension]; ++i) {
    if (i > 0) out += ", ";
    AppendLists(sizes, strides, dimension + 1, offset + i * strides[dimension], append, out);
  }
  out += ']';
}

// Appends the value that lies `offset` bytes behind the first element.
void AppendValue(const HostArray& array, const DataType& type, int64_t offset, Notation notation,
                 std::string& out) {
  const bool is_json = notation == Notation::kJson;
  switch (type.form()) {
    case DataForm::kScalar:
      out += ScalarText(type.scalar(), array.LoadAt(type.scalar(), offset), notation);
      return;
    case DataForm::kComplex:
      out += is_json ? "[" : "complex(";
      AppendValue(array, type.scalar(), offset, notation, out);
      out += ", ";
      AppendValue(array, type.scalar(), offset + BytesOf(type.scalar()), notation, out);
      out += is_json ? "]" : ")";
      return;
    case DataForm::kArray: {
      const auto [element, sizes] = frontend::ElementsOf(type);
      const auto append = [&, &inner = element](int64_t at) {
        AppendValue(array, inner, at, notation, out);
      };
      AppendLists(sizes, RowMajorStrides(element, sizes), 0, offset, append, out);
      return;
    }
    case DataForm::kStruct: {
      out += is_json ? "{" : type.text() + " { ";
      bool is_first = true;
      for (const frontend::Field& field : type.info().fields) {
        if (!std::exchange(is_first, false)) out += ", ";
        out += is_json ? fmt::format("\"{}\": ", field.name) : field.name + ": ";
        AppendValue(array, field.type, offset + field.offset, notation, out);
      }
      out += is_json ? "}" : " }";
      return;
    }
  }
}

std::string ValueText(const HostArray& array, Notation notation) {
  std::string out;
  const auto append = [&](int64_t offset) {
    AppendValue(array, array.type, offset, notation, out);
  };
  AppendLists(array.sizes, array.strides, 0, 0, append, out);
  return out;
}

}  // namespace

std::string FormatValue(const HostArray& value) {
  return ValueText(value, Notation::kLanguage);
}

std::string FormatElement(const HostArray& array, int64_t offset) {
  std::string out;
  AppendValue(array, array.type, offset, Notation::kLanguage, out);
  return out;
}

std::string FormatJson(const HostArray& array) {
  return ValueText(array, Notation::kJson);
}

}  // namespace einkorn::command
