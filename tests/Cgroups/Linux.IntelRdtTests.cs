using System;
using System.IO;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Cgroups;

/// <summary>Groups of linux.intelRdt, on a stand-in for the file system.</summary>
public sealed class LinuxIntelRdtTests : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("ocirun-resctrl-").FullName;
    private FakeResctrl? fake;

    public void Dispose()
    {
        fake?.Dispose();
        Directory.Delete(path);
    }

    private FakeResctrl Fake => fake ??= new FakeResctrl(path);

    private ResctrlTree Tree => new(Fake.Path);

    [FakeResctrlFact]
    public void Without_a_closID_the_group_is_the_containers()
    {
        using ResctrlGroup group = ResctrlGroup.Create(Tree, new IntelRdt
        {
            L3CacheSchema = "L3:0=f;1=f0",
            MemBwSchema = "MB:0=20;1=70",
            Schemata = ["L2:0=3"],
        }, "box");
        group.Enter(42);
        Fake["box/schemata"].Should().Be("L3:0=f;1=f0\nMB:0=20;1=70\nL2:0=3\n", "in this order, by one write");
        Fake["box/tasks"].Should().Be("42\n");

        ResctrlGroup.Remove(Tree, "box", "box", own: true, monitored: false);
        Fake.Has("box").Should().BeFalse();
        ResctrlGroup.Remove(Tree, "box", "box", own: true, monitored: false);
    }

    [FakeResctrlFact]
    public void Without_a_schema_the_kernels_defaults_stay()
    {
        using ResctrlGroup group = ResctrlGroup.Create(Tree, new IntelRdt(), "box");
        Fake["box/schemata"].Should().Contain("L3:0=fff");
    }

    [FakeResctrlFact]
    public void A_monitoring_group_is_inside_the_group()
    {
        using ResctrlGroup group = ResctrlGroup.Create(Tree, new IntelRdt { EnableMonitoring = true }, "box");
        group.Enter(42);
        Fake["box/tasks"].Should().Be("42\n");
        Fake["box/mon_groups/box/tasks"].Should().Be("42\n");

        ResctrlGroup.Remove(Tree, "box", "box", own: true, monitored: true);
        Fake.Has("box").Should().BeFalse();
    }

    [FakeResctrlTheory]
    [InlineData("gold")]
    [InlineData("/")]
    public void A_group_that_the_config_names_stays(string name)
    {
        if (name != "/")
            Directory.CreateDirectory($"{path}/{name}".Replace(path, Fake.Path, StringComparison.Ordinal));
        using ResctrlGroup group = ResctrlGroup.Create(Tree, new IntelRdt { ClosId = name, EnableMonitoring = true }, "box");
        group.Enter(42);
        Fake[$"{name}/tasks"].Should().Be("42\n");
        Fake[$"{name}/mon_groups/box/tasks"].Should().Be("42\n");

        ResctrlGroup.Remove(Tree, name, "box", own: false, monitored: true);
        Fake.Has($"{name}/mon_groups/box").Should().BeFalse();
        Fake.Has(name).Should().BeTrue();
    }

    [FakeResctrlFact]
    public void The_root_group_is_never_removed()
    {
        ResctrlGroup.Remove(Tree, "/", "box", own: true, monitored: false);
        Fake.Has("/").Should().BeTrue();
    }

    [FakeResctrlFact]
    public void A_named_group_with_a_schema_is_made_and_goes_with_a_failed_creation()
    {
        IntelRdt rdt = new() { ClosId = "gold", MemBwSchema = "MB:0=50;1=50" };
        ResctrlGroup.Check(Tree, rdt, "box").Should().BeTrue();
        ResctrlGroup group = ResctrlGroup.Create(Tree, rdt, "box");
        Fake["gold/schemata"].Should().Be("MB:0=50;1=50\n");
        group.Undo();
        Fake.Has("gold").Should().BeFalse();
    }

    [FakeResctrlTheory]
    [InlineData("L3:1=0fff", "MB:0=95")]
    [InlineData("", "MB: 1 = 100 ; 0 = 100")]
    public void A_named_group_with_the_same_schemata_is_taken(string cache, string bandwidth)
    {
        Directory.CreateDirectory($"{Fake.Path}/gold");
        IntelRdt rdt = new() { ClosId = "gold", L3CacheSchema = cache, MemBwSchema = bandwidth };
        ResctrlGroup.Check(Tree, rdt, "box").Should().BeFalse();
        using ResctrlGroup group = ResctrlGroup.Create(Tree, rdt, "box");
        Fake["gold/schemata"].Should().Contain("L3:0=fff", "nothing was written");
    }

    [FakeResctrlFact]
    public void A_named_group_with_other_schemata_is_refused()
    {
        Directory.CreateDirectory($"{Fake.Path}/gold");
        Refusal(new IntelRdt { ClosId = "gold", L3CacheSchema = "L3:0=ff" }).Should().Be(
            "linux.intelRdt.closID \"gold\": the existing group has other schemata than \"L3:0=ff\"; "
            + $"see {path}/gold/schemata; leave the schemas out to take the group as it is");
        Fake.Has("gold").Should().BeTrue("it is not the container's");
    }

    [FakeResctrlFact]
    public void A_named_group_without_a_schema_must_exist() =>
        Refusal(new IntelRdt { ClosId = "gold" }).Should().StartWith($"linux.intelRdt.closID \"gold\": there is no {path}/gold");

    [FakeResctrlTheory]
    [InlineData("info")]
    [InlineData("mon_groups")]
    public void A_directory_that_is_no_group_is_refused(string name) =>
        Refusal(new IntelRdt { ClosId = name }).Should().Contain($"{path}/{name} is not a control group of resctrl");

    [FakeResctrlFact]
    public void A_group_of_the_containers_name_is_not_taken_over()
    {
        Directory.CreateDirectory($"{Fake.Path}/box");
        Refusal(new IntelRdt()).Should().StartWith($"linux.intelRdt: {path}/box exists already");
        Fake.Has("box").Should().BeTrue();
    }

    [FakeResctrlFact]
    public void What_the_kernel_notes_is_part_of_the_error_and_the_group_is_gone()
    {
        Refusal(new IntelRdt { Schemata = ["bad:0=1"], EnableMonitoring = true }).Should().Be(
            $"linux.intelRdt: cannot write {path}/box/schemata: Unknown or unsupported resource name 'bad': "
            + "invalid argument (write: EINVAL)");
        Fake.Has("box").Should().BeFalse();
    }

    [FakeResctrlFact]
    public void Too_many_groups_are_an_error_with_a_hint()
    {
        Fake.Full = true;
        Refusal(new IntelRdt()).Should().EndWith("all of the machine's classes of service (CLOSID) are in use");
        Fake.Has("box").Should().BeFalse();
    }

    [FakeResctrlTheory]
    [InlineData(false, true, "linux.intelRdt.l3CacheSchema \"L3:0=f\": this machine does not allocate cache (CAT)")]
    [InlineData(true, false, "linux.intelRdt.memBwSchema \"MB:0=10\": this machine does not allocate memory bandwidth (MBA)")]
    public void A_schema_for_what_the_machine_lacks_is_refused(bool cache, bool bandwidth, string text)
    {
        fake = new FakeResctrl(path, cache, bandwidth);
        Refusal(new IntelRdt { L3CacheSchema = "L3:0=f", MemBwSchema = "MB:0=10" }).Should().StartWith(text);
        Fake.Has("box").Should().BeFalse();
    }

    [FakeResctrlFact]
    public void Monitoring_that_the_machine_lacks_is_refused_and_the_group_is_gone()
    {
        fake = new FakeResctrl(path, monitoring: false);
        Refusal(new IntelRdt { EnableMonitoring = true }).Should().StartWith("linux.intelRdt.enableMonitoring \"true\": ")
            .And.EndWith("this machine has no resource monitoring");
        Fake.Has("box").Should().BeFalse();
    }

    [Fact]
    public void Without_resctrl_there_is_an_error()
    {
        Action check = () => ResctrlGroup.Check(null, new IntelRdt(), "box");
        check.Should().Throw<FaultException>().Which.Fault.Text().Should().StartWith("linux.intelRdt: the resctrl file system is not mounted");
    }

    private string Refusal(IntelRdt rdt)
    {
        Action create = () => ResctrlGroup.Create(Tree, rdt, "box");
        return create.Should().Throw<FaultException>().Which.Fault.Text();
    }
}
