// Paths, loops, and what they carry.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"
#include "frontend/walk.h"

namespace einkorn::frontend {
namespace {

constexpr int64_t kMaxStaticIterations = 1024;
/// The most operations of a function in which loops are still unrolled.
constexpr size_t kMaxUnrolledOps = 200000;

}  // namespace

FunctionLowering::Path FunctionLowering::LowerPaths(ir::ValueId condition, const PathBody& then,
                                                    const PathBody& otherwise, SourceRange range,
                                                    bool otherwise_first, const PathJoin& join) {
  struct Arm {
    ir::RegionId region;
    Path path;
    std::vector<ir::ValueId> values;
  } arms[2];
  const auto before = Snapshot();
  for (int k : {otherwise_first ? 1 : 0, otherwise_first ? 0 : 1}) {
    Arm& arm = arms[k];
    Restore(before);
    arm.region = builder_.NewRegion();
    const ir::RegionId outside = builder_.Enter(arm.region);
    arm.path = k == 0 ? then() : otherwise();
    builder_.Enter(outside);
    arm.values = Snapshot();
    arm.values.resize(before.size());
  }
  if (join) join(arms[0].path, arms[0].region, arms[1].path, arms[1].region);

  // Values that differ become results. After a path that has ended a value means nothing, so any of
  // its type will do; a variable without a value on a path that goes on has none afterwards.
  std::vector<size_t> joined;
  std::vector<Type> types;
  std::vector<ir::ValueId> yields[2];
  const auto dead = [&](int k) { return arms[k].path.flow == Flow::kDead; };
  const auto any_value = [&](int k, Type type) {
    if (type.is_array()) return ir::ValueId();
    const ir::RegionId outside = builder_.Enter(arms[k].region);
    const ir::ValueId value = builder_.Constant(type.scalar, 0, range);
    builder_.Enter(outside);
    return value;
  };
  std::vector<ir::ValueId> after = before;
  for (size_t i = 0; i < before.size(); ++i) {
    ir::ValueId values[2] = {arms[0].values[i], arms[1].values[i]};
    if (values[0] == values[1]) {
      after[i] = values[0];
      continue;
    }
    for (int k : {0, 1})
      if (!values[k].valid() && dead(k) && !dead(1 - k)) values[k] = any_value(k, value_types_[i]);
    if (!values[0].valid() || !values[1].valid()) {
      after[i] = {};
      continue;
    }
    joined.push_back(i);
    types.push_back(value_types_[i]);
    for (int k : {0, 1}) yields[k].push_back(values[k]);
  }
  // A path whose value could not be made was reported.
  const bool has_value = arms[0].path.values.size() == arms[1].path.values.size();
  const size_t value_count = has_value ? arms[0].path.values.size() : 0;
  for (size_t v = 0; v < value_count; ++v) {
    types.push_back(builder_.function().type(arms[0].path.values[v]));
    for (int k : {0, 1}) yields[k].push_back(arms[k].path.values[v]);
  }
  for (int k : {0, 1}) {
    const ir::RegionId outside = builder_.Enter(arms[k].region);
    builder_.Yield(yields[k], range);
    builder_.Enter(outside);
  }
  const ir::OpId op = builder_.Append({.opcode = Opcode::kIf,
                                       .range = range,
                                       .operands = {condition},
                                       .results = types,
                                       .regions = {arms[0].region, arms[1].region}});
  Restore(after);
  const ir::Function& function = builder_.function();
  for (size_t k = 0; k < joined.size(); ++k) {
    values_[joined[k]] = function.result(function.op(op), k);
    NamePart(joined[k]);
  }
  Path path;
  for (size_t v = 0; v < value_count; ++v)
    path.values.push_back(function.result(function.op(op), joined.size() + v));
  const Flow a = arms[0].path.flow, b = arms[1].path.flow;
  path.flow = a == b ? a : Flow::kMaybe;
  return path;
}

Flow FunctionLowering::LowerStaticIf(const Statement& statement) {
  const auto holds = module_.StaticCondition(statement.a, item_, type_arguments_);
  if (!holds) {
    Report(DiagnosticCode::kNotStatic, expr(statement.a).range).hint =
        "it may use literals, constants, static parameters and comparisons of types";
    return Flow::kLive;
  }
  const BlockId chosen = *holds ? statement.block : statement.other;
  return chosen.valid() ? LowerBlock(chosen) : Flow::kLive;
}

Flow FunctionLowering::LowerStaticFor(const Statement& statement) {
  const RangeClause& range = statement.ranges.front();
  const auto bound = [&](ExprId id) -> std::optional<int64_t> {
    const auto value = module_.ConstantInteger(id, item_, type_arguments_);
    if (!value)
      Report(DiagnosticCode::kNotStatic, expr(id).range).hint =
          "it may use literals, constants and static parameters";
    return value;
  };
  const auto from = bound(range.from), to = bound(range.to);
  const auto step = range.step.valid() ? bound(range.step) : std::optional<int64_t>(1);
  if (!from || !to || !step) return Flow::kLive;
  if (range.type.valid() || *step == 0) {
    Report(DiagnosticCode::kInvalidArgument, range.range,
           *step == 0 ? "a step of 0" : "the variable of a static loop is an i64");
    return Flow::kLive;
  }
  const Int128 last = Int128(*to) - (range.inclusive ? 0 : *step > 0 ? 1 : -1);
  const Int128 count = (last - *from) / *step + ((last - *from) * *step >= 0 ? 1 : 0);
  if (count > kMaxStaticIterations) {
    Report(DiagnosticCode::kStaticLoopTooLong, range.range, FormatInt128(count),
           kMaxStaticIterations);
    return Flow::kLive;
  }
  const bool is_empty = (last - *from) * *step < 0;
  LoopFrame frame;
  frame.is_static = true;
  loops_.push_back(frame);
  const Flow flow =
      is_empty ? Flow::kLive
               : LowerStaticIterations(statement, *from,
                                       *from + static_cast<int64_t>(count - 1) * *step, *step);
  loops_.pop_back();
  return flow;
}

// The iterations from `from` on, each a copy of the body in which the variable is a constant.
Flow FunctionLowering::LowerStaticIterations(const Statement& statement, int64_t from, int64_t last,
                                             int64_t step) {
  const RangeClause& range = statement.ranges.front();
  for (int64_t value = from;; value += step) {
    if (builder_.function().ops.size() > kMaxUnrolledOps) {
      Report(DiagnosticCode::kStaticLoopTooLong, range.range, "that many", kMaxStaticIterations);
      return Flow::kLive;
    }
    OpenScope();
    const auto bits = static_cast<uint64_t>(value);
    Declare(range.name, VariableKind::kLoop, Made(builder_.Constant(ScalarType::kI64, bits)));
    type_arguments_.statics.push_back({range.name.text, ScalarType::kI64, bits});
    const Flow flow = LowerBlock(statement.block);
    type_arguments_.statics.pop_back();
    CloseScope();
    if (flow == Flow::kDead || value == last) return flow;
    if (flow == Flow::kLive) continue;
    // The rest runs only on paths that have not ended.
    const auto rest = [&]() -> Path {
      return {LowerStaticIterations(statement, value + step, last, step)};
    };
    const auto ended = []() -> Path { return {Flow::kDead}; };
    const Flow joined = LowerPaths(ValueOf(live_), rest, ended, range.range).flow;
    return joined == Flow::kLive ? Flow::kMaybe : joined;
  }
}

Flow FunctionLowering::LowerIf(const Statement& statement) {
  if (statement.is_static) return LowerStaticIf(statement);
  const Operand condition = LowerCondition(statement.a);
  if (!condition.ok()) {
    // The arms are still checked, so that their mistakes are reported too.
    LowerAside([&] {
      LowerBlock(statement.block);
      if (statement.other.valid()) LowerBlock(statement.other);
    });
    return Flow::kLive;
  }
  const auto arm = [this](BlockId block) -> PathBody {
    return
        [this, block]() -> Path { return {block.valid() ? LowerBlock(block) : Flow::kLive, {}}; };
  };
  return LowerPaths(condition.value(), arm(statement.block), arm(statement.other), statement.range)
      .flow;
}

// --- What a body may do

void FunctionLowering::SummariseExpr(ExprId id, BodySummary& summary) {
  if (!id.valid()) return;
  const Expr& e = expr(id);
  if (e.kind == ExprKind::kCall) {
    const bool is_swap = expr(e.a).kind == ExprKind::kName && expr(e.a).text == "swap";
    const Item* item = unit_.ItemMeantBy(expr(e.a));
    for (size_t i = 0; i < e.list.size(); ++i) {
      const bool inout = item != nullptr && i < item->parameters.size() &&
                         item->parameters[i].access != AccessKind::kIn;
      const Expr& root = RootOf(expr(e.list[i]));
      if (root.kind != ExprKind::kName) continue;
      if (is_swap) summary.swapped.push_back(root.text);
      if (inout) summary.assigned.push_back(root.text);
    }
  }
  SummariseExpr(e.a, summary);
  SummariseExpr(e.b, summary);
  for (ExprId item : e.list) SummariseExpr(item, summary);
  for (BlockId block : {e.block, e.other})
    if (block.valid()) SummariseBlock(tree_.block(block), 1, summary);
  for (const RangeClause& range : e.ranges)
    for (ExprId bound : {range.from, range.to, range.step}) SummariseExpr(bound, summary);
}

void FunctionLowering::SummariseBlock(const Block& block, int loop_depth, BodySummary& summary) {
  for (StatementId id : block.statements) {
    const Statement& s = tree_.statement(id);
    int depth = loop_depth;
    switch (s.kind) {
      case StatementKind::kAssign:
        if (const Expr& root = RootOf(expr(s.a)); root.kind == ExprKind::kName)
          summary.assigned.push_back(root.text);
        break;
      case StatementKind::kBreak:
        summary.breaks = summary.breaks || loop_depth == 0;
        break;
      case StatementKind::kContinue:
        summary.continues = summary.continues || loop_depth == 0;
        break;
      case StatementKind::kReturn:
        summary.returns = true;
        break;
      case StatementKind::kWhile:
      case StatementKind::kFor:
      case StatementKind::kParallelFor:
        ++depth;
        break;
      case StatementKind::kDebug:
      case StatementKind::kExpectError:
      case StatementKind::kExpectCompileError:
        continue;  // leaves no variable changed
      default:
        break;
    }
    SummariseExpr(s.a, summary);
    SummariseExpr(s.b, summary);
    for (ExprId value : s.format.values) SummariseExpr(value, summary);
    for (const RangeClause& range : s.ranges)
      for (ExprId bound : {range.from, range.to, range.step}) SummariseExpr(bound, summary);
    for (BlockId inner : {s.block, s.other})
      if (inner.valid()) SummariseBlock(tree_.block(inner), depth, summary);
  }
  SummariseExpr(block.value, summary);
}

FunctionLowering::BodySummary FunctionLowering::Summarise(BlockId block) {
  BodySummary summary;
  SummariseBlock(tree_.block(block), 0, summary);
  return summary;
}

std::vector<VariableId> FunctionLowering::CarriedVariables(const BodySummary& summary) {
  std::vector<VariableId> carried;
  const auto carry = [&](std::string_view name, bool in_memory) {
    const auto at = visible_.find(name);
    if (at == visible_.end()) return;
    const Variable& v = variable(at->second);
    const bool assignable = v.kind == VariableKind::kVar ||
                            v.kind == VariableKind::kInoutParameter ||
                            v.kind == VariableKind::kArrayWritable;
    // A variable without a value before the loop has none at the start of any iteration. What is
    // assigned in memory is seen there; arrays that were swapped lie elsewhere afterwards.
    if (assignable && v.in_memory == in_memory && IsAssigned(v)) carried.push_back(at->second);
  };
  for (std::string_view name : summary.assigned) carry(name, false);
  for (std::string_view name : summary.swapped) carry(name, true);
  std::sort(carried.begin(), carried.end());
  carried.erase(std::unique(carried.begin(), carried.end()), carried.end());
  if (summary.returns) {
    carried.push_back(returned_);
    if (result_.valid()) carried.push_back(result_);
  }
  return carried;
}

// Lowers a body inside its own frame of exits; the path's value says whether the loop goes on, and
// is invalid where it always does.
FunctionLowering::Path FunctionLowering::LowerLoopBody(const std::function<Flow()>& body,
                                                       const BodySummary& summary, bool parallel) {
  const ir::ValueId live_before = ValueOf(live_);
  SetValue(live_, builder_.Bool(true));
  LoopFrame frame;
  frame.is_parallel = parallel;
  frame.broke = DeclareHidden("broke", ScalarType::kBool, builder_.Bool(false));
  loops_.push_back(frame);
  Path path;
  path.flow = body();
  loops_.pop_back();
  if (summary.breaks || summary.returns) {
    ir::ValueId goes_on = builder_.Unary(Opcode::kNot, Rule::kNone, ValueOf(frame.broke), {});
    if (summary.returns) {
      const ir::ValueId stays = builder_.Unary(Opcode::kNot, Rule::kNone, ValueOf(returned_), {});
      goes_on = builder_.Binary(Opcode::kAnd, Rule::kNone, goes_on, stays, {});
    }
    path.values = {goes_on};
  }
  SetValue(live_, live_before);
  return path;
}

FunctionLowering::LoweredRange FunctionLowering::LowerRange(const RangeClause& range) {
  LoweredRange lowered;
  if (range.type.valid()) {
    const DataType type = module_.Resolve(range.type, item_, type_arguments_);
    if (!type.valid()) return lowered;
    if (!type.is_scalar() || !IsInteger(type.scalar())) {
      Report(DiagnosticCode::kTypeMismatch, tree_.type(range.type).range, "an integer type",
             type.text());
      return lowered;
    }
    lowered.type = type.scalar();
  }
  lowered.from = LowerAs(range.from, lowered.type);
  lowered.to = LowerAs(range.to, lowered.type);
  lowered.step = range.step.valid() ? LowerAs(range.step, lowered.type)
                                    : Made(builder_.Integer(lowered.type, 1, range.range));
  lowered.ok = lowered.from.ok() && lowered.to.ok() && lowered.step.ok();
  return lowered;
}

// Makes the variable's parts inside `region` arguments of it.
void FunctionLowering::CarryInto(ir::RegionId region, VariableId id) {
  ir::Function& function = builder_.function();
  std::vector<ir::ValueId> arguments;
  for (ir::ValueId part : PartsOf(variable(id))) {
    const ir::StringId shape = function.value(part).shape;
    arguments.push_back(builder_.AddArgument(region, function.type(part)));
    function.value(arguments.back()).shape = shape;
  }
  SetParts(id, arguments);
}

std::vector<ir::ValueId> FunctionLowering::ValuesOf(const std::vector<VariableId>& ids) const {
  std::vector<ir::ValueId> values;
  for (VariableId id : ids) {
    const auto parts = PartsOf(variables_[id.index]);
    values.insert(values.end(), parts.begin(), parts.end());
  }
  return values;
}

// The results of loop `op` from `first` on become the values of the variables.
void FunctionLowering::TakeResults(const std::vector<VariableId>& ids, ir::OpId op, size_t first) {
  for (VariableId id : ids) {
    std::vector<ir::ValueId> parts;
    const ir::Function& function = builder_.function();
    for (size_t k = 0; k < variable(id).part_count; ++k)
      parts.push_back(function.result(function.op(op), first++));
    SetParts(id, parts);
  }
}

Flow FunctionLowering::LowerFor(const Statement& statement) {
  if (statement.is_static) return LowerStaticFor(statement);
  const RangeClause& range = statement.ranges.front();
  const LoweredRange bounds = LowerRange(range);
  const BodySummary summary = Summarise(statement.block);
  const std::vector<VariableId> carried = CarriedVariables(summary);
  const bool exits = summary.breaks || summary.returns;

  std::vector<ir::ValueId> operands = {bounds.from.value(), bounds.to.value(), bounds.step.value()};
  for (ir::ValueId value : ValuesOf(carried)) operands.push_back(value);
  const ir::RegionId region = builder_.NewRegion();
  OpenScope();
  const ir::ValueId index =
      builder_.AddArgument(region, Type::Scalar(bounds.type), range.name.text);
  const auto before = Snapshot();
  Declare(range.name, VariableKind::kLoop, Made(index));
  std::vector<Type> types;
  for (ir::ValueId value : ValuesOf(carried)) types.push_back(builder_.function().type(value));
  for (VariableId id : carried) CarryInto(region, id);
  const ir::RegionId outside = builder_.Enter(region);
  const Path path =
      LowerLoopBody([&] { return LowerBlock(statement.block); }, summary, /*parallel=*/false);
  std::vector<ir::ValueId> yields;
  if (exits) yields.push_back(path.value());
  for (ir::ValueId value : ValuesOf(carried)) yields.push_back(value);
  // A carried variable that lost its value on some path was reported where it is read.
  const bool complete = std::all_of(yields.begin(), yields.end(), [](auto v) { return v.valid(); });
  builder_.Yield(yields, range.range);
  builder_.Enter(outside);
  CloseScope();
  Restore(before);
  if (!bounds.ok || !complete) return Flow::kLive;
  const ir::OpId op = builder_.Append(
      {.opcode = Opcode::kFor,
       .rule = Rule::kChecked,
       .range = WithPoint(statement.range, range.range),
       .operands = operands,
       .results = types,
       .regions = {region},
       .immediate = (range.inclusive ? ir::kForInclusive : 0) | (exits ? ir::kForExits : 0)});
  TakeResults(carried, op, 0);
  if (!summary.returns) return Flow::kLive;
  SetValue(live_, builder_.Unary(Opcode::kNot, Rule::kNone, ValueOf(returned_), {}));
  return Flow::kMaybe;
}

Flow FunctionLowering::LowerWhile(const Statement& statement) {
  BodySummary summary = Summarise(statement.block);
  SummariseExpr(statement.a, summary);
  const std::vector<VariableId> carried = CarriedVariables(summary);
  const bool exits = summary.breaks || summary.returns;
  const Expr& condition_expr = expr(statement.a);
  const bool endless = condition_expr.kind == ExprKind::kBool && condition_expr.flag;

  // With early exits the loop carries one more value: whether it goes on.
  std::vector<ir::ValueId> operands;
  if (exits) operands.push_back(builder_.Bool(true));
  for (ir::ValueId value : ValuesOf(carried)) operands.push_back(value);
  std::vector<Type> types;
  for (ir::ValueId value : operands) types.push_back(builder_.function().type(value));

  const auto before = Snapshot();
  const ir::RegionId condition_region = builder_.NewRegion();
  const ir::RegionId region = builder_.NewRegion();
  ir::ValueId goes_on;
  const auto enter_region = [&](ir::RegionId into) {
    if (exits) goes_on = builder_.AddArgument(into, Type::Scalar(ScalarType::kBool));
    for (VariableId id : carried) CarryInto(into, id);
    return builder_.Enter(into);
  };

  const ir::RegionId outside = enter_region(condition_region);
  bool ok = true;
  const auto test = [&]() -> Path {
    const Operand condition = LowerCondition(statement.a);
    ok = ok && condition.ok();
    return {Flow::kLive, condition.parts};
  };
  ir::ValueId condition;
  if (exits) {
    const auto stop = [&]() -> Path { return {Flow::kLive, {builder_.Bool(false)}}; };
    condition = LowerPaths(goes_on, test, stop, condition_expr.range).value();
  } else {
    condition = test().value();
  }
  for (ir::ValueId value : ValuesOf(carried)) {
    const auto& arguments = builder_.function().region(condition_region).arguments;
    if (std::ranges::find(arguments, value) == arguments.end()) {
      Report(DiagnosticCode::kInvalidArgument, condition_expr.range,
             "the condition of `while` cannot assign variables")
          .hint = "write while true { if !(...) { break; } ... }";
      ok = false;
      break;
    }
  }
  if (ok) builder_.Yield({condition}, condition_expr.range);
  builder_.Enter(outside);
  Restore(before);

  enter_region(region);
  const Path path =
      LowerLoopBody([&] { return LowerBlock(statement.block); }, summary, /*parallel=*/false);
  std::vector<ir::ValueId> yields;
  if (exits) yields.push_back(path.value());
  for (ir::ValueId value : ValuesOf(carried)) yields.push_back(value);
  ok = ok && std::all_of(yields.begin(), yields.end(), [](auto v) { return v.valid(); });
  if (ok) builder_.Yield(yields, statement.range);
  builder_.Enter(outside);
  Restore(before);
  if (!ok) return Flow::kLive;
  const ir::OpId op = builder_.Append({.opcode = Opcode::kWhile,
                                       .range = statement.range,
                                       .operands = operands,
                                       .results = types,
                                       .regions = {condition_region, region}});
  TakeResults(carried, op, exits ? 1 : 0);
  if (endless && !summary.breaks) return Flow::kDead;
  if (!summary.returns) return Flow::kLive;
  SetValue(live_, builder_.Unary(Opcode::kNot, Rule::kNone, ValueOf(returned_), {}));
  return Flow::kMaybe;
}

bool FunctionLowering::MentionsVariables(const RangeClause& range,
                                         const std::vector<RangeClause>& earlier, size_t count) {
  // Any name of an earlier variable inside the bounds; names are unique, so a textual look is
  // exact.
  std::function<bool(ExprId)> mentions = [&](ExprId id) -> bool {
    if (!id.valid()) return false;
    const Expr& e = expr(id);
    if (e.kind == ExprKind::kName)
      return std::any_of(earlier.begin(), earlier.begin() + static_cast<ptrdiff_t>(count),
                         [&](const RangeClause& r) { return r.name.text == e.text; });
    if (mentions(e.a) || mentions(e.b)) return true;
    for (BlockId block : {e.block, e.other})
      if (block.valid() && mentions(tree_.block(block).value)) return true;
    for (const RangeClause& inner : e.ranges)
      if (mentions(inner.from) || mentions(inner.to) || mentions(inner.step)) return true;
    return std::any_of(e.list.begin(), e.list.end(), mentions);
  };
  return mentions(range.from) || mentions(range.to) || mentions(range.step);
}

// The ranges from `first` on as loops inside a parallel one, then the body. Those of an inner
// `parallel for` are over lanes, which are walked one after the other: no lane sees what another
// one does in the same loop, and the end of the loop is the barrier.
Flow FunctionLowering::LowerInnerRanges(const Statement& statement, size_t first, uint64_t flags) {
  if (first == statement.ranges.size()) return LowerBlock(statement.block);
  const RangeClause& range = statement.ranges[first];
  const LoweredRange bounds = LowerRange(range);
  const ir::RegionId region = builder_.NewRegion();
  const ir::ValueId index =
      builder_.AddArgument(region, Type::Scalar(bounds.type), range.name.text);
  const ir::RegionId outside = builder_.Enter(region);
  const auto before = Snapshot();
  OpenScope();
  Declare(range.name, VariableKind::kLoop, Made(index));
  LowerLoopBody([&] { return LowerInnerRanges(statement, first + 1, flags); }, {},
                /*parallel=*/true);
  builder_.Yield({}, range.range);
  CloseScope();
  Restore(before);
  builder_.Enter(outside);
  if (!bounds.ok) return Flow::kLive;
  builder_.Append({.opcode = Opcode::kFor,
                   .rule = Rule::kChecked,
                   .range = WithPoint(statement.range, range.range),
                   .operands = {bounds.from.value(), bounds.to.value(), bounds.step.value()},
                   .regions = {region},
                   .immediate = flags | (range.inclusive ? ir::kForInclusive : 0)});
  return Flow::kLive;
}

Flow FunctionLowering::LowerParallelFor(const Statement& statement) {
  if (parallel_depth_ >= kMaxLevels) {
    Report(DiagnosticCode::kThirdLevel, statement.range).hint =
        "the outer loop is over groups, the inner ones over the lanes of a group";
    return Flow::kLive;
  }
  if (parallel_depth_ > 0) {
    has_lanes_ = true;
    ++parallel_depth_;
    const Flow flow = LowerInnerRanges(statement, 0, ir::kForLanes);
    --parallel_depth_;
    return flow;
  }
  // Ranges that use earlier variables are walked inside; only those before them are distributed.
  size_t distributed = 1;
  while (distributed < statement.ranges.size() &&
         !MentionsVariables(statement.ranges[distributed], statement.ranges, distributed))
    ++distributed;
  if (distributed < statement.ranges.size()) distributed = 1;

  std::vector<ir::ValueId> operands;
  std::vector<LoweredRange> bounds;
  uint64_t inclusive = 0;
  bool ok = true;
  for (size_t k = 0; k < distributed; ++k) {
    bounds.push_back(LowerRange(statement.ranges[k]));
    ok = ok && bounds.back().ok;
    for (const Operand* bound : {&bounds.back().from, &bounds.back().to, &bounds.back().step})
      operands.push_back(bound->value());
    if (statement.ranges[k].inclusive) inclusive |= uint64_t{1} << k;
  }
  const auto before = Snapshot();
  const ir::RegionId region = builder_.NewRegion();
  const ir::RegionId outside = builder_.Enter(region);
  OpenScope();
  ++parallel_depth_;
  has_lanes_ = false;
  for (size_t k = 0; k < distributed; ++k) {
    const Name name = statement.ranges[k].name;
    const Type type = Type::Scalar(bounds[k].type);
    Declare(name, VariableKind::kLoop, Made(builder_.AddArgument(region, type, name.text)));
  }
  SyntaxVisitor find_lanes;
  find_lanes.statement = [&](const Statement& s) {
    is_group_ = is_group_ || s.kind == StatementKind::kParallelFor;
  };
  Walk(tree_, statement.block, find_lanes);
  LowerLoopBody([&] { return LowerInnerRanges(statement, distributed, 0); }, {},
                /*parallel=*/true);
  builder_.Yield({}, statement.range);
  is_group_ = false;
  --parallel_depth_;
  CloseScope();
  builder_.Enter(outside);
  Restore(before);
  if (!ok) return Flow::kLive;
  SourceRange place = statement.range;
  place.point_begin = statement.ranges.front().range.begin;
  place.point_end = statement.ranges[distributed - 1].range.end;
  builder_.Append({.opcode = Opcode::kParallel,
                   .rule = Rule::kChecked,
                   .range = place,
                   .operands = operands,
                   .regions = {region},
                   .immediate = inclusive | (has_lanes_ ? ir::kParallelGroups : 0)});
  return Flow::kLive;
}

}  // namespace einkorn::frontend
