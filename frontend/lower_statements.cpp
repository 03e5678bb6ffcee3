// Statements but loops: declarations, assignments, exits, assertions, prints, and those of tests.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"
#include "frontend/shapes.h"

namespace einkorn::frontend {
namespace {

/// The most bytes of an array of constant size in a function or an iteration.
constexpr int64_t kMaxLocalBytes = 16 * 1024;

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
    const Flow joined = LowerPaths(variable(live_).value, rest, ended, block.range).flow;
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
  if (s.type.valid() && tree_.type(s.type).kind == TypeExprKind::kArray) {
    LowerArrayDeclaration(s, tree_.type(s.type));
    return Flow::kLive;
  }
  if (s.a.valid() && expr(s.a).kind == ExprKind::kArray) {
    LowerInferredArray(s);
    return Flow::kLive;
  }
  std::optional<ScalarType> type;
  if (s.type.valid()) {
    type = module_.ResolveScalar(s.type, item_, type_arguments_);
    if (!type) {
      if (s.a.valid()) LowerExpression(s.a, std::nullopt);
      return Flow::kLive;
    }
  }
  Operand value;
  if (s.a.valid()) {
    value = type ? LowerAs(s.a, *type) : LowerExpression(s.a, std::nullopt);
    if (value.is_array()) {
      Report(DiagnosticCode::kNotBuilt, expr(s.a).range, "views of arrays in declarations");
      return Flow::kLive;
    }
  } else if (!type) {
    Report(DiagnosticCode::kTypeMismatch, s.name.range, "a type or a value", "neither").hint =
        fmt::format("write `var {}: i64;` or `var {} = 0;`", s.name.text, s.name.text);
    return Flow::kLive;
  }
  // After a mistake in its value the name is still declared, so that its uses are not reported too.
  if (s.a.valid() && !value.ok() && type) value = Made(builder_.Constant(*type, 0));
  if (s.a.valid() && !value.ok()) {
    if (CheckFree(s.name) && s.name.text != "_") poisoned_.insert(s.name.text);
    return Flow::kLive;
  }
  const Type declared = type ? Type::Scalar(*type) : value.type;
  Declare(s.name, kind, declared, value.value);
  return Flow::kLive;
}

void FunctionLowering::LowerArrayDeclaration(const Statement& s, const TypeExpr& type) {
  const auto element = module_.ResolveScalar(type.element, item_, type_arguments_);
  std::vector<int64_t> constants;
  std::vector<ir::ValueId> sizes;
  std::string text;
  bool constant = true, ok = element.has_value();
  for (ExprId size : type.sizes) {
    const Operand value = LowerAs(size, ScalarType::kI64);
    ok = ok && value.ok();
    if (!ok) continue;
    sizes.push_back(value.value);
    text += fmt::format("{}{}", text.empty() ? "" : ", ", SourceText(expr(size).range));
    const auto known = ConstantSize(value.value);
    if (known && *known < 0) {
      Report(DiagnosticCode::kInvalidSize, expr(size).range, FormatInt128(*known));
      ok = false;
    }
    constant = constant && known.has_value();
    constants.push_back(known.value_or(0));
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
  if (constant && !AtKernelLevel()) {
    Int128 bytes = BytesOf(*element);
    for (int64_t size : constants) bytes = std::min<Int128>(bytes * size, Int128(1) << 62);
    if (bytes > kMaxLocalBytes) {
      Report(DiagnosticCode::kArrayTooLarge, s.range, FormatInt128(bytes), kMaxLocalBytes);
      poisoned_.insert(s.name.text);
      return;
    }
  }
  const bool is_literal = s.a.valid() && expr(s.a).kind == ExprKind::kArray;
  Operand array{Type::Array(*element, static_cast<int>(sizes.size())), {}, sizes};
  if (is_literal) {
    if (!constant) {
      Report(DiagnosticCode::kInvalidArgument, expr(s.a).range,
             "an array literal needs constant sizes in the declaration");
      return;
    }
    array = LowerArrayLiteral(expr(s.a), *element, &constants);
    if (!array.ok()) {
      poisoned_.insert(s.name.text);
      return;
    }
  } else {
    std::vector<ir::ValueId> operands = sizes;
    const bool undefined = s.a.valid() && expr(s.a).kind == ExprKind::kUndefined;
    if (!s.a.valid()) {
      Report(DiagnosticCode::kUnassigned, s.name.range, s.name.text).hint =
          fmt::format("write `= {}` to fill it, or `= undefined`", IsFloat(*element) ? "0.0" : "0");
    } else if (!undefined) {
      const Operand fill = LowerAs(s.a, *element);
      if (fill.ok()) operands.push_back(fill.value);
    }
    array.value = builder_.AppendValue({.opcode = Opcode::kArray,
                                        .rule = Rule::kChecked,
                                        .range = s.range,
                                        .operands = operands,
                                        .results = {array.type},
                                        .immediate = operands.size() > sizes.size() ? 1u : 0u});
  }
  ir::Function& function = builder_.function();
  function.value(array.value).shape = function.AddString(text);
  const bool is_var = s.kind == StatementKind::kVar;
  const VariableId id =
      Declare(s.name, is_var ? VariableKind::kArrayWritable : VariableKind::kArrayIn, array.type,
              array.value);
  variable(id).sizes = array.sizes;
}

void FunctionLowering::LowerInferredArray(const Statement& s) {
  const Operand array = LowerArrayLiteral(expr(s.a), std::nullopt, nullptr);
  if (!array.ok()) {
    poisoned_.insert(s.name.text);
    return;
  }
  const bool is_var = s.kind == StatementKind::kVar;
  const VariableId id =
      Declare(s.name, is_var ? VariableKind::kArrayWritable : VariableKind::kArrayIn, array.type,
              array.value);
  variable(id).sizes = array.sizes;
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
  const Expr& target = expr(s.a);
  if (target.kind == ExprKind::kName) {
    AssignVariable(s, target);
  } else if (target.kind == ExprKind::kIndex) {
    AssignElement(s, target);
  } else {
    Report(DiagnosticCode::kNotAssignable, target.range, "this expression");
    LowerExpression(s.b, std::nullopt);
  }
  return Flow::kLive;
}

void FunctionLowering::AssignVariable(const Statement& s, const Expr& target) {
  const auto at = visible_.find(target.text);
  if (at == visible_.end()) {
    if (!poisoned_.contains(target.text)) {
      if (const Item* item = ItemNamed(target.text))
        Report(DiagnosticCode::kNotAssignable, target.range, fmt::format("`{}`", target.text))
            .notes.push_back({item->name.range, "declared at file level here"});
      else
        ReportUnknown(target.text, target.range);
    }
    LowerExpression(s.b, std::nullopt);
    return;
  }
  const VariableId id = at->second;
  const VariableKind kind = variable(id).kind;
  if (variable(id).type.is_array()) {
    Report(DiagnosticCode::kNotBuilt, s.range, "assignments of whole arrays");
    return;
  }
  if (kind != VariableKind::kVar && kind != VariableKind::kInoutParameter) {
    Diagnostic& report =
        Report(DiagnosticCode::kNotAssignable, target.range, fmt::format("`{}`", target.text));
    const char* what = kind == VariableKind::kLoop     ? "it is a loop variable"
                       : kind == VariableKind::kSymbol ? "it is a shape symbol"
                       : kind == VariableKind::kParameter
                           ? "it is a parameter; copy it to a `var`"
                           : "it was declared with `let`; declare it with `var`";
    report.hint = what;
    report.notes.push_back({variable(id).range, "declared here"});
    LowerExpression(s.b, std::nullopt);
    return;
  }
  if (variable(id).parallel_depth < parallel_depth_) {
    Diagnostic& report = Report(DiagnosticCode::kOuterVariable, target.range, target.text);
    report.notes.push_back({variable(id).range, "declared here"});
    report.hint = s.has_operator && s.binary == BinaryOperator::kAdd
                      ? fmt::format("use a reduction: {} += sum(... for ... in ...)", target.text)
                      : "use a reduction such as sum(...), or declare it inside the loop";
    return;
  }
  const ScalarType type = variable(id).type.scalar;
  Operand value;
  if (s.has_operator) {
    const Operand old = LowerName(target);
    value = CombineCompound(s, old);
  } else {
    value = LowerAs(s.b, type);
  }
  value = Coerce(value, type, s.range);
  if (value.ok()) SetValue(id, value.value);
}

// `old op= e`: e as it stands if it is a product, else as if in parentheses.
Operand FunctionLowering::CombineCompound(const Statement& s, const Operand& old) {
  if (!old.ok()) {
    LowerExpression(s.b, std::nullopt);
    return {};
  }
  const bool is_shift = InfoOf(InfoOf(s.binary).opcode).types == TypeRule::kShift;
  const std::optional<ScalarType> expected =
      IsUntyped(s.b) ? std::optional(is_shift ? ScalarType::kI64 : old.scalar()) : std::nullopt;
  return Combine(s.binary, old, LowerTerm(s.b, expected), s.range);
}

void FunctionLowering::AssignElement(const Statement& s, const Expr& target) {
  const Operand array = LowerArrayBase(target.a);
  if (!array.ok()) return;
  if (!CheckWritable(target)) return;
  const auto indices = LowerIndices(target, array);
  if (!indices) {
    LowerExpression(s.b, std::nullopt);
    return;
  }
  std::vector<ir::ValueId> operands = {array.value};
  operands.insert(operands.end(), indices->begin(), indices->end());
  const ScalarType element = array.type.scalar;
  Operand value;
  if (s.has_operator) {
    const Operand old = Made(builder_.AppendValue({.opcode = Opcode::kLoad,
                                                   .rule = Rule::kChecked,
                                                   .range = target.range,
                                                   .operands = operands,
                                                   .results = {Type::Scalar(element)}}));
    value = CombineCompound(s, old);
  } else {
    value = LowerAs(s.b, element);
  }
  value = Coerce(value, element, s.range);
  if (!value.ok()) return;
  operands.push_back(value.value);
  const ir::OpId store = builder_.Append({.opcode = Opcode::kStore,
                                          .rule = Rule::kChecked,
                                          .range = target.range,
                                          .operands = operands});
  if (s.has_operator) builder_.function().op(store).checks = 0;  // the load had the same indices
}

// Whether elements of the array that `target` indexes may be written.
bool FunctionLowering::CheckWritable(const Expr& target) {
  const Expr& base = expr(target.a);
  const Variable* array = base.kind == ExprKind::kName ? Find(base.text) : nullptr;
  if (array != nullptr && array->kind == VariableKind::kArrayWritable) return true;
  Diagnostic& report = Report(DiagnosticCode::kNotAssignable, target.range,
                              fmt::format("an element of `{}`", SourceText(base.range)));
  if (array != nullptr) {
    report.notes.push_back({array->range, "declared here"});
    report.hint = fmt::format("declare it `inout` or `out` if it is a parameter, else with `var`");
  }
  return false;
}

void FunctionLowering::LowerAtomic(const Statement& s) {
  const Expr& target = expr(s.a);
  if (target.kind != ExprKind::kIndex) {
    Report(DiagnosticCode::kInvalidAtomic, target.range, "an atomic needs an array element");
    return;
  }
  const Operand array = LowerArrayBase(target.a);
  if (!array.ok() || !CheckWritable(target)) return;
  const auto indices = LowerIndices(target, array);
  if (!indices) return;
  const ScalarType element = array.type.scalar;
  if (IsFloat(element)) {
    Report(DiagnosticCode::kNotBuilt, s.range, "atomics on floats, which need @unordered,");
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
  if (!kind || !IsInteger(element)) {
    Report(DiagnosticCode::kInvalidAtomic, s.range,
           kind ? "atomics combine integers" : "this operator has no atomic form")
        .hint = "atomics are += -= +%= -%= min= max= &= |= ^=";
    return;
  }
  // Only sums can leave the range of their type.
  if (*kind != AtomicKind::kAdd && *kind != AtomicKind::kSub) rule = Rule::kWrap;
  const Operand value = LowerAs(s.b, element);
  if (!value.ok()) return;
  std::vector<ir::ValueId> operands = {array.value};
  operands.insert(operands.end(), indices->begin(), indices->end());
  operands.push_back(value.value);
  builder_.Append({.opcode = Opcode::kAtomic,
                   .rule = rule,
                   .range = WithPoint(s.range, target.range),
                   .operands = operands,
                   .immediate = static_cast<uint64_t>(*kind)});
}

void FunctionLowering::LowerExprStatement(const Statement& s) {
  const Expr& e = expr(s.a);
  if (e.kind == ExprKind::kCall) {
    LowerCall(e, std::nullopt, /*statement=*/true);
    return;
  }
  if (LowerExpression(s.a, std::nullopt).ok()) Report(DiagnosticCode::kUnusedResult, e.range);
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
  Variable& a = variable(ids[0]);
  Variable& b = variable(ids[1]);
  if (!AtKernelLevel()) {
    Report(DiagnosticCode::kInvalidSwap, call.range, "swap stands only at kernel level");
    return;
  }
  if (a.type != b.type) {
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
  const ir::ValueId old = a.value;
  a.value = b.value;
  b.value = old;
}

// --- Exits

Flow FunctionLowering::LowerLoopExit(const Statement& s) {
  const bool is_break = s.kind == StatementKind::kBreak;
  if (loops_.empty()) {
    Report(DiagnosticCode::kOutsideLoop, s.range, is_break ? "break" : "continue");
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
  if (s.a.valid() && !result_type_) {
    Report(DiagnosticCode::kUnexpectedReturn, s.range, item_.name.text).hint =
        fmt::format("declare the result: {}(...) -> TYPE", item_.name.text);
    LowerExpression(s.a, std::nullopt);
    return Flow::kDead;
  }
  if (!s.a.valid() && result_type_) {
    Report(DiagnosticCode::kMissingReturn, s.range, item_.name.text, TextOf(*result_type_));
    return Flow::kDead;
  }
  if (s.a.valid()) {
    const Operand value = LowerAs(s.a, *result_type_);
    if (value.ok()) SetValue(result_, value.value);
  }
  SetValue(returned_, builder_.Bool(true));
  EndPath();
  return Flow::kDead;
}

// --- Conditions and reports

Operand FunctionLowering::LowerCondition(ExprId id) {
  const Operand condition = LowerExpression(id, ScalarType::kBool);
  if (!condition.ok()) return {};
  if (condition.type != Type::Scalar(ScalarType::kBool)) {
    Report(DiagnosticCode::kTypeMismatch, expr(id).range, "a condition of type bool",
           condition.is_array() ? "an array" : std::string(TextOf(condition.scalar())))
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
    const Operand value = LowerExpression(format.values[i], std::nullopt);
    if (!value.ok()) continue;
    if (value.is_array()) {
      Report(DiagnosticCode::kTypeMismatch, expr(format.values[i]).range, "a scalar", "an array");
      continue;
    }
    values.push_back(value.value);
    text += "{}";
  }
  return {text, values};
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
  LowerPaths(condition.value, holds, fails, s.range);
}

void FunctionLowering::LowerPrint(const Statement& s) {
  auto [text, values] = LowerFormat(s.format);
  builder_.Append({.opcode = Opcode::kPrint, .range = s.range, .operands = values, .text = text});
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
  // Lowered into a region that nothing holds; what it reports is looked at and dropped.
  Diagnostics found;
  Diagnostics& outer = module_.Redirect(found);
  const auto before = Snapshot();
  const ir::RegionId outside = builder_.Enter(builder_.NewRegion());
  LowerBlock(s.block);
  builder_.Enter(outside);
  Restore(before);
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
