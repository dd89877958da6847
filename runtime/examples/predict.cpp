// SPDX-License-Identifier: Apache-2.0
//
// Runs the `predict` entry of a plan on zeros and prints the first number of
// each output: load, create, bind, run. Usage: predict FILE.plan

#include <bertc/runtime.h>

#include <cstdio>

using namespace bertc::rt;

static bertc::Status predict(const char *path) {
  BERTC_ASSIGN_OR_RETURN(Plan plan, Plan::load(path));
  BERTC_ASSIGN_OR_RETURN(auto session, Session::create(plan));
  BERTC_RETURN_IF_ERROR(session->initialise(/*seed=*/42));
  const EntryInfo *entry = plan.findEntry("predict");
  if (entry == nullptr) {
    return bertc::notFound("the plan has no predict entry");
  }
  for (const TensorInfo &input : entry->inputs) {
    // Zero already; a real program fills input.shape elements here.
    BERTC_RETURN_IF_ERROR(
        session->inputBuffer(entry->name, input.name).status());
  }
  BERTC_RETURN_IF_ERROR(session->run(entry->name, {}, {}));
  for (const TensorInfo &output : entry->outputs) {
    BERTC_ASSIGN_OR_RETURN(ConstTensorView view,
                           session->outputBuffer(entry->name, output.name));
    std::printf("%s %s: %g\n", output.name.c_str(),
                shapeString(output.shape).c_str(), view.as<float>()[0]);
  }
  return bertc::Status();
}

int main(int argc, char **argv) {
  bertc::Status status = predict(argc > 1 ? argv[1] : "");
  if (!status.ok()) {
    std::fprintf(stderr, "predict: %s\n", status.message().c_str());
  }
  return bertc::exitCode(status);
}
