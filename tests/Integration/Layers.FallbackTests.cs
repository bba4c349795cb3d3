using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Layers on kernels without the mount API, without <c>lowerdir+</c> or without its descriptors.</summary>
public sealed class LayersFallbackTests : LayersTest
{
    private const string MountApi = "fsopen,open_tree,move_mount,mount_setattr,fsmount,fsconfig";

    // FSCONFIG_SET_FD is command 5.
    public static TheoryData<string, string> Missing() => new()
    {
        { "fsconfig:5", "EINVAL" },
        { MountApi, "ENOSYS" },
        { MountApi, "EPERM" },
        { "mount_setattr", "ENOSYS" },
        { "fsopen", "ENOSYS" },
    };

    [RuntimeTheory]
    [MemberData(nameof(Missing))]
    public void Layers_are_the_same_without_the_call(string calls, string errno)
    {
        Bundle.Shell("ls /n | wc -l; cat /top; touch /new && echo written; awk '$5 == \"/\"' /proc/self/mountinfo | wc -l; ls -d /upper 2>&1");
        string[] many = Flags(Many(300));
        string readOnly = "touch: /new: Read-only file system\n";
        Without(calls, errno, many).Should().Be(new Outcome(1, "299\n0\n1\nls: /upper: No such file or directory\n", readOnly));
        Without(calls, errno, [.. many, "--ephemeral"]).Out.Should().Be("299\n0\nwritten\n1\nls: /upper: No such file or directory\n");
        Without(calls, errno, [.. many, .. Writable()]).Out.Should().Be("299\n0\nwritten\n1\nls: /upper: No such file or directory\n");
        File.Exists(Path.Combine(Work, "upper", "new")).Should().BeTrue();
        HostMountsAreUnchanged();
    }

    [RuntimeTheory]
    [MemberData(nameof(Missing))]
    public void One_layer_is_read_only_without_the_call(string calls, string errno)
    {
        Bundle.Shell("touch /new");
        Without(calls, errno, Flags([Base])).Should().Be(new Outcome(1, "", "touch: /new: Read-only file system\n"));
        Directory.CreateDirectory(Path.Combine(Work, "place"));
        Bundle.Config["root"] = new System.Text.Json.Nodes.JsonObject { ["path"] = Path.Combine(Work, "place") };
        Without(calls, errno, Flags([Base])).Should().Be(new Outcome(1, "", "touch: /new: Read-only file system\n"));
        Without(calls, errno, Flags([Base], "--ephemeral")).Should().Be(Silent);
        File.Exists(Bundle.InRootfs("/new")).Should().BeFalse();
        HostMountsAreUnchanged();
    }

    private Outcome Without(string calls, string errno, string[] flags) =>
        Call("run", flags).Under(Nosys.Install(Work), errno, calls).Run();
}
