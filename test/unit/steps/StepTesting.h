// SPDX-License-Identifier: Apache-2.0
//
// Prepares and runs single steps by hand: parameters, operands over memory of
// the test, and the handler that the registry knows for them.
#pragma once

#include "runtime/steps/Steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace bertc::rt {

/// Expects an error of the plan whose message contains `text`.
#define EXPECT_REFUSED(status, text)                                           \
  do {                                                                         \
    ::bertc::Status refused_ = (status);                                       \
    EXPECT_EQ(refused_.code(), ::bertc::StatusCode::Corrupt);                  \
    EXPECT_THAT(refused_.message(), ::testing::HasSubstr(text));               \
  } while (false)

/// A dense operand over `data`.
template <typename T>
TensorRef tensor(DType dtype, const Shape &shape, std::vector<T> &data) {
  TensorRef t;
  t.dtype = dtype;
  t.rank = static_cast<int>(shape.size());
  t.data = data.data();
  t.present = true;
  int64_t stride = 1;
  for (int i = t.rank - 1; i >= 0; --i) {
    t.dims[i] = shape[static_cast<size_t>(i)];
    t.strides[i] = stride;
    stride *= t.dims[i];
  }
  EXPECT_LE(static_cast<size_t>(stride) * dtypeBytes(dtype),
            data.size() * sizeof(T));
  return t;
}

inline TensorRef tensor(const Shape &shape, std::vector<float> &data) {
  return tensor(DType::F32, shape, data);
}
inline TensorRef tensor(const Shape &shape, std::vector<int32_t> &data) {
  return tensor(DType::I32, shape, data);
}

/// The operand that is missing.
inline TensorRef missing() { return TensorRef(); }

/// "b128 a64 r" for operands in blocks of 128 columns, in blocks of 64 if the
/// others are, and row by row.
inline std::string textOf(const std::vector<LayoutChoice> &choices) {
  std::string text;
  for (const LayoutChoice &choice : choices) {
    text += text.empty() ? "" : " ";
    switch (choice.layouts) {
    case Layouts::Rows:
      text += "r";
      break;
    case Layouts::Any:
      text += "b" + std::to_string(choice.columns);
      break;
    case Layouts::Alike:
      text += "a" + std::to_string(choice.columns);
      break;
    }
  }
  return text;
}

/// One step: set the parameters and operands, then prepare() or run().
template <typename Params> class StepUnderTest {
public:
  Params params;
  std::vector<TensorRef> inputs;
  std::vector<TensorRef> outputs;
  /// The other workers; null for none.
  GradientExchange *exchange = nullptr;

  /// The outcome of the handler's checks.
  Status prepare() {
    const StepRegistry::Handler *handler = find();
    if (handler == nullptr) {
      return internalError("no handler");
    }
    StepContext context(*step(), inputs, outputs, 2, nullptr);
    auto prepared = handler->prepare(context);
    if (!prepared.ok()) {
      return prepared.status();
    }
    prepared_ = *std::move(prepared);
    scratch_.assign(context.scratchBytes() / sizeof(Line) + 1, Line());
    return Status();
  }

  /// What the handler takes; it has a LayoutsFn.
  StepLayouts layouts() {
    const StepRegistry::Handler *handler = find();
    StepContext context(*step(), inputs, outputs, 2, nullptr);
    return handler->layouts(context);
  }

  const char *implementation() const { return prepared_->implementation(); }

  /// prepare(), then run.
  Status run() {
    BERTC_RETURN_IF_ERROR(prepare());
    return runAgain();
  }
  Status runAgain() {
    RunContext context;
    context.scratch = reinterpret_cast<std::byte *>(scratch_.data());
    context.threads = 2;
    context.exchange = exchange;
    return prepared_->run(context);
  }

private:
  // The handler of a step with the parameters; null for none.
  const StepRegistry::Handler *find() {
    static const StepRegistry *registry = [] {
      auto *r = new StepRegistry();
      registerKernelSteps(*r);
      return r;
    }();
    plan::StepT step;
    step.params.Set(params);
    builder_.Clear();
    builder_.Finish(plan::CreateStep(builder_, &step));
    return registry->find(this->step()->params_type());
  }
  const plan::Step *step() const {
    return flatbuffers::GetRoot<plan::Step>(builder_.GetBufferPointer());
  }

  struct alignas(64) Line {
    char bytes[64];
  };
  flatbuffers::FlatBufferBuilder builder_;
  std::unique_ptr<PreparedStep> prepared_;
  std::vector<Line> scratch_;
};

} // namespace bertc::rt
