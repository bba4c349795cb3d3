using System.Collections.Generic;
using OciRun.Filters;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary>Which filter flags the running kernel takes.</summary>
internal static class SeccompSupport
{
    public static string[] Flags()
    {
        List<string> supported = [];
        foreach (string flag in SeccompCompiler.KnownFlags)
        {
            if (IsSupported(Bits(flag)))
                supported.Add(flag);
        }

        return [.. supported];
    }

    private static uint Bits(string flag) => flag switch
    {
        "SECCOMP_FILTER_FLAG_LOG" => Uapi.SECCOMP_FILTER_FLAG_LOG,
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => Uapi.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        "SECCOMP_FILTER_FLAG_TSYNC" => Uapi.SECCOMP_FILTER_FLAG_TSYNC,
        // Valid only together with a listener (seccomp(2), Linux 5.19).
        _ => Uapi.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | Uapi.SECCOMP_FILTER_FLAG_NEW_LISTENER,
    };

    // The flags are checked before the program is read, so a null program tells EFAULT from EINVAL (seccomp(2)).
    private static bool IsSupported(uint flags) =>
        Sys.seccomp(Uapi.SECCOMP_SET_MODE_FILTER, flags, 0) == -Errno.EFAULT;
}
