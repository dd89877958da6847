// SPDX-License-Identifier: Apache-2.0
//
// From the flags of `bert-run classify` to files, columns and classes.
#pragma once

#include "bertc/status.h"
#include "run/Classify.h"
#include "tasks/Classification.h"

namespace bertc {

/// The file of a split with its columns. Labels are not looked for in Test.
StatusOr<ClassificationSource> classifySource(const ClassifyOptions &options,
                                              DataSplit split);

/// The classes that are known before any data is read: those of MRPC, those of
/// --labels, or, without training, those of labels.txt in the output folder.
/// Empty when the training data will tell, or nothing asks for them.
StatusOr<LabelList> classifyLabels(const ClassifyOptions &options);

/// FailedPrecondition unless the plan was compiled for as many classes.
Status checkLabels(const rt::Plan &plan, const LabelList &labels);

/// Path of labels.txt.
std::string labelsPath(const ClassifyOptions &options);

} // namespace bertc
