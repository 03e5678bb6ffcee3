// Every row of the table of operations: an example that prints, parses, verifies and runs.
#include <fmt/format.h>

#include <map>

#include "ir/scalar.h"
#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

constexpr ScalarType kAllTypes[] = {
    ScalarType::kBool, ScalarType::kI8,  ScalarType::kI16, ScalarType::kI32, ScalarType::kI64,
    ScalarType::kU8,   ScalarType::kU16, ScalarType::kU32, ScalarType::kU64, ScalarType::kF16,
    ScalarType::kBF16, ScalarType::kF32, ScalarType::kF64};

void ExpectRoundTrip(const std::string& text) {
  const Result<Module> module = ParseModule(text);
  ASSERT_TRUE(module.ok()) << module.error().message << "\n" << text;
  EXPECT_EQ(Print(*module, {.places = true}), text);
  EXPECT_EQ(ProblemsIn(*module), "") << text;
}

// The examples of operations that are not on scalars alone, in the form in which they are printed.
const std::map<Opcode, std::string>& Examples() {
  const auto kernel = [](std::string_view body) {
    return fmt::format(
        "entry kernel @f(symbol %n: i64, in %x: array<i32, 1>[%n], out %y: array<i32, 1>[%n]) {{\n"
        "  %0 = constant 0 : i64\n"
        "  %1 = constant 1 : i64\n{}  yield\n}}\n",
        body);
  };
  static const std::map<Opcode, std::string> examples = {
      {Opcode::kConstant, kernel("  %2 = constant -0.5 : f32\n")},
      {Opcode::kArray, kernel("  %a = array.checked filled %n, %1, %1 : array<i64, 2> \"n, 1\"\n")},
      {Opcode::kView, kernel("  %2 = view.checked kept(0) %x, %0, %n : array<i32, 1>\n")},
      {Opcode::kLoad, kernel("  %2 = load.checked %x, %0 : i32\n")},
      {Opcode::kStore,
       kernel("  %2 = constant 7 : i32\n  store.checked %y, %0, %2 text \"z[n + 1]\"\n")},
      {Opcode::kAtomic, kernel("  %2 = constant 7 : i32\n  atomic.saturate sub %y, %0, %2\n")},
      {Opcode::kSettle, kernel("  settle %y, %x\n")},
      {Opcode::kArrayEqual, kernel("  %2 = array_equal %x, %x : bool\n")},
      {Opcode::kIf, kernel("  %2 = constant true : bool\n"
                           "  %3 = if %2 : i64 {\n    yield %0\n  } {\n    yield %1\n  }\n")},
      {Opcode::kFor, kernel("  %sum = for.checked inclusive exits %0, %n, %1, %1 : i64 checks() "
                            "{ (%i: i64, %2: i64)\n    %3 = constant true : bool\n"
                            "    yield %3, %2\n  }\n")},
      {Opcode::kWhile, kernel("  %6 = while %0 : i64 { (%2: i64)\n    %3 = eq %2, %1 : bool\n"
                              "    %4 = not %3 : bool\n    yield %4\n  } { (%5: i64)\n"
                              "    yield %1\n  }\n")},
      {Opcode::kParallel, kernel("  parallel.checked inclusive(1) %0, %n, %1, %0, %1, %1 "
                                 "{ (%i: i64, %j: i64)\n    yield\n  }\n")},
      {Opcode::kReduce, kernel("  %3 = reduce.wrap sum inclusive(0) %0, %0, %1 : i64 "
                               "checks(division) { (%i: i64)\n    %2 = constant true : bool\n"
                               "    yield %2, %i\n  }\n")},
      {Opcode::kFrame, kernel("  %2 = frame %0, %1 : i64 text \"g(a, b)\" {\n    yield %1\n  }\n")},
      {Opcode::kLanes, kernel("  %4 = lanes : i64 { (%lane: i64)\n    yield %lane\n  } "
                              "{ (%2: i64, %3: i64)\n    yield %2\n  }\n")},
      {Opcode::kAttempt,
       kernel("  %2 = attempt : i64 {\n    yield %0\n  } {\n    yield %1\n  }\n")},
      {Opcode::kCall, kernel("  %2 = call @g %n : i64\n") +
                          "\nfunction @g(scalar %a: i64) -> i64 {\n  yield %a\n}\n"},
      {Opcode::kLaunch,
       "entry test @\"a test\"() {\n  launch @k\n  yield\n}\n\n"
       "kernel @k() {\n  yield\n}\n"},
      {Opcode::kExpectError, kernel("  expect_error bounds {\n    %2 = load.checked %x, %n : i32\n"
                                    "    yield\n  }\n")},
      {Opcode::kYield, kernel("")},
      {Opcode::kFail, kernel("  %2 = constant true : bool\n  if %2 {\n    fail assertion %n text "
                             "\"{{}} {}\" at 0:5:9:6:7\n    yield\n  } {\n    yield\n  }\n")},
      {Opcode::kPrint, kernel("  print %n text \"n is {}\"\n")},
  };
  return examples;
}

TEST(Ops, OthersThanScalarOnesHaveExamples) {
  for (int i = 0; i < kOpcodeCount; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    if (HasScalarMeaning(opcode)) continue;
    SCOPED_TRACE(TextOf(opcode));
    const auto example = Examples().find(opcode);
    ASSERT_NE(example, Examples().end()) << "this row needs an example";
    EXPECT_NE(example->second.find(TextOf(opcode)), std::string::npos);
    ExpectRoundTrip(example->second);
  }
}

ScalarType OperandType(Opcode opcode, ScalarType type, int i) {
  if (opcode == Opcode::kSelect && i == 0) return ScalarType::kBool;
  if (InfoOf(opcode).types == TypeRule::kShift && i == 1) return ScalarType::kI8;
  return type;
}

// The results that an operation may have for operands of `type`.
std::vector<ScalarType> ResultsOf(Opcode opcode, ScalarType type) {
  std::vector<ScalarType> results;
  for (ScalarType result : kAllTypes) {
    const bool same_width = BitsOf(result) == BitsOf(type);
    const bool fits = opcode == Opcode::kConvert
                          ? result != ScalarType::kBool && Converts(type, result)
                      : opcode == Opcode::kBits     ? IsUnsigned(result) && same_width
                      : opcode == Opcode::kFromBits ? IsFloat(result) && same_width
                      : InfoOf(opcode).types == TypeRule::kCompare ? result == ScalarType::kBool
                                                                   : result == type;
    if (fits) results.push_back(result);
  }
  return results;
}

// A kernel that applies an operation to its parameters, run on some values.
void ExpectScalarExample(Opcode opcode, Rule rule, ScalarType type, ScalarType result) {
  std::string params, operands;
  std::vector<ScalarType> types;
  for (int i = 0; i < InfoOf(opcode).operands; ++i) {
    types.push_back(OperandType(opcode, type, i));
    params += fmt::format("{}scalar %p{}: {}", i > 0 ? ", " : "", i, TextOf(types.back()));
    operands += fmt::format("{}%p{}", i > 0 ? ", " : " ", i);
  }
  const std::string text = fmt::format(
      "entry kernel @f({}) -> {} {{\n  %0 = {}{}{} : {}\n  yield %0\n}}\n", params, TextOf(result),
      TextOf(opcode), rule == Rule::kNone ? "" : fmt::format(".{}", TextOf(rule)), operands,
      TextOf(result));
  ExpectRoundTrip(text);
  const Module module = ModuleOf(text);
  for (uint64_t seed : {0, 1, 2, 255}) {
    std::vector<uint64_t> bits;
    std::vector<TestArgument> arguments;
    for (ScalarType operand : types) {
      const uint64_t value = operand == ScalarType::kI8 ? seed % 8 : seed + bits.size();
      bits.push_back(IsFloatOrStorage(operand) ? FloatBits(operand, static_cast<double>(value))
                                               : Canonical(operand, value));
      arguments.push_back({bits.back()});
    }
    const ScalarOutcome expected = Evaluate(opcode, rule, types, bits, result);
    const std::string outcome = OutcomeOf(module, arguments);
    if (expected.fault)
      EXPECT_TRUE(outcome.starts_with(fmt::format("error[{}]", TextOf(*expected.fault))))
          << outcome;
    else
      EXPECT_EQ(outcome, FormatScalar(result, expected.bits) + "\n");
  }
}

TEST(Ops, ScalarOnesRunInEveryFormOfTheirRow) {
  for (int i = 0; i < kOpcodeCount; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    if (!HasScalarMeaning(opcode)) continue;
    int forms = 0;
    for (ScalarType type : kAllTypes) {
      const ScalarType first = OperandType(opcode, type, 0);
      if (!Accepts(InfoOf(opcode).operand_class, Type::Scalar(first))) continue;
      for (Rule rule : {Rule::kNone, Rule::kChecked, Rule::kWrap, Rule::kSaturate}) {
        if (!HasRule(opcode, rule, first)) continue;
        for (ScalarType result : ResultsOf(opcode, type)) {
          ExpectScalarExample(opcode, rule, type, result);
          ++forms;
        }
      }
    }
    EXPECT_GT(forms, 0) << TextOf(opcode);
  }
}

TEST(Ops, ChecksBelongToTheRow) {
  for (int i = 0; i < kOpcodeCount; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    EXPECT_EQ(OpcodeNamed(TextOf(opcode)), opcode);
    EXPECT_FALSE(InfoOf(opcode).meaning.empty());
    for (ScalarType type : kAllTypes)
      for (Rule rule : {Rule::kNone, Rule::kChecked, Rule::kWrap, Rule::kSaturate})
        EXPECT_EQ(InitialChecks(opcode, rule, type, type) & ~InfoOf(opcode).faults, 0);
  }
}

}  // namespace
}  // namespace einkorn::ir
