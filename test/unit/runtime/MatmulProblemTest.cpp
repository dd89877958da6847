// SPDX-License-Identifier: Apache-2.0
//
// Matmul steps that are refused, each with a message that names what is wrong.

#include "test/unit/runtime/PlanBuilder.h"

#include <gmock/gmock.h>

namespace bertc::rt::test {
namespace {

using ::testing::HasSubstr;

Status prepare(PlanBuilder &b) {
  StatusOr<Plan> plan = b.load();
  if (!plan.ok()) {
    return plan.status();
  }
  auto session = Session::create(*plan);
  return session.ok() ? (*session)->prepare("main") : session.status();
}

struct Operands : PlanBuilder {
  Operands() {
    a = arena({4, 8});
    b = arena({8, 5});
    c = arena({4, 5});
    for (auto [name, t] : {std::pair("a", a), {"b", b}, {"c", c}}) {
      input(name, t);
    }
  }
  std::string refusal(std::vector<uint32_t> inputs,
                      std::vector<uint32_t> outputs,
                      plan::MatmulParamsT params = {}) {
    step(params, std::move(inputs), std::move(outputs));
    return prepare(*this).message();
  }
  uint32_t a, b, c;
};

TEST(MatmulProblem, refusesMissingOperands) {
  Operands o;
  EXPECT_THAT(o.refusal({o.a}, {o.c}),
              HasSubstr("entry 'main', step 0 (Matmul): step has 1 inputs, "
                        "expected between 2 and 5"));
}

TEST(MatmulProblem, refusesSumsInPlaceOfTheProduct) {
  Operands o;
  EXPECT_THAT(o.refusal({o.a, o.b}, {o.c, o.c}),
              HasSubstr("output 1 overlaps output 0"));
}

TEST(MatmulProblem, refusesAMissingRequiredOperand) {
  Operands o;
  EXPECT_THAT(o.refusal({o.a, kNoOperand}, {o.c}),
              HasSubstr("input 1 of the step is missing"));
}

TEST(MatmulProblem, refusesMixedDTypes) {
  Operands o;
  o.entry().tensors[o.a]->dtype = plan::DType::I32;
  EXPECT_THAT(o.refusal({o.a, o.b}, {o.c}),
              HasSubstr("expected all f32, or a and b bf16"));
}

TEST(MatmulProblem, refusesScalars) {
  Operands o;
  uint32_t s = o.arena({});
  o.input("s", s);
  EXPECT_THAT(o.refusal({s, o.b}, {o.c}), HasSubstr("expected matrices"));
}

TEST(MatmulProblem, refusesABiasOfAnotherLength) {
  Operands o;
  uint32_t bias = o.arena({4});
  o.input("bias", bias);
  EXPECT_THAT(o.refusal({o.a, o.b, bias}, {o.c}),
              HasSubstr("bias is f32 [4], expected shape [5]"));
}

TEST(MatmulProblem, refusesABiasThatIsNotDense) {
  Operands o;
  uint32_t bias = o.view(o.a, {5}, {2});
  EXPECT_THAT(o.refusal({o.a, o.b, bias}, {o.c}),
              HasSubstr("expected dense row-major"));
}

TEST(MatmulProblem, refusesAResidualOfAnotherShape) {
  Operands o;
  EXPECT_THAT(o.refusal({o.a, o.b, kNoOperand, o.a}, {o.c}),
              HasSubstr("residual is f32 [4,8]"));
}

TEST(MatmulProblem, refusesAResidualOfAnotherDType) {
  Operands o;
  uint32_t r = o.arena({4, 5}, DType::I32);
  o.input("r", r);
  EXPECT_THAT(o.refusal({o.a, o.b, kNoOperand, r}, {o.c}),
              HasSubstr("residual is i32 [4,5], expected f32"));
}

TEST(MatmulProblem, refusesAnOutputOverAnOperand) {
  Operands o;
  uint32_t overlap = o.view(o.a, {4, 5}, {5, 1});
  EXPECT_THAT(o.refusal({o.a, o.b}, {overlap}),
              HasSubstr("output 0 overlaps input 0"));
}

TEST(MatmulProblem, refusesAccumulationOverItsOwnResidual) {
  Operands o;
  plan::MatmulParamsT params;
  params.accumulate = true;
  EXPECT_THAT(o.refusal({o.a, o.b, kNoOperand, o.c}, {o.c}, params),
              HasSubstr("residual is c, and c is accumulated as well"));
}

} // namespace
} // namespace bertc::rt::test
