// SPDX-License-Identifier: Apache-2.0
//
// Modules of the synapse dialect as plans: where tensors are, what nodes wait
// for, and what is refused because a pass has not run.

#include "compiler/emit/PlanWriter.h"
#include "passes/Dialects.h"
#include "runtime/core/PlanFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>

namespace bertc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What synapse-plan-sections leaves: w += x beside y = exp(w), in one graph;
/// and the same without the update as its twin.
constexpr char kSound[] = R"(
module attributes {bert.model = {}, synapse.device = "gaudi",
    synapse.state_bytes = 128 : i64, synapse.arena_bytes = 384 : i64,
    synapse.device_bytes = 512 : i64} {
  synapse.variable @w : tensor<4xf32> {init = #synapse<init constant>,
      init_value = 0.0 : f32, offset = 0 : i64, role = #synapse<role weight>}
  func.func @f(%x: tensor<4x1xf32> {bert.name = "x", synapse.offset = 0 : i64,
          synapse.host_type = tensor<4xf32>})
      -> (tensor<4xf32> {bert.name = "y"})
      attributes {synapse.arena_bytes = 256 : i64} {
    %0 = synapse.graph "f"(%x) {result_offsets = array<i64: 128>,
        workspace_bytes = 64 : i64} : (tensor<4x1xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4x1xf32>):
      %w = synapse.read @w : tensor<4xf32>
      %c = synapse.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> -> tensor<4xf32>
      %flat = synapse.node "reshape"(%a) {name = "flat"} : (tensor<4x1xf32>) -> tensor<4xf32>
      %y = synapse.node "add_fwd_f32"(%w, %c) {name = "sum"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %new = synapse.node "add_fwd_f32"(%w, %flat) {name = "update"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      synapse.store @w, %new : tensor<4xf32>
      synapse.control %y, %new : tensor<4xf32>, tensor<4xf32>
      synapse.yield %y : tensor<4xf32>
    }
    return %0 : tensor<4xf32>
  }
  func.func @f.deterministic(%x: tensor<4x1xf32> {bert.name = "x",
          synapse.offset = 0 : i64, synapse.host_type = tensor<4xf32>})
      -> (tensor<4xf32> {bert.name = "y"})
      attributes {synapse.arena_bytes = 384 : i64,
                  synapse.deterministic_of = "f"} {
    %0 = synapse.graph "f"(%x) {result_offsets = array<i64: 128>,
        workspace_bytes = 0 : i64} : (tensor<4x1xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4x1xf32>):
      %b = synapse.absent : none
      %y = synapse.node "gemm"(%a, %a, %b) {name = "product", params = {transpose_a = true}} : (tensor<4x1xf32>, tensor<4x1xf32>, none) -> tensor<4x4xf32>
      %r = synapse.node "reduce_sum_multi_dim_fwd_f32"(%y) {name = "y", params = {keepDim = false, mask = 1 : i32}} : (tensor<4x4xf32>) -> tensor<4xf32>
      synapse.yield %r : tensor<4xf32>
    }
    return %0 : tensor<4xf32>
  }
}
)";

/// The plan of the text after each `from` has become `to`.
StatusOr<std::string> planOf(std::string text, const std::string &from = "",
                             const std::string &to = "") {
  for (size_t at = 0;
       !from.empty() && (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  EXPECT_TRUE(module);
  return module ? writePlan(*module, {}) : StatusOr<std::string>(Status());
}

void expectRefused(const std::string &from, const std::string &to,
                   const std::string &message) {
  StatusOr<std::string> plan = planOf(kSound, from, to);
  ASSERT_FALSE(plan.ok()) << from;
  EXPECT_EQ(plan.status().code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(plan.status().message(), HasSubstr(message));
}

TEST(GraphWriter, TensorsAndNodesAreWhereTheModuleSays) {
  StatusOr<std::string> bytes = planOf(kSound);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  plan::PlanT plan;
  plan::GetPlan(bytes->data())->UnPackTo(&plan);
  EXPECT_EQ(plan.target, "gaudi");
  EXPECT_EQ(plan.device_bytes, 512u);
  ASSERT_EQ(plan.entries.size(), 1u);
  const plan::EntryT &entry = *plan.entries[0];
  EXPECT_EQ(entry.arena_bytes, 384u); // of the larger twin
  EXPECT_THAT(entry.tensors[0]->shape, ElementsAre(4));
  EXPECT_EQ(entry.tensors[1]->offset, 128u);
  ASSERT_EQ(entry.graphs.size(), 1u);
  const plan::GraphT &graph = *entry.graphs[0];
  std::vector<std::string> places;
  for (const auto &tensor : graph.tensors) {
    places.push_back(tensor->name + " " +
                     plan::EnumNameGraphStorage(tensor->storage) + " " +
                     std::to_string(tensor->offset));
  }
  EXPECT_THAT(places,
              ElementsAre("input/x Arena 0", "flat Workspace 0",
                          "variable/w Variable 0", "constant/0 Constant 0",
                          "sum Arena 128", "variable/w/new Variable 0"));
  EXPECT_THAT(graph.tensors[0]->sizes, ElementsAre(4, 1));
  ASSERT_EQ(graph.nodes.size(), 3u);
  EXPECT_THAT(graph.nodes[1]->inputs, ElementsAre(2, 3));
  EXPECT_THAT(graph.nodes[2]->inputs, ElementsAre(2, 1));
  EXPECT_THAT(graph.nodes[2]->after, ElementsAre(1));
  EXPECT_EQ(graph.workspace_bytes, 64u);
  EXPECT_EQ(graph.flops, 8u);
  EXPECT_EQ(graph.bytes, 2u * 3 * 16);
}

TEST(GraphWriter, TheTwinHasItsOwnGraphs) {
  StatusOr<std::string> bytes = planOf(kSound);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  plan::PlanT plan;
  plan::GetPlan(bytes->data())->UnPackTo(&plan);
  ASSERT_EQ(plan.entries[0]->deterministic_graphs.size(), 1u);
  const plan::GraphT &twin = *plan.entries[0]->deterministic_graphs[0];
  EXPECT_THAT(twin.nodes[0]->inputs, ElementsAre(0, 0, 0xffffffff));
  EXPECT_THAT(twin.nodes[0]->params, ElementsAre(1, 0));
  EXPECT_EQ(twin.nodes[1]->params.size(), 8u);
}

TEST(GraphWriter, RefusesWhatHasNotBeenPlanned) {
  expectRefused("synapse.state_bytes = 128 : i64, ", "",
                "the module has not been through planning of sections");
  expectRefused("offset = 0 : i64, role", "role",
                "variable w has not been through memory planning");
  expectRefused("attributes {synapse.arena_bytes = 256 : i64}", "",
                "entry @f has not been through planning of sections");
  expectRefused("{synapse.arena_bytes = 384 : i64,\n                  ", "{",
                "entry @f.deterministic has not been through planning of "
                "sections");
  expectRefused("synapse.offset = 0 : i64,", "",
                "an argument of entry @f has no name or no offset");
  expectRefused("(tensor<4xf32> {bert.name = \"y\"})", "tensor<4xf32>",
                "a result of entry @f has no name or is made by no graph");
  expectRefused("workspace_bytes = 64 : i64", "of = 64 : i64",
                "graph \"f\" has not been through planning of sections");
  expectRefused("{name = \"sum\"}", "",
                "graph \"f\" has not been through planning of sections");
}

TEST(GraphWriter, RefusesWhatHasNotBeenOrdered) {
  const char *message = "graph \"f\" has not been through ordering of updates";
  expectRefused("synapse.control %y, %new", "synapse.control %new, %y",
                message);
  expectRefused("synapse.yield %y", "synapse.yield %w", message);
  expectRefused("synapse.yield %y", "synapse.yield %new", message);
  expectRefused("synapse.store @w, %new", "synapse.store @w, %w", message);
}

TEST(GraphWriter, RefusesTwinsThatAreNone) {
  expectRefused("synapse.deterministic_of = \"f\"",
                "synapse.deterministic_of = \"g\"",
                "@f.deterministic is a twin of no entry");
  std::string text = kSound;
  size_t twin = text.find("@f.deterministic");
  text.replace(text.find("array<i64: 128>", twin), 15, "array<i64: 256>");
  StatusOr<std::string> plan = planOf(text);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.status().message(),
              HasSubstr("entry @f.deterministic has not the signature of @f"));
}

} // namespace
} // namespace bertc
