// What a random program is launched with: sizes, scalars and arrays that follow from a seed and the
// names of the parameters, so that a program keeps its data while it is made smaller.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tests/fuzz/choices.h"

namespace einkorn::fuzz {

/// Shape symbols whose names begin so have thousands of elements; others have a few.
inline constexpr std::string_view kLargeSizePrefix = "large";

class LaunchData {
 public:
  LaunchData(const ir::Function& kernel, uint64_t seed);

  std::span<const Argument> arguments() const { return arguments_; }
  /// The first element in which the arrays differ, as text; empty if there is none. Any two NaN are
  /// the same. `only_read` looks at the arrays that are not written only.
  std::string DifferenceFrom(const LaunchData& other, bool only_read) const;

 private:
  struct Buffer {
    std::string name;
    ScalarType type;
    bool is_written;
    std::vector<uint8_t> bytes;
    uint64_t Bits(size_t slot) const;
  };
  void AddScalar(const ir::Param& param, ScalarType type, bool is_size);
  void AddArray(const ir::Param& param, Type type);
  int64_t SizeNamed(const std::string& name);
  Choices ChoicesFor(const std::string& name) const { return {seed_, name}; }
  uint64_t Value(Choices& choices, ScalarType type) const;

  uint64_t seed_;
  int edge_percent_;
  std::vector<int64_t> sizes_;  // the value of each parameter that is one, else 0
  std::vector<Argument> arguments_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

}  // namespace einkorn::fuzz
