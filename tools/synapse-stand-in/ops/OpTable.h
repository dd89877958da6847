// SPDX-License-Identifier: Apache-2.0
//
// The table GUID -> rules and execution, filled by one function per family.
#pragma once

#include "tools/synapse-stand-in/ops/OpCheck.h"

#include <functional>
#include <string>
#include <unordered_map>

namespace bertc::standin {

/// Which devices have a kernel.
enum class On { Every, Gaudi2AndLater };

struct Op {
  std::function<void(Check &)> check;
  std::function<void(const OpCall &)> run;
  On on = On::Every;
  /// Graph-compiler nodes that move data take up to 8 dimensions, all else 5.
  int maxRank = 5;
};

using OpTable = std::unordered_map<std::string, Op>;

void addMatrixOps(OpTable &table);
void addGatherOps(OpTable &table);
void addScatterOps(OpTable &table);
void addLossOps(OpTable &table);
void addScanOps(OpTable &table);
void addReshapeOps(OpTable &table);
void addMovementOps(OpTable &table);
void addReduceOps(OpTable &table);
void addNormaliseOps(OpTable &table);
void addDropoutOps(OpTable &table);
void addElementwiseOps(OpTable &table);
void addSelectOps(OpTable &table);
void addCastOps(OpTable &table);

} // namespace bertc::standin
