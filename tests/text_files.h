// What tests that compare with files of the repository share.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace einkorn {

/// Whether expectations are to be rewritten: EINKORN_UPDATE=1 (`./dev test --update`).
inline bool Updating() {
  const char* update = std::getenv("EINKORN_UPDATE");
  return update != nullptr && std::string_view(update) == "1";
}

inline std::string ReadText(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace einkorn
