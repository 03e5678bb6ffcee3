// Inputs at which the mathematical functions of f64 are hard to round, from CORE-MATH's lists, with
// the exact values: the library is at most one ulp off.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tests/conformance/conformance_data.h"
#include "tests/runtime/targets.h"

namespace einkorn::conformance {
namespace {

const std::string kFile = "accuracy/f64_hard_points.json";

double Parse(const nlohmann::json& bits) {
  return std::bit_cast<double>(ParseBits(bits.get<std::string>()));
}

// The rows of one function: operands, the nearest f64 of the exact value, and what is missing from
// it in ulp.
struct Points {
  std::vector<double> x, y, nearest, residual;
};

Points PointsOf(const nlohmann::json& rows) {
  Points points;
  for (const nlohmann::json& row : rows) {
    points.x.push_back(Parse(row[0].front()));
    points.y.push_back(Parse(row[0].back()));
    points.nearest.push_back(Parse(row[1]));
    points.residual.push_back(row[2]);
  }
  return points;
}

std::vector<double> RunOn(const std::shared_ptr<const Program>& program, Target target,
                          Points& points) {
  std::vector<double> results(points.x.size());
  const auto array = [](std::vector<double>& data) {
    ArrayBinding binding{.data = data.data()};
    binding.sizes[0] = static_cast<int64_t>(data.size());
    binding.strides[0] = sizeof(double);
    return Argument::Array(ScalarType::kF64, 1, binding);
  };
  const Argument arguments[] = {array(points.x), array(points.y), array(results)};
  Session session;
  const auto outcome = session.Launch(program, "all", {}, arguments, {}, {.target = target}, 1);
  EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  if (outcome.ok()) {
    EXPECT_FALSE(outcome->fault);
  }
  return results;
}

TEST(Accuracy, KeepsItsPromiseAtHardPoints) {
  if (!std::filesystem::exists(PathOf(kFile))) GTEST_SKIP() << MissingText(kFile);
  std::ifstream in(PathOf(kFile));
  const nlohmann::json functions = nlohmann::json::parse(in).at("functions");
  for (const Target target : Targets()) {
    size_t count = 0;
    double greatest = 0;
    for (const auto& [name, rows] : functions.items()) {
      if (name == "exp10") continue;  // not in the library
      Points points = PointsOf(rows);
      const auto program = Program::Read(
          "points.ek", fmt::format("kernel all(x: [n] f64, y: [n] f64, z: out [n] f64) {{\n"
                                   "    parallel for i in 0..n {{ z[i] = {}(x[i]{}); }}\n"
                                   "}}\n",
                                   name, rows[0][0].size() == 2 ? ", y[i]" : ""));
      ASSERT_TRUE(program->ok()) << name;
      const std::vector<double> results = RunOn(program, target, points);
      for (size_t i = 0; i < results.size(); ++i) {
        const double nearest = points.nearest[i];
        const double size = std::abs(nearest);
        const double ulp = std::nextafter(size, std::numeric_limits<double>::infinity()) - size;
        const double error = std::abs((results[i] - nearest) / ulp - points.residual[i]);
        EXPECT_LE(error, 1) << fmt::format("{}({}, {})", name, points.x[i], points.y[i]);
        greatest = std::max(greatest, error);
        ++count;
      }
    }
    std::cout << fmt::format("{} hard points are at most {:.3f} ulp off on {}\n", count, greatest,
                             target == Target::kCpu ? "the cpu" : "the interpreter");
  }
}

}  // namespace
}  // namespace einkorn::conformance
