// Parallel loops: chunks of iterations on the launch's threads, and the first fault of all.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <mutex>

#include "backends/cpu/notes.h"
#include "backends/cpu/state.h"

namespace einkorn::cpu {
namespace {

constexpr int64_t kNoFault = std::numeric_limits<int64_t>::max();

// A chunk holds at least so much work that handing it out does not count.
constexpr uint64_t kChunkWork = 20'000;
constexpr uint64_t kMostChunks = 256;

class ParallelLoop {
 public:
  ParallelLoop(State& state, ParallelBody body, const void* captured)
      : state_(state), body_(body), captured_(captured) {}

  // Runs [begin, end) unless an earlier iteration has failed already.
  void RunChunk(int64_t begin, int64_t end) {
    if (begin > first_fault_.load(std::memory_order_relaxed)) return;
    State state;
    state.launch = state_.launch;
    state.notes = &notes_;
    const DefaultFloatMode mode;
    const int64_t fault = body_(&state, captured_, begin, end);
    if (fault < 0 && state.printed.text.empty() && state.printed.dropped == 0) return;
    const std::lock_guard lock(mutex_);
    printed_[begin] = std::move(state.printed);
    if (fault < 0 || fault >= first_fault_.load(std::memory_order_relaxed)) return;
    first_fault_.store(fault, std::memory_order_relaxed);
    record_ = std::move(state.record);
  }

  // Hands the outcome to the state that the loop runs in; true if an iteration failed.
  bool Finish() {
    const int64_t fault = first_fault_.load();
    for (const auto& [begin, printed] : printed_)
      if (begin <= fault) state_.printed.Append(printed);
    if (fault != kNoFault) {
      state_.record = std::move(record_);
      return true;
    }
    const auto overflow = notes_.First(*state_.launch);
    if (!overflow) return false;
    // The loop is over, so the report names no iteration of it.
    state_.record.push_back({overflow->site, overflow->operands});
    return true;
  }

 private:
  State& state_;
  ParallelBody body_;
  const void* captured_;
  AtomicNotes notes_;
  std::atomic<int64_t> first_fault_ = kNoFault;
  std::mutex mutex_;
  std::vector<Segment> record_;
  std::map<int64_t, Printed> printed_;
};

}  // namespace

bool RunParallel(State& state, ParallelBody body, const void* captured, uint64_t count,
                 uint64_t work) {
  ParallelLoop loop(state, body, captured);
  const auto iterations = static_cast<int64_t>(count);
  const uint64_t per_iteration = std::max<uint64_t>(work, 1);
  const bool is_small = count <= kSerialWork / per_iteration;
  if (count == 0) return false;
  if (is_small || count == 1 || state.launch->is_serial) {
    loop.RunChunk(0, iterations);
    return loop.Finish();
  }
  // The same chunks for any number of threads.
  const uint64_t least = std::max<uint64_t>(kChunkWork / per_iteration, 1);
  const uint64_t chunks = std::clamp<uint64_t>(count / least, 1, kMostChunks);
  const uint64_t size = count / chunks, longer = count % chunks;
  const auto begin_of = [&](uint64_t chunk) {
    return static_cast<int64_t>(chunk * size + std::min(chunk, longer));
  };
  const auto run = [&] {
    tbb::parallel_for(
        tbb::blocked_range<uint64_t>(0, chunks, 1),
        [&](const tbb::blocked_range<uint64_t>& range) {
          for (uint64_t chunk = range.begin(); chunk != range.end(); ++chunk)
            loop.RunChunk(begin_of(chunk), begin_of(chunk + 1));
        },
        tbb::simple_partitioner());
  };
  if (state.launch->arena != nullptr)
    state.launch->arena->execute(run);
  else
    run();
  return loop.Finish();
}

}  // namespace einkorn::cpu
