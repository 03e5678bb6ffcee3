// Hints of faults: how to say something else if it was meant.
//
// A hint is made from the IR, which does not know what the operands are called, so it says `a` and
// `b`. When a report is written for a person the source is at hand, and they are replaced.
#pragma once

#include <string>
#include <string_view>

#include "ir/fault.h"

namespace einkorn {

/// For an overflow of the infix or prefix `op`; empty where nothing else can be said.
std::string OverflowHint(std::string_view op, bool is_prefix);
/// For a conversion from `from` to `to` of a value that does not fit.
std::string NarrowingHint(ScalarType from, ScalarType to);
/// For a reduction whose result does not fit, told by the first line of its report; empty for
/// others.
std::string ReductionHint(std::string_view message);

/// The fault's hint with `a` and `b` replaced by the operands as the source writes them, where the
/// place is an operator between short operands on one line.
std::string HintAsWritten(const Fault& fault, const SourceSet& sources);

}  // namespace einkorn
