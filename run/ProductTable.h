// SPDX-License-Identifier: Apache-2.0
//
// `bert-run bench --matmuls`: the distinct matrix products of an entry, each
// with what it costs in the plan and what it costs alone. The difference is
// what layouts, epilogues and cold operands cost; what is neither is the other
// steps.
#pragma once

#include "bertc/runtime.h"
#include "bertc/status.h"
#include "runtime/onednn/GemmCeiling.h"

#include <string>
#include <vector>

namespace bertc {

/// Steps that make the same product in the same way.
struct ProductRow {
  /// Step kind: "Matmul", "MatmulGroup", "Attention", "AttentionGrad".
  std::string kind;
  /// "2048x768x3072" (m, k, n); of fused attention all its products.
  std::string shape;
  /// See rt::StepProducts.
  std::string layout, epilogue;
  /// The scope of the first of these steps, without what numbers its layer.
  std::string scope;
  /// Steps in one run of the entry.
  int count = 0;
  /// Milliseconds of all of them in one run: the sum of medians.
  double ms = 0;
  /// Of the same products alone, each in its best layout; 0 unless timed.
  double aloneMs = 0;
  double gflops = 0;
  std::string implementation;
  /// Best layout and implementation alone; of the last product when several.
  std::string aloneLayout, aloneImplementation;
};

/// Collects the times of single steps over runs of one entry.
class StepTimes {
public:
  /// To be set as the session's profile hook; this object must outlive it.
  rt::ProfileHook hook();

  /// Rows of the products among the steps seen, longest first. `alone` may be
  /// empty; `rows` as for rt::productsOfStep(). Error: NotFound when the plan
  /// has no such entry.
  StatusOr<std::vector<ProductRow>>
  productRows(const rt::Plan &plan, const std::string &entry,
              const std::vector<rt::GemmTime> &alone,
              const rt::RowLengths &rows = {}) const;

  /// Median milliseconds of all steps of a run, products or not.
  double totalMs() const;

  /// Milliseconds of each run seen that all its steps took together.
  std::vector<double> runMs() const;

private:
  struct Step {
    std::vector<double> ms;
    std::string kind, scope, implementation;
  };
  std::vector<Step> steps_;
};

} // namespace bertc
