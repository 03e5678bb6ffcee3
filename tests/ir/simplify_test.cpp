#include <gmock/gmock.h>

#include "ir/passes.h"
#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

using testing::HasSubstr;
using testing::Not;

void SimplifyAll(Module& module) {
  for (Function& function : module.functions) Simplify(function);
}

// What Simplify makes of a body with %n: i64, %a and %b: i32, %t: bool and %f: f32.
std::string Simplified(std::string_view results, std::string_view body) {
  std::string types;
  for (char c : results)
    types += std::string(types.empty() ? " -> " : ", ") + (c == 'i'   ? "i32"
                                                           : c == 'b' ? "bool"
                                                                      : "f32");
  Module module = ModuleOf(
      "entry kernel @f(symbol %n: i64, scalar %a: i32, scalar %b: i32, "
      "scalar %t: bool, scalar %f: f32, in %x: array<i32, 1>[%n])" +
      types + " {\n" + std::string(body) + "\n}\n");
  SimplifyAll(module);
  EXPECT_EQ(ProblemsIn(module), "");
  const std::string text = Print(module);
  return text.substr(text.find('\n') + 1);
}

TEST(Simplify, FoldsConstants) {
  EXPECT_EQ(Simplified("i", R"(  %0 = constant 6 : i32
  %1 = constant 7 : i32
  %2 = mul.checked %0, %1 : i32
  yield %2)"),
            "  %0 = constant 42 : i32\n  yield %0\n}\n");
}

TEST(Simplify, LeavesFaultsOfConstants) {
  EXPECT_THAT(Simplified("", R"(  %0 = constant 2147483647 : i32
  %1 = add.checked %0, %0 : i32
  yield)"),
              HasSubstr("add.checked"));
}

TEST(Simplify, JoinsEqualOperationsWhereOneDominates) {
  EXPECT_EQ(Simplified("ii", R"(  %0 = mul.checked %a, %b : i32
  %1 = if %t : i32 {
    %2 = mul.checked %b, %a : i32
    print %2 text "{}"
    yield %2
  } {
    yield %a
  }
  yield %0, %1)"),
            R"(  %0 = mul.checked %a, %b : i32
  %1 = if %t : i32 {
    print %0 text "{}"
    yield %0
  } {
    yield %a
  }
  yield %0, %1
}
)");
}

TEST(Simplify, DoesNotJoinWithAnOperationThatChecksLess) {
  EXPECT_THAT(Simplified("ii", R"(  %0 = mul.checked %a, %b : i32 checks()
  %1 = mul.checked %a, %b : i32
  yield %0, %1)"),
              HasSubstr("%1 = mul.checked %a, %b : i32\n"));
}

TEST(Simplify, DoesNotJoinAcrossRegionsOrLoads) {
  const std::string text = Simplified("ii", R"(  %0 = constant 0 : i64
  %1 = load.checked %x, %0 : i32
  %2 = load.checked %x, %0 : i32
  if %t {
    %3 = mul.checked %a, %b : i32
    print %3 text "{}"
    yield
  } {
    yield
  }
  %4 = mul.checked %a, %b : i32
  %5 = add.wrap %1, %2 : i32
  yield %4, %5)");
  EXPECT_NE(text.find("load"), text.rfind("load"));
  EXPECT_NE(text.find("mul"), text.rfind("mul"));
}

TEST(Simplify, TurnsSmallChoicesIntoSelects) {
  EXPECT_EQ(Simplified("i", R"(  %0 = if %t : i32 {
    %1 = add.wrap %a, %b : i32
    yield %1
  } {
    yield %a
  }
  yield %0)"),
            "  %0 = add.wrap %a, %b : i32\n  %1 = select %t, %0, %a : i32\n  yield %1\n}\n");
}

TEST(Simplify, NeverRunsADivisionThatItsConditionGuards) {
  EXPECT_THAT(Simplified("i", R"(  %0 = constant 0 : i32
  %1 = ne %b, %0 : bool
  %2 = if %1 : i32 {
    %3 = div.checked %a, %b : i32 checks()
    yield %3
  } {
    yield %a
  }
  yield %2)"),
              Not(HasSubstr("select")));
}

TEST(Simplify, KnowsTheConditionInsideAChoice) {
  EXPECT_EQ(Simplified("", R"(  if %t {
    %0 = not %t : bool
    if %0 {
      print text "never"
      yield
    } {
      print text "always"
      yield
    }
    yield
  } {
    yield
  }
  yield)"),
            "  if %t {\n    print text \"always\"\n    yield\n  } {\n    yield\n  }\n  yield\n}\n");
}

TEST(Simplify, ReplacesCarriedValuesThatNeverChange) {
  const std::string text = Simplified("i", R"(  %0 = constant 0 : i64
  %1 = constant 1 : i64
  %2, %3 = for.checked %0, %n, %1, %a, %b : i32, i32 { (%i: i64, %4: i32, %5: i32)
    %6 = add.checked %5, %4 : i32
    yield %4, %6
  }
  %7 = add.wrap %2, %3 : i32
  yield %7)");
  EXPECT_THAT(text, HasSubstr("for.checked %0, %n, %1, %b : i32 checks()"));
  EXPECT_THAT(text, HasSubstr("add.checked %2, %a"));
  EXPECT_THAT(text, HasSubstr("add.wrap %a, "));
}

TEST(Simplify, DropsLoopsThatAreNeverEntered) {
  EXPECT_EQ(Simplified("i", R"(  %0 = constant 3 : i64
  %1 = constant 1 : i64
  %2 = for.checked %0, %0, %1, %a : i32 { (%i: i64, %3: i32)
    %4 = add.checked %3, %3 : i32
    yield %4
  }
  yield %2)"),
            "  yield %a\n}\n");
}

TEST(Simplify, DissolvesFramesThatReportsCannotShow) {
  EXPECT_EQ(Simplified("i", R"ir(  %0 = frame %a : i32 text "g(v)" {
    print text "here"
    %1 = mul.wrap %a, %a : i32
    yield %1
  }
  yield %0)ir"),
            "  print text \"here\"\n  %0 = mul.wrap %a, %a : i32\n  yield %0\n}\n");
  EXPECT_THAT(Simplified("i", R"ir(  %0 = frame %a : i32 text "g(v)" {
    %1 = mul.checked %a, %a : i32
    yield %1
  }
  yield %0)ir"),
              HasSubstr("frame"));
}

TEST(Simplify, ClearsChecksThatCannotFail) {
  EXPECT_EQ(Simplified("i", R"(  %0 = constant 3 : i32
  %1 = div.checked %a, %0 : i32
  yield %1)"),
            "  %0 = constant 3 : i32\n  %1 = div.checked %a, %0 : i32 checks()\n  yield %1\n}\n");
}

TEST(Simplify, ConvertsThereAndBackForNothing) {
  EXPECT_EQ(Simplified("i", R"(  %0 = convert.wrap %a : u64
  %1 = convert.wrap %0 : i32
  yield %1)"),
            "  yield %a\n}\n");
}

}  // namespace
}  // namespace einkorn::ir
