// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/Library.h"

#include "runtime/synapse/BuildId.h"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <unistd.h>
#include <vector>

namespace bertc::rt::syn {
namespace {

constexpr char kReleases[] = "SynapseAI 1.16 to 1.21";
constexpr char kHowToSet[] = "install SynapseAI, or name its library by "
                             "--synapse-library or BERTC_SYNAPSE_LIBRARY";

std::string loaderError() {
  const char *text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

// Releases are "1.21.0-..."; anything else is not judged.
bool parseRelease(const std::string &text, int *major, int *minor) {
  return std::sscanf(text.c_str(), "%d.%d", major, minor) == 2;
}

// A process has one library, however many sessions.
struct OpenLibraries {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Library>> byName;
};

OpenLibraries &openLibraries() {
  static OpenLibraries libraries;
  return libraries;
}

} // namespace

void warnAbout(const Status &status) {
  if (!status.ok()) {
    std::fprintf(stderr, "bertc: warning: %s\n", status.message().c_str());
  }
}

Library::~Library() {
  // The file stays loaded: it may have threads, and nothing is gained.
  if (started_) {
    given(functions_.synDestroy(), "synDestroy");
  }
}

void *Library::symbol(const char *name) const { return dlsym(handle_, name); }

Status Library::load(const std::string &given) {
  std::vector<std::string> candidates = {given};
  if (given.empty()) {
    candidates = {"libSynapse.so", "libSynapse.so.1"};
  }
  std::string tried;
  for (const std::string &name : candidates) {
    handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      path_ = name;
      return Status();
    }
    tried += (tried.empty() ? "" : "; ") + name + " (" + loaderError() + ")";
    // The loader looks for a name without a folder where it is told to.
    if (name.find('/') == std::string::npos &&
        access(name.c_str(), F_OK) == 0) {
      tried += "; of that name is a file here: ./" + name;
    }
  }
  return unavailable("cannot load SynapseAI's library, tried " + tried + "; " +
                     kHowToSet);
}

Status Library::bind() {
  if (symbol("synInitialize") == nullptr) {
    return unavailable(path_ +
                       " is not SynapseAI's library: it has no "
                       "function synInitialize; " +
                       kHowToSet);
  }
  // The first generation made streams by another function, and its structs
  // and device numbers are others.
  if (symbol("synStreamCreateGeneric") == nullptr &&
      symbol("synStreamCreate") != nullptr) {
    return unavailable(path_ +
                       " is of the first generation of SynapseAI (it "
                       "has synStreamCreate, no "
                       "synStreamCreateGeneric), whose structs differ; "
                       "bertc speaks " +
                       kReleases);
  }
  std::string first;
  int missing = 0;
#define BERTC_SYN_BIND(name)                                                   \
  functions_.name =                                                            \
      reinterpret_cast<decltype(functions_.name)>(symbol(#name));              \
  if (functions_.name == nullptr && ++missing == 1) {                          \
    first = #name;                                                             \
  }
  BERTC_SYN_FUNCTIONS(BERTC_SYN_BIND)
#undef BERTC_SYN_BIND
  functions_.synGetLastErrorMessage =
      reinterpret_cast<decltype(functions_.synGetLastErrorMessage)>(
          symbol("synGetLastErrorMessage"));
  if (missing != 0) {
    return unavailable(
        path_ + " has no function " + first +
        (missing > 1 ? " and lacks " + std::to_string(missing - 1) + " more"
                     : "") +
        ", which " + kReleases +
        " have; name the library of such a release by --synapse-library or "
        "BERTC_SYNAPSE_LIBRARY");
  }
  return Status();
}

// What is known to differ, or to be the same, in all releases we speak, asked
// without a device and without handing over a struct.
Status Library::checkGeneration() const {
  const char *unchecked = std::getenv("BERTC_SYNAPSE_UNCHECKED");
  if (unchecked != nullptr && std::string(unchecked) == "1") {
    return Status();
  }
  std::string advice = std::string("; bertc speaks ") + kReleases +
                       " (BERTC_SYNAPSE_UNCHECKED=1 tries it all the same)";
  int major = 0, minor = 0;
  if (parseRelease(version_, &major, &minor) &&
      (major < 1 || (major == 1 && minor < 16))) {
    return unavailable(path_ + " is release " + version_ + advice);
  }
  for (synDeviceType type : {synDeviceGaudi, synDeviceGaudi2}) {
    synDeviceAttribute attribute = DEVICE_ATTRIBUTE_MAX_DIMS;
    uint64_t dims = 0;
    Status asked = outcome(
        functions_.synDeviceTypeGetAttribute(&dims, &attribute, 1, type),
        "synDeviceTypeGetAttribute");
    if (!asked.ok() || dims != SYN_GAUDI_MAX_TENSOR_DIM) {
      return unavailable(
          path_ +
          " is of a generation that bertc does not "
          "know: asked for the largest rank of device "
          "type " +
          std::to_string(type) + ", " +
          (asked.ok() ? "it says " + std::to_string(dims) + ", expected " +
                            std::to_string(SYN_GAUDI_MAX_TENSOR_DIM)
                      : "it fails (" + asked.message() + ")") +
          advice);
    }
  }
  return Status();
}

Status Library::start() {
  BERTC_SYN(*this, synInitialize);
  started_ = true;
  char text[256] = {};
  BERTC_SYN(*this, synDriverGetVersion, text, sizeof text - 1);
  version_ = text;
  BERTC_RETURN_IF_ERROR(checkGeneration());
  version_ +=
      "+" + buildIdOf(reinterpret_cast<const void *>(functions_.synInitialize));
  return Status();
}

Status Library::outcome(synStatus status, const char *function) const {
  if (status == synSuccess) {
    return Status();
  }
  std::string detail;
  if (functions_.synGetLastErrorMessage != nullptr) {
    const char *text = functions_.synGetLastErrorMessage();
    detail = text == nullptr ? "" : text;
  }
  char brief[256] = {};
  if (detail.empty() && functions_.synStatusGetBriefDescription != nullptr &&
      functions_.synStatusGetBriefDescription(status, brief,
                                              sizeof brief - 1) == synSuccess) {
    detail = brief;
  }
  return statusOf(status, function, detail);
}

void Library::given(synStatus status, const char *function) const {
  if (status != synDeviceReset) {
    warnAbout(outcome(status, function));
  }
}

StatusOr<LibraryPtr> openLibrary(const std::string &path) {
  std::string given = path;
  const char *variable = std::getenv("BERTC_SYNAPSE_LIBRARY");
  if (given.empty() && variable != nullptr) {
    given = variable;
  }
  OpenLibraries &open = openLibraries();
  std::lock_guard<std::mutex> lock(open.mutex);
  std::weak_ptr<Library> &known = open.byName[given];
  if (LibraryPtr library = known.lock()) {
    return library;
  }
  LibraryPtr library(new Library);
  BERTC_RETURN_IF_ERROR(library->load(given));
  BERTC_RETURN_IF_ERROR(library->bind());
  BERTC_RETURN_IF_ERROR(library->start());
  known = library;
  return library;
}

} // namespace bertc::rt::syn
