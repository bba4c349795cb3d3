using System.Linq;
using FluentAssertions;
using OciRun.Spec;
using OciRun.Validate;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class RootLayersTests
{
    private const string Mount = "\"linux\": {\"namespaces\": [{\"type\": \"mount\"}]}";

    [Fact]
    public void Layers_need_no_path_of_the_root()
    {
        Find("\"root\": null", "/a /b").Should().BeEmpty();
        Find("\"root\": {}", "/a").Should().BeEmpty();
        Find("\"root\": null, \"annotations\": {\"run.ocirun.rootfs.lower\": \"/a:/b\"}", "").Should().BeEmpty();
    }

    [Fact]
    public void Other_annotations_do_not_make_layers() =>
        Find("\"root\": null, \"annotations\": {\"run.ocirun.other\": \"/a\"}", "").Should().ContainSingle().Which.Should().StartWith("root: missing");

    [Fact]
    public void They_need_a_new_mount_namespace()
    {
        const string fault = "--layer: layers need a new mount namespace; add {\"type\": \"mount\"} to linux.namespaces";
        Find("\"linux\": {\"namespaces\": []}", "/a").Should().Equal(fault);
        Find("\"linux\": {\"namespaces\": [{\"type\": \"mount\", \"path\": \"/x\"}]}", "/a").Should().Equal(fault);
    }

    [Fact]
    public void There_are_at_most_500()
    {
        Find(Mount, string.Join(' ', Enumerable.Repeat("/a", 500))).Should().BeEmpty();
        Find(Mount, string.Join(' ', Enumerable.Repeat("/a", 501))).Should()
            .Equal("--layer: 501 layers are too many; the kernel takes at most 500; join some of them");
    }

    [Theory]
    [InlineData("/u", null, false, "--upper \"/u\": needs a work directory beside it")]
    [InlineData(null, "/w", false, "--work \"/w\": needs an upper directory beside it")]
    [InlineData("/u", "/w", true, "--upper \"/u\": what the container writes cannot be both kept and dropped")]
    public void What_is_written_goes_to_one_place(string? upper, string? work, bool ephemeral, string fault) =>
        Find(Mount, "/a", upper, work, ephemeral).Should().ContainSingle().Which.Should().StartWith(fault);

    [Theory]
    [InlineData("/u", "/w", false, "--upper \"/u\"")]
    [InlineData(null, null, true, "--ephemeral")]
    public void What_is_written_needs_layers(string? upper, string? work, bool ephemeral, string field) =>
        Find(Mount, "", upper, work, ephemeral).Should().ContainSingle().Which.Should().StartWith(field + ": there are no layers below it");

    [Fact]
    public void An_empty_name_is_refused() =>
        Validating.Texts(Reading(Mount), Validating.Root with { Layers = RootLayers.FromFlags([""], null, null, false) })
            .Should().ContainSingle().Which.Should().StartWith("--layer[0] \"\": must not be empty");

    [Fact]
    public void All_faults_of_the_annotations_are_found() =>
        Find(Mount + ", \"annotations\": {\"run.ocirun.rootfs.lower\": \":\", \"run.ocirun.rootfs.volatile\": \"x\"}", "")
            .Should().HaveCount(2);

    private static string[] Find(string members, string layers, string? upper = null, string? work = null, bool ephemeral = false)
    {
        ValidationFacts facts = Validating.Root with
        {
            Layers = RootLayers.FromFlags(layers.Length == 0 ? [] : layers.Split(' '), upper, work, ephemeral),
        };
        return Validating.Texts(Reading(members), facts);
    }

    private static Config Reading(string members) => Tests.Spec.Reading.Members(
        "\"process\": {\"args\": [\"sh\"], \"cwd\": \"/\"}, \"root\": {\"path\": \"rootfs\"}, "
        + (members.Contains("\"linux\"", System.StringComparison.Ordinal) ? members : $"{members}, {Mount}"));
}
