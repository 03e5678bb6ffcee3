#include "base/diagnostic.h"

#include <algorithm>

#include "base/utf8.h"

namespace einkorn {
namespace {

constexpr const char* kRed = "\x1b[1;31m";
constexpr const char* kYellow = "\x1b[1;33m";
constexpr const char* kBlue = "\x1b[1;34m";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kPlain = "\x1b[0m";

std::string Paint(std::string_view text, const char* color, const RenderOptions& options) {
  if (!options.color || text.empty()) return std::string(text);
  return fmt::format("{}{}{}", color, text, kPlain);
}

// The longest part of a source line that is shown; a longer one is cut around the caret.
constexpr size_t kShownColumns = 120;

bool IsContinuationByte(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

// How many columns `text` takes on a screen, one for each character; tabs are shown as one space.
size_t DisplayWidth(std::string_view text) {
  return text.size() -
         static_cast<size_t>(std::count_if(text.begin(), text.end(), IsContinuationByte));
}

// Bytes that are no text are shown as `?`, one column each, so that what is written is always
// UTF-8.
std::string Printable(std::string_view text) {
  std::string shown(text);
  for (size_t at; (at = FindInvalidUtf8(shown)) != std::string::npos;) shown[at] = '?';
  for (char& byte : shown) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x20 || value == 0x7f) byte = ' ';
  }
  return shown;
}

struct Excerpt {
  std::string text;
  size_t begin, point_begin, point_end, end;  // columns from 0
};

// Cuts the line so that the marked part stays visible.
Excerpt MakeExcerpt(std::string_view line, const SourceRange& range, uint32_t line_start) {
  const auto column = [&](uint32_t offset) {
    return std::min<size_t>(offset >= line_start ? offset - line_start : 0, line.size());
  };
  size_t begin = column(range.begin), end = column(range.end);
  size_t point_begin = column(range.point_begin), point_end = column(range.point_end);
  size_t first = 0, last = line.size();
  std::string before, after;
  if (line.size() > kShownColumns) {
    first = point_begin > kShownColumns / 2 ? point_begin - kShownColumns / 2 : 0;
    last = std::min(line.size(), first + kShownColumns);
    while (first > 0 && IsContinuationByte(line[first])) --first;
    while (last < line.size() && IsContinuationByte(line[last])) ++last;
    if (first > 0) before = "...";
    if (last < line.size()) after = "...";
  }
  const auto shown = [&](size_t at) {
    at = std::clamp(at, first, last);
    return before.size() + DisplayWidth(line.substr(first, at - first));
  };
  return {before + Printable(line.substr(first, last - first)) + after, shown(begin),
          shown(point_begin), shown(point_end), shown(end)};
}

}  // namespace

const std::vector<DiagnosticKind>& AllDiagnosticKinds() {
  static const std::vector<DiagnosticKind> kinds = {
#define EINKORN_DIAGNOSTIC(name, code, severity, format, meaning) \
  {code, Severity::k##severity, format, meaning},
#include "base/diagnostics.def"
#undef EINKORN_DIAGNOSTIC
  };
  return kinds;
}

const DiagnosticKind& KindOf(DiagnosticCode code) {
  return AllDiagnosticKinds()[static_cast<size_t>(code)];
}

Diagnostic& Diagnostics::Add(Diagnostic diagnostic) {
  if (diagnostic.is_error()) ++errors_;
  if (list_.size() >= kMaxDiagnostics) {
    discarded_ = std::move(diagnostic);
    return discarded_;
  }
  list_.push_back(std::move(diagnostic));
  return list_.back();
}

std::string RenderHead(Severity severity, std::string_view code, const std::string& message,
                       const RenderOptions& options) {
  const bool error = severity == Severity::kError;
  return Paint(fmt::format("{}[{}]", error ? "error" : "warning", code), error ? kRed : kYellow,
               options) +
         Paint(": " + message, kBold, options) + "\n";
}

std::string RenderPlace(const SourceRange& range, const std::string& label,
                        const SourceSet& sources, const RenderOptions& options) {
  if (!range.valid()) return {};
  const SourceFile& file = sources.file(range.file);
  const LineColumn at = file.Locate(range.point_begin);
  const uint32_t line_start = range.point_begin - (at.column - 1);
  const Excerpt excerpt = MakeExcerpt(file.Line(at.line), range, line_start);
  const std::string number = fmt::format("{}", at.line);
  const std::string margin(number.size() + 2, ' ');

  std::string marks(excerpt.begin, ' ');
  marks.append(excerpt.point_begin - excerpt.begin, '~');
  marks.append(std::max<size_t>(1, excerpt.point_end - excerpt.point_begin), '^');
  if (excerpt.end > excerpt.point_end) marks.append(excerpt.end - excerpt.point_end, '~');
  if (!label.empty()) marks += "  " + label;

  std::string out = fmt::format("{}{} {}:{}:{}\n", std::string(number.size() + 1, ' '),
                                Paint("-->", kBlue, options), file.name(), at.line, at.column);
  const std::string bar = Paint("|", kBlue, options);
  out += fmt::format("{}{}\n", margin, bar);
  out += fmt::format(" {} {} {}\n", Paint(number, kBlue, options), bar, excerpt.text);
  out += fmt::format("{}{} {}\n", margin, bar, Paint(marks, kRed, options));
  return out;
}

std::string Render(const Diagnostic& diagnostic, const SourceSet& sources,
                   const RenderOptions& options) {
  const DiagnosticKind& kind = KindOf(diagnostic.code);
  std::string out = RenderHead(kind.severity, kind.code, diagnostic.message, options);
  out += RenderPlace(diagnostic.range, diagnostic.label, sources, options);
  for (const DiagnosticNote& note : diagnostic.notes) {
    out += fmt::format("   = note: {}\n", note.text);
    out += RenderPlace(note.range, {}, sources, options);
  }
  if (!diagnostic.hint.empty()) out += fmt::format("   = hint: {}\n", diagnostic.hint);
  return out;
}

}  // namespace einkorn
