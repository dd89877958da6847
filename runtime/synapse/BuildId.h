// SPDX-License-Identifier: Apache-2.0
//
// What tells two builds of a loaded library apart, and two kernel libraries: a
// recipe is good for the pair that made it.
#pragma once

#include <string>

namespace bertc::rt::syn {

/// The GNU build id, in hexadecimal, of the loaded file that `address` is in;
/// where the linker left none, size and time of the file; "unknown" when there
/// is no such file.
std::string buildIdOf(const void *address);

/// "path size time" of a file; "path absent" when there is none.
std::string fileStamp(const std::string &path);

} // namespace bertc::rt::syn
