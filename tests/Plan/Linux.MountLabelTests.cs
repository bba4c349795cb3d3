using System.Linq;
using FluentAssertions;
using OciRun.Plan;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class LinuxMountLabelTests
{
    private const string Label = "u:object_r:t:s0:c1,c2";

    [Theory]
    [InlineData("tmpfs", "", "context=\"u:object_r:t:s0:c1,c2\"")]
    [InlineData("tmpfs", "size=1m mode=755", "size=1m,mode=755,context=\"u:object_r:t:s0:c1,c2\"")]
    [InlineData("devpts", "newinstance gid=5", "gid=5,context=\"u:object_r:t:s0:c1,c2\"")]
    [InlineData("ext4", "", "context=\"u:object_r:t:s0:c1,c2\"")]
    [InlineData("tmpfs", "fscontext=a:b:c", "fscontext=a:b:c,context=\"u:object_r:t:s0:c1,c2\"")]
    [InlineData("tmpfs", "context=a:b:c", "context=a:b:c")]
    [InlineData("proc", "", null)]
    [InlineData("sysfs", "", null)]
    [InlineData("cgroup", "", null)]
    [InlineData("cgroup2", "", null)]
    [InlineData("mqueue", "", null)]
    public void Options_end_with_the_label(string type, string options, string? expected)
    {
        MountStep mount = Mount(type, options);
        Planning.Text(mount.Data).Should().Be(expected);
        (string?, string?)[] parameters = Parameters(mount);
        if (expected?.EndsWith('"') == true)
            parameters[^1].Should().Be(("context", Label), "fsconfig(2) takes it without quotes");
        else
            parameters.Should().NotContain(("context", Label));
        (Planning.Text(mount.Label), mount.LabelLength).Should().Be(type == "mqueue" ? (Label, Label.Length) : (null, 0));
    }

    [Fact]
    public void A_bind_is_never_labelled()
    {
        MountStep mount = new Sample
        {
            Document = "\"mounts\": [{\"destination\": \"/a\", \"type\": \"tmpfs\", \"source\": \"/a\", \"options\": [\"bind\"]}]",
            Linux = $"\"mountLabel\": \"{Label}\"",
        }.Plan().Mount(0);
        (mount.ParameterCount, (nint)mount.Data, (nint)mount.Label).Should().Be((0, 0, 0));
    }

    [Theory]
    [InlineData("context")]
    [InlineData("fscontext")]
    [InlineData("defcontext")]
    [InlineData("rootcontext")]
    public void The_annotation_chooses_the_option(string option)
    {
        MountStep mount = Mount("tmpfs", "", $"\"annotations\": {{\"run.oci.mount_context_type\": \"{option}\"}}");
        Planning.Text(mount.Data).Should().Be($"{option}=\"{Label}\"");
        Parameters(mount).Should().Equal((option, Label));
    }

    [Fact]
    public void Quotes_around_a_label_among_the_options_are_for_mount_only()
    {
        MountStep mount = Mount("tmpfs", "context=\\\"a:b:c\\\" x=\\\"y\\\"");
        Planning.Text(mount.Data).Should().Be("context=\"a:b:c\",x=\"y\"");
        Parameters(mount).Should().Equal(("context", "a:b:c"), ("x", "\"y\""));
    }

    [Fact]
    public void What_covers_masked_directories_is_labelled()
    {
        MountStep mask = *(MountStep*)new Sample { Linux = $"\"maskedPaths\": [\"/x\"], \"mountLabel\": \"{Label}\"" }.Plan().One(Op.MaskPath).Data;
        Planning.Text(mask.Data).Should().Be($"nr_blocks=1,nr_inodes=2,context=\"{Label}\"");
        Parameters(mask).Should().Equal(("nr_blocks", "1"), ("nr_inodes", "2"), ("context", Label));
    }

    [Fact]
    public void An_overlay_of_layers_is_labelled()
    {
        RootLayers layers = new() { Lower = [new LayerDirectory("/a", "x"), new LayerDirectory("/b", "y")] };
        LayersStep step = *(LayersStep*)new Sample { Linux = $"\"mountLabel\": \"{Label}\"", Request = r => r with { Layers = layers } }
            .Plan().One(Op.MountLayers).Data;
        Planning.Text(step.Data).Should().EndWith($",context=\"{Label}\",");
        Planning.Text(step.Options[2 * (step.OptionCount - 1)]).Should().Be("context");
        Planning.Text(step.Options[(2 * step.OptionCount) - 1]).Should().Be(Label);
    }

    private static MountStep Mount(string type, string options, string document = "")
    {
        string words = string.Join(", ", options.Split(' ').Where(word => word.Length > 0).Select(word => $"\"{word}\""));
        return new Sample
        {
            Document = $"\"mounts\": [{{\"destination\": \"/a\", \"type\": \"{type}\", \"options\": [{words}]}}]" + (document.Length > 0 ? ", " + document : ""),
            Linux = $"\"mountLabel\": \"{Label}\"",
        }.Plan().Mount(0);
    }

    private static (string?, string?)[] Parameters(MountStep mount)
    {
        (string?, string?)[] all = new (string?, string?)[mount.ParameterCount];
        for (int i = 0; i < all.Length; i++)
            all[i] = (Planning.Text(mount.Parameters[2 * i]), Planning.Text(mount.Parameters[(2 * i) + 1]));
        return all;
    }
}
