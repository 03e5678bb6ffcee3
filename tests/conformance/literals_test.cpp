// Decimal texts that are hard to round, with the bits of the nearest f32 and f64: each as a
// constant of either type.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tests/conformance/conformance_data.h"
#include "tests/runtime/targets.h"

namespace einkorn::conformance {
namespace {

const std::string kFile = "literals/float_literals.json";

// The text as a floating literal of the language, which has a digit on both sides of its point.
// Integers get one: as integer literals they would have to be exact.
std::string LiteralOf(std::string text) {
  if (text.find_first_not_of("0123456789") == std::string::npos) return text + ".0";
  const size_t point = text.find('.');
  if (point == std::string::npos) return text;
  if (point + 1 == text.size() || text[point + 1] == 'e' || text[point + 1] == 'E')
    text.insert(point + 1, 1, '0');
  if (point == 0) text.insert(0, 1, '0');
  return text;
}

struct Values {
  std::vector<uint64_t> doubles;
  std::vector<uint32_t> singles;
};

// What the kernel `all` writes: `count` literals of either type.
Values RunOn(const std::shared_ptr<const Program>& program, Target target, size_t count) {
  Values values{std::vector<uint64_t>(count), std::vector<uint32_t>(count)};
  const auto array = [&](ScalarType type, void* data) {
    ArrayBinding binding{.data = data};
    binding.sizes[0] = static_cast<int64_t>(count);
    binding.strides[0] = BytesOf(type);
    return Argument::Array(type, 1, binding);
  };
  const Argument arguments[] = {array(ScalarType::kF64, values.doubles.data()),
                                array(ScalarType::kF32, values.singles.data())};
  Session session;
  const auto outcome = session.Launch(program, "all", {}, arguments, {}, {.target = target}, 1);
  EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  if (outcome.ok()) {
    EXPECT_FALSE(outcome->fault);
  }
  return values;
}

TEST(Literals, AreRoundedOnceToTheirType) {
  if (!std::filesystem::exists(PathOf(kFile))) GTEST_SKIP() << MissingText(kFile);
  const nlohmann::json cases = ReadCases(kFile);
  std::string constants, stores;
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string literal = LiteralOf(cases[i].at(0));
    constants +=
        fmt::format("const DOUBLE_{0}: f64 = {1};\nconst SINGLE_{0}: f32 = {1};\n", i, literal);
    stores += fmt::format("    doubles[{0}] = DOUBLE_{0};\n    singles[{0}] = SINGLE_{0};\n", i);
  }
  const auto program = Program::Read(
      "literals.ek",
      fmt::format("{0}kernel all(doubles: out [{1}] f64, singles: out [{1}] f32) {{\n{2}}}\n",
                  constants, cases.size(), stores));
  ASSERT_TRUE(program->ok()) << Render(program->diagnostics().list().front(), program->sources(),
                                       {});

  for (const Target target : Targets()) {
    const Values values = RunOn(program, target, cases.size());
    size_t right = 0;
    for (size_t i = 0; i < cases.size(); ++i) {
      const bool holds = values.doubles[i] == ParseBits(cases[i].at(1)) &&
                         values.singles[i] == ParseBits(cases[i].at(2));
      EXPECT_TRUE(holds) << cases[i]
                         << fmt::format(" gives {:#x}, {:#x}", values.doubles[i],
                                        values.singles[i]);
      right += holds;
    }
    std::cout << fmt::format("{} of {} literals are right on {}\n", right, cases.size(),
                             target == Target::kCpu ? "the cpu" : "the interpreter");
  }
}

}  // namespace
}  // namespace einkorn::conformance
