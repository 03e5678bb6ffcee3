// Arguments as a host gives them, and the sizes that follow from them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "backends/launch.h"
#include "base/result.h"
#include "frontend/frontend.h"

namespace einkorn {

/// The argument for one parameter of the IR: a leaf of a value, or a component of an array.
struct Argument {
  enum class Kind : uint8_t {
    kScalar,
    kArray,
    kOmitted,  ///< an `out` array whose sizes are asked for
  };
  Kind kind = Kind::kOmitted;
  ScalarType type = ScalarType::kI64;  ///< of the scalar or the elements
  uint64_t bits = 0;
  int rank = 0;
  ArrayBinding array;
  bool is_writable = true;

  static Argument Scalar(ScalarType type, uint64_t bits) {
    return {Kind::kScalar, type, bits, 0, {}, true};
  }
  static Argument Array(ScalarType type, int rank, const ArrayBinding& array,
                        bool is_writable = true) {
    return {Kind::kArray, type, 0, rank, array, is_writable};
  }
};

/// An array as a host has it: sizes and strides over elements that are no value arrays, whose sizes
/// are dimensions like others. Structs lie as C lays them out.
struct ElementArray {
  frontend::DataType type;  ///< of the elements
  int rank = 0;
  ArrayBinding array;
  bool is_writable = true;
};

/// The arguments that make up a value of a declared scalar parameter, from its leaves.
std::vector<Argument> ArgumentsOf(const frontend::KernelParameter& parameter,
                                  std::span<const uint64_t> leaves);
/// The arguments that make up an array. Refused if its type or rank is not the parameter's.
Result<std::vector<Argument>> ArgumentsOf(const frontend::KernelParameter& parameter,
                                          const ElementArray& array);

/// A shape symbol given by name.
struct NamedSize {
  std::string name;
  int64_t value = 0;
};

/// Why a launch did not begin: a refused request, or a fault of kind `shape` or `alias`.
using LaunchRefusal = std::variant<Error, Fault>;

/// Whether the arguments have the types and ranks of the parameters, and can be used where they
/// lie.
Status CheckArguments(const ir::Function& kernel, std::span<const Argument> arguments);

/// Binds the shape symbols and compares every size with what they make of it (language.md, section
/// 3). The result has an entry a parameter of `kernel`, symbols first; those of omitted arrays have
/// sizes and row-major strides but no data.
Result<std::vector<LaunchArgument>, LaunchRefusal> BindShapes(const ir::Function& kernel,
                                                              std::span<const Argument> arguments,
                                                              std::span<const NamedSize> given);

/// How the elements of an array lie.
ir::Layout LayoutOf(ScalarType type, int rank, const ArrayBinding& array);

}  // namespace einkorn
