// SPDX-License-Identifier: Apache-2.0
#include "run/ClassifySources.h"

#include "io/Files.h"

#include <fmt/format.h>

namespace bertc {

namespace {

constexpr char mrpcName[] = "mrpc";

const std::string &fileOf(const ClassifyOptions &options, DataSplit split) {
  switch (split) {
  case DataSplit::Train:
    return options.trainFile;
  case DataSplit::Dev:
    return options.evalFile;
  case DataSplit::Test:
    break;
  }
  return options.predictFile;
}

struct SplitNames {
  const char *flag;
  const char *file;
};

SplitNames namesOf(DataSplit split) {
  switch (split) {
  case DataSplit::Train:
    return {"--train-file", "train.tsv"};
  case DataSplit::Dev:
    return {"--eval-file", "dev.tsv"};
  case DataSplit::Test:
    break;
  }
  return {"--predict-file", "test.tsv"};
}

StatusOr<ClassificationSource> tsvSource(const ClassifyOptions &options,
                                         DataSplit split) {
  ClassificationSource source;
  source.tsv.header = options.header;
  source.tsv.quoting = options.quoted ? TsvOptions::Quoting::Standard
                                      : TsvOptions::Quoting::None;
  BERTC_ASSIGN_OR_RETURN(source.textColumns,
                         parseTextColumns(options.textColumns));
  if (split != DataSplit::Test) {
    source.labelColumn = options.labelColumn;
  }
  source.path = fileOf(options, split);
  if (source.path.empty()) {
    source.path = joinPath(options.dataDir, namesOf(split).file);
  }
  if (!fileExists(source.path)) {
    return notFound(fmt::format("{}: no such file; give {} or a --data-dir "
                                "that has {}",
                                source.path, namesOf(split).flag,
                                namesOf(split).file));
  }
  return source;
}

} // namespace

StatusOr<ClassificationSource> classifySource(const ClassifyOptions &options,
                                              DataSplit split) {
  if (options.taskName != mrpcName) {
    return tsvSource(options, split);
  }
  if (fileOf(options, split).empty()) {
    return mrpcSource(options.dataDir, split);
  }
  ClassificationSource source;
  source.path = fileOf(options, split);
  source.textColumns = {"4", "5"};
  source.labelColumn = split == DataSplit::Test ? "" : "1";
  return source;
}

std::string labelsPath(const ClassifyOptions &options) {
  return joinPath(options.tuning.outputDir, "labels.txt");
}

StatusOr<LabelList> classifyLabels(const ClassifyOptions &options) {
  if (options.taskName == mrpcName) {
    return mrpcLabels();
  }
  if (!options.labels.empty()) {
    std::vector<std::string> names;
    for (size_t at = 0; at <= options.labels.size();) {
      size_t comma =
          std::min(options.labels.find(',', at), options.labels.size());
      names.push_back(options.labels.substr(at, comma - at));
      at = comma + 1;
    }
    StatusOr<LabelList> list = LabelList::ofNames(std::move(names));
    BERTC_RETURN_IF_ERROR(list.status().annotate("--labels"));
    return list;
  }
  if (options.tuning.doTrain) {
    return LabelList();
  }
  if (fileExists(labelsPath(options))) {
    return LabelList::load(labelsPath(options));
  }
  if (!options.doEval) {
    return LabelList(); // probabilities have no names
  }
  return failedPrecondition(
      fmt::format("{} does not exist, so the order of the classes is not "
                  "known; give --labels a,b,...",
                  labelsPath(options)));
}

Status checkLabels(const rt::Plan &plan, const LabelList &labels) {
  if (labels.size() == plan.model().numLabels) {
    return Status::okStatus();
  }
  return failedPrecondition(fmt::format(
      "{} classes ({}), the plan {} was compiled with --num-labels {}",
      labels.size(), labels.text(), plan.path(), plan.model().numLabels));
}

} // namespace bertc
