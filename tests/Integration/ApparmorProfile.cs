using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>Profiles that are in the kernel until this is disposed of.</summary>
internal sealed class ApparmorProfile : IDisposable
{
    private readonly string file;

    /// <param name="work">A directory for the source.</param>
    /// <param name="rules">Of each profile.</param>
    /// <param name="names">Of the profiles.</param>
    public ApparmorProfile(string work, string rules, params string[] names)
    {
        file = Path.Combine(work, "profiles");
        File.WriteAllText(file, string.Concat(names.Select(name => $"profile {name} flags=(attach_disconnected,mediate_deleted) {{\n{rules}\n}}\n")));
        Parse("-r");
    }

    public void Dispose() => Parse("-R");

    private void Parse(string option)
    {
        using Process parser = Process.Start("apparmor_parser", [option, file]);
        parser.WaitForExit();
        parser.ExitCode.Should().Be(0);
    }
}
