using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Host;

/// <summary>Facts about the kernel that only <c>doctor</c> asks for.</summary>
internal static partial class Machine
{
    // mount_setattr(2), "ID-mapped mounts": the file systems and the versions since when.
    private static (string Type, int Major, int Minor)[] IdMapped =>
    [
        ("ext4", 5, 12), ("vfat", 5, 12), ("xfs", 5, 12), ("btrfs", 5, 15), ("ntfs3", 5, 15), ("f2fs", 5, 18),
        ("erofs", 5, 19), ("overlay", 5, 19), ("squashfs", 6, 2), ("tmpfs", 6, 3), ("ceph", 6, 7), ("hugetlbfs", 6, 9),
    ];

    /// <summary>Release, machine and name of the kernel as uname(2) has them, e.g. <c>Linux 6.1.0-13-amd64 x86_64</c>.</summary>
    public static unsafe string KernelName
    {
        get
        {
            Sys.uname(out utsname name);
            return $"Linux {Encoding.ASCII.GetString(name.Release)} {Text(name.machine, 65)}";
        }
    }

    /// <summary>File systems of this kernel that id-mapped mounts work on; overlay as a layer of one.</summary>
    public static List<string> IdMappedFilesystems()
    {
        List<string> types = [];
        foreach ((string type, int major, int minor) in IdMapped)
        {
            if (KernelVersion >= new Version(major, minor) && HasFilesystem(Sys.Bytes(type)))
                types.Add(type);
        }

        return types;
    }

    /// <summary>A sysctl that is one number; null when the kernel does not have it.</summary>
    /// <param name="name">Below /proc/sys, with slashes.</param>
    public static long? Sysctl(string name) =>
        long.TryParse(Read(Sys.Bytes("/proc/sys/" + name)).TrimEnd((byte)'\n'), out long value) ? value : null;

    /// <summary>Names of the security modules in their order (/sys/kernel/security/lsm, Linux 4.18); null when securityfs is not mounted.</summary>
    public static string? SecurityModules =>
        Read("/sys/kernel/security/lsm"u8) is { IsEmpty: false } list ? Encoding.ASCII.GetString(list).Trim() : null;

    /// <summary>Seccomp mode of this process: 0 none, 2 a filter (proc_pid_status(5)); null without seccomp.</summary>
    public static int? SeccompMode => StatusNumber("\nSeccomp:\t"u8);

    /// <summary>This process may gain no rights by execve(2).</summary>
    public static bool NoNewPrivileges => StatusNumber("\nNoNewPrivs:\t"u8) == 1;

    /// <summary>The bounding set as a mask (capabilities(7)).</summary>
    public static ulong BoundingCapabilities => StatusMask("\nCapBnd:\t"u8);

    /// <summary>Whether a system call exists, see <see cref="Sys.Has"/>.</summary>
    public static bool HasCall(int number) => Sys.Has(number);

    /// <summary>
    /// The ranges that /etc/subuid or /etc/subgid grants (subuid(5)): how many ids in all, for a user by name or number.
    /// </summary>
    public static ulong SubordinateIds(ReadOnlySpan<byte> file, string name, uint uid)
    {
        ulong count = 0;
        string own = uid.ToString();
        foreach (string line in Encoding.UTF8.GetString(ReadTable(file)).Split('\n'))
        {
            string[] parts = line.Split(':');
            if (parts.Length == 3 && (parts[0] == name || parts[0] == own) && ulong.TryParse(parts[2].Trim(), out ulong size))
                count += Math.Min(size, uint.MaxValue);
        }

        return count;
    }

    private static int? StatusNumber(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> status = ReadTable("/proc/self/status"u8);
        int at = status.IndexOf(key);
        if (at < 0)
            return null;
        status = status[(at + key.Length)..];
        return int.TryParse(status[..Math.Max(status.IndexOf((byte)'\n'), 0)], out int number) ? number : null;
    }

    private static unsafe string Text(byte* text, int size)
    {
        int length = new ReadOnlySpan<byte>(text, size).IndexOf((byte)0);
        return Encoding.ASCII.GetString(text, Math.Max(length, 0));
    }
}
