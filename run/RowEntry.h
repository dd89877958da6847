// SPDX-License-Identifier: Apache-2.0
//
// One entry of a plan on batches of rows: inputs by name, wanted outputs as
// f32.
//
//   RowEntry predict(session, "predict");
//   BERTC_RETURN_IF_ERROR(predict.run(batch.tensors(), {"logits"}, &values));
//   ... values[0] ...
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "tasks/RowBatch.h"

#include <string>
#include <vector>

namespace bertc {

class RowEntry {
public:
  /// `session`, whose plan must have the entry, must outlive it.
  RowEntry(rt::Session &session, std::string entry)
      : session_(session), entry_(std::move(entry)) {}

  /// Those of `tensors` that the entry takes are its inputs, and must be all of
  /// them but `rng`, which turns dropout off where it is listed. `values`
  /// becomes one vector for each of `outputs`, which may be f32 or bf16.
  Status run(const std::vector<BatchTensor> &tensors,
             const std::vector<std::string> &outputs,
             std::vector<std::vector<float>> *values);

private:
  rt::Session &session_;
  std::string entry_;
  std::vector<std::vector<uint8_t>> bytes_;
};

} // namespace bertc
