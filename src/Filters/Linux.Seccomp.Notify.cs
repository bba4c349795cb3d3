using System;
using System.Runtime.InteropServices;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Filters;

internal static partial class SeccompCompiler
{
    /// <summary>Whether loading the profile makes a listener: some rule, or some end of a ready program, is NOTIFY.</summary>
    public static bool Notifies(Seccomp? profile)
    {
        if (profile?.Program is { } program)
            return Notifies(MemoryMarshal.Cast<byte, sock_filter>(program));
        foreach (SeccompSyscall rule in profile?.Syscalls ?? [])
        {
            if (rule.Action.Is("SCMP_ACT_NOTIFY"u8))
                return true;
        }

        return false;
    }

    // A program that computes its value is taken to need none; the kernel then answers such calls with ENOSYS.
    private static bool Notifies(ReadOnlySpan<sock_filter> program)
    {
        foreach (sock_filter instruction in program)
        {
            if (instruction.code == Uapi.BPF_RET_K
                && (instruction.k & Uapi.SECCOMP_RET_ACTION_FULL) == Uapi.SECCOMP_RET_USER_NOTIF)
                return true;
        }

        return false;
    }
}
