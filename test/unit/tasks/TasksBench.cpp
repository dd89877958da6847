// SPDX-License-Identifier: Apache-2.0
//
// How fast features are made:
//   tasks-bench squad FILE.json VOCAB JOBS
//   tasks-bench tsv FILE.tsv VOCAB JOBS      (two texts, columns 4 and 5)
//   tasks-bench pack FILE.tsv VOCAB JOBS     (rows of 128, K 3)
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/resource.h>

#include "tasks/Classification.h"
#include "tasks/RowBatch.h"
#include "tasks/SquadFeatures.h"

namespace bertc {
namespace {

double seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void report(const std::string &path, size_t features, double time) {
  StatusOr<InputFile> file = InputFile::open(path);
  double megabytes = file.ok() ? static_cast<double>(file->size()) / 1e6 : 0;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%.1f MB, %zu features, %.3f s, %.1f MB/s, peak %ld MB\n",
              megabytes, features, time, megabytes / time,
              usage.ru_maxrss / 1024);
}

Status benchSquad(const std::string &path, const WordPieceTokenizer &tokenizer,
                  int jobs) {
  SquadOptions options;
  options.training = true;
  options.jobs = jobs;
  double start = seconds();
  BERTC_ASSIGN_OR_RETURN(SquadFeatures features,
                         readSquad(path, tokenizer, options));
  report(path, features.size(), seconds() - start);
  return Status();
}

Status benchTsv(const std::string &path, const WordPieceTokenizer &tokenizer,
                int jobs, bool pack) {
  ClassificationSource source;
  source.path = path;
  source.textColumns = {"4", "5"};
  source.labelColumn = "1";
  ClassificationOptions options;
  options.jobs = jobs;
  double start = seconds();
  BERTC_ASSIGN_OR_RETURN(ClassificationData data,
                         readClassification(source, tokenizer, options));
  report(path, data.features.size(), seconds() - start);
  if (!pack) {
    return Status();
  }
  start = seconds();
  BERTC_ASSIGN_OR_RETURN(RowPlan plan,
                         RowPlan::packed(data.features, 128, 3, 1));
  std::printf("%.2f sequences a row, %.4f of the positions, %.3f s\n",
              plan.sequencesPerRow(), plan.efficiency(128), seconds() - start);
  RowBatch batch(data.features, plan, {16, 128});
  start = seconds();
  for (uint64_t row = 0; row + 16 <= plan.rows(); row += 16) {
    uint64_t rows[16];
    for (uint64_t i = 0; i < 16; ++i) {
      rows[i] = row + i;
    }
    BERTC_RETURN_IF_ERROR(batch.fill(rows, 16));
  }
  std::printf("%.1f us a batch of 16 rows\n",
              1e6 * (seconds() - start) /
                  static_cast<double>(plan.rows() / 16));
  return Status();
}

Status run(const std::string &what, const std::string &path,
           const std::string &vocab, int jobs) {
  BERTC_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::load(vocab));
  WordPieceTokenizer tokenizer(std::move(vocabulary), {});
  return what == "squad" ? benchSquad(path, tokenizer, jobs)
                         : benchTsv(path, tokenizer, jobs, what == "pack");
}

} // namespace
} // namespace bertc

int main(int argc, char **argv) {
  if (argc != 5) {
    std::fprintf(stderr, "tasks-bench squad|tsv|pack FILE VOCAB JOBS\n");
    return 2;
  }
  bertc::Status status =
      bertc::run(argv[1], argv[2], argv[3], std::atoi(argv[4]));
  if (!status.ok()) {
    std::fprintf(stderr, "tasks-bench: error: %s\n", status.message().c_str());
  }
  return bertc::exitCode(status);
}
