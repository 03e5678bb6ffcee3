#include "tools/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "tests/tools/temporary_folder.h"

namespace einkorn::command {
namespace {

std::span<const std::byte> AsBytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(Files, WritesHeadAndBody) {
  const TemporaryFolder folder;
  const std::string body = "body";
  const std::vector<OutputFile> files = {{folder.path("a"), "head ", AsBytes(body)},
                                         {folder.path("b"), "only", {}}};
  ASSERT_TRUE(WriteFiles(files));
  EXPECT_EQ(folder.Read("a"), "head body");
  EXPECT_EQ(folder.Read("b"), "only");
  EXPECT_EQ(folder.count(), 2u);
}

TEST(Files, ReplacesAFileAndKeepsItsMode) {
  const TemporaryFolder folder;
  folder.Write("a", "old");
  chmod(folder.path("a").c_str(), 0640);
  ASSERT_TRUE(WriteFiles(std::vector<OutputFile>{{folder.path("a"), "new", {}}}));
  EXPECT_EQ(folder.Read("a"), "new");
  struct stat info = {};
  ASSERT_EQ(stat(folder.path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST(Files, WritesThroughASymbolicLink) {
  const TemporaryFolder folder;
  folder.Write("target", "old");
  std::filesystem::create_symlink("target", folder.path("link"));
  ASSERT_TRUE(WriteFiles(std::vector<OutputFile>{{folder.path("link"), "new", {}}}));
  EXPECT_EQ(folder.Read("target"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link")));
}

TEST(Files, LeavesNothingBehindWhereTheDiskIsFull) {
  const TemporaryFolder folder;
  folder.Write("a", "old");
  // A limit on the size of files fails in the middle of a write, as a full disk does.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit limit = {4096, old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string small = "small", large(10000, 'x');
  const std::vector<OutputFile> files = {{folder.path("a"), "", AsBytes(small)},
                                         {folder.path("b"), "", AsBytes(large)}};
  const Status status = WriteFiles(files);
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(status.error().message, "cannot write " + folder.path("b") + ": File too large");
  EXPECT_EQ(folder.Read("a"), "old");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(Files, KnowsBeforehandWhatCannotBeWritten) {
  const TemporaryFolder folder;
  EXPECT_TRUE(CheckWritable(folder.path("new")));
  EXPECT_EQ(CheckWritable(folder.path("none/new")).error().message,
            "cannot write " + folder.path("none/new") + ": No such file or directory");
  EXPECT_EQ(CheckWritable("/dev/null").error().message, "cannot write /dev/null: it is not a file");
}

TEST(Files, DoesNotReplaceProtectedFiles) {
  if (geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  const TemporaryFolder folder;
  folder.Write("a", "kept");
  chmod(folder.path("a").c_str(), 0440);
  EXPECT_EQ(CheckWritable(folder.path("a")).error().message,
            "cannot write " + folder.path("a") + ": Permission denied");
}

}  // namespace
}  // namespace einkorn::command
