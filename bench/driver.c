// Times whole runs of container runtimes against each other: interleaved, one after another, each call from just
// before vfork to the end of wait4. Prints one line per verb and runtime:
//   verb runtime runs median-us p95-us p25-us p75-us min-us median-maxrss-kib
// usage: driver RUNS RUN-BUNDLE SLEEP-BUNDLE STATE-DIR VERBS NAME=PATH...
// VERBS is a comma-separated subset of run,create,state,start,exec,kill,delete. BENCH_OPTION in the environment, e.g.
// --systemd-cgroup, is put before the verb.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RUNTIMES = 8, MAX_RUNS = 10000 };

static const char *const verbs[] = { "run", "create", "state", "start", "exec", "kill", "delete" };
enum { VERBS = sizeof verbs / sizeof *verbs };

struct sample { int microseconds, kib; };
struct runtime {
    const char *name, *path;
    char root[256];
    struct sample *samples[VERBS];
};

static int runs, devnull, errors = -1;
static const char *wanted, *option;

static void die(const char *what, const char *who)
{
    fprintf(stderr, "driver: %s: %s: %s\n", who, what, strerror(errno));
    exit(1);
}

static int is_wanted(const char *verb)
{
    size_t length = strlen(verb);
    for (const char *at = wanted; (at = strstr(at, verb)); at += length)
        if ((at == wanted || at[-1] == ',') && (at[length] == ',' || !at[length]))
            return 1;
    return 0;
}

static struct sample call(char *const argv[])
{
    struct timespec before, after;
    struct rusage usage;
    int status;

    char *with_option[16] = { argv[0], (char *)option };
    if (option) {
        for (int i = 1; i < 14 && argv[i]; i++)
            with_option[i + 1] = argv[i];
        argv = with_option;
    }
    clock_gettime(CLOCK_MONOTONIC, &before);
    pid_t pid = vfork();
    if (pid < 0)
        die("vfork", argv[0]);
    if (pid == 0) {
        dup2(devnull, 0);
        dup2(devnull, 1);
        dup2(errors, 2);
        execv(argv[0], argv);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &usage) != pid)
        die("wait4", argv[0]);
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (status != 0) {
        char text[1024];
        ssize_t length = pread(errors, text, sizeof text - 1, 0);
        text[length > 0 ? length : 0] = 0;
        fprintf(stderr, "driver: %s %s: status %#x\n%s\n", argv[0], argv[option ? 4 : 3], status, text);
        exit(1);
    }
    return (struct sample) {
        (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000, usage.ru_maxrss,
    };
}

// Reaps what the runtimes left to their subreaper: the containers' first processes.
static void reap(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static void measure(struct runtime *runtime, int run, const char *run_bundle, const char *sleep_bundle)
{
    char id[64];
    char *path = (char *)runtime->path, *root = runtime->root;

    // A warm-up round has a negative number and is not kept.
    struct sample unused;
#define SAMPLE(verb) *(run < 0 ? &unused : &runtime->samples[verb][run])
    snprintf(id, sizeof id, "bench-%s-%d", runtime->name, run + 1);
    if (is_wanted("run"))
        SAMPLE(0) = call((char *[]) { path, "--root", root, "run", "--bundle", (char *)run_bundle, id, NULL });
    if (!strcmp(wanted, "run"))
        return;
    SAMPLE(1) = call((char *[]) { path, "--root", root, "create", "--bundle", (char *)sleep_bundle, id, NULL });
    SAMPLE(2) = call((char *[]) { path, "--root", root, "state", id, NULL });
    SAMPLE(3) = call((char *[]) { path, "--root", root, "start", id, NULL });
    if (is_wanted("exec"))
        SAMPLE(4) = call((char *[]) { path, "--root", root, "exec", id, "/bin/true", NULL });
    SAMPLE(5) = call((char *[]) { path, "--root", root, "kill", id, "KILL", NULL });
    reap();
    SAMPLE(6) = call((char *[]) { path, "--root", root, "delete", id, NULL });
}

static int by_time(const void *a, const void *b)
{
    return ((const struct sample *)a)->microseconds - ((const struct sample *)b)->microseconds;
}

static int by_memory(const void *a, const void *b)
{
    return ((const struct sample *)a)->kib - ((const struct sample *)b)->kib;
}

static void report(const struct runtime *runtime, int verb)
{
    struct sample *s = runtime->samples[verb];
    qsort(s, runs, sizeof *s, by_time);
    printf("%s %s %d %d %d %d %d %d", verbs[verb], runtime->name, runs, s[runs / 2].microseconds, s[runs * 95 / 100].microseconds,
        s[runs / 4].microseconds, s[runs * 3 / 4].microseconds, s[0].microseconds);
    qsort(s, runs, sizeof *s, by_memory);
    printf(" %d\n", s[runs / 2].kib);
}

int main(int argc, char **argv)
{
    static struct runtime runtimes[MAX_RUNTIMES];
    int count = argc - 6;

    if (argc < 7 || count > MAX_RUNTIMES || (runs = atoi(argv[1])) < 1 || runs > MAX_RUNS) {
        fprintf(stderr, "usage: driver RUNS RUN-BUNDLE SLEEP-BUNDLE STATE-DIR VERBS NAME=PATH...\n");
        return 2;
    }
    wanted = argv[5];
    option = getenv("BENCH_OPTION");
    devnull = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < count; i++) {
        char *equals = strchr(argv[6 + i], '=');
        if (!equals)
            return 2;
        *equals = 0;
        runtimes[i].name = argv[6 + i];
        runtimes[i].path = equals + 1;
        snprintf(runtimes[i].root, sizeof runtimes[i].root, "%s/%s", argv[4], runtimes[i].name);
        mkdir(runtimes[i].root, 0700);
        for (int verb = 0; verb < VERBS; verb++)
            runtimes[i].samples[verb] = calloc(runs, sizeof(struct sample));
    }
    char errors_path[256];
    snprintf(errors_path, sizeof errors_path, "%s/errors", argv[4]);
    errors = open(errors_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (devnull < 0 || errors < 0)
        die("open", errors_path);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
        die("prctl", "subreaper");
    for (int run = -3; run < runs; run++)
        for (int i = 0; i < count; i++)
            // Every round another one goes first.
            measure(&runtimes[(i + run + 3) % count], run, argv[2], argv[3]);
    for (int verb = 0; verb < VERBS; verb++)
        for (int i = 0; i < count && is_wanted(verbs[verb]); i++)
            report(&runtimes[i], verb);
    return 0;
}
