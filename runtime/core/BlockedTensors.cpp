// SPDX-License-Identifier: Apache-2.0
//
// One pass over the steps. A value is what a step writes to a window; values
// that have to be alike are sets (union-find), and a set is row by row as soon
// as one use of one of them is.

#include "runtime/core/BlockedTensors.h"

#include <algorithm>
#include <map>

namespace bertc::rt {
namespace {

constexpr int kNone = -1;

struct Value {
  const std::byte *begin, *end;
  int64_t columns;
  /// Of its set; itself for the one that stands for the set.
  int parent;
  /// Of the one that stands for the set.
  bool rows = false;
};

const std::byte *beginOf(const TensorRef &t) { return t.as<std::byte>(); }
const std::byte *endOf(const TensorRef &t) {
  return beginOf(t) + t.extentBytes();
}
/// Whether the elements leave no gap in the window, in whatever order.
bool fillsWindow(const TensorRef &t) {
  return static_cast<size_t>(t.numElements()) * dtypeBytes(t.dtype) ==
         t.extentBytes();
}

bool inArena(const TensorRef &t) {
  return t.present && t.storage == plan::Storage::Arena;
}

/// Of a tensor that fills its window.
bool canBeBlocked(const TensorRef &t, const LayoutChoice &choice) {
  return choice.layouts != Layouts::Rows && t.dtype == DType::BF16 &&
         choice.columns > 0 && choice.columns % kBlockSide == 0 &&
         t.numElements() % (choice.columns * kBlockSide) == 0;
}

class Chooser {
public:
  /// The value that an operand reads; kNone if it is not one that may be in
  /// blocks.
  int read(const TensorRef &t, const LayoutChoice &choice) {
    int whole = kNone;
    forOwners(t, [&](int id) {
      const Value &v = values_[at(id)];
      if (v.begin == beginOf(t) && v.end == endOf(t) &&
          v.columns == choice.columns && choice.layouts != Layouts::Rows) {
        whole = id;
      } else {
        useRows(id);
      }
    });
    // Others have written a part of it since.
    auto owned = owned_.find(beginOf(t));
    if (whole != kNone &&
        (owned == owned_.end() || owned->second.end != endOf(t))) {
      useRows(whole);
    }
    return whole;
  }

  int write(const TensorRef &t, const LayoutChoice &choice) {
    if (!fillsWindow(t)) {
      forOwners(t, [&](int id) { useRows(id); });
      return kNone;
    }
    clear(beginOf(t), endOf(t));
    if (!canBeBlocked(t, choice)) {
      return kNone;
    }
    int id = static_cast<int>(values_.size());
    values_.push_back({beginOf(t), endOf(t), choice.columns, id});
    owned_[beginOf(t)] = {endOf(t), id};
    return id;
  }

  /// All of `ids` get one layout; with one that is no value, row by row.
  void makeAlike(const std::vector<int> &ids) {
    bool rows = false;
    int first = kNone;
    for (int id : ids) {
      if (id == kNone) {
        rows = true;
        continue;
      }
      int set = setOf(id);
      first = first == kNone ? set : first;
      rows |= values_[at(set)].rows;
      values_[at(set)].parent = first;
    }
    if (rows && first != kNone) {
      useRows(first);
    }
  }

  bool isBlocked(int id) { return id != kNone && !values_[at(setOf(id))].rows; }

private:
  static size_t at(int id) { return static_cast<size_t>(id); }

  int setOf(int id) {
    while (values_[at(id)].parent != id) {
      id = values_[at(id)].parent;
    }
    return id;
  }
  void useRows(int id) { values_[at(setOf(id))].rows = true; }

  /// fn(value) for all values that own bytes of the window.
  template <typename Fn> void forOwners(const TensorRef &t, const Fn &fn) {
    auto it = owned_.upper_bound(beginOf(t));
    if (it != owned_.begin() && std::prev(it)->second.end > beginOf(t)) {
      --it;
    }
    for (; it != owned_.end() && it->first < endOf(t); ++it) {
      fn(it->second.value);
    }
  }

  /// Takes [begin, end) from its owners.
  void clear(const std::byte *begin, const std::byte *end) {
    auto it = owned_.lower_bound(begin);
    if (it != owned_.begin() && std::prev(it)->second.end > begin) {
      Owned before = std::prev(it)->second;
      std::prev(it)->second.end = begin;
      if (before.end > end) {
        owned_[end] = before;
      }
    }
    while (it != owned_.end() && it->first < end) {
      if (it->second.end > end) {
        owned_[end] = it->second;
      }
      it = owned_.erase(it);
    }
  }

  struct Owned {
    const std::byte *end;
    int value;
  };
  std::vector<Value> values_;
  /// Bytes that hold a value still, by where they begin. Bytes of anything else
  /// are in none.
  std::map<const std::byte *, Owned> owned_;
};

LayoutChoice choiceOf(const std::vector<LayoutChoice> &choices, size_t i) {
  return i < choices.size() ? choices[i] : LayoutChoice();
}

/// Values of the operands of one step, inputs first.
std::vector<int> follow(Chooser &chooser, const StepOperands &step) {
  std::vector<int> ids, alike;
  auto operand = [&](const TensorRef &t, LayoutChoice choice, bool written) {
    int id = kNone;
    if (inArena(t)) {
      id = written ? chooser.write(t, choice) : chooser.read(t, choice);
    }
    ids.push_back(id);
    if (t.present && choice.layouts == Layouts::Alike) {
      alike.push_back(id);
    }
  };
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    operand(step.inputs[i], choiceOf(step.layouts.inputs, i), false);
  }
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    operand(step.outputs[i], choiceOf(step.layouts.outputs, i), true);
  }
  chooser.makeAlike(alike);
  return ids;
}

} // namespace

void chooseBlocked(std::vector<StepOperands> &steps,
                   const std::vector<TensorRef> &results) {
  Chooser chooser;
  std::vector<std::vector<int>> values;
  for (const StepOperands &step : steps) {
    values.push_back(follow(chooser, step));
  }
  for (const TensorRef &t : results) {
    if (inArena(t)) {
      chooser.read(t, LayoutChoice());
    }
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    auto id = values[i].begin();
    for (std::vector<TensorRef> *list : {&steps[i].inputs, &steps[i].outputs}) {
      for (TensorRef &t : *list) {
        t.blocked = chooser.isBlocked(*id++);
      }
    }
  }
}

} // namespace bertc::rt
