// Each rule of the verifier: a module that breaks it is refused for that reason.
#include "ir/verifier.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

using testing::HasSubstr;

struct Broken {
  const char* problem;
  const char*
      body;  ///< of a kernel with %n, %a: f32, %x (in), %y (out, i32), %i = 0, %u: u8, %t: bool
};

std::string KernelWith(std::string_view body) {
  return fmt::format(
      "entry kernel @f(symbol %n: i64, scalar %a: f32, in %x: array<i32, 1>[%n], "
      "out %y: array<i32, 1>[%n]) {{\n"
      "  %i = constant 0 : i64\n  %u = constant 1 : u8\n  %t = constant true : bool\n"
      "  %v = constant 5 : i32\n{}\n  yield\n}}\n"
      "function @g(scalar %p: i64) -> i64 {{\n  yield %p\n}}\n"
      "test @test() {{\n  yield\n}}\n",
      body);
}

void ExpectProblem(std::string_view text, std::string_view problem) {
  const Result<Module> module = ParseModule(text);
  ASSERT_TRUE(module.ok()) << module.error().message << "\n" << text;
  EXPECT_THAT(ProblemsIn(*module), HasSubstr(std::string(problem))) << text;
}

constexpr Broken kBrokenOps[] = {
    // The row
    {"it has 1 operands instead of 2", "%0 = add.checked %i : i64"},
    {"it has no operands", "%0 = load.checked : i32"},
    {"its first operand may not be f32", "%0 = and %a, %a : f32"},
    {"its first operand may not be i64", "%0 = load.checked %i : i32"},
    {"its operands are i64, u8", "%0 = add.checked %i, %u : i64"},
    {"its results are u8 instead of i64", "%0 = add.checked %i, %i : u8"},
    {"its results are i64 instead of bool", "%0 = lt %i, %i : i64"},
    {"its operands are bool, i64, u8", "%0 = select %t, %i, %u : i64"},
    {"it shifts by something that is not an integer", "%0 = shl.wrap %i, %a : i64"},
    {"its results are f32 instead of i32", "%0 = load.checked %x, %i : f32"},
    {"it has results", "%0 = store.checked %y, %i, %v : i32"},
    {"it has the rule none", "%0 = add %i, %i : i64"},
    {"it has the rule wrap", "%0 = add.wrap %a, %a : f32"},
    {"it has the rule saturate", "%0 = shl.saturate %i, %i : i64"},
    {"it has checks for faults that it cannot have", "%0 = add.wrap %i, %i : i64 checks(overflow)"},
    {"its immediate has no meaning", "%0 = add.checked immediate 1 %i, %i : i64"},
    {"its immediate has no meaning", "for.checked immediate 8 %i, %n, %i { (%k: i64)\n yield\n }"},
    {"its immediate has no meaning", "fail immediate 99"},
    {"its immediate has no meaning", "atomic.wrap immediate 7 %y, %i, %v"},
    {"its immediate has no meaning",
     "parallel.checked inclusive(1) %i, %n, %i { (%k: i64)\n yield\n }"},
    {"it has 1 regions instead of 2", "if %t {\n yield\n }"},
    {"it has 1 regions instead of 0", "print text \"x\" {\n yield\n }"},
    // Single operations
    {"its result is not of the other class and the same width", "%0 = bits %a : u64"},
    {"its result is not of the other class and the same width", "%0 = from_bits %u : f32"},
    {"its result is not one scalar", "%0 = convert %i : array<i32, 1>"},
    {"its result is not an array", "%0 = array.checked %i : i32"},
    {"it needs one size for each dimension", "%0 = array.checked %i : array<i32, 2>"},
    {"a size is not an integer", "%0 = array.checked %i, %a : array<i32, 2>"},
    {"an array here needs constant sizes",
     "parallel.checked %i, %n, %n { (%k: i64)\n %0 = array.checked %n : array<i32, 1>\n yield\n }"},
    {"the filling value has another type than the elements",
     "%0 = array.checked filled %i, %i : array<i32, 1>"},
    {"it needs an index for each dimension", "%0 = load.checked %x : i32"},
    {"an index is not an integer", "%0 = load.checked %x, %a : i32"},
    {"the value has another type than the elements", "store.checked %y, %i, %i"},
    {"it writes an `in` parameter", "store.checked %x, %i, %v"},
    {"atomics combine integers, floats by sums only",
     "%0 = array.checked filled %i, %a : array<f32, 1>\n atomic min %0, %i, %a"},
    {"it needs pairs of arrays", "settle %y"},
    {"the first of a pair is not a parameter that may be written", "settle %x, %x"},
    {"the arrays of a pair have different types",
     "%0 = array.checked filled %i, %a : array<f32, 1>\n settle %y, %0"},
    {"the arrays have different types",
     "%0 = array.checked filled %i, %a : array<f32, 1>\n %1 = array_equal %0, %x : bool"},
    {"its result is not a bool", "%1 = array_equal %x, %x : i32"},
    // Control
    {"a region yields i64 where the results are bool",
     "%0 = if %t : bool {\n yield %i\n } {\n yield %t\n }"},
    {"a region has the arguments i64 instead of nothing",
     "if %t { (%k: i64)\n yield\n } {\n yield\n }"},
    {"it needs from, to and step", "for.checked %i, %n {\n yield\n }"},
    {"the bounds and the step of a range are not of one integer type",
     "for.checked %i, %u, %i { (%k: i64)\n yield\n }"},
    {"a region has the arguments u8 instead of i64",
     "for.checked %i, %n, %i { (%k: u8)\n yield\n }"},
    {"its results are nothing instead of i64",
     "for.checked %i, %n, %i, %i { (%k: i64, %c: i64)\n yield %c\n }"},
    {"a region yields nothing where whether to go on",
     "for.checked exits %i, %n, %i { (%k: i64)\n yield\n }"},
    {"a region yields i64 where the condition are bool", "while {\n yield %i\n } {\n yield\n }"},
    {"a region yields nothing where the carried values are i64",
     "%0 = while %i : i64 { (%c: i64)\n yield %t\n } { (%d: i64)\n yield\n }"},
    {"it needs triples of from, to and step", "parallel.checked %i, %n {\n yield\n }"},
    {"a region yields i64 where the results are nothing",
     "parallel.checked %i, %n, %i { (%k: i64)\n yield %k\n }"},
    {"it needs triples of from, to and step",
     "%0 = reduce.checked sum %i, %n : i64 {\n yield %t, %i\n }"},
    {"its result is not one scalar",
     "reduce.checked sum %i, %n, %i { (%k: i64)\n yield %t, %k\n }"},
    {"its region yields an inclusion, a term and perhaps a factor",
     "%0 = reduce.checked sum %i, %n, %i : i64 { (%k: i64)\n yield %t\n }"},
    {"the inclusion is not a bool",
     "%0 = reduce.checked sum %i, %n, %i : i64 { (%k: i64)\n yield %k, %k\n }"},
    {"its terms are i64 and its result is u8",
     "%0 = reduce.checked sum %i, %n, %i : u8 { (%k: i64)\n yield %t, %k\n }"},
    {"its terms are i64 and its result is bool",
     "%0 = reduce any %i, %n, %i : bool checks() { (%k: i64)\n yield %t, %k\n }"},
    {"its terms are bool and its result is f32",
     "%0 = reduce.checked count %i, %n, %i : f32 { (%k: i64)\n yield %t, %t\n }"},
    {"its terms are i32 and its result is i32",
     "%0 = reduce argmin %i, %n, %i : i32 checks() { (%k: i64)\n yield %t, %v\n }"},
    {"its rule does not fit its result",
     "%0 = reduce sum %i, %n, %i : i64 checks() { (%k: i64)\n yield %t, %k\n }"},
    {"its rule does not fit its result",
     "%0 = reduce.wrap min %i, %n, %i : i64 checks() { (%k: i64)\n yield %t, %k\n }"},
    {"it has checks for faults that it cannot have",
     "%0 = reduce.wrap sum %i, %n, %i : i64 checks(overflow) { (%k: i64)\n yield %t, %k\n }"},
    {"only floating sums have a factor",
     "%0 = reduce.checked sum %i, %n, %i : i64 { (%k: i64)\n yield %t, %k, %k\n }"},
    // Calls and reports
    {"an argument shown is an array", "frame %x text \"g(x)\" {\n yield\n }"},
    {"its text names another number of arguments", "frame %i text \"g()\" {\n yield\n }"},
    {"its arguments are f32 instead of i64", "%0 = call @g %a : i64"},
    {"its results are bool instead of i64", "%0 = call @g %i : bool"},
    {"what it names cannot be called", "call @test"},
    {"what it names cannot be called", "%0 = launch @g %i : i64"},
    {"a region yields i64 where the results are nothing", "expect_error bounds {\n yield %i\n }"},
    {"its text shows another number of operands", "print %i text \"\""},
    {"its text shows another number of operands", "print text \"{}\""},
    {"its text has a brace alone", "print text \"}\""},
    {"its text has a brace alone", "print text \"{x}\""},
    {"its text shows an i128 that is not two words", "print %i, %i text \"{i128}\""},
    {"it shows an array", "print %x text \"{}\""},
    // Structure
    {"a yield stands before the end of its region", "yield"},
    {"an operand is not defined here",
     "if %t {\n %0 = constant 1 : i64\n yield\n } {\n print %0 text \"{}\"\n yield\n }"},
    {"a region does not end in a yield", "if %t {\n print text \"x\"\n } {\n yield\n }"},
    {"a region does not end in a yield", "if %t {\n } {\n yield\n }"},
};

TEST(Verifier, RefusesBrokenOperations) {
  EXPECT_EQ(ProblemsIn(*ParseModule(KernelWith(""))), "");
  for (const Broken& broken : kBrokenOps) ExpectProblem(KernelWith(broken.body), broken.problem);
}

TEST(Verifier, RefusesBrokenSignatures) {
  const auto with_params = [](std::string_view params) {
    return fmt::format("entry kernel @f({}) {{\n  yield\n}}\n", params);
  };
  ExpectProblem(with_params("scalar %a: i64, symbol %n: i64"),
                "parameter `n`: symbols come before other parameters");
  ExpectProblem(with_params("symbol %n: i32"), "parameter `n`: a symbol is an i64");
  ExpectProblem(with_params("in %x: i32"), "parameter `x`: its type does not fit its kind");
  ExpectProblem(with_params("scalar %x: array<i32, 1>[1]"), "its type does not fit its kind");
  ExpectProblem(with_params("in %x: array<i32, 2>[1]"), "it needs one size for each dimension");
  ExpectProblem(with_params("in %x: array<i32, 1>[%x]"),
                "a size is not a sum of products of i64 parameters");
  ExpectProblem(with_params("symbol %n: i64, in %x: array<i32, 1>[%n + 2*%n]"),
                "a size is not a sum of products of i64 parameters");
  ExpectProblem(with_params("symbol %n: i64, symbol %m: i64, in %x: array<i32, 1>[%m*%n]"),
                "a size is not a sum of products of i64 parameters");
  ExpectProblem("entry kernel @f() -> array<i32, 1> {\n  yield\n}", "the result type is an array");
  ExpectProblem("entry kernel @f() -> i32 {\n  yield\n}",
                "a region yields nothing where the function's results are i32");
  ExpectProblem("entry kernel @f() { (%a: i32)\n  yield\n}", "the body has arguments");
  ExpectProblem("kernel @f() {\n  yield\n}", "the module has no entry");
  ExpectProblem(
      "entry function @f(symbol %n: i64) {\n  %a = array.checked %n : array<i32, 1>\n"
      "  yield\n}",
      "an array here needs constant sizes");
}

// Tables that no text describes.
class VerifierOfTables : public testing::Test {
 protected:
  VerifierOfTables() {
    function().body = builder_.NewRegion();
    builder_.Enter(function().body);
    value_ = builder_.Integer(ScalarType::kI64, 1);
    builder_.Yield({});
    module_.entry = FunctionId(0);
    EXPECT_EQ(ProblemsIn(module_), "");
  }

  Function& function() { return module_.functions[0]; }
  Op& op(uint32_t i) { return function().op(OpId(i)); }
  void ExpectProblemOf(std::string_view problem) {
    EXPECT_THAT(ProblemsIn(module_), HasSubstr(std::string(problem)));
  }
  void ExpectUnsound() { ExpectProblemOf("a table holds an id that names nothing"); }

  Module module_{.functions = std::vector<Function>(1), .entry = {}};
  Builder builder_{module_.functions[0]};
  ValueId value_;
};

TEST_F(VerifierOfTables, IdsNameEntries) {
  const Module sound = module_;
  const auto broken = [&](auto breaks) {
    module_ = sound;
    breaks(function());
    ExpectUnsound();
  };
  broken([](Function& f) { f.body = RegionId(7); });
  broken([](Function& f) { f.value_pool[0] = ValueId(7); });
  broken([](Function& f) { f.region_pool.push_back(RegionId(7)); });
  broken([](Function& f) { f.regions[0].ops.push_back(OpId(7)); });
  broken([](Function& f) { f.regions[0].arguments.push_back(ValueId(7)); });
  broken([](Function& f) { f.values[0].def = OpId(7); });
  broken([](Function& f) { f.values[0].name = StringId(7); });
  broken([](Function& f) { f.values[0].type.rank = 9; });
  broken([](Function& f) { f.ops[0].operands = {0, 7}; });
  broken([](Function& f) { f.ops[0].results = {7, 1}; });
  broken([](Function& f) { f.ops[0].regions = {UINT32_MAX, UINT32_MAX}; });
  broken([](Function& f) { f.ops[0].text = StringId(7); });
  broken([](Function& f) { f.params.push_back({.name = "p", .value = ValueId(7)}); });
  module_ = sound;
  module_.entry = FunctionId(7);
  ExpectProblemOf("the module has no entry");
}

TEST_F(VerifierOfTables, RegionsFormATree) {
  builder_.Enter(function().body);
  function().region(function().body).ops.pop_back();
  builder_.Append({.opcode = Opcode::kExpectError, .regions = {function().body}});
  builder_.Yield({});
  ExpectProblemOf("a region is used twice");
}

TEST_F(VerifierOfTables, OperationsStandInOnePlace) {
  function()
      .region(function().body)
      .ops.insert(function().region(function().body).ops.begin(), OpId(0));
  ExpectProblemOf("an operation stands in two places");
}

TEST_F(VerifierOfTables, ValuesAreDefinedOnce) {
  function().region(function().body).ops.pop_back();
  const ValueId second = builder_.Integer(ScalarType::kI64, 2);
  builder_.Yield({});
  function().value_pool[function().op(function().value(second).def).results.begin] = value_;
  ExpectProblemOf("a value names another definition");
  ExpectProblemOf("a value is defined twice");
}

TEST_F(VerifierOfTables, ConstantsFitTheirType) {
  function().value(value_).type = Type::Scalar(ScalarType::kU8);
  op(0).immediate = 256;
  ExpectProblemOf("its immediate has no meaning");
}

TEST_F(VerifierOfTables, EmptyRegionsAreRefused) {
  function().regions[0].ops.clear();
  ExpectProblemOf("a region does not end in a yield");
}

}  // namespace
}  // namespace einkorn::ir
