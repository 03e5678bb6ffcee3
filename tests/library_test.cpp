// The library that is written in Einkorn: each part is right, and its own tests pass on all
// targets.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tools/command.h"

namespace einkorn {
namespace {

std::vector<std::string> Parts() {
  std::vector<std::string> parts;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(EINKORN_SOURCE_DIR) / "std"))
    parts.push_back(entry.path().string());
  std::sort(parts.begin(), parts.end());
  return parts;
}

class Library : public testing::TestWithParam<std::string> {};

TEST_P(Library, PassesItsTests) {
  std::ostringstream out, err;
  const int status = command::RunCommand({"test", GetParam()}, {out, err});
  EXPECT_EQ(status, 0) << out.str() << err.str();
  EXPECT_EQ(err.str(), "");
}

INSTANTIATE_TEST_SUITE_P(Parts, Library, testing::ValuesIn(Parts()), [](const auto& info) {
  return std::filesystem::path(info.param).stem().string();
});

}  // namespace
}  // namespace einkorn
