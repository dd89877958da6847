// SPDX-License-Identifier: Apache-2.0
//
// Expected texts are what CPython 3.11 and numpy 2.4 print.
#include "tasks/PythonFormat.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace bertc {
namespace {

TEST(PythonFormat, DoublesPrintAsRepr) {
  EXPECT_EQ(pythonFloat(0.0), "0.0");
  EXPECT_EQ(pythonFloat(-0.0), "-0.0");
  EXPECT_EQ(pythonFloat(100), "100.0");
  EXPECT_EQ(pythonFloat(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(pythonFloat(0.0001), "0.0001");
  EXPECT_EQ(pythonFloat(0.00009999), "9.999e-05");
  EXPECT_EQ(pythonFloat(9999999999999998.0), "9999999999999998.0");
  EXPECT_EQ(pythonFloat(1e16), "1e+16");
  EXPECT_EQ(pythonFloat(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(pythonFloat(-2.5e-10), "-2.5e-10");
  EXPECT_EQ(pythonFloat(5e-324), "5e-324");
  EXPECT_EQ(pythonFloat(std::nan("")), "nan");
  EXPECT_EQ(pythonFloat(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(PythonFormat, FloatsPrintAsNumpy) {
  EXPECT_EQ(numpyFloat(0.0F), "0.0");
  EXPECT_EQ(numpyFloat(0.1F), "0.1");
  EXPECT_EQ(numpyFloat(0.8676471F), "0.8676471");
  EXPECT_EQ(numpyFloat(1e-4F), "1e-04");
  EXPECT_EQ(numpyFloat(0.0001001F), "0.0001001");
  EXPECT_EQ(numpyFloat(1.5e-7F), "1.5e-07");
  EXPECT_EQ(numpyFloat(999999.9F), "999999.9");
  EXPECT_EQ(numpyFloat(1048576.0F), "1.048576e+06");
}

TEST(PythonFormat, StringsPrintAsJsonDumps) {
  using namespace std::string_literals;
  EXPECT_EQ(
      pythonJsonString("a\"b\\c\n\r\t\f\b\0\x1f\x7f/\u00e9\u2028\U0001f600"s),
      R"("a\"b\\c\n\r\t\f\b\u0000\u001f\u007f/\u00e9\u2028\ud83d\ude00")");
}

} // namespace
} // namespace bertc
