using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>Why a cgroup lacks a file, and what to do about a value that the kernel refuses.</summary>
internal static class CgroupController
{
    /// <summary>
    /// The settings whose controller the hierarchy does not have at all, as far as its root tells. What is missing
    /// further down only shows when the cgroup is made.
    /// </summary>
    public static List<Fault> Missing(CgroupSettings settings, CgroupMount mount)
    {
        List<Fault> faults = [];
        if (settings.All.Count == 0)
            return faults;
        using Fd root = mount.Open();
        ReadOnlySpan<byte> offered = CgroupDirectory.List(root.Number, "cgroup.controllers"u8);
        foreach (CgroupSetting setting in settings.All)
        {
            string name = setting.Controller;
            if (!setting.IsOptional && name != "cgroup" && !CgroupDirectory.Contains(offered, Sys.Bytes(name)))
                faults.Add(Missing(setting.Otherwise ?? setting, mount.Path));
        }

        return faults;
    }

    /// <summary>The fault for a file that does not exist.</summary>
    /// <param name="setting">What was to be written.</param>
    /// <param name="cgroup">Absolute path of the cgroup.</param>
    public static Fault Missing(CgroupSetting setting, string cgroup)
    {
        (string reason, string hint) = Reason(setting, cgroup);
        return new Fault($"there is no {setting.File} in {cgroup}: {reason}")
        {
            Field = setting.Field,
            Value = setting.Value,
            Syscall = "openat",
            Errno = Errno.ENOENT,
            Hint = hint,
            Code = "missing-controller",
        };
    }

    /// <summary>What to try when the kernel refused the value; null when the errno says it all.</summary>
    public static string? Advice(CgroupSetting setting, int result) => (setting.File, -result) switch
    {
        ("cpu.max", Errno.EINVAL) => "the period is 1000 to 1000000 µs, the quota at least 1000 and no more than the parent's",
        ("cpu.max.burst", Errno.EINVAL) => "it cannot exceed the quota",
        ("cpu.weight", Errno.EINVAL) => "the cgroup is idle (cpu.idle)",
        ("cpu.idle", Errno.EINVAL or Errno.ERANGE) => "use 0 or 1",
        ("cpuset.cpus" or "cpuset.mems", Errno.EINVAL or Errno.ERANGE or Errno.ENOSPC or Errno.ENODEV) =>
            "use numbers of this machine, such as 0-1,3; see cpuset.cpus.effective and cpuset.mems.effective of the parent",
        ("io.max" or "io.weight" or "io.bfq.weight", Errno.ENODEV or Errno.ENXIO) =>
            "there is no such block device; name a whole disk, not a partition (lsblk)",
        ("io.max", Errno.EINVAL or Errno.ERANGE) => "the rate is out of range",
        ("rdma.max", Errno.ENODEV) => "there is no such RDMA device (/sys/class/infiniband)",
        (_, Errno.EINVAL or Errno.ERANGE) => "see the kernel's Documentation/admin-guide/cgroup-v2.rst for what the file takes",
        (_, Errno.EACCES or Errno.EPERM) => "the file is not delegated to this user",
        (_, Errno.ENODEV) => "the cgroup has been removed meanwhile",
        _ => null,
    };

    private static (string Reason, string Hint) Reason(CgroupSetting setting, string cgroup)
    {
        string name = setting.Controller;
        if (name == "cgroup")
            return ("this kernel does not have it", "remove it");
        byte[] word = Sys.Bytes(name);
        if (InForce(cgroup, word))
        {
            return name == "hugetlb"
                ? ("this kernel has no pages of that size", "see /sys/kernel/mm/hugepages")
                : ("the controller is there, but this kernel does not have the file", "remove it, or use another kernel");
        }

        if (IsVersion1(name))
        {
            return (
                $"the controller {name} is bound to cgroup v1 on this host",
                $"boot with cgroup_no_v1={name} (systemd: systemd.unified_cgroup_hierarchy=1), or remove the limit");
        }

        string? stop = Nearest(cgroup, word);
        if (stop is null)
            return ($"this kernel does not offer the controller {name}", "remove the limit, or enable the controller (see cgroup_disable= of the kernel)");
        return (
            $"the controller {name} is not enabled in {stop}/cgroup.subtree_control",
            Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes($"{stop}/cgroup.procs"), 1 << 20, out _) is { Length: > 0 }
                ? "a cgroup with processes of its own cannot enable it for those below; choose another linux.cgroupsPath"
                : "enable it there (systemd: Delegate=yes), or remove the limit");
    }

    private static bool InForce(string cgroup, ReadOnlySpan<byte> name) => CgroupDirectory.Contains(
        CgroupDirectory.List(Uapi.AT_FDCWD, Sys.Bytes($"{cgroup}/cgroup.controllers")), name);

    // The nearest ancestor that has it, and so does not pass it on.
    private static string? Nearest(string cgroup, ReadOnlySpan<byte> name)
    {
        for (string at = cgroup; at.Length > 0; at = at[..at.LastIndexOf('/')])
        {
            if (InForce(at, name))
                return at;
        }

        return null;
    }

    /// <summary>A line "N:name,name:/path" of /proc/self/cgroup (cgroups(7)) with N other than 0.</summary>
    internal static bool IsVersion1(string controller)
    {
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/cgroup"u8, 1 << 20, out _);
        return table is not null && IsVersion1(System.Text.Encoding.UTF8.GetString(table), controller);
    }

    internal static bool IsVersion1(string table, string controller)
    {
        string name = controller == "io" ? "blkio" : controller;
        foreach (string line in table.Split('\n'))
        {
            if (line.Split(':') is [_, var names, ..] && Array.IndexOf(names.Split(','), name) >= 0)
                return true;
        }

        return false;
    }
}
