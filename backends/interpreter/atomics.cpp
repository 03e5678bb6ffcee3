// Atomics: combined one after the other, with the overflow of sums decided at the end of the loop.
#include "backends/interpreter/atomics.h"

#include <algorithm>
#include <optional>

namespace einkorn::interpreter {
namespace {

// An atomic operation and the array that it combines into.
struct Site {
  const ir::Function* function;
  ir::OpId op;
  const Array* array;
};

// Looks for the first atomic in program order, of those that may overflow, that combines into an
// array with notes. What runs only under conditions counts as well, so the answer does not depend
// on the iterations.
class SiteSearch {
 public:
  SiteSearch(const ir::Module& module, const AtomicNotes& notes) : module_(module), notes_(notes) {}

  std::optional<Site> Find(const ir::Function& function, ir::RegionId region,
                           std::span<const uint64_t> registers) {
    for (ir::OpId id : function.region(region).ops) {
      const ir::Op& op = function.op(id);
      // Minima and bits always fit.
      if (op.opcode == Opcode::kAtomic && (op.checks & kOverflowBit) != 0) {
        const Array* array = ArrayIn(registers, function.operand(op, 0));
        if (HasNotes(array)) return Site{&function, id, array};
      }
      if (op.opcode == Opcode::kParallel) continue;  // has decided for itself
      for (ir::RegionId inner : function.regions_of(op))
        if (const auto site = Find(function, inner, registers)) return site;
      if (op.opcode == Opcode::kCall)
        if (const auto site = FindInCallee(function, op, registers)) return site;
    }
    return std::nullopt;
  }

 private:
  static const Array* ArrayIn(std::span<const uint64_t> registers, ir::ValueId value) {
    return reinterpret_cast<const Array*>(registers[value.index]);
  }

  bool HasNotes(const Array* array) const {
    return std::ranges::any_of(notes_.notes, [&](const auto& n) { return n.first.first == array; });
  }

  std::optional<Site> FindInCallee(const ir::Function& caller, const ir::Op& call,
                                   std::span<const uint64_t> registers) {
    const ir::FunctionId id(call.immediate);
    if (std::ranges::find(callees_, id) != callees_.end()) return std::nullopt;
    const ir::Function& callee = module_.function(id);
    std::vector<uint64_t> inner(callee.values.size());
    for (size_t i = 0; i < callee.params.size(); ++i)
      inner[callee.params[i].value.index] = registers[caller.operand(call, i).index];
    callees_.push_back(id);
    const auto site = Find(callee, callee.body, inner);
    callees_.pop_back();
    return site;
  }

  const ir::Module& module_;
  const AtomicNotes& notes_;
  std::vector<ir::FunctionId> callees_;
};

uint64_t NumberOf(const Array& array, std::span<const uint64_t> indices) {
  uint64_t number = 0;
  for (size_t d = 0; d < indices.size(); ++d)
    number = number * static_cast<uint64_t>(array.place.sizes[d]) + indices[d];
  return number;
}

std::vector<uint64_t> IndicesOf(const Array& array, uint64_t number) {
  std::vector<uint64_t> indices(static_cast<size_t>(array.rank));
  for (size_t d = indices.size(); d-- > 0;) {
    const auto size = static_cast<uint64_t>(array.place.sizes[d]);
    indices[d] = number % size;
    number /= size;
  }
  return indices;
}

std::byte* AddressOf(const Array& array, std::span<const uint64_t> indices) {
  int64_t offset = 0;
  for (size_t d = 0; d < indices.size(); ++d)
    offset += static_cast<int64_t>(indices[d]) * array.place.strides[d];
  return array.data() + offset;
}

// The operands of the fault of an atomic: indices, sizes, the exact value as two words.
std::vector<uint64_t> FaultOperands(const Array& array, std::vector<uint64_t> indices,
                                    Int128 exact) {
  for (size_t d = 0; d < static_cast<size_t>(array.rank); ++d)
    indices.push_back(static_cast<uint64_t>(array.place.sizes[d]));
  indices.push_back(static_cast<uint64_t>(exact));
  indices.push_back(static_cast<uint64_t>(exact >> 64));
  return indices;
}

}  // namespace

bool Run::RunAtomic(ir::OpId id, const ir::Op& op) {
  std::byte* address = nullptr;
  if (!Locate(id, op, address)) return false;
  if (address == nullptr) return true;
  if (shadow_ != nullptr && !CheckAccess(op, address, AccessKind::kAtomic)) return false;
  const Array& target = array(function_->operand(op, 0));
  const auto kind = static_cast<AtomicKind>(op.immediate);
  const ScalarType type = target.element;
  const uint64_t element = LoadElement(type, address);
  const uint64_t value = operand_bits(op, op.operands.count - 1);
  const ScalarOutcome outcome = EvaluateAtomic(kind, op.rule, type, element, value);
  if (outcome.fault && (op.checks & BitOf(*outcome.fault)) != 0) {
    const Int128 change = IntegerValue(type, value);
    const Int128 exact =
        IntegerValue(type, element) + (kind == AtomicKind::kSub ? -change : change);
    std::vector<uint64_t> indices;
    for (size_t d = 0; d < static_cast<size_t>(target.rank); ++d)
      indices.push_back(operand_bits(op, d + 1));
    // No other iteration sees an array of this one, and outside loops nothing follows that counts.
    if (notes_ == nullptr || target.serial >= notes_->first_serial)
      return Fail(id, *outcome.fault, FaultOperands(target, std::move(indices), exact));
    AtomicNote& note = notes_->notes[{&target, NumberOf(target, indices)}];
    if (note.function == nullptr) note = {0, function_, id};
    note.wraps += exact > 0 ? 1 : -1;
  }
  StoreElement(type, address, outcome.bits);
  return true;
}

bool Run::FinishAtomics(ir::RegionId body, AtomicNotes notes) {
  std::erase_if(notes.notes, [](const auto& note) { return note.second.wraps == 0; });
  if (notes.notes.empty()) return true;
  const auto& [any_element, any_note] = *notes.notes.begin();
  const Site site = SiteSearch(module_, notes)
                        .Find(*function_, body, {registers_, function_->values.size()})
                        .value_or(Site{any_note.function, any_note.op, any_element.first});
  const auto& [element, note] = *notes.notes.lower_bound({site.array, 0});
  const Array& array = *site.array;
  const std::vector<uint64_t> indices = IndicesOf(array, element.second);
  const Int128 exact =
      IntegerValue(array.element, LoadElement(array.element, AddressOf(array, indices))) +
      note.wraps * (Int128(1) << BitsOf(array.element));
  return Fail(DescribeFault(*site.function, site.op, FaultKind::kOverflow,
                            FaultOperands(array, indices, exact)));
}

}  // namespace einkorn::interpreter
