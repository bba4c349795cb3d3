using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;

namespace OciRun.Tests.Integration;

/// <summary>The C programs next to the tests, each compiled to a static file once per test run.</summary>
internal static class CompiledProgram
{
    private static readonly ConcurrentDictionary<string, Lazy<byte[]>> Programs = new(StringComparer.Ordinal);

    /// <summary>Puts the program of NAME.c where anybody may execute it, and gives that path.</summary>
    public static string Install(string name, string path)
    {
        if (File.Exists(path))
            return path;
        File.WriteAllBytes(path, Programs.GetOrAdd(name, _ => new(() => Compile(name))).Value);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        return path;
    }

    private static byte[] Compile(string name)
    {
        // The virtual machine has no compiler: OCIRUN_PROBE names what was compiled of probe.c.
        if (Environment.GetEnvironmentVariable("OCIRUN_" + name.ToUpperInvariant()) is { Length: > 0 } compiled)
            return File.ReadAllBytes(compiled);
        string program = Path.Combine(Path.GetTempPath(), $"ocirun-{name}-{Environment.ProcessId}");
        string source = Path.Combine(Runtime.RepositoryRoot(), "tests", "Integration", name + ".c");
        using Process cc = Process.Start("cc", new[] { "-D_GNU_SOURCE", "-Os", "-static", "-s", "-o", program, source });
        cc.WaitForExit();
        if (cc.ExitCode != 0)
            throw new InvalidOperationException($"cc could not compile {name}.c");
        byte[] bytes = File.ReadAllBytes(program);
        File.Delete(program);
        return bytes;
    }
}
