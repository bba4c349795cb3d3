using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>
/// The container's cgroup directory. All lookups start at the hierarchy's root and neither follow links nor leave it.
/// </summary>
internal sealed partial class CgroupDirectory : IDisposable
{
    private readonly List<string> _made = [];

    /// <summary>One that exists; nothing of it is this object's to remove.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="directory">Readable descriptor of it, owned from here on.</param>
    public CgroupDirectory(string path, Fd directory)
    {
        Path = path;
        Directory = directory;
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Readable descriptor, as CLONE_INTO_CGROUP takes it.</summary>
    public Fd Directory { get; }

    /// <summary>True when this object made the directory: nothing else can be in it or attached to it.</summary>
    public bool IsNew { get; private init; }

    /// <summary>
    /// Makes the directory and its missing parents. One that exists already must be empty and not frozen. Nothing that
    /// was made is left when this fails.
    /// </summary>
    /// <param name="mount">The cgroup2 hierarchy.</param>
    /// <param name="path">Path below it, with a leading slash.</param>
    public static CgroupDirectory Create(CgroupMount mount, string path)
    {
        List<string> made = [];
        try
        {
            using Fd root = mount.Open();
            Fd directory = Make(root.Number, path, made, mount.Path, out bool isNew);
            CgroupDirectory created = new(mount.Path + path, directory) { IsNew = isNew };
            created._made.AddRange(made);
            if (!isNew)
                created.CheckUnused();
            EnableControllers(root.Number, directory.Number, path);
            return created;
        }
        catch
        {
            Unmake(made);
            throw;
        }
    }

    /// <summary>Opens the one that systemd has made for the container.</summary>
    /// <param name="mount">The cgroup2 hierarchy.</param>
    /// <param name="path">Path below it, with a leading slash.</param>
    /// <exception cref="FaultException">It is gone, or the path leaves the hierarchy.</exception>
    public static CgroupDirectory Adopt(CgroupMount mount, string path)
    {
        using Fd root = mount.Open();
        Fd directory = Make(root.Number, path, [], mount.Path, out bool isNew);
        CgroupDirectory adopted = new(mount.Path + path, directory);
        if (!isNew)
        {
            // systemd leaves out the controllers that it does not manage.
            EnableControllers(root.Number, directory.Number, path);
            return adopted;
        }

        adopted._made.Add(adopted.Path);
        adopted.Undo();
        throw new FaultException(new Fault($"systemd made no cgroup {adopted.Path}") { Field = "linux.cgroupsPath" });
    }

    /// <summary>Makes a cgroup in this one, or takes an empty one that is there.</summary>
    /// <param name="name">One component.</param>
    /// <exception cref="FaultException">The kernel refuses, or it is in use.</exception>
    public CgroupDirectory MakeBelow(string name)
    {
        byte[] bytes = Sys.Bytes(name);
        int result = Sys.mkdirat(Directory.Number, bytes, 0x1ed);
        bool isNew = result == 0;
        if (isNew || result == -Errno.EEXIST)
            result = OpenChild(Directory.Number, bytes);
        if (result < 0)
            throw Failed($"{Path}/{name}", isNew ? "openat" : "mkdirat", result, -1);
        CgroupDirectory made = new($"{Path}/{name}", new Fd(result)) { IsNew = isNew };
        if (!isNew)
            made.CheckUnused();
        return made;
    }

    /// <summary>Passes on what this one has to those below it, as far as the kernel lets it: no process may be in it.</summary>
    public void PassControllersOn() => Enable(Directory.Number);

    /// <summary>
    /// Moves a process here, where CLONE_INTO_CGROUP (Linux 5.7) does not serve: 0 or a negative errno. Below a threaded
    /// parent the cgroup is made threaded first, since nothing can enter it as it is (cgroups(7), thread mode).
    /// </summary>
    public int Attach(int pid)
    {
        byte[] number = Sys.Bytes(pid.ToString());
        int result = Sys.WriteFile(Directory.Number, "cgroup.procs"u8, number);
        if (result != -Errno.EOPNOTSUPP || !IsThreaded(Type("../cgroup.type"u8)))
            return result;
        int changed = Sys.WriteFile(Directory.Number, "cgroup.type"u8, "threaded"u8);
        return changed < 0 ? changed : Sys.WriteFile(Directory.Number, "cgroup.procs"u8, number);
    }

    /// <summary>
    /// Why the kernel takes no process here, as far as the types of the cgroup and its parent tell; null when they do not.
    /// </summary>
    public string? Obstacle()
    {
        ReadOnlySpan<byte> own = Type("cgroup.type"u8);
        ReadOnlySpan<byte> parent = Type("../cgroup.type"u8);
        if (!own.StartsWith("domain invalid"u8) && !IsThreaded(own))
            return null;
        string kind = System.Text.Encoding.UTF8.GetString(parent.TrimEnd((byte)'\n'));
        return $"the parent of {Path} is a \"{kind}\" cgroup; see cgroups(7), thread mode";
    }

    private ReadOnlySpan<byte> Type(ReadOnlySpan<byte> file) => Sys.ReadFile(Directory.Number, file, 64, out _);

    private static bool IsThreaded(ReadOnlySpan<byte> type) =>
        type.StartsWith("threaded"u8) || type.StartsWith("domain threaded"u8);

    /// <summary>Removes what <see cref="Create"/> made, newest first, as far as it is empty.</summary>
    public void Undo()
    {
        Dispose();
        if (_made.Count == 0)
            return;
        Kill(Path);
        Remove(Path, TimeSpan.FromSeconds(10));
        Unmake(_made);
    }

    public void Dispose() => Directory.Dispose();

    private static void Unmake(List<string> made)
    {
        for (int i = made.Count - 1; i >= 0; i--)
            Sys.unlinkat(Uapi.AT_FDCWD, Sys.Bytes(made[i]), Uapi.AT_REMOVEDIR);
        made.Clear();
    }

    // The whole path at once when only the last component is missing, which is the usual case.
    private static Fd Make(int root, string path, List<string> made, string mount, out bool isNew)
    {
        string[] parts = path[1..].Split('/');
        int slash = path.LastIndexOf('/');
        int parent = slash <= 0 ? Sys.openat(root, "."u8, Uapi.O_PATH | Uapi.O_DIRECTORY) : Open(root, path[1..slash]);
        int start = parts.Length - 1;
        if (parent == -Errno.ENOENT)
        {
            parent = Sys.openat(root, "."u8, Uapi.O_PATH | Uapi.O_DIRECTORY);
            start = 0;
        }

        isNew = false;
        string reached = mount;
        for (int i = 0; i < start; i++)
            reached += "/" + parts[i];
        for (int i = start; i < parts.Length && parent >= 0; i++)
        {
            byte[] name = Sys.Bytes(parts[i]);
            reached += "/" + parts[i];
            int result = Sys.mkdirat(parent, name, 0x1ed);
            isNew = result == 0;
            if (isNew)
                made.Add(reached);
            else if (result != -Errno.EEXIST)
                throw Failed(reached, "mkdirat", result, parent);
            int flags = i == parts.Length - 1 ? Uapi.O_RDONLY : Uapi.O_PATH;
            int next = Sys.openat(parent, name, flags | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
            Sys.close(parent);
            parent = next;
        }

        if (parent < 0)
            throw Failed(reached, "openat", parent, -1);
        // Also of a new one: below a directory that something is mounted over it is no cgroup.
        if (Sys.fstatfs(parent, out statfs fs) < 0 || fs.f_type != Uapi.CGROUP2_SUPER_MAGIC)
            throw Failed(reached, "fstatfs", -Errno.EINVAL, parent);
        return new Fd(parent);
    }

    private static int Open(int root, string path)
    {
        const ulong resolve = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_XDEV | Uapi.RESOLVE_NO_SYMLINKS | Uapi.RESOLVE_NO_MAGICLINKS;
        int fd = Sys.openat2(root, Sys.Bytes(path), Uapi.O_PATH | Uapi.O_DIRECTORY, resolve);
        if (fd is not -Errno.ENOSYS and not -Errno.EPERM)
            return fd;
        int at = Sys.openat(root, "."u8, Uapi.O_PATH | Uapi.O_DIRECTORY);
        foreach (string part in path.Split('/'))
        {
            if (at < 0)
                return at;
            int next = Sys.openat(at, Sys.Bytes(part), Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
            Sys.close(at);
            at = next;
        }

        return at;
    }

    private static FaultException Failed(string path, string syscall, int result, int close)
    {
        if (close >= 0)
            Sys.close(close);
        return new FaultException(new Fault($"cannot make the cgroup {path}")
        {
            Field = "linux.cgroupsPath",
            Syscall = syscall,
            Errno = -result,
            Hint = -result switch
            {
                Errno.EACCES or Errno.EPERM or Errno.EROFS => "the cgroup tree must be delegated to the user, or use "
                    + "--cgroup-manager disabled",
                Errno.EOPNOTSUPP => "the parent is a threaded cgroup, which cannot hold a container's domain",
                _ => null,
            },
        });
    }

    private void CheckUnused()
    {
        byte[]? events = Sys.ReadFile(Directory.Number, "cgroup.events"u8, 4096, out _);
        string? problem = null;
        if (events is not null && events.AsSpan().IndexOf("populated 1"u8) >= 0)
            problem = "container's cgroup is not empty";
        else if (events is not null && events.AsSpan().IndexOf("frozen 1"u8) >= 0)
            problem = "container's cgroup unexpectedly frozen";
        else if (Sys.ReadFile(Directory.Number, "cgroup.freeze"u8, 16, out _) is [(byte)'1', ..])
            problem = "container's cgroup unexpectedly frozen";
        if (problem is null)
            return;
        Directory.Dispose();
        throw new FaultException(new Fault(problem)
        {
            Field = "linux.cgroupsPath",
            Value = Path,
            Hint = "choose another path, or end what runs there",
        });
    }
}
