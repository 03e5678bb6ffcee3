#include "tools/array_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <type_traits>

#include "tools/value_text.h"

namespace einkorn::command {
namespace {

// NumPy's default print options.
constexpr size_t kPrecision = 8;
constexpr size_t kLineWidth = 75;
constexpr int64_t kEdgeItems = 3;
constexpr int64_t kThreshold = 1000;

// The indices of one dimension that are shown; -1 stands for the dots between them.
std::vector<int64_t> ShownIndices(int64_t size, bool summarised) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < size; ++i) {
    if (summarised && size > 2 * kEdgeItems && i == kEdgeItems) {
      indices.push_back(-1);
      i = size - kEdgeItems;
    }
    indices.push_back(i);
  }
  return indices;
}

// Called with where an element begins.
using AtOffset = std::function<void(int64_t offset)>;

void VisitShown(const HostArray& array, bool summarised, size_t dimension, int64_t offset,
                const AtOffset& visit) {
  if (dimension == array.sizes.size()) return visit(offset);
  for (const int64_t index : ShownIndices(array.sizes[dimension], summarised))
    if (index >= 0)
      VisitShown(array, summarised, dimension + 1, offset + index * array.strides[dimension],
                 visit);
}

// A decimal taken apart: `-12.5e+03` has whole "-12", fraction "5", exponent 3.
struct Decimal {
  std::string whole, fraction;
  int exponent = 0;
};

Decimal TakeApart(std::string_view text) {
  Decimal decimal;
  if (const size_t e = text.find('e'); e != std::string_view::npos) {
    const char* exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(exponent, text.data() + text.size(), decimal.exponent);
    text = text.substr(0, e);
  }
  const size_t point = std::min(text.find('.'), text.size());
  decimal.whole = text.substr(0, point);
  if (point < text.size()) decimal.fraction = text.substr(point + 1);
  return decimal;
}

template <typename Float>
Decimal RoundedDecimal(Float value, std::chars_format format, size_t fraction_digits) {
  char buffer[512];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format,
                                 static_cast<int>(fraction_digits));
  return TakeApart({buffer, end.ptr});
}

// The shortest decimal that reads back to `value`, or the nearest one with kPrecision digits behind
// the point if that is shorter.
template <typename Float>
Decimal ShortDecimal(Float value, std::chars_format format) {
  char buffer[512];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format);
  Decimal decimal = TakeApart({buffer, end.ptr});
  if (decimal.fraction.size() > kPrecision) decimal = RoundedDecimal(value, format, kPrecision);
  while (decimal.fraction.ends_with('0')) decimal.fraction.pop_back();
  return decimal;
}

std::string PadLeft(std::string text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

// How one scalar of all elements is shown, so that they line up.
class ScalarColumn {
 public:
  // The scalar lies `place` bytes behind its element's beginning.
  ScalarColumn(const HostArray& array, bool summarised, ScalarType type, int64_t place,
               bool shows_plus)
      : array_(array), type_(type), place_(place), shows_plus_(shows_plus) {
    if (type_ == ScalarType::kF32) {
      MeasureFloats<float>(summarised);
    } else if (type_ == ScalarType::kF64) {
      MeasureFloats<double>(summarised);
    } else {
      VisitBits(summarised,
                [&](uint64_t bits) { width_ = std::max(width_, PlainText(bits).size()); });
      // NumPy keeps room for False where only True occurs.
      if (type_ == ScalarType::kBool && array.rank() > 0) width_ = 5;
    }
  }

  // Of the element that lies at `offset`.
  std::string Text(int64_t offset) const {
    const uint64_t bits = array_.LoadAt(type_, offset + place_);
    if (!IsFloat(type_)) return PadLeft(PlainText(bits), width_);
    return PadLeft(
        Signed(type_ == ScalarType::kF32 ? FloatText(static_cast<float>(FloatValue(type_, bits)))
                                         : FloatText(FloatValue(type_, bits))),
        width_);
  }

 private:
  void VisitBits(bool summarised, const std::function<void(uint64_t bits)>& visit) const {
    VisitShown(array_, summarised, 0, 0,
               [&](int64_t offset) { visit(array_.LoadAt(type_, offset + place_)); });
  }

  std::string PlainText(uint64_t bits) const {
    if (type_ == ScalarType::kBool) return bits != 0 ? "True" : "False";
    return FormatScalar(type_, bits);
  }

  std::string Signed(std::string text) const {
    if (shows_plus_ && !text.starts_with('-')) text.insert(0, 1, '+');
    return text;
  }

  template <typename Float>
  void MeasureFloats(bool summarised) {
    Float greatest = 0, least = 0;
    bool any_finite = false, any_not_finite = false, any_negative_infinity = false;
    VisitBits(summarised, [&](uint64_t bits) {
      const auto value = static_cast<Float>(FloatValue(type_, bits));
      any_finite |= std::isfinite(value);
      any_not_finite |= !std::isfinite(value);
      any_negative_infinity |= std::isinf(value) && value < 0;
      if (!std::isfinite(value) || value == 0) return;
      const Float magnitude = std::abs(value);
      greatest = std::max(greatest, magnitude);
      least = least == 0 ? magnitude : std::min(least, magnitude);
    });
    // As from NumPy 2.3 on: f32 has six decimal digits.
    const Float greatest_plain = std::is_same_v<Float, float> ? Float(1e6) : Float(1e8);
    scientific_ = greatest >= greatest_plain ||
                  (least != 0 && (least < Float(0.0001) || greatest / least > Float(1000)));
    size_t whole = 0;
    VisitBits(summarised, [&](uint64_t bits) {
      const auto value = static_cast<Float>(FloatValue(type_, bits));
      if (!std::isfinite(value)) return;
      const Decimal decimal = ShortDecimal(value, format());
      whole = std::max(whole, Signed(decimal.whole).size());
      fraction_digits_ = std::max(fraction_digits_, decimal.fraction.size());
      exponent_digits_ =
          std::max(exponent_digits_, fmt::format("{:02}", std::abs(decimal.exponent)).size());
    });
    if (any_finite)
      width_ = whole + 1 + fraction_digits_ + (scientific_ ? 2 + exponent_digits_ : 0);
    if (any_not_finite)
      width_ = std::max<size_t>(width_, any_negative_infinity || shows_plus_ ? 4 : 3);
  }

  std::chars_format format() const {
    return scientific_ ? std::chars_format::scientific : std::chars_format::fixed;
  }

  template <typename Float>
  std::string FloatText(Float value) const {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    // With exponents every number has all its digits; without, points line up and zeros are left
    // out.
    if (scientific_) {
      const Decimal decimal = RoundedDecimal(value, format(), fraction_digits_);
      return fmt::format("{}.{}e{}{:0{}}", decimal.whole, decimal.fraction,
                         decimal.exponent < 0 ? '-' : '+', std::abs(decimal.exponent),
                         exponent_digits_);
    }
    const Decimal decimal = ShortDecimal(value, format());
    return fmt::format("{}.{:<{}}", decimal.whole, decimal.fraction, fraction_digits_);
  }

  const HostArray& array_;
  ScalarType type_;
  int64_t place_;
  bool shows_plus_;
  size_t width_ = 0;
  bool scientific_ = false;
  size_t fraction_digits_ = 0;
  size_t exponent_digits_ = 2;
};

// How all elements of one array are shown: numbers as NumPy does, with the language's `i` for its
// `j`, structs as the language writes them.
class ElementFormat {
 public:
  ElementFormat(const HostArray& array, bool summarised) : array_(array) {
    if (array.type.is_struct()) return;
    const ScalarType scalar = array.type.scalar();
    columns_.emplace_back(array, summarised, scalar, 0, false);
    if (array.type.is_complex())
      columns_.emplace_back(array, summarised, scalar, BytesOf(scalar), true);
  }

  std::string Text(int64_t offset) const {
    if (columns_.empty()) return FormatElement(array_, offset);
    std::string text = columns_.front().Text(offset);
    if (columns_.size() == 1) return text;
    // The letter stands right behind the number, not behind the spaces that fill it up.
    std::string imaginary = columns_.back().Text(offset);
    imaginary.insert(imaginary.find_last_not_of(' ') + 1, 1, 'i');
    return text + imaginary;
  }

 private:
  const HostArray& array_;
  std::vector<ScalarColumn> columns_;  // one, or the real and the imaginary part
};

// Lays out brackets, line breaks and dots as NumPy does.
class ArrayPrinter {
 public:
  ArrayPrinter(const HostArray& array, bool summarised)
      : array_(array), summarised_(summarised), format_(array, summarised) {}

  // `indent` stands before every line but the first; `width` is left for the line.
  std::string Print(size_t dimension, int64_t offset, const std::string& indent,
                    size_t width) const {
    const size_t dimensions_left = array_.sizes.size() - dimension;
    if (dimensions_left == 0) return format_.Text(offset);
    return fmt::format("[{}]", dimensions_left == 1 ? PrintRow(offset, indent, width)
                                                    : PrintRows(dimension, offset, indent, width));
  }

 private:
  std::string PrintRow(int64_t offset, const std::string& indent, size_t width) const {
    std::string done, line = indent;
    bool first = true;
    for (const int64_t index : ShownIndices(array_.sizes.back(), summarised_)) {
      const std::string word =
          index < 0 ? "..." : format_.Text(offset + index * array_.strides.back());
      if (!first) line += ' ';
      first = false;
      // The last column is kept for the bracket.
      if (line.size() + word.size() > width - 1 && line.size() > indent.size()) {
        done += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        line = indent;
      }
      line += word;
    }
    return (done + line).substr(indent.size());
  }

  std::string PrintRows(size_t dimension, int64_t offset, const std::string& indent,
                        size_t width) const {
    const std::string separator(array_.sizes.size() - dimension - 1, '\n');
    std::string text;
    for (const int64_t index : ShownIndices(array_.sizes[dimension], summarised_)) {
      if (!text.empty()) text += separator + indent;
      text += index < 0 ? "..."
                        : Print(dimension + 1, offset + index * array_.strides[dimension],
                                indent + " ", width - 1);
    }
    return text;
  }

  const HostArray& array_;
  bool summarised_;
  ElementFormat format_;
};

}  // namespace

std::string FormatArray(const HostArray& array) {
  if (array.count() == 0) return "[]";
  return ArrayPrinter(array, array.count() > kThreshold).Print(0, 0, " ", kLineWidth);
}

}  // namespace einkorn::command
