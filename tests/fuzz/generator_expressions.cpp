// Expressions of a given type.
#include <algorithm>

#include "tests/fuzz/generator.h"

namespace einkorn::fuzz {

using frontend::BuiltinForm;
using frontend::BuiltinId;

std::string ProgramGenerator::Paren(const Text& value, int least) {
  return value.precedence >= least ? value.text : "(" + value.text + ")";
}

// In front of a block a `{` would begin it.
std::string ProgramGenerator::Bound(const Text& value) const {
  const bool has_brace = value.text.find('{') != std::string::npos;
  return has_brace ? "(" + value.text + ")" : value.text;
}

Text ProgramGenerator::Leaf(const DataType& type) {
  Spend(1);
  if (choices_.Chance(75))
    if (auto place = Place(type)) return *place;
  return Literal(type, 0);
}

Text ProgramGenerator::Typed(const DataType& type, int depth) {
  const Text value = Value(type, depth);
  if (!value.is_literal) return value;
  return {fmt::format("{} as {}", value.text, type.text()), kConversion};
}

Text ProgramGenerator::Condition(int depth) {
  return Value(ScalarType::kBool, depth);
}

Text ProgramGenerator::Value(const DataType& type, int depth) {
  Spend(type.leaf_count());
  if (depth <= 0 || Exhausted()) return Leaf(type);
  std::optional<Text> made;
  const size_t choice = choices_.Below(100);
  if (choice < 8)
    made = IfValue(type, depth - 1);
  else if (choice < 12)
    made = BlockValue(type, depth - 1);
  else if (choice < 22)
    made = CallValue(type, depth - 1);
  else if (choice < 37)
    return Leaf(type);
  else
    return Made(type, depth - 1);
  return made ? *made : Leaf(type);
}

// By an operator or a function.
Text ProgramGenerator::Made(const DataType& type, int depth) {
  std::optional<Text> made;
  const size_t choice = choices_.Below(100);
  const bool is_bool = type == ScalarType::kBool;
  if (choice < 40)
    made = is_bool && choice < 20   ? ComparisonValue(depth)
           : is_bool && choice < 30 ? LogicalValue(depth)
                                    : BinaryValue(type, depth);
  else if (choice < 48)
    made = UnaryValue(type, depth);
  else if (choice < 66)
    made = BuiltinValue(type, depth);
  else if (choice < 74)
    made = ValueBuiltin(type, depth);
  else if (choice < 86)
    made = ConversionValue(type, depth);
  else if (choice < 94)
    made = ReductionValue(type, depth);
  else
    made = ArrayReduction(type);
  return made ? *made : choices_.Chance(50) ? Leaf(type) : Literal(type, depth);
}

std::optional<Text> ProgramGenerator::IfValue(const DataType& type, int depth) {
  const Text condition = Condition(depth);
  const Text then = Typed(type, depth), otherwise = Value(type, depth);
  const bool swapped = choices_.Chance(50);
  return Text{fmt::format("if {} {{ {} }} else {{ {} }}", Bound(condition),
                          (swapped ? otherwise : then).text, (swapped ? then : otherwise).text),
              kLoose};
}

std::optional<Text> ProgramGenerator::BlockValue(const DataType& type, int depth) {
  const size_t visible = scope_.size();
  const DataType local = choices_.Chance(60) ? type : AnyType();
  const std::string name = Fresh("b");
  const Text first = Typed(local, depth);
  Add({.name = name, .type = local});
  const Text value = Typed(type, depth);
  scope_.resize(visible);
  return Text{fmt::format("{{ let {}: {} = {}; {} }}", name, local.text(), first.text, value.text),
              kLoose};
}

Text ProgramGenerator::Binary(const OperatorInfo& op, const Text& left, const Text& right) {
  const bool is_comparison = TypesOf(op) == TypeRule::kCompare;
  std::string l = Paren(left, op.precedence + (is_comparison ? 1 : 0));
  std::string r = Paren(right, op.precedence + 1);
  if (choices_.Chance(5) && l == left.text) l = "(" + l + ")";
  return {fmt::format("{} {} {}", l, op.text, r), op.precedence};
}

bool ProgramGenerator::Applies(const OperatorInfo& op, const DataType& type) const {
  const TypeRule rule = TypesOf(op);
  if (rule != TypeRule::kSame && rule != TypeRule::kShift) return false;
  if (type.is_array()) return Applies(op, type.element());
  if (type.is_complex()) {
    const auto is = [&](Opcode opcode) { return op.opcode == opcode; };
    return op.rule == Rule::kChecked && rule == TypeRule::kSame &&
           (is(Opcode::kAdd) || is(Opcode::kSub) || is(Opcode::kMul) || is(Opcode::kDiv) ||
            is(Opcode::kNeg));
  }
  return type.is_scalar() && AppliesTo(op, type.scalar());
}

bool ProgramGenerator::MayFaultOn(const OperatorInfo& op, const DataType& type) const {
  if (type.is_array()) return MayFaultOn(op, type.element());
  return type.is_scalar() && IsInteger(type.scalar()) &&
         MayFault(op.opcode, op.rule, type.scalar());
}

std::optional<Text> ProgramGenerator::BinaryValue(const DataType& type, int depth) {
  std::vector<const OperatorInfo*> fitting;
  for (const OperatorInfo& op : words_.binary)
    if (Applies(op, type)) fitting.push_back(&op);
  if (fitting.empty()) return std::nullopt;
  const OperatorInfo& op = *choices_.Of(fitting);
  const bool is_shift = TypesOf(op) == TypeRule::kShift;
  const bool tames = MayFaultOn(op, type) && ShouldTame();
  // A single value stands for one in each element; a real one for a complex one.
  DataType other = is_shift ? DataType(AnyInteger()) : type;
  const bool is_single = !is_shift && !type.is_scalar() && choices_.Chance(35);
  if (is_single) other = type.is_array() ? type.element() : DataType(type.scalar());
  // A narrower integer is widened.
  if (!is_shift && !is_single && type.is_scalar() && IsInteger(type.scalar()) &&
      choices_.Chance(15)) {
    const ScalarType narrow = AnyInteger();
    if (LeastOf(narrow) >= LeastOf(type.scalar()) &&
        GreatestOf(narrow) <= GreatestOf(type.scalar()))
      other = narrow;
  }
  const Role role = is_shift                                                 ? Role::kAmount
                    : op.opcode == Opcode::kDiv || op.opcode == Opcode::kRem ? Role::kDivisor
                                                                             : Role::kPlain;
  const bool is_difference = op.opcode == Opcode::kSub;
  const Text left = tames ? Tamed(type, depth, is_difference ? Role::kMinuend : Role::kPlain)
                          : Typed(type, depth);
  Text right = tames ? Tamed(other, depth, role) : Value(other, depth);
  // A literal takes the type of the left operand, in which another one may not fit.
  const bool swaps = is_single && choices_.Chance(40) && !tames;
  if (right.is_literal && (swaps || is_shift || !(other == type)) && !is_single)
    right = {fmt::format("{} as {}", right.text, other.text()), kConversion};
  return swaps ? Binary(op, right, left) : Binary(op, left, right);
}

std::optional<Text> ProgramGenerator::ComparisonValue(int depth) {
  std::vector<const OperatorInfo*> fitting;
  const bool is_whole = choices_.Chance(20);
  for (const OperatorInfo& op : words_.binary)
    if (TypesOf(op) == TypeRule::kCompare &&
        (!is_whole || InfoOf(op.opcode).operand_class == OperandClass::kValue))
      fitting.push_back(&op);
  const OperatorInfo& op = *choices_.Of(fitting);
  if (is_whole) {
    const DataType type = SmallComposite();
    return Binary(op, Typed(type, depth), Typed(type, depth));
  }
  ScalarType left = AnyScalar();
  while (!AppliesTo(op, left)) left = AnyScalar();
  const ScalarType right = IsInteger(left) && choices_.Chance(50) ? AnyInteger() : left;
  return Binary(op, Typed(left, depth), left == right ? Value(right, depth) : Typed(right, depth));
}

std::optional<Text> ProgramGenerator::LogicalValue(int depth) {
  std::vector<const OperatorInfo*> fitting;
  for (const OperatorInfo& op : words_.binary)
    if (op.opcode == Opcode::kIf) fitting.push_back(&op);
  return Binary(*choices_.Of(fitting), Condition(depth), Condition(depth));
}

std::optional<Text> ProgramGenerator::UnaryValue(const DataType& type, int depth) {
  std::vector<const OperatorInfo*> fitting;
  for (const OperatorInfo& op : words_.unary)
    if (Applies(op, type)) fitting.push_back(&op);
  if (fitting.empty()) return std::nullopt;
  const OperatorInfo& op = *choices_.Of(fitting);
  Text operand = Typed(type, depth);
  if (MayFaultOn(op, type) && ShouldTame()) {
    const DataType& element = type.is_array() ? type.element() : type;
    // Of unsigned values only 0 has a negative.
    if (IsUnsigned(element.scalar()))
      operand = {Paren(operand, 8) + " & 0", 7};
    else
      operand = Tame(operand, type, Role::kPlain);
  }
  const bool is_sign = operand.text[0] == '-';
  return Text{std::string(op.text) + (is_sign ? "(" + operand.text + ")" : Paren(operand, kUnary)),
              kUnary};
}

// Makes a value small.
Text ProgramGenerator::Tame(const Text& value, const DataType& type, Role role) {
  const DataType& element = type.is_array() ? type.element() : type;
  if (!element.is_scalar() || element == ScalarType::kBool) return value;
  if (IsFloat(element.scalar())) {
    if (type.is_array()) return value;
    return {fmt::format("if abs({}) < 90.0 {{ abs({}) }} else {{ 1.5 }}", value.text, value.text),
            kLoose};
  }
  const std::string masked =
      Paren(value, 8) + (role == Role::kAmount || role == Role::kFactor ? " & 3" : " & 7");
  switch (role) {
    case Role::kDivisor:
      return {fmt::format("({} & 3) + 1", Paren(value, 8)), 9};
    case Role::kMinuend:
      return {masked + " | 8", 5};
    case Role::kPlain:
      if (!type.is_array() && choices_.Chance(40))
        return {fmt::format("clamp({}, 0, 9)", Argument(value)), kAtom};
      return {masked, 7};
    case Role::kAmount:
    case Role::kFactor:
      return {masked, 7};
  }
  return value;
}

Text ProgramGenerator::Tamed(const DataType& type, int depth, Role role) {
  return Tame(Typed(type, type.is_scalar() && IsFloat(type.scalar()) ? 0 : depth), type, role);
}

std::optional<Text> ProgramGenerator::BuiltinValue(const DataType& type, int depth) {
  std::vector<const BuiltinUse*> fitting;
  for (const BuiltinUse& use : words_.builtins)
    if (use.result == type && (library_calls_ > 0 || use.builtin->form != BuiltinForm::kLibrary) &&
        !(library_calls_ <= 0 && use.argument.is_complex()))
      fitting.push_back(&use);
  if (fitting.empty()) return std::nullopt;
  const BuiltinUse& use = *choices_.Of(fitting);
  const frontend::Builtin& builtin = *use.builtin;
  const bool is_library = builtin.form == BuiltinForm::kLibrary;
  if (is_library || use.argument.is_complex()) {
    if (Repeats(50)) return std::nullopt;
    --library_calls_;
    Spend(100);
  }
  const bool tames = use.may_fault && ShouldTame();
  std::string arguments;
  for (size_t k = 0; k < builtin.arguments; ++k) {
    const bool is_amount = builtin.form == BuiltinForm::kRotate && k == 1;
    const bool is_last = k + 1 == builtin.arguments && k > 0;
    const DataType wanted = is_amount ? DataType(AnyInteger()) : use.argument;
    const Role role = is_library                                  ? Role::kFactor
                      : is_last && builtin.opcode == Opcode::kRem ? Role::kDivisor
                                                                  : Role::kPlain;
    const Text value = tames                 ? Tamed(wanted, depth, role)
                       : k == 0 || is_amount ? Typed(wanted, depth)
                                             : Value(wanted, depth);
    arguments += (k == 0 ? "" : ", ") + Argument(value);
  }
  const bool names_type = builtin.form == BuiltinForm::kFromBits && choices_.Chance(50);
  const std::string name =
      names_type ? fmt::format("{}<{}>", builtin.text, type.text()) : std::string(builtin.text);
  return Text{fmt::format("{}({})", name, arguments), kAtom};
}

// The functions of complex numbers and value arrays that give a value of `type`.
std::optional<Text> ProgramGenerator::ValueBuiltin(const DataType& type, int depth) {
  const auto call = [&](BuiltinId id, std::initializer_list<Text> arguments) {
    std::string list;
    for (const Text& argument : arguments) list += (list.empty() ? "" : ", ") + Argument(argument);
    std::string_view name;
    for (const frontend::Builtin& builtin : frontend::AllBuiltins())
      if (builtin.id == id) name = builtin.text;
    return Text{fmt::format("{}({})", name, list), kAtom};
  };
  const auto factor = [&](const DataType& wanted) {
    const DataType& element = wanted.element();
    const bool tames = element.is_scalar() && IsInteger(element.scalar()) && ShouldTame();
    return tames ? Tamed(wanted, depth, Role::kFactor) : Typed(wanted, depth);
  };
  if (type.is_complex())
    return choices_.Chance(50) ? call(BuiltinId::kConj, {Typed(type, depth)})
                               : Literal(type, depth);
  if (type.is_scalar() && type != ScalarType::kBool) {
    const DataType vector = DataType::Array({choices_.Between(1, 4)}, type);
    const bool is_float = IsFloat(type.scalar());
    if (is_float && choices_.Chance(25)) return call(BuiltinId::kNorm, {Typed(vector, depth)});
    if (is_float && choices_.Chance(20) && library_calls_-- > 0)
      return call(BuiltinId::kArg, {Typed(DataType::Complex(type.scalar()), depth)});
    return call(BuiltinId::kDot, {factor(vector), factor(vector)});
  }
  if (!type.is_array()) return std::nullopt;
  const DataType& element = type.element();
  if (element.is_struct() || element == ScalarType::kBool) return std::nullopt;
  const auto& sizes = type.sizes();
  const int64_t inner = choices_.Between(1, 3);
  if (sizes.size() == 2 && choices_.Chance(50))
    return call(BuiltinId::kTranspose,
                {Typed(DataType::Array({sizes[1], sizes[0]}, element), depth)});
  if (sizes.size() == 2)
    return call(BuiltinId::kMatmul, {factor(DataType::Array({sizes[0], inner}, element)),
                                     factor(DataType::Array({inner, sizes[1]}, element))});
  const bool is_unsigned = element.is_scalar() && IsUnsigned(element.scalar());
  if (sizes[0] == 3 && !is_unsigned && choices_.Chance(60))
    return call(BuiltinId::kCross, {factor(type), factor(type)});
  return call(BuiltinId::kMatmul, {factor(DataType::Array({sizes[0], inner}, element)),
                                   factor(DataType::Array({inner}, element))});
}

std::optional<Text> ProgramGenerator::ConversionValue(const DataType& type, int depth) {
  const DataType& element = type.is_array() ? type.element() : type;
  std::vector<const ConversionUse*> fitting;
  for (const ConversionUse& use : words_.conversion_uses)
    if (use.to == element) fitting.push_back(&use);
  if (fitting.empty()) return std::nullopt;
  const ConversionUse& use = *choices_.Of(fitting);
  const DataType from = type.is_array() ? DataType::Array(type.sizes(), use.from) : use.from;
  const bool tames = use.may_fault && ShouldTame();
  if (tames && type.is_array() && IsFloat(use.from.scalar())) return std::nullopt;
  const Text value = tames ? Tamed(from, depth, Role::kPlain) : Typed(from, depth);
  const DataType named = type.is_array() ? DataType::Array(type.sizes(), use.named) : use.named;
  return Text{fmt::format("{} {} {}", Paren(value, kConversion), use.text, named.text()),
              kConversion};
}

namespace {

// What a reduction that gives `type` is over; nullopt if this kind does not give it.
std::optional<DataType> TermOf(const ReductionUse& use, const DataType& type, Choices& choices) {
  const bool is_number = type.is_scalar() && type != ScalarType::kBool;
  const bool is_float = type.is_scalar() && IsFloat(type.scalar());
  if (use.reduction.rule != Rule::kChecked) {
    const DataType& element = type.is_array() ? type.element() : type;
    if (!element.is_scalar() || !IsInteger(element.scalar())) return std::nullopt;
  }
  switch (use.reduction.kind) {
    case ReduceKind::kSum:
      if (type.is_complex() || (type.is_array() && !(type.element() == ScalarType::kBool) &&
                                !type.element().is_struct()))
        return type;
      return is_number ? std::optional(type) : std::nullopt;
    case ReduceKind::kProd:
      if (type.is_array() && type.element().is_scalar() && !(type.element() == ScalarType::kBool))
        return type;
      return is_number ? std::optional(type) : std::nullopt;
    case ReduceKind::kMin:
    case ReduceKind::kMax:
      return is_number ? std::optional(type) : std::nullopt;
    case ReduceKind::kAny:
    case ReduceKind::kAll:
      return type == ScalarType::kBool ? std::optional(type) : std::nullopt;
    case ReduceKind::kCount:
      return type == ScalarType::kI64 ? std::optional<DataType>(ScalarType::kBool) : std::nullopt;
    case ReduceKind::kArgmin:
    case ReduceKind::kArgmax:
      if (!is_number || is_float) return std::nullopt;
      for (;;) {
        const ScalarType term = choices.Of(TheVocabulary().scalars);
        if (term != ScalarType::kBool) return term;
      }
  }
  return std::nullopt;
}

bool MayBeEmpty(ReduceKind kind) {
  return kind == ReduceKind::kMin || kind == ReduceKind::kMax || kind == ReduceKind::kArgmin ||
         kind == ReduceKind::kArgmax;
}

}  // namespace

std::optional<Text> ProgramGenerator::ReductionValue(const DataType& type, int depth) {
  if (Repeats(40)) return std::nullopt;
  std::vector<std::pair<const ReductionUse*, DataType>> fitting;
  for (const ReductionUse& use : words_.reductions)
    if (const auto term = TermOf(use, type, choices_)) fitting.push_back({&use, *term});
  if (fitting.empty()) return std::nullopt;
  const auto& [use, term] = choices_.Of(fitting);
  const ReduceKind kind = use->reduction.kind;
  const bool is_arg = kind == ReduceKind::kArgmin || kind == ReduceKind::kArgmax;
  const bool calm = !is_wild_ && MayBeEmpty(kind);
  const size_t visible = scope_.size();
  const uint64_t outside = mult_;
  const int count = !is_arg && choices_.Chance(25) ? 2 : 1;
  std::vector<std::pair<std::string, Range>> ranges;
  std::string clauses;
  for (int k = 0; k < count; ++k) {
    Range range = AnyRange();
    if (is_arg || calm) range = {"0..3", is_arg ? type.scalar() : ScalarType::kI64, "3", 3};
    // The neutral folding of up to 32 terms, and blocks beyond.
    if (count == 1 && !is_arg && choices_.Chance(8) && !Repeats(1100))
      range = {fmt::format("0..{}", choices_.Chance(50) ? choices_.Between(30, 70)
                                                        : choices_.Between(1020, 1100)),
               ScalarType::kI64,
               {},
               1100};
    ranges.push_back({Fresh("r"), range});
    clauses += fmt::format("{}{}", k == 0 ? "" : ", ", Clause(ranges[k].first, range));
  }
  for (const auto& [name, range] : ranges) {
    Add({.name = name, .type = range.type, .is_small = true, .size = range.size});
    mult_ *= range.trips;
  }
  ++pure_;
  const bool adds = kind == ReduceKind::kSum || kind == ReduceKind::kProd;
  const DataType& element = term.is_array() ? term.element() : term;
  const bool tames = adds && element.is_scalar() && IsInteger(element.scalar()) &&
                     use->reduction.rule == Rule::kChecked && ShouldTame();
  Text value = tames ? Tamed(term, depth, Role::kFactor) : Typed(term, depth);
  if (kind == ReduceKind::kProd && tames) value = Tame(value, term, Role::kFactor);
  std::string condition;
  if (!calm && choices_.Chance(35)) condition = " if " + Condition(depth).text;
  --pure_;
  mult_ = outside;
  scope_.resize(visible);
  return Text{fmt::format("{}({} for {}{})", use->name, Argument(value), clauses, condition),
              kAtom};
}

// Over the elements of an array or a value array.
std::optional<Text> ProgramGenerator::ArrayReduction(const DataType& type) {
  std::vector<std::string> arrays;
  for (const Variable& v : scope_) {
    if (!v.is_readable || !v.own.empty()) continue;
    if (v.is_array && v.type == type) arrays.push_back(v.name);
    if (!v.is_array && v.type.is_array() && v.type.element() == type) arrays.push_back(v.name);
  }
  if (arrays.empty() || Repeats(9000)) return std::nullopt;
  std::vector<const ReductionUse*> fitting;
  for (const ReductionUse& use : words_.reductions) {
    const ReduceKind kind = use.reduction.kind;
    const bool is_whole =
        kind != ReduceKind::kCount && kind != ReduceKind::kArgmin && kind != ReduceKind::kArgmax;
    if (is_whole && TermOf(use, type, choices_)) fitting.push_back(&use);
  }
  if (fitting.empty()) return std::nullopt;
  const ReductionUse& use = *choices_.Of(fitting);
  Spend(30);
  return Text{fmt::format("{}({})", use.name, choices_.Of(arrays)), kAtom};
}

}  // namespace einkorn::fuzz
