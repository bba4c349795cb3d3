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

    public static string[] SeccompActions => SeccompCompiler.Actions;

    public static string[] MemoryPolicyModes => Sorted(MemoryPolicyNames.Modes);

    public static string[] MemoryPolicyFlags => Sorted(MemoryPolicyNames.Flags);

    /// <summary>Annotations that change what is done on the host; one ending in a dot is a prefix.</summary>
    public static string[] UnsafeAnnotations => ["org.criu.config", "org.systemd.property.", "run.oci."];

    private static string[] Sorted(string[] names)
    {
        string[] sorted = [.. names];
        Array.Sort(sorted, StringComparer.Ordinal);
        return sorted;
    }
}
