#include "ir/fault_hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace einkorn {
namespace {

constexpr size_t kLongestOperand = 40;

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

std::string_view Trim(std::string_view text) {
  const auto is_margin = [](char c) { return c == ' ' || c == '\t' || c == ';'; };
  while (!text.empty() && is_margin(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_margin(text.back())) text.remove_suffix(1);
  return text;
}

// `hint` with the words `a` and `b` replaced.
std::string ReplaceOperands(std::string_view hint, std::string_view a, std::string_view b) {
  std::string replaced;
  for (size_t i = 0; i < hint.size(); ++i) {
    const bool is_word = (i == 0 || !IsWordCharacter(hint[i - 1])) &&
                         (i + 1 == hint.size() || !IsWordCharacter(hint[i + 1]));
    if (is_word && hint[i] == 'a')
      replaced += a;
    else if (is_word && hint[i] == 'b')
      replaced += b;
    else
      replaced += hint[i];
  }
  return replaced;
}

}  // namespace

std::string OverflowHint(std::string_view op, bool is_prefix) {
  if (is_prefix) return fmt::format("to wrap on purpose, write {}%a", op);
  if (op == "<<") return "to drop bits on purpose, write a <<% b";
  if (op == "/") return {};
  return fmt::format("to wrap on purpose, write a {}% b; to saturate, a {}| b", op, op);
}

std::string NarrowingHint(ScalarType from, ScalarType to) {
  if (IsFloat(from)) return fmt::format("to saturate on purpose, write a as| {}", TextOf(to));
  return fmt::format("to keep the low bits on purpose, write a as% {}; to saturate, a as| {}",
                     TextOf(to), TextOf(to));
}

std::string ReductionHint(std::string_view message) {
  for (ReduceKind kind : {ReduceKind::kSum, ReduceKind::kProd})
    if (message.starts_with(fmt::format("{} does not fit ", TextOf(kind))))
      return fmt::format("to wrap on purpose, write wrapping_{}; to saturate, saturating_{}",
                         TextOf(kind), TextOf(kind));
  return {};
}

std::string HintAsWritten(const Fault& fault, const SourceSet& sources) {
  const SourceRange& range = fault.range;
  const bool has_point = range.valid() && range.begin <= range.point_begin &&
                         range.point_begin < range.point_end && range.point_end <= range.end;
  if (fault.hint.empty() || !has_point) return fault.hint;
  const std::string_view text = sources.Text(range);
  const std::string_view left = Trim(text.substr(0, range.point_begin - range.begin));
  const std::string_view right = Trim(text.substr(range.point_end - range.begin));
  const std::string_view point =
      text.substr(range.point_begin - range.begin, range.point_end - range.point_begin);
  const bool is_operator = !IsWordCharacter(point.front()) || point == "as";
  const auto is_plain = [](std::string_view operand) {
    return operand.size() <= kLongestOperand && operand.find('\n') == std::string_view::npos;
  };
  if (!is_operator || right.empty() || !is_plain(left) || !is_plain(right)) return fault.hint;
  return left.empty() ? ReplaceOperands(fault.hint, right, {})
                      : ReplaceOperands(fault.hint, left, right);
}

}  // namespace einkorn
