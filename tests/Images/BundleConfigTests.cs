using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Images;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class BundleConfigTests
{
    private static readonly ImageUser Root = new(0, 0, []);
    private readonly List<string> leftOut = [];

    [Fact]
    public void The_process_is_entrypoint_and_command()
    {
        SpecChoices choices = Convert(new ImageConfig { Entrypoint = ["a", "b"], Cmd = ["c"], Env = ["X=1", "PATH=/p"], WorkingDir = "/w" });
        choices.Args.Should().Equal("a", "b", "c");
        choices.Env.Should().Equal("X=1", "PATH=/p");
        choices.Cwd.ToString().Should().Be("/w");
        choices.Terminal.Should().BeFalse();
        choices.IsReadonly.Should().BeFalse();
    }

    [Fact]
    public void An_empty_image_gets_defaults()
    {
        SpecChoices choices = Convert(new ImageConfig());
        choices.Args.Should().Equal("sh");
        choices.Env.Should().Equal("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        choices.Cwd.ToString().Should().Be("/");
        choices.Annotations.Should().BeEmpty();
    }

    [Fact]
    public void Relative_directories_start_at_the_root()
    {
        SpecChoices choices = Convert(new ImageConfig { WorkingDir = "srv", Volumes = ["data", "/log"] });
        choices.Cwd.ToString().Should().Be("/srv");
        choices.Volumes.Should().Equal("/data", "/log");
    }

    [Fact]
    public void Labels_that_runtimes_obey_are_left_out()
    {
        string[] keys =
        [
            "run.oci.hooks.stderr", "run.ocirun.rootfs.lower", "org.systemd.property.ExecStart", "org.criu.config",
            "io.katacontainers.config.hypervisor.path", "dev.gvisor.flag.debug-log", "module.wasm.image/variant", "",
        ];
        Convert(new ImageConfig { Labels = keys.Select(k => new Pair(k, "x")).Append(new Pair("maintainer", "me")).ToArray() })
            .Annotations.Should().Equal(new Pair("maintainer", "me"));
        leftOut.Should().Equal(keys);
    }

    [Fact]
    public void A_label_wins_over_what_the_image_says_elsewhere()
    {
        Pair[] annotations = Convert(new ImageConfig
        {
            Os = "linux",
            OsFeatures = ["a", "b"],
            Author = "me",
            Labels = [new Pair("org.opencontainers.image.author", "you")],
        }).Annotations;
        annotations.Select(a => $"{a.Key}={a.Value}").Should().Equal(
            "org.opencontainers.image.os=linux", "org.opencontainers.image.os.features=a,b", "org.opencontainers.image.author=you");
    }

    // The runtime reads the value as it was written, whatever the store is called.
    [Fact]
    public void Layers_are_read_back_as_they_were_written()
    {
        string[] layers = ["/a", "/b:c", "/d\\e", "/f\\:g"];
        Config config = new() { Annotations = [new Pair("run.ocirun.rootfs.lower", BundleConfig.Lower(layers))] };
        List<Fault> faults = [];
        RootLayers.Read(config, null, faults)!.Lower.Select(l => l.Path.ToString()).Should().Equal(layers);
        faults.Should().BeEmpty();
    }

    [Fact]
    public void The_file_is_a_config()
    {
        SpecChoices choices = Convert(new ImageConfig { Volumes = ["/data"], Labels = [new Pair("k", "v")] }) with
        {
            Uid = 5,
            Gid = 6,
            Groups = [7, 8],
        };
        Config config = ConfigReader.Read(SpecTemplate.Write(choices), "config.json");
        config.Process!.User!.Should().BeEquivalentTo(new User { Uid = 5, Gid = 6, AdditionalGids = [7, 8] });
        config.Root!.Readonly.Should().NotBe(true);
        config.Annotations.Should().Equal(new Pair("k", "v"));
        config.Mounts![^1].Destination.ToString().Should().Be("/data");
        config.Mounts[^1].Type.ToString().Should().Be("tmpfs");
    }

    private SpecChoices Convert(ImageConfig image) => BundleConfig.Convert(image, Root, leftOut);
}
