// Calls of the program's own functions.
#include <algorithm>

#include "tests/fuzz/generator.h"

namespace einkorn::fuzz {

bool ProgramGenerator::IsCallable(const FunctionInfo& function) const {
  if (function.is_kernel && (!is_main_ || level_ > 0)) return false;
  if (function.levels > 0 && (pure_ > 0 || level_ + function.levels > 2)) return false;
  if (pure_ > 0 && !function.is_pure) return false;
  return !Repeats(function.cost);
}

// The text of an array for a parameter, which may be a part of a larger one. `stored` are the
// arrays given so far: one that is written is given once. `bound` are the callee's shape symbols.
std::optional<std::string> ProgramGenerator::ArrayArgument(
    const Parameter& parameter, std::vector<std::string>& stored,
    std::vector<std::pair<std::string, std::string>>& bound) {
  struct Candidate {
    std::string text, storage;
    std::vector<std::string> sizes;
  };
  std::vector<Candidate> candidates;
  const size_t rank = parameter.sizes.size();
  const bool is_written = parameter.access != Access::kIn;
  for (const Variable& v : scope_) {
    if (!v.is_array || !v.is_readable || !(v.type == parameter.type)) continue;
    if (is_written && (!v.is_assignable || pure_ > 0)) continue;
    if (std::ranges::find(stored, v.storage()) != stored.end()) continue;
    if (v.sizes.size() < rank) continue;
    const size_t dropped = v.sizes.size() - rank;
    if (dropped < v.own.size()) continue;
    Candidate candidate{v.name, v.storage(), {}};
    for (size_t d = dropped; d < v.sizes.size(); ++d) candidate.sizes.push_back(v.sizes[d]);
    if (dropped > 0) {
      std::string items;
      for (size_t d = 0; d < v.sizes.size(); ++d)
        items += fmt::format("{}{}", d == 0 ? "" : ", ",
                             d < v.own.size() ? v.own[d]
                             : d < dropped    ? "0"
                                              : "..");
      candidate.text += "[" + items + "]";
    }
    candidates.push_back(std::move(candidate));
  }
  std::erase_if(candidates, [&](const Candidate& candidate) {
    for (size_t d = 0; d < rank; ++d)
      for (const auto& [symbol, size] : bound)
        if (symbol == parameter.sizes[d] && size != candidate.sizes[d]) return !is_wild_;
    return false;
  });
  if (candidates.empty()) return std::nullopt;
  const Candidate& chosen = choices_.Of(candidates);
  for (size_t d = 0; d < rank; ++d) bound.push_back({parameter.sizes[d], chosen.sizes[d]});
  stored.push_back(chosen.storage);
  return chosen.text;
}

std::optional<std::string> ProgramGenerator::Call(const FunctionInfo& function, int depth) {
  if (!IsCallable(function)) return std::nullopt;
  std::vector<std::string> stored, assigned;
  std::vector<std::pair<std::string, std::string>> bound;
  std::string arguments;
  for (const Parameter& parameter : function.parameters) {
    std::string text;
    if (function.is_recursive && arguments.empty()) {
      const bool is_deep = choices_.Chance(is_wild_ ? 10 : 1) && mult_ == 1;
      text = is_deep ? "1200" : fmt::format("{}", choices_.Between(0, 4));
    } else if (parameter.is_array) {
      const auto array = ArrayArgument(parameter, stored, bound);
      if (!array) return std::nullopt;
      text = *array;
    } else if (parameter.access == Access::kInout) {
      std::vector<std::string> fitting;
      for (const Variable& v : scope_)
        if (!v.is_array && v.is_assignable && v.level == level_ && v.type == parameter.type &&
            std::ranges::find(assigned, v.name) == assigned.end())
          fitting.push_back(v.name);
      if (fitting.empty()) return std::nullopt;
      text = choices_.Of(fitting);
      assigned.push_back(text);
    } else {
      text = Argument(Value(parameter.type, depth));
    }
    arguments += (arguments.empty() ? "" : ", ") + text;
  }
  Spend(function.cost);
  if (!function.is_pure) has_effects_ = true;
  levels_ = std::max(levels_, function.levels > 0 ? level_ + function.levels : 0);
  return fmt::format("{}({})", function.name, arguments);
}

std::optional<Text> ProgramGenerator::CallValue(const DataType& type, int depth) {
  std::vector<const FunctionInfo*> fitting;
  for (const FunctionInfo& function : functions_)
    if (function.result.valid() && function.result == type && IsCallable(function))
      fitting.push_back(&function);
  if (fitting.empty()) return std::nullopt;
  const auto call = Call(*choices_.Of(fitting), depth);
  if (!call) return std::nullopt;
  return Text{*call, kAtom};
}

}  // namespace einkorn::fuzz
