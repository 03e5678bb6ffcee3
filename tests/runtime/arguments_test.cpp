// How the sizes of a launch follow from its arguments, and what is said where they do not agree.
#include "runtime/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/program.h"

namespace einkorn {
namespace {

using testing::HasSubstr;

// An array of f64 with these sizes; nothing looks at its elements.
Argument Sized(const std::vector<int64_t>& sizes) {
  alignas(8) static std::byte memory[8];
  ArrayBinding binding;
  binding.data = memory;
  int64_t stride = 8;
  for (size_t d = sizes.size(); d-- > 0;) {
    binding.sizes[d] = sizes[d];
    binding.strides[d] = stride;
    stride *= std::max<int64_t>(sizes[d], 1);
  }
  return Argument::Array(ScalarType::kF64, static_cast<int>(sizes.size()), binding);
}

Argument Whole(int64_t value) {
  return Argument::Scalar(ScalarType::kI64, static_cast<uint64_t>(value));
}

// One kernel, whose arguments are bound again and again.
class Shapes {
 public:
  explicit Shapes(const std::string& parameters)
      : program_(Program::Read("shapes.ek", "kernel sized(" + parameters + ") { }")) {
    EXPECT_TRUE(program_->ok()) << parameters;
    auto module = frontend::LowerKernel(program_->checked(), "sized", {});
    EXPECT_TRUE(module.ok());
    module_ = std::move(*module);
  }

  const ir::Function& kernel() const { return module_.entry_function(); }

  // The sizes of the last parameter, or why there are none.
  std::string Bind(const std::vector<Argument>& arguments,
                   const std::vector<NamedSize>& given = {}) const {
    if (Status status = CheckArguments(kernel(), arguments); !status)
      return "refused: " + status.error().message;
    auto bound = BindShapes(kernel(), arguments, given);
    if (!bound) {
      const LaunchRefusal refusal = bound.error();
      if (const auto* error = std::get_if<Error>(&refusal)) return "error: " + error->message;
      const Fault& fault = std::get<Fault>(refusal);
      return std::string(TextOf(fault.kind)) + ": " + fault.message;
    }
    std::string text;
    for (size_t d = 0; d < kernel().params.back().shape.size(); ++d)
      text += (d == 0 ? "" : " ") + std::to_string(bound->back().array.sizes[d]);
    return text;
  }

 private:
  std::shared_ptr<const Program> program_;
  ir::Module module_;
};

TEST(Shapes, FollowFromTheFirstArrayThatHasThem) {
  const Shapes product("a: [m, k] f64, b: [k, n] f64, c: out [m, n] f64");
  EXPECT_EQ(product.Bind({Sized({2, 3}), Sized({3, 4}), Argument{}}), "2 4");
  EXPECT_EQ(product.Bind({Sized({2, 3}), Sized({5, 4}), Argument{}}),
            "shape: a has k = 3, b has k = 5");
  EXPECT_EQ(product.Bind({Sized({2, 3}), Sized({3, 4}), Sized({2, 5})}),
            "shape: b has n = 4, c has n = 5");
  EXPECT_EQ(product.Bind({Sized({0, 3}), Sized({3, 4}), Argument{}}), "0 4");
}

TEST(Shapes, FollowFromAScalarOfThatName) {
  const Shapes scalar("n: i64, y: out [n, n + 1] f64");
  EXPECT_EQ(scalar.Bind({Whole(3), Argument{}}), "3 4");
  EXPECT_EQ(scalar.Bind({Whole(3), Sized({4, 4})}), "shape: n is 3, y has n = 4");
  EXPECT_EQ(scalar.Bind({Whole(-1), Argument{}}), "shape: y has the negative size n = -1");
  EXPECT_THAT(scalar.Bind({Whole(INT64_MAX), Argument{}}), HasSubstr("shape: "));
}

TEST(Shapes, AreComparedWhereTheyAreExpressions) {
  const Shapes edges("x: [n + 1] f64, y: [n] f64, z: out [2 * n - 1] f64");
  EXPECT_EQ(edges.Bind({Sized({4}), Sized({3}), Argument{}}), "5");
  EXPECT_EQ(edges.Bind({Sized({5}), Sized({3}), Argument{}}),
            "shape: y has n = 3, so x needs n + 1 = 4, not 5");
  EXPECT_EQ(edges.Bind({Sized({1}), Sized({0}), Argument{}}),
            "shape: z has the negative size 2 * n - 1 = -1");
  const Shapes constant("x: [3] f64");
  EXPECT_EQ(constant.Bind({Sized({3})}), "3");
  EXPECT_EQ(constant.Bind({Sized({4})}), "shape: x needs size 3, not 4");
}

TEST(Shapes, AreGivenByNameWhereNothingElseBindsThem) {
  const Shapes made("y: out [h, w] f64");
  EXPECT_EQ(made.Bind({Argument{}}, {{"h", 2}, {"w", 3}}), "2 3");
  EXPECT_THAT(made.Bind({Argument{}}, {{"h", 2}}),
              HasSubstr("error: the size w of the array y does not follow"));
  EXPECT_EQ(made.Bind({Argument{}}, {{"h", 2}, {"w", 3}, {"d", 1}}),
            "error: sized has no size named d");
  EXPECT_EQ(made.Bind({Argument{}}, {{"h", -2}, {"w", 3}}), "shape: the size h is -2");
  EXPECT_EQ(made.Bind({Sized({2, 4})}, {{"h", 2}, {"w", 3}}), "shape: w is 3, y has w = 4");
}

TEST(Shapes, StayWithinWhatAddressesReach) {
  const Shapes made("y: out [h, w] f64");
  const int64_t large = int64_t{1} << 40;
  EXPECT_EQ(made.Bind({Argument{}}, {{"h", large}, {"w", large}}),
            "shape: y has more than 2^47 bytes");
  EXPECT_EQ(made.Bind({Argument{}}, {{"h", INT64_MAX}, {"w", INT64_MAX}}),
            "shape: y has more than 2^47 bytes");
  // Nothing is there, however large the other sizes are.
  EXPECT_EQ(made.Bind({Argument{}}, {{"h", 0}, {"w", INT64_MAX}}),
            "0 " + std::to_string(INT64_MAX));
  const Shapes view("x: [n] f64");
  Argument far = Sized({4});
  for (int64_t stride : {INT64_MAX / 8 * 8, INT64_MIN}) {
    far.array.strides[0] = stride;
    EXPECT_EQ(view.Bind({far}), "refused: argument x: its strides reach over more than 2^47 bytes");
  }
  far.array.strides[0] = int64_t{1} << 44;
  EXPECT_EQ(view.Bind({far}), "4");
}

TEST(Shapes, TellContiguousFromStridedArrays) {
  const auto layout = [](std::vector<int64_t> sizes, std::vector<int64_t> strides) {
    ArrayBinding array;
    std::ranges::copy(sizes, array.sizes.begin());
    std::ranges::copy(strides, array.strides.begin());
    return LayoutOf(ScalarType::kF64, static_cast<int>(sizes.size()), array);
  };
  EXPECT_EQ(layout({3, 4}, {32, 8}), ir::Layout::kContiguous);
  EXPECT_EQ(layout({3, 4}, {8, 24}), ir::Layout::kStrided);
  EXPECT_EQ(layout({4}, {-8}), ir::Layout::kStrided);
  // Strides over one element or none are never used.
  EXPECT_EQ(layout({1, 4}, {999, 8}), ir::Layout::kContiguous);
  EXPECT_EQ(layout({0, 4}, {999, 999}), ir::Layout::kContiguous);
}

}  // namespace
}  // namespace einkorn
