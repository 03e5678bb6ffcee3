#include "base/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace einkorn {

SourceFile::SourceFile(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n') line_starts_.push_back(static_cast<uint32_t>(i + 1));
}

LineColumn SourceFile::Locate(uint32_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<uint32_t>(after - line_starts_.begin());
  return {line, offset - line_starts_[line - 1] + 1};
}

std::string_view SourceFile::Line(uint32_t line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  const uint32_t begin = line_starts_[line - 1];
  size_t end = text_.find_first_of("\r\n", begin);
  if (end == std::string::npos) end = text_.size();
  return std::string_view(text_).substr(begin, end - begin);
}

SourceFileId SourceSet::Add(std::string name, std::string text) {
  files_.push_back(std::make_unique<SourceFile>(std::move(name), std::move(text)));
  return SourceFileId(files_.size() - 1);
}

std::string_view SourceSet::Text(const SourceRange& range) const {
  if (!range.valid()) return {};
  return file(range.file).text().substr(range.begin, range.end - range.begin);
}

Result<std::string> ReadSourceText(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return EnvironmentError(fmt::format("{} is a directory, not a source file", path));
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    return EnvironmentError(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  auto text = ReadOpenSourceText(file, path);
  std::fclose(file);
  return text;
}

Result<std::string> ReadOpenSourceText(std::FILE* file, const std::string& name) {
  std::string text;
  char buffer[1 << 16];
  size_t count = 0;
  while (text.size() <= kMaxSourceBytes && (count = std::fread(buffer, 1, sizeof buffer, file)) > 0)
    text.append(buffer, count);
  if (std::ferror(file))
    return EnvironmentError(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
  if (text.size() > kMaxSourceBytes)
    return EnvironmentError(fmt::format("{} is larger than {} MiB, the largest source file read",
                                        name, kMaxSourceBytes >> 20));
  if (const size_t zero = text.find('\0'); zero != std::string::npos)
    return EnvironmentError(fmt::format("{} is not a text file: byte {} is zero", name, zero));
  return text;
}

}  // namespace einkorn
