// SPDX-License-Identifier: Apache-2.0
//
// Errors as values. Every fallible function of bertc returns Status, or
// StatusOr<T> when it also yields a value; nothing throws across a library
// boundary and nothing aborts on data. A message is lower case, has no final
// period, and names what was found, what was expected and what to do:
//
//   StatusOr<Plan> plan = Plan::load("base.plan");
//   if (!plan.ok())
//     return plan.status().annotate("cannot start training");
//
// The tools turn the code into a process exit code with exitCode().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace bertc {

/// Canonical error codes; the comment says when to prefer a neighbour.
enum class StatusCode : uint8_t {
  Ok = 0,
  /// The caller asked for something impossible (a flag, a shape, a name).
  /// Prefer Corrupt when a file's bytes are at fault.
  InvalidArgument,
  /// A file or record exists but its content is damaged or malformed.
  Corrupt,
  /// A file, tensor or entry that was named does not exist.
  NotFound,
  /// The request is well formed but the present state does not allow it: a
  /// plan that does not fit the data, or needs an ISA this CPU lacks.
  FailedPrecondition,
  /// Memory or disk ran out, or would run out.
  ResourceExhausted,
  /// A device or its library is missing or busy.
  Unavailable,
  /// An operating system call failed for a reason that fits none of the above.
  IoError,
  /// A bug in bertc.
  Internal,
};

/// Lower-case name of a code, e.g. "corrupt".
const char *statusCodeName(StatusCode code);

/// The outcome of an operation that yields no value.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : code_(code), message_(std::move(message)) {}

  static Status okStatus() { return Status(); }

  bool ok() const { return code_ == StatusCode::Ok; }
  StatusCode code() const { return code_; }
  const std::string &message() const { return message_; }

  /// The same error with `context: ` put before its message; ok stays ok.
  Status annotate(const std::string &context) const {
    return ok() ? *this : Status(code_, context + ": " + message_);
  }

private:
  StatusCode code_ = StatusCode::Ok;
  std::string message_;
};

inline Status invalidArgument(std::string message) {
  return Status(StatusCode::InvalidArgument, std::move(message));
}
inline Status corrupt(std::string message) {
  return Status(StatusCode::Corrupt, std::move(message));
}
inline Status notFound(std::string message) {
  return Status(StatusCode::NotFound, std::move(message));
}
inline Status failedPrecondition(std::string message) {
  return Status(StatusCode::FailedPrecondition, std::move(message));
}
inline Status resourceExhausted(std::string message) {
  return Status(StatusCode::ResourceExhausted, std::move(message));
}
inline Status unavailable(std::string message) {
  return Status(StatusCode::Unavailable, std::move(message));
}
inline Status ioError(std::string message) {
  return Status(StatusCode::IoError, std::move(message));
}
inline Status internalError(std::string message) {
  return Status(StatusCode::Internal, std::move(message));
}

/// A value of type T, or the error that kept it from being made.
template <typename T> class [[nodiscard]] StatusOr {
public:
  StatusOr(T value) : value_(std::move(value)) {}
  StatusOr(Status status) : status_(std::move(status)) {
    if (status_.ok()) {
      status_ = internalError("StatusOr was built from an ok status");
    }
  }

  bool ok() const { return value_.has_value(); }
  const Status &status() const { return status_; }

  /// The value; only to be called when ok().
  T &operator*() & { return *value_; }
  const T &operator*() const & { return *value_; }
  T &&operator*() && { return std::move(*value_); }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }

private:
  Status status_;
  std::optional<T> value_;
};

/// Process exit code of an outcome: 0 ok, 1 failure, 2 usage, 3 bad or corrupt
/// input, 4 out of memory or disk, 5 device missing.
int exitCode(const Status &status);

} // namespace bertc

/// Returns from the enclosing function when `expr` is an error.
#define BERTC_RETURN_IF_ERROR(expr)                                            \
  do {                                                                         \
    if (::bertc::Status bertcStatus_ = (expr); !bertcStatus_.ok()) {           \
      return bertcStatus_;                                                     \
    }                                                                          \
  } while (false)

#define BERTC_CONCAT_INNER_(a, b) a##b
#define BERTC_CONCAT_(a, b) BERTC_CONCAT_INNER_(a, b)

/// `BERTC_ASSIGN_OR_RETURN(auto x, f());` declares x or returns f's error.
#define BERTC_ASSIGN_OR_RETURN(lhs, expr)                                      \
  BERTC_ASSIGN_OR_RETURN_IMPL_(BERTC_CONCAT_(bertcOr_, __LINE__), lhs, expr)
#define BERTC_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr)                           \
  auto tmp = (expr);                                                           \
  if (!tmp.ok()) {                                                             \
    return tmp.status();                                                       \
  }                                                                            \
  lhs = *std::move(tmp)
