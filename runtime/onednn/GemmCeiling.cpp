// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/GemmCeiling.h"

#include "runtime/core/MemoryBlock.h"
#include "runtime/core/PlanFile.h"
#include "runtime/core/Threads.h"
#include "runtime/onednn/MatmulGeometry.h"
#include "runtime/onednn/OneDnn.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>

namespace bertc::rt {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

struct GemmShape {
  int64_t batch, m, k, n;
  DType in, out;

  bool operator<(const GemmShape &o) const {
    return std::tie(batch, m, k, n, in, out) <
           std::tie(o.batch, o.m, o.k, o.n, o.in, o.out);
  }
};

// Random data: the tile unit slows down with it, zeros would flatter.
void fillRandom(memory &m) {
  size_t bytes = m.get_desc().get_size();
  bool half = m.get_desc().get_data_type() == memory::data_type::bf16;
  auto *out = static_cast<std::byte *>(m.get_data_handle());
  uint32_t state = 12345;
  size_t size = half ? 2 : 4;
  for (size_t i = 0; i + size <= bytes; i += size) {
    state = state * 1664525u + 1013904223u;
    float value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    bits >>= half ? 16 : 0;
    std::memcpy(out + i, &bits, size);
  }
}

// One matmul in one layout, with memory of its own.
class Candidate {
public:
  explicit Candidate(const dnnl::matmul::primitive_desc &pd) : matmul_(pd) {
    for (auto [arg, desc] : {std::pair(DNNL_ARG_SRC, pd.src_desc()),
                             std::pair(DNNL_ARG_WEIGHTS, pd.weights_desc()),
                             std::pair(DNNL_ARG_DST, pd.dst_desc())}) {
      memory m(desc, cpuEngine());
      fillRandom(m);
      args_.emplace(arg, std::move(m));
    }
  }

  // Median of `runs` after one warm-up.
  double seconds(int runs) {
    std::vector<double> times;
    for (int i = 0; i <= runs; ++i) {
      auto begin = std::chrono::steady_clock::now();
      matmul_.execute(cpuStream(), args_);
      cpuStream().wait();
      std::chrono::duration<double> took =
          std::chrono::steady_clock::now() - begin;
      if (i > 0) {
        times.push_back(took.count());
      }
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

private:
  dnnl::matmul matmul_;
  std::unordered_map<int, memory> args_;
};

// Layouts to try for a and b: plain and transposed, and the library's choice
// where there is no batch.
std::vector<dnnl::matmul::primitive_desc> layouts(const GemmShape &s) {
  bool batched = s.batch > 1;
  std::vector<Tag> tags = batched
                              ? std::vector<Tag>{Tag::abc, Tag::acb}
                              : std::vector<Tag>{Tag::any, Tag::ab, Tag::ba};
  auto dims = [&](int64_t rows, int64_t cols) {
    return batched ? memory::dims{s.batch, rows, cols}
                   : memory::dims{rows, cols};
  };
  std::vector<dnnl::matmul::primitive_desc> all;
  for (Tag ta : tags) {
    for (Tag tb : tags) {
      dnnl::matmul::primitive_desc pd(
          cpuEngine(), {dims(s.m, s.k), toDnnl(s.in), ta},
          {dims(s.k, s.n), toDnnl(s.in), tb},
          {dims(s.m, s.n), toDnnl(s.out), batched ? Tag::abc : Tag::ab});
      if (!isReference(pd.impl_info_str())) {
        all.push_back(pd);
      }
    }
  }
  return all;
}

// A quick look at every layout, then the median of seven in the best one.
double bestSeconds(const GemmShape &shape) {
  auto all = layouts(shape);
  const dnnl::matmul::primitive_desc *best = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const auto &pd : all) {
    double seconds = Candidate(pd).seconds(2);
    if (seconds < least) {
      least = seconds;
      best = &pd;
    }
  }
  return best == nullptr ? 0.0 : Candidate(*best).seconds(7);
}

StatusOr<GemmShape> shapeOfStep(const plan::Entry &entry,
                                const plan::Step &step) {
  if (step.inputs()->size() < 2 || step.outputs()->size() != 1 ||
      step.inputs()->Get(0) == kNoOperand ||
      step.inputs()->Get(1) == kNoOperand ||
      step.outputs()->Get(0) == kNoOperand) {
    return corrupt("a Matmul step lacks an operand");
  }
  auto operand = [&](uint32_t i) {
    return describeTensor(*entry.tensors()->Get(i));
  };
  TensorRef a = operand(step.inputs()->Get(0));
  TensorRef b = operand(step.inputs()->Get(1));
  TensorRef c = operand(step.outputs()->Get(0));
  BERTC_ASSIGN_OR_RETURN(MatmulGeometry g,
                         matmulGeometry(a, b, c, TensorRef()));
  // Where the library does not multiply bf16, products are formed in f32.
  bool wide = !multipliesBf16();
  return GemmShape{g.batchCount(),
                   g.m,
                   g.k,
                   g.n,
                   wide ? DType::F32 : a.dtype,
                   wide ? DType::F32 : c.dtype};
}

// The products inside a step of fused attention: what anybody would have to
// multiply, not what the gradient computes again.
StatusOr<std::vector<GemmShape>> shapesOfAttention(const plan::Entry &entry,
                                                   const plan::Step &step) {
  bool gradient = step.params_type() == plan::Params::AttentionGradParams;
  uint32_t first = gradient ? 1 : 0;
  if (step.inputs()->size() < first + 2 ||
      step.inputs()->Get(first) == kNoOperand ||
      step.inputs()->Get(first + 1) == kNoOperand) {
    return corrupt("an attention step lacks an operand");
  }
  TensorRef q =
      describeTensor(*entry.tensors()->Get(step.inputs()->Get(first)));
  TensorRef k =
      describeTensor(*entry.tensors()->Get(step.inputs()->Get(first + 1)));
  if (q.rank != 4 || k.rank != 4) {
    return corrupt("q is " + q.describe() + " and k " + k.describe() +
                   ", expected four axes");
  }
  int64_t heads = q.dims[0] * q.dims[1], s = q.dims[2], t = k.dims[2],
          d = q.dims[3];
  DType type = multipliesBf16() ? q.dtype : DType::F32;
  GemmShape scores{heads, s, d, t, type, type};
  GemmShape toQueries{heads, s, t, d, type, type};
  GemmShape toKeys{heads, t, s, d, type, type};
  return gradient ? std::vector<GemmShape>{scores, toQueries, toKeys, toKeys}
                  : std::vector<GemmShape>{scores, toQueries};
}

} // namespace

StatusOr<double> gemmCeilingSeconds(const Plan &plan, const std::string &entry,
                                    int threads) {
  int index = plan.file().findEntry(entry);
  if (index < 0) {
    return notFound("plan " + plan.path() + " has no entry '" + entry + "'");
  }
  const plan::Entry &e =
      *plan.file().root().entries()->Get(static_cast<uint32_t>(index));
  std::map<GemmShape, int> counts;
  for (const plan::Step *step : *e.steps()) {
    if (step->params_type() == plan::Params::MatmulParams) {
      BERTC_ASSIGN_OR_RETURN(GemmShape shape, shapeOfStep(e, *step));
      ++counts[shape];
    } else if (step->params_type() == plan::Params::AttentionParams ||
               step->params_type() == plan::Params::AttentionGradParams) {
      BERTC_ASSIGN_OR_RETURN(std::vector<GemmShape> shapes,
                             shapesOfAttention(e, *step));
      for (const GemmShape &shape : shapes) {
        ++counts[shape];
      }
    }
  }
  RunThreads scope(resolveThreads(threads));
  double total = 0;
  for (const auto &[shape, count] : counts) {
    BERTC_RETURN_IF_ERROR(callDnnl("GEMM ceiling", [&] {
      total += bestSeconds(shape) * count;
      return Status();
    }));
  }
  return total;
}

} // namespace bertc::rt
