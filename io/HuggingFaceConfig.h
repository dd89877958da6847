// SPDX-License-Identifier: Apache-2.0
//
// What Hugging Face's `from_pretrained` wants to know beside the weights of a
// BERT: which model class they are of, config.json and tokenizer_config.json.
// Variables are meant by our names and in our layout.
#pragma once

#include "bertc/status.h"
#include "io/TensorInfo.h"
#include "support/Json.h"

#include <string>
#include <vector>

namespace bertc {

/// The model class for these variables by their heads: BertModel,
/// BertForPreTraining, BertForMaskedLM, BertForNextSentencePrediction,
/// BertForSequenceClassification or BertForQuestionAnswering. `wanted`, unless
/// empty, is one of these names and must have its heads there; errors name
/// what was found.
StatusOr<std::string>
chooseArchitecture(const std::vector<TensorInfo> &variables,
                   const std::string &wanted);

/// Does a variable belong to a model class?
bool isPartOf(const std::string &architecture, const std::string &name);

/// Compares the variables with what `config` (read from `configName`) makes of
/// the class: errors name the tensor and both shapes, or what is missing. Only
/// BertModel may lack its pooler; then its names are in *missing.
Status checkAgainstConfig(const Json &config, const std::string &configName,
                          const std::string &architecture,
                          const std::vector<TensorInfo> &variables,
                          std::vector<std::string> *missing);

/// config.json from a bert_config.json or config.json: all its keys, and those
/// that Hugging Face needs. A classifier has the classes `labels`, or if empty
/// those of the configuration when their number fits, else LABEL_0 and so on.
/// A number of `labels` that is not that of the classifier is an error.
StatusOr<Json> huggingFaceConfig(Json config, const std::string &configName,
                                 const std::string &architecture,
                                 const std::vector<TensorInfo> &variables,
                                 const std::vector<std::string> &labels);

/// tokenizer_config.json for a vocab.txt with our special tokens.
Json tokenizerConfig(bool lowerCase, int64_t maxLength);

} // namespace bertc
