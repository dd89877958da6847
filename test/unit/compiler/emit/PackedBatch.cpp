// SPDX-License-Identifier: Apache-2.0
#include "test/unit/compiler/emit/PackedBatch.h"

#include <random>

namespace bertc {

using interpret::Tensor;
using interpret::TensorMap;

namespace {

SampleSequence randomSequence(int length, int vocabulary,
                              std::mt19937_64 &random) {
  auto below = [&](int limit) { return static_cast<int>(random() % limit); };
  SampleSequence out;
  int firstOfB = length / 2;
  for (int i = 0; i < length; ++i) {
    out.ids.push_back(below(vocabulary));
    out.segments.push_back(i >= firstOfB ? 1 : 0);
  }
  int masked = 1 + length / 4;
  for (int i = 0; i < masked; ++i) {
    out.maskedPositions.push_back(below(length));
    out.maskedIds.push_back(below(vocabulary));
  }
  out.nextLabel = below(2);
  out.label = below(2);
  out.start = below(length);
  out.end = below(length);
  return out;
}

/// Writes into tensors of [rows, width] by name.
class BatchWriter {
public:
  explicit BatchWriter(int64_t rows) : rows_(rows) {}

  void add(const std::string &name, DataType dtype, int64_t width) {
    batch_[name] = Tensor::zeros(dtype, {rows_, width});
  }
  void set(const std::string &name, int64_t row, int64_t column, double value) {
    Tensor &tensor = batch_.at(name);
    tensor[row * tensor.rowSize() + column] = value;
  }
  /// Takes the last dimension of 1 away.
  void flatten(const std::string &name) { batch_.at(name).shape.resize(1); }
  TensorMap take() { return std::move(batch_); }

private:
  int64_t rows_;
  TensorMap batch_;
};

/// Tokens, and where each sequence begins: offsets[pack][sequence].
std::vector<std::vector<int>> writeTokens(BatchWriter &w,
                                          const SamplePacks &packs,
                                          const ModelOptions &options) {
  for (const char *name : {"input_ids", "input_mask", "segment_ids"}) {
    w.add(name, DataType::I32, options.maxSeqLength);
  }
  if (options.packed > 0) {
    w.add("positions", DataType::I32, options.maxSeqLength);
  }
  std::vector<std::vector<int>> offsets;
  for (size_t row = 0; row < packs.size(); ++row) {
    offsets.emplace_back();
    int offset = 0;
    for (size_t k = 0; k < packs[row].size(); ++k) {
      const SampleSequence &sequence = packs[row][k];
      for (size_t i = 0; i < sequence.ids.size(); ++i) {
        w.set("input_ids", row, offset + i, sequence.ids[i]);
        w.set("segment_ids", row, offset + i, sequence.segments[i]);
        w.set("input_mask", row, offset + i, k + 1);
        if (options.packed > 0) {
          w.set("positions", row, offset + i, i);
        }
      }
      offsets.back().push_back(offset);
      offset += sequence.ids.size();
    }
  }
  return offsets;
}

void writeMasked(BatchWriter &w, const SamplePacks &packs,
                 const std::vector<std::vector<int>> &offsets,
                 const ModelOptions &options) {
  int64_t width = options.maxPredictionsPerSeq + options.packed;
  w.add("masked_lm_positions", DataType::I32, width);
  w.add("masked_lm_ids", DataType::I32, width);
  w.add("masked_lm_weights", DataType::F32, width);
  for (size_t row = 0; row < packs.size(); ++row) {
    int64_t column = 0;
    for (size_t k = 0; k < packs[row].size(); ++k) {
      const SampleSequence &sequence = packs[row][k];
      for (size_t i = 0; i < sequence.maskedIds.size(); ++i, ++column) {
        w.set("masked_lm_positions", row, column,
              offsets[row][k] + sequence.maskedPositions[i]);
        w.set("masked_lm_ids", row, column, sequence.maskedIds[i]);
        w.set("masked_lm_weights", row, column, k + 1);
      }
    }
  }
}

/// A number of each sequence: [B], packed [B,K].
template <typename ValueOf>
void writeLabels(BatchWriter &w, const std::string &name, DataType dtype,
                 const SamplePacks &packs, const ModelOptions &options,
                 ValueOf valueOf) {
  w.add(name, dtype, options.packed > 0 ? options.packed : 1);
  for (size_t row = 0; row < packs.size(); ++row) {
    for (size_t k = 0; k < packs[row].size(); ++k) {
      w.set(name, row, k, valueOf(row, k));
    }
  }
  if (options.packed == 0) {
    w.flatten(name);
  }
}

} // namespace

SamplePacks randomPacks(const std::vector<std::vector<int>> &lengths,
                        int vocabulary, uint64_t seed) {
  std::mt19937_64 random(seed);
  SamplePacks packs;
  for (const std::vector<int> &pack : lengths) {
    packs.emplace_back();
    for (int length : pack) {
      packs.back().push_back(randomSequence(length, vocabulary, random));
    }
  }
  return packs;
}

SamplePacks unpacked(const SamplePacks &packs) {
  SamplePacks rows;
  for (const auto &pack : packs) {
    for (const SampleSequence &sequence : pack) {
      rows.push_back({sequence});
    }
  }
  return rows;
}

TensorMap batchOf(const SamplePacks &packs, const ModelOptions &options) {
  BatchWriter w(packs.size());
  std::vector<std::vector<int>> offsets = writeTokens(w, packs, options);
  auto labels = [&](const std::string &name, DataType dtype, auto valueOf) {
    writeLabels(w, name, dtype, packs, options, valueOf);
  };
  const bool pretrain = options.task == Task::Pretrain;
  const std::string prefix = pretrain ? "next_sentence_" : "sequence_";
  if (options.packed > 0) {
    labels(prefix + "weights", DataType::F32, [](auto, auto) { return 1; });
    if (options.task != Task::Squad) {
      labels(prefix + "positions", DataType::I32,
             [&](auto row, auto k) { return offsets[row][k]; });
    }
  }
  if (pretrain) {
    writeMasked(w, packs, offsets, options);
    labels("next_sentence_labels", DataType::I32,
           [&](auto row, auto k) { return packs[row][k].nextLabel; });
  } else if (options.task == Task::Classify) {
    labels("label_ids", DataType::I32,
           [&](auto row, auto k) { return packs[row][k].label; });
  } else {
    labels("start_positions", DataType::I32, [&](auto row, auto k) {
      return offsets[row][k] + packs[row][k].start;
    });
    labels("end_positions", DataType::I32, [&](auto row, auto k) {
      return offsets[row][k] + packs[row][k].end;
    });
  }
  return w.take();
}

} // namespace bertc
