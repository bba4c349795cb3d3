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
        {
            Bundle.Namespace("user");
            Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 65536);
            Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 65536);
        }

        foreach (string set in new[] { "bounding", "effective", "permitted" })
            ((JsonArray)Bundle.Process["capabilities"]![set]!).Add((JsonNode)"CAP_SYS_ADMIN");

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

    private static void Execute(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.Should().Be(0, program);
    }
}
