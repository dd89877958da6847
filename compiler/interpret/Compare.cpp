// SPDX-License-Identifier: Apache-2.0
//
// Comparison of tensors, and of what two modules compute.
#include "compiler/interpret/Compare.h"

#include "dialects/bert/BertDialect.h"

#include "fmt/format.h"

#include <cmath>

using namespace mlir;

namespace bertc::interpret {

Status compareTensors(const std::string &what, const Tensor &found,
                      const Tensor &expected, Tolerance tolerance) {
  if (found.dtype != expected.dtype || found.shape != expected.shape) {
    return failedPrecondition(fmt::format(
        "{} is {}{}, expected {}{}", what, dataTypeName(found.dtype),
        shapeToString(found.shape), dataTypeName(expected.dtype),
        shapeToString(expected.shape)));
  }
  int64_t worst = -1, wrong = 0;
  double worstExcess = 0;
  for (int64_t i = 0; i < found.size(); ++i) {
    double a = found[i], b = expected[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      continue;
    }
    double excess =
        std::abs(a - b) - tolerance.atol - tolerance.rtol * std::abs(b);
    if (excess <= 0) {
      continue;
    }
    ++wrong;
    // A NaN excess is worse than anything.
    if (worst < 0 || !(excess <= worstExcess)) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst < 0) {
    return Status::okStatus();
  }
  return failedPrecondition(fmt::format(
      "{}: {} of {} elements differ by more than {} + {} |expected|; worst at "
      "{}: {}, expected {}",
      what, wrong, found.size(), tolerance.atol, tolerance.rtol, worst,
      found[worst], expected[worst]));
}

/// What one module makes of the random arguments.
static StatusOr<std::vector<Tensor>> runOne(Interpreter &interpreter,
                                            ModuleOp module, StringRef function,
                                            const std::vector<Tensor> &inputs,
                                            uint64_t seed) {
  BERTC_RETURN_IF_ERROR(randomVariables(interpreter, module, seed));
  return interpreter.call(function, inputs);
}

Status compareModules(ModuleOp found, ModuleOp expected, StringRef function,
                      uint64_t seed, Tolerance tolerance, Rounding rounding) {
  auto func = expected.lookupSymbol<func::FuncOp>(function);
  if (!func) {
    return notFound("the module has no function '" + function.str() + "'");
  }
  // Both run on what the original's uses allow: a pass may remove uses.
  std::vector<Tensor> inputs = randomArguments(func, seed);
  Interpreter first(found, rounding), second(expected, rounding);
  BERTC_ASSIGN_OR_RETURN(std::vector<Tensor> foundResults,
                         runOne(first, found, function, inputs, seed));
  BERTC_ASSIGN_OR_RETURN(std::vector<Tensor> expectedResults,
                         runOne(second, expected, function, inputs, seed));
  if (foundResults.size() != expectedResults.size()) {
    return failedPrecondition(fmt::format("{} has {} results, expected {}",
                                          function.str(), foundResults.size(),
                                          expectedResults.size()));
  }
  for (size_t i = 0; i < foundResults.size(); ++i) {
    auto name = func.getResultAttrOfType<StringAttr>(i, bert::kNameAttr);
    std::string what =
        fmt::format("result {} ({}) of {}", i, name ? name.str() : "unnamed",
                    function.str());
    BERTC_RETURN_IF_ERROR(
        compareTensors(what, foundResults[i], expectedResults[i], tolerance));
  }
  for (const auto &[name, value] : first.variables()) {
    if (const Tensor *other = second.variable(name)) {
      BERTC_RETURN_IF_ERROR(
          compareTensors("variable " + name + " after " + function.str(), value,
                         *other, tolerance));
    }
  }
  return Status::okStatus();
}

} // namespace bertc::interpret
