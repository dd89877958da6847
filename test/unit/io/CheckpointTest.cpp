// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow checkpoints: round trips, and every kind of damage seen.
#include "io/Checkpoint.h"
#include "io/Crc32c.h"
#include "io/IndexTable.h"
#include "io/proto/checkpoint.pb.h"
#include "test/unit/io/TestSupport.h"

#include <cstring>
#include <gmock/gmock.h>
#include <leveldb/env.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::HasSubstr;

float gWeights[6] = {1, 2, 3, 4, 5, 6};
int64_t gStep = 1234;
uint8_t gState[5] = {9, 8, 7, 6, 5};

std::vector<TensorSource> smallTensors() {
  return {{{"global_step", DataType::I64, {}}, &gStep},
          {{"bert/w", DataType::F32, {2, 3}}, gWeights},
          {{"bert/w/adam_m", DataType::F32, {6}}, gWeights},
          {{"bertc/run_state", DataType::U8, {5}}, gState},
          {{"empty", DataType::F32, {0}}, nullptr}};
}

class CheckpointTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_OK(writeCheckpoint(prefix_, smallTensors()));
    index_ = test::get(prefix_ + ".index");
    data_ = test::get(dataPath_);
  }

  /// Opens and verifies; true when that found nothing wrong.
  bool usable() {
    auto reader = CheckpointReader::open(prefix_);
    return reader.ok() && reader->verifyAll().ok();
  }

  /// Replaces the index by one with other rows.
  void putRows(TableRows rows) {
    auto file = AtomicFile::create(prefix_ + ".index");
    ASSERT_OK(file);
    ASSERT_OK(appendTable(rows, &*file));
    ASSERT_OK(file->commit());
  }

  /// The error after one entry was changed by `edit`.
  template <typename Edit> std::string errorAfter(Edit edit) {
    TableRows rows = *readTable(index_);
    for (auto &[key, value] : rows) {
      if (key == "bert/w") {
        proto::BundleEntry entry;
        EXPECT_TRUE(entry.ParseFromString(value));
        edit(&entry);
        value = entry.SerializeAsString();
      }
    }
    putRows(rows);
    return errorOf(CheckpointReader::open(prefix_));
  }

  test::TemporaryFolder folder_;
  std::string prefix_ = folder_.file("model.ckpt-1");
  std::string dataPath_ = prefix_ + ".data-00000-of-00001";
  std::string index_, data_;
};

TEST_F(CheckpointTest, RoundTrips) {
  auto reader = CheckpointReader::open(prefix_ + ".index");
  ASSERT_OK(reader);
  EXPECT_EQ(reader->prefix(), prefix_);
  ASSERT_EQ(reader->entries().size(), 5u);
  EXPECT_EQ(reader->entries()[0].info.name, "bert/w");
  EXPECT_EQ(reader->entries()[0].info.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(reader->entries()[3].info.name, "empty");
  float weights[6];
  ASSERT_OK(reader->read("bert/w", weights, sizeof(weights)));
  EXPECT_EQ(std::memcmp(weights, gWeights, sizeof(weights)), 0);
  int64_t step = 0;
  ASSERT_OK(reader->read("global_step", &step, 8));
  EXPECT_EQ(step, gStep);
  EXPECT_EQ(*reader->readBytes("bertc/run_state"),
            std::string("\x09\x08\x07\x06\x05"));
  EXPECT_OK(reader->verifyAll());
  EXPECT_EQ(reader->read("absent", weights, 4).code(), StatusCode::NotFound);
  EXPECT_THAT(errorOf(reader->read("bert/w", weights, 4)),
              HasSubstr("has 24 bytes, expected 4"));
}

TEST_F(CheckpointTest, BytesDependOnContentOnly) {
  std::vector<TensorSource> shuffled = smallTensors();
  std::swap(shuffled[0], shuffled[3]);
  std::string other = folder_.file("other");
  ASSERT_OK(writeCheckpoint(other, shuffled));
  EXPECT_EQ(test::get(other + ".index"), index_);
  EXPECT_EQ(test::get(other + ".data-00000-of-00001"), data_);
}

/// A leveldb input file over a string.
class StringFile : public leveldb::RandomAccessFile {
public:
  explicit StringFile(const std::string &text) : text_(text) {}
  leveldb::Status Read(uint64_t offset, size_t n, leveldb::Slice *result,
                       char *) const override {
    *result = leveldb::Slice(text_.data() + offset, n);
    return leveldb::Status::OK();
  }

private:
  const std::string &text_;
};

// Our table reader against the library whose format it is.
TEST_F(CheckpointTest, TableReaderAgreesWithLevelDb) {
  test::Seeded random(11);
  TableRows rows = {{"", "header"}};
  for (int i = 0; i < 3000; ++i) { // several blocks
    char name[32];
    std::snprintf(name, sizeof(name), "layer_%05d/kernel", i);
    rows.emplace_back(name, random.bytes(random.below(60)));
  }
  putRows(rows);
  std::string bytes = test::get(prefix_ + ".index");
  auto ours = readTable(bytes);
  ASSERT_OK(ours);
  EXPECT_EQ(*ours, rows);
  StringFile file(bytes);
  leveldb::Table *table = nullptr;
  ASSERT_TRUE(
      leveldb::Table::Open(leveldb::Options(), &file, bytes.size(), &table)
          .ok());
  std::unique_ptr<leveldb::Table> owner(table);
  std::unique_ptr<leveldb::Iterator> it(
      table->NewIterator(leveldb::ReadOptions()));
  size_t i = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++i) {
    ASSERT_LT(i, ours->size());
    EXPECT_EQ(it->key().ToString(), (*ours)[i].first);
    EXPECT_EQ(it->value().ToString(), (*ours)[i].second);
  }
  EXPECT_EQ(i, ours->size());
}

TEST_F(CheckpointTest, EveryTruncationIsSeen) {
  for (size_t length = 0; length < index_.size(); ++length) {
    test::put(prefix_ + ".index", index_.substr(0, length));
    EXPECT_FALSE(usable()) << length;
  }
  test::put(prefix_ + ".index", index_);
  for (size_t length = 0; length < data_.size(); ++length) {
    test::put(dataPath_, data_.substr(0, length));
    EXPECT_FALSE(usable()) << length;
  }
  test::put(dataPath_, data_);
  EXPECT_TRUE(usable());
}

TEST_F(CheckpointTest, EveryBitFlipIsSeen) {
  for (size_t bit = 0; bit < index_.size() * 8; ++bit) {
    std::string damaged = index_;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    test::put(prefix_ + ".index", damaged);
    EXPECT_FALSE(usable()) << "index bit " << bit;
  }
  test::put(prefix_ + ".index", index_);
  for (size_t bit = 0; bit < data_.size() * 8; ++bit) {
    std::string damaged = data_;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    test::put(dataPath_, damaged);
    EXPECT_FALSE(usable()) << "data bit " << bit;
  }
}

TEST_F(CheckpointTest, ChecksumErrorsNameTensorAndFile) {
  data_[2] = static_cast<char>(data_[2] ^ 0x10); // bert/w comes first
  test::put(dataPath_, data_);
  auto reader = CheckpointReader::open(prefix_);
  ASSERT_OK(reader);
  float weights[6];
  EXPECT_EQ(errorOf(reader->read("bert/w", weights, 24)),
            "tensor 'bert/w' in '" + dataPath_ +
                "': the checksum of its data is wrong");
  EXPECT_OK(reader->readBytes("bertc/run_state"));
}

TEST_F(CheckpointTest, MutationsNeverCrash) {
  test::Seeded random(12);
  for (int i = 0; i < 5000; ++i) {
    test::put(prefix_ + ".index", test::mutate(index_, random));
    (void)usable();
  }
}

// Checksums in order, meaning hostile: what no random damage reaches.
TEST_F(CheckpointTest, HostileEntriesAreErrors) {
  using Entry = proto::BundleEntry;
  auto dim = [](Entry *e, int i, int64_t size) {
    e->mutable_shape()->mutable_dim(i)->set_size(size);
  };
  EXPECT_EQ(errorAfter([](Entry *) {}), "no error");
  EXPECT_THAT(errorAfter([&](Entry *e) { dim(e, 0, -2); }),
              HasSubstr("negative dimension"));
  EXPECT_THAT(errorAfter([&](Entry *e) {
                dim(e, 0, int64_t(1) << 33);
                dim(e, 1, int64_t(1) << 33);
              }),
              HasSubstr("too many elements"));
  EXPECT_THAT(errorAfter([&](Entry *e) { dim(e, 0, 3); }),
              HasSubstr("needs 36 bytes, the entry says 24"));
  EXPECT_THAT(errorAfter([](Entry *e) { e->set_offset(-1); }),
              HasSubstr("negative offset"));
  EXPECT_THAT(errorAfter([](Entry *e) { e->set_size(-24); }),
              HasSubstr("negative offset or size"));
  EXPECT_THAT(errorAfter([](Entry *e) { e->set_offset(INT64_MAX); }),
              HasSubstr("reach beyond"));
  EXPECT_THAT(errorAfter([](Entry *e) { e->set_offset(60); }),
              HasSubstr("reach beyond"));
  EXPECT_THAT(errorAfter([](Entry *e) { e->set_shard_id(1); }),
              HasSubstr("data file 1 of 1"));
  EXPECT_THAT(errorAfter([](Entry *e) { e->set_shard_id(-1); }),
              HasSubstr("data file -1 of 1"));
  EXPECT_THAT(
      errorAfter([](Entry *e) { e->mutable_shape()->set_unknown_rank(true); }),
      HasSubstr("unknown"));
  EXPECT_THAT(errorAfter([](Entry *e) {
                for (int i = 0; i < 300; ++i) {
                  e->mutable_shape()->add_dim()->set_size(1);
                }
              }),
              HasSubstr("too many dimensions"));
}

TEST_F(CheckpointTest, HostileHeadersAreErrors) {
  auto errorWith = [&](auto edit) {
    TableRows rows = *readTable(index_);
    proto::BundleHeader header;
    EXPECT_TRUE(header.ParseFromString(rows[0].second));
    edit(&header);
    rows[0].second = header.SerializeAsString();
    putRows(rows);
    return errorOf(CheckpointReader::open(prefix_));
  };
  using Header = proto::BundleHeader;
  EXPECT_THAT(errorWith([](Header *h) { h->set_num_shards(0); }),
              HasSubstr("names 0 data files"));
  EXPECT_THAT(errorWith([](Header *h) { h->set_num_shards(INT32_MAX); }),
              HasSubstr("00000-of-2147483647"));
  EXPECT_THAT(errorWith([](Header *h) { h->set_endianness(Header::BIG); }),
              HasSubstr("big-endian"));
  EXPECT_THAT(
      errorWith([](Header *h) { h->mutable_version()->set_min_consumer(2); }),
      HasSubstr("format version 2"));
  TableRows rows = *readTable(index_);
  rows.erase(rows.begin());
  putRows(rows);
  EXPECT_THAT(errorOf(CheckpointReader::open(prefix_)),
              HasSubstr("the header entry is missing"));
}

// A table whose every row repeats a long key would take a thousand times its
// own size in memory.
TEST_F(CheckpointTest, PrefixBombsAreErrors) {
  std::string block;
  auto varint = [&](uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      block += static_cast<char>(value | 0x80);
    }
    block += static_cast<char>(value);
  };
  varint(0), varint(500000), varint(0);
  block += std::string(500000, 'k');
  for (int i = 0; i < 100000; ++i) {
    varint(500000), varint(0), varint(0);
  }
  block += std::string(4, '\0');
  auto sealed = [](std::string content) {
    content += '\0';
    uint32_t crc = maskCrc32c(crc32c(content.data(), content.size()));
    return content + std::string(reinterpret_cast<const char *>(&crc), 4);
  };
  std::string bytes = sealed(block), saved = block;
  block.clear();
  varint(0), varint(saved.size()), varint(0), varint(saved.size());
  block.resize(40, '\0');
  bytes += block + std::string("\x57\xfb\x80\x8b\x24\x75\x47\xdb", 8);
  EXPECT_EQ(errorOf(readTable(bytes)),
            "the rows of the table need too much memory");
}

TEST_F(CheckpointTest, ReadsManyDataFiles) {
  TableRows rows = *readTable(index_);
  proto::BundleHeader header;
  ASSERT_TRUE(header.ParseFromString(rows[0].second));
  header.set_num_shards(2);
  rows[0].second = header.SerializeAsString();
  for (auto &[key, value] : rows) {
    if (key == "global_step") {
      proto::BundleEntry entry;
      ASSERT_TRUE(entry.ParseFromString(value));
      entry.set_shard_id(1);
      entry.set_offset(0);
      value = entry.SerializeAsString();
    }
  }
  putRows(rows);
  test::put(checkpointDataPath(prefix_, 0, 2), data_);
  test::put(checkpointDataPath(prefix_, 1, 2),
            std::string(reinterpret_cast<const char *>(&gStep), 8));
  auto reader = CheckpointReader::open(prefix_);
  ASSERT_OK(reader);
  int64_t step = 0;
  ASSERT_OK(reader->read("global_step", &step, 8));
  EXPECT_EQ(step, gStep);
  EXPECT_OK(reader->verifyAll());
}

TEST_F(CheckpointTest, ReadsStrings) {
  // Varint lengths, masked checksum of the lengths as u32, the bytes.
  std::vector<std::string> strings = {"ab", "", std::string(200, 'z')};
  std::string stored;
  uint32_t crc = 0;
  for (const std::string &text : strings) {
    uint32_t length = static_cast<uint32_t>(text.size());
    crc = extendCrc32c(crc, &length, 4);
    if (length >= 0x80) {
      stored += static_cast<char>(length | 0x80);
      length >>= 7;
    }
    stored += static_cast<char>(length);
  }
  uint32_t masked = maskCrc32c(crc);
  std::string rest(reinterpret_cast<const char *>(&masked), 4);
  for (const std::string &text : strings) {
    rest += text;
  }
  crc = extendCrc32c(crc, rest.data(), rest.size());
  stored += rest;
  proto::BundleEntry entry;
  entry.set_dtype(7);
  entry.mutable_shape()->add_dim()->set_size(3);
  entry.set_size(static_cast<int64_t>(stored.size()));
  entry.set_crc32c(maskCrc32c(crc));
  putRows({(*readTable(index_))[0], {"names", entry.SerializeAsString()}});
  test::put(dataPath_, stored);
  auto reader = CheckpointReader::open(prefix_);
  ASSERT_OK(reader);
  auto read = reader->readStrings("names");
  ASSERT_OK(read);
  EXPECT_EQ(*read, strings);
  EXPECT_OK(reader->verifyAll());
  EXPECT_THAT(errorOf(reader->view("names")), HasSubstr("holds strings"));
  for (size_t byte = 0; byte < stored.size(); ++byte) {
    std::string damaged = stored;
    damaged[byte] = static_cast<char>(damaged[byte] ^ 1);
    test::put(dataPath_, damaged);
    EXPECT_FALSE(usable()) << byte;
  }
}

TEST_F(CheckpointTest, PartitionedVariablesAreListedNotRead) {
  TableRows rows = *readTable(index_);
  for (auto &[key, value] : rows) {
    if (key == "bert/w") {
      proto::BundleEntry entry;
      ASSERT_TRUE(entry.ParseFromString(value));
      entry.add_slices()->add_extent()->set_length(1);
      value = entry.SerializeAsString();
    }
  }
  rows.insert(rows.begin() + 1, {std::string("\0slice", 6), "x"});
  putRows(rows);
  auto reader = CheckpointReader::open(prefix_);
  ASSERT_OK(reader);
  EXPECT_EQ(reader->entries().size(), 5u);
  EXPECT_THAT(errorOf(reader->view("bert/w")), HasSubstr("in parts"));
  EXPECT_OK(reader->verifyAll());
}

TEST_F(CheckpointTest, WriterRefusesBadNames) {
  std::string other = folder_.file("other");
  EXPECT_FALSE(
      writeCheckpoint(other, {{{"", DataType::F32, {}}, gWeights}}).ok());
  EXPECT_FALSE(writeCheckpoint(other, {{{"a", DataType::F32, {}}, gWeights},
                                       {{"a", DataType::F32, {}}, gWeights}})
                   .ok());
  EXPECT_FALSE(fileExists(other + ".index"));
}

} // namespace
} // namespace bertc
