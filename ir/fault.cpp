// Faults of operations as text: the first line, the label behind the carets and the hint.
#include "ir/fault.h"

#include <fmt/format.h>

#include <cmath>

#include "ir/fault_hints.h"

namespace einkorn {
namespace {

using ir::Function;
using ir::Op;

// What `DescribeFault` was asked, with the tables looked up.
struct Failure {
  const Function& function;
  const Op& op;
  std::span<const uint64_t> operands;

  ScalarType type(size_t i) const { return function.type(function.operand(op, i)).scalar; }
  ScalarType result() const { return function.type(function.result(op)).scalar; }
  std::string Shown(size_t i) const { return FormatScalar(type(i), operands[i]); }
  Int128 Integer(size_t i) const { return IntegerValue(type(i), operands[i]); }
};

struct Lines {
  std::string message;
  std::string label = {};
  std::string hint = {};
};

std::string DoesNotFit(const std::string& what, ScalarType type) {
  return fmt::format("{} does not fit {}", what, TextOf(type));
}

// The end of a type's range that was passed: `i64 holds up to 9223372036854775807`.
std::string LimitLabel(ScalarType type, bool above) {
  return fmt::format("{} holds {} to {}", TextOf(type), above ? "up" : "down",
                     FormatInt128(above ? GreatestOf(type) : LeastOf(type)));
}

// --- Overflow of scalar operations

Lines InfixOverflow(const Failure& f, std::string_view text, bool above) {
  return {DoesNotFit(fmt::format("{} {} {}", f.Shown(0), text, f.Shown(1)), f.type(0)),
          LimitLabel(f.type(0), above), OverflowHint(text, /*is_prefix=*/false)};
}

Lines NegationOverflow(const Failure& f) {
  const bool negative = f.Integer(0) < 0;
  return {DoesNotFit(negative ? fmt::format("-({})", f.Shown(0)) : "-" + f.Shown(0), f.type(0)),
          LimitLabel(f.type(0), negative), OverflowHint("-", /*is_prefix=*/true)};
}

Lines AbsOverflow(const Failure& f) {
  return {DoesNotFit(fmt::format("abs({})", f.Shown(0)), f.type(0)), LimitLabel(f.type(0), true),
          "to wrap on purpose, write wrapping_abs(a); to saturate, saturating_abs(a)"};
}

Lines ScalarOverflow(const Failure& f) {
  const Opcode opcode = f.op.opcode;
  if (opcode == Opcode::kAdd) return InfixOverflow(f, "+", f.Integer(0) > 0);
  if (opcode == Opcode::kSub) return InfixOverflow(f, "-", f.Integer(1) < 0);
  if (opcode == Opcode::kMul)
    return InfixOverflow(f, "*", (f.Integer(0) < 0) == (f.Integer(1) < 0));
  if (opcode == Opcode::kShl) return InfixOverflow(f, "<<", f.Integer(0) > 0);
  if (opcode == Opcode::kDiv) return InfixOverflow(f, "/", true);
  if (opcode == Opcode::kNeg) return NegationOverflow(f);
  return AbsOverflow(f);
}

Lines NarrowingFault(const Failure& f) {
  const ScalarType from = f.type(0), to = f.result();
  Lines lines{DoesNotFit(f.Shown(0), to), {}, NarrowingHint(from, to)};
  if (IsFloat(from)) {
    const double value = FloatValue(from, f.operands[0]);
    if (!std::isnan(value)) lines.label = LimitLabel(to, value > 0);
  } else {
    lines.label = LimitLabel(to, f.Integer(0) > 0);
  }
  return lines;
}

// --- Arrays

// The sizes as the source writes them, split at the commas outside parentheses.
std::vector<std::string_view> SplitShape(std::string_view shape) {
  std::vector<std::string_view> sizes;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= shape.size(); ++i) {
    const char c = i < shape.size() ? shape[i] : ',';
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (c != ',' || (depth > 0 && i < shape.size())) continue;
    std::string_view size = shape.substr(begin, i - begin);
    while (!size.empty() && size.front() == ' ') size.remove_prefix(1);
    sizes.push_back(size);
    begin = i + 1;
  }
  return sizes;
}

// `n = 10` or, where the source has a number, `10`.
std::string SizesText(std::string_view shape, std::span<const uint64_t> sizes) {
  const auto names = SplitShape(shape);
  std::string text;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (d > 0) text += ", ";
    const std::string_view name = d < names.size() ? names[d] : std::string_view();
    const bool is_number = name.find_first_not_of("0123456789_") == std::string_view::npos;
    if (!is_number) text += fmt::format("{} = ", name);
    text += FormatScalar(ScalarType::kI64, sizes[d]);
  }
  return text;
}

// An access to an element: its array, and how many dimensions that has.
struct Access {
  ir::ValueId array;
  size_t rank;
};

Access AccessOf(const Failure& f) {
  const ir::ValueId array = f.function.operand(f.op, 0);
  return {array, f.function.type(array).rank};
}

std::string IndexText(const Failure& f, size_t rank) {
  std::string text;
  for (size_t d = 0; d < rank; ++d)
    text += fmt::format("{}{}", d > 0 ? ", " : "", FormatScalar(f.type(d + 1), f.operands[d]));
  return text;
}

// Of a view: the indices and bounds in order, then the sizes.
Lines ViewFault(const Failure& f) {
  const size_t rank = AccessOf(f).rank;
  const size_t count = f.op.operands.count - 1;
  const auto sizes = f.operands.subspan(count, rank);
  const auto value = [&](size_t i) { return static_cast<int64_t>(f.operands[i]); };
  const auto [name, shape] = NamesOfAccessed(f.function, f.op);
  std::string what;
  size_t outside = 0;
  for (size_t d = 0, next = 0; d < rank && what.empty(); ++d) {
    const auto size = static_cast<int64_t>(sizes[d]);
    const bool is_kept = ((f.op.immediate >> d) & 1) != 0;
    const int64_t first = value(next);
    if (is_kept && (first < 0 || value(next + 1) < first || value(next + 1) > size))
      what = fmt::format("range {}..{}", first, value(next + 1));
    if (!is_kept && (first < 0 || first >= size)) what = fmt::format("index {}", first);
    outside = d;
    next += is_kept ? 2 : 1;
  }
  std::string message = fmt::format("{} is outside {} of size {}", what,
                                    name.empty() ? "an array" : name, SizesText(shape, sizes));
  if (rank > 1) message += fmt::format(" (dimension {})", outside);
  return {std::move(message)};
}

Lines BoundsFault(const Failure& f) {
  if (f.op.opcode == Opcode::kView) return ViewFault(f);
  const size_t rank = AccessOf(f).rank;
  const auto sizes = f.operands.subspan(rank, rank);
  size_t outside = 0;
  for (size_t d = rank; d-- > 0;) {
    const Int128 index = IntegerValue(f.type(d + 1), f.operands[d]);
    if (index < 0 || index >= IntegerValue(ScalarType::kI64, sizes[d])) outside = d;
  }
  const auto [name, shape] = NamesOfAccessed(f.function, f.op);
  const bool several = rank > 1;
  std::string message =
      fmt::format("index {}{}{} is outside {} of size {}", several ? "(" : "", IndexText(f, rank),
                  several ? ")" : "", name.empty() ? "an array" : name, SizesText(shape, sizes));
  if (several) message += fmt::format(" (dimension {})", outside);
  return {std::move(message)};
}

Lines AtomicOverflow(const Failure& f) {
  const auto [array, rank] = AccessOf(f);
  const ScalarType type = f.function.type(array).scalar;
  const std::string_view name = NamesOfAccessed(f.function, f.op).name;
  const Int128 exact = JoinWords(f.operands[2 * rank], f.operands[2 * rank + 1]);
  const bool adds = static_cast<AtomicKind>(f.op.immediate) == AtomicKind::kAdd;
  return {
      fmt::format("{}[{}] does not fit {}: the exact value is {}", name.empty() ? "element " : name,
                  IndexText(f, rank), TextOf(type), FormatInt128(exact)),
      LimitLabel(type, exact > 0), fmt::format("to wrap on purpose, write {}%=", adds ? '+' : '-')};
}

std::string NewArrayName(const Failure& f) {
  const std::string_view name = f.function.string(f.function.value(f.function.result(f.op)).name);
  return name.empty() ? "an array" : fmt::format("array {}", name);
}

Lines NegativeSize(const Failure& f) {
  const size_t rank = f.function.type(f.function.result(f.op)).rank;
  size_t negative = 0;
  while (negative + 1 < rank && f.Integer(negative) >= 0) ++negative;
  return {fmt::format("{} has the negative size {}", NewArrayName(f), f.Shown(negative))};
}

Lines TooLarge(const Failure& f) {
  const Type type = f.function.type(f.function.result(f.op));
  Int128 bytes = BytesOf(type.scalar);
  bool countable = true;
  for (size_t d = 0; d < type.rank; ++d)
    countable = !__builtin_mul_overflow(bytes, f.Integer(d), &bytes) && countable;
  if (!countable) return {fmt::format("{} of more than 2^127 bytes", NewArrayName(f))};
  return {fmt::format("{} of {} bytes", NewArrayName(f), FormatInt128(bytes))};
}

// --- Reductions

Lines ReductionOverflow(const Failure& f) {
  const std::string_view name = TextOf(ir::ReduceKindOf(f.op));
  std::string message = DoesNotFit(std::string(name), f.result());
  if (f.operands.size() == 2)
    message += fmt::format(": the exact value is {}",
                           FormatInt128(JoinWords(f.operands[0], f.operands[1])));
  return {message, {}, ReductionHint(message)};
}

Lines DivisionFault(const Failure& f) {
  if (f.op.opcode == Opcode::kDiv) return {fmt::format("{} / 0", f.Shown(0))};
  if (f.op.opcode == Opcode::kRem) return {fmt::format("{} % 0", f.Shown(0))};
  return {"step 0"};
}

Lines Describe(const Failure& f, FaultKind kind) {
  switch (kind) {
    case FaultKind::kOverflow:
      if (f.op.opcode == Opcode::kAtomic) return AtomicOverflow(f);
      if (f.op.opcode == Opcode::kReduce) return ReductionOverflow(f);
      return ScalarOverflow(f);
    case FaultKind::kDivision:
      return DivisionFault(f);
    case FaultKind::kShift:
      return {fmt::format("shift by {} is outside 0..{} of {}", f.Shown(1), BitsOf(f.type(0)),
                          TextOf(f.type(0)))};
    case FaultKind::kNarrowing:
      return NarrowingFault(f);
    case FaultKind::kBounds:
      return BoundsFault(f);
    case FaultKind::kShape:
      return NegativeSize(f);
    case FaultKind::kEmpty:
      return {fmt::format("{} of no terms", TextOf(ir::ReduceKindOf(f.op)))};
    case FaultKind::kMemory:
      return TooLarge(f);
    case FaultKind::kAssertion:
      return {fmt::format("expected error[{}], but nothing failed",
                          TextOf(static_cast<FaultKind>(f.op.immediate)))};
    case FaultKind::kAlias:
    case FaultKind::kRecursion:
    case FaultKind::kRace:
    case FaultKind::kUninitialized:
    case FaultKind::kUnwritten:
    case FaultKind::kNan:
    case FaultKind::kStopped:
      break;  // no operation alone has these
  }
  return {std::string(MeaningOf(kind))};
}

}  // namespace

Fault DescribeFault(const Function& function, ir::OpId id, FaultKind kind,
                    std::span<const uint64_t> operands) {
  const Op& op = function.op(id);
  Lines lines;
  if (op.opcode == Opcode::kFail) {
    std::vector<Type> types;
    for (ir::ValueId operand : function.operands(op)) types.push_back(function.type(operand));
    lines.message = FillText(function.string(op.text), types, operands);
    // An expanded reduction fails by a `fail`, whose report is that of the reduction.
    if (kind == FaultKind::kOverflow) lines.hint = ReductionHint(lines.message);
  } else {
    lines = Describe({function, op, operands}, kind);
  }
  return {kind, std::move(lines.message), op.range, std::move(lines.label),
          {},   std::move(lines.hint)};
}

ArrayNames NamesOfAccessed(const Function& function, const Op& access) {
  if (!access.text.valid()) {
    const ir::Value& array = function.value(function.operand(access, 0));
    return {function.string(array.name), function.string(array.shape)};
  }
  std::string_view shape = function.string(access.text);
  const std::string_view name = shape.substr(0, shape.find('['));
  shape.remove_prefix(std::min(shape.size(), name.size() + 1));
  if (shape.ends_with(']')) shape.remove_suffix(1);
  return {name, shape};
}

Fault DescribeRecursion(SourceRange range, std::string_view callee, int limit) {
  return {FaultKind::kRecursion,
          fmt::format("depth {} of {} exceeds {}", limit + 1, callee, limit),
          range,
          {},
          {},
          {}};
}

}  // namespace einkorn
