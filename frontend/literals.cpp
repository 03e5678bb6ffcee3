#include "frontend/literals.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <string>

#include "base/result.h"

namespace einkorn::frontend {
namespace {

// The value of a digit in any base up to 16; 16 for another character.
unsigned DigitOf(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return 16;
}

unsigned BaseOf(std::string_view text) {
  if (text.starts_with("0x")) return 16;
  if (text.starts_with("0b")) return 2;
  return 10;
}

// Takes digits of `base`, single `_` between them allowed, from the front of `text`.
bool TakeDigits(std::string_view& text, unsigned base) {
  size_t count = 0;
  while (count < text.size() && (DigitOf(text[count]) < base || text[count] == '_')) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return !digits.empty() && digits.front() != '_' && digits.back() != '_' &&
         digits.find("__") == std::string_view::npos;
}

// The power of ten of the first digit that is not zero; very small where all are zero.
// Saturates, so that exponents of any length have an order.
int64_t DecimalMagnitude(std::string_view text) {
  constexpr int64_t kHuge = int64_t{1} << 40;
  const size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at);
  const size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return -kHuge;
  const auto point = static_cast<int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto at = static_cast<int64_t>(first);
  const int64_t magnitude = at < point ? point - at - 1 : point - at;

  std::string_view digits = text.substr(std::min(exponent_at + 1, text.size()));
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int64_t exponent = 0;
  for (char digit : digits) exponent = std::min(kHuge, exponent * 10 + (digit - '0'));
  return negative ? magnitude - exponent : magnitude + exponent;
}

template <typename Float>
Float ParseDecimal(const std::string& text) {
  Float value = 0;
  const auto outcome = std::from_chars(text.data(), text.data() + text.size(), value);
  if (outcome.ec != std::errc::result_out_of_range) return value;
  // from_chars does not say on which side the number left the range.
  return DecimalMagnitude(text) < 0 ? Float(0) : std::numeric_limits<Float>::infinity();
}

}  // namespace

NumberForm FormOfNumber(std::string_view text) {
  const unsigned base = BaseOf(text);
  if (base != 10) {
    text.remove_prefix(2);
    return TakeDigits(text, base) && text.empty() ? NumberForm::kInteger : NumberForm::kInvalid;
  }
  NumberForm form = NumberForm::kInteger;
  if (!TakeDigits(text, base)) return NumberForm::kInvalid;
  if (text.starts_with('.')) {
    form = NumberForm::kFloat;
    text.remove_prefix(1);
    if (!TakeDigits(text, base)) return NumberForm::kInvalid;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    form = NumberForm::kFloat;
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!TakeDigits(text, base)) return NumberForm::kInvalid;
  }
  return text.empty() ? form : NumberForm::kInvalid;
}

IntegerLiteral ParseIntegerLiteral(std::string_view text) {
  const unsigned base = BaseOf(text);
  if (base != 10) text.remove_prefix(2);
  constexpr UInt128 kGreatest = ~UInt128{0};
  IntegerLiteral literal;
  for (char c : text) {
    if (c == '_') continue;
    const unsigned digit = DigitOf(c);
    if (literal.value > (kGreatest - digit) / base) {
      literal.overflow = true;
      return literal;
    }
    literal.value = literal.value * base + digit;
  }
  return literal;
}

uint64_t ParseFloatLiteral(std::string_view text, ScalarType type) {
  std::string digits(text);
  std::erase(digits, '_');
  if (type == ScalarType::kF32) return std::bit_cast<uint32_t>(ParseDecimal<float>(digits));
  EINKORN_CHECK(type == ScalarType::kF64, "a float literal of a type that is neither f32 nor f64");
  return std::bit_cast<uint64_t>(ParseDecimal<double>(digits));
}

}  // namespace einkorn::frontend
