// SPDX-License-Identifier: Apache-2.0
//
// One way to open whatever a user has weights in: a TensorFlow V2 checkpoint
// prefix (or a folder with the file `checkpoint`), a .safetensors file with
// our names or Hugging Face's, its shards by their .safetensors.index.json, or
// a Hugging Face folder of either. Tensors appear under our names and in our
// layout.
//
//   BERTC_ASSIGN_OR_RETURN(auto weights, WeightSource::open(path));
//   BERTC_RETURN_IF_ERROR(weights->readF32(requests));
#pragma once

#include "bertc/status.h"
#include "io/TensorInfo.h"

#include <memory>
#include <string>
#include <vector>

namespace bertc {

/// Where one variable is to be copied to.
struct ReadRequest {
  /// Our name.
  std::string name;
  /// Expected shape, in our layout.
  std::vector<int64_t> shape;
  /// Room for all its elements, row-major.
  float *target = nullptr;
};

/// Weights open for reading; keep it alive only as long as it is read from.
class WeightSource {
public:
  static StatusOr<std::unique_ptr<WeightSource>> open(const std::string &path);
  virtual ~WeightSource() = default;

  /// Tensors under our names and in our layout (kernels [in, out]), sorted;
  /// their dtype is the file's.
  const std::vector<TensorInfo> &tensors() const { return tensors_; }
  const TensorInfo *find(const std::string &name) const;

  /// Tensors of the file that are no variable we know, under their own names.
  const std::vector<std::string> &unknown() const { return unknown_; }
  const std::string &path() const { return path_; }

  /// Copies tensors into the caller's buffers in parallel, converting from
  /// f64, f16 or bf16 and transposing where the file differs. NotFound or
  /// InvalidArgument name the tensors that are missing or of another shape;
  /// nothing is copied then. After Corrupt the buffers hold anything.
  Status readF32(const std::vector<ReadRequest> &requests) const;

  /// A tensor's bytes in the file's own type, in our layout; for states such
  /// as global_step.
  StatusOr<std::string> readRaw(const std::string &name) const;

protected:
  /// Where a tensor's bytes are and how they differ from what is wanted.
  struct Location {
    const uint8_t *data = nullptr;
    uint64_t bytes = 0;
    /// The file holds the transposed matrix.
    bool transposed = false;
    bool hasCrc = false;
    uint32_t maskedCrc = 0;
  };
  virtual Location locate(size_t index) const = 0;
  /// What the file calls the tensor.
  virtual const std::string &nameInFile(size_t index) const {
    return tensors_[index].name;
  }
  /// The error for bytes that do not have their checksum.
  virtual Status checksumError(size_t index) const = 0;

  Status checkRequests(const std::vector<ReadRequest> &requests) const;

  std::string path_;
  /// Sorted by name; locate() takes an index into it.
  std::vector<TensorInfo> tensors_;
  std::vector<std::string> unknown_;
};

} // namespace bertc
