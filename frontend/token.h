// The words and signs that source text consists of.
//
// A token is its kind and its place; its text is looked up in the source. Operators share three
// kinds and are told apart by their row in operators.def: `-` and `-%` are always kBinary here, and
// the parser makes unary ones of them. Comments and white space are not tokens.
#pragma once

#include <cstdint>

#include "frontend/ast.h"

namespace einkorn::frontend {

enum class TokenKind : uint8_t {
  kEnd,      ///< behind the last token; always there
  kInvalid,  ///< what could not be a token, which was reported
  kName,
  kInteger,
  kFloat,
  kString,      ///< with its quotes
  kUnary,       ///< `!` or `~`: a UnaryOperator
  kBinary,      ///< a BinaryOperator
  kCompound,    ///< a BinaryOperator and `=`
  kConversion,  ///< `as`, `as%` or `as|`: a ConversionOperator
#define EINKORN_KEYWORD(name, text) k##name,
#define EINKORN_PUNCTUATION(name, text) k##name,
#include "frontend/tokens.def"
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint8_t row = 0;           ///< of an operator: the value of its enum
  bool starts_line = false;  ///< nothing but white space stands before it on its line
  uint32_t begin = 0, end = 0;

  BinaryOperator binary() const { return static_cast<BinaryOperator>(row); }
  UnaryOperator unary() const { return static_cast<UnaryOperator>(row); }
  ConversionOperator conversion() const { return static_cast<ConversionOperator>(row); }
};

}  // namespace einkorn::frontend
