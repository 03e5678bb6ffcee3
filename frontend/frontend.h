// The outward header of the front end: from source text to checked, specialised IR.
//
// `Check` reads and checks a whole program once. `LowerKernel`, `LowerTest` then make closed
// modules from it. The body of a function is lowered for the types and statics it is used with, so
// IR has neither; a generic one is checked at its definition for every member of its classes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "frontend/data_type.h"
#include "ir/fault.h"
#include "ir/module.h"

namespace einkorn::frontend {

/// Runs a module without parameters at compile time and returns its results or its fault; given by
/// the layer above, since the interpreter is a backend.
using ConstantEvaluator = std::function<Result<std::vector<uint64_t>, Fault>(const ir::Module&)>;

/// A parameter as declared, before any type is bound.
struct ParameterInfo {
  std::string name;
  std::string type_text;       ///< as written: `[h, w] u8`
  ir::ParamKind kind;          ///< never kSymbol
  std::string type_parameter;  ///< the name of its type or its elements' if that is one
  SourceRange range;
  bool is_static = false;    ///< its value is part of the specialisation
  bool has_default = false;  ///< static ones
};

/// The value of a static parameter; of a bool 0 or 1.
struct StaticArgument {
  std::string name;
  int64_t value = 0;
  friend auto operator<=>(const StaticArgument&, const StaticArgument&) = default;
};

/// What a kernel is specialised by.
struct Specialization {
  Specialization(std::vector<DataType> type_arguments = {},  // NOLINT: types alone are one
                 std::vector<StaticArgument> static_arguments = {})
      : types(std::move(type_arguments)), statics(std::move(static_arguments)) {}

  std::vector<DataType> types;          ///< in the order of its type parameters
  std::vector<StaticArgument> statics;  ///< those left out have their defaults
  bool is_debug = false;                ///< with its `debug` blocks

  friend bool operator<(const Specialization& a, const Specialization& b) {
    return std::tie(a.types, a.statics, a.is_debug) < std::tie(b.types, b.statics, b.is_debug);
  }
};

struct KernelInfo {
  std::string name;
  std::string documentation;  ///< its `///` lines without the slashes
  std::vector<std::string> type_parameters;
  std::vector<ParameterInfo> parameters;
  std::optional<std::string> result_text;
  SourceRange range;
};

struct TestInfo {
  std::string name;
  SourceRange range;
};

class CheckedProgram;  // the syntax trees with their names resolved; immutable
struct CheckedProgramDeleter {
  void operator()(const CheckedProgram* program) const;
};
using CheckedProgramPointer = std::unique_ptr<const CheckedProgram, CheckedProgramDeleter>;

/// Gives the text of an imported file; `path` is relative to where the program's own file is.
using SourceReader = std::function<Result<std::string>(const std::string& path)>;

/// Parses and checks `file` and what it imports, which is added to `sources`. Whatever is wrong is
/// added to `diagnostics`; null if there were errors. `sources` must outlive the program.
CheckedProgramPointer Check(SourceSet& sources, SourceFileId file,
                            const ConstantEvaluator& evaluate, const SourceReader& read,
                            Diagnostics& diagnostics);

std::vector<KernelInfo> KernelsOf(const CheckedProgram& program);
std::vector<TestInfo> TestsOf(const CheckedProgram& program);

/// A parameter of a kernel whose types are chosen. The IR has a parameter for each leaf of a value,
/// or for each component of an array.
struct KernelParameter {
  std::string name;
  ir::ParamKind kind;  ///< never kSymbol
  DataType type;       ///< of the value or the elements; an array of constant size is one element
  int rank = 0;        ///< how many sizes the launch decides
  size_t param_count = 0;                             ///< 0 for static ones, which are no arguments
  std::optional<std::vector<uint64_t>> default_bits;  ///< of its leaves, where it has a default
};

struct KernelSignature {
  std::vector<KernelParameter> parameters;
  DataType result;  ///< invalid: none
};

/// The signature and the module of kernel `name`. Faults in the request (an unknown kernel, a type
/// outside its class, a static parameter without a value) are an Error.
Result<KernelSignature> KernelSignatureOf(const CheckedProgram& program, std::string_view name,
                                          const Specialization& chosen);
Result<ir::Module> LowerKernel(const CheckedProgram& program, std::string_view name,
                               const Specialization& chosen);
/// The module of test number `index` of TestsOf; its kernels are `launch`ed, and part of the
/// module.
Result<ir::Module> LowerTest(const CheckedProgram& program, size_t index, bool is_debug = false);

/// Dumps for `emit`: one token a line with its place; the tree with indentation.
std::string DumpTokens(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics);
std::string DumpSyntaxTree(const SourceSet& sources, SourceFileId file, Diagnostics& diagnostics);

}  // namespace einkorn::frontend
