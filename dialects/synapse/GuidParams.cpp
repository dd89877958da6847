// SPDX-License-Identifier: Apache-2.0
//
// Parameters of kernels: from names to the bytes of the library's structs, and
// back for people.

#include "dialects/synapse/GuidParams.h"

#include "dialects/synapse/ShapeRules.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

namespace bertc::synapse {

namespace {

std::string numberText(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

const char *typeText(FieldType type, bool integers) {
  switch (type) {
  case FieldType::Bool:
    return "a bool";
  case FieldType::F32:
    return "an f32";
  case FieldType::FloatOrInt:
    return integers ? "an integer" : "an f32";
  case FieldType::U32List:
  case FieldType::U64List:
    return "a list of integers";
  default:
    return "an integer";
  }
}

bool hasType(const ParamValue &value, FieldType type, bool integers) {
  switch (type) {
  case FieldType::Bool:
    return std::holds_alternative<bool>(value);
  case FieldType::F32:
    return std::holds_alternative<double>(value);
  case FieldType::FloatOrInt:
    return integers ? std::holds_alternative<int64_t>(value)
                    : std::holds_alternative<double>(value);
  case FieldType::U32List:
  case FieldType::U64List:
    return std::holds_alternative<std::vector<int64_t>>(value);
  case FieldType::I32:
  case FieldType::U32:
    return std::holds_alternative<int64_t>(value);
  case FieldType::ListLength:
    return false;
  }
  return false;
}

std::string checkLimits(const ParamField &field, const ParamValue &value) {
  auto outside = [&](double number) {
    return !(number >= field.least && number <= field.most);
  };
  auto message = [&](double number) {
    return "expected parameter " + std::string(field.name) + " from " +
           numberText(field.least) + " to " + numberText(field.most) +
           ", found " + numberText(number);
  };
  if (const auto *integer = std::get_if<int64_t>(&value)) {
    return outside(*integer) ? message(*integer) : "";
  }
  if (const auto *number = std::get_if<double>(&value)) {
    return outside(*number) ? message(*number) : "";
  }
  if (const auto *list = std::get_if<std::vector<int64_t>>(&value)) {
    if (list->size() > field.entries) {
      return "expected at most " + std::to_string(field.entries) +
             " entries of parameter " + std::string(field.name) + ", found " +
             std::to_string(list->size());
    }
    for (int64_t entry : *list) {
      if (outside(entry)) {
        return message(entry);
      }
    }
  }
  return "";
}

void put(std::vector<uint8_t> &bytes, unsigned offset, uint64_t value,
         unsigned size) {
  for (unsigned i = 0; i < size; ++i) {
    bytes[offset + i] = uint8_t(value >> (8 * i));
  }
}

uint64_t take(const std::vector<uint8_t> &bytes, unsigned offset,
              unsigned size) {
  uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) {
    value |= uint64_t(bytes[offset + i]) << (8 * i);
  }
  return value;
}

uint32_t floatBits(double value) {
  float narrow = float(value);
  uint32_t bits;
  std::memcpy(&bits, &narrow, sizeof(bits));
  return bits;
}

double floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

void putField(std::vector<uint8_t> &bytes, const ParamField &field,
              const ParamValue &value) {
  if (const auto *flag = std::get_if<bool>(&value)) {
    put(bytes, field.offset, *flag, 1);
  } else if (const auto *integer = std::get_if<int64_t>(&value)) {
    put(bytes, field.offset, uint64_t(*integer), 4);
  } else if (const auto *number = std::get_if<double>(&value)) {
    put(bytes, field.offset, floatBits(*number), 4);
  } else {
    unsigned size = field.type == FieldType::U64List ? 8 : 4;
    unsigned offset = field.offset;
    for (int64_t entry : std::get<std::vector<int64_t>>(value)) {
      put(bytes, offset, uint64_t(entry), size);
      offset += size;
    }
  }
}

ParamValue takeField(const std::vector<uint8_t> &bytes, const ParamField &field,
                     bool integers) {
  uint32_t word = field.type == FieldType::Bool
                      ? 0
                      : uint32_t(take(bytes, field.offset, 4));
  switch (field.type) {
  case FieldType::Bool:
    return bytes[field.offset] != 0;
  case FieldType::F32:
    return floatOf(word);
  case FieldType::FloatOrInt:
    return integers ? ParamValue(int64_t(int32_t(word)))
                    : ParamValue(floatOf(word));
  case FieldType::U32List:
  case FieldType::U64List: {
    unsigned size = field.type == FieldType::U64List ? 8 : 4;
    std::vector<int64_t> list(field.entries);
    for (unsigned i = 0; i < field.entries; ++i) {
      list[i] = int64_t(take(bytes, field.offset + i * size, size));
    }
    return list;
  }
  case FieldType::I32:
    return int64_t(int32_t(word));
  case FieldType::U32:
  case FieldType::ListLength:
    return int64_t(word);
  }
  return int64_t(0);
}

} // namespace

std::string checkParams(const KernelOf &found, const ParamMap &params) {
  const ParamStruct &layout = found.kernel->params;
  bool integers = found.type == ElementType::I32;
  for (const auto &[name, value] : params) {
    const ParamField *known = nullptr;
    for (const ParamField &field : layout.fields) {
      if (field.name == name && field.type != FieldType::ListLength) {
        known = &field;
      }
    }
    if (!known) {
      return "expected no parameter " + name;
    }
    if (!hasType(value, known->type, integers)) {
      return "expected parameter " + name + " to be " +
             typeText(known->type, integers);
    }
    if (std::string error = checkLimits(*known, value); !error.empty()) {
      return error;
    }
  }
  if (layout.optional && params.empty()) {
    return "";
  }
  for (const ParamField &field : layout.fields) {
    if (field.needed && !params.count(field.name)) {
      return "expected parameter " + std::string(field.name);
    }
  }
  return "";
}

std::vector<uint8_t> encodeParams(const KernelOf &found,
                                  const ParamMap &params) {
  const ParamStruct &layout = found.kernel->params;
  if (layout.optional && params.empty()) {
    return {};
  }
  std::vector<uint8_t> bytes(layout.bytes);
  size_t length = 0;
  for (const ParamField &field : layout.fields) {
    auto value = params.find(field.name);
    if (field.type == FieldType::ListLength) {
      put(bytes, field.offset, length, 4);
    } else if (value != params.end()) {
      putField(bytes, field, value->second);
      const auto *list = std::get_if<std::vector<int64_t>>(&value->second);
      length = list ? list->size() : 0;
    }
  }
  return bytes;
}

std::optional<ParamMap> decodeParams(const KernelOf &found,
                                     const std::vector<uint8_t> &bytes) {
  const ParamStruct &layout = found.kernel->params;
  ParamMap params;
  if (bytes.empty() && (layout.optional || layout.bytes == 0)) {
    return params;
  }
  if (bytes.size() != layout.bytes) {
    return std::nullopt;
  }
  bool integers = found.type == ElementType::I32;
  // Lists say their length, or end where the steps of a slice do, which are
  // never 0.
  size_t length = 0;
  for (const ParamField &field : layout.fields) {
    ParamValue value = takeField(bytes, field, integers);
    if (field.type == FieldType::ListLength) {
      length = size_t(std::get<int64_t>(value));
      continue;
    }
    if (field.name == "steps") {
      const auto &steps = std::get<std::vector<int64_t>>(value);
      while (length < steps.size() && steps[length] != 0) {
        ++length;
      }
    }
    params[std::string(field.name)] = std::move(value);
  }
  for (auto &[name, value] : params) {
    if (auto *list = std::get_if<std::vector<int64_t>>(&value)) {
      list->resize(std::min(list->size(), length));
    }
  }
  return params;
}

std::string paramsText(const ParamMap &params) {
  std::string text;
  for (const auto &[name, value] : params) {
    text += (text.empty() ? "" : ", ") + name + " = ";
    if (const auto *flag = std::get_if<bool>(&value)) {
      text += *flag ? "true" : "false";
    } else if (const auto *integer = std::get_if<int64_t>(&value)) {
      text += std::to_string(*integer);
    } else if (const auto *number = std::get_if<double>(&value)) {
      text += numberText(*number);
    } else {
      std::string entries;
      for (int64_t entry : std::get<std::vector<int64_t>>(value)) {
        entries += (entries.empty() ? "" : ", ") + std::to_string(entry);
      }
      text += "[" + entries + "]";
    }
  }
  return text;
}

} // namespace bertc::synapse
