// SPDX-License-Identifier: Apache-2.0
//
// A plan file in memory, verified: identifier, FlatBuffers structure, schema
// version, hash, then meaning (PlanVerifier.h). Whoever holds a PlanFile may
// follow every index and offset in it without checking again, except what the
// handler of a step kind checks (operand count, dtypes, shapes).
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "runtime/schema/plan_generated.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace bertc::rt {

/// Optional operand that is not there, in Step.inputs and Step.outputs.
constexpr uint32_t kNoOperand = 0xffffffff;

class PlanFile {
public:
  /// Maps `path` read-only. See Plan::load for errors.
  static StatusOr<std::shared_ptr<const PlanFile>>
  load(const std::string &path);
  /// Copies the bytes.
  static StatusOr<std::shared_ptr<const PlanFile>>
  fromBytes(const void *bytes, size_t size, const std::string &name);
  ~PlanFile();
  PlanFile(const PlanFile &) = delete;
  PlanFile &operator=(const PlanFile &) = delete;

  /// The typed root; valid as long as this object.
  const plan::Plan &root() const { return *root_; }
  const std::string &path() const { return path_; }
  size_t fileBytes() const { return size_; }
  const std::string &sha256() const { return sha256_; }
  const std::string &producer() const { return producer_; }
  const std::string &target() const { return target_; }
  const std::string &cpuIsa() const { return cpuIsa_; }
  const ModelInfo &model() const { return model_; }
  const std::vector<EntryInfo> &entries() const { return entries_; }
  const std::vector<VariableInfo> &variables() const { return variables_; }
  const ExchangeInfo *exchange() const {
    return exchange_ ? &*exchange_ : nullptr;
  }

  /// Index of an entry or variable; -1 when there is none of that name.
  int findEntry(const std::string &name) const;
  int findVariable(const std::string &name) const;

private:
  PlanFile() = default;
  Status open(const uint8_t *bytes, size_t size);
  void describe();

  std::string path_;
  const uint8_t *bytes_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;
  const plan::Plan *root_ = nullptr;
  std::string sha256_, producer_, target_, cpuIsa_;
  ModelInfo model_;
  std::vector<EntryInfo> entries_;
  std::vector<VariableInfo> variables_;
  std::optional<ExchangeInfo> exchange_;
  std::unordered_map<std::string, int> entryIndex_, variableIndex_;
};

/// Shape of a plan tensor or variable.
Shape shapeOf(const plan::Tensor &tensor);

/// Name of a step kind, "Matmul" for MatmulParams.
std::string stepKindName(plan::Params kind);

} // namespace bertc::rt
