using System;
using System.IO;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>A test that calls the published runtime; skipped where that cannot work, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RuntimeFactAttribute : FactAttribute
{
    public RuntimeFactAttribute() => Skip = RuntimeRequirement.Missing();
}

/// <summary>A theory that calls the published runtime; skipped where that cannot work, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RuntimeTheoryAttribute : TheoryAttribute
{
    public RuntimeTheoryAttribute() => Skip = RuntimeRequirement.Missing();
}

internal static class RuntimeRequirement
{
    public static string? Missing()
    {
        if (Mono.Unix.Native.Syscall.geteuid() != 0)
            return "needs root";
        if (Runtime.Binary.Contains('/') && Runtime.Launcher.Count == 0 && !File.Exists(Runtime.Binary))
            return $"needs a runtime at {Runtime.Binary}: run make publish";
        return null;
    }
}
