// The library that is written in Einkorn (std/), as text inside the program.
#pragma once

#include <optional>
#include <string_view>

namespace einkorn::frontend {

/// The text of std/`name`.ek; nullopt if the library has no such part.
std::optional<std::string_view> LibrarySource(std::string_view name);

}  // namespace einkorn::frontend
