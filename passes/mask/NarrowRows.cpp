// SPDX-License-Identifier: Apache-2.0
//
// bert-narrow-rows: see passes/MaskPasses.td.

#include "dialects/bert/BertOps.h"
#include "dialects/bert/BertShapes.h"
#include "passes/Passes.h"
#include "passes/fuse/FusionQueries.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <optional>

namespace bertc {

#define GEN_PASS_DEF_BERTNARROWROWS
#include "passes/Passes.h.inc"

namespace {

using llvm::ArrayRef;
using llvm::SmallVector;
using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;

RankedTensorType typeOf(Value value) {
  return llvm::cast<RankedTensorType>(value.getType());
}

/// A reader of some tokens of each of B sequences.
struct Read {
  /// bert.gather or bert.slice of a tensor [B,S,H].
  Operation *op;
  /// Tokens of a sequence.
  int64_t count;
};

/// Whether a slice of [B,S,H] takes the same tokens of all sequences, whole.
bool takesTokens(bert::SliceOp slice) {
  ArrayRef<int64_t> from = slice.getStarts(), sizes = slice.getSizes();
  ArrayRef<int64_t> x = typeOf(slice.getX()).getShape();
  return from[0] == 0 && from[2] == 0 && sizes[0] == x[0] && sizes[2] == x[2];
}

/// How `op` reads tokens of its operand [B,S,H]; count 0 when it reads
/// otherwise.
Read readOf(Operation *op, Value tokens) {
  if (auto slice = llvm::dyn_cast<bert::SliceOp>(op)) {
    return {op, takesTokens(slice) ? slice.getSizes()[1] : 0};
  }
  auto gather = llvm::dyn_cast<bert::GatherOp>(op);
  if (!gather || gather.getTable() != tokens || gather.getBatchDims() != 1 ||
      typeOf(gather.getIndices()).getRank() != 2) {
    return {op, 0};
  }
  return {op, typeOf(gather.getIndices()).getDimSize(1)};
}

/// A matrix [B S, H] and all that reads it.
struct Matrix {
  Value value;
  int64_t batch = 0, length = 0;
  SmallVector<Read> reads;

  /// Rows that are read.
  int64_t rows() const {
    int64_t tokens = 0;
    for (const Read &read : reads) {
      tokens += read.count;
    }
    return batch * tokens;
  }
};

/// The readers of `value`, if they all see it as [B,S,H] and read fewer rows
/// than it has.
std::optional<Matrix> partlyRead(Value value) {
  RankedTensorType type = llvm::dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() != 2 || value.use_empty()) {
    return std::nullopt;
  }
  Matrix matrix{value};
  for (Operation *user : value.getUsers()) {
    auto reshape = llvm::dyn_cast<bert::ReshapeOp>(user);
    if (!reshape || typeOf(reshape.getY()).getRank() != 3 ||
        typeOf(reshape.getY()).getDimSize(2) != type.getDimSize(1)) {
      return std::nullopt;
    }
    ArrayRef<int64_t> tokens = typeOf(reshape.getY()).getShape();
    if (matrix.batch != 0 && matrix.batch != tokens[0]) {
      return std::nullopt;
    }
    matrix.batch = tokens[0];
    matrix.length = tokens[1];
    for (Operation *reader : reshape.getY().getUsers()) {
      matrix.reads.push_back(readOf(reader, reshape.getY()));
      if (matrix.reads.back().count == 0) {
        return std::nullopt;
      }
    }
  }
  llvm::sort(matrix.reads, [](const Read &a, const Read &b) {
    return a.op->isBeforeInBlock(b.op);
  });
  bool partly = !matrix.reads.empty() && matrix.rows() < type.getDimSize(0);
  return partly ? std::optional(matrix) : std::nullopt;
}

/// The operands whose row i makes row i of the first result; empty when `op`
/// does not work row by row.
SmallVector<unsigned> rowOperands(Operation *op) {
  if (auto product = llvm::dyn_cast<bert::MatmulOp>(op)) {
    return product.getTransposeA() ? SmallVector<unsigned>()
                                   : SmallVector<unsigned>{0};
  }
  if (auto norm = llvm::dyn_cast<bert::LayerNormOp>(op)) {
    bool onlyY = norm.getMean().use_empty() && norm.getRstd().use_empty();
    return onlyY ? SmallVector<unsigned>{0} : SmallVector<unsigned>();
  }
  if (auto dropout = llvm::dyn_cast<bert::DropoutOp>(op)) {
    return dropout.getRows() ? SmallVector<unsigned>()
                             : SmallVector<unsigned>{0};
  }
  if (llvm::isa<bert::BiasAddOp, bert::GeluOp, bert::ReluOp, bert::TanhOp,
                bert::IdentityOp>(op)) {
    return {0};
  }
  if (auto sum = llvm::dyn_cast<bert::AddOp>(op)) {
    bool same = sum.getX().getType() == sum.getY().getType();
    return same ? SmallVector<unsigned>{0, 1} : SmallVector<unsigned>();
  }
  return {};
}

/// The operations that compute a matrix, and nothing else, row by row, with
/// their rowOperands(); last first, as they stand in the block.
using Chain = llvm::MapVector<Operation *, SmallVector<unsigned>>;

Chain chainOf(const Matrix &matrix) {
  Chain chain;
  llvm::DenseSet<Value> wanted = {matrix.value};
  for (Operation *op = matrix.value.getDefiningOp(); op;
       op = op->getPrevNode()) {
    if (op->getNumResults() == 0 || !wanted.contains(op->getResult(0))) {
      continue;
    }
    Value result = op->getResult(0);
    SmallVector<unsigned> operands = rowOperands(op);
    bool shared =
        result != matrix.value &&
        !llvm::all_of(result.getUses(), [&](mlir::OpOperand &use) {
          auto user = chain.find(use.getOwner());
          return user != chain.end() &&
                 llvm::is_contained(user->second, use.getOperandNumber());
        });
    if (operands.empty() || shared) {
      continue;
    }
    for (unsigned i : operands) {
      wanted.insert(op->getOperand(i));
    }
    chain.insert({op, std::move(operands)});
  }
  return chain;
}

/// Makes the operations of a chain compute the rows that are read.
class Narrowing {
public:
  Narrowing(Matrix matrix, Chain chain)
      : matrix_(std::move(matrix)), chain_(std::move(chain)),
        builder_(chain_.back().first),
        layer_(parentOf(scopeOf(matrix_.value.getDefiningOp()))) {}

  /// Whether the positions are there before the first operation of the chain.
  bool possible() const {
    return llvm::all_of(matrix_.reads, [&](const Read &read) {
      auto gather = llvm::dyn_cast<bert::GatherOp>(read.op);
      return !gather || availableAt(gather.getIndices(), chain_.back().first);
    });
  }

  void run() {
    rows_ = rowNumbers();
    for (const auto &[op, operands] : llvm::reverse(chain_)) {
      narrow(op, operands);
    }
    replaceReads();
  }

private:
  static llvm::StringRef scopeOf(Operation *op) {
    mlir::StringAttr scope = llvm::cast<bert::TfOpInterface>(op).getScopeAttr();
    return scope ? scope.getValue() : "";
  }
  static llvm::StringRef parentOf(llvm::StringRef scope) {
    return scope.contains('/') ? scope.rsplit('/').first : "";
  }

  /// A scope below another, for one new operation; null where that has none.
  mlir::StringAttr below(llvm::StringRef scope, const llvm::Twine &name) {
    return scope.empty() ? mlir::StringAttr()
                         : builder_.getStringAttr(scope + "/" + name);
  }

  template <typename Op, typename... Args>
  Value make(mlir::StringAttr scope, Args &&...args) {
    return Op::create(builder_, matrix_.value.getLoc(),
                      std::forward<Args>(args)..., scope)
        ->getResult(0);
  }

  /// The tokens that a reader takes, [B,P].
  Value positions(const Read &read, size_t number) {
    if (auto gather = llvm::dyn_cast<bert::GatherOp>(read.op)) {
      return gather.getIndices();
    }
    int64_t first = llvm::cast<bert::SliceOp>(read.op).getStarts()[1];
    SmallVector<int32_t> tokens;
    for (int64_t b = 0; b < matrix_.batch; ++b) {
      for (int64_t i = 0; i < read.count; ++i) {
        tokens.push_back(static_cast<int32_t>(first + i));
      }
    }
    auto type = RankedTensorType::get({matrix_.batch, read.count},
                                      builder_.getI32Type());
    return make<bert::ConstantOp>(
        below(layer_, "rows/Const_" + llvm::Twine(number)),
        mlir::DenseElementsAttr::get(type, ArrayRef<int32_t>(tokens)));
  }

  Value rowNumbers() {
    SmallVector<Value> parts;
    for (const Read &read : matrix_.reads) {
      parts.push_back(positions(read, parts.size()));
    }
    return make<bert::RowNumbersOp>(below(layer_, "rows/RowNumbers"), parts,
                                    builder_.getI64IntegerAttr(matrix_.length));
  }

  /// The rows of a value from outside the chain, for its user `op` and those
  /// after it.
  Value gathered(Value value, Operation *op) {
    Value &rows = gathered_[value];
    if (!rows) {
      builder_.setInsertionPoint(op);
      rows = make<bert::GatherOp>(
          below(layer_, "rows/GatherV2_" + llvm::Twine(gathered_.size() - 1)),
          value, rows_, builder_.getI64IntegerAttr(0));
    }
    return rows;
  }

  void narrow(Operation *op, ArrayRef<unsigned> operands) {
    for (unsigned i : operands) {
      Value operand = op->getOperand(i);
      if (!chain_.contains(operand.getDefiningOp())) {
        op->setOperand(i, gathered(operand, op));
      }
    }
    if (auto dropout = llvm::dyn_cast<bert::DropoutOp>(op)) {
      dropout.getRowsMutable().assign(rows_);
    }
    for (Value result : op->getResults()) {
      SmallVector<int64_t> shape(typeOf(result).getShape());
      shape[0] = matrix_.rows();
      result.setType(typeOf(result).clone(shape));
    }
  }

  /// Each reader gets its part of the rows.
  void replaceReads() {
    const int64_t width = typeOf(matrix_.value).getDimSize(1);
    llvm::SetVector<Operation *> reshapes(matrix_.value.user_begin(),
                                          matrix_.value.user_end());
    builder_.setInsertionPointAfterValue(matrix_.value);
    int64_t first = 0;
    for (const Read &read : matrix_.reads) {
      const int64_t count = matrix_.batch * read.count;
      Value part = matrix_.value;
      if (count != matrix_.rows()) {
        part = make<bert::SliceOp>(below(scopeOf(read.op), "Slice"), part,
                                   ArrayRef<int64_t>{first, 0},
                                   ArrayRef<int64_t>{count, width});
      }
      first += count;
      part = make<bert::ReshapeOp>(below(scopeOf(read.op), "Reshape"),
                                   read.op->getResult(0).getType(), part);
      read.op->getResult(0).replaceAllUsesWith(part);
      read.op->erase();
    }
    for (Operation *reshape : reshapes) {
      reshape->erase();
    }
  }

  Matrix matrix_;
  Chain chain_;
  mlir::OpBuilder builder_;
  /// The scope in which the matrix is made.
  llvm::StringRef layer_;
  Value rows_;
  llvm::DenseMap<Value, Value> gathered_;
};

struct BertNarrowRows : impl::BertNarrowRowsBase<BertNarrowRows> {
  void runOnOperation() override {
    if (getOperation().isExternal()) {
      return;
    }
    for (Operation &op : llvm::make_early_inc_range(
             llvm::reverse(getOperation().getBody().front()))) {
      std::optional<Matrix> matrix =
          op.getNumResults() == 0 ? std::nullopt : partlyRead(op.getResult(0));
      if (!matrix) {
        continue;
      }
      Chain chain = chainOf(*matrix);
      bool pays = llvm::any_of(llvm::make_first_range(chain),
                               llvm::IsaPred<bert::MatmulOp>);
      if (!pays) {
        continue;
      }
      Narrowing narrowing(*matrix, chain);
      if (narrowing.possible()) {
        narrowing.run();
        numNarrowed += chain.size();
      }
    }
  }
};

} // namespace
} // namespace bertc
