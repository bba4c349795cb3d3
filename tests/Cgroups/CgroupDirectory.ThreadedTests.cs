using System;
using System.Diagnostics;
using System.IO;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Kernel;

namespace OciRun.Tests.Cgroups;

/// <summary>features.md CG08; cgroups(7), thread mode.</summary>
public sealed class CgroupDirectoryThreadedTests
{
    [CgroupFact]
    public void Below_a_threaded_parent_the_cgroup_becomes_threaded()
    {
        using TestCgroup cgroup = Threaded();
        using CgroupDirectory made = CgroupDirectory.Create(TestCgroup.Mount, cgroup.Name + "/thread/a");
        using Process process = TestCgroup.Start(cgroup.Path, "echo in; exec sleep 60");
        process.StandardOutput.ReadLine().Should().Be("in");
        made.Attach(process.Id).Should().Be(0);
        File.ReadAllText(cgroup.Path + "/thread/a/cgroup.type").Trim().Should().Be("threaded");
        process.Kill();
    }

    [CgroupFact]
    public void Below_an_invalid_parent_nothing_runs_and_the_reason_is_told()
    {
        using TestCgroup cgroup = Threaded();
        using CgroupDirectory made = CgroupDirectory.Create(TestCgroup.Mount, cgroup.Name + "/thread/b/c");
        made.Attach(Environment.ProcessId).Should().Be(-Errno.EOPNOTSUPP);
        made.Obstacle().Should().Be(
            $"the parent of {cgroup.Path}/thread/b/c is a \"domain invalid\" cgroup; see cgroups(7), thread mode");
        made.Undo();
    }

    [CgroupFact]
    public void An_ordinary_cgroup_has_no_obstacle()
    {
        using TestCgroup cgroup = new();
        using CgroupDirectory made = CgroupDirectory.Create(TestCgroup.Mount, cgroup.Name + "/a");
        made.Obstacle().Should().BeNull();
    }

    private static TestCgroup Threaded()
    {
        TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/thread");
        File.WriteAllText(cgroup.Path + "/thread/cgroup.type", "threaded");
        return cgroup;
    }
}
