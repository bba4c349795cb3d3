using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Kernel;

namespace OciRun.Tests.Cgroups;

/// <summary>features.md PR01, PR02; security.md F-20, F-21.</summary>
public sealed class CgroupDirectoryFreezeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [CgroupFact]
    public void Freezing_waits_until_all_stand_still_and_thawing_until_they_go_on()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/nested");
        using Process own = TestCgroup.Start(cgroup.Path, "echo in; while :; do :; done");
        using Process nested = TestCgroup.Start(cgroup.Path + "/nested", "echo in; while :; do :; done");
        own.StandardOutput.ReadLine().Should().Be("in");
        nested.StandardOutput.ReadLine().Should().Be("in");
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path);
        CgroupDirectory.IsToFreeze(directory.Number).Should().BeFalse();
        CgroupDirectory.Freeze(directory.Number, Long).Should().Be(0);
        Events(cgroup.Path).Should().Contain("frozen 1");
        CgroupDirectory.IsToFreeze(directory.Number).Should().BeTrue();
        CgroupDirectory.Thaw(directory.Number, Long).Should().Be(0);
        Events(cgroup.Path).Should().Contain("frozen 0");
    }

    [CgroupFact]
    public void What_is_frozen_below_stays_so()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/nested");
        using Process nested = TestCgroup.Start(cgroup.Path + "/nested", "echo in; exec sleep 60");
        nested.StandardOutput.ReadLine().Should().Be("in");
        File.WriteAllText(cgroup.Path + "/nested/cgroup.freeze", "1");
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path);
        CgroupDirectory.Freeze(directory.Number, Long).Should().Be(0);
        CgroupDirectory.Thaw(directory.Number, Long).Should().Be(0);
        Events(cgroup.Path).Should().Contain("frozen 0");
        Events(cgroup.Path + "/nested").Should().Contain("frozen 1");
    }

    [CgroupFact]
    public void A_cgroup_above_that_is_frozen_is_told_from_success()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/nested");
        using Process nested = TestCgroup.Start(cgroup.Path + "/nested", "echo in; exec sleep 60");
        nested.StandardOutput.ReadLine().Should().Be("in");
        using Fd above = CgroupDirectory.OpenDirectory(cgroup.Path);
        CgroupDirectory.Freeze(above.Number, Long).Should().Be(0);
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path + "/nested");
        CgroupDirectory.Thaw(directory.Number, TimeSpan.FromMilliseconds(200)).Should().Be(-Errno.ETIMEDOUT);
    }

    [CgroupFact]
    public void One_that_cannot_freeze_is_thawed_when_the_time_is_over()
    {
        if (!File.Exists("/dev/fuse"))
            return;
        using TestCgroup cgroup = new();
        using HangingMount mount = new();
        using Process stuck = TestCgroup.Start(cgroup.Path, $"echo in; exec stat '{mount.Path}/x'");
        stuck.StandardOutput.ReadLine().Should().Be("in");
        using Process free = TestCgroup.Start(cgroup.Path, "echo in; exec sleep 60");
        free.StandardOutput.ReadLine().Should().Be("in");
        // It sleeps so, too, while its own program is read from the disk, and could be frozen after that.
        for (int i = 0; i < 500 && (State(stuck.Id) != 'D' || !Sleeps(stuck.Id).Contains("fuse", StringComparison.Ordinal)); i++)
            Thread.Sleep(10);
        (State(stuck.Id), Sleeps(stuck.Id)).Should().Match<(char State, string Where)>(now => now.State == 'D' && now.Where.Contains("fuse", StringComparison.Ordinal));
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path);
        Stopwatch watch = Stopwatch.StartNew();
        CgroupDirectory.Freeze(directory.Number, TimeSpan.FromMilliseconds(300)).Should().Be(-Errno.ETIMEDOUT);
        watch.ElapsedMilliseconds.Should().BeInRange(300, 3000);
        CgroupDirectory.IsToFreeze(directory.Number).Should().BeFalse();
        stuck.Kill();
        stuck.WaitForExit(5000).Should().BeTrue();
    }

    [CgroupFact]
    public void Waiting_does_not_spin()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/nested");
        File.WriteAllText(cgroup.Path + "/cgroup.freeze", "1");
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path + "/nested");
        long before = ThreadTime();
        CgroupDirectory.Thaw(directory.Number, TimeSpan.FromSeconds(1)).Should().Be(-Errno.ETIMEDOUT);
        (ThreadTime() - before).Should().BeLessThan(50);
    }

    // utime and stime of this thread, in hundredths of a second (proc_pid_stat(5)); other tests run in others.
    private static long ThreadTime()
    {
        string[] fields = File.ReadAllText("/proc/thread-self/stat").Split(") ")[^1].Split(' ');
        return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    private static string Events(string path) => File.ReadAllText(path + "/cgroup.events");

    private static char State(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }

    // The kernel's function in which it sleeps (proc_pid_wchan(5)).
    private static string Sleeps(int pid) => File.ReadAllText($"/proc/{pid}/wchan");

    /// <summary>A FUSE file system that nobody serves: who looks into it sleeps, can be killed, but cannot be frozen.</summary>
    private sealed class HangingMount : IDisposable
    {
        private readonly int _fuse;

        public HangingMount()
        {
            _fuse = open("/dev/fuse", 2 | 0x80000);
            mount("hanging", Path, "fuse", 0, $"fd={_fuse},rootmode=40000,user_id=0,group_id=0").Should().Be(0);
        }

        public string Path { get; } = Directory.CreateTempSubdirectory("ocirun-test-").FullName;

        public void Dispose()
        {
            umount2(Path, 2);
            close(_fuse);
            Directory.Delete(Path);
        }

        [DllImport("libc", SetLastError = true)]
        private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", SetLastError = true)]
        private static extern int mount(
            [MarshalAs(UnmanagedType.LPUTF8Str)] string source,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string target,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string type,
            nuint flags,
            [MarshalAs(UnmanagedType.LPUTF8Str)] string data);

        [DllImport("libc", SetLastError = true)]
        private static extern int umount2([MarshalAs(UnmanagedType.LPUTF8Str)] string target, int flags);

        [DllImport("libc", SetLastError = true)]
        private static extern int close(int fd);
    }
}
