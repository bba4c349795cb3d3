using System;

namespace OciRun.Spec;

/// <summary>Resource limit names by number (asm-generic/resource.h, getrlimit(2)).</summary>
internal static class Rlimits
{
    /// <summary>Names at their numbers, RLIMIT_CPU (0) to RLIMIT_RTTIME (15).</summary>
    public static readonly string[] Names =
    [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC",
        "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ];

    /// <summary>Number of a name as config.json writes it (upper case, with prefix), or -1.</summary>
    public static int Number(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < Names.Length; i++)
        {
            if (System.Text.Ascii.Equals(name, Names[i]))
                return i;
        }

        return -1;
    }
}
