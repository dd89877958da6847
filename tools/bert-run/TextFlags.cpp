// SPDX-License-Identifier: Apache-2.0
#include "tools/bert-run/TextFlags.h"

#include "tools/bert-run/DeviceFlags.h"

namespace bertc {

void addTextModelFlags(CLI::App &command, TextModelOptions &options) {
  command.add_option("plan", options.plan, "plan file")->required();
  command
      .add_option("--vocab-file", options.vocabFile,
                  "vocabulary of the model, one token a line")
      ->required();
  command
      .add_option("--weights,--init-checkpoint", options.weights,
                  "a TensorFlow checkpoint prefix, a .safetensors file or a "
                  "Hugging Face folder")
      ->required();
  addBoolFlag(command, "--do-lower-case", options.tokenizer.lowerCase,
              "lower-case the text and strip accents (uncased models)");
  command.add_option("--max-seq-length", options.maxSeqLength,
                     "must agree with the plan when given");
  command.add_option("--threads", options.threads,
                     "compute threads [default: OMP_NUM_THREADS, else every "
                     "core]");
  addDeviceFlags(command, options.device);
  command.add_flag("--quiet", options.quiet, "no progress, only errors");
}

} // namespace bertc
