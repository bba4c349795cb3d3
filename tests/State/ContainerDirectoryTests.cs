using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.State;

public sealed class ContainerDirectoryTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly StateRoot _root;

    public ContainerDirectoryTests() => _root = StateRoot.Open(_scratch.Root, mustExist: true);

    public void Dispose()
    {
        _root.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_record_survives_save_and_load_and_leaves_no_other_file()
    {
        using ContainerDirectory directory = _root.Reserve("c");
        directory.Load().Should().BeNull();
        directory.Save(Scratch.Record("c"));
        directory.Save(Scratch.Record("c") with { Rootless = true });
        directory.Load()!.Rootless.Should().BeTrue();
        Directory.GetFileSystemEntries(directory.Path).Should().Equal(Path.Combine(directory.Path, "state.json"));
        File.GetUnixFileMode(Path.Combine(directory.Path, "state.json")).Should().Be((UnixFileMode)Convert.ToInt32("600", 8));
    }

    [Fact]
    public void A_leftover_temporary_file_does_not_stop_a_save()
    {
        using ContainerDirectory directory = _root.Reserve("c");
        File.WriteAllText(Path.Combine(directory.Path, $".state.json.{Environment.ProcessId}"), "half");
        directory.Save(Scratch.Record("c"));
        directory.Load().Should().NotBeNull();
    }

    [Fact]
    public void A_record_behind_a_link_is_not_read()
    {
        using ContainerDirectory directory = _root.Reserve("c");
        File.CreateSymbolicLink(Path.Combine(directory.Path, "state.json"), "/etc/passwd");
        FluentActions.Invoking(directory.Load).Should().Throw<FaultException>();
    }

    [Fact]
    public void A_fifo_for_a_record_does_not_hang()
    {
        using ContainerDirectory directory = _root.Reserve("c");
        Process.Start("mkfifo", Path.Combine(directory.Path, "state.json")).WaitForExit();
        FluentActions.Invoking(directory.Load).Should().Throw<FaultException>();
    }

    [Fact]
    public void Removal_unlinks_links_and_empties_subdirectories()
    {
        string victim = Path.Combine(_scratch.Root, "victim");
        Directory.CreateDirectory(victim);
        File.WriteAllText(Path.Combine(victim, "state.json"), "x");
        using ContainerDirectory directory = _root.Reserve("c");
        directory.Save(Scratch.Record("c"));
        Directory.CreateDirectory(Path.Combine(directory.Path, "notify", "deep"));
        File.WriteAllText(Path.Combine(directory.Path, "notify", "deep", "file"), "");
        Directory.CreateSymbolicLink(Path.Combine(directory.Path, "link"), victim);
        Directory.CreateSymbolicLink(Path.Combine(directory.Path, "notify", "link"), victim);
        directory.Remove();
        Directory.Exists(directory.Path).Should().BeFalse();
        File.Exists(Path.Combine(victim, "state.json")).Should().BeTrue();
        directory.Remove();
    }

    [Fact]
    public void A_mount_inside_stops_the_removal()
    {
        string mount = Path.Combine(_scratch.Root, "c", "mount");
        using ContainerDirectory directory = _root.Reserve("c");
        Directory.CreateDirectory(mount);
        Run("mount", "-t", "tmpfs", "none", mount).Should().Be(0);
        try
        {
            File.WriteAllText(Path.Combine(mount, "file"), "");
            FluentActions.Invoking(directory.Remove).Should().Throw<FaultException>()
                .Which.Fault.Errno.Should().Be(Errno.EXDEV);
            File.Exists(Path.Combine(mount, "file")).Should().BeTrue();
        }
        finally
        {
            Run("umount", mount);
        }
    }

    [Fact]
    public async Task The_lock_excludes_and_waits()
    {
        ContainerDirectory first = _root.Reserve("c");
        using ContainerDirectory second = _root.Find("c");
        second.IsLockedByAnother().Should().BeTrue();
        first.IsLockedByAnother().Should().BeFalse();
        FluentActions.Invoking(() => second.Lock(50)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("another command is working on the container");
        Task release = Task.Run(() =>
        {
            Thread.Sleep(50);
            first.Dispose();
        });
        second.Lock();
        await release;
    }

    [Fact]
    public void A_lock_on_a_removed_container_tells_that_it_is_gone()
    {
        using ContainerDirectory first = _root.Reserve("c");
        using ContainerDirectory second = _root.Find("c");
        first.Remove();
        first.Unlock();
        FluentActions.Invoking(second.Lock).Should().Throw<FaultException>()
            .Which.Fault.Message.Should().Be("container does not exist");
    }

    [Fact]
    public void Of_two_creators_exactly_one_wins()
    {
        for (int round = 0; round < 500; round++)
        {
            int won = 0;
            Parallel.For(0, 2, _ =>
            {
                try
                {
                    using ContainerDirectory directory = _root.Reserve("same");
                    Interlocked.Increment(ref won);
                }
                catch (FaultException e) when (e.Fault.Message == "container with given ID already exists")
                {
                    // The loser.
                }
            });
            won.Should().Be(1);
            using ContainerDirectory left = _root.Find("same");
            left.Remove();
        }
    }

    private static int Run(string file, params string[] arguments)
    {
        using Process process = Process.Start(file, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}
