// SPDX-License-Identifier: Apache-2.0
//
// Loading in the order that keeps every later check safe: size, identifier,
// structure, version, hash, meaning.

#include "runtime/core/PlanFile.h"

#include "runtime/core/PlanVerifier.h"
#include "runtime/core/Sha256.h"
#include "runtime/schema/PlanSeal.h"
#include "runtime/schema/PlanVersion.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bertc::rt {
namespace {

// Below the 2 GiB that FlatBuffers offsets can span.
constexpr size_t kMaxPlanBytes = size_t{1} << 30;
constexpr size_t kMinPlanBytes = 16;

Status checkSize(size_t size) {
  if (size < kMinPlanBytes) {
    return corrupt("the file has " + std::to_string(size) +
                   " bytes, too few for a plan");
  }
  if (size > kMaxPlanBytes) {
    return corrupt("the file has " + std::to_string(size) +
                   " bytes, a plan has at most " +
                   std::to_string(kMaxPlanBytes));
  }
  return Status();
}

Status checkStructure(const uint8_t *bytes, size_t size) {
  if (!plan::PlanBufferHasIdentifier(bytes)) {
    return corrupt("not a plan: the identifier 'BRTP' is missing at byte 4");
  }
  flatbuffers::Verifier verifier(bytes, size, /*max_depth=*/16,
                                 /*max_tables=*/1u << 22);
  if (!plan::VerifyPlanBuffer(verifier)) {
    return corrupt("the plan is damaged: its FlatBuffers structure does not "
                   "hold; compile it again");
  }
  const plan::Plan *root = plan::GetPlan(bytes);
  if (root->schema_version() != plan::kSchemaVersion) {
    return failedPrecondition(
        "the plan has schema version " +
        std::to_string(root->schema_version()) + ", this runtime reads " +
        std::to_string(plan::kSchemaVersion) + "; compile it again");
  }
  if (root->sha256()->size() != 32) {
    return corrupt("the plan's sha256 has " +
                   std::to_string(root->sha256()->size()) +
                   " bytes, expected 32");
  }
  return Status();
}

} // namespace

PlanFile::~PlanFile() {
  if (bytes_ == nullptr) {
    return;
  }
  auto *bytes = const_cast<uint8_t *>(bytes_);
  if (mapped_) {
    munmap(bytes, size_);
  } else {
    std::free(bytes);
  }
}

StatusOr<std::shared_ptr<const PlanFile>>
PlanFile::load(const std::string &path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    std::string why = std::strerror(errno);
    return errno == ENOENT ? notFound("plan " + path + ": " + why)
                           : ioError("plan " + path + ": " + why);
  }
  struct stat info = {};
  bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  auto size = static_cast<size_t>(info.st_size);
  Status sized = regular ? checkSize(size) : ioError("not a regular file");
  void *bytes = MAP_FAILED;
  if (sized.ok()) {
    bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
      sized = ioError(std::string("cannot map: ") + std::strerror(errno));
    }
  }
  ::close(fd);
  BERTC_RETURN_IF_ERROR(sized.annotate("plan " + path));
  std::shared_ptr<PlanFile> file(new PlanFile);
  file->path_ = path;
  file->mapped_ = true;
  BERTC_RETURN_IF_ERROR(file->open(static_cast<const uint8_t *>(bytes), size)
                            .annotate("plan " + path));
  return std::shared_ptr<const PlanFile>(std::move(file));
}

StatusOr<std::shared_ptr<const PlanFile>>
PlanFile::fromBytes(const void *bytes, size_t size, const std::string &name) {
  BERTC_RETURN_IF_ERROR(checkSize(size).annotate(name));
  // The file's alignment is relative to its start; 64 is the largest.
  void *copy = std::aligned_alloc(64, (size + 63) / 64 * 64);
  if (copy == nullptr) {
    return resourceExhausted(name + ": no memory for " + std::to_string(size) +
                             " bytes");
  }
  std::memcpy(copy, bytes, size);
  std::shared_ptr<PlanFile> file(new PlanFile);
  file->path_ = name;
  BERTC_RETURN_IF_ERROR(
      file->open(static_cast<const uint8_t *>(copy), size).annotate(name));
  return std::shared_ptr<const PlanFile>(std::move(file));
}

Status PlanFile::open(const uint8_t *bytes, size_t size) {
  bytes_ = bytes;
  size_ = size;
  BERTC_RETURN_IF_ERROR(checkStructure(bytes, size));
  root_ = plan::GetPlan(bytes);
  Sha256::Digest hash = plan::planHash(bytes, size);
  if (std::memcmp(hash.data(), root_->sha256()->data(), hash.size()) != 0) {
    return corrupt("the plan is damaged: its content does not match its "
                   "sha256; compile it again");
  }
  sha256_ = toHex(hash);
  BERTC_RETURN_IF_ERROR(verifyPlan(*root_));
  describe();
  return Status();
}

static std::vector<TensorInfo> describeBindings(
    const plan::Entry &entry,
    const flatbuffers::Vector<flatbuffers::Offset<plan::Binding>> &bindings) {
  std::vector<TensorInfo> infos;
  for (const plan::Binding *binding : bindings) {
    const plan::Tensor &tensor = *entry.tensors()->Get(binding->tensor());
    infos.push_back({binding->name()->str(), static_cast<DType>(tensor.dtype()),
                     shapeOf(tensor)});
  }
  return infos;
}

static ModelInfo describeModel(const plan::Model &m) {
  ModelInfo info;
  info.task = m.task()->str();
  info.mode = m.mode()->str();
  info.hiddenAct = m.hidden_act()->str();
  info.precision = m.precision()->str();
  info.optimizer = m.optimizer() == nullptr ? "" : m.optimizer()->str();
  info.configJson = m.config_json()->str();
  info.batchSize = m.batch_size();
  info.maxSeqLength = m.max_seq_length();
  info.maxPredictionsPerSeq = m.max_predictions_per_seq();
  info.numLabels = m.num_labels();
  info.packed = m.packed();
  info.numParameters = m.num_parameters();
  return info;
}

static VariableInfo describeVariable(const plan::Variable &v) {
  VariableInfo info;
  info.name = v.name()->str();
  info.dtype = static_cast<DType>(v.dtype());
  info.shape.assign(v.shape()->begin(), v.shape()->end());
  info.role = static_cast<VariableRole>(v.role());
  info.owner = v.owner();
  info.trainable = v.trainable();
  info.decay = v.decay();
  info.init = static_cast<InitKind>(v.init());
  info.initValue = v.init_value();
  return info;
}

static ExchangeInfo describeExchange(const plan::Exchange &e) {
  ExchangeInfo info;
  info.workers = e.workers();
  info.microBatches = e.micro_batches();
  info.bf16 = e.wire() == plan::WireType::BF16;
  for (const plan::Bucket *bucket : *e.buckets()) {
    info.buckets.emplace_back(bucket->variables()->begin(),
                              bucket->variables()->end());
  }
  return info;
}

void PlanFile::describe() {
  producer_ = root_->producer()->str();
  target_ = root_->target()->str();
  cpuIsa_ = root_->cpu_isa()->str();
  model_ = describeModel(*root_->model());
  for (const plan::Variable *v : *root_->variables()) {
    variableIndex_.emplace(v->name()->str(), variables_.size());
    variables_.push_back(describeVariable(*v));
  }
  if (root_->exchange() != nullptr) {
    exchange_ = describeExchange(*root_->exchange());
  }
  for (const plan::Entry *e : *root_->entries()) {
    EntryInfo info;
    info.name = e->name()->str();
    info.inputs = describeBindings(*e, *e->inputs());
    info.outputs = describeBindings(*e, *e->outputs());
    info.numSteps = e->steps()->size();
    info.arenaBytes = e->arena_bytes();
    info.flops = e->flops();
    entryIndex_.emplace(info.name, entries_.size());
    entries_.push_back(std::move(info));
  }
}

static int findIn(const std::unordered_map<std::string, int> &index,
                  const std::string &name) {
  auto it = index.find(name);
  return it == index.end() ? -1 : it->second;
}

int PlanFile::findEntry(const std::string &name) const {
  return findIn(entryIndex_, name);
}

int PlanFile::findVariable(const std::string &name) const {
  return findIn(variableIndex_, name);
}

Shape shapeOf(const plan::Tensor &tensor) {
  return Shape(tensor.shape()->begin(), tensor.shape()->end());
}

std::string stepKindName(plan::Params kind) {
  std::string name = plan::EnumNameParams(kind);
  constexpr size_t kSuffix = sizeof("Params") - 1;
  return name.size() > kSuffix ? name.substr(0, name.size() - kSuffix) : name;
}

} // namespace bertc::rt
