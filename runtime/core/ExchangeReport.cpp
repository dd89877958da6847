// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/ExchangeReport.h"

namespace bertc::rt {

Status finishExchange(GradientExchange &exchange, const std::string &entry,
                      const ProfileHook &hook) {
  Status status = exchange.finish();
  for (const ExchangeSpan &span : exchange.takeSpans()) {
    if (hook) {
      std::string scope = "bucket " + std::to_string(span.bucket);
      hook({entry.c_str(), span.bucket, scope.c_str(), "AllReduce", "", 0,
            span.bytes, span.beginNs, span.endNs, "all-reduce"});
    }
  }
  return status;
}

} // namespace bertc::rt
