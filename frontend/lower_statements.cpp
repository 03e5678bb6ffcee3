// Statements but loops: declarations, assignments, exits, assertions, prints, and those of tests.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"
#include "frontend/shapes.h"

namespace einkorn::frontend {
namespace {

/// The most bytes of an array of constant size in a function, an iteration or a lane.
constexpr int64_t kMaxLocalBytes = 16 * 1024;
/// The same of an array that the lanes of a group share.
constexpr int64_t kMaxGroupBytes = 48 * 1024;

// Braces doubled, so that source text can stand in the text of a report.
std::string EscapeBraces(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    escaped += c;
    if (c == '{' || c == '}') escaped += c;
  }
  return escaped;
}

}  // namespace

Flow FunctionLowering::LowerBlock(BlockId id) {
  const Block& block = tree_.block(id);
  OpenScope();
  Flow flow = LowerStatements(block, 0);
  if (block.value.valid()) {
    const Expr& value = expr(block.value);
    Report(DiagnosticCode::kUnusedResult, value.range).hint =
        "end the statement with a semicolon, or return it";
  }
  CloseScope();
  return flow;
}

Flow FunctionLowering::LowerStatements(const Block& block, size_t first) {
  for (size_t i = first; i < block.statements.size(); ++i) {
    const Flow flow = LowerStatement(tree_.statement(block.statements[i]));
    const bool last = i + 1 == block.statements.size();
    if (flow == Flow::kLive) continue;
    if (last) return flow;
    // What follows a `static if` may be reached in another variant.
    if (flow == Flow::kDead && tree_.statement(block.statements[i]).is_static) return flow;
    if (flow == Flow::kDead) {
      Report(DiagnosticCode::kUnreachableCode, tree_.statement(block.statements[i + 1]).range);
      return flow;
    }
    if (exit_depth_ >= kMaxNesting) {
      Report(DiagnosticCode::kNestingTooDeep, tree_.statement(block.statements[i]).range,
             kMaxNesting)
          .hint =
          "too many statements that may return, break or continue stand behind each other; "
          "move some to a function";
      return flow;
    }
    // The rest runs only on paths that have not ended.
    ++exit_depth_;
    const auto rest = [&]() -> Path { return {LowerStatements(block, i + 1), {}}; };
    const auto ended = []() -> Path { return {Flow::kDead, {}}; };
    const Flow joined = LowerPaths(ValueOf(live_), rest, ended, block.range).flow;
    --exit_depth_;
    return joined == Flow::kLive ? Flow::kMaybe : joined;
  }
  return Flow::kLive;
}

Flow FunctionLowering::LowerStatement(const Statement& s) {
  switch (s.kind) {
    case StatementKind::kLet:
    case StatementKind::kVar:
      return LowerDeclaration(s);
    case StatementKind::kAssign:
      return LowerAssign(s);
    case StatementKind::kAtomicExtreme:
      LowerAtomic(s);
      return Flow::kLive;
    case StatementKind::kExpr:
      LowerExprStatement(s);
      return Flow::kLive;
    case StatementKind::kIf:
      return LowerIf(s);
    case StatementKind::kWhile:
      return LowerWhile(s);
    case StatementKind::kFor:
      return LowerFor(s);
    case StatementKind::kParallelFor:
      return LowerParallelFor(s);
    case StatementKind::kBreak:
    case StatementKind::kContinue:
      return LowerLoopExit(s);
    case StatementKind::kReturn:
      return LowerReturn(s);
    case StatementKind::kAssert:
      LowerAssert(s);
      return Flow::kLive;
    case StatementKind::kPrint:
      LowerPrint(s);
      return Flow::kLive;
    case StatementKind::kDebug:
      LowerDebug(s);
      return Flow::kLive;
    case StatementKind::kExpectError:
      LowerExpectError(s);
      return Flow::kLive;
    case StatementKind::kExpectCompileError:
      LowerExpectCompileError(s);
      return Flow::kLive;
  }
  return Flow::kLive;
}

// --- Declarations

Flow FunctionLowering::LowerDeclaration(const Statement& s) {
  const bool is_var = s.kind == StatementKind::kVar;
  const VariableKind kind = is_var ? VariableKind::kVar : VariableKind::kLet;
  const bool is_literal = s.a.valid() && expr(s.a).kind == ExprKind::kArray;
  if (s.type.valid() && tree_.type(s.type).kind == TypeExprKind::kArray) {
    LowerArrayDeclaration(s, tree_.type(s.type));
    return Flow::kLive;
  }
  if (is_literal && (is_var || AtKernelLevel())) {
    DeclareStored(s, LowerStoredLiteral(expr(s.a), {}, nullptr));
    return Flow::kLive;
  }
  DataType type;
  if (s.type.valid()) {
    type = module_.Resolve(s.type, item_, type_arguments_);
    if (!type.valid()) {
      if (s.a.valid()) LowerExpression(s.a, {});
      Poison(s.name);
      return Flow::kLive;
    }
  }
  Operand value;
  if (s.a.valid()) {
    const bool may_be_view = !type.valid() && expr(s.a).kind == ExprKind::kIndex;
    value = type.valid()  ? LowerFilled(s.a, type)
            : may_be_view ? LowerReference(s.a)
                          : LowerExpression(s.a, {});
    if (value.is_view()) {
      DeclareView(s, value);
      return Flow::kLive;
    }
    value = Read(Load(value, expr(s.a).range), type, expr(s.a).range);
  } else if (!type.valid()) {
    Report(DiagnosticCode::kTypeMismatch, s.name.range, "a type or a value", "neither").hint =
        fmt::format("write `var {}: i64;` or `var {} = 0;`", s.name.text, s.name.text);
    return Flow::kLive;
  }
  // After a mistake in its value the name is still declared, so that its uses are not reported too.
  if (s.a.valid() && !value.ok() && type.valid()) value = Zero(type, s.range);
  if (s.a.valid() && !value.ok()) {
    Poison(s.name);
    return Flow::kLive;
  }
  if (!s.a.valid())
    DeclareUnassigned(s.name, kind, type);
  else if (is_var && value.type.is_array())
    DeclareStored(s, Spill(value, s.name.text, s.range));
  else
    Declare(s.name, kind, value);
  return Flow::kLive;
}

// `let row = a[i, ..];` may write what its array may; the array itself keeps its meaning.
void FunctionLowering::DeclareView(const Statement& s, const Operand& view) {
  if (s.kind == StatementKind::kVar || expr(s.a).view.empty()) {
    Report(DiagnosticCode::kInvalidArgument, s.range,
           s.kind == StatementKind::kVar ? "a view is declared with `let`"
                                         : "an array cannot be given a second name")
        .hint = "a view of all of it is written a[..]";
    Poison(s.name);
    return;
  }
  const Expr& root = RootOf(expr(s.a));
  const Variable* array = root.kind == ExprKind::kName ? Find(root.text) : nullptr;
  const bool is_writable = array != nullptr && (array->kind == VariableKind::kArrayWritable ||
                                                array->kind == VariableKind::kViewWritable);
  Declare(s.name, is_writable ? VariableKind::kViewWritable : VariableKind::kArrayIn, view);
}

void FunctionLowering::Poison(Name name) {
  if (CheckFree(name) && name.text != "_") poisoned_.insert(name.text);
}

// Declares an array that lies in memory.
void FunctionLowering::DeclareStored(const Statement& s, const Operand& array) {
  if (!array.ok()) {
    poisoned_.insert(s.name.text);
    return;
  }
  const bool is_var = s.kind == StatementKind::kVar;
  Declare(s.name, is_var ? VariableKind::kArrayWritable : VariableKind::kArrayIn, array);
}

bool FunctionLowering::CheckLocalSize(const DataType& type, SourceRange range) {
  const int64_t most = is_group_ && parallel_depth_ == 1 ? kMaxGroupBytes : kMaxLocalBytes;
  if (type.info().bytes <= most) return true;
  Report(DiagnosticCode::kArrayTooLarge, range, type.info().bytes, most);
  return false;
}

void FunctionLowering::LowerArrayDeclaration(const Statement& s, const TypeExpr& type) {
  const bool is_constant = std::ranges::all_of(type.sizes, [&](ExprId size) {
    return module_.ConstantInteger(size, item_, type_arguments_).has_value();
  });
  if (is_constant) {
    const DataType whole = module_.Resolve(s.type, item_, type_arguments_);
    if (!whole.valid() || (!AtKernelLevel() && !CheckLocalSize(whole, s.range))) {
      poisoned_.insert(s.name.text);
      return;
    }
    // What is fixed and is not a literal is a value.
    const bool is_fill = s.a.valid() && IsUntyped(s.a);
    const bool is_stored = s.a.valid() && (is_fill || expr(s.a).kind == ExprKind::kArray ||
                                           expr(s.a).kind == ExprKind::kUndefined);
    if (s.a.valid() && !is_stored) {
      // A value for each element, or a value array.
      const Operand value = LowerExpression(s.a, whole);
      const DataType& element = whole.element();
      const bool fills =
          value.ok() && !value.is_view() && !value.type.is_array() && !element.is_array();
      if (!fills) {
        const Operand array = Coerce(value, whole, expr(s.a).range);
        if (!array.ok())
          poisoned_.insert(s.name.text);
        else if (s.kind == StatementKind::kLet)
          Declare(s.name, VariableKind::kLet, array);
        else
          DeclareStored(s, Spill(array, s.name.text, s.range));
        return;
      }
      const Operand fill = Coerce(value, element, expr(s.a).range);
      FinishArrayDeclaration(s, type, element, fill);
      return;
    }
  }
  const DataType element = module_.Resolve(type.element, item_, type_arguments_);
  if (!element.valid()) {
    poisoned_.insert(s.name.text);
    return;
  }
  if (s.a.valid() && expr(s.a).kind == ExprKind::kArray && is_constant) {
    std::vector<int64_t> sizes;
    for (ExprId size : type.sizes)
      sizes.push_back(*module_.ConstantInteger(size, item_, type_arguments_));
    DeclareStored(s, LowerStoredLiteral(expr(s.a), element, &sizes));
    return;
  }
  Operand fill;
  if (s.a.valid() && expr(s.a).kind != ExprKind::kUndefined && expr(s.a).kind != ExprKind::kArray) {
    fill = LowerFilled(s.a, element);
    if (!fill.ok()) fill = Zero(element, s.range);
  }
  FinishArrayDeclaration(s, type, element, fill);
}

// Makes the array; `fill` is not ok where the elements are undefined.
void FunctionLowering::FinishArrayDeclaration(const Statement& s, const TypeExpr& type,
                                              const DataType& element, const Operand& fill) {
  std::vector<ir::ValueId> sizes;
  std::string text;
  bool constant = true, ok = true;
  for (ExprId size : type.sizes) {
    const Operand value = LowerAs(size, ScalarType::kI64);
    ok = ok && value.ok();
    if (!ok) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", SourceText(expr(size).range));
    const auto known = ConstantSize(value.value());
    const bool is_computed = known && builder_.function().ConstantOf(value.value()) == nullptr;
    sizes.push_back(is_computed ? builder_.Integer(ScalarType::kI64, *known, expr(size).range)
                                : value.value());
    if (known && *known < 0) {
      Report(DiagnosticCode::kInvalidSize, expr(size).range, FormatInt128(*known));
      ok = false;
    }
    constant = constant && known.has_value();
  }
  if (!ok) {
    poisoned_.insert(s.name.text);
    return;
  }
  if (!constant && !AtKernelLevel()) {
    Report(DiagnosticCode::kRunTimeArray, s.range,
           parallel_depth_ > 0 ? "inside a parallel loop" : "inside a function")
        .hint = "make it at kernel level and pass it, or give it constant sizes";
    poisoned_.insert(s.name.text);
    return;
  }
  if (s.a.valid() && expr(s.a).kind == ExprKind::kArray) {
    Report(DiagnosticCode::kInvalidArgument, expr(s.a).range,
           "an array literal needs constant sizes in the declaration");
    return;
  }
  if (!s.a.valid()) {
    const bool is_float = element.is_scalar() && IsFloat(element.scalar());
    Report(DiagnosticCode::kUnassigned, s.name.range, s.name.text).hint =
        fmt::format("write `= {}` to fill it, or `= undefined`", is_float ? "0.0" : "0");
  }
  DeclareStored(s, AsWhole(MakeArray(element, sizes, fill, text, s.range)));
}

std::optional<int64_t> FunctionLowering::ConstantSize(ir::ValueId value) const {
  // Sizes are literals, constants and arithmetic on them; the latter is computed here.
  return FoldInteger(builder_.function(), value);
}

// --- Assignments

Flow FunctionLowering::LowerAssign(const Statement& s) {
  if (s.is_atomic) {
    LowerAtomic(s);
    return Flow::kLive;
  }
  const Expr& root = RootOf(expr(s.a));
  if (root.kind != ExprKind::kName) {
    Report(DiagnosticCode::kNotAssignable, expr(s.a).range, "this expression");
    LowerExpression(s.b, {});
    return Flow::kLive;
  }
  const auto id = AssignableVariable(s, root);
  if (!id) {
    LowerExpression(s.b, {});
  } else if (variable(*id).in_memory) {
    const Operand place = LowerReference(s.a);
    if (place.ok())
      AssignMemory(s, place, expr(s.a).range);
    else
      LowerExpression(s.b, {});
  } else if (expr(s.a).kind == ExprKind::kName) {
    AssignVariable(s, *id);
  } else {
    AssignInside(s, *id, expr(s.a));
  }
  return Flow::kLive;
}

// The variable at the bottom of `p[i].pos[0]`.
const Expr& FunctionLowering::RootOf(const Expr& target) const {
  const bool inside = target.kind == ExprKind::kIndex ||
                      (target.kind == ExprKind::kField && ImportedUnit(target) == nullptr);
  return inside ? RootOf(expr(target.a)) : target;
}

std::optional<VariableId> FunctionLowering::AssignableVariable(const Statement& s,
                                                               const Expr& root) {
  const Expr& target = expr(s.a);
  const auto at = visible_.find(root.text);
  if (at == visible_.end()) {
    if (!poisoned_.contains(root.text)) {
      if (const Item* item = ItemNamed(root.text))
        Report(DiagnosticCode::kNotAssignable, root.range, fmt::format("`{}`", root.text))
            .notes.push_back({item->name.range, "declared at file level here"});
      else
        ReportUnknown(root.text, root.range);
    }
    return std::nullopt;
  }
  const VariableId id = at->second;
  const VariableKind kind = variable(id).kind;
  if (kind == VariableKind::kArrayWritable || kind == VariableKind::kViewWritable) return id;
  if (kind == VariableKind::kArrayIn) {
    const Expr& base = target.kind == ExprKind::kName ? target : expr(target.a);
    Diagnostic& report = Report(DiagnosticCode::kNotAssignable, target.range,
                                fmt::format("an element of `{}`", SourceText(base.range)));
    report.notes.push_back({variable(id).range, "declared here"});
    report.hint = "declare it `inout` or `out` if it is a parameter, else with `var`";
    return std::nullopt;
  }
  if (kind != VariableKind::kVar && kind != VariableKind::kInoutParameter) {
    Diagnostic& report =
        Report(DiagnosticCode::kNotAssignable, target.range, fmt::format("`{}`", root.text));
    const char* what = kind == VariableKind::kLoop     ? "it is a loop variable"
                       : kind == VariableKind::kSymbol ? "it is a shape symbol"
                       : kind == VariableKind::kParameter
                           ? "it is a parameter; copy it to a `var`"
                           : "it was declared with `let`; declare it with `var`";
    report.hint = what;
    report.notes.push_back({variable(id).range, "declared here"});
    return std::nullopt;
  }
  if (variable(id).parallel_depth < parallel_depth_) {
    Diagnostic& report = Report(DiagnosticCode::kOuterVariable, root.range, root.text);
    report.notes.push_back({variable(id).range, "declared here"});
    report.hint = s.has_operator && s.binary == BinaryOperator::kAdd
                      ? fmt::format("use a reduction: {} += sum(... for ... in ...)", root.text)
                      : "use a reduction such as sum(...), or declare it inside the loop";
    return std::nullopt;
  }
  return id;
}

// What an assignment gives a place whose value is `old`, in that type.
Operand FunctionLowering::LowerAssigned(const Statement& s, const Operand& old) {
  if (!old.ok()) {
    LowerExpression(s.b, {});
    return {};
  }
  const Operand value = s.has_operator ? CombineCompound(s, old) : LowerAs(s.b, old.type);
  return Coerce(value, old.type, s.range);
}

void FunctionLowering::AssignVariable(const Statement& s, VariableId id) {
  Operand old = OperandOf(variable(id));
  if (s.has_operator) old = LowerName(expr(s.a));
  const Operand value = LowerAssigned(s, old);
  if (value.ok()) SetParts(id, value.parts);
}

// A field or element of a variable that is kept in registers: the whole with that part replaced.
// Indices that are not constants go through memory.
void FunctionLowering::AssignInside(const Statement& s, VariableId id, const Expr& target) {
  const Operand whole = LowerName(RootOf(target));
  if (!whole.ok()) {
    LowerExpression(s.b, {});
    return;
  }
  std::vector<const Expr*> steps;
  for (const Expr* e = &target; e->kind != ExprKind::kName; e = &expr(e->a)) steps.push_back(e);
  std::ranges::reverse(steps);
  Positions at{whole.type, {}};
  for (size_t k = 0; k < whole.parts.size(); ++k) at.leaves.push_back(k);
  size_t next = 0;
  for (; next < steps.size(); ++next) {
    const auto inner = PositionsInside(at, *steps[next]);
    if (!inner) break;
    at = *inner;
  }
  Operand old;
  old.type = at.type;
  for (size_t leaf : at.leaves) old.parts.push_back(whole.parts[leaf]);
  Operand value;
  if (next == steps.size()) {
    value = LowerAssigned(s, old);
  } else if (!at.type.is_array() || steps[next]->kind != ExprKind::kIndex) {
    LowerReference(s.a);  // reports what is wrong with it
  } else {
    const std::string name(SourceText(expr(steps[next]->a).range));
    const Operand stored = Spill(old, name, s.range);
    Operand place = stored;
    for (size_t k = next; k < steps.size() && place.ok(); ++k) place = Inside(place, *steps[k]);
    if (place.ok()) {
      AssignMemory(s, place, target.range);
      value = Load(stored, s.range);
    }
  }
  if (!value.ok()) return;
  std::vector<ir::ValueId> parts = whole.parts;
  for (size_t k = 0; k < at.leaves.size(); ++k) parts[at.leaves[k]] = value.parts[k];
  SetParts(id, parts);
}

// One step further in; nullopt where an index is not a constant inside the array.
std::optional<FunctionLowering::Positions> FunctionLowering::PositionsInside(const Positions& base,
                                                                             const Expr& step) {
  // Positions are moved about exactly as the leaves of a value are.
  Operand moved;
  moved.type = base.type;
  for (size_t leaf : base.leaves) moved.parts.emplace_back(leaf);
  Operand part;
  if (step.kind == ExprKind::kField) {
    const Field* field = base.type.info().FieldNamed(step.text);
    if (field == nullptr) return std::nullopt;
    part = FieldOf(moved, *field);
  } else {
    if (!base.type.is_array() || step.list.size() != base.type.sizes().size()) return std::nullopt;
    const auto position = PositionOf(base.type.sizes(), [&](size_t d) {
      return module_.ConstantInteger(step.list[d], item_, type_arguments_);
    });
    if (!position) return std::nullopt;
    part = ElementOf(moved, *position);
  }
  Positions positions{part.type, {}};
  for (ir::ValueId leaf : part.parts) positions.leaves.push_back(leaf.index);
  return positions;
}

void FunctionLowering::AssignMemory(const Statement& s, const Operand& target, SourceRange range) {
  const Operand place = AsWhole(target);
  if (place.is_view()) {
    Report(DiagnosticCode::kNotAssignable, range, "an array of run-time size").hint =
        "write a loop over its elements";
    return;
  }
  if (!IsSmallEnough(place.type, range)) return;
  Operand old = place;
  if (s.has_operator) old = Load(place, range);
  old.in_memory = false;
  const Operand value = LowerAssigned(s, old);
  // A compound assignment has loaded from there, which checked the indices.
  if (value.ok()) Store(place, value, range, !s.has_operator);
}

// `old op= e`: e as it stands if it is a product, else as if in parentheses.
Operand FunctionLowering::CombineCompound(const Statement& s, const Operand& old) {
  if (!old.ok()) {
    LowerExpression(s.b, {});
    return {};
  }
  const bool is_shift = InfoOf(InfoOf(s.binary).opcode).types == TypeRule::kShift;
  DataType expected;
  if (IsUntyped(s.b))
    expected = is_shift ? DataType(ScalarType::kI64) : LiteralType(ReadType(old.type));
  const Operand left = Read(old, {}, s.range);
  return Combine(s.binary, left, LowerTerm(s.b, expected), s.range);
}

void FunctionLowering::LowerAtomic(const Statement& s) {
  const Expr& target = expr(s.a);
  if (target.kind != ExprKind::kIndex && target.kind != ExprKind::kField) {
    Report(DiagnosticCode::kInvalidAtomic, target.range, "an atomic needs an array element");
    return;
  }
  const Expr& root = RootOf(target);
  if (root.kind != ExprKind::kName || !AssignableVariable(s, root)) return;
  const Operand place = LowerReference(s.a);
  if (!place.ok()) return;
  if (!place.in_memory || !place.is_scalar()) {
    Report(DiagnosticCode::kInvalidAtomic, target.range, "an atomic needs an array element");
    return;
  }
  const ScalarType element = place.scalar();
  const bool is_unordered = item_.AttributeNamed("unordered") != nullptr;
  if (IsFloat(element) && !is_unordered) {
    Report(DiagnosticCode::kInvalidAtomic, s.range, "an atomic on floats needs @unordered").hint =
        "its rounding depends on the order of arrival; write `@unordered` before the kernel to "
        "allow that, or use a reduction";
    return;
  }
  std::optional<AtomicKind> kind;
  Rule rule = Rule::kChecked;
  if (s.kind == StatementKind::kAtomicExtreme) {
    kind = AtomicKindNamed(s.text);
  } else if (s.has_operator) {
    kind = AtomicKindNamed(TextOf(InfoOf(s.binary).opcode));
    if (InfoOf(s.binary).rule == Rule::kWrap) rule = Rule::kWrap;
    if (InfoOf(s.binary).rule == Rule::kSaturate) kind = std::nullopt;
  }
  const bool adds = kind == AtomicKind::kAdd || kind == AtomicKind::kSub;
  if (IsFloat(element)) rule = Rule::kNone;
  if (!kind || (!IsInteger(element) && !(IsFloat(element) && adds))) {
    Report(DiagnosticCode::kInvalidAtomic, s.range,
           !kind              ? "this operator has no atomic form"
           : IsFloat(element) ? "atomics of floats only add and subtract"
                              : "atomics combine integers")
        .hint = "atomics are += -= +%= -%= min= max= &= |= ^=";
    return;
  }
  // Only sums can leave the range of their type.
  if (!adds) rule = Rule::kWrap;
  const Operand value = LowerAs(s.b, element);
  if (!value.ok()) return;
  std::vector<ir::ValueId> operands = {place.value()};
  operands.insert(operands.end(), place.indices.begin(), place.indices.end());
  operands.push_back(value.value());
  builder_.Append({.opcode = Opcode::kAtomic,
                   .rule = rule,
                   .range = WithPoint(s.range, target.range),
                   .operands = operands,
                   .immediate = static_cast<uint64_t>(*kind)});
}

void FunctionLowering::LowerExprStatement(const Statement& s) {
  const Expr& e = expr(s.a);
  if (e.kind == ExprKind::kCall) {
    LowerCall(e, {}, /*statement=*/true);
    return;
  }
  if (LowerExpression(s.a, {}).ok()) Report(DiagnosticCode::kUnusedResult, e.range);
}

void FunctionLowering::LowerSwap(const Expr& call) {
  VariableId ids[2];
  if (call.list.size() != 2) {
    Report(DiagnosticCode::kWrongArgumentCount, call.range, "swap", "2 arrays",
           fmt::format("{}", call.list.size()));
    return;
  }
  for (int k : {0, 1}) {
    const Expr& argument = expr(call.list[static_cast<size_t>(k)]);
    const auto at =
        argument.kind == ExprKind::kName ? visible_.find(argument.text) : visible_.end();
    if (at == visible_.end() || variable(at->second).kind != VariableKind::kArrayWritable) {
      Report(DiagnosticCode::kInvalidSwap, argument.range, "swap takes two writable arrays");
      return;
    }
    ids[k] = at->second;
  }
  const Variable& a = variable(ids[0]);
  const Variable& b = variable(ids[1]);
  if (!AtKernelLevel()) {
    Report(DiagnosticCode::kInvalidSwap, call.range, "swap stands only at kernel level");
    return;
  }
  if (a.type != b.type || a.sizes.size() != b.sizes.size()) {
    Report(DiagnosticCode::kInvalidSwap, call.range,
           fmt::format("`{}` and `{}` have different types or ranks", a.name, b.name));
    return;
  }
  for (size_t d = 0; d < a.sizes.size(); ++d) {
    if (a.sizes[d] == b.sizes[d]) continue;
    const ir::ValueId equal = builder_.Compare(Opcode::kEq, a.sizes[d], b.sizes[d], call.range);
    FailUnless(equal, FaultKind::kShape,
               fmt::format("{} has size {{}}, {} has size {{}} (dimension {})", a.name, b.name, d),
               {a.sizes[d], b.sizes[d]}, call.range);
  }
  for (size_t k = 0; k < a.part_count; ++k)
    std::swap(values_[a.first_part + k], values_[b.first_part + k]);
}

// --- Exits

Flow FunctionLowering::LowerLoopExit(const Statement& s) {
  const bool is_break = s.kind == StatementKind::kBreak;
  if (loops_.empty()) {
    Report(DiagnosticCode::kOutsideLoop, s.range, is_break ? "break" : "continue");
    return Flow::kLive;
  }
  if (loops_.back().is_static) {
    Report(DiagnosticCode::kInvalidArgument, s.range, "a static loop cannot be left early");
    return Flow::kLive;
  }
  if (is_break) {
    if (loops_.back().is_parallel) {
      Report(DiagnosticCode::kLeavesParallel, s.range, "break");
      return Flow::kLive;
    }
    SetValue(loops_.back().broke, builder_.Bool(true));
  }
  EndPath();
  return Flow::kDead;
}

Flow FunctionLowering::LowerReturn(const Statement& s) {
  const bool leaves_parallel =
      std::any_of(loops_.begin(), loops_.end(), [](const LoopFrame& f) { return f.is_parallel; });
  if (leaves_parallel) {
    Report(DiagnosticCode::kLeavesParallel, s.range, "return");
    return Flow::kLive;
  }
  if (s.a.valid() && !result_type_.valid()) {
    Report(DiagnosticCode::kUnexpectedReturn, s.range, item_.name.text).hint =
        fmt::format("declare the result: {}(...) -> TYPE", item_.name.text);
    LowerExpression(s.a, {});
    return Flow::kDead;
  }
  if (!s.a.valid() && result_type_.valid()) {
    Report(DiagnosticCode::kMissingReturn, s.range, item_.name.text, result_type_.text());
    return Flow::kDead;
  }
  if (s.a.valid()) {
    const Operand value = LowerAs(s.a, result_type_);
    if (value.ok()) SetParts(result_, value.parts);
  }
  SetValue(returned_, builder_.Bool(true));
  EndPath();
  return Flow::kDead;
}

// --- Conditions and reports

Operand FunctionLowering::LowerCondition(ExprId id) {
  const Operand condition = LowerExpression(id, ScalarType::kBool);
  if (!condition.ok()) return {};
  if (condition.is_view() || condition.type != ScalarType::kBool) {
    Report(DiagnosticCode::kTypeMismatch, expr(id).range, "a condition of type bool",
           condition.is_view() ? "an array" : Describe(condition))
        .hint = "compare it with something: x != 0";
    return {};
  }
  return condition;
}

void FunctionLowering::Fail(FaultKind kind, std::string text, std::vector<ir::ValueId> values,
                            SourceRange range) {
  builder_.Append({.opcode = Opcode::kFail,
                   .range = range,
                   .operands = std::move(values),
                   .immediate = static_cast<uint64_t>(kind),
                   .text = std::move(text)});
}

void FunctionLowering::FailUnless(ir::ValueId condition, FaultKind kind, std::string text,
                                  std::vector<ir::ValueId> values, SourceRange range) {
  const auto holds = []() -> Path { return {}; };
  const auto fails = [&]() -> Path {
    Fail(kind, text, values, range);
    return {};
  };
  LowerPaths(condition, holds, fails, range);
}

std::pair<std::string, std::vector<ir::ValueId>> FunctionLowering::LowerFormat(
    const FormatText& format) {
  std::string text;
  std::vector<ir::ValueId> values;
  for (size_t i = 0; i < format.pieces.size(); ++i) {
    text += EscapeBraces(format.pieces[i]);
    if (i >= format.values.size()) continue;
    const Operand value = LowerExpression(format.values[i], {});
    if (!value.ok()) continue;
    if (value.is_view()) {
      Report(DiagnosticCode::kTypeMismatch, expr(format.values[i]).range, "a value", "an array")
          .hint = "print its elements";
      continue;
    }
    text += FormatOf(value, values);
  }
  return {text, values};
}

// A value as the language writes it, with `{}` for each leaf, which is added to `values`.
std::string FunctionLowering::FormatOf(const Operand& value,
                                       std::vector<ir::ValueId>& values) const {
  const auto join = [&](size_t count, const std::function<std::string(size_t)>& part) {
    std::string text;
    for (size_t k = 0; k < count; ++k) text += (k == 0 ? "" : ", ") + part(k);
    return text;
  };
  switch (value.type.form()) {
    case DataForm::kScalar:
      values.push_back(value.value());
      return "{}";
    case DataForm::kComplex:
      values.insert(values.end(), value.parts.begin(), value.parts.end());
      return "complex({}, {})";
    case DataForm::kArray: {
      // Brackets around each dimension.
      const auto& sizes = value.type.sizes();
      size_t next = 0;
      const std::function<std::string(size_t)> dimension = [&](size_t d) -> std::string {
        if (d == sizes.size()) return FormatOf(ElementOf(value, next++), values);
        return "[" + join(static_cast<size_t>(sizes[d]), [&](size_t) { return dimension(d + 1); }) +
               "]";
      };
      return dimension(0);
    }
    case DataForm::kStruct: {
      const auto& fields = value.type.info().fields;
      return value.type.text() + " {{ " +
             join(fields.size(),
                  [&](size_t k) {
                    return fields[k].name + ": " + FormatOf(FieldOf(value, fields[k]), values);
                  }) +
             " }}";
    }
  }
  return {};
}

void FunctionLowering::LowerAssert(const Statement& s) {
  const Operand condition = LowerCondition(s.a);
  if (!condition.ok()) return;
  const Expr& e = expr(s.a);
  const auto holds = []() -> Path { return {}; };
  const auto fails = [&]() -> Path {
    auto [text, values] = LowerFormat(s.format);
    if (s.format.pieces.empty()) text = EscapeBraces(SourceText(e.range));
    Fail(FaultKind::kAssertion, text, values, e.range);
    return {};
  };
  LowerPaths(condition.value(), holds, fails, s.range);
}

void FunctionLowering::LowerPrint(const Statement& s) {
  auto [text, values] = LowerFormat(s.format);
  builder_.Append({.opcode = Opcode::kPrint, .range = s.range, .operands = values, .text = text});
}

// Into a region that nothing holds; no variable has changed afterwards.
void FunctionLowering::LowerAside(const std::function<void()>& lower) {
  const auto before = Snapshot();
  const ir::RegionId outside = builder_.Enter(builder_.NewRegion());
  lower();
  builder_.Enter(outside);
  Restore(before);
}

// Leaves no variable changed, so that a program means the same with it and without.
void FunctionLowering::LowerDebug(const Statement& s) {
  Flow flow = Flow::kLive;
  const auto lower = [&] {
    flow = LowerBlock(s.block);
    if (flow != Flow::kLive)
      Report(DiagnosticCode::kInvalidArgument, s.range, "a debug block cannot be left early");
  };
  if (!module_.is_debug()) return LowerAside(lower);
  const auto before = Snapshot();
  lower();
  Restore(before);
}

void FunctionLowering::LowerExpectError(const Statement& s) {
  if (item_.kind != ItemKind::kTest || parallel_depth_ > 0) {
    Report(DiagnosticCode::kTestOnly, s.range, "expect_error");
    return;
  }
  const auto kind = FaultKindNamed(s.name.text);
  if (!kind) {
    Report(DiagnosticCode::kUnknownErrorKind, s.name.range, s.name.text);
    return;
  }
  const auto before = Snapshot();
  const ir::RegionId region = builder_.NewRegion();
  const ir::RegionId outside = builder_.Enter(region);
  const Flow flow = LowerBlock(s.block);
  if (flow != Flow::kLive)
    Report(DiagnosticCode::kInvalidArgument, s.range, "expect_error cannot be left early");
  builder_.Yield({}, s.range);
  builder_.Enter(outside);
  Restore(before);
  builder_.Append({.opcode = Opcode::kExpectError,
                   .range = s.range,
                   .regions = {region},
                   .immediate = static_cast<uint64_t>(*kind)});
}

void FunctionLowering::LowerExpectCompileError(const Statement& s) {
  if (item_.kind != ItemKind::kTest) {
    Report(DiagnosticCode::kTestOnly, s.range, "expect_compile_error");
    return;
  }
  const auto& kinds = AllDiagnosticKinds();
  const bool known = std::any_of(kinds.begin(), kinds.end(),
                                 [&](const DiagnosticKind& k) { return k.code == s.name.text; });
  if (!known) {
    Report(DiagnosticCode::kUnknownErrorKind, s.name.range, s.name.text);
    return;
  }
  // What it reports is looked at and dropped.
  Diagnostics found;
  Diagnostics& outer = module_.Redirect(found);
  LowerAside([&] {
    LowerBlock(s.block);
    ReportRaces(builder_.region());
  });
  module_.Redirect(outer);
  const auto& list = found.list();
  const bool seen = std::any_of(list.begin(), list.end(), [&](const Diagnostic& d) {
    return KindOf(d.code).code == s.name.text;
  });
  if (seen) return;
  const std::string instead = list.empty()
                                  ? "none"
                                  : fmt::format("{}[{}]", list[0].is_error() ? "error" : "warning",
                                                KindOf(list[0].code).code);
  Report(DiagnosticCode::kExpectedDiagnostic, s.range, s.name.text, instead);
}

}  // namespace einkorn::frontend
