#include "ir/races.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "ir/affine.h"

namespace einkorn::ir {
namespace {

// How far apart iterations are looked at in each loop variable, and how many differences at most.
constexpr int64_t kRadius = 8;
constexpr int64_t kMaxDifferences = 1000;
// The radius where the program may have bounded the number of iterations.
constexpr int64_t kGuardedRadius = 1;
// Of the variables of a loop inside so many values are looked at, and the last one.
constexpr int64_t kFirstValues = 8;
constexpr size_t kMaxVariants = 64;
// Further accesses of a loop are not looked at.
constexpr size_t kMaxAccesses = 1000;

using Numbers = std::vector<int64_t>;
using Terms = std::vector<std::pair<ValueId, int64_t>>;

struct LoopVariable {
  ValueId value;
  std::optional<int64_t> count;  // how many values it takes, where that is known
  std::optional<int64_t> step;
  bool is_guarded = false;  // the program may have bounded the count
};

struct Access {
  OpId op;
  ValueId array;
  std::vector<Affine> subscripts;
};

// A loop with independent iterations: a `parallel`, or the nest of one `for` in the other over the
// lanes of a group.
struct OpenLoop {
  OpId op;
  int level = 0;  // of what is defined inside, at least
  bool is_over_lanes = false;
  std::vector<LoopVariable> variables = {};
  std::vector<Access> accesses = {};  // those that every iteration makes, of arrays made outside
};

// A `view`, as a part of the array below.
struct Part {
  ValueId array;
  std::vector<Affine> origin;      // one a dimension of the array
  std::vector<size_t> dimensions;  // those that the view has too
};

// The first accesses of each kind with the same subscripts.
struct Place {
  OpId store, atomic, load;
};

// Accesses of one array whose subscripts differ in their constants only, by these.
struct Group {
  ValueId array;
  std::vector<Terms> terms;  // one list a subscript
  std::map<Numbers, Place> places;
};

// By how much the subscripts of a group change between two iterations.
struct Differences {
  std::map<Numbers, std::vector<Race::Step>> changes;  // with the shortest distance that does it
  bool are_by_all = false;                             // the variables of the loop do not matter
};

// A variable in the search, with how its value changes the subscripts of a group.
struct Axis {
  LoopVariable variable;
  Numbers coefficients;  // one a subscript
  int64_t radius = 0;
  int64_t difference = 0;  // that is tried
};

// Too large to compute with.
bool IsHuge(int64_t coefficient) {
  constexpr int64_t kMost = int64_t{1} << 40;
  return coefficient > kMost || coefficient < -kMost;
}

// Makes the box smaller until it has few enough points.
void LimitRadii(std::vector<Axis>& axes) {
  const auto points = [&](int64_t radius) {
    int64_t count = 1;
    for (const Axis& axis : axes)
      count = std::min(count * (2 * std::min(axis.radius, radius) + 1), kMaxDifferences + 1);
    return count;
  };
  int64_t radius = kRadius;
  while (points(radius) > kMaxDifferences) --radius;
  for (Axis& axis : axes) axis.radius = std::min(axis.radius, radius);
}

// Subscripts with a number in place of a value.
std::optional<std::vector<Affine>> Replaced(std::vector<Affine> subscripts, ValueId value,
                                            int64_t number) {
  for (Affine& subscript : subscripts) {
    const auto at = std::ranges::find(subscript.terms, value, &Terms::value_type::first);
    if (at == subscript.terms.end()) continue;
    Affine change = Affine::Value(value);
    change.constant = -number;
    const auto replaced = AddMultiple(subscript, change, -at->second);
    if (!replaced) return std::nullopt;
    subscript = *replaced;
  }
  return subscripts;
}

// What is reported before other races of the same array.
auto OrderOf(const Race& race) {
  UInt128 length = 0;
  for (const Race::Step& step : race.distance)
    length += static_cast<UInt128>(std::abs(step.distance));
  return std::tuple(race.write, race.write != race.other, race.other, length);
}

class RaceFinder {
 public:
  explicit RaceFinder(const Function& function)
      : function_(function), forms_(function), levels_(function.values.size()) {}

  std::vector<Race> Find(RegionId region) {
    Walk(region);
    return std::move(races_);
  }

 private:
  void Walk(RegionId region);
  void WalkLoop(OpId id);
  void Record(OpId id);
  void DefineLevels(const Op& op);
  void DefineView(const Op& op);
  LoopVariable DefineVariable(const Op& loop, size_t range, ValueId value);
  bool IsParameter(ValueId value) const;
  bool BelongsToNest(const Op& lanes) const;

  void Report(const OpenLoop& loop);
  std::vector<Group> GroupsOf(const OpenLoop& loop) const;
  std::vector<std::vector<Affine>> VariantsOf(const OpenLoop& loop, const Access& access) const;
  std::optional<Race> FindIn(const OpenLoop& loop, const Group& group) const;
  std::vector<Axis> AxesOf(const OpenLoop& loop, const Group& group) const;
  Differences DifferencesOf(const OpenLoop& loop, const Group& group) const;
  bool FitsArray(ValueId array, const Numbers& change) const;
  std::optional<int64_t> SizeOf(ValueId array, size_t dimension) const;

  int& level_of(ValueId value) { return levels_[value.index]; }
  int level_of(ValueId value) const { return levels_[value.index]; }

  const Function& function_;
  AffineForms forms_;  // a variable of a loop stands for the number of its iteration there
  std::map<ValueId, Part> parts_;
  std::map<ValueId, LoopVariable> variables_;
  std::vector<int> levels_;  // of each value: how deep the innermost loop is that it depends on
  int level_ = 0;
  int nesting_ = 0;              // of regions
  bool has_conditions_ = false;  // `where` or `assert` was met
  std::vector<OpenLoop> loops_;
  size_t first_certain_ = 0;  // each iteration of the open loops from this one on gets here
  std::set<std::pair<uint32_t, uint32_t>> reported_;  // where writes stand in the source
  std::vector<Race> races_;
};

// --- The walk

void RaceFinder::Walk(RegionId region) {
  ++nesting_;
  for (OpId id : function_.region(region).ops) {
    const Op& op = function_.op(id);
    forms_.Define(op);
    DefineLevels(op);
    switch (op.opcode) {
      case Opcode::kLoad:
      case Opcode::kStore:
      case Opcode::kAtomic:
        Record(id);
        break;
      case Opcode::kView:
        DefineView(op);
        break;
      case Opcode::kFail:
        has_conditions_ = true;
        break;
      case Opcode::kFor:
      case Opcode::kParallel:
      case Opcode::kReduce:
        WalkLoop(id);
        break;
      default: {
        const size_t certain_before = std::exchange(first_certain_, loops_.size());
        const int level_before = level_;
        if (op.opcode == Opcode::kWhile) ++level_;
        for (RegionId inner : function_.regions_of(op)) {
          for (ValueId argument : function_.region(inner).arguments) level_of(argument) = level_;
          Walk(inner);
        }
        level_ = level_before;
        first_certain_ = certain_before;
        break;
      }
    }
  }
  --nesting_;
}

void RaceFinder::WalkLoop(OpId id) {
  const Op& op = function_.op(id);
  const bool is_over_lanes = op.opcode == Opcode::kFor && (op.immediate & kForLanes) != 0;
  const bool is_independent = op.opcode == Opcode::kParallel || is_over_lanes;
  const bool is_of_nest = is_over_lanes && BelongsToNest(op);
  const size_t certain_before = first_certain_;
  const int level_before = level_;
  if (!is_of_nest) ++level_;
  if (is_independent && !is_of_nest) loops_.push_back({id, level_, is_over_lanes});

  const RegionId body = function_.region_of(op, 0);
  const auto& arguments = function_.region(body).arguments;
  for (ValueId argument : arguments) level_of(argument) = level_;
  const size_t ranges = op.opcode == Opcode::kFor ? 1 : op.operands.count / 3;
  // Others than the first iteration may be left out.
  const bool may_end = (op.opcode == Opcode::kFor && (op.immediate & kForExits) != 0) ||
                       (op.opcode == Opcode::kReduce && (ReduceKindOf(op) == ReduceKind::kAny ||
                                                         ReduceKindOf(op) == ReduceKind::kAll));
  // A loop that may be empty says nothing about those around it, but its own iterations make what
  // is in it.
  for (size_t k = 0; k < ranges; ++k) {
    LoopVariable variable = DefineVariable(op, k, arguments[k]);
    const bool is_empty = variable.count && *variable.count < 1;
    if (is_empty || !variable.count)
      first_certain_ =
          std::max(first_certain_, loops_.size() - (is_independent && !is_empty ? 1 : 0));
    if (may_end && variable.count) variable.count = std::min<int64_t>(*variable.count, 1);
    variables_[variable.value] = variable;
    if (is_independent) loops_.back().variables.push_back(variable);
  }
  Walk(body);
  level_ = level_before;
  first_certain_ = certain_before;
  if (!is_independent || is_of_nest) return;
  Report(loops_.back());
  loops_.pop_back();
}

// Whether loop `lanes` is one more range of the innermost open loop.
bool RaceFinder::BelongsToNest(const Op& lanes) const {
  if (loops_.empty() || !loops_.back().is_over_lanes || first_certain_ == loops_.size())
    return false;
  const int level = loops_.back().level;
  const auto is_fixed = [&](size_t k) { return level_of(function_.operand(lanes, k)) < level; };
  return level == level_ && is_fixed(0) && is_fixed(1) && is_fixed(2);
}

void RaceFinder::DefineLevels(const Op& op) {
  int level = 0;
  if (!IsPure(op) || op.regions.count > 0)
    level = level_;
  else
    for (ValueId operand : function_.operands(op)) level = std::max(level, level_of(operand));
  for (ValueId result : function_.results_of(op)) level_of(result) = level;
}

bool RaceFinder::IsParameter(ValueId value) const {
  return std::ranges::any_of(function_.params, [&](const Param& p) { return p.value == value; });
}

LoopVariable RaceFinder::DefineVariable(const Op& loop, size_t range, ValueId value) {
  LoopVariable variable{value, std::nullopt, std::nullopt};
  const auto bound = [&](size_t k) { return forms_.Of(function_.operand(loop, 3 * range + k)); };
  const Affine from = bound(0), to = bound(1), step = bound(2);
  if (!step.is_constant() || step.constant == 0 || IsHuge(step.constant)) return variable;
  const auto form = AddMultiple(from, Affine::Value(value), step.constant);
  if (!form) return variable;
  forms_.Set(value, *form);
  variable.step = step.constant;
  const auto extent = AddMultiple(to, from, -1);
  if (extent && extent->is_constant()) {
    const bool is_inclusive = ((InclusiveBits(loop) >> range) & 1) != 0;
    const Int128 size = step.constant > 0 ? Int128(extent->constant) : -Int128(extent->constant);
    const Int128 stride = step.constant > 0 ? Int128(step.constant) : -Int128(step.constant);
    const Int128 count = (size + (is_inclusive ? stride : stride - 1)) / stride;
    variable.count = static_cast<int64_t>(std::clamp(count, Int128(0), Int128(INT64_MAX)));
  }
  variable.is_guarded =
      !extent || nesting_ > 1 || function_.kind == FunctionKind::kFunction ||
      !std::ranges::all_of(extent->terms, [&](const auto& t) { return IsParameter(t.first); });
  return variable;
}

void RaceFinder::DefineView(const Op& op) {
  const ValueId array = function_.operand(op, 0);
  const size_t rank = function_.type(array).rank;
  Part whole{array, std::vector<Affine>(rank), {}};
  for (size_t d = 0; d < rank; ++d) whole.dimensions.push_back(d);
  if (const auto at = parts_.find(array); at != parts_.end()) whole = at->second;
  Part part{whole.array, whole.origin, {}};
  size_t next = 1;
  for (size_t d = 0; d < rank; ++d) {
    const size_t dimension = whole.dimensions[d];
    const auto from =
        AddMultiple(part.origin[dimension], forms_.Of(function_.operand(op, next++)), 1);
    if (!from) return;
    part.origin[dimension] = *from;
    if (((op.immediate >> d) & 1) == 0) continue;
    ++next;
    part.dimensions.push_back(dimension);
  }
  parts_[function_.result(op)] = std::move(part);
}

void RaceFinder::Record(OpId id) {
  if (first_certain_ == loops_.size()) return;
  const Op& op = function_.op(id);
  Access access{id, function_.operand(op, 0), {}};
  const size_t rank = function_.type(access.array).rank;
  for (size_t d = 0; d < rank; ++d)
    access.subscripts.push_back(forms_.Of(function_.operand(op, 1 + d)));
  if (const auto at = parts_.find(access.array); at != parts_.end()) {
    const Part& part = at->second;
    std::vector<Affine> subscripts = part.origin;
    for (size_t d = 0; d < rank; ++d) {
      Affine& subscript = subscripts[part.dimensions[d]];
      const auto sum = AddMultiple(subscript, access.subscripts[d], 1);
      if (!sum) return;
      subscript = *sum;
    }
    access = {id, part.array, std::move(subscripts)};
  }
  for (size_t k = first_certain_; k < loops_.size(); ++k)
    if (level_of(access.array) < loops_[k].level && loops_[k].accesses.size() < kMaxAccesses)
      loops_[k].accesses.push_back(access);
}

// --- The search

void RaceFinder::Report(const OpenLoop& loop) {
  std::map<ValueId, Race> found;  // by array
  for (const Group& group : GroupsOf(loop)) {
    const auto race = FindIn(loop, group);
    if (!race) continue;
    const auto [at, added] = found.emplace(group.array, *race);
    if (!added && OrderOf(*race) < OrderOf(at->second)) at->second = *race;
  }
  // One assignment may write several arrays, if it is of structs, and may race in two loops.
  for (const auto& [array, race] : found) {
    const SourceRange& place = function_.op(race.write).range;
    if (!place.valid() || reported_.emplace(place.begin, place.end).second) races_.push_back(race);
  }
}

std::vector<Group> RaceFinder::GroupsOf(const OpenLoop& loop) const {
  std::map<std::pair<ValueId, std::vector<Terms>>, Group> groups;
  size_t count = 0;
  for (const Access& access : loop.accesses) {
    if (count > kMaxAccesses) break;
    for (const std::vector<Affine>& subscripts : VariantsOf(loop, access)) {
      ++count;
      std::vector<Terms> terms;
      Numbers constants;
      for (const Affine& subscript : subscripts) {
        terms.push_back(subscript.terms);
        constants.push_back(subscript.constant);
      }
      Group& group = groups[{access.array, terms}];
      group.array = access.array;
      group.terms = terms;
      Place& place = group.places[constants];
      const Opcode opcode = function_.op(access.op).opcode;
      OpId& first = opcode == Opcode::kStore    ? place.store
                    : opcode == Opcode::kAtomic ? place.atomic
                                                : place.load;
      if (!first.valid()) first = access.op;
    }
  }
  std::vector<Group> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

// The subscripts with values in place of the variables of loops inside, which have the same ones in
// each iteration of this loop; none if something else changes them.
std::vector<std::vector<Affine>> RaceFinder::VariantsOf(const OpenLoop& loop,
                                                        const Access& access) const {
  std::set<ValueId> inner;
  for (const Affine& subscript : access.subscripts) {
    for (const auto& [value, coefficient] : subscript.terms) {
      if (level_of(value) < loop.level) continue;
      if (std::ranges::find(loop.variables, value, &LoopVariable::value) != loop.variables.end())
        continue;
      const auto at = variables_.find(value);
      if (at == variables_.end() || !at->second.count) return {};
      inner.insert(value);
    }
  }
  std::vector<std::vector<Affine>> variants = {access.subscripts};
  for (ValueId variable : inner) {
    const int64_t last = *variables_.at(variable).count - 1;
    std::vector<std::vector<Affine>> replaced;
    for (int64_t value = 0; value <= last; value = value + 1 < kFirstValues ? value + 1 : last) {
      for (const std::vector<Affine>& subscripts : variants)
        if (auto with = Replaced(subscripts, variable, value)) replaced.push_back(std::move(*with));
      if (value == last || replaced.size() + variants.size() > kMaxVariants) break;
    }
    variants = std::move(replaced);
  }
  return variants;
}

std::optional<Race> RaceFinder::FindIn(const OpenLoop& loop, const Group& group) const {
  const auto writes = [](const auto& at) {
    return at.second.store.valid() || at.second.atomic.valid();
  };
  if (std::ranges::none_of(group.places, writes)) return std::nullopt;
  const Differences differences = DifferencesOf(loop, group);
  std::optional<Race> first;
  for (const auto& [constants, place] : group.places) {
    for (const auto& [change, distance] : differences.changes) {
      if (!FitsArray(group.array, change)) continue;
      Numbers met = constants;
      bool fits = true;
      for (size_t d = 0; d < met.size(); ++d)
        fits = fits && !__builtin_add_overflow(met[d], change[d], &met[d]);
      if (!fits) continue;
      const auto other = group.places.find(met);
      if (other == group.places.end()) continue;
      const Place& there = other->second;
      const auto consider = [&](OpId write, OpId access) {
        if (!write.valid() || !access.valid()) return;
        const Race race{
            loop.op, group.array, write, access, differences.are_by_all, place.load.valid(),
            distance};
        if (!first || OrderOf(race) < OrderOf(*first)) first = race;
      };
      consider(place.store, there.store);
      consider(place.store, there.load);
      consider(place.store, there.atomic);
      consider(place.atomic, there.load);
    }
  }
  return first;
}

std::vector<Axis> RaceFinder::AxesOf(const OpenLoop& loop, const Group& group) const {
  std::vector<Axis> axes;
  for (const LoopVariable& variable : loop.variables) {
    Axis axis{variable, {}};
    for (const Terms& terms : group.terms) {
      const auto at = std::ranges::find(terms, variable.value, &Terms::value_type::first);
      axis.coefficients.push_back(at == terms.end() ? 0 : at->second);
    }
    const bool is_guarded = variable.is_guarded || has_conditions_;
    axis.radius = !variable.step   ? 0
                  : variable.count ? std::clamp<int64_t>(*variable.count - 1, 0, kRadius)
                  : is_guarded     ? kGuardedRadius
                                   : kRadius;
    axes.push_back(std::move(axis));
  }
  return axes;
}

Differences RaceFinder::DifferencesOf(const OpenLoop& loop, const Group& group) const {
  std::vector<Axis> axes = AxesOf(loop, group);
  // A variable that no subscript has may differ as it likes.
  const Axis* free = nullptr;
  Differences result;
  result.are_by_all = true;
  for (Axis& axis : axes) {
    if (std::ranges::any_of(axis.coefficients, IsHuge)) return result;
    if (axis.radius == 0) continue;
    if (std::ranges::any_of(axis.coefficients, [](int64_t c) { return c != 0; })) {
      result.are_by_all = false;
    } else {
      free = &axis;
      axis.radius = 0;
    }
  }
  LimitRadii(axes);

  std::map<Numbers, int64_t> lengths;  // by change: the shortest so far
  const auto take = [&](const Numbers& change) {
    int64_t length = 0;
    for (const Axis& axis : axes) length += std::abs(axis.difference);
    if (length == 0 && free == nullptr) return;
    const auto [at, added] = lengths.emplace(change, length);
    if (!added && at->second <= length) return;
    at->second = length;
    std::vector<Race::Step>& distance = result.changes[change];
    distance.clear();
    for (const Axis& axis : axes) {
      const int64_t difference = &axis == free && length == 0 ? 1 : axis.difference;
      distance.push_back({axis.variable.value, difference * axis.variable.step.value_or(0)});
    }
    const auto first =
        std::ranges::find_if(distance, [](const auto& s) { return s.distance != 0; });
    if (first->distance > 0) return;
    for (Race::Step& step : distance) step.distance = -step.distance;
  };
  const std::function<void(size_t, const Numbers&)> try_all = [&](size_t k, const Numbers& change) {
    if (k == axes.size()) return take(change);
    for (int64_t difference = -axes[k].radius; difference <= axes[k].radius; ++difference) {
      axes[k].difference = difference;
      Numbers changed = change;
      for (size_t d = 0; d < changed.size(); ++d)
        changed[d] += axes[k].coefficients[d] * difference;
      try_all(k + 1, changed);
    }
  };
  try_all(0, Numbers(group.terms.size()));
  return result;
}

// Each of two iterations makes both accesses, so indices as far apart as twice the change are used.
bool RaceFinder::FitsArray(ValueId array, const Numbers& change) const {
  for (size_t d = 0; d < change.size(); ++d)
    if (const auto size = SizeOf(array, d); size && 2 * std::abs(change[d]) >= *size) return false;
  return true;
}

// The size of a dimension, if it is a constant.
std::optional<int64_t> RaceFinder::SizeOf(ValueId array, size_t dimension) const {
  const auto param = std::ranges::find(function_.params, array, &Param::value);
  if (param != function_.params.end()) {
    const ShapeExpr& size = param->shape[dimension];
    return size.is_constant() ? std::optional(size.constant()) : std::nullopt;
  }
  const OpId def = function_.value(array).def;
  if (!def.valid() || function_.op(def).opcode != Opcode::kArray) return std::nullopt;
  const Affine size = forms_.Of(function_.operand(function_.op(def), dimension));
  return size.is_constant() ? std::optional(size.constant) : std::nullopt;
}

}  // namespace

std::vector<Race> FindRaces(const Function& function, RegionId region) {
  return RaceFinder(function).Find(region);
}

}  // namespace einkorn::ir
