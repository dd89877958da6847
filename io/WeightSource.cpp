// SPDX-License-Identifier: Apache-2.0
//
// Weights from any file: which kind it is, what its tensors are to us, and the
// parallel copy into the caller's buffers.
#include "io/WeightSource.h"
#include "io/Checkpoint.h"
#include "io/Crc32c.h"
#include "io/PlainNames.h"
#include "io/SafeTensors.h"
#include "io/VariableNames.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

namespace bertc {
namespace {

bool endsWith(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool isOurs(const std::string &name) {
  return toHuggingFace(name).has_value() || isTrainingState(name);
}

/// Safetensors with our names or Hugging Face's, even mixed.
class SafeTensorsSource : public WeightSource {
public:
  static StatusOr<std::unique_ptr<WeightSource>> make(SafeTensorsFile file) {
    auto source = std::make_unique<SafeTensorsSource>();
    source->path_ = file.path();
    source->file_ = std::move(file);
    for (const TensorView &tensor : source->file_.tensors()) {
      source->addTensor(tensor);
    }
    source->addTied("cls.predictions.decoder.weight",
                    "bert/embeddings/word_embeddings");
    source->addTied("cls.predictions.decoder.bias",
                    "cls/predictions/output_bias");
    BERTC_RETURN_IF_ERROR(source->index());
    return std::unique_ptr<WeightSource>(std::move(source));
  }

protected:
  Location locate(size_t index) const override {
    const Item &item = items_[index];
    return {item.view->data, item.view->bytes, item.transposed};
  }
  const std::string &nameInFile(size_t index) const override {
    return items_[index].view->info.name;
  }
  Status checksumError(size_t) const override {
    return internalError("a safetensors file has no checksums");
  }

private:
  struct Item {
    const TensorView *view = nullptr;
    bool transposed = false;
  };

  void addTensor(const TensorView &tensor) {
    MappedName mapped = {tensor.info.name, false};
    if (!isOurs(tensor.info.name)) {
      ForeignName kind = fromHuggingFace(tensor.info.name, &mapped);
      // A matrix is what can be transposed; anything else under such a name
      // is not the variable.
      if (kind == ForeignName::Redundant) {
        return;
      }
      if (kind == ForeignName::Unknown ||
          (mapped.transposed && tensor.info.shape.size() != 2)) {
        unknown_.push_back(tensor.info.name);
        mapped = {tensor.info.name, false};
      }
    }
    TensorInfo info = {mapped.name, tensor.info.dtype, tensor.info.shape};
    if (mapped.transposed) {
      std::swap(info.shape[0], info.shape[1]);
    }
    tensors_.push_back(std::move(info));
    items_.push_back({&tensor, mapped.transposed});
  }

  /// `theirs` is a second name of our variable `ours`. Of shared tensors some
  /// programs store only one, so it stands in for a variable that is missing;
  /// one that differs from the variable is a tensor we have no use for.
  void addTied(const std::string &theirs, const std::string &ours) {
    const TensorView *tied = file_.find(theirs);
    if (tied == nullptr) {
      return;
    }
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].name == ours) {
        const TensorView &own = *items_[i].view;
        if (own.info.dtype != tied->info.dtype ||
            own.info.shape != tied->info.shape ||
            std::memcmp(own.data, tied->data, own.bytes) != 0) {
          unknown_.push_back(theirs);
        }
        return;
      }
    }
    tensors_.push_back({ours, tied->info.dtype, tied->info.shape});
    items_.push_back({tied, false});
  }

  /// Sorts by our names; two tensors that mean one variable are an error.
  Status index() {
    std::vector<size_t> order(tensors_.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return tensors_[a].name < tensors_[b].name;
    });
    std::vector<TensorInfo> tensors;
    std::vector<Item> items;
    for (size_t i : order) {
      if (!tensors.empty() && tensors.back().name == tensors_[i].name) {
        return corrupt("'" + path_ + "': tensors '" +
                       quotable(items.back().view->info.name) + "' and '" +
                       quotable(items_[i].view->info.name) +
                       "' are the same variable");
      }
      tensors.push_back(std::move(tensors_[i]));
      items.push_back(items_[i]);
    }
    tensors_ = std::move(tensors);
    items_ = std::move(items);
    return Status();
  }

  SafeTensorsFile file_;
  std::vector<Item> items_;
};

/// A TensorFlow checkpoint; the names are ours already.
class CheckpointSource : public WeightSource {
public:
  static StatusOr<std::unique_ptr<WeightSource>>
  make(const std::string &prefix) {
    auto source = std::make_unique<CheckpointSource>();
    BERTC_ASSIGN_OR_RETURN(source->reader_, CheckpointReader::open(prefix));
    source->path_ = source->reader_.prefix();
    for (const CheckpointEntry &entry : source->reader_.entries()) {
      if (!isOurs(entry.info.name)) {
        source->unknown_.push_back(entry.info.name);
      }
      if (!entry.partitioned && dataTypeSize(entry.info.dtype) != 0) {
        source->tensors_.push_back(entry.info);
        source->entries_.push_back(&entry);
      }
    }
    return std::unique_ptr<WeightSource>(std::move(source));
  }

protected:
  Location locate(size_t index) const override {
    const CheckpointEntry &entry = *entries_[index];
    return {reader_.unverifiedBytes(entry), entry.bytes, false, true,
            entry.maskedCrc};
  }
  Status checksumError(size_t index) const override {
    return reader_.checksumError(*entries_[index]);
  }

private:
  CheckpointReader reader_;
  std::vector<const CheckpointEntry *> entries_;
};

} // namespace

StatusOr<std::unique_ptr<WeightSource>>
WeightSource::open(const std::string &path) {
  if (directoryExists(path)) {
    if (fileExists(joinPath(path, "model.safetensors")) ||
        fileExists(joinPath(path, "model.safetensors.index.json"))) {
      BERTC_ASSIGN_OR_RETURN(SafeTensorsFile file,
                             SafeTensorsFile::openFolder(path));
      return SafeTensorsSource::make(std::move(file));
    }
    StatusOr<std::string> prefix = latestCheckpoint(path);
    if (!prefix.ok() && fileExists(joinPath(path, "pytorch_model.bin"))) {
      return SafeTensorsFile::openFolder(path).status(); // says what to do
    }
    if (!prefix.ok()) {
      return prefix.status().annotate(
          "expected model.safetensors or a TensorFlow checkpoint");
    }
    return CheckpointSource::make(*prefix);
  }
  if (endsWith(path, ".index") || fileExists(path + ".index")) {
    return CheckpointSource::make(path);
  }
  if (!fileExists(path)) {
    return notFound("no weights at '" + path +
                    "': expected a .safetensors file, a folder with "
                    "model.safetensors, or a TensorFlow checkpoint prefix "
                    "(with '" +
                    path + ".index' beside it)");
  }
  if (!endsWith(path, ".safetensors") &&
      !endsWith(path, ".safetensors.index.json")) {
    return invalidArgument("'" + path +
                           "' is no weights file that can be read, expected a "
                           "name ending in .safetensors or a TensorFlow "
                           "checkpoint prefix");
  }
  BERTC_ASSIGN_OR_RETURN(SafeTensorsFile file, SafeTensorsFile::open(path));
  return SafeTensorsSource::make(std::move(file));
}

const TensorInfo *WeightSource::find(const std::string &name) const {
  auto found =
      std::lower_bound(tensors_.begin(), tensors_.end(), name,
                       [](const TensorInfo &info, const std::string &wanted) {
                         return info.name < wanted;
                       });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

} // namespace bertc
