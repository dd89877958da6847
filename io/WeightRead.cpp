// SPDX-License-Identifier: Apache-2.0
//
// Copying weights out of a mapped file. The work is cut into pieces of about a
// megabyte; a piece is checksummed, converted and transposed while it is in
// cache, and all threads take pieces until none are left.
#include "io/Crc32c.h"
#include "io/PlainNames.h"
#include "io/WeightSource.h"

#include <algorithm>
#include <cstring>

namespace bertc {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;
/// Rows transposed together: one cache line of the target.
constexpr int64_t kBand = 16;

/// A tensor on its way from the file to the caller. As a matrix in the file it
/// is `rows` x `cols`; what is not transposed is a single column.
struct Job {
  const uint8_t *source = nullptr;
  float *target = nullptr;
  DataType dtype = DataType::F32;
  int64_t rows = 0;
  int64_t cols = 1;
  bool transposed = false;
  bool hasCrc = false;
};

/// Rows [begin, end) of a job and the crc32c of their bytes.
struct Piece {
  size_t job = 0;
  int64_t begin = 0;
  int64_t end = 0;
  uint32_t crc = 0;
};

uint64_t rowBytes(const Job &job) {
  return static_cast<uint64_t>(job.cols) * dataTypeSize(job.dtype);
}

/// Writes rows [begin, end) of the source as columns of the target.
void copyTransposed(const Job &job, int64_t begin, int64_t end) {
  const size_t bytes = rowBytes(job);
  std::vector<float> band(static_cast<size_t>(kBand * job.cols));
  for (int64_t r0 = begin; r0 < end; r0 += kBand) {
    const int64_t count = std::min(kBand, end - r0);
    (void)convertToF32(job.dtype, job.source + static_cast<size_t>(r0) * bytes,
                       band.data(), static_cast<size_t>(count * job.cols));
    float *out = job.target + r0;
    if (count == kBand) { // a constant trip count, so that it vectorises
      for (int64_t c = 0; c < job.cols; ++c) {
        for (int64_t r = 0; r < kBand; ++r) {
          out[c * job.rows + r] = band[static_cast<size_t>(r * job.cols + c)];
        }
      }
      continue;
    }
    for (int64_t c = 0; c < job.cols; ++c) {
      for (int64_t r = 0; r < count; ++r) {
        out[c * job.rows + r] = band[static_cast<size_t>(r * job.cols + c)];
      }
    }
  }
}

void doPiece(const Job &job, Piece *piece) {
  const uint8_t *source =
      job.source + static_cast<uint64_t>(piece->begin) * rowBytes(job);
  const uint64_t count = static_cast<uint64_t>(piece->end - piece->begin);
  if (job.hasCrc) {
    piece->crc = crc32c(source, count * rowBytes(job));
  }
  if (job.transposed) {
    copyTransposed(job, piece->begin, piece->end);
  } else {
    (void)convertToF32(job.dtype, source, job.target + piece->begin, count);
  }
}

std::vector<Piece> cut(const std::vector<Job> &jobs) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const Job &job = jobs[i];
    int64_t step = static_cast<int64_t>(std::max<uint64_t>(
        1, kPieceBytes / std::max<uint64_t>(1, rowBytes(job))));
    step = job.transposed ? (step + kBand - 1) / kBand * kBand : step;
    for (int64_t begin = 0; begin < job.rows; begin += step) {
      pieces.push_back({i, begin, std::min(job.rows, begin + step)});
    }
  }
  return pieces;
}

bool isFloat(DataType type) {
  return type == DataType::F64 || type == DataType::F32 ||
         type == DataType::F16 || type == DataType::BF16;
}

/// "a, b, c and 7 more".
std::string listed(const std::vector<std::string> &names) {
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  return names.size() <= kShown
             ? text
             : text + " and " + std::to_string(names.size() - kShown) + " more";
}

} // namespace

Status
WeightSource::checkRequests(const std::vector<ReadRequest> &requests) const {
  std::vector<std::string> missing, wrong;
  for (const ReadRequest &request : requests) {
    const TensorInfo *info = find(request.name);
    if (info == nullptr) {
      missing.push_back("'" + request.name + "'");
    } else if (info->shape != request.shape) {
      const size_t index = static_cast<size_t>(info - tensors_.data());
      const std::string &inFile = nameInFile(index);
      std::string origin;
      if (inFile != request.name) {
        origin = " ('" + quotable(inFile) + "' in the file" +
                 (locate(index).transposed ? ", transposed)" : ")");
      }
      wrong.push_back("'" + request.name + "'" + origin + " is " +
                      shapeToString(info->shape) + ", expected " +
                      shapeToString(request.shape));
    } else if (!isFloat(info->dtype)) {
      wrong.push_back("'" + request.name + "' is " + dataTypeName(info->dtype) +
                      ", expected a float type");
    }
  }
  if (!missing.empty()) {
    return notFound("'" + path_ + "' lacks " + std::to_string(missing.size()) +
                    " of " + std::to_string(requests.size()) +
                    " variables: " + listed(missing));
  }
  return wrong.empty() ? Status()
                       : invalidArgument("'" + path_ +
                                         "' does not fit: " + listed(wrong));
}

Status WeightSource::readF32(const std::vector<ReadRequest> &requests) const {
  BERTC_RETURN_IF_ERROR(checkRequests(requests));
  std::vector<Job> jobs;
  std::vector<Location> locations;
  std::vector<size_t> indices;
  for (const ReadRequest &request : requests) {
    const size_t index =
        static_cast<size_t>(find(request.name) - tensors_.data());
    const Location at = locate(index);
    Job job = {at.data, request.target, tensors_[index].dtype};
    job.hasCrc = at.hasCrc;
    job.transposed = at.transposed;
    if (at.transposed) {
      job.rows = request.shape[1];
      job.cols = request.shape[0];
    } else {
      BERTC_ASSIGN_OR_RETURN(job.rows, elementCount(request.shape));
    }
    jobs.push_back(job);
    locations.push_back(at);
    indices.push_back(index);
  }
  std::vector<Piece> pieces = cut(jobs);
  const int64_t count = static_cast<int64_t>(pieces.size());
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < count; ++i) {
    Piece &piece = pieces[static_cast<size_t>(i)];
    doPiece(jobs[piece.job], &piece);
  }
  std::vector<uint32_t> crcs(jobs.size());
  for (const Piece &piece : pieces) {
    const uint64_t bytes = static_cast<uint64_t>(piece.end - piece.begin) *
                           rowBytes(jobs[piece.job]);
    crcs[piece.job] = combineCrc32c(crcs[piece.job], piece.crc, bytes);
  }
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].hasCrc && maskCrc32c(crcs[i]) != locations[i].maskedCrc) {
      return checksumError(indices[i]);
    }
  }
  return Status();
}

StatusOr<std::string> WeightSource::readRaw(const std::string &name) const {
  const TensorInfo *info = find(name);
  if (info == nullptr) {
    return notFound("'" + path_ + "' has no tensor '" + quotable(name) + "'");
  }
  const size_t index = static_cast<size_t>(info - tensors_.data());
  const Location at = locate(index);
  if (at.hasCrc &&
      maskCrc32c(crc32cParallel(at.data, at.bytes)) != at.maskedCrc) {
    return checksumError(index);
  }
  std::string bytes(reinterpret_cast<const char *>(at.data), at.bytes);
  if (at.transposed) {
    transposeBytes(at.data, bytes.data(), info->shape[1], info->shape[0],
                   dataTypeSize(info->dtype));
  }
  return bytes;
}

} // namespace bertc
