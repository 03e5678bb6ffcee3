#include "tests/fuzz/mutations.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "frontend/lexer.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "runtime/program.h"
#include "tests/fuzz/program_generator.h"

namespace einkorn::fuzz {
namespace {

namespace fs = std::filesystem;

/// A piece of a text, [begin, end).
struct Piece {
  size_t begin, end;
};

Piece AnyBytes(const std::string& text, Choices& choices) {
  const size_t begin = choices.Below(text.size() + 1);
  return {begin, std::min(text.size(), begin + choices.Below(5))};
}

// A word or a run of signs.
Piece AnyToken(const std::string& text, Choices& choices) {
  if (text.empty()) return {0, 0};
  const auto kind = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) || c == '_' ? 1 : std::isspace(byte) ? 2 : 3;
  };
  size_t begin = choices.Below(text.size());
  size_t end = begin + 1;
  const int wanted = kind(text[begin]);
  while (begin > 0 && wanted != 3 && kind(text[begin - 1]) == wanted) --begin;
  while (end < text.size() && wanted != 3 && kind(text[end]) == wanted) ++end;
  return {begin, end};
}

Piece AnyLines(const std::string& text, Choices& choices) {
  if (text.empty()) return {0, 0};
  size_t begin = text.rfind('\n', choices.Below(text.size()));
  begin = begin == std::string::npos ? 0 : begin + 1;
  size_t end = begin;
  for (size_t count = 1 + choices.Below(4); count > 0 && end < text.size(); --count) {
    end = text.find('\n', end);
    end = end == std::string::npos ? text.size() : end + 1;
  }
  return {begin, end};
}

Piece AnyPiece(const std::string& text, Choices& choices) {
  switch (choices.Below(6)) {
    case 0:
      return AnyBytes(text, choices);
    case 1:
      return AnyLines(text, choices);
    default:
      return AnyToken(text, choices);
  }
}

std::string TextOf(const std::string& text, Piece piece) {
  return text.substr(piece.begin, piece.end - piece.begin);
}

std::string AnyInsertion(const std::vector<std::string>& texts, Choices& choices) {
  static const std::string signs[] = {"(",
                                      ")",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      ";",
                                      ",",
                                      ".",
                                      "..",
                                      "\"",
                                      "-",
                                      "%",
                                      "as|",
                                      "<",
                                      ">",
                                      "@",
                                      "//",
                                      "\n",
                                      "0",
                                      "9223372036854775808",
                                      "1e999",
                                      "0x",
                                      "_",
                                      "\xff",
                                      "\xc3\xa9",
                                      "for",
                                      "if",
                                      "fn",
                                      "%0",
                                      "checks()",
                                      "yield",
                                      "-1",
                                      "array<f32, 9>"};
  if (choices.Chance(40)) return choices.Of(signs);
  const std::string& other = choices.Of(texts);
  return TextOf(other, AnyPiece(other, choices));
}

std::string DiagnosticsOf(const Program& program) {
  std::string text;
  for (const Diagnostic& diagnostic : program.diagnostics().list())
    text += Render(diagnostic, program.sources(), {});
  return text;
}

// Round trip of whatever is well formed.
std::string RoundTrip(const ir::Module& module) {
  const std::string printed = ir::Print(module, {.places = true});
  const auto again = ir::ParseModule(printed);
  if (!again) return "what was printed is refused: " + again.error().message + "\n" + printed;
  if (ir::Print(*again, {.places = true}) != printed) return "it prints otherwise when read back";
  return {};
}

// A host gives neither types nor statics here.
bool IsClosed(const Program& program, const frontend::KernelInfo& kernel) {
  const std::string_view head =
      program.sources().file(program.file()).text().substr(kernel.range.begin);
  return kernel.type_parameters.empty() &&
         head.substr(0, head.find('{')).find("static") == std::string_view::npos;
}

std::string LowerAll(const Program& program) {
  std::string problem;
  for (const frontend::KernelInfo& kernel : program.kernels()) {
    if (!IsClosed(program, kernel) || !problem.empty()) continue;
    const auto module = frontend::LowerKernel(program.checked(), kernel.name, {});
    if (!module) continue;
    problem = RoundTrip(*module);
  }
  for (size_t k = 0; k < program.tests().size() && problem.empty(); ++k)
    if (const auto module = frontend::LowerTest(program.checked(), k)) problem = RoundTrip(*module);
  return problem;
}

}  // namespace

std::vector<std::string> ProgramTexts(const std::string& source_folder) {
  std::vector<fs::path> paths;
  for (const char* folder : {"samples", "std", "tests/golden"})
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(source_folder) / folder))
      if (entry.path().extension() == ".ek") paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> texts;
  for (const fs::path& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    texts.push_back(text.str());
  }
  for (uint64_t seed = 0; seed < 30; ++seed) texts.push_back(MakeProgram(seed));
  return texts;
}

std::vector<std::string> ModuleTexts(const std::vector<std::string>& programs) {
  std::vector<std::string> texts;
  for (const std::string& text : programs) {
    const auto program = Program::Read("corpus.ek", text);
    if (!program->ok()) continue;
    for (const frontend::KernelInfo& kernel : program->kernels()) {
      if (!IsClosed(*program, kernel)) continue;
      const auto module = frontend::LowerKernel(program->checked(), kernel.name, {});
      if (module) texts.push_back(ir::Print(*module, {.places = texts.size() % 3 == 0}));
    }
  }
  return texts;
}

std::string Mutated(const std::vector<std::string>& texts, Choices& choices) {
  std::string text = choices.Of(texts);
  for (size_t count = 1 + choices.Below(6); count > 0; --count) {
    const Piece piece = AnyPiece(text, choices);
    const size_t length = piece.end - piece.begin;
    switch (choices.Below(5)) {
      case 0:
        text.erase(piece.begin, length);
        break;
      case 1:
        text.insert(piece.begin, TextOf(text, piece));
        break;
      case 2:
        text.insert(piece.begin, AnyInsertion(texts, choices));
        break;
      case 3: {
        const std::string moved = TextOf(text, piece);
        text.erase(piece.begin, length);
        text.insert(choices.Below(text.size() + 1), moved);
        break;
      }
      default:
        text.replace(piece.begin, length, AnyInsertion(texts, choices));
    }
  }
  return text;
}

std::string ProblemWithProgram(const std::string& text) {
  try {
    SourceSet sources;
    const SourceFileId file = sources.Add("mutated.ek", text);
    Diagnostics diagnostics;
    frontend::DumpTokens(sources, file, diagnostics);
    frontend::DumpSyntaxTree(sources, file, diagnostics);
    const auto program = Program::Read("mutated.ek", text);
    const std::string shown = DiagnosticsOf(*program);
    if (!program->ok() && shown.empty()) return "it is refused without a diagnostic";
    return program->ok() ? LowerAll(*program) : "";
  } catch (const std::exception& exception) {
    return std::string("an exception: ") + exception.what();
  }
}

std::string ProblemWithModule(const std::string& text) {
  try {
    const auto module = ir::ParseModule(text);
    if (!module) return module.error().message.empty() ? "it is refused without a reason" : "";
    const auto problems = ir::Verify(*module);
    return problems.empty() ? RoundTrip(*module) : "";
  } catch (const std::exception& exception) {
    return std::string("an exception: ") + exception.what();
  }
}

}  // namespace einkorn::fuzz
