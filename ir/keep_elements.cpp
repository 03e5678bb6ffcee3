// Elements that inner loops add to stay in registers.
//
// In `for p { for j { c[j] = f(c[j], p, j) } }` every element of c comes from memory and goes back
// once for each p. Where the iterations of the inner loop are independent and nothing in it can
// fail, the loops may be exchanged: each element meets the same operations in the same order. Short
// rows are taken for all p at once, and for all loops around that p as far as they are alike. Of
// longer ones an element is taken for a few p, so that memory is still read row by row.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ir/clone.h"
#include "ir/emitter.h"
#include "ir/independence.h"
#include "ir/loop_nest.h"
#include "ir/passes.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

// For how many p a longer row is taken.
constexpr size_t kTogether = 4;
// How many rows of a parallel loop around are taken side by side, so that they share what they
// read.
constexpr int64_t kRowsTogether = 4;
// Rows up to this length are short.
constexpr int64_t kShortRow = 64;

struct Nest {
  std::vector<OpId> outer;  // from the outermost loop to the one around `inner`
  OpId inner;
  OpId load, store;  // in `inner`: of the element that stays
};

class Finder {
 public:
  Finder(const Function& function, const Independence& independence)
      : function_(function), independence_(independence), is_inside_(function.values.size()) {}

  std::optional<Nest> Find(OpId outermost) {
    if (!IsPlainLoop(outermost)) return std::nullopt;
    MarkInside(function_, BodyOf(outermost), is_inside_);
    Nest nest;
    for (OpId loop = outermost;;) {
      nest.outer.push_back(loop);
      const auto inner = LoopAtEnd(loop);
      if (!inner || !HasFixedRange(function_, function_.op(*inner), is_inside_))
        return std::nullopt;
      nest.inner = *inner;
      if (IsInnermost(nest)) return nest;
      loop = *inner;
    }
  }

 private:
  RegionId BodyOf(OpId loop) const { return function_.region_of(function_.op(loop), 0); }

  bool IsPlainLoop(OpId id) const {
    return IsCountingLoop(function_, function_.op(id)) && CarriedCount(function_.op(id)) == 0;
  }

  // The loop that a body ends with, after operations that only compute.
  std::optional<OpId> LoopAtEnd(OpId loop) const {
    const auto& ops = function_.region(BodyOf(loop)).ops;
    if (ops.size() < 2 || !IsPlainLoop(ops[ops.size() - 2])) return std::nullopt;
    for (OpId id : std::span(ops).first(ops.size() - 2))
      if (!IsSimple(function_.op(id))) return std::nullopt;
    return ops[ops.size() - 2];
  }

  bool IsInnermost(Nest& nest) const {
    const RegionId body = BodyOf(nest.inner);
    nest.load = nest.store = {};
    for (OpId id : function_.region(body).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kYield) continue;
      if (op.opcode == Opcode::kStore) {
        if (op.checks != 0 || nest.store.valid()) return false;
        nest.store = id;
      } else if (!OnlyComputes(function_, op)) {
        return false;
      }
    }
    if (!nest.store.valid()) return false;
    const Op& store = function_.op(nest.store);
    const ValueId array = function_.operand(store, 0);
    if (is_inside_[array.index] || is_inside_[StorageOf(function_, array).index]) return false;
    for (ValueId index : Subscripts(store))
      if (!IsKnownFrom(function_, index, function_.region(body).arguments[0], is_inside_))
        return false;
    if (!FindLoad(nest, body)) return false;
    for (OpId loop : nest.outer)
      if (!LeavesElements(nest, BodyOf(loop))) return false;
    return independence_.Of(nest.inner);
  }

  std::span<const ValueId> Subscripts(const Op& access) const {
    return function_.operands(access).subspan(1, function_.type(function_.operand(access, 0)).rank);
  }

  bool FindLoad(Nest& nest, RegionId body) const {
    const Op& store = function_.op(nest.store);
    for (OpId id : function_.region(body).ops) {
      if (id == nest.store) break;
      const Op& op = function_.op(id);
      if (op.opcode != Opcode::kLoad || function_.operand(op, 0) != function_.operand(store, 0) ||
          !std::ranges::equal(Subscripts(op), Subscripts(store)))
        continue;
      nest.load = id;
    }
    return nest.load.valid();
  }

  // Whether nothing in the region but `load` reads an element that is stored in any iteration.
  bool LeavesElements(const Nest& nest, RegionId region) const {
    const Op& store = function_.op(nest.store);
    const ValueId storage = StorageOf(function_, function_.operand(store, 0));
    return std::ranges::all_of(function_.region(region).ops, [&](OpId id) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kLoad && id != nest.load) {
        const ValueId array = function_.operand(op, 0);
        const bool is_same = StorageOf(function_, array) == storage;
        if (is_same ? !independence_.NeverMeet(nest.store, id, is_inside_)
                    : MayBePartOf(function_, array, function_.operand(store, 0)))
          return false;
      }
      return std::ranges::all_of(function_.regions_of(op),
                                 [&](RegionId inner) { return LeavesElements(nest, inner); });
    });
  }

  const Function& function_;
  const Independence& independence_;
  std::vector<bool> is_inside_;  // the outermost loop
};

class Keeper : public LoopCloner {
 public:
  Keeper(const Function& source, Builder& target, Explanation* explanation)
      : LoopCloner(source, target), independence_(source), explanation_(explanation) {}

 protected:
  void CloneOp(OpId id) override {
    if (const auto rows = FindRows(id)) return TakeRowsTogether(*rows);
    if (const auto nest = Finder(source(), independence_).Find(id)) return Exchange(*nest);
    CopyOp(id);
  }

 private:
  void Explain(OpId loop, std::string text) {
    if (explanation_ == nullptr) return;
    const Op& op = source().op(loop);
    explanation_->Add(LoopNote{
        .range = op.range, .threads = op.opcode == Opcode::kParallel, .text = std::move(text)});
  }

  void Exchange(const Nest& nest) {
    for (OpId loop : nest.outer)
      Explain(loop, "it is in the loop in it, whose elements stay in registers");
    Emitter emit(target(), source().op(nest.inner).range);
    // Elements are stored only where the loops around are not empty.
    ValueId has_all = emit.Bool(true);
    for (OpId loop : nest.outer) {
      const LoopRange range = RangeOf(emit, loop);
      const ValueId has_some =
          emit.Binary(range.inclusive ? Opcode::kLe : Opcode::kLt, range.from, range.to);
      has_all = emit.Binary(Opcode::kAnd, has_all, has_some);
    }
    const auto none = [] { return Values(); };
    const auto at_once = [&] {
      AllAtOnce(emit, nest);
      return Values();
    };
    const auto by_and_by = [&] {
      ByAndBy(emit, nest, 0, {{}});
      return Values();
    };
    emit.If(
        has_all,
        [&] {
          const LoopRange last = RangeOf(emit, nest.outer.back());
          if (last.inclusive) return at_once();
          const LoopRange row = RangeOf(emit, nest.inner);
          const ScalarType type = emit.type(row.from);
          const ValueId length = emit.Binary(Opcode::kSub, row.to, row.from);
          const ValueId is_short = emit.Binary(Opcode::kLt, length, emit.Integer(type, kShortRow));
          const ValueId is_odd =
              emit.Binary(Opcode::kLt, last.from, emit.Zero(emit.type(last.from)));
          return emit.If(emit.Binary(Opcode::kOr, is_short, is_odd), at_once, by_and_by);
        },
        none);
  }

  // An iteration of a loop around, but for the loop in it.
  void Begin(OpId loop, ValueId number) {
    Bind(VariableOf(loop), number);
    for (OpId id : Before(loop)) CopyOp(id);
  }

  // Values that stand for others.
  using Bindings = std::vector<std::pair<ValueId, ValueId>>;

  void BindAll(const Bindings& bindings) {
    for (const auto& [value, copy] : bindings) Bind(value, copy);
  }

  // `change` of each element of the row that the inner loop stores. With several rows, whose
  // bindings are given, of one element of each.
  void ForElements(Emitter& emit, const Nest& nest, const std::vector<Bindings>& rows,
                   const std::function<void(Values&)>& change) {
    emit.For(RangeOf(emit, nest.inner), {}, [&](ValueId number, const Values&) {
      Bind(VariableOf(nest.inner), number);
      const Op &load = source().op(nest.load), &store = source().op(nest.store);
      std::vector<RegionId> regions;
      for (OpId loop : nest.outer) regions.push_back(BodyOf(loop));
      regions.push_back(BodyOf(nest.inner));
      Values elements;
      for (const Bindings& row : rows) {
        BindAll(row);
        CloneSubscripts(regions, nest.load);
        CopyOp(nest.load);
        elements.push_back(Map(source().result(load)));
      }
      change(elements);
      for (size_t r = 0; r < rows.size(); ++r) {
        BindAll(rows[r]);
        CloneSubscripts(regions, nest.load);
        // It may stand for something else elsewhere.
        const ValueId stored = source().operand(store, store.operands.count - 1);
        const ValueId before = Map(stored);
        Bind(stored, elements[r]);
        CopyOp(nest.store);
        Bind(stored, before);
      }
      return Values();
    });
  }

  // What one iteration of the inner loop makes of its element.
  ValueId Changed(const Nest& nest, ValueId element) {
    for (OpId id : source().region(BodyOf(nest.inner)).ops) {
      const Op& op = source().op(id);
      if (id == nest.load)
        Bind(source().result(op), element);
      else if (id == nest.store)
        return Map(source().operand(op, op.operands.count - 1));
      else
        CopyOp(id);
    }
    return element;
  }

  void AllAtOnce(Emitter& emit, const Nest& nest) {
    const std::function<ValueId(size_t, ValueId)> through = [&](size_t level, ValueId element) {
      if (level == nest.outer.size()) return Changed(nest, element);
      const OpId loop = nest.outer[level];
      return emit.For(RangeOf(emit, loop), {element}, [&](ValueId number, const Values& carried) {
        Begin(loop, number);
        return Values{through(level + 1, carried[0])};
      })[0];
    };
    ForElements(emit, nest, {{}}, [&](Values& elements) { elements[0] = through(0, elements[0]); });
  }

  void ByAndBy(Emitter& emit, const Nest& nest, size_t level, const std::vector<Bindings>& rows) {
    const OpId loop = nest.outer[level];
    const LoopRange range = RangeOf(emit, loop);
    if (level + 1 < nest.outer.size()) {
      emit.For(range, {}, [&](ValueId number, const Values&) {
        Begin(loop, number);
        ByAndBy(emit, nest, level + 1, rows);
        return Values();
      });
      return;
    }
    const ScalarType type = emit.type(range.from);
    const auto constant = [&](size_t value) {
      return emit.Integer(type, static_cast<Int128>(value));
    };
    const ValueId end = emit.Exact(Opcode::kSub, range.to, constant(kTogether - 1));
    emit.For({range.from, end, constant(kTogether)}, {}, [&](ValueId first, const Values&) {
      Together(emit, nest, rows, first, kTogether);
      return Values();
    });
    const ValueId count = emit.Exact(Opcode::kSub, range.to, range.from);
    const ValueId rest = emit.Binary(Opcode::kRem, count, constant(kTogether));
    emit.For({emit.Exact(Opcode::kSub, range.to, rest), range.to, constant(1)}, {},
             [&](ValueId number, const Values&) {
               Together(emit, nest, rows, number, 1);
               return Values();
             });
  }

  // The rows for `count` iterations of the loop around them.
  void Together(Emitter& emit, const Nest& nest, const std::vector<Bindings>& rows, ValueId first,
                size_t count) {
    const OpId loop = nest.outer.back();
    const ScalarType type = emit.type(first);
    std::vector<std::vector<Bindings>> turns(count);  // by iteration and row
    for (size_t t = 0; t < count; ++t) {
      const ValueId number =
          t == 0 ? first
                 : emit.Exact(Opcode::kAdd, first, emit.Integer(type, static_cast<Int128>(t)));
      for (const Bindings& row : rows) {
        BindAll(row);
        Begin(loop, number);
        Bindings& turn = turns[t].emplace_back(row);
        turn.emplace_back(VariableOf(loop), number);
        for (OpId id : Before(loop))
          for (ValueId result : source().results_of(source().op(id)))
            turn.emplace_back(result, Map(result));
      }
    }
    ForElements(emit, nest, turns[0], [&](Values& elements) {
      for (const std::vector<Bindings>& turn : turns)
        for (size_t r = 0; r < rows.size(); ++r) {
          BindAll(turn[r]);
          elements[r] = Changed(nest, elements[r]);
        }
    });
  }

  // --- Several iterations of a parallel loop around

  // A parallel loop over rows with a nest in it.
  struct Rows {
    OpId loop;
    Nest nest;
  };

  // Nothing in it can fail, and what comes before and after the nest does not meet it but in
  // memory.
  std::optional<Rows> FindRows(OpId id) const {
    const Op& op = source().op(id);
    if (op.opcode != Opcode::kParallel || op.operands.count != 3 || op.immediate != 0 ||
        MayFaultDeep(source(), op) ||
        source().type(source().operand(op, 1)).scalar != ScalarType::kI64)
      return std::nullopt;
    const Op* from = source().ConstantOf(source().operand(op, 0));
    const Op* step = source().ConstantOf(source().operand(op, 2));
    if (from == nullptr || from->immediate != 0 || step == nullptr || step->immediate != 1)
      return std::nullopt;
    std::optional<Rows> found;
    std::vector<bool> inside(source().values.size());
    MarkInside(source(), source().region_of(op, 0), inside);
    for (OpId inner : source().region(source().region_of(op, 0)).ops) {
      const Op& part = source().op(inner);
      if (part.opcode == Opcode::kFor) {
        if (part.results.count > 0 || !OnlyUsesMemory(part)) return std::nullopt;
        const auto nest = Finder(source(), independence_).Find(inner);
        if (!nest || nest->outer.size() > 1) continue;
        if (found || !HasFixedRange(source(), source().op(nest->outer[0]), inside) ||
            !HasFixedRange(source(), source().op(nest->inner), inside) ||
            (source().op(nest->outer[0]).immediate & kForInclusive) != 0)
          return std::nullopt;
        found = Rows{id, *nest};
      } else if (part.opcode != Opcode::kYield && part.opcode != Opcode::kConstant &&
                 !HasScalarMeaning(part.opcode)) {
        return std::nullopt;
      }
    }
    return found;
  }

  bool OnlyUsesMemory(const Op& op) const {
    switch (op.opcode) {
      case Opcode::kYield:
      case Opcode::kConstant:
      case Opcode::kLoad:
      case Opcode::kStore:
      case Opcode::kFor:
      case Opcode::kIf:
      case Opcode::kFrame:
        break;
      default:
        if (!HasScalarMeaning(op.opcode)) return false;
    }
    return std::ranges::all_of(source().regions_of(op), [&](RegionId region) {
      return std::ranges::all_of(source().region(region).ops,
                                 [&](OpId id) { return OnlyUsesMemory(source().op(id)); });
    });
  }

  void TakeRowsTogether(const Rows& rows) {
    const Op& op = source().op(rows.loop);
    const RegionId body = source().region_of(op, 0);
    const ValueId variable = source().region(body).arguments[0];
    Explain(rows.loop, fmt::format("lanes are in it, for {} iterations at a time", kRowsTogether));
    Emitter emit(target(), op.range);
    Emitter inner(target(), source().op(rows.nest.inner).range);
    const ValueId end = Map(source().operand(op, 1));
    const ValueId many = emit.Int64(kRowsTogether);
    // All of an iteration, or the loops before or after the nest.
    const auto part = [&](ValueId row, bool has_before, bool has_after) {
      Bind(variable, row);
      bool is_after = false;
      for (OpId id : source().region(body).ops) {
        if (source().op(id).opcode == Opcode::kYield) break;
        const bool is_nest = id == rows.nest.outer[0];
        const bool is_simple = source().op(id).opcode != Opcode::kFor;
        if (is_simple || (is_nest ? has_before && has_after : is_after ? has_after : has_before))
          CloneOp(id);
        is_after = is_after || is_nest;
      }
    };
    const auto each = [&](ValueId from, ValueId to, bool has_before, bool has_after) {
      emit.For({from, to, emit.Int64(1)}, {}, [&](ValueId row, const Values&) {
        part(row, has_before, has_after);
        return Values();
      });
    };
    emit.Parallel(emit.QuotientUp(end, many), [&](ValueId block) {
      const ValueId first = emit.Exact(Opcode::kMul, block, many);
      const ValueId after = emit.Exact(Opcode::kAdd, first, many);
      Bind(variable, first);
      const LoopRange around = RangeOf(emit, rows.nest.outer[0]);
      const LoopRange row = RangeOf(emit, rows.nest.inner);
      const ValueId length = emit.Binary(Opcode::kSub, row.to, row.from);
      const auto all_of = [&](ValueId a, ValueId b) { return emit.Binary(Opcode::kAnd, a, b); };
      const ValueId suits = all_of(
          all_of(emit.Binary(Opcode::kLe, after, end),
                 emit.Binary(Opcode::kGe, around.from, emit.Zero(emit.type(around.from)))),
          all_of(emit.Binary(Opcode::kLt, around.from, around.to),
                 emit.Binary(Opcode::kGe, length, emit.Integer(emit.type(length), kShortRow))));
      emit.If(
          suits,
          [&] {
            each(first, after, true, false);
            std::vector<Bindings> bindings;
            for (int64_t r = 0; r < kRowsTogether; ++r) {
              const ValueId number = emit.Exact(Opcode::kAdd, first, emit.Int64(r));
              Bindings& made = bindings.emplace_back();
              made.emplace_back(variable, number);
              Bind(variable, number);
              for (OpId id : source().region(body).ops) {
                if (source().op(id).regions.count > 0) continue;
                if (source().op(id).opcode == Opcode::kYield) break;
                CopyOp(id);
                const ValueId result = source().result(source().op(id));
                made.emplace_back(result, Map(result));
              }
            }
            ByAndBy(inner, rows.nest, 0, bindings);
            each(first, after, false, true);
            return Values();
          },
          [&] {
            each(first, emit.Binary(Opcode::kMin, after, end), true, true);
            return Values();
          });
    });
  }

  const Independence independence_;
  Explanation* const explanation_;
};

}  // namespace

void KeepElements(Function& function, Explanation* explanation) {
  const Independence independence(function);
  bool has_any = false;
  for (size_t i = 0; i < function.ops.size() && !has_any; ++i)
    has_any = function.ops[i].opcode == Opcode::kFor &&
              Finder(function, independence).Find(OpId(i)).has_value();
  if (has_any) RebuildWith<Keeper>(function, explanation);
}

}  // namespace einkorn::ir
