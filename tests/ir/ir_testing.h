// What the tests of the IR share: modules from text, runs by the interpreter, outcomes as text.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "backends/interpreter/interpreter.h"
#include "ir/fault_hints.h"
#include "ir/text.h"
#include "ir/verifier.h"

namespace einkorn::ir {

/// An array to launch a function with, row-major.
struct TestArray {
  ScalarType type = ScalarType::kI64;
  std::vector<int64_t> sizes;
  std::vector<uint64_t> elements;  ///< canonical bits
};

/// One parameter's value: bits, or an array where `array.sizes` is not empty.
struct TestArgument {
  uint64_t bits = 0;
  TestArray array = {};
};

// Places of test modules are offsets into this text.
inline const SourceSet& Sources() {
  static const SourceSet sources = [] {
    SourceSet set;
    std::string text;
    for (int line = 0; line < 200; ++line) text += fmt::format("let a{} = b + c * d;\n", line);
    set.Add("test.ek", text);
    return set;
  }();
  return sources;
}

inline std::string FaultText(const Fault& fault) {
  std::string text = Render(fault, Sources(), {}) + HintAsWritten(fault, Sources()) + "\n";
  for (const FaultFrame& frame : fault.stack) {
    text += frame.function;
    for (const auto* values : {&frame.arguments, &frame.iteration}) {
      text += " |";
      for (const NamedScalar& value : *values)
        text += fmt::format(" {}: {} = {}", value.name, TextOf(value.type),
                            FormatScalar(value.type, value.bits));
    }
    text += '\n';
  }
  return text;
}

// An array's elements as they lie in memory.
class Storage {
 public:
  explicit Storage(const TestArray& array) : type_(array.type), count_(array.elements.size()) {
    const auto width = static_cast<size_t>(BytesOf(type_));
    bytes_.resize(count_ * width);
    for (size_t i = 0; i < count_; ++i)
      std::memcpy(bytes_.data() + i * width, &array.elements[i], width);
    int64_t stride = BytesOf(type_);
    for (size_t d = array.sizes.size(); d-- > 0;) {
      binding_.sizes[d] = array.sizes[d];
      binding_.strides[d] = stride;
      stride *= array.sizes[d];
    }
  }

  ArrayBinding Binding() {
    binding_.data = bytes_.data();
    return binding_;
  }

  std::string Text() const {
    const auto width = static_cast<size_t>(BytesOf(type_));
    std::string text = "[";
    for (size_t i = 0; i < count_; ++i) {
      uint64_t bits = 0;
      std::memcpy(&bits, bytes_.data() + i * width, width);
      text += (i > 0 ? ", " : "") + FormatScalar(type_, bits);
    }
    return text + "]\n";
  }

 private:
  ScalarType type_;
  size_t count_;
  std::vector<std::byte> bytes_;
  ArrayBinding binding_;
};

/// What Verify says about the module, one problem a line; empty if nothing.
inline std::string ProblemsIn(const Module& module) {
  std::string text;
  for (const std::string& problem : Verify(module)) text += problem + "\n";
  return text;
}

/// The module that `text` describes; a failure of the test if it is none or is refused.
inline Module ModuleOf(std::string_view text) {
  Result<Module> module = ParseModule(text);
  if (!module) {
    ADD_FAILURE() << module.error().message << "\n" << text;
    return {};
  }
  EXPECT_EQ(ProblemsIn(*module), "") << text;
  return *std::move(module);
}

/// Everything a run of the entry function shows, as text: printed lines, results, the contents of
/// the arrays afterwards, or the fault as it is rendered with the whole stack.
inline std::string OutcomeOf(const Module& module, const std::vector<TestArgument>& arguments) {
  std::vector<Storage> arrays;
  arrays.reserve(arguments.size());
  std::vector<LaunchArgument> launched;
  for (const TestArgument& argument : arguments) {
    LaunchArgument& next = launched.emplace_back();
    next.bits = argument.bits;
    if (argument.array.sizes.empty()) continue;
    next.array = arrays.emplace_back(argument.array).Binding();
  }
  const LaunchOutcome outcome = Interpret(module, module.entry, launched);
  std::string text = outcome.printed;
  if (outcome.fault) return text + FaultText(*outcome.fault);
  for (size_t i = 0; i < outcome.results.size(); ++i)
    text += FormatScalar(module.entry_function().results[i].scalar, outcome.results[i]) + "\n";
  for (const Storage& array : arrays) text += array.Text();
  return text;
}

/// `module` after `pass`, which must leave it valid.
inline Module After(void (*pass)(Module&), const Module& module) {
  Module passed = module;
  pass(passed);
  EXPECT_EQ(ProblemsIn(passed), "") << Print(module) << Print(passed);
  return passed;
}

/// Expects the same outcome of `module` before and after `pass`.
inline void ExpectSameOutcome(const Module& module, void (*pass)(Module&),
                              const std::vector<TestArgument>& arguments) {
  const Module passed = After(pass, module);
  ASSERT_EQ(OutcomeOf(module, arguments), OutcomeOf(passed, arguments))
      << Print(module) << Print(passed);
}

}  // namespace einkorn::ir
