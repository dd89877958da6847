// SPDX-License-Identifier: Apache-2.0

#include "runtime/onednn/GemmCeiling.h"

#include "runtime/core/PlanFile.h"
#include "runtime/core/Threads.h"
#include "runtime/onednn/OneDnn.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <unordered_map>

namespace bertc::rt {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

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

  // Median of `runs`, the smaller of two for two, after one warm-up.
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
    return times[(times.size() - 1) / 2];
  }

private:
  dnnl::matmul matmul_;
  std::unordered_map<int, memory> args_;
};

// One layout for a and b.
struct Layout {
  Tag a, b;
  dnnl::matmul::primitive_desc pd;
};

// Layouts to try for a and b: plain and transposed, and the library's choice
// where there is no batch.
std::vector<Layout> layouts(const GemmShape &s) {
  bool batched = s.batch > 1;
  std::vector<Tag> tags = batched
                              ? std::vector<Tag>{Tag::abc, Tag::acb}
                              : std::vector<Tag>{Tag::any, Tag::ab, Tag::ba};
  auto dims = [&](int64_t rows, int64_t cols) {
    return batched ? memory::dims{s.batch, rows, cols}
                   : memory::dims{rows, cols};
  };
  std::vector<Layout> all;
  for (Tag ta : tags) {
    for (Tag tb : tags) {
      dnnl::matmul::primitive_desc pd(
          cpuEngine(), {dims(s.m, s.k), toDnnl(s.in), ta},
          {dims(s.k, s.n), toDnnl(s.in), tb},
          {dims(s.m, s.n), toDnnl(s.out), batched ? Tag::abc : Tag::ab});
      if (!isReference(pd.impl_info_str())) {
        all.push_back({ta, tb, pd});
      }
    }
  }
  return all;
}

char order(Tag tag) {
  return tag == Tag::any ? 'p' : tag == Tag::ab || tag == Tag::abc ? 'n' : 't';
}

// A quick look at every layout, then the median of seven in the three that
// looked best: two runs do not tell near ones apart on a machine that is not
// quite idle.
GemmTime timeInBestLayout(const GemmShape &shape) {
  std::vector<std::pair<double, Layout>> all;
  for (const Layout &layout : layouts(shape)) {
    all.emplace_back(Candidate(layout.pd).seconds(2), layout);
  }
  size_t kept = std::min<size_t>(3, all.size());
  std::partial_sort(
      all.begin(), all.begin() + static_cast<ptrdiff_t>(kept), all.end(),
      [](const auto &x, const auto &y) { return x.first < y.first; });
  GemmTime best;
  for (size_t i = 0; i < kept; ++i) {
    const Layout &layout = all[i].second;
    double seconds = Candidate(layout.pd).seconds(7);
    if (i == 0 || seconds < best.seconds) {
      best.seconds = seconds;
      best.layout = {order(layout.a), order(layout.b)};
      best.implementation = layout.pd.impl_info_str();
    }
  }
  return best;
}

} // namespace

StatusOr<std::vector<GemmTime>> timeProducts(const Plan &plan,
                                             const std::string &entry,
                                             int threads,
                                             const RowLengths &rows) {
  int index = plan.file().findEntry(entry);
  if (index < 0) {
    return notFound("plan " + plan.path() + " has no entry '" + entry + "'");
  }
  const plan::Entry &e =
      *plan.file().root().entries()->Get(static_cast<uint32_t>(index));
  std::map<GemmShape, int> counts;
  for (const plan::Step *step : *e.steps()) {
    BERTC_ASSIGN_OR_RETURN(StepProducts products,
                           productsOfStep(e, *step, rows));
    for (const GemmShape &shape : products.shapes) {
      ++counts[shape];
    }
  }
  RunThreads scope(resolveThreads(threads));
  std::vector<GemmTime> times;
  for (const auto &[shape, count] : counts) {
    GemmTime time;
    BERTC_RETURN_IF_ERROR(callDnnl("GEMM ceiling", [&] {
      time = timeInBestLayout(shape);
      return Status();
    }));
    time.shape = shape;
    time.count = count;
    times.push_back(time);
  }
  return times;
}

double ceilingSeconds(const std::vector<GemmTime> &times) {
  double total = 0;
  for (const GemmTime &time : times) {
    total += time.seconds * time.count;
  }
  return total;
}

} // namespace bertc::rt
