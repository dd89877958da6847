// SPDX-License-Identifier: Apache-2.0
//
// The norms of a weight are sums over parts, of sums over blocks, of lanes of
// f32. A stretch may begin and end in the midst of a part, or of a block. What
// others must know of it is, segment by segment,
//   the sums of a part that lies in it,
//   the sums of a block that lies in it, where the part does not,
//   the numbers themselves, where the block does not either.
#include "runtime/steps/SplitLamb.h"

#include "runtime/kernels/common/Parallel.h"

#include <algorithm>
#include <cstring>

namespace bertc::rt {
namespace {

using kernels::kNormBlock;
using kernels::NormSums;

/// Before the segments of a stretch in a message.
struct Header {
  uint32_t variable = 0;
  uint32_t reserved = 0;
  int64_t begin = 0, end = 0;
  /// That follow.
  uint64_t bytes = 0;
};

struct Segment {
  ElementRange range;
  /// A whole part or block, of which the sums are enough.
  bool summed = false;

  size_t bytes() const {
    return summed ? sizeof(NormSums)
                  : static_cast<size_t>(2 * range.count()) * sizeof(float);
  }
};

std::vector<Segment> segmentsOf(ElementRange stretch, int64_t elements) {
  int64_t part = kernels::normPartElements(elements);
  std::vector<Segment> segments;
  for (int64_t at = stretch.begin; at < stretch.end;) {
    int64_t first = at / part * part;
    int64_t end = std::min(first + part, elements);
    if (at > first || end > stretch.end) { // not all of the part
      first = at / kNormBlock * kNormBlock;
      end = std::min(first + kNormBlock, end);
    }
    int64_t stop = std::min(end, stretch.end);
    segments.push_back({{at, stop}, at == first && stop == end});
    at = stop;
  }
  return segments;
}

/// A segment as it came.
struct Received {
  Segment segment;
  const char *data = nullptr;

  NormSums sums() const {
    NormSums value;
    std::memcpy(&value, data, sizeof(value));
    return value;
  }
};

Status incomplete(const char *what) {
  return internalError(std::string("the sums of a split variable ") + what +
                       "; the sessions that share an update do not agree");
}

/// The segments of `variable` in a message, behind those in `all`.
Status collect(const std::string &message, uint32_t variable, int64_t elements,
               std::vector<Received> *all) {
  for (size_t at = 0; at < message.size();) {
    Header header;
    if (message.size() - at < sizeof(header)) {
      return incomplete("end in the midst of a header");
    }
    std::memcpy(&header, message.data() + at, sizeof(header));
    at += sizeof(header);
    if (header.bytes > message.size() - at) {
      return incomplete("end early");
    }
    if (header.variable == variable) {
      bool inside = 0 <= header.begin && header.begin <= header.end &&
                    header.end <= elements;
      size_t used = 0;
      for (const Segment &segment : segmentsOf(
               inside ? ElementRange{header.begin, header.end} : ElementRange(),
               elements)) {
        all->push_back({segment, message.data() + at + used});
        used += segment.bytes();
      }
      if (used != header.bytes) {
        return incomplete("are not those of their elements");
      }
    }
    at += header.bytes;
  }
  return Status();
}

/// Adds what several sessions have of one block; advances `next` beyond it.
NormSums sumsOfCutBlock(const std::vector<Received> &all, size_t *next,
                        int64_t end) {
  float var[kNormBlock], update[kNormBlock];
  int64_t count = 0;
  for (; *next < all.size() && all[*next].segment.range.begin < end; ++*next) {
    const Received &piece = all[*next];
    int64_t n = piece.segment.range.count();
    size_t bytes = static_cast<size_t>(n) * sizeof(float);
    std::memcpy(var + count, piece.data, bytes);
    std::memcpy(update + count, piece.data + bytes, bytes);
    count += n;
  }
  return kernels::lambBlockSums(var, update, count);
}

void add(NormSums *to, const NormSums &more) {
  to->var += more.var;
  to->update += more.update;
}

/// Of segments that cover the variable, in their order.
NormSums totalOf(const std::vector<Received> &all, int64_t elements) {
  int64_t part = kernels::normPartElements(elements);
  NormSums total;
  for (size_t next = 0; next < all.size();) {
    int64_t begin = all[next].segment.range.begin;
    int64_t partEnd = std::min(begin + part, elements);
    if (all[next].segment.summed &&
        all[next].segment.range.end == partEnd) { // the part as a whole
      add(&total, all[next++].sums());
      continue;
    }
    NormSums sums;
    while (next < all.size() && all[next].segment.range.begin < partEnd) {
      const Segment &segment = all[next].segment;
      int64_t blockEnd = std::min(segment.range.begin + kNormBlock, partEnd);
      add(&sums, segment.summed ? all[next++].sums()
                                : sumsOfCutBlock(all, &next, blockEnd));
    }
    add(&total, sums);
  }
  return total;
}

} // namespace

SplitLamb::SplitLamb(uint32_t variable, const kernels::OptimizerArgs &whole,
                     ElementRange own, const float *rate, const int32_t *step)
    : variable_(variable), whole_(whole), own_(own), rate_(rate), step_(step) {}

kernels::OptimizerArgs SplitLamb::stretch(ElementRange range) const {
  kernels::OptimizerArgs args = stretchOf(whole_, range);
  args.learningRate = *rate_;
  args.updateStep = *step_;
  return args;
}

Status SplitLamb::begin(std::string *message) {
  if (*step_ < 1) {
    return invalidArgument("update_step is " + std::to_string(*step_) +
                           ", expected to count from 1");
  }
  std::vector<Segment> segments = segmentsOf(own_, whole_.elements);
  std::vector<NormSums> sums(segments.size());
  kernels::parallelRanges(
      static_cast<int64_t>(segments.size()), 1, [&](int64_t i, int64_t) {
        auto at = static_cast<size_t>(i);
        sums[at] = kernels::lambFirstHalf(stretch(segments[at].range));
      });
  Header header = {variable_, 0, own_.begin, own_.end, 0};
  for (const Segment &segment : segments) {
    header.bytes += segment.bytes();
  }
  auto append = [&](const void *data, size_t bytes) {
    message->append(static_cast<const char *>(data), bytes);
  };
  append(&header, sizeof(header));
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].summed) {
      append(&sums[i], sizeof(sums[i]));
      continue;
    }
    ElementRange range = segments[i].range;
    size_t bytes = static_cast<size_t>(range.count()) * sizeof(float);
    append(whole_.var + range.begin, bytes);
    append(whole_.gradient + range.begin, bytes);
  }
  return Status();
}

Status SplitLamb::take(const std::vector<std::string> &messages) {
  std::vector<Received> all;
  for (const std::string &message : messages) {
    BERTC_RETURN_IF_ERROR(collect(message, variable_, whole_.elements, &all));
  }
  std::sort(all.begin(), all.end(), [](const Received &a, const Received &b) {
    return a.segment.range.begin < b.segment.range.begin;
  });
  int64_t covered = 0;
  for (const Received &piece : all) {
    if (piece.segment.range.begin != covered) {
      return incomplete("overlap or leave elements out");
    }
    covered = piece.segment.range.end;
  }
  if (covered != whole_.elements) {
    return incomplete("leave its end out");
  }
  total_ = totalOf(all, whole_.elements);
  return Status();
}

Status SplitLamb::finish() {
  kernels::lambSecondHalf(stretch(own_), total_);
  return Status();
}

} // namespace bertc::rt
