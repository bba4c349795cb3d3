using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class RootLayersTests
{
    [Theory]
    [InlineData("/a", "/a")]
    [InlineData("/a:b:/c d", "/a|b|/c d")]
    [InlineData("/a\\:b:/c\\\\d:\\e", "/a:b|/c\\d|e")]
    [InlineData("[\"/a:b\", \"c\\\\d\"]", "/a:b|c\\d")]
    public void A_list_is_read_in_order(string value, string expected)
    {
        RootLayers layers = Read(out List<Fault> faults, ("lower", value))!;
        faults.Should().BeEmpty();
        string.Join('|', layers.Lower.Select(layer => layer.Path.ToString())).Should().Be(expected);
        layers.Lower[0].Field.Should().StartWith("annotations[\"run.ocirun.rootfs.lower\"][0] \"");
        layers.IsWritable.Should().BeFalse();
        layers.IsPlain.Should().Be(layers.Lower.Length == 1);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":/a")]
    [InlineData("/a:")]
    [InlineData("/a::/b")]
    [InlineData("/a\\")]
    [InlineData("[]")]
    [InlineData("[\"\"]")]
    [InlineData("[\"/a\"")]
    [InlineData("[\"/a\"] x")]
    [InlineData("[\"/a\", 1]")]
    [InlineData("[\"/a\\u0000\"]")]
    public void What_is_no_list_is_refused(string value)
    {
        Read(out List<Fault> faults, ("lower", value)).Should().BeNull();
        faults.Should().ContainSingle().Which.Message.Should().Be("not a list of directories");
    }

    [Fact]
    public void Annotations_name_what_is_written()
    {
        RootLayers kept = Read(out _, ("lower", "/a"), ("upper", "/u"), ("work", "w"))!;
        (kept.Upper!.Value.Path.ToString(), kept.Work!.Value.Path.ToString(), kept.IsEphemeral).Should().Be(("/u", "w", false));
        RootLayers dropped = Read(out _, ("lower", "/a"), ("volatile", "tmpfs"))!;
        (dropped.IsEphemeral, dropped.IsWritable, dropped.IsPlain).Should().Be((true, true, false));
    }

    [Fact]
    public void Other_annotations_are_not_concerned()
    {
        Read(out List<Fault> faults, ("idmap", "x")).Should().BeNull();
        faults.Should().BeEmpty();
        RootLayers.Read(new Config(), null, faults).Should().BeNull();
    }

    [Fact]
    public void Flags_replace_layers_and_what_is_written_separately()
    {
        Config config = Annotated(("lower", "/a:/b"), ("upper", "/u"), ("work", "/w"));
        RootLayers layers = RootLayers.Read(config, RootLayers.FromFlags(["/x"], null, null, false), [])!;
        (layers.Lower.Single().Field, layers.LowerField, layers.Upper!.Value.Path.ToString()).Should().Be(("--layer[0] \"/x\"", "--layer", "/u"));
        RootLayers dropped = RootLayers.Read(config, RootLayers.FromFlags([], null, null, true), [])!;
        (dropped.Lower.Length, dropped.Upper, dropped.IsEphemeral, dropped.EphemeralField).Should().Be((2, null, true, "--ephemeral"));
        RootLayers.FromFlags([], null, null, false).Should().BeNull();
    }

    private static RootLayers? Read(out List<Fault> faults, params (string Key, string Value)[] annotations) =>
        RootLayers.Read(Annotated(annotations), null, faults = []);

    private static Config Annotated(params (string Key, string Value)[] annotations) => new()
    {
        Annotations = annotations.Select(pair => new Pair("run.ocirun.rootfs." + pair.Key, pair.Value)).ToArray(),
    };
}
