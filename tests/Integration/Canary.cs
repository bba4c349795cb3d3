using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using Mono.Unix.Native;

namespace OciRun.Tests.Integration;

/// <summary>
/// A host directory with one file of every kind under names that runtimes touch. Whatever an image contains, a
/// container start leaves it as it is.
/// </summary>
internal sealed class Canary
{
    private readonly IReadOnlyList<string> before;

    public Canary(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
        foreach (string name in new[] { "regular", "ptmx", "console", "null", "passwd", "resolv.conf" })
            File.WriteAllText(System.IO.Path.Combine(path, name), "canary " + name);
        Directory.CreateDirectory(System.IO.Path.Combine(path, "directory", "inner"));
        File.CreateSymbolicLink(System.IO.Path.Combine(path, "link"), "regular");
        Syscall.mkfifo(System.IO.Path.Combine(path, "fifo"), (FilePermissions)0b110_000_000);
        before = Snapshot();
    }

    public string Path { get; }

    /// <summary>What differs from the beginning; empty when nothing does.</summary>
    public IReadOnlyList<string> Changes()
    {
        IReadOnlyList<string> now = Snapshot();
        return before.Except(now, StringComparer.Ordinal).Select(l => "gone: " + l).Concat(now.Except(before, StringComparer.Ordinal).Select(l => "new: " + l)).ToArray();
    }

    private string[] Snapshot()
    {
        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        return Directory.EnumerateFileSystemEntries(Path, "*", options).Append(Path).Select(Describe).Order(StringComparer.Ordinal).ToArray();
    }

    private static string Describe(string path)
    {
        Syscall.lstat(path, out Stat stat);
        string content = (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFREG
            ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))
            : "";
        return $"{path} inode={stat.st_ino} mode={(int)stat.st_mode:x} owner={stat.st_uid}:{stat.st_gid} size={stat.st_size} mtime={stat.st_mtime}.{stat.st_mtime_nsec} {content}";
    }
}
