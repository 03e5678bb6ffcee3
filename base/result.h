// What a fallible call returns: a value, or the reason why there is none.
//
// Four kinds of failure are kept apart. A wrong program is a list of diagnostics (diagnostic.h). A
// refused request is an `Error`. A fault of a running kernel is a record (ir/fault.h). A mistake of
// our own is an internal check, which throws `InternalError` and is caught at the outer border
// only.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace einkorn {

/// Whose mistake a refused request is; a command's exit code follows from it.
enum class ErrorKind {
  kUsage,        ///< the request itself: an unknown option, a value of the wrong form
  kEnvironment,  ///< what lies around: a missing file, a denied permission, no memory
};

/// A refused request: nothing was done. `message` says what was seen and what to do, in one
/// sentence that begins in lower case and has no full stop.
struct Error {
  ErrorKind kind = ErrorKind::kUsage;
  std::string message;
};

inline Error UsageError(std::string message) {
  return {ErrorKind::kUsage, std::move(message)};
}
inline Error EnvironmentError(std::string message) {
  return {ErrorKind::kEnvironment, std::move(message)};
}

/// Either a `T` or an `E`. `value()` may be asked only where `ok()` holds, `error()` where it does
/// not.
template <typename T, typename E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  E& error() & { return std::get<1>(state_); }
  const E& error() const& { return std::get<1>(state_); }
  E&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, E> state_;
};

/// The result of a call that makes nothing but may be refused.
struct Done {};
using Status = Result<Done>;

/// A mistake of our own: names the place and the data at hand. Thrown by `EINKORN_CHECK` only.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void FailInternalCheck(const char* file, int line, const std::string& message);

}  // namespace einkorn

/// Our own invariant; never used on what a user wrote or passed.
#define EINKORN_CHECK(condition, message)                          \
  do {                                                             \
    if (!(condition)) [[unlikely]]                                 \
      ::einkorn::FailInternalCheck(__FILE__, __LINE__, (message)); \
  } while (false)
