using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Cgroups;

/// <summary>The hugetlb controller is there on any kernel with huge pages and bound to no v1 hierarchy here.</summary>
public sealed class CgroupDirectorySettingsTests
{
    private const string File = "hugetlb.2MB.max";

    [CgroupFact]
    public void Values_are_written_and_put_back()
    {
        using TestCgroup top = new();
        using CgroupDirectory cgroup = CgroupDirectory.Create(TestCgroup.Mount, top.Name + "/a");
        cgroup.Apply(Settings("""{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}"""));
        Value(cgroup).Should().Be("4194304");
        CgroupRestoration undo = cgroup.Replace(Settings("""{"hugepageLimits":[{"pageSize":"2MB","limit":2097152}]}"""));
        (Value(cgroup), Value(cgroup, "hugetlb.2MB.rsvd.max")).Should().Be(("2097152", "2097152"));
        undo.Run();
        (Value(cgroup), Value(cgroup, "hugetlb.2MB.rsvd.max")).Should().Be(("4194304", "4194304"));
    }

    [CgroupFact]
    public void A_change_is_all_or_nothing()
    {
        using TestCgroup top = new();
        using CgroupDirectory cgroup = CgroupDirectory.Create(TestCgroup.Mount, top.Name + "/a");
        cgroup.Apply(Settings("""{"unified":{"cgroup.max.depth":"5"}}"""));
        Fault fault = cgroup.Invoking(it => it.Replace(
            Settings("""{"unified":{"cgroup.max.depth":"7","cgroup.max.descendants":"-3"}}"""))).Should().Throw<FaultException>().Which.Fault;
        fault.Text().Should().Be("linux.resources.unified[\"cgroup.max.descendants\"] \"-3\": cannot write \"-3\" to "
            + $"{cgroup.Path}/cgroup.max.descendants: numerical result out of range (write: ERANGE); "
            + "see the kernel's Documentation/admin-guide/cgroup-v2.rst for what the file takes");
        (Value(cgroup, "cgroup.max.depth"), Value(cgroup, "cgroup.max.descendants")).Should().Be(("5", "max"));
    }

    [CgroupFact]
    public void A_missing_file_names_what_lacks()
    {
        using TestCgroup top = new();
        using CgroupDirectory cgroup = CgroupDirectory.Create(TestCgroup.Mount, top.Name + "/a");
        Fault(cgroup, """{"hugepageLimits":[{"pageSize":"4KB","limit":0}]}""").Should().Be(
            $"linux.resources.hugepageLimits[0] \"4KB 0\": there is no hugetlb.4KB.max in {cgroup.Path}: this kernel has no pages of that size: "
            + "no such file or directory (openat: ENOENT); see /sys/kernel/mm/hugepages");
        Fault(cgroup, """{"unified":{"cgroup.nothing":"1"}}""").Should().Contain("this kernel does not have it");
        Fault(cgroup, """{"unified":{"hugetlb.nothing":"1"}}""").Should().Contain("this kernel has no pages of that size");
        Fault(cgroup, """{"unified":{"nothing.max":"1"}}""").Should().Contain("this kernel does not offer the controller nothing");
        Fault(cgroup, """{"blockIO":{"weight":20}}""").Should().Contain("there is no io.weight in");
    }

    [CgroupFact]
    public void An_ancestor_that_does_not_pass_a_controller_on_is_named()
    {
        using TestCgroup top = new();
        using CgroupDirectory cgroup = CgroupDirectory.Create(TestCgroup.Mount, top.Name + "/a");
        System.IO.File.WriteAllText(top.Path + "/cgroup.subtree_control", "-hugetlb");
        Fault(cgroup, """{"hugepageLimits":[{"pageSize":"2MB","limit":0}]}""").Should().Contain(
            $"the controller hugetlb is not enabled in {top.Path}/cgroup.subtree_control");
    }

    [CgroupFact]
    public void Controllers_are_enabled_on_the_way_down()
    {
        using TestCgroup top = new();
        using CgroupDirectory cgroup = CgroupDirectory.Create(TestCgroup.Mount, top.Name + "/a/b/c");
        foreach (string level in (string[])["", "/a", "/a/b"])
            System.IO.File.ReadAllText($"{top.Path}{level}/cgroup.subtree_control").Should().Contain("hugetlb");
        System.IO.File.ReadAllText($"{cgroup.Path}/cgroup.subtree_control").Trim().Should().BeEmpty();
        System.IO.File.Exists($"{cgroup.Path}/{File}").Should().BeTrue();
    }

    [Theory]
    [InlineData("", "", "")]
    [InlineData("cpu io", "cpu io", "")]
    [InlineData("cpu io", "io cpu memory", "+memory")]
    [InlineData("", "io cpu", "+io +cpu")]
    [InlineData("cpuset", "cpu", "+cpu")]
    public void What_is_missing_is_what_is_enabled(string there, string wanted, string missing) =>
        CgroupDirectory.Lacks(Sys.Bytes(there), Sys.Bytes(wanted)).Should().Be(missing);

    private static string Value(CgroupDirectory cgroup, string file = File) => System.IO.File.ReadAllText($"{cgroup.Path}/{file}").Trim();

    private static CgroupSettings Settings(string json) => CgroupSettings.Checked(LinuxResourcesTests.Read(json));

    private static string Fault(CgroupDirectory cgroup, string json) =>
        cgroup.Invoking(it => it.Apply(Settings(json))).Should().Throw<FaultException>().Which.Fault.Text();
}
