// The walk itself: registers, scalar operations, prints and faults.
#include "backends/interpreter/run.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <exception>
#include <functional>

#include "backends/interpreter/interpreter.h"

namespace einkorn {

namespace {

// Calls of recursive functions nest on the interpreter's own stack, and loops in them do too; the
// pages of this one are only there once they are used.
constexpr size_t kDeepStackBytes = size_t{1} << 30;

// Runs `body` on a stack of its own, or on the caller's where the system gives none.
void OnDeepStack(const std::function<void()>& body) {
  struct Task {
    const std::function<void()>& body;
    std::exception_ptr failure;
  } task{body, nullptr};
  const auto run = [](void* given) -> void* {
    Task& its = *static_cast<Task*>(given);
    try {
      its.body();
    } catch (...) {
      its.failure = std::current_exception();
    }
    return nullptr;
  };
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  const bool is_started = pthread_attr_setstacksize(&attributes, kDeepStackBytes) == 0 &&
                          pthread_create(&thread, &attributes, run, &task) == 0;
  pthread_attr_destroy(&attributes);
  if (!is_started) return body();
  pthread_join(thread, nullptr);
  if (task.failure) std::rethrow_exception(task.failure);
}

}  // namespace

LaunchOutcome Interpret(const ir::Module& module, ir::FunctionId function,
                        std::span<const LaunchArgument> arguments,
                        const InterpretOptions& options) {
  LaunchOutcome outcome;
  const auto run = [&] { outcome = interpreter::Run(module, options).Start(function, arguments); };
  if (ir::CallGraph(module).HasRecursion())
    OnDeepStack(run);
  else
    run();
  return outcome;
}

namespace interpreter {

LaunchOutcome Run::Start(ir::FunctionId id, std::span<const LaunchArgument> arguments) {
  const ir::Function& function = module_.function(id);
  EINKORN_CHECK(arguments.size() == function.params.size(),
                fmt::format("{} takes {} arguments, not {}", function.name, function.params.size(),
                            arguments.size()));
  std::vector<uint64_t> registers(function.values.size());
  function_ = &function;
  registers_ = registers.data();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ir::ValueId value = function.params[i].value;
    const Type type = function.type(value);
    if (type.is_scalar()) {
      bits(value) = Canonical(type.scalar, arguments[i].bits);
      continue;
    }
    arguments_.push_back(std::make_unique<Array>(
        Array{arguments[i].array, type.scalar, type.rank, next_serial_++, nullptr,
              function.params[i].kind == ir::ParamKind::kArrayOut ? Array::Contents::kOut
                                                                  : Array::Contents::kDefined}));
    SetArray(value, *arguments_.back());
  }
  ScopeGuard scope(*this, Scope::Kind::kFunction, nullptr);
  if (RunRegion(function.body))
    for (ir::ValueId result : Yielded(function.body)) outcome_.results.push_back(bits(result));
  if (dropped_lines_ > 0) outcome_.printed += fmt::format("… {} more\n", dropped_lines_);
  return std::move(outcome_);
}

bool Run::RunRegion(ir::RegionId id) {
  for (ir::OpId op : function_->region(id).ops)
    if (!RunOp(op)) return false;
  return true;
}

bool Run::RunOp(ir::OpId id) {
  const ir::Op& op = function_->op(id);
  if (max_steps_ && steps_left_-- == 0)
    return Fail(Fault{.kind = FaultKind::kStopped,
                      .message = fmt::format("more than {} operations", *max_steps_),
                      .range = op.range});
  switch (op.opcode) {
    case Opcode::kConstant:
      bits(function_->result(op)) = op.immediate;
      return true;
    case Opcode::kArray:
      return RunArray(id, op);
    case Opcode::kView:
      return RunView(id, op);
    case Opcode::kLoad:
      return RunLoad(id, op);
    case Opcode::kStore:
      return RunStore(id, op);
    case Opcode::kAtomic:
      return RunAtomic(id, op);
    case Opcode::kSettle:
      RunSettle(op);
      return true;
    case Opcode::kArrayEqual:
      RunArrayEqual(op);
      return true;
    case Opcode::kIf:
      return RunIf(op);
    case Opcode::kFor:
      return RunFor(id, op);
    case Opcode::kWhile:
      return RunWhile(op);
    case Opcode::kParallel:
      return RunParallel(id, op);
    case Opcode::kReduce:
      return RunReduce(id, op);
    case Opcode::kFrame:
      return RunFrame(op);
    case Opcode::kAttempt:
      return RunAttempt(op);
    case Opcode::kCall:
      return RunCall(op);
    case Opcode::kLaunch:
      return RunLaunch(op);
    case Opcode::kExpectError:
      return RunExpectError(id, op);
    case Opcode::kYield:
      return true;  // whoever ran the region reads its operands
    case Opcode::kFail:
      return Fail(id, static_cast<FaultKind>(op.immediate), OperandBits(op));
    case Opcode::kPrint:
      RunPrint(op);
      return true;
    default:
      // `Evaluate` has a case for each of the rest, which the compiler sees to.
      return RunScalar(id, op);
  }
}

bool Run::RunScalar(ir::OpId id, const ir::Op& op) {
  constexpr size_t kMaxOperands = 3;
  ScalarType types[kMaxOperands];
  uint64_t operands[kMaxOperands];
  const size_t count = op.operands.count;
  for (size_t i = 0; i < count; ++i) {
    const ir::ValueId value = function_->operand(op, i);
    types[i] = function_->type(value).scalar;
    operands[i] = bits(value);
  }
  const ir::ValueId result = function_->result(op);
  const ScalarOutcome outcome = Evaluate(op.opcode, op.rule, {types, count}, {operands, count},
                                         function_->type(result).scalar);
  if (outcome.fault && (op.checks & BitOf(*outcome.fault)) != 0)
    return Fail(id, *outcome.fault, {operands, count});
  bits(result) = outcome.bits;
  return shadow_ == nullptr || CheckNan(op, {types, count}, {operands, count}, outcome.bits);
}

std::vector<uint64_t> Run::OperandBits(const ir::Op& op) {
  std::vector<uint64_t> operands;
  for (ir::ValueId value : function_->operands(op)) operands.push_back(bits(value));
  return operands;
}

// --- Prints

void Run::RunPrint(const ir::Op& op) {
  std::vector<Type> types;
  for (ir::ValueId value : function_->operands(op)) types.push_back(function_->type(value));
  PrintLine(FillText(function_->string(op.text), types, OperandBits(op)));
}

// After the first line that does not fit, no shorter one is let through.
void Run::PrintLine(std::string_view line) {
  if (dropped_lines_ > 0 || outcome_.printed.size() + line.size() + 1 > kMaxPrintedBytes) {
    ++dropped_lines_;
    return;
  }
  outcome_.printed += line;
  outcome_.printed += '\n';
}

// --- Faults

bool Run::Fail(ir::OpId id, FaultKind kind, std::span<const uint64_t> operands) {
  return Fail(DescribeFault(*function_, id, kind, operands));
}

bool Run::Fail(Fault fault) {
  outcome_.fault = std::move(fault);
  outcome_.fault->stack = Stack();
  return false;
}

std::vector<FaultFrame> Run::Stack() const {
  std::vector<FaultFrame> stack;
  std::vector<NamedScalar> iteration;  // of the function being looked at, innermost first
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->outer) {
    const ir::Function& function = *scope->function;
    const auto bits_of = [&](ir::ValueId id) { return scope->registers[id.index]; };
    std::vector<uint64_t> arguments;
    switch (scope->kind) {
      case Scope::Kind::kLoop: {
        const auto& variables = function.region(function.region_of(*scope->op, 0)).arguments;
        for (size_t k = LoopVariableCount(*scope->op); k-- > 0;) {
          const std::string_view name = function.string(function.value(variables[k]).name);
          if (name.empty()) continue;
          iteration.push_back({std::string(name), function.type(variables[k]).scalar,
                               bits_of(variables[k]), RoleOfLoop(*scope->op)});
        }
        continue;
      }
      case Scope::Kind::kFrame:
        for (ir::ValueId operand : function.operands(*scope->op))
          arguments.push_back(bits_of(operand));
        stack.push_back(FrameOfOp(function, *scope->op, arguments));
        break;
      case Scope::Kind::kFunction:
        for (const ir::Param& param : function.params) arguments.push_back(bits_of(param.value));
        stack.push_back(FrameOfFunction(function, arguments));
        break;
    }
    std::reverse(iteration.begin(), iteration.end());
    stack.back().iteration = std::move(iteration);
    iteration.clear();
  }
  return stack;
}

}  // namespace interpreter
}  // namespace einkorn
