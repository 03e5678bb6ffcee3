#include "runtime/tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "backends/interpreter/interpreter.h"
#include "ir/passes.h"
#include "runtime/overlap.h"

namespace einkorn {
namespace {

size_t CountOf(Type type, const ArrayBinding& array) {
  size_t count = 1;
  for (int d = 0; d < type.rank; ++d) count *= static_cast<size_t>(array.sizes[d]);
  return count;
}

// Where an element lies, by its number in row-major order.
const std::byte* AddressOf(Type type, const ArrayBinding& array, size_t element) {
  const auto* address = static_cast<const std::byte*>(array.data);
  for (int d = type.rank; d-- > 0;) {
    const auto size = static_cast<size_t>(array.sizes[d]);
    address += static_cast<int64_t>(element % size) * array.strides[d];
    element /= size;
  }
  return address;
}

// The elements in row-major order, without gaps.
std::vector<std::byte> ElementsOf(Type type, const ArrayBinding& array) {
  const auto bytes = static_cast<size_t>(BytesOf(type.scalar));
  std::vector<std::byte> elements(CountOf(type, array) * bytes);
  for (size_t at = 0; at < elements.size(); at += bytes)
    std::memcpy(elements.data() + at, AddressOf(type, array, at / bytes), bytes);
  return elements;
}

// The same sizes at another place, without gaps.
ArrayBinding RowMajor(Type type, ArrayBinding array, std::byte* data) {
  if (CountOf(type, array) == 0) return array;
  array.data = data;
  int64_t stride = BytesOf(type.scalar);
  for (int d = type.rank; d-- > 0; stride *= array.sizes[d]) array.strides[d] = stride;
  return array;
}

std::string IndexText(const ArrayBinding& array, int rank, size_t element) {
  std::string text;
  for (int d = rank; d-- > 0;) {
    const auto size = static_cast<size_t>(array.sizes[d]);
    text = fmt::format("{}{}{}", element % size, text.empty() ? "" : ", ", text);
    element /= size;
  }
  return text;
}

// How the contents of two arrays of the same sizes differ; empty if they do not.
std::string DifferenceOf(std::string_view name, Type type, const ArrayBinding& array,
                         const ArrayBinding& other) {
  const auto bytes = static_cast<size_t>(BytesOf(type.scalar));
  const size_t count = CountOf(type, array);
  for (size_t i = 0; i < count; ++i) {
    uint64_t l = 0, r = 0;
    std::memcpy(&l, AddressOf(type, array, i), bytes);
    std::memcpy(&r, AddressOf(type, other, i), bytes);
    if (SameValue(type.scalar, l, r)) continue;
    return fmt::format("{}[{}] is {} there and {} here", name, IndexText(array, type.rank, i),
                       FormatScalar(type.scalar, l), FormatScalar(type.scalar, r));
  }
  return {};
}

std::string FaultText(const std::optional<Fault>& fault, const SourceSet& sources) {
  return fault ? Render(*fault, sources, {}) : "no fault";
}

}  // namespace

// The kernels that tests launch, compiled for the targets; for all threads of a runner.
struct TestRunner::Kernels {
  // target, file, name with types, layouts of the arrays
  using Key = std::tuple<size_t, uint32_t, std::string, std::vector<ir::Layout>>;

  KernelPointer Find(const Key& key) {
    const std::lock_guard lock(mutex);
    const auto at = compiled.find(key);
    return at == compiled.end() ? nullptr : at->second;
  }
  KernelPointer Keep(const Key& key, KernelPointer kernel) {
    const std::lock_guard lock(mutex);
    return compiled.emplace(key, std::move(kernel)).first->second;
  }

  std::mutex mutex;
  std::map<Key, KernelPointer> compiled;
};

// Runs the kernels of a program's tests on all targets.
class TestRunner::Host final : public LaunchHost {
 public:
  Host(Session& session, const Program& program, const std::vector<TestTarget>& targets,
       Kernels& kernels)
      : session_(session), program_(program), targets_(targets), kernels_(kernels) {}

  const std::string& difference() const { return difference_; }
  const std::optional<Error>& refusal() const { return refusal_; }

  LaunchOutcome Launch(const ir::Module& module, ir::FunctionId kernel,
                       std::span<const LaunchArgument> given) override {
    const ir::Function& function = module.function(kernel);
    std::vector<Argument> arguments;
    size_t next = 0;
    for (const ir::Param& param : function.params) {
      if (param.kind == ir::ParamKind::kSymbol) continue;
      const Type type = function.type(param.value);
      const LaunchArgument& argument = given[next++];
      arguments.push_back(type.is_array() ? Argument::Array(type.scalar, type.rank, argument.array)
                                          : Argument::Scalar(type.scalar, argument.bits));
    }
    auto bound = BindShapes(function, arguments, {});
    LaunchOutcome outcome;
    if (!bound) {
      LaunchRefusal refusal = std::move(bound).error();
      if (auto* error = std::get_if<Error>(&refusal)) return Refuse(std::move(*error));
      outcome.fault = std::get<Fault>(std::move(refusal));
      return outcome;
    }
    if (auto fault = CheckOverlaps(function, *bound)) {
      outcome.fault = std::move(fault);
      return outcome;
    }
    return RunOnAll(module, kernel, *bound);
  }

 private:
  LaunchOutcome Refuse(Error error) {
    LaunchOutcome outcome;
    outcome.fault = Fault{FaultKind::kStopped, error.message, {}, {}, {}, {}};
    refusal_ = std::move(error);
    return outcome;
  }

  LaunchOutcome RunOnAll(const ir::Module& module, ir::FunctionId kernel,
                         std::vector<LaunchArgument> arguments) {
    const ir::Function& function = module.function(kernel);
    const auto type_of = [&](size_t i) { return function.type(function.params[i].value); };
    std::vector<std::vector<std::byte>> contents(arguments.size());
    std::vector<ir::Layout> layouts(arguments.size(), ir::Layout::kContiguous);
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (function.params[i].is_array())
        layouts[i] = LayoutOf(type_of(i).scalar, type_of(i).rank, arguments[i].array);
      if (function.params[i].is_written()) contents[i] = ElementsOf(type_of(i), arguments[i].array);
    }
    LaunchOutcome first;
    for (size_t t = 0; t < targets_.size(); ++t) {
      auto compiled = KernelFor(t, module, kernel, layouts);
      if (!compiled) return Refuse(std::move(compiled).error());
      if (t == 0) {
        first = (*compiled)->Run(arguments, targets_[t].threads);
        continue;
      }
      std::vector<std::vector<std::byte>> copies = contents;
      std::vector<LaunchArgument> others = arguments;
      for (size_t i = 0; i < others.size(); ++i)
        if (function.params[i].is_written())
          others[i].array = RowMajor(type_of(i), others[i].array, copies[i].data());
      const LaunchOutcome other = (*compiled)->Run(others, targets_[t].threads);
      std::string how = Compare(function, first, arguments, other, others);
      if (how.empty()) continue;
      difference_ = fmt::format("{}: {} (here) differs from {} (there): {}", function.name,
                                targets_[t].name, targets_[0].name, how);
      first.fault = Fault{FaultKind::kAssertion, difference_, {}, {}, {}, {}};
      return first;
    }
    return first;
  }

  std::string Compare(const ir::Function& function, const LaunchOutcome& first,
                      std::span<const LaunchArgument> arguments, const LaunchOutcome& other,
                      std::span<const LaunchArgument> others) const {
    const std::string l = FaultText(first.fault, program_.sources()),
                      r = FaultText(other.fault, program_.sources());
    if (l != r) return fmt::format("there\n{}here\n{}", l, r);
    if (first.printed != other.printed)
      return fmt::format("printed there\n{}printed here\n{}", first.printed, other.printed);
    if (first.fault) return {};
    for (size_t i = 0; i < first.results.size(); ++i)
      if (const ScalarType type = function.results[i].scalar;
          !SameValue(type, first.results[i], other.results[i]))
        return fmt::format("the result is {} there and {} here",
                           FormatScalar(type, first.results[i]),
                           FormatScalar(type, other.results[i]));
    for (size_t i = 0; i < arguments.size(); ++i) {
      const ir::Param& param = function.params[i];
      if (!param.is_written()) continue;
      std::string how =
          DifferenceOf(param.name, function.type(param.value), arguments[i].array, others[i].array);
      if (!how.empty()) return how;
    }
    return {};
  }

  Result<KernelPointer> KernelFor(size_t target, const ir::Module& module, ir::FunctionId kernel,
                                  const std::vector<ir::Layout>& layouts) {
    const ir::Function& function = module.function(kernel);
    const Kernels::Key key(target, function.range.file.index, function.name, layouts);
    if (KernelPointer known = kernels_.Find(key)) return known;
    ir::Module closed = module;
    closed.entry = kernel;
    for (size_t i = 0; i < layouts.size(); ++i)
      closed.function(kernel).params[i].layout = layouts[i];
    ir::DropUnusedFunctions(closed);
    auto compiled = session_.CompileModule(std::move(closed), targets_[target].options);
    if (!compiled) return std::move(compiled).error();
    return kernels_.Keep(key, *compiled);
  }

  Session& session_;
  const Program& program_;
  const std::vector<TestTarget>& targets_;
  Kernels& kernels_;
  std::string difference_;
  std::optional<Error> refusal_;
};

TestRunner::TestRunner(Session& session, std::shared_ptr<const Program> program,
                       std::vector<TestTarget> targets)
    : session_(session),
      program_(std::move(program)),
      targets_(std::move(targets)),
      kernels_(std::make_unique<Kernels>()) {}

TestRunner::~TestRunner() = default;

std::vector<Result<TestResult>> TestRunner::RunAll(const std::vector<size_t>& indices,
                                                   size_t threads) {
  std::vector<Result<TestResult>> results(indices.size(), Result<TestResult>(TestResult{}));
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;  // an internal error, of any thread
  const auto work = [&] {
    try {
      for (size_t i = next++; i < indices.size(); i = next++) results[i] = Run(indices[i]);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  std::vector<std::jthread> workers;
  for (size_t t = 1; t < std::min(threads, indices.size()); ++t) workers.emplace_back(work);
  work();
  workers.clear();
  if (failure) std::rethrow_exception(failure);
  return results;
}

Result<TestResult> TestRunner::Run(size_t index) {
  const bool is_debug = std::ranges::any_of(
      targets_, [](const TestTarget& t) { return t.options.mode == Mode::kDebug; });
  auto module = frontend::LowerTest(program_->checked(), index, is_debug);
  if (!module) return std::move(module).error();
  Host host(session_, *program_, targets_, *kernels_);
  const auto begin = std::chrono::steady_clock::now();
  LaunchOutcome outcome =
      Interpret(*module, module->entry, {}, {.host = &host, .is_debug = is_debug});
  TestResult result;
  result.name = program_->tests()[index].name;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (host.refusal()) return *host.refusal();
  result.printed = std::move(outcome.printed);
  result.difference = host.difference();
  // An expected error must not hide a difference.
  if (result.difference.empty()) result.fault = std::move(outcome.fault);
  result.passed = result.difference.empty() && !result.fault;
  return result;
}

}  // namespace einkorn
