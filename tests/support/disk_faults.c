/* Lets the n-th operation on files below a folder fail, or end the process: a library for LD_PRELOAD.
 *
 * disk_faults_arm(folder, n, error, say): from now on, the n-th operation that changes something below `folder`
 * fails with `error`; with 0, the process is killed before it. A disk that is full stays full: after ENOSPC, all
 * that needs room fails, and the write that met it did half of its work. Names of operations go to the file
 * descriptor `say`, if it is not negative, one a line.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[PATH_MAX];
static long left = -1;
static int failure, say_to = -1, is_full;

enum room { NEEDS_NO_ROOM, NEEDS_ROOM };

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void disk_faults_arm(const char *below, long at, int error, int say)
{
    snprintf(folder, sizeof folder, "%s/", below);
    left = at;
    failure = error;
    say_to = say;
    is_full = 0;
}

static int is_below(const char *path)
{
    return folder[0] && strncmp(path, folder, strlen(folder)) == 0;
}

static const char *path_of(int descriptor, const char *name, char *path)
{
    char link[64];
    ssize_t length;
    if (name && (name[0] == '/' || descriptor == AT_FDCWD))
        return name;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return "";
    path[length] = 0;
    if (name)
        snprintf(path + length, PATH_MAX - length, "/%s", name);
    else if (length < PATH_MAX - 1)
        strcat(path, "/"); /* the folder itself counts too */
    return path;
}

/* Whether an operation on a path is to fail; it is counted. */
static int fails(const char *what, enum room room, const char *path)
{
    char line[2 * PATH_MAX];
    int saved = errno, is_now;
    if (!is_below(path))
        return 0;
    if (say_to >= 0) {
        int length = snprintf(line, sizeof line, "%s %s\n", what, path);
        if (REAL(write)(say_to, line, length) != length)
            abort();
    }
    errno = saved;
    if (is_full && room == NEEDS_ROOM) {
        errno = ENOSPC;
        return 1;
    }
    is_now = left > 0 && --left == 0;
    if (!is_now)
        return 0;
    if (!failure) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (failure == ENOSPC) {
        is_full = 1;
        if (room == NEEDS_NO_ROOM)
            return 0;
    }
    errno = failure;
    return 1;
}

static int fails_at(const char *what, enum room room, int descriptor, const char *name)
{
    char path[PATH_MAX];
    return fails(what, room, path_of(descriptor, name, path));
}

static int open_it(int (*real)(int, const char *, int, ...), int descriptor, const char *name, int flags, mode_t mode)
{
    if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) && !(flags & O_PATH)
        && fails_at("open", flags & O_CREAT ? NEEDS_ROOM : NEEDS_NO_ROOM, descriptor, name))
        return -1;
    return real(descriptor, name, flags, mode);
}

#define MODE_OF(flags, mode)                                    \
    mode_t mode = 0;                                            \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                    \
        va_list rest;                                           \
        va_start(rest, flags);                                  \
        mode = va_arg(rest, mode_t);                            \
        va_end(rest);                                           \
    }

int open(const char *name, int flags, ...) { MODE_OF(flags, mode) return open_it(REAL(openat), AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE_OF(flags, mode) return open_it(REAL(openat64), AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE_OF(flags, mode) return open_it(REAL(openat), at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE_OF(flags, mode) return open_it(REAL(openat64), at, name, flags, mode); }

ssize_t write(int to, const void *data, size_t size)
{
    if (fails_at("write", NEEDS_ROOM, to, NULL)) {
        if (errno == ENOSPC && left == 0 && size > 1) {
            left = -1;
            return REAL(write)(to, data, size / 2);
        }
        return -1;
    }
    return REAL(write)(to, data, size);
}

ssize_t pwrite64(int to, const void *data, size_t size, off64_t at)
{
    if (fails_at("pwrite", NEEDS_ROOM, to, NULL)) {
        if (errno == ENOSPC && left == 0 && size > 1) {
            left = -1;
            return REAL(pwrite64)(to, data, size / 2, at);
        }
        return -1;
    }
    return REAL(pwrite64)(to, data, size, at);
}

#define ON_DESCRIPTOR(name, room, parameters, arguments) \
    int name parameters { return fails_at(#name, room, descriptor, NULL) ? -1 : REAL(name) arguments; }
#define ON_PATH(name, room, parameters, arguments) \
    int name parameters { return fails_at(#name, room, AT_FDCWD, path) ? -1 : REAL(name) arguments; }
#define BELOW_FOLDER(name, room, parameters, arguments) \
    int name parameters { return fails_at(#name, room, at, path) ? -1 : REAL(name) arguments; }

ON_DESCRIPTOR(fsync, NEEDS_ROOM, (int descriptor), (descriptor))
ON_DESCRIPTOR(fdatasync, NEEDS_ROOM, (int descriptor), (descriptor))
ON_DESCRIPTOR(ftruncate64, NEEDS_NO_ROOM, (int descriptor, off64_t size), (descriptor, size))
ON_DESCRIPTOR(fchmod, NEEDS_NO_ROOM, (int descriptor, mode_t mode), (descriptor, mode))
ON_PATH(mkdir, NEEDS_ROOM, (const char *path, mode_t mode), (path, mode))
ON_PATH(rmdir, NEEDS_NO_ROOM, (const char *path), (path))
ON_PATH(unlink, NEEDS_NO_ROOM, (const char *path), (path))
ON_PATH(chmod, NEEDS_NO_ROOM, (const char *path, mode_t mode), (path, mode))
BELOW_FOLDER(unlinkat, NEEDS_NO_ROOM, (int at, const char *path, int flags), (at, path, flags))
BELOW_FOLDER(fchmodat, NEEDS_NO_ROOM, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags))
BELOW_FOLDER(utimensat, NEEDS_NO_ROOM, (int at, const char *path, const struct timespec times[2], int flags), (at, path, times, flags))

int rename(const char *from, const char *path) { return fails_at("rename", NEEDS_ROOM, AT_FDCWD, path) ? -1 : REAL(rename)(from, path); }
int link(const char *from, const char *path) { return fails_at("link", NEEDS_ROOM, AT_FDCWD, path) ? -1 : REAL(link)(from, path); }
int linkat(int from_at, const char *from, int at, const char *path, int flags)
{
    return fails_at("link", NEEDS_ROOM, at, path) ? -1 : REAL(linkat)(from_at, from, at, path, flags);
}
int symlink(const char *target, const char *path) { return fails_at("symlink", NEEDS_ROOM, AT_FDCWD, path) ? -1 : REAL(symlink)(target, path); }
