using System;

namespace OciRun.Spec;

/// <summary>The document that <c>features</c> prints.</summary>
internal static class FeaturesWriter
{
    /// <summary>JSON indented by four blanks, with a newline at the end.</summary>
    public static byte[] Write(FeaturesDocument features)
    {
        JsonText json = new(' ', 4);
        json.Object()
            .Member("ociVersionMin"u8, features.OciVersionMin)
            .Member("ociVersionMax"u8, features.OciVersionMax)
            .Member("hooks"u8, features.Hooks)
            .Member("mountOptions"u8, features.MountOptions);
        Linux(json.Key("linux"u8).Object(), features);
        return json.EndObject()
            .Member("annotations"u8, features.Annotations)
            .Member("potentiallyUnsafeConfigAnnotations"u8, features.PotentiallyUnsafeConfigAnnotations)
            .EndObject().Newline().ToArray();
    }

    private static void Linux(JsonText json, FeaturesDocument features)
    {
        json.Member("namespaces"u8, features.Namespaces)
            .Member("capabilities"u8, features.Capabilities);
        json.Key("cgroup"u8).Object()
            .Member("v1"u8, features.Cgroup.V1)
            .Member("v2"u8, features.Cgroup.V2)
            .Member("systemd"u8, features.Cgroup.Systemd)
            .Member("systemdUser"u8, features.Cgroup.SystemdUser)
            .Member("rdma"u8, features.Cgroup.Rdma)
            .EndObject();
        json.Key("seccomp"u8).Object()
            .Member("enabled"u8, features.Seccomp.Enabled)
            .Member("actions"u8, features.Seccomp.Actions)
            .Member("operators"u8, features.Seccomp.Operators)
            .Member("archs"u8, features.Seccomp.Archs)
            .Member("knownFlags"u8, features.Seccomp.KnownFlags)
            .Member("supportedFlags"u8, features.Seccomp.SupportedFlags)
            .EndObject();
        Enabled(json, "apparmor"u8, features.Apparmor);
        Enabled(json, "selinux"u8, features.Selinux);
        json.Key("intelRdt"u8).Object()
            .Member("enabled"u8, features.IntelRdt.Enabled)
            .Member("schemata"u8, features.IntelRdt.Schemata)
            .Member("monitoring"u8, features.IntelRdt.Monitoring)
            .EndObject();
        json.Key("memoryPolicy"u8).Object()
            .Member("modes"u8, features.MemoryPolicy.Modes)
            .Member("flags"u8, features.MemoryPolicy.Flags)
            .EndObject();
        Enabled(json.Key("mountExtensions"u8).Object(), "idmap"u8, features.IdmappedMounts);
        Enabled(json.EndObject(), "netDevices"u8, features.NetDevices);
    }

    private static void Enabled(JsonText json, ReadOnlySpan<byte> name, bool enabled) =>
        json.Key(name).Object().Member("enabled"u8, enabled).EndObject();
}
