// SPDX-License-Identifier: Apache-2.0
//
// Reading tf.train.Example in place. Records as every common writer makes them
// (one Features message, key before value, packed lists) take the fast path;
// anything else that is legal protobuf goes through the generated code once
// and is read from its canonical re-encoding.
#include "io/Example.h"
#include "io/proto/example.pb.h"

#include <cstring>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

namespace bertc {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080ull;

uint64_t load64(const char *p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

/// Reads a varint; false at the end of the data or past ten bytes.
bool readVarint(const char **p, const char *end, uint64_t *value) {
  uint64_t result = 0;
  for (int shift = 0; shift < 70 && *p < end; shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(*(*p)++);
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return true;
    }
  }
  return false;
}

/// Takes `tag` and a length-delimited field off the front of *rest.
bool takeField(std::string_view *rest, char tag, std::string_view *content) {
  if (rest->empty() || rest->front() != tag) {
    return false;
  }
  const char *p = rest->data() + 1, *end = rest->data() + rest->size();
  uint64_t length = 0;
  if (!readVarint(&p, end, &length) ||
      length > static_cast<uint64_t>(end - p)) {
    return false;
  }
  *content = {p, static_cast<size_t>(length)};
  *rest = {p + length, static_cast<size_t>(end - p - length)};
  return true;
}

/// Number of varints in `packed`; false when one is cut off or too long.
bool countVarints(std::string_view packed, size_t *count) {
  const char *p = packed.data(), *end = p + packed.size();
  if (packed.empty()) {
    *count = 0;
    return true;
  }
  if (static_cast<uint8_t>(end[-1]) >= 0x80) {
    return false;
  }
  size_t total = 0;
  // Continuation bytes at the end of the words so far, if no stop came since.
  size_t run = 0;
  for (; end - p >= 8; p += 8) {
    const uint64_t stops = ~load64(p) & kHighBits;
    if (stops == 0) {
      run += 8;
    } else {
      if (run + static_cast<size_t>(__builtin_ctzll(stops)) / 8 > 9) {
        return false;
      }
      run = static_cast<size_t>(__builtin_clzll(stops)) / 8;
      total += static_cast<size_t>(__builtin_popcountll(stops));
    }
  }
  for (; p < end; ++p) {
    if (static_cast<uint8_t>(*p) >= 0x80) {
      ++run;
    } else {
      if (run > 9) {
        return false;
      }
      run = 0;
      ++total;
    }
  }
  *count = total;
  return true;
}

bool isAscii(std::string_view text) {
  for (char byte : text) {
    if (static_cast<uint8_t>(byte) >= 0x80) {
      return false;
    }
  }
  return true;
}

/// Value of a varint of at most eight bytes held in the low bytes of `word`.
uint64_t gatherBits(uint64_t word) {
  word = (word & 0x007f007f007f007full) | (word & 0x7f007f007f007f00ull) >> 1;
  word = (word & 0x00003fff00003fffull) | (word & 0x3fff00003fff0000ull) >> 2;
  return (word & 0x000000000fffffffull) | (word & 0x0fffffff00000000ull) >> 4;
}

Status wrongKind(const FeatureView &feature, const char *expected) {
  return corrupt("feature '" + std::string(feature.name()) + "' is a list of " +
                 featureKindName(feature.kind()) + ", expected " + expected);
}

Status wrongCount(const FeatureView &feature, size_t expected) {
  return corrupt("feature '" + std::string(feature.name()) + "' has " +
                 std::to_string(feature.size()) + " values, expected " +
                 std::to_string(expected));
}

} // namespace

const char *featureKindName(FeatureKind kind) {
  switch (kind) {
  case FeatureKind::None:
    return "empty";
  case FeatureKind::Bytes:
    return "bytes";
  case FeatureKind::Float:
    return "float";
  case FeatureKind::Int64:
    return "int64";
  }
  return "unknown";
}

/// Decodes the varints; false when a value does not fit T.
template <typename T> bool FeatureView::copyInts(T *out) const {
  const char *p = list_.data(), *end = p + list_.size();
  bool fits = true;
  while (p < end) {
    uint64_t value = 0;
    if (end - p >= 8) {
      const uint64_t word = load64(p);
      const uint64_t stops = ~word & kHighBits;
      if (stops == kHighBits) { // eight one-byte values
        for (int i = 0; i < 8; ++i) {
          out[i] = static_cast<T>(word >> (8 * i) & 0x7f);
        }
        out += 8;
        p += 8;
        continue;
      }
      if (stops != 0) {
        const int last = __builtin_ctzll(stops); // bit 7 of the last byte
        value = gatherBits(word & (~0ull >> (63 - last)) & ~kHighBits);
        p += last / 8 + 1;
      } else {
        readVarint(&p, end, &value);
      }
    } else {
      readVarint(&p, end, &value);
    }
    *out = static_cast<T>(static_cast<int64_t>(value));
    fits &= static_cast<int64_t>(*out) == static_cast<int64_t>(value);
    ++out;
  }
  return fits;
}

Status FeatureView::readInt64(int64_t *out, size_t count) const {
  if (kind_ != FeatureKind::Int64) {
    return wrongKind(*this, "int64");
  }
  if (count_ != count) {
    return wrongCount(*this, count);
  }
  copyInts(out);
  return Status();
}

Status FeatureView::readInt32(int32_t *out, size_t count) const {
  if (kind_ != FeatureKind::Int64) {
    return wrongKind(*this, "int64");
  }
  if (count_ != count) {
    return wrongCount(*this, count);
  }
  if (!copyInts(out)) {
    return corrupt("feature '" + std::string(name_) +
                   "' has a value that needs more than 32 bits");
  }
  return Status();
}

void FeatureView::copyFloats(float *out) const {
  if (count_ > 0) {
    std::memcpy(out, list_.data(), count_ * sizeof(float));
  }
}

Status FeatureView::readFloat(float *out, size_t count) const {
  if (kind_ != FeatureKind::Float) {
    return wrongKind(*this, "float");
  }
  if (count_ != count) {
    return wrongCount(*this, count);
  }
  copyFloats(out);
  return Status();
}

std::vector<int64_t> FeatureView::int64s() const {
  std::vector<int64_t> values(kind_ == FeatureKind::Int64 ? count_ : 0);
  if (!values.empty()) {
    copyInts(values.data());
  }
  return values;
}

std::vector<float> FeatureView::floats() const {
  std::vector<float> values(kind_ == FeatureKind::Float ? count_ : 0);
  if (!values.empty()) {
    copyFloats(values.data());
  }
  return values;
}

std::vector<std::string_view> FeatureView::byteStrings() const {
  std::vector<std::string_view> values;
  std::string_view rest = list_, content;
  while (kind_ == FeatureKind::Bytes && takeField(&rest, 0x0a, &content)) {
    values.push_back(content);
  }
  return values;
}

/// Sets kind, values and count from a serialised Feature; false when it is not
/// in the usual encoding.
bool FeatureView::parseFeature(std::string_view feature) {
  if (feature.empty()) {
    return true;
  }
  const char tag = feature.front();
  std::string_view list, values;
  if (!takeField(&feature, tag, &list) || !feature.empty()) {
    return false;
  }
  switch (tag) {
  case 0x0a:
    kind_ = FeatureKind::Bytes;
    list_ = list;
    while (!list.empty()) {
      if (!takeField(&list, 0x0a, &values)) {
        return false;
      }
      ++count_;
    }
    return true;
  case 0x12:
  case 0x1a:
    kind_ = tag == 0x12 ? FeatureKind::Float : FeatureKind::Int64;
    if (!list.empty() && (!takeField(&list, 0x0a, &values) || !list.empty())) {
      return false;
    }
    list_ = values;
    count_ = values.size() / sizeof(float);
    return kind_ == FeatureKind::Float ? values.size() % sizeof(float) == 0
                                       : countVarints(values, &count_);
  default:
    return false;
  }
}

bool ExampleView::parseFast(std::string_view record, bool uniqueKeys) {
  // Keys are compared pairwise, so many of them go the other way.
  constexpr size_t kMostFeatures = 32;
  features_.clear();
  std::string_view features, entry, feature;
  if (!record.empty() &&
      (!takeField(&record, 0x0a, &features) || !record.empty())) {
    return false;
  }
  while (!features.empty()) {
    FeatureView view;
    if (!takeField(&features, 0x0a, &entry) ||
        !takeField(&entry, 0x0a, &view.name_) ||
        !takeField(&entry, 0x12, &feature) || !entry.empty() ||
        !view.parseFeature(feature)) {
      return false;
    }
    if (!uniqueKeys && (features_.size() >= kMostFeatures ||
                        !isAscii(view.name_) || find(view.name_) != nullptr)) {
      return false;
    }
    features_.push_back(view);
  }
  return true;
}

Status ExampleView::parseSlow(std::string_view record) {
  // Otherwise the library prints its own opinion of bad records to stderr.
  google::protobuf::LogSilencer silencer;
  proto::Example example;
  if (record.size() > INT32_MAX ||
      !example.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return corrupt("a record of " + std::to_string(record.size()) +
                   " bytes is not a tf.train.Example");
  }
  example.DiscardUnknownFields();
  canonical_.clear();
  {
    google::protobuf::io::StringOutputStream stream(&canonical_);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    example.SerializeToCodedStream(&coded);
  }
  if (!parseFast(canonical_, /*uniqueKeys=*/true)) {
    return internalError("a re-encoded tf.train.Example does not parse");
  }
  return Status();
}

Status ExampleView::parse(std::string_view record) {
  return parseFast(record, /*uniqueKeys=*/false) ? Status() : parseSlow(record);
}

const FeatureView *ExampleView::find(std::string_view name) const {
  for (const FeatureView &feature : features_) {
    if (feature.name_ == name) {
      return &feature;
    }
  }
  return nullptr;
}

StatusOr<const FeatureView *>
ExampleView::require(std::string_view name) const {
  const FeatureView *feature = find(name);
  if (feature != nullptr) {
    return feature;
  }
  std::string have;
  for (const FeatureView &other : features_) {
    have += (have.empty() ? "" : ", ") + std::string(other.name_);
  }
  return corrupt("the record has no feature '" + std::string(name) +
                 "', it has: " + (have.empty() ? "none" : have));
}

} // namespace bertc
