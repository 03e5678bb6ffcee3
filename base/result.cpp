#include "base/result.h"

#include <fmt/format.h>

#include <string_view>

namespace einkorn {

void FailInternalCheck(const char* file, int line, const std::string& message) {
  std::string_view path = file;
  const size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  throw InternalError(fmt::format("internal error at {}:{}: {}", path, line, message));
}

}  // namespace einkorn
