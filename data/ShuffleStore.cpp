// SPDX-License-Identifier: Apache-2.0
#include "data/ShuffleStore.h"

#include <algorithm>
#include <cstring>

namespace bertc {
namespace {

/// Files open at once, at most: well below the usual limit of 1024.
constexpr int maxBits = 7;
/// Buffers of a file, and how many may wait to be written.
constexpr size_t minBufferBytes = 64U << 10, maxBufferBytes = 256U << 10;
constexpr size_t pendingBuffers = 16;

constexpr uint16_t flagRandomNext = 1, flagWide = 2;

struct PackedHeader {
  uint64_t key;
  uint16_t tokens;
  uint16_t firstSegment;
  uint16_t masked;
  uint16_t flags;

  size_t idBytes() const { return (flags & flagWide) != 0 ? 4 : 2; }
  /// Bytes of the whole packed instance, this header included.
  size_t bytes() const {
    return sizeof(PackedHeader) + tokens * idBytes() +
           masked * (sizeof(uint16_t) + idBytes());
  }
};
static_assert(sizeof(PackedHeader) == 16, "no hidden padding");

PackedHeader headerAt(const char *packed) {
  PackedHeader header;
  std::memcpy(&header, packed, sizeof(header));
  return header;
}

/// Calls visit(header, view) for every complete packed instance in `bytes`;
/// returns the bytes taken.
template <typename Visit>
StatusOr<size_t> forEachPacked(std::string_view bytes, Visit visit) {
  size_t at = 0;
  while (bytes.size() - at >= sizeof(PackedHeader)) {
    PackedHeader header = headerAt(bytes.data() + at);
    if (bytes.size() - at < header.bytes()) {
      break;
    }
    BERTC_RETURN_IF_ERROR(visit(header, bytes.substr(at, header.bytes())));
    at += header.bytes();
  }
  return at;
}

bool fitsNarrow(const std::vector<int32_t> &ids) {
  uint32_t all = 0;
  for (int32_t id : ids) {
    all |= static_cast<uint32_t>(id);
  }
  return all <= UINT16_MAX;
}

/// Values in a row as T; returns where they end.
template <typename T>
char *putAs(const std::vector<int32_t> &values, char *to) {
  for (int32_t value : values) {
    auto narrow = static_cast<T>(value);
    std::memcpy(to, &narrow, sizeof(narrow));
    to += sizeof(narrow);
  }
  return to;
}

template <typename T>
const char *takeAs(const char *from, size_t count, std::vector<int32_t> *out) {
  out->resize(count);
  for (int32_t &value : *out) {
    T narrow;
    std::memcpy(&narrow, from, sizeof(narrow));
    value = static_cast<int32_t>(narrow);
    from += sizeof(narrow);
  }
  return from;
}

} // namespace

void packInstance(const PretrainInstance &instance, uint64_t key,
                  std::string *out) {
  bool wide = !fitsNarrow(instance.ids) || !fitsNarrow(instance.maskedLabels);
  PackedHeader header = {};
  header.key = key;
  header.tokens = static_cast<uint16_t>(instance.ids.size());
  header.firstSegment = static_cast<uint16_t>(instance.firstSegment);
  header.masked = static_cast<uint16_t>(instance.maskedPositions.size());
  header.flags = static_cast<uint16_t>(
      (instance.isRandomNext ? flagRandomNext : 0) | (wide ? flagWide : 0));
  size_t before = out->size();
  out->resize(before + header.bytes());
  char *to = out->data() + before;
  std::memcpy(to, &header, sizeof(header));
  to = putAs<uint16_t>(instance.maskedPositions, to + sizeof(header));
  if (wide) {
    putAs<int32_t>(instance.maskedLabels, putAs<int32_t>(instance.ids, to));
  } else {
    putAs<uint16_t>(instance.maskedLabels, putAs<uint16_t>(instance.ids, to));
  }
}

void setPackedKey(uint64_t key, char *packed) {
  std::memcpy(packed + offsetof(PackedHeader, key), &key, sizeof(key));
}

bool unpackInstance(std::string_view packed, PretrainInstance *instance) {
  if (packed.size() < sizeof(PackedHeader)) {
    return false;
  }
  PackedHeader header = headerAt(packed.data());
  if (header.bytes() != packed.size()) {
    return false;
  }
  const char *from = packed.data() + sizeof(header);
  from = takeAs<uint16_t>(from, header.masked, &instance->maskedPositions);
  if (header.idBytes() == sizeof(int32_t)) {
    from = takeAs<int32_t>(from, header.tokens, &instance->ids);
    takeAs<int32_t>(from, header.masked, &instance->maskedLabels);
  } else {
    from = takeAs<uint16_t>(from, header.tokens, &instance->ids);
    takeAs<uint16_t>(from, header.masked, &instance->maskedLabels);
  }
  instance->firstSegment = header.firstSegment;
  instance->isRandomNext = (header.flags & flagRandomNext) != 0;
  return true;
}

std::string_view SortedInstances::operator[](size_t index) const {
  const char *packed = bytes_.data() + places_[index].offset;
  return {packed, headerAt(packed).bytes()};
}

StatusOr<ShuffleStore> ShuffleStore::create(const std::string &directory,
                                            uint64_t expectedBytes,
                                            uint64_t memoryBytes) {
  ShuffleStore store;
  store.directory_ = directory;
  store.memoryBytes_ = memoryBytes;
  store.writer_ = std::make_shared<BackgroundWriter>(
      std::clamp<size_t>(memoryBytes >> (maxBits + 1), minBufferBytes,
                         maxBufferBytes),
      pendingBuffers);
  // Half full on average, so that chance rarely makes one too large.
  while (store.bits_ < maxBits &&
         (expectedBytes >> store.bits_) > memoryBytes / 2) {
    ++store.bits_;
  }
  BERTC_ASSIGN_OR_RETURN(store.buckets_,
                         store.makeBuckets(store.bits_, store.bits_));
  return store;
}

/// Empty files for 2^bits values of the key bits that end at `depth`.
StatusOr<std::vector<ShuffleStore::Bucket>>
ShuffleStore::makeBuckets(int depth, int bits) const {
  std::vector<Bucket> buckets;
  for (int i = 0; i < 1 << bits; ++i) {
    BERTC_ASSIGN_OR_RETURN(SpillFile file,
                           SpillFile::create(directory_, writer_));
    buckets.push_back({std::move(file), depth});
  }
  return buckets;
}

Status ShuffleStore::add(std::string_view packed) {
  return spread(packed, 0, bits_, &buckets_);
}

/// Appends instances that share `depth` key bits to the bucket that the next
/// `bits` bits say.
Status ShuffleStore::spread(std::string_view packed, int depth, int bits,
                            std::vector<Bucket> *buckets) {
  StatusOr<size_t> taken = forEachPacked(
      packed, [&](const PackedHeader &header, std::string_view instance) {
        uint64_t key = header.key << depth;
        size_t bucket = bits == 0 ? 0 : key >> (64 - bits);
        count_ += depth == 0 ? 1 : 0;
        return (*buckets)[bucket].file.append(instance.data(), instance.size());
      });
  return taken.ok() ? Status() : taken.status();
}

/// Spreads a bucket that is too large over smaller ones.
Status ShuffleStore::split(Bucket bucket) {
  int bits = 1;
  while (bits < maxBits && (bucket.file.size() >> bits) > memoryBytes_ / 2) {
    ++bits;
  }
  BERTC_ASSIGN_OR_RETURN(std::vector<Bucket> parts,
                         makeBuckets(bucket.depth + bits, bits));
  AlignedBuffer buffer;
  uint64_t offset = 0;
  while (offset < bucket.file.size()) {
    size_t bytes = std::min<uint64_t>(bucket.file.size() - offset, 8U << 20);
    BERTC_ASSIGN_OR_RETURN(std::string_view window,
                           bucket.file.read(offset, bytes, &buffer));
    size_t whole = 0;
    BERTC_ASSIGN_OR_RETURN(whole, forEachPacked(window, [](const PackedHeader &,
                                                           std::string_view) {
                             return Status();
                           }));
    if (whole == 0) {
      return internalError("a temporary file ends within an instance");
    }
    BERTC_RETURN_IF_ERROR(
        spread(window.substr(0, whole), bucket.depth, bits, &parts));
    offset += whole;
  }
  for (size_t i = parts.size(); i > 0; --i) {
    BERTC_RETURN_IF_ERROR(parts[i - 1].file.finish());
    buckets_.push_back(std::move(parts[i - 1]));
  }
  return Status();
}

/// Reads and sorts the next bucket that is not empty.
StatusOr<std::shared_ptr<SortedInstances>> ShuffleStore::prepare() {
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
    BERTC_ASSIGN_OR_RETURN(
        sorted->bytes_,
        bucket.file.read(0, bucket.file.size(), &sorted->buffer_));
    std::vector<SortedInstances::Place> &places = sorted->places_;
    const char *begin = sorted->bytes_.data();
    StatusOr<size_t> taken =
        forEachPacked(sorted->bytes_, [&](const PackedHeader &header,
                                          std::string_view instance) {
          places.push_back(
              {header.key, static_cast<size_t>(instance.data() - begin)});
          return Status();
        });
    BERTC_RETURN_IF_ERROR(taken.ok() ? Status() : taken.status());
    if (*taken != sorted->bytes_.size()) {
      return internalError("a temporary file ends within an instance");
    }
    // Equal keys keep the order they were made in.
    std::sort(places.begin(), places.end(), [](const auto &a, const auto &b) {
      return a.key != b.key ? a.key < b.key : a.offset < b.offset;
    });
    return sorted;
  }
  return std::shared_ptr<SortedInstances>();
}

StatusOr<std::shared_ptr<SortedInstances>> ShuffleStore::next() {
  if (!draining_) {
    draining_ = true;
    std::reverse(buckets_.begin(), buckets_.end());
    for (Bucket &bucket : buckets_) {
      BERTC_RETURN_IF_ERROR(bucket.file.finish());
    }
  }
  StatusOr<std::shared_ptr<SortedInstances>> result =
      ahead_.valid() ? ahead_.get() : prepare();
  if (result.ok() && *result) {
    ahead_ = std::async(std::launch::async, [this] { return prepare(); });
  }
  return result;
}

} // namespace bertc
