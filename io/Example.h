// SPDX-License-Identifier: Apache-2.0
//
// tf.train.Example, the payload of the TFRecord files we train on: a map from
// feature name to a list of int64, float or bytes. ExampleView finds the
// features in place and copies values straight into the caller's batch
// buffers; ExampleBuilder writes with keys sorted, so the same content is
// always the same bytes. Both are equivalent to protobuf's generated code for
// io/proto/example.proto, which the tests hold them to.
#pragma once

#include "bertc/status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bertc {

/// Which list a feature holds; None when it is present but empty.
enum class FeatureKind : uint8_t { None, Bytes, Float, Int64 };

/// "int64", "float", "bytes", "empty".
const char *featureKindName(FeatureKind kind);

/// One feature of a record; borrows the record's bytes.
class FeatureView {
public:
  std::string_view name() const { return name_; }
  FeatureKind kind() const { return kind_; }
  /// Number of values.
  size_t size() const { return count_; }

  /// Copies all values; an error unless the kind matches and there are exactly
  /// `count` of them. readInt32 also refuses values outside 32 bits.
  Status readInt64(int64_t *out, size_t count) const;
  Status readInt32(int32_t *out, size_t count) const;
  Status readFloat(float *out, size_t count) const;

  /// All values of an int64, float or bytes feature; empty for another kind.
  std::vector<int64_t> int64s() const;
  std::vector<float> floats() const;
  std::vector<std::string_view> byteStrings() const;

private:
  friend class ExampleView;
  bool parseFeature(std::string_view feature);
  template <typename T> bool copyInts(T *out) const;
  void copyFloats(float *out) const;

  std::string_view name_;
  /// The packed values; for bytes, the serialised list message.
  std::string_view list_;
  FeatureKind kind_ = FeatureKind::None;
  size_t count_ = 0;
};

/// A parsed record. Reuse one object for many records: it keeps its memory.
class ExampleView {
public:
  /// Finds and checks every feature of `record`, which must stay alive. Corrupt
  /// when it is not a valid Example.
  Status parse(std::string_view record);

  /// Features in the order of the record.
  const std::vector<FeatureView> &features() const { return features_; }

  /// The feature called `name`, or null.
  const FeatureView *find(std::string_view name) const;

  /// find(), or an error that names the missing feature.
  StatusOr<const FeatureView *> require(std::string_view name) const;

private:
  bool parseFast(std::string_view record, bool uniqueKeys);
  Status parseSlow(std::string_view record);

  std::vector<FeatureView> features_;
  /// Canonical bytes of a record in an unusual encoding.
  std::string canonical_;
};

/// Collects features and serialises them.
class ExampleBuilder {
public:
  /// Sets a feature; a second one of the same name replaces the first.
  void setInt64(std::string_view name, const int64_t *values, size_t count);
  void setInt64(std::string_view name, const int32_t *values, size_t count);
  void setFloat(std::string_view name, const float *values, size_t count);
  void setBytes(std::string_view name,
                const std::vector<std::string_view> &values);

  /// Forgets the features but keeps the memory.
  void clear() { used_ = 0; }

  /// Appends the record to *out: keys sorted, lists packed.
  void serialize(std::string *out);

private:
  struct Entry {
    std::string name;
    /// The serialised Feature message is the first `bytes` of `feature`.
    std::vector<char> feature;
    size_t bytes = 0;
  };
  Entry &entry(std::string_view name);
  char *begin(std::string_view name, size_t limit);
  void finish(char tag, char *begin, char *end);
  template <typename T>
  void setInts(std::string_view name, const T *values, size_t count);

  /// Of different names; the first used_ of them are set.
  std::vector<Entry> entries_;
  size_t used_ = 0;
  Entry *open_ = nullptr;
};

} // namespace bertc
