// A launch in progress, and the functions that compiled code calls.
//
// Compiled code gets a `State` and passes it on. Each chunk of a parallel loop has its own, so
// nothing here is shared by threads but what `Launch` holds.
#pragma once

#include <tbb/task_arena.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "backends/cpu/sites.h"
#include "backends/launch.h"
#include "backends/memo_table.h"

namespace einkorn::cpu {

/// A site with the values of its buffer.
struct Segment {
  uint32_t site = 0;
  std::vector<uint64_t> values;
};

/// Printed lines: the text up to kMaxPrintedBytes, and how many came after.
struct Printed {
  std::string text;
  uint64_t dropped = 0;

  void AddLine(std::string_view line);
  /// What another one holds, behind this.
  void Append(const Printed& other);
};

/// What is the same for all threads of a launch.
struct Launch {
  const ir::Module* module = nullptr;
  const SiteTables* tables = nullptr;
  bool is_serial = false;            ///< everything on the calling thread
  tbb::task_arena* arena = nullptr;  ///< null: the caller's own
};

class AtomicNotes;

struct FreeStorage {
  void operator()(void* storage) const { std::free(storage); }
};

/// An array that a kernel makes. Its data begins with a cache line, so that no vector of it lies in
/// two.
inline constexpr size_t kCacheLine = 64;
struct HeapArray {
  std::unique_ptr<void, FreeStorage> storage;
  void* data = nullptr;
};

/// The table of a chunk, and how deep calls nest in those whose results are to be kept.
struct Memo {
  explicit Memo(const ir::Module& module) : table(module) {}
  MemoTable table;
  int deepest = 0;
  std::vector<int> outer;
};

struct State {
  const Launch* launch = nullptr;
  std::vector<Segment> record;  ///< of a fault, innermost first
  Printed printed;
  std::vector<HeapArray> arrays;
  AtomicNotes* notes = nullptr;  ///< of the innermost parallel loop
  std::unique_ptr<Memo> memo;    ///< made at the first call whose result is kept
};

/// An array as compiled code hands it over.
struct ArrayDescriptor {
  void* data;
  int64_t sizes[kMaxRank];
  int64_t strides[kMaxRank];  ///< in bytes
};

/// Below this much work, in operations, waking another thread costs more than it saves: about 20
/// us.
inline constexpr uint64_t kSerialWork = 50'000;

/// The body of a parallel loop: runs the iterations [begin, end) of the flattened ranges. Answers
/// the one that failed, whose record is in the state, or -1.
using ParallelBody = int64_t (*)(State*, const void* captured, int64_t begin, int64_t end);

/// The fault that a record describes.
Fault DescribeRecord(const Launch& launch, const std::vector<Segment>& record);

/// A function that compiled code calls by name.
struct RuntimeFunction {
  const char* name;
  void* address;
};
std::vector<RuntimeFunction> RuntimeFunctions();

/// Runs `count` iterations of `body`, in chunks on the launch's threads; `work` estimates the
/// operations of one. True if one failed; the record then is the first one's. (parallel.cpp)
bool RunParallel(State& state, ParallelBody body, const void* captured, uint64_t count,
                 uint64_t work);

/// While it lives, this thread rounds to nearest and keeps subnormals, whatever the host had set.
class DefaultFloatMode {
 public:
  DefaultFloatMode();
  ~DefaultFloatMode();
  DefaultFloatMode(const DefaultFloatMode&) = delete;
  DefaultFloatMode& operator=(const DefaultFloatMode&) = delete;

 private:
  unsigned saved_;
};

}  // namespace einkorn::cpu
