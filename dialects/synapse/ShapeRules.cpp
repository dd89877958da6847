// SPDX-License-Identifier: Apache-2.0
//
// One function a rule. Numbers and ranks of operands have been checked before,
// and so has that needed parameters are there.

#include "dialects/synapse/ShapeRules.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bertc::synapse {

std::string sizesText(const Sizes &sizes) {
  std::string text;
  for (int64_t size : sizes) {
    text += (text.empty() ? "" : "x") + std::to_string(size);
  }
  return text;
}

int64_t paramInt(const ParamMap &params, std::string_view name,
                 int64_t otherwise) {
  auto found = params.find(name);
  return found == params.end() ? otherwise : std::get<int64_t>(found->second);
}

double paramFloat(const ParamMap &params, std::string_view name) {
  auto found = params.find(name);
  if (found == params.end()) {
    return 0;
  }
  const auto *integer = std::get_if<int64_t>(&found->second);
  return integer ? double(*integer) : std::get<double>(found->second);
}

bool paramBool(const ParamMap &params, std::string_view name) {
  auto found = params.find(name);
  return found != params.end() && std::get<bool>(found->second);
}

std::vector<int64_t> paramList(const ParamMap &params, std::string_view name) {
  auto found = params.find(name);
  return found == params.end() ? std::vector<int64_t>()
                               : std::get<std::vector<int64_t>>(found->second);
}

namespace rule {

namespace {

int64_t elements(const Sizes &sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                         std::multiplies<>());
}

const Sizes &operand(const NodeShapes &node, size_t index) {
  return *node.operands[index];
}

std::string operandName(size_t index) {
  return "operand " + std::to_string(index);
}

/// Error unless operand `index` is absent or has shape `sizes`.
std::string expect(const NodeShapes &node, size_t index, const Sizes &sizes) {
  if (index >= node.operands.size() || !node.operands[index] ||
      operand(node, index) == sizes) {
    return "";
  }
  return "expected " + operandName(index) + " of shape " + sizesText(sizes) +
         ", found " + sizesText(operand(node, index));
}

/// Size in dimension `i`, 1 beyond the rank.
int64_t at(const Sizes &sizes, size_t i) {
  return i < sizes.size() ? sizes[i] : 1;
}

/// A parameter that names a dimension, below `limit`.
std::string checkAxis(const NodeShapes &node, std::string_view name,
                      size_t limit, size_t &axis) {
  int64_t value = paramInt(*node.params, name);
  if (value < 0 || value >= int64_t(limit)) {
    return "expected " + std::string(name) + " below " + std::to_string(limit) +
           ", found " + std::to_string(value);
  }
  axis = value;
  return "";
}

/// The matrix of a product: dimensions 0 and 1, swapped when transposed.
Sizes matrix(const Sizes &sizes, bool transposed) {
  Sizes result(sizes.begin(), sizes.begin() + 2);
  if (transposed) {
    std::swap(result[0], result[1]);
  }
  return result;
}

/// Product of the matrices of operands `a` and `b` as C[N,M].
std::string product(const NodeShapes &node, size_t a, size_t b, Sizes &c) {
  Sizes left = matrix(operand(node, a), paramBool(*node.params, "transpose_a"));
  Sizes right =
      matrix(operand(node, b), paramBool(*node.params, "transpose_b"));
  if (left[0] != right[1]) {
    return "expected operands " + std::to_string(a) + " and " +
           std::to_string(b) + " to have one inner size, found " +
           std::to_string(left[0]) + " and " + std::to_string(right[1]);
  }
  c = {right[0], left[1]};
  return "";
}

} // namespace

std::string same(const NodeShapes &node, std::vector<Sizes> &results) {
  for (size_t i = 1; i < node.operands.size(); ++i) {
    if (std::string error = expect(node, i, operand(node, 0)); !error.empty()) {
      return error;
    }
  }
  results.assign(node.results.size(), operand(node, 0));
  return "";
}

std::string broadcast(const NodeShapes &node, std::vector<Sizes> &results) {
  Sizes together;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (!node.operands[i]) {
      continue;
    }
    const Sizes &own = operand(node, i);
    together.resize(std::max(together.size(), own.size()), 1);
    for (size_t d = 0; d < own.size(); ++d) {
      if (together[d] != own[d] && together[d] != 1 && own[d] != 1) {
        return "expected operands that broadcast, found " +
               sizesText(together) + " and " + sizesText(own);
      }
      together[d] = std::max(together[d], own[d]);
    }
  }
  bool whole =
      std::any_of(node.operands.begin(), node.operands.end(),
                  [&](const Sizes *own) { return own && *own == together; });
  if (!whole) {
    return "expected an operand of the whole shape " + sizesText(together) +
           ", found that all of them repeat";
  }
  results.assign(1, together);
  return "";
}

std::string gemm(const NodeShapes &node, std::vector<Sizes> &results) {
  if (node.operands[1]->size() != 2) {
    return "expected operand 1 of rank 2, found " + sizesText(operand(node, 1));
  }
  results.resize(1);
  if (std::string error = product(node, 0, 1, results[0]); !error.empty()) {
    return error;
  }
  return expect(node, 2, {results[0][0]});
}

std::string batchGemm(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &a = operand(node, 0), &b = operand(node, 1);
  if (a.size() != b.size()) {
    return "expected operands of one rank, found " + sizesText(a) + " and " +
           sizesText(b);
  }
  results.resize(1);
  if (std::string error = product(node, 0, 1, results[0]); !error.empty()) {
    return error;
  }
  for (size_t d = 2; d < a.size(); ++d) {
    if (a[d] != b[d] && a[d] != 1 && b[d] != 1) {
      return "expected batch dimensions that are equal or 1, found " +
             sizesText(a) + " and " + sizesText(b);
    }
    results[0].push_back(std::max(a[d], b[d]));
  }
  return "";
}

std::string maskedBatchGemm(const NodeShapes &node,
                            std::vector<Sizes> &results) {
  if (std::string error = batchGemm(node, results); !error.empty()) {
    return error;
  }
  for (size_t i : {2, 3}) {
    const Sizes &mask = operand(node, i);
    if (mask.size() != 4 || mask[2] != 1 || mask[3] != results[0][3]) {
      return "expected " + operandName(i) + " of rank 4 with sizes 1 and " +
             std::to_string(results[0][3]) + " in dimensions 2 and 3, found " +
             sizesText(mask);
    }
  }
  Sizes added;
  if (std::string error = product(node, 2, 3, added); !error.empty()) {
    return error;
  }
  if (added[0] != results[0][0] || added[1] != results[0][1]) {
    return "expected masks whose product is " +
           sizesText({results[0][0], results[0][1]}) + ", found " +
           sizesText(added);
  }
  return "";
}

std::string any(const NodeShapes &node, std::vector<Sizes> &results) {
  results = node.results;
  return "";
}

std::string layerNorm(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &x = operand(node, 0);
  Sizes statistics = x;
  statistics[0] = 1;
  for (size_t i : {1, 2}) {
    if (std::string error = expect(node, i, {x[0]}); !error.empty()) {
      return error;
    }
  }
  results = {x, statistics, statistics};
  return "";
}

std::string layerNormGrad(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &x = operand(node, 0);
  Sizes statistics = x;
  statistics[0] = 1;
  const Sizes channels = {x[0]};
  const Sizes *wanted[] = {&x, &x, &statistics, &statistics, &channels};
  for (size_t i = 0; i < 5; ++i) {
    if (std::string error = expect(node, i, *wanted[i]); !error.empty()) {
      return error;
    }
  }
  results = {x, channels, channels};
  return "";
}

std::string softmax(const NodeShapes &node, std::vector<Sizes> &results) {
  size_t axis;
  std::string error = checkAxis(node, "dim", operand(node, 0).size(), axis);
  return error.empty() ? same(node, results) : error;
}

std::string dropout(const NodeShapes &node, std::vector<Sizes> &results) {
  results = {operand(node, 0), operand(node, 0)};
  return expect(node, 1, {1});
}

std::string crossEntropy(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &logits = operand(node, 0);
  results = {{1}, logits};
  return expect(node, 1, {logits[1]});
}

std::string crossEntropyGrad(const NodeShapes &node,
                             std::vector<Sizes> &results) {
  const Sizes &logSoftmax = operand(node, 0);
  results = {logSoftmax};
  return expect(node, 1, {logSoftmax[1]});
}

std::string gather(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &data = operand(node, 0), &indices = operand(node, 1);
  size_t axis;
  if (std::string error = checkAxis(node, "axis", data.size(), axis);
      !error.empty()) {
    return error;
  }
  Sizes sizes = data;
  sizes.erase(sizes.begin() + axis);
  sizes.insert(sizes.begin() + axis, indices.begin(), indices.end());
  results = {sizes};
  return "";
}

std::string gatherElements(const NodeShapes &node,
                           std::vector<Sizes> &results) {
  const Sizes &data = operand(node, 0), &indices = operand(node, 1);
  size_t axis;
  if (std::string error = checkAxis(node, "axis", data.size(), axis);
      !error.empty()) {
    return error;
  }
  Sizes expected = data;
  expected[axis] = at(indices, axis);
  results = {indices};
  return expect(node, 1, expected);
}

std::string embeddingGrad(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &dy = operand(node, 0);
  results = {{dy[0], paramInt(*node.params, "numWeights")}};
  return expect(node, 1, Sizes(dy.begin() + 1, dy.end()));
}

std::string scatterAdd(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &data = operand(node, 0);
  size_t axis;
  if (std::string error = checkAxis(node, "axis", data.size(), axis);
      !error.empty()) {
    return error;
  }
  Sizes updates = data;
  updates[axis] = at(operand(node, 1), axis);
  results = {data};
  std::string error = expect(node, 1, updates);
  return error.empty() ? expect(node, 2, updates) : error;
}

std::string oneHot(const NodeShapes &node, std::vector<Sizes> &results) {
  Sizes sizes = operand(node, 0);
  size_t axis;
  if (std::string error = checkAxis(node, "axis", sizes.size() + 1, axis);
      !error.empty()) {
    return error;
  }
  sizes.insert(sizes.begin() + axis, paramInt(*node.params, "depth"));
  results = {sizes};
  return "";
}

std::string range(const NodeShapes &node, std::vector<Sizes> &results) {
  double start = paramFloat(*node.params, "start");
  double limit = paramFloat(*node.params, "limit");
  double delta = paramFloat(*node.params, "delta");
  double count = delta == 0 ? 0 : std::ceil((limit - start) / delta);
  if (!(count >= 1 && count <= 1e9)) {
    return "expected a range that has elements, found start " +
           std::to_string(start) + ", limit " + std::to_string(limit) +
           " and delta " + std::to_string(delta);
  }
  results = {{int64_t(count)}};
  return "";
}

std::string reduce(const NodeShapes &node, std::vector<Sizes> &results) {
  Sizes sizes = operand(node, 0);
  size_t axis;
  if (std::string error =
          checkAxis(node, "reductionDimension", sizes.size(), axis);
      !error.empty()) {
    return error;
  }
  sizes[axis] = 1;
  results.assign(node.results.size(), sizes);
  return "";
}

std::string reduceMany(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &x = operand(node, 0);
  int64_t all = (int64_t(1) << x.size()) - 1;
  int64_t mask = paramInt(*node.params, "mask");
  if (mask > all) {
    return "expected a mask of " + std::to_string(x.size()) +
           " dimensions, found " + std::to_string(mask);
  }
  bool keep = paramBool(*node.params, "keepDim");
  Sizes sizes;
  for (size_t d = 0; d < x.size(); ++d) {
    if (mask != 0 && !(mask >> d & 1)) {
      sizes.push_back(x[d]);
    } else if (keep && mask != 0) {
      sizes.push_back(1);
    }
  }
  results = {sizes.empty() ? Sizes{1} : sizes};
  return "";
}

std::string scalar(const NodeShapes &, std::vector<Sizes> &results) {
  results = {{1}};
  return "";
}

std::string transpose(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &x = operand(node, 0);
  std::vector<int64_t> permutation = paramList(*node.params, "permutation");
  std::vector<int64_t> sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> all(x.size());
  std::iota(all.begin(), all.end(), 0);
  if (sorted != all) {
    return "expected a permutation of " + std::to_string(x.size()) +
           " dimensions, found " + sizesText(permutation);
  }
  results.resize(1);
  for (int64_t source : permutation) {
    results[0].push_back(x[source]);
  }
  return "";
}

std::string reshape(const NodeShapes &node, std::vector<Sizes> &results) {
  results = node.results;
  if (elements(operand(node, 0)) != elements(results[0])) {
    return "expected a result of as many elements as " +
           sizesText(operand(node, 0)) + ", found " + sizesText(results[0]);
  }
  return "";
}

std::string repeat(const NodeShapes &node, std::vector<Sizes> &results) {
  const Sizes &x = operand(node, 0);
  results = node.results;
  bool fits = x.size() <= results[0].size();
  for (size_t d = 0; fits && d < x.size(); ++d) {
    fits = x[d] == 1 || x[d] == results[0][d];
  }
  return fits ? ""
              : "expected a result that " + sizesText(x) +
                    " broadcasts to, found " + sizesText(results[0]);
}

/// Error unless all `pieces` are like `whole` but for `axis`, along which they
/// add up to it.
static std::string addUp(const std::vector<const Sizes *> &pieces, size_t axis,
                         Sizes &whole) {
  whole = *pieces[0];
  for (size_t i = 1; i < pieces.size(); ++i) {
    Sizes piece = *pieces[i];
    int64_t added = at(piece, axis);
    if (piece.size() == whole.size()) {
      piece[axis] = whole[axis];
    }
    if (piece == whole) {
      whole[axis] += added;
      continue;
    }
    return "expected pieces that differ in dimension " + std::to_string(axis) +
           " alone, found " + sizesText(*pieces[0]) + " and " +
           sizesText(*pieces[i]);
  }
  return "";
}

std::string concat(const NodeShapes &node, std::vector<Sizes> &results) {
  size_t axis;
  if (std::string error =
          checkAxis(node, "axis", operand(node, 0).size(), axis);
      !error.empty()) {
    return error;
  }
  results.resize(1);
  return addUp(node.operands, axis, results[0]);
}

std::string split(const NodeShapes &node, std::vector<Sizes> &results) {
  size_t axis;
  const Sizes &whole = operand(node, 0);
  if (std::string error = checkAxis(node, "axis", whole.size(), axis);
      !error.empty()) {
    return error;
  }
  results = node.results;
  std::vector<const Sizes *> pieces;
  for (const Sizes &piece : results) {
    pieces.push_back(&piece);
  }
  Sizes sum;
  if (pieces[0]->size() != whole.size()) {
    sum = *pieces[0];
  } else if (std::string error = addUp(pieces, axis, sum); !error.empty()) {
    return error;
  }
  return sum == whole ? ""
                      : "expected results that add up to " + sizesText(whole) +
                            ", found " + sizesText(sum);
}

/// Sizes of the piece that the parameters cut out of `whole`.
static std::string cut(const NodeShapes &node, const Sizes &whole,
                       Sizes &piece) {
  std::vector<int64_t> axes = paramList(*node.params, "axes");
  std::vector<int64_t> starts = paramList(*node.params, "starts");
  std::vector<int64_t> ends = paramList(*node.params, "ends");
  std::vector<int64_t> steps = paramList(*node.params, "steps");
  if (starts.size() != axes.size() || ends.size() != axes.size() ||
      steps.size() != axes.size()) {
    return "expected as many starts, ends and steps as axes, found " +
           std::to_string(axes.size()) + " axes, " +
           std::to_string(starts.size()) + " starts, " +
           std::to_string(ends.size()) + " ends and " +
           std::to_string(steps.size()) + " steps";
  }
  piece = whole;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = axes[i];
    if (axis < 0 || axis >= int64_t(whole.size()) || starts[i] < 0 ||
        starts[i] >= ends[i] || ends[i] > whole[axis] || steps[i] < 1) {
      return "expected a range inside " + sizesText(whole) + ", found " +
             std::to_string(starts[i]) + " to " + std::to_string(ends[i]) +
             " in steps of " + std::to_string(steps[i]) + " along " +
             std::to_string(axis);
    }
    piece[axis] = (ends[i] - starts[i] + steps[i] - 1) / steps[i];
  }
  return "";
}

std::string slice(const NodeShapes &node, std::vector<Sizes> &results) {
  results.resize(1);
  return cut(node, operand(node, 0), results[0]);
}

std::string sliceInsert(const NodeShapes &node, std::vector<Sizes> &results) {
  Sizes piece;
  if (std::string error = cut(node, operand(node, 0), piece); !error.empty()) {
    return error;
  }
  results = {operand(node, 0)};
  return expect(node, 1, piece);
}

std::string sliceGrad(const NodeShapes &node, std::vector<Sizes> &results) {
  Sizes piece;
  results = node.results;
  if (std::string error = cut(node, results[0], piece); !error.empty()) {
    return error;
  }
  return expect(node, 0, piece);
}

std::string squeeze(const NodeShapes &node, std::vector<Sizes> &results) {
  Sizes sizes = operand(node, 0);
  size_t axis;
  if (std::string error = checkAxis(node, "axis", sizes.size(), axis);
      !error.empty()) {
    return error;
  }
  if (sizes[axis] != 1 || sizes.size() == 1) {
    return "expected a dimension of size 1 to leave out at " +
           std::to_string(axis) + ", found " + sizesText(sizes);
  }
  sizes.erase(sizes.begin() + axis);
  results = {sizes};
  return "";
}

std::string expandDims(const NodeShapes &node, std::vector<Sizes> &results) {
  Sizes sizes = operand(node, 0);
  size_t axis;
  if (std::string error = checkAxis(node, "axis", sizes.size() + 1, axis);
      !error.empty()) {
    return error;
  }
  sizes.insert(sizes.begin() + axis, 1);
  results = {sizes};
  return "";
}

} // namespace rule

} // namespace bertc::synapse
