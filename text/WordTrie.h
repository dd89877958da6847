// SPDX-License-Identifier: Apache-2.0
//
// Longest-match look-up in a vocabulary: a byte trie with two roots, one for
// pieces that start a word and one for pieces that continue it. Edges live in
// one open-addressing hash table, which builds in milliseconds and costs one
// cache miss a byte; words seen before are answered by the encoder's cache.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/Vocabulary.h"

namespace bertc {

/// Immutable after construction.
class WordTrie {
public:
  explicit WordTrie(const Vocabulary &vocabulary);

  /// The longest piece that `word` starts with.
  struct Match {
    /// -1: none.
    int32_t id = -1;
    /// Bytes of `word`, without the "##".
    size_t length = 0;
  };

  /// `continues`: looks among the pieces that continue a word.
  Match longest(std::string_view word, bool continues) const;

private:
  static constexpr uint32_t noNode = 0xffffffff;
  struct Edge {
    /// Node << 8 | byte, plus 1; 0 marks a free place.
    uint64_t key = 0;
    uint32_t target = noNode;
  };

  void insert(std::string_view piece, bool continues, int32_t id);
  uint32_t child(uint32_t node, uint8_t byte) const;
  uint32_t addChild(uint32_t node, uint8_t byte);
  size_t place(uint64_t key) const;
  void grow();

  std::vector<Edge> edges_;
  size_t edgeCount_ = 0;
  /// Id of the piece that ends at each node, -1 for none.
  std::vector<int32_t> ids_;
};

} // namespace bertc
