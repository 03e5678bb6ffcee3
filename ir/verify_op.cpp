#include "ir/verify_op.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "ir/fault.h"
#include "ir/immediate.h"

namespace einkorn::ir {
namespace {

constexpr Type kBool = {ScalarType::kBool, 0};

std::string ListText(const std::vector<Type>& types) {
  std::string text;
  for (Type type : types) text += (text.empty() ? "" : ", ") + TextOf(type);
  return text.empty() ? "nothing" : text;
}

bool IsIntegerScalar(Type type) {
  return type.is_scalar() && IsInteger(type.scalar);
}
bool IsNumber(Type type) {
  return IsIntegerScalar(type) || (type.is_scalar() && IsFloat(type.scalar));
}

// Whether every value of `from` is one of `to`, and a sum of such terms may have that type.
bool Widens(Type from, Type to) {
  if (from == to) return IsNumber(from);
  if (IsIntegerScalar(from) && IsIntegerScalar(to))
    return FitsInteger(to.scalar, LeastOf(from.scalar)) &&
           FitsInteger(to.scalar, GreatestOf(from.scalar));
  return from == Type::Scalar(ScalarType::kF32) && to == Type::Scalar(ScalarType::kF64);
}

class OpVerifier {
 public:
  OpVerifier(const Module& module, const Function& function, const Op& op, OpContext context)
      : module_(module), function_(function), op_(op), context_(context) {
    for (ValueId operand : function.operands(op)) operands_.push_back(function.type(operand));
    for (ValueId result : function.results_of(op)) results_.push_back(function.type(result));
  }

  std::vector<std::string> Run() {
    VerifyRow();
    // The questions about particular operations count on what their row says.
    if (problems_.empty()) VerifyParticular();
    return std::move(problems_);
  }

 private:
  void Report(std::string problem) { problems_.push_back(std::move(problem)); }
  void Require(bool holds, std::string_view problem) {
    if (!holds) Report(std::string(problem));
  }

  // --- What the row says

  void VerifyRow() {
    const OpInfo& info = InfoOf(op_.opcode);
    if (info.operands >= 0 && operands_.size() != static_cast<size_t>(info.operands))
      return Report(
          fmt::format("it has {} operands instead of {}", operands_.size(), info.operands));
    if (info.operand_class != OperandClass::kNone && operands_.empty())
      return Report("it has no operands");
    if (!operands_.empty() && !Accepts(info.operand_class, operands_[0]))
      Report(fmt::format("its first operand may not be {}", TextOf(operands_[0])));
    VerifyTypes(info.types);
    VerifyRule();
    Require(IsValidImmediate(function_, op_, module_.functions.size()),
            "its immediate has no meaning");
    const size_t regions = RegionCount();
    if (op_.regions.count != regions)
      Report(fmt::format("it has {} regions instead of {}", op_.regions.count, regions));
  }

  void VerifyTypes(TypeRule rule) {
    const auto expects = [&](Type type) {
      if (results_ != std::vector<Type>{type})
        Report(fmt::format("its results are {} instead of {}", ListText(results_), TextOf(type)));
    };
    const auto operands_agree = [&](size_t from) {
      for (size_t i = from; i < operands_.size(); ++i)
        if (operands_[i] != operands_[from] || operands_[i].is_array())
          return Report(fmt::format("its operands are {}", ListText(operands_)));
    };
    switch (rule) {
      case TypeRule::kNone:
        Require(results_.empty(), "it has results");
        return;
      case TypeRule::kSame:
        operands_agree(0);
        return expects(operands_[0]);
      case TypeRule::kShift:
        Require(IsIntegerScalar(operands_[1]), "it shifts by something that is not an integer");
        return expects(operands_[0]);
      case TypeRule::kCompare:
        operands_agree(0);
        return expects(kBool);
      case TypeRule::kSelect:
        operands_agree(1);
        return expects(operands_[1]);
      case TypeRule::kElement:
        return expects(Type::Scalar(operands_[0].scalar));
      case TypeRule::kExplicit:
        return;
    }
  }

  void VerifyRule() {
    const ScalarType operand = operands_.empty() ? ScalarType::kBool : operands_[0].scalar;
    const ScalarType result = results_.empty() ? ScalarType::kBool : results_[0].scalar;
    // The rule of a reduction is about its result; its first operand is only a bound.
    if (op_.opcode != Opcode::kReduce && !HasRule(op_.opcode, op_.rule, operand))
      Report(fmt::format("it has the rule {}", TextOf(op_.rule)));
    const FaultSet possible = op_.opcode == Opcode::kReduce
                                  ? InfoOf(op_.opcode).faults
                                  : InitialChecks(op_.opcode, op_.rule, operand, result);
    Require((op_.checks & ~possible) == 0, "it has checks for faults that it cannot have");
  }

  size_t RegionCount() const {
    struct Row {
      Opcode opcode;
      size_t regions;
    };
    static constexpr Row rows[] = {
        {Opcode::kIf, 2},          {Opcode::kFor, 1},    {Opcode::kWhile, 2},
        {Opcode::kParallel, 1},    {Opcode::kReduce, 1}, {Opcode::kFrame, 1},
        {Opcode::kExpectError, 1}, {Opcode::kLanes, 2},  {Opcode::kAttempt, 2}};
    const auto row = std::ranges::find(rows, op_.opcode, &Row::opcode);
    return row == std::end(rows) ? 0 : row->regions;
  }

  // --- What the operation itself says

  void VerifyParticular() {
    struct Row {
      Opcode opcode;
      void (OpVerifier::*verify)();
    };
    static constexpr Row rows[] = {
        {Opcode::kBits, &OpVerifier::VerifyBits},
        {Opcode::kFromBits, &OpVerifier::VerifyBits},
        {Opcode::kConvert, &OpVerifier::VerifyConvert},
        {Opcode::kArray, &OpVerifier::VerifyArray},
        {Opcode::kView, &OpVerifier::VerifyView},
        {Opcode::kLoad, &OpVerifier::VerifyAccess},
        {Opcode::kStore, &OpVerifier::VerifyAccess},
        {Opcode::kAtomic, &OpVerifier::VerifyAccess},
        {Opcode::kSettle, &OpVerifier::VerifySettle},
        {Opcode::kArrayEqual, &OpVerifier::VerifyArrayEqual},
        {Opcode::kIf, &OpVerifier::VerifyIf},
        {Opcode::kFor, &OpVerifier::VerifyFor},
        {Opcode::kWhile, &OpVerifier::VerifyWhile},
        {Opcode::kParallel, &OpVerifier::VerifyParallel},
        {Opcode::kReduce, &OpVerifier::VerifyReduce},
        {Opcode::kFrame, &OpVerifier::VerifyFrame},
        {Opcode::kLanes, &OpVerifier::VerifyLanes},
        {Opcode::kAttempt, &OpVerifier::VerifyIf},
        {Opcode::kCall, &OpVerifier::VerifyCall},
        {Opcode::kLaunch, &OpVerifier::VerifyCall},
        {Opcode::kExpectError, &OpVerifier::VerifyExpectError},
        {Opcode::kFail, &OpVerifier::VerifyText},
        {Opcode::kPrint, &OpVerifier::VerifyText},
    };
    const auto row = std::ranges::find(rows, op_.opcode, &Row::opcode);
    if (row != std::end(rows)) (this->*row->verify)();
  }

  void VerifyBits() {
    const bool to_bits = op_.opcode == Opcode::kBits;
    const bool fits = results_.size() == 1 && results_[0].is_scalar() &&
                      (to_bits ? IsUnsigned(results_[0].scalar) : IsFloat(results_[0].scalar)) &&
                      BitsOf(results_[0].scalar) == BitsOf(operands_[0].scalar);
    Require(fits, "its result is not of the other class and the same width");
  }

  void VerifyConvert() {
    if (results_.size() != 1 || !results_[0].is_scalar())
      return Report("its result is not one scalar");
    Require(Converts(operands_[0].scalar, results_[0].scalar),
            "f16 and bf16 are made of floats only, and become floats only");
  }

  // --- Arrays

  void VerifyArray() {
    if (results_.size() != 1 || results_[0].is_scalar())
      return Report("its result is not an array");
    const size_t rank = results_[0].rank;
    if (operands_.size() != rank + op_.immediate)
      return Report("it needs one size for each dimension, then the filling value if there is one");
    const bool constant_sizes = context_.in_parallel || function_.kind == FunctionKind::kFunction;
    for (size_t d = 0; d < rank; ++d) {
      Require(IsIntegerScalar(operands_[d]), "a size is not an integer");
      if (constant_sizes && function_.ConstantOf(function_.operand(op_, d)) == nullptr)
        Report("an array here needs constant sizes");
    }
    if (op_.immediate == 1)
      Require(operands_.back() == Type::Scalar(results_[0].scalar),
              "the filling value has another type than the elements");
  }

  void VerifyView() {
    const Type array = operands_[0];
    const int kept = std::popcount(op_.immediate);
    if (operands_.size() != 1u + array.rank + static_cast<size_t>(kept))
      return Report("it needs an index or two bounds for each dimension");
    for (size_t i = 1; i < operands_.size(); ++i)
      Require(operands_[i] == Type::Scalar(ScalarType::kI64), "an index or bound is not an i64");
    Require(results_ == std::vector<Type>{Type::Array(array.scalar, kept)} && kept > 0,
            "its result is not an array of the dimensions that are kept");
  }

  void VerifyAccess() {
    const Type array = operands_[0];
    const bool has_value = op_.opcode != Opcode::kLoad;
    if (operands_.size() != 1u + array.rank + (has_value ? 1 : 0))
      return Report("it needs an index for each dimension");
    for (size_t d = 1; d <= array.rank; ++d)
      Require(IsIntegerScalar(operands_[d]), "an index is not an integer");
    if (!has_value) return;
    Require(operands_.back() == Type::Scalar(array.scalar),
            "the value has another type than the elements");
    const auto kind = static_cast<AtomicKind>(op_.immediate);
    const bool adds = kind == AtomicKind::kAdd || kind == AtomicKind::kSub;
    Require(
        op_.opcode != Opcode::kAtomic || IsInteger(array.scalar) || (IsFloat(array.scalar) && adds),
        "atomics combine integers, floats by sums only");
    const ValueId target = function_.operand(op_, 0);
    for (const Param& param : function_.params)
      if (param.value == target && !param.is_written()) Report("it writes an `in` parameter");
  }

  void VerifySettle() {
    Require(operands_.size() % 2 == 0, "it needs pairs of arrays");
    for (size_t i = 0; i + 1 < operands_.size(); i += 2) {
      Require(operands_[i].is_array() && operands_[i] == operands_[i + 1],
              "the arrays of a pair have different types");
      const auto is_target = [&](const Param& param) {
        return param.value == function_.operand(op_, i) && param.is_written();
      };
      Require(std::ranges::any_of(function_.params, is_target),
              "the first of a pair is not a parameter that may be written");
    }
  }

  void VerifyArrayEqual() {
    Require(operands_[0] == operands_[1], "the arrays have different types");
    Require(results_ == std::vector<Type>{kBool}, "its result is not a bool");
  }

  // --- Control

  RegionId region(size_t i) const { return function_.region_of(op_, i); }

  void RequireYields(size_t i, const std::vector<Type>& types, std::string_view what) {
    for (std::string& problem : YieldProblems(function_, region(i), types, what))
      Report(std::move(problem));
  }

  void RequireArguments(size_t i, const std::vector<Type>& types) {
    std::vector<Type> arguments;
    for (ValueId argument : function_.region(region(i)).arguments)
      arguments.push_back(function_.type(argument));
    if (arguments != types)
      Report(fmt::format("a region has the arguments {} instead of {}", ListText(arguments),
                         ListText(types)));
  }

  void RequireResults(const std::vector<Type>& types) {
    if (results_ != types)
      Report(fmt::format("its results are {} instead of {}", ListText(results_), ListText(types)));
  }

  void VerifyIf() {
    for (size_t i = 0; i < 2; ++i) {
      RequireArguments(i, {});
      RequireYields(i, results_, "the results");
    }
  }

  // The types of the induction variables of `count` ranges; empty if the bounds do not agree.
  std::vector<Type> RangeTypes(size_t count) {
    std::vector<Type> types;
    for (size_t k = 0; k < count; ++k) {
      const Type type = operands_[3 * k];
      if (!IsIntegerScalar(type) || operands_[3 * k + 1] != type || operands_[3 * k + 2] != type) {
        Report("the bounds and the step of a range are not of one integer type");
        return {};
      }
      types.push_back(type);
    }
    return types;
  }

  void VerifyFor() {
    if (operands_.size() < 3) return Report("it needs from, to and step");
    std::vector<Type> arguments = RangeTypes(1);
    if (arguments.empty()) return;
    const std::vector<Type> carried(operands_.begin() + 3, operands_.end());
    arguments.insert(arguments.end(), carried.begin(), carried.end());
    RequireArguments(0, arguments);
    RequireResults(carried);
    std::vector<Type> yields = carried;
    if (op_.immediate & kForExits) yields.insert(yields.begin(), kBool);
    RequireYields(0, yields, "whether to go on, where it may exit, and the carried values");
  }

  void VerifyWhile() {
    RequireArguments(0, operands_);
    RequireArguments(1, operands_);
    RequireResults(operands_);
    RequireYields(0, {kBool}, "the condition");
    RequireYields(1, operands_, "the carried values");
  }

  void VerifyParallel() {
    if (operands_.empty() || operands_.size() % 3 != 0)
      return Report("it needs triples of from, to and step");
    RequireArguments(0, RangeTypes(operands_.size() / 3));
    RequireYields(0, {}, "the results");
  }

  void VerifyReduce() {
    if (operands_.empty() || operands_.size() % 3 != 0)
      return Report("it needs triples of from, to and step");
    const std::vector<Type> variables = RangeTypes(operands_.size() / 3);
    if (variables.empty()) return;
    RequireArguments(0, variables);
    if (results_.size() != 1 || results_[0].is_array())
      return Report("its result is not one scalar");
    const auto yields = function_.operands(function_.terminator(region(0)));
    if (yields.size() != 2 && yields.size() != 3)
      return Report("its region yields an inclusion, a term and perhaps a factor");
    Require(function_.type(yields[0]) == kBool, "the inclusion is not a bool");
    const bool is_arg =
        ReduceKindOf(op_) == ReduceKind::kArgmin || ReduceKindOf(op_) == ReduceKind::kArgmax;
    if (is_arg && yields.size() == 3) {
      const Type place = function_.type(yields[2]);
      Require(IsIntegerScalar(place) && results_[0] == place && IsNumber(function_.type(yields[1])),
              "its result is not the place of its terms");
      return;
    }
    VerifyReduction(variables, function_.type(yields[1]));
    if (yields.size() == 3) {
      const bool fuses = ReduceKindOf(op_) == ReduceKind::kSum && IsFloat(results_[0].scalar) &&
                         function_.type(yields[1]) == results_[0] &&
                         function_.type(yields[2]) == results_[0];
      Require(fuses, "only floating sums have a factor, of the type of the result");
    }
  }

  void VerifyReduction(const std::vector<Type>& variables, Type term) {
    const Type result = results_[0];
    bool fits = false, has_rule = false;
    switch (ReduceKindOf(op_)) {
      case ReduceKind::kSum:
      case ReduceKind::kProd:
        fits = Widens(term, result);
        has_rule = IsInteger(result.scalar);
        break;
      case ReduceKind::kMin:
      case ReduceKind::kMax:
        fits = Widens(term, result);
        break;
      case ReduceKind::kAny:
      case ReduceKind::kAll:
        fits = term == kBool && result == kBool;
        break;
      case ReduceKind::kCount:
        fits = term == kBool && IsIntegerScalar(result);
        has_rule = true;
        break;
      case ReduceKind::kArgmin:
      case ReduceKind::kArgmax:
        fits = IsNumber(term) && variables.size() == 1 && result == variables[0];
        break;
    }
    if (!fits)
      Report(fmt::format("its terms are {} and its result is {}", TextOf(term), TextOf(result)));
    Require((op_.rule != Rule::kNone) == has_rule, "its rule does not fit its result");
    Require(op_.rule == Rule::kChecked || !(op_.checks & kOverflowBit),
            "it has checks for faults that it cannot have");
  }

  // --- Calls and reports

  void VerifyFrame() {
    for (Type type : operands_) Require(type.is_scalar(), "an argument shown is an array");
    RequireArguments(0, {});
    RequireYields(0, results_, "the results");
    Require(ParseFrameText(function_.string(op_.text)).arguments.size() == operands_.size(),
            "its text names another number of arguments");
  }

  void VerifyLanes() {
    for (Type type : results_) Require(type.is_scalar(), "a result is an array");
    RequireArguments(0, {Type::Scalar(ScalarType::kI64)});
    RequireYields(0, results_, "the results");
    std::vector<Type> pairs = results_;
    pairs.insert(pairs.end(), results_.begin(), results_.end());
    RequireArguments(1, pairs);
    RequireYields(1, results_, "the results");
  }

  void VerifyCall() {
    const Function& callee = module_.functions[op_.immediate];
    const bool launches = op_.opcode == Opcode::kLaunch;
    Require(launches
                ? callee.kind == FunctionKind::kKernel
                : callee.kind == FunctionKind::kFunction || callee.kind == FunctionKind::kKernel,
            "what it names cannot be called");
    std::vector<Type> params;
    for (const Param& param : callee.params)
      if (!launches || param.kind != ParamKind::kSymbol) params.push_back(callee.type(param.value));
    if (operands_ != params)
      Report(
          fmt::format("its arguments are {} instead of {}", ListText(operands_), ListText(params)));
    RequireResults(callee.results);
  }

  void VerifyExpectError() {
    RequireArguments(0, {});
    RequireYields(0, {}, "the results");
  }

  // Each `{}` shows one operand, each `{i128}` two words.
  void VerifyText() {
    std::string_view text = function_.string(op_.text);
    size_t shown = 0;
    while (!text.empty()) {
      const bool wide = text.starts_with("{i128}");
      const bool plain = text.starts_with("{}");
      if (wide) {
        for (size_t word = shown; word < shown + 2; ++word)
          Require(word < operands_.size() && operands_[word] == Type::Scalar(ScalarType::kU64),
                  "its text shows an i128 that is not two words");
      }
      const bool escape = text.starts_with("{{") || text.starts_with("}}");
      if (!wide && !plain && !escape && (text[0] == '{' || text[0] == '}'))
        return Report("its text has a brace alone");
      shown += wide ? 2 : plain ? 1 : 0;
      text.remove_prefix(wide ? 6 : plain || escape ? 2 : 1);
    }
    Require(shown == operands_.size(), "its text shows another number of operands");
    for (Type type : operands_) Require(type.is_scalar(), "it shows an array");
  }

  const Module& module_;
  const Function& function_;
  const Op& op_;
  OpContext context_;
  std::vector<Type> operands_, results_;
  std::vector<std::string> problems_;
};

}  // namespace

OpContext ContextInside(const Op& op, OpContext outside) {
  return {outside.in_parallel || op.opcode == Opcode::kParallel || op.opcode == Opcode::kReduce};
}

std::vector<std::string> ProblemsOf(const Module& module, const Function& function, const Op& op,
                                    OpContext context) {
  return OpVerifier(module, function, op, context).Run();
}

std::vector<std::string> YieldProblems(const Function& function, RegionId region,
                                       const std::vector<Type>& types, std::string_view what) {
  std::vector<Type> yielded;
  for (ValueId value : function.operands(function.terminator(region)))
    yielded.push_back(function.type(value));
  if (yielded == types) return {};
  return {
      fmt::format("a region yields {} where {} are {}", ListText(yielded), what, ListText(types))};
}

}  // namespace einkorn::ir
