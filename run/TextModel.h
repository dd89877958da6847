// SPDX-License-Identifier: Apache-2.0
//
// A plan that only predicts, with the vocabulary and the weights that belong to
// it: what `bert-run encode` and `bert-run fill-mask` share.
//
//   BERTC_ASSIGN_OR_RETURN(auto model, TextModel::open(options));
//   BERTC_RETURN_IF_ERROR(model->load(batches));
//   BERTC_RETURN_IF_ERROR(model->predict(tensors, "sequence_output", &values));
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "io/SafeTensors.h"
#include "run/DeviceOptions.h"
#include "tasks/RowBatch.h"
#include "text/WordPieceTokenizer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bertc {

struct TextModelOptions {
  std::string plan;
  /// The task the plan must be of, e.g. "encode".
  std::string task;
  std::string vocabFile;
  /// Anything io/WeightSource.h opens; config.json of a folder is compared with
  /// the plan.
  std::string weights;
  /// Prefixes of weights that the wanted output does not depend on: a file may
  /// lack them.
  std::vector<std::string> unneeded;
  TokenizerOptions tokenizer;
  /// Must agree with the plan when given.
  std::optional<int64_t> maxSeqLength;
  int threads = 0;
  DeviceOptions device;
  bool quiet = false;
};

class TextModel {
public:
  /// Loads plan and vocabulary. Errors name both values when the task, the
  /// sequence length, the vocabulary or the folder's configuration is not the
  /// plan's. A vocabulary may be up to 127 tokens smaller than the plan's:
  /// models are padded to multiples of 8, 64 or 128.
  static StatusOr<std::unique_ptr<TextModel>>
  open(const TextModelOptions &options);

  /// Makes the session and gives it its weights; `batches` is about how many
  /// predictions will follow.
  Status load(size_t batches);

  /// Runs entry `predict`; those of `tensors` that it takes are its inputs, and
  /// must be all of them. `values` becomes `output` as f32.
  Status predict(const std::vector<const BatchTensor *> &tensors,
                 const std::string &output, std::vector<float> *values);

  const rt::Plan &plan() const { return plan_; }
  const rt::EntryInfo &entry() const { return *plan_.findEntry("predict"); }
  const WordPieceTokenizer &tokenizer() const { return tokenizer_; }
  /// B and S of the plan.
  RowBatch::Shape shape() const;
  /// Threads for work beside the plan's.
  int jobs() const;
  /// Says a line on stderr unless quiet.
  void say(const std::string &line) const;

private:
  TextModel(TextModelOptions options, rt::Plan plan, Vocabulary vocabulary);

  TextModelOptions options_;
  rt::Plan plan_;
  WordPieceTokenizer tokenizer_;
  /// Outlives the session, which may use its bytes.
  SafeTensorsFile weights_;
  std::unique_ptr<rt::Session> session_;
  std::vector<uint8_t> bytes_;
};

} // namespace bertc
