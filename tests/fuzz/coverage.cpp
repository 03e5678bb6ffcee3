#include "tests/fuzz/coverage.h"

#include <fmt/format.h>

#include "tests/fuzz/vocabulary.h"

namespace einkorn::fuzz {
namespace {

using frontend::BuiltinForm;

std::string NameOf(Opcode opcode, Rule rule) {
  return rule == Rule::kNone ? std::string(TextOf(opcode))
                             : fmt::format("{}.{}", TextOf(opcode), TextOf(rule));
}

std::string Key(Opcode opcode, Rule rule, ScalarType type) {
  return fmt::format("{} {}", NameOf(opcode, rule), TextOf(type));
}

std::string KeyOf(const ir::Function& function, const ir::Op& op) {
  const auto operand = [&] { return function.type(function.operand(op, 0)).scalar; };
  const auto result = [&] { return function.type(function.result(op)).scalar; };
  const std::string name = NameOf(op.opcode, op.rule);
  switch (op.opcode) {
    case Opcode::kIf:
    case Opcode::kWhile:
    case Opcode::kFrame:
    case Opcode::kCall:
    case Opcode::kLaunch:
    case Opcode::kExpectError:
    case Opcode::kYield:
    case Opcode::kFail:
    case Opcode::kPrint:
    case Opcode::kSettle:
      return name;
    case Opcode::kConstant:
    case Opcode::kSelect:
    case Opcode::kLoad:
    case Opcode::kArray:
      return fmt::format("{} {}", name, TextOf(result()));
    case Opcode::kConvert:
      return fmt::format("{} {} {}", name, TextOf(operand()), TextOf(result()));
    case Opcode::kReduce:
      return fmt::format("{} {} {}", name, TextOf(ir::ReduceKindOf(op)), TextOf(result()));
    case Opcode::kAtomic:
      return fmt::format("{} {} {}", name, TextOf(static_cast<AtomicKind>(op.immediate)),
                         TextOf(operand()));
    default:
      return fmt::format("{} {}", name, TextOf(operand()));
  }
}

// The rules and types of one operation that rows of the language's own tables lead to.
void ExpectScalars(std::set<std::string>& expected) {
  const Vocabulary& words = TheVocabulary();
  const auto expect = [&](Opcode opcode, Rule rule, ScalarType type) {
    const bool ruled = InfoOf(opcode).rules != RuleSet::kNone;
    expected.insert(Key(opcode, ruled ? ir::RuleFor(rule, type) : Rule::kNone, type));
  };
  for (ScalarType type : words.scalars) {
    for (const auto* operators : {&words.unary, &words.binary})
      for (const OperatorInfo& op : *operators)
        if (op.opcode != Opcode::kIf && AppliesTo(op, type)) expect(op.opcode, op.rule, type);
    expect(Opcode::kConstant, Rule::kNone, type);
  }
  for (const BuiltinUse& use : words.builtins)
    if (use.builtin->form != BuiltinForm::kLibrary && use.argument.is_scalar())
      expect(use.builtin->opcode, use.builtin->rule, use.argument.scalar());
  for (const ConversionUse& use : words.conversion_uses)
    if (use.from.is_scalar() && use.to.is_scalar() && use.from != use.to)
      expected.insert(fmt::format("convert {} {}", use.from.text(), use.to.text()));
}

void ExpectMemory(std::set<std::string>& expected) {
  for (ScalarType type : TheVocabulary().scalars) {
    expected.insert(Key(Opcode::kArray, Rule::kChecked, type));
    for (Opcode opcode : {Opcode::kView, Opcode::kLoad, Opcode::kStore})
      expected.insert(Key(opcode, Rule::kChecked, type));
    if (!IsInteger(type)) continue;
    for (Opcode opcode : {Opcode::kFor, Opcode::kParallel})
      expected.insert(Key(opcode, Rule::kChecked, type));
    for (int kind = 0; kind < kAtomicKindCount; ++kind)
      expected.insert(
          fmt::format("atomic {} {}", TextOf(static_cast<AtomicKind>(kind)), TextOf(type)));
  }
}

void ExpectReductions(std::set<std::string>& expected) {
  for (const ReductionUse& use : TheVocabulary().reductions) {
    const ReduceKind kind = use.reduction.kind;
    const bool of_bool = kind == ReduceKind::kAny || kind == ReduceKind::kAll;
    const bool of_integers =
        kind == ReduceKind::kCount || kind == ReduceKind::kArgmin || kind == ReduceKind::kArgmax;
    const bool adds = kind == ReduceKind::kSum || kind == ReduceKind::kProd;
    for (ScalarType type : TheVocabulary().scalars) {
      if (of_bool != (type == ScalarType::kBool)) continue;
      if (IsFloat(type) && (of_integers || use.reduction.rule != Rule::kChecked)) continue;
      const bool ruled = IsInteger(type) && (adds || kind == ReduceKind::kCount);
      expected.insert(fmt::format("{} {} {}",
                                  NameOf(Opcode::kReduce, ruled ? use.reduction.rule : Rule::kNone),
                                  TextOf(kind), TextOf(type)));
    }
  }
}

// Conversions and atomics are counted without their rule too, which only some pairs have.
std::string WithoutRule(const std::string& key) {
  const size_t dot = key.find('.'), space = key.find(' ');
  if (dot == std::string::npos || dot > space) return key;
  return key.substr(0, dot) + key.substr(space);
}

}  // namespace

std::string_view ReasonNotMade(Opcode opcode) {
  switch (opcode) {
    case Opcode::kFrame:
    case Opcode::kLanes:
    case Opcode::kAttempt:
      return "a pass makes it";
    case Opcode::kArrayEqual:
    case Opcode::kLaunch:
    case Opcode::kExpectError:
      return "only test blocks have it";
    default:
      return {};
  }
}

Coverage::Coverage() {
  ExpectScalars(expected_);
  ExpectMemory(expected_);
  ExpectReductions(expected_);
  for (int k = 0; k < kOpcodeCount; ++k) {
    const auto opcode = static_cast<Opcode>(k);
    if (ReasonNotMade(opcode).empty()) expected_.insert(std::string(TextOf(opcode)));
  }
  for (const frontend::Builtin& builtin : frontend::AllBuiltins())
    expected_.insert(fmt::format("function {}", builtin.text));
  for (const ReductionUse& use : TheVocabulary().reductions)
    expected_.insert(fmt::format("function {}", use.name));
}

void Coverage::Add(const ir::Module& module) {
  for (const ir::Function& function : module.functions)
    for (const ir::Op& op : function.ops) {
      const std::string key = KeyOf(function, op);
      seen_.insert(key);
      seen_.insert(WithoutRule(key));
      seen_.insert(std::string(TextOf(op.opcode)));
    }
}

void Coverage::AddText(std::string_view program) {
  const auto is_letter = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (size_t at = program.find('('); at != std::string_view::npos;
       at = program.find('(', at + 1)) {
    size_t begin = at;
    if (begin > 0 && program[begin - 1] == '>') begin = program.rfind('<', begin);
    const size_t end = begin;
    while (begin > 0 && is_letter(program[begin - 1])) --begin;
    seen_.insert(fmt::format("function {}", program.substr(begin, end - begin)));
  }
}

std::vector<std::string> Coverage::Missing() const {
  std::vector<std::string> missing;
  for (const std::string& key : expected_)
    if (!seen_.contains(key)) missing.push_back(key);
  return missing;
}

}  // namespace einkorn::fuzz
