using System;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary>The word lists of <c>features</c> (features.md 4.4), each in ordinal order.</summary>
internal static class FeatureLists
{
    public static string[] Hooks => [];

    public static string[] Namespaces => ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"];

    public static string[] Capabilities => Capability.Names;

    /// <summary>What the compiler knows, but for the action that needs a listener.</summary>
    public static string[] SeccompActions => Array.FindAll(SeccompCompiler.Actions, static name => name != "SCMP_ACT_NOTIFY");

    public static string[] MemoryPolicyModes => Sorted(MemoryPolicyNames.Modes);

    public static string[] MemoryPolicyFlags => Sorted(MemoryPolicyNames.Flags);

    /// <summary>Annotations that change what is done on the host; one ending in a dot is a prefix.</summary>
    public static string[] UnsafeAnnotations => ["org.criu.config", "org.systemd.property.", "run.ocirun.rootfs."];

    private static string[] Sorted(string[] names)
    {
        string[] sorted = [.. names];
        Array.Sort(sorted, StringComparer.Ordinal);
        return sorted;
    }
}
