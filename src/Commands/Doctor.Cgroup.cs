using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Launch;

namespace OciRun.Commands;

internal static partial class Doctor
{
    private const int ConnectLimit = 1;

    private static readonly (string Controller, string Fields)[] s_controllers =
    [
        ("cpu", "linux.resources.cpu"), ("cpuset", "linux.resources.cpu.cpus and mems"), ("memory", "linux.resources.memory"),
        ("pids", "linux.resources.pids"), ("io", "linux.resources.blockIO"), ("hugetlb", "linux.resources.hugepageLimits"),
        ("rdma", "linux.resources.rdma"),
    ];

    private static void Cgroup(Diagnosis lines)
    {
        CgroupMount? mount = CgroupMount.Find();
        if (mount is null)
        {
            lines.Missing(
                "mode", "no cgroup2 file system is mounted", "containers run only with --cgroup-manager disabled, and without linux.resources",
                "mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1", needed: true);
            return;
        }

        List<string> old = [];
        foreach ((string controller, string _) in s_controllers)
        {
            if (CgroupController.IsVersion1(controller))
                old.Add(controller);
        }

        if (old.Count == 0)
            lines.Ok("mode", $"version 2 at {mount.Path}");
        else
        {
            lines.Limited(
                "mode", $"hybrid: version 2 at {mount.Path}, version 1 has {string.Join(' ', old)}", "limits of those controllers fail",
                "boot with systemd.unified_cgroup_hierarchy=1, or with cgroup_no_v1=all");
        }

        Controllers(lines, mount);
        DeviceRules(lines);
        Since(lines, new System.Version(5, 2), "freezer", "pause, resume and kill --all stop nothing");
        Since(lines, new System.Version(5, 14), "cgroup.kill", "processes of a cgroup are killed one by one");
        lines.Either(
            Machine.At("/proc/pressure/memory"u8).Errno == 0, "pressure", "/proc/pressure", "events shows no pressure (PSI)",
            "boot with psi=1, on a kernel with CONFIG_PSI");
        Delegation(lines, mount);
    }

    private static void Controllers(Diagnosis lines, CgroupMount mount)
    {
        using Fd root = mount.Open();
        ReadOnlySpan<byte> offered = CgroupDirectory.List(root.Number, "cgroup.controllers"u8);
        List<string> there = [];
        foreach ((string controller, string fields) in s_controllers)
        {
            if (CgroupDirectory.Contains(offered, Sys.Bytes(controller)))
                there.Add(controller);
            else if (CgroupController.IsVersion1(controller))
            {
                lines.Missing(
                    controller, "cgroup version 1 has it", fields,
                    $"boot with cgroup_no_v1={controller} (systemd: systemd.unified_cgroup_hierarchy=1)");
            }
            else
                lines.Missing(controller, "the hierarchy does not offer it", fields, "enable it: cgroup_disable= of the kernel, CONFIG_CGROUP_*, or the delegation to this container");
        }

        if (there.Count > 0)
            lines.Ok("controllers", string.Join(' ', there));
    }

    // BPF_CGROUP_DEVICE. The kernel lets only its administrator load such a program.
    private static void DeviceRules(Diagnosis lines)
    {
        const int administrator = 21;
        bool may = IsRoot && !Machine.InUserNamespace && (Machine.EffectiveCapabilities & (1UL << administrator)) != 0;
        if (!Machine.HasCall(SYS.bpf))
            lines.Missing("device rules", "no bpf(2)", "linux.resources.devices", "use a kernel with CONFIG_CGROUP_BPF");
        else if (may)
            lines.Ok("device rules", "a program of eBPF");
        else
        {
            lines.Limited(
                "device rules", "only root of the host may load them", "linux.resources.devices is not enforced",
                "run as root, outside of a user namespace");
        }
    }

    private static void Since(Diagnosis lines, System.Version since, string name, string costs)
    {
        if (Machine.KernelVersion >= since)
            lines.Ok(name, $"since Linux {since}");
        else
            lines.Limited(name, "not there", costs, NewerKernel + since);
    }

    private static void Delegation(Diagnosis lines, CgroupMount mount)
    {
        string own = CgroupMount.Own();
        string path = mount.Path + (own == "/" ? "" : own);
        bool may = MayWrite(path) && MayWrite($"{path}/cgroup.procs");
        if (IsRoot && !Machine.InUserNamespace)
        {
            if (MayWrite(mount.Path))
                lines.Ok("delegation", $"all of {mount.Path}");
            else
            {
                lines.Missing(
                    "delegation", $"{mount.Path} is read-only", "containers run only with --cgroup-manager disabled or --rootless=true",
                    $"mount -o remount,rw {mount.Path}", needed: true);
            }
        }
        else if (may)
            lines.Ok("delegation", $"{path} with {Words(path)}");
        else
        {
            lines.Limited(
                "delegation", $"{path} is not this user's", "linux.cgroupsPath and linux.resources fail; containers stay in the caller's cgroup",
                "--systemd-cgroup with a user's systemd, or a unit with Delegate=yes");
        }
    }

    private static string Words(string path)
    {
        ReadOnlySpan<byte> words = CgroupDirectory.List(Uapi.AT_FDCWD, Sys.Bytes($"{path}/cgroup.controllers"));
        return words.IsEmpty ? "no controller" : Encoding.ASCII.GetString(words);
    }

    private static void Systemd(Diagnosis lines)
    {
        const string costs = "--systemd-cgroup, --cgroup-manager systemd";
        if (Machine.At("/run/systemd/system"u8).Errno != 0)
        {
            lines.Missing("systemd", "it did not boot this system", costs, "use the cgroupfs driver, which is the default");
            return;
        }

        lines.Ok("systemd", "it has booted this system");
        try
        {
            SystemdInstance instance = Creation.FindSystemd();
            using DBusConnection bus = instance.Connect(null, ConnectLimit);
            lines.Ok(instance.IsUser ? "bus of the user" : "bus of the system", instance.Address ?? "the usual socket");
        }
        catch (FaultException failure)
        {
            lines.Missing(
                "bus", (failure.Fault with { Hint = null, Field = null, Value = null }).Text(), costs,
                failure.Fault.Hint ?? "start D-Bus");
        }
    }

    private static unsafe bool MayWrite(string path)
    {
        const int W_OK = 2;
        const int AT_EACCESS = 0x200;
        fixed (byte* terminated = Sys.Bytes(path + "\0"))
            return Raw.faccessat2(Uapi.AT_FDCWD, terminated, W_OK, AT_EACCESS) == 0;
    }
}
