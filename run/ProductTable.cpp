// SPDX-License-Identifier: Apache-2.0
#include "run/ProductTable.h"

#include "run/Quantile.h"
#include "runtime/core/PlanFile.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace bertc {

namespace {

/// "a/layer_7/b" -> "a/layer_#/b", so that layers fall together.
std::string withoutLayer(const std::string &scope) {
  std::string text;
  for (size_t i = 0; i < scope.size(); ++i) {
    bool digit = scope[i] >= '0' && scope[i] <= '9';
    bool number = digit && i > 0 && (scope[i - 1] == '_' || text.back() == '#');
    if (number && text.back() == '#') {
      continue;
    }
    text += number ? '#' : scope[i];
  }
  return text;
}

/// All of them, or the first few when attention has some for every length.
std::string shapeText(const std::vector<rt::GemmShape> &shapes) {
  constexpr size_t few = 4;
  std::string text;
  for (size_t i = 0; i < std::min(few, shapes.size()); ++i) {
    text += (text.empty() ? "" : ", ") + shapes[i].describe();
  }
  return shapes.size() > few
             ? fmt::format("{}, and {} more", text, shapes.size() - few)
             : text;
}

void addAlone(const std::vector<rt::GemmShape> &shapes,
              const std::vector<rt::GemmTime> &alone, ProductRow *row) {
  for (const rt::GemmShape &shape : shapes) {
    for (const rt::GemmTime &time : alone) {
      if (time.shape == shape) {
        row->aloneMs += time.seconds * 1e3;
        row->aloneLayout = time.layout;
        row->aloneImplementation = time.implementation;
      }
    }
  }
}

} // namespace

rt::ProfileHook StepTimes::hook() {
  return [this](const rt::StepEvent &event) {
    if (event.index >= steps_.size()) {
      steps_.resize(event.index + 1);
    }
    Step &step = steps_[event.index];
    if (step.ms.empty()) {
      step.kind = event.kind;
      step.scope = event.scope;
      step.implementation = event.implementation;
    }
    step.ms.push_back(static_cast<double>(event.endNs - event.beginNs) * 1e-6);
  };
}

StatusOr<std::vector<ProductRow>>
StepTimes::productRows(const rt::Plan &plan, const std::string &entry,
                       const std::vector<rt::GemmTime> &alone,
                       const rt::RowLengths &lengths) const {
  int index = plan.file().findEntry(entry);
  if (index < 0) {
    return notFound(fmt::format("{}: no entry '{}'", plan.path(), entry));
  }
  const auto &e =
      *plan.file().root().entries()->Get(static_cast<uint32_t>(index));
  std::map<std::string, ProductRow> rows;
  std::map<std::string, double> flops;
  uint32_t count =
      std::min(e.steps()->size(), static_cast<uint32_t>(steps_.size()));
  for (uint32_t i = 0; i < count; ++i) {
    const Step &step = steps_[i];
    BERTC_ASSIGN_OR_RETURN(rt::StepProducts products,
                           rt::productsOfStep(e, *e.steps()->Get(i), lengths));
    if (products.shapes.empty()) {
      continue;
    }
    std::string shape = shapeText(products.shapes);
    std::string key =
        fmt::format("{}|{}|{}|{}|{}", step.kind, shape, products.layout,
                    products.epilogue, step.implementation);
    ProductRow &row = rows[key];
    if (row.count == 0) {
      row = {step.kind, shape, products.layout, products.epilogue,
             withoutLayer(step.scope)};
      row.implementation = step.implementation;
    }
    ++row.count;
    row.ms += median(step.ms);
    addAlone(products.shapes, alone, &row);
    flops[key] += products.flops();
  }
  std::vector<ProductRow> list;
  for (auto &[key, row] : rows) {
    row.gflops = flops[key] / std::max(row.ms, 1e-9) * 1e-6;
    list.push_back(std::move(row));
  }
  std::sort(
      list.begin(), list.end(),
      [](const ProductRow &a, const ProductRow &b) { return a.ms > b.ms; });
  return list;
}

double StepTimes::totalMs() const {
  double total = 0;
  for (const Step &step : steps_) {
    total += median(step.ms);
  }
  return total;
}

std::vector<double> StepTimes::runMs() const {
  std::vector<double> runs;
  for (const Step &step : steps_) {
    runs.resize(std::max(runs.size(), step.ms.size()), 0);
    for (size_t run = 0; run < step.ms.size(); ++run) {
      runs[run] += step.ms[run];
    }
  }
  return runs;
}

} // namespace bertc
