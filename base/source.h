// Source texts and places in them.
//
// A place is a pair of byte offsets into one text; lines and columns are computed when a message is
// written, because almost no place is ever shown.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace einkorn {

struct SourceFileTag;
using SourceFileId = Id<SourceFileTag>;

/// The largest source text that is read, in bytes.
inline constexpr size_t kMaxSourceBytes = 16u << 20;

/// A half-open range of bytes [begin, end) of one text and, inside it, the narrower range that a
/// caret marks (an operator, a name). Where nothing narrower is known both are the same.
struct SourceRange {
  SourceFileId file;
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t point_begin = 0;
  uint32_t point_end = 0;

  bool valid() const { return file.valid(); }
  friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

/// A range whose caret marks all of it.
inline SourceRange PlainRange(SourceFileId file, size_t begin, size_t end) {
  const auto b = static_cast<uint32_t>(begin), e = static_cast<uint32_t>(end);
  return {file, b, e, b, e};
}

/// `whole` with the caret at `point`.
inline SourceRange WithPoint(SourceRange whole, SourceRange point) {
  whole.point_begin = point.begin;
  whole.point_end = point.end;
  return whole;
}

/// A line and a column, both counted from 1; the column in bytes.
struct LineColumn {
  uint32_t line = 0;
  uint32_t column = 0;
};

/// One text with the name that messages show for it.
class SourceFile {
 public:
  SourceFile(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  LineColumn Locate(uint32_t offset) const;
  /// The text of line `line` (from 1) without its end.
  std::string_view Line(uint32_t line) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
};

/// All the texts of one program; only grows, so that ids and views into texts stay good.
class SourceSet {
 public:
  SourceFileId Add(std::string name, std::string text);
  const SourceFile& file(SourceFileId id) const { return *files_[id.index]; }
  size_t size() const { return files_.size(); }
  std::string_view Text(const SourceRange& range) const;

 private:
  std::vector<std::unique_ptr<SourceFile>> files_;
};

/// Reads the text file at `path`. Refused with the reason: it cannot be opened, is a directory, is
/// larger than `kMaxSourceBytes`, or holds a zero byte.
Result<std::string> ReadSourceText(const std::string& path);
/// The same of a file that is open, standard input for one; `name` stands in the reasons.
Result<std::string> ReadOpenSourceText(std::FILE* file, const std::string& name);

}  // namespace einkorn
