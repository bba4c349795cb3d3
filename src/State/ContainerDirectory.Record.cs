using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.State;

internal sealed partial class ContainerDirectory
{
    /// <summary>A record with many annotations takes some kilobytes.</summary>
    private const int LargestRecord = 4 << 20;

    /// <summary>The file of <see cref="ContainerRecord"/> in a container's directory.</summary>
    public static ReadOnlySpan<byte> RecordName => "state.json"u8;

    private ContainerRecord? _prepared;

    /// <summary>Writes the record to a temporary name, so that <see cref="Save"/> of the same one has only to rename it.</summary>
    /// <exception cref="FaultException">The disk is full, or the directory is gone.</exception>
    public void Prepare(ContainerRecord record)
    {
        const int flags = Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_NOFOLLOW;
        int fd = Sys.openat(Number, TemporaryName, flags, 0x180 /* 0600 */);
        if (fd == -Errno.EEXIST)
        {
            // One that is not wanted any more, or left by a killed process that had this pid before.
            Sys.unlinkat(Number, TemporaryName, 0);
            fd = Sys.openat(Number, TemporaryName, flags, 0x180);
        }

        if (fd < 0)
            throw Failed("cannot save the container's state", "openat", fd);
        int result = Sys.WriteAll(fd, ContainerRecordWriter.Write(record));
        Sys.close(fd);
        if (result < 0)
            throw Unsaved("write", result);
        _prepared = record;
    }

    /// <summary>
    /// Replaces state.json: written whole to a temporary name, then renamed, so a reader sees the old or the new
    /// record whatever kills this process.
    /// </summary>
    /// <exception cref="FaultException">The disk is full, or the directory is gone.</exception>
    public void Save(ContainerRecord record)
    {
        if (!ReferenceEquals(_prepared, record))
            Prepare(record);
        _prepared = null;
        int result = Sys.renameat2(Number, TemporaryName, Number, RecordName);
        if (result < 0)
            throw Unsaved("renameat2", result);
    }

    private byte[] TemporaryName => field ??= Sys.Bytes($".state.json.{Sys.getpid()}");

    private FaultException Unsaved(string syscall, int result)
    {
        Sys.unlinkat(Number, TemporaryName, 0);
        return Failed("cannot save the container's state", syscall, result);
    }

    /// <summary>The record; null when none has been saved.</summary>
    /// <exception cref="FaultException">It is damaged, or cannot be read.</exception>
    public ContainerRecord? Load()
    {
        // O_NONBLOCK: a fifo put in its place must not hang the command.
        int fd = Sys.openat(Number, RecordName, Uapi.O_RDONLY | Uapi.O_NOFOLLOW | Uapi.O_NONBLOCK | Uapi.O_NOCTTY);
        if (fd == -Errno.ENOENT)
            return null;
        if (fd < 0)
            throw Failed("cannot read the container's state", "openat", fd);
        byte[]? bytes = Sys.ReadToEnd(fd, LargestRecord, out int errno);
        Sys.close(fd);
        if (bytes is null)
            throw Failed("cannot read the container's state", "read", -errno);
        return ContainerRecordReader.Read(bytes, Id, $"{Path}/state.json");
    }
}
