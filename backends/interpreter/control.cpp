// Choices and loops.
#include "backends/interpreter/atomics.h"
#include "backends/interpreter/run.h"

namespace einkorn::interpreter {

bool Run::RunIf(const ir::Op& op) {
  const ir::RegionId region = function_->region_of(op, operand_bits(op, 0) != 0 ? 0 : 1);
  if (!RunRegion(region)) return false;
  const auto results = function_->results_of(op);
  const auto yielded = Yielded(region);
  for (size_t i = 0; i < results.size(); ++i) bits(results[i]) = bits(yielded[i]);
  return true;
}

// Range number `number` of the operation, whose operands are triples of from, to, step.
bool Run::PrepareRange(ir::OpId id, const ir::Op& op, size_t number, Range& range) {
  const size_t first = 3 * number;
  range.type = operand_type(op, first);
  range.from = operand_bits(op, first);
  range.step = operand_bits(op, first + 2);
  range.iteration = 0;
  range.count = 0;
  if (range.step == 0) return (op.checks & kDivisionBit) == 0 || Fail(id, FaultKind::kDivision);
  const auto value = [&](uint64_t bits) { return IntegerValue(range.type, bits); };
  range.count = RangeCount(value(range.from), value(operand_bits(op, first + 1)), value(range.step),
                           ((ir::InclusiveBits(op) >> number) & 1) != 0);
  return true;
}

bool Run::PrepareRanges(ir::OpId id, const ir::Op& op) {
  for (size_t number = 0; 3 * number < op.operands.count; ++number) {
    ranges_.emplace_back();
    if (!PrepareRange(id, op, number, ranges_.back())) return false;
  }
  return true;
}

bool Run::RunFor(ir::OpId id, const ir::Op& op) {
  Range range;
  if (!PrepareRange(id, op, 0, range)) return false;
  const ir::RegionId region = function_->region_of(op, 0);
  const auto arguments = std::span(function_->region(region).arguments);
  const auto carried = arguments.subspan(1);
  const auto yielded = Yielded(region);
  const bool exits = (op.immediate & ir::kForExits) != 0;
  for (size_t i = 0; i < carried.size(); ++i) bits(carried[i]) = operand_bits(op, i + 3);

  const size_t arrays_before = arrays_.size();
  ScopeGuard scope(*this, Scope::Kind::kLoop, &op);
  OpenLoopGuard open(*this, op, {&range, 1});
  for (bool goes_on = range.count > 0; goes_on; ++range.iteration) {
    bits(arguments[0]) = range.value();
    open.SetIteration(range.iteration);
    if (!RunRegion(region)) return false;
    goes_on = range.has_next() && (!exits || bits(yielded[0]) != 0);
    // All at once: what is yielded may be another carried value.
    carried_.clear();
    for (ir::ValueId value : yielded.subspan(exits ? 1 : 0)) carried_.push_back(bits(value));
    for (size_t i = 0; i < carried.size(); ++i) bits(carried[i]) = carried_[i];
    ReleaseArrays(arrays_before, carried);
  }
  const auto results = function_->results_of(op);
  for (size_t i = 0; i < results.size(); ++i) bits(results[i]) = bits(carried[i]);
  return true;
}

bool Run::RunWhile(const ir::Op& op) {
  const ir::RegionId condition = function_->region_of(op, 0), body = function_->region_of(op, 1);
  const auto carried = std::span(function_->region(condition).arguments);
  const auto inside = std::span(function_->region(body).arguments);
  for (size_t i = 0; i < carried.size(); ++i) bits(carried[i]) = operand_bits(op, i);
  const size_t arrays_before = arrays_.size();
  for (;;) {
    if (!RunRegion(condition)) return false;
    if (bits(Yielded(condition)[0]) == 0) break;
    for (size_t i = 0; i < inside.size(); ++i) bits(inside[i]) = bits(carried[i]);
    if (!RunRegion(body)) return false;
    const auto yielded = Yielded(body);
    for (size_t i = 0; i < carried.size(); ++i) bits(carried[i]) = bits(yielded[i]);
    ReleaseArrays(arrays_before, carried);
  }
  const auto results = function_->results_of(op);
  for (size_t i = 0; i < results.size(); ++i) bits(results[i]) = bits(carried[i]);
  return true;
}

bool Run::RunParallel(ir::OpId id, const ir::Op& op) {
  const size_t ranges_before = ranges_.size();
  AtomicNotes notes{next_serial_};
  AtomicNotes* const outer_notes = std::exchange(notes_, &notes);
  bool ok = PrepareRanges(id, op);
  if (ok) {
    ScopeGuard scope(*this, Scope::Kind::kLoop, &op);
    OpenLoopGuard open(*this, op, std::span(ranges_).subspan(ranges_before));
    uint64_t iteration = 0;
    ok = ForEachIteration(op, [&](ir::RegionId region) {
      open.SetIteration(iteration++);
      return RunRegion(region) ? Step::kNext : Step::kFault;
    });
  }
  ranges_.resize(ranges_before);
  notes_ = outer_notes;
  return ok && FinishAtomics(function_->region_of(op, 0), std::move(notes));
}

}  // namespace einkorn::interpreter
