// The parts of the program generator, which share one state: what is visible, how often the current
// place runs, and what is written so far.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/choices.h"
#include "tests/fuzz/launch_data.h"
#include "tests/fuzz/vocabulary.h"

namespace einkorn::fuzz {

/// An expression. Literals have no type of their own and need a context that gives them one.
struct Text {
  std::string text;
  int precedence;
  bool is_literal = false;
};
inline constexpr int kAtom = 100, kUnary = 50, kConversion = 40, kComparison = 4, kLoose = 0;

struct Variable {
  std::string name;
  DataType type = {};                   ///< of an array its elements'
  std::vector<std::string> sizes = {};  ///< of an array
  bool is_array = false;
  bool is_assignable = false;
  bool is_small = false;  ///< an integer of a few values
  int level = 0;          ///< of parallel loops around it
  std::string size = {};  ///< of a loop variable: it counts the indices of this size
  std::string root = {};  ///< of a view: its array
  // What a parallel loop leaves of an array:
  std::vector<std::string> own = {};  ///< every access begins with these indices
  bool is_readable = true;
  std::string atomic = {};  ///< only this atomic operator

  const std::string& storage() const { return root.empty() ? name : root; }
};

/// Sizes are kept as the source writes them.
inline bool IsConstantSize(const std::string& size) {
  return std::ranges::all_of(size, [](char c) { return c >= '0' && c <= '9'; });
}
inline bool IsLargeSize(const std::string& size) {
  return size.find(kLargeSizePrefix) != std::string::npos;
}

enum class Access : uint8_t { kIn, kInout, kOut };

struct Parameter {
  std::string name;
  DataType type = {};
  std::vector<std::string> sizes = {};
  bool is_array = false;
  Access access = Access::kIn;
};

struct FunctionInfo {
  std::string name;
  std::vector<Parameter> parameters = {};
  DataType result = {};  ///< invalid: none
  uint64_t cost = 0;
  bool is_pure = true;
  bool is_kernel = false;
  int levels = 0;             ///< of parallel loops in it
  bool is_recursive = false;  ///< its first parameter is the depth that is left
};

/// The operand of something that may fault.
enum class Role : uint8_t { kPlain, kDivisor, kAmount, kMinuend, kFactor };

class ProgramGenerator {
 public:
  explicit ProgramGenerator(uint64_t seed);
  std::string Make();

 private:
  // Types (generator_types.cpp)
  ScalarType AnyScalar() { return choices_.Of(words_.scalars); }
  ScalarType AnyInteger();
  DataType SmallComposite();
  DataType AnyType();
  DataType AnyArithmetic();
  bool Reaches(const DataType& type, const DataType& part) const;
  Text ScalarLiteral(ScalarType type);
  Text Literal(const DataType& type, int depth);
  Text Index(const std::string& size);
  std::string Indices(const Variable& array);
  std::optional<Text> Place(const DataType& type);
  Text Descend(Text text, DataType type, const DataType& part);

  // Expressions (generator_expressions.cpp)
  Text Value(const DataType& type, int depth);
  Text Typed(const DataType& type, int depth);
  Text Tamed(const DataType& type, int depth, Role role);
  Text Tame(const Text& value, const DataType& type, Role role);
  Text Condition(int depth);
  Text Leaf(const DataType& type);
  Text Made(const DataType& type, int depth);
  std::optional<Text> IfValue(const DataType& type, int depth);
  std::optional<Text> BlockValue(const DataType& type, int depth);
  std::optional<Text> BinaryValue(const DataType& type, int depth);
  std::optional<Text> ComparisonValue(int depth);
  std::optional<Text> LogicalValue(int depth);
  std::optional<Text> UnaryValue(const DataType& type, int depth);
  std::optional<Text> BuiltinValue(const DataType& type, int depth);
  std::optional<Text> ValueBuiltin(const DataType& type, int depth);
  std::optional<Text> ConversionValue(const DataType& type, int depth);
  std::optional<Text> ReductionValue(const DataType& type, int depth);
  std::optional<Text> ArrayReduction(const DataType& type);
  std::optional<Text> CallValue(const DataType& type, int depth);
  Text Binary(const OperatorInfo& op, const Text& left, const Text& right);
  bool MayFaultOn(const OperatorInfo& op, const DataType& type) const;
  bool Applies(const OperatorInfo& op, const DataType& type) const;
  std::string Argument(const Text& value) const { return Paren(value, kComparison + 1); }
  static std::string Paren(const Text& value, int least);
  std::string Bound(const Text& value) const;

  // Calls (generator_calls.cpp)
  std::optional<std::string> Call(const FunctionInfo& function, int depth);
  std::optional<std::string> ArrayArgument(const Parameter& parameter,
                                           std::vector<std::string>& stored,
                                           std::vector<std::pair<std::string, std::string>>& bound);
  bool IsCallable(const FunctionInfo& function) const;

  // Statements (generator_statements.cpp)
  void Line(const std::string& text);
  void Block(const std::string& head, int depth, const std::function<void()>& first = {});
  void Statements(int count, int depth);
  void Statement(int depth);
  void Declare();
  void DeclareAssigned();
  void DeclareArray();
  void DeclareView();
  void Assign();
  void Fill(Variable array);
  void If(int depth);
  void For(int depth);
  void While(int depth);
  void Parallel(int depth);
  void AtomicStatement();
  void Leave();
  void Assert();
  void Print();
  void Swap();
  void CallStatement();
  void Reduce();
  struct Range {
    std::string text;
    ScalarType type = ScalarType::kI64;
    std::string size;
    uint64_t trips = 6;
  };
  Range AnyRange();
  Range RangeOver(const std::string& size);
  std::string Clause(const std::string& name, const Range& range) const;
  void EnterParallel(const std::vector<std::string>& names, const std::vector<std::string>& sizes);
  std::optional<std::string> Target(DataType& type);

  // Items (generator_items.cpp)
  void Struct();
  void Constant();
  void Function(bool is_kernel);
  void RecursiveFunction();
  void GenericFunction();
  void Main();
  std::vector<Parameter> Parameters(bool is_main, bool is_kernel);
  void DeclareParameters(const FunctionInfo& function);
  std::string Head(const FunctionInfo& function, bool is_kernel) const;
  void Body(FunctionInfo& function, bool is_kernel, int statements);

  std::string Fresh(std::string_view prefix) {
    while (true)
      if (std::string name = fmt::format("{}{}", prefix, next_name_++);
          !frontend::TypeNamed(name).valid())
        return name;
  }
  bool Exhausted() const { return cost_ > budget_; }
  bool Repeats(uint64_t times) const { return mult_ * times > most_repeats_; }
  void Spend(uint64_t operations) { cost_ += mult_ * operations; }
  Variable& Add(Variable variable);
  bool ShouldTame() { return !is_wild_ && !choices_.Chance(2); }

  const Vocabulary& words_ = TheVocabulary();
  Choices choices_;
  bool is_wild_;
  std::string out_;
  int indent_ = 0;
  int next_name_ = 0;
  int library_calls_ = 3;  // their code is long
  int statements_left_ = 45;
  uint64_t mult_ = 1, cost_ = 0, budget_ = 0, most_repeats_ = 1 << 14;
  std::vector<DataType> structs_;
  std::vector<FunctionInfo> functions_;
  std::vector<Variable> scope_;
  // Where the generator stands:
  DataType result_;
  bool is_main_ = false;
  int level_ = 0;
  int loops_ = 0;        // inside the innermost parallel loop
  int index_depth_ = 0;  // indices inside of indices
  int pure_ = 0;         // in terms and conditions that may change nothing
  bool has_effects_ = false;
  int levels_ = 0;  // of parallel loops so far
};

}  // namespace einkorn::fuzz
