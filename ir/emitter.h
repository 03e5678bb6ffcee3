// Shorthand over `Builder` for passes that write code of their own: all operations have one place
// in the source, make no checks, and bodies of control operations are given as functions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/module.h"

namespace einkorn::ir {

using Values = std::vector<ValueId>;

/// A range of a `for`.
struct LoopRange {
  ValueId from, to, step;
  bool inclusive = false;
};

class Emitter {
 public:
  Emitter(Builder& builder, SourceRange range) : builder_(builder), range_(range) {}

  Builder& builder() { return builder_; }
  ScalarType type(ValueId value) const { return builder_.function().type(value).scalar; }
  bool IsConstant(ValueId value, uint64_t bits) const;

  ValueId Integer(ScalarType type, Int128 value) { return builder_.Integer(type, value, range_); }
  ValueId Int64(int64_t value) { return Integer(ScalarType::kI64, value); }
  ValueId Float(ScalarType type, double value) {
    return builder_.Constant(type, FloatBits(type, value), range_);
  }
  ValueId Bool(bool value) { return builder_.Bool(value, range_); }
  ValueId Zero(ScalarType type) { return builder_.Constant(type, 0, range_); }

  /// Operations whose result is known to be the mathematical one.
  ValueId Exact(Opcode opcode, ValueId a, ValueId b) {
    return Binary(opcode, Rule::kChecked, a, b);
  }
  ValueId ConvertExact(ScalarType to, ValueId a);
  /// a / b rounded up, of an i64 that is not negative and one that is positive.
  ValueId QuotientUp(ValueId a, ValueId b) {
    const ValueId less = Exact(Opcode::kSub, b, Int64(1));
    return Binary(Opcode::kDiv, Exact(Opcode::kAdd, a, less), b);
  }

  /// Operations with the rule `wrap` where there is one. Nothing is checked, so a divisor must not
  /// be 0, and an amount to shift by must be in range.
  ValueId Unary(Opcode opcode, ValueId a);
  ValueId Binary(Opcode opcode, ValueId a, ValueId b);
  ValueId Binary(Opcode opcode, Rule rule, ValueId a, ValueId b);
  ValueId Fma(ValueId a, ValueId b, ValueId c);
  ValueId Select(ValueId condition, ValueId a, ValueId b) {
    return builder_.Select(condition, a, b, range_);
  }
  /// The low bits where the value does not fit.
  ValueId Convert(ScalarType to, ValueId a);
  /// A float's bits, for comparisons that tell zeros apart and find NaN equal to itself.
  ValueId BitsOfFloat(ValueId a);

  /// A local array of one dimension with room for `size` elements; filled if `fill` is valid.
  ValueId Array(ScalarType element, int64_t size, ValueId fill = {});
  /// The same with a size that is computed; only outside of parallel loops. Not filled.
  ValueId Array(ScalarType element, ValueId size);
  ValueId Load(ValueId array, ValueId index);
  void Store(ValueId array, ValueId index, ValueId value);

  Values If(ValueId condition, const std::function<Values()>& then,
            const std::function<Values()>& otherwise);
  /// `body` gets the induction variable and the carried values and returns the next ones.
  Values For(const LoopRange& range, Values carried,
             const std::function<Values(ValueId, const Values&)>& body);
  /// The same from 0 to `count` of its type.
  Values For(ValueId count, Values carried,
             const std::function<Values(ValueId, const Values&)>& body);
  /// The same; the first value that `body` returns says whether to go on.
  Values ForExits(const LoopRange& range, Values carried,
                  const std::function<Values(ValueId, const Values&)>& body);
  Values While(Values carried, const std::function<ValueId(const Values&)>& condition,
               const std::function<Values(const Values&)>& body);
  /// A parallel loop from 0 to `count`, an i64.
  void Parallel(ValueId count, const std::function<void(ValueId)>& body);
  /// `body` gets the number of the lane; `combine` the results of two lanes.
  Values Lanes(const std::function<Values(ValueId)>& body,
               const std::function<Values(const Values&, const Values&)>& combine);
  Values Attempt(const std::function<Values()>& first, const std::function<Values()>& second);
  /// Fails where `condition` holds.
  void FailIf(ValueId condition, FaultKind kind, std::string text, Values operands = {});

 private:
  OpId AppendUnchecked(const OpSpec& spec);
  ValueId AppendValue(const OpSpec& spec);
  Values AppendLoop(const LoopRange& range, uint64_t flags, Values carried,
                    const std::function<Values(ValueId, const Values&)>& body);
  RegionId Body(RegionId region, const std::function<Values()>& body);
  Values AppendChoice(Opcode opcode, Values operands, const std::function<Values()>& first,
                      const std::function<Values()>& second);
  std::vector<Type> TypesOf(const Values& values) const;

  Builder& builder_;
  SourceRange range_;
};

}  // namespace einkorn::ir
