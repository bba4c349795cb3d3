using System;
using System.Diagnostics;
using System.IO;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;

namespace OciRun.Tests.Cgroups;

public sealed class CgroupDirectoryRemovalTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [CgroupFact]
    public void One_that_is_gone_already_is_fine()
    {
        using TestCgroup cgroup = new();
        CgroupDirectory.Remove(cgroup.Path + "/never", Long);
        CgroupDirectory.Remove(cgroup.Path + "/never/ever", Long);
        Directory.Exists(cgroup.Path).Should().BeTrue();
    }

    [CgroupFact]
    public void Only_cgroups_are_removed()
    {
        string directory = Directory.CreateTempSubdirectory("ocirun-test-").FullName;
        try
        {
            Directory.CreateDirectory(directory + "/empty");
            Action remove = () => CgroupDirectory.Remove(directory + "/empty", Short);
            remove.Should().Throw<FaultException>().Which.Fault.Text().Should().Contain("is not in a cgroup2 file system");
            Directory.Exists(directory + "/empty").Should().BeTrue();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // What a record names may be anything, once no cgroup was found there.
    [CgroupFact]
    public void One_that_was_missing_is_looked_for_again_but_need_not_be_a_cgroup()
    {
        using TestCgroup cgroup = new();
        string there = Directory.CreateDirectory(cgroup.Path + "/there").FullName;
        CgroupDirectory.Remove(there, Long, isMissing: true);
        Directory.Exists(there).Should().BeFalse();
        foreach (string other in new[] { cgroup.Path + "/never", cgroup.Path + "/cgroup.procs", "/etc/never", "/etc/hostname/never", "/etc/hostname", "/proc/self/root/never" })
            CgroupDirectory.Remove(other, Short, isMissing: true);
        File.Exists("/etc/hostname").Should().BeTrue();
    }

    [CgroupFact]
    public void A_link_does_not_lead_to_a_cgroup()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/victim");
        string directory = Directory.CreateTempSubdirectory("ocirun-test-").FullName;
        try
        {
            File.CreateSymbolicLink(directory + "/link", cgroup.Path);
            Action remove = () => CgroupDirectory.Remove(directory + "/link/victim", Short);
            remove.Should().Throw<FaultException>();
            CgroupDirectory.Kill(directory + "/link/victim").Should().BeFalse();
            Directory.Exists(cgroup.Path + "/victim").Should().BeTrue();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [CgroupFact]
    public void A_threaded_cgroup_is_emptied()
    {
        using TestCgroup cgroup = new();
        Directory.CreateDirectory(cgroup.Path + "/thread");
        File.WriteAllText(cgroup.Path + "/thread/cgroup.type", "threaded");
        using Process process = Sleep(cgroup.Path + "/thread");
        CgroupDirectory.Kill(cgroup.Path + "/thread").Should().BeTrue();
        process.WaitForExit(5000).Should().BeTrue();
    }

    private static Process Sleep(string path)
    {
        Process process = TestCgroup.Start(path, "echo in; exec sleep 60");
        process.StandardOutput.ReadLine().Should().Be("in");
        return process;
    }
}
