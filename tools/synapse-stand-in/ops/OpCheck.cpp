// SPDX-License-Identifier: Apache-2.0
//
// Rules on operands, and the words for one that is broken.
#include "tools/synapse-stand-in/ops/OpCheck.h"

#include <algorithm>

namespace bertc::standin {
namespace {

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words) {
    text += (text.empty() ? "" : " or ") + word;
  }
  return text;
}

std::string rangeName(size_t least, size_t most) {
  return least == most ? std::to_string(least)
                       : std::to_string(least) + " to " + std::to_string(most);
}

} // namespace

std::string dtypeName(rt::syn::synDataType dtype) {
  switch (dtype) {
  case rt::syn::syn_type_na:
    return "no dtype";
  case F32:
    return "f32";
  case BF16:
    return "bf16";
  case I32:
    return "i32";
  case I8:
    return "i8";
  default:
    return "dtype " + std::to_string(static_cast<uint64_t>(dtype));
  }
}

unsigned elementBytes(rt::syn::synDataType dtype) {
  switch (static_cast<uint64_t>(dtype)) {
  case 1:     // int8
  case 32:    // uint8
  case 8192:  // fp8_143
  case 16384: // fp8_152
    return 1;
  case 2:   // bf16
  case 8:   // int16
  case 256: // fp16
  case 512: // uint16
    return 2;
  case 4:    // f32
  case 16:   // int32
  case 1024: // uint32
  case 2048: // tf32
  case 4096: // hb_float
    return 4;
  case 32768: // int64
  case 65536: // uint64
    return 8;
  default:
    return 0;
  }
}

Shape shapeOf(const OpTensor &tensor) {
  return Shape(tensor.sizes, tensor.sizes + tensor.rank);
}

uint64_t elementCount(const Shape &shape) {
  uint64_t count = 1;
  for (uint64_t size : shape) {
    count *= size;
  }
  return count;
}

uint64_t elementCount(const OpTensor &tensor) {
  return elementCount(shapeOf(tensor));
}

std::string shapeName(const Shape &shape) {
  std::string text;
  for (uint64_t size : shape) {
    text += (text.empty() ? "" : ",") + std::to_string(size);
  }
  return "[" + text + "]";
}

std::string Check::message() const {
  return ok() ? "" : std::string(call_.guid) + ": " + problem_;
}

void Check::fail(const std::string &what) {
  if (ok()) {
    problem_ = what;
  }
}

void Check::nameOperands(const Names &names,
                         const std::vector<OpTensor> &tensors,
                         const char *kind) {
  size_t needed = names.size();
  while (needed > 0 && names[needed - 1].back() == '?') {
    --needed;
  }
  if (tensors.size() < needed || tensors.size() > names.size()) {
    fail("has " + std::to_string(tensors.size()) + " " + kind + ", expected " +
         rangeName(needed, names.size()));
    return;
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::string name = names[i];
    bool optional = name.back() == '?';
    if (optional) {
      name.pop_back();
    }
    if (tensors[i].rank == 0) {
      if (!optional) {
        fail(name + " is absent");
      }
      continue;
    }
    named_.push_back({name, &tensors[i]});
  }
}

void Check::operands(const Names &inputs, const Names &outputs) {
  nameOperands(inputs, call_.in, "inputs");
  nameOperands(outputs, call_.out, "outputs");
}

void Check::anyOperands() {
  auto numbered = [](const char *kind, size_t count) {
    Names names;
    for (size_t i = 0; i < std::max<size_t>(count, 1); ++i) {
      names.push_back(kind + (" " + std::to_string(i)));
    }
    return names;
  };
  operands(numbered("input", call_.in.size()),
           numbered("output", call_.out.size()));
}

bool Check::has(const std::string &name) const {
  return (*this)[name].rank > 0;
}

const OpTensor &Check::operator[](const std::string &name) const {
  static const OpTensor absent;
  for (const Named &named : named_) {
    if (named.name == name) {
      return *named.tensor;
    }
  }
  return absent;
}

void Check::dtype(const Names &names, const Dtypes &allowed) {
  for (const std::string &name : names) {
    const OpTensor &tensor = (*this)[name];
    if (tensor.rank == 0 || std::find(allowed.begin(), allowed.end(),
                                      tensor.dtype) != allowed.end()) {
      continue;
    }
    std::vector<std::string> words;
    for (rt::syn::synDataType dtype : allowed) {
      words.push_back(dtypeName(dtype));
    }
    fail(name + " is " + dtypeName(tensor.dtype) + ", expected " + join(words));
  }
}

void Check::sameDtype(const std::string &name, const std::string &as) {
  const OpTensor &tensor = (*this)[name];
  if (tensor.rank > 0 && has(as) && tensor.dtype != (*this)[as].dtype) {
    fail(name + " is " + dtypeName(tensor.dtype) + ", expected " +
         dtypeName((*this)[as].dtype) + " like " + as);
  }
}

void Check::rank(const Names &names, int least, int most) {
  for (const std::string &name : names) {
    const OpTensor &tensor = (*this)[name];
    if (tensor.rank > 0 && (tensor.rank < least || tensor.rank > most)) {
      fail(name + " has rank " + std::to_string(tensor.rank) + ", expected " +
           rangeName(least, most));
    }
  }
}

void Check::shape(const Names &names, const Shape &expected) {
  for (const std::string &name : names) {
    const OpTensor &tensor = (*this)[name];
    if (ok() && tensor.rank > 0 && shapeOf(tensor) != expected) {
      fail(name + " has shape " + shapeName(shapeOf(tensor)) + ", expected " +
           shapeName(expected));
    }
  }
}

unsigned Check::paramsBytes() const {
  return call_.params ? call_.paramsSize : 0;
}

void Check::noParams() {
  if (paramsBytes() != 0) {
    fail("has " + std::to_string(paramsBytes()) +
         " bytes of parameters, expected none");
  }
}

bool Check::paramsOfSize(unsigned bytes) {
  if (paramsBytes() != bytes) {
    fail("has " + std::to_string(paramsBytes()) +
         " bytes of parameters, expected " + std::to_string(bytes));
  }
  return paramsBytes() == bytes;
}

int Check::axis(int64_t axis, int rank) {
  if (axis < 0 || axis >= rank) {
    fail("axis is " + std::to_string(axis) + ", expected 0 to " +
         std::to_string(rank - 1));
    return 0;
  }
  return static_cast<int>(axis);
}

} // namespace bertc::standin
