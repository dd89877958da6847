// SPDX-License-Identifier: Apache-2.0
//
// The LevelDB table that is a checkpoint's `.index` file. Tables are written by
// the leveldb library. They are read here, because the library allocates
// whatever size a block handle claims and leaves parts of the file unchecked;
// this reader accounts for every byte. Internal to io/.
#pragma once

#include "bertc/status.h"
#include "io/Files.h"

#include <string>
#include <utility>
#include <vector>

namespace bertc {

using TableRows = std::vector<std::pair<std::string, std::string>>;

/// All rows of the table, in key order. Corrupt (without naming the file) when
/// any byte of it is not as its checksums and its structure demand.
StatusOr<TableRows> readTable(std::string_view bytes);

/// Adds a table with `rows`, which must be sorted by key, to `file`.
Status appendTable(const TableRows &rows, AtomicFile *file);

} // namespace bertc
