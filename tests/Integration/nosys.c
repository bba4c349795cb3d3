// nosys ERRNO CALL,CALL... PROGRAM ARG...: runs a program for which some system calls do not exist. CALL:N is the call
// with N as its second argument.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) { #name, __NR_##name }

static const struct { const char *name; unsigned number; } calls[] = {
    CALL(openat2), CALL(close_range), CALL(fsopen), CALL(open_tree), CALL(move_mount), CALL(mount_setattr),
    CALL(fsmount), CALL(fsconfig), CALL(clone3), CALL(keyctl), CALL(faccessat2), CALL(pidfd_open), CALL(memfd_create),
    CALL(statx), CALL(pidfd_send_signal), CALL(add_key), CALL(pidfd_getfd), CALL(setns), CALL(bpf),
};

static unsigned number(const char *name)
{
    size_t length = strcspn(name, ":");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strlen(calls[i].name) == length && strncmp(calls[i].name, name, length) == 0)
            return calls[i].number;
    fprintf(stderr, "nosys: %s is not in the table\n", name);
    exit(125);
}

int main(int argc, char **argv)
{
    struct sock_filter code[64];
    unsigned short length = 0;
    if (argc < 4)
        return 125;
    unsigned error = strcmp(argv[1], "EPERM") == 0 ? EPERM : strcmp(argv[1], "EINVAL") == 0 ? EINVAL : ENOSYS;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (char *name = strtok(argv[2], ","); name; name = strtok(NULL, ",")) {
        char *second = strchr(name, ':');
        code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number(name), 0, second ? 4 : 1);
        if (second) {
            code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
            code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, atoi(second + 1), 0, 1);
        }
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
        if (second)
            code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    }

    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { length, code };

    // Root needs no no_new_privs for it, and the runtime must be able to tell that it is not set. Others do need it.
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
            perror("nosys: seccomp");
            return 125;
        }
    }

    execvp(argv[3], argv + 3);
    perror("nosys: execvp");
    return 125;
}
