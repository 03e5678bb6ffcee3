#include "tests/fuzz/reducer.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "frontend/parser.h"

namespace einkorn::fuzz {
namespace {

using namespace frontend;

/// The bytes [begin, end) replaced by `text`.
struct Edit {
  size_t begin, end;
  std::string text;
};

class Edits {
 public:
  /// Of items and statements, and of expressions too if `with_expressions`.
  Edits(const std::string& program, bool with_expressions) : program_(program) {
    Diagnostics diagnostics;
    const SourceFileId file = sources_.Add("reduced.ek", program);
    tree_ = Parse(sources_, file, diagnostics);
    if (diagnostics.has_errors()) return;
    for (const Item& item : tree_.items) AddItem(item);
    for (const Statement& s : tree_.statements) AddStatement(s);
    for (const Block& block : tree_.blocks) Empty(block);
    for (const Expr& e : tree_.exprs)
      if (with_expressions) AddExpression(e);
    // Large ones first.
    std::ranges::stable_sort(edits_, std::greater(), &Edits::Saved);
  }
  const std::vector<Edit>& all() const { return edits_; }

 private:
  static size_t Saved(const Edit& edit) {
    const size_t length = edit.end - edit.begin;
    return length > edit.text.size() ? length - edit.text.size() : 0;
  }
  std::string TextOf(SourceRange range) const { return std::string(sources_.Text(range)); }

  // With the separator behind it, or the one before.
  void Delete(SourceRange range, char separator) {
    size_t begin = range.begin, end = range.end;
    while (end < program_.size() && std::isspace(static_cast<unsigned char>(program_[end]))) ++end;
    if (end < program_.size() && program_[end] == separator)
      ++end;
    else if (separator == ',' && program_.find_last_not_of(' ', begin - 1) != std::string::npos &&
             program_[program_.find_last_not_of(' ', begin - 1)] == ',')
      begin = program_.find_last_not_of(' ', begin - 1);
    edits_.push_back({begin, end, ""});
  }
  void Replace(SourceRange range, std::string text) {
    if (text.size() < range.end - range.begin)
      edits_.push_back({range.begin, range.end, std::move(text)});
  }

  // Ranges of what has blocks are those of its head.
  SourceRange WithBlocks(SourceRange range, std::initializer_list<BlockId> blocks) const {
    for (BlockId block : blocks)
      if (block.valid()) range.end = std::max(range.end, tree_.block(block).range.end);
    return range;
  }

  void Empty(const Block& block) {
    if (block.range.end > block.range.begin + 2)
      edits_.push_back({block.range.begin + 1, block.range.end - 1, " "});
  }

  void AddItem(const Item& item) {
    Delete(WithBlocks(item.range, {item.body}), ';');
    for (const ParameterDecl& parameter : item.parameters) Delete(parameter.range, ',');
    if (item.result.valid() && item.kind == ItemKind::kKernel) {
      const size_t arrow = program_.rfind("->", tree_.type(item.result).range.begin);
      if (arrow != std::string::npos)
        edits_.push_back({arrow, tree_.type(item.result).range.end, ""});
    }
  }

  void AddStatement(const Statement& s) {
    const SourceRange whole = WithBlocks(s.range, {s.block, s.other});
    Delete(whole, ';');
    for (BlockId block : {s.block, s.other}) {
      if (!block.valid()) continue;
      const std::string inside = TextOf(tree_.block(block).range);
      if (inside.size() > 2) Replace(whole, inside.substr(1, inside.size() - 2));
    }
    for (const RangeClause& range : s.ranges) Delete(range.range, ',');
  }

  void AddExpression(const Expr& e) {
    std::vector<ExprId> parts = {e.a, e.b};
    parts.insert(parts.end(), e.list.begin(), e.list.end());
    for (BlockId block : {e.block, e.other})
      if (block.valid()) parts.push_back(tree_.block(block).value);
    for (ExprId part : parts)
      if (part.valid()) Replace(e.range, TextOf(tree_.expr(part).range));
    for (const char* literal : {"0", "0.0", "true", "false"}) Replace(e.range, literal);
  }

  const std::string& program_;
  SourceSet sources_;
  SyntaxTree tree_;
  std::vector<Edit> edits_;
};

size_t Occurrences(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// The names of arrays that begin without values. Less of what is written to them could let a value
// be read that nobody gave.
std::vector<std::string> UndefinedArrays(const std::string& program) {
  std::vector<std::string> names;
  for (size_t at = program.find("= undefined"); at != std::string::npos;
       at = program.find("= undefined", at + 1)) {
    const size_t var = program.rfind("var ", at);
    if (var != std::string::npos)
      names.push_back(program.substr(var + 4, program.find(':', var) - var - 4));
  }
  return names;
}

bool KeepsUndefinedArrays(const std::string& before, const std::string& after) {
  return std::ranges::all_of(UndefinedArrays(before), [&](const std::string& name) {
    const size_t count = Occurrences(after, name);
    return count == 0 || count == Occurrences(before, name);
  });
}

std::string WithoutBlankLines(const std::string& text) {
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(' ') != std::string::npos) result += line + "\n";
  return result;
}

}  // namespace

std::string Reduce(std::string program, const std::function<bool(const std::string&)>& holds,
                   std::chrono::seconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  // One pass over the edits; what was made smaller is read again, and the pass goes on from there.
  const auto pass = [&](bool with_expressions) {
    bool helped = false;
    for (size_t next = 0;;) {
      const Edits edits(program, with_expressions);
      bool changed = false;
      for (; next < edits.all().size() && !changed; ++next) {
        if (std::chrono::steady_clock::now() > end) return false;
        const Edit& edit = edits.all()[next];
        std::string smaller = program.substr(0, edit.begin) + edit.text + program.substr(edit.end);
        if (smaller.size() >= program.size() || !KeepsUndefinedArrays(program, smaller)) continue;
        if (!holds(smaller)) continue;
        program = std::move(smaller);
        changed = helped = true;
        break;
      }
      if (!changed) return helped;
    }
  };
  for (bool helped = true; helped;) {
    while (pass(/*with_expressions=*/false)) continue;
    helped = pass(/*with_expressions=*/true);
  }
  const std::string tidy = WithoutBlankLines(program);
  return holds(tidy) ? tidy : program;
}

}  // namespace einkorn::fuzz
