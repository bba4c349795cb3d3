using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Layers that cannot be mounted: the error names the directory, and nothing is left.</summary>
public sealed class LayersFaultsTests : LayersTest
{
    [RuntimeTheory]
    [InlineData("--layer absent --layer rootfs", "--layer[0] \"absent\": cannot use it as a directory of the root file system: no such file")]
    [InlineData("--layer rootfs --layer config.json", "--layer[1] \"config.json\": cannot use it as a directory of the root file system: not a directory")]
    [InlineData("--layer rootfs --layer other --layer rootfs/", "--layer[2] \"rootfs/\": is the same directory as --layer[0] \"rootfs\"")]
    [InlineData("--layer rootfs --layer rootfs/etc", "--layer[1] \"rootfs/etc\": lies inside --layer[0] \"rootfs\"")]
    [InlineData("--layer rootfs --upper rootfs/tmp --work wk", "--upper \"rootfs/tmp\": lies inside --layer[0] \"rootfs\"")]
    [InlineData("--layer rootfs --upper up --work /dev/shm", "--work \"/dev/shm\": is not on the file system of the upper directory")]
    [InlineData("--layer rootfs --upper up --work up", "--work \"up\": is the same directory as --upper \"up\"")]
    [InlineData("--layer rootfs --upper up --work absent", "--work \"absent\": cannot use it")]
    [InlineData("--layer rootfs --upper up", "--upper \"up\": needs a work directory beside it")]
    [InlineData("--layer rootfs --work wk", "--work \"wk\": needs an upper directory beside it")]
    [InlineData("--layer rootfs --upper up --work wk --ephemeral", "--upper \"up\": what the container writes cannot be both kept and dropped")]
    [InlineData("--ephemeral", "--ephemeral: there are no layers below it")]
    [InlineData("--upper up --work wk", "--upper \"up\": there are no layers below it")]
    public void The_directory_is_named(string flags, string error)
    {
        foreach (string directory in new[] { "other", "up", "wk" })
            Directory.CreateDirectory(Path.Combine(Bundle.Path, directory));
        Outcome outcome = Run(flags.Split(' '));
        outcome.Exit.Should().Be(1);
        outcome.Err.Replace("\\\"", "\"", System.StringComparison.Ordinal).Should().Contain(error);
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void The_kernel_takes_500_layers()
    {
        Outcome outcome = Run(Flags(Enumerable.Repeat("rootfs", 501)));
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("--layer: 501 layers are too many").And.Contain("500");
    }

    [RuntimeFact]
    public void An_upper_directory_has_one_user()
    {
        string other = NewId();
        string[] flags = Flags([Base], Writable());
        Bundle.Args("sleep", "100");
        Create(flags).Should().Be(Silent);
        Outcome second = Runtime.Run(["create", "--bundle", Bundle.Path, .. flags, other]);
        second.Exit.Should().Be(1);
        second.Err.Should().Contain("in use by another overlay").And.Contain("EBUSY");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Runtime.Run(["create", "--bundle", Bundle.Path, .. flags, other]).Should().Be(Silent);
    }

    [RuntimeFact]
    public void An_upper_directory_belongs_to_its_layers()
    {
        string[] writable = Writable();
        Run(Flags([Base], writable)).Should().Be(Silent);
        Outcome other = Run(Flags([Layer("top", ("etc/x", "x")), Base], writable));
        other.Exit.Should().Be(1);
        other.Err.Should().Contain("the upper directory was made over other layers").And.Contain("ESTALE");
    }

    [RuntimeFact]
    public void Layers_need_a_mount_namespace_of_the_containers_own()
    {
        Bundle.NoNamespace("mount").Edit(config => config["mounts"] = new JsonArray());
        Bundle.Linux.Remove("maskedPaths");
        Bundle.Linux.Remove("readonlyPaths");
        Run(Flags([Base])).Err.Should().Contain("--layer: layers need a new mount namespace");
        Bundle.Namespace("mount", "/proc/self/ns/mnt");
        Run(Flags([Base])).Err.Should().Contain("--layer: layers need a new mount namespace");
    }

    [RuntimeTheory]
    [InlineData("lower", "rootfs:", "[\"run.ocirun.rootfs.lower\"] \"rootfs:\": not a list of directories")]
    [InlineData("lower", "[\"rootfs\"", "[\"run.ocirun.rootfs.lower\"] \"[\"rootfs\"\": not a list of directories")]
    [InlineData("lower", "rootfs:absent", "[\"run.ocirun.rootfs.lower\"][1] \"absent\": cannot use it")]
    [InlineData("volatile", "disk", "[\"run.ocirun.rootfs.volatile\"] \"disk\": unknown kind of throw-away directory")]
    [InlineData("upper", "", "[\"run.ocirun.rootfs.upper\"]: must not be empty")]
    public void The_annotation_is_named(string key, string value, string error)
    {
        Bundle.Config["annotations"] = new JsonObject { ["run.ocirun.rootfs." + key] = value };
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Replace("\\\"", "\"", System.StringComparison.Ordinal).Should().Contain("annotations" + error);
    }
}
