using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Binds whose source is among the container's own mounts, and binds under a user namespace.</summary>
public sealed class MountsInsideTests : RuntimeTest
{
    /// <summary>The bound tree is the container's as it is by then, with the ids of its mapping.</summary>
    [RuntimeTheory]
    [InlineData(false, false, "0:0")]
    [InlineData(true, false, "0:0")]
    [InlineData(false, true, "100000:100000")]
    [InlineData(true, true, "0:0")]
    public void A_tree_of_mounts_is_bound_as_it_is(bool userNamespace, bool mapped, string owner)
    {
        string outer = Source("outer");
        string inner = Source("inner");
        if (userNamespace)
            Bundle.MapUsers();
        if (userNamespace && !mapped)
            Execute("chown", "-R", "100000:100000", outer, inner);
        Directory.CreateDirectory(Path.Combine(outer, "below"));
        foreach (string place in new[] { "/data", "/final" })
            Directory.CreateDirectory(Bundle.InRootfs(place));
        Bundle.Mount("/data", "", outer, "bind").Mount("/data/below", "", inner, "bind");
        Bundle.Mount("/final", "", Bundle.InRootfs("/data/below"), "rbind");
        if (mapped)
        {
            JsonObject final = (JsonObject)Bundle.Mounts[^1]!;
            final["uidMappings"] = Bundle.Mapping(100000, 65536);
            final["gidMappings"] = Bundle.Mapping(100000, 65536);
        }

        Bundle.Shell("cat /final/inner; stat -c %u:%g /final/inner");

        Run().Should().Be(new Outcome(0, $"inner\n{owner}\n", ""));
    }

    /// <summary>
    /// What the kernel would lock in a mount that is copied into a less privileged mount namespace stays, although the
    /// runtime has the right to clear it.
    /// </summary>
    [RuntimeTheory]
    [InlineData("ro,noexec,nodev", "nosuid", "ro,nosuid,nodev,noexec,relatime")]
    [InlineData("ro,nosymfollow", "dev", "ro,relatime")]
    [InlineData("ro", "rw", null)]
    [InlineData("ro", "rrw", null)]
    [InlineData("noexec", "exec", null)]
    [InlineData("noatime", "strictatime", null)]
    [InlineData("noatime", "noatime,nodev", "rw,nodev,noatime")]
    public void Flags_of_the_host_stay_under_a_user_namespace(string host, string words, string? expected)
    {
        string source = Source("source");
        Execute("mount", "-t", "tmpfs", "source", source);
        Execute("mount", "-o", "remount,bind," + host, source);
        Directory.CreateDirectory(Bundle.InRootfs("/data"));
        Bundle.MapUsers();
        Bundle.Mount("/data", "", source, ["bind", .. words.Split(',')]).Shell("awk '$5 == \"/data\" { print $6 }' /proc/self/mountinfo");

        try
        {
            Outcome outcome = Run();

            if (expected is not null)
                outcome.Should().Be(new Outcome(0, expected + "\n", ""));
            else
                outcome.Err.Should().Contain("mounts[7]").And.Contain("operation not permitted (mount_setattr: EPERM)");
        }
        finally
        {
            Execute("umount", source);
        }
    }

    private string Source(string name)
    {
        string path = Path.Combine(Work, name);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, name), name + "\n");
        return path;
    }
}
