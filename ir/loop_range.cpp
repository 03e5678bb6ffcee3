#include "ir/loop_range.h"

namespace einkorn::ir {

KnownRange DefineRange(const Function& function, const Op& loop, size_t k, ValueId variable,
                       Ranges& ranges) {
  const auto bound = [&](size_t i) { return ranges.FormOf(function.operand(loop, 3 * k + i)); };
  const Polynomial from = bound(0), to = bound(1), step = bound(2);
  const Interval steps = ranges.facts().RangeOf(step);
  KnownRange range;
  range.from = range.first = from;
  range.direction = steps.lo > 0 ? 1 : steps.hi < 0 ? -1 : 0;
  const Int128 inclusive = (InclusiveBits(loop) >> k) & 1;
  range.extent =
      range.direction == 0 ? Polynomial::Unknown() : (to - from) * range.direction + inclusive;
  if (step.is_constant()) range.stride = step.constant() * range.direction;
  if (range.stride > 1) {
    range.atom = ranges.facts().NewAtom({0, Int128(1) << 64}, ProofReason::kLoop);
    range.first = 0;
    range.change = 1;
    ranges.SetForm(variable, from + Polynomial::Of(range.atom) * step);
  } else {
    range.atom = ranges.DefineUnknown(variable);
    range.change = range.stride * range.direction;
  }
  return range;
}

void AssumeInside(const KnownRange& range, Facts& facts) {
  constexpr ProofReason kLoop = ProofReason::kLoop;
  // There is an iteration.
  facts.Assume(range.extent - 1, kLoop);
  if (range.change != 0) {
    facts.Assume(range.iteration(), kLoop);
    facts.Assume(range.extent - 1 - range.iteration() * range.stride, kLoop);
  } else {
    const Polynomial passed = (Polynomial::Of(range.atom) - range.from) * range.direction;
    facts.Assume(passed, kLoop);
    facts.Assume(range.extent - 1 - passed, kLoop);
  }
}

}  // namespace einkorn::ir
