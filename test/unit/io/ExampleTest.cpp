// SPDX-License-Identifier: Apache-2.0
//
// tf.train.Example: the hand-written reader and writer must be equivalent to
// protobuf's generated code, on good data and on bad.
#include "io/Example.h"
#include "io/proto/example.pb.h"
#include "test/unit/io/TestSupport.h"

#include <algorithm>
#include <cstring>
#include <gmock/gmock.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

namespace bertc {
namespace {

using test::errorOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string deterministic(const proto::Example &example) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  example.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

/// What our reader saw, as a protobuf message.
proto::Example toProto(const ExampleView &view) {
  proto::Example example;
  auto &map = *example.mutable_features()->mutable_feature();
  for (const FeatureView &feature : view.features()) {
    proto::Feature &out = map[std::string(feature.name())];
    switch (feature.kind()) {
    case FeatureKind::None:
      break;
    case FeatureKind::Bytes:
      out.mutable_bytes_list();
      for (std::string_view value : feature.byteStrings()) {
        out.mutable_bytes_list()->add_value(std::string(value));
      }
      break;
    case FeatureKind::Float:
      out.mutable_float_list();
      for (float value : feature.floats()) {
        out.mutable_float_list()->add_value(value);
      }
      break;
    case FeatureKind::Int64:
      out.mutable_int64_list();
      for (int64_t value : feature.int64s()) {
        out.mutable_int64_list()->add_value(value);
      }
      break;
    }
  }
  return example;
}

/// Both parsers on the same bytes: they accept the same, and see the same.
void expectSame(const std::string &bytes) {
  google::protobuf::LogSilencer silencer;
  proto::Example expected;
  bool good = expected.ParseFromString(bytes);
  ExampleView view;
  Status status = view.parse(bytes);
  ASSERT_EQ(status.ok(), good) << status.message();
  if (good) {
    expected.DiscardUnknownFields();
    expected.mutable_features();
    EXPECT_EQ(deterministic(toProto(view)), deterministic(expected));
  }
}

int64_t randomInt(test::Seeded &random) {
  return static_cast<int64_t>(random.bits() >> random.below(64)) *
         (random.below(4) == 0 ? -1 : 1);
}

proto::Example randomExample(test::Seeded &random) {
  proto::Example example;
  auto &map = *example.mutable_features()->mutable_feature();
  for (uint64_t n = random.below(6); n > 0; --n) {
    proto::Feature &feature = map["key" + std::to_string(random.below(40))];
    uint64_t count = random.below(30);
    switch (random.below(4)) {
    case 0:
      feature.mutable_int64_list();
      for (; count > 0; --count) {
        feature.mutable_int64_list()->add_value(randomInt(random));
      }
      break;
    case 1:
      feature.mutable_float_list();
      for (; count > 0; --count) {
        feature.mutable_float_list()->add_value(
            static_cast<float>(random.below(1000)) / 7);
      }
      break;
    case 2:
      feature.mutable_bytes_list();
      for (; count > 0; --count) {
        feature.mutable_bytes_list()->add_value(random.bytes(random.below(20)));
      }
      break;
    default:
      break;
    }
  }
  return example;
}

TEST(Example, BuilderWritesProtobufsDeterministicBytes) {
  std::vector<int64_t> ints = {0, 1, -1, 127, 128, INT64_MAX, INT64_MIN};
  std::vector<int32_t> small = {5, -7, INT32_MIN};
  std::vector<float> floats = {0.5f, -1e30f};
  ExampleBuilder builder;
  for (int round = 0; round < 2; ++round) { // reuse after clear()
    builder.setInt64("zeta", ints.data(), ints.size());
    builder.setInt64("small", small.data(), small.size());
    builder.setFloat("weights", floats.data(), floats.size());
    builder.setFloat("empty", nullptr, 0);
    builder.setBytes("alpha", {"x", "", std::string_view("\0\xff", 2)});
    builder.setInt64("replaced", ints.data(), 1);
    builder.setInt64("replaced", ints.data(), 2);
    std::string bytes;
    builder.serialize(&bytes);
    proto::Example parsed;
    ASSERT_TRUE(parsed.ParseFromString(bytes));
    EXPECT_EQ(deterministic(parsed), bytes);
    EXPECT_EQ(parsed.features().feature().size(), 6u);
    const auto &map = parsed.features().feature();
    EXPECT_THAT(map.at("zeta").int64_list().value(),
                ::testing::ElementsAreArray(ints));
    EXPECT_THAT(map.at("small").int64_list().value(),
                ElementsAre(5, -7, INT32_MIN));
    EXPECT_THAT(map.at("weights").float_list().value(),
                ElementsAre(0.5f, -1e30f));
    EXPECT_THAT(map.at("alpha").bytes_list().value(),
                ElementsAre("x", "", std::string("\0\xff", 2)));
    EXPECT_EQ(map.at("replaced").int64_list().value_size(), 2);
    EXPECT_TRUE(map.at("empty").has_float_list());
    builder.clear();
  }
  std::string nothing;
  builder.serialize(&nothing);
  EXPECT_EQ(nothing, std::string("\x0a\0", 2));
}

TEST(Example, BuilderWritesIntegersOfEverySize) {
  test::Seeded random(11);
  ExampleBuilder builder; // one for all: it keeps its memory
  for (int bits = 0; bits <= 64; ++bits) {
    // 1, 0 and the two's complement around each power of two.
    std::vector<int64_t> values = {0, 1};
    if (bits > 0) {
      uint64_t top = bits == 64 ? 0 : uint64_t{1} << bits;
      values.push_back(static_cast<int64_t>(top - 1));
      for (int i = 0; i < 20; ++i) {
        values.push_back(static_cast<int64_t>(random.bits() >> (64 - bits)));
      }
    }
    proto::Example expected;
    auto &list = *(*expected.mutable_features()->mutable_feature())["x"]
                      .mutable_int64_list();
    std::vector<int32_t> narrow;
    for (int64_t value : values) {
      list.add_value(value);
      narrow.push_back(static_cast<int32_t>(value));
    }
    std::string bytes = "kept";
    builder.clear();
    builder.setInt64("x", values.data(), values.size());
    builder.serialize(&bytes);
    EXPECT_EQ(bytes, "kept" + deterministic(expected)) << bits << " bits";
    // The 32-bit form sign-extends.
    list.clear_value();
    for (int32_t value : narrow) {
      list.add_value(value);
    }
    builder.clear();
    builder.setInt64("x", narrow.data(), narrow.size());
    bytes.clear();
    builder.serialize(&bytes);
    EXPECT_EQ(bytes, deterministic(expected)) << bits << " bits";
  }
}

TEST(Example, BuilderTakesOtherFeaturesAfterClear) {
  ExampleBuilder builder;
  const int32_t one = 1, two = 2;
  for (const std::vector<const char *> &names :
       {std::vector<const char *>{"a", "b", "c"},
        {"c"},
        {"b", "c", "a", "b"},
        {"c", "b", "a"},
        {"a", "a"}}) {
    proto::Example expected;
    builder.clear();
    for (const char *name : names) {
      builder.setInt64(name, &one, 1);
      builder.setInt64(name, &two, 1);
      auto &feature = (*expected.mutable_features()->mutable_feature())[name];
      feature.mutable_int64_list()->clear_value();
      feature.mutable_int64_list()->add_value(2);
    }
    std::string bytes;
    builder.serialize(&bytes);
    EXPECT_EQ(bytes, deterministic(expected));
  }
}

TEST(Example, ReadsWhatProtobufWrites) {
  test::Seeded random(6);
  for (int i = 0; i < 2000; ++i) {
    proto::Example example = randomExample(random);
    expectSame(example.SerializeAsString());
    expectSame(deterministic(example));
  }
  expectSame("");
}

// Legal encodings that no writer produces but the format allows.
TEST(Example, ReadsUnusualEncodings) {
  // Unpacked int64 list: value 1, 2 as separate varint fields.
  std::string list = "\x08\x01\x08\x02";
  auto field = [](char tag, const std::string &content) {
    return std::string(1, tag) + static_cast<char>(content.size()) + content;
  };
  auto entry = [&](const std::string &key, const std::string &feature) {
    return field(0x0a, field(0x0a, key) + field(0x12, feature));
  };
  std::string unpacked = entry("a", field(0x1a, list));
  expectSame(field(0x0a, unpacked));
  ExampleView view;
  std::string bytes = field(0x0a, unpacked);
  ASSERT_OK(view.parse(bytes));
  EXPECT_THAT(view.find("a")->int64s(), ElementsAre(1, 2));
  // Unpacked floats; half packed, half not; two packed pieces.
  expectSame(field(0x0a, entry("f", field(0x12, "\x0d\x01\x02\x03\x04"))));
  std::string mixed =
      field(0x0a, "\x01\x02") + "\x08\x03" + field(0x0a, "\x04");
  expectSame(field(0x0a, entry("m", field(0x1a, mixed))));
  // The same key twice, value before key, key or value left out.
  std::string one = entry("k", field(0x1a, field(0x0a, "\x01")));
  std::string two = entry("k", field(0x1a, field(0x0a, "\x02")));
  expectSame(field(0x0a, one + two));
  expectSame(field(0x0a, field(0x0a, field(0x12, "") + field(0x0a, "k"))));
  expectSame(field(0x0a, field(0x0a, field(0x0a, "k"))));
  expectSame(field(0x0a, field(0x0a, "")));
  // Two Features messages; two kinds in one feature; an unknown field.
  expectSame(field(0x0a, one) + field(0x0a, entry("j", "")));
  std::string both = field(0x1a, field(0x0a, "\x01")) + field(0x12, "");
  expectSame(field(0x0a, entry("b", both)));
  expectSame(field(0x0a, one) + field(0x22, "unknown"));
  // Keys: non-ASCII UTF-8 is fine, other bytes are not.
  expectSame(field(0x0a, entry("\xc3\xa9", "")));
  expectSame(field(0x0a, entry("\xff", "")));
  // Varints of ten bytes and of eleven.
  expectSame(field(
      0x0a,
      entry("v", field(0x1a, field(0x0a, std::string(9, '\xff') + "\x01")))));
  expectSame(field(
      0x0a,
      entry("v", field(0x1a, field(0x0a, std::string(10, '\xff') + "\x01")))));
}

TEST(Example, ManyFeatures) {
  proto::Example example;
  for (int i = 0; i < 100; ++i) {
    (*example.mutable_features()->mutable_feature())["k" + std::to_string(i)]
        .mutable_int64_list()
        ->add_value(i);
  }
  expectSame(example.SerializeAsString());
}

TEST(Example, MutationsAgreeWithProtobuf) {
  test::Seeded random(7);
  for (int i = 0; i < 20000; ++i) {
    expectSame(test::mutate(randomExample(random).SerializeAsString(), random));
  }
}

TEST(Example, TruncationsAgreeWithProtobuf) {
  test::Seeded random(8);
  std::string bytes = randomExample(random).SerializeAsString();
  for (size_t length = 0; length < bytes.size(); ++length) {
    expectSame(bytes.substr(0, length));
  }
}

TEST(Example, TypedReadsCheckKindCountAndRange) {
  int64_t ids[] = {1, 2, int64_t(1) << 40};
  float weights[] = {1.5f};
  ExampleBuilder builder;
  builder.setInt64("ids", ids, 3);
  builder.setFloat("weights", weights, 1);
  std::string bytes;
  builder.serialize(&bytes);
  ExampleView view;
  ASSERT_OK(view.parse(bytes));
  auto feature = view.require("ids");
  ASSERT_OK(feature);
  int64_t wide[3];
  EXPECT_OK((*feature)->readInt64(wide, 3));
  EXPECT_THAT(wide, ElementsAre(1, 2, int64_t(1) << 40));
  int32_t narrow[3];
  EXPECT_EQ(errorOf((*feature)->readInt32(narrow, 3)),
            "feature 'ids' has a value that needs more than 32 bits");
  EXPECT_EQ(errorOf((*feature)->readInt64(wide, 2)),
            "feature 'ids' has 3 values, expected 2");
  float target[1];
  EXPECT_EQ(errorOf((*feature)->readFloat(target, 1)),
            "feature 'ids' is a list of int64, expected float");
  EXPECT_EQ(errorOf(view.find("weights")->readInt32(narrow, 1)),
            "feature 'weights' is a list of float, expected int64");
  EXPECT_OK(view.find("weights")->readFloat(target, 1));
  EXPECT_EQ(target[0], 1.5f);
  EXPECT_EQ(errorOf(view.require("labels")),
            "the record has no feature 'labels', it has: ids, weights");
  EXPECT_EQ(view.find("labels"), nullptr);
}

} // namespace
} // namespace bertc
