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
