#include "tools/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "tools/files.h"

namespace einkorn::command {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
// A header holds a short dictionary; NumPy itself refuses one beyond 10,000 characters.
constexpr size_t kMaxHeaderBytes = 1 << 20;
constexpr int kMaxStructDepth = 32;
constexpr int64_t kMaxElementBytes = int64_t{1} << 47;

// NumPy's name of a scalar or complex type.
std::string DescrOf(const DataType& type) {
  if (type.is_complex()) return fmt::format("<c{}", type.info().bytes);
  return std::string(InfoOf(type.scalar()).numpy);
}

// Invalid if the language has no such type.
DataType TypeOfDescr(std::string_view descr) {
  std::vector<DataType> types = {DataType::Complex(ScalarType::kF32),
                                 DataType::Complex(ScalarType::kF64)};
  for (int i = 0; i < kScalarTypeCount; ++i) types.emplace_back(static_cast<ScalarType>(i));
  for (const DataType& type : types) {
    const std::string ours = DescrOf(type);
    if (descr.size() != ours.size() || descr.substr(1) != ours.substr(1)) continue;
    if (descr[0] == '<' || descr[0] == '=' || (descr[0] == '|' && ours[0] == '|')) return type;
  }
  return {};
}

// What the dictionary of a header says.
struct NpyHeaderText {
  DataType type;
  bool column_major = false;
  std::vector<int64_t> sizes;
};

// A type that is none of ours, and the field of it.
struct UnknownType {
  std::string field, descr;
};

// Reads the Python literal `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  // The header can be read but for this one.
  const std::optional<UnknownType>& unknown() const { return unknown_; }
  // Why nothing can be read.
  std::string_view failure() const { return failure_; }

  std::optional<NpyHeaderText> Read() {
    NpyHeaderText header;
    std::set<std::string> keys;
    if (!Take("{")) return std::nullopt;
    while (!Take("}")) {
      const std::optional<std::string> key = ReadString();
      if (!key || !keys.insert(*key).second || !Take(":") || !ReadEntry(*key, header))
        return std::nullopt;
      if (!Take(",") && !Peek("}")) return std::nullopt;
    }
    if (keys.size() != 3) return std::nullopt;
    return header;
  }

 private:
  bool ReadEntry(const std::string& key, NpyHeaderText& header) {
    if (key == "descr") return ReadType(header.type, {}, 0);
    if (key == "shape") return ReadShape(header.sizes);
    if (key != "fortran_order") return false;
    header.column_major = Take("True");
    return header.column_major || Take("False");
  }

  bool Fail(std::string_view why) {
    failure_ = why;
    return false;
  }

  // `'<f4'`, or the list of a struct's fields.
  bool ReadType(DataType& type, const std::string& field, int depth) {
    if (Peek("{"))
      return Fail("its element type is a dictionary, which numpy.save never writes; give a list");
    if (Peek("[")) return ReadStruct(type, depth + 1);
    const std::optional<std::string> descr = ReadString();
    if (!descr) return false;
    type = TypeOfDescr(*descr);
    if (!type.valid()) {
      if (!unknown_) unknown_ = {field, *descr};
      type = ScalarType::kU8;
    }
    return true;
  }

  struct Fields {
    frontend::NamedTypes types;
    std::vector<int64_t> offsets;
    int64_t bytes = 0;
  };

  // `[('pos', '<f4', (3,)), ('', '|V4'), ('mass', '<f8')]`: the fields lie one behind the other.
  bool ReadStruct(DataType& type, int depth) {
    if (depth > kMaxStructDepth) return Fail("its structs nest too deep");
    Fields fields;
    Take("[");
    while (!Take("]")) {
      if (!ReadField(fields, depth)) return false;
      if (!Take(",") && !Peek("]")) return false;
    }
    type = frontend::MakeStructAt(FormatFields(fields.types), fields.types, fields.offsets,
                                  fields.bytes);
    return true;
  }

  bool ReadField(Fields& fields, int depth) {
    std::string name;
    if (!Take("(") || !ReadFieldName(name) || !Take(",")) return false;
    if (name.empty() ? !ReadPadding(fields.bytes) : !ReadFieldType(name, fields, depth))
      return false;
    if (fields.bytes > kMaxElementBytes) return Fail("its elements are too large");
    Take(",");
    return Take(")");
  }

  // `'<f4'`, `'<f4', (3,)`.
  bool ReadFieldType(const std::string& name, Fields& fields, int depth) {
    DataType type;
    if (!ReadType(type, name, depth)) return false;
    std::vector<int64_t> sizes;
    if (Take(",") && !Peek(")") && !ReadShape(sizes)) return false;
    // Nothing in it does not excuse the other sizes: they are multiplied.
    Int128 most = std::max<int64_t>(type.info().bytes, 1);
    for (const int64_t size : sizes)
      if ((most *= std::max<int64_t>(size, 1)) > kMaxElementBytes)
        return Fail("its elements are too large");
    if (!sizes.empty()) type = DataType::Array(std::move(sizes), type);
    fields.types.emplace_back(name, type);
    fields.offsets.push_back(fields.bytes);
    fields.bytes += type.info().bytes;
    return true;
  }

  // `'mass'`, or `('title', 'mass')`.
  bool ReadFieldName(std::string& name) {
    const bool has_title = Take("(");
    if (has_title && (!ReadString() || !Take(","))) return false;
    const std::optional<std::string> text = ReadString();
    if (text) name = *text;
    return text && (!has_title || Take(")"));
  }

  // Adds the bytes of `'|V4'`.
  bool ReadPadding(int64_t& bytes) {
    const std::optional<std::string> descr = ReadString();
    if (!descr || !descr->starts_with("|V") || descr->size() > 16) return false;
    int64_t padding = 0;
    const char* end = descr->data() + descr->size();
    const auto read = std::from_chars(descr->data() + 2, end, padding);
    if (read.ec != std::errc() || read.ptr != end || padding < 0) return false;
    bytes += padding;
    return true;
  }

  bool ReadShape(std::vector<int64_t>& sizes) {
    if (!Take("(")) return false;
    while (!Take(")")) {
      int64_t size = 0;
      const size_t begin = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - begin < 18)
        size = size * 10 + (text_[at_++] - '0');
      if (at_ == begin) return false;
      sizes.push_back(size);
      if (!Take(",") && !Peek(")")) return false;
    }
    return true;
  }

  std::optional<std::string> ReadString() {
    SkipSpace();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool Peek(std::string_view word) {
    SkipSpace();
    return text_.substr(at_).starts_with(word);
  }
  bool Take(std::string_view word) {
    if (!Peek(word)) return false;
    at_ += word.size();
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::optional<UnknownType> unknown_;
  std::string_view failure_ = "its header is malformed";
};

Error UnknownElements(const std::string& path, const UnknownType& type) {
  const std::string_view descr = type.descr;
  const bool big_endian = descr.starts_with('>');
  return UsageError(fmt::format(
      "{} holds {} of NumPy type {}{}; convert it with numpy's astype to {}", path,
      type.field.empty() ? "elements" : fmt::format("a field {}", type.field), descr,
      big_endian ? ", which is big-endian" : ", which is none of Einkorn's",
      big_endian ? fmt::format("'<{}'", descr.substr(1))
                 : "one of bool, int8 to int64, uint8 to uint64, float32, float64, complex64, "
                   "complex128"));
}

// `'<f4'`, `[('pos', '<f4', (3,)), ('', '|V4')]`: bytes that no field has are one without a name.
std::string TypeText(const DataType& type) {
  if (!type.is_struct()) return fmt::format("'{}'", DescrOf(type));
  std::vector<std::string> entries;
  int64_t end = 0;
  const auto pad_to = [&](int64_t offset) {
    if (offset > end) entries.push_back(fmt::format("('', '|V{}')", offset - end));
  };
  for (const frontend::Field& field : type.info().fields) {
    pad_to(field.offset);
    end = field.offset + field.type.info().bytes;
    const auto [element, sizes] = frontend::ElementsOf(field.type);
    entries.push_back(fmt::format("('{}', {}{})", field.name, TypeText(element),
                                  sizes.empty() ? "" : ", " + FormatSizes(sizes)));
  }
  pad_to(type.info().bytes);
  return fmt::format("[{}]", fmt::join(entries, ", "));
}

Result<std::string> ReadHeader(InputFile& file) {
  const auto broken = [&](std::string_view why) {
    return EnvironmentError(fmt::format("{} is not a .npy file: {}", file.path(), why));
  };
  std::string start(kMagic.size() + 2, '\0');
  if (!file.Read(start.data(), start.size())) return broken("it is too short");
  if (!start.starts_with(kMagic)) return broken("it does not begin as one");
  const int version = static_cast<unsigned char>(start[kMagic.size()]);
  if (version < 1 || version > 3) return broken(fmt::format("its version {} is unknown", version));
  unsigned char length_bytes[4] = {};
  if (!file.Read(length_bytes, version == 1 ? 2 : 4)) return broken("it is too short");
  size_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | length_bytes[i];
  if (length > kMaxHeaderBytes)
    return broken(fmt::format("its header of {} bytes is too long", length));
  std::string header(length, '\0');
  if (!file.Read(header.data(), length)) return broken("it ends inside its header");
  return header;
}

}  // namespace

Result<HostArray> ReadNpy(const std::string& path) {
  auto file = InputFile::Open(path);
  if (!file) return file.error();
  const auto text = ReadHeader(*file);
  if (!text) return text.error();
  HeaderReader reader(*text);
  const std::optional<NpyHeaderText> header = reader.Read();
  if (!header)
    return EnvironmentError(fmt::format("{} is not a .npy file: {}", path, reader.failure()));
  if (reader.unknown()) return UnknownElements(path, *reader.unknown());
  if (header->sizes.size() > kMaxRank)
    return UsageError(fmt::format("{} has {} dimensions; an array has at most {}", path,
                                  header->sizes.size(), kMaxRank));
  auto array = MakeArray(header->type, header->sizes);
  if (!array) return Error{array.error().kind, fmt::format("{}: {}", path, array.error().message)};
  if (!file->Read(array->data.get(), array->bytes()) || !file->AtEnd())
    return EnvironmentError(
        fmt::format("{} is damaged: its header announces {} of {} bytes, not what follows it", path,
                    FormatArrayType(header->type, array->sizes), array->bytes()));
  if (header->column_major) array->strides = ColumnMajorStrides(header->type, array->sizes);
  return array;
}

std::string NpyHeader(const HostArray& array) {
  std::string text =
      fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}", TypeText(array.type),
                  array.is_row_major() ? "False" : "True", FormatSizes(array.sizes));
  // Version 1 has two bytes for the length, version 2 four.
  const int version = text.size() + 64 < 1 << 16 ? 1 : 2;
  const size_t length_bytes = version == 1 ? 2 : 4;
  // The elements begin at a multiple of 64 bytes.
  const size_t prefix = kMagic.size() + 2 + length_bytes;
  text.append(63 - (prefix + text.size()) % 64, ' ');
  text += '\n';
  std::string header(kMagic);
  header += static_cast<char>(version);
  header += '\0';
  for (size_t i = 0; i < length_bytes; ++i) header += static_cast<char>(text.size() >> (8 * i));
  return header + text;
}

}  // namespace einkorn::command
