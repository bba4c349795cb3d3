using System;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Tests.Images;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Images that are damaged or made to do harm: an error, and nothing is left.</summary>
public sealed class UnpackFaultsTests : UnpackTest
{
    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_layer_that_leads_out_is_refused(bool flat)
    {
        Layout.Add(Layout.Image(null, [Base(), new Archive().Link("out", Work).File("out/escaped", "x")]));
        Refused(flat ? ["--flat"] : [], "layer sha256:", "\"out/escaped\": \"out\" is a link that leads out of the layer");
        File.Exists(Path.Combine(Work, "escaped")).Should().BeFalse();
    }

    // In one directory the entry of the second layer must not follow the link of the first.
    [RuntimeFact]
    public void A_link_of_one_layer_does_not_lead_another_one_astray()
    {
        Layout.Add(Layout.Image(Command("cat /out/f"), [Base().Link("out", Work), new Archive().File("out/f", "inside\n")]));
        foreach (string option in new[] { "--flat", "--ephemeral" })
        {
            Unpack(option).Should().Be(Silent);
            RunUnpacked().Should().Be(new Outcome(0, "inside\n", ""));
            Directory.Delete(Unpacked, recursive: true);
        }

        File.Exists(Path.Combine(Work, "f")).Should().BeFalse();
    }

    [RuntimeTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_damaged_blob_is_refused(int which)
    {
        JsonObject manifest = Layout.Image(null, [Base()]);
        Layout.Add(manifest);
        JsonNode document = JsonNode.Parse(File.ReadAllText(Layout.BlobPath((string)manifest["digest"]!)))!;
        string digest = (string)(which == 0 ? manifest["digest"] : which == 1 ? document["config"]!["digest"] : document["layers"]![0]!["digest"])!;
        byte[] content = File.ReadAllBytes(Layout.BlobPath(digest));

        File.WriteAllBytes(Layout.BlobPath(digest), [.. content[..^1], (byte)(content[^1] ^ 1)]);
        Refused([], digest, which == 2 ? "sha256" : "the blob's digest is sha256:");
        File.WriteAllBytes(Layout.BlobPath(digest), content[..^1]);
        Refused([], digest, $"the blob has {content.Length - 1} bytes, its descriptor says {content.Length}");
        File.WriteAllBytes(Layout.BlobPath(digest), [.. content, 0]);
        Refused([], digest, "its descriptor says");
        File.Delete(Layout.BlobPath(digest));
        Refused([], digest, "is incomplete");
        File.WriteAllBytes(Layout.BlobPath(digest), content);
        Unpack().Should().Be(Silent);
    }

    [RuntimeFact]
    public void An_archive_that_is_not_that_of_the_config_is_refused()
    {
        Layout.Add(Layout.Image(null, [Base()], editImage: image => image["rootfs"]!["diff_ids"]![0] = "sha256:" + new string('0', 64)));
        Refused([], "layer sha256:", "the image config says sha256:000");
        Refused(["--flat"], "the image config says sha256:000");
    }

    // The digest of the blob is right, so the archive itself has to be noticed.
    [RuntimeTheory]
    [InlineData(100)]
    [InlineData(10_000)]
    public void A_truncated_gzip_layer_is_refused(int cut)
    {
        byte[] whole = Archive.Gzip(Base().ToArray());
        Layout.Add(Layout.Image(null, [Base()], manifest =>
            manifest["layers"]![0] = Layout.Blob(whole[..^cut], Layout.Gzip)));
        Refused([], "layer sha256:");
    }

    [RuntimeFact]
    public void What_is_no_gzip_is_refused()
    {
        Layout.Add(Layout.Image(null, [Base()], manifest => manifest["layers"]![0] = Layout.Blob("no gzip at all"u8.ToArray(), Layout.Gzip)));
        Refused([], "layer sha256:", "its gzip data is damaged");
    }

    [RuntimeTheory]
    [InlineData("application/vnd.oci.image.layer.v1.tar+zstd", "skopeo copy --dest-compress-format gzip")]
    [InlineData("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "decrypt it")]
    [InlineData("application/vnd.example", "only image layers")]
    public void Other_layers_are_refused_before_any_work(string mediaType, string hint)
    {
        Layout.Add(Layout.Image(null, [Base(), Base()], manifest => manifest["layers"]![1]!["mediaType"] = mediaType));
        Refused([], "layer sha256:", $"unsupported media type {mediaType}", hint);
        Directory.Exists(Store).Should().BeFalse();
    }

    [RuntimeFact]
    public void A_tag_is_needed_for_one_of_several()
    {
        Layout.Add(Layout.Image(null, [Base()]), "b").Add(Layout.Image(null, []), "a");
        Refused([], "more than one image in this layout", "its tags are: a, b");
        Outcome outcome = UnpackTo($"{Layout.Path}:c", Unpacked);
        outcome.Err.Should().Contain("no image with the tag \\\"c\\\"").And.Contain("its tags are: a, b");
    }

    [RuntimeFact]
    public void An_image_for_another_platform_is_named()
    {
        Layout.Add(Layout.Image(null, [Base()]), platform: "linux/s390x").Add(Layout.Image(null, []), platform: "linux/arm/v7");
        Refused([], "no image for linux/", "--platform: linux/s390x, linux/arm/v7");
        Refused(["--platform", "linux"], "--platform", "linux/arm64/v8");
    }

    [RuntimeFact]
    public void What_is_no_image_is_refused()
    {
        Layout.Add(Layout.Image(null, [Base()], manifest => manifest["config"]!["mediaType"] = "application/vnd.oci.empty.v1+json"));
        Refused([], "not an image");
        File.WriteAllText(Path.Combine(Layout.Path, "oci-layout"), """{"imageLayoutVersion":"2.0.0"}""");
        Refused([], "image layout version 2.0.0");
        File.Delete(Path.Combine(Layout.Path, "oci-layout"));
        Refused([], "not an OCI image layout");
    }

    [RuntimeTheory]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../etc/passwd","size":1}]}""", "index.json: manifests[0].digest", "is not a digest")]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":-1}]}""", "size", "negative")]
    [InlineData("""{"schemaVersion":1,"manifests":[]}""", "schemaVersion", "only version 2")]
    [InlineData("""{"schemaVersion":2}""", "index.json: manifests", "missing")]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", "no image in this layout", "error")]
    [InlineData("""{"schemaVersion":2,"manifests":[{""", "index.json", "ends at line 1")]
    public void A_damaged_index_is_refused(string index, string first, string second)
    {
        Layout.Add(Layout.Image(null, [Base()]));
        File.WriteAllText(Path.Combine(Layout.Path, "index.json"), index);
        Refused([], first, second);
    }

    [RuntimeFact]
    public void Documents_are_bounded()
    {
        Layout.Add(new JsonObject { ["mediaType"] = Layout.Manifest, ["digest"] = "sha256:" + new string('0', 64), ["size"] = 1L << 40 });
        Refused([], "blob sha256:000", "1099511627776 bytes, more than the 8388608 that are read");
    }

    [RuntimeFact]
    public void An_unknown_user_is_named()
    {
        Layout.Add(Layout.Image(new JsonObject { ["User"] = "bob" }, [Base()]));
        Refused([], "config.User", "has no user \\\"bob\\\"");
    }

    // The image's own /etc/passwd, whatever its links say.
    [RuntimeFact]
    public void Names_are_never_looked_up_on_the_host()
    {
        Layout.Add(Layout.Image(new JsonObject { ["User"] = "daemon" }, [Base(), new Archive().Link("etc/passwd", "../../../../../../etc/passwd")]));
        Refused([], "has no user \\\"daemon\\\"");
    }

    [RuntimeFact]
    public void A_bundle_that_exists_is_left_alone()
    {
        Layout.Add(Layout.Image(Command("true"), [Base()]));
        Directory.CreateDirectory(Unpacked);
        Unpack().Should().Be(Silent);
        Unpack().Err.Should().Contain("the bundle exists and is not empty");
        File.Exists(Path.Combine(Unpacked, "config.json")).Should().BeTrue();
        UnpackTo(Layout.Path, Path.Combine(Unpacked, "config.json")).Err.Should().Contain("the bundle exists");
        UnpackTo(Layout.Path, Path.Combine(Work, "absent", "b")).Err.Should().Contain("cannot open").And.Contain("make it first");
        UnpackTo(Layout.Path, "/proc").Exit.Should().Be(1);
    }

    [RuntimeFact]
    public void More_layers_than_an_overlay_takes_want_flat()
    {
        Archive[] layers = new Archive[502];
        for (int i = 0; i < layers.Length; i++)
            layers[i] = new Archive().File($"f{i}");
        Layout.Add(Layout.Image(null, layers));
        Refused([], "502 layers, more than the 500", "use --flat");
        Unpack("--flat").Should().Be(Silent);
        Directory.GetFiles(Path.Combine(Unpacked, "rootfs")).Should().HaveCount(502);
    }

    private void Refused(string[] options, params string[] texts)
    {
        Outcome outcome = Unpack(options);
        outcome.Exit.Should().Be(1, outcome.ToString());
        foreach (string text in texts)
            outcome.Err.Replace("\\\"", "\"", StringComparison.Ordinal).Should().Contain(text.Replace("\\\"", "\"", StringComparison.Ordinal));
        NothingIsLeft();
    }
}
