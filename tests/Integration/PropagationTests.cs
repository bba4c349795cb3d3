using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// Bind sources and a rootfs on mounts that the host shares, as systemd makes all of its own: what a container mounts
/// there stays with it, what the host mounts may come in.
/// </summary>
public sealed class PropagationTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(true, "mount_setattr")]
    public void Mounts_of_a_container_do_not_reach_the_host(bool userNamespace, string without)
    {
        string shared = Shared();
        Directory.CreateDirectory(Bundle.InRootfs("/data"));
        Bundle.Mount("/data", "", shared, "rbind").Shell("mount -t tmpfs inner /data/inner; grep -E ' /data' /proc/self/mountinfo");
        if (userNamespace)
            Bundle.MapUsers();
        MayMount();

        try
        {
            Runtime.Call call = Call("run");
            if (without.Length > 0)
                call.Under(Nosys.Install(Work), "ENOSYS", without);
            Outcome outcome = call.Run();

            outcome.Exit.Should().Be(0, outcome.ToString());
            string[] lines = outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines.Should().HaveCount(2).And.NotContain(line => line.Contains("shared:"));
            lines[0].Should().Contain("master:", "what the host mounts there comes in");
            Leftovers.Mounts(shared).Should().ContainSingle("only the test's own mount is there");
        }
        finally
        {
            Execute("umount", "-lR", shared);
        }
    }

    /// <summary>Under a user namespace nothing that a container mounts leaves it, whatever its config says.</summary>
    [RuntimeTheory]
    [InlineData("shared", false, true)]
    [InlineData("rshared", false, true)]
    [InlineData("rshared", true, false)]
    [InlineData("rslave", false, false)]
    [InlineData("unbindable", false, false)]
    public void Shared_mounts_reach_the_host(string value, bool userNamespace, bool reaches)
    {
        string shared = Shared();
        Directory.CreateDirectory(Bundle.InRootfs("/data"));
        Bundle.Mount("/data", "", shared, "rbind").Shell("mount -t tmpfs within /data/inner && : >/data/inner/file");
        Bundle.Linux["rootfsPropagation"] = value;
        if (userNamespace)
            Bundle.MapUsers();
        MayMount();
        string before = File.ReadAllText("/proc/self/mountinfo");

        try
        {
            Outcome outcome = Run();

            outcome.Exit.Should().Be(0, outcome.ToString());
            Leftovers.Mounts(shared).Should().HaveCount(reaches ? 2 : 1);
            File.Exists(Path.Combine(shared, "inner", "file")).Should().Be(reaches);
            if (reaches)
                Execute("umount", Path.Combine(shared, "inner"));
            File.ReadAllText("/proc/self/mountinfo").Should().Be(before, "nothing else reaches the host");
        }
        finally
        {
            Execute("umount", "-lR", shared);
        }
    }

    /// <summary>Volumes are often given so: <c>docker run -v /srv:/srv:rshared</c> and its kin.</summary>
    [RuntimeTheory]
    [InlineData("rshared", "shared:", true)]
    [InlineData("rslave", "master:", true)]
    [InlineData("rprivate", "", false)]
    public void Mounts_of_the_host_come_in(string value, string tag, bool comesIn)
    {
        string shared = Shared();
        Directory.CreateDirectory(Bundle.InRootfs("/data"));
        Bundle.Mount("/data", "", shared, "rbind", value)
            .Shell("grep ' /data ' /proc/self/mountinfo; until [ -e /data/go ]; do sleep 0.02; done; ls /data/inner; rm /data/go");
        Bundle.Linux["rootfsPropagation"] = value;
        MayMount();

        try
        {
            Runtime.Call call = Call("run");
            using Process run = call.Start();
            Eventually(() => call.Out.Contains('\n', StringComparison.Ordinal), "the container looks at its mounts");
            Execute("mount", "-t", "tmpfs", "later", Path.Combine(shared, "inner"));
            File.WriteAllText(Path.Combine(shared, "inner", "guest"), "");
            File.WriteAllText(Path.Combine(shared, "go"), "");

            Outcome outcome = call.Finish(run);
            outcome.Exit.Should().Be(0, outcome.ToString());
            string[] lines = outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines[1..].Should().Equal(comesIn ? ["guest"] : []);
            string[] fields = lines[0].Split(" - ")[0].Split(' ');
            string.Join(' ', fields[6..]).Should().StartWith(tag);
            fields.Should().HaveCount(tag.Length == 0 ? 6 : 7);
        }
        finally
        {
            Execute("umount", "-lR", shared);
        }
    }

    private void MayMount()
    {
        foreach (string set in new[] { "bounding", "effective", "permitted" })
            ((JsonArray)Bundle.Process["capabilities"]![set]!).Add((JsonNode)"CAP_SYS_ADMIN");
    }

    // A mount of the host that it shares with whoever clones it.
    private string Shared()
    {
        string path = Path.Combine(Work, "shared");
        Directory.CreateDirectory(path);
        Execute("mount", "-t", "tmpfs", "outer", path);
        Execute("mount", "--make-shared", path);
        Directory.CreateDirectory(Path.Combine(path, "inner"));
        Leftovers.Mounts(path).Single().Should().Contain("shared:");
        return path;
    }
}
