// SPDX-License-Identifier: Apache-2.0
//
// Where the variables of a session are: in its state block, or in memory that
// the caller has bound. Counts changes, so that copies in other layouts know
// when they are stale.
#pragma once

#include "bertc/runtime.h"
#include "runtime/core/MemoryBlock.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/SplitUpdate.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bertc::rt {

class VariableStore {
public:
  static StatusOr<VariableStore> create(std::shared_ptr<const PlanFile> file);

  /// NotFound when there is no such variable; InvalidArgument when dtype or
  /// shape of `value` differ.
  StatusOr<uint32_t> check(const std::string &name,
                           const ConstTensorView &value) const;
  StatusOr<uint32_t> find(const std::string &name) const;

  const std::byte *data(uint32_t i) const { return at_[i]; }
  /// In the state block; copies a bound variable there first.
  std::byte *writable(uint32_t i);
  /// The same without that copy, for a caller that writes every element.
  std::byte *overwrite(uint32_t i);

  /// True while variable i still is the zeros it was mapped as: filling it with
  /// zeros would only make its pages resident.
  bool pristine(uint32_t i) const { return pristine_[i] && at_[i] == home(i); }

  /// Gives every variable its initial value and counts it as changed.
  void initialise(uint64_t seed);

  /// From now on adam_m and adam_v of weight i are only elements
  /// shards[i].own; the rest is given back, reads as zeros, and is left alone
  /// by initialise() and copyIn().
  void keepShards(const std::vector<WeightShard> &shards);

  void copyIn(uint32_t i, const void *data);
  void bind(uint32_t i, const void *data);
  void markChanged(uint32_t i) { ++versions_[i]; }

  /// Rises with every change of variable i; starts at 1.
  uint64_t version(uint32_t i) const { return versions_[i]; }
  /// Rises whenever some variable has moved: pointers are stale then.
  uint64_t generation() const { return generation_; }
  /// Without what was given back.
  size_t stateBytes() const { return state_.size() - givenBack_; }

private:
  std::byte *home(uint32_t i) const;
  bool isCut(uint32_t i) const { return !kept_.empty() && isSlot(i); }
  bool isSlot(uint32_t i) const;
  void place(uint32_t i, const std::byte *data);

  std::shared_ptr<const PlanFile> file_;
  MemoryBlock state_;
  std::vector<const std::byte *> at_;
  std::vector<uint64_t> versions_;
  std::vector<bool> pristine_;
  uint64_t generation_ = 1;
  /// Of slots, by variable; empty when they are whole.
  std::vector<ElementRange> kept_;
  size_t givenBack_ = 0;
};

} // namespace bertc::rt
