// SPDX-License-Identifier: Apache-2.0
//
// The checkpoints of one training run in its output folder: restore the newest
// good one, save new ones, watch the disk. A checkpoint holds the weights,
// adam_m and adam_v, `global_step` and the run state (run/RunState.h).
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "io/Checkpoint.h"
#include "run/ModelState.h"
#include "run/RunState.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bertc {

class CheckpointStore {
public:
  /// `keepMax` newest checkpoints are kept; 0 keeps all.
  CheckpointStore(std::string directory, int keepMax)
      : directory_(std::move(directory)), keepMax_(keepMax) {}

  /// What a restored checkpoint says.
  struct Restored {
    std::string prefix;
    int64_t globalStep = 0;
    /// Absent in a checkpoint that another program wrote.
    std::optional<RunState> state;
    /// Damaged checkpoints that were passed over, and other remarks.
    std::vector<std::string> notes;
  };

  /// Prefix of the newest usable checkpoint; empty when the folder has none.
  /// All of them damaged is an error. Removes what a killed save left behind.
  StatusOr<std::string> newest(std::vector<std::string> *notes) const;

  /// Loads weights and, unless `scope` leaves them out, slots from `prefix`
  /// into the session; every weight must be there.
  static StatusOr<Restored> restore(rt::Session &session,
                                    const std::string &prefix,
                                    LoadScope scope = LoadScope::Everything);

  /// Writes checkpoint `state.updateStep`; returns its prefix. The slots are
  /// those of the session, or what `fetchSlot` gives.
  StatusOr<std::string>
  save(const rt::Session &session, const RunState &state,
       const CheckpointWriter::Fetch &fetchSlot = {}) const;

  /// ResourceExhausted, naming bytes needed and free, when the disk has no room
  /// for `saves` more checkpoints beside those that are there.
  Status checkSpace(const rt::Plan &plan, int64_t saves) const;

  /// Bytes of one checkpoint of `plan`.
  static uint64_t checkpointBytes(const rt::Plan &plan);

private:
  std::string directory_;
  int keepMax_;
};

} // namespace bertc
