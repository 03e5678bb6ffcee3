// The passes over a module. Each is a free function; `Optimize` is their order.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "ir/explanation.h"
#include "ir/module.h"
#include "ir/proofs.h"

namespace einkorn::ir {

struct OptimizeOptions {
  bool checks = true;  ///< false: mode `unchecked`, every check is dropped
  /// The width of the target's vectors; 0: none, and nothing is arranged for them.
  unsigned vector_bits = 0;
  /// Is told which checks were proved, and what was done to loops; may be null.
  Explanation* explanation = nullptr;
  bool verify =
      false;  ///< check the IR after each pass; a failure is an InternalError naming the pass
  /// Called after each pass with its name and what it made; may be empty.
  std::function<void(std::string_view pass, const Module&)> observe = {};
};

/// Brings a module from the front end into the form that backends compile.
void Optimize(Module& module, const OptimizeOptions& options);

/// Replaces calls of functions that are not recursive by `frame` regions while the result stays
/// small.
void Inline(Module& module);
/// Folds constants, applies identities that hold for every operand, joins equal pure operations,
/// turns small pure `if`s into `select`, dissolves frames that cannot fail, and drops what is not
/// used.
void Simplify(Function& function);
/// Gives parallel loops that are matrix products, whatever else is in them, blocks for registers
/// and caches.
void BlockContractions(Function& function, unsigned vector_bits,
                       Explanation* explanation = nullptr);
/// Replaces each `reduce` by loops that fold its terms in the order of docs/determinism.md.
void ExpandReductions(Function& function);
/// Carries elements from the iteration that stores them to the next one, which loads them.
void CarryElements(Function& function);
/// Lets values that are not used after a `while` change in its last iteration, too.
void SkipExitValues(Function& function);
/// Clears the checks of faults that cannot happen, whatever the arguments are. `proved` is told
/// about them; it may be null.
void ProveChecks(Function& function, std::vector<ProvedCheck>* proved = nullptr);
/// Exchanges loops so that elements which an inner loop adds to stay in registers.
void KeepElements(Function& function, Explanation* explanation = nullptr);
/// Takes several rows together that depend on each other, so that none waits for its own elements.
void SkewRows(Function& function, Explanation* explanation = nullptr);
/// Clears every check (mode `unchecked`).
void DropChecks(Function& function);
/// Removes functions that the entry does not reach.
void DropUnusedFunctions(Module& module);

}  // namespace einkorn::ir
