// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary in which the rules of a GUID are written. The first rule that
// is broken gives the message; after it every query answers with something
// harmless, so that rules read as a list.
//
//   check.operands({"A", "B", "bias?"}, {"C"});
//   check.dtype({"A", "B"}, {F32, BF16});
//   check.shape("C", {n, m});
#pragma once

#include "tools/synapse-stand-in/ops/Ops.h"

#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

namespace bertc::standin {

using Shape = std::vector<uint64_t>;
using Names = std::vector<std::string>;
using Dtypes = std::vector<rt::syn::synDataType>;

/// The dtypes that kernels here compute with.
constexpr auto F32 = rt::syn::syn_type_float;
constexpr auto BF16 = rt::syn::syn_type_bf16;
constexpr auto I32 = rt::syn::syn_type_int32;
constexpr auto I8 = rt::syn::syn_type_int8;

/// A dtype that a GUID ends in, with its suffix.
struct Suffix {
  const char *text;
  rt::syn::synDataType dtype;
};
constexpr Suffix FloatSuffixes[] = {{"f32", F32}, {"bf16", BF16}};
constexpr Suffix AllSuffixes[] = {
    {"f32", F32}, {"bf16", BF16}, {"i32", I32}, {"i8", I8}};

/// "f32", "bf16", "i32", "i8"; of any other dtype its number.
std::string dtypeName(rt::syn::synDataType dtype);

/// Bytes of an element; 0 for a dtype that has no whole bytes.
unsigned elementBytes(rt::syn::synDataType dtype);

Shape shapeOf(const OpTensor &tensor);
uint64_t elementCount(const OpTensor &tensor);
uint64_t elementCount(const Shape &shape);
/// "[768,128]"
std::string shapeName(const Shape &shape);

class Check {
public:
  explicit Check(const OpCall &call) : call_(call) {}

  bool ok() const { return problem_.empty(); }
  /// The first broken rule with the GUID before it, or empty.
  std::string message() const;
  /// Records a broken rule unless there is one.
  void fail(const std::string &what);

  /// Names the operands in order; one whose name ends in '?' may be absent, or
  /// left out at the end of the list.
  void operands(const Names &inputs, const Names &outputs);
  /// Any number of operands, at least one: "input 0", "output 0"...
  void anyOperands();
  bool has(const std::string &name) const;
  /// The operand of that name; an absent one when there is none.
  const OpTensor &operator[](const std::string &name) const;

  /// Absent operands are passed over by the rules below.
  void dtype(const Names &names, const Dtypes &allowed);
  void sameDtype(const std::string &name, const std::string &as);
  void rank(const Names &names, int least, int most);
  void shape(const Names &names, const Shape &expected);
  void noParams();
  /// The parameters as T; T{} when their size is wrong, which is recorded.
  template <typename T> T params() {
    T value{};
    if (paramsOfSize(sizeof(T))) {
      std::memcpy(&value, call_.params, sizeof(T));
    }
    return value;
  }
  bool paramsOfSize(unsigned bytes);
  unsigned paramsBytes() const;
  /// The axis when it is a dimension of a tensor of this rank, else 0, which is
  /// recorded.
  int axis(int64_t axis, int rank);

  const OpCall &call() const { return call_; }

private:
  struct Named {
    std::string name;
    const OpTensor *tensor;
  };
  void nameOperands(const Names &names, const std::vector<OpTensor> &tensors,
                    const char *kind);

  const OpCall &call_;
  std::vector<Named> named_;
  std::string problem_;
};

/// The parameters of a checked call; T{} when it has none.
template <typename T> T paramsOf(const OpCall &call) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value{};
  if (call.params && call.paramsSize >= sizeof(T)) {
    std::memcpy(&value, call.params, sizeof(T));
  }
  return value;
}

} // namespace bertc::standin
