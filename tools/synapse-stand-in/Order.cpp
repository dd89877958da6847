// SPDX-License-Identifier: Apache-2.0
#include "tools/synapse-stand-in/Order.h"

#include <set>

namespace bertc::standin {

using namespace rt::syn;

Order::Order(const SynGraphObject &graph) : before_(graph.nodes.size()) {
  for (size_t i = 0; i < graph.nodes.size(); i++) {
    for (const auto &tensor : graph.nodes[i].inputs) {
      if (tensor && tensor->producer >= 0) {
        before_[i].push_back(uint32_t(tensor->producer));
      }
    }
    for (uint64_t node : graph.nodes[i].after) {
      before_[i].push_back(uint32_t(node));
    }
  }
}

std::vector<uint32_t> Order::schedule(bool last) const {
  std::vector<uint32_t> waiting(before_.size()), order;
  std::vector<std::vector<uint32_t>> after(before_.size());
  std::set<uint32_t> ready;
  for (uint32_t node = 0; node < before_.size(); node++) {
    waiting[node] = uint32_t(before_[node].size());
    for (uint32_t earlier : before_[node]) {
      after[earlier].push_back(node);
    }
    if (waiting[node] == 0) {
      ready.insert(node);
    }
  }
  while (!ready.empty()) {
    auto next = last ? std::prev(ready.end()) : ready.begin();
    uint32_t node = *next;
    ready.erase(next);
    order.push_back(node);
    for (uint32_t later : after[node]) {
      if (--waiting[later] == 0) {
        ready.insert(later);
      }
    }
  }
  return order;
}

std::vector<bool> Order::before(uint32_t node) const {
  std::vector<bool> reached(before_.size());
  std::vector<uint32_t> stack{node};
  while (!stack.empty()) {
    uint32_t from = stack.back();
    stack.pop_back();
    for (uint32_t earlier : before_[from]) {
      if (!reached[earlier]) {
        reached[earlier] = true;
        stack.push_back(earlier);
      }
    }
  }
  return reached;
}

} // namespace bertc::standin
