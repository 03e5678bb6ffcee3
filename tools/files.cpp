#include "tools/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace einkorn::command {
namespace {

Error CannotWrite(const std::string& path, int reason) {
  return EnvironmentError(fmt::format("cannot write {}: {}", path, std::strerror(reason)));
}

// Where the bytes go in the end: a symbolic link stays one, and the file it names is replaced.
std::filesystem::path Destination(const std::string& path) {
  std::error_code failure;
  const auto target = std::filesystem::weakly_canonical(path, failure);
  return failure ? std::filesystem::path(path) : target;
}

// A file under a name of its own that is removed unless it was renamed.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& path, size_t number)
      : destination_(Destination(path)),
        name_(fmt::format("{}.part-{}-{}", destination_.string(), getpid(), number)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (present_) unlink(name_.c_str());
  }

  // These return the system's error number, 0 for success.
  int Create() {
    descriptor_ = open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) return errno;
    present_ = true;
    struct stat old = {};
    if (stat(destination_.c_str(), &old) == 0 && fchmod(descriptor_, old.st_mode & 07777) != 0)
      return errno;
    return 0;
  }
  int Write(const void* data, size_t bytes) {
    const auto* at = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t written = write(descriptor_, at, bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      at += written;
      bytes -= static_cast<size_t>(written);
    }
    return 0;
  }
  int Close() {
    const int result = close(descriptor_);
    descriptor_ = -1;
    return result == 0 ? 0 : errno;
  }
  int Rename() {
    if (rename(name_.c_str(), destination_.c_str()) != 0) return errno;
    present_ = false;
    return 0;
  }

 private:
  std::filesystem::path destination_;
  std::string name_;
  int descriptor_ = -1;
  bool present_ = false;
};

}  // namespace

Result<InputFile> InputFile::Open(const std::string& path) {
  std::FILE* stream = std::fopen(path.c_str(), "rb");
  if (stream == nullptr)
    return EnvironmentError(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  InputFile file(path, stream);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return EnvironmentError(fmt::format("cannot read {}: it is a directory", path));
  return file;
}

bool InputFile::Read(void* data, size_t bytes) {
  return std::fread(data, 1, bytes, stream_.get()) == bytes;
}

bool InputFile::AtEnd() {
  return std::fgetc(stream_.get()) == EOF && !std::ferror(stream_.get());
}

Status CheckWritable(const std::string& path) {
  const std::filesystem::path destination = Destination(path);
  struct stat info = {};
  if (stat(destination.c_str(), &info) == 0) {
    if (!S_ISREG(info.st_mode))
      return EnvironmentError(fmt::format("cannot write {}: it is not a file", path));
    if (access(destination.c_str(), W_OK) != 0) return CannotWrite(path, errno);
  }
  const std::filesystem::path folder = destination.parent_path();
  if (access(folder.empty() ? "." : folder.c_str(), W_OK) != 0) return CannotWrite(path, errno);
  return Done{};
}

Status WriteFiles(std::span<const OutputFile> files) {
  std::vector<std::unique_ptr<TemporaryFile>> temporaries;
  for (const OutputFile& file : files) {
    temporaries.push_back(std::make_unique<TemporaryFile>(file.path, temporaries.size()));
    TemporaryFile& temporary = *temporaries.back();
    int failure = temporary.Create();
    if (failure == 0) failure = temporary.Write(file.head.data(), file.head.size());
    if (failure == 0) failure = temporary.Write(file.body.data(), file.body.size());
    if (failure == 0) failure = temporary.Close();
    if (failure != 0) return CannotWrite(file.path, failure);
  }
  for (size_t i = 0; i < files.size(); ++i)
    if (const int failure = temporaries[i]->Rename(); failure != 0)
      return CannotWrite(files[i].path, failure);
  return Done{};
}

}  // namespace einkorn::command
