// Expressions: names, elements, conditional values, conversions, and the rules of implicit
// conversion.
#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"
#include "frontend/lowering.h"

namespace einkorn::frontend {
namespace {

// Whether every value of `from` is a value of `to`, so that no `as` is needed.
bool ConvertsImplicitly(ScalarType from, ScalarType to) {
  return from == to || Widens(from, to) || (from == ScalarType::kF32 && to == ScalarType::kF64);
}

// The same for types made of scalars: every component converts, and a real one becomes complex.
bool ConvertsImplicitly(const DataType& from, const DataType& to) {
  if (from == to) return true;
  if (from.is_scalar() && to.is_scalar()) return ConvertsImplicitly(from.scalar(), to.scalar());
  if (to.is_complex() && (from.is_scalar() || from.is_complex()))
    return IsFloat(from.scalar()) && ConvertsImplicitly(from.scalar(), to.scalar());
  return from.is_array() && to.is_array() && from.sizes() == to.sizes() &&
         ConvertsImplicitly(from.element(), to.element());
}

}  // namespace

Operand FunctionLowering::Coerce(const Operand& given, const DataType& type, SourceRange range) {
  if (!given.ok()) return given;
  const Operand operand = Load(given, range);
  if (!operand.ok() || (operand.type == type && !operand.is_view())) return operand;
  if (operand.is_view()) {
    Report(DiagnosticCode::kTypeMismatch, range, type.text(), Describe(operand)).hint =
        "index the array to get an element";
    return {};
  }
  const DataType& from = operand.type;
  if (ConvertsImplicitly(from, type)) {
    if (type.is_scalar())
      return Made(builder_.Convert(type.scalar(), Rule::kNone, operand.value(), range));
    if (type.is_complex()) {
      std::vector<ir::ValueId> parts;
      for (ir::ValueId part : operand.parts)
        parts.push_back(Coerce(Made(part), type.scalar(), range).value());
      if (parts.size() == 1) parts.push_back(builder_.Constant(type.scalar(), 0, range));
      return MakeValue(type, std::move(parts));
    }
    std::vector<Operand> elements = ElementsOf(operand);
    for (Operand& element : elements) element = Coerce(element, type.element(), range);
    return Gather(type, elements);
  }
  if (!from.is_scalar() || !type.is_scalar()) {
    Diagnostic& report =
        Report(DiagnosticCode::kTypeMismatch, range, type.text(), Describe(operand));
    if (from.is_array() && !type.is_array())
      report.hint = "index the array to get an element";
    else if (from.is_complex() && type.is_scalar())
      report.hint = "take a part: z.re, z.im";
    return {};
  }
  if (from == ScalarType::kBool || type == ScalarType::kBool) {
    Diagnostic& report = Report(DiagnosticCode::kTypeMismatch, range, type.text(), from.text());
    report.hint = type == ScalarType::kBool
                      ? "compare it with something: x != 0"
                      : fmt::format("write `as {}`: false is 0, true is 1", type.text());
    return {};
  }
  Report(DiagnosticCode::kLossyConversion, range, from.text(), type.text()).hint = fmt::format(
      "write `as {}`{}", type.text(),
      IsInteger(type.scalar()) ? ", which is checked" : ", which rounds to the nearest value");
  return {};
}

Operand FunctionLowering::LowerAs(ExprId id, const DataType& type) {
  return Coerce(LowerExpression(id, type), type, expr(id).range);
}

Operand FunctionLowering::LowerFilled(ExprId id, const DataType& type) {
  if (!type.is_array() || !IsUntyped(id)) return LowerAs(id, type);
  const Operand element = LowerFilled(id, type.element());
  if (!element.ok() || !IsSmallEnough(type, expr(id).range)) return {};
  return Gather(type, std::vector<Operand>(static_cast<size_t>(CountOf(type.sizes())), element));
}

// The whole expression is of literals: its integers are exact before they meet a type.
Operand FunctionLowering::LowerUntyped(ExprId id, const DataType& expected) {
  const Expr& e = expr(id);
  if (expected == ScalarType::kBool ||
      (expected.valid() && LiteralType(expected) != expected && !expected.is_complex())) {
    Report(DiagnosticCode::kTypeMismatch, e.range, expected.text(), "a number").hint =
        expected.is_scalar() ? "compare it with something" : "";
    return {};
  }
  if (expected.is_complex()) {
    const Operand part = LowerExpression(id, expected.scalar());
    return part.ok() ? Coerce(part, expected, e.range) : Operand{};
  }
  const ScalarType type = expected.valid() ? expected.scalar() : DefaultType(id);
  if (IsStorage(type)) return LowerStorageLiteral(id, type);
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
  return LowerUntypedAs(id, type);
}

// A number that f16 or bf16 holds needs no `as`.
Operand FunctionLowering::LowerStorageLiteral(ExprId id, ScalarType type) {
  const SourceRange range = expr(id).range;
  const Operand wide = LowerUntyped(id, ScalarType::kF64);
  if (!wide.ok()) return {};
  const ir::Function& function = builder_.function();
  const ir::Op& made = function.op(function.value(wide.value()).def);
  const bool negative = made.opcode == Opcode::kNeg;
  const ir::Op* number = negative ? function.ConstantOf(function.operand(made, 0)) : &made;
  if (number != nullptr && number->opcode == Opcode::kConstant) {
    const double size = FloatValue(ScalarType::kF64, number->immediate);
    const double value = negative ? -size : size;
    const uint64_t bits = FloatBits(type, value);
    if (FloatValue(type, bits) == value) return Made(builder_.Constant(type, bits, range));
  }
  Report(DiagnosticCode::kLossyConversion, range, "f64", TextOf(type)).hint =
      fmt::format("write `as {}`, which rounds to the nearest value", TextOf(type));
  return {};
}

Operand FunctionLowering::LowerUntypedAs(ExprId id, ScalarType type) {
  const Expr& e = expr(id);
  switch (e.kind) {
    case ExprKind::kInteger:
    case ExprKind::kFloat:
      return LowerLiteral(e, type);
    case ExprKind::kCall:
      return LowerCall(e, type, /*statement=*/false);
    case ExprKind::kUnary:
      return LowerUnary(e, type);
    case ExprKind::kBinary:
      return LowerBinary(e, type);
    case ExprKind::kIf:
      return LowerIf(e, type);
    case ExprKind::kBlock:
      return LowerBlockValue(e.block, type);
    case ExprKind::kParen:
      return LowerExpression(e.a, type);
    default:
      return {};
  }
}

Operand FunctionLowering::LowerExpression(ExprId id, const DataType& expected) {
  if (IsUntyped(id)) return LowerUntyped(id, expected);
  const SourceRange range = expr(id).range;
  return Read(Load(LowerReference(id, expected), range), expected, range);
}

Operand FunctionLowering::LowerReference(ExprId id, const DataType& given) {
  if (IsUntyped(id)) return LowerUntyped(id, given);
  const Expr& e = expr(id);
  // What is computed is none of the storage types.
  const bool computes = e.kind == ExprKind::kCall || e.kind == ExprKind::kUnary ||
                        e.kind == ExprKind::kBinary || e.kind == ExprKind::kReduction;
  const DataType expected = computes ? ReadType(given) : given;
  switch (e.kind) {
    case ExprKind::kInteger:
    case ExprKind::kFloat:
      return {};  // untyped
    case ExprKind::kBool:
      return Made(builder_.Bool(e.flag, e.range));
    case ExprKind::kName:
      return LowerName(e);
    case ExprKind::kField:
      return LowerField(e);
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
    case ExprKind::kStruct:
      return LowerStruct(e);
    case ExprKind::kIf:
      return LowerIf(e, expected);
    case ExprKind::kBlock:
      return LowerBlockValue(e.block, expected);
    case ExprKind::kParen:
      return LowerReference(e.a, expected);
    case ExprKind::kArray:
      return LowerArrayLiteral(e, expected);
    case ExprKind::kReduction:
      return LowerReduction(e, expected);
    case ExprKind::kUndefined:
      Report(DiagnosticCode::kInvalidArgument, e.range,
             "`undefined` stands only behind `=` in the declaration of an array");
      return {};
  }
  return {};
}

Operand FunctionLowering::LowerField(const Expr& e) {
  if (const SourceUnit* imported = ImportedUnit(e)) {
    const Item* item = LowerImportedItem(*imported, e);
    return item == nullptr ? Operand{} : LowerItemName(e, *item);
  }
  const Operand base = LowerReference(e.a);
  return base.ok() ? Inside(base, e) : Operand{};
}

// One step further in: the field or element of `base` that `step` names, of which `base` was made.
Operand FunctionLowering::Inside(const Operand& base, const Expr& step) {
  return step.kind == ExprKind::kField ? FieldInside(base, step) : ElementInside(base, step);
}

Operand FunctionLowering::FieldInside(const Operand& base, const Expr& e) {
  const Field* field = base.is_view() ? nullptr : base.type.info().FieldNamed(e.text);
  if (field != nullptr) return FieldOf(base, *field);
  if (base.is_view() || !base.type.is_struct()) {
    Diagnostic& report = Report(DiagnosticCode::kInvalidOperand, e.range,
                                fmt::format(".{}", e.text), Describe(base));
    if (base.type.is_struct()) report.hint = "index the array first";
    return {};
  }
  Diagnostic& report = Report(DiagnosticCode::kUnknownField, e.range, base.type.text(), e.text);
  std::vector<std::string_view> candidates;
  for (const Field& known : base.type.info().fields) candidates.push_back(known.name);
  if (const auto nearest = NearestSpelling(e.text, candidates))
    report.hint = fmt::format("did you mean `.{}`?", *nearest);
  return {};
}

// `Particle { pos: p, mass: 1.0 }`: every field once, in any order; evaluated as written.
Operand FunctionLowering::LowerStruct(const Expr& e) {
  const DataType type = module_.Resolve(e.type, item_, type_arguments_);
  if (!type.valid()) return {};
  if (!type.is_struct()) {
    Report(DiagnosticCode::kTypeMismatch, e.range, "a struct", type.text());
    return {};
  }
  const auto& fields = type.info().fields;
  std::vector<Operand> values(fields.size());
  std::vector<bool> given(fields.size(), false);
  bool ok = true;
  for (size_t i = 0; i < e.list.size(); ++i) {
    const Expr& value = expr(e.list[i]);
    const auto at = std::ranges::find(fields, e.argument_names[i], &Field::name);
    if (at == fields.end()) {
      Report(DiagnosticCode::kUnknownField, value.range, type.text(), e.argument_names[i]);
      ok = false;
      continue;
    }
    const auto k = static_cast<size_t>(at - fields.begin());
    if (given[k]) {
      Report(DiagnosticCode::kDuplicateName, value.range, e.argument_names[i]);
      ok = false;
    }
    given[k] = true;
    values[k] = LowerFilled(e.list[i], at->type);
    ok = ok && values[k].ok();
  }
  std::string missing;
  for (size_t k = 0; k < fields.size(); ++k)
    if (!given[k]) missing += fmt::format("{}`{}`", missing.empty() ? "" : ", ", fields[k].name);
  if (!missing.empty() && ok) {
    Report(DiagnosticCode::kMissingField, e.range, type.text(), missing);
    return {};
  }
  if (!ok) return {};
  std::vector<ir::ValueId> leaves;
  for (const Operand& value : values)
    leaves.insert(leaves.end(), value.parts.begin(), value.parts.end());
  return MakeValue(type, std::move(leaves));
}

Operand FunctionLowering::LowerName(const Expr& e) {
  if (const Variable* found = Find(e.text)) {
    if (!IsAssigned(*found)) {
      Diagnostic& report = Report(DiagnosticCode::kUnassigned, e.range, e.text);
      report.notes.push_back({found->range, "declared without a value here"});
      report.hint = "give it a value where it is declared, or on every path to this use";
      return {};
    }
    return OperandOf(*found);
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
           item.kind == ItemKind::kKernel   ? "a kernel"
           : item.kind == ItemKind::kStruct ? "a struct"
                                            : "a function",
           "a value");
    return {};
  }
  const auto constant = module_.ConstantOf(item, e.range);
  if (!constant) return {};
  return LowerKnown(constant->type, constant->bits, e.range);
}

// A value that is known, by the bits of its leaves.
Operand FunctionLowering::LowerKnown(const DataType& type, const std::vector<uint64_t>& bits,
                                     SourceRange range) {
  std::vector<ir::ValueId> leaves;
  for (const Component& component : type.info().components)
    for (size_t k = 0; k < component.leaf_count; ++k)
      leaves.push_back(builder_.Constant(component.scalar, bits[leaves.size()], range));
  return MakeValue(type, std::move(leaves));
}

bool FunctionLowering::CheckArray(const Operand& base, SourceRange range) {
  if (base.is_view() || base.type.is_array()) return true;
  Report(DiagnosticCode::kNotAnArray, range, fmt::format("a value of type {}", Describe(base)));
  return false;
}

Operand FunctionLowering::LowerArrayBase(ExprId base) {
  const Operand array = LowerReference(base);
  return array.ok() && CheckArray(array, expr(base).range) ? array : Operand{};
}

void FunctionLowering::CheckConstantIndex(const Expr& e, size_t dimension, const Operand& array,
                                          ir::ValueId index) {
  const ir::Function& function = builder_.function();
  const ir::Op* index_constant = function.ConstantOf(index);
  const auto size = array.is_view() ? ConstantSize(array.sizes[dimension])
                                    : std::optional(array.type.sizes()[dimension]);
  if (index_constant == nullptr || !IsUntyped(e.list[dimension])) return;
  const Int128 value = IntegerValue(function.type(index).scalar, index_constant->immediate);
  const bool outside = value < 0 || (size && value >= *size);
  if (!outside) return;
  Report(DiagnosticCode::kIndexOutOfRange, expr(e.list[dimension]).range, FormatInt128(value),
         SourceText(expr(e.a).range), size ? fmt::format("{}", *size) : "at least 0");
}

std::optional<std::vector<ir::ValueId>> FunctionLowering::LowerIndices(const Expr& e,
                                                                       const Operand& array) {
  const size_t rank = array.is_view() ? array.sizes.size() : array.type.sizes().size();
  if (e.list.size() != rank) {
    const size_t count = e.list.size();
    Diagnostic& report = Report(DiagnosticCode::kWrongRank, e.range, SourceText(expr(e.a).range),
                                fmt::format("{} dimension{}", rank, rank == 1 ? "" : "s"),
                                fmt::format("{} {}", count, count == 1 ? "index" : "indices"));
    if (count == 1) report.hint = "all indices stand in one pair of brackets: x[i, j]";
    return std::nullopt;
  }
  std::vector<ir::ValueId> indices;
  for (size_t i = 0; i < e.list.size(); ++i) {
    const SourceRange range = expr(e.list[i]).range;
    Operand index = LowerExpression(e.list[i], {});
    if (!index.ok()) return std::nullopt;
    if (!index.is_scalar() || !IsInteger(index.scalar())) {
      Report(DiagnosticCode::kTypeMismatch, range, "an integer index", Describe(index)).hint =
          index.is_scalar() && IsFloat(index.scalar()) ? "write `as i64`, which truncates" : "";
      return std::nullopt;
    }
    // A u64 keeps its type, because i64 does not hold all of its values.
    if (index.scalar() != ScalarType::kU64) index = Coerce(index, ScalarType::kI64, range);
    CheckConstantIndex(e, i, array, index.value());
    indices.push_back(index.value());
  }
  return indices;
}

// `a[i, lo..hi, ..]`: a view of the dimensions that are ranges; checked once, here.
Operand FunctionLowering::LowerView(const Expr& e) {
  const Operand base = LowerArrayBase(e.a);
  if (!base.ok()) return {};
  if (!base.indices.empty()) {
    Report(DiagnosticCode::kInvalidArgument, e.range,
           "a view is made of an array, not of a part of its elements");
    return {};
  }
  const Operand array = AsView(base);
  const size_t rank = array.sizes.size();
  if (e.view.size() != rank) {
    Report(DiagnosticCode::kWrongRank, e.range, SourceText(expr(e.a).range),
           fmt::format("{} dimension{}", rank, rank == 1 ? "" : "s"),
           fmt::format("{}", e.view.size()));
    return {};
  }
  Operand view = array;
  view.sizes.clear();
  std::vector<ir::ValueId> bounds;
  uint64_t kept = 0;
  std::string shape;
  for (size_t d = 0; d < rank; ++d) {
    const Expr::ViewItem& item = e.view[d];
    const auto bound = [&](ExprId id, ir::ValueId otherwise) {
      if (!id.valid()) return otherwise;
      const Operand value = LowerExpression(id, IsUntyped(id) ? ScalarType::kI64 : DataType());
      // What i64 does not hold is outside of every array.
      if (value.is_scalar() && value.type == ScalarType::kU64)
        return builder_.Convert(ScalarType::kI64, Rule::kSaturate, value.value(), expr(id).range);
      return Coerce(value, ScalarType::kI64, expr(id).range).value();
    };
    const ir::ValueId from = bound(item.from, builder_.Integer(ScalarType::kI64, 0, e.range));
    if (!from.valid()) return {};
    bounds.push_back(from);
    if (!item.is_range) continue;
    ir::ValueId to = bound(item.to, array.sizes[d]);
    if (!to.valid()) return {};
    if (item.inclusive)
      to = builder_.Binary(Opcode::kAdd, Rule::kSaturate, to,
                           builder_.Integer(ScalarType::kI64, 1, e.range), e.range);
    bounds.push_back(to);
    kept |= uint64_t{1} << d;
    view.sizes.push_back(
        !item.from.valid() ? to : builder_.Binary(Opcode::kSub, Rule::kWrap, to, from, e.range));
    shape += fmt::format("{}{}", shape.empty() ? "" : ", ", ViewSizeText(item));
  }
  const auto& components = array.type.info().components;
  for (size_t c = 0; c < components.size(); ++c) {
    std::vector<ir::ValueId> operands = {array.parts[c]};
    operands.insert(operands.end(), bounds.begin(), bounds.end());
    uint64_t all_kept = kept;
    std::string text = shape;
    for (size_t d = 0; d < components[c].sizes.size(); ++d) {
      all_kept |= uint64_t{1} << (rank + d);
      operands.push_back(builder_.Integer(ScalarType::kI64, 0, e.range));
      operands.push_back(builder_.Integer(ScalarType::kI64, components[c].sizes[d], e.range));
      text += fmt::format(", {}", components[c].sizes[d]);
    }
    const int result_rank = static_cast<int>(view.sizes.size() + components[c].sizes.size());
    view.parts[c] =
        builder_.AppendValue({.opcode = Opcode::kView,
                              .rule = Rule::kChecked,
                              .range = e.range,
                              .operands = operands,
                              .results = {Type::Array(components[c].scalar, result_rank)},
                              .immediate = all_kept});
    ir::Function& function = builder_.function();
    if (c > 0) function.op(function.value(view.parts[c]).def).checks = 0;
    function.value(view.parts[c]).shape = function.AddString(text);
    builder_.Name(view.parts[c], std::string(SourceText(e.range)) + components[c].path);
  }
  return view;
}

// How reports write the size of a dimension that is kept.
std::string FunctionLowering::ViewSizeText(const Expr::ViewItem& item) const {
  const auto text = [&](ExprId id) { return SourceText(expr(id).range); };
  if (!item.to.valid()) return "size";
  if (!item.from.valid()) return std::string(text(item.to));
  return fmt::format("{} - {}", text(item.to), text(item.from));
}

Operand FunctionLowering::LowerElement(const Expr& e) {
  if (!e.view.empty()) return LowerView(e);
  const Operand base = LowerReference(e.a);
  return base.ok() ? Inside(base, e) : Operand{};
}

Operand FunctionLowering::ElementInside(const Operand& array, const Expr& e) {
  const Expr& base = expr(e.a);
  if (!CheckArray(array, base.range)) return {};
  const auto indices = LowerIndices(e, array);
  if (!indices) return {};
  if (array.in_memory) return IndexInto(array, *indices);
  // A value: constants select an element; anything else needs it in memory.
  const auto position =
      PositionOf(array.type.sizes(), [&](size_t d) { return ConstantSize((*indices)[d]); });
  if (position) return ElementOf(array, *position);
  return IndexInto(Spill(array, SourceText(base.range), base.range), *indices);
}

Operand FunctionLowering::LowerBlockValue(BlockId id, const DataType& expected) {
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

Operand FunctionLowering::LowerIf(const Expr& e, const DataType& expected) {
  const Operand condition = LowerCondition(e.a);
  if (!condition.ok()) return {};
  // An arm of literals takes the type of the other one, so the arm with a type is lowered first.
  const auto takes = [&](BlockId block) {
    return IsUntypedBlock(block) || IsArrayLiteralBlock(block);
  };
  const bool otherwise_first = takes(e.block) && !takes(e.other);
  DataType type = expected;
  if (IsUntypedBlock(e.block) && IsUntypedBlock(e.other) && !type.valid()) {
    const bool is_float =
        HasFloatLiteral(tree_.block(e.block).value) || HasFloatLiteral(tree_.block(e.other).value);
    type = is_float ? ScalarType::kF64 : ScalarType::kI64;
  }
  bool ok = true;
  DataType types[2];
  const auto arm = [&](BlockId block, bool first) -> PathBody {
    return [this, block, first, &type, &types, &ok, &e]() -> Path {
      const Operand value = LowerBlockValue(block, type);
      ok = ok && value.ok();
      if (value.is_view()) {
        Report(DiagnosticCode::kTypeMismatch, tree_.block(block).range, "a value", Describe(value));
        ok = false;
      }
      const BlockId other = block == e.block ? e.other : e.block;
      if (value.ok() && first && !IsUntypedBlock(block))
        type = IsArrayLiteralBlock(other) ? value.type : LiteralType(value.type);
      types[block == e.block ? 0 : 1] = value.type;
      return {Flow::kLive, value.parts};
    };
  };
  const auto unify = [&](Path& then, ir::RegionId then_region, Path& otherwise,
                         ir::RegionId other_region) {
    if (!ok) return;
    const Operand left = MakeValue(types[0], then.values);
    const Operand right = MakeValue(types[1], otherwise.values);
    const ir::RegionId outside = builder_.Enter(then_region);
    if (UnifiesTo(left.type, right.type)) {
      then.values = Coerce(left, right.type, e.range).parts;
      types[0] = right.type;
    } else if (UnifiesTo(right.type, left.type)) {
      builder_.Enter(other_region);
      otherwise.values = Coerce(right, left.type, e.range).parts;
    } else {
      Report(DiagnosticCode::kMixedOperands, e.range, "if", left.type.text(), right.type.text())
          .hint = "convert one arm with `as`";
      ok = false;
    }
    builder_.Enter(outside);
  };
  const Path joined = LowerPaths(condition.value(), arm(e.block, !otherwise_first),
                                 arm(e.other, otherwise_first), e.range, otherwise_first, unify);
  if (!ok) return {};
  return MakeValue(types[0], joined.values);
}

Operand FunctionLowering::LowerConversion(const Expr& e) {
  const OperatorInfo& form = InfoOf(e.conversion);
  const DataType type = module_.Resolve(e.type, item_, type_arguments_);
  if (!type.valid()) return {};
  if (type.is_scalar() && IsUntyped(e.a)) {
    const ScalarType to = type.scalar();
    // A literal meets a float type directly, so that it is rounded once.
    if (IsFloat(to) && HasFloatLiteral(e.a) && form.rule == Rule::kChecked)
      return LowerExpression(e.a, to);
    if (IsInteger(to) && !HasFloatLiteral(e.a)) {
      bool failed = false;
      const auto value = ExactInteger(e.a, failed);
      if (failed) return {};
      if (value) {
        switch (form.rule) {
          case Rule::kNone:
          case Rule::kChecked:
            return FitInteger(*value, to, e.range);
          case Rule::kWrap:
            return Made(builder_.Integer(to, *value, e.range));
          case Rule::kSaturate:
            return Made(
                builder_.Integer(to, std::clamp(*value, LeastOf(to), GreatestOf(to)), e.range));
        }
      }
    }
  }
  const bool literal = IsUntyped(e.a) && type.is_complex();
  const Operand operand = LowerExpression(e.a, literal ? type : DataType());
  return operand.ok() ? ConvertAs(operand, type, e) : Operand{};
}

// Scalars by the rule of the operator; complex numbers by part, value arrays by element.
Operand FunctionLowering::ConvertAs(const Operand& operand, const DataType& type, const Expr& e) {
  const OperatorInfo& form = InfoOf(e.conversion);
  if (operand.type == type && !operand.is_view()) return operand;
  if (operand.type.is_array() && !operand.is_view() && type.is_array() &&
      operand.type.sizes() == type.sizes()) {
    std::vector<Operand> elements = ElementsOf(operand);
    for (Operand& element : elements) {
      element = ConvertAs(element, type.element(), e);
      if (!element.ok()) return {};
    }
    return Gather(type, elements);
  }
  if (type.is_complex() && !operand.is_view() &&
      (operand.type.is_scalar() || operand.type.is_complex()) && form.rule == Rule::kChecked) {
    std::vector<ir::ValueId> parts;
    for (ir::ValueId part : operand.parts) {
      const Operand converted = ConvertAs(Made(part), type.scalar(), e);
      if (!converted.ok()) return {};
      parts.push_back(converted.value());
    }
    if (parts.size() == 1) parts.push_back(builder_.Constant(type.scalar(), 0, e.range));
    return MakeValue(type, std::move(parts));
  }
  if (!operand.is_scalar() || !type.is_scalar()) {
    Report(DiagnosticCode::kInvalidConversion, e.range, form.text, Describe(operand), type.text())
        .hint = operand.type.is_complex() && type.is_scalar() ? "take a part: z.re, z.im" : "";
    return {};
  }
  const ScalarType from = operand.scalar(), to = type.scalar();
  const bool possible = (to != ScalarType::kBool || from == ScalarType::kBool) &&
                        !(from == ScalarType::kBool && IsFloat(to)) && Converts(from, to) &&
                        !(form.rule == Rule::kWrap && (IsFloat(from) || IsFloatOrStorage(to))) &&
                        !(form.rule == Rule::kSaturate && (IsFloatOrStorage(to)));
  if (!possible) {
    Diagnostic& report = Report(DiagnosticCode::kInvalidConversion, e.range, form.text,
                                Describe(operand), type.text());
    if (to == ScalarType::kBool)
      report.hint = "compare it with something: x != 0";
    else if (!Converts(from, to))
      report.hint = "convert it to f64 first: (x as f64) as " + type.text();
    else if (form.rule == Rule::kWrap)
      report.hint = "`as%` is for integers; `as` checks and `as|` saturates floats";
    else if (IsFloatOrStorage(to))
      report.hint = fmt::format("write `as {}`", type.text());
    return {};
  }
  // What keeps every value, and what IEEE 754 rounds, cannot fail.
  const bool exact =
      from == ScalarType::kBool || IsFloatOrStorage(to) || ConvertsImplicitly(from, to);
  return Made(builder_.Convert(to, exact ? Rule::kNone : form.rule, operand.value(), e.range));
}

}  // namespace einkorn::frontend
