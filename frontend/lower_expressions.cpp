// Expressions: names, elements, conditional values, conversions, and the rules of implicit
// conversion.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {
namespace {

// Whether every value of `from` is a value of `to`, so that no `as` is needed.
bool ConvertsImplicitly(ScalarType from, ScalarType to) {
  if (from == to) return true;
  if (IsInteger(from) && IsInteger(to))
    return LeastOf(from) >= LeastOf(to) && GreatestOf(from) <= GreatestOf(to);
  return from == ScalarType::kF32 && to == ScalarType::kF64;
}

std::string Describe(Type type) {
  if (type.is_scalar()) return std::string(TextOf(type.scalar));
  return fmt::format("an array of {}", TextOf(type.scalar));
}

}  // namespace

Operand FunctionLowering::Coerce(Operand operand, ScalarType type, SourceRange range) {
  if (!operand.ok() || operand.type == Type::Scalar(type)) return operand;
  if (operand.is_array()) {
    Report(DiagnosticCode::kTypeMismatch, range, TextOf(type), Describe(operand.type)).hint =
        "index the array to get an element";
    return {};
  }
  const ScalarType from = operand.scalar();
  if (ConvertsImplicitly(from, type))
    return Made(builder_.Convert(type, Rule::kNone, operand.value, range));
  if (from == ScalarType::kBool || type == ScalarType::kBool) {
    Diagnostic& report = Report(DiagnosticCode::kTypeMismatch, range, TextOf(type), TextOf(from));
    report.hint = type == ScalarType::kBool
                      ? "compare it with something: x != 0"
                      : fmt::format("write `as {}`: false is 0, true is 1", TextOf(type));
    return {};
  }
  Report(DiagnosticCode::kLossyConversion, range, TextOf(from), TextOf(type)).hint =
      fmt::format("write `as {}`{}", TextOf(type),
                  IsInteger(type) ? ", which is checked" : ", which rounds to the nearest value");
  return {};
}

Operand FunctionLowering::LowerAs(ExprId id, ScalarType type) {
  return Coerce(LowerExpression(id, type), type, expr(id).range);
}

Operand FunctionLowering::LowerExpression(ExprId id, std::optional<ScalarType> expected) {
  const Expr& e = expr(id);
  if (expected == ScalarType::kBool && IsUntyped(id)) {
    Report(DiagnosticCode::kTypeMismatch, e.range, "bool", "a number").hint =
        "compare it with something";
    return {};
  }
  if (IsUntyped(id)) {
    // The whole expression is of literals: its integers are exact before they meet a type.
    const ScalarType type = expected.value_or(DefaultType(id));
    if (!HasFloatLiteral(id)) {
      bool failed = false;
      division_was_inexact_ = false;
      const auto value = ExactInteger(id, failed);
      if (value && division_was_inexact_ && IsFloat(type)) {
        Report(DiagnosticCode::kLiteralArithmetic, e.range,
               fmt::format("the division of integers gives {}, where {} is expected",
                           FormatInt128(*value), TextOf(type)))
            .hint = "write the literals with a decimal point";
        return {};
      }
      if (value) return FitInteger(*value, type, e.range);
      if (failed) return {};
    }
    expected = type;
  }
  switch (e.kind) {
    case ExprKind::kInteger:
    case ExprKind::kFloat:
      return LowerLiteral(e, *expected);
    case ExprKind::kBool:
      return Made(builder_.Bool(e.flag, e.range));
    case ExprKind::kName:
      return LowerName(e);
    case ExprKind::kField: {
      if (const SourceUnit* imported = ImportedUnit(e)) {
        const Item* item = LowerImportedItem(*imported, e);
        return item == nullptr ? Operand{} : LowerItemName(e, *item);
      }
      const Operand base = LowerExpression(e.a, std::nullopt);
      if (base.ok())
        Report(DiagnosticCode::kInvalidOperand, e.range, fmt::format(".{}", e.text),
               Describe(base.type));
      return {};
    }
    case ExprKind::kIndex:
      return LowerElement(e);
    case ExprKind::kCall:
      return LowerCall(e, expected, /*statement=*/false);
    case ExprKind::kUnary:
      return LowerUnary(e, expected);
    case ExprKind::kBinary:
      return LowerBinary(e, expected);
    case ExprKind::kConversion:
      return LowerConversion(e);
    case ExprKind::kIf:
      return LowerIf(e, expected);
    case ExprKind::kBlock:
      return LowerBlockValue(e.block, expected);
    case ExprKind::kParen:
      return LowerExpression(e.a, expected);
    case ExprKind::kArray:
      return LowerArrayLiteral(e, expected, nullptr);
    case ExprKind::kReduction:
      return LowerReduction(e, expected);
    case ExprKind::kUndefined:
      Report(DiagnosticCode::kInvalidArgument, e.range,
             "`undefined` stands only behind `=` in the declaration of an array");
      return {};
  }
  return {};
}

Operand FunctionLowering::LowerName(const Expr& e) {
  if (const Variable* found = Find(e.text)) {
    if (!found->value.valid()) {
      Diagnostic& report = Report(DiagnosticCode::kUnassigned, e.range, e.text);
      report.notes.push_back({found->range, "declared without a value here"});
      report.hint = "give it a value where it is declared, or on every path to this use";
      return {};
    }
    return {found->type, found->value, found->sizes};
  }
  if (poisoned_.contains(e.text)) return {};
  const Item* item = ItemNamed(e.text);
  if (item == nullptr && unit_.ImportNamed(e.text) != nullptr) {
    Report(DiagnosticCode::kWrongKindOfName, e.range, e.text, "an imported file", "a value").hint =
        fmt::format("name what is meant in it: {}.name", e.text);
    return {};
  }
  if (item == nullptr) {
    const bool function = BuiltinNamed(e.text) != nullptr || ReductionNamed(e.text).has_value();
    if (function)
      Report(DiagnosticCode::kWrongKindOfName, e.range, e.text, "a function", "a value").hint =
          fmt::format("call it: {}(...)", e.text);
    else
      ReportUnknown(e.text, e.range);
    return {};
  }
  return LowerItemName(e, *item);
}

// An item as a value, which only constants have.
Operand FunctionLowering::LowerItemName(const Expr& e, const Item& item) {
  if (item.kind != ItemKind::kConst) {
    Report(DiagnosticCode::kWrongKindOfName, e.range, SourceText(e.range),
           item.kind == ItemKind::kKernel ? "a kernel" : "a function", "a value");
    return {};
  }
  const auto constant = module_.ConstantOf(item, e.range);
  if (!constant) return {};
  return Made(builder_.Constant(constant->type, constant->bits, e.range));
}

Operand FunctionLowering::LowerArrayBase(ExprId base) {
  const Operand array = LowerExpression(base, std::nullopt);
  if (array.ok() && !array.is_array()) {
    Report(DiagnosticCode::kNotAnArray, expr(base).range,
           fmt::format("a value of type {}", Describe(array.type)));
    return {};
  }
  return array;
}

void FunctionLowering::CheckConstantIndex(const Expr& e, size_t dimension, const Operand& array,
                                          ir::ValueId index) {
  const ir::Function& function = builder_.function();
  const ir::Op* index_constant = function.ConstantOf(index);
  const ir::Op* size_constant = function.ConstantOf(array.sizes[dimension]);
  if (index_constant == nullptr || !IsUntyped(e.list[dimension])) return;
  const Int128 value = IntegerValue(function.type(index).scalar, index_constant->immediate);
  const bool outside =
      value < 0 || (size_constant != nullptr &&
                    value >= IntegerValue(ScalarType::kI64, size_constant->immediate));
  if (!outside) return;
  const std::string size = size_constant != nullptr
                               ? FormatScalar(ScalarType::kI64, size_constant->immediate)
                               : "at least 0";
  Report(DiagnosticCode::kIndexOutOfRange, expr(e.list[dimension]).range, FormatInt128(value),
         SourceText(expr(e.a).range), size);
}

std::optional<std::vector<ir::ValueId>> FunctionLowering::LowerIndices(const Expr& e,
                                                                       const Operand& array) {
  if (e.list.size() != array.type.rank) {
    const size_t rank = array.type.rank, count = e.list.size();
    Diagnostic& report = Report(DiagnosticCode::kWrongRank, e.range, SourceText(expr(e.a).range),
                                fmt::format("{} dimension{}", rank, rank == 1 ? "" : "s"),
                                fmt::format("{} {}", count, count == 1 ? "index" : "indices"));
    if (count == 1) report.hint = "all indices stand in one pair of brackets: x[i, j]";
    return std::nullopt;
  }
  std::vector<ir::ValueId> indices;
  for (size_t i = 0; i < e.list.size(); ++i) {
    const SourceRange range = expr(e.list[i]).range;
    Operand index = LowerExpression(
        e.list[i], IsUntyped(e.list[i]) ? std::optional(ScalarType::kI64) : std::nullopt);
    if (!index.ok()) return std::nullopt;
    if (index.is_array() || !IsInteger(index.scalar())) {
      Report(DiagnosticCode::kTypeMismatch, range, "an integer index", Describe(index.type)).hint =
          index.is_scalar() && IsFloat(index.scalar()) ? "write `as i64`, which truncates" : "";
      return std::nullopt;
    }
    // A u64 keeps its type, because i64 does not hold all of its values.
    if (index.scalar() != ScalarType::kU64) index = Coerce(index, ScalarType::kI64, range);
    CheckConstantIndex(e, i, array, index.value);
    indices.push_back(index.value);
  }
  return indices;
}

Operand FunctionLowering::LowerElement(const Expr& e) {
  const Operand array = LowerArrayBase(e.a);
  if (!array.ok()) return {};
  const auto indices = LowerIndices(e, array);
  if (!indices) return {};
  std::vector<ir::ValueId> operands = {array.value};
  operands.insert(operands.end(), indices->begin(), indices->end());
  return Made(builder_.AppendValue({.opcode = Opcode::kLoad,
                                    .rule = Rule::kChecked,
                                    .range = e.range,
                                    .operands = operands,
                                    .results = {Type::Scalar(array.type.scalar)}}));
}

Operand FunctionLowering::LowerBlockValue(BlockId id, std::optional<ScalarType> expected) {
  const Block& block = tree_.block(id);
  if (!block.value.valid()) {
    Report(DiagnosticCode::kTypeMismatch, block.range, "a value at the end of the block", "none")
        .hint = "leave the semicolon of its last expression away";
    return {};
  }
  OpenScope();
  const Flow flow = LowerStatements(block, 0);
  Operand value;
  if (flow == Flow::kLive) {
    value = LowerExpression(block.value, expected);
  } else {
    Report(DiagnosticCode::kInvalidArgument, block.range,
           "a block used as a value cannot end early with return, break or continue");
  }
  CloseScope();
  return value;
}

Operand FunctionLowering::LowerIf(const Expr& e, std::optional<ScalarType> expected) {
  const Operand condition = LowerCondition(e.a);
  if (!condition.ok()) return {};
  // An arm of literals takes the type of the other one, so the arm with a type is lowered first.
  const bool otherwise_first = IsUntypedBlock(e.block) && !IsUntypedBlock(e.other);
  std::optional<ScalarType> type = expected;
  if (IsUntypedBlock(e.block) && IsUntypedBlock(e.other) && !type) {
    const bool is_float =
        HasFloatLiteral(tree_.block(e.block).value) || HasFloatLiteral(tree_.block(e.other).value);
    type = is_float ? ScalarType::kF64 : ScalarType::kI64;
  }
  bool ok = true;
  const auto arm = [&](BlockId block, bool first) -> PathBody {
    return [this, block, first, &type, &ok]() -> Path {
      const Operand value = LowerBlockValue(block, type);
      ok = ok && value.ok();
      if (value.is_array()) {
        Report(DiagnosticCode::kTypeMismatch, tree_.block(block).range, "a scalar", "an array");
        ok = false;
      }
      if (value.ok() && first && !IsUntypedBlock(block)) type = value.scalar();
      return {Flow::kLive, value.value};
    };
  };
  const auto unify = [&](Path& then, ir::RegionId then_region, Path& otherwise,
                         ir::RegionId other_region) {
    if (!ok) return;
    Operand left = Made(then.value), right = Made(otherwise.value);
    const ScalarType before = left.scalar();
    const ir::RegionId outside = builder_.Enter(then_region);
    if (ConvertsImplicitly(before, right.scalar()) && IsInteger(before)) {
      then.value = Coerce(left, right.scalar(), e.range).value;
    } else if (ConvertsImplicitly(right.scalar(), before) && IsInteger(before)) {
      builder_.Enter(other_region);
      otherwise.value = Coerce(right, before, e.range).value;
    } else if (before != right.scalar()) {
      Report(DiagnosticCode::kMixedOperands, e.range, "if", TextOf(before), TextOf(right.scalar()))
          .hint = "convert one arm with `as`";
      ok = false;
    }
    builder_.Enter(outside);
  };
  const Path joined = LowerPaths(condition.value, arm(e.block, !otherwise_first),
                                 arm(e.other, otherwise_first), e.range, otherwise_first, unify);
  if (!ok || !joined.value.valid()) return {};
  return Made(joined.value);
}

Operand FunctionLowering::LowerConversion(const Expr& e) {
  const OperatorInfo& form = InfoOf(e.conversion);
  const auto to = module_.ResolveScalar(e.type, item_, type_arguments_);
  if (!to) return {};
  // A literal meets a float type directly, so that it is rounded once.
  if (IsUntyped(e.a) && IsFloat(*to) && HasFloatLiteral(e.a) && form.rule == Rule::kChecked)
    return LowerExpression(e.a, to);
  if (IsUntyped(e.a) && IsInteger(*to) && !HasFloatLiteral(e.a)) {
    bool failed = false;
    const auto value = ExactInteger(e.a, failed);
    if (failed) return {};
    if (value) {
      switch (form.rule) {
        case Rule::kNone:
        case Rule::kChecked:
          return FitInteger(*value, *to, e.range);
        case Rule::kWrap:
          return Made(builder_.Integer(*to, *value, e.range));
        case Rule::kSaturate:
          return Made(
              builder_.Integer(*to, std::clamp(*value, LeastOf(*to), GreatestOf(*to)), e.range));
      }
    }
  }
  const Operand operand = LowerExpression(e.a, std::nullopt);
  if (!operand.ok()) return {};
  const ScalarType from = operand.scalar();
  const bool possible = operand.is_scalar() &&
                        (*to != ScalarType::kBool || from == ScalarType::kBool) &&
                        !(from == ScalarType::kBool && IsFloat(*to)) &&
                        !(form.rule == Rule::kWrap && (IsFloat(from) || IsFloat(*to))) &&
                        !(form.rule == Rule::kSaturate && IsFloat(*to));
  if (!possible) {
    Diagnostic& report = Report(DiagnosticCode::kInvalidConversion, e.range, form.text,
                                Describe(operand.type), TextOf(*to));
    if (*to == ScalarType::kBool)
      report.hint = "compare it with something: x != 0";
    else if (form.rule == Rule::kWrap)
      report.hint = "`as%` is for integers; `as` checks and `as|` saturates floats";
    else if (IsFloat(*to))
      report.hint = fmt::format("write `as {}`", TextOf(*to));
    return {};
  }
  // What keeps every value, and what IEEE 754 rounds, cannot fail.
  const bool exact = from == ScalarType::kBool || IsFloat(*to) || ConvertsImplicitly(from, *to);
  if (from == *to) return operand;
  return Made(builder_.Convert(*to, exact ? Rule::kNone : form.rule, operand.value, e.range));
}

}  // namespace einkorn::frontend
