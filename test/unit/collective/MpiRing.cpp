// SPDX-License-Identifier: Apache-2.0
//
// The collectives over MPI, between processes: sums, broadcast and gather of
// known numbers. Prints "rank R of N: ok, S bytes reduced, T s": the time that
// the sum took.
//   mpirun -np 3 mpi_ring ELEMENTS [bf16]
#include "runtime/collective/Collective.h"
#include "runtime/collective/Launch.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace bertc;

namespace {

Status check(bool holds, const char *what) {
  return holds ? Status() : internalError(std::string("wrong: ") + what);
}

Status exercise(rt::Collective &all, int64_t elements, rt::WireType type,
                double *seconds) {
  int64_t n = all.size();
  std::vector<float> data(static_cast<size_t>(elements));
  for (int64_t i = 0; i < elements; ++i) {
    data[i] = static_cast<float>((i % 8) * (all.rank() + 1));
  }
  BERTC_RETURN_IF_ERROR(all.barrier("the start"));
  auto begin = std::chrono::steady_clock::now();
  BERTC_RETURN_IF_ERROR(
      all.allReduceSum(data.data(), elements, type, "known numbers"));
  std::chrono::duration<double> passed =
      std::chrono::steady_clock::now() - begin;
  *seconds = passed.count();
  bool right = true;
  for (int64_t i = 0; i < elements; ++i) {
    right = right && data[i] == static_cast<float>((i % 8) * n * (n + 1) / 2);
  }
  BERTC_RETURN_IF_ERROR(check(right, "sum"));
  std::string text = all.isRoot() ? std::string(3000000, 'b') : "";
  BERTC_RETURN_IF_ERROR(all.broadcast(&text, "a long text"));
  BERTC_RETURN_IF_ERROR(check(text == std::string(3000000, 'b'), "broadcast"));
  BERTC_ASSIGN_OR_RETURN(
      std::vector<std::string> values,
      all.allGather(std::to_string(all.rank()), "numbers of ranks"));
  for (int64_t i = 0; i < n; ++i) {
    BERTC_RETURN_IF_ERROR(check(values[i] == std::to_string(i), "gather"));
  }
  return Status();
}

} // namespace

int main(int argc, char **argv) {
  int64_t elements = argc > 1 ? std::atoll(argv[1]) : 1000;
  bool bf16 = argc > 2 && std::strcmp(argv[2], "bf16") == 0;
  StatusOr<rt::TransportFactory> factory = rt::mpiTransport();
  if (!factory.ok()) {
    std::fprintf(stderr, "%s\n", factory.status().message().c_str());
    return 1;
  }
  auto all = rt::openRing(*factory);
  if (!all.ok()) {
    std::fprintf(stderr, "%s\n", all.status().message().c_str());
    return 1;
  }
  double seconds = 0;
  rt::WireType type = bf16 ? rt::WireType::BF16 : rt::WireType::F32;
  Status status = exercise(**all, elements, type, &seconds);
  if (!status.ok()) {
    (*all)->abort(status);
  }
  std::printf("rank %d of %d: ok, %llu bytes reduced, %.3f s\n", (*all)->rank(),
              (*all)->size(),
              static_cast<unsigned long long>((*all)->traffic().reduced),
              seconds);
  std::fflush(stdout);
  return (*all)->finish().ok() ? 0 : 1;
}
