using System;
using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// Descriptors that the caller passes on to the container: those of socket activation first, then preserved ones. Numbers
/// among them that are not open stay closed in the container, so nothing of this process's may come to stand there.
/// </summary>
internal static class Inherited
{
    private static readonly List<int> s_held = [];
    private static int s_preserve;
    private static int s_range;

    /// <summary>LISTEN_FDS, when LISTEN_PID names this process (sd_listen_fds(3)); else 0.</summary>
    public static int ListenFds { get; private set; } = Listen();

    /// <summary>Numbers from 3 on that the container keeps, after <see cref="Settle"/>.</summary>
    public static int Count { get; private set; }

    /// <summary>
    /// Occupies the numbers in between that are not open. To be called before anything else is opened; what is above is
    /// closed on exec from now on.
    /// </summary>
    /// <param name="preserve">Value of --preserve-fds.</param>
    /// <param name="strict">False: the activation may not be meant for this command, so that its sockets need not be there.</param>
    /// <exception cref="FaultException">The last one is not open.</exception>
    public static void Hold(int preserve, bool strict)
    {
        s_preserve = preserve;
        if (!strict && !AreOpen(ListenFds))
            ListenFds = 0;
        s_range = preserve + ListenFds;
        if (s_range > 0 && !IsOpen(2 + s_range))
            s_range = Math.Max(preserve, ListenFds);
        if (s_range > 0 && !IsOpen(2 + s_range))
            throw Missing(s_range);
        Fill(3 + s_range);
        if (Sys.close_range((uint)(3 + s_range), uint.MaxValue, Uapi.CLOSE_RANGE_CLOEXEC) < 0)
            CloseOnExec(3 + s_range);
    }

    /// <summary>Decides how many are kept.</summary>
    /// <param name="counted">
    /// The caller has counted the sockets of the activation among the preserved descriptors, as Podman does, which also
    /// writes LISTEN_FDS into the config (callers.md §11.5).
    /// </param>
    /// <exception cref="FaultException">The last one is not open.</exception>
    public static void Settle(bool counted)
    {
        Count = counted ? Math.Max(s_preserve, ListenFds) : s_preserve + ListenFds;
        if (Count == s_range)
            return;
        if (Count > s_range)
            throw Missing(Count);
        if (!IsOpen(2 + Count) || s_held.Contains(2 + Count))
            throw Missing(Count);
        if (Sys.close_range((uint)(3 + Count), (uint)(2 + s_range), Uapi.CLOSE_RANGE_CLOEXEC) < 0)
            CloseOnExec(3 + Count);
    }

    // Close-on-exec and yet open after an exec: it is this process's own.
    private static bool IsOpen(int fd)
    {
        int flags = Sys.fcntl(fd, Uapi.F_GETFD);
        return flags >= 0 && (flags & Uapi.FD_CLOEXEC) == 0;
    }

    private static bool AreOpen(int count)
    {
        for (int fd = 3; fd < 3 + count; fd++)
        {
            if (!IsOpen(fd))
                return false;
        }

        return true;
    }

    // A socket takes the lowest free number, and so does each duplicate of it.
    private static void Fill(int end)
    {
        if (end == 3)
            return;
        int held = Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_DGRAM);
        while (held >= 0 && held < end)
        {
            s_held.Add(held);
            held = Sys.fcntl(s_held[0], Uapi.F_DUPFD_CLOEXEC, 3);
        }

        if (held >= 0)
            Sys.close(held);
    }

    private static FaultException Missing(int count) => new(new Fault($"unable to stat preserved-fd {count} (of {count})")
    {
        Field = "--preserve-fds",
        Value = s_preserve.ToString(),
        Syscall = "fcntl",
        Errno = Errno.EBADF,
        Hint = $"descriptor {2 + count}, the last of them, must be open",
    });

    // Before Linux 5.11: each one by the list of what is open.
    private static void CloseOnExec(int first)
    {
        using Fd list = new(Sys.openat(Uapi.AT_FDCWD, "/proc/self/fd"u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        byte[] buffer = new byte[16384];
        int length;
        while ((length = Sys.getdents64(list.Number, buffer)) > 0)
        {
            foreach (ReadOnlySpan<byte> name in new State.DirectoryEntries(buffer.AsSpan(0, length)))
            {
                if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int fd) && fd >= first)
                    Sys.fcntl(fd, Uapi.F_SETFD, Uapi.FD_CLOEXEC);
            }
        }
    }

    private static int Listen()
    {
        string? count = Environment.GetEnvironmentVariable("LISTEN_FDS");
        if (count is null || Environment.GetEnvironmentVariable("LISTEN_PID") != Sys.getpid().ToString())
            return 0;
        return int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n < 1 << 20 ? n : 0;
    }
}
