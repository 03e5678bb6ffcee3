// Checking and lowering in one walk: syntax tree in, diagnostics and IR out.
//
// A `ModuleLowering` makes one closed module: it lowers the functions asked for, then whatever
// these call, each once for every choice of type arguments. A `FunctionLowering` walks one body.
//
// Types. Literals have no type of their own. An expression that consists of literals only is
// "untyped": it takes the expected type, else the type of the other operand, else i64 or f64. Its
// integers are computed exactly before they are fitted. Every other expression has a type that does
// not depend on its context.
//
// Variables are SSA values from the start: the environment maps each variable to its current value.
// Where paths meet (`if`) the values that differ become results; a loop carries the variables that
// its body assigns, which a look at the syntax finds beforehand.
//
// Early exits. `break`, `continue` and `return` become data: a variable `live` turns false, and the
// statements that follow on a path that may have ended are wrapped in `if live`. A body's `Flow`
// says what is known statically: statements after a certain end are never lowered, so code without
// early exits carries none of this.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "frontend/ast.h"
#include "frontend/builtins.h"
#include "frontend/program.h"
#include "ir/module.h"

namespace einkorn::frontend {

/// The value of a checked expression. Not ok after a diagnostic; users then pass it on silently.
struct Operand {
  Type type;
  ir::ValueId value;
  std::vector<ir::ValueId> sizes;  ///< arrays: i64 values

  bool ok() const { return value.valid(); }
  bool is_array() const { return type.is_array(); }
  bool is_scalar() const { return type.is_scalar(); }
  ScalarType scalar() const { return type.scalar; }
};

enum class VariableKind : uint8_t {
  kLet,
  kVar,
  kLoop,
  kParameter,
  kInoutParameter,
  kSymbol,
  kArrayIn,
  kArrayWritable,
  kHidden
};

struct Variable {
  std::string_view name;
  SourceRange range;
  VariableKind kind = VariableKind::kLet;
  Type type;
  ir::ValueId value;               ///< the current one; invalid: not assigned on some path
  std::vector<ir::ValueId> sizes;  ///< arrays
  int parallel_depth = 0;          ///< how many parallel loops enclose the declaration
};
struct VariableTag;
using VariableId = Id<VariableTag>;

/// Whether the end of a statement is reached.
enum class Flow : uint8_t {
  kLive,   ///< always
  kMaybe,  ///< where the variable `live` is true
  kDead,   ///< never
};

/// Type arguments of one use of a generic item, in the order of its type parameters.
using TypeArguments = std::vector<ScalarType>;

/// A parameter with its type bound.
struct BoundParameter {
  const ParameterDecl* declaration;
  Type type;
  const TypeExpr* array;  ///< its array type, or null
};

struct Signature {
  std::vector<BoundParameter> parameters;
  std::optional<ScalarType> result;
};

class ModuleLowering {
 public:
  ModuleLowering(CheckedProgram& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(&diagnostics) {}

  CheckedProgram& program() { return program_; }
  Diagnostics& diagnostics() { return *diagnostics_; }
  /// Sends reports elsewhere; returns where they went before.
  Diagnostics& Redirect(Diagnostics& diagnostics) {
    return *std::exchange(diagnostics_, &diagnostics);
  }
  ir::Module& module() { return module_; }

  /// The function for `item` with these type arguments; its body is lowered by `Finish`.
  ir::FunctionId Require(const Item& item, const TypeArguments& type_arguments);
  /// A constant as a function without parameters that returns its value.
  ir::FunctionId RequireConstant(const Item& item);
  /// Lowers everything required so far and what that requires in turn.
  void Finish();

  /// Nullopt after a diagnostic (an unknown type in the signature).
  std::optional<Signature> SignatureOf(const Item& item, const TypeArguments& type_arguments);
  /// The type that `type`, a part of `item`, names.
  std::optional<ScalarType> ResolveScalar(TypeExprId type, const Item& item,
                                          const TypeArguments& type_arguments);
  /// The value of constant `item`, computed when first asked for. Nullopt after a diagnostic.
  std::optional<CheckedProgram::ConstantValue> ConstantOf(const Item& item, SourceRange use);

 private:
  struct Job {
    const Item* item;
    TypeArguments type_arguments;
    ir::FunctionId function;
  };

  CheckedProgram& program_;
  Diagnostics* diagnostics_;
  ir::Module module_;
  std::map<std::pair<const Item*, TypeArguments>, ir::FunctionId> made_;
  std::vector<Job> jobs_;
  bool is_incomplete_ = false;  ///< something was left out because of an earlier report
};

class FunctionLowering {
 public:
  FunctionLowering(ModuleLowering& module, const Item& item, TypeArguments type_arguments,
                   ir::Function& function);
  /// Lowers parameters, conditions and body into the function.
  void Lower();
  /// Lowers `item`'s value, a constant, as the function's result.
  void LowerConstant();

 private:
  // --- reports (lower_function.cpp)
  template <typename... Arguments>
  Diagnostic& Report(DiagnosticCode code, SourceRange range, const Arguments&... arguments) {
    return module_.diagnostics().Report(code, range, arguments...);
  }
  const Expr& expr(ExprId id) const { return tree_.expr(id); }
  std::string_view SourceText(SourceRange range) const;
  bool InKernel() const { return item_.kind == ItemKind::kKernel || item_.kind == ItemKind::kTest; }
  bool AtKernelLevel() const { return InKernel() && parallel_depth_ == 0; }

  // --- names (lower_names.cpp)
  VariableId Declare(Name name, VariableKind kind, Type type, ir::ValueId value);
  VariableId DeclareHidden(std::string_view name, ScalarType type, ir::ValueId value);
  bool CheckFree(Name name);
  const Variable* Find(std::string_view name) const;
  Variable& variable(VariableId id) { return variables_[id.index]; }
  void OpenScope() { scopes_.emplace_back(); }
  void CloseScope();
  void ReportUnknown(std::string_view name, SourceRange range);
  const Item* ItemNamed(std::string_view name) const { return unit_.ItemNamed(name); }
  /// The imported file that `file` of `file.name` names, or null.
  const SourceUnit* ImportedUnit(const Expr& field) const;
  /// What `file.name` names in the imported file; null after a diagnostic.
  const Item* LowerImportedItem(const SourceUnit& imported, const Expr& field);
  /// The item that a call means, or null.
  const Item* CalleeOf(const Expr& call) const;
  void SetValue(VariableId id, ir::ValueId value);
  std::vector<ir::ValueId> Snapshot() const;
  void Restore(const std::vector<ir::ValueId>& snapshot);

  // --- parameters (lower_function.cpp, lower_shapes.cpp)
  void LowerParameters(const Signature& signature);
  std::vector<std::pair<std::string_view, SourceRange>> CollectSymbols(const Signature& signature);
  void CollectBareSymbols(const Signature& signature,
                          std::vector<std::pair<std::string_view, SourceRange>>& symbols);
  std::optional<ir::ShapeExpr> LowerShape(ExprId size);
  std::optional<ir::ShapeExpr> ConstantShape(const Expr& e, const Item& item);
  ir::ValueId LowerShapeValue(const ir::ShapeExpr& shape, SourceRange range);
  void LowerConditions();
  void FinishBody(Flow flow);

  // --- statements (lower_statements.cpp)
  Flow LowerBlock(BlockId block);
  Flow LowerStatements(const Block& block, size_t first);
  Flow LowerStatement(const Statement& statement);
  Flow LowerDeclaration(const Statement& statement);
  void LowerArrayDeclaration(const Statement& statement, const TypeExpr& type);
  void LowerInferredArray(const Statement& statement);
  Flow LowerAssign(const Statement& statement);
  void AssignVariable(const Statement& statement, const Expr& target);
  void AssignElement(const Statement& statement, const Expr& target);
  Operand CombineCompound(const Statement& statement, const Operand& old);
  bool CheckWritable(const Expr& target);
  std::optional<int64_t> ConstantSize(ir::ValueId value) const;
  void LowerAtomic(const Statement& statement);
  void LowerExprStatement(const Statement& statement);
  void LowerSwap(const Expr& call);
  void LowerAssert(const Statement& statement);
  void LowerPrint(const Statement& statement);
  void LowerExpectError(const Statement& statement);
  void LowerExpectCompileError(const Statement& statement);
  Flow LowerReturn(const Statement& statement);
  Flow LowerLoopExit(const Statement& statement);
  void EndPath() { SetValue(live_, builder_.Bool(false)); }
  std::pair<std::string, std::vector<ir::ValueId>> LowerFormat(const FormatText& format);
  Operand LowerCondition(ExprId condition);
  void Fail(FaultKind kind, std::string text, std::vector<ir::ValueId> values, SourceRange range);
  void FailUnless(ir::ValueId condition, FaultKind kind, std::string text,
                  std::vector<ir::ValueId> values, SourceRange range);

  // --- control (lower_control.cpp)
  /// Lowers two paths under a condition and joins their environments. A path may give a value,
  /// which then is returned joined.
  struct Path {
    Flow flow = Flow::kLive;
    ir::ValueId value;
  };
  using PathBody = std::function<Path()>;
  /// Called after both paths, before their environments are joined.
  using PathJoin = std::function<void(Path& then, ir::RegionId then_region, Path& otherwise,
                                      ir::RegionId other_region)>;
  Path LowerPaths(ir::ValueId condition, const PathBody& then, const PathBody& otherwise,
                  SourceRange range, bool otherwise_first = false, const PathJoin& join = {});
  Flow LowerIf(const Statement& statement);
  Flow LowerWhile(const Statement& statement);
  Flow LowerFor(const Statement& statement);
  Flow LowerParallelFor(const Statement& statement);
  Flow LowerDependentRanges(const Statement& statement, size_t first);
  struct LoweredRange {
    Operand from, to, step;
    ScalarType type = ScalarType::kI64;
    bool ok = false;
  };
  LoweredRange LowerRange(const RangeClause& range);
  bool MentionsVariables(const RangeClause& range, const std::vector<RangeClause>& earlier,
                         size_t count);
  /// What a loop's body may do, read off the syntax.
  struct BodySummary {
    std::vector<std::string_view> assigned;  ///< names of scalars assigned and arrays swapped
    bool breaks = false;                     ///< a `break` of this very loop
    bool returns = false;
    bool continues = false;
  };
  BodySummary Summarise(BlockId block);
  void SummariseBlock(const Block& block, int loop_depth, BodySummary& summary);
  void SummariseExpr(ExprId id, BodySummary& summary);
  void CarryInto(ir::RegionId region, VariableId id);
  std::vector<VariableId> CarriedVariables(const BodySummary& summary);
  struct LoopFrame {
    VariableId broke;  ///< hidden; valid where the body breaks
    bool is_parallel = false;
  };
  Path LowerLoopBody(const std::function<Flow()>& body, const BodySummary& summary, bool parallel);

  // --- expressions (lower_expressions.cpp)
  Operand LowerExpression(ExprId id, std::optional<ScalarType> expected);
  /// The same, converted to `type` implicitly, or a diagnostic.
  Operand LowerAs(ExprId id, ScalarType type);
  Operand LowerName(const Expr& e);
  Operand LowerItemName(const Expr& e, const Item& item);
  Operand LowerElement(const Expr& e);
  Operand LowerIf(const Expr& e, std::optional<ScalarType> expected);
  Operand LowerBlockValue(BlockId block, std::optional<ScalarType> expected);
  Operand LowerConversion(const Expr& e);
  Operand LowerArrayBase(ExprId base);
  std::optional<std::vector<ir::ValueId>> LowerIndices(const Expr& e, const Operand& array);
  void CheckConstantIndex(const Expr& e, size_t dimension, const Operand& array, ir::ValueId index);
  Operand Coerce(Operand operand, ScalarType type, SourceRange range);
  Operand Made(ir::ValueId value) { return {builder_.function().type(value), value, {}}; }

  // --- literals (lower_literals.cpp)
  bool IsUntyped(ExprId id) const;
  bool IsUntypedBlock(BlockId id) const;
  /// Whether an untyped expression is of floats; only asked where IsUntyped.
  bool HasFloatLiteral(ExprId id) const;
  ScalarType DefaultType(ExprId id) const {
    return HasFloatLiteral(id) ? ScalarType::kF64 : ScalarType::kI64;
  }
  /// The exact value of an expression of integer literals; nullopt where there is none that way.
  /// `failed` is set after a diagnostic.
  std::optional<Int128> ExactInteger(ExprId id, bool& failed);
  Operand LowerLiteral(const Expr& e, ScalarType type);
  Operand FitInteger(Int128 value, ScalarType type, SourceRange range);
  Operand LowerArrayLiteral(const Expr& e, std::optional<ScalarType> element,
                            const std::vector<int64_t>* sizes);
  bool CollectArrayLiteral(const Expr& e, size_t depth, std::vector<int64_t>& sizes,
                           std::vector<ExprId>& elements);

  // --- operators (lower_operators.cpp)
  /// An operand of + or -: either a value, or a product whose factors are not multiplied yet.
  struct Term {
    Operand a, b;
    bool is_product = false;
    SourceRange range;
    ScalarType type() const { return a.scalar(); }
    bool ok() const { return a.ok() && (!is_product || b.ok()); }
  };
  Operand LowerUnary(const Expr& e, std::optional<ScalarType> expected);
  Operand LowerBinary(const Expr& e, std::optional<ScalarType> expected);
  Operand LowerLogical(const Expr& e);
  Operand LowerComparison(const Expr& e);
  Operand LowerShift(const Expr& e, std::optional<ScalarType> expected);
  Operand Compare(Opcode opcode, Operand left, Operand right, SourceRange range);
  Operand CompareArrays(const Expr& e);
  Term LowerTerm(ExprId id, std::optional<ScalarType> expected);
  Operand Multiply(const Term& term);
  /// Left and right of a binary operator in one type; the untyped one takes the other's.
  bool LowerOperands(ExprId left, ExprId right, std::optional<ScalarType> expected,
                     std::string_view text, SourceRange range, Operand& l, Operand& r);
  bool Unify(Operand& left, Operand& right, std::string_view text, SourceRange range);
  Operand Combine(BinaryOperator op, Operand left, const Term& right, SourceRange range);
  Operand CombineTerms(BinaryOperator op, Term left, Term right, SourceRange range);
  Operand Apply(BinaryOperator op, const Operand& left, const Operand& right, SourceRange range);
  bool CheckOperand(Opcode opcode, std::string_view text, const Operand& operand,
                    SourceRange range);

  // --- calls (lower_calls.cpp, lower_builtins.cpp, lower_reductions.cpp)
  Operand LowerCall(const Expr& e, std::optional<ScalarType> expected, bool statement);
  /// `a.f(...)`, which nothing has.
  void ReportMethod(const Expr& callee);
  Operand LowerUserCall(const Expr& e, const Item& item, bool statement);
  std::optional<TypeArguments> InferTypes(const Expr& e, const Item& item,
                                          std::vector<Operand>& typed);
  bool LowerArguments(const Expr& e, const Item& item, const Signature& signature,
                      std::vector<Operand>& typed, std::vector<VariableId>& inouts);
  Operand LowerBuiltin(const Expr& e, const Builtin& builtin, std::optional<ScalarType> expected);
  Operand LowerComposed(const Expr& e, const Builtin& builtin, std::vector<Operand>& arguments);
  bool LowerSameType(const Expr& e, std::string_view text, std::optional<ScalarType> expected,
                     std::vector<Operand>& arguments);
  void LowerAssertClose(const Expr& e);
  Operand LowerReduction(const Expr& e, std::optional<ScalarType> expected);
  Operand LowerArrayReduction(const Expr& e, NamedReduction reduction,
                              std::optional<ScalarType> expected);
  struct ReduceParts {
    NamedReduction reduction;
    SourceRange range;
    std::vector<ir::ValueId> bounds;  ///< triples
    std::vector<ScalarType> types;    ///< of the induction variables
    std::vector<std::string_view> names;
    uint64_t inclusive = 0;
  };
  /// Builds the operation around a body that lowers the term inside its region.
  Operand FinishReduction(const ReduceParts& parts, std::optional<ScalarType> expected,
                          ExprId condition, const std::function<Term()>& term);
  std::pair<uint64_t, uint64_t> IdentityOf(ReduceKind kind, ScalarType type);

  ModuleLowering& module_;
  const SourceUnit& unit_;  ///< the file of the function
  const SyntaxTree& tree_;
  const Item& item_;
  TypeArguments type_arguments_;
  ir::Builder builder_;
  ir::RegionId body_;

  std::vector<Variable> variables_;
  std::unordered_map<std::string_view, VariableId> visible_;
  std::vector<std::vector<VariableId>> scopes_;
  std::set<std::string_view>
      poisoned_;  ///< names whose declaration was wrong: their uses are silent
  std::vector<LoopFrame> loops_;
  int parallel_depth_ = 0;
  int exit_depth_ = 0;                 ///< how many early exits the current statement stands behind
  bool division_was_inexact_ = false;  ///< set by ExactInteger
  std::optional<ScalarType> result_type_;
  VariableId live_, returned_, result_;
  std::vector<VariableId> inout_parameters_;
  std::vector<std::pair<VariableId, ir::ValueId>> writable_arrays_;  ///< with their own storage
};

}  // namespace einkorn::frontend
