// SPDX-License-Identifier: Apache-2.0
//
// The order of a graph's nodes: by the tensors they pass on (data edges) and by
// control edges.
#pragma once

#include "tools/synapse-stand-in/Objects.h"

#include <cstdint>
#include <vector>

namespace bertc::standin {

class Order {
public:
  explicit Order(const rt::syn::SynGraphObject &graph);

  /// Node numbers, each after all it depends on: the earliest created first,
  /// or with `last` the latest created first. Shorter than the graph when the
  /// edges run in a circle.
  std::vector<uint32_t> schedule(bool last) const;

  /// For each node, whether it must end before `node` begins.
  std::vector<bool> before(uint32_t node) const;

private:
  std::vector<std::vector<uint32_t>> before_;
};

} // namespace bertc::standin
