// What the language runtime looks up on the machine before Main, answered without looking, and shorter ways through what
// its collector does there. A command lives a few milliseconds in one thread with a small heap of a fixed limit, so the
// answers change nothing but the time that they take, of which some grows with the host: the mount table is read twice.
// The linker replaces the calls (--wrap, in Product.props); docs/decisions.md has the measurement.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>
#ifdef __x86_64__
#include <sys/platform/x86.h>
#endif

FILE *__real_fopen64(const char *path, const char *mode);
int __real_statfs64(const char *path, struct statfs64 *result);
DIR *__real_opendir(const char *path);
int __real_madvise(void *address, size_t length, int advice);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument);
void __real_SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length);
int __real_pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);

// Set before a second thread can run.
static bool is_threaded;

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

void *__real__ZN15GCToOSInterface14VirtualReserveEmmjt(size_t size, size_t alignment, uint32_t flags, uint16_t node);
bool __real__ZN15GCToOSInterface13VirtualCommitEPvmt(void *address, size_t size, uint16_t node);
bool __real__ZN15GCToOSInterface15VirtualDecommitEPvm(void *address, size_t size);

// Set where memory that is reserved cannot be opened: by a limit (RLIMIT_DATA), or where the kernel promises no more than it has.
static bool is_committed_by_piece;

enum { HUGE_PAGE = 2 << 20 };

// The heap is open from the beginning instead of piece by piece, each of which is a call and one more mapping to clone. A page
// is taken when it is touched, and only that: where huge pages are for everybody, one would be cleared for a few bytes. A process
// that is cloned does without: it uses nothing of the collector's, no page tables are copied for it, and what the heap has of the
// config and of the host stays out of the container's process.
void *__wrap__ZN15GCToOSInterface14VirtualReserveEmmjt(size_t size, size_t alignment, uint32_t flags, uint16_t node)
{
    void *memory = __real__ZN15GCToOSInterface14VirtualReserveEmmjt(size, alignment, flags, node);
    if (memory && mprotect(memory, size, PROT_READ | PROT_WRITE) != 0)
        is_committed_by_piece = true;
    if (memory && size >= HUGE_PAGE) {
        __real_madvise(memory, size, MADV_NOHUGEPAGE);
        __real_madvise(memory, size, MADV_DONTFORK);
    }
    return memory;
}

bool __wrap__ZN15GCToOSInterface13VirtualCommitEPvmt(void *address, size_t size, uint16_t node)
{
    return !is_committed_by_piece || __real__ZN15GCToOSInterface13VirtualCommitEPvmt(address, size, node);
}

bool __wrap__ZN15GCToOSInterface15VirtualDecommitEPvm(void *address, size_t size)
{
    return is_committed_by_piece ? __real__ZN15GCToOSInterface15VirtualDecommitEPvm(address, size) : __real_madvise(address, size, MADV_DONTNEED) == 0;
}

// The first thread is the finalizer's. Nothing here waits for a finalizer: what a process leaves open the kernel closes.
// One thread also is what the clone of a container's process wants.
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    static int first = 1;
    if (!first) {
        is_threaded = true;
        return __real_pthread_create(thread, attributes, function, argument);
    }
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

struct method_table {
    uint32_t flags;
    uint32_t size; // of an object, in bytes
};

struct object {
    const struct method_table *type;
    uint64_t length; // of an array
};

enum { HAS_FINALIZER = 0x00100000, PINNED_OBJECT_HEAP = 0x40, GAP = 8192, ARRAY = 24 };

extern const struct method_table *g_pFreeObjectEEType;
int64_t RhGetGcCollectionCount(int32_t generation, bool special);
void RhAllocateNewArray(const struct method_table *type, uint32_t length, uint32_t flags, struct object **result);
void __real_RhAllocateNewObject(const struct method_table *type, uint32_t flags, struct object **result);
bool __real__ZN15GCToEEInterface17GetIntConfigValueEPKcS1_Pl(const char *key, const char *public_key, int64_t *value);

// Before Main each class with statics gets a pinned object for them, which costs the collector thousands of instructions
// of a path that is made for large objects. Here they are cut from a gap, an array of the type by which the collector
// knows free space; the rest stays a gap, so that the heap can be walked at any moment. Only while nothing has been
// collected, since a collection takes gaps for its own, and while there is one thread, since it could start one.
void __wrap_RhAllocateNewObject(const struct method_table *type, uint32_t flags, struct object **result)
{
    static struct object *gap;
    static size_t rest;
    const size_t size = (type->size + 7) & ~(size_t)7;
    if (flags != PINNED_OBJECT_HEAP || (type->flags & HAS_FINALIZER) || size > GAP / 4 || is_threaded || RhGetGcCollectionCount(0, false) != 0) {
        __real_RhAllocateNewObject(type, flags, result);
        return;
    }
    if (rest < size + ARRAY) {
        struct object *fresh = NULL;
        RhAllocateNewArray(g_pFreeObjectEEType, GAP - ARRAY, PINNED_OBJECT_HEAP, &fresh);
        if (!fresh || RhGetGcCollectionCount(0, false) != 0) {
            __real_RhAllocateNewObject(type, flags, result);
            return;
        }
        gap = fresh;
        rest = GAP;
    }
    struct object *object = gap;
    gap = (struct object *)((char *)object + size);
    rest -= size;
    gap->type = g_pFreeObjectEEType;
    gap->length = rest - ARRAY;
    object->type = type;
    object->length = 0;
    *result = object;
}

// The collector asks for a hundred settings by name, each of which is looked for in the environment and among those that
// the build has set. Only these are set or used (Product.props, tests/Soak).
bool __wrap__ZN15GCToEEInterface17GetIntConfigValueEPKcS1_Pl(const char *key, const char *public_key, int64_t *value)
{
    if (strcmp(key, "GCHeapHardLimit") != 0 && strcmp(key, "gcConcurrent") != 0 && strcmp(key, "HeapVerify") != 0)
        return false;
    return __real__ZN15GCToEEInterface17GetIntConfigValueEPKcS1_Pl(key, public_key, value);
}

#ifdef __x86_64__
// The C library has asked the processor already, and in a virtual machine each question goes to the host. Bits as in
// minipal/cpufeatures.h of .NET 9, those of AVX-512 left out: what is not claimed is not used.
int __wrap_minipal_getcpufeatures(void)
{
    return (CPU_FEATURE_ACTIVE(AES) ? 0x0001 : 0) | (CPU_FEATURE_ACTIVE(PCLMULQDQ) ? 0x0002 : 0) | (CPU_FEATURE_ACTIVE(SSE3) ? 0x0004 : 0) |
           (CPU_FEATURE_ACTIVE(SSSE3) ? 0x0008 : 0) | (CPU_FEATURE_ACTIVE(SSE4_1) ? 0x0010 : 0) | (CPU_FEATURE_ACTIVE(SSE4_2) ? 0x0020 : 0) |
           (CPU_FEATURE_ACTIVE(POPCNT) ? 0x0040 : 0) | (CPU_FEATURE_ACTIVE(AVX) ? 0x0080 : 0) | (CPU_FEATURE_ACTIVE(FMA) ? 0x0100 : 0) |
           (CPU_FEATURE_ACTIVE(AVX2) ? 0x0200 : 0) | (CPU_FEATURE_ACTIVE(BMI1) ? 0x0400 : 0) | (CPU_FEATURE_ACTIVE(BMI2) ? 0x0800 : 0) |
           (CPU_FEATURE_ACTIVE(LZCNT) ? 0x1000 : 0) | (CPU_FEATURE_ACTIVE(MOVBE) ? 0x4000 : 0);
}
#endif
