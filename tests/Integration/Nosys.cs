using System;
using System.Diagnostics;
using System.IO;

namespace OciRun.Tests.Integration;

/// <summary>The launcher of nosys.c, compiled once per test run.</summary>
internal static class Nosys
{
    private static readonly Lazy<byte[]> Program = new(Compile);

    /// <summary>Puts the launcher into a directory and gives its path.</summary>
    public static string Install(string directory)
    {
        string path = Path.Combine(directory, "nosys");
        if (File.Exists(path))
            return path;
        File.WriteAllBytes(path, Program.Value);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        return path;
    }

    private static byte[] Compile()
    {
        string program = Path.Combine(Path.GetTempPath(), $"ocirun-nosys-{Environment.ProcessId}");
        string source = Path.Combine(Runtime.RepositoryRoot(), "tests", "Integration", "nosys.c");
        using Process cc = Process.Start("cc", new[] { "-D_GNU_SOURCE", "-Os", "-static", "-s", "-o", program, source });
        cc.WaitForExit();
        if (cc.ExitCode != 0)
            throw new InvalidOperationException("cc could not compile nosys.c");
        byte[] bytes = File.ReadAllBytes(program);
        File.Delete(program);
        return bytes;
    }
}
