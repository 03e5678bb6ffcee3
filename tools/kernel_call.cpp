#include "tools/kernel_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "tools/array_value.h"
#include "tools/number.h"
#include "tools/report.h"
#include "tools/value.h"

namespace einkorn::command {
namespace {

using Values = std::map<std::string, std::string>;

ElementArray ViewOf(HostArray& array) {
  ElementArray view{array.type, array.rank(), {}};
  view.array.data = array.data.get();
  std::ranges::copy(array.sizes, view.array.sizes.begin());
  std::ranges::copy(array.strides, view.array.strides.begin());
  return view;
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
    if (parameter.kind != ir::ParamKind::kArrayOut && !parameter.is_static)
      known.push_back(parameter.name);
  for (const ir::Param& param : function.params)
    if (param.kind == ir::ParamKind::kSymbol) known.push_back(param.name);
  for (const auto& [name, value] : values) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto out = std::ranges::find(kernel.parameters, name, &frontend::ParameterInfo::name);
    if (out != kernel.parameters.end() && out->is_static)
      return UsageError(
          fmt::format("argument {0}: it is static; write --static {0}={1}", name, value));
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
  CallBuilder(const frontend::KernelInfo& kernel, const frontend::KernelSignature& signature,
              const ir::Function& function, const Values& values,
              std::map<std::string, HostArray> files)
      : kernel_(kernel),
        signature_(signature),
        function_(function),
        values_(values),
        files_(std::move(files)) {}

  Result<KernelCall, LaunchRefusal> Build() {
    call_.result = signature_.result;
    for (size_t i = 0; i < kernel_.parameters.size(); ++i)
      if (Status status = AddArguments(kernel_.parameters[i], signature_.parameters[i]); !status)
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
  void Add(const std::vector<Argument>& arguments) {
    call_.arguments.insert(call_.arguments.end(), arguments.begin(), arguments.end());
  }

  Status AddArguments(const frontend::ParameterInfo& declared,
                      const frontend::KernelParameter& parameter) {
    const std::string& name = parameter.name;
    if (declared.is_static) return Done{};
    if (parameter.kind == ir::ParamKind::kArrayOut) {
      Add(std::vector<Argument>(parameter.param_count));
      return Done{};
    }
    const auto value = values_.find(name);
    if (value == values_.end() && parameter.default_bits) {
      Add(ArgumentsOf(parameter, *parameter.default_bits));
      return Done{};
    }
    if (value == values_.end())
      return UsageError(fmt::format("argument {} of type {} is missing; write {}=VALUE", name,
                                    declared.type_text, name));
    if (parameter.kind == ir::ParamKind::kScalar) {
      auto parsed = ParseValue(value->second, parameter.type);
      if (!parsed) return AboutArgument(name, parsed.error());
      Add(ArgumentsOf(parameter, LeavesOf(*parsed, parameter.type)));
      return Done{};
    }
    const DataType element = frontend::ElementsOf(parameter.type).type;
    const auto file = files_.find(name);
    auto array = file == files_.end() ? ParseArrayValue(value->second, element)
                                      : ConvertElements(std::move(file->second), element);
    if (!array) return AboutArgument(name, array.error());
    auto arguments = ArgumentsOf(parameter, ViewOf(*array));
    if (!arguments) return std::move(arguments).error();
    call_.arrays[name] = std::move(*array);
    Add(*arguments);
    return Done{};
  }

  Status AddSize(const std::string& name) {
    const auto bits = ParseNumber(values_.at(name), ScalarType::kI64);
    if (!bits) return UsageError(fmt::format("size {}: {}", name, bits.error()));
    call_.sizes.push_back({name, static_cast<int64_t>(*bits)});
    return Done{};
  }

  Status MakeOutArrays(const std::vector<LaunchArgument>& bound) {
    const size_t symbols = bound.size() - call_.arguments.size();
    size_t next = 0;
    for (const frontend::KernelParameter& parameter : signature_.parameters) {
      const size_t first = std::exchange(next, next + parameter.param_count);
      if (parameter.kind != ir::ParamKind::kArrayOut) continue;
      // Every component has the sizes of the launch, then those of the elements.
      auto [element, inner] = frontend::ElementsOf(parameter.type);
      const auto& launched = bound[symbols + first].array.sizes;
      std::vector<int64_t> sizes(launched.begin(), launched.begin() + parameter.rank);
      sizes.insert(sizes.end(), inner.begin(), inner.end());
      auto array = MakeArray(element, std::move(sizes));
      if (!array) return AboutArgument(parameter.name, array.error());
      auto arguments = ArgumentsOf(parameter, ViewOf(*array));
      if (!arguments) return std::move(arguments).error();
      std::ranges::copy(*arguments, call_.arguments.begin() + static_cast<std::ptrdiff_t>(first));
      call_.arrays[parameter.name] = std::move(*array);
    }
    return Done{};
  }

  const frontend::KernelInfo& kernel_;
  const frontend::KernelSignature& signature_;
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
    const bool is_scalar = parameter.kind == ir::ParamKind::kScalar;
    if (value == values.end() || is_scalar || !IsFileValue(value->second)) continue;
    auto array = ReadArrayFile(value->second);
    if (!array) return AboutArgument(parameter.name, array.error());
    files[parameter.name] = std::move(*array);
  }
  return files;
}

}  // namespace

namespace {

Result<std::vector<DataType>> ChooseTypes(const frontend::KernelInfo& kernel,
                                          const std::vector<std::string>& given,
                                          const std::map<std::string, HostArray>& files) {
  std::map<std::string, DataType> types;
  for (const std::string& word : given) {
    auto assignment = ParseAssignment(word);
    if (!assignment) return UsageError(fmt::format("--type {}: write T=f32", word));
    const auto& names = kernel.type_parameters;
    if (std::ranges::find(names, assignment->name) == names.end())
      return UsageError(fmt::format("--type {}: {} has no type parameter {}", word,
                                    SignatureOf(kernel), assignment->name));
    const DataType type = frontend::TypeNamed(assignment->value);
    if (!type.valid())
      return UsageError(
          fmt::format("--type {}: {} is not a scalar or complex type", word, assignment->value));
    if (!types.emplace(assignment->name, type).second)
      return UsageError(fmt::format("--type {}: {} is given twice", word, assignment->name));
  }
  for (const frontend::ParameterInfo& parameter : kernel.parameters)
    if (const auto file = files.find(parameter.name);
        file != files.end() && !parameter.type_parameter.empty())
      types.emplace(parameter.type_parameter, file->second.type);
  std::vector<DataType> chosen;
  for (const std::string& name : kernel.type_parameters) {
    if (!types.contains(name))
      return UsageError(fmt::format(
          "the arguments do not decide the type {} of {}; write --type {}=f32, for example", name,
          kernel.name, name));
    chosen.push_back(types[name]);
  }
  return chosen;
}

Result<std::vector<frontend::StaticArgument>> ChooseStatics(const frontend::KernelInfo& kernel,
                                                            const std::vector<std::string>& given) {
  std::vector<frontend::StaticArgument> chosen;
  for (const std::string& word : given) {
    auto assignment = ParseAssignment(word);
    if (!assignment) return UsageError(fmt::format("--static {}: write NAME=VALUE", word));
    const auto parameter =
        std::ranges::find(kernel.parameters, assignment->name, &frontend::ParameterInfo::name);
    if (parameter == kernel.parameters.end() || !parameter->is_static)
      return UsageError(fmt::format("--static {}: {} has no static parameter {}", word,
                                    SignatureOf(kernel), assignment->name));
    // Which values the type has is said by the front end.
    const bool is_bool = parameter->type_text == TextOf(ScalarType::kBool);
    const auto bits =
        ParseNumber(assignment->value, is_bool ? ScalarType::kBool : ScalarType::kI64);
    if (!bits) return UsageError(fmt::format("--static {}: {}", word, bits.error()));
    chosen.push_back({assignment->name, static_cast<int64_t>(*bits)});
  }
  for (const frontend::ParameterInfo& parameter : kernel.parameters)
    if (parameter.is_static && !parameter.has_default &&
        std::ranges::find(chosen, parameter.name, &frontend::StaticArgument::name) == chosen.end())
      return UsageError(fmt::format("{0} is static and needs a value; write --static {0}={1}",
                                    parameter.name, parameter.type_text == "bool" ? "true" : "2"));
  return chosen;
}

}  // namespace

Result<frontend::Specialization> ChooseSpecialization(
    const frontend::KernelInfo& kernel, const SpecializationWords& given,
    const std::map<std::string, HostArray>& files) {
  auto types = ChooseTypes(kernel, given.types, files);
  if (!types) return std::move(types).error();
  auto statics = ChooseStatics(kernel, given.statics);
  if (!statics) return std::move(statics).error();
  return frontend::Specialization(std::move(*types), std::move(*statics));
}

Result<KernelCall, LaunchRefusal> PrepareCall(const Program& program,
                                              const frontend::KernelInfo& kernel,
                                              const std::vector<std::string>& words,
                                              const SpecializationWords& given) {
  auto values = ParseWords(words);
  if (!values) return LaunchRefusal(std::move(values).error());
  auto files = ReadFiles(kernel, *values);
  if (!files) return LaunchRefusal(std::move(files).error());
  auto chosen = ChooseSpecialization(kernel, given, *files);
  if (!chosen) return LaunchRefusal(std::move(chosen).error());
  auto signature = frontend::KernelSignatureOf(program.checked(), kernel.name, *chosen);
  if (!signature) return LaunchRefusal(std::move(signature).error());
  // Its parameters alone matter here: the symbols and the shapes.
  auto module = frontend::LowerKernel(program.checked(), kernel.name, *chosen);
  if (!module) return LaunchRefusal(std::move(module).error());
  const ir::Function& function = module->entry_function();
  if (Status status = CheckNames(kernel, function, *values); !status)
    return LaunchRefusal(std::move(status).error());
  auto call = CallBuilder(kernel, *signature, function, *values, std::move(*files)).Build();
  if (call) call->chosen = std::move(*chosen);
  return call;
}

}  // namespace einkorn::command
