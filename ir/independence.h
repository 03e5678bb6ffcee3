// Sequential loops whose iterations are independent: none uses an element that another one writes.
//
// Like ir/races.h it looks at subscripts as sums of multiples (ir/affine.h), but proves the absence
// of meetings. Two accesses to one array never meet in different iterations if, in some dimension,
// both grow by the same multiple of the loop's variable, from starts that the loop does not change
// and whose distance is no multiple of that, other than 0; or if one subscript is always greater
// than the other by the bounds of the loops around.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "ir/affine.h"
#include "ir/module.h"

namespace einkorn::ir {

class Independence {
 public:
  explicit Independence(const Function& function);

  /// Whether the iterations of `loop`, a `for` without carried values or exits, may run in any
  /// order. Those over the lanes of a group are by the meaning of the language.
  bool Of(OpId loop) const;
  /// Whether iterations of a `parallel` never use one element where one of them writes it, but by
  /// atomics.
  bool OfParallel(OpId loop) const;
  /// Whether two accesses, a load or store each, never use one element of an array, in whatever
  /// iterations of the loops that make the values `inside`.
  bool NeverMeet(OpId a, OpId b, const std::vector<bool>& inside) const;

 private:
  struct Access;
  /// Of a loop's variable that counts up: the first value and the last possible one.
  struct Bounds {
    Affine least, greatest;
  };
  void DefineBoundsIn(RegionId region);
  void DefineBounds(const Op& loop);
  Access AccessOf(const Op& op) const;
  bool Collect(RegionId region, bool is_parallel, std::vector<bool>& inside,
               std::vector<Access>& accesses) const;
  bool NeverMeet(const Access& a, const Access& b, ValueId variable,
                 const std::vector<bool>& inside) const;
  bool TellsApart(const Access& a, const Access& b, ValueId variable,
                  const std::vector<bool>& inside) const;
  std::optional<Affine> Extreme(Affine form, bool is_least,
                                const std::function<bool(ValueId)>& replaces) const;
  bool AreDisjoint(const Access& a, const Access& b, const std::vector<bool>& inside) const;
  bool IsAbove(const Affine& high, const Affine& low, const std::vector<bool>& inside) const;

  const Function& function_;
  AffineForms forms_;
  std::map<ValueId, Bounds> bounds_;
};

}  // namespace einkorn::ir
