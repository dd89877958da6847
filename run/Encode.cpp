// SPDX-License-Identifier: Apache-2.0
#include "run/Encode.h"

#include "run/VectorSink.h"
#include "support/Progress.h"
#include "support/Signals.h"
#include "tasks/Pooling.h"
#include "tasks/TextLines.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace bertc {

const char *poolingName(PoolingKind kind) {
  switch (kind) {
  case PoolingKind::Cls:
    return "cls";
  case PoolingKind::Mean:
    return "mean";
  case PoolingKind::Tokens:
    return "tokens";
  }
  return "";
}

namespace {

/// Lines worked on together: enough to sort by length, and at most about 64 MB
/// of vectors.
size_t linesPerChunk(const EncodeOptions &options, RowBatch::Shape shape,
                     size_t hidden) {
  constexpr size_t kBytes = size_t(64) << 20;
  constexpr size_t kMost = 8192;
  size_t vectors = options.pooling == PoolingKind::Tokens
                       ? static_cast<size_t>(shape.maxSequenceLength)
                       : 1;
  size_t lines = kBytes / (vectors * hidden * sizeof(float));
  return std::clamp(lines, static_cast<size_t>(shape.batchSize), kMost);
}

class EncodeJob {
public:
  EncodeJob(const EncodeOptions &options, TextModel &model, size_t hidden)
      : options_(options), model_(model), hidden_(hidden) {}

  Status run(const std::vector<std::string> &lines, VectorSink *sink,
             EncodeResult *result);

private:
  Status encodeChunk(const PairFeatures &features, Progress *progress,
                     EncodeResult *result);
  void pool(const BatchSequence &sequence);

  const EncodeOptions &options_;
  TextModel &model_;
  size_t hidden_;
  /// Of the lines that are worked on together.
  std::vector<std::vector<float>> vectors_;
  std::vector<float> values_;
};

void EncodeJob::pool(const BatchSequence &sequence) {
  auto width = static_cast<size_t>(model_.shape().maxSequenceLength);
  const float *tokens =
      values_.data() + (sequence.row * width + sequence.offset) * hidden_;
  std::vector<float> &out = vectors_[sequence.feature];
  switch (options_.pooling) {
  case PoolingKind::Cls:
    out.assign(tokens, tokens + hidden_);
    break;
  case PoolingKind::Mean:
    out.resize(hidden_);
    meanPool(tokens, sequence.length, hidden_, out.data());
    break;
  case PoolingKind::Tokens:
    out.assign(tokens, tokens + sequence.length * hidden_);
    break;
  }
  for (size_t at = 0; options_.normalize && at < out.size(); at += hidden_) {
    l2Normalize(out.data() + at, hidden_);
  }
}

Status EncodeJob::encodeChunk(const PairFeatures &features, Progress *progress,
                              EncodeResult *result) {
  RowPlan rows = RowPlan::byLength(features);
  RowBatch batch(features, rows, model_.shape());
  vectors_.assign(features.size(), {});
  auto size = static_cast<uint64_t>(model_.shape().batchSize);
  std::vector<uint64_t> numbers;
  for (uint64_t row = 0; row < rows.rows() && !stopRequested(); row += size) {
    numbers.clear();
    for (uint64_t i = row; i < std::min<uint64_t>(row + size, rows.rows());
         ++i) {
      numbers.push_back(i);
    }
    BERTC_RETURN_IF_ERROR(batch.fill(numbers.data(), numbers.size()));
    std::vector<const BatchTensor *> tensors;
    for (const BatchTensor &tensor : batch.tensors()) {
      tensors.push_back(&tensor);
    }
    BERTC_RETURN_IF_ERROR(model_.predict(tensors, "sequence_output", &values_));
    for (const BatchSequence &sequence : batch.sequences()) {
      pool(sequence);
    }
    ++result->batches;
    progress->add(static_cast<double>(batch.sequences().size()));
  }
  return Status();
}

Status EncodeJob::run(const std::vector<std::string> &lines, VectorSink *sink,
                      EncodeResult *result) {
  ProgressOptions shown;
  shown.label = "encode";
  shown.unit = "lines";
  shown.total = static_cast<double>(lines.size());
  shown.quiet = options_.model.quiet;
  Progress progress(shown);
  size_t step = linesPerChunk(options_, model_.shape(), hidden_);
  for (size_t first = 0; first < lines.size(); first += step) {
    size_t last = std::min(first + step, lines.size());
    std::vector<std::string> part(lines.begin() + static_cast<ptrdiff_t>(first),
                                  lines.begin() + static_cast<ptrdiff_t>(last));
    BERTC_ASSIGN_OR_RETURN(PairFeatures features,
                           makeTextFeatures(part, model_.tokenizer(),
                                            model_.shape().maxSequenceLength,
                                            model_.jobs()));
    result->tokens += features.tokens();
    result->truncated += features.truncated();
    BERTC_RETURN_IF_ERROR(encodeChunk(features, &progress, result));
    if (stopRequested()) {
      result->stopped = true;
      return Status();
    }
    for (size_t i = 0; i < part.size(); ++i) {
      BERTC_RETURN_IF_ERROR(sink->add(part[i], vectors_[i]));
    }
    result->lines += part.size();
  }
  progress.finish();
  return sink->finish();
}

} // namespace

StatusOr<EncodeResult> encode(const EncodeOptions &options) {
  BERTC_ASSIGN_OR_RETURN(VectorFormat format, vectorFormat(options.output));
  BERTC_ASSIGN_OR_RETURN(std::unique_ptr<TextModel> model,
                         TextModel::open(options.model));
  const rt::TensorInfo *output = model->entry().findOutput("sequence_output");
  if (!output || output->shape.size() != 3) {
    return failedPrecondition(
        fmt::format("{}: entry predict puts out no sequence_output [B,S,H]",
                    options.model.plan));
  }
  BERTC_ASSIGN_OR_RETURN(std::vector<std::string> lines,
                         readTextLines(options.inputFile));
  if (lines.empty()) {
    return corrupt(fmt::format("{}: no lines of text, expected at least one",
                               options.inputFile == "-" ? "standard input"
                                                        : options.inputFile));
  }
  auto hidden = static_cast<size_t>(output->shape[2]);
  bool perToken = options.pooling == PoolingKind::Tokens;
  BERTC_ASSIGN_OR_RETURN(VectorSink sink,
                         VectorSink::open(options.output, format, hidden,
                                          perToken,
                                          poolingName(options.pooling)));
  auto batchSize = static_cast<size_t>(model->shape().batchSize);
  BERTC_RETURN_IF_ERROR(
      model->load((lines.size() + batchSize - 1) / batchSize));

  EncodeResult result;
  result.hidden = output->shape[2];
  auto begin = std::chrono::steady_clock::now();
  EncodeJob job(options, *model, hidden);
  BERTC_RETURN_IF_ERROR(job.run(lines, &sink, &result));
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  if (result.truncated > 0) {
    model->say(fmt::format("note: {} of {} lines were cut to the plan's {} "
                           "tokens",
                           result.truncated, result.lines,
                           model->shape().maxSequenceLength));
  }
  return result;
}

} // namespace bertc
