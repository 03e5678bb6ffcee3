#include "tools/array_value.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <vector>

#include "tools/image.h"
#include "tools/npy.h"
#include "tools/number.h"
#include "tools/philox.h"

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
  ListReader(std::string_view text, ScalarType type) : text_(text), type_(type) {}

  Result<HostArray> Read() {
    if (!ReadList(0)) return UsageError(failure_);
    if (at_ != text_.size())
      return UsageError(fmt::format("`{}` stands behind the list", text_.substr(at_)));
    auto array = MakeArray(type_, sizes_);
    if (!array) return array;
    for (size_t i = 0; i < elements_.size(); ++i)
      array->StoreAt(static_cast<int64_t>(i) * BytesOf(type_), elements_[i]);
    return array;
  }

 private:
  bool Fail(std::string message) {
    failure_ = std::move(message);
    return false;
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
  }

  bool Take(char c) {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    SkipSpace();
    return true;
  }

  bool ReadList(size_t depth) {
    if (depth == kMaxRank) return Fail(fmt::format("lists nest at most {} deep", kMaxRank));
    if (!Take('[')) return Fail("rows and numbers do not mix in a list");
    if (depth == sizes_.size()) {
      if (!elements_.empty()) return Fail("rows and numbers do not mix in a list");
      sizes_.push_back(-1);
    }
    int64_t length = 0;
    if (!Take(']')) {
      do {
        if (!ReadEntry(depth)) return false;
        ++length;
      } while (Take(','));
      if (!Take(']'))
        return Fail(at_ == text_.size()
                        ? "the list has no closing bracket"
                        : fmt::format("expected , or ] before `{}`", text_.substr(at_)));
    }
    if (sizes_[depth] >= 0 && sizes_[depth] != length)
      return Fail(fmt::format("the rows of the list have different lengths, {} and {}",
                              sizes_[depth], length));
    sizes_[depth] = length;
    return true;
  }

  bool ReadEntry(size_t depth) {
    if (at_ < text_.size() && text_[at_] == '[') return ReadList(depth + 1);
    if (depth + 1 != sizes_.size()) return Fail("rows and numbers do not mix in a list");
    const size_t end = std::min(text_.find_first_of(",[]", at_), text_.size());
    const std::string_view number = Trimmed(text_.substr(at_, end - at_));
    if (number.empty()) return Fail("a number is missing in the list");
    const auto bits = ParseNumber(number, type_);
    if (!bits) return Fail(bits.error());
    elements_.push_back(*bits);
    at_ = end;
    return true;
  }

  std::string_view text_;
  ScalarType type_;
  size_t at_ = 0;
  std::vector<int64_t> sizes_;
  std::vector<uint64_t> elements_;
  std::string failure_;
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

Result<HostArray> MakeSized(std::string_view sizes_text, ScalarType type) {
  auto sizes = ReadSizes(sizes_text);
  if (!sizes) return sizes.error();
  return MakeArray(type, std::move(*sizes));
}

Result<HostArray> Zeros(const CallText& call, ScalarType type) {
  if (!call.after.empty()) return UsageError("zeros takes sizes only: zeros(4,5)");
  return MakeSized(call.before, type);
}

Result<HostArray> Full(const CallText& call, ScalarType type) {
  if (call.after.empty()) return UsageError("full takes a value, then sizes: full(7; 4,5)");
  const auto bits = ParseNumber(call.before, type);
  if (!bits) return UsageError(bits.error());
  auto array = MakeSized(call.after, type);
  if (!array) return array;
  for (int64_t k = 0; k < array->count(); ++k) array->StoreAt(k * BytesOf(type), *bits);
  return array;
}

Result<HostArray> Range(const CallText& call, ScalarType type) {
  auto array = call.after.empty() ? MakeSized(call.before, type) : UsageError("");
  if (!array && array.error().kind == ErrorKind::kEnvironment) return array;
  if (!array || array->rank() != 1) return UsageError("range takes one size: range(10)");
  for (int64_t k = 0; k < array->count(); ++k) {
    const auto bits = ExactNumber(k, type);
    if (!bits) return UsageError("range: " + bits.error());
    array->StoreAt(k * BytesOf(type), *bits);
  }
  return array;
}

Result<HostArray> Random(const CallText& call, ScalarType type) {
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
  for (int64_t k = 0; k < array->count(); ++k)
    array->StoreAt(k * BytesOf(type), RandomElement(type, seed, static_cast<uint64_t>(k)));
  return array;
}

using MakeFunction = Result<HostArray> (*)(const CallText&, ScalarType);
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

Result<HostArray> ParseArrayValue(std::string_view text, ScalarType type) {
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
