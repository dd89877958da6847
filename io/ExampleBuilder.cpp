// SPDX-License-Identifier: Apache-2.0
//
// Writing tf.train.Example: keys sorted, lists packed, so that the same
// content is always the same bytes.
#include "io/Example.h"

#include <algorithm>

namespace bertc {
namespace {

void appendVarint(uint64_t value, std::string *out) {
  char bytes[10];
  size_t count = 0;
  while (value >= 0x80) {
    bytes[count++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[count++] = static_cast<char>(value);
  out->append(bytes, count);
}

void appendField(char tag, std::string_view content, std::string *out) {
  out->push_back(tag);
  appendVarint(content.size(), out);
  out->append(content);
}

size_t varintBytes(uint64_t value) {
  size_t count = 1;
  for (; value >= 0x80; value >>= 7) {
    ++count;
  }
  return count;
}

/// Bytes of a length-delimited field with a one-byte tag.
size_t fieldBytes(size_t content) { return 1 + varintBytes(content) + content; }

/// Feature{<tag>: List{value: packed}}; an empty list has no value field.
void setFeature(char tag, std::string_view packed, std::string *feature) {
  feature->clear();
  feature->push_back(tag);
  appendVarint(packed.empty() ? 0 : fieldBytes(packed.size()), feature);
  if (!packed.empty()) {
    appendField(0x0a, packed, feature);
  }
}

} // namespace

ExampleBuilder::Entry &ExampleBuilder::entry(std::string_view name) {
  for (size_t i = 0; i < used_; ++i) {
    if (entries_[i].name == name) {
      return entries_[i];
    }
  }
  if (used_ == entries_.size()) {
    entries_.emplace_back();
  }
  entries_[used_].name = name;
  return entries_[used_++];
}

template <typename T>
void ExampleBuilder::setInts(std::string_view name, const T *values,
                             size_t count) {
  scratch_.clear();
  for (size_t i = 0; i < count; ++i) {
    appendVarint(static_cast<uint64_t>(static_cast<int64_t>(values[i])),
                 &scratch_);
  }
  setFeature(0x1a, scratch_, &entry(name).feature);
}

void ExampleBuilder::setInt64(std::string_view name, const int64_t *values,
                              size_t count) {
  setInts(name, values, count);
}

void ExampleBuilder::setInt64(std::string_view name, const int32_t *values,
                              size_t count) {
  setInts(name, values, count);
}

void ExampleBuilder::setFloat(std::string_view name, const float *values,
                              size_t count) {
  setFeature(0x12,
             {reinterpret_cast<const char *>(values), count * sizeof(float)},
             &entry(name).feature);
}

void ExampleBuilder::setBytes(std::string_view name,
                              const std::vector<std::string_view> &values) {
  scratch_.clear();
  for (std::string_view value : values) {
    appendField(0x0a, value, &scratch_);
  }
  std::string &feature = entry(name).feature;
  feature.clear();
  appendField(0x0a, scratch_, &feature);
}

void ExampleBuilder::serialize(std::string *out) {
  std::sort(entries_.begin(), entries_.begin() + used_,
            [](const Entry &a, const Entry &b) { return a.name < b.name; });
  const auto bodyBytes = [](const Entry &e) {
    return fieldBytes(e.name.size()) + fieldBytes(e.feature.size());
  };
  size_t total = 0;
  for (size_t i = 0; i < used_; ++i) {
    total += fieldBytes(bodyBytes(entries_[i]));
  }
  out->push_back(0x0a);
  appendVarint(total, out);
  for (size_t i = 0; i < used_; ++i) {
    out->push_back(0x0a);
    appendVarint(bodyBytes(entries_[i]), out);
    appendField(0x0a, entries_[i].name, out);
    appendField(0x12, entries_[i].feature, out);
  }
}

} // namespace bertc
