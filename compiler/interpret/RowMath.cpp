// SPDX-License-Identifier: Apache-2.0
//
// Obvious loops for matrix products, softmax, layer norm and dropout.
#include "compiler/interpret/RowMath.h"

#include "runtime/kernels/philox/Philox.h"

#include <algorithm>
#include <cmath>

namespace bertc::interpret {

static const double kSqrtTwoOverPi = std::sqrt(2.0 / M_PI);

double gelu(double x, bert::GeluForm form) {
  if (form == bert::GeluForm::None) {
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  }
  return x / 2 * (1 + std::tanh(kSqrtTwoOverPi * (x + 0.044715 * x * x * x)));
}

double geluSlope(double x, bert::GeluForm form) {
  if (form == bert::GeluForm::None) {
    return 0.5 * (1 + std::erf(x / std::sqrt(2.0))) +
           x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
  }
  double t = std::tanh(kSqrtTwoOverPi * (x + 0.044715 * x * x * x));
  return 0.5 * (1 + t) +
         x / 2 * (1 - t * t) * kSqrtTwoOverPi * (1 + 3 * 0.044715 * x * x);
}

void multiply(const Tensor &a, const Tensor &b, bool transposeA,
              bool transposeB, Tensor &c) {
  int64_t m = c.shape[c.rank() - 2], n = c.shape[c.rank() - 1];
  int64_t k = a.shape[a.rank() - (transposeA ? 2 : 1)];
  int64_t batches = c.size() / (m * n);
  for (int64_t batch = 0; batch < batches; ++batch) {
    const double *pa = a.values.data() + batch * m * k;
    const double *pb = b.values.data() + batch * k * n;
    double *pc = c.values.data() + batch * m * n;
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t l = 0; l < k; ++l) {
        double left = transposeA ? pa[l * m + i] : pa[i * k + l];
        for (int64_t j = 0; j < n; ++j) {
          double right = transposeB ? pb[j * k + l] : pb[l * n + j];
          pc[i * n + j] += left * right;
        }
      }
    }
  }
}

void addToRows(const Tensor &bias, Tensor &y) {
  for (int64_t i = 0; i < y.size(); ++i) {
    y[i] += bias[i % y.rowSize()];
  }
}

void sumRows(const Tensor &x, Tensor &sum) {
  for (int64_t i = 0; i < x.size(); ++i) {
    sum[i % x.rowSize()] += x[i];
  }
}

void softmax(const Tensor &x, Tensor &y) {
  int64_t n = x.rowSize();
  for (int64_t row = 0; row < x.rowCount(); ++row) {
    const double *in = x.values.data() + row * n;
    double *out = y.values.data() + row * n;
    double largest = *std::max_element(in, in + n);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      out[i] = std::exp(in[i] - largest);
      sum += out[i];
    }
    for (int64_t i = 0; i < n; ++i) {
      out[i] /= sum;
    }
  }
}

void softmaxGrad(const Tensor &dy, const Tensor &y, Tensor &dx) {
  int64_t n = y.rowSize();
  for (int64_t row = 0; row < y.rowCount(); ++row) {
    double dot = 0;
    for (int64_t i = row * n; i < (row + 1) * n; ++i) {
      dot += dy[i] * y[i];
    }
    for (int64_t i = row * n; i < (row + 1) * n; ++i) {
      dx[i] = y[i] * (dy[i] - dot);
    }
  }
}

void layerNorm(const Tensor &x, const Tensor &gamma, const Tensor &beta,
               double eps, Tensor &y, Tensor &mean, Tensor &rstd) {
  int64_t n = x.rowSize();
  for (int64_t row = 0; row < x.rowCount(); ++row) {
    const double *in = x.values.data() + row * n;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; ++i) {
      sum += in[i];
    }
    mean[row] = sum / n;
    for (int64_t i = 0; i < n; ++i) {
      squares += (in[i] - mean[row]) * (in[i] - mean[row]);
    }
    rstd[row] = 1 / std::sqrt(squares / n + eps);
    for (int64_t i = 0; i < n; ++i) {
      y[row * n + i] = (in[i] - mean[row]) * rstd[row] * gamma[i] + beta[i];
    }
  }
}

void layerNormGrad(const Tensor &dy, const Tensor &x, const Tensor &gamma,
                   const Tensor &mean, const Tensor &rstd, Tensor &dx,
                   Tensor &dgamma, Tensor &dbeta) {
  int64_t n = x.rowSize();
  for (int64_t row = 0; row < x.rowCount(); ++row) {
    double sumG = 0, sumGH = 0;
    for (int64_t i = 0; i < n; ++i) {
      double h = (x[row * n + i] - mean[row]) * rstd[row];
      double g = dy[row * n + i] * gamma[i];
      sumG += g;
      sumGH += g * h;
      dgamma[i] += dy[row * n + i] * h;
      dbeta[i] += dy[row * n + i];
    }
    for (int64_t i = 0; i < n; ++i) {
      double h = (x[row * n + i] - mean[row]) * rstd[row];
      double g = dy[row * n + i] * gamma[i];
      dx[row * n + i] = rstd[row] * (g - sumG / n - h * sumGH / n);
    }
  }
}

void dropout(const Tensor &x, const Tensor *rng, float rate, uint32_t opId,
             Tensor &y, const Tensor *rows) {
  philox::DropoutScale scale = philox::dropoutScale(rate);
  auto word = [&](int64_t i) {
    return static_cast<uint32_t>(static_cast<int64_t>((*rng)[i]));
  };
  if (!rng || scale.threshold == 0 ||
      (word(3) & philox::kFlagDropoutOff) != 0) {
    y.values = x.values;
    return;
  }
  philox::DropoutKey key{word(0), word(1), word(2), opId};
  int64_t n = x.rowSize();
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t element =
        rows ? static_cast<int64_t>((*rows)[i / n]) * n + i % n : i;
    y[i] = philox::dropoutKeeps(key, scale, element) ? x[i] * scale.factor : 0;
  }
}

} // namespace bertc::interpret
