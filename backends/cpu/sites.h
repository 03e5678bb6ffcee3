// What compiled code does not carry: the places where it may leave, as tables that its numbers
// name.
//
// A site is an operation that reports something: a fault, a call whose callee failed, a printed
// line. There the code puts 64-bit values into a buffer: those of the operation from slot 0 on,
// those of the scopes around it (loop variables, arguments) each at the scope's slots. A function
// that fails adds one such segment to the record, and so does every caller on the way out; together
// they hold what `DescribeFault` and the stack of the report need.
#pragma once

#include <vector>

#include "ir/module.h"

namespace einkorn::cpu {

/// One level of the nesting around an operation.
struct Scope {
  enum class Kind : uint8_t { kFunction, kFrame, kLoop };
  static constexpr uint32_t kNone = UINT32_MAX;
  Kind kind = Kind::kFunction;
  ir::FunctionId function;
  ir::OpId op;              ///< the frame or loop; invalid for functions
  uint32_t first_slot = 0;  ///< parameters, arguments of the frame, or loop variables
  uint32_t slot_count = 0;
  uint32_t outer = kNone;  ///< the scope around it in the same compiled function
};

struct Site {
  enum class Kind : uint8_t {
    kFault,      ///< the operation failed by `fault`; operands as DescribeFault wants them
    kRecursion,  ///< a call would nest too deep
    kPassing,    ///< what the operation called failed
    kOther,      ///< no fault: a print, an allocation, an atomic
  };
  Kind kind = Kind::kOther;
  ir::FunctionId function;
  ir::OpId op;
  FaultKind fault = FaultKind::kOverflow;
  uint32_t operands = 0;
  uint32_t scope = Scope::kNone;
  /// Atomics that note overflows: the fault site of the loop's first one that combines into the
  /// same array.
  uint32_t first_atomic = 0;
};

struct SiteTables {
  std::vector<Site> sites;
  std::vector<Scope> scopes;
};

}  // namespace einkorn::cpu
