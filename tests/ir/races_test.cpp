#include "ir/races.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ir/text.h"
#include "tests/ir/ir_testing.h"

namespace einkorn::ir {
namespace {

// The races of a kernel with the body `ops`, one a line: "store 1, load 0: i 1 j 0" says which of
// its accesses meet, counted from the first, and how far apart the iterations are.
std::string RacesOf(std::string_view ops) {
  const std::string text = fmt::format(
      "entry kernel @f(symbol %n: i64, scalar %h: i64, inout %y: array<i64, 1>[%n], "
      "inout %small: array<i64, 1>[8]) {{\n"
      "  %0 = constant 0 : i64\n"
      "  %1 = constant 1 : i64\n"
      "  %2 = constant 2 : i64\n"
      "  %4 = constant 4 : i64\n"
      "{}  yield\n}}\n",
      ops);
  const auto module = ParseModule(text);
  EXPECT_TRUE(module.ok()) << (module.ok() ? "" : module.error().message) << "\n" << text;
  if (!module.ok()) return {};
  const Function& function = module->entry_function();
  EXPECT_TRUE(Verify(*module).empty());
  const auto name = [&](OpId id) {
    size_t number = 0;
    for (size_t k = 0; k < id.index; ++k) {
      const Opcode opcode = function.ops[k].opcode;
      number += opcode == Opcode::kLoad || opcode == Opcode::kStore || opcode == Opcode::kAtomic;
    }
    return fmt::format("{} {}", TextOf(function.op(id).opcode), number);
  };
  std::string found;
  for (const Race& race : FindRaces(function, function.body)) {
    found += fmt::format("{}, {}:", name(race.write), name(race.other));
    for (const auto& [variable, distance] : race.distance)
      found += fmt::format(" {} {}", function.string(function.value(variable).name), distance);
    found += fmt::format("{}{}\n", race.is_by_all ? " all" : "", race.is_update ? " update" : "");
  }
  return found;
}

TEST(Races, FindsNeighbours) {
  EXPECT_EQ(RacesOf("  parallel.checked %0, %n, %1 { (%i: i64)\n"
                    "    %5 = add.checked %i, %1 : i64\n"
                    "    %6 = load.checked %y, %5 : i64\n"
                    "    store.checked %y, %i, %6\n"
                    "    yield\n  }\n"),
            "store 1, load 0: i 1\n");
}

TEST(Races, KnowsStepsAndExtents) {
  const auto loop = [](std::string_view to, std::string_view step) {
    return fmt::format(
        "  parallel.checked %0, {}, {} {{ (%i: i64)\n"
        "    %5 = add.checked %i, %4 : i64\n"
        "    %6 = load.checked %y, %5 : i64\n"
        "    store.checked %y, %i, %6\n"
        "    yield\n  }}\n",
        to, step);
  };
  EXPECT_EQ(RacesOf(loop("%n", "%2")), "store 1, load 0: i 4\n");
  EXPECT_EQ(RacesOf(loop("%4", "%1")), "");
  // Steps of 3 never make up for 4.
  EXPECT_EQ(RacesOf("  %3 = constant 3 : i64\n" + loop("%n", "%3")), "");
  // The step is not known.
  EXPECT_EQ(RacesOf(loop("%n", "%h")), "");
}

TEST(Races, NeedsTheSameElementForAllIterations) {
  EXPECT_EQ(RacesOf("  parallel.checked %0, %n, %1, %0, %h, %1 { (%i: i64, %j: i64)\n"
                    "    %5 = load.checked %y, %h : i64\n"
                    "    store.checked %y, %h, %5\n"
                    "    store.checked %small, %j, %5\n"
                    "    yield\n  }\n"),
            "store 1, store 1: i 0 j 1 all update\n"
            "store 2, store 2: i 1 j 0\n");
  // y[i] and y[i + h]: h decides.
  EXPECT_EQ(RacesOf("  parallel.checked %0, %n, %1 { (%i: i64)\n"
                    "    %5 = add.checked %i, %h : i64\n"
                    "    %6 = load.checked %y, %5 : i64\n"
                    "    store.checked %y, %i, %6\n"
                    "    yield\n  }\n"),
            "");
}

TEST(Races, CountsOnlyWhatEachIterationMakes) {
  const auto loop = [](std::string_view to) {
    return fmt::format(
        "  parallel.checked %0, %n, %1 {{ (%i: i64)\n"
        "    for.checked %0, {}, %1 {{ (%k: i64)\n"
        "      %5 = add.checked %i, %k : i64\n"
        "      store.checked %y, %5, %k\n"
        "      yield\n    }}\n"
        "    yield\n  }}\n",
        to);
  };
  EXPECT_EQ(RacesOf(loop("%4")), "store 0, store 0: i 1\n");
  EXPECT_EQ(RacesOf(loop("%1")), "");
  EXPECT_EQ(RacesOf(loop("%h")), "");
  EXPECT_EQ(
      RacesOf(
          "  parallel.checked %0, %n, %1 { (%i: i64)\n"
          "    %5 = eq %i, %h : bool\n"
          "    if %5 {\n      store.checked %y, %0, %i\n      yield\n    } {\n      yield\n    }\n"
          "    yield\n  }\n"),
      "");
}

TEST(Races, LetsAtomicsMeetEachOther) {
  EXPECT_EQ(RacesOf("  parallel.checked %0, %n, %1 { (%i: i64)\n"
                    "    atomic.checked add %y, %0, %i\n"
                    "    yield\n  }\n"),
            "");
  EXPECT_EQ(RacesOf("  parallel.checked %0, %n, %1 { (%i: i64)\n"
                    "    atomic.checked add %y, %0, %i\n"
                    "    %5 = load.checked %y, %0 : i64\n"
                    "    yield\n  }\n"),
            "atomic 0, load 1: i 1 all update\n");
}

TEST(Races, KnowsThatArraysBoundIterations) {
  EXPECT_EQ(RacesOf("  parallel.checked %0, %n, %1 { (%i: i64)\n"
                    "    %5 = add.checked %i, %4 : i64\n"
                    "    %6 = load.checked %small, %5 : i64\n"
                    "    store.checked %small, %i, %6\n"
                    "    yield\n  }\n"),
            "");
}

TEST(Races, LooksAtLanesAndThroughViews) {
  EXPECT_EQ(RacesOf("  parallel.checked %0, %n, %4 { (%b: i64)\n"
                    "    %5 = array.checked %4 : array<i64, 1>\n"
                    "    for.checked lanes %0, %4, %1 { (%t: i64)\n"
                    "      %6 = view.checked kept(0) %5, %0, %4 : array<i64, 1>\n"
                    "      store.checked %6, %1, %t\n"
                    "      %7 = add.checked %b, %t : i64\n"
                    "      store.checked %y, %7, %t\n"
                    "      yield\n    }\n"
                    "    yield\n  }\n"),
            "store 0, store 0: t 1 all\n");
}

}  // namespace
}  // namespace einkorn::ir
