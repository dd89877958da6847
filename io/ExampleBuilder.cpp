// SPDX-License-Identifier: Apache-2.0
//
// Writing tf.train.Example: keys sorted, lists packed, so that the same
// content is always the same bytes. Most of what a data job writes are lists of
// small integers, so these are encoded without a branch a value, in place, with
// room left in front for the lengths that are known only afterwards.
#include "io/Example.h"

#include <algorithm>
#include <cstring>

namespace bertc {
namespace {

constexpr size_t maxVarintBytes = 10;
/// Feature{tag, length, List{tag, length, ...}}.
constexpr size_t headBytes = 2 * (1 + maxVarintBytes);

char *putVarint(uint64_t value, char *to) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
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

char *putHead(char tag, size_t content, char *to) {
  *to++ = tag;
  return putVarint(content, to);
}

char *putField(char tag, const char *content, size_t bytes, char *to) {
  to = putHead(tag, bytes, to);
  return std::copy_n(content, bytes, to);
}

/// All values as varints; `to` has room for ten bytes a value.
template <typename T>
char *putVarints(const T *values, size_t count, char *to) {
  uint64_t all = 0;
  for (size_t i = 0; i < count; ++i) {
    all |= static_cast<uint64_t>(static_cast<int64_t>(values[i]));
  }
  if (all < 0x80) {
    for (size_t i = 0; i < count; ++i) {
      to[i] = static_cast<char>(values[i]);
    }
    return to + count;
  }
  if (all < 1U << 21) {
    // Up to three bytes: written as four, of which those that count are kept.
    for (size_t i = 0; i < count; ++i) {
      auto value = static_cast<uint32_t>(values[i]);
      uint32_t two = value >= 1U << 7, three = value >= 1U << 14;
      uint32_t bytes = (value & 0x7f) | two << 7 | (value & 0x3f80) << 1 |
                       three << 15 | (value & 0x1fc000) << 2;
      std::memcpy(to, &bytes, sizeof(bytes));
      to += 1 + two + three;
    }
    return to;
  }
  for (size_t i = 0; i < count; ++i) {
    to = putVarint(static_cast<uint64_t>(static_cast<int64_t>(values[i])), to);
  }
  return to;
}

} // namespace

ExampleBuilder::Entry &ExampleBuilder::entry(std::string_view name) {
  // As a rule the features are those of the record before, in the same order.
  if (used_ < entries_.size() && entries_[used_].name == name) {
    return entries_[used_++];
  }
  for (size_t i = 0; i < used_; ++i) {
    if (entries_[i].name == name) {
      return entries_[i];
    }
  }
  // What is behind may have this name too.
  entries_.resize(used_ + 1);
  entries_[used_].name = name;
  return entries_[used_++];
}

/// Makes room for a list of at most `limit` bytes; returns where it begins.
char *ExampleBuilder::begin(std::string_view name, size_t limit) {
  open_ = &entry(name);
  if (open_->feature.size() < headBytes + limit) {
    open_->feature.resize(headBytes + limit);
  }
  return open_->feature.data() + headBytes;
}

/// Puts the tags and lengths of the Feature before the list [begin, end).
void ExampleBuilder::finish(char tag, char *begin, char *end) {
  auto list = static_cast<size_t>(end - begin);
  // An empty list of numbers has no value field.
  size_t inner = list == 0 ? 0 : fieldBytes(list);
  char head[headBytes];
  char *to = putHead(tag, inner, head);
  if (list != 0) {
    to = putHead(0x0a, list, to);
  }
  auto heads = static_cast<size_t>(to - head);
  char *front = open_->feature.data();
  std::memcpy(front, head, heads);
  std::memmove(front + heads, begin, list);
  open_->bytes = heads + list;
}

template <typename T>
void ExampleBuilder::setInts(std::string_view name, const T *values,
                             size_t count) {
  char *list = begin(name, count * maxVarintBytes);
  finish(0x1a, list, putVarints(values, count, list));
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
  size_t bytes = count * sizeof(float);
  char *list = begin(name, bytes);
  if (count != 0) {
    std::memcpy(list, values, bytes);
  }
  finish(0x12, list, list + bytes);
}

void ExampleBuilder::setBytes(std::string_view name,
                              const std::vector<std::string_view> &values) {
  size_t list = 0;
  for (std::string_view value : values) {
    list += fieldBytes(value.size());
  }
  Entry &target = entry(name);
  target.feature.resize(fieldBytes(list));
  char *to = putHead(0x0a, list, target.feature.data());
  for (std::string_view value : values) {
    to = putField(0x0a, value.data(), value.size(), to);
  }
  target.bytes = static_cast<size_t>(to - target.feature.data());
}

void ExampleBuilder::serialize(std::string *out) {
  const auto byName = [](const Entry &a, const Entry &b) {
    return a.name < b.name;
  };
  if (!std::is_sorted(entries_.begin(), entries_.begin() + used_, byName)) {
    std::sort(entries_.begin(), entries_.begin() + used_, byName);
  }
  const auto bodyBytes = [](const Entry &e) {
    return fieldBytes(e.name.size()) + fieldBytes(e.bytes);
  };
  size_t total = 0;
  for (size_t i = 0; i < used_; ++i) {
    total += fieldBytes(bodyBytes(entries_[i]));
  }
  size_t before = out->size();
  out->resize(before + fieldBytes(total));
  char *to = putHead(0x0a, total, out->data() + before);
  for (size_t i = 0; i < used_; ++i) {
    const Entry &e = entries_[i];
    to = putHead(0x0a, bodyBytes(e), to);
    to = putField(0x0a, e.name.data(), e.name.size(), to);
    to = putField(0x12, e.feature.data(), e.bytes, to);
  }
}

} // namespace bertc
