// Times whole runs of container runtimes against each other: interleaved, one after another, each call from just
// before vfork to the end of wait4. Prints one line per verb and runtime, and for each that creates what the process that
// waits for `start` has needed of memory (VmHWM, read in the rounds that are not timed):
//   verb runtime runs p50-us p95-us p25-us p75-us min-us maxrss-kib p99-us cpu-us minor-faults major-faults
//   waiting runtime kib
// What is no percentile of the time is a median. CPU time and faults include the children that a runtime has waited for.
// usage: driver RUNS RUN-BUNDLE SLEEP-BUNDLE STATE-DIR VERBS NAME=PATH...
// VERBS is a comma-separated subset of run,create,state,start,exec,kill,delete. A runtime called floor only runs.
// Settings: BENCH_OPTION, e.g. --systemd-cgroup, is put before the verb; BENCH_PLAIN is a bundle that is run, too, as verb
// plain (floor with its path and -plain); BENCH_COLD is how often `run` is timed after the page cache was dropped, as verb cold.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "call.h"

enum { MAX_RUNTIMES = 8, MAX_RUNS = 10000, WARM_UP = 3 };
enum verb { RUN, CREATE, STATE, START, EXEC, KILL, DELETE, PLAIN, COLD, VERBS };

static const char *const verbs[VERBS] = { "run", "create", "state", "start", "exec", "kill", "delete", "plain", "cold" };

enum measure { TIME, MEMORY, CPU, MINOR, MAJOR, MEASURES };
struct sample { long value[MEASURES]; };
struct runtime {
    const char *name, *path;
    char root[256], plain[4096];
    struct sample *samples[VERBS];
    int counts[VERBS];
    long waiting;
};

static int runs;
static const char *wanted, *option, *state, *run_bundle, *sleep_bundle, *plain_bundle;

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

// A warm-up round has a negative number and is not kept.
static void sample(struct runtime *runtime, enum verb verb, int run, char *const argv[])
{
    char *with_option[16] = { argv[0], (char *)option };
    if (option) {
        for (int i = 1; i < 14 && argv[i]; i++)
            with_option[i + 1] = argv[i];
        argv = with_option;
    }
    struct call made = call(argv);
    if (made.microseconds < 0)
        exit(1);
    if (run < 0)
        return;
    const struct rusage *u = &made.usage;
    runtime->samples[verb][runtime->counts[verb]++] = (struct sample) { {
        made.microseconds, u->ru_maxrss,
        (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 + u->ru_utime.tv_usec + u->ru_stime.tv_usec, u->ru_minflt, u->ru_majflt,
    } };
}

// Reaps what the runtimes left to their subreaper: the containers' first processes.
static void reap(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static long peak_of(const char *pid_file)
{
    char path[64], line[128];
    long pid = 0, kib = 0;
    FILE *file = fopen(pid_file, "re");
    if (!file || fscanf(file, "%ld", &pid) != 1)
        die("pid file", pid_file);
    fclose(file);
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    unlink(pid_file);
    return kib;
}

static void run_one(struct runtime *runtime, enum verb verb, int run, const char *path, const char *bundle)
{
    char id[64];
    snprintf(id, sizeof id, "bench-%s-%s-%d", runtime->name, verbs[verb], run + 1);
    sample(runtime, verb, run, (char *[]) { (char *)path, "--root", runtime->root, "run", "--bundle", (char *)bundle, id, NULL });
}

static void measure(struct runtime *runtime, int run)
{
    char id[64], pid_file[300];
    char *path = (char *)runtime->path, *root = runtime->root;
    int is_floor = !strcmp(runtime->name, "floor");

    if (is_wanted("run"))
        run_one(runtime, RUN, run, path, run_bundle);
    if (plain_bundle)
        run_one(runtime, PLAIN, run, is_floor ? runtime->plain : path, plain_bundle);
    if (is_floor || !strcmp(wanted, "run"))
        return;
    snprintf(id, sizeof id, "bench-%s-%d", runtime->name, run + 1);
    snprintf(pid_file, sizeof pid_file, "%s/pid", state);
    if (run < 0) {
        sample(runtime, CREATE, run, (char *[]) { path, "--root", root, "create", "--bundle", (char *)sleep_bundle, "--pid-file", pid_file, id, NULL });
        runtime->waiting = peak_of(pid_file);
    } else {
        sample(runtime, CREATE, run, (char *[]) { path, "--root", root, "create", "--bundle", (char *)sleep_bundle, id, NULL });
    }
    sample(runtime, STATE, run, (char *[]) { path, "--root", root, "state", id, NULL });
    sample(runtime, START, run, (char *[]) { path, "--root", root, "start", id, NULL });
    if (is_wanted("exec"))
        sample(runtime, EXEC, run, (char *[]) { path, "--root", root, "exec", id, "/bin/true", NULL });
    sample(runtime, KILL, run, (char *[]) { path, "--root", root, "kill", id, "KILL", NULL });
    reap();
    sample(runtime, DELETE, run, (char *[]) { path, "--root", root, "delete", id, NULL });
}

static void drop_caches(void)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
    sync();
    if (fd < 0 || write(fd, "3", 1) != 1)
        die("drop_caches", "/proc/sys/vm");
    close(fd);
}

static enum measure compared;

static int compare(const void *a, const void *b)
{
    long x = ((const struct sample *)a)->value[compared], y = ((const struct sample *)b)->value[compared];
    return (x > y) - (x < y);
}

static void report(const struct runtime *runtime, enum verb verb)
{
    struct sample *s = runtime->samples[verb];
    int n = runtime->counts[verb];
    long middle[MEASURES];
    for (compared = MEASURES; compared-- > 0;) { // last of all by time
        qsort(s, n, sizeof *s, compare);
        middle[compared] = s[n / 2].value[compared];
    }
#define AT(percent) s[n * (percent) / 100].value[TIME]
    printf("%s %s %d %ld %ld %ld %ld %ld %ld %ld %ld %ld %ld\n", verbs[verb], runtime->name, n, AT(50), AT(95), AT(25), AT(75), AT(0),
        middle[MEMORY], AT(99), middle[CPU], middle[MINOR], middle[MAJOR]);
}

int main(int argc, char **argv)
{
    static struct runtime runtimes[MAX_RUNTIMES];
    int count = argc - 6;

    if (argc < 7 || count > MAX_RUNTIMES || (runs = atoi(argv[1])) < 1 || runs > MAX_RUNS) {
        fprintf(stderr, "usage: driver RUNS RUN-BUNDLE SLEEP-BUNDLE STATE-DIR VERBS NAME=PATH...\n");
        return 2;
    }
    run_bundle = argv[2];
    sleep_bundle = argv[3];
    state = argv[4];
    wanted = argv[5];
    option = getenv("BENCH_OPTION");
    plain_bundle = getenv("BENCH_PLAIN");
    int cold = getenv("BENCH_COLD") ? atoi(getenv("BENCH_COLD")) : 0;
    for (int i = 0; i < count; i++) {
        char *equals = strchr(argv[6 + i], '=');
        if (!equals)
            return 2;
        *equals = 0;
        runtimes[i].name = argv[6 + i];
        runtimes[i].path = equals + 1;
        snprintf(runtimes[i].root, sizeof runtimes[i].root, "%s/%s", state, runtimes[i].name);
        snprintf(runtimes[i].plain, sizeof runtimes[i].plain, "%s-plain", runtimes[i].path);
        mkdir(runtimes[i].root, 0700);
        for (int verb = 0; verb < VERBS; verb++)
            runtimes[i].samples[verb] = calloc(verb == COLD ? (cold > 0 ? cold : 1) : runs, sizeof(struct sample));
    }
    if (calls_begin(state) != 0)
        die("open", state);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
        die("prctl", "subreaper");
    for (int run = -WARM_UP; run < runs; run++)
        for (int i = 0; i < count; i++)
            // Every round another one goes first.
            measure(&runtimes[(i + run + WARM_UP) % count], run);
    for (int run = 0; run < cold; run++)
        for (int i = 0; i < count; i++) {
            drop_caches();
            run_one(&runtimes[i], COLD, run, runtimes[i].path, run_bundle);
        }
    for (int verb = 0; verb < VERBS; verb++)
        for (int i = 0; i < count; i++)
            if (runtimes[i].counts[verb] && (verb >= PLAIN || is_wanted(verbs[verb])))
                report(&runtimes[i], verb);
    for (int i = 0; i < count; i++)
        if (runtimes[i].waiting)
            printf("waiting %s %ld\n", runtimes[i].name, runtimes[i].waiting);
    return 0;
}
