// What the language runtime looks up on the machine before Main, answered without looking. A command lives a few
// milliseconds in one thread with a small heap of a fixed limit, so the answers change nothing but the time that they
// take, of which some grows with the host: the mount table is read twice. The linker replaces the calls (--wrap, in
// Product.props); docs/decisions.md has the measurement.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

FILE *__real_fopen64(const char *path, const char *mode);
int __real_statfs64(const char *path, struct statfs64 *result);
DIR *__real_opendir(const char *path);
int __real_madvise(void *address, size_t length, int advice);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument);
void __real_SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length);
int __real_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);

static int is_below(const char *path, const char *directory)
{
    return strncmp(path, directory, strlen(directory)) == 0;
}

// Limits of the cgroup, free memory, sizes of caches.
FILE *__wrap_fopen64(const char *path, const char *mode)
{
    if (!is_below(path, "/proc/") && !is_below(path, "/sys/"))
        return __real_fopen64(path, mode);
    errno = ENOENT;
    return 0;
}

// The version of cgroups: none means that no limit is looked for.
int __wrap_statfs64(const char *path, struct statfs64 *result)
{
    if (strcmp(path, "/sys/fs/cgroup") != 0)
        return __real_statfs64(path, result);
    errno = ENOENT;
    return -1;
}

// NUMA nodes.
DIR *__wrap_opendir(const char *path)
{
    if (!is_below(path, "/sys/"))
        return __real_opendir(path);
    errno = ENOENT;
    return 0;
}

// What a core dump shall hold; each piece of the heap is a call.
int __wrap_madvise(void *address, size_t length, int advice)
{
    return advice == MADV_DONTDUMP || advice == MADV_DODUMP ? 0 : __real_madvise(address, length, advice);
}

// The first thread is the finalizer's. Nothing here waits for a finalizer: what a process leaves open the kernel closes.
// One thread also is what the clone of a container's process wants.
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    static int first = 1;
    if (!first)
        return __real_pthread_create(thread, attributes, function, argument);
    first = 0;
    *thread = pthread_self();
    return 0;
}

// The seed of hash codes; the original keeps a descriptor of /dev/urandom, which would stand among those that a caller
// passes on to a container.
void __wrap_SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length)
{
    if (getrandom(buffer, (size_t)length, GRND_NONBLOCK) != length)
        __real_SystemNative_GetNonCryptographicallySecureRandomBytes(buffer, length);
}

// The bounds of the first thread's stack, which the C library finds in /proc/self/maps. The stack ends with the name of
// the executable and eight bytes (fs/exec.c of Linux).
int __wrap_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    const char *name = (const char *)getauxval(AT_EXECFN);
    struct rlimit limit;
    if (!name || gettid() != getpid() || getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur > 1UL << 30)
        return __real_pthread_getattr_np(thread, attributes);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = limit.rlim_cur & ~(page - 1);
    const size_t end = ((size_t)name + strlen(name) + 1 + 8 + page - 1) & ~(page - 1);
    int error = pthread_attr_init(attributes);
    return error ? error : pthread_attr_setstack(attributes, (void *)(end - size), size);
}
