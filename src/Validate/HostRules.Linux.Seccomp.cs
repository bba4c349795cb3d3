using System;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Spec;

namespace OciRun.Validate;

internal readonly partial struct HostRules
{
    private void Seccomp()
    {
        if (_config.Linux?.Seccomp is not Seccomp seccomp)
            return;
        Action(seccomp.DefaultAction, "linux.seccomp.defaultAction");
        SeccompSyscall[] rules = seccomp.Syscalls ?? [];
        for (int i = 0; i < rules.Length; i++)
            Action(rules[i].Action, $"linux.seccomp.syscalls[{i}].action");
    }

    private void Action(Utf8 action, string field)
    {
        if (Machine.HasSeccompAction(KernelName(action)))
            return;
        Error(new Fault("this kernel does not have the action")
        {
            Field = field,
            Value = action.ToString(),
            Hint = "/proc/sys/kernel/seccomp/actions_avail lists those it has",
        });
    }

    private static ReadOnlySpan<byte> KernelName(Utf8 action) => action switch
    {
        _ when action.Is("SCMP_ACT_KILL_PROCESS"u8) => "kill_process"u8,
        _ when action.Is("SCMP_ACT_TRAP"u8) => "trap"u8,
        _ when action.Is("SCMP_ACT_ERRNO"u8) => "errno"u8,
        _ when action.Is("SCMP_ACT_NOTIFY"u8) => "user_notif"u8,
        _ when action.Is("SCMP_ACT_TRACE"u8) => "trace"u8,
        _ when action.Is("SCMP_ACT_LOG"u8) => "log"u8,
        _ when action.Is("SCMP_ACT_ALLOW"u8) => "allow"u8,
        _ => "kill_thread"u8,
    };
}
