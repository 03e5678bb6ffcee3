#include "tools/npy.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "tools/files.h"

namespace einkorn::command {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
// A header holds a short dictionary; NumPy itself refuses one beyond 10,000 characters.
constexpr size_t kMaxHeaderBytes = 1 << 16;

// What the dictionary of a header says.
struct NpyHeaderText {
  std::string descr;
  bool column_major = false;
  std::vector<int64_t> sizes;
};

// Reads the Python literal `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  std::optional<NpyHeaderText> Read() {
    NpyHeaderText header;
    int entries = 0;
    if (!Take("{")) return std::nullopt;
    while (!Take("}")) {
      const std::optional<std::string> key = ReadString();
      if (!key || !Take(":") || !ReadEntry(*key, header)) return std::nullopt;
      ++entries;
      if (!Take(",") && !Peek("}")) return std::nullopt;
    }
    if (entries != 3) return std::nullopt;
    return header;
  }

 private:
  bool ReadEntry(const std::string& key, NpyHeaderText& header) {
    if (key == "descr") return ReadDescr(header);
    if (key == "shape") return ReadShape(header);
    if (key != "fortran_order") return false;
    header.column_major = Take("True");
    return header.column_major || Take("False");
  }

  bool ReadDescr(NpyHeaderText& header) {
    // A list describes a structured type; it is named as such, not read.
    if (Peek("[")) {
      header.descr = "a structured type";
      int depth = 0;
      do {
        if (at_ == text_.size()) return false;
        if (text_[at_] == '[' || text_[at_] == '(') ++depth;
        if (text_[at_] == ']' || text_[at_] == ')') --depth;
        ++at_;
      } while (depth > 0);
      return true;
    }
    const std::optional<std::string> descr = ReadString();
    if (descr) header.descr = *descr;
    return descr.has_value();
  }

  bool ReadShape(NpyHeaderText& header) {
    if (!Take("(")) return false;
    while (!Take(")")) {
      int64_t size = 0;
      const size_t begin = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - begin < 18)
        size = size * 10 + (text_[at_++] - '0');
      if (at_ == begin) return false;
      header.sizes.push_back(size);
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
};

std::optional<ScalarType> TypeOfDescr(std::string_view descr) {
  for (int i = 0; i < kScalarTypeCount; ++i) {
    const auto type = static_cast<ScalarType>(i);
    const std::string_view ours = InfoOf(type).numpy;
    const bool same_code = descr.size() == 3 && descr.substr(1) == ours.substr(1);
    if (same_code && (descr[0] == '<' || descr[0] == '=' || (descr[0] == '|' && ours[0] == '|')))
      return type;
  }
  return std::nullopt;
}

Error UnknownElements(const std::string& path, std::string_view descr) {
  const bool big_endian = descr.starts_with('>');
  return UsageError(fmt::format(
      "{} holds elements of NumPy type {}{}; convert it with numpy's astype to {}", path, descr,
      big_endian ? ", which is big-endian" : ", which is none of Einkorn's",
      big_endian ? fmt::format("'<{}'", descr.substr(1))
                 : "one of bool, int8 to int64, uint8 to uint64, float32, float64"));
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
  const std::optional<NpyHeaderText> header = HeaderReader(*text).Read();
  if (!header)
    return EnvironmentError(fmt::format("{} is not a .npy file: its header is malformed", path));
  const std::optional<ScalarType> type = TypeOfDescr(header->descr);
  if (!type) return UnknownElements(path, header->descr);
  if (header->sizes.size() > kMaxRank)
    return UsageError(fmt::format("{} has {} dimensions; an array has at most {}", path,
                                  header->sizes.size(), kMaxRank));
  auto array = MakeArray(*type, header->sizes);
  if (!array) return Error{array.error().kind, fmt::format("{}: {}", path, array.error().message)};
  if (!file->Read(array->data.get(), array->bytes()) || !file->AtEnd())
    return EnvironmentError(
        fmt::format("{} is damaged: its header announces {} of {} bytes, not what follows it", path,
                    FormatArrayType(*type, array->sizes), array->bytes()));
  if (header->column_major) array->strides = ColumnMajorStrides(*type, array->sizes);
  return array;
}

std::string NpyHeader(const HostArray& array) {
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}", InfoOf(array.type).numpy,
                  array.is_row_major() ? "False" : "True", FormatSizes(array.sizes));
  // The elements begin at a multiple of 64 bytes.
  const size_t prefix = kMagic.size() + 4;
  text.append(63 - (prefix + text.size()) % 64, ' ');
  text += '\n';
  std::string header(kMagic);
  header += '\1';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace einkorn::command
