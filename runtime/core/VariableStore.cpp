// SPDX-License-Identifier: Apache-2.0

#include "runtime/core/VariableStore.h"

#include "runtime/core/ParallelMemory.h"

#include <algorithm>
#include <utility>

namespace bertc::rt {

StatusOr<VariableStore>
VariableStore::create(std::shared_ptr<const PlanFile> file) {
  VariableStore store;
  store.file_ = std::move(file);
  BERTC_ASSIGN_OR_RETURN(
      store.state_,
      MemoryBlock::map(store.file_->root().state_bytes(), "variables"));
  size_t count = store.file_->variables().size();
  store.versions_.assign(count, 1);
  store.pristine_.assign(count, true);
  for (uint32_t i = 0; i < count; ++i) {
    store.at_.push_back(store.home(i));
  }
  return store;
}

std::byte *VariableStore::home(uint32_t i) const {
  return state_.data() + file_->root().variables()->Get(i)->offset();
}

StatusOr<uint32_t> VariableStore::find(const std::string &name) const {
  int index = file_->findVariable(name);
  if (index < 0) {
    return notFound("plan " + file_->path() + " has no variable '" + name +
                    "'");
  }
  return static_cast<uint32_t>(index);
}

StatusOr<uint32_t> VariableStore::check(const std::string &name,
                                        const ConstTensorView &value) const {
  BERTC_ASSIGN_OR_RETURN(uint32_t i, find(name));
  const VariableInfo &info = file_->variables()[i];
  if (value.dtype != info.dtype || value.shape != info.shape) {
    return invalidArgument(
        "variable '" + name + "' is " + dtypeName(info.dtype) + " " +
        shapeString(info.shape) + ", the value is " + dtypeName(value.dtype) +
        " " + shapeString(value.shape));
  }
  if (value.data == nullptr) {
    return invalidArgument("variable '" + name + "': the value has no data");
  }
  return i;
}

void VariableStore::place(uint32_t i, const std::byte *data) {
  if (at_[i] != data) {
    at_[i] = data;
    ++generation_;
  }
}

std::byte *VariableStore::writable(uint32_t i) {
  std::byte *own = home(i);
  pristine_[i] = false;
  if (at_[i] != own) {
    parallelCopy(own, at_[i], file_->variables()[i].bytes());
    place(i, own);
  }
  return own;
}

std::byte *VariableStore::overwrite(uint32_t i) {
  std::byte *own = home(i);
  pristine_[i] = false;
  place(i, own);
  return own;
}

bool VariableStore::isSlot(uint32_t i) const {
  VariableRole role = file_->variables()[i].role;
  return role == VariableRole::AdamM || role == VariableRole::AdamV;
}

static size_t offsetOf(const VariableInfo &info, ElementRange range) {
  return static_cast<size_t>(range.begin) * dtypeBytes(info.dtype);
}

void VariableStore::keepShards(const std::vector<WeightShard> &shards) {
  const std::vector<VariableInfo> &infos = file_->variables();
  kept_.assign(infos.size(), {});
  givenBack_ = 0;
  std::vector<std::pair<size_t, size_t>> others;
  for (uint32_t i = 0; i < infos.size(); ++i) {
    if (!isSlot(i)) {
      continue;
    }
    kept_[i] = shards[infos[i].owner].own;
    auto from = static_cast<size_t>(writable(i) - state_.data());
    size_t begin = offsetOf(infos[i], kept_[i]);
    size_t end = begin + static_cast<size_t>(kept_[i].count()) *
                             dtypeBytes(infos[i].dtype);
    others.emplace_back(from, from + begin);
    others.emplace_back(from + end, from + infos[i].bytes());
    givenBack_ += infos[i].bytes() - (end - begin);
  }
  std::sort(others.begin(), others.end());
  for (size_t i = 0, next = 0; i < others.size(); i = next) {
    // Side by side but for what aligns them.
    size_t end = others[i].second;
    for (next = i + 1; next < others.size() && others[next].first < end + 64;
         ++next) {
      end = std::max(end, others[next].second);
    }
    if (others[i].first < end) {
      state_.giveBack(others[i].first, end);
    }
  }
}

void VariableStore::initialise(uint64_t seed) {
  const std::vector<VariableInfo> &infos = file_->variables();
  for (uint32_t i = 0; i < infos.size(); ++i) {
    bool zeros = infos[i].init == InitKind::Constant && infos[i].initValue == 0;
    if (isCut(i)) {
      VariableInfo own = infos[i];
      own.shape = {kept_[i].count()};
      initialiseVariable(own, seed,
                         overwrite(i) + offsetOf(infos[i], kept_[i]));
    } else if (!zeros || !pristine(i)) {
      // Every element is overwritten, so a bound value need not be copied home.
      initialiseVariable(infos[i], seed, overwrite(i));
    }
    markChanged(i);
  }
}

void VariableStore::copyIn(uint32_t i, const void *data) {
  const VariableInfo &info = file_->variables()[i];
  size_t begin = isCut(i) ? offsetOf(info, kept_[i]) : 0;
  size_t bytes =
      isCut(i) ? static_cast<size_t>(kept_[i].count()) * dtypeBytes(info.dtype)
               : info.bytes();
  parallelCopy(overwrite(i) + begin,
               static_cast<const std::byte *>(data) + begin, bytes);
  markChanged(i);
}

void VariableStore::bind(uint32_t i, const void *data) {
  size_t alignment = dtypeBytes(file_->variables()[i].dtype);
  if (isCut(i) || reinterpret_cast<uintptr_t>(data) % alignment != 0) {
    copyIn(i, data);
    return;
  }
  place(i, static_cast<const std::byte *>(data));
  markChanged(i);
}

} // namespace bertc::rt
