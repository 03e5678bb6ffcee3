#include "backends/cpu/state.h"

#include <xmmintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/array_limits.h"
#include "backends/cpu/notes.h"
#include "ir/call_graph.h"

namespace einkorn::cpu {

// --- Printed lines

// After the first line that does not fit, no shorter one is let through.
void Printed::AddLine(std::string_view line) {
  if (dropped > 0 || text.size() + line.size() + 1 > kMaxPrintedBytes) {
    ++dropped;
    return;
  }
  text += line;
  text += '\n';
}

void Printed::Append(const Printed& other) {
  std::string_view rest = other.text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    AddLine(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  dropped += other.dropped;
}

// --- Floating-point mode

namespace {
constexpr unsigned kDefaultMode = 0x1f80;  // all exceptions masked, to nearest, subnormals kept
}

DefaultFloatMode::DefaultFloatMode() : saved_(_mm_getcsr()) {
  _mm_setcsr(kDefaultMode);
}
DefaultFloatMode::~DefaultFloatMode() {
  _mm_setcsr(saved_);
}

// --- Records

namespace {

// Builds the stack of a report from the scopes of a record, from the innermost outwards.
class StackBuilder {
 public:
  explicit StackBuilder(const Launch& launch) : launch_(launch) {}

  void Add(const Segment& segment) {
    const SiteTables& tables = *launch_.tables;
    for (uint32_t id = tables.sites[segment.site].scope; id != Scope::kNone;
         id = tables.scopes[id].outer) {
      const Scope& scope = tables.scopes[id];
      const std::span values =
          std::span(segment.values).subspan(scope.first_slot, scope.slot_count);
      const ir::Function& function = launch_.module->function(scope.function);
      switch (scope.kind) {
        case Scope::Kind::kLoop:
          AddLoop(function, function.op(scope.op), values);
          break;
        case Scope::Kind::kFrame:
          Close(FrameOfOp(function, function.op(scope.op), values));
          break;
        case Scope::Kind::kFunction:
          Close(FrameOfFunction(function, values));
          break;
      }
    }
  }

  std::vector<FaultFrame> Take() { return std::move(stack_); }

 private:
  void AddLoop(const ir::Function& function, const ir::Op& loop, std::span<const uint64_t> values) {
    const auto& variables = function.region(function.region_of(loop, 0)).arguments;
    for (size_t k = values.size(); k-- > 0;) {
      const ir::Value& variable = function.value(variables[k]);
      const std::string_view name = function.string(variable.name);
      if (!name.empty())
        iteration_.push_back(
            {std::string(name), variable.type.scalar, values[k], RoleOfLoop(loop)});
    }
  }

  void Close(FaultFrame frame) {
    std::reverse(iteration_.begin(), iteration_.end());
    frame.iteration = std::exchange(iteration_, {});
    stack_.push_back(std::move(frame));
  }

  const Launch& launch_;
  std::vector<FaultFrame> stack_;
  std::vector<NamedScalar> iteration_;  // of the function being looked at, innermost first
};

}  // namespace

Fault DescribeRecord(const Launch& launch, const std::vector<Segment>& record) {
  const Site& site = launch.tables->sites[record.front().site];
  const ir::Function& function = launch.module->function(site.function);
  const std::span operands = std::span(record.front().values).first(site.operands);
  Fault fault;
  if (site.kind == Site::Kind::kRecursion) {
    const ir::Op& call = function.op(site.op);
    const ir::Function& callee = launch.module->function(ir::FunctionId(call.immediate));
    fault = DescribeRecursion(call.range, callee.name, callee.depth_limit);
  } else {
    fault = DescribeFault(function, site.op, site.fault, operands);
  }
  StackBuilder stack(launch);
  for (const Segment& segment : record) stack.Add(segment);
  fault.stack = stack.Take();
  return fault;
}

// --- What compiled code calls

namespace {

const ir::Op& OpOf(const State& state, uint32_t site) {
  const Site& entry = state.launch->tables->sites[site];
  return state.launch->module->function(entry.function).op(entry.op);
}
const ir::Function& FunctionOf(const State& state, uint32_t site) {
  return state.launch->module->function(state.launch->tables->sites[site].function);
}

// Adds a segment: the values of the site and of the scopes around it, from its buffer.
void Fault(State* state, uint32_t number, const uint64_t* buffer) {
  const SiteTables& tables = *state->launch->tables;
  const Site& site = tables.sites[number];
  Segment segment{number, {buffer, buffer + site.operands}};
  for (uint32_t id = site.scope; id != Scope::kNone; id = tables.scopes[id].outer) {
    const Scope& scope = tables.scopes[id];
    const size_t end = scope.first_slot + scope.slot_count;
    if (segment.values.size() < end) segment.values.resize(end);
    std::copy_n(buffer + scope.first_slot, scope.slot_count,
                segment.values.begin() + scope.first_slot);
  }
  state->record.push_back(std::move(segment));
}

void Print(State* state, uint32_t site, const uint64_t* buffer) {
  const ir::Function& function = FunctionOf(*state, site);
  const ir::Op& op = OpOf(*state, site);
  std::vector<Type> types;
  for (ir::ValueId value : function.operands(op)) types.push_back(function.type(value));
  state->printed.AddLine(FillText(function.string(op.text), types, {buffer, op.operands.count}));
}

template <typename Word>
void FillWith(void* data, size_t count, uint64_t bits) {
  std::fill_n(static_cast<Word*>(data), count, static_cast<Word>(bits));
}

void Fill(void* data, size_t count, size_t bytes, uint64_t bits) {
  if (bytes == 1) return FillWith<uint8_t>(data, count, bits);
  if (bytes == 2) return FillWith<uint16_t>(data, count, bits);
  if (bytes == 4) return FillWith<uint32_t>(data, count, bits);
  FillWith<uint64_t>(data, count, bits);
}

enum AllocateResult : int32_t { kAllocated = 0, kNegativeSize = 1, kTooLarge = 2 };

// Makes the array of an `array` operation. The buffer holds the bits of its sizes, then those of
// the filling value; its first entry receives the address.
int32_t Allocate(State* state, uint32_t site, uint64_t* buffer) {
  const ir::Function& function = FunctionOf(*state, site);
  const ir::Op& op = OpOf(*state, site);
  const Type type = function.type(function.result(op));
  const auto element = static_cast<size_t>(BytesOf(type.scalar));
  bool is_negative = false, is_too_large = false, is_empty = false;
  Int128 count = 1;
  for (size_t d = 0; d < type.rank; ++d) {
    const Int128 size = IntegerValue(function.type(function.operand(op, d)).scalar, buffer[d]);
    is_negative = is_negative || size < 0;
    is_empty = is_empty || size == 0;
    is_too_large = is_too_large || !FitsInteger(ScalarType::kI64, size);
    // Bounded, so that the product of all fits.
    if (count <= kMostArrayBytes) count *= size;
  }
  if (is_negative) return kNegativeSize;
  if (is_too_large) return kTooLarge;
  const uint64_t fill = op.immediate == 1 ? buffer[type.rank] : 0;
  buffer[0] = 0;
  if (is_empty) return kAllocated;
  const Int128 bytes = count * static_cast<Int128>(element);
  if (bytes > kMostArrayBytes || bytes > PhysicalBytes()) return kTooLarge;
  // Zeroed also where it is filled: pages that the system hands out are zero already.
  HeapArray array;
  size_t space = static_cast<size_t>(bytes) + kCacheLine;
  array.storage.reset(std::calloc(space, 1));
  if (array.storage == nullptr) return kTooLarge;
  array.data = array.storage.get();
  std::align(kCacheLine, static_cast<size_t>(bytes), array.data, space);
  if (fill != 0) Fill(array.data, static_cast<size_t>(count), element, fill);
  buffer[0] = reinterpret_cast<uint64_t>(array.data);
  state->arrays.push_back(std::move(array));
  return kAllocated;
}

uint64_t Mark(State* state) {
  return state->arrays.size();
}

// Frees the arrays made since `mark`, but not those at the addresses `kept`.
void Release(State* state, uint64_t mark, uint64_t kept_count, void* const* kept) {
  auto& arrays = state->arrays;
  if (arrays.size() <= mark) return;
  const std::span kept_addresses(kept, kept_count);
  const auto first = arrays.begin() + static_cast<std::ptrdiff_t>(mark);
  arrays.erase(std::remove_if(first, arrays.end(),
                              [&](const auto& array) {
                                return std::ranges::find(kept_addresses, array.data) ==
                                       kept_addresses.end();
                              }),
               arrays.end());
}

// Walks the offsets of an array's elements in row-major order.
template <typename Visit>
void ForEachOffset(const ArrayDescriptor& array, size_t rank, size_t dimension, int64_t offset,
                   Visit&& visit) {
  if (dimension >= std::min<size_t>(rank, kMaxRank)) {
    visit(offset);
    return;
  }
  for (int64_t i = 0; i < array.sizes[dimension]; ++i)
    ForEachOffset(array, rank, dimension + 1, offset + i * array.strides[dimension], visit);
}

std::vector<std::byte> Contents(const ArrayDescriptor& array, Type type) {
  const auto bytes = static_cast<size_t>(BytesOf(type.scalar));
  std::vector<std::byte> contents;
  ForEachOffset(array, type.rank, 0, 0, [&](int64_t offset) {
    const auto* element = static_cast<const std::byte*>(array.data) + offset;
    contents.insert(contents.end(), element, element + bytes);
  });
  return contents;
}

// An array whose elements are to become those of another one of its type and shape.
struct Move {
  const ArrayDescriptor *to, *from;
  Type type;

  bool IsLike(const Move& other) const {
    return type == other.type && std::equal(to->sizes, to->sizes + type.rank, other.to->sizes);
  }
};

// Moves of one type and shape, all at once. No array lies over another one, so that an element goes
// to where only elements of its own index come from: a few at a time are set aside.
void MoveTogether(std::span<const Move> moves) {
  const auto rank = static_cast<size_t>(moves[0].type.rank);
  const int64_t* sizes = moves[0].to->sizes;
  if (std::any_of(sizes, sizes + rank, [](int64_t size) { return size == 0; })) return;
  constexpr int64_t kPieceBytes = 4096;
  const int64_t bytes = BytesOf(moves[0].type.scalar);
  const bool is_dense = std::ranges::all_of(moves, [&](const Move& move) {
    return move.to->strides[rank - 1] == bytes && move.from->strides[rank - 1] == bytes;
  });
  const int64_t most = is_dense ? kPieceBytes / bytes : 1;
  std::vector<std::byte> aside(moves.size() * static_cast<size_t>(most * bytes));
  int64_t index[kMaxRank] = {};
  const auto at = [&](const ArrayDescriptor& array) {
    auto* place = static_cast<std::byte*>(array.data);
    for (size_t d = 0; d < rank; ++d) place += index[d] * array.strides[d];
    return place;
  };
  for (;;) {
    const auto count = std::min(most, sizes[rank - 1] - index[rank - 1]);
    const auto length = static_cast<size_t>(count * bytes);
    std::byte* next = aside.data();
    for (const Move& move : moves) next = std::copy_n(at(*move.from), length, next);
    next = aside.data();
    for (const Move& move : moves) {
      std::memcpy(at(*move.to), next, length);
      next += length;
    }
    size_t d = rank - 1;
    index[d] += count;
    while (index[d] == sizes[d]) {
      if (d == 0) return;
      index[d--] = 0;
      ++index[d];
    }
  }
}

// Pairs of target and source: the contents of the sources end up in the targets, all at once.
void Settle(State* state, uint32_t site, const ArrayDescriptor* arrays) {
  const ir::Function& function = FunctionOf(*state, site);
  const ir::Op& op = OpOf(*state, site);
  std::vector<Move> moves;
  for (size_t i = 0; i < op.operands.count; i += 2)
    if (arrays[i].data != arrays[i + 1].data)
      moves.push_back({&arrays[i], &arrays[i + 1], function.type(function.operand(op, i))});
  while (!moves.empty()) {
    const auto like = std::stable_partition(
        moves.begin(), moves.end(), [first = moves[0]](const Move& m) { return !m.IsLike(first); });
    MoveTogether({like, moves.end()});
    moves.erase(like, moves.end());
  }
}

bool ArrayEqual(State* state, uint32_t site, const ArrayDescriptor* arrays) {
  const ir::Function& function = FunctionOf(*state, site);
  const Type type = function.type(function.operand(OpOf(*state, site), 0));
  for (size_t d = 0; d < type.rank; ++d)
    if (arrays[0].sizes[d] != arrays[1].sizes[d]) return false;
  const std::vector<std::byte> left = Contents(arrays[0], type), right = Contents(arrays[1], type);
  const auto bytes = static_cast<size_t>(BytesOf(type.scalar));
  for (size_t at = 0; at < left.size(); at += bytes) {
    uint64_t l = 0, r = 0;
    std::memcpy(&l, left.data() + at, bytes);
    std::memcpy(&r, right.data() + at, bytes);
    if (type.scalar == ScalarType::kBool) {
      l = l != 0;
      r = r != 0;
    }
    if (!SameValue(type.scalar, l, r)) return false;
  }
  return true;
}

void Note(State* state, uint32_t site, const uint64_t* buffer, void* element, int32_t direction) {
  const uint32_t count = state->launch->tables->sites[site].operands;
  state->notes->Add(*state->launch, site, element, {buffer, buffer + count}, direction);
}

bool Parallel(State* state, ParallelBody body, const void* captured, uint64_t count,
              uint64_t work) {
  return RunParallel(*state, body, captured, count, work);
}

float FmodFloat(float a, float b) {
  return std::fmod(a, b);
}
double FmodDouble(double a, double b) {
  return std::fmod(a, b);
}

// --- Results that are kept

std::vector<uint64_t> MemoKey(const ir::Function& callee, uint32_t function,
                              const uint64_t* arguments) {
  std::vector<uint64_t> key(arguments, arguments + callee.params.size());
  key.push_back(function);
  return key;
}

// True with the results in `buffer` if the call was made before. Else its depth is counted from
// here, until MemoKeep; the depth counted so far lies on a stack.
bool MemoFind(State* state, uint32_t function, uint64_t* buffer, int32_t depth) {
  if (state->memo == nullptr) state->memo = std::make_unique<Memo>(*state->launch->module);
  Memo& memo = *state->memo;
  const ir::Function& callee = state->launch->module->function(ir::FunctionId(function));
  if (const MemoEntry* known = memo.table.Find(MemoKey(callee, function, buffer), depth)) {
    memo.deepest = std::max(memo.deepest, depth + known->height);
    std::ranges::copy(known->results, buffer);
    return true;
  }
  memo.outer.push_back(memo.deepest);
  memo.deepest = depth;
  return false;
}

// `buffer` holds the arguments, then the results.
void MemoKeep(State* state, uint32_t function, const uint64_t* buffer, int32_t depth) {
  Memo& memo = *state->memo;
  const ir::Function& callee = state->launch->module->function(ir::FunctionId(function));
  const uint64_t* results = buffer + callee.params.size();
  memo.table.Keep(MemoKey(callee, function, buffer),
                  {{results, results + callee.results.size()}, memo.deepest - depth});
  memo.deepest = std::max(memo.deepest, memo.outer.back());
  memo.outer.pop_back();
}

// A recursive function begins at this depth.
void Depth(State* state, int32_t depth) {
  if (state->memo != nullptr) state->memo->deepest = std::max(state->memo->deepest, depth);
}

template <typename Function>
void* AddressOf(Function* function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

std::vector<RuntimeFunction> RuntimeFunctions() {
  return {{"einkorn_fault", AddressOf(Fault)},
          {"einkorn_print", AddressOf(Print)},
          {"einkorn_allocate", AddressOf(Allocate)},
          {"einkorn_mark", AddressOf(Mark)},
          {"einkorn_release", AddressOf(Release)},
          {"einkorn_settle", AddressOf(Settle)},
          {"einkorn_array_equal", AddressOf(ArrayEqual)},
          {"einkorn_note", AddressOf(Note)},
          {"einkorn_parallel", AddressOf(Parallel)},
          {"einkorn_memo_find", AddressOf(MemoFind)},
          {"einkorn_memo_keep", AddressOf(MemoKeep)},
          {"einkorn_depth", AddressOf(Depth)},
          {"fmodf", AddressOf(FmodFloat)},
          {"fmod", AddressOf(FmodDouble)},
          {"memset", AddressOf(std::memset)},
          {"memcpy", AddressOf(std::memcpy)},
          {"memmove", AddressOf(std::memmove)}};
}

}  // namespace einkorn::cpu
