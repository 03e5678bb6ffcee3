// `einkorn devices`: what kernels can run on.
#include <fmt/format.h>

#include <thread>

#include "tools/report.h"

#ifdef EINKORN_WITH_LLVM
#include "backends/cpu/cpu.h"
#endif

namespace einkorn::command {
namespace {

// The best level of the x86-64 psABI that the processor has, or why kernels cannot run on it.
Json CpuDevice() {
#ifdef EINKORN_WITH_LLVM
  Json cpu{{"name", "cpu"},
           {"processor", DetectHostCpu().name},
           {"threads", std::thread::hardware_concurrency()}};
  for (const char* level : {"x86-64-v4", "x86-64-v3"})
    if (CpuCompiler::Create({.cpu = level}).ok()) {
      cpu["level"] = level;
      return cpu;
    }
  cpu["missing"] = CpuCompiler::Create({.cpu = "native"}).error().message;
  return cpu;
#else
  return {{"name", "cpu"}, {"missing", "this build has no LLVM"}};
#endif
}

}  // namespace

int Devices(const Options& options, const Streams& streams) {
  const Json devices = {
      {{"name", "interpreter"}}, CpuDevice(), {{"name", "gpu"}, {"missing", "not built yet"}}};
  if (options.json) {
    streams.out << devices.dump() << "\n";
    return kDone;
  }
  for (const Json& device : devices) {
    streams.out << fmt::format("{:<12}", device["name"].get<std::string>());
    if (device.contains("missing"))
      streams.out << "not available: " << device["missing"].get<std::string>();
    else if (device.contains("processor"))
      streams.out << fmt::format("{} ({}), {} threads", device["processor"].get<std::string>(),
                                 device["level"].get<std::string>(),
                                 device["threads"].get<unsigned>());
    else
      streams.out << "one thread; runs everywhere";
    streams.out << "\n";
  }
  return kDone;
}

}  // namespace einkorn::command
