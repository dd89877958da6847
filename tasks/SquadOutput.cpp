// SPDX-License-Identifier: Apache-2.0
//
// The reference's prediction files: json.dumps(..., indent=4), byte for byte.
#include <fmt/format.h>

#include "io/Files.h"
#include "tasks/PythonFormat.h"
#include "tasks/SquadPredictions.h"

namespace bertc {
namespace {

/// A JSON object with a member for each question, as `valueOf` writes it.
template <typename ValueOf>
Status writeObject(const std::string &path,
                   const std::vector<SquadAnswers> &answers, ValueOf valueOf) {
  BERTC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  BERTC_RETURN_IF_ERROR(file.append("{"));
  const char *separator = "\n";
  for (const SquadAnswers &answer : answers) {
    BERTC_RETURN_IF_ERROR(
        file.append(fmt::format("{}    {}: {}", separator,
                                pythonJsonString(answer.id), valueOf(answer))));
    separator = ",\n";
  }
  BERTC_RETURN_IF_ERROR(file.append(answers.empty() ? "}\n" : "\n}\n"));
  return file.commit();
}

std::string predictionObject(const SquadPrediction &prediction) {
  return fmt::format(
      "        {{\n"
      "            \"text\": {},\n"
      "            \"probability\": {},\n"
      "            \"start_logit\": {},\n"
      "            \"end_logit\": {}\n"
      "        }}",
      pythonJsonString(prediction.text), pythonFloat(prediction.probability),
      pythonFloat(prediction.startLogit), pythonFloat(prediction.endLogit));
}

} // namespace

Status writePredictions(const std::string &path,
                        const std::vector<SquadAnswers> &answers) {
  return writeObject(path, answers, [](const SquadAnswers &answer) {
    return pythonJsonString(answer.best.front().text);
  });
}

Status writeNbestPredictions(const std::string &path,
                             const std::vector<SquadAnswers> &answers) {
  return writeObject(path, answers, [](const SquadAnswers &answer) {
    std::string list = "[";
    for (const SquadPrediction &prediction : answer.best) {
      list += list == "[" ? "\n" : ",\n";
      list += predictionObject(prediction);
    }
    return list + "\n    ]";
  });
}

} // namespace bertc
