// SPDX-License-Identifier: Apache-2.0
#include "tasks/Classification.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "data/Pipeline.h"

namespace bertc {
namespace {

/// Rows of a block: enough for a thread to be worth its while.
constexpr size_t rowsPerBlock = 512;

struct Columns {
  std::vector<size_t> text;
  std::optional<size_t> label;
};

struct Block {
  std::vector<TsvRow> rows;
};

/// Features with labels as read; ids are made when all are known.
struct BlockFeatures {
  PairFeatures features;
  std::vector<std::string> labels;
  std::vector<uint64_t> lines;
};

StatusOr<Columns> findColumns(const ClassificationSource &source,
                              const TsvReader &reader) {
  if (source.textColumns.empty() || source.textColumns.size() > 2) {
    return invalidArgument(fmt::format("{} text columns, expected one or two",
                                       source.textColumns.size()));
  }
  Columns columns;
  for (const std::string &name : source.textColumns) {
    BERTC_ASSIGN_OR_RETURN(size_t column, reader.findColumn(name));
    columns.text.push_back(column);
  }
  if (!source.labelColumn.empty()) {
    BERTC_ASSIGN_OR_RETURN(columns.label,
                           reader.findColumn(source.labelColumn));
  }
  return columns;
}

/// Collects the features of a file, block by block in order.
class ClassificationJob {
public:
  ClassificationJob(const ClassificationSource &source, TsvReader reader,
                    Columns columns, const WordPieceTokenizer &tokenizer,
                    const ClassificationOptions &options)
      : source_(source), reader_(std::move(reader)),
        columns_(std::move(columns)), tokenizer_(tokenizer), options_(options),
        features_(emptyFeatures()) {
    for (int job = 0; job < options.jobs; ++job) {
      encoders_.emplace_back(tokenizer);
    }
  }

  StatusOr<ClassificationData> run() {
    auto take = [&] { return takeBlock(); };
    auto work = [&](int worker, Block block) -> StatusOr<BlockFeatures> {
      return makeFeatures(encoders_[static_cast<size_t>(worker)], block);
    };
    auto consume = [&](BlockFeatures block) { return addBlock(block); };
    BERTC_RETURN_IF_ERROR((Pipeline<Block, BlockFeatures>::run(
        options_.jobs, take, work, consume)));
    if (features_.size() == 0) {
      return corrupt(
          fmt::format("{}: no examples behind the header", source_.path));
    }
    LabelList labels = options_.labels;
    if (labels.size() == 0 && columns_.label) {
      labels = LabelList::found(names_);
      std::vector<int32_t> newIds;
      for (const std::string &name : names_) {
        newIds.push_back(labels.id(name));
      }
      features_.mapLabels(newIds);
    }
    return ClassificationData{std::move(features_), std::move(labels),
                              columns_.label.has_value()};
  }

private:
  PairFeatures emptyFeatures() const {
    return PairFeatures(tokenizer_.vocabulary(), options_.maxSequenceLength,
                        {{"label_ids", false}});
  }

  StatusOr<std::optional<Block>> takeBlock() {
    Block block;
    while (block.rows.size() < rowsPerBlock) {
      TsvRow row;
      BERTC_ASSIGN_OR_RETURN(bool any, reader_.next(&row));
      if (!any) {
        break;
      }
      block.rows.push_back(std::move(row));
    }
    return block.rows.empty() ? std::optional<Block>() : std::move(block);
  }

  /// A row's label as one of the given ones, or as one found so far.
  StatusOr<int32_t> labelId(const std::string &label, uint64_t line) {
    auto fail = [&](const std::string &problem) {
      return corrupt(fmt::format("{}:{}: {}", source_.path, line, problem));
    };
    if (label.empty()) {
      return fail(fmt::format("column '{}' has no label", source_.labelColumn));
    }
    if (options_.labels.size() == 0) {
      auto next = static_cast<int32_t>(names_.size());
      auto [place, isNew] = foundIds_.emplace(label, next);
      if (isNew) {
        names_.push_back(label);
      }
      return place->second;
    }
    int32_t id = options_.labels.id(label);
    if (id < 0) {
      return fail(fmt::format("label '{}' is none of {}", label,
                              options_.labels.text()));
    }
    return id;
  }

  BlockFeatures makeFeatures(WordPieceEncoder &encoder,
                             const Block &block) const {
    BlockFeatures result{emptyFeatures(), {}, {}};
    std::vector<int32_t> texts[2];
    for (const TsvRow &row : block.rows) {
      texts[1].clear();
      for (size_t i = 0; i < columns_.text.size(); ++i) {
        texts[i].clear();
        encoder.encode(row.fields[columns_.text[i]], &texts[i]);
      }
      result.features.add(texts[0], texts[1], 0);
      if (columns_.label) {
        result.labels.emplace_back(row.fields[*columns_.label]);
        result.lines.push_back(row.line);
      }
    }
    return result;
  }

  Status addBlock(BlockFeatures &block) {
    for (size_t i = 0; i < block.labels.size(); ++i) {
      BERTC_ASSIGN_OR_RETURN(int32_t id,
                             labelId(block.labels[i], block.lines[i]));
      block.features.setLabel(i, id);
    }
    features_.append(block.features);
    return Status();
  }

  const ClassificationSource &source_;
  TsvReader reader_;
  Columns columns_;
  const WordPieceTokenizer &tokenizer_;
  const ClassificationOptions &options_;
  std::vector<WordPieceEncoder> encoders_;
  PairFeatures features_;
  /// Labels by first appearance, when none were given.
  std::vector<std::string> names_;
  std::unordered_map<std::string, int32_t> foundIds_;
};

ClassificationSource mrpcFile(const std::string &path, DataSplit split) {
  ClassificationSource source;
  source.path = path;
  source.textColumns = {"4", "5"};
  source.labelColumn = split == DataSplit::Test ? "" : "1";
  return source;
}

std::string trimmed(const std::string &text) {
  size_t first = text.find_first_not_of(' ');
  size_t last = text.find_last_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

} // namespace

StatusOr<ClassificationSource> mrpcSource(const std::string &dataDir,
                                          DataSplit split) {
  static const char *const glue[] = {"train.tsv", "dev.tsv", "test.tsv"};
  static const char *const corpus[] = {"msr_paraphrase_train.txt",
                                       "msr_paraphrase_test.txt",
                                       "msr_paraphrase_test.txt"};
  std::string tried;
  for (const char *const *names : {glue, corpus}) {
    std::string path = joinPath(dataDir, names[static_cast<size_t>(split)]);
    if (fileExists(path)) {
      return mrpcFile(path, split);
    }
    tried += (tried.empty() ? "" : " nor ") + path;
  }
  return notFound(fmt::format(
      "neither {} exists; --data-dir names the folder of MRPC", tried));
}

LabelList mrpcLabels() { return LabelList::found({"0", "1"}); }

StatusOr<std::vector<std::string>> parseTextColumns(const std::string &flag) {
  std::vector<std::string> columns;
  for (size_t at = 0; at <= flag.size();) {
    size_t comma = std::min(flag.find(',', at), flag.size());
    columns.push_back(trimmed(flag.substr(at, comma - at)));
    at = comma + 1;
  }
  bool anyEmpty = std::any_of(columns.begin(), columns.end(),
                              [](const std::string &c) { return c.empty(); });
  if (anyEmpty || columns.size() > 2) {
    return invalidArgument(fmt::format(
        "text columns '{}': expected one or two names or numbers", flag));
  }
  return columns;
}

StatusOr<ClassificationData>
readClassification(const ClassificationSource &source,
                   const WordPieceTokenizer &tokenizer,
                   const ClassificationOptions &options) {
  if (options.maxSequenceLength < 3) {
    return invalidArgument(
        fmt::format("sequences of {} tokens, expected at least 3",
                    options.maxSequenceLength));
  }
  BERTC_ASSIGN_OR_RETURN(TsvReader reader,
                         TsvReader::open(source.path, source.tsv));
  BERTC_ASSIGN_OR_RETURN(Columns columns, findColumns(source, reader));
  ClassificationJob job(source, std::move(reader), std::move(columns),
                        tokenizer, options);
  return job.run();
}

} // namespace bertc
