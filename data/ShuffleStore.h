// SPDX-License-Identifier: Apache-2.0
//
// A random permutation of more instances than fit in memory. Every instance
// carries a random 64-bit key, and the order is that of the keys: they are
// spread over temporary files by their leading bits, and files are sorted one
// at a time (spread again when one is too large). The order therefore does not
// depend on the number of files or on how much memory there is.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bertc/status.h"
#include "data/PretrainInstance.h"
#include "data/SpillFile.h"

namespace bertc {

/// Appends the compact binary form of an instance: key, lengths, content; ids
/// take 16 bits when all of the instance fit, else 32.
void packInstance(const PretrainInstance &instance, uint64_t key,
                  std::string *out);

/// Replaces the key of the packed instance that begins at `packed`.
void setPackedKey(uint64_t key, char *packed);

/// Reads the content of a packed instance; false when it is malformed.
bool unpackInstance(std::string_view packed, PretrainInstance *instance);

/// Instances in key order, of one file's worth.
class SortedInstances {
public:
  size_t size() const { return places_.size(); }
  /// Bytes of all instances together.
  size_t byteSize() const { return bytes_.size(); }
  /// Ascending.
  uint64_t key(size_t index) const { return places_[index].key; }
  /// What unpackInstance() takes.
  std::string_view operator[](size_t index) const;

private:
  friend class ShuffleStore;
  struct Place {
    uint64_t key;
    size_t offset;
  };
  AlignedBuffer buffer_;
  std::string_view bytes_;
  std::vector<Place> places_;
};

/// Fill with add() from one thread, then drain with next().
class ShuffleStore {
public:
  /// `expectedBytes`: a guess at the total, to choose the number of files;
  /// `memoryBytes`: what may be sorted at once.
  static StatusOr<ShuffleStore> create(const std::string &directory,
                                       uint64_t expectedBytes,
                                       uint64_t memoryBytes);

  /// Adds packed instances, one after another.
  Status add(std::string_view packed);

  /// Instances added.
  uint64_t size() const { return count_; }

  /// The next instances in order; nothing at the end. No add() and no move
  /// afterwards: the instances after these are prepared meanwhile.
  StatusOr<std::shared_ptr<SortedInstances>> next();

private:
  struct Bucket {
    SpillFile file;
    /// Leading key bits that all instances in it share.
    int depth = 0;
  };
  StatusOr<std::vector<Bucket>> makeBuckets(int depth, int bits) const;
  StatusOr<std::shared_ptr<SortedInstances>> prepare();
  Status split(Bucket bucket);
  Status spread(std::string_view packed, int depth, int bits,
                std::vector<Bucket> *buckets);

  std::string directory_;
  std::shared_ptr<BackgroundWriter> writer_;
  uint64_t memoryBytes_ = 0;
  uint64_t count_ = 0;
  int bits_ = 0;
  /// In key order until draining starts, then reversed: next() takes the last.
  std::vector<Bucket> buckets_;
  bool draining_ = false;
  /// What next() will return; uses all of the above.
  std::future<StatusOr<std::shared_ptr<SortedInstances>>> ahead_;
};

} // namespace bertc
