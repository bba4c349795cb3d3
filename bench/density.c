// Creates and starts many containers that sleep, with one runtime, and takes times and counts on the way; deletes all.
// Prints a line per fact, with the number of containers there are:
//   create|start|delete N us       one call
//   state|list N us                now and then
//   memory N kib                   MemAvailable (proc_meminfo(5))
//   mounts N lines                 of this process's mountinfo
//   cgroups N count                directories below /sys/fs/cgroup
//   processes N count              that run the runtime's program or its copy in memory
//   floor N us                     one run of bench/floor.c, where it is given
// usage: density COUNT BUNDLE STATE-DIR PATH [FLOOR]
#define _GNU_SOURCE
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "call.h"

enum { POINTS = 10, SAMPLES = 5, FLOORS = 40 };

static char *runtime, *root, *bundle, *floor_program;
static int created;
static long directories;

static char *name(int number)
{
    static char id[32];
    snprintf(id, sizeof id, "density-%d", number);
    return id;
}

// Ends what there is, also after a failure. What the runtimes leave to their subreaper is reaped.
static int delete_all(int told)
{
    int bad = 0;
    while (created > 0) {
        long time = call((char *[]) { runtime, "--root", root, "delete", "--force", name(created), NULL }).microseconds;
        bad |= time < 0;
        if (told && time >= 0)
            printf("delete %d %ld\n", created, time);
        created--;
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    return bad;
}

static void fail(void)
{
    delete_all(0);
    exit(1);
}

static long timed(const char *what, char *const argv[])
{
    long time = call(argv).microseconds;
    if (time < 0)
        fail();
    printf("%s %d %ld\n", what, created, time);
    return time;
}

static long lines(const char *path)
{
    FILE *file = fopen(path, "re");
    long count = 0;
    for (int c; file && (c = getc(file)) != EOF;)
        count += c == '\n';
    if (file)
        fclose(file);
    return count;
}

static long available(void)
{
    char line[128];
    long kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static int count_directory(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)path, (void)status, (void)at;
    directories += type == FTW_D;
    return 0;
}

static long processes(void)
{
    const char *slash = strrchr(runtime, '/'), *program = slash ? slash + 1 : runtime;
    long count = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        char link[300], target[4096];
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        snprintf(link, sizeof link, "/proc/%s/exe", entry->d_name);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length <= 0)
            continue;
        target[length] = 0;
        count += !strcmp(target, runtime) || (!strncmp(target, "/memfd:", 7) && strstr(target, program));
    }
    if (proc)
        closedir(proc);
    return count;
}

static void look(void)
{
    directories = 0;
    nftw("/sys/fs/cgroup", count_directory, 16, FTW_PHYS | FTW_MOUNT);
    printf("memory %d %ld\n", created, available());
    printf("mounts %d %ld\n", created, lines("/proc/self/mountinfo"));
    printf("cgroups %d %ld\n", created, directories);
    printf("processes %d %ld\n", created, processes());
    for (int i = 0; i < SAMPLES; i++) {
        timed("list", (char *[]) { runtime, "--root", root, "list", "--quiet", NULL });
        if (created)
            timed("state", (char *[]) { runtime, "--root", root, "state", name(1 + i * (created - 1) / SAMPLES), NULL });
    }
    for (int i = 0; floor_program && i < FLOORS; i++)
        timed("floor", (char *[]) { floor_program, "--root", root, "run", "--bundle", bundle, "density-floor", NULL });
}

int main(int argc, char **argv)
{
    int count = argc == 5 || argc == 6 ? atoi(argv[1]) : 0;

    if (count < POINTS) {
        fprintf(stderr, "usage: density COUNT BUNDLE STATE-DIR PATH [FLOOR]      COUNT is at least %d\n", POINTS);
        return 2;
    }
    bundle = argv[2];
    root = argv[3];
    runtime = argv[4];
    floor_program = argv[5];
    if (calls_begin(".") != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) {
        perror("density");
        return 1;
    }
    look();
    while (created < count) {
        char *id = name(created + 1);
        long time = call((char *[]) { runtime, "--root", root, "create", "--bundle", bundle, id, NULL }).microseconds;
        if (time < 0)
            fail();
        created++;
        printf("create %d %ld\n", created, time);
        timed("start", (char *[]) { runtime, "--root", root, "start", id, NULL });
        if (created % (count / POINTS) == 0)
            look();
    }
    return delete_all(1);
}
