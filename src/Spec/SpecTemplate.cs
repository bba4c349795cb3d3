using System;

namespace OciRun.Spec;

/// <summary>The config.json that <c>spec</c> writes: a shell in a read-only root with the usual restrictions.</summary>
internal static class SpecTemplate
{
    /// <summary>JSON indented by tabs, with a newline at the end.</summary>
    /// <param name="rootless">
    /// For a caller without privileges: a user namespace that maps only root, the host's network and /sys, no
    /// group in mount options, no resources.
    /// </param>
    /// <param name="euid">Host user that becomes root inside; only used when rootless.</param>
    /// <param name="egid">Host group that becomes root inside; only used when rootless.</param>
    public static byte[] Write(bool rootless, uint euid, uint egid) =>
        Write(new SpecChoices { IsRootless = rootless, HostUser = euid, HostGroup = egid });

    /// <summary>The same with another process, other annotations and more mounts.</summary>
    public static byte[] Write(SpecChoices choices)
    {
        JsonText json = new('\t', 1);
        json.Object().Member("ociVersion"u8, SpecVersion.Current);
        Process(json, choices);
        json.Key("root"u8).Object().Member("path"u8, "rootfs");
        if (choices.IsReadonly)
            json.Member("readonly"u8, true);
        json.EndObject().Member("hostname"u8, "ocirun");
        Mounts(json, choices);
        json.Key("linux"u8).Object();
        if (choices.IsRootless)
        {
            Mapping(json, "uidMappings"u8, choices.HostUser);
            Mapping(json, "gidMappings"u8, choices.HostGroup);
        }
        else
        {
            json.Key("resources"u8).Object().Key("devices"u8).Array().Object();
            json.Member("allow"u8, false).Member("access"u8, "rwm").EndObject().EndArray().EndObject();
        }

        Isolation(json, choices.IsRootless);
        json.EndObject();
        if (choices.Annotations.Length > 0)
            json.Member("annotations"u8, choices.Annotations);
        return json.EndObject().Newline().ToArray();
    }

    private static void Process(JsonText json, SpecChoices choices)
    {
        json.Key("process"u8).Object().Member("terminal"u8, choices.Terminal);
        json.Key("user"u8).Object().Member("uid"u8, choices.Uid).Member("gid"u8, choices.Gid);
        if (choices.Groups.Length > 0)
        {
            json.Key("additionalGids"u8).Array();
            foreach (uint gid in choices.Groups)
                json.Value(gid);
            json.EndArray();
        }

        json.EndObject();
        Texts(json, "args"u8, choices.Args);
        Texts(json, "env"u8, choices.Env);
        json.Member("cwd"u8, choices.Cwd);
        ReadOnlySpan<string> kept = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
        json.Key("capabilities"u8).Object()
            .Member("bounding"u8, kept)
            .Member("effective"u8, kept)
            .Member("permitted"u8, kept)
            .EndObject();
        json.Key("rlimits"u8).Array().Object()
            .Member("type"u8, "RLIMIT_NOFILE").Member("hard"u8, 1024).Member("soft"u8, 1024)
            .EndObject().EndArray();
        json.Member("noNewPrivileges"u8, true).EndObject();
    }

    private static void Texts(JsonText json, ReadOnlySpan<byte> name, Utf8[] texts)
    {
        json.Key(name).Array();
        foreach (Utf8 text in texts)
            json.Value(text.Span);
        json.EndArray();
    }

    private static void Mounts(JsonText json, SpecChoices choices)
    {
        bool rootless = choices.IsRootless;
        json.Key("mounts"u8).Array();
        Mount(json, "/proc", "proc", "proc");
        Mount(json, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
        if (rootless)
            Mount(json, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620");
        else
            Mount(json, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5");
        Mount(json, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k");
        Mount(json, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");

        // sysfs can only be mounted by the owner of the network namespace.
        if (rootless)
            Mount(json, "/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro");
        else
            Mount(json, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro");
        Mount(json, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro");
        foreach (Utf8 volume in choices.Volumes)
            Mount(json, volume, "tmpfs", "tmpfs", choices.VolumeOptions);
        json.EndArray();
    }

    private static void Mount(JsonText json, Utf8 destination, string type, string source, params ReadOnlySpan<string> options)
    {
        json.Object().Member("destination"u8, destination).Member("type"u8, type).Member("source"u8, source);
        if (!options.IsEmpty)
            json.Member("options"u8, options);
        json.EndObject();
    }

    private static void Mapping(JsonText json, ReadOnlySpan<byte> name, uint hostId) =>
        json.Key(name).Array().Object()
            .Member("containerID"u8, 0).Member("hostID"u8, hostId).Member("size"u8, 1)
            .EndObject().EndArray();

    private static void Isolation(JsonText json, bool rootless)
    {
        ReadOnlySpan<string> types = rootless
            ? ["pid", "ipc", "uts", "mount", "cgroup", "user"]
            : ["pid", "network", "ipc", "uts", "mount", "cgroup"];
        json.Key("namespaces"u8).Array();
        foreach (string type in types)
            json.Object().Member("type"u8, type).EndObject();
        json.EndArray();
        json.Member("maskedPaths"u8,
        [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ]);
        json.Member("readonlyPaths"u8, ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]);
    }
}
