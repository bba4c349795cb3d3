using System;
using System.Collections.Generic;
using OciRun.Filters;
using OciRun.Host;
using OciRun.Kernel;

namespace OciRun.Commands;

internal static partial class Doctor
{
    private const string NewerKernel = "use Linux ";

    private static bool IsRoot => Sys.geteuid() == 0;

    private static void Kernel(Diagnosis lines)
    {
        // pidfd_open(2): every command on a container addresses it by one.
        if (Machine.KernelVersion >= new System.Version(5, 3))
            lines.Ok("version", Machine.KernelName);
        else
            lines.Missing("version", Machine.KernelName, "no command on a container works", NewerKernel + "5.3 or newer", needed: true);
        lines.Either(
            Machine.HasCall(SYS.pidfd_open), "pidfd", "pidfd_open, pidfd_send_signal",
            "every command on a container fails", NewerKernel + "5.3, and let no outer seccomp filter forbid pidfd_open", needed: true);
        Slower(lines, SYS.clone3, new System.Version(5, 7), "clone3 into a cgroup", "processes are moved to their cgroup after they began");
        Slower(lines, SYS.openat2, new System.Version(5, 6), "openat2", "paths below the rootfs are walked component by component");
        Slower(lines, SYS.close_range, new System.Version(5, 9), "close_range", "descriptors are closed one by one");
        bool key = Machine.HasCall(SYS.keyctl);
        if (key)
            lines.Ok("keyrings", "keyctl");
        else
            lines.Limited("keyrings", "not there", "containers have no session keyring of their own", "use a kernel with CONFIG_KEYS");
        Sealed(lines);
    }

    private static void Slower(Diagnosis lines, int call, System.Version since, string name, string costs)
    {
        if (Machine.HasCall(call) && Machine.KernelVersion >= since)
            lines.Ok(name, $"since Linux {since}");
        else
            lines.Limited(name, "not there", costs, $"{NewerKernel}{since}, and let no outer seccomp filter forbid it");
    }

    // The copy of itself that the program runs from inside of containers.
    private static void Sealed(Diagnosis lines)
    {
        bool overlay = IsRoot && Machine.HasCall(SYS.fsopen) && Machine.HasFilesystem("overlay"u8);
        bool memory = Machine.Sysctl("vm/memfd_noexec") is not 2;
        if (overlay || memory)
            lines.Ok("protected copy", overlay ? "read-only overlay" : "sealed memory");
        else
        {
            lines.Missing(
                "protected copy", "neither an overlay nor an executable memfd", "create, run and exec fail",
                "set the sysctl vm.memfd_noexec to 0 or 1, or have overlayfs", needed: true);
        }
    }

    private static void Namespaces(Diagnosis lines)
    {
        List<string> there = [];
        foreach (string file in (ReadOnlySpan<string>)["mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time"])
        {
            string type = file switch { "mnt" => "mount", "net" => "network", _ => file };
            bool needed = file is not "time" && (file is not "user" || !IsRoot);
            if (!Machine.HasNamespace(file))
                lines.Missing(type, "not there", $"linux.namespaces of type {type}", "use a kernel that is built with them", needed);
            else if (Machine.MostNamespaces(file) == 0)
                lines.Missing(type, $"user.max_{file}_namespaces is 0", $"linux.namespaces of type {type}", $"raise the sysctl user.max_{file}_namespaces", needed);
            else
                there.Add(type);
        }

        if (there.Count > 0)
            lines.Ok("kinds", string.Join(' ', there));
        UserNamespaces(lines);
    }

    // Each of these sysctls is of one distribution.
    private static void UserNamespaces(Diagnosis lines)
    {
        const string costs = "users other than root cannot run containers";
        if (Machine.Sysctl("kernel/unprivileged_userns_clone") == 0)
            lines.Missing("for users", "kernel.unprivileged_userns_clone is 0", costs, "set the sysctl to 1", needed: !IsRoot);
        else if (Machine.Sysctl("kernel/apparmor_restrict_unprivileged_userns") == 1)
        {
            lines.Limited(
                "for users", "kernel.apparmor_restrict_unprivileged_userns is 1", costs + ", unless a profile of AppArmor lets this program",
                "set the sysctl to 0, or load a profile with 'userns,' for the program");
        }
        else
            lines.Ok("for users", $"user.max_user_namespaces is {Machine.MostNamespaces("user")?.ToString() ?? "not limited"}");
    }

    private static void Mounts(Diagnosis lines)
    {
        if (Machine.At("/proc/self/status"u8).Errno != 0)
            lines.Missing("/proc", "no procfs is mounted", "no command on a container works", "mount -t proc proc /proc", needed: true);
        bool api = Machine.HasCall(SYS.fsopen) && Machine.HasCall(SYS.open_tree) && Machine.HasCall(SYS.move_mount);
        if (api)
            lines.Ok("mount API", "fsopen, open_tree, move_mount");
        else
        {
            lines.Limited(
                "mount API", "not there", "mounts are made by path; layers of a root file system and mounts over the root fail",
                NewerKernel + "5.2");
        }

        bool setattr = Machine.HasCall(SYS.mount_setattr);
        lines.Either(
            setattr, "mount_setattr", "since Linux 5.12",
            "recursive options of mounts (rro, rnosuid ...), mounts[].uidMappings, the options idmap and ridmap", NewerKernel + "5.12");
        Filesystems(lines);
        List<string> mapped = setattr ? Machine.IdMappedFilesystems() : [];
        if (mapped.Count > 0)
            lines.Ok("id-mapped mounts", $"{string.Join(' ', mapped)} (by the kernel's version)");
        else
        {
            lines.Missing(
                "id-mapped mounts", "on no file system of this kernel", "mounts[].uidMappings, mounts[].gidMappings, the options idmap and ridmap",
                NewerKernel + "5.12");
        }

        bool overlay = Machine.HasFilesystem("overlay"u8) || Machine.LoadsModules;
        lines.Either(
            overlay && Machine.KernelVersion >= new System.Version(5, 11), "overlay for users", "in user namespaces since Linux 5.11",
            "--layer and run.ocirun.rootfs.* without root", NewerKernel + "5.11 with overlayfs");
    }

    private static void Filesystems(Diagnosis lines)
    {
        List<string> there = [];
        foreach (string type in (ReadOnlySpan<string>)["proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup2", "overlay"])
        {
            bool needed = type is "proc" or "tmpfs" or "devpts" or "sysfs" or "mqueue";
            if (Machine.HasFilesystem(Sys.Bytes(type)))
                there.Add(type);
            else if (Machine.LoadsModules)
                lines.Limited(type, "not loaded", "mounts of this type fail, unless the kernel finds the module", $"modprobe {type}");
            else
                lines.Missing(type, "not there", type == "overlay" ? "--layer, run.ocirun.rootfs.*" : $"mounts of type {type}", "use a kernel that is built with it", needed);
        }

        lines.Ok("file systems", string.Join(' ', there));
    }

    private static void Seccomp(Diagnosis lines)
    {
        if (Machine.SeccompMode is not { } mode)
        {
            lines.Missing("filters", "not there", "linux.seccomp", "use a kernel with CONFIG_SECCOMP_FILTER");
            return;
        }

        List<string> actions = [];
        foreach ((string kernel, string config, string since) in (ReadOnlySpan<(string, string, string)>)[
            ("kill_process", "SCMP_ACT_KILL_PROCESS", "4.14"), ("kill_thread", "SCMP_ACT_KILL_THREAD", "4.14"), ("trap", "SCMP_ACT_TRAP", "4.14"),
            ("errno", "SCMP_ACT_ERRNO", "4.14"), ("user_notif", "SCMP_ACT_NOTIFY", "5.0"), ("trace", "SCMP_ACT_TRACE", "4.14"),
            ("log", "SCMP_ACT_LOG", "4.14"), ("allow", "SCMP_ACT_ALLOW", "4.14")])
        {
            if (Machine.HasSeccompAction(Sys.Bytes(kernel)))
                actions.Add(kernel);
            else
                lines.Missing(config, "not there", $"linux.seccomp with {config}", NewerKernel + since);
        }

        lines.Ok("actions", string.Join(' ', actions));
        string[] flags = SeccompSupport.Flags();
        lines.Ok("flags", flags.Length == 0 ? "none" : string.Join(' ', flags));
        foreach (string flag in SeccompCompiler.KnownFlags)
        {
            if (Array.IndexOf(flags, flag) < 0)
                lines.Missing(flag, "not there", $"linux.seccomp.flags with {flag}", "use a newer kernel (seccomp(2) has the versions)");
        }

        if (mode != 0)
        {
            lines.Limited(
                "outer filter", "this process runs under a filter itself", "calls that it forbids fail in containers too; a listener of its own forbids SCMP_ACT_NOTIFY",
                "run outside of the sandbox, or relax its filter");
        }
    }
}
