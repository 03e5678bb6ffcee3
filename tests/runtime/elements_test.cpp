// Arrays of complex numbers, value arrays and structs as arguments of a launch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>

#include "runtime/arguments.h"
#include "runtime/session.h"
#include "tests/runtime/targets.h"

namespace einkorn {
namespace {

using frontend::DataType;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kProgram = R"(
struct Particle { pos: [3] f32, mass: f64, on: bool }
kernel push(ps: inout [n] Particle, by: [3] f32, factor: c64) -> c64 {
    parallel for i in 0..n { ps[i].pos += by; ps[i].mass = 2.0 * ps[i].mass; }
    return factor * factor;
}
kernel copy(x: [n] Particle, y: out [n] Particle) { for i in 0..n { y[i] = x[i]; } }
kernel turn<T: number>(x: [h, w] [2] T, y: out [w, h] [2] T) {
    parallel for i in 0..h, j in 0..w { y[j, i] = x[i, j]; }
}
)";

struct Particle {
  float pos[3];
  double mass;
  bool on;
};

class ElementsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(program_->ok()); }

  frontend::KernelSignature Signature(const std::string& kernel,
                                      const std::vector<DataType>& types = {}) const {
    auto signature = frontend::KernelSignatureOf(program_->checked(), kernel, types);
    EXPECT_TRUE(signature.ok());
    return std::move(*signature);
  }

  // Particles that lie `stride` bytes apart.
  ElementArray View(std::vector<Particle>& particles, int64_t count, int64_t stride) const {
    ElementArray view{Signature("copy").parameters[0].type, 1, {}};
    view.array.data = particles.data();
    view.array.sizes[0] = count;
    view.array.strides[0] = stride;
    return view;
  }
  ElementArray View(std::vector<Particle>& particles) const {
    return View(particles, static_cast<int64_t>(particles.size()), sizeof(Particle));
  }

  // The arguments of `copy`; or why one is none.
  std::string LaunchCopy(const ElementArray& x, const ElementArray& y) {
    const frontend::KernelSignature signature = Signature("copy");
    std::vector<Argument> arguments;
    for (const auto& [parameter, array] : {std::pair(0, x), std::pair(1, y)}) {
      const auto some = ArgumentsOf(signature.parameters[static_cast<size_t>(parameter)], array);
      if (!some) return some.error().message;
      arguments.insert(arguments.end(), some->begin(), some->end());
    }
    const auto outcome =
        session_.Launch(program_, "copy", {}, arguments, {}, {.target = Target::kInterpreter}, 1);
    if (!outcome) return outcome.error().message;
    return outcome->fault ? outcome->fault->message : "done";
  }

  std::shared_ptr<const Program> program_ = Program::Read("elements.ek", kProgram);
  Session session_;
};

TEST_F(ElementsTest, HaveTheLayoutOfC) {
  const frontend::KernelSignature signature = Signature("push");
  const DataType& particle = signature.parameters[0].type;
  EXPECT_EQ(particle.info().bytes, static_cast<int64_t>(sizeof(Particle)));
  EXPECT_EQ(signature.parameters[0].param_count, 3u);
  EXPECT_EQ(signature.parameters[0].rank, 1);
  EXPECT_EQ(signature.parameters[1].type.text(), "[3] f32");
  EXPECT_EQ(signature.parameters[1].rank, 0);
  EXPECT_EQ(signature.parameters[2].kind, ir::ParamKind::kScalar);
  EXPECT_EQ(signature.parameters[2].param_count, 2u);
  EXPECT_EQ(signature.result.text(), "c64");
  EXPECT_EQ(Signature("turn", {DataType::Complex(ScalarType::kF64)}).parameters[0].type.text(),
            "[2] c128");
}

TEST_F(ElementsTest, AreUsedWhereTheyLie) {
  const frontend::KernelSignature signature = Signature("push");
  for (const Target target : Targets()) {
    std::vector<Particle> particles(3, {{1, 2, 3}, 4, true});
    float by[3] = {10, 20, 30};
    ElementArray vector{ScalarType::kF32, 1, {}};
    vector.array.data = by;
    vector.array.sizes[0] = 3;
    vector.array.strides[0] = sizeof(float);
    // Every second one, from the last.
    ElementArray view = View(particles, 2, -2 * static_cast<int64_t>(sizeof(Particle)));
    view.array.data = &particles[2];
    const auto first = ArgumentsOf(signature.parameters[0], view);
    const auto second = ArgumentsOf(signature.parameters[1], vector);
    ASSERT_TRUE(first && second);
    std::vector<Argument> arguments = *first;
    arguments.insert(arguments.end(), second->begin(), second->end());
    const uint64_t parts[] = {FloatBits(ScalarType::kF32, 1), FloatBits(ScalarType::kF32, 2)};
    for (const Argument& part : ArgumentsOf(signature.parameters[2], parts))
      arguments.push_back(part);
    const auto outcome =
        session_.Launch(program_, "push", {}, arguments, {}, {.target = target}, 2);
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_FALSE(outcome->fault) << outcome->fault->message;
    EXPECT_THAT(outcome->results,
                ElementsAre(FloatBits(ScalarType::kF32, -3), FloatBits(ScalarType::kF32, 4)));
    EXPECT_THAT(particles[0].pos, ElementsAre(11, 22, 33));
    EXPECT_THAT(particles[1].pos, ElementsAre(1, 2, 3));
    EXPECT_EQ(particles[1].mass, 4);
    EXPECT_EQ(particles[2].mass, 8);
  }
}

TEST_F(ElementsTest, AreGenericAndTransposed) {
  const std::vector<DataType> types = {DataType::Complex(ScalarType::kF64)};
  const frontend::KernelSignature signature = Signature("turn", types);
  std::vector<std::complex<double>> x, y(12);
  for (int k = 0; k < 12; ++k) x.emplace_back(k, -k);
  const auto view = [](std::vector<std::complex<double>>& data, int64_t h, int64_t w) {
    ElementArray array{DataType::Complex(ScalarType::kF64), 3, {}};
    array.array = {data.data(), {h, w, 2}, {32 * w, 32, 16}};
    return array;
  };
  for (const Target target : Targets()) {
    const auto first = ArgumentsOf(signature.parameters[0], view(x, 2, 3));
    const auto second = ArgumentsOf(signature.parameters[1], view(y, 3, 2));
    ASSERT_TRUE(first && second);
    std::vector<Argument> arguments = *first;
    arguments.insert(arguments.end(), second->begin(), second->end());
    const auto outcome =
        session_.Launch(program_, "turn", types, arguments, {}, {.target = target}, 2);
    ASSERT_TRUE(outcome && !outcome->fault);
    EXPECT_EQ(y[3], x[7]);  // y[0, 1] = x[1, 0], the second of each
    EXPECT_EQ(y[8], x[4]);
  }
}

TEST_F(ElementsTest, AreRefusedByTheNameOfTheirParameter) {
  std::vector<Particle> x(4), y(4), shorter(3);
  EXPECT_EQ(LaunchCopy(View(x), View(y)), "done");
  EXPECT_EQ(LaunchCopy(View(x), View(shorter)), "x has n = 4, y has n = 3");
  EXPECT_EQ(LaunchCopy(View(x), View(x)), "y overlaps x");
  ElementArray matrix = View(x);
  matrix.rank = 2;
  EXPECT_EQ(LaunchCopy(matrix, View(y)),
            "argument x: expected an array of 1 dimension of Particle, found an array of 2 "
            "dimensions of Particle");
  ElementArray scalars = View(x);
  scalars.type = ScalarType::kF64;
  EXPECT_EQ(LaunchCopy(scalars, View(y)),
            "argument x: expected an array of 1 dimension of Particle, found an array of 1 "
            "dimension of f64");
  EXPECT_THAT(LaunchCopy(View(x, 3, sizeof(Particle) + 1), View(y, 3, sizeof(Particle))),
              HasSubstr("argument x: its elements do not lie at multiples of 4 bytes"));
  ElementArray fixed = View(y);
  fixed.is_writable = false;
  EXPECT_EQ(LaunchCopy(View(x), fixed), "argument y: it is read-only, but the kernel writes it");
}

TEST_F(ElementsTest, MayNotOverlapThemselvesWhereTheyAreWritten) {
  std::vector<Particle> x(8), y(8);
  EXPECT_EQ(LaunchCopy(View(x, 4, 2 * sizeof(Particle)), View(y, 4, 2 * sizeof(Particle))), "done");
  // Each field would be apart from itself; the end of one particle meets the next one.
  EXPECT_EQ(LaunchCopy(View(x, 4, 16), View(y, 4, 16)), "y overlaps itself");
  EXPECT_EQ(LaunchCopy(View(x, 4, 16), View(y, 4, sizeof(Particle))), "done");
  EXPECT_EQ(LaunchCopy(View(x, 4, 0), View(y, 4, 0)), "y overlaps itself");
  // Two arrays in turns.
  ElementArray odd = View(x, 4, 2 * sizeof(Particle));
  odd.array.data = &x[1];
  EXPECT_EQ(LaunchCopy(View(x, 4, 2 * sizeof(Particle)), odd), "done");
}

}  // namespace
}  // namespace einkorn
