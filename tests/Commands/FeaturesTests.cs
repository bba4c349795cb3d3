using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.Tests.Spec;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>The document of <c>features</c> against what the code takes (features.md JF01 to JF16).</summary>
public sealed class FeaturesTests
{
    private static readonly FeaturesDocument Document = Features.Document();

    [Fact]
    public void JF01_the_versions_are_those_that_bundles_may_have()
    {
        Document.OciVersionMin.Should().Be("1.0.0");
        Document.OciVersionMax.Should().Be(SpecVersion.Current).And.Be("1.3.0");
    }

    [Fact]
    public void JF02_every_hook_point_of_the_reader_is_told()
    {
        IEnumerable<string> known = typeof(Hooks).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(static property => property.PropertyType.IsArray)
            .Select(static property => char.ToLowerInvariant(property.Name[0]) + property.Name[1..]);
        Document.Hooks.Should().BeEquivalentTo(known).And.HaveCount(6);
    }

    [Fact]
    public void JF03_every_mount_option_is_taken_by_the_parser()
    {
        Document.MountOptions.Should().BeInAscendingOrder(StringComparer.Ordinal).And.OnlyHaveUniqueItems()
            .And.Contain(["rro", "rbind", "idmap", "ridmap", "tmpcopyup", "bind", "nosymfollow", "private", "rslave"]);
        foreach (string word in Document.MountOptions)
            MountOptions.Parse([word]).Data.Should().BeEmpty($"{word} is no option of a file system");
        MountOptions.Parse(["size=1"]).Data.Should().ContainSingle();
    }

    [Fact]
    public void JF04_every_namespace_type_is_one_to_the_planner()
    {
        Document.Namespaces.Should().Equal("cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts");
        Document.Namespaces.Select(static type => Planner.NamespaceFlag(Sys.Bytes(type))).Should().OnlyHaveUniqueItems().And.NotContain(0UL);
    }

    [Fact]
    public void JF05_the_capabilities_are_the_kernel_s()
    {
        Document.Capabilities.Should().HaveCount(41).And.OnlyContain(static name => name.StartsWith("CAP_"));
        Document.Capabilities[0].Should().Be("CAP_CHOWN");
        Document.Capabilities[40].Should().Be("CAP_CHECKPOINT_RESTORE");
    }

    [Fact]
    public void JF06_cgroups_are_those_of_v2() =>
        Document.Cgroup.Should().Be(new CgroupFeatures(V1: false, V2: true, Systemd: true, SystemdUser: true, Rdma: true));

    [Fact]
    public void JF07_to_JF09_seccomp_is_what_the_compiler_takes()
    {
        SeccompFeatures seccomp = Document.Seccomp;
        seccomp.Enabled.Should().BeTrue();
        seccomp.Actions.Should().HaveCount(9).And.BeInAscendingOrder(StringComparer.Ordinal).And.Contain("SCMP_ACT_NOTIFY");
        seccomp.Operators.Should().HaveCount(7).And.BeInAscendingOrder(StringComparer.Ordinal);
        seccomp.Archs.Should().Contain(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390X"])
            .And.OnlyHaveUniqueItems();
        seccomp.KnownFlags.Should().BeEquivalentTo(
            "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
        seccomp.SupportedFlags.Should().BeSubsetOf(seccomp.KnownFlags);
        seccomp.Actions.Should().BeEquivalentTo(SeccompCompiler.Actions);
    }

    [Fact]
    public void JF10_to_JF14_what_is_implemented_is_enabled()
    {
        Document.Apparmor.Should().BeTrue();
        Document.Selinux.Should().BeTrue();
        Document.IntelRdt.Should().Be(new IntelRdtFeatures(Enabled: true, Schemata: true, Monitoring: true));
        Document.MemoryPolicy.Modes.Should().HaveCount(7).And.BeEquivalentTo(MemoryPolicyNames.Modes);
        Document.MemoryPolicy.Flags.Should().HaveCount(3).And.BeEquivalentTo(MemoryPolicyNames.Flags);
        Document.IdmappedMounts.Should().BeTrue();
        Document.NetDevices.Should().BeTrue();
    }

    // containerd and CRI tools look for the second; it must say no more than the verbs do.
    [Fact]
    public void JF15_the_annotations_tell_of_this_build()
    {
        Dictionary<string, string> told = Document.Annotations.ToDictionary(static pair => pair.Key.ToString(), static pair => pair.Value.ToString(), StringComparer.Ordinal);
        told["org.ocirun.version"].Should().Be(OciRun.Commands.Version.Program);
        told["org.opencontainers.runc.checkpoint.enabled"].Should().Be(Table.Find("checkpoint") is null ? "false" : "true");
    }

    [Fact]
    public void JF16_annotations_that_change_the_host_side_are_told() =>
        Document.PotentiallyUnsafeConfigAnnotations.Should().Contain(["org.criu.config", "org.systemd.property.", "run.oci."])
            .And.BeInAscendingOrder(StringComparer.Ordinal);

    [SchemaFact]
    public void The_document_is_valid() => Schema.Errors("features-schema.json", FeaturesWriter.Write(Document)).Should().BeEmpty();

    [Fact]
    public void The_document_is_JSON_with_all_of_it()
    {
        using JsonDocument json = JsonDocument.Parse(FeaturesWriter.Write(Document));
        JsonElement linux = json.RootElement.GetProperty("linux");
        linux.EnumerateObject().Select(static member => member.Name).Should().BeEquivalentTo(
            "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "memoryPolicy", "mountExtensions", "netDevices");
    }
}
