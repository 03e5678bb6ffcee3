// What a failing launch reports: the first fault, as data and as text.
//
// Backends find out which operation failed and with which operands; everything that is shown
// follows from the IR alone, by `DescribeFault`, so every target reports the same text.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "ir/module.h"

namespace einkorn {

/// What a loop variable counts: iterations, or with two levels groups and their lanes.
enum class LoopRole : uint8_t { kIteration, kGroup, kLane };
LoopRole RoleOfLoop(const ir::Op& loop);
/// `iteration`, `group` or `lane`.
std::string_view TextOf(LoopRole role);

/// A scalar with the name that the source gives it.
struct NamedScalar {
  std::string name;
  ScalarType type = ScalarType::kI64;
  uint64_t bits = 0;
  LoopRole role = LoopRole::kIteration;
};

/// One function on the stack of the failing iteration.
struct FaultFrame {
  std::string function;
  std::vector<NamedScalar> arguments;  ///< shape symbols and scalars
  std::vector<NamedScalar> iteration;  ///< loop variables in this function, outermost first
};

struct Fault {
  FaultKind kind = FaultKind::kOverflow;
  std::string message;            ///< the first line without its head: `1 + 2 does not fit i8`
  SourceRange range;              ///< invalid where a launch itself was wrong (shape, alias)
  std::string label;              ///< stands behind the carets
  std::vector<FaultFrame> stack;  ///< innermost first
  std::string hint;               ///< how to say something else if it was meant; may be empty
};

/// The fault of `op` in `function`, without its stack. `operands` are what the operation had when
/// it failed, as canonical bits:
///   scalar operations        their operands
///   load, store, atomic      the indices, then the sizes of all dimensions of the array as i64
///   atomic (overflow)        the same, then the exact value as a low and a high word
///   for, parallel            none
///   reduce                   sum and count that overflow: the exact value as a low and a high
///   word;
///                            else none
///   array                    its sizes
///   expect_error             none: nothing failed
///   fail                     its operands
/// `kind` is what failed; for scalar operations it must be what `Evaluate` answers.
Fault DescribeFault(const ir::Function& function, ir::OpId op, FaultKind kind,
                    std::span<const uint64_t> operands);

/// The fault of a call at `range` that would nest recursive functions deeper than `limit`; `callee`
/// is the function called.
Fault DescribeRecursion(SourceRange range, std::string_view callee, int limit);

/// The stack entry of a function that was launched or called. `arguments` are the bits of all its
/// parameters in order; those of arrays are not looked at. Kernels show their shape symbols and
/// scalars, functions their scalars. The iteration is left empty.
FaultFrame FrameOfFunction(const ir::Function& function, std::span<const uint64_t> arguments);
/// The stack entry of a `frame` operation, the same as that of the call it stands for.
FaultFrame FrameOfOp(const ir::Function& function, const ir::Op& frame,
                     std::span<const uint64_t> operands);

/// The exact value of the 128 bits (low, high).
inline Int128 JoinWords(uint64_t low, uint64_t high) {
  return static_cast<Int128>((static_cast<UInt128>(high) << 64) | low);
}

/// The text of a `fail` or `print`: `text` with its operands filled in.
std::string FillText(std::string_view text, std::span<const Type> types,
                     std::span<const uint64_t> operands);

/// The name and parameter names in the text of a `frame`: "fib(n, m)".
struct FrameNames {
  std::string function;
  std::vector<std::string> arguments;
};
FrameNames ParseFrameText(std::string_view text);

/// What reports of an access call its array, and its sizes as the source writes them.
struct ArrayNames {
  std::string_view name, shape;
};
/// Those in the text of the access, "name[sizes]", which passes give it where another array came to
/// stand for the one that the source names; else those of its operand.
ArrayNames NamesOfAccessed(const ir::Function& function, const ir::Op& access);

/// The whole message, as the language page shows it.
std::string Render(const Fault& fault, const SourceSet& sources, const RenderOptions& options);

}  // namespace einkorn
