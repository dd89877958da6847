// SPDX-License-Identifier: Apache-2.0
#include "text/WordPieceTokenizer.h"

#include <algorithm>

namespace bertc {
namespace {

NormalizerOptions normalizerOptions(const TokenizerOptions &options) {
  return {options.lowerCase, options.stripAccents < 0
                                 ? options.lowerCase
                                 : options.stripAccents != 0};
}

uint64_t mix(uint64_t value) {
  value *= 0x9e3779b97f4a7c15ULL;
  return value ^ value >> 32;
}

} // namespace

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary,
                                       const TokenizerOptions &options)
    : vocabulary_(std::move(vocabulary)), options_(options),
      map_(normalizerOptions(options)), trie_(vocabulary_) {
  for (size_t byte = 0; byte < asciiIds_.size(); ++byte) {
    auto letter = static_cast<char>(byte);
    int32_t id = vocabulary_.id(std::string_view(&letter, 1));
    asciiIds_[byte] = id < 0 ? vocabulary_.unknownId() : id;
  }
}

void WordPieceTokenizer::encodeWord(std::string_view word,
                                    std::vector<int32_t> *ids) const {
  size_t first = ids->size();
  bool continues = false;
  while (!word.empty()) {
    WordTrie::Match match = trie_.longest(word, continues);
    if (match.id < 0) {
      ids->resize(first);
      ids->push_back(vocabulary_.unknownId());
      return;
    }
    ids->push_back(match.id);
    word.remove_prefix(match.length);
    continues = true;
  }
}

/// Pieces of recent words, two places a bucket. A word of up to 32 bytes and 7
/// pieces fits one cache line; others are cut afresh each time.
struct WordPieceEncoder::Cache {
  static constexpr size_t maxPieces = 7;
  struct alignas(64) Entry {
    uint64_t key[4] = {};
    int32_t ids[maxPieces] = {};
    uint8_t length = 0;
    uint8_t count = 0;
  };
  static_assert(sizeof(Entry) == 64, "one cache line a word");
  static constexpr size_t bucketCount = 1 << 14;

  std::vector<Entry> entries = std::vector<Entry>(bucketCount * 2);

  static bool holds(const Entry &entry, const uint64_t *key, size_t length) {
    return entry.length == length && entry.key[0] == key[0] &&
           entry.key[1] == key[1] && entry.key[2] == key[2] &&
           entry.key[3] == key[3];
  }
};

struct WordPieceEncoder::Sink {
  const WordPieceTokenizer &tokenizer;
  Cache &cache;
  std::vector<int32_t> &ids;

  void onAsciiPunctuation(uint8_t byte) {
    ids.push_back(tokenizer.asciiId(byte));
  }

  void onWord(const WordBuffer &word) {
    if (word.tooLong()) {
      ids.push_back(tokenizer.vocabulary().unknownId());
      return;
    }
    if (word.size() > WordBuffer::padding) {
      tokenizer.encodeWord(word.view(), &ids);
      return;
    }
    uint64_t key[4];
    std::memcpy(key, word.data(), sizeof(key));
    uint64_t hash = mix(key[0] ^ mix(key[1] ^ mix(key[2] ^ mix(key[3]))));
    Cache::Entry *bucket =
        &cache.entries[(hash & (Cache::bucketCount - 1)) * 2];
    if (Cache::holds(bucket[0], key, word.size())) {
      append(bucket[0]);
    } else if (Cache::holds(bucket[1], key, word.size())) {
      append(bucket[1]);
      std::swap(bucket[0], bucket[1]);
    } else {
      encodeNew(word, key, bucket);
    }
  }

  void append(const Cache::Entry &entry) {
    if (entry.count == 1) {
      ids.push_back(entry.ids[0]);
    } else {
      ids.insert(ids.end(), entry.ids, entry.ids + entry.count);
    }
  }

  void encodeNew(const WordBuffer &word, const uint64_t *key,
                 Cache::Entry *bucket) {
    size_t first = ids.size();
    tokenizer.encodeWord(word.view(), &ids);
    size_t count = ids.size() - first;
    if (count > Cache::maxPieces) {
      return;
    }
    bucket[1] = bucket[0];
    std::copy_n(key, 4, bucket[0].key);
    std::copy_n(ids.data() + first, count, bucket[0].ids);
    bucket[0].length = static_cast<uint8_t>(word.size());
    bucket[0].count = static_cast<uint8_t>(count);
  }
};

WordPieceEncoder::WordPieceEncoder(const WordPieceTokenizer &tokenizer)
    : tokenizer_(&tokenizer), word_(tokenizer.options().maxCharsPerWord),
      cache_(std::make_unique<Cache>()) {}

WordPieceEncoder::~WordPieceEncoder() = default;
WordPieceEncoder::WordPieceEncoder(WordPieceEncoder &&) noexcept = default;

void WordPieceEncoder::encode(std::string_view text,
                              std::vector<int32_t> *ids) {
  if (isValidUtf8(text)) {
    encodeValid(text, ids);
    return;
  }
  valid_.clear();
  appendValidUtf8(text, &valid_);
  encodeValid(valid_, ids);
}

void WordPieceEncoder::encodeValid(std::string_view text,
                                   std::vector<int32_t> *ids) {
  if (!tokenizer_->options().matchSpecialTokens) {
    encodeSegment(text, ids);
    return;
  }
  size_t bracket = text.find('[');
  while (bracket != std::string_view::npos) {
    std::string_view rest = text.substr(bracket);
    const std::string *special = nullptr;
    for (const std::string &name : specialTokenNames()) {
      if (rest.substr(0, name.size()) == name) {
        special = &name;
      }
    }
    if (special == nullptr) {
      bracket = text.find('[', bracket + 1);
      continue;
    }
    encodeSegment(text.substr(0, bracket), ids);
    ids->push_back(tokenizer_->vocabulary().id(*special));
    text = rest.substr(special->size());
    bracket = text.find('[');
  }
  encodeSegment(text, ids);
}

void WordPieceEncoder::encodeSegment(std::string_view text,
                                     std::vector<int32_t> *ids) {
  Sink sink{*tokenizer_, *cache_, *ids};
  splitWords(tokenizer_->codePoints(), text, word_, sink);
}

std::vector<std::string> basicTokens(const CodePointMap &map,
                                     std::string_view text) {
  struct Collector {
    std::vector<std::string> words;
    void onWord(const WordBuffer &word) { words.emplace_back(word.view()); }
    void onAsciiPunctuation(uint8_t byte) {
      words.emplace_back(1, static_cast<char>(byte));
    }
  } collector;
  std::string valid;
  appendValidUtf8(text, &valid);
  // A code point becomes at most three.
  WordBuffer word(valid.size() * 3 + 1);
  splitWords(map, valid, word, collector);
  return std::move(collector.words);
}

} // namespace bertc
