// Programs, specialisations and launches as a host uses them.
#include "runtime/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/runtime/targets.h"

namespace einkorn {
namespace {

using testing::HasSubstr;

constexpr const char* kProgram = R"(
kernel saxpy(a: f32, x: [n] f32, y: inout [n] f32) {
    parallel for i in 0..n { y[i] += a * x[i]; }
}
kernel copy(x: [h, w] i32, y: out [h, w] i32) {
    parallel for i in 0..h, j in 0..w { y[i, j] = x[i, j]; }
}
kernel edges(x: [n + 1] i64, y: out [n] i64) {
    for i in 0..n { y[i] = x[i + 1] - x[i]; }
}
kernel add<T: real>(x: [n] T, y: inout [n] T) { parallel for i in 0..n { y[i] += x[i]; } }
kernel two(x: inout [n] f32, y: out [n] f32) { for i in 0..n { y[i] = x[i]; } }
kernel deep(x: inout [4, 4, 4, 4, 4, 4, 4, 4] f64) { }
kernel fails(x: inout [n] i32) { parallel for i in 0..n { x[i] = x[i] / (i as i32 - 70000); } }
)";

template <typename T>
Argument ArrayOf(ScalarType type, std::vector<T>& data, std::vector<int64_t> sizes = {}) {
  if (sizes.empty()) sizes = {static_cast<int64_t>(data.size())};
  ArrayBinding binding;
  binding.data = data.data();
  int64_t stride = sizeof(T);
  for (size_t d = sizes.size(); d-- > 0;) {
    binding.sizes[d] = sizes[d];
    binding.strides[d] = stride;
    stride *= sizes[d];
  }
  return Argument::Array(type, static_cast<int>(sizes.size()), binding);
}

class SessionTest : public testing::TestWithParam<Target> {
 protected:
  void SetUp() override { ASSERT_TRUE(program_->ok()); }

  Result<LaunchOutcome> Launch(const std::string& kernel, std::vector<Argument> arguments,
                               const std::vector<frontend::DataType>& types = {}) {
    return session_.Launch(program_, kernel, types, arguments, {}, {.target = GetParam()}, 2);
  }
  // The message with which a launch is refused.
  std::string Refusal(const std::string& kernel, std::vector<Argument> arguments) {
    auto outcome = Launch(kernel, std::move(arguments));
    return outcome ? "launched" : outcome.error().message;
  }
  // The first line of the fault of a launch.
  std::string FaultOf(const std::string& kernel, std::vector<Argument> arguments) {
    auto outcome = Launch(kernel, std::move(arguments));
    if (!outcome) return "refused: " + outcome.error().message;
    if (!outcome->fault) return "no fault";
    return std::string(TextOf(outcome->fault->kind)) + ": " + outcome->fault->message;
  }

  Session session_;
  std::shared_ptr<const Program> program_ = Program::Read("test.ek", kProgram);
  std::vector<float> x_ = {1, 2, 3}, y_ = {10, 20, 30};
};

TEST_P(SessionTest, RunsAKernelWhereItsArraysLie) {
  auto outcome =
      Launch("saxpy", {Argument::Scalar(ScalarType::kF32, FloatBits(ScalarType::kF32, 2)),
                       ArrayOf(ScalarType::kF32, x_), ArrayOf(ScalarType::kF32, y_)});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_FALSE(outcome->fault);
  EXPECT_EQ(y_, (std::vector<float>{12, 24, 36}));
}

TEST_P(SessionTest, UsesViewsOfAnyStridesWithoutACopy) {
  // The columns of a matrix backwards, into every second element.
  std::vector<int32_t> x = {1, 2, 3, 4, 5, 6}, y(12, 0);
  ArrayBinding from;
  from.data = &x[2];
  from.sizes = {3, 2};
  from.strides = {-4, 12};
  ArrayBinding to;
  to.data = y.data();
  to.sizes = {3, 2};
  to.strides = {16, 8};
  auto outcome = Launch("copy", {Argument::Array(ScalarType::kI32, 2, from),
                                 Argument::Array(ScalarType::kI32, 2, to)});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(y, (std::vector<int32_t>{3, 0, 6, 0, 2, 0, 5, 0, 1, 0, 4, 0}));
}

TEST_P(SessionTest, ComparesSizesBeforeAnythingRuns) {
  std::vector<float> longer(4, 1);
  EXPECT_EQ(FaultOf("saxpy", {Argument::Scalar(ScalarType::kF32, 0), ArrayOf(ScalarType::kF32, x_),
                              ArrayOf(ScalarType::kF32, longer)}),
            "shape: x has n = 3, y has n = 4");
  EXPECT_EQ(longer, std::vector<float>(4, 1));
  std::vector<int64_t> a(5), b(5), none;
  EXPECT_EQ(FaultOf("edges", {ArrayOf(ScalarType::kI64, a), ArrayOf(ScalarType::kI64, b)}),
            "shape: y has n = 5, so x needs n + 1 = 6, not 5");
  EXPECT_EQ(FaultOf("edges", {ArrayOf(ScalarType::kI64, none), ArrayOf(ScalarType::kI64, none)}),
            "shape: y has n = 0, so x needs n + 1 = 1, not 0");
}

TEST_P(SessionTest, RefusesArraysThatOverlap) {
  EXPECT_EQ(FaultOf("two", {ArrayOf(ScalarType::kF32, x_), ArrayOf(ScalarType::kF32, x_)}),
            "alias: y overlaps x");
  ArrayBinding repeated;
  repeated.data = x_.data();
  repeated.sizes = {3};
  repeated.strides = {0};
  EXPECT_EQ(FaultOf("two", {Argument::Array(ScalarType::kF32, 1, repeated),
                            ArrayOf(ScalarType::kF32, y_)}),
            "alias: x overlaps itself");
  // What cannot be told counts as an overlap.
  std::vector<double> values(1);
  ArrayBinding irregular;
  irregular.data = values.data();
  irregular.sizes = {4, 4, 4, 4, 4, 4, 4, 4};
  irregular.strides = {12737336, 13105832, 9440544,  11741504,
                       13404696, 12844560, 12050800, 11075768};
  EXPECT_EQ(FaultOf("deep", {Argument::Array(ScalarType::kF64, 8, irregular)}),
            "alias: x may overlap itself: the strides are too irregular to tell");
  // What is only read may repeat and overlap.
  EXPECT_EQ(FaultOf("saxpy", {Argument::Scalar(ScalarType::kF32, 0),
                              Argument::Array(ScalarType::kF32, 1, repeated),
                              ArrayOf(ScalarType::kF32, y_)}),
            "no fault");
}

TEST_P(SessionTest, RefusesWrongArgumentsByName) {
  const Argument a = Argument::Scalar(ScalarType::kF32, 0);
  const Argument x = ArrayOf(ScalarType::kF32, x_), y = ArrayOf(ScalarType::kF32, y_);
  EXPECT_THAT(Refusal("saxpy", {a, x}), HasSubstr("saxpy takes 3 arguments, not 2"));
  EXPECT_THAT(Refusal("saxpy", {Argument::Scalar(ScalarType::kF64, 0), x, y}),
              HasSubstr("argument a: expected f32, found f64"));
  EXPECT_THAT(Refusal("saxpy", {a, a, y}),
              HasSubstr("argument x: expected an array of 1 dimension of f32, found f32"));
  EXPECT_THAT(Refusal("saxpy", {a, ArrayOf(ScalarType::kF32, x_, {3, 1}), y}),
              HasSubstr("2 dimensions"));
  Argument read_only = y;
  read_only.is_writable = false;
  EXPECT_THAT(Refusal("saxpy", {a, x, read_only}), HasSubstr("argument y: it is read-only"));
  Argument null = y;
  null.array.data = nullptr;
  EXPECT_THAT(Refusal("saxpy", {a, x, null}), HasSubstr("argument y: it has no data"));
  Argument shifted = y;
  shifted.array.data = reinterpret_cast<char*>(y_.data()) + 1;
  shifted.array.sizes = {2};
  EXPECT_THAT(Refusal("saxpy", {a, x, shifted}), HasSubstr("multiples of 4 bytes"));
  Argument negative = y;
  negative.array.sizes = {-3};
  EXPECT_THAT(Refusal("saxpy", {a, x, negative}),
              HasSubstr("argument y: its size in dimension 0 is -3"));
  EXPECT_THAT(Refusal("nothing", {}), HasSubstr("nothing"));
}

TEST_P(SessionTest, RefusesArgumentsThatNoKernelCouldUse) {
  const Argument a = Argument::Scalar(ScalarType::kF32, 0);
  const Argument x = ArrayOf(ScalarType::kF32, x_);
  // The host makes `out` arrays; a launch never does.
  EXPECT_THAT(Refusal("two", {x, Argument{}}), HasSubstr("argument y: there is none"));
  EXPECT_THAT(Refusal("two", {Argument{}, x}), HasSubstr("argument x: there is none"));
  Argument deep = x;
  deep.rank = 1000;
  EXPECT_THAT(Refusal("saxpy", {a, x, deep}), HasSubstr("1000 dimensions"));
  EXPECT_EQ(session_.compiled_count(), 0u);
}

TEST_P(SessionTest, SpecialisesForLayouts) {
  std::vector<float> wide(6, 1);
  ArrayBinding second;
  second.data = wide.data();
  second.sizes = {3};
  second.strides = {8};
  const Argument a = Argument::Scalar(ScalarType::kF32, 0), x = ArrayOf(ScalarType::kF32, x_),
                 y = ArrayOf(ScalarType::kF32, y_),
                 strided = Argument::Array(ScalarType::kF32, 1, second);
  for (int k = 0; k < 2; ++k) {
    EXPECT_EQ(FaultOf("saxpy", {a, x, y}), "no fault");
    EXPECT_EQ(FaultOf("saxpy", {a, strided, y}), "no fault");
    EXPECT_EQ(FaultOf("saxpy", {a, x, strided}), "no fault");
  }
  EXPECT_EQ(session_.compiled_count(), 3u);
}

TEST_P(SessionTest, RefusesWrongPrograms) {
  const auto wrong = Program::Read("wrong.ek", "kernel k() { let a = b; }");
  const auto outcome = session_.Launch(wrong, "k", {}, {}, {}, {.target = GetParam()}, 1);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message, HasSubstr("wrong.ek has errors"));
}

TEST_P(SessionTest, GoesOnAfterAFault) {
  std::vector<int32_t> values(100'000, 1);
  for (int k = 0; k < 20; ++k)
    EXPECT_EQ(FaultOf("fails", {ArrayOf(ScalarType::kI32, values)}),
              "division: " + std::to_string(k == 0 ? 1 : values[70'000]) + " / 0");
  auto outcome = Launch("saxpy", {Argument::Scalar(ScalarType::kF32, 0),
                                  ArrayOf(ScalarType::kF32, x_), ArrayOf(ScalarType::kF32, y_)});
  EXPECT_TRUE(outcome.ok() && !outcome->fault);
}

TEST_P(SessionTest, CompilesEachSpecialisationOnce) {
  std::vector<int8_t> a = {1}, b = {2};
  std::vector<double> c = {1}, d = {2};
  for (int k = 0; k < 3; ++k) {
    ASSERT_TRUE(
        Launch("add", {ArrayOf(ScalarType::kI8, a), ArrayOf(ScalarType::kI8, b)}, {ScalarType::kI8})
            .ok());
    ASSERT_TRUE(Launch("add", {ArrayOf(ScalarType::kF64, c), ArrayOf(ScalarType::kF64, d)},
                       {ScalarType::kF64})
                    .ok());
  }
  EXPECT_EQ(session_.compiled_count(), 2u);
  EXPECT_EQ(b[0], 5);
  EXPECT_EQ(d[0], 5);
}

TEST_P(SessionTest, IsUsedByManyThreads) {
  std::vector<std::thread> threads;
  std::vector<int> failures(8, 0);
  for (size_t t = 0; t < failures.size(); ++t)
    threads.emplace_back([&, t] {
      std::vector<float> x(1000, 1), y(1000, 0);
      for (int k = 0; k < 50; ++k) {
        auto outcome =
            Launch("saxpy", {Argument::Scalar(ScalarType::kF32, FloatBits(ScalarType::kF32, 1)),
                             ArrayOf(ScalarType::kF32, x), ArrayOf(ScalarType::kF32, y)});
        if (!outcome || outcome->fault || y[999] != static_cast<float>(k + 1)) ++failures[t];
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<int>(8, 0));
  EXPECT_EQ(session_.compiled_count(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Targets, SessionTest, testing::ValuesIn(Targets()), [](const auto& info) {
  return std::string(info.param == Target::kCpu ? "Cpu" : "Interpreter");
});

TEST(Program, KeepsItsDiagnostics) {
  const auto program = Program::Read("wrong.ek", "kernel k() { let a = b; }");
  EXPECT_FALSE(program->ok());
  EXPECT_EQ(program->diagnostics().error_count(), 1u);
  EXPECT_TRUE(program->kernels().empty());
}

TEST(Shapes, AreGivenByNameForArraysThatAreMade) {
  const auto program =
      Program::Read("made.ek", "kernel k(y: out [n, 2 * n] f32) { y[0, 0] = 1.0; }");
  ASSERT_TRUE(program->ok());
  auto module = frontend::LowerKernel(program->checked(), "k", {});
  ASSERT_TRUE(module.ok());
  const Argument omitted[] = {Argument{}};
  const NamedSize size[] = {{"n", 3}};
  auto bound = BindShapes(module->entry_function(), omitted, size);
  ASSERT_TRUE(bound.ok());
  EXPECT_EQ(bound->back().array.sizes[0], 3);
  EXPECT_EQ(bound->back().array.sizes[1], 6);
  EXPECT_EQ(bound->back().array.strides[0], 24);
  auto unknown = BindShapes(module->entry_function(), omitted, {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(std::get<Error>(unknown.error()).message, HasSubstr("the size n of the array y"));
}

}  // namespace
}  // namespace einkorn
