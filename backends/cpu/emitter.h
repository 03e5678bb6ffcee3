// From a module of the IR to one of LLVM, private to this folder.
//
// Each function of the IR becomes an LLVM function, and so does the body of each parallel loop,
// which the runtime calls for chunks of its iterations. Values are SSA on both sides. Where a check
// fails the code leaves through "exits": one cold block for each scope, shared by all sites in it,
// which puts the scope's values into the buffer and goes on to the exit of the scope around it; the
// outermost hands the buffer to the runtime and returns.
//
// The files are cut by what the operations are about: emit_function.cpp (the walk, scalars),
// emit_faults.cpp, emit_memory.cpp, emit_control.cpp, emit_parallel.cpp.
#pragma once

#include <llvm/IR/Module.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "backends/cpu/array_facts.h"
#include "backends/cpu/sites.h"
#include "backends/llvm/types.h"
#include "ir/call_graph.h"
#include "ir/explanation.h"
#include "ir/independence.h"
#include "ir/lanes.h"
#include "ir/module.h"

namespace einkorn::cpu {

/// The name of the compiled entry: bool(State*, const LaunchArgument*, uint64_t* results), true if
/// a fault ended it.
inline constexpr const char* kEntryName = "einkorn_entry";

/// What stands for a value of the IR: a scalar is one LLVM value; an array its address, then the
/// sizes, then the strides in bytes, all i64.
using Code = ::llvm::SmallVector<::llvm::Value*, 1>;

class ModuleEmitter {
 public:
  /// `vector_bits` is the width of the processor's vectors; 0: no lanes.
  ModuleEmitter(const ir::Module& source, ::llvm::LLVMContext& context,
                const ::llvm::DataLayout& layout, unsigned vector_bits,
                ir::Explanation* explanation = nullptr);
  void Emit();

  const ir::Module& source() const { return source_; }
  ::llvm::Module& target() { return *target_; }
  std::unique_ptr<::llvm::Module> TakeTarget() { return std::move(target_); }
  SiteTables TakeTables() { return std::move(tables_); }
  SiteTables& tables() { return tables_; }

  /// The LLVM function of a function that is called.
  ::llvm::Function* CalleeOf(ir::FunctionId id) { return functions_[id.index]; }
  unsigned vector_bits() const { return vector_bits_; }
  /// May be null.
  ir::Explanation* explanation() { return explanation_; }
  /// The sites for overflows of what a loop's atomics combine into, by function, loop and array.
  auto& first_atomics() { return first_atomics_; }
  bool IsRecursive(ir::FunctionId id) const { return calls_.IsRecursive(id); }
  bool HasMemo() const { return std::ranges::any_of(source_.functions, &ir::Function::is_memo); }
  /// Whether functions are passed how deep recursion is.
  bool HasDepth() const { return calls_.HasRecursion(); }
  const ArrayFacts& FactsOf(ir::FunctionId id) const { return facts_[id.index]; }
  /// Whether the iterations of a `for` may run in any order.
  bool IsIndependent(ir::FunctionId id, ir::OpId loop);
  /// A function of the runtime.
  ::llvm::FunctionCallee Runtime(const char* name, ::llvm::Type* result,
                                 ::llvm::ArrayRef<::llvm::Type*> parameters);

 private:
  void Declare(ir::FunctionId id);

  const ir::Module& source_;
  std::unique_ptr<::llvm::Module> target_;
  const unsigned vector_bits_;
  ir::Explanation* const explanation_;
  SiteTables tables_;
  std::vector<::llvm::Function*> functions_;
  ir::CallGraph calls_;
  std::vector<ArrayFacts> facts_;
  std::map<ir::FunctionId, ir::Independence> independence_;
  std::map<std::tuple<ir::FunctionId, ir::OpId, ir::ValueId>, uint32_t> first_atomics_;
};

class FunctionEmitter {
 public:
  FunctionEmitter(ModuleEmitter& module, ir::FunctionId id, ::llvm::Function* target);

  /// The body of a function that is called.
  void EmitCallable();
  /// The body of the module's entry.
  void EmitEntry();

  virtual ~FunctionEmitter() = default;
  FunctionEmitter(const FunctionEmitter&) = delete;
  FunctionEmitter& operator=(const FunctionEmitter&) = delete;

 protected:
  /// Goes on where `outer` stands, with its values, in the same function.
  explicit FunctionEmitter(FunctionEmitter& outer);
  using Value = ::llvm::Value;
  using Block = ::llvm::BasicBlock;

  // --- values (emit_function.cpp)
  Code& code(ir::ValueId id) { return codes_[id.index]; }
  Value* scalar(ir::ValueId id) { return codes_[id.index][0]; }
  Value* operand(const ir::Op& op, size_t i) { return scalar(function_.operand(op, i)); }
  ScalarType operand_type(const ir::Op& op, size_t i) const {
    return function_.type(function_.operand(op, i)).scalar;
  }
  /// The canonical bits of `count` operands, for the buffer.
  std::vector<Value*> OperandBits(const ir::Op& op, size_t first, size_t count);
  void Set(ir::ValueId id, Value* value) { codes_[id.index] = {value}; }
  Value* Int64(int64_t value) { return b_.getInt64(static_cast<uint64_t>(value)); }
  Block* NewBlock(const char* name);
  /// A variable of the stack that lives as long as the function.
  Value* StackSlot(::llvm::Type* type, const char* name);
  void EmitRegion(ir::RegionId id);
  std::vector<Code> YieldedOf(ir::RegionId id);
  virtual void EmitOp(ir::OpId id);
  void EmitScalarOp(ir::OpId id, const ir::Op& op);
  Value* ShapeValue(const ir::ShapeExpr& shape);

  // --- what is said of checks and loops (emit_faults.cpp)
  void Note(ir::OpId id, FaultKind fault, ir::CheckFate fate);
  void Note(const ir::Op& loop, unsigned lanes, std::string text = {});

  // --- sites and exits (emit_faults.cpp)
  uint32_t AddSite(Site site);
  Site FaultSite(ir::OpId id, FaultKind fault, uint32_t operands);
  void OpenScope(Scope::Kind kind, ir::OpId op,
                 const std::vector<std::pair<ScalarType, Value*>>& values);
  void CloseScope() { scope_ = module_.tables().scopes[scope_].outer; }
  /// The block that leaves from the current scope; its first instruction takes the site.
  Block* ExitOfScope();
  void Leave(uint32_t site);
  /// Leaves at `site` where `condition` holds, with the values that `operands` makes in the cold
  /// block.
  virtual void LeaveIf(Value* condition, const Site& site,
                       ::llvm::function_ref<std::vector<Value*>()> operands);
  void StoreOperands(const std::vector<Value*>& bits);
  Value* Slot(uint32_t index);
  void FinishBuffer();

  // --- memory (emit_memory.cpp)
  void EmitArray(ir::OpId id, const ir::Op& op);
  void EmitView(ir::OpId id, const ir::Op& op);
  void EmitMemoFind();
  void EmitMemoKeep();
  void EmitHeapArray(ir::OpId id, const ir::Op& op);
  /// Which new arrays of constant size live on the stack, by operation.
  static std::vector<bool> ChooseStackArrays(const ModuleEmitter& module, ir::FunctionId id);
  virtual bool HasHeapArrays(ir::RegionId region) const;
  void SetArray(const ir::Op& op, Value* data);
  void FillStackArray(Value* data, const ir::Op& op, uint64_t count);
  /// Stores `element` to the first `count` places of its type at `data`.
  void StoreToAll(Value* data, Value* element, uint64_t count);
  void EmitLoad(ir::OpId id, const ir::Op& op);
  void EmitStore(ir::OpId id, const ir::Op& op);
  void EmitAtomic(ir::OpId id, const ir::Op& op);
  void EmitPlainAtomic(ir::OpId id, const ir::Op& op, Value* address);
  void NoteOverflow(ir::OpId id, const ir::Op& op, Value* old, Value* change, bool subtracts,
                    Value* address, const std::vector<Value*>& indices_and_sizes);
  /// In a body: small arrays that it adds to have copies of its own, which are added to the arrays
  /// at its end (emit_private.cpp).
  void OpenPrivateCopies(ir::RegionId body, ir::RegionId region, Value* iterations);
  /// Goes on at `done` where there is a copy, which is added to, else here.
  void AddToPrivateCopy(ir::OpId id, const ir::Op& op, Value* address, Block* done);
  void ClosePrivateCopies();
  uint64_t MostChange(ir::RegionId region, ir::ValueId array) const;
  /// Leaves to calls of the same body what is more than `most_iterations_`.
  void DivideChunk(Value* begin, Value* end);
  bool IsOnlyAddedTo(ir::RegionId region, ir::ValueId array, Rule rule) const;
  uint32_t FirstAtomic(ir::OpId id, const ir::Op& op);
  /// The address of the element after its bounds check.
  Value* Locate(ir::OpId id, const ir::Op& op);
  std::vector<Value*> IndicesAndSizes(const ir::Op& op);
  void MarkAccess(::llvm::Instruction* access, ir::ValueId array);
  void FinishAliasScopes();
  Value* Descriptors(const ir::Op& op);
  void EmitSettle(ir::OpId id, const ir::Op& op);
  void EmitArrayEqual(ir::OpId id, const ir::Op& op);
  /// The arrays made on the heap since it was emitted go where Release is, but for `kept`.
  Value* Mark();
  void Release(Value* mark, const std::vector<Code>& kept, const std::vector<Type>& types);

  // --- control (emit_control.cpp)
  void EmitIf(const ir::Op& op);
  void EmitEither(Value* condition, std::span<const ir::ValueId> results,
                  ::llvm::function_ref<std::vector<Code>(size_t)> emit);
  Value* IsBelow(ScalarType type, Value* a, Value* b);
  void EmitFor(ir::OpId id, const ir::Op& op);
  void EmitLoop(ir::OpId id, const ir::Op& op);
  /// Whether the code of a loop may be there more than once.
  virtual bool MayRepeatLoops() const { return !is_spare_; }
  std::pair<Value*, std::vector<Code>> EmitWithAccumulators(ir::OpId id, const ir::Op& op,
                                                            const std::vector<ir::OpId>& combiners);
  Value* AreInBounds(const ir::Op& op, const std::vector<ir::OpId>& accesses);
  void EmitWhile(const ir::Op& op);
  /// Stands at the end of a round of a `while`.
  virtual void EndRound() {}
  void EmitFrame(ir::OpId id, const ir::Op& op);
  void EmitAttempt(const ir::Op& op);
  bool CanRunLanesIn(ir::RegionId region, bool has_threads);
  void EmitLanes(ir::OpId id, const ir::Op& op);
  void EmitLanesOneByOne(const ir::Op& op);
  void EmitCall(ir::OpId id, const ir::Op& op);
  void EmitPrint(ir::OpId id, const ir::Op& op);
  void EmitFail(ir::OpId id, const ir::Op& op);
  /// A range with its bounds: whether it has a value, and how many come after the first (unsigned).
  struct Range {
    ScalarType type = ScalarType::kI64;
    Value *from = nullptr, *to = nullptr, *step = nullptr;
    Value *has_value = nullptr, *last = nullptr;
  };
  Range EmitRange(ir::OpId id, const ir::Op& op, size_t number);
  using Slots = std::span<const ir::ValueId>;
  /// What comes together from several blocks, for the values that stand for it.
  virtual std::vector<Code> Phis(Slots slots);
  void AddIncoming(std::vector<Code>& phis, const std::vector<Code>& values, Block* from);
  /// The code of values as those of `slots` have theirs.
  virtual std::vector<Code> CodesFor(Slots values, Slots slots);
  std::vector<Code> EmitRegionFor(ir::RegionId id, Slots slots);
  std::vector<Type> TypesOf(Slots values) const;

  // --- parallel loops (emit_parallel.cpp)
  void EmitParallel(ir::OpId id, const ir::Op& op);
  void EmitOutlined(ir::OpId id, const ir::Op& op, const ir::LanePlan* plan);
  /// How to run a `parallel`, or a `for` that allows it, in lanes; null if it is not to be.
  virtual const ir::LanePlan* ChooseLanes(ir::OpId id, const ir::Op& op);
  /// The plan for lanes of an operation, made when first asked for.
  const ir::LanePlan& PlanOf(ir::OpId id);
  bool HasBetterLanes(ir::RegionId region);
  bool MayBeLanes(ir::OpId id, const ir::Op& op);
  Value* CountOf(const Range& range);
  struct Captured;
  void EmitBody(ir::OpId id, const ir::Op& op, const std::vector<ir::ValueId>& uses,
                const Captured& captured);
  /// A run of iterations that differ in the last range alone: numbers [from, to) of it.
  struct Row {
    Value* first = nullptr;       ///< its first iteration, of the flattened ranges
    std::vector<Value*> numbers;  ///< of the ranges; the last is not set
    Value *from = nullptr, *to = nullptr;
  };
  virtual void EmitRow(ir::OpId id, const ir::Op& op, Row& row);
  /// Sets the variables of the loop's first `count` ranges; answers them with their types.
  std::vector<std::pair<ScalarType, Value*>> SetVariables(const ir::Op& op, const Row& row,
                                                          size_t count);
  void CollectUses(ir::RegionId region, std::vector<bool>& inside,
                   std::vector<ir::ValueId>& uses) const;
  uint64_t WorkOf(ir::RegionId region) const;

  ModuleEmitter& module_;
  const ir::FunctionId id_;
  const ir::Function& function_;
  const ArrayFacts& facts_;
  const std::vector<bool> is_on_stack_;  ///< new arrays, by operation
  ::llvm::Function* target_;
  ::llvm::LLVMContext& context_;
  llvm_code::Builder b_;

  std::vector<Code> codes_;
  Value* state_ = nullptr;
  Value* depth_ = nullptr;  ///< null where there is no recursion
  uint32_t scope_ = Scope::kNone;
  ::llvm::AllocaInst* buffer_ = nullptr;
  uint32_t next_slot_ = 0;

  struct Exit {
    Block* block = nullptr;
    ::llvm::PHINode* site = nullptr;
  };
  std::map<uint32_t, Exit> exits_;  ///< by scope
  std::map<uint32_t, std::vector<std::pair<ScalarType, Value*>>> scope_values_;
  Block* instead_ = nullptr;  ///< in an attempt: where it is given up
  bool is_spare_ = false;     ///< its code runs only where other code has failed
  bool may_give_up_ = false;  ///< in a body: it belongs to an attempt
  std::map<ir::OpId, ir::LanePlan> lane_plans_;

  Value* linear_ = nullptr;  ///< in a body: the iteration, to be returned by a fault

  Value* memo_ = nullptr;  // arguments and results of a function whose results are kept
  bool is_body_ = false;
  ir::OpId body_op_;                   ///< in a body: its loop
  std::set<ir::OpId> checked_before_;  ///< accesses whose bounds were checked already
  std::vector<bool> made_here_;        ///< in a body: arrays of the iteration, by value
  struct PrivateCopy {
    ir::OpId add;              // one of the operations that it is for
    Value* is_used = nullptr;  // whether the array is small enough
    Value* count = nullptr;    // of its elements
    Value* elements = nullptr;
    bool may_wrap = true;  // whether sums in it may leave their range
  };
  std::map<uint32_t, PrivateCopy> private_copies_;                   ///< in a body: by array value
  uint64_t most_iterations_ = UINT64_MAX;                            ///< in a body: of a chunk
  std::vector<Value*> body_froms_, body_steps_, body_counts_;        ///< in a body: of its ranges
  std::vector<std::pair<::llvm::Instruction*, uint32_t>> accesses_;  ///< with their storage
};

}  // namespace einkorn::cpu
