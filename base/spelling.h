// The known name that a misspelled one probably means.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace einkorn {

/// The candidate nearest to `name` by edit distance (insertions, deletions, replacements, and swaps
/// of neighbours), if it is near enough for the length of `name`; of equals the first.
std::optional<std::string_view> NearestSpelling(std::string_view name,
                                                std::span<const std::string_view> candidates);

}  // namespace einkorn
