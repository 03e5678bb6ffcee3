// The published inputs and results that the tests of this folder compare with. They lie beside the
// checkout, in ../shared/conformance, or where the environment variable EINKORN_CONFORMANCE says.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace einkorn::conformance {

/// Where `file`, named relative to the folder, is looked for. It need not be there: a test without
/// its data is skipped.
inline std::filesystem::path PathOf(const std::string& file) {
  if (const char* folder = std::getenv("EINKORN_CONFORMANCE"))
    return std::filesystem::path(folder) / file;
  return (std::filesystem::path(EINKORN_SOURCE_DIR) / "../shared/conformance" / file)
      .lexically_normal();
}

/// Why a test without `file` is skipped.
inline std::string MissingText(const std::string& file) {
  return PathOf(file).string() + " is not there; EINKORN_CONFORMANCE names the folder of the data";
}

/// What `file` holds under `cases`.
inline nlohmann::json ReadCases(const std::string& file) {
  std::ifstream in(PathOf(file));
  return nlohmann::json::parse(in).at("cases");
}

/// The number that the text "0x…" means.
inline uint64_t ParseBits(const std::string& text) {
  return std::stoull(text, nullptr, 16);
}

}  // namespace einkorn::conformance
