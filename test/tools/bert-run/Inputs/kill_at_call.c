// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into a program under test: kills it with SIGKILL just before its
// Nth call that changes a file, N being the variable KILL_AT_CALL. Without the
// variable, writes the number of such calls to the file COUNT_CALLS_IN.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long calls;

static void count(void) {
  long number = atomic_fetch_add(&calls, 1) + 1;
  const char *limit = getenv("KILL_AT_CALL");
  if (limit && number == atol(limit)) {
    kill(getpid(), SIGKILL);
  }
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("COUNT_CALLS_IN");
  if (path) {
    FILE *file = fopen(path, "w");
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
  }
}

#define REAL(name) __typeof__(&name) real = dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t bytes) {
  REAL(write);
  count();
  return real(fd, data, bytes);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) {
  REAL(pwrite);
  count();
  return real(fd, data, bytes, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset) {
  REAL(pwrite64);
  count();
  return real(fd, data, bytes, offset);
}

int fsync(int fd) {
  REAL(fsync);
  count();
  return real(fd);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  count();
  return real(from, to);
}

int unlink(const char *path) {
  REAL(unlink);
  count();
  return real(path);
}

int open(const char *path, int flags, ...) {
  REAL(open);
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = (flags & O_CREAT) ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (flags & O_CREAT) {
    count();
  }
  return real(path, flags, mode);
}
