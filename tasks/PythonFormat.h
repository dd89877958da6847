// SPDX-License-Identifier: Apache-2.0
//
// Numbers and strings the way the reference's Python prints them, so that files
// compare byte for byte.
#pragma once

#include <string>
#include <string_view>

namespace bertc {

/// repr() of a Python float: the shortest text that reads back as the same
/// double; "nan", "inf".
std::string pythonFloat(double value);

/// str() of a numpy.float32: the same for a float. From a million on as numpy 2
/// prints it (1e+06); below that all versions agree.
std::string numpyFloat(float value);

/// json.dumps() of a string (valid UTF-8): ASCII, everything else as \uXXXX.
std::string pythonJsonString(std::string_view text);

} // namespace bertc
