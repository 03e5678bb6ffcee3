// The IR: typed SSA values, operations, and regions instead of a control-flow graph.
//
// A `Module` is one kernel with every function it uses (or one test, or one constant), closed in
// itself. Functions are specialised: no type parameters, no statics. A function owns flat tables of
// values, operations and regions, named by 32-bit ids. A region is a list of operations ending in
// `yield`; a value may be used in the region that defines it, after its definition, and in regions
// nested there. Tables only grow: a pass makes a new function (see ir/clone.h) or clears checks.
//
// Control:
//   if       %c { yield a… } { yield b… }
//   for      %from, %to, %step, carried… { (iv, carried…) … yield [go_on,] carried… }
//            The bounds' type is the induction variable's. With kForInclusive `to` belongs to the
//            range. With kForExits the first value yielded is a bool: false ends the loop, after
//            the carried values were taken over. With kForLanes it walks the lanes of a group: an
//            inner `parallel for`, whose iterations are independent of each other.
//   while    carried… { (carried…) yield condition } { (carried…) yield carried… }
//   parallel (%from, %to, %step)… { (iv…) … yield }   bit k of the immediate: range k is inclusive;
//            with kParallelGroups the iterations are groups of lanes
//   reduce   (%from, %to, %step)… { (iv…) … yield include, term [, factor] }
//            The immediate holds the ReduceKind and the inclusive bits. A term that is left out
//            yields include = false and the identity. With a factor (float sums) the pair is folded
//            by fma. The result may be wider than the term. Of argmin and argmax it is the place of
//            the best term, which stands where a sum has its factor; else the only range's
//            variable.
//   frame    arguments… { yield results… }   text: "name(first, second)"
//   lanes    { (lane) … yield values… } { (a…, b…) … yield a with b… }
//            The first region runs for the lanes 0 to 31, an i64. Then lane l takes lane l + 16,
//            the result lane l + 8, and so on: what lane 0 has in the end is the result. Only
//            passes make it, in the first region of an `attempt`.
//   attempt  { yield results… } { yield results… }
//            The regions have the same results, and do nothing else that anybody sees. The second
//            one alone finds the first fault.
//
// Reports: the text of `fail`, `print` and of assertions holds `{}` for each operand in order, `{{`
// and `}}` for braces, and `{i128}` for a pair of u64 operands (low, high) shown as one integer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/source.h"
#include "ir/ops.h"
#include "ir/types.h"

namespace einkorn::ir {

struct ValueTag;
struct OpTag;
struct RegionTag;
struct FunctionTag;
struct StringTag;
using ValueId = Id<ValueTag>;
using OpId = Id<OpTag>;
using RegionId = Id<RegionTag>;
using FunctionId = Id<FunctionTag>;
using StringId = Id<StringTag>;

/// A result of an operation, an argument of a region, or a parameter.
struct Value {
  Type type;
  StringId name;   ///< as the source calls it, for reports and dumps; may be invalid
  StringId shape;  ///< arrays: the sizes as the source writes them, "n, m + 1"; may be invalid
  OpId def;        ///< invalid for arguments and parameters
};

/// A run of entries in one of a function's pools.
struct PoolRange {
  uint32_t begin = 0;
  uint32_t count = 0;
};

/// How many lanes `lanes` has.
inline constexpr int kLaneCount = 32;

/// Bits of the immediate of `for`.
inline constexpr uint64_t kForInclusive = 1;
inline constexpr uint64_t kForExits = 2;
inline constexpr uint64_t kForLanes = 4;
/// Bit of the immediate of `parallel`: its iterations are groups, as the source has lanes in them.
/// Reports say so even where no loop over lanes is left.
inline constexpr uint64_t kParallelGroups = uint64_t{1} << 63;

struct Op {
  Opcode opcode = Opcode::kYield;
  Rule rule = Rule::kNone;
  FaultSet checks = 0;  ///< the checks still to be made when it runs; see InitialChecks
  SourceRange range;
  PoolRange operands;      ///< in value_pool
  PoolRange results;       ///< in value_pool
  PoolRange regions;       ///< in region_pool
  uint64_t immediate = 0;  ///< constant: bits; call, launch: FunctionId; see above for others
  StringId text;
};

struct Region {
  std::vector<ValueId> arguments;
  std::vector<OpId> ops;
};

/// How a parameter may be used. `kSymbol` is a shape symbol: an i64 the launch or caller binds.
enum class ParamKind : uint8_t { kSymbol, kScalar, kArrayIn, kArrayOut, kArrayInout };
std::string_view TextOf(ParamKind kind);

/// Where an array parameter's elements lie.
enum class Layout : uint8_t {
  kContiguous,  ///< row-major without gaps
  kStrided,     ///< any byte strides, stated at launch
};

/// coefficient * the product of the symbols (indices of parameters, ascending; may repeat).
struct ShapeTerm {
  int64_t coefficient = 0;
  std::vector<uint32_t> symbols;
  friend bool operator==(const ShapeTerm&, const ShapeTerm&) = default;
};

/// A size as a polynomial of shape symbols: terms with different products, none with coefficient 0.
struct ShapeExpr {
  std::vector<ShapeTerm> terms;

  static ShapeExpr Constant(int64_t value);
  static ShapeExpr Symbol(uint32_t param);
  bool is_constant() const {
    return terms.empty() || (terms.size() == 1 && terms[0].symbols.empty());
  }
  int64_t constant() const { return terms.empty() ? 0 : terms[0].coefficient; }
  /// The parameter index if this is one bare symbol, else -1.
  int bare_symbol() const;
  friend bool operator==(const ShapeExpr&, const ShapeExpr&) = default;
};

struct Param {
  std::string name;
  ParamKind kind = ParamKind::kScalar;
  ValueId value = {};
  std::vector<ShapeExpr> shape = {};          ///< arrays: one a dimension
  std::vector<std::string> shape_texts = {};  ///< arrays: each size as written, "n + 1"
  Layout layout = Layout::kContiguous;
  SourceRange range = {};
  /// The parameter of the source that it is or is a part of: `ps` of `ps.pos`, `v` of `v[1]`.
  std::string_view source_name() const {
    return std::string_view(name).substr(0, name.find_first_of(".["));
  }
  bool is_array() const { return kind >= ParamKind::kArrayIn; }
  bool is_written() const { return kind >= ParamKind::kArrayOut; }
};

enum class FunctionKind : uint8_t { kKernel, kFunction, kTest, kConstant };
std::string_view TextOf(FunctionKind kind);

/// How deep recursive functions may be nested, the outermost call being 1, unless they say so.
inline constexpr int kMaxRecursionDepth = 1000;

/// One specialised function. Symbols come first among the parameters.
struct Function {
  std::string name;
  FunctionKind kind = FunctionKind::kFunction;
  std::vector<Param> params;
  std::vector<Type> results;
  RegionId body;  ///< no arguments; the parameters' values are visible in it
  SourceRange range;
  int depth_limit = kMaxRecursionDepth;  ///< a call of it may not nest deeper
  bool is_library = false;               ///< of the library: debug mode looks at its results only
  bool is_memo = false;  ///< its results, of scalars and pure, are kept in a table of the launch

  std::vector<Value> values;
  std::vector<Op> ops;
  std::vector<Region> regions;
  std::vector<ValueId> value_pool;
  std::vector<RegionId> region_pool;
  std::vector<std::string> strings;

  const Value& value(ValueId id) const { return values[id.index]; }
  Value& value(ValueId id) { return values[id.index]; }
  const Op& op(OpId id) const { return ops[id.index]; }
  Op& op(OpId id) { return ops[id.index]; }
  const Region& region(RegionId id) const { return regions[id.index]; }
  Region& region(RegionId id) { return regions[id.index]; }
  Type type(ValueId id) const { return value(id).type; }

  std::span<const ValueId> operands(const Op& op) const { return values_of(op.operands); }
  std::span<const ValueId> results_of(const Op& op) const { return values_of(op.results); }
  std::span<const RegionId> regions_of(const Op& op) const {
    return {region_pool.data() + op.regions.begin, op.regions.count};
  }
  ValueId operand(const Op& op, size_t i) const { return value_pool[op.operands.begin + i]; }
  ValueId result(const Op& op, size_t i = 0) const { return value_pool[op.results.begin + i]; }
  RegionId region_of(const Op& op, size_t i) const { return region_pool[op.regions.begin + i]; }
  /// The `yield` that ends a region.
  const Op& terminator(RegionId id) const { return op(region(id).ops.back()); }
  std::string_view string(StringId id) const {
    return id.valid() ? std::string_view(strings[id.index]) : std::string_view();
  }
  StringId AddString(std::string_view text);
  /// The constant operation that defines `id`, or null.
  const Op* ConstantOf(ValueId id) const;

 private:
  std::span<const ValueId> values_of(PoolRange slice) const {
    return {value_pool.data() + slice.begin, slice.count};
  }
};

/// A function with everything it uses. `functions[entry]` is what it was made for.
struct Module {
  std::vector<Function> functions;
  FunctionId entry;

  const Function& function(FunctionId id) const { return functions[id.index]; }
  Function& function(FunctionId id) { return functions[id.index]; }
  const Function& entry_function() const { return function(entry); }
};

/// What an operation is made of; the builder puts it into the tables.
struct OpSpec {
  Opcode opcode;
  Rule rule = Rule::kNone;
  SourceRange range = {};
  std::vector<ValueId> operands = {};
  std::vector<Type> results = {};
  std::vector<RegionId> regions = {};
  uint64_t immediate = 0;
  std::string text = {};
};

/// Appends operations to a function. Knows one insertion point: the end of one region.
class Builder {
 public:
  explicit Builder(Function& function) : function_(function) {}

  Function& function() { return function_; }
  const Function& function() const { return function_; }
  RegionId region() const { return region_; }
  /// From now on operations on floats have the rule `fast`, where they have it.
  void set_fast(bool is_fast) { is_fast_ = is_fast; }

  RegionId NewRegion();
  ValueId AddArgument(RegionId region, Type type, std::string_view name = {});
  ValueId AddParam(Param param, Type type);
  /// Makes `region` the insertion point and returns the one before.
  RegionId Enter(RegionId region);

  /// Appends an operation; its checks are InitialChecks of its row, rule and types.
  OpId Append(const OpSpec& spec);
  /// The same for an operation with exactly one result, which is returned.
  ValueId AppendValue(const OpSpec& spec);

  ValueId Constant(ScalarType type, uint64_t bits, SourceRange range = {});
  ValueId Integer(ScalarType type, Int128 value, SourceRange range = {}) {
    return Constant(type, IntegerBits(type, value), range);
  }
  ValueId Bool(bool value, SourceRange range = {}) {
    return Constant(ScalarType::kBool, value, range);
  }
  /// Result type by the row's type rule.
  ValueId Unary(Opcode opcode, Rule rule, ValueId a, SourceRange range);
  ValueId Binary(Opcode opcode, Rule rule, ValueId a, ValueId b, SourceRange range);
  ValueId Compare(Opcode opcode, ValueId a, ValueId b, SourceRange range) {
    return Binary(opcode, Rule::kNone, a, b, range);
  }
  ValueId Select(ValueId condition, ValueId a, ValueId b, SourceRange range);
  ValueId Convert(ScalarType to, Rule rule, ValueId a, SourceRange range);
  void Yield(std::vector<ValueId> values, SourceRange range = {});
  void Name(ValueId value, std::string_view name);

 private:
  Function& function_;
  RegionId region_;
  bool is_fast_ = false;
};

/// Sets the overflow rule none where the scalar type is not an integer.
inline Rule RuleFor(Rule rule, ScalarType type) {
  return IsInteger(type) ? rule : Rule::kNone;
}

/// The array that `array` is a view of, or a view of a view; itself if it is none.
ValueId StorageOf(const Function& function, ValueId array);

/// Whether running the operation, without its regions, may end in a fault.
inline bool MayFault(const Op& op) {
  return op.checks != 0 || op.opcode == Opcode::kFail;
}
/// The same with regions and called functions (calls count as faulting).
bool MayFaultDeep(const Function& function, const Op& op);
/// Whether the operation may be left out if its results are unused, and run again or not at all.
bool IsPure(const Op& op);

inline ReduceKind ReduceKindOf(const Op& op) {
  return static_cast<ReduceKind>(op.immediate & 0xff);
}
inline uint64_t InclusiveBits(const Op& op) {
  return op.opcode == Opcode::kReduce ? op.immediate >> 8
         : op.opcode == Opcode::kFor  ? (op.immediate & kForInclusive)
                                      : (op.immediate & ~kParallelGroups);
}
/// How many carried values a `for` has; its operands are three bounds, then these.
inline uint32_t CarriedCount(const Op& op) {
  return op.operands.count - 3;
}

}  // namespace einkorn::ir
