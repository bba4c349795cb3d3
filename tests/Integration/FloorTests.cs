using System;
using System.Diagnostics;
using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>
/// The floor of the benchmark is one only if it makes the same container as ocirun: bench/floor.c, with the programs that
/// bench/capture.c takes from a run of ocirun.
/// </summary>
public sealed class FloorTests : RuntimeTest
{
    private const string Look = "cut -d' ' -f5- /proc/self/mountinfo; grep -E '^(Cap|Seccomp|NoNew|Groups|Uid|Gid|Umask)' /proc/self/status; "
        + "stat -c '%n %A %u %g %t:%T %N' /dev/*; cat /proc/self/cgroup; hostname; cat /proc/self/limits; ifconfig lo; env | grep -v ^HOME= | sort";

    [RuntimeFact]
    public void The_floor_of_the_benchmark_makes_the_same_container()
    {
        string bench = Path.Combine(Integration.Runtime.RepositoryRoot(), "bench"), config = Path.Combine(Bundle.Path, "config.json");
        string text = File.ReadAllText(Path.Combine(bench, "docker-like.json"));
        text.Should().Contain("\"/bin/true\"");
        File.WriteAllText(Path.Combine(Bundle.Rootfs, "look"), Look);
        File.WriteAllText(config, text.Replace("\"/bin/true\"", "\"/bin/sh\", \"/look\"", StringComparison.Ordinal));
        Compile(Path.Combine(bench, "capture.c"), "capture");

        string programs = Output(Path.Combine(Work, "capture"), Published.Binary, "--root", Path.Combine(Work, "captured"), "run", "--bundle", Bundle.Path, NewId());
        string own = Runtime.With("run", "--bundle", Bundle.Path, Id).Run().Out;
        File.WriteAllText(Path.Combine(Work, "programs.h"), programs[programs.IndexOf("enum {", StringComparison.Ordinal)..]);
        Compile(Path.Combine(bench, "floor.c"), "floor");
        string floor = Output(Path.Combine(Work, "floor"), "--root", "none", "run", "--bundle", Bundle.Path, Id, "/bin/sh", "/look");

        own.Should().Contain("Seccomp:\t2").And.Contain("/sys/firmware");
        floor.Should().Be(own);
    }

    private void Compile(string source, string program) =>
        Execute("cc", "-O1", "-static", "-I", Work, "-o", Path.Combine(Work, program), source);

    private static string Output(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.Should().Be(0, program);
        return output;
    }
}
