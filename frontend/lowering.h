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
// Values. A value is the tuple of its leaves (frontend/data_type.h), each one IR value. Variables
// are SSA values from the start: the environment maps each leaf of each variable to its current
// value. Arrays, and variables that are value arrays, lie in memory: one IR array for each
// component. A place in memory is loaded when its value is needed, so that `p[i].mass` reads one
// scalar.
//
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
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "frontend/ast.h"
#include "frontend/builtins.h"
#include "frontend/data_type.h"
#include "frontend/program.h"
#include "ir/module.h"

namespace einkorn::frontend {

/// The value of a checked expression, or a place in memory. Not ok after a diagnostic; users then
/// pass it on silently.
struct Operand {
  DataType type;                   ///< of a view the element's
  std::vector<ir::ValueId> parts;  ///< a value: its leaves. In memory: the array of each component
  std::vector<ir::ValueId> sizes;  ///< a view: i64 values, one a dimension
  bool in_memory = false;
  std::vector<ir::ValueId> indices;  ///< in memory: of the dimensions that were indexed already

  bool ok() const { return type.valid(); }
  /// An array whose elements are not indexed yet.
  bool is_view() const { return !sizes.empty(); }
  bool is_scalar() const { return type.is_scalar() && !is_view(); }
  ScalarType scalar() const { return type.scalar(); }
  ir::ValueId value() const { return parts.empty() ? ir::ValueId() : parts.front(); }
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
  kViewWritable,  ///< a part of a writable array, which cannot be swapped
  kHidden
};

struct Variable {
  std::string_view name;
  SourceRange range;
  VariableKind kind = VariableKind::kLet;
  DataType type;                   ///< of a view the element's
  std::vector<ir::ValueId> sizes;  ///< views
  bool in_memory = false;
  size_t first_part = 0;  ///< of its current values in the environment
  size_t part_count = 0;
  int parallel_depth = 0;  ///< how many parallel loops enclose the declaration

  bool is_view() const { return !sizes.empty(); }
  bool is_scalar() const { return type.is_scalar() && !is_view(); }
};
struct VariableTag;
using VariableId = Id<VariableTag>;

/// Whether the end of a statement is reached.
enum class Flow : uint8_t {
  kLive,   ///< always
  kMaybe,  ///< where the variable `live` is true
  kDead,   ///< never
};

/// A parallel loop, and in it those over the lanes of a group.
inline constexpr int kMaxLevels = 2;

/// Type arguments of one use of a generic item, in the order of its type parameters.
/// With them the values of its static parameters.
struct StaticValue {
  std::string_view name;
  ScalarType type = ScalarType::kI64;
  uint64_t bits = 0;
};
struct TypeArguments : std::vector<DataType> {
  using std::vector<DataType>::vector;
  std::vector<StaticValue> statics;

  const StaticValue* StaticNamed(std::string_view name) const {
    for (const StaticValue& value : statics)
      if (value.name == name) return &value;
    return nullptr;
  }
};

/// A parameter with its type bound.
struct BoundParameter {
  const ParameterDecl* declaration;
  DataType type;          ///< of an array the element's, unless all its sizes are constant
  const TypeExpr* array;  ///< the type of an array whose elements lie in memory, or null
  size_t rank = 0;        ///< of a view

  bool is_view() const { return rank > 0; }
};

/// What a parameter of this access is in the IR.
ir::ParamKind ParamKindOf(AccessKind access, bool is_array);

struct Signature {
  std::vector<BoundParameter> parameters;
  DataType result;  ///< invalid: none
};

class ModuleLowering {
 public:
  /// With `is_debug` the code of `debug` blocks is made too.
  ModuleLowering(CheckedProgram& program, Diagnostics& diagnostics, bool is_debug = false)
      : program_(program), diagnostics_(&diagnostics), is_debug_(is_debug) {}

  bool is_debug() const { return is_debug_; }

  CheckedProgram& program() { return program_; }
  Diagnostics& diagnostics() { return *diagnostics_; }
  /// Sends reports elsewhere; returns where they went before.
  Diagnostics& Redirect(Diagnostics& diagnostics) {
    return *std::exchange(diagnostics_, &diagnostics);
  }
  ir::Module& module() { return module_; }

  /// The function for `item` with these type arguments; its body is lowered by `Finish`.
  /// `level` says how many parallel loops stand around the call, where that makes a difference.
  ir::FunctionId Require(const Item& item, const TypeArguments& type_arguments, int level = 0);
  /// How deep the parallel loops of a function stand in each other, with those that it calls.
  int LevelsOf(const Item& item);
  /// A constant as a function without parameters that returns its value.
  ir::FunctionId RequireConstant(const Item& item);
  /// Lowers everything required so far and what that requires in turn.
  void Finish();
  bool is_full() const { return is_full_; }

  /// Nullopt after a diagnostic (an unknown type in the signature).
  std::optional<Signature> SignatureOf(const Item& item, const TypeArguments& type_arguments);
  /// The type that `type`, a part of `item`, names. Invalid after a diagnostic.
  DataType Resolve(TypeExprId type, const Item& item, const TypeArguments& type_arguments);
  /// The struct that `item` declares. Invalid after a diagnostic.
  DataType StructOf(const Item& item);
  /// The names that stand alone as a size of some array, in order, without parameters and
  /// constants.
  std::vector<std::pair<std::string_view, SourceRange>> SymbolsOf(const Item& item,
                                                                  const Signature& signature);
  /// The value of a size made of literals and constants by + - *; nullopt if it is not.
  std::optional<int64_t> ConstantInteger(ExprId size, const Item& item, const TypeArguments& types);
  /// The same for conditions: of integers, types, bool constants and statics.
  std::optional<bool> StaticCondition(ExprId condition, const Item& item,
                                      const TypeArguments& types);
  /// Lowers what depends on values that only now are known, or stands in a parallel loop here, so
  /// that its mistakes are reported.
  void FinishStatic();
  /// The value of a static parameter of `type`; nullopt if `value` is not static.
  std::optional<Int128> StaticValueOf(ExprId value, ScalarType type, const Item& item,
                                      const TypeArguments& types);
  /// The value of constant `item`, computed when first asked for. Nullopt after a diagnostic.
  std::optional<CheckedProgram::ConstantValue> ConstantOf(const Item& item, SourceRange use);
  /// Whether the default of a parameter is asked for while it is computed.
  bool IsOpen(const ParameterDecl& parameter) const { return open_defaults_.contains(&parameter); }
  /// The default of a parameter of `type`, the bits of its leaves; nullopt after a diagnostic.
  std::optional<std::vector<uint64_t>> DefaultOf(const ParameterDecl& parameter,
                                                 const DataType& type, const Item& item,
                                                 const TypeArguments& types);

 private:
  struct Job {
    const Item* item;
    TypeArguments type_arguments;
    int level = 0;
    ir::FunctionId function;
  };

  std::optional<std::vector<uint64_t>> Evaluate(std::string_view name, SourceRange range);

  CheckedProgram& program_;
  Diagnostics* diagnostics_;
  bool is_debug_;
  ir::Module module_;
  std::optional<BoundParameter> Bind(const ParameterDecl& declaration, const Item& item,
                                     const TypeArguments& types);
  bool CheckRank(const DataType& type, size_t outer, SourceRange range);
  const Item* ItemOfType(const TypeExpr& type, const SourceUnit& unit) const;
  DataType ResolveArray(const TypeExpr& type, const Item& item, const TypeArguments& types);
  void ReportUnknownType(const TypeExpr& type, const Item& item);

  std::map<std::pair<const Item*, std::string>, ir::FunctionId> made_;
  std::vector<Job> jobs_;
  bool is_full_ = false;               ///< too many variants were asked for; that was reported
  std::map<const Item*, int> levels_;  ///< of LevelsOf; 0 while it is looked at
  bool is_incomplete_ = false;         ///< something was left out because of an earlier report
  std::set<const ParameterDecl*> open_defaults_;  ///< being computed
};

class FunctionLowering {
 public:
  FunctionLowering(ModuleLowering& module, const Item& item, TypeArguments type_arguments,
                   ir::Function& function, int level = 0);
  /// Lowers parameters, conditions and body into the function.
  void Lower();
  /// Lowers a value of `type`, of a constant or a default, as the function's result.
  void LowerConstant(ExprId value, const DataType& type, SourceRange range);

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
  VariableId Declare(Name name, VariableKind kind, const Operand& value);
  /// Declares a variable that has no value yet.
  VariableId DeclareUnassigned(Name name, VariableKind kind, const DataType& type);
  VariableId DeclareHidden(std::string_view name, ScalarType type, ir::ValueId value) {
    return DeclareHidden(name, Operand{type, {value}, {}, false, {}});
  }
  VariableId DeclareHidden(std::string_view name, const Operand& value);
  VariableId AddVariable(Name name, VariableKind kind, const Operand& value);
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
  ir::ValueId ValueOf(VariableId id) const { return values_[variables_[id.index].first_part]; }
  std::span<const ir::ValueId> PartsOf(const Variable& v) const {
    return {values_.data() + v.first_part, v.part_count};
  }
  Operand OperandOf(const Variable& v) const;
  bool IsAssigned(const Variable& v) const;
  void SetValue(VariableId id, ir::ValueId value) { SetParts(id, {&value, 1}); }
  void SetParts(VariableId id, std::span<const ir::ValueId> parts);
  std::string PartName(const Variable& v, size_t part) const;
  /// Names the value at this position of the environment like its variable.
  void NamePart(size_t position);
  std::vector<ir::ValueId> Snapshot() const { return values_; }
  void Restore(const std::vector<ir::ValueId>& snapshot);

  // --- parameters (lower_function.cpp, lower_shapes.cpp)
  void LowerParameters(const Signature& signature);
  VariableId LowerParameter(const BoundParameter& parameter);
  std::optional<ir::ShapeExpr> LowerShape(ExprId size);
  std::optional<ir::ShapeExpr> ConstantShape(const Expr& e, const Item& item);
  ir::ValueId LowerShapeValue(const ir::ShapeExpr& shape, SourceRange range);
  void LowerConditions();
  void LowerAttributes();
  /// Whether a call may be replaced by its result of before.
  bool IsPure(const Item& item, std::set<const Item*>& seen) const;
  void FinishBody(Flow flow);

  // --- statements (lower_statements.cpp)
  Flow LowerBlock(BlockId block);
  Flow LowerStatements(const Block& block, size_t first);
  Flow LowerStatement(const Statement& statement);
  Flow LowerDeclaration(const Statement& statement);
  void LowerArrayDeclaration(const Statement& statement, const TypeExpr& type);
  /// Storage for an array of `sizes` elements of `element`, filled with `fill` if that is ok.
  Operand MakeArray(const DataType& element, const std::vector<ir::ValueId>& sizes,
                    const Operand& fill, std::string_view text, SourceRange range);
  void DeclareView(const Statement& statement, const Operand& view);
  void DeclareStored(const Statement& statement, const Operand& array);
  void FinishArrayDeclaration(const Statement& statement, const TypeExpr& type,
                              const DataType& element, const Operand& fill);
  void Poison(Name name);
  bool CheckLocalSize(const DataType& type, SourceRange range);
  Flow LowerAssign(const Statement& statement);
  /// The variable that an assigned place belongs to, if it may be assigned here; else a report.
  std::optional<VariableId> AssignableVariable(const Statement& statement, const Expr& target);
  void AssignVariable(const Statement& statement, VariableId id);
  void AssignInside(const Statement& statement, VariableId id, const Expr& target);
  /// Which leaves of a value a target names.
  struct Positions {
    DataType type;
    std::vector<size_t> leaves;
  };
  std::optional<Positions> PositionsInside(const Positions& base, const Expr& step);
  void AssignMemory(const Statement& statement, const Operand& place, SourceRange range);
  Operand LowerAssigned(const Statement& statement, const Operand& old);
  Operand CombineCompound(const Statement& statement, const Operand& old);
  const Expr& RootOf(const Expr& target) const;
  std::optional<int64_t> ConstantSize(ir::ValueId value) const;
  void LowerAtomic(const Statement& statement);
  void LowerExprStatement(const Statement& statement);
  void LowerSwap(const Expr& call);
  void LowerAssert(const Statement& statement);
  void LowerPrint(const Statement& statement);
  void LowerAside(const std::function<void()>& lower);
  void LowerDebug(const Statement& statement);
  void LowerExpectError(const Statement& statement);
  void LowerExpectCompileError(const Statement& statement);
  Flow LowerReturn(const Statement& statement);
  Flow LowerLoopExit(const Statement& statement);
  void EndPath() { SetValue(live_, builder_.Bool(false)); }
  std::pair<std::string, std::vector<ir::ValueId>> LowerFormat(const FormatText& format);
  std::string FormatOf(const Operand& value, std::vector<ir::ValueId>& values) const;
  Operand LowerCondition(ExprId condition);
  void Fail(FaultKind kind, std::string text, std::vector<ir::ValueId> values, SourceRange range);
  void FailUnless(ir::ValueId condition, FaultKind kind, std::string text,
                  std::vector<ir::ValueId> values, SourceRange range);

  // --- control (lower_control.cpp)
  /// Lowers two paths under a condition and joins their environments. A path may give a value,
  /// which then is returned joined.
  struct Path {
    Flow flow = Flow::kLive;
    std::vector<ir::ValueId> values = {};
    ir::ValueId value() const { return values.empty() ? ir::ValueId() : values.front(); }
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
  Flow LowerStaticIf(const Statement& statement);
  Flow LowerStaticFor(const Statement& statement);
  Flow LowerStaticIterations(const Statement& statement, int64_t from, int64_t last, int64_t step);
  Flow LowerParallelFor(const Statement& statement);
  Flow LowerInnerRanges(const Statement& statement, size_t first, uint64_t flags);
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
    std::vector<std::string_view> assigned;  ///< names of variables
    std::vector<std::string_view> swapped;   ///< names of arrays
    bool breaks = false;                     ///< a `break` of this very loop
    bool returns = false;
    bool continues = false;
  };
  BodySummary Summarise(BlockId block);
  void SummariseBlock(const Block& block, int loop_depth, BodySummary& summary);
  void SummariseExpr(ExprId id, BodySummary& summary);
  void CarryInto(ir::RegionId region, VariableId id);
  std::vector<ir::ValueId> ValuesOf(const std::vector<VariableId>& ids) const;
  void TakeResults(const std::vector<VariableId>& ids, ir::OpId op, size_t first);
  std::vector<VariableId> CarriedVariables(const BodySummary& summary);
  struct LoopFrame {
    VariableId broke;  ///< hidden; valid where the body breaks
    bool is_parallel = false;
    bool is_static = false;
  };
  Path LowerLoopBody(const std::function<Flow()>& body, const BodySummary& summary, bool parallel);

  // --- what is found on the IR (lower_races.cpp)
  void ReportRaces(ir::RegionId region);
  void ReportUnwritten();
  std::string_view AccessText(const ir::Op& access) const;

  // --- expressions (lower_expressions.cpp)
  /// The value of an expression, or a view; `expected` may be invalid.
  Operand LowerExpression(ExprId id, const DataType& expected);
  /// The same without loading what lies in memory.
  Operand LowerReference(ExprId id, const DataType& expected = {});
  /// The same as LowerExpression, converted to `type` implicitly, or a diagnostic.
  Operand LowerAs(ExprId id, const DataType& type);
  Operand LowerUntyped(ExprId id, const DataType& expected);
  Operand LowerUntypedAs(ExprId id, ScalarType type);
  Operand LowerStorageLiteral(ExprId id, ScalarType type);
  /// The same as LowerAs, where a value for each element fills a value array.
  Operand LowerFilled(ExprId id, const DataType& type);
  Operand LowerName(const Expr& e);
  Operand LowerItemName(const Expr& e, const Item& item);
  Operand LowerElement(const Expr& e);
  Operand Inside(const Operand& base, const Expr& step);
  Operand FieldInside(const Operand& base, const Expr& e);
  Operand ElementInside(const Operand& array, const Expr& e);
  bool CheckArray(const Operand& base, SourceRange range);
  Operand LowerView(const Expr& e);
  std::string ViewSizeText(const Expr::ViewItem& item) const;
  Operand LowerField(const Expr& e);
  Operand LowerStruct(const Expr& e);
  Operand LowerIf(const Expr& e, const DataType& expected);
  Operand LowerBlockValue(BlockId block, const DataType& expected);
  Operand LowerConversion(const Expr& e);
  Operand ConvertAs(const Operand& operand, const DataType& to, const Expr& e);
  Operand LowerArrayBase(ExprId base);
  std::optional<std::vector<ir::ValueId>> LowerIndices(const Expr& e, const Operand& array);
  void CheckConstantIndex(const Expr& e, size_t dimension, const Operand& array, ir::ValueId index);
  Operand Coerce(const Operand& operand, const DataType& type, SourceRange range);
  Operand Made(ir::ValueId value) {
    return {builder_.function().type(value).scalar, {value}, {}, false, {}};
  }

  // --- values made of several scalars (lower_values.cpp)
  Operand MakeValue(const DataType& type, std::vector<ir::ValueId> leaves) {
    return {type, std::move(leaves), {}, false, {}};
  }
  /// Where the type is an array of constant sizes in memory: the same as a view.
  Operand AsView(const Operand& operand);
  /// A view of constant sizes as a value array.
  Operand AsWhole(const Operand& operand);
  Operand Load(const Operand& place, SourceRange range);
  /// A value as it is computed with: f16 and bf16 become f32, unless one of `expected` is needed.
  Operand Read(const Operand& value, const DataType& expected, SourceRange range);
  void Store(const Operand& place, const Operand& value, SourceRange range, bool is_checked);
  Operand FieldOf(const Operand& base, const Field& field) const;
  /// Element number `index` (row-major) of a value array.
  Operand ElementOf(const Operand& value, size_t index) const;
  Operand IndexInto(const Operand& array, const std::vector<ir::ValueId>& indices) const;
  /// Undefined elements in memory for a value array.
  Operand MakeStorage(const DataType& type, SourceRange range);
  /// A copy in memory of a value array, so that it can be indexed by a variable.
  Operand Spill(const Operand& value, std::string_view name, SourceRange range);
  Operand Zero(const DataType& type, SourceRange range);
  /// Sequential loops over all indices of an array of `sizes`.
  void LoopOver(std::span<const ir::ValueId> sizes, SourceRange range,
                const std::function<void(const std::vector<ir::ValueId>&)>& body);
  Operand Gather(const DataType& type, const std::vector<Operand>& elements) const;
  bool IsSmallEnough(const DataType& type, SourceRange range);
  std::string Describe(const Operand& operand) const;

  // --- literals (lower_literals.cpp)
  bool IsUntyped(ExprId id) const;
  bool IsUntypedBlock(BlockId id) const;
  /// An array literal of literals only; it takes its type from beside it as they do.
  bool IsArrayLiteral(ExprId id) const;
  bool IsArrayLiteralBlock(BlockId id) const;
  /// What is expected of an expression beside a value of type `other`.
  DataType ExpectedBeside(ExprId id, const DataType& other) const;
  /// Whether an untyped expression is of floats; only asked where IsUntyped.
  bool HasFloatLiteral(ExprId id) const;
  /// The type that a literal takes beside a value of type `type`.
  static DataType LiteralType(const DataType& type);
  ScalarType DefaultType(ExprId id) const {
    return HasFloatLiteral(id) ? ScalarType::kF64 : ScalarType::kI64;
  }
  /// The exact value of an expression of integer literals; nullopt where there is none that way.
  /// `failed` is set after a diagnostic.
  std::optional<Int128> ExactInteger(ExprId id, bool& failed);
  Operand LowerLiteral(const Expr& e, ScalarType type);
  Operand FitInteger(Int128 value, ScalarType type, SourceRange range);
  /// A literal as a value: of `expected` if that is a value array, else its elements decide.
  Operand LowerArrayLiteral(const Expr& e, const DataType& expected);
  /// The same in memory, for arrays of any size.
  Operand LowerStoredLiteral(const Expr& e, const DataType& element,
                             const std::vector<int64_t>* sizes);
  /// The type of its elements, where nothing is expected.
  DataType LiteralElementType(const std::vector<ExprId>& elements);
  bool CollectArrayLiteral(const Expr& e, size_t depth, std::vector<int64_t>& sizes,
                           std::vector<ExprId>& elements, size_t rank);

  // --- operators (lower_operators.cpp)
  /// An operand of + or -: either a value, or a product whose factors are not multiplied yet.
  struct Term {
    Operand a, b;
    bool is_product = false;
    DataType type;  ///< of the value or of the product
    SourceRange range;
    bool ok() const { return a.ok() && (!is_product || b.ok()); }
  };
  Operand LowerUnary(const Expr& e, const DataType& expected);
  Operand ApplyUnary(const Expr& e, const Operand& operand);
  Operand LowerBinary(const Expr& e, const DataType& expected);
  Operand LowerLogical(const Expr& e);
  Operand LowerComparison(const Expr& e);
  Operand LowerShift(const Expr& e, const DataType& expected);
  Operand Compare(BinaryOperator op, Operand left, Operand right, SourceRange range);
  Operand CompareWhole(const Expr& e, Operand left, Operand right);
  Operand CompareViews(const Expr& e, const Operand& left, const Operand& right);
  Operand CompareParts(const Expr& e, size_t count, const std::function<ir::ValueId(size_t)>& same);
  bool IsWhole(ExprId id) const;
  std::pair<bool, bool> TakesType(ExprId left, ExprId right) const;
  Term LowerTerm(ExprId id, const DataType& expected);
  Operand Multiply(const Term& term);
  /// Left and right of a binary operator in one type; the untyped one takes the other's.
  bool LowerOperands(ExprId left, ExprId right, const DataType& expected, std::string_view text,
                     SourceRange range, Operand& l, Operand& r);
  /// Whether an operand of type `from` becomes `to` beside one of that type.
  static bool UnifiesTo(const DataType& from, const DataType& to);
  bool Unify(Operand& left, Operand& right, std::string_view text, SourceRange range);
  Operand Combine(BinaryOperator op, Operand left, const Term& right, SourceRange range);
  Operand CombineTerms(BinaryOperator op, const Term& left, const Term& right, SourceRange range);
  Operand CombineScalars(BinaryOperator op, const Term& left, const Term& right, SourceRange range);
  Term ElementOfTerm(const Term& term, size_t index) const;
  Operand ApplyComplex(BinaryOperator op, const Operand& left, const Operand& right,
                       SourceRange range);
  Operand Apply(BinaryOperator op, const Operand& left, const Operand& right, SourceRange range);
  bool CheckOperand(Opcode opcode, std::string_view text, const Operand& operand,
                    SourceRange range);

  // --- calls (lower_calls.cpp, lower_builtins.cpp, lower_reductions.cpp)
  Operand LowerCall(const Expr& e, const DataType& expected, bool statement);
  /// `a.f(...)`, which nothing has.
  void ReportMethod(const Expr& callee);
  Operand LowerUserCall(const Expr& e, const Item& item, bool statement);
  std::optional<TypeArguments> InferTypes(const Expr& e, const Item& item,
                                          std::vector<Operand>& typed);
  Operand LowerKnown(const DataType& type, const std::vector<uint64_t>& bits, SourceRange range);
  Operand LowerDefaultArgument(const Expr& e, const Item& item, const TypeArguments& types,
                               const BoundParameter& parameter);
  bool LowerArguments(const Expr& e, const Item& item, const TypeArguments& types,
                      const Signature& signature, std::vector<Operand>& typed,
                      std::vector<VariableId>& inouts);
  bool OrderArguments(Expr& call, const Item& item);
  bool LowerStatics(const Expr& e, const Item& item, TypeArguments& types);
  Operand LowerArrayArgument(ExprId id, const Operand& typed, const BoundParameter& parameter);
  std::optional<VariableId> WrittenArgument(const Expr& argument, const BoundParameter& parameter);
  bool BindSizes(const Expr& e, const Item& item, const TypeArguments& types,
                 const Signature& signature, const std::vector<Operand>& arguments,
                 std::vector<ir::ValueId>& sizes);
  ir::ValueId SizeOfCallee(ExprId size, const Item& item, const TypeArguments& types,
                           const std::map<std::string_view, ir::ValueId>& known, SourceRange range);
  /// A part of an array made outside of all views: intervals of its first dimensions.
  struct Region {
    struct Interval {
      ir::ValueId from, to;
    };
    ir::ValueId array;
    std::vector<Interval> intervals;
  };
  Region RegionOf(const Operand& argument, SourceRange range);
  ir::ValueId AreDisjoint(const Region& a, const Region& b, SourceRange range);
  bool CheckAliases(const Expr& e, const Signature& signature,
                    const std::vector<Operand>& arguments);
  Operand AppendCall(const Expr& e, ir::FunctionId callee, bool is_launch,
                     const std::vector<ir::ValueId>& sizes, const std::vector<Operand>& arguments,
                     const DataType& result, const std::vector<VariableId>& inouts, bool is_unused);
  Operand LowerBuiltin(const Expr& e, const Builtin& builtin, const DataType& expected);
  Operand LowerComposed(const Expr& e, const Builtin& builtin, std::vector<Operand>& arguments);
  Operand CallLibrary(const Expr& e, std::string_view name, const std::vector<Operand>& arguments);
  bool LowerSameType(const Expr& e, std::string_view text, const DataType& expected,
                     std::vector<Operand>& arguments);
  void LowerAssertClose(const Expr& e);
  // of complex numbers and value arrays (lower_linear.cpp)
  Operand LowerValueBuiltin(const Expr& e, const Builtin& builtin, const DataType& expected);
  Operand LowerComplex(const Expr& e, const DataType& expected);
  bool LowerValueArrays(const Expr& e, std::string_view text, const DataType& expected,
                        std::vector<Operand>& arguments);
  /// The sum of a[k] * b[k], as the reduction says it.
  Operand DotProduct(const std::vector<Operand>& a, const std::vector<Operand>& b, const Expr& e);
  Operand LowerCross(const Expr& e, const Operand& a, const Operand& b);
  Operand LowerMatmul(const Expr& e, const Operand& a, const Operand& b);
  Operand LowerTranspose(const Expr& e, const Operand& a);
  std::vector<Operand> ElementsOf(const Operand& value) const;
  Operand LowerReduction(const Expr& e, const DataType& expected);
  Operand LowerArrayReduction(const Expr& e, NamedReduction reduction, const DataType& expected);
  struct ReduceParts {
    NamedReduction reduction;
    SourceRange range;
    std::vector<ir::ValueId> bounds;  ///< triples
    std::vector<ScalarType> types;    ///< of the induction variables
    std::vector<std::string_view> names;
    uint64_t inclusive = 0;
  };
  /// Builds the operation around a body that lowers the term inside its region; for a term of
  /// several scalars one operation for each of them.
  Operand FinishReduction(const ReduceParts& parts, const DataType& expected, ExprId condition,
                          const std::function<Term()>& term);
  /// The reduction of leaf number `leaf` of the term, whose type is stored in `whole`.
  Operand ReduceLeaf(const ReduceParts& parts, const DataType& expected, ExprId condition,
                     const std::function<Term()>& term, size_t leaf, DataType& whole);
  Term LeafOfTerm(const Term& term, size_t leaf);
  std::pair<uint64_t, uint64_t> IdentityOf(ReduceKind kind, ScalarType type);

  ModuleLowering& module_;
  const SourceUnit& unit_;  ///< the file of the function
  const SyntaxTree& tree_;
  const Item& item_;
  TypeArguments type_arguments_;
  ir::Builder builder_;
  ir::RegionId body_;

  std::vector<Variable> variables_;
  std::vector<ir::ValueId> values_;  ///< the environment: the parts of all variables
  std::vector<Type> value_types_;    ///< one a part
  std::unordered_map<std::string_view, VariableId> visible_;
  std::vector<std::vector<VariableId>> scopes_;
  std::set<std::string_view>
      poisoned_;  ///< names whose declaration was wrong: their uses are silent
  std::vector<LoopFrame> loops_;
  int parallel_depth_ = 0;
  bool is_group_ = false;              ///< in a parallel loop whose iterations have lanes
  bool has_lanes_ = false;             ///< the parallel loop has them, here or in a function
  int exit_depth_ = 0;                 ///< how many early exits the current statement stands behind
  bool division_was_inexact_ = false;  ///< set by ExactInteger
  DataType result_type_;               ///< invalid: none
  VariableId live_, returned_, result_;
  std::vector<VariableId> inout_parameters_;
  /// The arrays that calls are given to be written.
  std::set<std::pair<ir::OpId, ir::ValueId>> written_arguments_;
  /// Arrays with their own storage, one value a component.
  std::vector<std::pair<VariableId, std::vector<ir::ValueId>>> writable_arrays_;
};

}  // namespace einkorn::frontend
