// Programs about indices: nearly every value in them counts, bounds or addresses something, often
// one beside what is right. They show whether a check was taken away that would have failed.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/fuzz/choices.h"
#include "tests/fuzz/differential.h"
#include "tests/fuzz/program_generator.h"

namespace einkorn::fuzz {
namespace {

class IndexProgram {
 public:
  explicit IndexProgram(uint64_t seed) : choices_(seed, "indices") {}

  std::string Make(uint64_t seed) {
    text_ = DataLine(seed);
    Line("kernel main(p: i64, q: i64, r: u8, x: inout [n] i64, a: inout [n, m] i64,");
    Line("            y: inout [n + 1] i32, z: [2 * m] u8) -> i64" + Where() + " {");
    ++indent_;
    Line("var total: i64 = 0;");
    variables_ = {"total", "p", "q", "n", "m"};
    assignable_ = {"total"};
    Statements(choices_.Between(2, 5), 3);
    Line("return " + Sum() + ";");
    --indent_;
    Line("}");
    return text_;
  }

 private:
  template <typename... Choice>
  std::string OneOf(Choice... choice) {
    const std::string all[] = {std::string(choice)...};
    return choices_.Of(all);
  }

  std::string Where() {
    if (choices_.Chance(50)) return "";
    return " where " + OneOf("n > 0", "n > 1", "m > 0 && p >= 0", "p >= 0 && p < n", "n == m",
                             "n % 4 == 0", "p <= q && q <= n", "p > 0", "n <= m", "p != 0",
                             "q - p < n", "!(p < 0)");
  }

  // --- Expressions

  std::string Name() { return choices_.Of(variables_); }
  std::string Size() { return OneOf("n", "m", "n", "n + 1", "2 * m"); }
  std::string Number() { return OneOf("1", "2", "3", "4", "7", "8"); }
  std::string Leaf() {
    switch (choices_.Below(8)) {
      case 0:
        return OneOf("0", "1", "2", "(-1)", "5");
      case 1:
        return OneOf("n", "m", "(n - 1)", "(m - 1)");
      case 2:
        return Load();
      default:
        return Name();
    }
  }
  std::string Load() {
    ++depth_;
    const std::string load = depth_ > 3            ? Name()
                             : choices_.Chance(60) ? fmt::format("x[{}]", Index("n"))
                             : choices_.Chance(40) ? fmt::format("(y[{}] as i64)", Index("(n + 1)"))
                             : choices_.Chance(40)
                                 ? fmt::format("(z[{}] as i64)", Index("(2 * m)"))
                                 : fmt::format("a[{}, {}]", Index("n"), Index("m"));
    --depth_;
    return load;
  }

  // Of type i64, in parentheses where it must be.
  std::string Value(int depth) {
    if (depth == 0) return Leaf();
    const std::string e = Value(depth - 1);
    switch (choices_.Below(24)) {
      case 0:
      case 1:
      case 2:
        return fmt::format("({} + {})", e, Value(depth - 1));
      case 3:
      case 4:
      case 5:
        return fmt::format("({} - {})", e, Value(depth - 1));
      case 6:
        return fmt::format("({} * {})", e, choices_.Chance(50) ? Number() : Name());
      case 7:
        return fmt::format("({} / {})", e, choices_.Chance(70) ? Number() : Name());
      case 8:
        return fmt::format("({} % {})", e, choices_.Chance(50) ? Number() : Name());
      case 9:
        return fmt::format("floor_mod({}, {})", e, OneOf("n", "m", "4", Name()));
      case 10:
        return fmt::format("min({}, {})", e, Value(depth - 1));
      case 11:
        return fmt::format("max({}, {})", e, Value(depth - 1));
      case 12:
        return fmt::format("clamp({}, {}, {})", e, OneOf("0", "1", Name()),
                           OneOf("n - 1", "m - 1", "n", Name()));
      case 13:
        return fmt::format("({} & {})", e, OneOf("7", "3", "~3", "-4", Name()));
      case 14:
        return fmt::format("({} {} {})", e, OneOf("|", "^", ">>", "<<", "<<%", "&"),
                           OneOf("1", "2", "3"));
      case 15:
        return fmt::format("abs({})", e);
      case 16:
        return fmt::format("(-{})", e);
      case 17:
        return fmt::format("({} {} {})", e, OneOf("+%", "-%", "*%", "+|", "-|", "*|"),
                           Value(depth - 1));
      case 18:
        if (choices_.Chance(40)) {
          const std::string type = OneOf("u8", "i8", "u32", "i32");
          return fmt::format("((({} as% {}) {} ({} as% {})) as i64)", e, type,
                             OneOf("+%", "-%", "*%", "+|", "-|", "+", "-", "*", "/", "%", "&", "^"),
                             Value(depth - 1), type);
        }
        return fmt::format("(({} {} {}) as i64)", e, OneOf("as", "as%", "as|"),
                           OneOf("u8", "i8", "i32", "u32", "u64", "u16"));
      case 19:
        return fmt::format("({}({}) as i64)", OneOf("popcount", "clz", "ctz"), e);
      case 20:
        return fmt::format("count({} for k{} in 0..{})", Condition(1), next_name_++, Size());
      default:
        return fmt::format("(if {} {{ {} }} else {{ {} }})", Condition(1), e, Value(depth - 1));
    }
  }

  std::string Sum() {
    return choices_.Chance(50) ? Name() : fmt::format("{} + {}", Name(), OneOf("1", "2", Name()));
  }

  std::string Index(const std::string& size) {
    switch (choices_.Below(10)) {
      case 0:
        return fmt::format("{} % {}", Value(1), size);
      case 1:
        return fmt::format("floor_mod({}, {})", Value(1), size);
      case 2:
        return fmt::format("clamp({}, 0, {} - 1)", Value(1), size);
      case 3:
        return fmt::format("{} - 1 - {}", size, Name());
      case 4:
        return fmt::format("{} {} {}", Name(), OneOf("+", "-", "/", "%", ">>"), Number());
      case 5:
        return fmt::format("min({}, {} - 1)", Name(), size);
      case 6:
        return Value(choices_.Between(0, 2));
      default:
        return Name();
    }
  }

  std::string Comparison() {
    const std::string op = OneOf("<", "<", "<=", ">", ">=", "==", "!=");
    const std::string right = choices_.Chance(60) ? OneOf("0", "n", "m", "n - 1", "1") : Value(1);
    return fmt::format("{} {} {}", Value(choices_.Chance(80) ? 0 : 1), op, right);
  }
  std::string Condition(int depth) {
    if (depth == 0 || choices_.Chance(60)) return Comparison();
    if (choices_.Chance(15)) return fmt::format("!({})", Condition(depth - 1));
    const std::string name = Name();
    if (choices_.Chance(40))
      return fmt::format("{} {} 0 && {} {} {}", name, OneOf(">=", ">"), name, OneOf("<", "<="),
                         OneOf("n", "m", "n - 1"));
    return fmt::format("({}) {} ({})", Condition(depth - 1), OneOf("&&", "&&", "||"),
                       Condition(depth - 1));
  }

  // --- Statements

  void Line(const std::string& text) {
    text_ += std::string(static_cast<size_t>(indent_) * 4, ' ') + text + "\n";
  }

  template <typename Inside>
  void Block(const std::string& head, Inside inside) {
    const size_t variables = variables_.size(), assignable = assignable_.size();
    Line(head + " {");
    ++indent_;
    inside();
    --indent_;
    Line("}");
    variables_.resize(variables);
    assignable_.resize(assignable);
  }

  void Statements(int count, int depth) {
    for (int k = 0; k < count; ++k) Statement(depth);
  }

  void Statement(int depth) {
    const std::string name = fmt::format("v{}", next_name_++);
    const size_t choice = choices_.Below(depth > 0 ? 20 : 11);
    if (choice < 2) {
      Line(fmt::format("var {}: i64 = {};", name, Value(choices_.Between(0, 2))));
      variables_.push_back(name);
      assignable_.push_back(name);
    } else if (choice < 4) {
      Line(fmt::format("{} = {};", choices_.Of(assignable_), Value(2)));
    } else if (choice < 6) {
      Line(fmt::format("{} {} {};", choices_.Of(assignable_), OneOf("+=", "-=", "/=", "%=", "*="),
                       choices_.Chance(60) ? Number() : Value(1)));
    } else if (choice < 7) {
      Guarded(name);
    } else if (choice < 8) {
      Line(fmt::format("total {} {};", OneOf("+=", "+%=", "=", "^="), Load()));
    } else if (choice < 10) {
      Line(choices_.Chance(60) ? fmt::format("x[{}] = {};", Index("n"), Value(1))
                               : fmt::format("a[{}, {}] = {};", Index("n"), Index("m"), Value(1)));
    } else if (choice < 11) {
      const bool leaves = loops_ > 0 && choices_.Chance(70);
      Line(choices_.Chance(50)
               ? fmt::format("assert({});", Condition(1))
               : fmt::format("if {} {{ {} }}", Condition(1),
                             leaves ? OneOf("break;", "continue;") : "return " + Sum() + ";"));
    } else if (choice < 13) {
      Block("if " + Condition(2), [&] { Statements(choices_.Between(1, 3), depth - 1); });
    } else if (choice < 18) {
      Loop(name, depth);
    } else {
      While(name, depth);
    }
  }

  // An access behind the condition that makes it right, or nearly so.
  void Guarded(const std::string& name) {
    const std::string size = OneOf("n", "m", "n + 1", "2 * m");
    const std::string array = size == "n"       ? "x[{}]"
                              : size == "m"     ? "a[0, {}]"
                              : size == "n + 1" ? "(y[{}] as i64)"
                                                : "(z[{}] as i64)";
    const std::string index =
        choices_.Chance(60) ? name : name + OneOf(" - 1", " + 1", " / 2", " % 2");
    const std::string least = index == name + " - 1" ? "1" : "0";
    const std::string most = index == name + " + 1" ? size + " - 1" : size;
    const bool is_wrong = choices_.Chance(8);
    Line(fmt::format("let {}: i64 = {};", name, Value(choices_.Between(0, 2))));
    const std::string from = is_wrong ? "-1" : least;
    const std::string access = fmt::format(fmt::runtime(array), index);
    if (choices_.Chance(40)) {
      const std::string leave = loops_ > 0 ? OneOf("continue", "break") : "return total";
      Line(fmt::format("if {} < {} || {} {} {} {{ {}; }}", name, from, name,
                       is_wrong && choices_.Chance(50) ? ">" : ">=", most, leave));
      Line(fmt::format("total +%= {};", access));
    } else {
      Line(fmt::format("if {} >= {} && {} {} {} {{ total +%= {}; }}", name, from, name,
                       is_wrong && choices_.Chance(50) ? "<=" : "<", most, access));
    }
    variables_.push_back(name);
  }

  void Loop(const std::string& name, int depth) {
    std::string from = choices_.Chance(60) ? "0" : OneOf("1", "2", Name(), "(n - 1)", "p");
    std::string to = choices_.Chance(60) ? Size() : OneOf(Name(), "n - 1", "m + 1", "q", "n / 2");
    if (choices_.Chance(20)) std::swap(from, to);
    const std::string step =
        choices_.Chance(75) ? "" : " step " + OneOf("1", "2", "3", "-1", "-2", Name(), "(q & 3)");
    const std::string head =
        fmt::format("for {} in {}{}{}{}", name, from, OneOf("..", "..", "..="), to, step);
    ++loops_;
    Block(head, [&] {
      variables_.push_back(name);
      variables_.push_back(name);
      Statements(choices_.Between(1, 4), depth - 1);
    });
    --loops_;
  }

  void While(const std::string& name, int depth) {
    Line(fmt::format("var {}: i64 = {};", name, OneOf("0", "1", "n", "m - 1", "p", Name())));
    variables_.push_back(name);
    assignable_.push_back(name);
    ++loops_;
    const std::string head = choices_.Chance(50)
                                 ? fmt::format("{} {} {}", name, OneOf("<", "<=", ">", ">=", "!="),
                                               OneOf("n", "0", "m", "q", "n - 1"))
                                 : Condition(2);
    Block("while " + head, [&] {
      if (choices_.Chance(40)) Statements(1, depth - 1);
      Line(fmt::format("{} {};", name, OneOf("+= 1", "-= 1", "+= 2", "/= 2", "*= 2", "-= 3")));
      Statements(choices_.Between(0, 2), depth - 1);
    });
    --loops_;
  }

  Choices choices_;
  std::string text_;
  int indent_ = 0, next_name_ = 0, loops_ = 0, depth_ = 0;
  std::vector<std::string> variables_, assignable_;
};

}  // namespace

std::string MakeIndexProgram(uint64_t seed) {
  return IndexProgram(seed).Make(seed);
}

}  // namespace einkorn::fuzz
