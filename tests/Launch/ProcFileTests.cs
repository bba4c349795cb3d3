using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Launch;

public sealed class ProcFileTests
{
    private const string Name = "oom_score_adj";

    [Fact]
    public void The_file_of_the_process_is_written() => With(process =>
    {
        ProcFile.Write(process.Id, Name, "77"u8).Should().Be(0);
        File.ReadAllText($"/proc/{process.Id}/{Name}").Should().Be("77\n");
        ProcFile.Write(process.Id, Name, "nonsense"u8).Should().Be(-Errno.EINVAL);
        ProcFile.Write(process.Id, "nonesuch", "1"u8).Should().Be(-Errno.ENOENT);
    });

    [Fact]
    public void A_link_is_not_followed() => With(process =>
        ProcFile.Write(process.Id, $"root/proc/{process.Id}/{Name}", "77"u8).Should().BeOneOf(-Errno.ELOOP, -Errno.EXDEV));

    [Fact]
    public void A_directory_that_is_no_procfs_is_refused() => With(process =>
    {
        string root = Directory.CreateTempSubdirectory("ocirun-proc-").FullName;
        string file = Path.Combine(root, process.Id.ToString(), Name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "untouched");
        ProcFile.Write(Encoding.UTF8.GetBytes(root), process.Id, Name, "77"u8).Should().Be(-Errno.EXDEV);
        File.ReadAllText(file).Should().Be("untouched");
        Directory.Delete(root, recursive: true);
        ProcFile.Write("/proc/self"u8, process.Id, Name, "77"u8).Should().Be(-Errno.EXDEV, "that is not its root");
    });

    [RuntimeFact]
    public void A_mount_over_the_file_is_refused() => With(process =>
    {
        string file = Path.GetTempFileName();
        Call("mount", "--bind", file, $"/proc/{process.Id}/{Name}");
        try
        {
            ProcFile.Write(process.Id, Name, "77"u8).Should().Be(-Errno.EXDEV);
            File.ReadAllText(file).Should().BeEmpty();
        }
        finally
        {
            Call("umount", $"/proc/{process.Id}/{Name}");
            File.Delete(file);
        }
    });

    private static void Call(string program, params string[] args)
    {
        using Process process = Process.Start(program, args);
        process.WaitForExit();
        process.ExitCode.Should().Be(0);
    }

    private static void With(Action<Process> body)
    {
        using Process process = Process.Start("sleep", "100");
        try
        {
            body(process);
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }
}
