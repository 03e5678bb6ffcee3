// The kernels of bench/peers are programs like any other: checked, in the one layout, with tests
// that pass on every target. The peers are not needed for that.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/text_files.h"
#include "tools/command.h"

namespace einkorn {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(EINKORN_SOURCE_DIR) / "bench" / "peers" / "kernels";

std::vector<std::string> Files() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder))
    names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

class BenchKernels : public testing::TestWithParam<std::string> {
 protected:
  /// What the command prints, errors too.
  static std::string Execute(const std::vector<std::string>& arguments, int expected_status) {
    std::ostringstream out, err;
    EXPECT_EQ(command::RunCommand(arguments, {out, err}), expected_status);
    return out.str() + err.str();
  }

  const std::string file_ = (kFolder / (GetParam() + ".ek")).string();
};

TEST_P(BenchKernels, AreCheckedAndLaidOut) {
  EXPECT_EQ(Execute({"check", file_}, command::kDone), "");
  EXPECT_EQ(Execute({"format", "--check", file_}, command::kDone), "");
}

TEST_P(BenchKernels, PassTheirTests) {
  const std::string text = Execute({"test", "--quiet", file_}, command::kDone);
  EXPECT_TRUE(text.ends_with(" passed, 0 failed\n") && !text.starts_with("0 ")) << text;
}

// A kernel that no test calls would be measured without ever having been checked.
TEST_P(BenchKernels, AreAllTested) {
  const std::string text = ReadText(file_);
  const std::string tests = text.substr(text.find("\ntest "));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("kernel ")) continue;
    const std::string name = line.substr(7, line.find_first_of("(<", 7) - 7);
    EXPECT_TRUE(tests.find(name + "(") != std::string::npos ||
                tests.find(name + "<") != std::string::npos)
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, BenchKernels, testing::ValuesIn(Files()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace einkorn
