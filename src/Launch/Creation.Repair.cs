using System;
using System.Globalization;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// Takes what was refused out of the config, so that planning goes on to the next fault. The result is only looked at
/// for further faults, never run.
/// </summary>
internal sealed partial class Creation
{
    private bool Repair(Fault fault)
    {
        string field = fault.Field ?? "";
        if (field.StartsWith("process", StringComparison.Ordinal))
            RepairProcess(field);
        else if (field.StartsWith("root", StringComparison.Ordinal))
            _config.Root = new Root { Path = "/" };
        else if (field.StartsWith("mounts", StringComparison.Ordinal))
            RepairMounts(field);
        else if (field.StartsWith("hostname", StringComparison.Ordinal))
            _config.Hostname = default;
        else if (field.StartsWith("domainname", StringComparison.Ordinal))
            _config.Domainname = default;
        else if (field.StartsWith("annotations", StringComparison.Ordinal))
            _config.Annotations = null;
        else if (field.StartsWith("hooks", StringComparison.Ordinal))
            _config.Hooks = null;
        else if (field.StartsWith("linux", StringComparison.Ordinal))
            return RepairLinux(field);
        else
            return field == "ociVersion";
        return true;
    }

    private void RepairProcess(string field)
    {
        Process process = _config.Process ?? new Process();
        bool args = process.Args is { Length: > 0 } && !field.StartsWith("process.args", StringComparison.Ordinal);
        bool cwd = !process.Cwd.IsEmpty && !field.StartsWith("process.cwd", StringComparison.Ordinal);
        _config.Process = new Process
        {
            Args = args ? process.Args : ["/"],
            Cwd = cwd ? process.Cwd : "/",
            Env = Array.FindAll(process.Env ?? [], static variable => variable.IndexOf((byte)'=') > 0),
            User = field.StartsWith("process.user", StringComparison.Ordinal) ? null : process.User,
            Capabilities = field.StartsWith("process.capabilities", StringComparison.Ordinal) ? null : process.Capabilities,
        };
    }

    private void RepairMounts(string field)
    {
        if (Index(field) is { } index && index < _config.Mounts?.Length)
            _config.Mounts[index] = new Mount { Destination = $"/run/{index}", Type = "tmpfs", Source = "tmpfs" };
        else
            _config.Mounts = null;
    }

    private bool RepairLinux(string field)
    {
        Linux linux = _config.Linux ?? new Linux();
        string name = field.Split('.', '[')[1..] is [var first, ..] ? first : "";
        switch (name)
        {
            case "namespaces":
                linux.Namespaces =
                    [new Namespace { Type = "mount" }, new Namespace { Type = "uts" }, new Namespace { Type = "ipc" }];
                linux.UidMappings = null;
                linux.GidMappings = null;
                return true;
            case "uidMappings" or "gidMappings":
                linux.UidMappings = null;
                linux.GidMappings = null;
                linux.Namespaces = Array.FindAll(linux.Namespaces ?? [], static entry => !entry.Type.Is("user"u8));
                return true;
            case "seccomp":
                RepairSeccomp(linux, field);
                return true;
            case "resources":
                RepairDeviceRules(linux, field);
                return true;
            case "cgroupsPath":
                linux.CgroupsPath = default;
                return true;
            case "rootfsPropagation":
                linux.RootfsPropagation = default;
                return true;
            case "mountLabel":
                linux.MountLabel = default;
                return true;
            case "devices":
                linux.Devices = null;
                return true;
            case "netDevices":
                linux.NetDevices = null;
                return true;
            case "sysctl":
                linux.Sysctl = null;
                return true;
            case "maskedPaths":
                linux.MaskedPaths = null;
                return true;
            case "readonlyPaths":
                linux.ReadonlyPaths = null;
                return true;
            case "timeOffsets":
                linux.TimeOffsets = null;
                return true;
            case "intelRdt":
                linux.IntelRdt = null;
                return true;
            case "memoryPolicy":
                linux.MemoryPolicy = null;
                return true;
            case "personality":
                linux.Personality = null;
                return true;
            default:
                return false;
        }
    }

    private static void RepairSeccomp(Linux linux, string field)
    {
        if (linux.Seccomp is { Syscalls: { } rules } && Index(field) is { } index && index < rules.Length
            && field.StartsWith("linux.seccomp.syscalls", StringComparison.Ordinal))
            rules[index] = new SeccompSyscall { Names = ["getpid"], Action = "SCMP_ACT_ALLOW" };
        else
            linux.Seccomp = null;
    }

    private static void RepairDeviceRules(Linux linux, string field)
    {
        if (linux.Resources is { Devices: { } rules } && Index(field) is { } index && index < rules.Length)
            rules[index] = new DeviceRule { Allow = true, Type = "c", Major = 1, Minor = 3, Access = "rwm" };
        else
            linux.Resources = null;
    }

    // Of the path's first list: mounts[3].options[0] gives 3.
    private static int? Index(string field)
    {
        int start = field.IndexOf('[', StringComparison.Ordinal);
        int end = start < 0 ? -1 : field.IndexOf(']', start);
        return end > 0 && int.TryParse(field.AsSpan(start + 1, end - start - 1), NumberStyles.None, null, out int index)
            ? index
            : null;
    }
}
