using System.Diagnostics;
using System.IO;
using FluentAssertions;
using Mono.Unix.Native;

namespace OciRun.Tests.Integration;

/// <summary>What others may do with a container's state (security.md T-G5, R-020, R-026).</summary>
public sealed class StateModesTests : RuntimeTest
{
    private const int ForOthers = 0b000_111_111;

    [RuntimeTheory]
    [Xunit.InlineData("0000")]
    [Xunit.InlineData("0077")]
    public void No_file_of_it_is_for_others_whatever_the_umask(string umask)
    {
        Runtime.Root = Path.Combine(Work, "new", "root");
        Bundle.Args("sleep", "100");
        Call("create").Before($"umask {umask};").Run().Should().Be(Silent);

        Permissions(Path.Combine(Work, "new")).Should().Be(0b111_000_000);
        Permissions(Runtime.Root).Should().Be(0b111_000_000);
        Permissions(Path.Combine(Runtime.Root, Id)).Should().Be(0b111_001_001, "the container's root passes through");
        string[] files = Directory.GetFiles(Path.Combine(Runtime.Root, Id));
        files.Should().NotBeEmpty();
        foreach (string file in files)
        {
            (Permissions(file) & ForOthers).Should().Be(0, file);
            Syscall.lstat(file, out Stat stat).Should().Be(0);
            stat.st_uid.Should().Be(0, file);
        }

        Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
        Directory.Delete(Path.Combine(Work, "new"), recursive: true);
    }

    // With a root that lets others in, as crun's and runc's callers make it.
    [RuntimeFact]
    public void Another_user_reads_connects_to_and_changes_nothing_of_it()
    {
        Directory.CreateDirectory(Runtime.Root!);
        File.SetUnixFileMode(Runtime.Root!, (UnixFileMode)0b111_101_101);
        Bundle.Args("sleep", "100");
        Call("create").Before("umask 0;").Run().Should().Be(Silent);
        string directory = Path.Combine(Runtime.Root!, Id);
        foreach (string file in Directory.GetFileSystemEntries(directory))
        {
            foreach (string attempt in new[] { $"cat '{file}'", $"echo x >>'{file}'", $"rm -f '{file}'", $"touch '{directory}/new'" })
                AsNobody(attempt).Should().NotBe(0, attempt);
        }

        Outcome kill = Runtime.With("kill", Id, "KILL").Under("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups").Run();
        kill.Exit.Should().NotBe(0);
        Status().Should().Be("created");
    }

    private static int AsNobody(string script)
    {
        ProcessStartInfo start = new("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "/bin/sh", "-c", script])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
