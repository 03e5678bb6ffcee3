// Files: reading with the reason where it fails, and writing all of them or none.
#pragma once

#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace einkorn::command {

/// A file opened for reading.
class InputFile {
 public:
  /// Refused with the system's reason.
  static Result<InputFile> Open(const std::string& path);

  const std::string& path() const { return path_; }
  /// Whether all of `bytes` could be read.
  bool Read(void* data, size_t bytes);
  bool AtEnd();
  std::FILE* stream() { return stream_.get(); }

 private:
  struct Close {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  InputFile(std::string path, std::FILE* stream) : path_(std::move(path)), stream_(stream) {}

  std::string path_;
  std::unique_ptr<std::FILE, Close> stream_;
};

/// A file to be written: `head`, then `body`.
struct OutputFile {
  std::string path;
  std::string head;
  std::span<const std::byte> body;
};

/// Whether a file could be written at `path`: its folder is there, and nothing but a file is
/// replaced, nor one that is protected against it.
Status CheckWritable(const std::string& path);

/// Writes each file under another name beside its place, then renames them all. On failure no file
/// is changed but those already renamed, and nothing else is left behind.
Status WriteFiles(std::span<const OutputFile> files);

}  // namespace einkorn::command
