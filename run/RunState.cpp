// SPDX-License-Identifier: Apache-2.0
#include "run/RunState.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bertc {

using nlohmann::ordered_json;

namespace {

constexpr int stateVersion = 1;

/// Reads keys one by one and remembers the first that is missing or of the
/// wrong type.
class KeyReader {
public:
  explicit KeyReader(const nlohmann::json &object) : object_(object) {}

  template <typename T> void read(const char *key, T *out) {
    auto found = object_.find(key);
    if (found == object_.end() || !matches<T>(*found)) {
      if (bad_.empty()) {
        bad_ = key;
      }
      return;
    }
    *out = found->template get<T>();
  }

  /// Of a key that older checkpoints lack.
  template <typename T> void readOptional(const char *key, T *out) {
    if (object_.contains(key)) {
      read(key, out);
    }
  }

  const std::string &bad() const { return bad_; }

private:
  template <typename T> static bool matches(const nlohmann::json &value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value.is_boolean();
    } else if constexpr (std::is_same_v<T, std::string>) {
      return value.is_string();
    } else if constexpr (std::is_floating_point_v<T>) {
      return value.is_number();
    } else if constexpr (std::is_unsigned_v<T>) {
      return value.is_number_unsigned();
    } else {
      return value.is_number_integer();
    }
  }

  const nlohmann::json &object_;
  std::string bad_;
};

} // namespace

std::string RunState::toJson() const {
  ordered_json object = {
      {"schema_version", stateVersion},
      {"update_step", updateStep},
      {"micro_step", microStep},
      {"examples_seen", examplesSeen},
      {"seed", seed},
      {"deterministic", deterministic},
      {"num_accumulation_steps", accumulationSteps},
      {"num_train_steps", trainSteps},
      {"num_warmup_steps", warmupSteps},
      {"learning_rate", learningRate},
      {"batch_size", batchSize},
      {"threads", threads},
      {"workers", workers},
      {"plan_sha256", planHash},
      {"data_records", data.records},
      {"data_bytes", data.bytes},
      {"data_digest", data.digest},
  };
  return object.dump();
}

StatusOr<RunState> RunState::fromJson(const std::string &text) {
  auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) {
    return corrupt(fmt::format("{} is not a JSON object", runStateName));
  }
  KeyReader reader(object);
  int version = 0;
  reader.read("schema_version", &version);
  if (reader.bad().empty() && version != stateVersion) {
    return failedPrecondition(
        fmt::format("{} has version {}, this program reads version {}",
                    runStateName, version, stateVersion));
  }
  RunState state;
  reader.read("update_step", &state.updateStep);
  reader.read("micro_step", &state.microStep);
  reader.read("examples_seen", &state.examplesSeen);
  reader.read("seed", &state.seed);
  reader.read("deterministic", &state.deterministic);
  reader.read("num_accumulation_steps", &state.accumulationSteps);
  reader.read("num_train_steps", &state.trainSteps);
  reader.read("num_warmup_steps", &state.warmupSteps);
  reader.read("learning_rate", &state.learningRate);
  reader.read("batch_size", &state.batchSize);
  reader.read("threads", &state.threads);
  reader.readOptional("workers", &state.workers);
  reader.read("plan_sha256", &state.planHash);
  reader.read("data_records", &state.data.records);
  reader.read("data_bytes", &state.data.bytes);
  reader.read("data_digest", &state.data.digest);
  if (!reader.bad().empty()) {
    return corrupt(fmt::format("{}: key '{}' is missing or of the wrong type",
                               runStateName, reader.bad()));
  }
  if (state.updateStep < 0 || state.microStep < 0) {
    return corrupt(fmt::format("{}: negative step count", runStateName));
  }
  return state;
}

namespace {

Status refuse(const char *what, const std::string &saved,
              const std::string &planned) {
  return failedPrecondition(fmt::format(
      "the checkpoint was trained with {} {}, this run has {}; continue with "
      "the same one, or start a new run in another --output-dir with "
      "--init-checkpoint",
      what, saved, planned));
}

} // namespace

StatusOr<std::vector<std::string>>
checkResume(const RunState &saved, const RunState &planned, bool finite) {
  auto number = [](auto value) { return fmt::format("{}", value); };
  if (saved.seed != planned.seed) {
    return refuse("--seed", number(saved.seed), number(planned.seed));
  }
  if (saved.batchSize != planned.batchSize) {
    return refuse("batch size", number(saved.batchSize),
                  number(planned.batchSize));
  }
  auto together = [](const RunState &state) {
    return state.accumulationSteps * state.workers;
  };
  bool sameUpdate = together(saved) == together(planned);
  bool sameEach = saved.accumulationSteps == planned.accumulationSteps;
  if (!sameUpdate && (!sameEach || finite)) {
    auto describe = [](const RunState &state) {
      return state.workers == 1
                 ? fmt::format("{}", state.accumulationSteps)
                 : fmt::format("{} on each of {} workers",
                               state.accumulationSteps, state.workers);
    };
    return refuse("--num-accumulation-steps", describe(saved),
                  describe(planned));
  }
  if (saved.data.digest != planned.data.digest) {
    auto describe = [](const DataIdentity &data) {
      return fmt::format("{} records of {} bytes ({:.12})", data.records,
                         data.bytes, data.digest);
    };
    return refuse("a data set of", describe(saved.data),
                  describe(planned.data));
  }

  std::vector<std::string> notes;
  auto note = [&](const char *what, std::string before, std::string now) {
    if (before != now) {
      notes.push_back(fmt::format("{} was {}, now {}", what, before, now));
    }
  };
  note("plan", saved.planHash.substr(0, 12), planned.planHash.substr(0, 12));
  note("the number of workers", number(saved.workers), number(planned.workers));
  note("micro-batches of an update", number(together(saved)),
       number(together(planned)));
  note("--num-train-steps", number(saved.trainSteps),
       number(planned.trainSteps));
  note("--num-warmup-steps", number(saved.warmupSteps),
       number(planned.warmupSteps));
  note("--learning-rate", number(saved.learningRate),
       number(planned.learningRate));
  note("--deterministic-run", number(saved.deterministic),
       number(planned.deterministic));
  note("threads", number(saved.threads), number(planned.threads));
  return notes;
}

} // namespace bertc
