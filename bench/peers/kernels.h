// What the C++ versions of the kernels have in common: views of arrays and the names of types.
//
// With CHECK_INDICES an access outside of a view traps, as C++ has no such check of its own;
// without, a view is the pointer that it holds. Pointers are `restrict` where they enter a kernel.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#define KERNEL extern "C" __attribute__((visibility("default")))
#define RESTRICT __restrict

using i8 = int8_t;
using i32 = int32_t;
using i64 = int64_t;
using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using f32 = float;
using f64 = double;

inline void Check([[maybe_unused]] bool is_inside) {
#ifdef CHECK_INDICES
  if (__builtin_expect(!is_inside, 0)) __builtin_trap();
#endif
}

inline bool IsIndex(i64 i, i64 size) {
  return static_cast<u64>(i) < static_cast<u64>(size);
}

template <typename T>
struct View1 {
  T* data;
  i64 n;
  T& operator()(i64 i) const {
    Check(IsIndex(i, n));
    return data[i];
  }
};

// Places are computed unsigned, so that the checks of overflow are those of the kernels alone.
template <typename T>
struct View2 {
  T* data;
  i64 m, n;
  T& operator()(i64 i, i64 j) const {
    Check(IsIndex(i, m) && IsIndex(j, n));
    return data[static_cast<u64>(i) * static_cast<u64>(n) + static_cast<u64>(j)];
  }
};

template <typename T>
struct View3 {
  T* data;
  i64 l, m, n;
  T& operator()(i64 i, i64 j, i64 k) const {
    Check(IsIndex(i, l) && IsIndex(j, m) && IsIndex(k, n));
    const u64 row = static_cast<u64>(i) * static_cast<u64>(m) + static_cast<u64>(j);
    return data[row * static_cast<u64>(n) + static_cast<u64>(k)];
  }
};

template <typename T>
struct View4 {
  T* data;
  i64 k, l, m, n;
  T& operator()(i64 h, i64 i, i64 j, i64 c) const {
    Check(IsIndex(h, k) && IsIndex(i, l) && IsIndex(j, m) && IsIndex(c, n));
    const u64 plane = static_cast<u64>(h) * static_cast<u64>(l) + static_cast<u64>(i);
    const u64 row = plane * static_cast<u64>(m) + static_cast<u64>(j);
    return data[row * static_cast<u64>(n) + static_cast<u64>(c)];
  }
};
