// SPDX-License-Identifier: Apache-2.0
#include "run/RandomInputs.h"

#include "support/Json.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>
#include <random>

namespace bertc {

namespace {

using Random = std::mt19937_64;

int64_t below(int64_t limit, Random &random) {
  return static_cast<int64_t>(
      random() % static_cast<uint64_t>(std::max<int64_t>(1, limit)));
}

/// What bounds the values of inputs.
struct Bounds {
  int64_t vocabulary = 1;
  int64_t types = 1;
  int64_t labels = 2;
};

StatusOr<Bounds> boundsOf(const rt::Plan &plan) {
  const rt::ModelInfo &model = plan.model();
  BERTC_ASSIGN_OR_RETURN(Json config, parseJson(model.configJson, plan.path()));
  Bounds bounds;
  BERTC_ASSIGN_OR_RETURN(bounds.vocabulary,
                         jsonInteger(config, "vocab_size", plan.path()));
  if (config.contains("type_vocab_size")) {
    BERTC_ASSIGN_OR_RETURN(bounds.types,
                           jsonInteger(config, "type_vocab_size", plan.path()));
  }
  bounds.labels = std::max<int64_t>(2, model.numLabels);
  return bounds;
}

/// 1 to `most` lengths, cut at random, that leave at most a 64th as padding.
std::vector<int64_t> drawPack(int64_t row, int64_t most, Random &random) {
  int64_t count = 1 + below(std::min(most, row), random);
  int64_t used = std::max(count, row - below(row / 64 + 1, random));
  std::vector<int64_t> lengths;
  for (int64_t left = count; left > 0; --left) {
    int64_t share = used / left;
    int64_t length =
        left == 1 ? used : 1 + share / 4 + below(share * 3 / 2, random);
    length = std::min(length, used - (left - 1));
    lengths.push_back(length);
    used -= length;
  }
  return lengths;
}

/// One row of a batch: what its sequences say about every other input.
struct Row {
  std::vector<int64_t> first, length;
  /// Ascending, 15% of each sequence and at least one.
  std::vector<int64_t> masked;
};

Row makeRow(const std::vector<int64_t> &lengths, Random &random) {
  Row row;
  int64_t at = 0;
  for (int64_t length : lengths) {
    row.first.push_back(at);
    row.length.push_back(length);
    std::vector<int64_t> places(static_cast<size_t>(length));
    std::iota(places.begin(), places.end(), at);
    std::shuffle(places.begin(), places.end(), random);
    places.resize(static_cast<size_t>((length * 15 + 99) / 100));
    std::sort(places.begin(), places.end());
    row.masked.insert(row.masked.end(), places.begin(), places.end());
    at += length;
  }
  return row;
}

/// Fills one row of the inputs that describe tokens or sequences.
class RowFiller {
public:
  RowFiller(const Row &row, const Bounds &bounds, bool packed, Random &random)
      : row_(row), bounds_(bounds), packed_(packed), random_(random) {}

  /// Value `i` of the row of an i32 input.
  int64_t integer(const std::string &name, size_t i) const {
    if (name == "next_sentence_positions" || name == "sequence_positions") {
      return i < row_.first.size() ? row_.first[i] : 0;
    }
    if (name == "next_sentence_labels" || name == "label_ids") {
      return below(name == "label_ids" ? bounds_.labels : 2, random_);
    }
    if (name == "start_positions" || name == "end_positions") {
      bool end = name == "end_positions";
      return i < row_.first.size()
                 ? row_.first[i] + (end ? row_.length[i] - 1 : 0)
                 : 0;
    }
    if (name == "masked_lm_positions" || name == "masked_lm_ids") {
      bool id = name == "masked_lm_ids";
      return i >= row_.masked.size() ? 0
             : id                    ? below(bounds_.vocabulary, random_)
                                     : row_.masked[i];
    }
    return token(name, static_cast<int64_t>(i));
  }

  /// Value `i` of an f32 input: 1 where there is something to weigh.
  float weight(const std::string &name, size_t i) const {
    if (name == "masked_lm_weights") {
      return i < row_.masked.size() ? 1.0f : 0.0f;
    }
    return i < row_.first.size() ? 1.0f : 0.0f;
  }

private:
  int64_t token(const std::string &name, int64_t column) const {
    size_t k = 0;
    while (k < row_.first.size() && column >= row_.first[k] + row_.length[k]) {
      ++k;
    }
    bool padding = k == row_.first.size();
    if (name == "positions" && padding) {
      return 0;
    }
    int64_t own = padding ? 0 : column - row_.first[k];
    if (name == "positions") {
      return own;
    }
    if (name == "input_mask") {
      return padding ? 0 : packed_ ? static_cast<int64_t>(k) + 1 : 1;
    }
    if (name == "segment_ids") {
      return !padding && bounds_.types > 1 && own >= row_.length[k] / 2 ? 1 : 0;
    }
    return name == "input_ids" && !padding ? below(bounds_.vocabulary, random_)
                                           : 0;
  }

  const Row &row_;
  const Bounds &bounds_;
  bool packed_;
  Random &random_;
};

/// Inputs that the run supplies; anything else of type f32 is in [-1, 1].
float suppliedFloat(const std::string &name, Random &random) {
  if (name == "learning_rate") {
    return 1e-5f;
  }
  return name == "loss_scale" ? 1.0f
                              : static_cast<float>(random() % 2001) / 1e3f - 1;
}

int64_t suppliedInteger(const std::string &name, size_t i, Random &random) {
  if (name == "rng") {
    return i < 2 ? below(int64_t{1} << 31, random) : 0;
  }
  return name == "update_step" ? 1 : 0;
}

template <typename T> void put(std::vector<uint8_t> *bytes, size_t i, T value) {
  std::memcpy(bytes->data() + i * sizeof value, &value, sizeof value);
}

} // namespace

StatusOr<rt::RowLengths> randomLengths(const rt::Plan &plan,
                                       const std::vector<int64_t> &lengths,
                                       uint64_t seed) {
  const rt::ModelInfo &model = plan.model();
  int64_t row = std::max<int64_t>(1, model.maxSeqLength);
  int64_t most = std::max<int64_t>(1, model.packed);
  int64_t sum = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  bool positive = std::all_of(lengths.begin(), lengths.end(),
                              [](int64_t length) { return length > 0; });
  if (!positive || sum > row || static_cast<int64_t>(lengths.size()) > most) {
    return invalidArgument(
        fmt::format("--lengths {} does not fit a row of the plan: at most {} "
                    "sequences, each at least 1 and together at most {} long",
                    fmt::join(lengths, ","), most, row));
  }
  Random random(seed);
  rt::RowLengths rows;
  for (uint32_t i = 0; i < model.batchSize; ++i) {
    rows.push_back(!lengths.empty()   ? lengths
                   : model.packed > 0 ? drawPack(row, most, random)
                                      : std::vector<int64_t>{row});
  }
  return rows;
}

StatusOr<RandomInputs> RandomInputs::make(const rt::Plan &plan,
                                          const std::string &entry,
                                          const rt::RowLengths &rows,
                                          uint64_t seed) {
  const rt::EntryInfo *info = plan.findEntry(entry);
  if (!info) {
    return notFound(fmt::format("{}: no entry '{}'", plan.path(), entry));
  }
  BERTC_ASSIGN_OR_RETURN(Bounds bounds, boundsOf(plan));
  Random random(seed);
  std::vector<Row> content;
  for (const std::vector<int64_t> &lengths : rows) {
    content.push_back(makeRow(lengths, random));
  }
  RandomInputs result;
  for (const rt::TensorInfo &input : info->inputs) {
    Tensor tensor;
    tensor.info = input;
    auto count = static_cast<size_t>(rt::numElements(input.shape));
    tensor.bytes.resize(count * rt::dtypeBytes(input.dtype));
    bool byRow = input.name != "rng" && !input.shape.empty() &&
                 input.shape[0] == static_cast<int64_t>(rows.size());
    size_t width = byRow ? count / rows.size() : count;
    bool packed = plan.model().packed > 0;
    // Entries without a batch have no rows.
    for (size_t i = 0; i < count; ++i) {
      auto filler = [&] {
        return RowFiller(content[i / width], bounds, packed, random);
      };
      if (input.dtype == rt::DType::F32) {
        put(&tensor.bytes, i,
            byRow ? filler().weight(input.name, i % width)
                  : suppliedFloat(input.name, random));
      } else if (input.dtype == rt::DType::I32) {
        put(&tensor.bytes, i,
            static_cast<int32_t>(byRow
                                     ? filler().integer(input.name, i % width)
                                     : suppliedInteger(input.name, i, random)));
      }
    }
    result.tensors_.push_back(std::move(tensor));
  }
  return result;
}

rt::NamedInputs RandomInputs::inputs() const {
  rt::NamedInputs inputs;
  for (const Tensor &tensor : tensors_) {
    inputs.emplace_back(tensor.info.name,
                        rt::ConstTensorView(tensor.info.dtype,
                                            tensor.info.shape,
                                            tensor.bytes.data()));
  }
  return inputs;
}

} // namespace bertc
