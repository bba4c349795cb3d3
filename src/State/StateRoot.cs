using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.State;

/// <summary>
/// The directory whose subdirectories are the containers: <c>--root</c>, else <c>/run/ocirun</c>, else
/// <c>$XDG_RUNTIME_DIR/ocirun</c> (features.md I01, I02). It has to be ours alone, for who can write it can name
/// processes to kill.
/// </summary>
internal sealed partial class StateRoot : IDisposable
{
    /// <summary>Code of the fault that tells that a container does not exist.</summary>
    public const string MissingCode = "container-not-found";

    private readonly Fd _directory;

    private StateRoot(string path, Fd directory)
    {
        Path = path;
        _directory = directory;
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    internal int Number => _directory.Number;

    /// <summary>
    /// Opens the root. <paramref name="mustExist"/> says what a missing one means: an error, or that it is to be made.
    /// </summary>
    /// <param name="option">Value of <c>--root</c>, absolute; null for the default.</param>
    /// <param name="mustExist">True for commands on existing containers.</param>
    /// <exception cref="FaultException">It is missing, or not a directory that only we can write.</exception>
    public static StateRoot Open(string? option, bool mustExist)
    {
        Location location = Locate(option);
        Fd? directory = TryOpen(location, create: !mustExist);
        if (directory is null)
            throw Wrong(location.Path, "does not exist", "openat", Errno.ENOENT);
        return new StateRoot(location.Path, directory);
    }

    /// <summary>Absolute path of the root that <paramref name="option"/> means, whether it exists or not.</summary>
    public static string PathOf(string? option) => Locate(option).Path;

    /// <summary>The root, or null when its directory does not exist.</summary>
    public static StateRoot? OpenExisting(string? option)
    {
        Location location = Locate(option);
        Fd? directory = TryOpen(location, create: false);
        return directory is null ? null : new StateRoot(location.Path, directory);
    }

    /// <summary>
    /// The container of that id below the root that <paramref name="option"/> means, for commands that work on one.
    /// </summary>
    /// <exception cref="FaultException">Invalid id, or <c>container does not exist</c>.</exception>
    public static ContainerDirectory FindContainer(string? option, string id)
    {
        ContainerId.Check(id);
        StateRoot root = OpenExisting(option) ?? throw Missing(id);
        return root.Find(id);
    }

    /// <summary>
    /// Makes the container's directory (0711) and locks it. mkdir(2) is the test that the id is free.
    /// </summary>
    /// <exception cref="FaultException">Invalid id, or <c>container with given ID already exists</c>.</exception>
    public ContainerDirectory Reserve(string id)
    {
        ContainerId.Check(id);
        byte[] name = Sys.Bytes(id);
        int result = Sys.mkdirat(Number, name, 0x1c9 /* 0711 */);
        if (result == -Errno.EEXIST)
        {
            throw new FaultException(new Fault("container with given ID already exists")
            {
                Field = "container",
                Value = id,
                Hint = "choose another id, or delete that container first",
                Code = "container-exists",
            });
        }

        if (result < 0)
            throw Wrong($"{Path}/{id}", "cannot make the container's directory", "mkdirat", -result);
        ContainerDirectory directory = Find(id);
        // The umask may have taken bits away that the container's root needs to pass.
        Sys.fchmod(directory.Number, 0x1c9);
        directory.Lock();
        return directory;
    }

    /// <exception cref="FaultException">Invalid id, or <c>container does not exist</c>.</exception>
    public ContainerDirectory Find(string id)
    {
        ContainerId.Check(id);
        int fd = Sys.openat(Number, Sys.Bytes(id), Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
        if (fd is -Errno.ENOENT or -Errno.ENOTDIR)
            throw Missing(id);
        if (fd < 0)
            throw Wrong($"{Path}/{id}", "cannot open the container's directory", "openat", -fd);
        return new ContainerDirectory(this, id, new Fd(fd));
    }

    /// <summary>Names of the directories below the root that can be containers, in ordinal order.</summary>
    /// <param name="withRecord">Only those that have a record, which is not read.</param>
    public string[] Ids(bool withRecord = false)
    {
        List<string> ids = [];
        byte[] buffer = new byte[32768];
        using Fd directory = new(Sys.openat(Number, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        int length;
        while ((length = Sys.getdents64(directory.Number, buffer)) > 0)
        {
            DirectoryEntries entries = new(buffer.AsSpan(0, length));
            while (entries.MoveNext())
            {
                string id = Encoding.UTF8.GetString(entries.Current);
                if (entries.MayBeDirectory && ContainerId.IsValid(id) && (!withRecord || HasRecord(entries.Current)))
                    ids.Add(id);
            }
        }

        if (length < 0)
            throw Wrong(Path, "cannot list it", "getdents64", -length);
        ids.Sort(StringComparer.Ordinal);
        return [.. ids];
    }

    private bool HasRecord(ReadOnlySpan<byte> name)
    {
        byte[] path = [.. name, (byte)'/', .. ContainerDirectory.RecordName];
        return Sys.fstatat(Number, path, out stat found, Uapi.AT_SYMLINK_NOFOLLOW) >= 0 && (found.st_mode & Uapi.S_IFMT) == Uapi.S_IFREG;
    }

    public void Dispose() => _directory.Dispose();

    internal static FaultException Missing(string id) => new(new Fault("container does not exist")
    {
        Field = "container",
        Value = id,
        Code = MissingCode,
    });

    private static FaultException Wrong(string path, string message, string? syscall = null, int errno = 0,
        string? hint = null) => new(new Fault(message)
        {
            Field = "state root",
            Value = path,
            Syscall = syscall,
            Errno = errno,
            Hint = hint,
            Code = "state-root",
        });
}
