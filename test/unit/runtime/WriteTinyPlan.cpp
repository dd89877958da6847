// SPDX-License-Identifier: Apache-2.0
//
// Writes the tiny model of the tests, with its entry named "predict", to a
// file: what the consumer test runs.

#include "test/unit/runtime/PlanBuilder.h"

#include <fstream>

int main(int argc, char **argv) {
  bertc::rt::test::PlanBuilder b = bertc::rt::test::tinyModel();
  b.entry().name = "predict";
  std::vector<uint8_t> bytes = b.build();
  std::ofstream out(argc > 1 ? argv[1] : "", std::ios::binary);
  out.write(reinterpret_cast<const char *>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  return out.good() ? 0 : 1;
}
