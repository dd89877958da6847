// SPDX-License-Identifier: Apache-2.0
//
// The classes of a task by number: what a label in a file is to a classifier.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bertc/status.h"

namespace bertc {

/// Names of classes; the place of a name is its id.
class LabelList {
public:
  LabelList() = default;

  /// Labels in the order given. Error: none, an empty name, a duplicate.
  static StatusOr<LabelList> ofNames(std::vector<std::string> names);

  /// The distinct labels of a file, sorted: by value when all are whole
  /// numbers, else by bytes.
  static LabelList found(std::vector<std::string> labels);

  /// A file of one label a line, as save() writes it.
  static StatusOr<LabelList> load(const std::string &path);
  Status save(const std::string &path) const;

  size_t size() const { return names_.size(); }
  const std::vector<std::string> &names() const { return names_; }
  /// Id of a label, -1 when it is none of them.
  int32_t id(const std::string &name) const;
  /// "'0', '1'": for messages; long lists are cut.
  std::string text() const;

private:
  std::vector<std::string> names_;
};

} // namespace bertc
