// Which functions are recursive, and their order.
#include "ir/call_graph.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace einkorn::ir {
namespace {

// A module of functions that call those listed.
Module Calls(const std::vector<std::vector<size_t>>& callees) {
  Module module;
  for (const auto& list : callees) {
    Function function;
    Builder builder(function);
    function.body = builder.NewRegion();
    builder.Enter(function.body);
    for (size_t callee : list) builder.Append({.opcode = Opcode::kCall, .immediate = callee});
    builder.Yield({});
    module.functions.push_back(std::move(function));
  }
  module.entry = FunctionId(0);
  return module;
}

std::vector<bool> RecursiveOf(const Module& module) {
  const CallGraph graph(module);
  std::vector<bool> recursive;
  for (size_t i = 0; i < module.functions.size(); ++i)
    recursive.push_back(graph.IsRecursive(FunctionId(i)));
  return recursive;
}

TEST(CallGraph, FindsCallsThatLeadBack) {
  EXPECT_EQ(RecursiveOf(Calls({{1}, {2}, {}})), (std::vector<bool>{false, false, false}));
  EXPECT_EQ(RecursiveOf(Calls({{1}, {1, 2}, {}})), (std::vector<bool>{false, true, false}));
  EXPECT_EQ(RecursiveOf(Calls({{1}, {2}, {3}, {1, 4}, {}})),
            (std::vector<bool>{false, true, true, true, false}));
  // Two circles that share a function, and one beside them.
  EXPECT_EQ(RecursiveOf(Calls({{1, 4}, {2}, {1, 3}, {2}, {5}, {4}, {1}})),
            (std::vector<bool>{false, true, true, true, true, true, false}));
  EXPECT_FALSE(CallGraph(Calls({{1, 2}, {2}, {}})).HasRecursion());
}

TEST(CallGraph, PutsCalleesFirst) {
  const Module module = Calls({{1, 2}, {3}, {3, 1}, {}});
  const CallGraph graph(module);
  const auto& order = graph.CalleesFirst();
  ASSERT_EQ(order.size(), 4u);
  const auto place = [&](size_t function) {
    return std::ranges::find(order, FunctionId(function)) - order.begin();
  };
  EXPECT_LT(place(3), place(1));
  EXPECT_LT(place(1), place(2));
  EXPECT_LT(place(2), place(0));
}

TEST(CallGraph, WalksLongChains) {
  std::vector<std::vector<size_t>> callees(100'000);
  for (size_t i = 0; i + 1 < callees.size(); ++i) callees[i] = {i + 1};
  EXPECT_FALSE(CallGraph(Calls(callees)).HasRecursion());
  callees.back() = {0};
  EXPECT_TRUE(CallGraph(Calls(callees)).IsRecursive(FunctionId(5)));
}

}  // namespace
}  // namespace einkorn::ir
