using System;
using System.IO;
using System.Linq;
using Xunit;

namespace OciRun.Tests;

/// <summary>The published binary that tests run and look into: OCIRUN_BINARY, else out/ocirun of the repository.</summary>
internal static class Published
{
    public static string Binary { get; } = Environment.GetEnvironmentVariable("OCIRUN_BINARY") ?? Find();

    /// <summary>The soak program: the product's sources, creating containers in a loop in one process.</summary>
    public static string Soak { get; } = Path.Combine(Path.GetDirectoryName(Find())!, "soak", "ocirun-soak");

    private static string Find()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "OciRun.sln")))
            directory = directory.Parent;
        return Path.Combine(directory?.FullName ?? "/", "out", "ocirun");
    }
}

/// <summary>A test of the published binary's file; skipped where it or a tool that reads it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PublishedBinaryFactAttribute : FactAttribute
{
    public PublishedBinaryFactAttribute(params string[] tools)
    {
        string[] paths = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        string? missing = tools.FirstOrDefault(tool => !paths.Any(path => File.Exists(Path.Combine(path, tool))));
        if (!File.Exists(Published.Binary))
            Skip = $"{Published.Binary} is not there: run 'make publish'";
        else if (missing is not null)
            Skip = $"{missing} is not in PATH: run scripts/setup";
    }
}
