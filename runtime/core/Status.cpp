// SPDX-License-Identifier: Apache-2.0
#include "bertc/status.h"

namespace bertc {

const char *statusCodeName(StatusCode code) {
  switch (code) {
  case StatusCode::Ok:
    return "ok";
  case StatusCode::InvalidArgument:
    return "invalid argument";
  case StatusCode::Corrupt:
    return "corrupt";
  case StatusCode::NotFound:
    return "not found";
  case StatusCode::FailedPrecondition:
    return "failed precondition";
  case StatusCode::ResourceExhausted:
    return "resource exhausted";
  case StatusCode::Unavailable:
    return "unavailable";
  case StatusCode::IoError:
    return "i/o error";
  case StatusCode::Internal:
    return "internal";
  }
  return "unknown";
}

int exitCode(const Status &status) {
  switch (status.code()) {
  case StatusCode::Ok:
    return 0;
  case StatusCode::InvalidArgument:
    return 2;
  case StatusCode::Corrupt:
  case StatusCode::NotFound:
    return 3;
  case StatusCode::ResourceExhausted:
    return 4;
  case StatusCode::Unavailable:
    return 5;
  case StatusCode::FailedPrecondition:
  case StatusCode::IoError:
  case StatusCode::Internal:
    return 1;
  }
  return 1;
}

} // namespace bertc
