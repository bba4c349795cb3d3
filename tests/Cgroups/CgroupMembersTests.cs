using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class CgroupMembersTests
{
    [CgroupFact]
    public void All_members_but_the_excepted_are_signalled()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/a/b");
        using Process kept = Sleep(cgroup.Path);
        using Process hit = Sleep(cgroup.Path);
        using Process nested = Sleep(cgroup.Path + "/a/b");
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path);
        CgroupMembers.Signal(directory.Number, 15, except: kept.Id);
        hit.WaitForExit(5000).Should().BeTrue();
        nested.WaitForExit(5000).Should().BeTrue();
        kept.HasExited.Should().BeFalse();
        CgroupMembers.Pids(directory.Number).Should().Equal(kept.Id);
    }

    [Theory]
    [InlineData("1\n22\n4194304\n", new[] { 1, 22, 4194304 })]
    [InlineData("99999999999\n0\n-5\nx\n7", new[] { 7 })]
    public void What_is_no_pid_in_a_list_is_passed_over(string list, int[] pids)
    {
        DirectoryInfo made = Directory.CreateTempSubdirectory("ocirun-members");
        try
        {
            File.WriteAllText(Path.Combine(made.FullName, "cgroup.procs"), list);
            using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(made.FullName), Uapi.O_RDONLY | Uapi.O_DIRECTORY));
            CgroupMembers.Pids(directory.Number).Should().BeEquivalentTo(pids);
        }
        finally
        {
            made.Delete(recursive: true);
        }
    }

    [CgroupFact]
    public void The_walk_meets_every_directory_of_a_wide_and_deep_tree()
    {
        using TestCgroup cgroup = new();
        string deep = cgroup.Path;
        for (int level = 0; level < 60; level++)
        {
            Directory.CreateDirectory($"{deep}/side-a");
            Directory.CreateDirectory($"{deep}/side-z");
            deep += "/d";
        }

        for (int i = 0; i < 200; i++)
            Directory.CreateDirectory($"{cgroup.Path}/wide-with-a-rather-long-name-{i}");
        Directory.CreateDirectory(deep);
        using Process first = Sleep(cgroup.Path + "/side-a");
        using Process second = Sleep(cgroup.Path + "/wide-with-a-rather-long-name-137");
        using Process third = Sleep(deep);
        using Process fourth = Sleep(deep[..^2] + "/side-z");
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path);
        CgroupMembers.Pids(directory.Number).Should().Equal(new[] { first.Id, second.Id, third.Id, fourth.Id }.Order());
    }

    [CgroupFact]
    public void Threaded_cgroups_give_their_processes()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/thread/more");
        File.WriteAllText(cgroup.Path + "/thread/cgroup.type", "threaded");
        File.WriteAllText(cgroup.Path + "/thread/more/cgroup.type", "threaded");
        using Process process = Sleep(cgroup.Path + "/thread");
        using Process other = Sleep(cgroup.Path + "/thread/more");
        using Fd top = CgroupDirectory.OpenDirectory(cgroup.Path);
        using Fd threaded = CgroupDirectory.OpenDirectory(cgroup.Path + "/thread");
        int[] both = [.. new[] { process.Id, other.Id }.Order()];
        CgroupMembers.Pids(top.Number).Should().Equal(both);
        CgroupMembers.Pids(threaded.Number).Should().Equal(both);
        CgroupMembers.Signal(threaded.Number, 15, except: 0);
        process.WaitForExit(5000).Should().BeTrue();
        other.WaitForExit(5000).Should().BeTrue();
    }

    [CgroupFact]
    public void An_empty_cgroup_has_none()
    {
        using TestCgroup cgroup = new();
        using Fd directory = CgroupDirectory.OpenDirectory(cgroup.Path);
        CgroupMembers.Pids(directory.Number).Should().BeEmpty();
    }

    private static Process Sleep(string path)
    {
        Process process = TestCgroup.Start(path, "echo in; exec sleep 60");
        process.StandardOutput.ReadLine().Should().Be("in");
        return process;
    }
}
