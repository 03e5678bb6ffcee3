#include "runtime/overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace einkorn {
namespace {

// More steps than any views of one array need that slices make.
constexpr int kMostSteps = 200'000;

// An array as the addresses of its elements: a lowest one and steps upwards.
struct Extent {
  Int128 lowest = 0, highest = 0;  // of all bytes; half open
  bool is_empty = false;
};

Extent ExtentOf(Type type, const ArrayBinding& array) {
  Extent extent;
  extent.lowest = extent.highest = static_cast<Int128>(reinterpret_cast<uintptr_t>(array.data));
  for (int d = 0; d < type.rank; ++d) {
    if (array.sizes[d] == 0) extent.is_empty = true;
    const Int128 reach = Int128(array.strides[d]) * (array.sizes[d] - 1);
    (reach < 0 ? extent.lowest : extent.highest) += reach;
  }
  extent.highest += BytesOf(type.scalar);
  return extent;
}

// Whether a sum of terms `step * k`, 0 <= k <= most, has a given value: a bounded linear
// Diophantine equation. Searched depth first from the largest step, cut by what the smaller ones
// can still reach and by their common divisor.
class BoundedSum {
 public:
  void Add(Int128 step, Int128 most) {
    if (most <= 0 || step == 0) return;
    for (Term& term : terms_)
      if (term.step == step) {
        term.most += most;
        return;
      }
    terms_.push_back({step, most, 0, 0});
  }

  void Prepare() {
    std::ranges::sort(terms_, std::greater(), &Term::step);
    Int128 reach = 0, divisor = 0;
    for (size_t i = terms_.size(); i-- > 0;) {
      reach += terms_[i].step * terms_[i].most;
      divisor = divisor == 0 ? terms_[i].step : Gcd(terms_[i].step, divisor);
      terms_[i].reach = reach;
      terms_[i].divisor = divisor;
    }
  }

  // Up to `limit` solutions.
  Overlap Search(Int128 value, int limit) {
    steps_ = 0;
    found_ = 0;
    limit_ = limit;
    Descend(0, value);
    if (found_ >= limit) return Overlap::kSome;
    return steps_ > kMostSteps ? Overlap::kUnknown : Overlap::kNone;
  }

 private:
  struct Term {
    Int128 step, most;
    Int128 reach, divisor;  // of this and all later terms
  };

  static Int128 Gcd(Int128 a, Int128 b) {
    while (b != 0) a = std::exchange(b, a % b);
    return a;
  }

  void Descend(size_t index, Int128 rest) {
    if (found_ >= limit_ || ++steps_ > kMostSteps) return;
    if (index == terms_.size()) {
      if (rest == 0) ++found_;
      return;
    }
    const Term& term = terms_[index];
    if (rest < 0 || rest > term.reach || rest % term.divisor != 0) return;
    const Int128 later = index + 1 < terms_.size() ? terms_[index + 1].reach : 0;
    const Int128 least = rest > later ? (rest - later + term.step - 1) / term.step : 0;
    const Int128 most = std::min(term.most, rest / term.step);
    for (Int128 k = least; k <= most && found_ < limit_ && steps_ <= kMostSteps; ++k)
      Descend(index + 1, rest - k * term.step);
  }

  std::vector<Term> terms_;
  int steps_ = 0, found_ = 0, limit_ = 1;
};

Int128 Magnitude(Int128 value) {
  return value < 0 ? -value : value;
}

}  // namespace

Overlap FindOverlap(Type left_type, const ArrayBinding& left, Type right_type,
                    const ArrayBinding& right) {
  const Extent l = ExtentOf(left_type, left), r = ExtentOf(right_type, right);
  if (l.is_empty || r.is_empty || l.highest <= r.lowest || r.highest <= l.lowest)
    return Overlap::kNone;
  // l.lowest + left steps + byte = r.lowest + right steps + byte, with the right side counted from
  // its highest element downwards, so that every term is positive.
  BoundedSum sum;
  Int128 right_reach = 0;
  for (int d = 0; d < left_type.rank; ++d) sum.Add(Magnitude(left.strides[d]), left.sizes[d] - 1);
  for (int d = 0; d < right_type.rank; ++d) {
    sum.Add(Magnitude(right.strides[d]), right.sizes[d] - 1);
    right_reach += Magnitude(right.strides[d]) * (right.sizes[d] - 1);
  }
  sum.Add(1, BytesOf(left_type.scalar) - 1 + BytesOf(right_type.scalar) - 1);
  sum.Prepare();
  return sum.Search(r.lowest - l.lowest + right_reach + BytesOf(right_type.scalar) - 1, 1);
}

Overlap FindSelfOverlap(Type type, const ArrayBinding& array) {
  // Rows that hold all of the smaller steps keep their elements apart.
  std::vector<std::pair<Int128, Int128>> steps;  // with the greatest index
  for (int d = 0; d < type.rank; ++d) {
    if (array.sizes[d] == 0) return Overlap::kNone;
    if (array.sizes[d] > 1) steps.emplace_back(Magnitude(array.strides[d]), array.sizes[d] - 1);
  }
  std::ranges::sort(steps);
  Int128 reach = BytesOf(type.scalar);
  bool is_nested = true;
  for (const auto& [step, most] : steps) {
    is_nested = is_nested && step >= reach;
    reach += step * most;
  }
  if (is_nested) return Overlap::kNone;
  if (!steps.empty() && steps.front().first == 0) return Overlap::kSome;
  // Two elements meet if the differences of their indices make less than an element's bytes.
  // Differences are counted from their least value; the one without any difference is always a
  // solution.
  BoundedSum sum;
  Int128 center = 0;
  std::vector<std::pair<Int128, Int128>> merged;
  for (const auto& [step, most] : steps) {
    // Equal steps: the elements (1, 0) and (0, 1) meet.
    if (!merged.empty() && merged.back().first == step) return Overlap::kSome;
    merged.emplace_back(step, most);
    sum.Add(step, 2 * most);
    center += step * most;
  }
  sum.Prepare();
  Overlap result = sum.Search(center, 2);
  for (int byte = 1; byte < BytesOf(type.scalar) && result == Overlap::kNone; ++byte)
    result = sum.Search(center + byte, 1);
  return result;
}

std::optional<Fault> CheckOverlaps(const ir::Function& kernel,
                                   std::span<const LaunchArgument> arguments) {
  const auto fault = [](const ir::Param& param, std::string message) {
    return Fault{FaultKind::kAlias, std::move(message), param.range, {}, {}, {}};
  };
  // Components of one array lie between each other and share nothing, unless its elements do.
  const auto message = [](const ir::Param& param, const ir::Param& other, Overlap overlap) {
    const std::string_view name = param.source_name(),
                           met = name == other.source_name() ? "itself" : other.source_name();
    if (overlap == Overlap::kSome) return fmt::format("{} overlaps {}", name, met);
    return fmt::format("{} may overlap {}: the strides are too irregular to tell", name, met);
  };
  for (size_t i = 0; i < kernel.params.size(); ++i) {
    const ir::Param& written = kernel.params[i];
    if (!written.is_array() || !written.is_written()) continue;
    const Type type = kernel.type(written.value);
    const Overlap own = FindSelfOverlap(type, arguments[i].array);
    if (own != Overlap::kNone) return fault(written, message(written, written, own));
    for (size_t j = 0; j < kernel.params.size(); ++j) {
      const ir::Param& other = kernel.params[j];
      // Of two written arrays the later one is named first, once.
      if (i == j || !other.is_array() || (other.is_written() && j > i)) continue;
      const Overlap overlap =
          FindOverlap(type, arguments[i].array, kernel.type(other.value), arguments[j].array);
      if (overlap != Overlap::kNone) return fault(written, message(written, other, overlap));
    }
  }
  return std::nullopt;
}

}  // namespace einkorn
