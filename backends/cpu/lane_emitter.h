// The body of a parallel loop with neighbouring iterations of its last range side by side as the
// lanes of vectors.
//
// Values are as ir/lanes.h says: uniform ones have the code they have elsewhere; affine ones are
// the value of lane 0 as an i64, wherever it lies: lanes that are off may have values outside of
// the type; varying ones are vectors. Nothing here reports a fault. Checks of uniform and affine
// values are branches, taken for lane 0 and the last one; those of varying values are collected in
// vectors of flags, tested before a strip of lanes stores or ends. Where one is set, the exact code
// runs the strip again. Flags and conditions are frozen: a lane that has failed goes on with any
// values, and its checks that were proved need not hold.
#pragma once

#include <map>

#include "backends/cpu/emitter.h"
#include "ir/lanes.h"

namespace einkorn::cpu {

class LaneEmitter final : public FunctionEmitter {
 public:
  /// `exact` runs the same iterations one by one.
  LaneEmitter(ModuleEmitter& module, ir::FunctionId id, ::llvm::Function* target,
              const ir::LanePlan& plan, ::llvm::Function* exact);
  /// Lanes inside of other code, which goes on at `slow` if a check finds something.
  LaneEmitter(FunctionEmitter& outer, const ir::LanePlan& plan, Block* slow);

  unsigned width() const { return width_; }
  /// The code of an operation `lanes`, up to its results.
  std::vector<Value*> EmitMerged(const ir::Op& op);
  Block* InsertBlock() { return b_.GetInsertBlock(); }
  const auto& accesses() const { return accesses_; }

 private:
  // Values that are computed in more steps are not looked into.
  static constexpr int kLongestChain = 8;

  void UseWholeVectors();

  // --- strips of lanes
  void EmitRow(ir::OpId id, const ir::Op& op, Row& row) override;
  Value* UnalignedIterations(const ir::Op& op, const Row& row);
  Value* InFirstIteration(ir::ValueId index, const ir::Op& op, const Row& row);
  /// The lanes from iteration `row.numbers.back()` on: the first `count`, or all if it is null.
  void EmitStrip(const ir::Op& op, const Row& row, Value* count);
  bool IsDoneAgain(ir::OpId id) const;
  void EmitTail(Value* count, Value* linear, ::llvm::PHINode* again_from);
  void LeaveIf(Value* condition, const Site& site,
               ::llvm::function_ref<std::vector<Value*>()> operands) override;
  /// In any lane that is on, if it is a vector.
  void LeaveStripIf(Value* condition);
  /// `fails` is as FailIf has it.
  void Flag(Value* fails, unsigned bits);
  Value* AnySign(Value* lanes);
  /// The first half of the lanes, or for 1 the second one.
  Value* Half(Value* lanes, unsigned number);
  bool MayAddSaturating(const ir::Op& op) const;
  void EmitSaturatingSum(ir::OpId id, const ir::Op& op);
  void TestSums();
  void TestFlags();
  void EndRound() override { TestFlags(); }

  // --- values
  ir::LaneShape shape(ir::ValueId value) const { return plan_.shape(value); }
  ::llvm::Type* Wide(::llvm::Type* type) const;
  ::llvm::Type* TypeOf(ScalarType type) const;
  Value* Splat(Value* value);
  /// 0, `stride`, 2 * stride, … of an integer type.
  Value* Steps(::llvm::Type* type, Value* stride);
  /// The value in all lanes; of lane 0, uniform or affine, as an i64.
  Value* Lanes(ir::ValueId value);
  Value* AtLane0(ir::ValueId value);
  Code CodeFor(ir::ValueId value, ir::ValueId slot);
  std::vector<Code> CodesFor(Slots values, Slots slots) override;
  std::vector<Code> Phis(Slots slots) override;

  // --- masks: null where all lanes are on
  Value* And(Value* mask, Value* condition);
  Value* Masked(Value* condition) { return And(mask_, condition); }
  Value* AllOn();
  Value* Any(Value* lanes);
  /// What a loop carries on: `now` in the lanes that are on in `mask`, else `before`, but for what
  /// nobody asks for after the loop.
  std::vector<Code> Blend(Value* mask, const std::vector<Code>& now,
                          const std::vector<Code>& before, Slots results);
  std::vector<ir::ValueId> PartsOf(ir::ValueId condition) const;
  std::vector<Code> KeptPhis(Slots carried, Slots results, const std::vector<Code>& initial,
                             Block* before);
  std::vector<Code> Keep(Value* on, Slots values, const std::vector<Code>& kept);
  static std::vector<Code> Kept(const std::vector<Code>& carried, const std::vector<Code>& kept);

  // --- operations
  void EmitOp(ir::OpId id) override;
  bool IsUniform(const ir::Op& op) const;
  void EmitVarying(ir::OpId id, const ir::Op& op);
  void EmitAffine(ir::OpId id, const ir::Op& op);
  void CheckAffine(ir::OpId id, const ir::Op& op, Value* result);
  void EmitWrapped(const ir::Op& op);
  /// Takes note of where a sum or difference starts again if one of its operands does.
  void FollowWrapped(const ir::Op& op);
  bool HasHeapArrays(ir::RegionId) const override { return false; }
  bool MayRepeatLoops() const override { return false; }
  /// No lanes in lanes.
  const ir::LanePlan* ChooseLanes(ir::OpId, const ir::Op&) override { return nullptr; }
  void EmitLanesIf(const ir::Op& op);
  void EmitLanesFor(const ir::Op& op);
  void EmitLanesWhile(const ir::Op& op);
  bool MayFlag(const ir::Op& op) const;
  /// Whether only what was loaded, and constants, tell a value: passing a check of it says nothing
  /// about the variables of loops and what is outside.
  bool IsData(ir::ValueId value, int depth = kLongestChain) const;
  bool UsesData(ir::ValueId value, int depth = kLongestChain) const;
  bool ChecksOnlyData(const ir::Op& op) const;
  /// Tests flags before code that must not run where one is set, since the checks of it were proved
  /// with what was flagged.
  void TestFlagsBefore(const ir::Op& op);

  // --- elements
  struct Place {
    enum class Kind { kUniform, kConsecutive, kReversed, kScattered };
    Kind kind = Kind::kUniform;
    Value* address = nullptr;  ///< of lane 0, or a vector
  };
  void CheckPlace(ir::OpId id, const ir::Op& op);
  /// `is_even`: as if no index started again in this strip.
  Place Locate(const ir::Op& op, bool is_even);
  /// Whether an index starts again in this strip; null if indices vary in other ways too, or not.
  Value* StartsAgain(const ir::Op& op);
  /// Makes `emit(place)` for the elements where they are, or in two versions if indices start again
  /// somewhere; answers what it gave.
  Value* AtPlaces(const ir::Op& op, ::llvm::function_ref<Value*(Place)> emit);
  Place LocatePrivate(const ir::Op& op);
  void CheckBounds(ir::OpId id, const ir::Op& op);
  void EmitPrivateArray(const ir::Op& op);
  void EmitLanesLoad(ir::OpId id, const ir::Op& op);
  void EmitLanesStore(ir::OpId id, const ir::Op& op);
  Value* Reversed(Value* lanes);

  const ir::LanePlan& plan_;
  ::llvm::Function* exact_ = nullptr;
  unsigned width_;
  Value* mask_ = nullptr;
  /// Whether `mask_` may leave out lanes before the last one: what the first and the last lane have
  /// says nothing then.
  bool is_divergent_ = false;
  // Of the strip:
  struct Wrapped {
    Value* at_lane0;      // as an i64
    Value* starts_again;  // before the last lane that is on
  };
  std::map<uint32_t, Wrapped> wrapped_;  // by value
  Block* slow_ = nullptr;
  Block* tail_again_ = nullptr;          // in an iteration of a tail: where it fails
  Value* last_lane_ = nullptr;           // the number of the last lane that is on
  std::map<unsigned, Value*> flags_;     // variables by the bits of their lanes; set if negative
  ::llvm::BasicBlock* strip_ = nullptr;  // where it begins
  // Sums of small unsigned integers that were saturated since the last test, with their operands,
  // and those of them that went into no other one.
  struct Sum {
    Value *x, *y, *result;
  };
  std::vector<Sum> sums_;
  std::vector<Value*> last_sums_;
  int nesting_ = 0;              // of conditions and loops in the strip
  bool may_be_flagged_ = false;  // since the last test
  bool tells_more_ = false;      // flags may be of checks of other things than data
};

}  // namespace einkorn::cpu
