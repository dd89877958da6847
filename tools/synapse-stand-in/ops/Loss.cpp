// SPDX-License-Identifier: Apache-2.0
//
// Cross-entropy with softmax, and the negative log likelihood, with gradients.
// A label out of range belongs to no class: it adds no loss.
#include "runtime/synapse/KernelParams.h"
#include "tools/synapse-stand-in/ops/Broadcast.h"
#include "tools/synapse-stand-in/ops/OpTable.h"

namespace bertc::standin {
namespace {

using rt::syn::CrossEntropyMode;
using rt::syn::NllLossMode;
using rt::syn::NllLossParams;
using rt::syn::SoftmaxCrossEntropyParams;

void checkMode(Check &check, int mode) {
  if (check.ok() && (mode < 0 || mode > 2)) {
    check.fail("mode is " + std::to_string(mode) + ", expected 0 to 2");
  }
}

/// A matrix [classes, rows] and one label a row; the loss is one number, or one
/// a row when it is not summed.
void checkRows(Check &check, const std::string &matrix,
               const std::string &labels, const Names &losses, bool isSummed) {
  check.rank({matrix}, 2, 2);
  if (!check.ok()) {
    return;
  }
  uint64_t rows = check[matrix].sizes[1];
  check.shape({labels}, {rows});
  check.shape(losses, {isSummed ? 1 : rows});
}

SoftmaxCrossEntropyParams checkCrossEntropyParams(Check &check) {
  auto params = check.params<SoftmaxCrossEntropyParams>();
  checkMode(check, static_cast<int>(params.mode));
  if (check.ok() && params.mode == CrossEntropyMode::Mean &&
      params.batchSize < 1) {
    check.fail("batchSize is " + std::to_string(params.batchSize) +
               ", expected at least 1");
  }
  return params;
}

void checkCrossEntropy(Check &check, rt::syn::synDataType dtype) {
  check.operands({"logits", "labels"}, {"loss", "logsoftmax"});
  check.dtype({"logits", "loss", "logsoftmax"}, {dtype});
  check.dtype({"labels"}, {I32});
  auto params = checkCrossEntropyParams(check);
  checkRows(check, "logits", "labels", {"loss"},
            params.mode != CrossEntropyMode::None);
  check.shape({"logsoftmax"}, shapeOf(check["logits"]));
}

void checkCrossEntropyGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"logsoftmax", "labels"}, {"dlogits"});
  check.dtype({"logsoftmax", "dlogits"}, {dtype});
  check.dtype({"labels"}, {I32});
  checkCrossEntropyParams(check);
  checkRows(check, "logsoftmax", "labels", {}, true);
  check.shape({"dlogits"}, shapeOf(check["logsoftmax"]));
}

void writeLosses(const OpTensor &loss, const std::vector<float> &losses,
                 bool isSummed, double divisor) {
  if (!isSummed) {
    writeFloats(loss, 0, losses.size(), losses.data());
    return;
  }
  double total = 0;
  for (float value : losses) {
    total += value;
  }
  float mean = static_cast<float>(total / divisor);
  writeFloats(loss, 0, 1, &mean);
}

bool isClass(int64_t label, uint64_t classes) {
  return label >= 0 && label < static_cast<int64_t>(classes);
}

void runCrossEntropy(const OpCall &call) {
  auto params = paramsOf<SoftmaxCrossEntropyParams>(call);
  const OpTensor &logits = call.in[0], &labels = call.in[1];
  const OpTensor &logSoftmax = call.out[1];
  uint64_t classes = logits.sizes[0];
  std::vector<float> losses(logits.sizes[1]);
#pragma omp parallel for schedule(static) if (elementCount(logits) >=          \
                                                  ParallelFrom)
  for (int64_t row = 0; row < static_cast<int64_t>(losses.size()); ++row) {
    std::vector<float> from(classes), to(classes);
    const float *x = readFloats(logits, row * classes, classes, from.data());
    float *y = floatsToWrite(logSoftmax, row * classes, to.data());
    leaf().logSoftmax(x, y, static_cast<int64_t>(classes));
    int32_t label = readInt(labels, row);
    losses[row] = isClass(label, classes) ? -y[label] : 0.0f;
    writeFloats(logSoftmax, row * classes, classes, y);
  }
  bool isMean = params.mode == CrossEntropyMode::Mean;
  writeLosses(call.out[0], losses, params.mode != CrossEntropyMode::None,
              isMean ? params.batchSize : 1.0);
}

/// (exp(logsoftmax) - onehot) / batchSize; there is no upstream gradient.
void runCrossEntropyGrad(const OpCall &call) {
  auto params = paramsOf<SoftmaxCrossEntropyParams>(call);
  bool isMean = params.mode == CrossEntropyMode::Mean;
  float scale = isMean ? 1.0f / static_cast<float>(params.batchSize) : 1.0f;
  const OpTensor &logSoftmax = call.in[0], &dx = call.out[0];
  uint64_t classes = dx.sizes[0];
#pragma omp parallel for schedule(static) if (elementCount(dx) >= ParallelFrom)
  for (int64_t row = 0; row < static_cast<int64_t>(dx.sizes[1]); ++row) {
    std::vector<float> from(classes), to(classes);
    int64_t n = static_cast<int64_t>(classes);
    const float *y =
        readFloats(logSoftmax, row * classes, classes, from.data());
    leaf().unary(Unary::Exp, y, to.data(), n);
    int32_t label = readInt(call.in[1], row);
    if (isClass(label, classes)) {
      to[label] -= 1.0f;
    }
    for (float &value : to) {
      value *= scale;
    }
    writeFloats(dx, row * classes, classes, to.data());
  }
}

void checkNll(Check &check, rt::syn::synDataType dtype) {
  check.operands({"logp", "target"}, {"loss"});
  check.dtype({"logp", "loss"}, {dtype});
  check.dtype({"target"}, {I32});
  auto params = check.params<NllLossParams>();
  checkMode(check, static_cast<int>(params.mode));
  checkRows(check, "logp", "target", {"loss"},
            params.mode != NllLossMode::None);
}

void checkNllGrad(Check &check, rt::syn::synDataType dtype) {
  check.operands({"grad", "target", "shape?"}, {"dlogp"});
  check.dtype({"grad", "dlogp"}, {dtype});
  check.dtype({"target"}, {I32});
  auto params = check.params<NllLossParams>();
  checkMode(check, static_cast<int>(params.mode));
  checkRows(check, "dlogp", "target", {"grad"},
            params.mode != NllLossMode::None);
}

/// Whether a row counts: its target is a class, and not the one to ignore.
bool counts(const OpCall &call, const OpTensor &target, uint64_t row,
            uint64_t classes) {
  int32_t label = readInt(target, row);
  return label != paramsOf<NllLossParams>(call).ignoreIndex &&
         isClass(label, classes);
}

/// What a mean divides by: the rows that count. With ignored rows that is
/// unconfirmed on the device.
double divisorOf(const OpCall &call, const OpTensor &target, uint64_t classes) {
  if (paramsOf<NllLossParams>(call).mode != NllLossMode::Mean) {
    return 1.0;
  }
  uint64_t rows = 0;
  for (uint64_t row = 0; row < target.sizes[0]; ++row) {
    rows += counts(call, target, row, classes);
  }
  return static_cast<double>(rows);
}

void runNll(const OpCall &call) {
  const OpTensor &logp = call.in[0], &target = call.in[1];
  uint64_t classes = logp.sizes[0];
  std::vector<float> losses(logp.sizes[1]);
  for (uint64_t row = 0; row < losses.size(); ++row) {
    losses[row] = counts(call, target, row, classes)
                      ? -readFloat(logp, row * classes + readInt(target, row))
                      : 0.0f;
  }
  writeLosses(call.out[0], losses,
              paramsOf<NllLossParams>(call).mode != NllLossMode::None,
              divisorOf(call, target, classes));
}

void runNllGrad(const OpCall &call) {
  const OpTensor &grad = call.in[0], &target = call.in[1];
  const OpTensor &dlogp = call.out[0];
  uint64_t classes = dlogp.sizes[0];
  double divisor = divisorOf(call, target, classes);
  bool isSummed = paramsOf<NllLossParams>(call).mode != NllLossMode::None;
  std::vector<float> line(classes);
  for (uint64_t row = 0; row < dlogp.sizes[1]; ++row) {
    std::fill(line.begin(), line.end(), 0.0f);
    if (counts(call, target, row, classes)) {
      float upstream = readFloat(grad, isSummed ? 0 : row);
      line[readInt(target, row)] = static_cast<float>(-upstream / divisor);
    }
    writeFloats(dlogp, row * classes, classes, line.data());
  }
}

} // namespace

void addLossOps(OpTable &table) {
  for (const Suffix &suffix : FloatSuffixes) {
    auto dtype = suffix.dtype;
    std::string end = std::string("_") + suffix.text;
    table["softmax_cross_entropy_fwd" + end] = {
        [dtype](Check &c) { checkCrossEntropy(c, dtype); }, runCrossEntropy};
    table["softmax_cross_entropy_bwd" + end] = {
        [dtype](Check &c) { checkCrossEntropyGrad(c, dtype); },
        runCrossEntropyGrad};
    table["nll_loss_fwd" + end] = {[dtype](Check &c) { checkNll(c, dtype); },
                                   runNll};
    table["nll_loss_bwd" + end] = {
        [dtype](Check &c) { checkNllGrad(c, dtype); }, runNllGrad};
  }
}

} // namespace bertc::standin
