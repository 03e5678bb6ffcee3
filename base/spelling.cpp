#include "base/spelling.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace einkorn {
namespace {

// Longer names are not misspelled but generated; the table of distances would be large.
constexpr size_t kLongestName = 64;

// A short name is near to too many others to guess.
size_t MostEdits(size_t length) {
  if (length <= 1) return 0;
  return length <= 4 ? 1 : length / 3;
}

// The distance of Damerau and Levenshtein in its restricted form: no part is edited twice.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::string_view> NearestSpelling(std::string_view name,
                                                std::span<const std::string_view> candidates) {
  if (name.size() > kLongestName) return std::nullopt;
  std::optional<std::string_view> nearest;
  size_t least = MostEdits(name.size()) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() >= name.size() + least || name.size() >= candidate.size() + least)
      continue;
    const size_t distance = EditDistance(name, candidate);
    // All letters replaced is another name.
    if (distance >= least || distance >= candidate.size()) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace einkorn
