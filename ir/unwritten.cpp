#include "ir/unwritten.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace einkorn::ir {
namespace {

class UnwrittenFinder {
 public:
  UnwrittenFinder(const Function& function, const CallWrites& call_writes)
      : function_(function), call_writes_(call_writes), levels_(function.values.size()) {}

  std::vector<UnwrittenRead> Find() {
    for (size_t k = 0; k < function_.params.size(); ++k)
      if (function_.params[k].kind == ParamKind::kArrayOut) pending_.insert(k);
    if (!pending_.empty()) Walk(function_.body);
    return std::move(reads_);
  }

 private:
  enum class Use { kNone, kRead, kWrite, kUpdate };

  void Walk(RegionId region);
  void WalkInside(OpId id);
  void UseArrays(OpId id);
  Use UseOf(OpId id, ValueId array) const;
  bool Writes(RegionId region, ValueId array) const;

  const Function& function_;
  const CallWrites& call_writes_;
  std::set<size_t> pending_;    // the parameters that nothing has written to, nor read for sure
  std::vector<OpId> loops_;     // the sequential ones that are open
  std::vector<size_t> levels_;  // of each value: how many of them it depends on, from the outermost
  size_t first_certain_ = 0;    // if the open loops from this one on get here at all, then at once
  std::map<std::pair<OpId, size_t>, bool> writing_;  // whether a loop writes a parameter
  std::vector<UnwrittenRead> reads_;
};

void UnwrittenFinder::Walk(RegionId region) {
  for (OpId id : function_.region(region).ops) {
    if (pending_.empty()) return;
    const Op& op = function_.op(id);
    UseArrays(id);
    size_t level = op.regions.count > 0 || !IsPure(op) ? loops_.size() : 0;
    for (ValueId operand : function_.operands(op)) level = std::max(level, levels_[operand.index]);
    for (ValueId result : function_.results_of(op)) levels_[result.index] = level;
    if (op.regions.count > 0) WalkInside(id);
  }
}

void UnwrittenFinder::WalkInside(OpId id) {
  const Op& op = function_.op(id);
  const size_t certain_before = first_certain_;
  // What decides whether the regions run: if it is the same in all iterations, then they run in the
  // first or in none.
  const bool is_decided_by_operands = op.opcode == Opcode::kIf || op.opcode == Opcode::kFor ||
                                      op.opcode == Opcode::kParallel ||
                                      op.opcode == Opcode::kReduce || op.opcode == Opcode::kFrame;
  size_t level = is_decided_by_operands ? 0 : loops_.size();
  if (is_decided_by_operands) {
    const auto operands = function_.operands(op);
    const size_t count = op.opcode == Opcode::kFor ? 3 : operands.size();
    for (ValueId operand : operands.first(count)) level = std::max(level, levels_[operand.index]);
  }
  first_certain_ = std::max(first_certain_, level);
  const bool is_sequential =
      op.opcode == Opcode::kWhile || (op.opcode == Opcode::kFor && (op.immediate & kForLanes) == 0);
  if (is_sequential) loops_.push_back(id);
  for (RegionId region : function_.regions_of(op)) {
    for (ValueId argument : function_.region(region).arguments)
      levels_[argument.index] = is_sequential ? loops_.size() : level;
    Walk(region);
  }
  if (is_sequential) loops_.pop_back();
  first_certain_ = certain_before;
}

void UnwrittenFinder::UseArrays(OpId id) {
  for (ValueId operand : function_.operands(function_.op(id))) {
    const Use use = UseOf(id, operand);
    if (use == Use::kNone) continue;
    const ValueId array = StorageOf(function_, operand);
    const auto param = std::ranges::find(function_.params, array, &Param::value);
    const auto number = static_cast<size_t>(param - function_.params.begin());
    if (!pending_.contains(number)) continue;
    const auto is_writing = [&](OpId loop) {
      const auto [at, is_new] = writing_.try_emplace({loop, number});
      if (is_new)
        at->second = std::ranges::any_of(function_.regions_of(function_.op(loop)),
                                         [&](RegionId region) { return Writes(region, array); });
      return at->second;
    };
    const auto uncertain = std::span(loops_).first(first_certain_);
    if (use != Use::kWrite && std::ranges::none_of(uncertain, is_writing)) {
      reads_.push_back({number, id});
      pending_.erase(number);
    }
    if (use != Use::kRead) pending_.erase(number);
  }
}

// What an operation, without its regions, does with an operand if that is an array.
UnwrittenFinder::Use UnwrittenFinder::UseOf(OpId id, ValueId array) const {
  if (!function_.type(array).is_array()) return Use::kNone;
  switch (function_.op(id).opcode) {
    case Opcode::kView:
      return Use::kNone;
    case Opcode::kLoad:
    case Opcode::kArrayEqual:
      return Use::kRead;
    case Opcode::kAtomic:
      return Use::kUpdate;
    case Opcode::kCall:
      return call_writes_(id, array) ? Use::kWrite : Use::kRead;
    default:
      // It may become known by another name, under which it is written.
      return Use::kWrite;
  }
}

bool UnwrittenFinder::Writes(RegionId region, ValueId array) const {
  return std::ranges::any_of(function_.region(region).ops, [&](OpId id) {
    const Op& op = function_.op(id);
    const auto writes = [&](ValueId operand) {
      const Use use = UseOf(id, operand);
      return (use == Use::kWrite || use == Use::kUpdate) && StorageOf(function_, operand) == array;
    };
    return std::ranges::any_of(function_.operands(op), writes) ||
           std::ranges::any_of(function_.regions_of(op),
                               [&](RegionId inner) { return Writes(inner, array); });
  });
}

}  // namespace

std::vector<UnwrittenRead> FindUnwrittenReads(const Function& function,
                                              const CallWrites& call_writes) {
  return UnwrittenFinder(function, call_writes).Find();
}

}  // namespace einkorn::ir
