// Statements. A parallel loop gives each iteration elements of its own: an array is read only, or
// accessed only under the loop's variables, or changed only by one kind of atomic.
#include <algorithm>

#include "tests/fuzz/generator.h"

namespace einkorn::fuzz {

Variable& ProgramGenerator::Add(Variable variable) {
  variable.level = level_;
  scope_.push_back(std::move(variable));
  return scope_.back();
}

void ProgramGenerator::Line(const std::string& text) {
  out_ += std::string(static_cast<size_t>(indent_) * 4, ' ') + text + "\n";
}

// `head { … }`; `first` writes what the block begins with.
void ProgramGenerator::Block(const std::string& head, int depth,
                             const std::function<void()>& first) {
  const size_t visible = scope_.size();
  Line(head + " {");
  ++indent_;
  if (first) first();
  Statements(choices_.Between(1, 3), depth);
  --indent_;
  Line("}");
  scope_.resize(visible);
}

void ProgramGenerator::Statements(int count, int depth) {
  for (int k = 0; k < count && statements_left_ > 0; ++k) Statement(depth);
}

void ProgramGenerator::Statement(int depth) {
  --statements_left_;
  Spend(1);
  const size_t choice = choices_.Below(100);
  const bool nests = depth > 0 && !Exhausted();
  if (choice < 12) return Declare();
  if (choice < 15) return DeclareAssigned();
  if (choice < 20) return DeclareArray();
  if (choice < 23) return DeclareView();
  if (choice < 47) return Assign();
  if (choice < 55 && nests) return If(depth - 1);
  if (choice < 64 && nests) return For(depth - 1);
  if (choice < 67 && nests) return While(depth - 1);
  if (choice < 80 && nests && level_ < 2) return Parallel(depth - 1);
  if (choice < 83) return Leave();
  if (choice < 85) return Assert();
  if (choice < 88) return Print();
  if (choice < 90) return Swap();
  if (choice < 94) return CallStatement();
  if (choice < 97) return Reduce();
  return level_ > 0 ? AtomicStatement() : Assign();
}

void ProgramGenerator::Declare() {
  const DataType type = AnyType();
  const bool is_var = choices_.Chance(60);
  const std::string name = Fresh("v");
  const bool is_stated = choices_.Chance(60);
  const Text value = is_stated ? Value(type, 3) : Typed(type, 3);
  // Without a type a place would be a view or a second name.
  Line(fmt::format("{} {}{} = {};", is_var ? "var" : "let", name,
                   is_stated || !type.is_scalar() ? ": " + type.text() : "", value.text));
  Add({.name = name, .type = type, .is_assignable = is_var});
}

// `var x: T;` that every path assigns.
void ProgramGenerator::DeclareAssigned() {
  const DataType type = AnyScalar();
  const std::string name = Fresh("v");
  Line(fmt::format("var {}: {};", name, type.text()));
  Line(fmt::format("if {} {{ {} = {}; }} else {{ {} = {}; }}", Bound(Condition(2)), name,
                   Value(type, 2).text, name, Value(type, 2).text));
  Add({.name = name, .type = type, .is_assignable = true});
}

void ProgramGenerator::DeclareArray() {
  const bool is_kernel_level = is_main_ && level_ == 0;
  Variable array{.name = Fresh("t"), .type = AnyType(), .is_array = true, .is_assignable = true};
  for (int rank = choices_.Between(1, 3); rank > 0; --rank) {
    std::vector<std::string> sizes = {fmt::format("{}", choices_.Between(1, 4))};
    if (is_kernel_level)
      for (const Variable& v : scope_)
        if (v.is_array && !IsLargeSize(v.sizes[0])) sizes.push_back(choices_.Of(v.sizes));
    array.sizes.push_back(choices_.Of(sizes));
  }
  // The same as another one, to be swapped with it.
  if (is_kernel_level && choices_.Chance(40))
    for (const Variable& v : scope_)
      if (v.is_array && v.is_assignable && v.root.empty() && !IsLargeSize(v.sizes[0])) {
        array.type = v.type;
        array.sizes = v.sizes;
        break;
      }
  std::string sizes;
  for (const std::string& size : array.sizes) sizes += (sizes.empty() ? "" : ", ") + size;
  const bool is_filled = choices_.Chance(75);
  // A value array of a fill would be taken for the whole array where the sizes are constant.
  const std::string fill =
      is_filled ? Value(array.type, array.type.is_array() ? 0 : 2).text : "undefined";
  const bool has_wide_elements = array.type.is_array();
  Line(fmt::format("var {}: [{}] {} = {};", array.name, sizes, array.type.text(),
                   has_wide_elements ? "undefined" : fill));
  Spend(60);
  if (!is_filled || has_wide_elements) Fill(array);
  Add(std::move(array));
}

// Writes every element, in sequence or in parallel.
void ProgramGenerator::Fill(Variable array) {
  // No element is read before it is written, nor by another iteration.
  const auto set_readable = [&](bool readable) {
    for (Variable& v : scope_)
      if (v.name == array.name) v.is_readable = readable;
  };
  set_readable(false);
  const bool is_large = IsLargeSize(array.sizes[0]);
  const bool is_parallel = level_ == 0 && is_main_ && (is_large || choices_.Chance(60));
  const size_t visible = scope_.size();
  std::string clauses, indices;
  std::vector<std::pair<std::string, std::string>> loops;
  for (const std::string& size : array.sizes) {
    loops.push_back({Fresh("i"), size});
    indices += (indices.empty() ? "" : ", ") + loops.back().first;
  }
  int opened = 0;
  const auto open = [&](const std::string& head) {
    Line(head + " {");
    ++indent_;
    ++opened;
  };
  for (const auto& [name, size] : loops)
    if (is_parallel)
      clauses += fmt::format("{}{} in 0..{}", clauses.empty() ? "" : ", ", name, size);
    else
      open(fmt::format("for {} in 0..{}", name, size));
  if (is_parallel) open("parallel for " + clauses);
  level_ += is_parallel ? 1 : 0;
  const uint64_t outside = mult_;
  mult_ *= is_large ? 9000 : 30;
  ++pure_;
  for (const auto& [name, size] : loops)
    Add({.name = name, .type = ScalarType::kI64, .is_small = true, .size = size});
  Line(fmt::format("{}[{}] = {};", array.name, indices,
                   Value(array.type, is_large || Repeats(30) ? 0 : 1).text));
  --pure_;
  mult_ = outside;
  level_ -= is_parallel ? 1 : 0;
  scope_.resize(visible);
  set_readable(true);
  while (opened-- > 0) {
    --indent_;
    Line("}");
  }
}

void ProgramGenerator::DeclareView() {
  std::vector<size_t> fitting;
  for (size_t k = 0; k < scope_.size(); ++k)
    if (scope_[k].is_array && scope_[k].is_readable) fitting.push_back(k);
  if (fitting.empty()) return Declare();
  const Variable array = scope_[choices_.Of(fitting)];
  Variable view{.name = Fresh("w"),
                .type = array.type,
                .is_array = true,
                .is_assignable = array.is_assignable,
                .root = array.storage()};
  std::string items;
  for (size_t d = 0; d < array.sizes.size(); ++d) {
    const std::string& size = array.sizes[d];
    const bool is_last = d + 1 == array.sizes.size();
    std::string item;
    if (d < array.own.size()) {
      item = array.own[d];
    } else if (choices_.Chance(45) && !(is_last && view.sizes.empty())) {
      item = fmt::format("{} as i64", Paren(Index(size), kConversion));
    } else if (choices_.Chance(50)) {
      item = "..";
      view.sizes.push_back(size);
    } else if (IsConstantSize(size) && std::stoi(size) > 1) {
      item = choices_.Chance(50) ? fmt::format("1..{}", size)
                                 : fmt::format("0..={}", std::stoi(size) - 2);
      view.sizes.push_back(fmt::format("{}", std::stoi(size) - 1));
    } else if (!IsConstantSize(size) && choices_.Chance(50)) {
      item = fmt::format("1..{}", size);
      view.sizes.push_back(fmt::format("{} - 1", size));
    } else {
      item = fmt::format("..{}", size);
      view.sizes.push_back(size);
    }
    items += fmt::format("{}{}", d == 0 ? "" : ", ", item);
  }
  if (view.sizes.empty()) return Declare();
  Line(fmt::format("let {} = {}[{}];", view.name, array.name, items));
  Add(std::move(view));
}

// A place that may be assigned here, and its type.
std::optional<std::string> ProgramGenerator::Target(DataType& type) {
  std::vector<size_t> fitting;
  for (size_t k = 0; k < scope_.size(); ++k) {
    const Variable& v = scope_[k];
    if (v.is_assignable && v.is_readable && (v.is_array || v.level == level_)) {
      fitting.push_back(k);
      if (!v.own.empty()) fitting.insert(fitting.end(), 3, k);
    }
  }
  if (fitting.empty()) return std::nullopt;
  const Variable v = scope_[choices_.Of(fitting)];
  Text place{v.name, kAtom};
  if (v.is_array) place.text += Indices(v);
  type = v.type;
  // Often a part of it.
  while (!type.is_scalar() && choices_.Chance(50)) {
    const DataType part = type.is_array()     ? DataType(type.element())
                          : type.is_complex() ? DataType(type.scalar())
                                              : DataType(choices_.Of(type.info().fields).type);
    place = Descend(place, type, part);
    type = part;
  }
  return place.text;
}

void ProgramGenerator::Assign() {
  DataType type;
  const auto target = Target(type);
  if (!target) return Declare();
  Spend(type.leaf_count());
  std::vector<const OperatorInfo*> fitting;
  for (const OperatorInfo& op : words_.binary)
    if (Applies(op, type) && (is_wild_ || choices_.Chance(15) || !MayFaultOn(op, type)))
      fitting.push_back(&op);
  if (choices_.Chance(55) || fitting.empty())
    return Line(fmt::format("{} = {};", *target, Value(type, 3).text));
  const OperatorInfo& op = *choices_.Of(fitting);
  const bool is_shift = TypesOf(op) == TypeRule::kShift;
  const DataType other = is_shift ? DataType(AnyInteger()) : type;
  const Role role = is_shift                                                 ? Role::kAmount
                    : op.opcode == Opcode::kDiv || op.opcode == Opcode::kRem ? Role::kDivisor
                                                                             : Role::kPlain;
  const Text value = MayFaultOn(op, type) && ShouldTame() ? Tamed(other, 2, role)
                     : is_shift                           ? Typed(other, 3)
                                                          : Value(other, 3);
  Line(fmt::format("{} {}= {};", *target, op.text, value.text));
}

void ProgramGenerator::If(int depth) {
  const std::string condition = Bound(Condition(3));
  Block("if " + condition, depth);
  if (choices_.Chance(50)) {
    out_.pop_back();
    out_ +=
        choices_.Chance(30) ? fmt::format(" else if {} {{\n", Bound(Condition(2))) : " else {\n";
    const size_t visible = scope_.size();
    ++indent_;
    Statements(choices_.Between(1, 2), depth);
    --indent_;
    Line("}");
    scope_.resize(visible);
  }
}

std::string ProgramGenerator::Clause(const std::string& name, const Range& range) const {
  const std::string type =
      range.type == ScalarType::kI64 ? "" : fmt::format(": {}", TextOf(range.type));
  return fmt::format("{}{} in {}", name, type, range.text);
}

// All indices of a size, or some.
ProgramGenerator::Range ProgramGenerator::RangeOver(const std::string& size) {
  const bool is_large = IsLargeSize(size);
  Range range{"", ScalarType::kI64, size, is_large ? uint64_t{9000} : 7};
  if (!is_large && choices_.Chance(is_wild_ ? 8 : 1))
    return {fmt::format("0..{} + 1", size), ScalarType::kI64, size, 7};
  switch (choices_.Below(8)) {
    case 0:
      range.text = fmt::format("0..={} - 1", size);
      break;
    case 1:
      range.text = fmt::format("{} - 1..=0 step -1", size);
      break;
    case 2:
      range.text = fmt::format("0..{} step {}", size, choices_.Between(2, 3));
      break;
    case 3:
      range.text = fmt::format("1..{}", size);
      break;
    case 4:
      range.type = AnyInteger();
      if (is_large && BitsOf(range.type) < 32) range.type = ScalarType::kU32;
      range.text = IsConstantSize(size) ? "0.." + size
                                        : fmt::format("0..({}) as {}", size, TextOf(range.type));
      if (range.type == ScalarType::kI64) range.text = "0.." + size;
      break;
    default:
      range.text = "0.." + size;
  }
  return range;
}

// A range of few values, for loops and reductions.
ProgramGenerator::Range ProgramGenerator::AnyRange() {
  std::vector<std::string> sizes;
  for (const Variable& v : scope_)
    if (v.is_array)
      for (const std::string& size : v.sizes)
        if (!IsLargeSize(size)) sizes.push_back(size);
  if (!sizes.empty() && choices_.Chance(50)) return RangeOver(choices_.Of(sizes));
  const ScalarType type = choices_.Chance(60) ? ScalarType::kI64 : AnyInteger();
  const auto named = [&](std::string text, uint64_t trips) {
    return Range{std::move(text), type, {}, trips};
  };
  const std::string greatest = FormatInt128(GreatestOf(type)), least = FormatInt128(LeastOf(type));
  switch (choices_.Below(8)) {
    case 0:
      return named(
          fmt::format("{}..={}", FormatInt128(GreatestOf(type) - choices_.Between(0, 3)), greatest),
          4);
    case 1:
      return named(
          fmt::format("{}..{}", least, FormatInt128(LeastOf(type) + choices_.Between(0, 4))), 4);
    case 2:
      return named(fmt::format("{}..={} step {}", least, greatest,
                               FormatInt128(GreatestOf(type) / 2 + choices_.Between(0, 1))),
                   4);
    case 3:
      if (IsSigned(type))
        return named(fmt::format("{}..={} step -{}", choices_.Between(0, 5),
                                 choices_.Between(-4, 1), choices_.Between(1, 3)),
                     6);
      return named(fmt::format("{}..0", choices_.Between(0, 2)), 1);
    case 4: {
      const Text to = Tamed(type, 1, Role::kFactor);
      return named(fmt::format("0..={}", Bound({Paren(to, 8), kAtom})), 4);
    }
    case 5: {
      // A step of 0 is a fault.
      const Text step = Tamed(type, 1, Role::kFactor);
      const std::string text = is_wild_ ? Paren(step, 8) : fmt::format("({} | 1)", Paren(step, 6));
      return named(fmt::format("0..5 step {}", Bound({text, kAtom})), 5);
    }
    default:
      return named(fmt::format("{}..{}", choices_.Between(0, 2), choices_.Between(2, 6)), 6);
  }
}

void ProgramGenerator::For(int depth) {
  const Range range = AnyRange();
  if (Repeats(range.trips)) return Assign();
  const std::string name = Fresh("i");
  const std::string head = "for " + Clause(name, range);
  const uint64_t outside = mult_;
  mult_ *= range.trips;
  ++loops_;
  Block(head, depth,
        [&] { Add({.name = name, .type = range.type, .is_small = true, .size = range.size}); });
  --loops_;
  mult_ = outside;
}

void ProgramGenerator::While(int depth) {
  const int trips = choices_.Between(1, 5);
  if (Repeats(static_cast<uint64_t>(trips))) return Assign();
  const std::string name = Fresh("u");
  Line(fmt::format("var {} = 0;", name));
  Add({.name = name, .type = ScalarType::kI64, .is_small = true});
  const uint64_t outside = mult_;
  mult_ *= static_cast<uint64_t>(trips);
  ++pure_;
  std::string condition = fmt::format("{} < {}", name, trips);
  if (choices_.Chance(50)) condition += " && " + Paren(Condition(2), kComparison);
  --pure_;
  ++loops_;
  Block("while " + Bound({condition, kAtom}), depth, [&] { Line(name + " += 1;"); });
  --loops_;
  mult_ = outside;
}

void ProgramGenerator::EnterParallel(const std::vector<std::string>& names,
                                     const std::vector<std::string>& sizes) {
  const auto matches = [&](const Variable& v) {
    if (v.own.size() + sizes.size() > v.sizes.size()) return false;
    for (size_t k = 0; k < sizes.size(); ++k)
      if (v.sizes[v.own.size() + k] != sizes[k]) return false;
    return true;
  };
  std::vector<std::string> changed;
  for (Variable& v : scope_) {
    if (!v.is_array || !v.root.empty()) continue;
    if (!v.is_assignable || !v.is_readable) {
      if (!v.is_readable) changed.push_back(v.name);
      continue;
    }
    const bool counts = v.type.is_scalar() && IsInteger(v.type.scalar());
    if (matches(v) && choices_.Chance(75)) {
      v.own.insert(v.own.end(), names.begin(), names.end());
      changed.push_back(v.name);
    } else if (counts && choices_.Chance(40)) {
      v.atomic = choices_.Of(words_.atomics);
      v.is_readable = false;
      changed.push_back(v.name);
    } else {
      v.is_assignable = false;
    }
  }
  // A view of an array that the loop changes would reach elements of other iterations.
  for (Variable& v : scope_) {
    if (v.root.empty()) continue;
    v.is_assignable = false;
    if (std::ranges::find(changed, v.root) != changed.end()) v.is_readable = false;
  }
}

void ProgramGenerator::Parallel(int depth) {
  std::vector<size_t> fitting;
  for (size_t k = 0; k < scope_.size(); ++k) {
    const Variable& v = scope_[k];
    const bool is_plain = v.is_array && v.root.empty() && v.is_assignable && v.is_readable;
    if (!is_plain || v.own.size() >= v.sizes.size()) continue;
    fitting.push_back(k);
  }
  std::vector<std::string> sizes;
  if (!fitting.empty() && !choices_.Chance(5)) {
    const Variable& target = scope_[choices_.Of(fitting)];
    const size_t rest = target.sizes.size() - target.own.size();
    const size_t count = 1 + choices_.Below(rest);
    for (size_t k = 0; k < count; ++k) sizes.push_back(target.sizes[target.own.size() + k]);
  } else {
    sizes = {fmt::format("{}", choices_.Between(1, 5))};
  }
  std::vector<std::string> names;
  std::vector<Range> ranges;
  std::string clauses;
  uint64_t trips = 1;
  for (const std::string& size : sizes) {
    names.push_back(Fresh("p"));
    ranges.push_back(RangeOver(size));
    Range& range = ranges.back();
    const size_t k = ranges.size() - 1;
    if (k > 0 && sizes[k] == sizes[k - 1] && range.type == ScalarType::kI64 &&
        ranges[k - 1].type == ScalarType::kI64 && choices_.Chance(40))
      range.text = choices_.Chance(50) ? fmt::format("0..={}", names[k - 1])
                                       : fmt::format("{}..{}", names[k - 1], size);
    clauses += fmt::format("{}{}", clauses.empty() ? "" : ", ", Clause(names.back(), range));
    trips *= range.trips;
  }
  if (Repeats(trips) || (level_ == 0 && !is_main_ && choices_.Chance(60))) return Assign();
  levels_ = std::max(levels_, level_ + 1);
  const std::vector<Variable> before = scope_;
  const uint64_t outside = mult_;
  const int loops_outside = loops_;
  EnterParallel(names, sizes);
  mult_ *= trips;
  loops_ = 0;
  ++level_;
  Block("parallel for " + clauses, depth, [&] {
    for (size_t k = 0; k < names.size(); ++k)
      Add({.name = names[k], .type = ranges[k].type, .is_small = true, .size = ranges[k].size});
    Assign();
    if (choices_.Chance(70)) AtomicStatement();
  });
  --level_;
  loops_ = loops_outside;
  mult_ = outside;
  scope_ = before;
}

void ProgramGenerator::AtomicStatement() {
  std::vector<size_t> fitting;
  for (size_t k = 0; k < scope_.size(); ++k)
    if (!scope_[k].atomic.empty()) fitting.push_back(k);
  if (fitting.empty()) return Assign();
  const Variable array = scope_[choices_.Of(fitting)];
  const Text value = is_wild_ ? Value(array.type, 2) : Tamed(array.type, 1, Role::kFactor);
  Line(fmt::format("atomic {}{} {} {};", array.name, Indices(array), array.atomic, value.text));
}

// A way out, on some paths.
void ProgramGenerator::Leave() {
  std::string way;
  if (loops_ > 0) way = choices_.Chance(50) ? "break;" : "continue;";
  if (level_ > 0 && loops_ == 0) way = "continue;";
  if (level_ == 0 && (way.empty() || choices_.Chance(40)))
    way = result_.valid() ? fmt::format("return {};", Value(result_, 2).text) : "return;";
  Line(fmt::format("if {} {{ {} }}", Bound(Condition(2)), way));
}

void ProgramGenerator::Assert() {
  const bool is_plain = is_wild_ || choices_.Chance(3);
  const Text condition =
      is_plain ? Condition(2)
               : Text{fmt::format("{} < 100", Paren(Tamed(AnyInteger(), 2, Role::kPlain), 5)),
                      kComparison};
  std::string text;
  if (choices_.Chance(50))
    if (auto value = Place(AnyType())) text = fmt::format(", \"found {{{}}}\"", value->text);
  Line(fmt::format("assert({}{});", Argument(condition), text));
}

void ProgramGenerator::Print() {
  if (Repeats(60) || pure_ > 0) return Assign();
  has_effects_ = true;
  std::string text;
  for (int k = choices_.Between(0, 3); k > 0; --k)
    if (auto value = Place(AnyType())) text += fmt::format(" {{{}}}", value->text);
  Line(fmt::format("print(\"at{}\");", text));
}

void ProgramGenerator::Swap() {
  // Views keep the storage that they were made of, so what they overlap would be lost sight of.
  const bool has_views =
      std::ranges::any_of(scope_, [](const Variable& v) { return !v.root.empty(); });
  if (!is_main_ || level_ > 0 || has_views) return Assign();
  for (size_t a = 0; a < scope_.size(); ++a)
    for (size_t b = 0; b < a; ++b) {
      const Variable &x = scope_[a], &y = scope_[b];
      if (!x.is_array || !y.is_array || !x.is_assignable || !y.is_assignable) continue;
      if (x.type == y.type && x.sizes == y.sizes)
        return Line(fmt::format("swap({}, {});", x.name, y.name));
    }
  Assign();
}

void ProgramGenerator::CallStatement() {
  if (functions_.empty()) return Assign();
  const FunctionInfo& function = choices_.Of(functions_);
  const auto call = Call(function, 2);
  if (!call) return Assign();
  if (!function.result.valid()) return Line(*call + ";");
  const std::string name = Fresh("v");
  Line(fmt::format("let {}: {} = {};", name, function.result.text(), *call));
  Add({.name = name, .type = function.result});
}

// A reduction whose result is wider than its term.
void ProgramGenerator::Reduce() {
  DataType type = AnyArithmetic();
  const std::string name = Fresh("v");
  if (choices_.Chance(50) && type.is_scalar() && IsInteger(type.scalar())) {
    const Range range = AnyRange();
    const std::string loop = Fresh("r");
    const size_t visible = scope_.size();
    Add({.name = loop, .type = range.type, .is_small = true, .size = range.size});
    ++pure_;
    const bool counts = choices_.Chance(60);
    const std::string term =
        Argument(counts ? Condition(2) : Tamed(ScalarType::kU8, 2, Role::kFactor));
    --pure_;
    scope_.resize(visible);
    if (!counts && LeastOf(type.scalar()) == 0) type = ScalarType::kU64;
    if (!counts && LeastOf(type.scalar()) < 0) type = ScalarType::kI64;
    Line(fmt::format("let {}: {} = {}({} for {});", name, type.text(), counts ? "count" : "sum",
                     term, Clause(loop, range)));
  } else {
    const auto value = ReductionValue(type, 2);
    if (!value) return Assign();
    Line(fmt::format("let {}: {} = {};", name, type.text(), value->text));
  }
  Add({.name = name, .type = type});
}

}  // namespace einkorn::fuzz
