// Tables filled from earlier entries, and sparse matrices.
#include "kernels.h"

namespace {

template <typename T>
void MultiplySparse(i64 n, i64 count, const i32* RESTRICT starts_, const i32* RESTRICT columns_,
                    const T* RESTRICT values_, const T* RESTRICT x_, T* RESTRICT y_) {
  const View1<const i32> starts{starts_, n + 1}, columns{columns_, count};
  const View1<const T> values{values_, count}, x{x_, n};
  const View1<T> y{y_, n};
  for (i64 i = 0; i < n; ++i) {
    T sum = 0;
    for (i64 k = starts(i); k < starts(i + 1); ++k) sum += values(k) * x(columns(k));
    y(i) = sum;
  }
}

}  // namespace

KERNEL void spmv_f32(i64 n, i64 count, const i32* starts, const i32* columns, const f32* values,
                     const f32* x, f32* y) {
  MultiplySparse(n, count, starts, columns, values, x, y);
}
KERNEL void spmv_f64(i64 n, i64 count, const i32* starts, const i32* columns, const f64* values,
                     const f64* x, f64* y) {
  MultiplySparse(n, count, starts, columns, values, x, y);
}

KERNEL void floyd(i64 n, i32* RESTRICT ways_) {
  const View2<i32> ways{ways_, n, n};
  for (i64 k = 0; k < n; ++k)
    for (i64 i = 0; i < n; ++i) {
      const i32 to_k = ways(i, k);
      for (i64 j = 0; j < n; ++j) ways(i, j) = std::min(ways(i, j), to_k + ways(k, j));
    }
}

KERNEL i32 levenshtein(i64 n, const u8* RESTRICT a_, const u8* RESTRICT b_) {
  const View1<const u8> a{a_, n}, b{b_, n};
  std::vector<i32> first(n + 1), second(n + 1);
  View1<i32> above{first.data(), n + 1}, row{second.data(), n + 1};
  for (i64 j = 0; j <= n; ++j) above(j) = static_cast<i32>(j);
  for (i64 i = 0; i < n; ++i) {
    row(0) = static_cast<i32>(i + 1);
    for (i64 j = 0; j < n; ++j) {
      const i32 replaced = above(j) + (a(i) != b(j));
      row(j + 1) = std::min(replaced, std::min(row(j), above(j + 1)) + 1);
    }
    std::swap(above, row);
  }
  return above(n);
}

KERNEL i32 smith_waterman(i64 n, const u8* RESTRICT a_, const u8* RESTRICT b_,
                          i32* RESTRICT score_) {
  const View1<const u8> a{a_, n}, b{b_, n};
  const View2<i32> score{score_, n + 1, n + 1};
  for (i64 j = 0; j <= n; ++j) score(0, j) = 0;
  i32 best = 0;
  for (i64 i = 1; i <= n; ++i) {
    score(i, 0) = 0;
    for (i64 j = 1; j <= n; ++j) {
      const i32 pair = score(i - 1, j - 1) + (a(i - 1) == b(j - 1) ? 2 : -1);
      const i32 gap = std::max(score(i - 1, j), score(i, j - 1)) - 1;
      const i32 here = std::max(0, std::max(pair, gap));
      score(i, j) = here;
      best = std::max(best, here);
    }
  }
  return best;
}

KERNEL i32 nussinov(i64 n, const u8* RESTRICT bases_, i32* RESTRICT table_) {
  const View1<const u8> bases{bases_, n};
  const View2<i32> table{table_, n, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) table(i, j) = 0;
  for (i64 i = n - 1; i >= 0; --i)
    for (i64 j = i + 1; j < n; ++j) {
      i32 best = table(i, j - 1);
      if (i + 1 < n) {
        best = std::max(best, table(i + 1, j));
        const i32 pair = i < j - 1 && bases(i) + bases(j) == 3;
        best = std::max(best, table(i + 1, j - 1) + pair);
      }
      for (i64 k = i + 1; k < j; ++k) best = std::max(best, table(i, k) + table(k + 1, j));
      table(i, j) = best;
    }
  return table(0, n - 1);
}
