// SPDX-License-Identifier: Apache-2.0
//
// The file of a recipe. It starts like the real one, with two 32-bit numbers
// of its version; what follows is the stand-in's own:
//   u32 major 1, u32 minor 3, u32 device type, u32 magic "BSSR",
//   u64 bytes of the rest, u64 FNV-1a of the rest, the rest.
#include "tools/synapse-stand-in/Recipe.h"

#include <cstring>
#include <type_traits>

namespace bertc::standin {

using namespace rt::syn;

namespace {

struct Header {
  uint32_t major = 1, minor = 3;
  uint32_t device = 0;
  uint32_t magic = 0x52535342;
  uint64_t bytes = 0;
  uint64_t checksum = 0;
};

uint64_t fnv(const uint8_t *data, size_t bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < bytes; i++) {
    hash = (hash ^ data[i]) * 0x100000001b3;
  }
  return hash;
}

class Writer {
public:
  template <class Number> void number(Number value) {
    static_assert(std::is_trivially_copyable_v<Number>, "plain bytes");
    const auto *from = reinterpret_cast<const uint8_t *>(&value);
    bytes.insert(bytes.end(), from, from + sizeof(value));
  }
  template <class List> void list(const List &values) {
    number(uint64_t(values.size()));
    for (const auto &value : values) {
      number(value);
    }
  }
  std::vector<uint8_t> bytes;
};

/// Reads what Writer wrote; after the first thing that does not fit, nothing.
class Reader {
public:
  explicit Reader(const uint8_t *data, size_t size) : at_(data), left_(size) {}
  template <class Number> void number(Number *value) {
    if (left_ < sizeof(Number)) {
      failed_ = true;
      return;
    }
    std::memcpy(value, at_, sizeof(Number));
    at_ += sizeof(Number);
    left_ -= sizeof(Number);
  }
  /// A count of things that have at least `least` bytes each.
  uint64_t count(uint64_t least) {
    uint64_t value = 0;
    number(&value);
    failed_ = failed_ || value > left_ / least;
    return failed_ ? 0 : value;
  }
  template <class List> void list(List *values) {
    values->resize(count(sizeof(typename List::value_type)));
    for (auto &value : *values) {
      number(&value);
    }
  }
  bool fine() const { return !failed_; }
  bool done() const { return !failed_ && left_ == 0; }

private:
  const uint8_t *at_;
  size_t left_;
  bool failed_ = false;
};

/// Calls `each` on every field, for writing and for reading.
template <class Tensor, class Each> void fields(Tensor &tensor, Each &&each) {
  each(tensor.type);
  each(tensor.dtype);
  each(tensor.dims);
  each(tensor.sizes);
  each(tensor.bytes);
  each(tensor.place);
  each(tensor.section);
  each(tensor.offset);
  each(tensor.isInput);
  each(tensor.isWritten);
  each(tensor.external);
}

void writeParts(const Recipe &recipe, Writer &writer) {
  writer.list(recipe.name);
  writer.number(recipe.workspaceBytes);
  writer.number(recipe.numPersistent);
  writer.number(uint64_t(recipe.tensors.size()));
  for (const RecipeTensor &tensor : recipe.tensors) {
    writer.list(tensor.name);
    fields(tensor, [&](const auto &field) { writer.number(field); });
  }
  writer.number(uint64_t(recipe.nodes.size()));
  for (const RecipeNode &node : recipe.nodes) {
    writer.list(node.guid);
    writer.list(node.name);
    writer.list(node.inputs);
    writer.list(node.outputs);
    writer.list(node.params);
  }
  writer.number(uint64_t(recipe.sections.size()));
  for (const RecipeSection &section : recipe.sections) {
    writer.number(section.bytes);
    writer.number(section.isConst);
    writer.list(section.data);
  }
  writer.list(recipe.constants);
}

void readParts(Reader &reader, Recipe *recipe) {
  reader.list(&recipe->name);
  reader.number(&recipe->workspaceBytes);
  reader.number(&recipe->numPersistent);
  recipe->tensors.resize(reader.count(sizeof(uint64_t)));
  for (RecipeTensor &tensor : recipe->tensors) {
    reader.list(&tensor.name);
    fields(tensor, [&](auto &field) { reader.number(&field); });
  }
  recipe->nodes.resize(reader.count(sizeof(uint64_t)));
  for (RecipeNode &node : recipe->nodes) {
    reader.list(&node.guid);
    reader.list(&node.name);
    reader.list(&node.inputs);
    reader.list(&node.outputs);
    reader.list(&node.params);
  }
  recipe->sections.resize(reader.count(sizeof(uint64_t)));
  for (RecipeSection &section : recipe->sections) {
    reader.number(&section.bytes);
    reader.number(&section.isConst);
    reader.list(&section.data);
  }
  reader.list(&recipe->constants);
}

Outcome bad(const char *why) { return refuse(synWrongParamsFile, why); }

} // namespace

std::vector<uint8_t> encodeRecipe(const Recipe &recipe) {
  Writer rest;
  writeParts(recipe, rest);
  Header header;
  header.device = recipe.device;
  header.bytes = rest.bytes.size();
  header.checksum = fnv(rest.bytes.data(), rest.bytes.size());
  Writer whole;
  whole.number(header);
  whole.bytes.insert(whole.bytes.end(), rest.bytes.begin(), rest.bytes.end());
  return std::move(whole.bytes);
}

Outcome decodeRecipe(const std::vector<uint8_t> &bytes, Recipe *recipe) {
  Header header, expected;
  if (bytes.size() < sizeof(header)) {
    return bad("the file is shorter than a recipe's header");
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != expected.magic) {
    return bad("the file is not a recipe of the stand-in");
  }
  if (header.major != expected.major || header.minor != expected.minor) {
    return bad("the recipe is of another version");
  }
  const uint8_t *rest = bytes.data() + sizeof(header);
  size_t left = bytes.size() - sizeof(header);
  if (header.bytes != left || header.checksum != fnv(rest, left)) {
    return bad("the recipe is cut short or changed");
  }
  recipe->device = synDeviceType(header.device);
  Reader reader(rest, left);
  readParts(reader, recipe);
  return reader.done() ? fine() : bad("the recipe's parts do not fit");
}

} // namespace bertc::standin
