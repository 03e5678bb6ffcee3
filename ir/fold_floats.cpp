// Floating sums and products: lanes in blocks, blocks in pairs.
#include <optional>

#include "ir/reduction_fold.h"

namespace einkorn::ir {
namespace {

constexpr uint64_t kShortTerms = 32;  // up to so many are folded from left to right
constexpr int64_t kLevels = 64;       // of pairs of blocks: more than a count of 64 bits can need

struct FloatOperation {
  Opcode opcode;
  ScalarType type;
  double identity;

  ValueId Combine(Emitter& emit, ValueId a, ValueId b) const { return emit.Binary(opcode, a, b); }
  ValueId Identity(Emitter& emit) const { return emit.Float(type, identity); }

  // `folded` with one more term. A term left out becomes the identity instead of a choice between
  // two sums, so that the chain of sums is short.
  ValueId Take(Emitter& emit, ValueId folded, const Term& term) const {
    const ValueId value = emit.Convert(
        type, ValueOrIdentity(emit, term, emit.Float(emit.type(term.value), identity)));
    if (!term.factor.valid()) return Combine(emit, folded, value);
    Term factor = term;
    factor.value = term.factor;
    return emit.Fma(value, ValueOrIdentity(emit, factor, emit.Float(type, 1.0)), folded);
  }
};

// From left to right.
class ShortFold : public Fold {
 public:
  explicit ShortFold(FloatOperation operation) : operation_(operation) {}

  Values Start(Emitter& emit, ValueId) override { return {operation_.Identity(emit)}; }
  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    return {operation_.Take(emit, carried[0], term)};
  }
  Values Finish(Emitter&, const Values& carried) override { return carried; }
  // The lanes of a block are so merged.
  Values Merge(Emitter& emit, const Values& a, const Values& b) override {
    return {operation_.Combine(emit, a[0], b[0])};
  }

 private:
  FloatOperation operation_;
};

// The results of 2^level blocks, of which those exist whose bit is set in the number of blocks.
class BlockTree {
 public:
  BlockTree(Emitter& emit, FloatOperation operation)
      : operation_(operation), partial_(emit.Array(operation.type, kLevels)) {}

  // Adds one to the number of blocks, whose carries say which results are folded in pairs.
  ValueId Add(Emitter& emit, ValueId blocks, ValueId result) {
    const auto carries = [&](const Values& v) { return IsSet(emit, blocks, v[0]); };
    const auto fold = [&](const Values& v) {
      return Values{emit.Binary(Opcode::kAdd, v[0], emit.Int64(1)), FoldLevel(emit, v[0], v[1])};
    };
    const Values placed = emit.While({emit.Int64(0), result}, carries, fold);
    emit.Store(partial_, placed[0], placed[1]);
    return emit.Binary(Opcode::kAdd, blocks, emit.Int64(1));
  }

  // The short block at the end is folded with what there is on each level, the lowest first.
  ValueId Finish(Emitter& emit, ValueId blocks, ValueId last) {
    const auto more = [&](const Values& v) {
      return emit.Binary(Opcode::kNe, v[0], emit.Int64(0));
    };
    const auto next = [&](const Values& v) {
      const ValueId exists = IsSet(emit, v[0], emit.Int64(0));
      const auto folded = [&] { return Values{FoldLevel(emit, v[1], v[2])}; };
      const ValueId result = emit.If(exists, folded, [&] { return Values{v[2]}; })[0];
      return Values{emit.Binary(Opcode::kShr, v[0], emit.Int64(1)),
                    emit.Binary(Opcode::kAdd, v[1], emit.Int64(1)), result};
    };
    return emit.While({blocks, emit.Int64(0), last}, more, next)[2];
  }

 private:
  static ValueId IsSet(Emitter& emit, ValueId bits, ValueId level) {
    const ValueId bit =
        emit.Binary(Opcode::kAnd, emit.Binary(Opcode::kShr, bits, level), emit.Int64(1));
    return emit.Binary(Opcode::kNe, bit, emit.Int64(0));
  }

  // The result of the blocks on `level` with what came after them.
  ValueId FoldLevel(Emitter& emit, ValueId level, ValueId later) {
    return operation_.Combine(emit, emit.Load(partial_, level), later);
  }

  FloatOperation operation_;
  ValueId partial_;
};

class FloatBlocks : public BlockFold {
 public:
  explicit FloatBlocks(FloatOperation operation) : operation_(operation), in_lane_(operation) {}

  Fold& InLane() override { return in_lane_; }
  Values Start(Emitter& emit) override {
    tree_.emplace(emit, operation_);
    return {emit.Int64(0)};
  }
  Values Step(Emitter& emit, const Values& carried, const Values& block) override {
    return {tree_->Add(emit, carried[0], block[0])};
  }
  Values Finish(Emitter& emit, const Values& carried, const Values& last) override {
    return {tree_->Finish(emit, carried[0], last[0])};
  }

 private:
  FloatOperation operation_;
  ShortFold in_lane_;
  std::optional<BlockTree> tree_;
};

// Carries the position in the block and how many blocks are finished. The lanes lie in an array.
// With few terms all of them go to lane 0, in order; the identities in the other lanes change
// nothing.
class LaneFold : public Fold {
 public:
  explicit LaneFold(FloatOperation operation) : operation_(operation) {}

  Values Start(Emitter& emit, ValueId terms) override {
    lanes_ = emit.Array(operation_.type, kLaneCount, operation_.Identity(emit));
    tree_.emplace(emit, operation_);
    mask_ = emit.Int64(kLaneCount - 1);
    if (terms.valid()) {
      const ValueId is_short =
          emit.Binary(Opcode::kLe, terms, emit.Integer(ScalarType::kU64, kShortTerms));
      mask_ = emit.Select(is_short, emit.Int64(0), mask_);
    }
    return {emit.Int64(0), emit.Int64(0)};
  }

  Values Step(Emitter& emit, const Values& carried, const Term& term) override {
    const ValueId position = carried[0], blocks = carried[1];
    const ValueId lane = emit.Binary(Opcode::kAnd, position, mask_);
    emit.Store(lanes_, lane, operation_.Take(emit, emit.Load(lanes_, lane), term));
    const ValueId next = emit.Binary(Opcode::kAdd, position, emit.Int64(1));
    const ValueId is_full = emit.Binary(Opcode::kEq, next, emit.Int64(BlockFold::kBlockTerms));
    const auto full = [&] { return Values{emit.Int64(0), FinishBlock(emit, blocks)}; };
    return emit.If(is_full, full, [&] { return Values{next, blocks}; });
  }

  Values Finish(Emitter& emit, const Values& carried) override {
    return {tree_->Finish(emit, carried[1], FoldLanes(emit))};
  }

 private:
  // By halves, into lane 0.
  ValueId FoldLanes(Emitter& emit) {
    emit.For(emit.Int64(5), {}, [&](ValueId half, const Values&) {
      const ValueId width = emit.Binary(Opcode::kShr, emit.Int64(kLaneCount / 2), half);
      emit.For(width, {}, [&](ValueId lane, const Values&) {
        const ValueId other = emit.Load(lanes_, emit.Binary(Opcode::kAdd, lane, width));
        emit.Store(lanes_, lane, operation_.Combine(emit, emit.Load(lanes_, lane), other));
        return Values();
      });
      return Values();
    });
    return emit.Load(lanes_, emit.Int64(0));
  }

  ValueId FinishBlock(Emitter& emit, ValueId blocks) {
    const ValueId block = FoldLanes(emit);
    emit.For(emit.Int64(kLaneCount), {}, [&](ValueId lane, const Values&) {
      emit.Store(lanes_, lane, operation_.Identity(emit));
      return Values();
    });
    return tree_->Add(emit, blocks, block);
  }

  FloatOperation operation_;
  ValueId lanes_, mask_;
  std::optional<BlockTree> tree_;
};

}  // namespace

ReductionPlan PlanFloatFold(const ReductionFacts& facts) {
  const bool is_sum = facts.kind == ReduceKind::kSum;
  const FloatOperation operation{is_sum ? Opcode::kAdd : Opcode::kMul, facts.result,
                                 is_sum ? -0.0 : 1.0};
  ReductionPlan plan;
  plan.few = std::make_unique<ShortFold>(operation);
  plan.most_few = kShortTerms;
  plan.general = std::make_unique<LaneFold>(operation);
  plan.blocks = std::make_unique<FloatBlocks>(operation);
  plan.conclude = [is_sum](Emitter& emit, const Values& summary) {
    // So that an empty sum is 0.0.
    return is_sum ? emit.Binary(Opcode::kAdd, summary[0], emit.Float(emit.type(summary[0]), 0.0))
                  : summary[0];
  };
  return plan;
}

}  // namespace einkorn::ir
