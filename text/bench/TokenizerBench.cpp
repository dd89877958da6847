// SPDX-License-Identifier: Apache-2.0
//
// Tokenizer throughput on one core, line by line:
//   text_bench VOCAB.txt TEXT [google-benchmark flags]
#include "text/WordPieceTokenizer.h"

#include <cstdio>

#include <benchmark/benchmark.h>

#include "io/Files.h"

namespace {

using namespace bertc;

std::vector<std::string_view> linesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t newline = text.find('\n');
    lines.push_back(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size()
                                                         : newline + 1);
  }
  return lines;
}

void encodeText(benchmark::State &state, const WordPieceTokenizer &tokenizer,
                const std::string &text) {
  std::vector<std::string_view> lines = linesOf(text);
  WordPieceEncoder encoder(tokenizer);
  std::vector<int32_t> ids;
  size_t tokens = 0;
  for (auto _ : state) {
    tokens = 0;
    for (std::string_view line : lines) {
      ids.clear();
      encoder.encode(line, &ids);
      tokens += ids.size();
    }
    benchmark::DoNotOptimize(tokens);
  }
  state.SetBytesProcessed(
      static_cast<int64_t>(state.iterations() * text.size()));
  state.counters["tokens"] = static_cast<double>(tokens);
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 3) {
    std::fprintf(stderr, "usage: text_bench VOCAB.txt TEXT\n");
    return 2;
  }
  StatusOr<Vocabulary> vocabulary = Vocabulary::load(argv[1]);
  StatusOr<std::string> text = readFile(argv[2], 1ULL << 32);
  for (const Status &status : {vocabulary.status(), text.status()}) {
    if (!status.ok()) {
      std::fprintf(stderr, "text_bench: error: %s\n", status.message().c_str());
      return exitCode(status);
    }
  }
  WordPieceTokenizer uncased(*vocabulary, {});
  TokenizerOptions casedOptions;
  casedOptions.lowerCase = false;
  WordPieceTokenizer cased(*vocabulary, casedOptions);
  benchmark::RegisterBenchmark("uncased", [&](benchmark::State &state) {
    encodeText(state, uncased, *text);
  });
  benchmark::RegisterBenchmark("cased", [&](benchmark::State &state) {
    encodeText(state, cased, *text);
  });
  benchmark::RegisterBenchmark("construct", [&](benchmark::State &state) {
    for (auto _ : state) {
      WordPieceTokenizer tokenizer(*vocabulary, {});
      benchmark::DoNotOptimize(&tokenizer);
    }
  });
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
