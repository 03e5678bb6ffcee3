// Matrix products, whatever else their loops do, in blocks for registers and caches.
//
// The pass looks for `parallel i, j` around one `sum` over p of x * y, where x depends on i and p,
// and y on j and p; of integers also for rows that are cleared and then added to. A `min` or `max`
// of what an operation makes of x and y, as of their sum for the shortest ways, is the same but for
// the order of its terms, which does not matter.
//
// Before the loop both factors are computed once for each pair and put in the order in which they
// are needed: y in panels of 32 columns j, x in panels of as many rows i as registers can hold sums
// for. Then each panel of rows meets each panel of columns; the rest of the body follows for each
// pair. K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM
// Transactions on Mathematical Software 34 (2008), explain the blocks.
//
// A sum has its fixed order: its terms go to 32 lanes in turn, in blocks of 1024
// (reduction_fold.h). Here one lane after the other is folded, in the order 0, 16, 8, 24, 4, … of
// their numbers' bits read backwards. So neighbours in this order are those that are merged first,
// and a stack of five sums takes the place of 32.
//
// Integers become floats where all products fit their type and no sum of them could pass what the
// floats hold exactly; the greatest magnitudes are looked for first. Sums of such terms have one
// value in any order.
//
// All of it is an attempt: where memory is short, or a check finds something, the loop runs as it
// was written.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <optional>
#include <utility>

#include "ir/clone.h"
#include "ir/loop_nest.h"
#include "ir/passes.h"
#include "ir/reduction_fold.h"
#include "ir/scalar.h"

namespace einkorn::ir {
namespace {

constexpr ScalarType kI64 = ScalarType::kI64;
// Panels of rows that share a panel of columns while it is in the cache.
constexpr int64_t kPanelsTogether = 8;
constexpr int kLevels = 5;  // of the stack: 2^5 lanes
// Sums that begin with more are left as they are.
constexpr int64_t kMostStart = 1 << 20;
// Smaller products are not worth the panels.
constexpr int64_t kLeastRows = 8, kLeastColumns = 16, kLeastTerms = 64;

struct Contraction {
  ValueId i, j, p;
  ValueId rows, columns, terms;   // the ends of their ranges, which begin with 0
  ValueId x, y;                   // of i and p, and of j and p
  bool is_of_integers = false;    // a sum
  bool is_extreme = false;        // a minimum or maximum
  std::vector<RegionId> regions;  // what computes them, from the outermost one
  ValueId sum;                    // what stands for it
  OpId reduce;                    // that makes it; none in the form by rows
  // In the form by rows: what stores the sums, and with what they begin.
  OpId store;
  int64_t start = 0;
  ValueId product, before;  // what is made of x and y, but in sums of floats; what it is added to
};

class Matcher {
 public:
  Matcher(const Function& function, const Op& loop)
      : function_(function), loop_(loop), is_inside_(function.values.size()) {}

  std::optional<Contraction> Match() {
    if (loop_.immediate != 0) return std::nullopt;
    if (loop_.operands.count == 3) return MatchRows();
    if (loop_.operands.count != 6) return std::nullopt;
    const RegionId body = function_.region_of(loop_, 0);
    MarkInside(function_, body, is_inside_);
    Contraction found;
    for (OpId id : function_.region(body).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kReduce) {
        if (found.reduce.valid()) return std::nullopt;
        found.reduce = id;
      } else if (!IsPlain(op) && op.opcode != Opcode::kStore && op.opcode != Opcode::kYield) {
        return std::nullopt;
      }
    }
    if (!found.reduce.valid()) return std::nullopt;
    const Op& reduce = function_.op(found.reduce);
    const ReduceKind kind = ReduceKindOf(reduce);
    found.is_extreme = kind == ReduceKind::kMin || kind == ReduceKind::kMax;
    found.is_of_integers =
        !found.is_extreme && IsInteger(function_.type(function_.result(reduce)).scalar);
    if (reduce.operands.count != 3 || (kind != ReduceKind::kSum && !found.is_extreme) ||
        reduce.rule == Rule::kFast || (found.is_of_integers && reduce.rule != Rule::kChecked))
      return std::nullopt;
    const auto& variables = function_.region(body).arguments;
    const auto rows = EndOf(loop_, 0), columns = EndOf(loop_, 1), terms = EndOf(reduce, 0);
    if (!rows || !columns || !terms) return std::nullopt;
    const RegionId region = function_.region_of(reduce, 0);
    found.i = variables[0];
    found.j = variables[1];
    found.p = function_.region(region).arguments[0];
    found.rows = *rows;
    found.columns = *columns;
    found.terms = *terms;
    found.regions = {body, region};
    found.sum = function_.result(reduce);
    return MatchTerm(found, region) && ReadsNothingWritten(body) ? std::optional(found)
                                                                 : std::nullopt;
  }

 private:
  // `parallel i { for j { c[i, j] = start; } for p { for j { c[i, j] += x * y; } } }` of integers.
  // The rows are written before they are read, so it may be done once more.
  std::optional<Contraction> MatchRows() {
    const RegionId body = function_.region_of(loop_, 0);
    MarkInside(function_, body, is_inside_);
    const auto loops = LoopsIn(body);
    if (!loops || loops->size() != 2) return std::nullopt;
    const Op &clearing = function_.op((*loops)[0]), &adding = function_.op((*loops)[1]);
    const auto inner = LoopsIn(function_.region_of(adding, 0));
    if (!inner || inner->size() != 1) return std::nullopt;
    const Op& row = function_.op((*inner)[0]);
    const auto rows = EndOf(loop_, 0), columns = EndOf(row, 0), terms = EndOf(adding, 0);
    if (!rows || !columns || !terms || EndOf(clearing, 0) != columns) return std::nullopt;
    Contraction found;
    found.regions = {body, function_.region_of(adding, 0), function_.region_of(row, 0)};
    found.i = function_.region(body).arguments[0];
    found.p = function_.region(found.regions[1]).arguments[0];
    found.j = function_.region(found.regions[2]).arguments[0];
    found.rows = *rows;
    found.columns = *columns;
    found.terms = *terms;
    found.is_of_integers = true;
    const bool fits = FindRowSum(found) && IsClearedBy(found, function_.region_of(clearing, 0)) &&
                      ArrangeFactors(found) && KeepsChecks(found);
    return fits ? std::optional(found) : std::nullopt;
  }

  // The loops of a region in which all else only computes.
  std::optional<std::vector<OpId>> LoopsIn(RegionId region) const {
    std::vector<OpId> loops;
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kFor && CarriedCount(op) == 0 && op.immediate == 0)
        loops.push_back(id);
      else if (!IsPlain(op) && op.opcode != Opcode::kYield)
        return std::nullopt;
    }
    return loops;
  }

  // The one store of a region in which all else only computes.
  std::optional<OpId> StoreIn(RegionId region) const {
    std::optional<OpId> store;
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kStore && !store)
        store = id;
      else if (!IsPlain(op) && op.opcode != Opcode::kYield)
        return std::nullopt;
    }
    return store;
  }

  const Op* DefinitionOf(ValueId value, Opcode opcode) const {
    const OpId def = function_.value(value).def;
    return def.valid() && function_.op(def).opcode == opcode ? &function_.op(def) : nullptr;
  }

  std::span<const ValueId> SubscriptsOf(const Op& access) const {
    return function_.operands(access).subspan(1, function_.type(function_.operand(access, 0)).rank);
  }

  bool FindRowSum(Contraction& found) const {
    const auto id = StoreIn(found.regions[2]);
    if (!id) return false;
    const Op& store = function_.op(*id);
    const ValueId array = function_.operand(store, 0);
    found.store = *id;
    found.sum = function_.operand(store, store.operands.count - 1);
    const Op* sum = DefinitionOf(found.sum, Opcode::kAdd);
    if (sum == nullptr || sum->rule != Rule::kChecked || is_inside_[array.index]) return false;
    for (size_t side : {0, 1}) {
      const Op* before = DefinitionOf(function_.operand(*sum, side), Opcode::kLoad);
      const Op* product = DefinitionOf(function_.operand(*sum, 1 - side), Opcode::kMul);
      if (before == nullptr || product == nullptr || product->rule != Rule::kChecked ||
          function_.operand(*before, 0) != array ||
          !std::ranges::equal(SubscriptsOf(*before), SubscriptsOf(store)) ||
          !IsInteger(function_.type(found.sum).scalar))
        continue;
      found.x = function_.operand(*product, 0);
      found.y = function_.operand(*product, 1);
      found.product = function_.result(*product);
      found.before = function_.result(*before);
      return LoadsOf(found.regions[0], StorageOf(function_, array)) == 1 &&
             std::ranges::none_of(SubscriptsOf(store),
                                  [&](ValueId index) { return DependsOn(index, found.p); });
    }
    return false;
  }

  size_t LoadsOf(RegionId region, ValueId storage) const {
    size_t loads = 0;
    for (OpId id : function_.region(region).ops) {
      const Op& op = function_.op(id);
      if (op.opcode == Opcode::kLoad && StorageOf(function_, function_.operand(op, 0)) == storage)
        ++loads;
      for (RegionId inner : function_.regions_of(op)) loads += LoadsOf(inner, storage);
    }
    return loads;
  }

  // Whether the loop around `region` stores a constant wherever sums are stored.
  bool IsClearedBy(Contraction& found, RegionId region) const {
    const auto id = StoreIn(region);
    if (!id || std::ranges::any_of(function_.region(region).ops, [&](OpId other) {
          return other != *id && MayFault(function_.op(other));
        }))
      return false;
    const Op &clearing = function_.op(*id), &store = function_.op(found.store);
    const Op* start =
        function_.ConstantOf(function_.operand(clearing, clearing.operands.count - 1));
    if (start == nullptr || function_.operand(clearing, 0) != function_.operand(store, 0))
      return false;
    const Int128 value = IntegerValue(function_.type(found.sum).scalar, start->immediate);
    const Int128 most = std::min<Int128>(kMostStart, GreatestOf(function_.type(found.sum).scalar));
    if (value > most || value < -most) return false;
    found.start = static_cast<int64_t>(value);
    const ValueId variable = function_.region(region).arguments[0];
    return std::ranges::count(SubscriptsOf(store), found.j) == 1 &&
           std::ranges::equal(
               SubscriptsOf(clearing), SubscriptsOf(store),
               [&](ValueId a, ValueId b) { return a == b || (a == variable && b == found.j); });
  }

  static bool IsPlain(const Op& op) {
    return op.opcode == Opcode::kConstant || op.opcode == Opcode::kLoad ||
           HasScalarMeaning(op.opcode);
  }

  // Of the range 0..end step 1 of i64 if it is known before the loop.
  std::optional<ValueId> EndOf(const Op& op, size_t range) const {
    const Op* from = function_.ConstantOf(function_.operand(op, 3 * range));
    const Op* step = function_.ConstantOf(function_.operand(op, 3 * range + 2));
    const ValueId end = function_.operand(op, 3 * range + 1);
    const bool fits = from != nullptr && from->immediate == 0 && step != nullptr &&
                      step->immediate == 1 && function_.type(end) == Type::Scalar(kI64) &&
                      InclusiveBits(op) == 0 && !is_inside_[end.index];
    return fits ? std::optional(end) : std::nullopt;
  }

  bool MatchTerm(Contraction& found, RegionId region) const {
    for (OpId id : function_.region(region).ops)
      if (!IsPlain(function_.op(id)) && function_.op(id).opcode != Opcode::kYield) return false;
    const Op& yield = function_.terminator(region);
    const Op* include = function_.ConstantOf(function_.operand(yield, 0));
    if (include == nullptr || include->immediate != 1) return false;
    if (found.is_extreme       ? !FindExtreme(found, yield)
        : found.is_of_integers ? !FindIntegers(found, yield)
                               : !FindFloats(found, yield))
      return false;
    return ArrangeFactors(found) && KeepsChecks(found);
  }

  // Whether all that may fail computes the factors or where sums are stored, and so is done in the
  // blocks, too. What the body of a loop over both i and j does with a sum is copied as it is.
  bool KeepsChecks(const Contraction& found) const {
    std::vector<std::vector<bool>> needed = {SourcesOf(function_, std::array{found.x}),
                                             SourcesOf(function_, std::array{found.y})};
    if (found.store.valid())
      for (ValueId index : SubscriptsOf(function_.op(found.store)))
        needed.push_back(SourcesOf(function_, std::array{index}));
    const std::span regions(found.regions);
    return std::ranges::all_of(regions.subspan(found.store.valid() ? 0 : 1), [&](RegionId region) {
      return std::ranges::all_of(function_.region(region).ops, [&](OpId id) {
        const Op& op = function_.op(id);
        if (!MayFault(op) || id == found.store || op.opcode == Opcode::kFor) return true;
        const ValueId result = function_.result(op);
        return result == found.sum || result == found.product || result == found.before ||
               std::ranges::any_of(needed, [&](const auto& of) { return of[result.index]; });
      });
    });
  }

  bool ArrangeFactors(Contraction& found) const {
    if (DependsOn(found.x, found.j)) std::swap(found.x, found.y);
    return DependsOn(found.x, found.i) && !DependsOn(found.x, found.j) &&
           DependsOn(found.y, found.j) && !DependsOn(found.y, found.i);
  }

  bool FindFloats(Contraction& found, const Op& yield) const {
    if (yield.operands.count != 3) return false;
    found.x = function_.operand(yield, 1);
    found.y = function_.operand(yield, 2);
    const Type type = function_.type(function_.result(function_.op(found.reduce)));
    return IsFloat(type.scalar) && function_.type(found.x) == type &&
           function_.type(found.y) == type;
  }

  bool FindIntegers(Contraction& found, const Op& yield) const {
    const OpId def = function_.value(function_.operand(yield, 1)).def;
    if (!def.valid()) return false;
    const Op& product = function_.op(def);
    if (product.opcode != Opcode::kMul || product.rule != Rule::kChecked) return false;
    found.x = function_.operand(product, 0);
    found.y = function_.operand(product, 1);
    found.product = function_.result(product);
    return true;
  }

  // An operation of two numbers of the type of the result.
  bool FindExtreme(Contraction& found, const Op& yield) const {
    const OpId def = function_.value(function_.operand(yield, 1)).def;
    if (yield.operands.count != 2 || !def.valid()) return false;
    const Op& term = function_.op(def);
    switch (term.opcode) {
      case Opcode::kAdd:
      case Opcode::kSub:
      case Opcode::kMul:
      case Opcode::kMin:
      case Opcode::kMax:
        break;
      default:
        return false;
    }
    found.x = function_.operand(term, 0);
    found.y = function_.operand(term, 1);
    found.product = function_.result(term);
    return function_.type(found.product) ==
               function_.type(function_.result(function_.op(found.reduce))) &&
           function_.type(found.x) == function_.type(found.product);
  }

  bool DependsOn(ValueId value, ValueId variable) const {
    return SourcesOf(function_, std::array{value})[variable.index];
  }

  // What is stored must not be read in the loop: it is computed once more if the attempt fails.
  bool ReadsNothingWritten(RegionId body) const {
    std::vector<ValueId> written, read;
    const std::function<void(RegionId)> collect = [&](RegionId region) {
      for (OpId id : function_.region(region).ops) {
        const Op& op = function_.op(id);
        if (op.opcode == Opcode::kStore || op.opcode == Opcode::kLoad)
          (op.opcode == Opcode::kStore ? written : read)
              .push_back(StorageOf(function_, function_.operand(op, 0)));
        for (RegionId inner : function_.regions_of(op)) collect(inner);
      }
    };
    collect(body);
    return !written.empty() && std::ranges::none_of(written, [&](ValueId array) {
      return std::ranges::find(read, array) != read.end();
    });
  }

  const Function& function_;
  const Op& loop_;
  std::vector<bool> is_inside_;
};

class Blocker : public Cloner {
 public:
  Blocker(const Function& source, Builder& target, unsigned vector_bits, Explanation* explanation)
      : Cloner(source, target), vector_bits_(vector_bits), explanation_(explanation) {}

 protected:
  void CloneOp(OpId id) override {
    const Op& op = source().op(id);
    if (op.opcode == Opcode::kParallel && source().kind == FunctionKind::kKernel)
      if (const auto found = Matcher(source(), op).Match()) return Block(id, *found);
    CopyOp(id);
  }

 private:
  void Block(OpId id, const Contraction& found) {
    Emitter emit(target(), source().op(id).range);
    type_ = found.is_of_integers ? ScalarType::kF32 : source().type(found.x).scalar;
    if (explanation_ != nullptr)
      explanation_->Add(LoopNote{
          .range = source().op(id).range,
          .lanes = kLaneCount,
          .threads = true,
          .text = fmt::format(
              "{} in blocks of {} rows{}",
              found.is_extreme ? "like a product of matrices" : "a product of matrices",
              PanelRows(), found.is_of_integers ? ", as floats where that is exact" : "")});

    const ValueId rows = Map(found.rows), columns = Map(found.columns), terms = Map(found.terms);
    const auto at_least = [&](ValueId size, int64_t least) {
      return emit.Binary(Opcode::kGe, size, emit.Int64(least));
    };
    const ValueId suits = emit.Binary(
        Opcode::kAnd, at_least(rows, kLeastRows),
        emit.Binary(Opcode::kAnd, at_least(columns, kLeastColumns), at_least(terms, kLeastTerms)));
    const auto nothing = [&] { return Values{emit.Bool(false)}; };
    const auto panels = [&](ScalarType type) {
      type_ = type;
      Panels(emit, found, rows, columns, terms);
      return Values{emit.Bool(true)};
    };
    const auto blocked = [&] {
      if (found.is_extreme && MayFault(source().op(source().value(found.product).def))) {
        const auto with = [&](bool fits_always) {
          fits_always_ = fits_always;
          Values done = panels(type_);
          fits_always_ = false;
          return done;
        };
        return emit.If(
            FitsAlways(emit, found, rows, columns, terms), [&] { return with(true); },
            [&] { return with(false); });
      }
      if (!found.is_of_integers) return panels(type_);
      const Bounds bounds = BoundsOf(emit, found, rows, columns, terms);
      return emit.If(
          bounds.suit_f32, [&] { return panels(ScalarType::kF32); },
          [&] {
            return emit.If(bounds.suit_f64, [&] { return panels(ScalarType::kF64); }, nothing);
          });
    };
    const ValueId done = emit.If(suits, [&] { return emit.Attempt(blocked, nothing); }, nothing)[0];
    emit.If(
        done, [] { return Values(); },
        [&] {
          CopyOp(id);
          return Values();
        });
  }

  static ValueId Add(Emitter& emit, ValueId a, ValueId b) { return emit.Exact(Opcode::kAdd, a, b); }
  static ValueId Mul(Emitter& emit, ValueId a, int64_t b) {
    return emit.Exact(Opcode::kMul, a, emit.Int64(b));
  }

  // --- Magnitudes of integers

  struct Bounds {
    ValueId suit_f32, suit_f64;
  };

  // Whether all products fit their type, and sums of them these floats.
  Bounds BoundsOf(Emitter& emit, const Contraction& found, ValueId rows, ValueId columns,
                  ValueId terms) {
    const ScalarType type = source().type(found.x).scalar;
    const auto [x, y] = GreatestFactors(emit, found, rows, columns, terms);
    const ValueId product = emit.Binary(Opcode::kMul, Rule::kSaturate, x, y);
    const ValueId sum = emit.Binary(Opcode::kMul, Rule::kSaturate, product,
                                    emit.ConvertExact(ScalarType::kU64, terms));
    const auto at_most = [&](ValueId value, Int128 most) {
      return emit.Binary(Opcode::kLe, value, emit.Integer(ScalarType::kU64, most));
    };
    ValueId fits = at_most(product, GreatestOf(type));
    // Each sum on the way has to fit, too.
    if (found.store.valid())
      fits =
          emit.Binary(Opcode::kAnd, fits, at_most(sum, GreatestOf(type) - std::abs(found.start)));
    return {emit.Binary(Opcode::kAnd, fits, at_most(sum, Int128{1} << 24)),
            emit.Binary(Opcode::kAnd, fits, at_most(sum, Int128{1} << 53))};
  }

  // Whether what is made of two factors fits, whichever they are.
  ValueId FitsAlways(Emitter& emit, const Contraction& found, ValueId rows, ValueId columns,
                     ValueId terms) {
    const ScalarType type = source().type(found.x).scalar;
    const Opcode making = source().op(source().value(found.product).def).opcode;
    if (making == Opcode::kSub && !IsSigned(type)) return emit.Bool(false);
    const auto [x, y] = GreatestFactors(emit, found, rows, columns, terms);
    const Opcode together = making == Opcode::kMul ? Opcode::kMul : Opcode::kAdd;
    return emit.Binary(Opcode::kLe, emit.Binary(together, Rule::kSaturate, x, y),
                       emit.Integer(ScalarType::kU64, GreatestOf(type)));
  }

  struct Range {
    ValueId variable, count;
  };

  std::pair<ValueId, ValueId> GreatestFactors(Emitter& emit, const Contraction& found, ValueId rows,
                                              ValueId columns, ValueId terms) {
    const ValueId x = Greatest(emit, found, found.x, {found.i, rows}, {found.p, terms});
    const ValueId y = Greatest(emit, found, found.y, {found.p, terms}, {found.j, columns});
    return {x, y};
  }

  // A bound of the magnitudes of a factor, as a u64: the smallest, or one more.
  ValueId Greatest(Emitter& emit, const Contraction& found, ValueId factor, const Range& outer,
                   const Range& inner) {
    const ScalarType type = source().type(factor).scalar;
    const auto greater = [&](ValueId a, ValueId b) { return emit.Binary(Opcode::kMax, a, b); };
    const ValueId all = emit.Array(type, outer.count);
    emit.Parallel(outer.count, [&](ValueId row) {
      const auto in_lane = [&](ValueId lane) {
        const auto with = [&](ValueId place, ValueId so_far) {
          Bind(outer.variable, row);
          Bind(inner.variable, place);
          const ValueId value = CloneValue(found, factor);
          // -x - 1 for a negative x, so that the least of its type does no harm.
          const ValueId magnitude =
              IsSigned(type) ? greater(value, emit.Unary(Opcode::kNot, value)) : value;
          return Values{greater(so_far, magnitude)};
        };
        const ValueId full = emit.Binary(Opcode::kShr, inner.count, emit.Int64(kLevels));
        const Values most =
            emit.For(full, {emit.Zero(type)}, [&](ValueId step, const Values& so_far) {
              return with(Add(emit, Mul(emit, step, kLaneCount), lane), so_far[0]);
            });
        const ValueId last = Add(emit, Mul(emit, full, kLaneCount), lane);
        return emit.If(
            emit.Binary(Opcode::kLt, last, inner.count), [&] { return with(last, most[0]); },
            [&] { return most; });
      };
      const Values most = emit.Lanes(
          in_lane, [&](const Values& a, const Values& b) { return Values{greater(a[0], b[0])}; });
      emit.Store(all, row, most[0]);
    });
    const Values most =
        emit.For(outer.count, {emit.Zero(type)}, [&](ValueId row, const Values& so_far) {
          return Values{greater(so_far[0], emit.Load(all, row))};
        });
    const ValueId wide = emit.ConvertExact(ScalarType::kU64, most[0]);
    return IsSigned(type) ? emit.Exact(Opcode::kAdd, wide, emit.Integer(ScalarType::kU64, 1))
                          : wide;
  }

  // --- Panels

  // Sums for so many rows fill three quarters of the registers.
  int PanelRows() const {
    const int per_row = std::max(1, kLaneCount * BitsOf(type_) / static_cast<int>(vector_bits_));
    const int registers = vector_bits_ == 512 ? 24 : 12;
    return std::max(1, registers / per_row);
  }

  void Panels(Emitter& emit, const Contraction& found, ValueId rows, ValueId columns,
              ValueId terms) {
    rows_ = PanelRows();
    const ValueId row_panels = emit.QuotientUp(rows, emit.Int64(rows_));
    const ValueId column_panels = emit.QuotientUp(columns, emit.Int64(kLaneCount));
    const ValueId left = Pack(emit, found, terms, {found.i, rows, row_panels, rows_, found.x});
    const ValueId right =
        Pack(emit, found, terms, {found.j, columns, column_panels, kLaneCount, found.y});
    emit.Parallel(emit.QuotientUp(row_panels, emit.Int64(kPanelsTogether)), [&](ValueId together) {
      const ValueId first = Mul(emit, together, kPanelsTogether);
      const ValueId end =
          emit.Binary(Opcode::kMin, Add(emit, first, emit.Int64(kPanelsTogether)), row_panels);
      emit.For(column_panels, {}, [&](ValueId column_panel, const Values&) {
        emit.For({first, end, emit.Int64(1)}, {}, [&](ValueId row_panel, const Values&) {
          emit.Lanes(
              [&](ValueId lane) {
                Meet(emit, found, left, right, rows, columns, terms, row_panel, column_panel, lane);
                return Values();
              },
              [](const Values&, const Values&) { return Values(); });
          return Values();
        });
        return Values();
      });
    });
  }

  // --- Packing

  struct Side {
    ValueId variable;  // i or j
    ValueId size, panels;
    int64_t width;  // of a panel
    ValueId factor;
  };

  // An array of the factor's values: panel by panel, in it term by term in the order they are
  // folded, in it one for each row or column; zeros beyond the last one.
  ValueId Pack(Emitter& emit, const Contraction& found, ValueId terms, const Side& side) {
    const ValueId panel_size =
        emit.Binary(Opcode::kMul, Rule::kSaturate, terms, emit.Int64(side.width));
    const ValueId packed =
        emit.Array(type_, emit.Binary(Opcode::kMul, Rule::kSaturate, panel_size, side.panels));
    emit.Parallel(side.panels, [&](ValueId panel) {
      const ValueId base = emit.Exact(Opcode::kMul, panel, panel_size);
      emit.Lanes(
          [&](ValueId lane) {
            const ValueId place = Add(emit, Mul(emit, panel, side.width), lane);
            const auto fill = [&] {
              PackPanel(emit, found, terms, side, packed, Add(emit, base, lane), place);
              return Values();
            };
            // All lanes take part in panels of columns.
            const ValueId is_one = emit.Binary(Opcode::kLt, lane, emit.Int64(side.width));
            emit.If(is_one, fill, [] { return Values(); });
            return Values();
          },
          [](const Values&, const Values&) { return Values(); });
    });
    return packed;
  }

  void PackPanel(Emitter& emit, const Contraction& found, ValueId terms, const Side& side,
                 ValueId packed, ValueId base, ValueId place) {
    const ValueId exists = emit.Binary(Opcode::kLt, place, side.size);
    ForTerms(emit, found, terms, [&](ValueId term, ValueId number) {
      const ValueId value = emit.If(
          exists,
          [&] {
            Bind(side.variable, place);
            Bind(found.p, term);
            return Values{emit.Convert(type_, CloneValue(found, side.factor))};
          },
          [&] { return Values{emit.Zero(type_)}; })[0];
      emit.Store(packed, Add(emit, base, Mul(emit, number, side.width)), value);
    });
  }

  // `body` for all terms, with their numbers in the order in which they are folded.
  void ForTerms(Emitter& emit, const Contraction& found, ValueId terms,
                const std::function<void(ValueId term, ValueId number)>& body) {
    if (found.is_of_integers || found.is_extreme) {
      emit.For(terms, {}, [&](ValueId term, const Values&) {
        body(term, term);
        return Values();
      });
      return;
    }
    const ValueId blocks = emit.QuotientUp(terms, emit.Int64(BlockFold::kBlockTerms));
    emit.For(blocks, {emit.Int64(0)}, [&](ValueId block, const Values& begun) {
      const ValueId begin = Mul(emit, block, BlockFold::kBlockTerms);
      const ValueId count = BlockSize(emit, terms, begin);
      return emit.For(emit.Int64(kLaneCount), begun, [&](ValueId turn, const Values& inside) {
        const ValueId lane = LaneOfTurn(emit, turn);
        return emit.For(StepsOf(emit, count, lane), inside, [&](ValueId step, const Values& at) {
          body(Add(emit, Add(emit, begin, lane), Mul(emit, step, kLaneCount)), at[0]);
          return Values{Add(emit, at[0], emit.Int64(1))};
        });
      });
    });
  }

  static ValueId BlockSize(Emitter& emit, ValueId terms, ValueId begin) {
    return emit.Binary(Opcode::kMin, emit.Exact(Opcode::kSub, terms, begin),
                       emit.Int64(BlockFold::kBlockTerms));
  }
  // The bits of the number of a turn read backwards.
  static ValueId LaneOfTurn(Emitter& emit, ValueId turn) {
    const ValueId reversed = emit.Unary(Opcode::kBitReverse, emit.Convert(ScalarType::kU64, turn));
    const ValueId lane = emit.Binary(Opcode::kShr, reversed, emit.Int64(64 - kLevels));
    return emit.ConvertExact(kI64, lane);
  }
  // How many of `count` terms a lane has.
  static ValueId StepsOf(Emitter& emit, ValueId count, ValueId lane) {
    const ValueId rest = emit.Exact(Opcode::kSub, count, lane);
    return emit.Binary(Opcode::kShr, Add(emit, rest, emit.Int64(kLaneCount - 1)), emit.Int64(5));
  }

  // What computes a value of the loop from its variables, as far as they are bound.
  ValueId CloneValue(const Contraction& found, ValueId value) {
    const std::vector<bool> needed = SourcesOf(source(), std::array{value});
    for (RegionId region : found.regions)
      for (OpId id : source().region(region).ops) {
        const auto results = source().results_of(source().op(id));
        if (id != found.reduce && !results.empty() && needed[results[0].index]) CopyOp(id);
      }
    return Map(value);
  }

  // --- A panel of rows and one of columns

  void Meet(Emitter& emit, const Contraction& found, ValueId left, ValueId right, ValueId rows,
            ValueId columns, ValueId terms, ValueId row_panel, ValueId column_panel, ValueId lane) {
    const Panel panel{
        left, right, emit.Exact(Opcode::kMul, Mul(emit, row_panel, rows_), terms),
        Add(emit, emit.Exact(Opcode::kMul, Mul(emit, column_panel, kLaneCount), terms), lane)};
    const Values sums = found.is_extreme       ? Extremes(emit, found, panel, terms)
                        : found.is_of_integers ? SumIntegers(emit, found, panel, terms)
                                               : SumFloats(emit, found, panel, terms);
    const ValueId column = Add(emit, Mul(emit, column_panel, kLaneCount), lane);
    const ValueId in_columns = emit.Binary(Opcode::kLt, column, columns);
    for (size_t r = 0; r < sums.size(); ++r) {
      const ValueId row =
          Add(emit, Mul(emit, row_panel, rows_), emit.Int64(static_cast<int64_t>(r)));
      const auto rest = [&] {
        Bind(found.i, row);
        Bind(found.j, column);
        if (found.store.valid())
          StoreSum(emit, found, sums[r]);
        else
          Conclude(found, sums[r]);
        return Values();
      };
      const auto none = [] { return Values(); };
      const ValueId in_rows = emit.Binary(Opcode::kLt, row, rows);
      emit.If(in_rows, [&] { return emit.If(in_columns, rest, none); }, none);
    }
  }

  // What the body of the loop does with a sum.
  void Conclude(const Contraction& found, ValueId sum) {
    for (OpId id : source().region(found.regions[0]).ops) {
      if (source().op(id).opcode == Opcode::kYield) continue;
      if (id == found.reduce)
        Bind(found.sum, sum);
      else
        CopyOp(id);
    }
  }

  void StoreSum(Emitter& emit, const Contraction& found, ValueId sum) {
    const Op& store = source().op(found.store);
    for (ValueId index : source().operands(store).subspan(1, store.operands.count - 2))
      CloneValue(found, index);
    Bind(found.sum, emit.Exact(Opcode::kAdd, sum, emit.Integer(emit.type(sum), found.start)));
    CopyOp(found.store);
  }

  struct Panel {
    ValueId left, right;            // all panels
    ValueId left_base, right_base;  // where those that meet begin
  };

  // What becomes of the sums with term `at` of the panels.
  template <typename Step>
  Values WithTerm(Emitter& emit, const Panel& panel, ValueId at, const Values& sums, Step&& step) {
    const ValueId y =
        emit.Load(panel.right, Add(emit, panel.right_base, Mul(emit, at, kLaneCount)));
    const ValueId x_base = Add(emit, panel.left_base, Mul(emit, at, rows_));
    Values next;
    for (size_t r = 0; r < sums.size(); ++r) {
      const ValueId place = Add(emit, x_base, emit.Int64(static_cast<int64_t>(r)));
      next.push_back(step(r, emit.Load(panel.left, place), y));
    }
    return next;
  }

  Values SumIntegers(Emitter& emit, const Contraction& found, const Panel& panel, ValueId terms) {
    const ScalarType result = source().type(found.sum).scalar;
    const Values zeros(static_cast<size_t>(rows_), emit.Zero(type_));
    Values sums = emit.For(terms, zeros, [&](ValueId at, const Values& before) {
      return WithTerm(emit, panel, at, before,
                      [&](size_t r, ValueId x, ValueId y) { return emit.Fma(x, y, before[r]); });
    });
    for (ValueId& sum : sums) {
      const auto fail_if = [&](Opcode comparison, Int128 limit) {
        emit.FailIf(emit.Binary(comparison, sum, emit.Float(type_, static_cast<double>(limit))),
                    FaultKind::kOverflow, "");
      };
      if (BitsOf(result) < (type_ == ScalarType::kF32 ? 32 : 64)) {
        fail_if(Opcode::kLt, LeastOf(result));
        fail_if(Opcode::kGt, GreatestOf(result));
      }
      sum = emit.ConvertExact(result, sum);
    }
    return sums;
  }

  // In the order of the terms, with the checks of what is made of them unless it always fits.
  Values Extremes(Emitter& emit, const Contraction& found, const Panel& panel, ValueId terms) {
    const Op& reduce = source().op(found.reduce);
    const OpId making = source().value(found.product).def;
    std::vector<ReductionPlan> plans;
    Values carried;
    std::vector<size_t> begins = {0};  // where the carried values of each row begin
    for (int r = 0; r < rows_; ++r) {
      plans.push_back(PlanReduction(source(), reduce));
      const Values start = plans.back().general->Start(emit, {});
      carried.insert(carried.end(), start.begin(), start.end());
      begins.push_back(carried.size());
    }
    const auto of_row = [&](const Values& all, size_t r) {
      return Values(all.begin() + static_cast<ptrdiff_t>(begins[r]),
                    all.begin() + static_cast<ptrdiff_t>(begins[r + 1]));
    };
    const auto with_term = [&](ValueId at, const Values& before) {
      const auto make = [&](size_t, ValueId x, ValueId y) {
        Bind(found.x, x);
        Bind(found.y, y);
        if (fits_always_) {
          const auto factors = source().operands(source().op(making));
          return emit.Exact(source().op(making).opcode, Map(factors[0]), Map(factors[1]));
        }
        CopyOp(making);
        return Map(found.product);
      };
      const Values made = WithTerm(emit, panel, at, Values(plans.size()), make);
      Values next;
      for (size_t r = 0; r < plans.size(); ++r) {
        const Term term{.include = emit.Bool(true), .value = made[r], .factor = {}, .variable = {}};
        const Values after = plans[r].general->Step(emit, of_row(before, r), term);
        next.insert(next.end(), after.begin(), after.end());
      }
      return next;
    };
    // There are terms, so the first one can begin.
    const Values folded = emit.For({emit.Int64(1), terms, emit.Int64(1)},
                                   with_term(emit.Int64(0), carried), with_term);
    Values extremes;
    for (size_t r = 0; r < plans.size(); ++r)
      extremes.push_back(
          plans[r].conclude(emit, plans[r].general->Finish(emit, of_row(folded, r))));
    return extremes;
  }

  Values SumFloats(Emitter& emit, const Contraction& found, const Panel& panel, ValueId terms) {
    const Op& reduce = source().op(found.reduce);
    std::vector<ReductionPlan> plans;
    std::vector<ValueId> stacks;
    Values carried = {emit.Int64(0)};
    for (int r = 0; r < rows_; ++r) {
      plans.push_back(PlanReduction(source(), reduce));
      stacks.push_back(emit.Array(type_, kLevels + 1));
      carried.push_back(plans.back().blocks->Start(emit)[0]);
    }
    const auto start = [&] {
      Values sums;
      for (ReductionPlan& plan : plans) sums.push_back(plan.blocks->InLane().Start(emit, {})[0]);
      return sums;
    };
    // The terms of one lane of the fold: the innermost loop.
    const auto fold_lane = [&](ValueId steps, ValueId number) {
      const auto step = [&](ValueId k, const Values& sums) {
        const auto with = [&](size_t r, ValueId x, ValueId y) {
          const Term term{.include = emit.Bool(true), .value = x, .factor = y, .variable = {}};
          return plans[r].blocks->InLane().Step(emit, {sums[r]}, term)[0];
        };
        return WithTerm(emit, panel, Add(emit, number, k), sums, with);
      };
      return emit.For(steps, start(), step);
    };
    // Merges with what the stack has: as often as the number of the turn ends in ones.
    const auto merge = [&](ValueId turn, Values sums) {
      sums.insert(sums.begin(), emit.Int64(0));
      const auto carries = [&](const Values& v) {
        const ValueId bit =
            emit.Binary(Opcode::kAnd, emit.Binary(Opcode::kShr, turn, v[0]), emit.Int64(1));
        return emit.Binary(Opcode::kNe, bit, emit.Int64(0));
      };
      const auto take = [&](const Values& v) {
        Values merged = {Add(emit, v[0], emit.Int64(1))};
        for (size_t r = 0; r < plans.size(); ++r)
          merged.push_back(
              plans[r].blocks->InLane().Merge(emit, {emit.Load(stacks[r], v[0])}, {v[r + 1]})[0]);
        return merged;
      };
      const Values merged = emit.While(sums, carries, take);
      for (size_t r = 0; r < plans.size(); ++r) emit.Store(stacks[r], merged[0], merged[r + 1]);
      return Values(merged.begin() + 1, merged.end());
    };
    const auto fold_block = [&](ValueId count, ValueId number) {
      Values state = start();
      state.insert(state.begin(), number);
      return emit.For(emit.Int64(kLaneCount), state, [&](ValueId turn, const Values& inside) {
        const ValueId steps = StepsOf(emit, count, LaneOfTurn(emit, turn));
        Values next = merge(turn, fold_lane(steps, inside[0]));
        next.insert(next.begin(), Add(emit, inside[0], steps));
        return next;
      });
    };
    const ValueId full = emit.Binary(Opcode::kShr, terms, emit.Int64(10));
    const Values folded = emit.For(full, carried, [&](ValueId, const Values& inside) {
      const Values block = fold_block(emit.Int64(BlockFold::kBlockTerms), inside[0]);
      Values next = {block[0]};
      for (size_t r = 0; r < plans.size(); ++r)
        next.push_back(plans[r].blocks->Step(emit, {inside[r + 1]}, {block[r + 1]})[0]);
      return next;
    });
    const ValueId left_over =
        emit.Exact(Opcode::kSub, terms, Mul(emit, full, BlockFold::kBlockTerms));
    const Values last = emit.If(
        emit.Binary(Opcode::kGt, left_over, emit.Int64(0)),
        [&] { return fold_block(left_over, folded[0]); },
        [&] {
          Values none = start();
          none.insert(none.begin(), folded[0]);
          return none;
        });

    Values sums;
    for (size_t r = 0; r < plans.size(); ++r)
      sums.push_back(
          plans[r].conclude(emit, plans[r].blocks->Finish(emit, {folded[r + 1]}, {last[r + 1]})));
    return sums;
  }

  const unsigned vector_bits_;
  Explanation* const explanation_;
  // Of the panels that are made now:
  ScalarType type_ = ScalarType::kF32;
  int rows_ = 1;
  bool fits_always_ = false;
};

}  // namespace

void BlockContractions(Function& function, unsigned vector_bits, Explanation* explanation) {
  const bool has_any = std::ranges::any_of(function.ops, [&](const Op& op) {
    return op.opcode == Opcode::kParallel && Matcher(function, op).Match();
  });
  if (has_any) RebuildWith<Blocker>(function, vector_bits, explanation);
}

}  // namespace einkorn::ir
