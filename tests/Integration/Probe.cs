using System;
using System.Diagnostics;
using System.IO;

namespace OciRun.Tests.Integration;

/// <summary>The static program of probe.c, compiled once per test run.</summary>
internal static class Probe
{
    private static readonly Lazy<byte[]> Program = new(Compile);

    /// <summary>Puts the program into the rootfs as /bin/probe.</summary>
    public static void Install(Bundle bundle)
    {
        string path = bundle.InRootfs("/bin/probe");
        File.WriteAllBytes(path, Program.Value);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    private static byte[] Compile()
    {
        // The virtual machine has no compiler.
        if (Environment.GetEnvironmentVariable("OCIRUN_PROBE") is { Length: > 0 } compiled)
            return File.ReadAllBytes(compiled);
        string program = Path.Combine(Path.GetTempPath(), $"ocirun-probe-{Environment.ProcessId}");
        string source = Path.Combine(Runtime.RepositoryRoot(), "tests", "Integration", "probe.c");
        using Process cc = Process.Start("cc", new[] { "-D_GNU_SOURCE", "-Os", "-static", "-s", "-o", program, source });
        cc.WaitForExit();
        if (cc.ExitCode != 0)
            throw new InvalidOperationException("cc could not compile probe.c");
        byte[] bytes = File.ReadAllBytes(program);
        File.Delete(program);
        return bytes;
    }
}
