// SPDX-License-Identifier: Apache-2.0
#include "support/Json.h"

#include <gtest/gtest.h>

namespace bertc {
namespace {

TEST(JsonDocument, OpensWithSchemaAndVersion) {
  Json document = jsonDocument("vocab", 1);
  document["a"] = 2;
  EXPECT_EQ(jsonLine(document),
            R"({"schema":"bertc.vocab","schema_version":1,"a":2})");
}

TEST(ParseJson, NamesFileLineAndColumn) {
  StatusOr<Json> parsed = parseJson("{\n  \"a\": 1,\n  b\n}", "x.json");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().code(), StatusCode::Corrupt);
  EXPECT_EQ(parsed.status().message(),
            "x.json: not valid JSON: at line 3, column 3");
}

TEST(ParseJson, EmptyTextIsAnError) {
  EXPECT_FALSE(parseJson("", "x.json").ok());
}

TEST(ParseJson, RefusesKeysThatAppearTwice) {
  StatusOr<Json> parsed = parseJson(R"({"a": 1, "b": {"a": 2}, "a": 3})", "x");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().message(),
            "x: not valid JSON: key \"a\" appears twice");
  EXPECT_TRUE(parseJson(R"({"a": 1, "b": {"a": 2}})", "x").ok());
}

TEST(ParseJson, RefusesDeepNesting) {
  auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parseJson(nested(64), "x").ok());
  StatusOr<Json> parsed = parseJson(nested(100000), "x");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().message(),
            "x: not valid JSON: nested deeper than 64");
}

TEST(JsonInteger, ErrorsNameKeyAndValue) {
  Json object = {{"a", 3}, {"b", "x"}, {"c", 1.5}, {"d", 1e30}};
  object["e"] = UINT64_MAX;
  EXPECT_EQ(*jsonInteger(object, "a", "f"), 3);
  EXPECT_EQ(jsonInteger(object, "b", "f").status().message(),
            "f: key \"b\": expected a whole number, found \"x\"");
  EXPECT_FALSE(jsonInteger(object, "c", "f").ok());
  EXPECT_FALSE(jsonInteger(object, "d", "f").ok());
  EXPECT_FALSE(jsonInteger(object, "e", "f").ok());
  EXPECT_EQ(jsonInteger(object, "z", "f").status().message(),
            "f: key \"z\" is missing");
}

TEST(JsonText, InvalidUtf8IsReplacedNotThrown) {
  Json document = {{"a", "\xff"}};
  EXPECT_NE(jsonText(document).find("\xef\xbf\xbd"), std::string::npos);
}

} // namespace
} // namespace bertc
