#include "tools/array_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "tools/image.h"
#include "tools/npy.h"
#include "tools/number.h"
#include "tools/philox.h"
#include "tools/value.h"

namespace einkorn::command {
namespace {

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; (at = text.find(separator)) != std::string_view::npos;) {
    parts.push_back(Trimmed(text.substr(0, at)));
    text.remove_prefix(at + 1);
  }
  parts.push_back(Trimmed(text));
  return parts;
}

// Reads `[[1, 2], [3, 4]]` into its elements and sizes.
class ListReader {
 public:
  ListReader(std::string_view text, const DataType& type) : reader_(text), type_(type) {}

  Result<HostArray> Read() {
    auto element = MakeArray(type_, {});
    if (!element) return element;
    element_ = std::move(*element);
    if (!ReadList(0)) return UsageError(reader_.failure());
    if (!reader_.rest().empty())
      return UsageError(fmt::format("`{}` stands behind the list", reader_.rest()));
    auto array = MakeArray(type_, sizes_);
    if (!array) return array;
    std::ranges::copy(elements_, array->data.get());
    return array;
  }

 private:
  static constexpr const char* kMixed = "rows and numbers do not mix in a list";

  bool ReadList(size_t depth) {
    if (depth == kMaxRank) return reader_.Fail(fmt::format("lists nest at most {} deep", kMaxRank));
    if (!reader_.Take('[')) return reader_.Fail(kMixed);
    if (depth == sizes_.size()) {
      if (count_ > 0) return reader_.Fail(kMixed);
      sizes_.push_back(-1);
    }
    int64_t length = 0;
    if (!reader_.Take(']')) {
      do {
        if (!ReadEntry(depth)) return false;
        ++length;
      } while (reader_.Take(','));
      if (!reader_.Take(']'))
        return reader_.Fail(reader_.rest().empty()
                                ? "the list has no closing bracket"
                                : fmt::format("expected , or ] before `{}`", reader_.rest()));
    }
    if (sizes_[depth] >= 0 && sizes_[depth] != length)
      return reader_.Fail(fmt::format("the rows of the list have different lengths, {} and {}",
                                      sizes_[depth], length));
    sizes_[depth] = length;
    return true;
  }

  bool ReadEntry(size_t depth) {
    if (reader_.IsAt('[')) return ReadList(depth + 1);
    if (depth + 1 != sizes_.size()) return reader_.Fail(kMixed);
    if (reader_.rest().empty() || reader_.IsAt(',') || reader_.IsAt(']'))
      return reader_.Fail("a number is missing in the list");
    if (!reader_.Read(type_, element_, 0)) return false;
    elements_.insert(elements_.end(), element_.data.get(), element_.data.get() + element_.bytes());
    ++count_;
    return true;
  }

  ValueReader reader_;
  DataType type_;
  HostArray element_;
  std::vector<int64_t> sizes_;
  std::vector<std::byte> elements_;
  int64_t count_ = 0;
};

// `name(before; after)`; `after` is empty where there is no semicolon.
struct CallText {
  std::string_view name, before, after;
};

std::optional<CallText> ReadCall(std::string_view text) {
  const size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) return std::nullopt;
  CallText call{Trimmed(text.substr(0, open)), text.substr(open + 1, text.size() - open - 2), {}};
  if (const size_t semicolon = call.before.find(';'); semicolon != std::string_view::npos) {
    call.after = Trimmed(call.before.substr(semicolon + 1));
    call.before = call.before.substr(0, semicolon);
  }
  call.before = Trimmed(call.before);
  return call;
}

Result<std::vector<int64_t>> ReadSizes(std::string_view text) {
  std::vector<int64_t> sizes;
  for (const std::string_view part : SplitAt(text, ',')) {
    const auto size = ParseNumber(part, ScalarType::kI64);
    if (!size) return UsageError(part.empty() ? "a size is missing" : "size " + size.error());
    sizes.push_back(static_cast<int64_t>(*size));
    if (sizes.back() < 0) return UsageError(fmt::format("size {} is negative", part));
    if (sizes.size() > kMaxRank)
      return UsageError(fmt::format("an array has at most {} dimensions", kMaxRank));
  }
  return sizes;
}

Result<HostArray> MakeSized(std::string_view sizes_text, const DataType& type) {
  auto sizes = ReadSizes(sizes_text);
  if (!sizes) return sizes.error();
  return MakeArray(type, std::move(*sizes));
}

Result<HostArray> Zeros(const CallText& call, const DataType& type) {
  if (!call.after.empty()) return UsageError("zeros takes sizes only: zeros(4,5)");
  return MakeSized(call.before, type);
}

Result<HostArray> Full(const CallText& call, const DataType& type) {
  if (call.after.empty()) return UsageError("full takes a value, then sizes: full(7; 4,5)");
  const auto value = ParseValue(call.before, type);
  if (!value) return value.error();
  auto array = MakeSized(call.after, type);
  if (!array) return array;
  for (int64_t k = 0; k < array->count(); ++k)
    std::memcpy(array->data.get() + k * array->element_bytes(), value->data.get(), value->bytes());
  return array;
}

Result<HostArray> Range(const CallText& call, const DataType& type) {
  if (type.is_struct())
    return UsageError(fmt::format("range makes numbers, and {} is a struct", type.text()));
  auto array = call.after.empty() ? MakeSized(call.before, type) : UsageError("");
  if (!array && array.error().kind == ErrorKind::kEnvironment) return array;
  if (!array || array->rank() != 1) return UsageError("range takes one size: range(10)");
  for (int64_t k = 0; k < array->count(); ++k) {
    const auto bits = ExactNumber(k, type.scalar());
    if (!bits) return UsageError("range: " + bits.error());
    array->StoreAt(type.scalar(), k * array->element_bytes(), *bits);
  }
  return array;
}

Result<HostArray> Random(const CallText& call, const DataType& type) {
  uint64_t seed = 0;
  if (!call.after.empty()) {
    const std::vector<std::string_view> parts = SplitAt(call.after, '=');
    if (parts.size() != 2 || parts[0] != "seed")
      return UsageError("random takes sizes, then a seed: random(4,5; seed=1)");
    const auto bits = ParseNumber(parts[1], ScalarType::kU64);
    if (!bits) return UsageError("seed " + bits.error());
    seed = *bits;
  }
  auto array = MakeSized(call.before, type);
  if (!array) return array;
  uint64_t next = 0;
  int64_t element = 0;  // where it begins
  const VisitLeaf fill = [&](ScalarType scalar, int64_t offset) {
    array->StoreAt(scalar, element + offset, RandomElement(scalar, seed, next++));
  };
  for (int64_t k = 0; k < array->count(); ++k, element += array->element_bytes())
    VisitLeaves(type, fill);
  return array;
}

using MakeFunction = Result<HostArray> (*)(const CallText&, const DataType&);
struct NamedFunction {
  std::string_view name;
  MakeFunction make;
};
constexpr std::array<NamedFunction, 4> kFunctions = {
    {{"zeros", Zeros}, {"full", Full}, {"range", Range}, {"random", Random}}};

struct FileFormat {
  std::string_view extension;
  Result<HostArray> (*read)(const std::string&);
};
constexpr std::array<FileFormat, 3> kFormats = {
    {{".npy", ReadNpy}, {".png", ReadPng}, {".pgm", ReadPgm}}};

}  // namespace

bool IsFileValue(std::string_view text) {
  for (const FileFormat& format : kFormats)
    if (text.ends_with(format.extension)) return true;
  return false;
}

Result<HostArray> ReadArrayFile(const std::string& path) {
  for (const FileFormat& format : kFormats)
    if (path.ends_with(format.extension)) return format.read(path);
  return UsageError(fmt::format("{} is not a .npy, .png or .pgm file", path));
}

Result<HostArray> ParseArrayValue(std::string_view text, const DataType& type) {
  text = Trimmed(text);
  if (text.starts_with('[')) return ListReader(text, type).Read();
  if (const std::optional<CallText> call = ReadCall(text))
    for (const NamedFunction& function : kFunctions)
      if (call->name == function.name) return function.make(*call, type);
  return UsageError(
      fmt::format("`{}` is not an array; write a list [1,2,3], zeros(4,5), full(7; 4,5), "
                  "range(10), random(4,5; seed=1), "
                  "or the name of a .npy, .png or .pgm file",
                  text));
}

}  // namespace einkorn::command
