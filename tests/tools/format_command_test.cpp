// `einkorn format`: which files are written, and what is said of those that are not.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "tests/tools/temporary_folder.h"
#include "tools/command.h"

namespace einkorn::command {
namespace {

using testing::HasSubstr;

constexpr const char* kLaidOut = "kernel k(a: i64) -> i64 { return a; }\n";
constexpr const char* kMessy = "kernel k(a:i64)->i64{return a;}";
constexpr const char* kBroken = "kernel k( { return ; \n";

struct Ran {
  int status = 0;
  std::string out, err;
};

class FormatCommandTest : public testing::Test {
 protected:
  static Ran Format(std::vector<std::string> words) {
    words.insert(words.begin(), "format");
    std::ostringstream out, err;
    const int status = RunCommand(words, {out, err});
    return {status, out.str(), err.str()};
  }

  // With `text` as standard input.
  Ran FormatInput(const std::string& text, std::vector<std::string> words) const {
    const int kept = dup(STDIN_FILENO);
    const int file = open(folder_.Write("input", text).c_str(), O_RDONLY);
    dup2(file, STDIN_FILENO);
    std::rewind(stdin);
    Ran ran = Format(std::move(words));
    dup2(kept, STDIN_FILENO);
    close(file);
    close(kept);
    return ran;
  }

  TemporaryFolder folder_;
  std::string laid_out_ = folder_.Write("laid_out.ek", kLaidOut);
  std::string messy_ = folder_.Write("messy.ek", kMessy);
  std::string broken_ = folder_.Write("broken.ek", kBroken);
};

TEST_F(FormatCommandTest, RewritesFiles) {
  const auto before = std::filesystem::last_write_time(laid_out_);
  const Ran ran = Format({messy_, laid_out_});
  EXPECT_EQ(ran.status, kDone) << ran.err;
  EXPECT_EQ(ran.out + ran.err, "");
  EXPECT_EQ(folder_.Read("messy.ek"), kLaidOut);
  EXPECT_EQ(std::filesystem::last_write_time(laid_out_), before);
  EXPECT_EQ(folder_.count(), 3u);
}

TEST_F(FormatCommandTest, ChecksWithoutWriting) {
  const Ran ran = Format({"--check", messy_, laid_out_});
  EXPECT_EQ(ran.status, kWrongProgram);
  EXPECT_EQ(ran.out, messy_ + "\n");
  EXPECT_EQ(folder_.Read("messy.ek"), kMessy);
  EXPECT_EQ(Format({"--check", laid_out_}).status, kDone);
  const Ran quiet = Format({"--check", "--quiet", messy_});
  EXPECT_EQ(quiet.status, kWrongProgram);
  EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(FormatCommandTest, LeavesBrokenFilesAlone) {
  const Ran ran = Format({broken_, messy_});
  EXPECT_EQ(ran.status, kWrongProgram);
  EXPECT_THAT(ran.err, HasSubstr("error[unexpected_token]"));
  EXPECT_THAT(ran.err, HasSubstr(broken_ + ":1:11"));
  EXPECT_EQ(folder_.Read("broken.ek"), kBroken);
  EXPECT_EQ(folder_.Read("messy.ek"), kLaidOut);
  EXPECT_EQ(Format({"--check", broken_}).status, kWrongProgram);
}

TEST_F(FormatCommandTest, LaysOutWhatIsWrongInOtherWays) {
  const std::string file = folder_.Write("wrong.ek", "fn f()->u8{return unknown;}");
  EXPECT_EQ(Format({file}).status, kDone);
  EXPECT_EQ(folder_.Read("wrong.ek"), "fn f() -> u8 { return unknown; }\n");
}

TEST_F(FormatCommandTest, ReadsStandardInput) {
  const Ran ran = FormatInput(kMessy, {"-"});
  EXPECT_EQ(ran.status, kDone) << ran.err;
  EXPECT_EQ(ran.out, kLaidOut);
  const Ran checked = FormatInput(kMessy, {"--check", "-"});
  EXPECT_EQ(checked.status, kWrongProgram);
  EXPECT_EQ(checked.out, "<stdin>\n");
  const Ran broken = FormatInput(kBroken, {"-"});
  EXPECT_EQ(broken.status, kWrongProgram);
  EXPECT_EQ(broken.out, "");
  EXPECT_THAT(broken.err, HasSubstr("<stdin>:1:11"));
}

TEST_F(FormatCommandTest, RefusesWhatCannotBeRead) {
  const Ran missing = Format({folder_.path("missing.ek"), messy_});
  EXPECT_EQ(missing.status, kSurroundings);
  EXPECT_THAT(missing.err, HasSubstr("No such file"));
  EXPECT_EQ(folder_.Read("messy.ek"), kLaidOut);
  EXPECT_EQ(Format({folder_.path("")}).status, kSurroundings);
  EXPECT_EQ(Format({}).status, kWrongUsage);
  EXPECT_EQ(Format({messy_, "--threads", "2"}).status, kWrongUsage);
}

TEST_F(FormatCommandTest, KeepsAFileWhereTheDiskIsFull) {
  const std::string text = std::string(8192, '\n') + "//" + std::string(8192, ' ') + "x\n";
  const std::string file = folder_.Write("large.ek", text);
  // A limit on the size of files fails in the middle of a write, as a full disk does.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit limit = {4096, old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const Ran ran = Format({file});
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(ran.status, kSurroundings);
  EXPECT_THAT(ran.err, HasSubstr("cannot write " + file));
  EXPECT_EQ(folder_.Read("large.ek"), text);
  EXPECT_EQ(folder_.count(), 4u);
}

TEST_F(FormatCommandTest, KeepsProtectedFiles) {
  if (geteuid() == 0) GTEST_SKIP() << "nothing is forbidden to root";
  std::filesystem::permissions(messy_, std::filesystem::perms::owner_read);
  const Ran ran = Format({messy_});
  EXPECT_EQ(ran.status, kSurroundings);
  EXPECT_THAT(ran.err, HasSubstr("Permission denied"));
  EXPECT_EQ(folder_.Read("messy.ek"), kMessy);
  EXPECT_EQ(Format({"--check", messy_}).status, kWrongProgram);
}

}  // namespace
}  // namespace einkorn::command
