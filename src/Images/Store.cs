using System;
using System.Buffers;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// Layers as directories that images share: <c>ALGORITHM/HEX/diff</c> of the diffID, with <c>.user</c> behind HEX for those
/// whose attributes are an ordinary user's. Only complete ones have such a name; <c>partial/</c> has those that are being
/// made. Beside <c>diff</c>, <c>implied</c> lists the directories that the archive had no entry for.
/// </summary>
internal sealed class Store : IDisposable
{
    private const int LargestList = 32 << 20;

    private readonly Fd _directory;
    private readonly Fd _partial;
    private readonly string _suffix;

    private Store(string path, Fd directory, Fd partial, LayerForm form)
    {
        Path = path;
        _directory = directory;
        _partial = partial;
        _suffix = form.IsUser ? ".user" : "";
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>Where the caller's store is unless he says otherwise.</summary>
    public static string DefaultPath(bool isRoot, string? dataHome, string? home)
    {
        if (isRoot)
            return "/var/lib/ocirun/layers";
        string? data = dataHome is ['/', ..] ? dataHome : home is ['/', ..] ? $"{home}/.local/share" : null;
        return data is null
            ? throw new FaultException(new Fault("no place for layers: neither XDG_DATA_HOME nor HOME is set") { Field = "--store", Hint = "name a directory" })
            : $"{data}/ocirun/layers";
    }

    /// <summary>Opens it, makes it where it does not exist, and removes what killed processes left.</summary>
    public static Store Open(string path, LayerForm form)
    {
        // Layers have set-user-ID programs and devices, which users of the machine must not reach.
        Directories(path);
        Fd directory = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        Fd partial = new(directory.Number < 0 ? directory.Number : Subdirectory(directory, "partial"));
        int result = partial.Number;
        if (result >= 0)
            result = Subdirectory(directory, "sha256", opens: false);
        if (result >= 0)
            result = Subdirectory(directory, "sha512", opens: false);
        if (result < 0)
        {
            partial.Dispose();
            directory.Dispose();
            throw Failed(path, "openat", result);
        }

        PartialDirectory.Sweep(partial);
        return new Store(path, directory, partial, form);
    }

    public void Dispose()
    {
        _partial.Dispose();
        _directory.Dispose();
    }

    /// <summary>Absolute path of a layer, made or not.</summary>
    public string PathOf(Digest diffId) => $"{Path}/{Name(diffId)}/diff";

    /// <summary>Names of a layer's directories that the archive had no entry for; empty for its root.</summary>
    public HashSet<Utf8> Implied(Digest diffId)
    {
        string path = $"{Path}/{Name(diffId)}/implied";
        byte[] list = Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(path), LargestList, out int errno)
            ?? throw new FaultException(new Fault("the layer is incomplete") { Field = "--store", Value = path, Syscall = "openat", Errno = errno, Hint = "remove the directory it is in" });
        HashSet<Utf8> names = [];
        for (int start = 0, end; start < list.Length; start = end + 1)
        {
            end = Array.IndexOf(list, (byte)0, start);
            if (end < 0)
                break;
            names.Add(new Utf8(list, start, end - start));
        }

        return names;
    }

    /// <summary>Writes the list that <see cref="Implied"/> reads.</summary>
    public static void WriteImplied(Tree layer, Dictionary<Utf8, DirectoryEnd> directories)
    {
        ArrayBufferWriter<byte> list = new();
        foreach ((Utf8 name, DirectoryEnd end) in directories)
        {
            if (end.IsImplied)
                list.Write((byte[])[.. name.Span, 0]);
        }

        using Fd file = new(Sys.openat(layer.Root, "implied"u8, Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL, 0x180 /* 0600 */));
        int result = file.Number < 0 ? file.Number : Sys.WriteAll(file.Number, list.WrittenSpan);
        if (result < 0)
            throw new FaultException(new Fault("cannot write the list of implied directories") { Syscall = "write", Errno = -result });
    }

    public bool Has(Digest diffId) =>
        Sys.fstatat(_directory.Number, Sys.Bytes(Name(diffId)), out stat st, Uapi.AT_SYMLINK_NOFOLLOW) == 0
        && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR;

    /// <summary>Starts a layer; waits for another process that makes the same one.</summary>
    /// <returns>Null when the store has it.</returns>
    public PartialDirectory? Begin(Digest diffId, Action check) =>
        PartialDirectory.Begin(_partial, $"{diffId.Algorithm}-{diffId.Hex}{_suffix}", () =>
        {
            check();
            return Has(diffId);
        });

    /// <summary>Puts a complete layer into the store.</summary>
    public void Add(PartialDirectory layer, Digest diffId)
    {
        int result = layer.Commit(_directory.Number, Name(diffId), syncs: true);
        if (result < 0)
            throw Failed($"{Path}/{Name(diffId)}", "renameat2", result);
    }

    private string Name(Digest diffId) => $"{diffId.Algorithm}/{diffId.Hex}{_suffix}";

    // All directories on the way that do not exist; the last one only for its owner.
    private static void Directories(string path)
    {
        for (int end = path.IndexOf('/', 1); end >= 0; end = path.IndexOf('/', end + 1))
            Sys.mkdirat(Uapi.AT_FDCWD, Sys.Bytes(path[..end]), 0x1ed /* 0755 */);
        Sys.mkdirat(Uapi.AT_FDCWD, Sys.Bytes(path), 0x1c0 /* 0700 */);
    }

    private static int Subdirectory(Fd directory, string name, bool opens = true)
    {
        int result = Sys.mkdirat(directory.Number, Sys.Bytes(name), 0x1c0 /* 0700 */);
        if (result < 0 && result != -Errno.EEXIST)
            return result;
        return opens ? Sys.openat(directory.Number, Sys.Bytes(name), Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW) : 0;
    }

    private static FaultException Failed(string path, string syscall, int result) => new(new Fault("cannot use the store of layers")
    {
        Field = "--store",
        Value = path,
        Syscall = syscall,
        Errno = -result,
        Hint = "choose a directory that you can write to by --store",
    });
}
