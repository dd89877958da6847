// SPDX-License-Identifier: Apache-2.0
//
// Sections: the pieces of memory that persistent tensors lie in. A new one is
// persistent, not constant, not RMW.
#include "tools/synapse-stand-in/Library.h"

using namespace bertc::standin;

namespace bertc::standin {

using namespace rt::syn;

namespace {

/// Runs `body` on the live section of a handle.
template <class Body>
synStatus onSection(const char *name, synSectionHandle handle, Body &&body) {
  return call(name, Need::Library, [&](Library &library) {
    auto section = library.sections.find(handle);
    return section ? body(*section) : noSuch("section");
  });
}

template <class Value> Outcome give(Value value, Value *to) {
  if (!to) {
    return nullArgument("the result");
  }
  *to = value;
  return fine();
}

Outcome frozen(const char *property) {
  return refuse(synFail, std::string("a tensor lies in the section: ") +
                             property + " can no longer change");
}

Outcome persistentAndRmw() {
  return refuse(synUnsupported, "a section cannot be persistent and RMW");
}

} // namespace
} // namespace bertc::standin

namespace bertc::rt::syn {

extern "C" synStatus synSectionCreate(synSectionHandle *section,
                                      uint64_t descriptor,
                                      synGraphHandle graph) {
  return call("synSectionCreate", Need::Library, [&](Library &library) {
    if (!section) {
      return nullArgument("the section");
    }
    if (!library.graphs.find(graph)) {
      return noSuch("graph");
    }
    if (descriptor != 0) {
      return refuse(synInvalidArgument, "the descriptor must be 0");
    }
    auto made = std::make_shared<SynSectionObject>();
    made->graph = graph;
    *section = library.sections.add(std::move(made));
    return fine();
  });
}

extern "C" synStatus synSectionSetPersistent(synSectionHandle section,
                                             bool persistent) {
  return onSection("synSectionSetPersistent", section,
                   [&](SynSectionObject &object) {
                     if (object.used && object.persistent != persistent) {
                       return frozen("persistent");
                     }
                     if (persistent && object.rmw) {
                       return persistentAndRmw();
                     }
                     object.persistent = persistent;
                     return fine();
                   });
}

extern "C" synStatus synSectionGetPersistent(synSectionHandle section,
                                             bool *persistent) {
  return onSection("synSectionGetPersistent", section, [&](auto &object) {
    return give(object.persistent, persistent);
  });
}

extern "C" synStatus synSectionSetConst(synSectionHandle section,
                                        bool isConst) {
  return onSection("synSectionSetConst", section, [&](auto &object) {
    object.isConst = isConst;
    return fine();
  });
}

extern "C" synStatus synSectionGetConst(synSectionHandle section,
                                        bool *isConst) {
  return onSection("synSectionGetConst", section,
                   [&](auto &object) { return give(object.isConst, isConst); });
}

extern "C" synStatus synSectionSetRMW(synSectionHandle section, bool rmw) {
  return onSection("synSectionSetRMW", section, [&](SynSectionObject &object) {
    if (object.used && object.rmw != rmw) {
      return frozen("RMW");
    }
    if (rmw && object.persistent) {
      return persistentAndRmw();
    }
    object.rmw = rmw;
    return fine();
  });
}

extern "C" synStatus synSectionGetRMW(synSectionHandle section, bool *rmw) {
  return onSection("synSectionGetRMW", section,
                   [&](auto &object) { return give(object.rmw, rmw); });
}

extern "C" synStatus synSectionSetGroup(synSectionHandle section,
                                        uint64_t group) {
  return onSection("synSectionSetGroup", section, [&](auto &object) {
    if (group > 255) {
      return refuse(synUnsupported,
                    "group " + std::to_string(group) + ", at most 255");
    }
    object.group = group;
    return fine();
  });
}

extern "C" synStatus synSectionGetGroup(synSectionHandle section,
                                        uint64_t *group) {
  return onSection("synSectionGetGroup", section,
                   [&](auto &object) { return give(object.group, group); });
}

extern "C" synStatus synSectionDestroy(synSectionHandle section) {
  return call("synSectionDestroy", Need::Library, [&](Library &library) {
    return library.sections.take(section) ? fine() : noSuch("section");
  });
}

} // namespace bertc::rt::syn
