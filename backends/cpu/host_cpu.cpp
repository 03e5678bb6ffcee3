// The processor of this machine, and which processors code may be made for.
#include "backends/cpu/host_cpu.h"

#include <fmt/format.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <array>

namespace einkorn {
namespace {

// The levels of the x86-64 psABI, beyond what every such processor has.
constexpr std::array kLevel3 = {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"};
constexpr std::array kLevel4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};

template <typename Names>
std::string MissingOf(const ::llvm::StringMap<bool>& features, const Names& names) {
  std::string missing;
  for (const char* name : names)
    if (!features.lookup(name)) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name);
  return missing;
}

}  // namespace

HostCpu DetectHostCpu() {
  const ::llvm::StringMap<bool> features = ::llvm::sys::getHostCPUFeatures();
  std::vector<std::string> list;
  for (const auto& feature : features)
    list.push_back((feature.getValue() ? "+" : "-") + feature.getKey().str());
  std::ranges::sort(list);
  return {::llvm::sys::getHostCPUName().str(), fmt::format("{}", fmt::join(list, ","))};
}

namespace cpu {

Result<HostCpu> ChooseCpu(const std::string& wanted) {
  const ::llvm::StringMap<bool> features = ::llvm::sys::getHostCPUFeatures();
  const auto refuse = [&](const std::string& missing, const char* level) -> Error {
    return EnvironmentError(fmt::format("the processor {} has no {}, which {} needs",
                                        ::llvm::sys::getHostCPUName().str(), missing, level));
  };
  if (wanted != "native" && wanted != "x86-64-v3" && wanted != "x86-64-v4")
    return UsageError(
        fmt::format("no processor is named {}; there are native, x86-64-v3, x86-64-v4", wanted));
  const std::string missing = MissingOf(features, kLevel3);
  if (!missing.empty())
    return refuse(missing, wanted == "native" ? "the target cpu (x86-64-v3)" : wanted.c_str());
  if (wanted == "native") return DetectHostCpu();
  if (wanted == "x86-64-v4") {
    const std::string beyond = MissingOf(features, kLevel4);
    if (!beyond.empty()) return refuse(beyond, "x86-64-v4");
  }
  return HostCpu{wanted, ""};
}

}  // namespace cpu
}  // namespace einkorn
