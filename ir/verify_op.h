// What one operation demands of its operands, results, rule and regions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

/// What stands around an operation.
struct OpContext {
  bool in_parallel = false;  ///< inside a parallel loop or a reduction of this function
};

OpContext ContextInside(const Op& op, OpContext outside);

/// What is wrong with `op`. Its ids are in the tables and its regions are well formed.
std::vector<std::string> ProblemsOf(const Module& module, const Function& function, const Op& op,
                                    OpContext context);

/// What is wrong with the values that `region` yields, which must have `types`; `what` they are is
/// named in the message.
std::vector<std::string> YieldProblems(const Function& function, RegionId region,
                                       const std::vector<Type>& types, std::string_view what);

}  // namespace einkorn::ir
