// What is wrong with a program, as data; rendering it for a person or as JSON is apart.
//
// Every kind of diagnostic is one row of diagnostics.def: its code, the format of its first line
// and one sentence of meaning for the manual. A test fails for a row that no test produces.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"

namespace einkorn {

enum class DiagnosticCode {
#define EINKORN_DIAGNOSTIC(name, code, severity, format, meaning) k##name,
#include "base/diagnostics.def"
#undef EINKORN_DIAGNOSTIC
};

enum class Severity { kError, kWarning };

/// The row of a kind.
struct DiagnosticKind {
  std::string_view code;  ///< stable, shown in brackets: `error[unknown_name]`
  Severity severity;
  std::string_view format;   ///< the first line, in the form of fmt
  std::string_view meaning;  ///< one sentence for the manual
};

const DiagnosticKind& KindOf(DiagnosticCode code);
/// All rows, in the order of the enum.
const std::vector<DiagnosticKind>& AllDiagnosticKinds();

/// A further place that belongs to a message, such as the first of two declarations.
struct DiagnosticNote {
  SourceRange range;  ///< may be invalid: then the note has no place
  std::string text;
};

struct Diagnostic {
  DiagnosticCode code;
  std::string message;
  SourceRange range;
  std::string label;  ///< stands behind the caret line; may be empty
  std::vector<DiagnosticNote> notes;
  std::string hint;  ///< what to do; may be empty

  bool is_error() const { return KindOf(code).severity == Severity::kError; }
};

/// Collects the diagnostics of one compilation. At most `kMaxDiagnostics` are kept.
class Diagnostics {
 public:
  static constexpr size_t kMaxDiagnostics = 50;

  /// Adds one; its message is the row's format applied to `arguments`. The reference is good until
  /// the next call and serves to add a label, notes and a hint.
  template <typename... Arguments>
  Diagnostic& Report(DiagnosticCode code, SourceRange range, const Arguments&... arguments) {
    return Add(
        {code, fmt::format(fmt::runtime(KindOf(code).format), arguments...), range, {}, {}, {}});
  }
  Diagnostic& Add(Diagnostic diagnostic);

  const std::vector<Diagnostic>& list() const { return list_; }
  bool has_errors() const { return errors_ > 0; }
  size_t error_count() const { return errors_; }

 private:
  std::vector<Diagnostic> list_;
  size_t errors_ = 0;
  Diagnostic discarded_;
};

struct RenderOptions {
  bool color = false;
};

/// The text of one diagnostic, in the form of every message of Einkorn:
///
///     error[unknown_name]: no variable or constant `xs` is known here
///       --> saxpy.ek:4:17
///        |
///      4 |         y[i] += xs[i];
///        |                 ^~
///        = hint: `x` is known here
std::string Render(const Diagnostic& diagnostic, const SourceSet& sources,
                   const RenderOptions& options);

/// The first line of a message, `error[code]: message`; shared by diagnostics and faults.
std::string RenderHead(Severity severity, std::string_view code, const std::string& message,
                       const RenderOptions& options);

/// The lines `  --> file:line:column`, the source line and the carets; shared by diagnostics and
/// faults. Empty for an invalid range.
std::string RenderPlace(const SourceRange& range, const std::string& label,
                        const SourceSet& sources, const RenderOptions& options);

}  // namespace einkorn
