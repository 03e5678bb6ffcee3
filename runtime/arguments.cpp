#include "runtime/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace einkorn {
namespace {

std::string TypeText(std::string_view type, int rank) {
  if (rank == 0) return std::string(type);
  return fmt::format("an array of {} dimension{} of {}", rank, rank == 1 ? "" : "s", type);
}

Error WrongType(std::string_view parameter, const std::string& expected, const std::string& found) {
  return UsageError(fmt::format("argument {}: expected {}, found {}", parameter, expected, found));
}

// One launch's symbols, bound one after the other.
class ShapeBinder {
 public:
  ShapeBinder(const ir::Function& kernel, std::span<const Argument> arguments,
              std::span<const NamedSize> given)
      : kernel_(kernel), given_(given), bound_(kernel.params.size()) {
    size_t next = 0;
    for (size_t i = 0; i < kernel.params.size(); ++i) {
      if (kernel.params[i].kind == ir::ParamKind::kSymbol) continue;
      arguments_.resize(kernel.params.size());
      arguments_[i] = &arguments[next++];
    }
    arguments_.resize(kernel.params.size());
  }

  Result<std::vector<LaunchArgument>, LaunchRefusal> Bind() {
    for (const NamedSize& size : given_)
      if (IndexOfSymbol(size.name) == kNone)
        return LaunchRefusal(
            UsageError(fmt::format("{} has no size named {}", kernel_.name, size.name)));
    for (size_t i = 0; i < kernel_.params.size(); ++i)
      if (kernel_.params[i].kind == ir::ParamKind::kScalar) {
        bound_[i].bits = arguments_[i]->bits;
        origins_[i] = Origin{};
      }
    for (size_t i = 0; i < kernel_.params.size(); ++i)
      if (kernel_.params[i].kind == ir::ParamKind::kSymbol)
        if (auto refusal = BindSymbol(i)) return std::move(*refusal);
    for (size_t i = 0; i < kernel_.params.size(); ++i)
      if (kernel_.params[i].is_array())
        if (auto refusal = BindArray(i)) return std::move(*refusal);
    return std::move(bound_);
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  // Where a symbol got its value: an array's dimension; nothing for a scalar or a name.
  struct Origin {
    size_t array = kNone;
  };

  size_t IndexOfSymbol(std::string_view name) const {
    for (size_t i = 0; i < kernel_.params.size(); ++i)
      if (kernel_.params[i].kind == ir::ParamKind::kSymbol && kernel_.params[i].name == name)
        return i;
    return kNone;
  }

  int64_t ValueOf(size_t symbol) const { return static_cast<int64_t>(bound_[symbol].bits); }

  Fault ShapeFault(size_t param, std::string message) const {
    return {FaultKind::kShape, std::move(message), kernel_.params[param].range, {}, {}, {}};
  }

  std::optional<LaunchRefusal> BindSymbol(size_t symbol) {
    const std::string& name = kernel_.params[symbol].name;
    for (const NamedSize& size : given_)
      if (size.name == name) {
        if (size.value < 0)
          return LaunchRefusal(
              ShapeFault(symbol, fmt::format("the size {} is {}", name, size.value)));
        bound_[symbol].bits = static_cast<uint64_t>(size.value);
        origins_[symbol] = Origin{};
        return std::nullopt;
      }
    size_t omitted = kNone;
    for (size_t i = 0; i < kernel_.params.size(); ++i) {
      const ir::Param& param = kernel_.params[i];
      for (size_t d = 0; d < param.shape.size(); ++d) {
        if (param.shape[d].bare_symbol() != static_cast<int>(symbol)) continue;
        if (arguments_[i]->kind == Argument::Kind::kOmitted) {
          if (omitted == kNone) omitted = i;
          continue;
        }
        bound_[symbol].bits = static_cast<uint64_t>(arguments_[i]->array.sizes[d]);
        origins_[symbol] = Origin{i};
        return std::nullopt;
      }
    }
    const std::string whose =
        omitted == kNone ? ""
                         : fmt::format(" of the array {}", kernel_.params[omitted].source_name());
    return LaunchRefusal(UsageError(
        fmt::format("the size {}{} does not follow from other arguments: give it, as in {}=100",
                    name, whose, name)));
  }

  // The value of a size; nothing beyond the range of i64.
  std::optional<int64_t> Evaluate(const ir::ShapeExpr& shape) const {
    int64_t sum = 0;
    for (const ir::ShapeTerm& term : shape.terms) {
      int64_t product = term.coefficient;
      for (uint32_t symbol : term.symbols)
        if (__builtin_mul_overflow(product, ValueOf(symbol), &product)) return std::nullopt;
      if (__builtin_add_overflow(sum, product, &sum)) return std::nullopt;
    }
    return sum;
  }

  std::string SymbolText(uint32_t symbol) const {
    const std::string& name = kernel_.params[symbol].name;
    const auto origin = origins_.find(symbol);
    if (origin != origins_.end() && origin->second.array != kNone)
      return fmt::format("{} has {} = {}", kernel_.params[origin->second.array].source_name(), name,
                         ValueOf(symbol));
    return fmt::format("{} is {}", name, ValueOf(symbol));
  }

  // `x has n = 3, y has n = 4`, or with an expression `x has n = 3, so y needs n + 1 = 4, not 5`.
  Fault Mismatch(size_t i, size_t d, int64_t expected) const {
    const ir::Param& param = kernel_.params[i];
    const ir::ShapeExpr& shape = param.shape[d];
    const int64_t found = arguments_[i]->array.sizes[d];
    if (const int symbol = shape.bare_symbol(); symbol >= 0)
      return ShapeFault(
          i, fmt::format("{}, {} has {} = {}", SymbolText(static_cast<uint32_t>(symbol)),
                         param.source_name(), kernel_.params[static_cast<size_t>(symbol)].name,
                         found));
    const std::string dimension = param.shape.size() > 1 ? fmt::format(" (dimension {})", d) : "";
    if (shape.is_constant())
      return ShapeFault(i, fmt::format("{} needs size {}, not {}{}", param.source_name(), expected,
                                       found, dimension));
    std::vector<uint32_t> symbols;
    for (const ir::ShapeTerm& term : shape.terms)
      for (uint32_t symbol : term.symbols)
        if (std::ranges::find(symbols, symbol) == symbols.end()) symbols.push_back(symbol);
    // `x has n = 3, m = 4, y has k = 5, `: an array is named once for all its symbols.
    std::string text;
    size_t last = kNone;
    for (uint32_t symbol : symbols) {
      const auto origin = origins_.find(symbol);
      const size_t array = origin == origins_.end() ? kNone : origin->second.array;
      const bool is_same = array != kNone && array == last;
      text += is_same ? fmt::format("{} = {}, ", kernel_.params[symbol].name, ValueOf(symbol))
                      : SymbolText(symbol) + ", ";
      last = array;
    }
    return ShapeFault(i, fmt::format("{}so {} needs {} = {}, not {}{}", text, param.source_name(),
                                     param.shape_texts[d], expected, found, dimension));
  }

  std::optional<LaunchRefusal> BindArray(size_t i) {
    const ir::Param& param = kernel_.params[i];
    const ScalarType type = kernel_.type(param.value).scalar;
    const bool is_omitted = arguments_[i]->kind == Argument::Kind::kOmitted;
    if (!is_omitted) bound_[i].array = arguments_[i]->array;
    Int128 bytes = BytesOf(type);
    bool is_empty = false;
    for (size_t d = 0; d < param.shape.size(); ++d) {
      const std::optional<int64_t> size = Evaluate(param.shape[d]);
      if (!size)
        return LaunchRefusal(ShapeFault(i, fmt::format("the size {} of {} does not fit i64",
                                                       param.shape_texts[d], param.source_name())));
      if (!is_omitted && bound_[i].array.sizes[d] != *size)
        return LaunchRefusal(Mismatch(i, d, *size));
      if (*size < 0)
        return LaunchRefusal(
            ShapeFault(i, fmt::format("{} has the negative size {} = {}", param.source_name(),
                                      param.shape_texts[d], *size)));
      bound_[i].array.sizes[d] = *size;
      is_empty = is_empty || *size == 0;
      if (bytes <= kMostArrayBytes) bytes *= *size;
    }
    if (!is_empty && bytes > kMostArrayBytes)
      return LaunchRefusal(
          ShapeFault(i, fmt::format("{} has more than 2^47 bytes", param.source_name())));
    if (is_omitted) {
      int64_t stride = BytesOf(type);
      for (size_t d = param.shape.size(); d-- > 0;) {
        bound_[i].array.strides[d] = stride;
        // Sizes of an empty array may be of any magnitude; its strides are never used.
        const int64_t size = std::max<int64_t>(bound_[i].array.sizes[d], 1);
        if (__builtin_mul_overflow(stride, size, &stride)) stride = 0;
      }
    }
    return std::nullopt;
  }

  const ir::Function& kernel_;
  std::span<const NamedSize> given_;
  std::vector<const Argument*> arguments_;  // by parameter; null for symbols
  std::vector<LaunchArgument> bound_;
  std::map<size_t, Origin> origins_;
};

// The names of the parameters that a host gives arguments for.
std::vector<const ir::Param*> DeclaredParams(const ir::Function& kernel) {
  std::vector<const ir::Param*> params;
  for (const ir::Param& param : kernel.params)
    if (param.kind != ir::ParamKind::kSymbol) params.push_back(&param);
  return params;
}

// Elements that lie where their type may not lie are not read.
bool IsAligned(const Argument& argument) {
  const int64_t bytes = BytesOf(argument.type);
  if (reinterpret_cast<uintptr_t>(argument.array.data) % static_cast<uintptr_t>(bytes) != 0)
    return false;
  for (int d = 0; d < argument.rank; ++d)
    if (argument.array.sizes[d] > 1 && argument.array.strides[d] % bytes != 0) return false;
  return true;
}

// Whether the elements lie close enough together for their distances to be computed.
bool IsWithinReach(const Argument& argument) {
  Int128 reach = 0;
  for (int d = 0; d < argument.rank; ++d) {
    const Int128 stride = argument.array.strides[d];
    reach += (stride < 0 ? -stride : stride) * (argument.array.sizes[d] - 1);
    if (reach > kMostArrayBytes) return false;
  }
  return true;
}

}  // namespace

std::vector<Argument> ArgumentsOf(const frontend::KernelParameter& parameter,
                                  std::span<const uint64_t> leaves) {
  std::vector<Argument> arguments;
  for (const frontend::Component& component : parameter.type.info().components)
    for (size_t k = 0; k < component.leaf_count; ++k)
      arguments.push_back(Argument::Scalar(component.scalar, leaves[arguments.size()]));
  return arguments;
}

Result<std::vector<Argument>> ArgumentsOf(const frontend::KernelParameter& parameter,
                                          const ElementArray& given) {
  const frontend::Elements expected = frontend::ElementsOf(parameter.type);
  const int rank = parameter.rank + static_cast<int>(expected.sizes.size());
  if (given.type != expected.type || given.rank != rank)
    return WrongType(parameter.name, TypeText(expected.type.text(), rank),
                     TypeText(given.type.text(), given.rank));
  std::vector<Argument> arguments;
  for (const frontend::Component& component : expected.type.info().components) {
    Argument& argument = arguments.emplace_back(
        Argument::Array(component.scalar, rank + static_cast<int>(component.sizes.size()),
                        given.array, given.is_writable));
    if (given.array.data != nullptr)
      argument.array.data = static_cast<std::byte*>(given.array.data) + component.offset;
    const auto behind = static_cast<size_t>(rank);
    std::ranges::copy(component.sizes, argument.array.sizes.begin() + behind);
    std::ranges::copy(component.strides, argument.array.strides.begin() + behind);
  }
  return arguments;
}

Status CheckArguments(const ir::Function& kernel, std::span<const Argument> arguments) {
  const std::vector<const ir::Param*> params = DeclaredParams(kernel);
  if (params.size() != arguments.size())
    return UsageError(fmt::format("{} takes {} argument{}, not {}", kernel.name, params.size(),
                                  params.size() == 1 ? "" : "s", arguments.size()));
  for (size_t i = 0; i < params.size(); ++i) {
    const ir::Param& param = *params[i];
    const Argument& argument = arguments[i];
    const Type type = kernel.type(param.value);
    const auto refuse = [&](std::string why) {
      return UsageError(fmt::format("argument {}: {}", param.source_name(), why));
    };
    if (argument.kind == Argument::Kind::kOmitted) {
      if (param.kind == ir::ParamKind::kArrayOut) continue;
      return refuse("there is none; only `out` arrays may be left out");
    }
    const int rank = argument.kind == Argument::Kind::kArray ? argument.rank : 0;
    if (rank != type.rank || argument.type != type.scalar)
      return WrongType(param.name, TypeText(TextOf(type.scalar), type.rank),
                       TypeText(TextOf(argument.type), rank));
    if (rank == 0) continue;
    bool is_empty = false;
    for (int d = 0; d < rank; ++d) {
      if (argument.array.sizes[d] < 0)
        return refuse(fmt::format("its size in dimension {} is {}", d, argument.array.sizes[d]));
      is_empty = is_empty || argument.array.sizes[d] == 0;
    }
    if (is_empty) continue;
    if (argument.array.data == nullptr) return refuse("it has no data (a null pointer)");
    if (param.is_written() && !argument.is_writable)
      return refuse("it is read-only, but the kernel writes it");
    if (!IsWithinReach(argument)) return refuse("its strides reach over more than 2^47 bytes");
    if (!IsAligned(argument))
      return refuse(fmt::format("its elements do not lie at multiples of {} bytes, as {} needs",
                                BytesOf(type.scalar), TextOf(type.scalar)));
  }
  return Done{};
}

Result<std::vector<LaunchArgument>, LaunchRefusal> BindShapes(const ir::Function& kernel,
                                                              std::span<const Argument> arguments,
                                                              std::span<const NamedSize> given) {
  return ShapeBinder(kernel, arguments, given).Bind();
}

ir::Layout LayoutOf(ScalarType type, int rank, const ArrayBinding& array) {
  int64_t stride = BytesOf(type);
  bool is_row_major = true;
  for (int d = rank; d-- > 0;) {
    if (array.sizes[d] == 0) return ir::Layout::kContiguous;
    if (array.sizes[d] > 1 && array.strides[d] != stride) is_row_major = false;
    if (__builtin_mul_overflow(stride, array.sizes[d], &stride)) return ir::Layout::kStrided;
  }
  return is_row_major ? ir::Layout::kContiguous : ir::Layout::kStrided;
}

}  // namespace einkorn
