// One run of the interpreter, private to this folder.
//
// A function in progress has one 64-bit register a value, indexed by the value's id: the canonical
// bits of a scalar, or a pointer to an `Array`. Operations are walked where they stand in their
// regions. Every `Run...` answers whether to go on; false means that `fault_` is set and everything
// is left. The files are cut by what the operations are about: scalars and reports in run.cpp,
// memory.cpp, atomics.cpp, control.cpp, calls.cpp, reductions.cpp.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "backends/interpreter/array.h"
#include "backends/interpreter/interpreter.h"
#include "backends/interpreter/shadow.h"
#include "backends/launch.h"
#include "backends/memo_table.h"
#include "ir/call_graph.h"
#include "ir/scalar.h"

namespace einkorn::interpreter {

/// A range of a loop with its bounds evaluated, and how far it has come.
struct Range {
  ScalarType type = ScalarType::kI64;
  uint64_t from = 0, step = 0;
  UInt128 count = 0;
  uint64_t iteration = 0;

  uint64_t value() const { return RangeValue(type, from, step, iteration); }
  bool has_next() const { return UInt128(iteration) + 1 < count; }
};

/// One level of the nesting that reports show: a function, the frame of an inlined one, or a loop.
struct Scope {
  enum class Kind : uint8_t { kFunction, kFrame, kLoop };
  Kind kind;
  const ir::Function* function;
  const uint64_t* registers;
  const ir::Op* op;  ///< null for functions
  const Scope* outer = nullptr;
};

/// How many induction variables a loop has; they are the first arguments of its region.
inline size_t LoopVariableCount(const ir::Op& loop) {
  return loop.opcode == Opcode::kFor ? 1 : loop.operands.count / 3;
}

/// What the atomics of a parallel loop leave to be decided at its end (atomics.h).
struct AtomicNotes;

/// How the walk over the iterations of a loop goes on after one of them.
enum class Step : uint8_t { kNext, kLeave, kFault };

class Run {
 public:
  Run(const ir::Module& module, const InterpretOptions& options)
      : module_(module),
        host_(options.host),
        max_steps_(options.max_steps),
        steps_left_(options.max_steps.value_or(0)),
        shadow_(options.is_debug ? std::make_unique<Shadow>() : nullptr),
        memo_(module) {}
  LaunchOutcome Start(ir::FunctionId function, std::span<const LaunchArgument> arguments);

 private:
  /// Makes a scope the innermost one while it lives.
  class ScopeGuard {
   public:
    ScopeGuard(Run& run, Scope::Kind kind, const ir::Op* op)
        : run_(run), scope_{kind, run.function_, run.registers_, op, run.scope_} {
      run.scope_ = &scope_;
    }
    ~ScopeGuard() { run_.scope_ = scope_.outer; }
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;

   private:
    Run& run_;
    Scope scope_;
  };

  // --- registers
  uint64_t& bits(ir::ValueId id) { return registers_[id.index]; }
  Array& array(ir::ValueId id) { return *reinterpret_cast<Array*>(registers_[id.index]); }
  void SetArray(ir::ValueId id, Array& array) { bits(id) = reinterpret_cast<uint64_t>(&array); }
  uint64_t operand_bits(const ir::Op& op, size_t i) { return bits(function_->operand(op, i)); }
  ScalarType operand_type(const ir::Op& op, size_t i) const {
    return function_->type(function_->operand(op, i)).scalar;
  }
  std::vector<uint64_t> OperandBits(const ir::Op& op);
  /// The values that the region `id` has yielded.
  std::span<const ir::ValueId> Yielded(ir::RegionId id) const {
    return function_->operands(function_->terminator(id));
  }

  // --- walk and reports (run.cpp)
  bool RunRegion(ir::RegionId id);
  bool RunOp(ir::OpId id);
  bool RunScalar(ir::OpId id, const ir::Op& op);
  void RunPrint(const ir::Op& op);
  void PrintLine(std::string_view line);
  bool Fail(ir::OpId id, FaultKind kind, std::span<const uint64_t> operands = {});
  bool Fail(Fault fault);
  std::vector<FaultFrame> Stack() const;

  // --- debug mode (debug.cpp)
  bool FailInDebug(const ir::Op& op, FaultKind kind, std::string message, std::string hint);
  std::string ElementText(const ir::Op& access);
  std::string IterationText(size_t level, uint64_t iteration) const;
  bool CheckAccess(const ir::Op& op, const std::byte* address, AccessKind kind);
  bool CheckNan(const ir::Op& op, std::span<const ScalarType> types,
                std::span<const uint64_t> operands, uint64_t result);
  /// Functions of the library may come across NaN on the way, but not make one of numbers.
  bool CheckLibraryResult(const ir::Op& call, const ir::Function& callee);
  /// What a launched kernel may have written counts as written.
  void NoteLaunch(const ir::Op& launch);
  /// Keeps a loop with independent iterations open while it lives; nothing without debug mode.
  class OpenLoopGuard {
   public:
    OpenLoopGuard(Run& run, const ir::Op& op, std::span<const Range> ranges);
    ~OpenLoopGuard();
    OpenLoopGuard(const OpenLoopGuard&) = delete;
    OpenLoopGuard& operator=(const OpenLoopGuard&) = delete;
    void SetIteration(uint64_t iteration);

   private:
    Run& run_;
    bool is_open_;
  };

  // --- memory (memory.cpp)
  std::vector<uint64_t> MemoKey(ir::FunctionId callee, const ir::Op& op);
  bool RunArray(ir::OpId id, const ir::Op& op);
  bool RunView(ir::OpId id, const ir::Op& op);
  bool RunLoad(ir::OpId id, const ir::Op& op);
  bool RunStore(ir::OpId id, const ir::Op& op);
  void RunSettle(const ir::Op& op);
  void RunArrayEqual(const ir::Op& op);
  /// The address of the element that the operation names; null if it is outside and unchecked.
  bool Locate(ir::OpId id, const ir::Op& op, std::byte*& address);
  Array& Keep(std::unique_ptr<Array> array);
  /// Frees the arrays made since there were `count`, but not those among the values `kept`.
  void ReleaseArrays(size_t count, std::span<const ir::ValueId> kept = {});

  // --- atomics (atomics.cpp)
  bool RunAtomic(ir::OpId id, const ir::Op& op);
  bool FinishAtomics(ir::RegionId body, AtomicNotes notes);

  // --- control (control.cpp)
  bool RunIf(const ir::Op& op);
  bool RunFor(ir::OpId id, const ir::Op& op);
  bool RunWhile(const ir::Op& op);
  bool RunParallel(ir::OpId id, const ir::Op& op);
  bool PrepareRange(ir::OpId id, const ir::Op& op, size_t number, Range& range);
  /// Evaluates the ranges of `parallel` or `reduce`; they are the last ones in `ranges_`.
  bool PrepareRanges(ir::OpId id, const ir::Op& op);
  /// Calls `body(region)` for each combination of the operation's prepared ranges, with the
  /// induction variables set. It answers a Step; false after kFault.
  template <typename Body>
  bool ForEachIteration(const ir::Op& op, Body body);

  // --- calls (calls.cpp)
  bool RunFrame(const ir::Op& op);
  bool RunAttempt(const ir::Op& op);
  bool RunCall(const ir::Op& op);
  bool IsRecursive(ir::FunctionId function);
  bool RunLaunch(const ir::Op& op);
  bool RunExpectError(ir::OpId id, const ir::Op& op);

  // --- reductions (reductions.cpp)
  bool RunReduce(ir::OpId id, const ir::Op& op);
  /// Calls `take(include, term, factor)` with the bits of each iteration; `take` answers whether
  /// more terms are wanted. `factor` is null where there is none.
  template <typename Take>
  bool ForEachTerm(const ir::Op& op, Take take);
  bool ReduceFloats(const ir::Op& op);
  bool SumIntegers(ir::OpId id, const ir::Op& op);
  bool MultiplyIntegers(ir::OpId id, const ir::Op& op);
  bool FindExtreme(ir::OpId id, const ir::Op& op);
  bool DecideTruth(const ir::Op& op);
  bool FinishInteger(ir::OpId id, const ir::Op& op, Int128 exact);

  const ir::Module& module_;
  LaunchHost* host_;
  std::optional<uint64_t> max_steps_;
  uint64_t steps_left_;

  // Debug mode; null otherwise.
  std::unique_ptr<Shadow> shadow_;
  struct LoopInDebug {
    const ir::Function* function;
    const ir::Op* op;
    std::vector<Range> ranges;
  };
  std::vector<OpenLoop> open_loops_;         ///< with independent iterations, outermost first
  std::vector<LoopInDebug> loops_in_debug_;  ///< the same, to be described
  uint64_t last_loop_ = 0;

  LaunchOutcome outcome_;
  uint64_t dropped_lines_ = 0;

  // The function in progress.
  const ir::Function* function_ = nullptr;
  uint64_t* registers_ = nullptr;
  const Scope* scope_ = nullptr;

  std::vector<std::unique_ptr<Array>> arguments_;  ///< the arrays the run was given
  std::vector<std::unique_ptr<Array>> arrays_;     ///< those it made, oldest first
  uint64_t next_serial_ = 0;
  AtomicNotes* notes_ = nullptr;  ///< of the innermost parallel loop; null outside
  int recursion_depth_ = 0;
  int deepest_ = 0;  ///< the greatest depth since the call whose result is to be kept
  MemoTable memo_;
  std::optional<ir::CallGraph> calls_;  ///< made at the first call

  // Stacks and scratch space shared by all loops, so that entering one allocates nothing.
  std::vector<Range> ranges_;
  std::vector<uint64_t> carried_;
};

// Inline, because two files walk nested ranges.
template <typename Body>
bool Run::ForEachIteration(const ir::Op& op, Body body) {
  const ir::RegionId region = function_->region_of(op, 0);
  const size_t depth = LoopVariableCount(op);
  const size_t base = ranges_.size() - depth;
  // Bodies push ranges of their own, so entries are named by index.
  const auto set = [&](size_t d) {
    bits(function_->region(region).arguments[d]) = ranges_[base + d].value();
  };
  for (size_t d = 0; d < depth; ++d) {
    if (ranges_[base + d].count == 0) return true;
    set(d);
  }
  const size_t arrays_before = arrays_.size();
  for (;;) {
    const Step step = body(region);
    ReleaseArrays(arrays_before);
    if (step != Step::kNext) return step == Step::kLeave;
    size_t d = depth;
    while (d > 0 && !ranges_[base + d - 1].has_next()) {
      ranges_[base + d - 1].iteration = 0;
      set(d - 1);
      --d;
    }
    if (d == 0) return true;
    ++ranges_[base + d - 1].iteration;
    set(d - 1);
  }
}

}  // namespace einkorn::interpreter
