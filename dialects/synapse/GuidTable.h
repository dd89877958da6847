// SPDX-License-Identifier: Apache-2.0
//
// What each kernel takes: the one table behind the verifier of nodes, the bytes
// of their parameters, the reports of `bertc inspect` and docs/gaudi.md. Plain
// C++ without LLVM. To add a kernel, add a row in GuidTable.cpp.
//
// A GUID is a name, for kernels of the vector cores followed by the element
// type: "add_fwd" and "_f32". Rows are by name.
//
//   NodeSignature node;             // what the node is
//   NodeProblem problem = checkNode(node);
//   if (!problem.text.empty()) ...  // constraint problem.number does not hold
//   std::vector<uint8_t> bytes = encodeParams(*findKernel(node.guid), ...);
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bertc::synapse {

/// Numbered as GraphDType in plan.fbs.
enum class ElementType : uint8_t { F32 = 0, BF16 = 1, I32 = 2, I8 = 3 };

/// "f32", "bf16", "i32" or "i8": the suffix of a GUID without its underscore.
std::string_view elementTypeName(ElementType type);
/// Bytes of one element.
int64_t elementTypeBytes(ElementType type);

/// What a node runs on: the matrix engine, the vector cores, or whatever moves
/// data; Nothing for what only looks at the same bytes in another way.
enum class Engine : uint8_t { Matrix, Vector, Move, Nothing };

/// Devices that have a kernel.
enum class Availability : uint8_t { Both, Gaudi2Only };

/// Value of one field of a parameter struct. Lists are of any length up to the
/// field's.
using ParamValue = std::variant<bool, int64_t, double, std::vector<int64_t>>;
using ParamMap = std::map<std::string, ParamValue, std::less<>>;

enum class FieldType : uint8_t {
  Bool,
  I32,
  U32,
  F32,
  /// 4 bytes: an integer in kernels of i32, else the bits of an f32.
  FloatOrInt,
  /// Lists; what is beyond the given entries is zero.
  U32List,
  U64List,
  /// u32: how many entries the list before it has. Never written by hand.
  ListLength,
};

struct ParamField {
  std::string_view name;
  FieldType type;
  unsigned offset;
  /// Has to be given when the kernel is given parameters at all.
  bool needed = true;
  /// Limits of a number, both inclusive.
  double least = -3.5e38, most = 3.5e38;
  /// Entries of a list.
  unsigned entries = 1;
};

/// A parameter struct of the library.
struct ParamStruct {
  std::vector<ParamField> fields;
  /// Bytes; 0 when the kernel has no parameters.
  unsigned bytes = 0;
  /// The kernel takes a null pointer instead, with the library's defaults.
  bool optional = false;
};

/// Sizes of a tensor, fastest-varying dimension first.
using Sizes = std::vector<int64_t>;

/// What a shape rule sees.
struct NodeShapes {
  /// Null for absent operands.
  std::vector<const Sizes *> operands;
  std::vector<Sizes> results;
  const ParamMap *params;
};

/// Finds the shapes the results must have, or says what is wrong with the
/// operands.
using ShapeRule = std::string (*)(const NodeShapes &node,
                                  std::vector<Sizes> &results);

struct Kernel {
  /// GUID without the element type.
  std::string_view name;
  /// One letter an element type of the GUID's suffix: f = f32, b = bf16,
  /// i = i32, c = i8. Empty for kernels without one.
  std::string_view types;
  /// One letter an operand or result:
  ///   T  element type of the GUID       f b i c  that element type
  ///   A  any element type, the same in all A      E  f32 or bf16, the same
  ///      in all E                                 W  as E, or f32
  /// An operand's letter followed by ? may be absent (and left out at the end);
  /// a letter followed by + stands for one or more.
  std::string_view operands;
  std::string_view results;
  ShapeRule rule;
  ParamStruct params;
  Engine engine = Engine::Vector;
  /// Ranks of the first operand (of the first result when there is none).
  unsigned leastRank = 1, mostRank = 5;
  Availability devices = Availability::Both;
  /// What about it is not confirmed; empty when nothing.
  std::string_view unconfirmed = "";
};

/// All rows, by name.
const std::vector<Kernel> &allKernels();

/// A row and the element type that a GUID names.
struct KernelOf {
  const Kernel *kernel = nullptr;
  /// Of kernels without element type: none.
  std::optional<ElementType> type;
};

/// The kernel of a GUID; a null pointer when the table has none.
KernelOf findKernel(std::string_view guid);

struct TensorSignature {
  ElementType type;
  Sizes sizes;
};

/// A node, as far as the table is concerned.
struct NodeSignature {
  std::string_view guid;
  /// No value for an absent operand.
  std::vector<std::optional<TensorSignature>> operands;
  std::vector<TensorSignature> results;
  ParamMap params;
};

/// Which constraint of synapse.node does not hold, and why; no text when all
/// hold.
struct NodeProblem {
  int number = 0;
  std::string text;
};

NodeProblem checkNode(const NodeSignature &node);

/// The bytes of the kernel's parameter struct, for parameters that checkNode
/// found right; none for none.
std::vector<uint8_t> encodeParams(const KernelOf &kernel,
                                  const ParamMap &params);

/// What encodeParams made bytes of, as far as the bytes say: lists end before
/// their last run of zeros. No value when the number of bytes is not the
/// kernel's.
std::optional<ParamMap> decodeParams(const KernelOf &kernel,
                                     const std::vector<uint8_t> &bytes);

/// "axis = 1, depth = 30522", for people.
std::string paramsText(const ParamMap &params);

/// Operations on floating point numbers: of products two for each
/// multiplication, of the vector cores one for each element of the largest
/// tensor.
uint64_t flopsOf(const NodeSignature &node);

/// Bytes that the node reads and writes; none for what moves nothing.
uint64_t bytesOf(const NodeSignature &node);

/// Whether the result may take the place of operand `index`: the kernel reads
/// an element of it to make the element of the result at the same place, and
/// reads it no more after.
bool isElementwiseIn(const NodeSignature &node, unsigned index);

/// Whether results of the kernel may be the memory of an operand, or part of
/// it, if the library so decides.
bool mayShareMemory(std::string_view guid);

} // namespace bertc::synapse
