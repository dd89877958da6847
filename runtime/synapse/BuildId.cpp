// SPDX-License-Identifier: Apache-2.0

#include "runtime/synapse/BuildId.h"

#include <cstdint>
#include <cstring>
#include <link.h>
#include <sys/stat.h>

namespace bertc::rt::syn {
namespace {

struct Search {
  uintptr_t address;
  std::string id;
  std::string file;
};

bool contains(const dl_phdr_info &info, uintptr_t address) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr) &header = info.dlpi_phdr[i];
    uintptr_t begin = info.dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && address >= begin &&
        address - begin < header.p_memsz) {
      return true;
    }
  }
  return false;
}

// Hexadecimal text of the build id among the notes of one segment.
std::string idInNotes(const char *notes, size_t bytes, size_t alignment) {
  constexpr char hex[] = "0123456789abcdef";
  auto up = [&](size_t n) {
    return (n + alignment - 1) / alignment * alignment;
  };
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes, sizeof note);
    size_t name = sizeof note;
    size_t data = name + up(note.n_namesz);
    size_t end = data + up(note.n_descsz);
    if (end > bytes) {
      break;
    }
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(notes + name, "GNU", 4) == 0) {
      std::string id;
      for (size_t i = 0; i < note.n_descsz; ++i) {
        auto byte = static_cast<unsigned char>(notes[data + i]);
        id += hex[byte >> 4];
        id += hex[byte & 15];
      }
      return id;
    }
    notes += end;
    bytes -= end;
  }
  return "";
}

int visit(dl_phdr_info *info, size_t, void *data) {
  auto *search = static_cast<Search *>(data);
  if (!contains(*info, search->address)) {
    return 0;
  }
  search->file = info->dlpi_name;
  for (int i = 0; i < info->dlpi_phnum && search->id.empty(); ++i) {
    const ElfW(Phdr) &header = info->dlpi_phdr[i];
    if (header.p_type == PT_NOTE) {
      auto *notes =
          reinterpret_cast<const char *>(info->dlpi_addr + header.p_vaddr);
      search->id = idInNotes(notes, header.p_memsz, header.p_align < 8 ? 4 : 8);
    }
  }
  return 1;
}

} // namespace

std::string buildIdOf(const void *address) {
  Search search{reinterpret_cast<uintptr_t>(address), "", ""};
  dl_iterate_phdr(visit, &search);
  if (!search.id.empty()) {
    return search.id;
  }
  return search.file.empty() ? "unknown" : fileStamp(search.file);
}

std::string fileStamp(const std::string &path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    return path + " absent";
  }
  return path + " " + std::to_string(info.st_size) + " " +
         std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec);
}

} // namespace bertc::rt::syn
