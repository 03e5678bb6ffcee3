// Functions inlined and called, kernels launched, and expected errors.
#include <utility>

#include "backends/interpreter/run.h"

namespace einkorn::interpreter {
bool Run::IsRecursive(ir::FunctionId function) {
  if (!calls_) calls_.emplace(module_);
  return calls_->IsRecursive(function);
}

bool Run::RunFrame(const ir::Op& op) {
  const ir::RegionId region = function_->region_of(op, 0);
  const size_t arrays_before = arrays_.size();
  ScopeGuard scope(*this, Scope::Kind::kFrame, &op);
  if (!RunRegion(region)) return false;
  const auto results = function_->results_of(op);
  const auto yielded = Yielded(region);
  for (size_t i = 0; i < results.size(); ++i) bits(results[i]) = bits(yielded[i]);
  ReleaseArrays(arrays_before, results);
  return true;
}

// The second region is always right.
bool Run::RunAttempt(const ir::Op& op) {
  const ir::RegionId region = function_->region_of(op, 1);
  const size_t arrays_before = arrays_.size();
  if (!RunRegion(region)) return false;
  const auto results = function_->results_of(op);
  const auto yielded = Yielded(region);
  for (size_t i = 0; i < results.size(); ++i) bits(results[i]) = bits(yielded[i]);
  ReleaseArrays(arrays_before, results);
  return true;
}

bool Run::RunCall(const ir::Op& op) {
  const ir::FunctionId id(op.immediate);
  const ir::Function& callee = module_.function(id);
  const bool is_recursive = IsRecursive(id);
  if (is_recursive && recursion_depth_ >= callee.depth_limit)
    return Fail(DescribeRecursion(op.range, callee.name, callee.depth_limit));
  std::vector<uint64_t> key;
  const int outer_deepest = deepest_;
  if (callee.is_memo) {
    key = MemoKey(id, op);
    if (const MemoEntry* known = memo_.Find(key, recursion_depth_)) {
      deepest_ = std::max(deepest_, recursion_depth_ + known->height);
      for (size_t i = 0; i < known->results.size(); ++i)
        bits(function_->result(op, i)) = known->results[i];
      return true;
    }
    deepest_ = recursion_depth_;
  }

  std::vector<uint64_t> registers(callee.values.size());
  for (size_t i = 0; i < callee.params.size(); ++i)
    registers[callee.params[i].value.index] = operand_bits(op, i);
  const size_t arrays_before = arrays_.size();
  const ir::Function* const caller = std::exchange(function_, &callee);
  uint64_t* const caller_registers = std::exchange(registers_, registers.data());
  recursion_depth_ += is_recursive ? 1 : 0;
  deepest_ = std::max(deepest_, recursion_depth_);
  bool ok = false;
  std::vector<uint64_t> results;
  {
    ScopeGuard scope(*this, Scope::Kind::kFunction, nullptr);
    ok = RunRegion(callee.body);
  }
  if (ok) {
    for (ir::ValueId value : Yielded(callee.body)) results.push_back(bits(value));
    ReleaseArrays(arrays_before, Yielded(callee.body));
  }
  recursion_depth_ -= is_recursive ? 1 : 0;
  function_ = caller;
  registers_ = caller_registers;
  for (size_t i = 0; i < results.size(); ++i) bits(function_->result(op, i)) = results[i];
  if (ok && shadow_ != nullptr) ok = CheckLibraryResult(op, callee);
  if (ok && callee.is_memo) memo_.Keep(std::move(key), {results, deepest_ - recursion_depth_});
  deepest_ = std::max(deepest_, outer_deepest);
  return ok;
}

std::vector<uint64_t> Run::MemoKey(ir::FunctionId callee, const ir::Op& op) {
  std::vector<uint64_t> key = OperandBits(op);
  key.push_back(callee.index);
  return key;
}

bool Run::RunLaunch(const ir::Op& op) {
  EINKORN_CHECK(host_ != nullptr, "a launch without a host that runs it");
  std::vector<LaunchArgument> arguments;
  for (ir::ValueId value : function_->operands(op)) {
    LaunchArgument argument;
    if (function_->type(value).is_array())
      argument.array = array(value).place;
    else
      argument.bits = bits(value);
    arguments.push_back(argument);
  }
  LaunchOutcome launched = host_->Launch(module_, ir::FunctionId(op.immediate), arguments);
  std::string_view printed = launched.printed;
  while (!printed.empty()) {
    const size_t end = printed.find('\n');
    PrintLine(printed.substr(0, end));
    printed.remove_prefix(end == std::string_view::npos ? printed.size() : end + 1);
  }
  if (launched.fault) {
    outcome_.fault = std::move(launched.fault);
    return false;
  }
  const auto results = function_->results_of(op);
  for (size_t i = 0; i < results.size(); ++i) bits(results[i]) = launched.results[i];
  if (shadow_ != nullptr) NoteLaunch(op);
  return true;
}

bool Run::RunExpectError(ir::OpId id, const ir::Op& op) {
  const size_t arrays_before = arrays_.size();
  std::vector<std::pair<const Array*, std::vector<uint64_t>>> contents;
  for (const auto* arrays : {&arguments_, &arrays_})
    for (const auto& array : *arrays) contents.emplace_back(array.get(), ReadAll(*array));
  if (RunRegion(function_->region_of(op, 0))) return Fail(id, FaultKind::kAssertion);
  if (outcome_.fault->kind != static_cast<FaultKind>(op.immediate)) return false;
  outcome_.fault.reset();
  for (const auto& [array, elements] : contents) WriteAll(*array, elements);
  ReleaseArrays(arrays_before);
  return true;
}

}  // namespace einkorn::interpreter
