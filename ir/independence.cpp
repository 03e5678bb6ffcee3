#include "ir/independence.h"

#include <algorithm>
#include <cstdlib>

#include "ir/loop_nest.h"

namespace einkorn::ir {
namespace {

// With larger ones subscripts that wrap in 64 bits could come back to where they were.
constexpr int64_t kMostMultiple = int64_t{1} << 20;

}  // namespace

struct Independence::Access {
  ValueId array;
  bool is_write = false;
  std::vector<Affine> subscripts;
  bool is_atomic = false;
};

Independence::Independence(const Function& function) : function_(function), forms_(function) {
  forms_.DefineIn(function.body);
  DefineBoundsIn(function.body);
}

void Independence::DefineBoundsIn(RegionId region) {
  for (OpId id : function_.region(region).ops) {
    const Op& op = function_.op(id);
    if (op.opcode == Opcode::kFor || op.opcode == Opcode::kParallel) DefineBounds(op);
    for (RegionId inner : function_.regions_of(op)) DefineBoundsIn(inner);
  }
}

void Independence::DefineBounds(const Op& loop) {
  const auto& arguments = function_.region(function_.region_of(loop, 0)).arguments;
  const size_t ranges = loop.opcode == Opcode::kFor ? 1 : loop.operands.count / 3;
  for (size_t k = 0; k < ranges; ++k) {
    const auto bound = [&](size_t i) { return forms_.Of(function_.operand(loop, 3 * k + i)); };
    const Affine step = bound(2);
    if (!step.is_constant() || step.constant <= 0) continue;
    const bool is_inclusive = ((InclusiveBits(loop) >> k) & 1) != 0;
    const auto last = AddMultiple(bound(1), {1, {}}, is_inclusive ? 0 : -1);
    if (last) bounds_[arguments[k]] = {bound(0), *last};
  }
}

// The least or greatest value of a form, in values that `replaces` leaves.
std::optional<Affine> Independence::Extreme(Affine form, bool is_least,
                                            const std::function<bool(ValueId)>& replaces) const {
  for (;;) {
    // Variables of inner loops first: their bounds tell of those outside.
    const auto at = std::find_if(form.terms.rbegin(), form.terms.rend(),
                                 [&](const auto& term) { return replaces(term.first); });
    if (at == form.terms.rend()) return form;
    const auto [value, coefficient] = *at;
    const auto bounds = bounds_.find(value);
    if (bounds == bounds_.end() || std::abs(coefficient) > kMostMultiple) return std::nullopt;
    const bool takes_least = (coefficient > 0) == is_least;
    const auto without = AddMultiple(form, Affine::Value(value), -coefficient);
    if (!without) return std::nullopt;
    const auto with = AddMultiple(
        *without, takes_least ? bounds->second.least : bounds->second.greatest, coefficient);
    if (!with) return std::nullopt;
    form = *with;
  }
}

// Whether `high` in any iteration is greater than `low` in any other one.
bool Independence::IsAbove(const Affine& high, const Affine& low,
                           const std::vector<bool>& inside) const {
  const auto is_inside = [&](ValueId value) { return inside[value.index]; };
  const auto has_bounds = [&](ValueId value) { return bounds_.contains(value); };
  const auto least = Extreme(high, true, is_inside), greatest = Extreme(low, false, is_inside);
  if (!least || !greatest) return false;
  const auto distance = AddMultiple(*least, *greatest, -1);
  const auto smallest = distance ? Extreme(*distance, true, has_bounds) : std::nullopt;
  return smallest && smallest->is_constant() && smallest->constant > 0;
}

bool Independence::Of(OpId loop) const {
  const Op& op = function_.op(loop);
  if (CarriedCount(op) > 0 || (op.immediate & kForExits) != 0) return false;
  if ((op.immediate & kForLanes) != 0) return true;
  const RegionId body = function_.region_of(op, 0);
  std::vector<bool> inside(function_.values.size());
  std::vector<Access> accesses;
  if (!Collect(body, false, inside, accesses)) return false;
  const ValueId variable = function_.region(body).arguments[0];
  for (size_t i = 0; i < accesses.size(); ++i)
    for (size_t j = 0; j <= i; ++j) {
      const Access &a = accesses[i], &b = accesses[j];
      if (!a.is_write && !b.is_write) continue;
      if (StorageOf(function_, a.array) != StorageOf(function_, b.array)) {
        if (MayBePartOf(function_, a.array, b.array)) return false;
        continue;
      }
      if (a.array != b.array || !NeverMeet(a, b, variable, inside)) return false;
    }
  return true;
}

Independence::Access Independence::AccessOf(const Op& op) const {
  Access access{function_.operand(op, 0), op.opcode != Opcode::kLoad, {}};
  access.is_atomic = op.opcode == Opcode::kAtomic;
  for (size_t d = 0; d < function_.type(access.array).rank; ++d)
    access.subscripts.push_back(forms_.Of(function_.operand(op, d + 1)));
  return access;
}

bool Independence::NeverMeet(OpId a, OpId b, const std::vector<bool>& inside) const {
  const Access one = AccessOf(function_.op(a)), other = AccessOf(function_.op(b));
  return one.array == other.array && AreDisjoint(one, other, inside);
}

bool Independence::AreDisjoint(const Access& a, const Access& b,
                               const std::vector<bool>& inside) const {
  for (size_t d = 0; d < a.subscripts.size(); ++d)
    if (IsAbove(a.subscripts[d], b.subscripts[d], inside) ||
        IsAbove(b.subscripts[d], a.subscripts[d], inside))
      return true;
  return false;
}

bool Independence::OfParallel(OpId loop) const {
  const Op& op = function_.op(loop);
  const RegionId body = function_.region_of(op, 0);
  std::vector<bool> inside(function_.values.size());
  std::vector<Access> accesses;
  if (!Collect(body, true, inside, accesses)) return false;
  const auto& variables = function_.region(body).arguments;
  for (size_t i = 0; i < accesses.size(); ++i)
    for (size_t j = 0; j <= i; ++j) {
      const Access &a = accesses[i], &b = accesses[j];
      if ((!a.is_write && !b.is_write) || (a.is_atomic && b.is_atomic)) continue;
      if (StorageOf(function_, a.array) != StorageOf(function_, b.array)) continue;
      if (a.array != b.array) return false;
      const bool is_apart = std::ranges::all_of(
          variables, [&](ValueId variable) { return TellsApart(a, b, variable, inside); });
      if (!is_apart && !AreDisjoint(a, b, inside)) return false;
    }
  return true;
}

// Whether, in some dimension, different values of the variable give different subscripts, whatever
// else differs.
bool Independence::TellsApart(const Access& a, const Access& b, ValueId variable,
                              const std::vector<bool>& inside) const {
  for (size_t d = 0; d < a.subscripts.size(); ++d) {
    const Affine& form = a.subscripts[d];
    if (form != b.subscripts[d]) continue;
    const auto changes = [&](const auto& term) { return inside[term.first.index]; };
    if (std::ranges::count_if(form.terms, changes) != 1) continue;
    const auto at = std::ranges::find_if(form.terms, changes);
    if (at->first == variable && std::abs(at->second) <= kMostMultiple) return true;
  }
  return false;
}

// Answers false where something stands in the region that is not looked into.
bool Independence::Collect(RegionId region, bool is_parallel, std::vector<bool>& inside,
                           std::vector<Access>& accesses) const {
  for (ValueId argument : function_.region(region).arguments) inside[argument.index] = true;
  for (OpId id : function_.region(region).ops) {
    const Op& op = function_.op(id);
    for (ValueId result : function_.results_of(op)) inside[result.index] = true;
    switch (op.opcode) {
      case Opcode::kAtomic:
        if (!is_parallel) return false;
        [[fallthrough]];
      case Opcode::kLoad:
      case Opcode::kStore: {
        const ValueId array = function_.operand(op, 0);
        // Made by the iteration, for itself.
        if (inside[StorageOf(function_, array).index]) break;
        accesses.push_back(AccessOf(op));
        break;
      }
      case Opcode::kPrint:
        if (!is_parallel) return false;
        break;
      case Opcode::kCall:
        if (!is_parallel || std::ranges::any_of(function_.operands(op), [&](ValueId value) {
              return function_.type(value).is_array();
            }))
          return false;
        break;
      case Opcode::kLaunch:
      case Opcode::kExpectError:
      case Opcode::kSettle:
      case Opcode::kParallel:
        return false;
      default:
        break;
    }
    for (RegionId inner : function_.regions_of(op))
      if (!Collect(inner, is_parallel, inside, accesses)) return false;
  }
  return true;
}

bool Independence::NeverMeet(const Access& a, const Access& b, ValueId variable,
                             const std::vector<bool>& inside) const {
  // The form without the variable, and the variable's multiple; 0 if the rest changes inside.
  const auto split = [&](const Affine& form) {
    std::pair<Affine, int64_t> parts{{form.constant, {}}, 0};
    for (const auto& [value, coefficient] : form.terms) {
      if (value == variable)
        parts.second = coefficient;
      else if (inside[value.index])
        return std::pair<Affine, int64_t>();
      else
        parts.first.terms.emplace_back(value, coefficient);
    }
    return parts;
  };
  if (AreDisjoint(a, b, inside)) return true;
  for (size_t d = 0; d < a.subscripts.size(); ++d) {
    const auto [rest, multiple] = split(a.subscripts[d]);
    const auto [other, other_multiple] = split(b.subscripts[d]);
    if (multiple == 0 || std::abs(multiple) > kMostMultiple || multiple != other_multiple ||
        rest.terms != other.terms)
      continue;
    const Int128 distance = Int128(rest.constant) - other.constant;
    if (distance == 0 || distance % multiple != 0) return true;
  }
  return false;
}

}  // namespace einkorn::ir
