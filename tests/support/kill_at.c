// kill_at: preloaded into a process (LD_PRELOAD) it counts the operations by which the process
// changes files, and kills or stops it just before the one it is told to, or lets the disk be full
// from there on. Tests run the real program once to count, then once for every number, and look at
// what is left on the disk; the program itself carries no code for that.
//
//   DOPPEL_TEST_KILL_UNDER=PREFIX    only files whose path begins so count; unset: nothing does
//   DOPPEL_TEST_KILL_SENDS=1         what is sent to a server counts, too
//   DOPPEL_TEST_KILL_AT=N            SIGKILL just before the Nth operation (from 1)
//   DOPPEL_TEST_STOP_AT=N            SIGSTOP just before it; the process goes on with SIGCONT
//   DOPPEL_TEST_FULL_AT=N            from it on, what needs room on the disk fails with ENOSPC
//   DOPPEL_TEST_COUNT_FILE=PATH      how many there were, written at exit (the last process wins)
//
// A statement of libpq is one send. To die after the server did one and before its answer was read
// is to die before the next operation.
//
// Counted: write, writev, pwrite, pwritev, fallocate, ftruncate, truncate, fsync, fdatasync,
// open with O_CREAT or O_TRUNC, rename, link, unlink, mkdir, rmdir, copy_file_range, sendfile into
// a file, the reflink ioctl; all with their *at and 64-bit forms. Not seen: stores into mapped
// files, what stdio writes inside libc, io_uring. Each process counts from zero.
//
// The calls are made with syscall(2) and not by looking up the next definition: nothing is to be
// resolved at start, and no lock is taken.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long operations;

static long number_in(const char* variable) {
  const char* text = getenv(variable);
  return text == NULL ? 0 : strtol(text, NULL, 10);
}

// Whether the disk is full by now.
static int count_one(void) {
  const long number = atomic_fetch_add(&operations, 1) + 1;
  if (number == number_in("DOPPEL_TEST_KILL_AT")) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
  }
  if (number == number_in("DOPPEL_TEST_STOP_AT")) syscall(SYS_kill, getpid(), SIGSTOP);
  const long full = number_in("DOPPEL_TEST_FULL_AT");
  return full > 0 && number >= full;
}

static int is_under(const char* path) {
  const char* prefix = getenv("DOPPEL_TEST_KILL_UNDER");
  return prefix != NULL && *prefix != '\0' && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int descriptor_path(int descriptor, char* path, size_t size) {
  char link_name[64];
  snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", descriptor);
  const long length = syscall(SYS_readlinkat, AT_FDCWD, link_name, path, size - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return 1;
}

// Both keep errno: callers look at it only after the operation itself. Nonzero: the disk is full.
static int count_descriptor(int descriptor) {
  const int kept = errno;
  int full = 0;
  struct stat about;
  char path[PATH_MAX];
  if (fstat(descriptor, &about) == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) &&
      descriptor_path(descriptor, path, sizeof path) && is_under(path)) {
    full = count_one();
  }
  errno = kept;
  return full;
}

static int count_path(int folder, const char* path) {
  const int kept = errno;
  int full = 0;
  char base[PATH_MAX];
  char whole[2 * PATH_MAX];
  if (path[0] == '/') {
    if (is_under(path)) full = count_one();
  } else {
    const int known = folder == AT_FDCWD ? getcwd(base, sizeof base) != NULL
                                         : descriptor_path(folder, base, sizeof base);
    if (known) {
      snprintf(whole, sizeof whole, "%s/%s", base, path);
      if (is_under(whole)) full = count_one();
    }
  }
  errno = kept;
  return full;
}

static int no_space(void) {
  errno = ENOSPC;
  return -1;
}

// A new file needs room for its name, one that is there doesn't.
static int is_there(int folder, const char* path) {
  const int kept = errno;
  const long result = syscall(SYS_faccessat, folder, path, F_OK);
  errno = kept;
  return result == 0;
}

__attribute__((destructor)) static void write_count(void) {
  const char* path = getenv("DOPPEL_TEST_COUNT_FILE");
  if (path == NULL) return;
  char text[32];
  const int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&operations));
  const long file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  syscall(SYS_write, file, text, (size_t)length);
  syscall(SYS_close, file);
}

// Opening.

static int open_counted(int folder, const char* path, int flags, mode_t mode) {
  if ((flags & (O_CREAT | O_TRUNC)) != 0 && count_path(folder, path) && !is_there(folder, path)) {
    return no_space();
  }
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

#define DEFINE_OPEN(name)                             \
  int name(const char* path, int flags, ...) {        \
    va_list arguments;                                \
    va_start(arguments, flags);                       \
    const mode_t mode = mode_of(flags, arguments);    \
    va_end(arguments);                                \
    return open_counted(AT_FDCWD, path, flags, mode); \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                \
  int name(int folder, const char* path, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = mode_of(flags, arguments);         \
    va_end(arguments);                                     \
    return open_counted(folder, path, flags, mode);        \
  }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

int creat(const char* path, mode_t mode) {
  return open_counted(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
int creat64(const char* path, mode_t mode) { return creat(path, mode); }

// Writing.

ssize_t write(int file, const void* bytes, size_t size) {
  if (count_descriptor(file)) return no_space();
  return syscall(SYS_write, file, bytes, size);
}
ssize_t writev(int file, const struct iovec* parts, int count) {
  if (count_descriptor(file)) return no_space();
  return syscall(SYS_writev, file, parts, count);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  if (count_descriptor(file)) return no_space();
  return syscall(SYS_pwrite64, file, bytes, size, offset);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
  return pwrite(file, bytes, size, offset);
}
ssize_t pwritev(int file, const struct iovec* parts, int count, off_t offset) {
  if (count_descriptor(file)) return no_space();
  return syscall(SYS_pwritev, file, parts, count, offset, 0);
}
ssize_t pwritev64(int file, const struct iovec* parts, int count, off64_t offset) {
  return pwritev(file, parts, count, offset);
}
int ftruncate(int file, off_t size) {
  struct stat about;
  if (count_descriptor(file) && fstat(file, &about) == 0 && about.st_size < size) {
    return no_space();
  }
  return (int)syscall(SYS_ftruncate, file, size);
}
int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }
int truncate(const char* path, off_t size) {
  count_path(AT_FDCWD, path);
  return (int)syscall(SYS_truncate, path, size);
}
int truncate64(const char* path, off64_t size) { return truncate(path, size); }
int fallocate(int file, int mode, off_t offset, off_t size) {
  if (count_descriptor(file)) return no_space();
  return (int)syscall(SYS_fallocate, file, mode, offset, size);
}
int fallocate64(int file, int mode, off64_t offset, off64_t size) {
  return fallocate(file, mode, offset, size);
}
int fsync(int file) {
  count_descriptor(file);
  return (int)syscall(SYS_fsync, file);
}
int fdatasync(int file) {
  count_descriptor(file);
  return (int)syscall(SYS_fdatasync, file);
}

// What a program that asks is told; the kernel knows nothing of a disk that is full here only.
int statvfs(const char* path, struct statvfs* about) {
  struct statfs found;
  if (syscall(SYS_statfs, path, &found) != 0) return -1;
  memset(about, 0, sizeof *about);
  about->f_bsize = about->f_frsize = (unsigned long)found.f_bsize;
  about->f_blocks = (fsblkcnt_t)found.f_blocks;
  about->f_files = (fsfilcnt_t)found.f_files;
  about->f_ffree = about->f_favail = (fsfilcnt_t)found.f_ffree;
  const long full = number_in("DOPPEL_TEST_FULL_AT");
  // The prefix may be the folder that is asked for, with its closing slash.
  char folder[PATH_MAX + 1];
  snprintf(folder, sizeof folder, "%s/", path);
  if (full > 0 && is_under(folder) && atomic_load(&operations) >= full) return 0;
  about->f_bfree = (fsblkcnt_t)found.f_bfree;
  about->f_bavail = (fsblkcnt_t)found.f_bavail;
  return 0;
}

// Copying: the file that is written counts.

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size,
                        unsigned int flags) {
  if (count_descriptor(to)) return no_space();
  return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, size, flags);
}
ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
  if (count_descriptor(to)) return no_space();
  return syscall(SYS_sendfile, to, from, offset, size);
}
ssize_t sendfile64(int to, int from, off64_t* offset, size_t size) {
  return sendfile(to, from, offset, size);
}
int ioctl(int file, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (request == FICLONE || request == FICLONERANGE) {
    if (count_descriptor(file)) return no_space();
  }
  return (int)syscall(SYS_ioctl, file, request, argument);
}

// Sending.

ssize_t send(int socket, const void* bytes, size_t size, int flags) {
  if (number_in("DOPPEL_TEST_KILL_SENDS") > 0) {
    const int kept = errno;
    count_one();
    errno = kept;
  }
  return syscall(SYS_sendto, socket, bytes, size, flags, NULL, 0);
}

// Names.

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned int flags) {
  count_path(to_folder, to);
  return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return renameat2(from_folder, from, to_folder, to, 0);
}
int rename(const char* from, const char* to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  count_path(to_folder, to);
  return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}
int link(const char* from, const char* to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int unlinkat(int folder, const char* path, int flags) {
  count_path(folder, path);
  return (int)syscall(SYS_unlinkat, folder, path, flags);
}
int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) {
  const int removed = unlink(path);
  return removed != 0 && errno == EISDIR ? rmdir(path) : removed;
}
int mkdirat(int folder, const char* path, mode_t mode) {
  if (count_path(folder, path) && !is_there(folder, path)) return no_space();
  return (int)syscall(SYS_mkdirat, folder, path, mode);
}
int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
