using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Tests.Cgroups;

public sealed class CgroupDirectoryTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    [CgroupFact]
    public void A_new_cgroup_is_made_with_its_parents_and_undone_with_them()
    {
        using TestCgroup top = new();
        using CgroupDirectory made = CgroupDirectory.Create(TestCgroup.Mount, top.Name + "/a/b/c");
        (made.Path, made.IsNew).Should().Be((top.Path + "/a/b/c", true));
        Directory.Exists(made.Path).Should().BeTrue();
        File.ResolveLinkTarget($"/proc/self/fd/{made.Directory.Number}", returnFinalTarget: false)!.FullName.Should().Be(made.Path);
        made.Undo();
        Directory.GetDirectories(top.Path).Should().BeEmpty();
    }

    [CgroupFact]
    public void An_empty_cgroup_that_exists_is_taken_and_kept()
    {
        using TestCgroup top = new();
        using CgroupDirectory taken = CgroupDirectory.Create(TestCgroup.Mount, top.Name);
        taken.IsNew.Should().BeFalse();
        taken.Undo();
        Directory.Exists(top.Path).Should().BeTrue();
    }

    [CgroupFact]
    public void Undo_ends_what_runs_inside()
    {
        using TestCgroup top = new();
        using CgroupDirectory made = CgroupDirectory.Create(TestCgroup.Mount, top.Name + "/a");
        using Process sleeper = Sleep(made.Path);
        made.Undo();
        sleeper.WaitForExit(5000).Should().BeTrue();
        Directory.Exists(made.Path).Should().BeFalse();
    }

    [CgroupFact]
    public void A_cgroup_in_use_is_refused()
    {
        using TestCgroup top = new();
        using Process sleeper = Sleep(top.Path);
        Refusal(top.Name).Message.Should().Be("container's cgroup is not empty");
        CgroupDirectory.Kill(top.Path).Should().BeTrue();
        sleeper.WaitForExit(5000).Should().BeTrue();
    }

    [CgroupFact]
    public void A_frozen_cgroup_is_refused()
    {
        using TestCgroup top = new();
        File.WriteAllText(top.Path + "/cgroup.freeze", "1");
        Refusal(top.Name).Message.Should().Be("container's cgroup unexpectedly frozen");
        File.WriteAllText(top.Path + "/cgroup.freeze", "0");
    }

    [CgroupFact]
    public void A_failure_leaves_none_of_the_parents()
    {
        using TestCgroup top = new();
        Fault fault = Refusal(top.Name + "/a/b/cgroup.procs");
        (fault.Field, fault.Syscall, fault.Errno).Should().Be(("linux.cgroupsPath", "openat", Errno.ENOTDIR));
        Directory.GetDirectories(top.Path).Should().BeEmpty();
    }

    [CgroupFact]
    public void A_file_in_the_path_is_refused()
    {
        using TestCgroup top = new();
        Refusal(top.Name + "/cgroup.procs/a").Errno.Should().Be(Errno.ENOTDIR);
        Refusal(top.Name + "/cgroup.procs").Errno.Should().Be(Errno.ENOTDIR);
    }

    [CgroupFact]
    public void A_process_is_attached()
    {
        using TestCgroup top = new();
        using Process sleeper = Process.Start("sleep", "100");
        using CgroupDirectory taken = CgroupDirectory.Create(TestCgroup.Mount, top.Name);
        taken.Attach(sleeper.Id).Should().Be(0);
        File.ReadAllText(top.Path + "/cgroup.procs").Trim().Should().Be(sleeper.Id.ToString());
        CgroupDirectory.IsPopulated(top.Path).Should().BeTrue();
        taken.Attach(-5).Should().BeNegative();
    }

    [CgroupFact]
    public void All_processes_of_the_tree_are_killed_and_the_tree_is_removed()
    {
        using TestCgroup top = new();
        using Process first = Sleep(top.Path);
        using Process second = Sleep(Directory.CreateDirectory(top.Path + "/a/b").FullName);
        CgroupDirectory.IsPopulated(top.Path).Should().BeTrue();
        CgroupDirectory.Kill(top.Path).Should().BeTrue();
        CgroupDirectory.Remove(top.Path, TimeSpan.FromSeconds(5));
        Directory.Exists(top.Path).Should().BeFalse();
        (first.WaitForExit(5000) && second.WaitForExit(5000)).Should().BeTrue();
        CgroupDirectory.IsPopulated(top.Path).Should().BeFalse();
        CgroupDirectory.Kill(top.Path).Should().BeFalse();
        CgroupDirectory.Remove(top.Path, Short);
    }

    // What happens before Linux 5.14.
    [CgroupFact]
    public void Without_the_kill_file_each_process_is_killed_even_when_it_forks()
    {
        using TestCgroup top = new();
        string inner = Directory.CreateDirectory(top.Path + "/a/b").FullName;
        using Process forker = TestCgroup.Start(inner, "while :; do sleep 0.01 & sleep 0.01; done");
        using Process sleeper = Sleep(top.Path);
        WaitPopulated(inner);
        using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(top.Path), Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        CgroupDirectory.KillEach(directory.Number);
        CgroupDirectory.IsPopulated(top.Path).Should().BeFalse();
        File.ReadAllText(top.Path + "/cgroup.freeze").Should().Be("0\n");
    }

    [CgroupFact]
    public void Processes_that_stay_make_the_removal_fail_in_time()
    {
        using TestCgroup top = new();
        using Process sleeper = Sleep(top.Path);
        Stopwatch watch = Stopwatch.StartNew();
        Action remove = () => CgroupDirectory.Remove(top.Path, Short);
        Fault fault = remove.Should().Throw<FaultException>().Which.Fault;
        (fault.Syscall, fault.Errno).Should().Be(("unlinkat", Errno.EBUSY));
        watch.Elapsed.Should().BeGreaterThan(Short * 0.9).And.BeLessThan(TimeSpan.FromSeconds(5));
        sleeper.HasExited.Should().BeFalse();
    }

    [CgroupFact]
    public void Removal_waits_for_the_last_process()
    {
        using TestCgroup top = new();
        using Process sleeper = TestCgroup.Start(top.Path, "exec sleep 0.5");
        WaitPopulated(top.Path);
        CgroupDirectory.Remove(top.Path, TimeSpan.FromSeconds(10));
        Directory.Exists(top.Path).Should().BeFalse();
    }

    [CgroupFact]
    public void A_tree_is_removed_however_deep_and_wide_it_is()
    {
        using TestCgroup top = new();
        Directory.CreateDirectory(top.Path + string.Concat(Enumerable.Repeat("/d", 150)));
        for (int i = 0; i < 300; i++)
            Directory.CreateDirectory($"{top.Path}/w{i}");
        CgroupDirectory.Remove(top.Path, TimeSpan.FromSeconds(10));
        Directory.Exists(top.Path).Should().BeFalse();
        Directory.GetFiles("/proc/self/fd")
            .Count(fd => new FileInfo(fd).LinkTarget?.StartsWith(top.Path, StringComparison.Ordinal) == true)
            .Should().Be(0);
    }

    // A damaged state file may name any directory.
    [CgroupFact]
    public void Only_cgroups_are_touched()
    {
        string folder = Directory.CreateTempSubdirectory("ocirun-test-").FullName;
        try
        {
            File.WriteAllText(folder + "/cgroup.kill", "");
            File.WriteAllText(folder + "/cgroup.events", "populated 1\n");
            Directory.CreateDirectory(folder + "/child");
            CgroupDirectory.Kill(folder).Should().BeFalse();
            CgroupDirectory.IsPopulated(folder).Should().BeFalse();
            File.ReadAllText(folder + "/cgroup.kill").Should().BeEmpty();
            Action remove = () => CgroupDirectory.Remove(folder, Short);
            remove.Should().Throw<FaultException>();
            Directory.Exists(folder + "/child").Should().BeTrue();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Fault Refusal(string path)
    {
        Action create = () => CgroupDirectory.Create(TestCgroup.Mount, path);
        return create.Should().Throw<FaultException>().Which.Fault;
    }

    private static Process Sleep(string path)
    {
        Process process = TestCgroup.Start(path, "exec sleep 100");
        WaitPopulated(path);
        return process;
    }

    private static void WaitPopulated(string path)
    {
        for (int i = 0; i < 1000 && !CgroupDirectory.IsPopulated(path); i++)
            System.Threading.Thread.Sleep(5);
    }
}
