// What is proved, and beside each case one that differs a little and must not be.
#include <gtest/gtest.h>

#include <string>

#include "frontend/frontend.h"
#include "ir/passes.h"
#include "runtime/program.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

// The module of the only kernel of `text`, as the passes before this one leave it.
Module Prepared(const std::string& text) {
  const auto program = Program::Read("test.ek", text);
  for (const Diagnostic& diagnostic : program->diagnostics().list())
    if (diagnostic.is_error()) ADD_FAILURE() << Render(diagnostic, program->sources(), {});
  if (!program->ok()) return {};
  auto lowered = frontend::LowerKernel(program->checked(), program->kernels().front().name, {});
  Module module = *std::move(lowered);
  Inline(module);
  for (Function& function : module.functions) {
    Simplify(function);
    ExpandReductions(function);
    Simplify(function);
  }
  DropUnusedFunctions(module);
  return module;
}

// The checks that are left, in the order of the program: "bounds overflow". That there is memory
// for an array is never proved.
std::string Left(const std::string& text) {
  Module module = Prepared(text);
  std::string left;
  for (Function& function : module.functions) {
    ProveChecks(function);
    for (const Op& op : function.ops)
      for (int k = 0; k < kFaultKindCount; ++k) {
        const auto kind = static_cast<FaultKind>(k);
        if ((op.checks & BitOf(kind)) == 0 || kind == FaultKind::kMemory) continue;
        left += (left.empty() ? "" : " ") + std::string(TextOf(kind));
      }
  }
  EXPECT_EQ(ProblemsIn(module), "");
  return left;
}

// Of a kernel with the arrays x and y of n elements, a of h times w, and the parameters i and k.
std::string LeftIn(const std::string& body) {
  return Left(
      "kernel f(x: inout [n] i64, y: inout [n] f64, a: inout [h, w] f64, c: [n] u8, i: i64, k: "
      "i64) "
      "-> i64 {\n" +
      body + "\nreturn 0;\n}\n");
}

TEST(ProveChecks, KnowsTheRangesOfTypes) {
  EXPECT_EQ(LeftIn("for j in 0..n { let sum = (c[j] as i32) * 257 + 3; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n { let sum = c[j] + c[j]; }"), "overflow");
  EXPECT_EQ(LeftIn("let low = (k & 255) as u8;"), "");
  EXPECT_EQ(LeftIn("let low = (k & 256) as u8;"), "narrowing");
  EXPECT_EQ(LeftIn("let low = (k >> 57) as i8;"), "");
  EXPECT_EQ(LeftIn("let low = (k >> 55) as i8;"), "narrowing");
  EXPECT_EQ(LeftIn("let high = 1 << (k & 31);"), "");
  EXPECT_EQ(LeftIn("let high = 1 << (k & 63);"), "overflow");
  EXPECT_EQ(LeftIn("let high = 1 >> k;"), "shift");
  EXPECT_EQ(LeftIn("let bits = 64 - clz(k); let mask = 1 <<% (bits & 63);"), "");
  EXPECT_EQ(LeftIn("let size = abs(k / 2);"), "");
  EXPECT_EQ(LeftIn("let size = abs(k);"), "overflow");
  EXPECT_EQ(LeftIn("let rest = -(k % 10) - 9;"), "");
  EXPECT_EQ(LeftIn("let part = k / (i | 1);"), "overflow division");
  EXPECT_EQ(LeftIn("let part = (k / 2) / ((i & 7) + 1);"), "");
}

TEST(ProveChecks, KnowsTheBoundsOfLoops) {
  EXPECT_EQ(LeftIn("for j in 0..n { y[j] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..=n { y[j] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 1..n - 1 { y[j] = y[j - 1] + y[j + 1]; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n - 1 { y[j] = y[j - 1]; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 1..n { y[j] = y[j + 1]; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in n - 1..=0 step -1 { y[j] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j in n..=0 step -1 { y[j] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in n - 1..0 step -1 { y[j - 1] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j in n - 1..=0 step -1 { y[j - 1] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n - 3 step 4 { y[j + 3] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n - 2 step 4 { y[j + 3] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n step (k & 3) + 1 { y[j] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n step k { y[j] = 1.0; }"), "bounds division");
  EXPECT_EQ(LeftIn("for j in k..n { y[j] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in max(k, 0)..min(i, n) { y[j] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j: u8 in 250..=255 { let next = j + 0; }"), "");
  EXPECT_EQ(LeftIn("for j: u8 in 250..=255 { let next = j + 1; }"), "overflow");
  EXPECT_EQ(LeftIn("for j in 0..n { for l in j..n { y[l - j] = 1.0; } }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n { for l in 0..=j { x[j - l] = n - l; } }"), "");
}

// A loop that may run not at all says nothing about what is behind it.
TEST(ProveChecks, KnowsThatLoopsMayBeEmpty) {
  EXPECT_EQ(LeftIn("for j in 0..n { y[0] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n { } y[0] = 1.0;"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { assert(false); } y[0] = 1.0;"), "bounds");
  EXPECT_EQ(LeftIn("for j in 1..n { } y[1] = 1.0;"), "bounds");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { l = j; } y[l] = 1.0;"), "bounds");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { l = j; } if n > 0 { y[l] = 1.0; }"), "");
}

TEST(ProveChecks, KnowsProductsOfSizes) {
  const auto flat = [](const std::string& index) {
    return Left(
        "kernel f(a: [h, w] f64, y: inout [h * w] f64) {\n"
        "for i in 0..h { for j in 0..w { y[" +
        index + "] = a[i, j]; } } }");
  };
  EXPECT_EQ(flat("i * w + j"), "");
  EXPECT_EQ(flat("j * h + i"), "");
  EXPECT_EQ(flat("i * w + j + 1"), "bounds");
  EXPECT_EQ(flat("i * h + j"), "overflow overflow bounds");
  EXPECT_EQ(Left("kernel f(y: [h * w] f64, a: inout [h, w] f64) {\n"
                 "for i in 0..h * w { a[i / w, i % w] = y[i]; } }"),
            "");
  EXPECT_EQ(Left("kernel f(y: [h * w] f64, a: inout [h, w] f64) {\n"
                 "for i in 0..h * w { a[i / h, i % h] = y[i]; } }"),
            "bounds");
  EXPECT_EQ(
      Left("kernel f(a: [p, q, r] f64, y: inout [p * q * r] f64) {\n"
           "parallel for i in 0..p, j in 0..q, k in 0..r { y[(i * q + j) * r + k] = 0.0; } }"),
      "");
}

// The elements of an array fit into memory, so few sizes are near the end of i64. But if one size
// is 0, the others may be anything.
TEST(ProveChecks, KnowsHowLargeArraysAre) {
  EXPECT_EQ(LeftIn("let more = 8 * n + 1;"), "");
  EXPECT_EQ(LeftIn("let more = n * n;"), "overflow");
  EXPECT_EQ(LeftIn("let more = h + 1;"), "overflow");
  EXPECT_EQ(LeftIn("if w > 0 { let more = h + 1; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..w { let more = h + 1; }"), "");
  EXPECT_EQ(LeftIn("let all = h * w;"), "");
  EXPECT_EQ(LeftIn("let all = 2 * h * w;"), "overflow");
  EXPECT_EQ(LeftIn("var t: [n] f64 = 0.0; for j in 0..n { y[j] = t[j]; }"), "");
  EXPECT_EQ(LeftIn("var t: [n - 1] f64 = 0.0;"), "shape");
  EXPECT_EQ(LeftIn("var t: [k] f64 = 0.0; for j in 0..k { t[j] = 1.0; }"), "shape");
  EXPECT_EQ(LeftIn("var t: [k] f64 = 0.0; for j in 0..n { t[j] = 1.0; }"), "shape bounds");
}

TEST(ProveChecks, KnowsTheSizesOfViews) {
  EXPECT_EQ(LeftIn("for j in 0..h { let row = a[j, ..]; for l in 0..w { row[l] = 1.0; } }"), "");
  EXPECT_EQ(LeftIn("for j in 0..h { let row = a[j, ..]; for l in 0..h { row[l] = 1.0; } }"),
            "bounds");
  EXPECT_EQ(LeftIn("if n > 1 { let part = y[1..n]; for j in 0..n - 1 { part[j] = 1.0; } }"), "");
  EXPECT_EQ(LeftIn("let part = y[1..n];"), "bounds");
  EXPECT_EQ(LeftIn("let part = y[k..i]; for j in 0..i - k { part[j] = y[j + k]; }"), "bounds");
}

TEST(ProveChecks, KnowsConditions) {
  EXPECT_EQ(LeftIn("if i >= 0 && i < n { y[i] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("if i >= 0 && i <= n { y[i] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("if i >= 0 || i < n { y[i] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("if !(i < 0 || i >= n) { y[i] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("if i < 0 || i >= n { return 1; } y[i] = 1.0;"), "");
  EXPECT_EQ(LeftIn("if i < 0 { return 1; } if i >= n { return 2; } y[i] = 1.0;"), "");
  EXPECT_EQ(LeftIn("if i < 0 && i >= n { return 1; } y[i] = 1.0;"), "bounds");
  EXPECT_EQ(LeftIn("if i < 0 { y[0] = 1.0; } else if i < n { y[i] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("assert(i >= 0 && i < n); y[i] = 1.0;"), "");
  EXPECT_EQ(LeftIn("assert(i >= 0); y[i] = 1.0; assert(i < n);"), "bounds");
  EXPECT_EQ(LeftIn("if k != 0 { let part = i % k; }"), "");
  EXPECT_EQ(LeftIn("if i != 0 { let part = i % k; }"), "division");
  EXPECT_EQ(LeftIn("if n != 0 { y[n - 1] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("if n != 1 { y[n - 1] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("if k == n - 1 && n > 0 { y[k] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("if k == n { y[k] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("if i == 3 || i == 5 { if n > 5 { y[i] = 1.0; } }"), "");
  EXPECT_EQ(LeftIn("if i == 3 || i == 6 { if n > 5 { y[i] = 1.0; } }"), "bounds");
  EXPECT_EQ(Left("kernel f(x: inout [n] f64, i: i64) where i >= 0, i < n { x[i] = 1.0; }"), "");
  EXPECT_EQ(Left("kernel f(x: inout [n] f64, i: i64) where i > 0, i <= n { x[i] = 1.0; }"),
            "bounds");
}

TEST(ProveChecks, KnowsChecksThatWereMade) {
  EXPECT_EQ(LeftIn("y[i] = 1.0; y[i] += 1.0; let next = i + 1;"), "bounds");
  EXPECT_EQ(LeftIn("y[i] = 1.0; y[i + 1] = 2.0;"), "bounds bounds");
  EXPECT_EQ(LeftIn("let part = k % i; let other = k % i;"), "division");
  EXPECT_EQ(LeftIn("let more = k + 1; let other = k + 1;"), "overflow");
  EXPECT_EQ(LeftIn("let less = k - 1; let more = k + 1;"), "overflow overflow");
  EXPECT_EQ(LeftIn("if k > 0 { y[i] = 1.0; } y[i] = 1.0;"), "bounds bounds");
}

// What lies in memory may be another value each time.
TEST(ProveChecks, KnowsNothingAboutElements) {
  EXPECT_EQ(LeftIn("if n > 0 { if x[0] >= 0 && x[0] < n { y[x[0]] = 1.0; } }"), "bounds");
  EXPECT_EQ(LeftIn("if n > 0 { let at = x[0]; if at >= 0 && at < n { y[at] = 1.0; } }"), "");
}

TEST(ProveChecks, KnowsOperationsThatBound) {
  EXPECT_EQ(LeftIn("if n > 0 { y[clamp(k, 0, n - 1)] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("y[clamp(k, 0, n - 1)] = 1.0;"), "bounds");
  EXPECT_EQ(LeftIn("if n > 0 { y[min(max(k, 0), n)] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { y[(j + 1) % n] = y[floor_mod(j - 1, n)]; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n { y[(j - 1) % n] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { y[j / 2] = y[j - j / 2] + y[j >> 1] + y[j & 6] + y[j & k]; }"),
            "");
  EXPECT_EQ(LeftIn("for j in 5..n { y[j & ~5] = y[(j & ~5) - j + 5]; }"), "");
  EXPECT_EQ(LeftIn("for j in 5..n { y[(j & ~5) - j + 4] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { y[j | 1] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { y[j ^ 1] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { y[j & k | 1] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { y[if j > 0 { j - 1 } else { n - 1 }] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("for j in 0..n { y[if j > 0 { j + 1 } else { 0 }] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("for j in 0..n { y[if j + 1 < n { j + 1 } else { 0 }] = 1.0; }"), "");
}

TEST(ProveChecks, KnowsSigns) {
  const auto left = [](const std::string& condition) {
    return LeftIn("if k >= 0 && n > 0 { if " + condition + " { y[i] = 1.0; } }");
  };
  EXPECT_EQ(left("i ^ k >= 0 && i < n"), "");
  EXPECT_EQ(left("i ^ k < 0 && i < n"), "bounds");
  EXPECT_EQ(left("i ^ h >= 0 && i < n"), "");
  EXPECT_EQ(left("i ^ x[0] >= 0 && i < n"), "bounds");
  EXPECT_EQ(left("i ^ k == 0"), "bounds");
}

TEST(ProveChecks, KnowsMultiples) {
  EXPECT_EQ(Left("kernel f(x: inout [n] f64) where n % 4 == 0 {\n"
                 "for i in 0..n step 4 { x[i + 3] = 1.0; } }"),
            "");
  EXPECT_EQ(Left("kernel f(x: inout [n] f64) where n & 3 == 0 {\n"
                 "for i in 0..n step 4 { x[i + 3] = 1.0; } }"),
            "");
  EXPECT_EQ(Left("kernel f(x: inout [n] f64) where n % 4 == 0 {\n"
                 "for i in 0..n step 4 { x[i + 4] = 1.0; } }"),
            "bounds");
  EXPECT_EQ(Left("kernel f(x: inout [n] f64) where n % 4 == 1 {\n"
                 "for i in 0..n step 4 { x[i + 3] = 1.0; } }"),
            "bounds");
  EXPECT_EQ(Left("kernel f(x: inout [n] f64) where n % 4 == 0 {\n"
                 "for i in 0..n step 3 { x[i + 2] = 1.0; } }"),
            "bounds");
}

TEST(ProveChecks, KnowsWhatLoopsCarry) {
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { y[l] = 1.0; l += 1; }"), "");
  EXPECT_EQ(LeftIn("var l = 1; for j in 0..n { y[l] = 1.0; l += 1; }"), "bounds");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { if x[j] > 0 { y[l] = 1.0; l += 1; } }"), "");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { if x[j] > 0 { y[l] = 1.0; l += 2; } }"), "bounds");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { if x[j] > 0 { l += 1; } y[l] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("var l = n; while l > 0 { l -= 1; y[l] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("var l = n; while l >= 0 { l -= 1; y[l] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("var l = n; while l != 0 { l -= 1; y[l] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("var l = n; while l != 0 { l -= 2; y[l] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("var l = n - 1; while l > 0 { y[l] = 1.0; l /= 2; }"), "");
  EXPECT_EQ(LeftIn("var l = k; while l > 0 { y[l] = 1.0; l /= 2; }"), "bounds");
  EXPECT_EQ(LeftIn("if n == 0 { return 1; } var l = 0;"
                   "for j in 0..k { y[l] = 1.0; l = (l + 1) % n; }"),
            "");
  EXPECT_EQ(LeftIn("if n == 0 { return 1; } var l = 0;"
                   "for j in 0..k { y[l] = 1.0; l += 1; if l == n { l = 0; } }"),
            "");
  EXPECT_EQ(LeftIn("if n == 0 { return 1; } var l = 0;"
                   "for j in 0..k { y[l] = 1.0; l += 1; if l > n { l = 0; } }"),
            "bounds");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { if x[j] > 0 { break; } l += 1; }"
                   "if n > 0 { y[l - 1] = 1.0; }"),
            "bounds");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..n { l += 1; } if n > 0 { y[l - 1] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("var l = n; for j in 0..n { if x[j] > 0 { l = j; break; } }"
                   "if l < n { y[l] = 1.0; }"),
            "");
  EXPECT_EQ(LeftIn("var sign = 1; for j in 0..k { sign = -sign; }"), "");
  EXPECT_EQ(LeftIn("var total = 0; for j in 0..n { total += c[j]; }"), "");
  EXPECT_EQ(LeftIn("var total = 0; for j in 0..n { total += x[j]; }"), "overflow");
  EXPECT_EQ(LeftIn("var total = 0; for j in 0..k { total += 2; }"), "overflow");
  EXPECT_EQ(LeftIn("var l = 0; for j in 0..h { for m in 0..w { if a[j, m] > 0.0 { l += 1; } } }"),
            "");
}

TEST(ProveChecks, KnowsSearches) {
  const auto search = [](const std::string& high, const std::string& condition) {
    return LeftIn("var lo = 0; var hi = " + high + ";\nwhile " + condition +
                  " { let middle = lo + (hi - lo) / 2;\n"
                  "if x[middle] < k { lo = middle + 1; } else { hi = middle; } }");
  };
  EXPECT_EQ(search("n", "lo < hi"), "");
  EXPECT_EQ(search("n", "lo <= hi"), "bounds");
  EXPECT_EQ(search("n + 1", "lo < hi"), "bounds");
  EXPECT_EQ(LeftIn("var l = 0; var r = n - 1; while l < r {\n"
                   "if x[l] < x[r] { l += 1; } else { r -= 1; } }"),
            "");
  EXPECT_EQ(LeftIn("var l = 0; var r = n; while l < r {\n"
                   "if x[l] < x[r] { l += 1; } else { r -= 1; } }"),
            "bounds");
  const auto merge = [](const std::string& bound) {
    return Left(
        "kernel merge(x: [n] f64, y: inout [n] f64, middle: i64)\n"
        "    where middle >= 0, middle <= n {\n"
        "var left = 0; var right = middle;\n"
        "for k in 0..n {\n"
        "    let takes_right = left == middle || (right < " +
        bound +
        " && x[right] < x[left]);\n"
        "    if takes_right { y[k] = x[right]; right += 1; }\n"
        "    else { y[k] = x[left]; left += 1; }\n"
        "} }");
  };
  EXPECT_EQ(merge("n"), "");
  EXPECT_EQ(merge("n - 1"), "");
  EXPECT_NE(merge("n + 1"), "");
}

TEST(ProveChecks, FollowsArraysThatAreExchanged) {
  EXPECT_EQ(LeftIn("var t: [n] f64 = 0.0; for j in 0..k {\n"
                   "for l in 0..n { t[l] = y[l]; } swap(y, t); }"),
            "");
}

TEST(ProveChecks, KnowsReductions) {
  EXPECT_EQ(LeftIn("if n == 0 { return 1; } let at = argmin(x[j] for j in 0..n); y[at] = 1.0;"),
            "");
  EXPECT_EQ(LeftIn("let some = count(y[j] > 0.0 for j in 0..n); let more = some + 1;"), "");
}

TEST(ProveChecks, KnowsNothingBehindExpectedErrors) {
  const std::string text = R"(entry test @t(scalar %i: i64) {
  %0 = constant 4 : i64
  %t = array.checked %0 : array<i64, 1>
  expect_error bounds {
    store.checked %t, %i, %0
    yield
  }
  store.checked %t, %i, %0
  yield
}
)";
  Module module = ModuleOf(text);
  ProveChecks(module.functions[0]);
  size_t bounds = 0;
  for (const Op& op : module.functions[0].ops) bounds += (op.checks & kBoundsBit) != 0 ? 1 : 0;
  EXPECT_EQ(bounds, 2u);
}

// A wrapped result is no sum.
TEST(ProveChecks, DoesNotTrustWrappedResults) {
  EXPECT_EQ(LeftIn("if i >= 0 && i +% k < n { y[i +% k] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("let u = (k & 15) as u32; let v = u -% 1; if v < 4 && n > 14 { y[u] = 1.0; }"),
            "bounds");
  EXPECT_EQ(LeftIn("let u = i as| u8; if n > 255 { y[u] = 1.0; }"), "");
  EXPECT_EQ(LeftIn("let u = i as| u8; if n > 254 { y[u] = 1.0; }"), "bounds");
  EXPECT_EQ(LeftIn("let u = i as% u8; if n > 255 { y[u] = 1.0; }"), "");
}

TEST(ProveChecks, SaysWhy) {
  const auto reasons = [](const std::string& text) {
    Module module = Prepared(text);
    std::vector<ProvedCheck> proved;
    for (Function& function : module.functions) ProveChecks(function, &proved);
    std::string shown;
    for (const ProvedCheck& check : proved)
      shown += fmt::format("{} of {} by {}\n", TextOf(check.kind), TextOf(check.opcode),
                           TextOf(check.reason));
    return shown;
  };
  EXPECT_EQ(reasons("kernel f(x: inout [n] f64) { for i in 0..n { x[i] = 1.0; } }"),
            "bounds of store by loop bounds\n");
  EXPECT_EQ(reasons("kernel f(x: inout [n] f64) -> i64 { return n + 1; }"),
            "overflow of add by sizes of arrays\n");
  EXPECT_EQ(reasons("kernel f(x: inout [n] f64, i: i64) { if i >= 0 && i < n { x[i] = 1.0; } }"),
            "bounds of store by a condition\n");
  EXPECT_EQ(reasons("fn f(a: u8) -> i32 { return (a as i32) + 1; }\n"
                    "kernel g(a: u8) -> i32 { return f(a); }"),
            "overflow of add by types and constants\n");
}

}  // namespace
}  // namespace einkorn::ir
