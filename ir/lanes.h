// Which values of a loop's body differ between its iterations, when many of them run at once as the
// lanes of vectors, and whether they may.
//
// A lane is an iteration of a loop (of the innermost range of a `parallel`), or one of `lanes`.
// Values are uniform (the same in all lanes), affine (integers a multiple of the lane's number
// apart), or varying. What a loop carries has the shape that it has for the lanes that are still in
// the loop: where each round adds one, it is uniform, and what it is once all have left may vary
// nevertheless. What stands under a varying condition runs under a mask. Where a check finds
// something in a group of lanes, exact code runs the iterations of the group again, one by one; so
// once something is done that cannot be repeated, no check may follow: after a store to an array
// that the body also reads.
//
// Where iterations need what others did at places that are found with data, as a histogram does,
// only what leads there runs in lanes; the rest, the tail, follows iteration by iteration.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

struct LaneShape {
  enum class Kind : uint8_t { kUniform, kAffine, kVarying };
  Kind kind = Kind::kUniform;
  /// kAffine: by how much the value grows from lane to lane; not 0. kVarying: the same, or 0, of
  /// what starts again somewhere, as `(i + 1) % n` does.
  int64_t stride = 0;

  static LaneShape Uniform() { return {}; }
  static LaneShape Varying() { return {Kind::kVarying, 0}; }
  static LaneShape Wrapped(int64_t stride) { return {Kind::kVarying, stride}; }
  static LaneShape Affine(int64_t stride) {
    return stride == 0 ? Uniform() : LaneShape{Kind::kAffine, stride};
  }
  bool is_uniform() const { return kind == Kind::kUniform; }
  bool is_affine() const { return kind == Kind::kAffine; }
  bool is_varying() const { return kind == Kind::kVarying; }
  bool is_wrapped() const { return kind == Kind::kVarying && stride != 0; }
  friend bool operator==(const LaneShape&, const LaneShape&) = default;
};

struct LanePlan {
  std::string refusal;            ///< why there can be no lanes, "it prints"; empty if there can
  bool is_independent = true;     ///< whether iterations may run in any order
  std::string loss;               ///< why they would be no faster than iterations one by one
  std::vector<LaneShape> shapes;  ///< by value; uniform for those from outside the loop
  std::vector<bool> is_private;   ///< by value: arrays that each lane has for itself
  std::vector<bool> is_used;      ///< by value: those that an operation of the loop takes
  /// Accesses whose elements lie next to each other from lane to lane, and others that differ;
  /// those in loops count more.
  uint64_t adjacent_accesses = 0, strided_accesses = 0;
  uint64_t even_accesses = 0;  ///< those of the strided ones that are the same distance apart
  uint64_t work = 0;         ///< of the other operations on vectors, in additions, weighted so too
  uint32_t varying_ops = 0;  ///< how many operations work on vectors
  int widest_bits = 8;       ///< the widest elements of these vectors
  /// Operations of the body that iterations do one after the other, in order, once the rest of a
  /// group of lanes is done: those that use elements which other iterations may change.
  std::vector<OpId> tail;

  bool is_possible() const { return refusal.empty(); }
  LaneShape shape(ValueId value) const { return shapes[value.index]; }
  bool IsInTail(OpId op) const { return std::ranges::find(tail, op) != tail.end(); }
};

/// `op` is a `parallel`, `lanes`, or `for` of `function`; `is_independent` whether its iterations
/// are, as ir/independence.h has it for a `for`.
LanePlan PlanLanes(const Function& function, OpId op, bool is_independent = true);

/// The regions of an operation that lanes run: of an `attempt` the second one.
std::span<const RegionId> LaneRegionsOf(const Function& function, const Op& op);

/// Whether lanes leave the loop, a `for` or `while` in the body, at different times.
bool IsDivergent(const Function& function, const LanePlan& plan, const Op& loop);

}  // namespace einkorn::ir
