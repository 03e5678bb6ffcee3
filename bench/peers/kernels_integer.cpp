// Integers: counting, searching, bits, text.
#include "kernels.h"

KERNEL void histogram(i64 n, const i32* RESTRICT x_, i32* RESTRICT counts_) {
  const View1<const i32> x{x_, n};
  const View1<i32> counts{counts_, 256};
  for (i64 k = 0; k < 256; ++k) counts(k) = 0;
  for (i64 i = 0; i < n; ++i) ++counts(x(i));
}

KERNEL i64 collatz(i64 n) {
  i64 longest = 0;
  for (i64 i = 1; i < n; ++i) {
    i64 x = i, length = 1;
    while (x != 1) {
      x = x % 2 == 0 ? x / 2 : 3 * x + 1;
      ++length;
    }
    longest = std::max(longest, length);
  }
  return longest;
}

KERNEL i64 sieve(i64 n, u8* RESTRICT is_prime_) {
  const View1<u8> is_prime{is_prime_, n + 1};
  for (i64 i = 0; i <= n; ++i) is_prime(i) = 1;
  is_prime(0) = is_prime(1) = 0;
  for (i64 i = 2; i * i <= n; ++i)
    if (is_prime(i) != 0)
      for (i64 j = i * i; j <= n; j += i) is_prime(j) = 0;
  i64 count = 0;
  for (i64 i = 0; i <= n; ++i) count += is_prime(i);
  return count;
}

KERNEL i64 primes(i32 n) {
  i64 count = 0;
  for (i32 i = 2; i < n; ++i) {
    bool is_prime = true;
    for (i32 d = 2; d * d <= i && is_prime; ++d) is_prime = i % d != 0;
    count += is_prime;
  }
  return count;
}

KERNEL void azimint(i64 n, i64 rings, const f64* RESTRICT radius_, const f64* RESTRICT data_,
                    i64* RESTRICT counts_, f64* RESTRICT mean_) {
  const View1<const f64> radius{radius_, n}, data{data_, n};
  const View1<i64> counts{counts_, rings};
  const View1<f64> mean{mean_, rings};
  f64 highest = radius(0);
  for (i64 i = 1; i < n; ++i) highest = std::max(highest, radius(i));
  const f64 width = highest / static_cast<f64>(rings);
  for (i64 k = 0; k < rings; ++k) counts(k) = 0, mean(k) = 0;
  for (i64 i = 0; i < n; ++i) {
    const i64 k = std::min(static_cast<i64>(radius(i) / width), rings - 1);
    counts(k) += 1;
    mean(k) += data(i);
  }
  for (i64 k = 0; k < rings; ++k)
    if (counts(k) > 0) mean(k) /= static_cast<f64>(counts(k));
}

KERNEL u16 crc16(i64 n, const u8* RESTRICT data_) {
  const View1<const u8> data{data_, n};
  u16 crc = 0xffff;
  for (i64 i = 0; i < n; ++i) {
    crc ^= data(i);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) == 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
  }
  return ~crc;
}

KERNEL void quicksort(i64 n, i32* RESTRICT x_) {
  const View1<i32> x{x_, n};
  i64 from_[64], to_[64];
  const View1<i64> from{from_, 64}, to{to_, 64};
  i64 depth = 1;
  from(0) = 0;
  to(0) = n - 1;
  while (depth > 0) {
    --depth;
    i64 low = from(depth), high = to(depth);
    while (high - low > 16) {
      const i32 pivot = x(low + (high - low) / 2);
      i64 i = low, j = high;
      while (i <= j) {
        while (x(i) < pivot) ++i;
        while (x(j) > pivot) --j;
        if (i <= j) std::swap(x(i++), x(j--));
      }
      // The longer part waits, so that the stack stays short.
      if (j - low > high - i) {
        from(depth) = low;
        to(depth) = j;
        low = i;
      } else {
        from(depth) = i;
        to(depth) = high;
        high = j;
      }
      ++depth;
    }
  }
  for (i64 i = 1; i < n; ++i) {
    const i32 value = x(i);
    i64 j = i;
    for (; j > 0 && x(j - 1) > value; --j) x(j) = x(j - 1);
    x(j) = value;
  }
}

KERNEL i64 parse(i64 n, i64 most, const u8* RESTRICT text_, i64* RESTRICT values_) {
  const View1<const u8> text{text_, n};
  const View1<i64> values{values_, most};
  i64 found = 0, value = 0;
  bool is_negative = false;
  for (i64 i = 0; i < n; ++i) {
    const u8 letter = text(i);
    if (letter == '\n') {
      values(found++) = is_negative ? -value : value;
      value = 0;
      is_negative = false;
    } else if (letter == '-') {
      is_negative = true;
    } else {
      value = 10 * value + (letter - '0');
    }
  }
  return found;
}

namespace {

template <typename T>
void Gather(i64 n, i64 m, const T* RESTRICT at_, const f64* RESTRICT x_, f64* RESTRICT y_) {
  const View1<const T> at{at_, n};
  const View1<const f64> x{x_, m};
  const View1<f64> y{y_, n};
  for (i64 i = 0; i < n; ++i) y(i) = x(at(i));
}

}  // namespace

KERNEL void gather_i32(i64 n, i64 m, const i32* at, const f64* x, f64* y) {
  Gather(n, m, at, x, y);
}
KERNEL void gather_u32(i64 n, i64 m, const u32* at, const f64* x, f64* y) {
  Gather(n, m, at, x, y);
}

KERNEL void histogram_u8(i64 n, const u8* RESTRICT x_, u8* RESTRICT counts_) {
  const View1<const u8> x{x_, n};
  const View1<u8> counts{counts_, 256};
  for (i64 k = 0; k < 256; ++k) counts(k) = 0;
  for (i64 i = 0; i < n; ++i)
    if (counts(x(i)) < 255) ++counts(x(i));
}
