using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>
/// Memory in which the container's process says why it failed. After the gate its creator is gone and `start` is told by
/// a connection, which takes calls that a filter may forbid; then the memory is a file in the container's directory.
/// </summary>
internal static unsafe class LastWords
{
    /// <summary>The record, then what a hook wrote or a file system said, NUL-terminated.</summary>
    public static int Size => sizeof(Report) + ChildContext.MessageSize;

    private static ReadOnlySpan<byte> Name => "last-words"u8;

    /// <summary>Whether the process may be unable to tell `start` anything: it accepts the connection and writes to it.</summary>
    public static bool NeedFile(Seccomp? profile) =>
        profile is not null && (!SeccompCompiler.Permits(profile, "write"u8) || SeccompCompiler.Notifies(profile));

    /// <summary>Makes the file and maps it, with its space taken: a full disk must not kill who writes to memory.</summary>
    /// <exception cref="FaultException">There is no space, or the directory is gone.</exception>
    public static byte* Map(ContainerDirectory directory)
    {
        const int flags = Uapi.O_RDWR | Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_NOFOLLOW;
        using Fd file = new(Sys.openat(directory.Number, Name, flags, 0x180 /* 0600 */));
        int result = file.Number < 0 ? file.Number : Sys.WriteAll(file.Number, new byte[Size]);
        byte* memory = result < 0 ? null : Sys.mmap(Size, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_SHARED, file.Number);
        if (memory is not null)
            return memory;
        throw new FaultException(new Fault("cannot make the file for the process's last words")
        {
            Field = "--root",
            Value = directory.Path,
            Syscall = file.Number < 0 ? "openat" : result < 0 ? "write" : "mmap",
            Errno = result < 0 ? -result : Errno.ENOMEM,
        });
    }

    /// <summary>What a process that is dead left; null when it did not fail by itself.</summary>
    /// <param name="directory">The container's.</param>
    /// <param name="message">What followed the record.</param>
    public static Report? Read(ContainerDirectory directory, out string message)
    {
        message = "";
        byte[]? file = Sys.ReadFile(directory.Number, Name, Size, out _);
        if (file is null || file.Length != Size)
            return null;
        fixed (byte* words = file)
        {
            Report report = *(Report*)words;
            if (report.Kind != ReportKind.Failed)
                return null;
            file[^1] = 0;
            message = Failure.Text(words + sizeof(Report));
            return report;
        }
    }
}
