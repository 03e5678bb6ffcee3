// Single values as they are typed on a command line: numbers, complex numbers, value arrays,
// structs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tools/host_array.h"

namespace einkorn::command {

/// Reads values out of a text, one after the other. A complex number is written `1.5`, `2i` or
/// `1+2i`, a value array `[1, 2, 3]`, a struct `{ mass: 1.5, pos: [1, 2, 3] }`, with its name in
/// front or without. What returns false has left the reason in `failure`.
class ValueReader {
 public:
  explicit ValueReader(std::string_view text) : text_(text) { SkipSpace(); }

  /// Reads a value of `type` into `array`, `offset` bytes behind its first element.
  bool Read(const DataType& type, HostArray& array, int64_t offset);
  /// Takes `c` with the spaces around it.
  bool Take(char c);
  bool IsAt(char c) const { return !rest().empty() && rest().front() == c; }
  std::string_view rest() const { return text_.substr(at_); }
  /// What stands before the next punctuation, or all where that comes first: for messages.
  std::string_view Word() const;

  bool Fail(std::string message);
  const std::string& failure() const { return failure_; }

 private:
  void SkipSpace();
  bool ReadNumber(const DataType& type, HostArray& array, int64_t offset);
  bool ReadList(const frontend::Elements& list, size_t dimension, HostArray& array,
                int64_t& offset);
  bool ReadStruct(const DataType& type, HostArray& array, int64_t offset);
  const frontend::Field* ReadFieldName(const DataType& type);

  std::string_view text_;
  size_t at_ = 0;
  std::string failure_;
};

/// The value that the whole text means.
Result<HostArray> ParseValue(std::string_view text, const DataType& type);

}  // namespace einkorn::command
