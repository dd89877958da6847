// SPDX-License-Identifier: Apache-2.0
//
// Event files read back record by record: framing and checksums by the TFRecord
// reader, content by protobuf.
#include "io/EventFile.h"
#include "io/TfRecord.h"
#include "io/proto/event.pb.h"
#include "test/unit/io/TestSupport.h"

#include <gmock/gmock.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<proto::Event> readEvents(const std::string &path) {
  std::vector<proto::Event> events;
  auto reader = TfRecordReader::open(path);
  EXPECT_OK(reader);
  std::string_view record;
  while (reader.ok()) {
    auto more = reader->next(&record);
    EXPECT_OK(more);
    if (!more.ok() || !*more) {
      break;
    }
    EXPECT_TRUE(events.emplace_back().ParseFromArray(
        record.data(), static_cast<int>(record.size())));
  }
  return events;
}

TEST(EventFileTest, WritesScalarsBehindVersionAndStart) {
  test::TemporaryFolder folder;
  auto file = EventFile::create(folder.file("new/run"), 41);
  ASSERT_OK(file);
  EXPECT_THAT(file->path(),
              StartsWith(folder.file("new/run") + "/events.out.tfevents."));
  ASSERT_OK(file->scalars(41, {{"loss", 0.5}, {"learning_rate", 1e-4}}));
  ASSERT_OK(file->scalars(42, {}));
  ASSERT_OK(file->scalars(1ll << 40, {{"loss", -2.0}}));
  // Everything is there while the file is still open.
  std::vector<proto::Event> events = readEvents(file->path());
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].file_version(), "brain.Event:2");
  EXPECT_GT(events[0].wall_time(), 1.7e9);
  EXPECT_EQ(events[1].step(), 41);
  EXPECT_EQ(events[1].session_log().status(), proto::SessionLog::START);
  EXPECT_EQ(events[2].step(), 41);
  ASSERT_EQ(events[2].summary().value_size(), 2);
  EXPECT_EQ(events[2].summary().value(0).tag(), "loss");
  EXPECT_EQ(events[2].summary().value(0).simple_value(), 0.5f);
  EXPECT_EQ(events[2].summary().value(1).simple_value(), 1e-4f);
  EXPECT_EQ(events[3].step(), 1ll << 40);
}

// The bytes that TensorFlow writes for the same event.
TEST(EventFileTest, HasTheFieldNumbersOfTensorFlow) {
  proto::Event event;
  event.set_wall_time(1.0);
  event.set_step(3);
  proto::Summary::Value *value = event.mutable_summary()->add_value();
  value->set_tag("a");
  value->set_simple_value(1.0f);
  EXPECT_EQ(event.SerializeAsString(),
            std::string("\x09\0\0\0\0\0\0\xf0\x3f\x10\x03\x2a\x0a\x0a\x08\x0a"
                        "\x01"
                        "a\x15\0\0\x80\x3f",
                        23));
  proto::Event start;
  start.mutable_session_log()->set_status(proto::SessionLog::START);
  EXPECT_EQ(start.SerializeAsString(), "\x3a\x02\x08\x01");
}

TEST(EventFileTest, NamesSortInTheOrderOfTheSessions) {
  test::TemporaryFolder folder;
  test::put(folder.file("events.out.tfevents.4000000000.host"), "");
  test::put(folder.file("events.out.tfevents.later"), "");
  std::string last = "events.out.tfevents.4000000000.host";
  for (int session = 0; session < 12; ++session) {
    auto file = EventFile::create(folder.path(), 1);
    ASSERT_OK(file);
    std::string name = baseName(file->path());
    EXPECT_LT(last, name);
    last = name;
  }
}

TEST(EventFileTest, DropsOrReportsWhatCannotBeWritten) {
  EventFile none;
  EXPECT_OK(none.scalars(1, {{"loss", 1}}));
  EXPECT_EQ(none.path(), "");
  test::TemporaryFolder folder;
  test::put(folder.file("file"), "");
  EXPECT_THAT(errorOf(EventFile::create(folder.file("file"), 1)),
              HasSubstr(folder.file("file")));
}

} // namespace
} // namespace bertc
