using System;
using System.IO;
using OciRun.Kernel;

namespace OciRun.Fuzz;

/// <summary>A directory of this process alone, in memory where the machine has such a place, gone at the end.</summary>
internal sealed class Scratch : IDisposable
{
    public Scratch()
    {
        string parent = Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath();
        Path = System.IO.Path.Combine(parent, $"ocirun-fuzz.{Environment.ProcessId}");
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Path { get; }

    /// <summary>A new, empty directory in it.</summary>
    public string Make(string name)
    {
        string path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Opens a directory; the caller closes it.</summary>
    public static Fd Open(string path) => new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), Uapi.O_RDONLY | Uapi.O_DIRECTORY));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
