// SPDX-License-Identifier: Apache-2.0
#include "data/RecordFeatures.h"

#include <fmt/format.h>

namespace bertc {
namespace {

StatusOr<const FeatureView *> requireKind(const ExampleView &example,
                                          const char *name, FeatureKind kind) {
  BERTC_ASSIGN_OR_RETURN(const FeatureView *feature, example.require(name));
  if (feature->kind() != kind) {
    return corrupt(fmt::format("feature {}: expected {} values, found {}", name,
                               featureKindName(kind),
                               featureKindName(feature->kind())));
  }
  return feature;
}

} // namespace

StatusOr<std::vector<int64_t>> readInts(const ExampleView &example,
                                        const char *name) {
  BERTC_ASSIGN_OR_RETURN(const FeatureView *feature,
                         requireKind(example, name, FeatureKind::Int64));
  return feature->int64s();
}

StatusOr<std::vector<float>> readFloats(const ExampleView &example,
                                        const char *name) {
  BERTC_ASSIGN_OR_RETURN(const FeatureView *feature,
                         requireKind(example, name, FeatureKind::Float));
  return feature->floats();
}

Status sameLength(const char *a, size_t aSize, const char *b, size_t bSize) {
  if (aSize == bSize) {
    return Status();
  }
  return corrupt(fmt::format("feature {} has {} values but {} has {}", a, aSize,
                             b, bSize));
}

} // namespace bertc
