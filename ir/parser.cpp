#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "ir/immediate.h"
#include "ir/text.h"
#include "ir/text_tokens.h"

namespace einkorn::ir {
namespace {

using Kind = TextTokenKind;

// Names stand in the text before what they mean may be known, so these are settled at the end.
struct FunctionUse {
  FunctionId function;
  OpId op;
  std::string callee;
  size_t offset;
};
struct SymbolUse {
  size_t param, dimension, term;
  std::string symbol;
  size_t offset;
};

// Reads one module. The first mistake is kept and moves the reader to the end of the text, where
// every further expectation fails silently, so that no step needs to look at the outcome of the one
// before.
class ModuleParser {
 public:
  explicit ModuleParser(std::string_view text) : text_(text) { Advance(); }

  Result<Module> Parse() {
    while (token_.kind != Kind::kEnd) ParseFunction();
    for (const FunctionUse& use : function_uses_) {
      const auto found = functions_.find(use.callee);
      if (found == functions_.end()) {
        FailAt(use.offset, fmt::format("there is no function {}", use.callee));
        break;
      }
      module_.function(use.function).op(use.op).immediate = found->second.index;
    }
    if (error_) return *std::move(error_);
    return std::move(module_);
  }

 private:
  // --- Tokens

  void Advance() {
    if (!error_) token_ = NextTextToken(text_, token_.offset + token_.text.size());
  }

  void FailAt(size_t offset, std::string_view message) {
    if (error_) return;
    size_t line = 1, line_begin = 0;
    for (size_t i = 0; i < offset; ++i) {
      if (text_[i] != '\n') continue;
      ++line;
      line_begin = i + 1;
    }
    error_ =
        UsageError(fmt::format("line {}, column {}: {}", line, offset - line_begin + 1, message));
    token_ = {};
  }

  void FailExpecting(std::string_view what) {
    constexpr size_t kShown = 40;
    std::string seen(token_.text.substr(0, kShown));
    for (char& c : seen)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) c = '?';
    FailAt(token_.offset, fmt::format("expected {}, found {}", what,
                                      token_.kind == Kind::kEnd ? "the end" : "`" + seen + "`"));
  }

  bool At(std::string_view text) const {
    return (token_.kind == Kind::kWord || token_.kind == Kind::kPunctuation) && token_.text == text;
  }
  bool Accept(std::string_view text) {
    if (!At(text)) return false;
    Advance();
    return true;
  }
  void Expect(std::string_view text) {
    if (!Accept(text)) FailExpecting(fmt::format("`{}`", text));
  }
  // The token if it is of this kind.
  std::optional<TextToken> Take(Kind kind, std::string_view what) {
    if (token_.kind != kind) {
      FailExpecting(what);
      return std::nullopt;
    }
    TextToken taken = token_;
    Advance();
    return taken;
  }
  // Calls `read` for each entry of a list with commas.
  template <typename Read>
  void ParseList(Read read) {
    do read();
    while (Accept(","));
  }
  // The member of a table that is named by a word.
  template <typename Named>
  auto ParseNamed(Named named, std::string_view what) -> decltype(named(std::string_view())) {
    auto found = token_.kind == Kind::kWord ? named(token_.text) : std::nullopt;
    if (found)
      Advance();
    else
      FailExpecting(what);
    return found;
  }
  template <typename Enum, typename... Members>
  std::optional<Enum> ParseEnum(std::string_view what, Members... members) {
    return ParseNamed(
        [&](std::string_view text) {
          std::optional<Enum> found;
          ((TextOf(members) == text ? void(found = members) : void()), ...);
          return found;
        },
        what);
  }

  template <typename Number>
  Number ParseNumber(std::string_view what) {
    Number value = 0;
    const char* end = token_.text.data() + token_.text.size();
    const auto read = std::from_chars(token_.text.data(), end, value);
    if (token_.kind != Kind::kNumber || read.ec != std::errc() || read.ptr != end) {
      FailExpecting(what);
      return 0;
    }
    Advance();
    return value;
  }

  // --- Types and places

  Type ParseType() {
    const bool is_array = Accept("array");
    if (is_array) Expect("<");
    Type type;
    type.scalar = ParseNamed(ScalarTypeNamed, "a type").value_or(ScalarType::kBool);
    if (!is_array) return type;
    Expect(",");
    const size_t offset = token_.offset;
    const auto rank = ParseNumber<unsigned>("a number of dimensions");
    if (rank == 0 || rank > kMaxRank)
      FailAt(offset, fmt::format("an array has 1 to {} dimensions", kMaxRank));
    Expect(">");
    return error_ ? Type() : Type::Array(type.scalar, static_cast<int>(rank));
  }

  // A type, and how the source writes the sizes of an array.
  struct Described {
    Type type;
    std::string shape;
  };
  Described ParseDescribed() {
    Described described{ParseType(), {}};
    if (token_.kind == Kind::kString) described.shape = Take(Kind::kString, "")->name;
    return described;
  }
  void SetShape(ValueId value, const std::string& shape) {
    function().value(value).shape = function().AddString(shape);
  }

  SourceRange ParsePlace() {
    SourceRange range;
    if (!Accept("at")) return range;
    const auto number = [&] { return ParseNumber<uint32_t>("a source offset"); };
    range.file = SourceFileId(number());
    Expect(":");
    range.begin = range.point_begin = number();
    Expect(":");
    range.end = range.point_end = number();
    if (Accept(":")) {
      range.point_begin = number();
      Expect(":");
      range.point_end = number();
    }
    return range;
  }

  // --- Functions

  Function& function() { return module_.functions.back(); }
  Builder builder() {
    Builder builder(function());
    builder.Enter(region_);
    return builder;
  }

  void ParseFunction() {
    const size_t offset = token_.offset;
    const FunctionId id(module_.functions.size());
    module_.functions.emplace_back();
    values_.clear();
    if (Accept("entry")) {
      if (module_.entry.valid()) FailAt(offset, "a module has one entry");
      module_.entry = id;
    }
    function().kind = ParseEnum<FunctionKind>("a kind of function", FunctionKind::kKernel,
                                              FunctionKind::kFunction, FunctionKind::kTest,
                                              FunctionKind::kConstant)
                          .value_or(FunctionKind::kFunction);
    if (const auto name = Take(Kind::kFunction, "a function's name")) {
      function().name = name->name;
      if (!functions_.emplace(std::string(name->text), id).second)
        FailAt(name->offset, fmt::format("{} is defined twice", name->text));
    }
    Expect("(");
    if (!At(")")) ParseList([&] { ParseParam(); });
    Expect(")");
    SettleSymbols();
    if (Accept("->")) ParseList([&] { function().results.push_back(ParseType()); });
    if (Accept("depth")) function().depth_limit = ParseNumber<int>("a depth");
    if (Accept("memo")) function().is_memo = true;
    function().range = ParsePlace();
    function().body = ParseRegion();
  }

  void ParseParam() {
    Param param;
    param.kind = ParseEnum<ParamKind>("symbol, scalar, in, out or inout", ParamKind::kSymbol,
                                      ParamKind::kScalar, ParamKind::kArrayIn, ParamKind::kArrayOut,
                                      ParamKind::kArrayInout)
                     .value_or(ParamKind::kScalar);
    const auto name = Take(Kind::kValue, "a parameter's name");
    if (!name) return;
    param.name = name->name;
    Expect(":");
    const Type type = ParseType();
    if (Accept("[")) {
      ParseList([&] { ParseSize(param); });
      Expect("]");
    }
    if (Accept("strided")) param.layout = Layout::kStrided;
    param.range = ParsePlace();
    Define(*name, builder().AddParam(std::move(param), type));
  }

  // One size of a parameter, and how the source writes it if that is something else.
  void ParseSize(Param& param) {
    ShapeExpr size;
    std::string plain;
    do {
      if (!plain.empty()) plain += " + ";
      plain += ParseShapeTerm(param, size);
    } while (Accept("+"));
    param.shape.push_back(std::move(size));
    if (token_.kind == Kind::kString) plain = Take(Kind::kString, "")->name;
    param.shape_texts.push_back(plain);
  }

  std::string ParseShapeTerm(const Param& param, ShapeExpr& size) {
    ShapeTerm term{1, {}};
    std::string plain;
    bool more = true;
    if (token_.kind == Kind::kNumber) {
      plain = token_.text;
      term.coefficient = ParseNumber<int64_t>("a coefficient");
      more = Accept("*");
    }
    while (more) {
      const auto symbol = Take(Kind::kValue, "a symbol");
      if (!symbol) break;
      if (!plain.empty()) plain += "*";
      plain += symbol->text.substr(1);
      symbol_uses_.push_back({function().params.size(), param.shape.size(), size.terms.size(),
                              std::string(symbol->text), symbol->offset});
      more = Accept("*");
    }
    const bool is_zero = plain == "0";
    if (!is_zero) size.terms.push_back(std::move(term));
    return plain;
  }

  void SettleSymbols() {
    for (const SymbolUse& use : symbol_uses_) {
      if (error_) break;
      const auto found = values_.find(use.symbol);
      if (found == values_.end()) {
        FailAt(use.offset, fmt::format("there is no parameter {}", use.symbol));
        break;
      }
      // Values of parameters have the numbers of the parameters.
      function().params[use.param].shape[use.dimension].terms[use.term].symbols.push_back(
          found->second.index);
    }
    symbol_uses_.clear();
  }

  void Define(const TextToken& name, ValueId value) {
    if (!name.name.empty()) {
      function().value(value).name = function().AddString(name.name);
    }
    if (!values_.emplace(std::string(name.text), value).second)
      FailAt(name.offset, fmt::format("{} is defined twice", name.text));
  }

  ValueId ParseUse() {
    const auto name = Take(Kind::kValue, "a value");
    if (!name) return {};
    const auto found = values_.find(std::string(name->text));
    if (found != values_.end()) return found->second;
    FailAt(name->offset, fmt::format("{} is not defined before", name->text));
    return {};
  }

  // --- Regions and operations

  RegionId ParseRegion() {
    const RegionId id = builder().NewRegion();
    const RegionId outside = region_;
    region_ = id;
    if (++depth_ > kMaxRegionDepth)
      FailAt(token_.offset, fmt::format("regions are nested more than {} deep", kMaxRegionDepth));
    Expect("{");
    if (Accept("(")) {
      ParseList([&] {
        const auto name = Take(Kind::kValue, "an argument's name");
        Expect(":");
        const Described described = ParseDescribed();
        if (!name) return;
        const ValueId argument = builder().AddArgument(id, described.type);
        SetShape(argument, described.shape);
        Define(*name, argument);
      });
      Expect(")");
    }
    while (!error_ && !At("}")) ParseOp();
    Expect("}");
    --depth_;
    region_ = outside;
    return id;
  }

  void ParseOp() {
    std::vector<TextToken> names;
    if (token_.kind == Kind::kValue) {
      ParseList([&] {
        if (auto name = Take(Kind::kValue, "a result's name")) names.push_back(*std::move(name));
      });
      Expect("=");
    }
    const size_t offset = token_.offset;
    const auto opcode = ParseNamed(OpcodeNamed, "an operation");
    if (!opcode) return;
    OpSpec spec{.opcode = *opcode};
    if (Accept(".")) spec.rule = ParseNamed(RuleNamed, "a rule").value_or(Rule::kNone);
    const std::optional<TextToken> callee = ParseImmediate(spec);
    // What begins a line are the results of the next operation.
    if (token_.kind == Kind::kValue && !token_.begins_line)
      ParseList([&] { spec.operands.push_back(ParseUse()); });
    std::vector<Described> results;
    if (Accept(":")) ParseList([&] { results.push_back(ParseDescribed()); });
    if (results.size() != names.size())
      FailAt(offset,
             fmt::format("{} results have names and {} have types", names.size(), results.size()));
    for (const Described& result : results) spec.results.push_back(result.type);
    if (*opcode == Opcode::kConstant && constant_) spec.immediate = ConstantBits(spec, offset);
    const auto checks = ParseChecks();
    if (Accept("text"))
      if (auto text = Take(Kind::kString, "a text")) spec.text = text->name;
    spec.range = ParsePlace();
    while (!error_ && At("{")) spec.regions.push_back(ParseRegion());
    if (error_) return;

    const OpId op = builder().Append(spec);
    if (checks) function().op(op).checks = *checks;
    if (callee)
      function_uses_.push_back({FunctionId(module_.functions.size() - 1), op,
                                std::string(callee->text), callee->offset});
    for (size_t i = 0; i < results.size(); ++i) {
      const ValueId result = function().result(function().op(op), i);
      SetShape(result, results[i].shape);
      Define(names[i], result);
    }
  }

  // The words of the immediate. A function's name is given back, to be looked up at the end.
  std::optional<TextToken> ParseImmediate(OpSpec& spec) {
    constant_.reset();
    if (Accept("immediate")) {
      spec.immediate = ParseNumber<uint64_t>("the bits of the immediate");
      return std::nullopt;
    }
    const auto set = [&](auto parsed) {
      if (parsed) spec.immediate |= static_cast<uint64_t>(*parsed);
    };
    switch (ImmediateFormOf(spec.opcode)) {
      case ImmediateForm::kNone:
        break;
      case ImmediateForm::kConstant:
        constant_ = ParseConstant();
        break;
      case ImmediateForm::kForFlags:
        if (Accept("inclusive")) spec.immediate |= kForInclusive;
        if (Accept("exits")) spec.immediate |= kForExits;
        if (Accept("lanes")) spec.immediate |= kForLanes;
        break;
      case ImmediateForm::kRanges:
        if (Accept("groups")) spec.immediate |= kParallelGroups;
        spec.immediate |= ParseInclusive(63);
        break;
      case ImmediateForm::kReduction:
        set(ParseNamed(ReduceKindNamed, "a kind of reduction"));
        spec.immediate |= ParseInclusive(56) << 8;
        break;
      case ImmediateForm::kFunction:
        return Take(Kind::kFunction, "a function's name");
      case ImmediateForm::kAtomicKind:
        set(ParseNamed(AtomicKindNamed, "a kind of atomic"));
        break;
      case ImmediateForm::kFaultKind:
        set(ParseNamed(FaultKindNamed, "a kind of fault"));
        break;
      case ImmediateForm::kFilled:
        spec.immediate = Accept("filled") ? 1 : 0;
        break;
      case ImmediateForm::kKept:
        spec.immediate = ParseDimensions("kept", kMaxRank);
        break;
    }
    return std::nullopt;
  }

  uint64_t ParseInclusive(unsigned ranges) { return ParseDimensions("inclusive", ranges); }

  uint64_t ParseDimensions(std::string_view word, unsigned ranges) {
    uint64_t bits = 0;
    if (!Accept(word)) return bits;
    Expect("(");
    ParseList([&] {
      const size_t offset = token_.offset;
      const auto range = ParseNumber<unsigned>("the number of a range");
      if (range >= ranges)
        FailAt(offset, fmt::format("there are at most {} ranges", ranges));
      else
        bits |= uint64_t{1} << range;
    });
    Expect(")");
    return bits;
  }

  // The text of a constant, which means something only with its type: `-inf` is two tokens.
  std::string ParseConstant() {
    std::string text = Accept("-") ? "-" : "";
    if (token_.kind == Kind::kNumber || token_.kind == Kind::kWord) {
      text += token_.text;
      Advance();
    } else {
      FailExpecting("a constant");
    }
    return text;
  }

  uint64_t ConstantBits(const OpSpec& spec, size_t offset) {
    if (spec.results.size() == 1 && spec.results.front().is_scalar()) {
      const auto bits = ScalarBits(spec.results.front().scalar, *constant_);
      if (bits) return *bits;
    }
    FailAt(offset, fmt::format("`{}` is not a constant of its type", *constant_));
    return 0;
  }

  static std::optional<uint64_t> ScalarBits(ScalarType type, std::string_view text) {
    if (type == ScalarType::kBool) {
      if (text == "true") return 1;
      return text == "false" ? std::optional<uint64_t>(0) : std::nullopt;
    }
    const char* end = text.data() + text.size();
    const auto read = [&](auto value) -> std::optional<decltype(value)> {
      const auto result = std::from_chars(text.data(), end, value);
      if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
      return value;
    };
    if (IsFloatOrStorage(type)) {
      if (text == "nan") return Canonical(type, FloatBits(type, std::nan("")));
      // Each type is read in its own precision, so that there is one rounding.
      const auto value =
          type == ScalarType::kF32 ? std::optional<double>(read(float{})) : read(double{});
      if (!value || std::isnan(*value)) return std::nullopt;
      return FloatBits(type, *value);
    }
    const auto negative = read(int64_t{});
    const auto positive = read(uint64_t{});
    if (!negative && !positive) return std::nullopt;
    const Int128 value = positive ? Int128(*positive) : Int128(*negative);
    if (!FitsInteger(type, value)) return std::nullopt;
    return IntegerBits(type, value);
  }

  std::optional<FaultSet> ParseChecks() {
    if (!Accept("checks")) return std::nullopt;
    FaultSet checks = 0;
    Expect("(");
    if (!At(")")) {
      ParseList([&] {
        if (const auto kind = ParseNamed(FaultKindNamed, "a kind of fault")) checks |= BitOf(*kind);
      });
    }
    Expect(")");
    return checks;
  }

  std::string_view text_;
  TextToken token_;
  std::optional<Error> error_;
  Module module_;
  std::map<std::string, FunctionId> functions_;
  std::map<std::string, ValueId> values_;
  std::vector<FunctionUse> function_uses_;
  std::vector<SymbolUse> symbol_uses_;
  std::optional<std::string> constant_;
  RegionId region_;
  int depth_ = 0;
};

}  // namespace

Result<Module> ParseModule(std::string_view text) {
  return ModuleParser(text).Parse();
}

}  // namespace einkorn::ir
