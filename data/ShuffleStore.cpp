// SPDX-License-Identifier: Apache-2.0
#include "data/ShuffleStore.h"

#include <algorithm>
#include <cstring>

namespace bertc {
namespace {

/// Files open at once, at most: well below the usual limit of 1024.
constexpr int maxBits = 7;
constexpr size_t bufferBytes = 64U << 10;

struct PackedHeader {
  /// Bytes of the whole packed instance, this header included.
  uint32_t bytes;
  uint16_t tokens;
  uint16_t firstSegment;
  uint64_t key;
  uint16_t masked;
  uint16_t isRandomNext;
  uint32_t padding;
};
static_assert(sizeof(PackedHeader) == 24, "no hidden padding");

/// Calls visit(view) for every complete packed instance in `bytes`; returns the
/// bytes taken.
template <typename Visit>
StatusOr<size_t> forEachPacked(std::string_view bytes, Visit visit) {
  size_t at = 0;
  while (bytes.size() - at >= sizeof(PackedHeader)) {
    uint32_t length;
    std::memcpy(&length, bytes.data() + at, sizeof(length));
    if (length < sizeof(PackedHeader)) {
      return internalError("a temporary file holds a malformed instance");
    }
    if (bytes.size() - at < length) {
      break;
    }
    BERTC_RETURN_IF_ERROR(visit(bytes.substr(at, length)));
    at += length;
  }
  return at;
}

uint64_t keyOf(std::string_view packed) {
  uint64_t key;
  std::memcpy(&key, packed.data() + offsetof(PackedHeader, key), sizeof(key));
  return key;
}

void appendInts(const std::vector<int32_t> &values, std::string *out) {
  out->append(reinterpret_cast<const char *>(values.data()),
              values.size() * sizeof(int32_t));
}

} // namespace

void packInstance(const PretrainInstance &instance, uint64_t key,
                  std::string *out) {
  PackedHeader header = {};
  header.bytes = static_cast<uint32_t>(
      sizeof(header) +
      (instance.ids.size() + 2 * instance.maskedPositions.size()) *
          sizeof(int32_t));
  header.tokens = static_cast<uint16_t>(instance.ids.size());
  header.firstSegment = static_cast<uint16_t>(instance.firstSegment);
  header.key = key;
  header.masked = static_cast<uint16_t>(instance.maskedPositions.size());
  header.isRandomNext = instance.isRandomNext ? 1 : 0;
  out->append(reinterpret_cast<const char *>(&header), sizeof(header));
  appendInts(instance.ids, out);
  appendInts(instance.maskedPositions, out);
  appendInts(instance.maskedLabels, out);
}

bool unpackInstance(std::string_view packed, PretrainInstance *instance) {
  PackedHeader header;
  if (packed.size() < sizeof(header)) {
    return false;
  }
  std::memcpy(&header, packed.data(), sizeof(header));
  size_t values = header.tokens + 2 * static_cast<size_t>(header.masked);
  if (header.bytes != packed.size() ||
      header.bytes != sizeof(header) + values * sizeof(int32_t)) {
    return false;
  }
  const char *p = packed.data() + sizeof(header);
  auto take = [&p](size_t count, std::vector<int32_t> *out) {
    out->resize(count);
    std::memcpy(out->data(), p, count * sizeof(int32_t));
    p += count * sizeof(int32_t);
  };
  take(header.tokens, &instance->ids);
  take(header.masked, &instance->maskedPositions);
  take(header.masked, &instance->maskedLabels);
  instance->firstSegment = header.firstSegment;
  instance->isRandomNext = header.isRandomNext != 0;
  return true;
}

StatusOr<ShuffleStore> ShuffleStore::create(const std::string &directory,
                                            uint64_t expectedBytes,
                                            uint64_t memoryBytes) {
  ShuffleStore store;
  store.directory_ = directory;
  store.memoryBytes_ = memoryBytes;
  // Half full on average, so that chance rarely makes one too large.
  while (store.bits_ < maxBits &&
         (expectedBytes >> store.bits_) > memoryBytes / 2) {
    ++store.bits_;
  }
  for (int i = 0; i < 1 << store.bits_; ++i) {
    BERTC_ASSIGN_OR_RETURN(TempFile file,
                           TempFile::create(directory, bufferBytes));
    store.buckets_.push_back({std::move(file), store.bits_});
  }
  return store;
}

Status ShuffleStore::add(std::string_view packed) {
  return spread(packed, 0, bits_, &buckets_);
}

/// Appends instances that share `depth` key bits to the bucket that the next
/// `bits` bits say.
Status ShuffleStore::spread(std::string_view packed, int depth, int bits,
                            std::vector<Bucket> *buckets) {
  size_t base = buckets->size() - (size_t{1} << bits);
  StatusOr<size_t> taken =
      forEachPacked(packed, [&](std::string_view instance) {
        uint64_t key = keyOf(instance) << depth;
        size_t bucket = bits == 0 ? 0 : key >> (64 - bits);
        count_ += depth == 0 ? 1 : 0;
        return (*buckets)[base + bucket].file.append(instance.data(),
                                                     instance.size());
      });
  return taken.ok() ? Status() : taken.status();
}

/// Spreads a bucket that is too large over smaller ones.
Status ShuffleStore::split(Bucket bucket) {
  int bits = 1;
  while (bits < maxBits && (bucket.file.size() >> bits) > memoryBytes_ / 2) {
    ++bits;
  }
  std::vector<Bucket> parts;
  for (int i = 0; i < 1 << bits; ++i) {
    BERTC_ASSIGN_OR_RETURN(TempFile file,
                           TempFile::create(directory_, bufferBytes));
    parts.push_back({std::move(file), bucket.depth + bits});
  }
  std::string window;
  uint64_t offset = 0;
  while (offset < bucket.file.size()) {
    window.resize(std::min<uint64_t>(bucket.file.size() - offset, 8U << 20));
    BERTC_RETURN_IF_ERROR(
        bucket.file.readAt(offset, window.data(), window.size()));
    size_t whole = 0;
    BERTC_ASSIGN_OR_RETURN(whole, forEachPacked(window, [](std::string_view) {
                             return Status();
                           }));
    if (whole == 0) {
      return internalError("a temporary file ends within an instance");
    }
    BERTC_RETURN_IF_ERROR(spread(std::string_view(window).substr(0, whole),
                                 bucket.depth, bits, &parts));
    offset += whole;
  }
  for (size_t i = parts.size(); i > 0; --i) {
    BERTC_RETURN_IF_ERROR(parts[i - 1].file.flush());
    parts[i - 1].file.shrink();
    buckets_.push_back(std::move(parts[i - 1]));
  }
  return Status();
}

StatusOr<std::shared_ptr<SortedInstances>> ShuffleStore::next() {
  if (!draining_) {
    draining_ = true;
    std::reverse(buckets_.begin(), buckets_.end());
    for (Bucket &bucket : buckets_) {
      BERTC_RETURN_IF_ERROR(bucket.file.flush());
      bucket.file.shrink();
    }
  }
  while (!buckets_.empty()) {
    Bucket bucket = std::move(buckets_.back());
    buckets_.pop_back();
    if (bucket.file.size() > memoryBytes_ && bucket.depth + maxBits < 64) {
      BERTC_RETURN_IF_ERROR(split(std::move(bucket)));
      continue;
    }
    if (bucket.file.size() == 0) {
      continue;
    }
    auto sorted = std::make_shared<SortedInstances>();
    sorted->bytes.resize(bucket.file.size());
    BERTC_RETURN_IF_ERROR(
        bucket.file.readAt(0, sorted->bytes.data(), sorted->bytes.size()));
    StatusOr<size_t> taken =
        forEachPacked(sorted->bytes, [&](std::string_view instance) {
          sorted->instances.push_back(instance);
          return Status();
        });
    BERTC_RETURN_IF_ERROR(taken.ok() ? Status() : taken.status());
    // Stable: equal keys keep the order they were made in.
    std::stable_sort(sorted->instances.begin(), sorted->instances.end(),
                     [](std::string_view a, std::string_view b) {
                       return keyOf(a) < keyOf(b);
                     });
    return sorted;
  }
  return std::shared_ptr<SortedInstances>();
}

} // namespace bertc
