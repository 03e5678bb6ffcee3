// Strings with values: `"text {value}"`, of `print` and `assert`.
#include <utility>

#include "frontend/lexer.h"
#include "frontend/parsing.h"

namespace einkorn::frontend {
namespace {

// What the escape sequence `\c` stands for; the lexer has reported those that there are not.
char Unescape(char c) {
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  return c;
}

}  // namespace

bool Parser::ParseFormat(FormatText& format) {
  if (!At(TokenKind::kString)) {
    Diagnostic& report = ReportUnexpected("a string");
    if (At(TokenKind::kName)) report.hint = "values stand in it in braces: \"x is {x}\"";
    return false;
  }
  const std::string_view text = sources_.file(file_).text();
  format.range = RangeOf(Peek());
  format.pieces.emplace_back();
  const size_t end = format.range.end - 1;
  for (size_t at = format.range.begin + 1; at < end; ++at) {
    const char c = text[at];
    const bool doubled = at + 1 < end && text[at + 1] == c;
    if (c == '{' && !doubled) {
      if (!ParseFormatValue(format, at, end)) return false;
      format.pieces.emplace_back();
      continue;
    }
    if (c == '}' && !doubled) {
      diagnostics_
          .Report(DiagnosticCode::kUnexpectedToken, PlainRange(file_, at, at + 1), "`}}`", "`}`")
          .hint = "in a string `}}` shows a brace";
      return false;
    }
    if (c == '{' || c == '}' || c == '\\') ++at;
    format.pieces.back() += c == '\\' ? Unescape(text[at]) : c;
  }
  Advance();
  return true;
}

// `at` is the `{` before and the `}` after.
bool Parser::ParseFormatValue(FormatText& format, size_t& at, size_t end) {
  const std::string_view text = sources_.file(file_).text();
  size_t close = at + 1;
  for (int depth = 1; close < end; ++close) {
    if (text[close] == '{') ++depth;
    if (text[close] == '}' && --depth == 0) break;
  }
  if (close == end) {
    diagnostics_
        .Report(DiagnosticCode::kUnexpectedToken, PlainRange(file_, at, at + 1),
                "a `}` for this `{`", "the end of the string")
        .hint = "in a string `{{` shows a brace";
    return false;
  }
  // The value is parsed like any expression, from tokens of its own.
  std::vector<Token> tokens = LexPart(sources_, file_, at + 1, close, diagnostics_);
  std::swap(tokens, tokens_);
  const size_t position = std::exchange(position_, 0);
  const ExprId value = ParseExpression();
  const bool complete = value.valid() && At(TokenKind::kEnd);
  if (value.valid() && !complete) {
    Diagnostic& report = ReportUnexpected("`}`");
    if (At(TokenKind::kColon))
      report.hint = "a value has no format: it is shown in the shortest way";
  }
  std::swap(tokens, tokens_);
  position_ = position;
  format.values.push_back(value);
  at = close;
  return complete;
}

}  // namespace einkorn::frontend
