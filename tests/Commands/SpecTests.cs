using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Spec;
using OciRun.Tests.State;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>The files of <c>spec</c> (features.md SP01 to SP09).</summary>
public sealed class SpecTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void SP02_the_file_can_have_another_name()
    {
        Invoke("--bundle", _scratch.Root, "--file", "other.json").Should().Be(0);
        Invoke("-f", Path.Combine(_scratch.Root, "absolute.json")).Should().Be(0);
        File.ReadAllText(Path.Combine(_scratch.Root, "other.json")).Should().Be(File.ReadAllText(Path.Combine(_scratch.Root, "absolute.json")));
        File.Exists(Path.Combine(_scratch.Root, "config.json")).Should().BeFalse();
    }

    [Fact]
    public void SP02_a_dash_is_standard_output()
    {
        Invoke("--bundle", _scratch.Root).Should().Be(0);
        Ocirun.Run("spec", "--bundle", "/nonexistent", "--file", "-")
            .Should().Be(new Ocirun.Result(0, File.ReadAllText(Path.Combine(_scratch.Root, "config.json")), ""));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("other.json")]
    public void SP04_an_existing_file_stays(string name)
    {
        string file = Path.Combine(_scratch.Root, name);
        File.WriteAllText(file, "mine");
        FluentActions.Invoking(() => Invoke("-b", _scratch.Root, "-f", name)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain($"File {name} exists. Remove it first");
        File.ReadAllText(file).Should().Be("mine");
        FluentActions.Invoking(() => Invoke("-b", Path.Combine(_scratch.Root, "none"))).Should().Throw<FaultException>();
    }

    [Fact]
    public void SP05_lines_are_indented_by_tabs()
    {
        Invoke("--bundle", _scratch.Root).Should().Be(0);
        string[] lines = File.ReadAllLines(Path.Combine(_scratch.Root, "config.json"));
        lines[1].Should().Be("\t\"ociVersion\": \"1.3.0\",");
        lines.Should().NotContain(static line => line.StartsWith(' '));
    }

    [Fact]
    public void SP06_to_SP08_the_template_is_the_customary_one()
    {
        JsonElement spec = Template();
        spec.GetProperty("hostname").GetString().Should().Be("ocirun");
        Texts(spec.GetProperty("process").GetProperty("env")).Should().Equal("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm");
        spec.GetProperty("process").GetProperty("capabilities").EnumerateObject().Select(static set => set.Name).Should().Equal("bounding", "effective", "permitted");
        JsonElement limit = spec.GetProperty("process").GetProperty("rlimits").EnumerateArray().Single();
        (limit.GetProperty("type").GetString(), limit.GetProperty("hard").GetInt32(), limit.GetProperty("soft").GetInt32()).Should().Be(("RLIMIT_NOFILE", 1024, 1024));
        Options(spec, "/dev/pts").Should().Equal("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5");
        Options(spec, "/dev").Should().Equal("nosuid", "strictatime", "mode=755", "size=65536k");
        Options(spec, "/dev/shm").Should().Equal("nosuid", "noexec", "nodev", "mode=1777", "size=65536k");
        Options(spec, "/sys/fs/cgroup").Should().Equal("nosuid", "noexec", "nodev", "relatime", "ro");
        JsonElement linux = spec.GetProperty("linux");
        JsonElement rule = linux.GetProperty("resources").GetProperty("devices").EnumerateArray().Single();
        (rule.GetProperty("allow").GetBoolean(), rule.GetProperty("access").GetString()).Should().Be((false, "rwm"));
        linux.GetProperty("maskedPaths").GetArrayLength().Should().Be(10);
        linux.GetProperty("readonlyPaths").GetArrayLength().Should().Be(5);
    }

    [Fact]
    public void SP09_without_privileges_the_template_asks_for_none()
    {
        JsonElement spec = Template("--rootless");
        JsonElement linux = spec.GetProperty("linux");
        linux.GetProperty("namespaces").EnumerateArray().Select(static entry => entry.GetProperty("type").GetString())
            .Should().BeEquivalentTo("pid", "ipc", "uts", "mount", "cgroup", "user");
        linux.TryGetProperty("resources", out _).Should().BeFalse();
        foreach (string name in (string[])["uidMappings", "gidMappings"])
        {
            JsonElement map = linux.GetProperty(name).EnumerateArray().Single();
            (map.GetProperty("containerID").GetInt32(), map.GetProperty("size").GetInt32()).Should().Be((0, 1));
        }

        Options(spec, "/sys").Should().Equal("rbind", "nosuid", "noexec", "nodev", "ro");
        spec.GetProperty("mounts").EnumerateArray().SelectMany(static mount => mount.TryGetProperty("options", out JsonElement options) ? Texts(options) : [])
            .Should().NotContain(static option => option.StartsWith("uid=") || option.StartsWith("gid="));
        ConfigReader.Read(OciRun.Kernel.Sys.Bytes(spec.GetRawText()), "config.json").Linux!.UidMappings.Should().ContainSingle();
    }

    private JsonElement Template(params string[] options)
    {
        Invoke([.. options, "--bundle", _scratch.Root]).Should().Be(0);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(_scratch.Root, "config.json")));
        return document.RootElement.Clone();
    }

    private static string[] Options(JsonElement spec, string destination) => Texts(spec.GetProperty("mounts").EnumerateArray()
        .Single(mount => mount.GetProperty("destination").GetString() == destination).GetProperty("options"));

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(static item => item.GetString()!)];

    private int Invoke(params string[] words) => _scratch.Invoke("spec", words);
}
