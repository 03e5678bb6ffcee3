// Einkorn as a shared library for the benchmark: a kernel with its arguments, which the caller
// owns, to be compiled in a mode and run as often as one likes. Called from Python by ctypes.
//
// Functions that can fail return null or a status that is not 0; `why` then says what was wrong.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "runtime/session.h"
#include "tools/number.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace einkorn {
namespace {

struct Call {
  std::shared_ptr<const Program> program;
  std::string kernel;
  frontend::Specialization chosen;
  frontend::KernelSignature signature;
  std::map<std::string, std::vector<Argument>> bound;  // by parameter
  std::vector<NamedSize> sizes;
  Session session;
  KernelPointer compiled[2];  // checked, unchecked
  std::vector<LaunchArgument> arguments;
  std::string why;

  bool Fail(std::string text) {
    why = std::move(text);
    return false;
  }
  bool Fail(const Fault& fault) { return Fail(Render(fault, program->sources(), {})); }

  const frontend::KernelParameter* ParameterNamed(const std::string& name) const {
    for (const frontend::KernelParameter& parameter : signature.parameters)
      if (parameter.name == name) return &parameter;
    return nullptr;
  }

  bool Open(const std::string& path, const std::vector<std::string>& types) {
    auto text = ReadSourceText(path);
    if (!text) return Fail(text.error().message);
    program = Program::Read(path, std::move(*text));
    if (!program->ok()) {
      for (const Diagnostic& one : program->diagnostics().list())
        why += Render(one, program->sources(), {});
      return false;
    }
    for (const std::string& type : types) chosen.types.push_back(frontend::TypeNamed(type));
    auto found = frontend::KernelSignatureOf(program->checked(), kernel, chosen);
    if (!found) return Fail(found.error().message);
    signature = std::move(*found);
    return true;
  }

  // Reads a scalar parameter, or what may be a shape symbol.
  bool BindScalar(const std::string& name, const std::string& text) {
    const frontend::KernelParameter* parameter = ParameterNamed(name);
    const ScalarType type = parameter == nullptr ? ScalarType::kI64 : parameter->type.scalar();
    auto bits = command::ParseNumber(text, type);
    if (!bits) return Fail(name + ": " + bits.error());
    if (parameter == nullptr)
      sizes.push_back({name, static_cast<int64_t>(*bits)});
    else
      bound[name] = ArgumentsOf(*parameter, std::vector<uint64_t>{*bits});
    return true;
  }

  bool BindArray(const std::string& name, const ElementArray& array) {
    const frontend::KernelParameter* parameter = ParameterNamed(name);
    if (parameter == nullptr) return true;
    auto made = ArgumentsOf(*parameter, array);
    if (!made) return Fail(name + ": " + made.error().message);
    bound[name] = std::move(*made);
    return true;
  }

  bool Compile(Mode mode) {
    auto kernel_or = session.Compile(program, kernel, chosen, {.mode = mode});
    if (!kernel_or) return Fail(kernel_or.error().message);
    compiled[mode == Mode::kUnchecked] = *kernel_or;
    const ir::Function& function = (*kernel_or)->function();
    std::vector<Argument> all;
    for (const frontend::KernelParameter& parameter : signature.parameters) {
      if (parameter.param_count == 0) continue;
      if (!bound.contains(parameter.name)) return Fail("no argument " + parameter.name);
      all.insert(all.end(), bound[parameter.name].begin(), bound[parameter.name].end());
    }
    if (Status status = CheckArguments(function, all); !status) return Fail(status.error().message);
    std::vector<NamedSize> symbols;
    for (const NamedSize& size : sizes)
      for (const ir::Param& param : function.params)
        if (param.kind == ir::ParamKind::kSymbol && param.name == size.name)
          symbols.push_back(size);
    auto shapes = BindShapes(function, all, symbols);
    if (!shapes && std::holds_alternative<Fault>(shapes.error()))
      return Fail(std::get<Fault>(shapes.error()));
    if (!shapes) return Fail(std::get<Error>(shapes.error()).message);
    arguments = std::move(*shapes);
    return true;
  }
};

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

/// A kernel of the file `path`. `types` are its type arguments in order, such as `f32`. Owned by
/// the caller, and never null: `einkorn_why` is not empty if it cannot be used.
EXPORT Call* einkorn_open(const char* path, const char* kernel, const char* const* types,
                          int type_count) {
  auto* call = new Call;
  call->kernel = kernel;
  call->Open(path, {types, types + type_count});
  return call;
}

EXPORT void einkorn_close(Call* call) {
  delete call;
}

/// What was wrong last; owned by `call`, until its next function.
EXPORT const char* einkorn_why(const Call* call) {
  return call->why.c_str();
}

/// Gives the parameter `name` a value as it is written in text.
EXPORT int einkorn_bind_scalar(Call* call, const char* name, const char* text) {
  return call->BindScalar(name, text) ? 0 : 1;
}

/// Gives the parameter `name` an array without gaps in row-major order, of elements of the scalar
/// type `type`. It stays the caller's and must live as long as `call` runs.
EXPORT int einkorn_bind_array(Call* call, const char* name, const char* type, int rank,
                              const int64_t* sizes, void* data) {
  ElementArray array{frontend::TypeNamed(type), rank, {data, {}, {}}};
  int64_t bytes = array.type.info().bytes;
  for (int d = rank - 1; d >= 0; --d) {
    array.array.sizes[d] = sizes[d];
    array.array.strides[d] = bytes;
    bytes *= sizes[d];
  }
  return call->BindArray(name, array) ? 0 : 1;
}

/// Compiles it with or without checks, and returns how many seconds that took; less than 0 if it
/// failed.
EXPORT double einkorn_compile(Call* call, int is_unchecked) {
  const double begin = Now();
  if (!call->Compile(is_unchecked ? Mode::kUnchecked : Mode::kChecked)) return -1;
  return Now() - begin;
}

/// Runs what was compiled. `result` receives the canonical bits of the scalar that the kernel
/// returns, if any.
EXPORT int einkorn_run(Call* call, int is_unchecked, int threads, uint64_t* result) {
  const LaunchOutcome outcome = call->compiled[is_unchecked]->Run(call->arguments, threads);
  if (outcome.fault) return call->Fail(*outcome.fault), 1;
  if (!outcome.results.empty()) *result = outcome.results.front();
  return 0;
}

}  // namespace einkorn
