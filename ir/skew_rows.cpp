// Rows that depend on each other, a few at a time.
//
// In `for i { for j { t[i, j] = f(t[i - 1, j + 1], t[i, j - 1], …) } }` neither loop has
// independent iterations, and each element waits for the one before. Several rows are taken
// together, each a few columns behind the row above it, so that all it needs is there; the
// processor works on them side by side. This is L. Lamport's hyperplane method ("The parallel
// execution of DO loops", Communications of the ACM 17 (1974)) for as many rows as pay. It is done
// for floats, whose operations take long, where nothing can fail: a report names the first failure
// in the order of the program.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "ir/affine.h"
#include "ir/clone.h"
#include "ir/emitter.h"
#include "ir/loop_nest.h"
#include "ir/passes.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

constexpr int64_t kRows = 4;
// Rows that lie further apart in time are too far apart in memory, too.
constexpr int64_t kMostSkew = 8;

// An access to t[i + row, j + column].
struct Access {
  OpId op;
  bool is_write = false;
  int64_t row = 0;
  std::optional<int64_t> column;  // none before the inner loop, where it is anything
};

struct Table {
  ValueId array;
  std::vector<Access> accesses;
};

struct Nest {
  OpId outer, inner;
  std::vector<Table> tables;  // those that are written
  int64_t skew = 0;
};

class Finder {
 public:
  explicit Finder(const Function& function) : function_(function), forms_(function) {
    forms_.DefineIn(function.body);
  }

  std::optional<Nest> Find(OpId outer) {
    const Op& op = function_.op(outer);
    if (!IsCountingLoop(function_, op) || CarriedCount(op) > 0) return std::nullopt;
    const RegionId body = function_.region_of(op, 0);
    const auto& ops = function_.region(body).ops;
    if (ops.size() < 2) return std::nullopt;
    Nest nest;
    nest.outer = outer;
    nest.inner = ops[ops.size() - 2];
    const Op& inner = function_.op(nest.inner);
    if (!IsCountingLoop(function_, inner) || CarriedCount(inner) > 0) return std::nullopt;
    is_inside_.assign(function_.values.size(), false);
    MarkInside(function_, body, is_inside_);
    if (!HasFixedRange(function_, inner, is_inside_)) return std::nullopt;
    row_ = function_.region(body).arguments[0];
    column_ = function_.region(function_.region_of(inner, 0)).arguments[0];
    if (!FindTables(nest, body, false) || nest.tables.empty()) return std::nullopt;
    return FindSkew(nest) ? std::optional(std::move(nest)) : std::nullopt;
  }

 private:
  // Answers false where something stands there that is not looked into.
  bool FindTables(Nest& nest, RegionId region, bool is_in_inner) {
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kStore)
        TableOf(nest, function_.operand(op, 0));
      else if (id == nest.inner && !is_in_inner) {
        if (!FindTables(nest, function_.region_of(op, 0), true)) return false;
      } else if (op.opcode != Opcode::kYield && !OnlyComputes(function_, op)) {
        return false;
      }
    }
    if (is_in_inner) return true;
    return AddAccesses(nest, region, false);
  }

  Table& TableOf(Nest& nest, ValueId array) {
    for (Table& table : nest.tables)
      if (table.array == array) return table;
    return nest.tables.emplace_back(Table{array, {}});
  }

  // Of the arrays that are written.
  bool AddAccesses(Nest& nest, RegionId region, bool is_in_inner) {
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kLoad || op.opcode == Opcode::kStore) {
        const ValueId array = function_.operand(op, 0);
        for (Table& table : nest.tables) {
          if (StorageOf(function_, table.array) != StorageOf(function_, array)) {
            if (MayBePartOf(function_, array, table.array)) return false;
            continue;
          }
          if (table.array != array || op.checks != 0 || is_inside_[array.index] ||
              !AddAccess(table, id, is_in_inner))
            return false;
        }
      }
      for (RegionId inner : function_.regions_of(op))
        if (!AddAccesses(nest, inner, is_in_inner || id == nest.inner)) return false;
    }
    return true;
  }

  bool AddAccess(Table& table, OpId id, bool is_in_inner) const {
    const Op& op = function_.op(id);
    const Type type = function_.type(table.array);
    if (type.rank != 2 || !IsFloat(type.scalar)) return false;
    const Affine row = forms_.Of(function_.operand(op, 1));
    const Affine column = forms_.Of(function_.operand(op, 2));
    if (row.terms != Affine::Value(row_).terms) return false;
    Access access{
        .op = id, .is_write = op.opcode == Opcode::kStore, .row = row.constant, .column = {}};
    if (is_in_inner) {
      if (column.terms != Affine::Value(column_).terms) return false;
      access.column = column.constant;
    }
    table.accesses.push_back(access);
    return true;
  }

  // By how many columns a row has to stay behind the one above: one more than the order of any two
  // accesses asks for, so that no row waits for another one in the same round.
  bool FindSkew(Nest& nest) const {
    bool waits_in_row = false;
    nest.skew = 1;
    for (const Table& table : nest.tables) {
      for (const Access& first : table.accesses) {
        if (first.is_write && first.column && *first.column != 0) return false;
        if (first.is_write && first.row != 0) return false;
        // It would be loaded again after stores of the row.
        if (!first.is_write && !first.column) return false;
        waits_in_row = waits_in_row ||
                       (!first.is_write && first.row == 0 && first.column && *first.column < 0);
        for (const Access& second : table.accesses) {
          const int64_t apart = first.row - second.row;
          if ((!first.is_write && !second.is_write) || apart <= 0) continue;
          // What stands before the inner loop is done for all rows first.
          if (!first.column) continue;
          if (!second.column) return false;
          if (apart >= kRows) continue;
          const int64_t needed = *second.column - *first.column;
          while (nest.skew * apart <= needed) ++nest.skew;
          if (nest.skew > kMostSkew) return false;
        }
      }
    }
    return waits_in_row;
  }

  const Function& function_;
  AffineForms forms_;
  std::vector<bool> is_inside_;
  ValueId row_, column_;
};

class Skewer : public LoopCloner {
 public:
  Skewer(const Function& source, Builder& target, Explanation* explanation)
      : LoopCloner(source, target), finder_(source), explanation_(explanation) {}

 protected:
  void CloneOp(OpId id) override {
    if (source().op(id).opcode == Opcode::kFor)
      if (const auto nest = finder_.Find(id)) return TakeTogether(*nest);
    CopyOp(id);
  }

 private:
  // Blocks of rows as far as there are enough of them; then the loop as it was for the others.
  void TakeTogether(const Nest& nest) {
    const Op& outer = op(nest.outer);
    if (explanation_ != nullptr)
      explanation_->Add(LoopNote{
          .range = outer.range,
          .text = fmt::format("it needs what earlier iterations did; {} at a time, {} steps of the "
                              "inner loop apart",
                              kRows, nest.skew)});
    Emitter emit(target(), outer.range);
    const ValueId from = Map(source().operand(outer, 0)), to = Map(source().operand(outer, 1));
    const LoopRange columns = RangeOf(emit, nest.inner);
    const ValueId low = columns.from, high = columns.to;
    // Where ends of ranges are far from those of their types.
    ValueId suits = emit.Bool(true);
    const auto require = [&](Opcode comparison, ValueId value, Int128 limit) {
      const ValueId holds = emit.Binary(comparison, value, emit.Integer(emit.type(value), limit));
      suits = emit.Binary(Opcode::kAnd, suits, holds);
    };
    for (ValueId end : {from, to, low, high}) {
      require(Opcode::kGe, end, LeastOf(emit.type(end)) / 4);
      require(Opcode::kLe, end, GreatestOf(emit.type(end)) / 4);
    }
    const ValueId length = emit.Binary(Opcode::kSub, high, low);
    require(Opcode::kGt, length, kRows * nest.skew);
    const auto past = [&](OpId loop, ValueId end) {
      return (op(loop).immediate & kForInclusive) != 0 ? Plus(emit, end, 1) : end;
    };
    const auto blocks = [&] {
      const ValueId rows = emit.Exact(Opcode::kSub, past(nest.outer, to), from);
      const ValueId many = emit.Integer(emit.type(from), kRows);
      const ValueId count = emit.Binary(Opcode::kDiv, rows, many);
      emit.For(count, {}, [&](ValueId block, const Values&) {
        const ValueId first = emit.Exact(Opcode::kAdd, from, emit.Exact(Opcode::kMul, block, many));
        Rows(emit, nest, first, low, past(nest.inner, high));
        return Values();
      });
      const ValueId none = emit.Zero(emit.type(from));
      const ValueId taken = emit.Exact(Opcode::kMul, emit.Binary(Opcode::kMax, count, none), many);
      return Values{emit.Exact(Opcode::kAdd, from, taken)};
    };
    const ValueId rest = emit.If(suits, blocks, [&] { return Values{from}; })[0];
    Function& made = target().function();
    made.value_pool[made.op(CopyOp(nest.outer)).operands.begin] = rest;
  }

  static ValueId Plus(Emitter& emit, ValueId value, int64_t more) {
    return emit.Exact(Opcode::kAdd, value, emit.Integer(emit.type(value), more));
  }

  // What comes before the inner loop, for one row.
  void Begin(const Nest& nest, ValueId row, bool with_stores) {
    Bind(VariableOf(nest.outer), row);
    for (OpId id : Before(nest.outer))
      if (with_stores || op(id).opcode != Opcode::kStore) CopyOp(id);
  }

  // Row `first` and those below it.
  void Rows(Emitter& emit, const Nest& nest, ValueId first, ValueId low, ValueId high) {
    for (int64_t r = 0; r < kRows; ++r) Begin(nest, Plus(emit, first, r), true);
    // The columns that a row is ahead of the last one.
    const ValueId start = Plus(emit, low, nest.skew * (kRows - 1));
    Corner(emit, nest, first, 0, kRows - 1,
           [&](ValueId behind) { return std::pair(low, emit.Exact(Opcode::kSub, start, behind)); });

    // All rows; each keeps its last elements.
    const std::vector<ValueId> kept = KeptOf(nest);
    const std::vector<OpId> repeated = RepeatedLoads(nest);
    std::vector<Values> bindings;
    Values state;
    for (int64_t r = 0; r < kRows; ++r) {
      Begin(nest, Plus(emit, first, r), false);
      bindings.push_back(Map(kept));
      Bind(VariableOf(nest.inner), Plus(emit, start, -nest.skew * r));
      for (OpId id : repeated) {
        CloneSubscripts(std::array{BodyOf(nest.inner)}, id);
        CopyOp(id);
        state.push_back(Map(source().result(op(id))));
      }
    }
    const LoopRange range{start, high, emit.Integer(emit.type(low), 1)};
    emit.For(range, state, [&](ValueId time, const Values& before) {
      Values after;
      for (size_t r = 0; r < kRows; ++r) {
        for (size_t k = 0; k < kept.size(); ++k) Bind(kept[k], bindings[r][k]);
        const auto last = std::span(before).subspan(r * repeated.size(), repeated.size());
        Element(nest, Plus(emit, time, -nest.skew * static_cast<int64_t>(r)), repeated, last);
        for (OpId id : repeated) after.push_back(StoredTo(nest, source().operand(op(id), 0)));
      }
      return after;
    });
    // The columns that it is behind the first one.
    Corner(emit, nest, first, 1, kRows,
           [&](ValueId behind) { return std::pair(emit.Exact(Opcode::kSub, high, behind), high); });
  }

  // Rows `from` to `to` of a block one after the other, between columns that depend on how far they
  // are behind.
  void Corner(Emitter& emit, const Nest& nest, ValueId first, int64_t from, int64_t to,
              const std::function<std::pair<ValueId, ValueId>(ValueId)>& columns) {
    const auto number = [&](int64_t value) { return emit.Integer(emit.type(first), value); };
    emit.For({number(from), number(to), number(1)}, {}, [&](ValueId r, const Values&) {
      Begin(nest, emit.Exact(Opcode::kAdd, first, r), false);
      const ScalarType type = source().type(VariableOf(nest.inner)).scalar;
      const auto [begin, end] =
          columns(emit.Exact(Opcode::kMul, emit.Convert(type, r), emit.Integer(type, nest.skew)));
      emit.For({begin, end, emit.Integer(type, 1)}, {}, [&](ValueId column, const Values&) {
        Element(nest, column, {}, {});
        return Values();
      });
      return Values();
    });
  }

  // What differs from row to row and is known before the inner loop.
  std::vector<ValueId> KeptOf(const Nest& nest) const {
    std::vector<ValueId> kept = {VariableOf(nest.outer)};
    for (OpId id : Before(nest.outer))
      for (ValueId result : source().results_of(op(id))) kept.push_back(result);
    return kept;
  }

  // The loads of elements that the row has stored one column before.
  std::vector<OpId> RepeatedLoads(const Nest& nest) const {
    std::vector<OpId> loads;
    const auto& ops = source().region(BodyOf(nest.inner)).ops;
    for (const Table& table : nest.tables) {
      const auto stores = std::ranges::count_if(
          table.accesses, [](const Access& a) { return a.is_write && a.column; });
      for (const Access& access : table.accesses)
        if (!access.is_write && access.row == 0 && access.column == -1 && stores == 1 &&
            std::ranges::find(ops, access.op) != ops.end())
          loads.push_back(access.op);
    }
    return loads;
  }

  // What the iteration that was cloned last stores to the array.
  ValueId StoredTo(const Nest& nest, ValueId array) const {
    for (OpId id : source().region(BodyOf(nest.inner)).ops)
      if (op(id).opcode == Opcode::kStore && source().operand(op(id), 0) == array)
        return Map(source().operand(op(id), op(id).operands.count - 1));
    return {};
  }

  // One iteration of the inner loop, with values for some of its loads.
  void Element(const Nest& nest, ValueId column, std::span<const OpId> loads,
               std::span<const ValueId> values) {
    Bind(VariableOf(nest.inner), column);
    for (OpId id : source().region(BodyOf(nest.inner)).ops) {
      const auto at = std::ranges::find(loads, id);
      if (op(id).opcode == Opcode::kYield) return;
      if (at != loads.end())
        Bind(source().result(op(id)), values[static_cast<size_t>(at - loads.begin())]);
      else
        CopyOp(id);
    }
  }

  Finder finder_;
  Explanation* const explanation_;
};

}  // namespace

void SkewRows(Function& function, Explanation* explanation) {
  Finder finder(function);
  bool has_any = false;
  for (size_t i = 0; i < function.ops.size() && !has_any; ++i)
    has_any = function.ops[i].opcode == Opcode::kFor && finder.Find(OpId(i)).has_value();
  if (has_any) RebuildWith<Skewer>(function, explanation);
}

}  // namespace einkorn::ir
