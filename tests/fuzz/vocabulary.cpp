#include "tests/fuzz/vocabulary.h"

#include <fmt/format.h>

#include "ir/module.h"
#include "runtime/program.h"

namespace einkorn::fuzz {
namespace {

using frontend::Builtin;
using frontend::BuiltinForm;

bool Compiles(const std::string& text) {
  return Program::Read("probe.ek", text)->ok();
}

std::string Repeated(std::string_view name, size_t count) {
  std::string list;
  for (size_t i = 0; i < count; ++i) list += fmt::format("{}{}", i == 0 ? "" : ", ", name);
  return list;
}

bool HasSignature(const Builtin& builtin, const DataType& argument, const DataType& result) {
  // Without a conversion: a variable that is assigned has the parameter's type exactly.
  return Compiles(
      fmt::format("fn take(y: inout {}) {{ }}\n"
                  "fn probe(x: {}) {{ var y = {}({}); take(y); }}",
                  result.text(), argument.text(), builtin.text, Repeated("x", builtin.arguments)));
}

// Whether it does with its opcode's row what is asked of it: those of the library are made of many.
bool MayFaultOn(const Builtin& builtin, ScalarType type) {
  if (builtin.form == BuiltinForm::kLibrary) return IsInteger(type);
  return MayFault(builtin.opcode, builtin.rule, type);
}

void AddBuiltin(const Builtin& builtin, Vocabulary& vocabulary) {
  const auto add = [&](const DataType& argument, const DataType& result) {
    const bool may_fault = argument.is_scalar() && MayFaultOn(builtin, argument.scalar());
    vocabulary.builtins.push_back({&builtin, argument, result, may_fault});
  };
  // Those of values are made where their arguments are (ProgramGenerator::ValueBuiltin).
  if (builtin.form == BuiltinForm::kValue) return;
  std::vector<DataType> arguments(vocabulary.scalars.begin(), vocabulary.scalars.end());
  arguments.insert(arguments.end(), vocabulary.complexes.begin(), vocabulary.complexes.end());
  for (const DataType& argument : arguments) {
    const Type scalar = Type::Scalar(argument.scalar());
    if (!argument.is_complex() && !Accepts(InfoOf(builtin.opcode).operand_class, scalar)) continue;
    // The likely result first: that of the arguments, a bool, the parts of a complex number.
    std::vector<DataType> results = {argument, ScalarType::kBool, argument.scalar()};
    results.insert(results.end(), vocabulary.scalars.begin(), vocabulary.scalars.end());
    if (argument.is_complex()) results.resize(3);
    for (const DataType& result : results) {
      if (!HasSignature(builtin, argument, result)) continue;
      add(argument, result);
      break;
    }
  }
}

void AddConversions(const OperatorInfo& form, Vocabulary& vocabulary) {
  std::vector<DataType> types(vocabulary.scalars.begin(), vocabulary.scalars.end());
  types.insert(types.end(), vocabulary.complexes.begin(), vocabulary.complexes.end());
  std::vector<DataType> targets = types;
  for (ScalarType storage : {ScalarType::kF16, ScalarType::kBF16}) targets.push_back(storage);
  for (const DataType& from : types)
    for (const DataType& named : targets) {
      const DataType to = frontend::ReadType(named);
      if (Compiles(fmt::format("fn probe(x: {}) -> {} {{ return x {} {}; }}", from.text(),
                               to.text(), form.text, named.text())))
        vocabulary.conversion_uses.push_back(
            {form.text, from, named, to, form.rule == Rule::kChecked && IsInteger(to.scalar())});
    }
}

void AddReductions(Vocabulary& vocabulary) {
  for (int kind = 0; kind < kReduceKindCount; ++kind)
    for (const char* prefix : {"", "wrapping_", "saturating_"}) {
      const std::string name = fmt::format("{}{}", prefix, TextOf(static_cast<ReduceKind>(kind)));
      if (const auto reduction = frontend::ReductionNamed(name))
        vocabulary.reductions.push_back({name, *reduction});
    }
}

void AddAtomics(Vocabulary& vocabulary) {
  std::vector<std::string> candidates;
  for (const OperatorInfo& op : vocabulary.binary) candidates.push_back(std::string(op.text) + "=");
  for (int kind = 0; kind < kAtomicKindCount; ++kind)
    candidates.push_back(fmt::format("{}=", TextOf(static_cast<AtomicKind>(kind))));
  for (const std::string& text : candidates)
    if (Compiles(fmt::format("kernel probe(x: inout [n] i32) {{ parallel for i in 0..n {{ atomic "
                             "x[0] {} 1; }} }}",
                             text)))
      vocabulary.atomics.push_back(text);
}

}  // namespace

Vocabulary::Vocabulary() {
  for (int type = 0; type < kScalarTypeCount; ++type)
    if (!IsStorage(static_cast<ScalarType>(type))) scalars.push_back(static_cast<ScalarType>(type));
  for (ScalarType part : scalars)
    if (IsFloat(part)) complexes.push_back(DataType::Complex(part));
#define EINKORN_UNARY(name, text, opcode, rule) \
  unary.push_back({text, 0, Opcode::k##opcode, Rule::k##rule});
#define EINKORN_BINARY(name, text, precedence, opcode, rule) \
  binary.push_back({text, precedence, Opcode::k##opcode, Rule::k##rule});
#define EINKORN_CONVERSION(name, text, rule) \
  conversions.push_back({text, 0, Opcode::kConvert, Rule::k##rule});
#include "frontend/operators.def"
  for (const Builtin& builtin : frontend::AllBuiltins()) AddBuiltin(builtin, *this);
  for (const OperatorInfo& form : conversions) AddConversions(form, *this);
  AddReductions(*this);
  AddAtomics(*this);
}

const Vocabulary& TheVocabulary() {
  static const Vocabulary vocabulary;
  return vocabulary;
}

bool AppliesTo(const OperatorInfo& op, ScalarType type) {
  if (IsFloat(type) && (op.rule == Rule::kWrap || op.rule == Rule::kSaturate)) return false;
  if (op.opcode == Opcode::kNot && (op.text == "!") != (type == ScalarType::kBool)) return false;
  return Accepts(InfoOf(op.opcode).operand_class, Type::Scalar(type));
}

bool MayFault(Opcode opcode, Rule rule, ScalarType type) {
  return InitialChecks(opcode, ir::RuleFor(rule, type), type, type) != 0;
}

}  // namespace einkorn::fuzz
