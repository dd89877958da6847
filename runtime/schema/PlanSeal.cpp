// SPDX-License-Identifier: Apache-2.0

#include "runtime/schema/PlanSeal.h"

#include "runtime/core/Sha256.h"
#include "runtime/schema/plan_generated.h"

namespace bertc::plan {

std::array<uint8_t, 32> planHash(const uint8_t *bytes, size_t size) {
  static const uint8_t kZeros[32] = {};
  const uint8_t *field = GetPlan(bytes)->sha256()->data();
  auto before = static_cast<size_t>(field - bytes);
  Sha256 hash;
  hash.update(bytes, before);
  hash.update(kZeros, sizeof kZeros);
  hash.update(field + sizeof kZeros, size - before - sizeof kZeros);
  return hash.finish();
}

Status sealPlan(uint8_t *bytes, size_t size) {
  flatbuffers::Verifier verifier(bytes, size, /*max_depth=*/16,
                                 /*max_tables=*/1u << 23);
  if (size < 16 || !VerifyPlanBuffer(verifier)) {
    return invalidArgument("cannot seal: the buffer is not a plan");
  }
  const flatbuffers::Vector<uint8_t> *field = GetPlan(bytes)->sha256();
  if (field->size() != 32) {
    return invalidArgument("cannot seal: sha256 has " +
                           std::to_string(field->size()) +
                           " bytes, expected 32");
  }
  std::array<uint8_t, 32> hash = planHash(bytes, size);
  auto *target = const_cast<flatbuffers::Vector<uint8_t> *>(field);
  for (size_t i = 0; i < hash.size(); ++i) {
    target->Mutate(static_cast<flatbuffers::uoffset_t>(i), hash[i]);
  }
  return Status();
}

} // namespace bertc::plan
