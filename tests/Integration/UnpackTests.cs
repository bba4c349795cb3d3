using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using OciRun.Tests.Images;
using Xunit;

namespace OciRun.Tests.Integration;

public sealed class UnpackTests : UnpackTest
{
    private static Archive Second() => new Archive()
        .Directory("etc/").File("etc/.wh.group").File("etc/new", "new\n")
        .Directory("tmp/", 0b1_111_111_111).File("tmp/.wh..wh..opq").File("tmp/fresh");

    [RuntimeFact]
    public void An_image_unpacks_and_runs()
    {
        JsonObject config = Command("id -u; id -g; pwd; echo $A $PATH; ls /etc /tmp; cat /etc/new; touch /etc/x 2>&1");
        config["Env"] = new JsonArray("A=b", "PATH=/bin");
        config["WorkingDir"] = "/etc";
        config["User"] = "alice";
        Layout.Add(Layout.Image(config, [Base().File("tmp/old"), Second()]), "v1");
        UnpackTo($"{Layout.Path}:v1", Unpacked).Should().Be(Silent);
        string expected = "1000\n1001\n/etc\nb /bin\n/etc:\nnew\npasswd\n\n/tmp:\nfresh\nnew\ntouch: /etc/x: Permission denied\n";
        RunUnpacked().Should().Be(new Outcome(1, expected, ""));
        Directory.GetFileSystemEntries(Unpacked).Select(Path.GetFileName).Should().BeEquivalentTo("config.json", "rootfs", "upper", "work");
        Permissions(Unpacked).Should().Be(0b111_000_000);
        Permissions(Store).Should().Be(0b111_000_000);
    }

    [RuntimeFact]
    public void What_a_container_writes_is_kept_or_thrown_away()
    {
        Layout.Add(Layout.Image(Command("ls /kept 2>&1; touch /kept"), [Base()]));
        Unpack().Should().Be(Silent);
        RunUnpacked().Out.Should().Contain("No such file");
        RunUnpacked().Should().Be(new Outcome(0, "/kept\n", ""));
        Directory.Delete(Unpacked, recursive: true);
        Unpack("--ephemeral").Should().Be(Silent);
        RunUnpacked().Exit.Should().Be(0);
        RunUnpacked().Out.Should().Contain("No such file");
    }

    [RuntimeFact]
    public void Layers_are_shared_and_made_once()
    {
        Layout.Add(Layout.Image(Command("true"), [Base()]), "one").Add(Layout.Image(Command("ls /etc"), [Base(), Second()]), "two");
        UnpackTo($"{Layout.Path}:one", Path.Combine(Work, "first")).Should().Be(Silent);
        string[] layers = Directory.GetDirectories(Path.Combine(Store, "sha256"));
        layers.Should().ContainSingle();
        Syscall.stat(layers[0], out Stat before);
        UnpackTo($"{Layout.Path}:two", Unpacked).Should().Be(Silent);
        Syscall.stat(layers[0], out Stat after);
        after.Should().Be(before);
        Directory.GetDirectories(Path.Combine(Store, "sha256")).Should().HaveCount(2);
        RunUnpacked().Out.Should().Be("new\npasswd\n");
    }

    [RuntimeFact]
    public void A_layer_may_come_twice()
    {
        Archive twice = new Archive().File("f", "twice\n");
        Layout.Add(Layout.Image(Command("cat /f"), [Base(), twice, new Archive().File("f", "other\n"), twice]));
        Unpack().Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, "twice\n", ""));
    }

    [RuntimeFact]
    public void An_opaque_root_hides_all_that_is_below()
    {
        Layout.Add(Layout.Image(Command("ls -d /gone /bin 2>&1"), [new Archive().File("gone"), Base().File(".wh..wh..opq")]));
        Unpack().Should().Be(Silent);
        RunUnpacked().Out.Should().Be("ls: /gone: No such file or directory\n/bin\n");
        Directory.Delete(Unpacked, recursive: true);
        Unpack("--flat").Should().Be(Silent);
        RunUnpacked().Out.Should().Be("ls: /gone: No such file or directory\n/bin\n");
    }

    [RuntimeTheory]
    [InlineData("--ephemeral")]
    [InlineData("--quiet")]
    [InlineData("--flat")]
    public void A_directory_without_entry_is_as_the_layer_below_has_it(string option)
    {
        Archive bare = new Archive().File("tmp/.wh..wh..opq").File("tmp/in").File("own/d/x").File("new/x").File("bin/.wh.touch").File(".wh.etc").File("etc/x");
        Layout.Add(Layout.Image(Command("stat -c '%a %u %n' / /tmp /own /own/d /new /etc"),
            [Base().Directory("own", 0b111_000_001, 7), new Archive().Directory("own/d", 0b111_111_000, 8).Directory("etc", 0b111_000_000), bare]));
        Unpack(option).Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, "755 0 /\n1777 0 /tmp\n701 7 /own\n770 8 /own/d\n755 0 /new\n755 0 /etc\n", ""));
    }

    [RuntimeFact]
    public void An_image_without_layers_is_an_empty_root()
    {
        Layout.Add(Layout.Image(null, []));
        Unpack().Should().Be(Silent);
        Directory.GetFileSystemEntries(Path.Combine(Unpacked, "rootfs")).Should().BeEmpty();
        RunUnpacked().Err.Should().Contain("executable file not found in $PATH");
    }

    [RuntimeFact]
    public void Nested_indexes_platforms_digests_and_dockers_media_types_are_read()
    {
        JsonObject docker = Layout.Image(Command("echo docker"), [Base()], manifest =>
        {
            manifest["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json";
            manifest["config"]!["mediaType"] = "application/vnd.docker.container.image.v1+json";
            manifest["layers"]![0]!["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip";
        });
        docker["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json";
        docker["platform"] = Layout.Platform($"linux/{OciRun.Images.Platform.Machine.Architecture}");
        JsonObject other = Layout.Image(Command("echo other"), [Base()]);
        other["platform"] = Layout.Platform("linux/riscv64");
        JsonObject list = Layout.Json(
            new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(other, docker) },
            "application/vnd.docker.distribution.manifest.list.v2+json");
        Layout.Add(Layout.Json(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(list) }, Layout.Index), "multi");
        UnpackTo($"{Layout.Path}:multi", Unpacked).Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, "docker\n", ""));
        Directory.Delete(Unpacked, recursive: true);
        Unpack("--platform", "linux/riscv64").Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, "other\n", ""));
    }

    [RuntimeFact]
    public void Plain_layers_and_sha512_are_read()
    {
        byte[] archive = Base().ToArray();
        JsonObject image = Layout.Image(Command("echo $0"), [], manifest =>
            manifest["layers"] = new JsonArray(Layout.Blob(archive, Layout.Tar, Layout.Sha512(archive))),
            image => image["rootfs"]!["diff_ids"] = new JsonArray(Layout.Sha512(archive)));
        Layout.Add(image);
        Unpack().Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, "/bin/sh\n", ""));
        Directory.GetDirectories(Path.Combine(Store, "sha512")).Should().ContainSingle();
    }

    [RuntimeFact]
    public void Annotations_are_those_of_the_image_but_for_orders()
    {
        JsonObject config = Command("true");
        config["Labels"] = new JsonObject { ["a"] = "b", ["run.oci.hooks.stdout"] = "/etc/x", ["org.opencontainers.image.author"] = "label" };
        config["ExposedPorts"] = new JsonObject { ["80/tcp"] = new JsonObject(), ["53/udp"] = new JsonObject() };
        config["StopSignal"] = "SIGINT";
        config["Volumes"] = new JsonObject { ["/data"] = new JsonObject() };
        Layout.Add(Layout.Image(config, [Base()], editImage: image =>
        {
            image["author"] = "me";
            image["created"] = "2026-01-01T00:00:00Z";
        }));
        Unpack().Should().Be(new Outcome(0, "", "label run.oci.hooks.stdout left out: runtimes take it for an order\n"));
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(Unpacked, "config.json")))!;
        JsonObject annotations = (JsonObject)json["annotations"]!;
        annotations.Where(a => !a.Key.StartsWith("run.ocirun", StringComparison.Ordinal)).Select(a => $"{a.Key}={a.Value}").Should().BeEquivalentTo(
            "org.opencontainers.image.os=linux", $"org.opencontainers.image.architecture={OciRun.Images.Platform.Machine.Architecture}",
            "org.opencontainers.image.author=label", "org.opencontainers.image.created=2026-01-01T00:00:00Z",
            "org.opencontainers.image.stopSignal=SIGINT", "org.opencontainers.image.exposedPorts=80/tcp,53/udp", "a=b");
        ((string)json["mounts"]!.AsArray()[^1]!["destination"]!).Should().Be("/data");
        RunUnpacked().Should().Be(Silent);
        Runtime.Run("validate", Unpacked).Exit.Should().Be(0);
    }

    [RuntimeFact]
    public void A_volume_starts_with_what_the_image_has_there()
    {
        JsonObject config = Command("cat /data/f; stat -c '%a %u' /data; touch /data/new /none/new; ls /data");
        config["Volumes"] = new JsonObject { ["/data"] = new JsonObject(), ["/none"] = new JsonObject() };
        Layout.Add(Layout.Image(config, [Base().Directory("data", 0b111_000_111, 1000).File("data/f", "f\n")]));
        Unpack().Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, "f\n707 1000\nf\nnew\n", ""));
        Directory.GetFileSystemEntries(Path.Combine(Unpacked, "upper", "none")).Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_store_with_any_name_is_found_again()
    {
        Layout.Add(Layout.Image(Command("echo ran"), [Base(), Second()]));
        Runtime.Run("unpack", "--store", Path.Combine(Work, "a:b\\c"), Layout.Path, Unpacked).Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, "ran\n", ""));
    }

    [RuntimeFact]
    public void Two_at_once_share_the_work()
    {
        Layout.Add(Layout.Image(Command("ls /etc"), [Base(), Second()]));
        Runtime.Call[] calls = Enumerable.Range(0, 6).Select(i => Runtime.With("unpack", "--store", Store, Layout.Path, Unpacked + i)).ToArray();
        Process[] processes = calls.Select(c => c.Start()).ToArray();
        for (int i = 0; i < calls.Length; i++)
        {
            calls[i].Finish(processes[i]).Should().Be(Silent);
            Runtime.Run("run", "--bundle", Unpacked + i, NewId()).Should().Be(new Outcome(0, "new\npasswd\n", ""));
            processes[i].Dispose();
        }

        Directory.GetFileSystemEntries(Path.Combine(Store, "partial")).Should().BeEmpty();
        Directory.GetDirectories(Path.Combine(Store, "sha256")).Should().HaveCount(2);
    }

    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_killed_call_is_cleaned_up_by_the_next(bool flat)
    {
        Archive large = Base();
        for (int i = 0; i < 3000; i++)
            large.File($"many/{i}", new string('x', 20_000));
        Layout.Add(Layout.Image(Command("ls /many | wc -l; stat -c %s /many/7"), [large]));
        string[] options = flat ? ["--flat"] : [];
        Runtime.Call call = Runtime.With(["unpack", "--store", Store, .. options, Layout.Path, Unpacked]);
        using (Process process = call.Start())
        {
            Func<bool> started = flat
                ? () => Directory.Exists(Path.Combine(Work, ".unpacked.ocirun-unpack", "layer", "many"))
                : () => Directory.Exists(Path.Combine(Store, "partial")) && Directory.GetDirectories(Path.Combine(Store, "partial"), "many", SearchOption.AllDirectories).Length > 0;
            Stopwatch watch = Stopwatch.StartNew();
            while (!started() && watch.Elapsed < TimeSpan.FromSeconds(10))
            {
            }

            Syscall.kill(process.Id, Signum.SIGKILL);
            process.WaitForExit();
        }

        Directory.Exists(Unpacked).Should().BeFalse();
        Directory.Exists(Path.Combine(Work, ".unpacked.ocirun-unpack")).Should().BeTrue();
        Unpack(options).Should().Be(Silent);
        Directory.Exists(Path.Combine(Work, ".unpacked.ocirun-unpack")).Should().BeFalse();
        if (!flat)
            Directory.GetFileSystemEntries(Path.Combine(Store, "partial")).Should().BeEmpty();
        RunUnpacked().Out.Should().Be("3000\n20000\n");
    }

    [RuntimeFact]
    public void An_interrupted_call_cleans_up_itself()
    {
        Archive large = Base();
        for (int i = 0; i < 3000; i++)
            large.File($"many/{i}", new string('x', 20_000));
        Layout.Add(Layout.Image(Command("true"), [large], gzip: false));
        Runtime.Call call = Runtime.With("unpack", "--store", Store, Layout.Path, Unpacked);
        using Process process = call.Start();
        Eventually(() => Directory.Exists(Path.Combine(Store, "partial")) && Directory.GetDirectories(Path.Combine(Store, "partial")).Length > 0, "it works");
        Syscall.kill(process.Id, Signum.SIGINT);
        Outcome outcome = call.Finish(process);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("interrupted by signal 2");
        NothingIsLeft();
    }

    [RuntimeFact]
    public void An_ordinary_user_unpacks_and_runs()
    {
        Archive odd = new Archive()
            .Directory("locked", 0b101_000_101).File("locked/f", "in\n", owner: 5).Directory("opaque").File("opaque/.wh..wh..opq").File("opaque/x")
            .File("etc/.wh.group").Entry('3', "null", major: 1, minor: 3).Entry('6', "fifo");
        JsonObject config = Command("id -u; cat /locked/f; ls /etc /opaque; touch /new && ls /new");
        config["User"] = "alice";
        Layout.Add(Layout.Image(config, [Base().Directory("opaque").File("opaque/old"), odd]));
        Use(View.Rootless);
        string lost = "1 owners are the caller instead of those of the image (kept in user.rootlesscontainers)\n1 device nodes left out\n";
        Runtime.With("unpack", Layout.Path, Unpacked).Env("XDG_DATA_HOME", Path.Combine(Work, "data")).Run()
            .Should().Be(new Outcome(0, "", "user 1000:1001 is root in the container: an ordinary user has only one id there, which owns all files\n" + lost));
        Directory.Exists(Path.Combine(Work, "data", "ocirun", "layers", "sha256")).Should().BeTrue();
        const string output = "0\nin\n/etc:\npasswd\n\n/opaque:\nx\n/new\n";
        RunUnpacked().Should().Be(new Outcome(0, output, ""));
        Directory.Delete(Unpacked, recursive: true);
        Unpack("--ephemeral", "--quiet").Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, output, ""));
        Directory.Delete(Unpacked, recursive: true);
        Unpack("--flat", "--quiet").Should().Be(Silent);
        RunUnpacked().Should().Be(new Outcome(0, output, ""));
        Unpack("--flat", "--quiet").Err.Should().Contain("the bundle exists and is not empty");
    }

    [RuntimeFact]
    public void A_bar_shows_on_a_terminal_only()
    {
        Layout.Add(Layout.Image(Command("true"), [Base(), Second()]));
        string command = $"{Runtime.Binary} unpack --store {Store} {Layout.Path} {Unpacked}";
        string shown = Sh($"script -qec '{command}' /dev/null </dev/null");
        shown.Should().Contain("layer 1 of 2 [").And.Contain(" MB").And.EndWith("\r");
        Directory.Delete(Unpacked, recursive: true);
        Sh($"script -qec '{command} --quiet' /dev/null </dev/null").Should().BeEmpty();
    }
}
