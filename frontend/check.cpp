// The outward functions of the front end.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/lowering.h"
#include "frontend/parser.h"

namespace einkorn::frontend {
namespace {

// Enters every item but tests under its name.
void CollectItems(CheckedProgram& program, Diagnostics& diagnostics) {
  for (size_t i = 0; i < program.tree.items.size(); ++i) {
    const Item& item = program.tree.items[i];
    if (item.kind == ItemKind::kTest) continue;
    const auto [at, added] = program.items.emplace(item.name.text, i);
    if (added) continue;
    diagnostics.Report(DiagnosticCode::kDuplicateName, item.name.range, item.name.text)
        .notes.push_back({program.tree.items[at->second].name.range, "declared here before"});
  }
}

bool CheckClasses(const Item& item, Diagnostics& diagnostics) {
  bool ok = true;
  for (const TypeParameterDecl& parameter : item.type_parameters) {
    if (!MembersOfClass(parameter.type_class.text).empty()) continue;
    diagnostics
        .Report(DiagnosticCode::kUnknownClass, parameter.type_class.range,
                parameter.type_class.text)
        .hint = "classes are integer, signed, unsigned, float, real, number and any";
    ok = false;
  }
  return ok;
}

// Calls `visit` with every choice of members for the type parameters until it answers false.
void ForEachBinding(const Item& item, const std::function<bool(const TypeArguments&)>& visit) {
  const size_t count = item.type_parameters.size();
  std::vector<size_t> chosen(count, 0);
  while (true) {
    TypeArguments types;
    for (size_t k = 0; k < count; ++k)
      types.push_back(MembersOfClass(item.type_parameters[k].type_class.text)[chosen[k]]);
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
                        TextOf(types[k]));
  return text;
}

// A function that a constant calls was already lowered for it.
bool Contains(const Diagnostics& diagnostics, const Diagnostic& diagnostic) {
  return std::ranges::any_of(diagnostics.list(), [&](const Diagnostic& known) {
    return known.code == diagnostic.code && known.range == diagnostic.range &&
           known.message == diagnostic.message;
  });
}

// A body is checked for every member of its classes; the first choice that fails is reported.
void CheckItem(CheckedProgram& program, const Item& item, Diagnostics& diagnostics) {
  if (!CheckClasses(item, diagnostics)) return;
  ForEachBinding(item, [&](const TypeArguments& types) {
    Diagnostics found;
    ModuleLowering lowering(program, found);
    ir::Function function;
    FunctionLowering body(lowering, item, types, function);
    body.Lower();
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

CheckedProgramPointer Check(const SourceSet& sources, SourceFileId file,
                            const ConstantEvaluator& evaluate, Diagnostics& diagnostics) {
  SyntaxTree tree = Parse(sources, file, diagnostics);
  auto program = std::make_unique<CheckedProgram>(sources, std::move(tree), evaluate);
  // What could not be parsed is not checked: its names and types would be reported as missing.
  if (diagnostics.has_errors()) return nullptr;
  CollectItems(*program, diagnostics);
  for (const Item& item : program->tree.items) {
    if (item.kind == ItemKind::kConst) {
      ModuleLowering lowering(*program, diagnostics);
      static_cast<void>(lowering.ConstantOf(item, item.name.range));
    } else {
      CheckItem(*program, item, diagnostics);
    }
  }
  if (diagnostics.has_errors()) return nullptr;
  return CheckedProgramPointer(program.release());
}

std::vector<KernelInfo> KernelsOf(const CheckedProgram& program) {
  std::vector<KernelInfo> kernels;
  const SyntaxTree& tree = program.tree;
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
      const bool is_array = type.kind == TypeExprKind::kArray;
      const std::string_view element = is_array ? tree.type(type.element).text : type.text;
      ParameterInfo parameter;
      parameter.name = declaration.name.text;
      parameter.type_text = program.sources.Text(type.range);
      parameter.kind = !is_array                                ? ir::ParamKind::kScalar
                       : declaration.access == AccessKind::kIn  ? ir::ParamKind::kArrayIn
                       : declaration.access == AccessKind::kOut ? ir::ParamKind::kArrayOut
                                                                : ir::ParamKind::kArrayInout;
      parameter.scalar = ScalarTypeNamed(element);
      if (!parameter.scalar) parameter.type_parameter = element;
      parameter.rank = static_cast<int>(type.sizes.size());
      parameter.range = declaration.range;
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
  for (const Item& item : program.tree.items)
    if (item.kind == ItemKind::kTest) tests.push_back(&item);
  return tests;
}

ir::Module LowerChecked(const CheckedProgram& program, const Item& item,
                        const TypeArguments& types) {
  // Checked before, so nothing is reported; constants are known, so the program stays as it is.
  Diagnostics diagnostics;
  ModuleLowering lowering(const_cast<CheckedProgram&>(program), diagnostics);
  lowering.module().entry = lowering.Require(item, types);
  lowering.Finish();
  EINKORN_CHECK(!diagnostics.has_errors(),
                "a checked item failed to lower: " + diagnostics.list().front().message);
  return std::move(lowering.module());
}

}  // namespace

std::vector<TestInfo> TestsOf(const CheckedProgram& program) {
  std::vector<TestInfo> tests;
  for (const Item* item : TestItems(program))
    tests.push_back({std::string(item->name.text), item->name.range});
  return tests;
}

Result<ir::Module> LowerKernel(const CheckedProgram& program, std::string_view name,
                               const std::vector<ScalarType>& type_arguments) {
  const Item* item = program.ItemNamed(name);
  if (item == nullptr || item->kind != ItemKind::kKernel)
    return UsageError(fmt::format("there is no kernel named {}", name));
  if (item->type_parameters.size() != type_arguments.size())
    return UsageError(fmt::format("kernel {} has {} type parameters, found {} type arguments", name,
                                  item->type_parameters.size(), type_arguments.size()));
  for (size_t k = 0; k < type_arguments.size(); ++k) {
    const TypeParameterDecl& parameter = item->type_parameters[k];
    const auto members = MembersOfClass(parameter.type_class.text);
    if (std::ranges::find(members, type_arguments[k]) == members.end())
      return UsageError(fmt::format("type {} is not in the class {} of {}",
                                    TextOf(type_arguments[k]), parameter.type_class.text,
                                    parameter.name.text));
  }
  return LowerChecked(program, *item, type_arguments);
}

Result<ir::Module> LowerTest(const CheckedProgram& program, size_t index) {
  const auto tests = TestItems(program);
  if (index >= tests.size()) return UsageError(fmt::format("there is no test number {}", index));
  return LowerChecked(program, *tests[index], {});
}

}  // namespace einkorn::frontend
