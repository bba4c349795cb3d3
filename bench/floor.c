// The kernel's own floor of `run`: makes only the calls that a bundle needs, one after another. It reads no JSON, keeps no
// state, checks nothing and is not safe against anything; it knows two bundles, bench/docker-like.json and with -DPLAIN the
// one of `ocirun spec`. The programs for the kernel are ocirun's own (programs.h, from bench/capture.c).
// usage: floor --root IGNORED run --bundle DIRECTORY ID [PROGRAM ARGUMENT...]      PROGRAM is /bin/true
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "programs.h"

// <sys/mount.h> of some C libraries defines what <linux/mount.h> does.
enum { KEYCTL_JOIN_SESSION_KEYRING = 1, MNT_DETACH = 2, LAST_CAPABILITY = 40 };
enum { NS = MOUNT_ATTR_NOSUID, ND = MOUNT_ATTR_NODEV, NE = MOUNT_ATTR_NOEXEC, RO = MOUNT_ATTR_RDONLY };
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

struct filesystem { const char *type, *source, *target; int attributes, is_new; const char *options[7]; };
struct device { const char *name; int major, minor; };
struct mask { const char *path; int is_directory; };

#define DEV { "tmpfs", "tmpfs", "dev", NS | MOUNT_ATTR_STRICTATIME, 0, { "mode", "755", "size", "65536k" } }
#define PTS { "devpts", "devpts", "dev/pts", NS | NE, 1, { "ptmxmode", "0666", "mode", "0620", "gid", "5" } }
#define MQUEUE { "mqueue", "mqueue", "dev/mqueue", NS | ND | NE, 1, { 0 } }
#define SYS { "sysfs", "sysfs", "sys", RO | NS | ND | NE, 0, { "ro" } }
#define CGROUP { "cgroup2", "cgroup", "sys/fs/cgroup", RO | NS | ND | NE, 0, { "ro" } }
#ifdef PLAIN
static const char hostname[] = "ocirun";
static const unsigned long capabilities = 1UL << CAP_AUDIT_WRITE | 1UL << CAP_KILL | 1UL << CAP_NET_BIND_SERVICE;
static char *environment[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "HOME=/", 0 };
static const struct filesystem filesystems[] = {
    { "proc", "proc", "proc", 0, 0, { 0 } }, DEV, PTS,
    { "tmpfs", "shm", "dev/shm", NS | ND | NE, 1, { "mode", "1777", "size", "65536k" } }, MQUEUE, SYS, CGROUP,
};
static const struct mask masks[] = {
    { "proc/acpi", 1 }, { "proc/asound", 1 }, { "proc/kcore", 0 }, { "proc/keys", 0 }, { "proc/latency_stats", 0 },
    { "proc/timer_list", 0 }, { "proc/timer_stats", 0 }, { "proc/sched_debug", 0 }, { "sys/firmware", 1 }, { "proc/scsi", 1 },
};
#else
static const char hostname[] = "bench";
static const unsigned long capabilities = 0xa80425fb;
static char *environment[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "HOSTNAME=bench", "HOME=/", 0 };
static const struct filesystem filesystems[] = {
    { "proc", "proc", "proc", NS | ND | NE, 0, { 0 } }, DEV, PTS, SYS, CGROUP, MQUEUE,
    { "tmpfs", "shm", "dev/shm", NS | ND | NE, 1, { "mode", "1777", "size", "67108864" } },
};
static const struct mask masks[] = {
    { "proc/asound", 1 }, { "proc/acpi", 1 }, { "proc/interrupts", 0 }, { "proc/kcore", 0 }, { "proc/keys", 0 },
    { "proc/latency_stats", 0 }, { "proc/timer_list", 0 }, { "proc/timer_stats", 0 }, { "proc/sched_debug", 0 },
    { "proc/scsi", 1 }, { "sys/firmware", 1 }, { "sys/devices/virtual/powercap", 1 },
};
#endif
static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger" };
static const struct device nodes[] = {
    { "dev/null", 1, 3 }, { "dev/zero", 1, 5 }, { "dev/full", 1, 7 }, { "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
};
static const char *const links[][2] = {
    { "/proc/self/fd", "dev/fd" }, { "/proc/self/fd/0", "dev/stdin" }, { "/proc/self/fd/1", "dev/stdout" },
    { "/proc/self/fd/2", "dev/stderr" }, { "pts/ptmx", "dev/ptmx" },
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static long need(long result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
        _exit(125);
    }
    return result;
}

static int make(const char *type, const char *source, const char *const *options, int attributes)
{
    int fs = (int)need(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), type);
    need(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", source, 0), "source");
    for (; *options; options += 2) {
        if (options[1])
            need(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, options[0], options[1], 0), options[0]);
        else
            need(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, options[0], 0, 0), options[0]);
        if (!options[1])
            break;
    }
    need(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0), "create");
    int mount = (int)need(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes), "fsmount");
    close(fs);
    return mount;
}

static int attach(int mount, int root, const char *path)
{
    return (int)syscall(SYS_move_mount, mount, "", root, path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
}

static void mount_all(int root)
{
    for (unsigned i = 0; i < COUNT(filesystems); i++) {
        const struct filesystem *f = &filesystems[i];
        if (f->is_new)
            need(mkdirat(root, f->target, 0755), f->target);
        int mount = make(f->type, f->source, f->options, f->attributes);
        need(attach(mount, root, f->target), f->target);
        close(mount);
    }
    for (unsigned i = 0; i < COUNT(nodes); i++)
        need(mknodat(root, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].name);
    for (unsigned i = 0; i < COUNT(links); i++)
        need(symlinkat(links[i][0], root, links[i][1]), links[i][1]);
    if (access("/proc/kcore", F_OK) == 0)
        need(symlinkat("/proc/kcore", root, "dev/core"), "dev/core");
    for (unsigned i = 0; i < COUNT(readonly); i++) {
        struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
        int tree = (int)syscall(SYS_open_tree, root, readonly[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (tree < 0)
            continue;
        need(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &read_only, sizeof read_only), "mount_setattr");
        need(attach(tree, root, readonly[i]), readonly[i]);
        close(tree);
    }
}

// What is masked is covered by /dev/null of the host or by an empty file system. A path that is not there is left out.
static void mask_all(int root, int null)
{
    static const char *const empty[] = { "nr_blocks", "1", "nr_inodes", "2", 0 };
    int source[2] = { null, make("tmpfs", "tmpfs", empty, RO | NS | ND | NE) }, used[2] = { 0 };
    for (unsigned i = 0; i < COUNT(masks); i++) {
        int kind = masks[i].is_directory;
        int mount = used[kind] ? (int)syscall(SYS_open_tree, source[kind], "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH) : source[kind];
        if (attach(mount, root, masks[i].path) == 0)
            used[kind] = 1;
        if (mount != source[kind])
            close(mount);
    }
}

static void drop_privileges(void)
{
    struct rlimit files = { 1024, 1024 };
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { capabilities, capabilities, 0 }, { capabilities >> 32, capabilities >> 32, 0 } };
    for (int i = 0; i <= LAST_CAPABILITY; i++)
        if (!(capabilities >> i & 1))
            need(prctl(PR_CAPBSET_DROP, i, 0, 0, 0), "bounding set");
    need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    need(setgroups(0, 0), "setgroups");
    need(syscall(SYS_capset, &header, data), "capset");
    need(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
}

static void contain(const char *bundle, const char *id, char **program)
{
    char keyring[280], rootfs[4096];
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };

    need(unshare(CLONE_NEWCGROUP), "unshare"); // after the clone: its root is the new cgroup then
    need(setsid(), "setsid");
    snprintf(keyring, sizeof keyring, "_ses.%s", id);
    need(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, keyring), "keyctl");
    need(sethostname(hostname, sizeof hostname - 1), "sethostname");
    int inet = (int)need(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    need(ioctl(inet, SIOCSIFFLAGS, &lo), "lo");
    close(inet);

    need(mount(0, "/", 0, MS_REC | MS_SLAVE, 0), "slave");
    int null = (int)need(syscall(SYS_open_tree, AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "/dev/null");
    snprintf(rootfs, sizeof rootfs, "%s/rootfs", bundle);
    int root = (int)need(syscall(SYS_open_tree, AT_FDCWD, rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), rootfs);
    need(attach(root, AT_FDCWD, rootfs), rootfs);
    umask(0);
    mount_all(root);
    mask_all(root, null);
    need(fchdir(root), "fchdir");
    need(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    need(umount2(".", MNT_DETACH), "umount");
    need(chdir("/"), "chdir");
    struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
    need(syscall(SYS_mount_setattr, root, "", AT_EMPTY_PATH, &read_only, sizeof read_only), "read-only");
    umask(022);
    drop_privileges();
    if (filter_length) {
        struct sock_fprog filters = { filter_length, (void *)filter };
        need(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filters), "seccomp");
    }
    execve(program[0], program, environment);
    need(-1, program[0]);
}

int main(int argc, char **argv)
{
    static char *own[] = { "/bin/true", 0 };
    char path[4096];
    struct statfs fs;
    siginfo_t end;

    if (argc < 7)
        return 2;
    const char *bundle = argv[5], *id = argv[6];
    const char *cgroups = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
    snprintf(path, sizeof path, "%s/%s", cgroups, id);
    need(mkdir(path, 0755), path);
    int cgroup = (int)need(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
    union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE, .insn_cnt = devices_length, .insns = (unsigned long)devices, .license = (unsigned long)"Apache" };
    int program = (int)need(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load), "bpf");
    union bpf_attr at = { .target_fd = (unsigned)cgroup, .attach_bpf_fd = (unsigned)program, .attach_type = BPF_CGROUP_DEVICE, .attach_flags = BPF_F_ALLOW_MULTI };
    need(syscall(SYS_bpf, BPF_PROG_ATTACH, &at, sizeof at), "attach");
    struct clone_args clone = {
        .flags = CLONE_INTO_CGROUP | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
        .exit_signal = SIGCHLD,
        .cgroup = (unsigned)cgroup,
    };
    long child = need(syscall(SYS_clone3, &clone, sizeof clone), "clone3");
    if (child == 0)
        contain(bundle, id, argc > 7 ? argv + 7 : own);
    need(waitid(P_PID, (id_t)child, &end, WEXITED), "waitid");
    need(rmdir(path), "rmdir");
    return end.si_code == CLD_EXITED ? end.si_status : 125;
}
