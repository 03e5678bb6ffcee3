// The rows of operators.def.
#include "frontend/ast.h"

namespace einkorn::frontend {

const OperatorInfo& InfoOf(UnaryOperator op) {
  static constexpr OperatorInfo kRows[] = {
#define EINKORN_UNARY(name, text, opcode, rule) {text, 0, Opcode::k##opcode, Rule::k##rule},
#include "frontend/operators.def"
  };
  return kRows[static_cast<size_t>(op)];
}

const OperatorInfo& InfoOf(BinaryOperator op) {
  static constexpr OperatorInfo kRows[] = {
#define EINKORN_BINARY(name, text, precedence, opcode, rule) \
  {text, precedence, Opcode::k##opcode, Rule::k##rule},
#include "frontend/operators.def"
  };
  return kRows[static_cast<size_t>(op)];
}

const OperatorInfo& InfoOf(ConversionOperator op) {
  static constexpr OperatorInfo kRows[] = {
#define EINKORN_CONVERSION(name, text, rule) {text, 0, Opcode::kConvert, Rule::k##rule},
#include "frontend/operators.def"
  };
  return kRows[static_cast<size_t>(op)];
}

}  // namespace einkorn::frontend
