// The check for overlapping arrays, compared with a look at every byte.
#include "runtime/overlap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace einkorn {
namespace {

constexpr uintptr_t kBase = 1 << 20;

struct View {
  Type type;
  ArrayBinding array;
};

View MakeView(ScalarType type, int64_t offset,
              const std::vector<std::pair<int64_t, int64_t>>& sizes_and_strides) {
  View view{Type::Array(type, static_cast<int>(sizes_and_strides.size())), {}};
  view.array.data = reinterpret_cast<void*>(kBase + static_cast<uintptr_t>(offset));
  for (size_t d = 0; d < sizes_and_strides.size(); ++d) {
    view.array.sizes[d] = sizes_and_strides[d].first;
    view.array.strides[d] = sizes_and_strides[d].second;
  }
  return view;
}

// The addresses of all elements, each as often as it has an index.
void Collect(const View& view, int dimension, int64_t offset, std::vector<int64_t>& addresses) {
  if (dimension == view.type.rank) {
    addresses.push_back(static_cast<int64_t>(reinterpret_cast<uintptr_t>(view.array.data)) +
                        offset);
    return;
  }
  const auto d = static_cast<size_t>(dimension);
  for (int64_t i = 0; i < view.array.sizes[d]; ++i)
    Collect(view, dimension + 1, offset + i * view.array.strides[d], addresses);
}

std::set<int64_t> BytesOfView(const View& view) {
  std::vector<int64_t> addresses;
  Collect(view, 0, 0, addresses);
  std::set<int64_t> bytes;
  for (int64_t address : addresses)
    for (int b = 0; b < BytesOf(view.type.scalar); ++b) bytes.insert(address + b);
  return bytes;
}

bool MeetsItself(const View& view) {
  std::vector<int64_t> addresses;
  Collect(view, 0, 0, addresses);
  return BytesOfView(view).size() !=
         addresses.size() * static_cast<size_t>(BytesOf(view.type.scalar));
}

class RandomViews {
 public:
  View Next() {
    const ScalarType types[] = {ScalarType::kU8, ScalarType::kI16, ScalarType::kF32,
                                ScalarType::kF64};
    std::vector<std::pair<int64_t, int64_t>> dimensions;
    for (int64_t rank = Pick(1, 3); rank > 0; --rank)
      dimensions.emplace_back(Pick(0, 6), Pick(-12, 12));
    return MakeView(types[Pick(0, 3)], Pick(-40, 40), dimensions);
  }

 private:
  int64_t Pick(int64_t least, int64_t most) {
    return std::uniform_int_distribution(least, most)(engine_);
  }
  std::mt19937_64 engine_{42};
};

TEST(Overlap, AgreesWithEveryByte) {
  RandomViews views;
  int meeting = 0;
  for (int k = 0; k < 20'000; ++k) {
    const View left = views.Next(), right = views.Next();
    const std::set<int64_t> l = BytesOfView(left), r = BytesOfView(right);
    const bool meets = std::ranges::any_of(l, [&](int64_t byte) { return r.contains(byte); });
    meeting += meets ? 1 : 0;
    ASSERT_EQ(FindOverlap(left.type, left.array, right.type, right.array),
              meets ? Overlap::kSome : Overlap::kNone);
  }
  EXPECT_GT(meeting, 2'000);
  EXPECT_LT(meeting, 18'000);
}

TEST(Overlap, OfAnArrayWithItselfAgreesWithEveryByte) {
  RandomViews views;
  int meeting = 0;
  for (int k = 0; k < 20'000; ++k) {
    const View view = views.Next();
    const bool meets = MeetsItself(view);
    meeting += meets ? 1 : 0;
    ASSERT_EQ(FindSelfOverlap(view.type, view.array), meets ? Overlap::kSome : Overlap::kNone) << k;
  }
  EXPECT_GT(meeting, 2'000);
  EXPECT_LT(meeting, 18'000);
}

TEST(Overlap, TellsColumnsOfALargeMatrixApart) {
  const View left = MakeView(ScalarType::kF64, 0, {{1'000'000, 16}});
  const View right = MakeView(ScalarType::kF64, 8, {{1'000'000, 16}});
  EXPECT_EQ(FindOverlap(left.type, left.array, right.type, right.array), Overlap::kNone);
  const View rows = MakeView(ScalarType::kF64, 16'000'000 - 8, {{1'000'000, 16}});
  EXPECT_EQ(FindOverlap(left.type, left.array, rows.type, rows.array), Overlap::kNone);
  const View same = MakeView(ScalarType::kF64, 15'999'984, {{2, -16}});
  EXPECT_EQ(FindOverlap(left.type, left.array, same.type, same.array), Overlap::kSome);
}

TEST(Overlap, EmptyArraysMeetNothing) {
  const View empty = MakeView(ScalarType::kF64, 0, {{0, 8}});
  const View full = MakeView(ScalarType::kF64, 0, {{4, 8}});
  EXPECT_EQ(FindOverlap(empty.type, empty.array, full.type, full.array), Overlap::kNone);
}

TEST(Overlap, GivesUpInBoundedTime) {
  // Strides without order: sixteen of them make more sums than can be looked at, and hit what is
  // asked for seldom.
  const auto irregular = [](int64_t offset, const std::vector<int64_t>& strides) {
    std::vector<std::pair<int64_t, int64_t>> dimensions;
    for (int64_t stride : strides) dimensions.emplace_back(4, 8 * stride);
    return MakeView(ScalarType::kF64, offset, dimensions);
  };
  const View left =
      irregular(0, {1592167, 1638229, 1180068, 1467688, 1675587, 1605570, 1506350, 1384471});
  const View right =
      irregular(251736, {1491475, 1628101, 1856919, 1187338, 1107390, 1605520, 1521328, 1781457});
  EXPECT_EQ(FindOverlap(left.type, left.array, right.type, right.array), Overlap::kUnknown);
}

}  // namespace
}  // namespace einkorn
