#include "tools/kernel_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tools/array_value.h"
#include "tools/number.h"
#include "tools/report.h"

namespace einkorn::command {
namespace {

using Values = std::map<std::string, std::string>;

Argument ArgumentOf(HostArray& array) {
  ArrayBinding binding;
  binding.data = array.data.get();
  for (int d = 0; d < array.rank(); ++d) {
    binding.sizes[static_cast<size_t>(d)] = array.sizes[static_cast<size_t>(d)];
    binding.strides[static_cast<size_t>(d)] = array.strides[static_cast<size_t>(d)];
  }
  return Argument::Array(array.type, array.rank(), binding);
}

Error AboutArgument(const std::string& name, const Error& error) {
  return {error.kind, fmt::format("argument {}: {}", name, error.message)};
}

// The values by name; each once.
Result<Values> ParseWords(const std::vector<std::string>& words) {
  Values values;
  for (const std::string& word : words) {
    auto assignment = ParseAssignment(word);
    if (!assignment) return std::move(assignment).error();
    if (!values.emplace(assignment->name, assignment->value).second)
      return UsageError(fmt::format("argument {} is given twice", assignment->name));
  }
  return values;
}

// Refuses names that are no parameter and no shape symbol.
Status CheckNames(const frontend::KernelInfo& kernel, const ir::Function& function,
                  const Values& values) {
  std::vector<std::string> known;
  for (const frontend::ParameterInfo& parameter : kernel.parameters)
    if (parameter.kind != ir::ParamKind::kArrayOut) known.push_back(parameter.name);
  for (const ir::Param& param : function.params)
    if (param.kind == ir::ParamKind::kSymbol) known.push_back(param.name);
  for (const auto& [name, value] : values) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto out = std::ranges::find(kernel.parameters, name, &frontend::ParameterInfo::name);
    if (out != kernel.parameters.end())
      return UsageError(
          fmt::format("argument {}: an `out` array takes no value; it is made with the sizes of {}",
                      name, out->type_text));
    return UsageError(
        fmt::format("{} has no parameter {}{}", SignatureOf(kernel), name, NearText(name, known)));
  }
  return Done{};
}

class CallBuilder {
 public:
  CallBuilder(const frontend::KernelInfo& kernel, const ir::Function& function,
              const Values& values, std::map<std::string, HostArray> files)
      : kernel_(kernel), function_(function), values_(values), files_(std::move(files)) {}

  Result<KernelCall, LaunchRefusal> Build() {
    for (const frontend::ParameterInfo& parameter : kernel_.parameters)
      if (Status status = AddArgument(parameter); !status)
        return LaunchRefusal(std::move(status).error());
    for (const ir::Param& param : function_.params)
      if (param.kind == ir::ParamKind::kSymbol && values_.contains(param.name))
        if (Status status = AddSize(param.name); !status)
          return LaunchRefusal(std::move(status).error());
    if (Status status = CheckArguments(function_, call_.arguments); !status)
      return LaunchRefusal(std::move(status).error());
    auto bound = BindShapes(function_, call_.arguments, call_.sizes);
    if (!bound) return std::move(bound).error();
    if (Status status = MakeOutArrays(*bound); !status)
      return LaunchRefusal(std::move(status).error());
    return std::move(call_);
  }

 private:
  ScalarType TypeOf(const std::string& parameter) const {
    const auto param = std::ranges::find(function_.params, parameter, &ir::Param::name);
    return function_.type(param->value).scalar;
  }

  Status AddArgument(const frontend::ParameterInfo& parameter) {
    const std::string& name = parameter.name;
    if (parameter.kind == ir::ParamKind::kArrayOut) {
      call_.arguments.emplace_back();
      return Done{};
    }
    const auto value = values_.find(name);
    if (value == values_.end())
      return UsageError(fmt::format("argument {} of type {} is missing; write {}=VALUE", name,
                                    parameter.type_text, name));
    const ScalarType type = TypeOf(name);
    if (parameter.kind == ir::ParamKind::kScalar) {
      const auto bits = ParseNumber(value->second, type);
      if (!bits) return UsageError(fmt::format("argument {}: {}", name, bits.error()));
      call_.arguments.push_back(Argument::Scalar(type, *bits));
      return Done{};
    }
    if (const auto file = files_.find(name); file != files_.end()) {
      call_.arrays[name] = std::move(file->second);
    } else {
      auto array = ParseArrayValue(value->second, type);
      if (!array) return AboutArgument(name, array.error());
      call_.arrays[name] = std::move(*array);
    }
    call_.arguments.push_back(ArgumentOf(call_.arrays[name]));
    return Done{};
  }

  Status AddSize(const std::string& name) {
    const auto bits = ParseNumber(values_.at(name), ScalarType::kI64);
    if (!bits) return UsageError(fmt::format("size {}: {}", name, bits.error()));
    call_.sizes.push_back({name, static_cast<int64_t>(*bits)});
    return Done{};
  }

  Status MakeOutArrays(const std::vector<LaunchArgument>& bound) {
    for (size_t i = 0; i < kernel_.parameters.size(); ++i) {
      const std::string& name = kernel_.parameters[i].name;
      if (call_.arguments[i].kind != Argument::Kind::kOmitted) continue;
      const auto param = std::ranges::find(function_.params, name, &ir::Param::name);
      const ArrayBinding& binding =
          bound[static_cast<size_t>(param - function_.params.begin())].array;
      auto array = MakeArray(
          TypeOf(name), {binding.sizes.begin(),
                         binding.sizes.begin() + static_cast<std::ptrdiff_t>(param->shape.size())});
      if (!array) return AboutArgument(name, array.error());
      call_.arrays[name] = std::move(*array);
      call_.arguments[i] = ArgumentOf(call_.arrays[name]);
    }
    return Done{};
  }

  const frontend::KernelInfo& kernel_;
  const ir::Function& function_;
  const Values& values_;
  std::map<std::string, HostArray> files_;
  KernelCall call_;
};

// The arrays among the values that are files.
Result<std::map<std::string, HostArray>> ReadFiles(const frontend::KernelInfo& kernel,
                                                   const Values& values) {
  std::map<std::string, HostArray> files;
  for (const frontend::ParameterInfo& parameter : kernel.parameters) {
    const auto value = values.find(parameter.name);
    if (value == values.end() || parameter.rank == 0 || !IsFileValue(value->second)) continue;
    auto array = ReadArrayFile(value->second);
    if (!array) return AboutArgument(parameter.name, array.error());
    files[parameter.name] = std::move(*array);
  }
  return files;
}

}  // namespace

Result<std::vector<ScalarType>> ChooseTypes(const frontend::KernelInfo& kernel,
                                            const std::vector<std::string>& given,
                                            const std::map<std::string, HostArray>& files) {
  std::map<std::string, ScalarType> types;
  for (const std::string& word : given) {
    auto assignment = ParseAssignment(word);
    if (!assignment) return UsageError(fmt::format("--type {}: write T=f32", word));
    const auto& names = kernel.type_parameters;
    if (std::ranges::find(names, assignment->name) == names.end())
      return UsageError(fmt::format("--type {}: {} has no type parameter {}", word,
                                    SignatureOf(kernel), assignment->name));
    const auto type = ScalarTypeNamed(assignment->value);
    if (!type)
      return UsageError(fmt::format("--type {}: {} is not a type", word, assignment->value));
    if (!types.emplace(assignment->name, *type).second)
      return UsageError(fmt::format("--type {}: {} is given twice", word, assignment->name));
  }
  for (const frontend::ParameterInfo& parameter : kernel.parameters)
    if (const auto file = files.find(parameter.name);
        file != files.end() && !parameter.type_parameter.empty())
      types.emplace(parameter.type_parameter, file->second.type);
  std::vector<ScalarType> chosen;
  for (const std::string& name : kernel.type_parameters) {
    if (!types.contains(name))
      return UsageError(fmt::format(
          "the arguments do not decide the type {} of {}; write --type {}=f32, for example", name,
          kernel.name, name));
    chosen.push_back(types[name]);
  }
  return chosen;
}

Result<KernelCall, LaunchRefusal> PrepareCall(const Program& program,
                                              const frontend::KernelInfo& kernel,
                                              const std::vector<std::string>& words,
                                              const std::vector<std::string>& types) {
  auto values = ParseWords(words);
  if (!values) return LaunchRefusal(std::move(values).error());
  auto files = ReadFiles(kernel, *values);
  if (!files) return LaunchRefusal(std::move(files).error());
  auto chosen = ChooseTypes(kernel, types, *files);
  if (!chosen) return LaunchRefusal(std::move(chosen).error());
  // The signature alone matters here: its symbols and the types of its parameters.
  auto module = frontend::LowerKernel(program.checked(), kernel.name, *chosen);
  if (!module) return LaunchRefusal(std::move(module).error());
  const ir::Function& function = module->entry_function();
  if (Status status = CheckNames(kernel, function, *values); !status)
    return LaunchRefusal(std::move(status).error());
  auto call = CallBuilder(kernel, function, *values, std::move(*files)).Build();
  if (call) call->types = std::move(*chosen);
  return call;
}

}  // namespace einkorn::command
