using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>mounts add and mounts remove (features.md O01).</summary>
public sealed class MountsLiveTests : RuntimeTest
{
    private string Source => Path.Combine(Work, "source");

    [RuntimeFact]
    public void What_is_added_is_there_and_what_is_removed_is_gone()
    {
        Sleeping();
        string[] host = MountsOfHost();
        string file = Describe(
            Mount("/data/in/depth", "", Source, "bind"),
            Mount("/etc/added", "", Path.Combine(Source, "file"), "bind", "ro"),
            Mount("/scratch", "tmpfs", "tmpfs", "size=64k", "mode=750"),
            Mount("/scratch/below", "tmpfs", "tmpfs", "ro"));

        Runtime.Run("mounts", "add", Id, file).Should().Be(Silent);

        Shell("cat /data/in/depth/file /etc/added").Should().Be(new Outcome(0, "text\ntext\n", ""));
        Shell("echo new >/data/in/depth/written; stat -c %a /scratch; touch /scratch/x; df -k /scratch | tail -n 1 | awk '{print $2}'").Out.Should().Be("750\n64\n");
        File.ReadAllText(Path.Combine(Source, "written")).Should().Be("new\n");
        Shell("echo no >/etc/added").Err.Should().Contain("Read-only file system");
        Shell("touch /scratch/below/x").Err.Should().Contain("Read-only file system");
        MountsOfHost().Should().Equal(host);

        Runtime.Run("mounts", "remove", Id, file).Should().Be(Silent);

        Shell("ls -A /data/in/depth /scratch; cat /etc/added").Out.Should().Be("/data/in/depth:\n\n/scratch:\n");
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Standard_input_is_read()
    {
        Sleeping();
        string file = Describe(Mount("/scratch", "tmpfs", "tmpfs"));
        Runtime.With("mounts", "add", Id, "-").Redirect($"<'{file}'").Run().Should().Be(Silent);
        Shell("grep -c ' /scratch ' /proc/self/mounts").Out.Should().Be("1\n");
    }

    [RuntimeFact]
    public void Links_of_the_container_lead_nowhere_else()
    {
        Bundle.Shell("ln -s ../../../../../../../../" + Source + " /evil; ln -s /real /link; mkdir /real; touch /ready; exec sleep 1000");
        CreateAndStart();
        Eventually(() => File.Exists(Bundle.InRootfs("/ready")), "it runs");
        string[] host = MountsOfHost();

        Runtime.Run("mounts", "add", Id, Describe(Mount("/evil/x", "tmpfs", "tmpfs"), Mount("/link", "tmpfs", "tmpfs"))).Should().Be(Silent);

        MountsOfHost().Should().Equal(host);
        Directory.Exists(Path.Combine(Source, "x")).Should().BeFalse();
        Shell($"grep -c ' {Source}/x ' /proc/self/mounts; grep -c ' /real ' /proc/self/mounts").Out.Should().Be("1\n1\n");
        Outcome remove = Runtime.Run("mounts", "remove", Id, Describe(Mount("/link", "tmpfs", "tmpfs")));
        remove.Exit.Should().Be(1);
        remove.Err.Should().Contain("mounts[0] \\\"/link\\\": cannot be removed: a symbolic link is on the way");
    }

    [RuntimeFact]
    public void All_or_none_are_made()
    {
        Sleeping();
        string before = Shell("cat /proc/self/mounts").Out;
        foreach (JsonObject wrong in new[]
        {
            Mount("/b", "tmpfs", "tmpfs", "size=bogus"),
            Mount("/b", "", Path.Combine(Source, "missing"), "bind"),
            Mount("/b", "proc", "proc"),
            Mount("/proc/sys", "tmpfs", "tmpfs"),
            Mount("/", "tmpfs", "tmpfs"),
            Mount("/b", "nosuchfs", "none"),
        })
        {
            Outcome add = Runtime.Run("mounts", "add", Id, Describe(Mount("/a", "tmpfs", "tmpfs"), Mount("/a/below", "tmpfs", "tmpfs"), wrong));
            add.Exit.Should().Be(1);
            add.Err.Should().Contain("mounts[2]");
            Shell("cat /proc/self/mounts").Out.Should().Be(before, add.Err);
        }
    }

    [RuntimeFact]
    public void What_is_not_mounted_cannot_be_removed()
    {
        Sleeping();
        Outcome remove = Runtime.Run("mounts", "remove", Id, Describe(Mount("/etc", "tmpfs", "tmpfs")));
        remove.Exit.Should().Be(1);
        remove.Err.Should().Contain("mounts[0] \\\"/etc\\\": nothing is mounted there");
        foreach (string destination in new[] { "/", "/proc", "/proc/kcore" })
        {
            remove = Runtime.Run("mounts", "remove", Id, Describe(Mount(destination, "tmpfs", "tmpfs")));
            remove.Exit.Should().Be(1);
            remove.Err.Should().Contain("mounts[0].destination");
        }
    }

    [RuntimeFact]
    public void In_a_user_namespace_the_container_s_root_owns_it()
    {
        Bundle.MapUsers();
        Execute("chown", "-hR", "100000:100000", Bundle.Rootfs);
        Sleeping();
        Execute("chown", "-R", "100000:100000", Source);

        string file = Describe(Mount("/data", "", Source, "bind", "ro"), Mount("/scratch", "tmpfs", "tmpfs"));
        Runtime.Run("mounts", "add", Id, file).Should().Be(Silent);

        Shell("stat -c %u /data/file /scratch; touch /scratch/x; stat -c %u /scratch/x; touch /data/x").Out.Should().Be("0\n0\n0\n");
        Runtime.Run("mounts", "remove", Id, file).Should().Be(Silent);
        Shell("ls -A /data /scratch").Out.Should().Be("/data:\n\n/scratch:\n");
    }

    [RuntimeFact]
    public void Ids_of_a_source_can_be_mapped()
    {
        Sleeping();
        Execute("chown", "-R", "100000:100000", Source);
        JsonObject mapped = Mount("/data", "", Source, "bind");
        mapped["uidMappings"] = Bundle.Mapping(7, 1000, container: 100000);
        mapped["gidMappings"] = Bundle.Mapping(7, 1000, container: 100000);
        Runtime.Run("mounts", "add", Id, Describe(mapped)).Should().Be(Silent);
        Shell("stat -c %u:%g /data/file").Out.Should().Be("7:7\n");
    }

    [RuntimeFact]
    public void The_file_is_judged_before_anything_is_done()
    {
        Sleeping();
        string file = Path.Combine(Work, "mounts.json");
        foreach ((string text, string said) in new[]
        {
            ("{}", "an array"),
            ("[{\"type\": \"tmpfs\"}]", "mounts[0].destination"),
            ("[{\"destination\": 1}]", "[0].destination: expected a string"),
            ("[{\"destination\": \"/x\"}]", "mounts[0].type"),
            ("[", "mounts.json ends at line"),
        })
        {
            File.WriteAllText(file, text);
            foreach (string action in new[] { "add", "remove" })
            {
                Outcome outcome = Runtime.Run("mounts", action, Id, file);
                outcome.Exit.Should().Be(1, $"{action} {text}");
                outcome.Err.Should().Contain(said);
            }
        }

        File.WriteAllText(file, "[]");
        Runtime.Run("mounts", "add", Id, file).Should().Be(Silent);
        Runtime.Run("mounts", "alter", Id, file).Err.Should().Contain("unknown action");
        Runtime.Run("mounts", "add", Id, file + "x").Err.Should().Contain("no such file or directory");
    }

    [RuntimeFact]
    public void A_container_that_has_ended_takes_none()
    {
        Bundle.Args("true");
        CreateAndStart();
        Eventually(() => Status() == "stopped", "it ends");
        Runtime.Run("mounts", "add", Id, Describe(Mount("/x", "tmpfs", "tmpfs"))).Err.Should().Contain("container not running");
        Runtime.Run("mounts", "add", NewId(), Describe(Mount("/x", "tmpfs", "tmpfs"))).Err.Should().Contain("does not exist");
    }

    [RuntimeFact]
    public void A_created_container_has_them_when_it_starts()
    {
        Directory.CreateDirectory(Source);
        Bundle.Shell("grep -c ' /scratch ' /proc/self/mounts");
        Runtime.Call create = Call("create");
        create.Run().Should().Be(Silent);
        Runtime.Run("mounts", "add", Id, Describe(Mount("/scratch", "tmpfs", "tmpfs"))).Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => create.Out == "1\n", "the mount is there");
    }

    private void Sleeping()
    {
        Directory.CreateDirectory(Source);
        File.WriteAllText(Path.Combine(Source, "file"), "text\n");
        Bundle.Args("sleep", "1000");
        CreateAndStart();
    }

    private Outcome Shell(string script) => Runtime.Run("exec", Id, "/bin/sh", "-c", script);

    private string Describe(params JsonObject[] mounts)
    {
        string file = Path.Combine(Work, "mounts.json");
        File.WriteAllText(file, new JsonArray(mounts.Select(mount => mount.DeepClone()).ToArray()).ToJsonString());
        return file;
    }

    private static JsonObject Mount(string destination, string type, string source, params string[] options)
    {
        JsonObject mount = new() { ["destination"] = destination, ["source"] = source, ["options"] = new JsonArray(options.Select(option => (JsonNode)option).ToArray()) };
        if (type.Length > 0)
            mount["type"] = type;
        return mount;
    }

    private static string[] MountsOfHost() => File.ReadAllLines("/proc/self/mountinfo").Order(StringComparer.Ordinal).ToArray();
}
