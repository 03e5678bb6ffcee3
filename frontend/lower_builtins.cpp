// Built-in functions, and assert_close.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"

namespace einkorn::frontend {

// Lowers all arguments of `e` to one type: literals take the type of the others, else the expected.
bool FunctionLowering::LowerSameType(const Expr& e, std::string_view text, const DataType& expected,
                                     std::vector<Operand>& arguments) {
  arguments.assign(e.list.size(), {});
  std::optional<Operand> widest;
  for (size_t i = 0; i < e.list.size(); ++i) {
    if (IsUntyped(e.list[i])) continue;
    arguments[i] = LowerExpression(e.list[i], {});
    if (!arguments[i].ok()) return false;
    if (!widest) {
      widest = arguments[i];
      continue;
    }
    Operand other = arguments[i];
    if (!Unify(*widest, other, text, e.range)) return false;
    widest = other;
  }
  DataType type = expected;
  if (widest) {
    if (widest->is_view()) {
      Report(DiagnosticCode::kInvalidOperand, e.range, text, "arrays");
      return false;
    }
    type = widest->type;
  }
  if (!type.valid()) {
    const ExprId self(static_cast<size_t>(&e - tree_.exprs.data()));
    type = DefaultType(self);
  }
  for (size_t i = 0; i < e.list.size(); ++i) {
    if (!arguments[i].ok()) arguments[i] = LowerExpression(e.list[i], type);
    arguments[i] = Coerce(arguments[i], type, expr(e.list[i]).range);
    if (!arguments[i].ok()) return false;
  }
  return true;
}

Operand FunctionLowering::LowerBuiltin(const Expr& e, const Builtin& builtin,
                                       const DataType& expected) {
  if (e.list.size() != builtin.arguments) {
    Report(DiagnosticCode::kWrongArgumentCount, e.range, builtin.text,
           fmt::format("{} argument{}", builtin.arguments, builtin.arguments == 1 ? "" : "s"),
           fmt::format("{}", e.list.size()));
    return {};
  }
  std::vector<Operand> arguments;
  switch (builtin.form) {
    case BuiltinForm::kValue:
      return LowerValueBuiltin(e, builtin, expected);
    case BuiltinForm::kSame:
    case BuiltinForm::kLibrary:
    case BuiltinForm::kComposed:
    case BuiltinForm::kTest: {
      const bool is_test = builtin.form == BuiltinForm::kTest;
      if (!LowerSameType(e, builtin.text, is_test ? DataType() : expected, arguments)) return {};
      const bool is_complex = arguments[0].type.is_complex();
      if (is_complex && builtin.id == BuiltinId::kAbs)
        return CallLibrary(e, "hypot", {Made(arguments[0].parts[0]), Made(arguments[0].parts[1])});
      if (builtin.form == BuiltinForm::kLibrary || is_complex)
        return CallLibrary(e, builtin.text, arguments);
      if (!CheckOperand(builtin.opcode, builtin.text, arguments[0], e.range)) return {};
      if (builtin.form == BuiltinForm::kComposed || is_test)
        return LowerComposed(e, builtin, arguments);
      std::vector<ir::ValueId> operands;
      for (const Operand& argument : arguments) operands.push_back(argument.value());
      const ScalarType type = arguments[0].scalar();
      const bool ruled = InfoOf(builtin.opcode).rules != RuleSet::kNone;
      return Made(
          builder_.AppendValue({.opcode = builtin.opcode,
                                .rule = ruled ? ir::RuleFor(builtin.rule, type) : Rule::kNone,
                                .range = e.range,
                                .operands = operands,
                                .results = {Type::Scalar(type)}}));
    }
    case BuiltinForm::kRotate: {
      const Operand value =
          LowerExpression(e.list[0], IsUntyped(e.list[0]) ? expected : DataType());
      const Operand amount = LowerExpression(e.list[1], {});
      if (!value.ok() || !amount.ok()) return {};
      if (!CheckOperand(builtin.opcode, builtin.text, value, e.range)) return {};
      if (!CheckOperand(builtin.opcode, builtin.text, amount, e.range)) return {};
      return Made(
          builder_.Binary(builtin.opcode, Rule::kNone, value.value(), amount.value(), e.range));
    }
    case BuiltinForm::kBits: {
      const Operand value = LowerExpression(e.list[0], {});
      if (!value.ok() || !CheckOperand(builtin.opcode, builtin.text, value, e.range)) return {};
      const ScalarType type =
          value.scalar() == ScalarType::kF32 ? ScalarType::kU32 : ScalarType::kU64;
      return Made(builder_.AppendValue({.opcode = builtin.opcode,
                                        .range = e.range,
                                        .operands = {value.value()},
                                        .results = {Type::Scalar(type)}}));
    }
    case BuiltinForm::kFromBits: {
      std::optional<ScalarType> to;
      if (expected.is_scalar() && IsFloat(expected.scalar())) to = expected.scalar();
      if (!e.type_arguments.empty()) {
        const DataType type = module_.Resolve(e.type_arguments[0], item_, type_arguments_);
        if (!type.valid()) return {};
        to = type.is_scalar() ? type.scalar() : ScalarType::kBool;
      }
      const auto bits_type = [&]() -> DataType {
        if (!IsUntyped(e.list[0])) return {};
        return to == ScalarType::kF32 ? ScalarType::kU32 : ScalarType::kU64;
      };
      const Operand value = LowerExpression(e.list[0], bits_type());
      if (!value.ok() || !CheckOperand(builtin.opcode, builtin.text, value, e.range)) return {};
      if (BitsOf(value.scalar()) < 32 ||
          (to && (!IsFloat(*to) || BitsOf(*to) != BitsOf(value.scalar())))) {
        Report(DiagnosticCode::kInvalidOperand, e.range, builtin.text, TextOf(value.scalar()))
            .hint = "from_bits makes an f32 of a u32 and an f64 of a u64";
        return {};
      }
      const ScalarType type = BitsOf(value.scalar()) == 32 ? ScalarType::kF32 : ScalarType::kF64;
      return Made(builder_.AppendValue({.opcode = builtin.opcode,
                                        .range = e.range,
                                        .operands = {value.value()},
                                        .results = {Type::Scalar(type)}}));
    }
  }
  return {};
}

// The function of the part of the library that belongs to the type of the arguments.
Operand FunctionLowering::CallLibrary(const Expr& e, std::string_view name,
                                      const std::vector<Operand>& arguments) {
  const DataType& type = arguments[0].type;
  const std::string_view part = BuiltinPartOf(type);
  // The parts of complex numbers are taken by functions of the same name, so those of the whole
  // have another one.
  const std::string item_name =
      type.is_complex() ? fmt::format("complex_{}", name) : std::string(name);
  const SourceUnit* unit = part.empty() ? nullptr : module_.program().Library(part);
  const Item* item = unit == nullptr ? nullptr : unit->ItemNamed(item_name);
  if (item == nullptr) {
    Report(DiagnosticCode::kInvalidOperand, e.range, name, type.text());
    return {};
  }
  TypeArguments types;
  if (!item->type_parameters.empty()) types.push_back(type);
  const auto signature = module_.SignatureOf(*item, types);
  EINKORN_CHECK(signature.has_value(), "a function of the library has a wrong signature");
  return AppendCall(e, module_.Require(*item, types), /*is_launch=*/false, {}, arguments,
                    signature->result, {}, /*is_unused=*/false);
}

Operand FunctionLowering::LowerComposed(const Expr& e, const Builtin& builtin,
                                        std::vector<Operand>& arguments) {
  const ir::ValueId x = arguments[0].value();
  const ScalarType type = arguments[0].scalar();
  const auto binary = [&](Opcode opcode, Rule rule, ir::ValueId a, ir::ValueId b) {
    return builder_.Binary(opcode, rule, a, b, e.range);
  };
  const auto magnitude = [&] { return builder_.Unary(Opcode::kAbs, Rule::kNone, x, e.range); };
  const auto infinity = [&] {
    return builder_.Constant(type, FloatBits(type, std::numeric_limits<double>::infinity()),
                             e.range);
  };
  switch (builtin.id) {
    case BuiltinId::kClamp:
      return Made(binary(Opcode::kMin, Rule::kNone,
                         binary(Opcode::kMax, Rule::kNone, x, arguments[1].value()),
                         arguments[2].value()));
    case BuiltinId::kIsnan:
      return Made(binary(Opcode::kNe, Rule::kNone, x, x));
    case BuiltinId::kIsinf:
      return Made(binary(Opcode::kEq, Rule::kNone, magnitude(), infinity()));
    case BuiltinId::kIsfinite:
      return Made(binary(Opcode::kLt, Rule::kNone, magnitude(), infinity()));
    case BuiltinId::kFloorDiv:
    case BuiltinId::kFloorMod: {
      // The truncated result is corrected by one where the remainder's sign is not the divisor's.
      const ir::ValueId y = arguments[1].value();
      const bool is_div = builtin.id == BuiltinId::kFloorDiv;
      const ir::ValueId quotient =
          is_div ? binary(Opcode::kDiv, Rule::kChecked, x, y) : ir::ValueId();
      const ir::ValueId remainder = binary(Opcode::kRem, Rule::kChecked, x, y);
      if (IsUnsigned(type)) return Made(is_div ? quotient : remainder);
      const ir::ValueId zero = builder_.Integer(type, 0, e.range);
      const ir::ValueId nonzero = binary(Opcode::kNe, Rule::kNone, remainder, zero);
      const ir::ValueId sign = binary(Opcode::kXor, Rule::kNone, remainder, y);
      const ir::ValueId differs = binary(Opcode::kLt, Rule::kNone, sign, zero);
      const ir::ValueId corrects = binary(Opcode::kAnd, Rule::kNone, nonzero, differs);
      const ir::ValueId corrected =
          is_div ? binary(Opcode::kSub, Rule::kWrap, quotient, builder_.Integer(type, 1, e.range))
                 : binary(Opcode::kAdd, Rule::kWrap, remainder, y);
      return Made(builder_.Select(corrects, corrected, is_div ? quotient : remainder, e.range));
    }
    default:
      EINKORN_CHECK(false, "a built-in function without a body");
      return {};
  }
}

// assert_close(x, y, ulp = N): x and y are at most N floats apart, or both NaN.
void FunctionLowering::LowerAssertClose(const Expr& e) {
  if (item_.kind != ItemKind::kTest) {
    Report(DiagnosticCode::kTestOnly, e.range, "assert_close");
    return;
  }
  const bool named =
      e.list.size() == 3 && e.argument_names.size() == 3 && e.argument_names[2] == "ulp";
  if (e.list.size() != 2 && !named) {
    Report(DiagnosticCode::kWrongArgumentCount, e.range, "assert_close", "two values and ulp = N",
           fmt::format("{}", e.list.size()));
    return;
  }
  Operand left, right;
  if (!LowerOperands(e.list[0], e.list[1], {}, "assert_close", e.range, left, right)) return;
  if (!CheckOperand(Opcode::kBits, "assert_close", left, e.range)) return;
  const ScalarType type = left.scalar();
  const ScalarType word = type == ScalarType::kF32 ? ScalarType::kU32 : ScalarType::kU64;
  const ScalarType place = type == ScalarType::kF32 ? ScalarType::kI32 : ScalarType::kI64;
  const Operand ulp =
      named ? LowerAs(e.list[2], ScalarType::kI64) : Made(builder_.Integer(ScalarType::kI64, 0));
  if (!ulp.ok()) return;
  // The place of a float in the order of all floats: neighbours differ by one, both zeros are 0.
  const auto place_of = [&](const Operand& value) {
    const ir::ValueId bits = builder_.AppendValue({.opcode = Opcode::kBits,
                                                   .range = e.range,
                                                   .operands = {value.value()},
                                                   .results = {Type::Scalar(word)}});
    const ir::ValueId as_signed = builder_.Convert(place, Rule::kWrap, bits, e.range);
    const ir::ValueId least = builder_.Integer(place, LeastOf(place), e.range);
    const ir::ValueId mirrored =
        builder_.Binary(Opcode::kSub, Rule::kWrap, least, as_signed, e.range);
    const ir::ValueId negative =
        builder_.Compare(Opcode::kLt, as_signed, builder_.Integer(place, 0, e.range), e.range);
    const ir::ValueId ordered = builder_.Select(negative, mirrored, as_signed, e.range);
    return place == ScalarType::kI64
               ? ordered
               : builder_.Convert(ScalarType::kI64, Rule::kNone, ordered, e.range);
  };
  const ir::ValueId a = place_of(left), b = place_of(right);
  const ir::ValueId distance =
      builder_.Unary(Opcode::kAbs, Rule::kSaturate,
                     builder_.Binary(Opcode::kSub, Rule::kSaturate, a, b, e.range), e.range);
  const ir::ValueId close = builder_.Compare(Opcode::kLe, distance, ulp.value(), e.range);
  FailUnless(close, FaultKind::kAssertion,
             fmt::format("assert_close: {{}} and {{}} are {{}} ulp apart, more than {{}}"),
             {left.value(), right.value(), distance, ulp.value()}, e.range);
}

}  // namespace einkorn::frontend
