// Verification of structure: tables, scopes, regions. What single operations demand is in
// verify_op.cpp.
#include "ir/verifier.h"

#include <fmt/format.h>

#include "ir/text.h"
#include "ir/verify_op.h"

namespace einkorn::ir {
namespace {

constexpr size_t kMaxProblems = 20;

class FunctionVerifier {
 public:
  FunctionVerifier(const Module& module, const Function& function,
                   std::vector<std::string>& problems)
      : module_(module), function_(function), problems_(problems) {}

  // Whether every id names an entry, so that the tables may be read without looking.
  bool VerifyTables() {
    if (AreTablesSound()) return true;
    Report("a table holds an id that names nothing");
    return false;
  }

  void Run() {
    const size_t before = problems_.size();
    visible_.resize(function_.values.size());
    region_seen_.resize(function_.regions.size());
    op_seen_.resize(function_.ops.size());
    VerifyParams();
    for (const Type& type : function_.results)
      if (!type.is_scalar()) Report("the result type is an array");
    if (!function_.region(function_.body).arguments.empty()) Report("the body has arguments");
    VerifyRegion(function_.body, {}, 0);
    if (problems_.size() != before) return;
    for (const std::string& problem :
         YieldProblems(function_, function_.body, function_.results, "the function's results"))
      Report(problem);
  }

 private:
  void Report(std::string_view problem, const Op* op = nullptr) {
    if (problems_.size() >= kMaxProblems) return;
    std::string text = fmt::format("function `{}`", function_.name);
    if (op != nullptr)
      text += fmt::format(", operation {} (`{}`)", op - function_.ops.data(), TextOf(op->opcode));
    problems_.push_back(fmt::format("{}: {}", text, problem));
  }

  bool AreTablesSound() const {
    const auto holds = [&](auto id, const auto& table) { return id.index < table.size(); };
    const auto lies_in = [](PoolRange range, const auto& pool) {
      return range.begin <= pool.size() && range.count <= pool.size() - range.begin;
    };
    const auto text_holds = [&](StringId id) {
      return !id.valid() || holds(id, function_.strings);
    };
    bool sound = holds(function_.body, function_.regions);
    for (const Value& value : function_.values) {
      sound = sound && text_holds(value.name) && text_holds(value.shape) &&
              (!value.def.valid() || holds(value.def, function_.ops)) &&
              value.type.rank <= kMaxRank;
    }
    for (ValueId value : function_.value_pool) sound = sound && holds(value, function_.values);
    for (RegionId region : function_.region_pool) sound = sound && holds(region, function_.regions);
    for (const Param& param : function_.params)
      sound = sound && holds(param.value, function_.values);
    for (const Region& region : function_.regions) {
      for (ValueId argument : region.arguments) sound = sound && holds(argument, function_.values);
      for (OpId op : region.ops) sound = sound && holds(op, function_.ops);
    }
    for (const Op& op : function_.ops) {
      sound = sound && lies_in(op.operands, function_.value_pool) &&
              lies_in(op.results, function_.value_pool) &&
              lies_in(op.regions, function_.region_pool) && text_holds(op.text);
    }
    return sound;
  }

  // --- Parameters

  void VerifyParams() {
    bool scalars_began = false;
    for (const Param& param : function_.params) {
      const Type type = function_.type(param.value);
      const auto report = [&](std::string_view problem) {
        Report(fmt::format("parameter `{}`: {}", param.name, problem));
      };
      if (param.kind == ParamKind::kSymbol && scalars_began)
        report("symbols come before other parameters");
      scalars_began = scalars_began || param.kind != ParamKind::kSymbol;
      if (param.kind == ParamKind::kSymbol && type != Type::Scalar(ScalarType::kI64))
        report("a symbol is an i64");
      if (param.is_array() != type.is_array()) report("its type does not fit its kind");
      if (param.shape.size() != type.rank) report("it needs one size for each dimension");
      for (const ShapeExpr& size : param.shape)
        if (!IsSize(size)) report("a size is not a sum of products of i64 parameters");
      Define(param.value, OpId(), nullptr);
    }
  }

  bool IsSize(const ShapeExpr& size) const {
    for (size_t i = 0; i < size.terms.size(); ++i) {
      const ShapeTerm& term = size.terms[i];
      if (term.coefficient == 0) return false;
      for (size_t j = 0; j < i; ++j)
        if (size.terms[j].symbols == term.symbols) return false;
      for (size_t k = 0; k < term.symbols.size(); ++k) {
        const uint32_t symbol = term.symbols[k];
        if (symbol >= function_.params.size() || (k > 0 && symbol < term.symbols[k - 1]))
          return false;
        const Param& param = function_.params[symbol];
        if (function_.type(param.value) != Type::Scalar(ScalarType::kI64)) return false;
      }
    }
    return true;
  }

  // --- Scopes

  void Define(ValueId value, OpId def, const Op* op) {
    if (function_.value(value).def != def) Report("a value names another definition", op);
    if (visible_[value.index]) Report("a value is defined twice", op);
    visible_[value.index] = true;
    defined_.push_back(value);
  }

  void VerifyRegion(RegionId id, OpContext context, int depth) {
    if (region_seen_[id.index]) return Report("a region is used twice");
    region_seen_[id.index] = true;
    if (depth > 4 * kMaxRegionDepth) return Report("regions are nested too deep");
    const size_t outside = defined_.size();
    const Region& region = function_.region(id);
    for (ValueId argument : region.arguments) Define(argument, OpId(), nullptr);
    if (region.ops.empty()) Report("a region does not end in a yield");
    for (OpId op : region.ops) VerifyOp(op, op == region.ops.back(), context, depth);
    for (size_t i = outside; i < defined_.size(); ++i) visible_[defined_[i].index] = false;
    defined_.resize(outside);
  }

  void VerifyOp(OpId id, bool is_last, OpContext context, int depth) {
    const Op& op = function_.op(id);
    if (op_seen_[id.index]) return Report("an operation stands in two places", &op);
    op_seen_[id.index] = true;
    for (ValueId operand : function_.operands(op))
      if (!visible_[operand.index]) Report("an operand is not defined here", &op);
    const bool is_yield = op.opcode == Opcode::kYield;
    if (is_yield && !is_last) Report("a yield stands before the end of its region", &op);
    if (!is_yield && is_last) Report("a region does not end in a yield", &op);

    const size_t before = problems_.size();
    const OpContext inside = ContextInside(op, context);
    for (RegionId region : function_.regions_of(op)) VerifyRegion(region, inside, depth + 1);
    // What an operation demands of its regions can be asked only of regions that are well formed.
    if (problems_.size() == before) {
      for (const std::string& problem : ProblemsOf(module_, function_, op, context))
        Report(problem, &op);
    }
    for (ValueId result : function_.results_of(op)) Define(result, id, &op);
  }

  const Module& module_;
  const Function& function_;
  std::vector<std::string>& problems_;
  std::vector<bool> visible_, region_seen_, op_seen_;
  std::vector<ValueId> defined_;
};

}  // namespace

std::vector<std::string> Verify(const Module& module) {
  std::vector<std::string> problems;
  if (module.entry.index >= module.functions.size()) problems.push_back("the module has no entry");
  bool sound = true;
  for (const Function& function : module.functions)
    sound = FunctionVerifier(module, function, problems).VerifyTables() && sound;
  if (!sound) return problems;
  for (const Function& function : module.functions)
    FunctionVerifier(module, function, problems).Run();
  return problems;
}

}  // namespace einkorn::ir
