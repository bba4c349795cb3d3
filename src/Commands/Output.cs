using System;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary>Standard output by write(2).</summary>
internal static class Output
{
    private const int Stdout = 1;

    /// <exception cref="FaultException">The reader is gone or the disk is full.</exception>
    public static void Write(ReadOnlySpan<byte> bytes)
    {
        int result = Sys.WriteAll(Stdout, bytes);
        if (result < 0)
            throw new FaultException(new Fault("cannot write to standard output") { Syscall = "write", Errno = -result });
    }

    /// <summary>Writes all of it, waiting for room; false when the reader is gone.</summary>
    /// <exception cref="FaultException">Another failure, such as a full disk.</exception>
    public static bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            long n = Sys.write(Stdout, bytes);
            if (n == -Errno.EAGAIN)
            {
                Sys.ppoll([new pollfd { fd = Stdout, events = Uapi.POLLOUT }], -1);
                continue;
            }

            if (n is -Errno.EPIPE or -Errno.EIO)
                return false;
            if (n < 0)
                throw new FaultException(new Fault("cannot write to standard output") { Syscall = "write", Errno = (int)-n });
            bytes = bytes[(int)n..];
        }

        return true;
    }

    public static void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Puts /dev/null onto descriptors 0 to 2 that the caller closed: the next file opened would become one of them,
    /// and messages would be written into it (security.md R-044).
    /// </summary>
    public static void OpenStandardStreams()
    {
        for (int fd = 0; fd <= 2; fd++)
        {
            // The lowest free number is taken, and lower ones are open by now. O_CLOEXEC, which openat adds, must go.
            if (Sys.fcntl(fd, Uapi.F_GETFD) < 0 && Sys.openat(Uapi.AT_FDCWD, "/dev/null"u8, Uapi.O_RDWR) == fd)
                Sys.fcntl(fd, Uapi.F_SETFD);
        }
    }
}
