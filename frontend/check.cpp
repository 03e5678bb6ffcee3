// The outward functions of the front end.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "frontend/lexer.h"
#include "frontend/library.h"
#include "frontend/lowering.h"
#include "frontend/parser.h"

namespace einkorn::frontend {
namespace {

// The types of the language keep their names.
bool CheckNoType(const Name& name, Diagnostics& diagnostics) {
  if (!TypeNamed(name.text).valid()) return true;
  diagnostics.Report(DiagnosticCode::kShadowing, name.range, name.text).hint =
      "it is a type of the language; choose another name";
  return false;
}

// Enters every item but tests under its name; imports and items share their names.
void CollectNames(SourceUnit& unit, Diagnostics& diagnostics) {
  std::unordered_map<std::string_view, SourceRange> declared;
  const auto declare = [&](std::string_view name, SourceRange place) {
    const auto [at, added] = declared.emplace(name, place);
    if (added) return;
    diagnostics.Report(DiagnosticCode::kDuplicateName, place, name)
        .notes.push_back({at->second, "declared here before"});
  };
  for (const Import& import : unit.tree.imports) declare(import.name.text, import.range);
  for (size_t i = 0; i < unit.tree.items.size(); ++i) {
    const Item& item = unit.tree.items[i];
    if (item.kind == ItemKind::kTest) continue;
    declare(item.name.text, item.name.range);
    CheckNoType(item.name, diagnostics);
    unit.items.emplace(item.name.text, i);
  }
}

bool UsesLibrary(const SyntaxTree& tree) {
  return std::ranges::any_of(tree.exprs, [](const Expr& e) {
    const Builtin* builtin = e.kind == ExprKind::kName ? BuiltinNamed(e.text) : nullptr;
    return builtin != nullptr && builtin->form == BuiltinForm::kLibrary;
  });
}

// The files of a program: each is read once, whatever path leads to it, before those that import
// it are checked.
class UnitLoader {
 public:
  UnitLoader(SourceSet& sources, CheckedProgram& program, const SourceReader& read,
             Diagnostics& diagnostics)
      : sources_(sources), program_(program), read_(read), diagnostics_(diagnostics) {}

  SourceUnit& Load(SourceFileId file, std::string name, bool is_library = false) {
    program_.units.push_back(std::make_unique<SourceUnit>());
    SourceUnit& unit = *program_.units.back();
    unit.name = std::move(name);
    unit.is_library = is_library;
    unit.tree = Parse(sources_, file, diagnostics_);
    const std::string path = Normal(sources_.file(file).name());
    known_.emplace(path, &unit);
    open_.push_back(path);
    for (const Import& import : unit.tree.imports) {
      if (unit.imports.contains(import.name.text)) continue;  // CollectNames reports it
      if (const SourceUnit* found = Find(unit, import))
        unit.imports.emplace(import.name.text, SourceUnit::Imported{found, import.range});
    }
    open_.pop_back();
    return unit;
  }

  // Part `name` of the library; null if there is none.
  const SourceUnit* LoadLibrary(std::string_view name) {
    for (const auto& unit : program_.units)
      if (unit->is_library && unit->name == name) return unit.get();
    const auto text = LibrarySource(name);
    if (!text) return nullptr;
    const SourceFileId file = sources_.Add(fmt::format("std/{}.ek", name), std::string(*text));
    SourceUnit& unit = Load(file, std::string(name), /*is_library=*/true);
    CollectNames(unit, diagnostics_);
    // What its functions are made of is looked up when they are specialised; it is there by then.
    if (UsesLibrary(unit.tree))
      for (std::string_view part : BuiltinParts()) LoadLibrary(part);
    return &unit;
  }

 private:
  static std::string Normal(const std::filesystem::path& path) {
    return path.lexically_normal().generic_string();
  }

  void Refuse(const Import& import, std::string_view reason) {
    diagnostics_.Report(DiagnosticCode::kInvalidImport, import.range, import.path, reason);
  }

  // The unit that is meant; null after a diagnostic.
  const SourceUnit* Find(const SourceUnit& unit, const Import& import) {
    if (import.is_library) {
      const SourceUnit* found = LoadLibrary(import.name.text);
      if (found == nullptr) Refuse(import, "the library has no part of this name");
      return found;
    }
    if (!IsName(import.name.text)) {
      Refuse(import, "the name of the file must be a name: letters, digits and `_`, then `.ek`");
      return nullptr;
    }
    const std::filesystem::path here(sources_.file(unit.tree.file).name());
    const std::string path = Normal(here.parent_path() / std::string(import.path));
    if (const auto open = std::ranges::find(open_, path); open != open_.end()) {
      std::string circle = *open;
      for (auto next = open + 1; next != open_.end(); ++next)
        circle += fmt::format(" imports {}, which", *next);
      diagnostics_.Report(DiagnosticCode::kImportCycle, import.range, path,
                          fmt::format("{} imports {}", circle, path));
      return nullptr;
    }
    if (const auto at = known_.find(path); at != known_.end()) return at->second;
    if (program_.units.size() >= kMaxFiles) {
      Refuse(import, fmt::format("a program has at most {} files", kMaxFiles));
      return nullptr;
    }
    auto text = read_ ? read_(path) : UsageError("this program was not read from a file");
    if (!text) {
      Refuse(import, text.error().message);
      return nullptr;
    }
    return &Load(sources_.Add(path, std::move(*text)), std::string(import.name.text));
  }

  // Bounds the depth of the chain of imports too.
  static constexpr size_t kMaxFiles = 256;

  SourceSet& sources_;
  CheckedProgram& program_;
  const SourceReader& read_;
  Diagnostics& diagnostics_;
  std::map<std::string, const SourceUnit*> known_;  ///< by path
  std::vector<std::string> open_;                   ///< the chain of imports being read
};

bool CheckClasses(const Item& item, Diagnostics& diagnostics) {
  bool ok = true;
  for (const TypeParameterDecl& parameter : item.type_parameters) {
    ok = CheckNoType(parameter.name, diagnostics) && ok;
    if (!MembersOfClass(parameter.type_class.text).empty()) continue;
    diagnostics
        .Report(DiagnosticCode::kUnknownClass, parameter.type_class.range,
                parameter.type_class.text)
        .hint = "classes are integer, signed, unsigned, float, real, complex, number and any";
    ok = false;
  }
  return ok;
}

// A static parameter is checked with one value, and with each that it is used with.
constexpr uint64_t kSampleValue = 2;

// Calls `visit` with every choice of members for the type parameters until it answers false.
void ForEachBinding(const SyntaxTree& tree, const Item& item,
                    const std::function<bool(const TypeArguments&)>& visit) {
  const size_t count = item.type_parameters.size();
  std::vector<size_t> chosen(count, 0);
  while (true) {
    TypeArguments types;
    for (size_t k = 0; k < count; ++k)
      types.emplace_back(MembersOfClass(item.type_parameters[k].type_class.text)[chosen[k]]);
    for (const ParameterDecl& parameter : item.parameters) {
      if (!parameter.is_static) continue;
      const auto type = ScalarTypeNamed(tree.type(parameter.type).text);
      types.statics.push_back({parameter.name.text, type.value_or(ScalarType::kI64),
                               type == ScalarType::kBool ? 1u : kSampleValue});
    }
    if (!visit(types)) return;
    size_t k = 0;
    while (k < count &&
           ++chosen[k] == MembersOfClass(item.type_parameters[k].type_class.text).size())
      chosen[k++] = 0;
    if (k == count) return;
  }
}

std::string DescribeBinding(const Item& item, const TypeArguments& types) {
  std::string text = "for";
  for (size_t k = 0; k < types.size(); ++k)
    text += fmt::format("{} {} = {}", k == 0 ? "" : ",", item.type_parameters[k].name.text,
                        types[k].text());
  return text;
}

// A function that a constant calls was already lowered for it.
bool Contains(const Diagnostics& diagnostics, const Diagnostic& diagnostic) {
  return std::ranges::any_of(diagnostics.list(), [&](const Diagnostic& known) {
    return known.code == diagnostic.code && known.range == diagnostic.range &&
           known.message == diagnostic.message;
  });
}

// What a call may leave out has a value, whether it is left out or not.
void CheckDefaults(ModuleLowering& lowering, const Item& item, const TypeArguments& types) {
  const auto has_default = [](const ParameterDecl& p) { return p.value.valid(); };
  if (item.kind == ItemKind::kStruct || std::ranges::none_of(item.parameters, has_default)) return;
  const auto signature = lowering.SignatureOf(item, types);
  if (!signature) return;  // reported before
  for (const BoundParameter& bound : signature->parameters) {
    const ParameterDecl& parameter = *bound.declaration;
    if (!parameter.value.valid()) continue;
    if (bound.array != nullptr || parameter.access != AccessKind::kIn)
      lowering.diagnostics().Report(
          DiagnosticCode::kInvalidArgument, parameter.range,
          fmt::format("`{}` cannot have a default: it is {}", parameter.name.text,
                      bound.array != nullptr ? "an array" : "written"));
    else
      lowering.DefaultOf(parameter, bound.type, item, types);
  }
}

// A body is checked for every member of its classes; the first choice that fails is reported.
void CheckItem(CheckedProgram& program, const Item& item, Diagnostics& diagnostics) {
  if (!CheckClasses(item, diagnostics)) return;
  ForEachBinding(program.UnitOf(item).tree, item, [&](const TypeArguments& types) {
    Diagnostics found;
    ModuleLowering lowering(program, found);
    ir::Function function;
    FunctionLowering body(lowering, item, types, function);
    body.Lower();
    lowering.FinishStatic();
    CheckDefaults(lowering, item, types);
    const bool report = types.empty() || found.has_errors();
    if (!report) return true;
    for (Diagnostic diagnostic : found.list()) {
      if (Contains(diagnostics, diagnostic)) continue;
      if (!types.empty()) diagnostic.notes.push_back({{}, DescribeBinding(item, types)});
      diagnostics.Add(std::move(diagnostic));
    }
    return false;
  });
}

std::string StripDocumentation(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t slashes = line.find("///");
    if (slashes == std::string_view::npos) continue;
    line.remove_prefix(slashes + 3);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text += std::string(line) + "\n";
  }
  return text;
}

}  // namespace

void CheckedProgramDeleter::operator()(const CheckedProgram* program) const {
  delete program;
}

const SourceUnit& CheckedProgram::UnitOf(const Item& item) const {
  const auto at = std::ranges::find_if(
      units, [&](const auto& unit) { return unit->tree.file == item.name.range.file; });
  return **at;
}

const SourceUnit* CheckedProgram::Library(std::string_view name) {
  Diagnostics diagnostics;
  const SourceUnit* unit = UnitLoader(sources, *this, {}, diagnostics).LoadLibrary(name);
  EINKORN_CHECK(!diagnostics.has_errors(), "a part of the library has mistakes");
  return unit;
}

CheckedProgramPointer Check(SourceSet& sources, SourceFileId file,
                            const ConstantEvaluator& evaluate, const SourceReader& read,
                            Diagnostics& diagnostics) {
  auto program = std::make_unique<CheckedProgram>(sources, evaluate);
  UnitLoader(sources, *program, read, diagnostics).Load(file, {});
  // What could not be parsed is not checked: its names and types would be reported as missing.
  if (diagnostics.has_errors()) return nullptr;
  for (const auto& unit : program->units)
    if (!unit->is_library) CollectNames(*unit, diagnostics);
  // Checking may add parts of the library, which are right already.
  for (size_t k = 0; k < program->units.size(); ++k) {
    const SourceUnit* unit = program->units[k].get();
    if (unit->is_library) continue;
    for (const Item& item : unit->tree.items) {
      if (item.kind == ItemKind::kConst) {
        ModuleLowering lowering(*program, diagnostics);
        static_cast<void>(lowering.ConstantOf(item, item.name.range));
      } else if (item.kind == ItemKind::kStruct) {
        ModuleLowering lowering(*program, diagnostics);
        static_cast<void>(lowering.StructOf(item));
      } else if (item.kind != ItemKind::kTest || unit == &program->root()) {
        CheckItem(*program, item, diagnostics);
      }
    }
  }
  if (diagnostics.has_errors()) return nullptr;
  return CheckedProgramPointer(program.release());
}

namespace {

// The name behind all brackets of a type.
std::string_view ElementName(const SyntaxTree& tree, const TypeExpr& type) {
  return type.kind == TypeExprKind::kArray ? ElementName(tree, tree.type(type.element)) : type.text;
}

}  // namespace

std::vector<KernelInfo> KernelsOf(const CheckedProgram& program) {
  std::vector<KernelInfo> kernels;
  const SyntaxTree& tree = program.root().tree;
  for (const Item& item : tree.items) {
    if (item.kind != ItemKind::kKernel) continue;
    KernelInfo info;
    info.name = item.name.text;
    info.documentation = StripDocumentation(item.documentation);
    info.range = item.name.range;
    for (const TypeParameterDecl& parameter : item.type_parameters)
      info.type_parameters.emplace_back(parameter.name.text);
    for (const ParameterDecl& declaration : item.parameters) {
      const TypeExpr& type = tree.type(declaration.type);
      ParameterInfo parameter;
      parameter.name = declaration.name.text;
      parameter.type_text = program.sources.Text(type.range);
      parameter.kind = ParamKindOf(declaration.access, type.kind == TypeExprKind::kArray);
      const std::string_view element = ElementName(tree, type);
      for (const TypeParameterDecl& candidate : item.type_parameters)
        if (candidate.name.text == element) parameter.type_parameter = element;
      parameter.range = declaration.range;
      parameter.is_static = declaration.is_static;
      parameter.has_default = declaration.value.valid();
      info.parameters.push_back(std::move(parameter));
    }
    if (item.result.valid()) info.result_text = program.sources.Text(tree.type(item.result).range);
    kernels.push_back(std::move(info));
  }
  return kernels;
}

namespace {

std::vector<const Item*> TestItems(const CheckedProgram& program) {
  std::vector<const Item*> tests;
  for (const Item& item : program.root().tree.items)
    if (item.kind == ItemKind::kTest) tests.push_back(&item);
  return tests;
}

// Why a program that was checked is refused with these values of static parameters after all.
Error RefusalOf(const Diagnostics& diagnostics, const CheckedProgram& program,
                const TypeArguments& types) {
  const Diagnostic& first = diagnostics.list().front();
  EINKORN_CHECK(!types.statics.empty(), "a checked item failed to lower: " + first.message);
  return UsageError(Render(first, program.sources, {}));
}

Result<ir::Module> LowerChecked(const CheckedProgram& program, const Item& item,
                                const TypeArguments& types, bool is_debug) {
  // Checked before, so nothing is reported; constants are known, so the program stays as it is.
  Diagnostics diagnostics;
  ModuleLowering lowering(const_cast<CheckedProgram&>(program), diagnostics, is_debug);
  lowering.module().entry = lowering.Require(item, types);
  lowering.Finish();
  if (diagnostics.has_errors()) return RefusalOf(diagnostics, program, types);
  return std::move(lowering.module());
}

}  // namespace

std::vector<TestInfo> TestsOf(const CheckedProgram& program) {
  std::vector<TestInfo> tests;
  for (const Item* item : TestItems(program))
    tests.push_back({std::string(item->name.text), item->name.range});
  return tests;
}

namespace {

// The kernel that a request means, and what it is specialised by.
struct RequestedKernel {
  const Item* item;
  TypeArguments types;
};

// The value of a static parameter: the given one, or its default.
Result<StaticValue> StaticArgumentOf(ModuleLowering& lowering, const Item& item,
                                     const ParameterDecl& parameter, const StaticArgument* given,
                                     const TypeArguments& types) {
  const ScalarType type = lowering.Resolve(parameter.type, item, types).scalar();
  std::optional<Int128> value;
  if (given != nullptr)
    value = given->value;
  else if (parameter.value.valid())
    value = lowering.StaticValueOf(parameter.value, type, item, types);
  if (!value)
    return UsageError(fmt::format("the static parameter {} of kernel {} has no value",
                                  parameter.name.text, item.name.text));
  const bool fits =
      type == ScalarType::kBool ? *value == 0 || *value == 1 : FitsInteger(type, *value);
  if (!fits)
    return UsageError(fmt::format("{} is no value of the static parameter {}, which is {}",
                                  FormatInt128(*value), parameter.name.text, TextOf(type)));
  return StaticValue{parameter.name.text, type, IntegerBits(type, *value)};
}

Result<RequestedKernel> FindKernel(ModuleLowering& lowering, std::string_view name,
                                   const Specialization& chosen) {
  const Item* item = lowering.program().root().ItemNamed(name);
  if (item == nullptr || item->kind != ItemKind::kKernel)
    return UsageError(fmt::format("there is no kernel named {}", name));
  if (item->type_parameters.size() != chosen.types.size())
    return UsageError(fmt::format("kernel {} has {} type parameters, found {} type arguments", name,
                                  item->type_parameters.size(), chosen.types.size()));
  for (size_t k = 0; k < chosen.types.size(); ++k) {
    const TypeParameterDecl& parameter = item->type_parameters[k];
    const auto members = MembersOfClass(parameter.type_class.text);
    if (std::ranges::find(members, chosen.types[k]) == members.end())
      return UsageError(fmt::format("type {} is not in the class {} of {}", chosen.types[k].text(),
                                    parameter.type_class.text, parameter.name.text));
  }
  TypeArguments types(chosen.types.begin(), chosen.types.end());
  for (const StaticArgument& given : chosen.statics) {
    const auto is_meant = [&](const ParameterDecl& parameter) {
      return parameter.is_static && parameter.name.text == given.name;
    };
    if (std::ranges::none_of(item->parameters, is_meant))
      return UsageError(
          fmt::format("kernel {} has no static parameter named {}", name, given.name));
    if (std::ranges::count(chosen.statics, given.name, &StaticArgument::name) > 1)
      return UsageError(fmt::format("the static parameter {} is given twice", given.name));
  }
  for (const ParameterDecl& parameter : item->parameters) {
    if (!parameter.is_static) continue;
    const auto given =
        std::ranges::find(chosen.statics, parameter.name.text, &StaticArgument::name);
    const auto value = StaticArgumentOf(lowering, *item, parameter,
                                        given == chosen.statics.end() ? nullptr : &*given, types);
    if (!value) return value.error();
    types.statics.push_back(*value);
  }
  return RequestedKernel{item, std::move(types)};
}

}  // namespace

Result<KernelSignature> KernelSignatureOf(const CheckedProgram& program, std::string_view name,
                                          const Specialization& chosen) {
  Diagnostics diagnostics;
  ModuleLowering lowering(const_cast<CheckedProgram&>(program), diagnostics);
  const auto kernel = FindKernel(lowering, name, chosen);
  if (!kernel) return kernel.error();
  const auto signature = lowering.SignatureOf(*kernel->item, kernel->types);
  // Values of static parameters that the check has not seen may still be refused.
  if (!signature) return RefusalOf(diagnostics, program, kernel->types);
  KernelSignature found;
  found.result = signature->result;
  for (const BoundParameter& bound : signature->parameters) {
    const bool is_array = bound.array != nullptr;
    const DataInfo& info = bound.type.info();
    const ParameterDecl& declared = *bound.declaration;
    std::optional<std::vector<uint64_t>> value;
    if (declared.value.valid() && !declared.is_static)
      value = lowering.DefaultOf(declared, bound.type, *kernel->item, kernel->types);
    found.parameters.push_back({std::string(bound.declaration->name.text),
                                ParamKindOf(bound.declaration->access, is_array), bound.type,
                                static_cast<int>(bound.rank),
                                bound.declaration->is_static ? 0
                                : is_array                   ? info.components.size()
                                                             : info.leaf_count,
                                std::move(value)});
  }
  return found;
}

Result<ir::Module> LowerKernel(const CheckedProgram& program, std::string_view name,
                               const Specialization& chosen) {
  Diagnostics diagnostics;
  ModuleLowering lowering(const_cast<CheckedProgram&>(program), diagnostics);
  const auto kernel = FindKernel(lowering, name, chosen);
  if (!kernel) return kernel.error();
  return LowerChecked(program, *kernel->item, kernel->types, chosen.is_debug);
}

Result<ir::Module> LowerTest(const CheckedProgram& program, size_t index, bool is_debug) {
  const auto tests = TestItems(program);
  if (index >= tests.size()) return UsageError(fmt::format("there is no test number {}", index));
  return LowerChecked(program, *tests[index], {}, is_debug);
}

}  // namespace einkorn::frontend
