using System;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Descriptors that the caller passes on to the container: socket activation first, then preserved ones.</summary>
internal static class Inherited
{
    /// <summary>LISTEN_FDS, when LISTEN_PID names this process (sd_listen_fds(3)); else 0.</summary>
    public static int ListenFds { get; } = Listen();

    /// <summary>Everything else is closed on exec; each descriptor that shall pass must be open.</summary>
    /// <param name="preserve">Those of --preserve-fds.</param>
    /// <param name="listen">Those of LISTEN_FDS, which come first.</param>
    public static void Check(int preserve, int listen)
    {
        int count = preserve + listen;
        for (int fd = 3; fd < 3 + count; fd++)
        {
            int flags = Sys.fcntl(fd, Uapi.F_GETFD);
            if (flags < 0)
            {
                throw new FaultException(new Fault($"unable to stat preserved-fd {fd - 2} (of {count})")
                {
                    Field = "--preserve-fds",
                    Value = preserve.ToString(),
                    Syscall = "fcntl",
                    Errno = -flags,
                    Hint = $"descriptor {fd} must be open",
                });
            }

            Sys.fcntl(fd, Uapi.F_SETFD, flags & ~Uapi.FD_CLOEXEC);
        }

        if (Sys.close_range((uint)(3 + count), uint.MaxValue, Uapi.CLOSE_RANGE_CLOEXEC) < 0)
            CloseOnExec(3 + count);
    }

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
