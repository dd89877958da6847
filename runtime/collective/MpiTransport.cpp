// SPDX-License-Identifier: Apache-2.0
//
// The transport over Open MPI, or any other MPI. A shared library of its own,
// libbertc-mpi.so, which is the only part of the project that links MPI and is
// loaded only in a run of several processes.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include "runtime/collective/Transport.h"

#include <limits>
#include <mpi.h>
#include <string>
#include <unistd.h>
#include <unordered_map>

namespace bertc::rt {

namespace {

Status mpiError(const char *call, int code) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  return ioError(std::string(call) + ": " + text);
}

class MpiTransport final : public Transport {
public:
  Status open() {
    // One thread makes all calls; which one is of no importance to MPI.
    int provided = 0;
    int code =
        MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    if (code != MPI_SUCCESS) {
      return mpiError("MPI_Init_thread", code);
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    code = MPI_Comm_dup(MPI_COMM_WORLD, &all_);
    if (code != MPI_SUCCESS) {
      return mpiError("MPI_Comm_dup", code);
    }
    MPI_Comm_set_errhandler(all_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(all_, &rank_);
    MPI_Comm_size(all_, &size_);
    return Status();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  StatusOr<Handle> send(int peer, int tag, const void *data,
                        size_t bytes) override {
    BERTC_RETURN_IF_ERROR(checkSize(bytes));
    MPI_Request request;
    int code = MPI_Isend(data, static_cast<int>(bytes), MPI_BYTE, peer, tag,
                         all_, &request);
    if (code != MPI_SUCCESS) {
      return mpiError("MPI_Isend", code);
    }
    return keep(request, true, bytes);
  }

  StatusOr<Handle> receive(int peer, int tag, void *data,
                           size_t bytes) override {
    BERTC_RETURN_IF_ERROR(checkSize(bytes));
    MPI_Request request;
    int code = MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE, peer, tag,
                         all_, &request);
    if (code != MPI_SUCCESS) {
      return mpiError("MPI_Irecv", code);
    }
    return keep(request, false, bytes);
  }

  StatusOr<std::optional<size_t>> test(Handle handle) override {
    Request &request = requests_.at(handle);
    int done = 0;
    MPI_Status status;
    int code = MPI_Test(&request.mpi, &done, &status);
    if (code != MPI_SUCCESS) {
      requests_.erase(handle);
      return mpiError("MPI_Test", code);
    }
    if (!done) {
      return std::optional<size_t>();
    }
    int received = 0;
    MPI_Get_count(&status, MPI_BYTE, &received);
    size_t bytes =
        request.outgoing ? request.bytes : static_cast<size_t>(received);
    requests_.erase(handle);
    return std::optional<size_t>(bytes);
  }

  void cancelAll() override {
    for (auto &[handle, request] : requests_) {
      if (!request.outgoing) {
        MPI_Cancel(&request.mpi);
      }
      MPI_Request_free(&request.mpi);
    }
    requests_.clear();
  }

  Status finish() override {
    cancelAll();
    MPI_Comm_free(&all_);
    int code = MPI_Finalize();
    return code == MPI_SUCCESS ? Status() : mpiError("MPI_Finalize", code);
  }

  [[noreturn]] void abort(int exitCode) override {
    MPI_Abort(MPI_COMM_WORLD, exitCode);
    _exit(exitCode);
  }

private:
  struct Request {
    MPI_Request mpi;
    bool outgoing;
    size_t bytes;
  };

  static Status checkSize(size_t bytes) {
    if (bytes <= static_cast<size_t>(std::numeric_limits<int>::max())) {
      return Status();
    }
    return internalError("a message of " + std::to_string(bytes) +
                         " bytes is longer than MPI takes");
  }

  Handle keep(MPI_Request request, bool outgoing, size_t bytes) {
    requests_.emplace(++last_, Request{request, outgoing, bytes});
    return last_;
  }

  MPI_Comm all_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1;
  Handle last_ = 0;
  std::unordered_map<Handle, Request> requests_;
};

} // namespace

} // namespace bertc::rt

extern "C" __attribute__((visibility("default"))) bertc::rt::Transport *
bertcOpenTransport(uint32_t version, bertc::Status *error) {
  if (version != bertc::rt::transportVersion) {
    *error = bertc::failedPrecondition(
        "libbertc-mpi.so is of version " +
        std::to_string(bertc::rt::transportVersion) + ", the program needs " +
        std::to_string(version) + "; install both from one build");
    return nullptr;
  }
  auto transport = std::make_unique<bertc::rt::MpiTransport>();
  *error = transport->open();
  return error->ok() ? transport.release() : nullptr;
}
