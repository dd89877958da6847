// SPDX-License-Identifier: Apache-2.0
//
// bert-data: text to vocabularies and pre-training records. Flags are declared
// here and in Commands.cpp; the work is in data/.
#include "tools/bert-data/Commands.h"

int main(int argc, char **argv) { return bertc::runBertData(argc, argv); }
