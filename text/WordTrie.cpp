// SPDX-License-Identifier: Apache-2.0
#include "text/WordTrie.h"

namespace bertc {
namespace {

constexpr uint32_t startRoot = 0, continueRoot = 1;

} // namespace

WordTrie::WordTrie(const Vocabulary &vocabulary)
    : edges_(1 << 12), ids_(2, -1) {
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    auto id = static_cast<int32_t>(i);
    std::string_view token = vocabulary.token(id);
    // A piece "##x" also matches the literal text "##x" at the start of a
    // word; punctuation never stays inside a word, but tables may change.
    insert(token, false, id);
    if (vocabulary.continuesWord(id)) {
      insert(token.substr(2), true, id);
    }
  }
}

void WordTrie::insert(std::string_view piece, bool continues, int32_t id) {
  uint32_t node = continues ? continueRoot : startRoot;
  for (char byte : piece) {
    node = addChild(node, static_cast<uint8_t>(byte));
  }
  ids_[node] = id;
}

/// Where `key` is, or the free place it belongs to.
size_t WordTrie::place(uint64_t key) const {
  size_t mask = edges_.size() - 1;
  size_t at = (key * 0x9e3779b97f4a7c15ULL >> 32) & mask;
  while (edges_[at].key != 0 && edges_[at].key != key) {
    at = (at + 1) & mask;
  }
  return at;
}

uint32_t WordTrie::child(uint32_t node, uint8_t byte) const {
  return edges_[place((static_cast<uint64_t>(node) << 8 | byte) + 1)].target;
}

uint32_t WordTrie::addChild(uint32_t node, uint8_t byte) {
  uint64_t key = (static_cast<uint64_t>(node) << 8 | byte) + 1;
  size_t at = place(key);
  if (edges_[at].key != 0) {
    return edges_[at].target;
  }
  if (edgeCount_ * 2 >= edges_.size()) {
    grow();
    at = place(key);
  }
  ++edgeCount_;
  edges_[at] = {key, static_cast<uint32_t>(ids_.size())};
  ids_.push_back(-1);
  return edges_[at].target;
}

void WordTrie::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  for (const Edge &edge : old) {
    if (edge.key != 0) {
      edges_[place(edge.key)] = edge;
    }
  }
}

WordTrie::Match WordTrie::longest(std::string_view word, bool continues) const {
  Match best;
  uint32_t node = continues ? continueRoot : startRoot;
  for (size_t i = 0; i < word.size(); ++i) {
    node = child(node, static_cast<uint8_t>(word[i]));
    if (node == noNode) {
      break;
    }
    if (ids_[node] >= 0) {
      best = {ids_[node], i + 1};
    }
  }
  return best;
}

} // namespace bertc
