// SPDX-License-Identifier: Apache-2.0
//
// LevelDB tables: blocks of prefix-compressed rows, each with a compression
// byte and a masked crc32c, then an index block, then a footer of 48 bytes.
#include "io/IndexTable.h"
#include "io/Crc32c.h"

#include <algorithm>
#include <cstring>
#include <leveldb/env.h>
#include <leveldb/options.h>
#include <leveldb/table_builder.h>

namespace bertc {
namespace {

constexpr size_t kTrailerBytes = 5;
constexpr size_t kFooterBytes = 48;
constexpr uint64_t kMagic = 0xdb4775248b80fb57ull;
/// No variable name or index entry comes near this.
constexpr size_t kMostRowBytes = 1 << 20;
/// Prefix compression lets a few bytes stand for a long key, so what the rows
/// may take in memory is limited to this much beyond four times the file.
constexpr size_t kSpareBytes = 32 << 20;

struct Handle {
  uint64_t offset = 0;
  uint64_t size = 0;
};

/// Takes a varint off the front; one that is longer than it need be is refused,
/// because no writer makes it and a flipped bit may.
bool takeVarint(std::string_view *text, uint64_t *value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !text->empty(); shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(text->front());
    text->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return byte != 0 || shift == 0;
    }
  }
  return false;
}

bool takeHandle(std::string_view *text, Handle *handle) {
  return takeVarint(text, &handle->offset) && takeVarint(text, &handle->size);
}

uint32_t load32(const char *p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

/// A block's content, after checking its place and checksum.
StatusOr<std::string_view> readBlock(std::string_view file, Handle handle) {
  const uint64_t room = file.size() - kFooterBytes;
  if (handle.offset > room || handle.size > room - handle.offset ||
      kTrailerBytes > room - handle.offset - handle.size) {
    return corrupt("a block of " + std::to_string(handle.size) +
                   " bytes at offset " + std::to_string(handle.offset) +
                   " reaches beyond the table");
  }
  std::string_view content = file.substr(handle.offset, handle.size);
  const char *trailer = content.data() + content.size();
  if (load32(trailer + 1) !=
      maskCrc32c(crc32c(content.data(), handle.size + 1))) {
    return corrupt("the checksum of the block at offset " +
                   std::to_string(handle.offset) + " is wrong");
  }
  if (trailer[0] != 0) {
    return corrupt("the block at offset " + std::to_string(handle.offset) +
                   " is compressed, expected none as TensorFlow writes it");
  }
  return content;
}

/// Appends the rows of a block, taking the memory for them off *budget.
Status parseBlock(std::string_view block, size_t *budget, TableRows *rows) {
  const Status malformed = corrupt("a block of the table is malformed");
  if (block.size() < 4) {
    return malformed;
  }
  const uint64_t restarts = load32(block.data() + block.size() - 4);
  if (restarts > (block.size() - 4) / 4) {
    return malformed;
  }
  std::string_view rest = block.substr(0, block.size() - 4 - 4 * restarts);
  std::string key;
  while (!rest.empty()) {
    uint64_t shared = 0, unshared = 0, valueBytes = 0;
    if (!takeVarint(&rest, &shared) || !takeVarint(&rest, &unshared) ||
        !takeVarint(&rest, &valueBytes) || shared > key.size() ||
        unshared > kMostRowBytes || valueBytes > kMostRowBytes ||
        shared + unshared > kMostRowBytes ||
        unshared + valueBytes > rest.size()) {
      return malformed;
    }
    const size_t cost = shared + unshared + valueBytes + sizeof(rows->front());
    if (cost > *budget) {
      return corrupt("the rows of the table need too much memory");
    }
    *budget -= cost;
    key.resize(shared);
    key.append(rest.substr(0, unshared));
    rows->emplace_back(key, rest.substr(unshared, valueBytes));
    rest.remove_prefix(unshared + valueBytes);
  }
  return Status();
}

/// Handles of the meta and index blocks. Bits that no checksum covers have
/// only one right value: the padding is zero.
Status parseFooter(std::string_view file, Handle *meta, Handle *index) {
  if (file.size() < kFooterBytes) {
    return corrupt("has " + std::to_string(file.size()) +
                   " bytes, too few for a checkpoint index");
  }
  std::string_view footer = file.substr(file.size() - kFooterBytes);
  uint64_t magic = 0;
  std::memcpy(&magic, footer.data() + 40, 8);
  if (magic != kMagic) {
    return corrupt("is truncated or no checkpoint index: it does not end with "
                   "the magic number of a LevelDB table");
  }
  footer.remove_suffix(8);
  if (!takeHandle(&footer, meta) || !takeHandle(&footer, index) ||
      footer.find_first_not_of('\0') != std::string_view::npos) {
    return corrupt("the footer is malformed");
  }
  return Status();
}

/// An error unless the blocks follow each other from offset 0 to the footer.
Status checkCoverage(std::vector<Handle> handles, uint64_t end) {
  std::sort(handles.begin(), handles.end(),
            [](Handle a, Handle b) { return a.offset < b.offset; });
  uint64_t at = 0;
  for (Handle handle : handles) {
    if (handle.offset != at) {
      return corrupt("a block begins at offset " +
                     std::to_string(handle.offset) + ", expected " +
                     std::to_string(at));
    }
    at += handle.size + kTrailerBytes;
  }
  return at == end ? Status()
                   : corrupt("the blocks end at offset " + std::to_string(at) +
                             ", expected " + std::to_string(end));
}

/// Lets the leveldb library write through an AtomicFile.
class TableSink : public leveldb::WritableFile {
public:
  explicit TableSink(AtomicFile *file) : file_(file) {}
  leveldb::Status Append(const leveldb::Slice &data) override {
    status = file_->append(data.data(), data.size());
    return status.ok() ? leveldb::Status::OK()
                       : leveldb::Status::IOError(status.message());
  }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override { return leveldb::Status::OK(); }

  /// The error behind the one that leveldb reports.
  Status status;

private:
  AtomicFile *file_;
};

} // namespace

StatusOr<TableRows> readTable(std::string_view file) {
  Handle meta, index;
  BERTC_RETURN_IF_ERROR(parseFooter(file, &meta, &index));
  BERTC_ASSIGN_OR_RETURN(std::string_view metaBlock, readBlock(file, meta));
  TableRows metaRows, indexRows, rows;
  size_t budget = 4 * file.size() + kSpareBytes;
  BERTC_RETURN_IF_ERROR(parseBlock(metaBlock, &budget, &metaRows));
  BERTC_ASSIGN_OR_RETURN(std::string_view indexBlock, readBlock(file, index));
  BERTC_RETURN_IF_ERROR(parseBlock(indexBlock, &budget, &indexRows));
  std::vector<Handle> handles = {meta, index};
  for (const auto &[lastKey, encoded] : indexRows) {
    std::string_view text = encoded;
    Handle handle;
    if (!takeHandle(&text, &handle) || !text.empty()) {
      return corrupt("the index block of the table is malformed");
    }
    handles.push_back(handle);
  }
  // Before the blocks are parsed: each byte of the file is in one of them, so
  // the rows cannot outgrow the file.
  BERTC_RETURN_IF_ERROR(checkCoverage(handles, file.size() - kFooterBytes));
  for (size_t i = 2; i < handles.size(); ++i) {
    BERTC_ASSIGN_OR_RETURN(std::string_view block, readBlock(file, handles[i]));
    BERTC_RETURN_IF_ERROR(parseBlock(block, &budget, &rows));
  }
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i - 1].first >= rows[i].first) {
      return corrupt("the keys of the table are not in order");
    }
  }
  return rows;
}

Status appendTable(const TableRows &rows, AtomicFile *file) {
  TableSink sink(file);
  leveldb::Options options;
  options.compression = leveldb::kNoCompression;
  leveldb::TableBuilder builder(options, &sink);
  for (const auto &[key, value] : rows) {
    builder.Add(key, value);
  }
  leveldb::Status finished = builder.Finish();
  if (!sink.status.ok()) {
    return sink.status;
  }
  return finished.ok() ? Status()
                       : internalError("leveldb cannot write the table: " +
                                       finished.ToString());
}

} // namespace bertc
