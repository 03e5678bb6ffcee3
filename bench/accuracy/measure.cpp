#include "bench/accuracy/measure.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <numbers>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tools/philox.h"

namespace einkorn::accuracy {
namespace {

/// Inputs that a thread takes at once.
constexpr uint64_t kChunk = 1 << 18;

template <typename T>
constexpr ScalarType kType = sizeof(T) == 4 ? ScalarType::kF32 : ScalarType::kF64;

template <typename T>
std::vector<T> Edges() {
  using Limits = std::numeric_limits<T>;
  constexpr T kEpsilon = Limits::epsilon();
  std::vector<T> edges;
  for (const T sign : {T(1), T(-1)}) {
    for (const T edge :
         {T(0), Limits::denorm_min(), std::bit_cast<T>(std::bit_cast<Bits<T>>(Limits::min()) - 1),
          Limits::min(), T(0.5), 1 - kEpsilon / 2, T(1), 1 + kEpsilon, std::numbers::pi_v<T> / 2,
          T(2), T(3), T(4), Limits::max(), Limits::infinity(), Limits::quiet_NaN()})
      edges.push_back(sign * edge);
  }
  return edges;
}

template <typename T>
class Inputs {
 public:
  explicit Inputs(bool takes_all) : takes_all_(takes_all) {}

  /// Input number `index`: both operands, also where one is not read.
  std::pair<T, T> At(uint64_t index) const {
    if (takes_all_) return {std::bit_cast<T>(static_cast<Bits<T>>(index)), T(0)};
    if (index < edges_.size() * edges_.size())
      return {edges_[index % edges_.size()], edges_[index / edges_.size()]};
    const T x = Draw(Words(index, 0));
    const auto words = Words(index, 1);
    switch (words[1] & 3) {
      case 0:
        return {x, AsLargeAs(x, words)};
      case 1:
        return {x, ExponentFor(x, words)};
      default:
        return {x, Draw(words)};
    }
  }

 private:
  using RandomWords = std::array<uint32_t, 4>;
  static constexpr int kMantissaBits = std::numeric_limits<T>::digits - 1;

  static RandomWords Words(uint64_t index, uint32_t operand) {
    return command::Philox4x32(
        {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), operand, 0}, {});
  }
  static Bits<T> BitsOf(const RandomWords& words) {
    return static_cast<Bits<T>>(uint64_t{words[2]} << 32 | words[3]);
  }

  /// A number in [0, 1].
  static double UnitOf(const RandomWords& words) {
    return static_cast<double>(BitsOf(words)) / static_cast<double>(Bits<T>(-1));
  }

  static T Draw(const RandomWords& words) {
    const Bits<T> bits = BitsOf(words);
    const double sign = (words[0] & 4) != 0 ? -1 : 1;
    const double unit = UnitOf(words);
    switch (words[0] & 3) {
      case 0:
        return std::bit_cast<T>(bits);
      case 1:
        return static_cast<T>(sign * std::exp2(24 * unit - 12));
      case 2:
        // At the root of 1/2 logarithms go over to the next power of two.
        return static_cast<T>(((words[0] & 8) != 0 ? 1 : std::numbers::sqrt2 / 2) *
                              (1 + sign * std::exp2(-(kMantissaBits + 1) * unit)));
      default: {
        // A random distance, of a random size, from a multiple of one half.
        using Signed = std::make_signed_t<Bits<T>>;
        const T half = static_cast<T>(sign * ((words[0] >> 3) % 401) / 2);
        const auto steps = static_cast<Signed>(bits) >> (words[1] % (8 * sizeof(T)));
        return std::bit_cast<T>(std::bit_cast<Bits<T>>(half) + static_cast<Bits<T>>(steps));
      }
    }
  }

  /// A number within two binades of `x`.
  static T AsLargeAs(T x, const RandomWords& words) {
    const Bits<T> mantissa = BitsOf(words) & ((Bits<T>{1} << kMantissaBits) - 1);
    const T y = std::bit_cast<T>(std::bit_cast<Bits<T>>(BinadeOf(std::abs(x))) | mantissa);
    return std::ldexp((words[0] & 4) != 0 ? -y : y, static_cast<int>((words[0] >> 3) % 5) - 2);
  }

  /// An exponent for which the power of |x| is anywhere in the range of T, or just beyond.
  static T ExponentFor(T x, const RandomWords& words) {
    const double logarithm = (2 * UnitOf(words) - 1) * 1.1 * std::numeric_limits<T>::max_exponent;
    return static_cast<T>(logarithm / std::log2(std::abs(static_cast<double>(x))));
  }

  bool takes_all_;
  std::vector<T> edges_ = Edges<T>();
};

template <typename T>
Argument ArrayOf(std::vector<T>& data) {
  ArrayBinding binding{.data = data.data()};
  binding.sizes[0] = static_cast<int64_t>(data.size());
  binding.strides[0] = sizeof(T);
  return Argument::Array(kType<T>, 1, binding);
}

template <typename T>
Measurement MeasureAs(Session& session, const Function& function, uint64_t count) {
  const auto program = Program::Read(
      "accuracy.ek",
      fmt::format("kernel measure(x: [n] {0}, y: [n] {0}, z: out [n] {0}) {{\n"
                  "    parallel for i in 0..n {{ z[i] = {1}(x[i]{2}); }}\n"
                  "}}\n",
                  TextOf(kType<T>), function.name, function.operands == 2 ? ", y[i]" : ""));
  const bool takes_all = sizeof(T) == 4 && function.operands == 1 && count == kAllOfF32;
  const Inputs<T> inputs(takes_all);
  // A maximum a chunk, so that the result does not depend on who measured it.
  std::vector<Measurement> chunks((count + kChunk - 1) / kChunk);
  std::atomic<uint64_t> next = 0;
  const auto work = [&] {
    Comparison<T> comparison(function);
    for (uint64_t chunk; (chunk = next++) < chunks.size();) {
      const uint64_t first = chunk * kChunk;
      std::vector<T> x(std::min(kChunk, count - first)), y(x.size()), z(x.size());
      for (size_t i = 0; i < x.size(); ++i) std::tie(x[i], y[i]) = inputs.At(first + i);
      const Argument arguments[] = {ArrayOf(x), ArrayOf(y), ArrayOf(z)};
      const auto outcome = session.Launch(program, "measure", {}, arguments, {}, {}, 1);
      EINKORN_CHECK(outcome.ok() && !outcome->fault, "a function of the library fails");
      chunks[chunk] = comparison.Compare(x, y, z);
    }
  };
  {
    std::vector<std::jthread> threads(std::thread::hardware_concurrency());
    for (std::jthread& thread : threads) thread = std::jthread(work);
  }
  return *std::ranges::max_element(chunks, {}, &Measurement::error);
}

}  // namespace

Measurement Measure(Session& session, const Function& function, ScalarType type, uint64_t count) {
  return type == ScalarType::kF32 ? MeasureAs<float>(session, function, count)
                                  : MeasureAs<double>(session, function, count);
}

}  // namespace einkorn::accuracy
