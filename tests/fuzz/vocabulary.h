// What random programs are made of: the rows of the language's tables, with the types that they
// apply to. Where a table does not say that, the compiler is asked with a small program, so that a
// new row or type is used without a change here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/ast.h"
#include "frontend/builtins.h"
#include "frontend/data_type.h"

namespace einkorn::fuzz {

using frontend::DataType;
using frontend::OperatorInfo;

/// A built-in function for one choice of types. All arguments have type `argument`, but the second
/// one of a rotation, which is any integer.
struct BuiltinUse {
  const frontend::Builtin* builtin;
  DataType argument;
  DataType result;
  bool may_fault;
};

/// `text` between a value of type `from` and the name of type `to`.
struct ConversionUse {
  std::string_view text;
  DataType from;
  DataType named;  ///< the type behind the operator
  DataType to;     ///< the type of the value
  bool may_fault;
};

struct ReductionUse {
  std::string name;  ///< `wrapping_sum`
  frontend::NamedReduction reduction;
};

struct Vocabulary {
  Vocabulary();

  std::vector<ScalarType> scalars;
  std::vector<DataType> complexes;
  std::vector<OperatorInfo> unary;
  std::vector<OperatorInfo> binary;
  std::vector<OperatorInfo> conversions;
  std::vector<BuiltinUse> builtins;
  std::vector<ConversionUse> conversion_uses;
  std::vector<ReductionUse> reductions;
  std::vector<std::string> atomics;  ///< `+=`, `min=`
};

const Vocabulary& TheVocabulary();

inline TypeRule TypesOf(const OperatorInfo& op) {
  return InfoOf(op.opcode).types;
}
/// Whether an operator applies to operands of a scalar type.
bool AppliesTo(const OperatorInfo& op, ScalarType type);
/// Whether it may fault on them.
bool MayFault(Opcode opcode, Rule rule, ScalarType type);

}  // namespace einkorn::fuzz
