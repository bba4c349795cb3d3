using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Launch;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Launch;

/// <summary>What a process of exec has of the container's own and what of the flags or the file.</summary>
public sealed class ExecProcessTests
{
    private static Process Own => ConfigReader.ReadProcess(Encoding.UTF8.GetBytes("""
        {"terminal": true, "args": ["init"], "cwd": "/own", "env": ["A=1"], "user": {"uid": 1, "gid": 2, "umask": 7, "additionalGids": [3]},
         "capabilities": {"bounding": ["CAP_KILL"], "inheritable": ["CAP_CHOWN"]}, "noNewPrivileges": true, "apparmorProfile": "p",
         "rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}], "oomScoreAdj": 5, "execCPUAffinity": {"final": "0"}}
        """), "test");

    [Fact]
    public void Flags_leave_what_they_do_not_name()
    {
        Process process = ExecProcess.FromFlags(Own, new ExecOptions { Id = "x", Args = ["sh"] });

        process.Should().BeEquivalentTo(Own, options => options.Excluding(p => p.Args).Excluding(p => p.Terminal));
        process.Terminal.Should().BeFalse();
    }

    [Fact]
    public void Added_capabilities_become_ambient_only_where_they_are_inheritable()
    {
        Capabilities sets = ExecProcess.FromFlags(Own, new ExecOptions { Id = "x", Args = ["sh"], Capabilities = ["CAP_CHOWN", "CAP_NET_RAW"] }).Capabilities!;

        Names(sets.Bounding).Should().Equal("CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW");
        Names(sets.Effective).Should().Equal("CAP_CHOWN", "CAP_NET_RAW");
        Names(sets.Permitted).Should().Equal("CAP_CHOWN", "CAP_NET_RAW");
        Names(sets.Inheritable).Should().Equal("CAP_CHOWN");
        Names(sets.Ambient).Should().Equal("CAP_CHOWN");
    }

    [Fact]
    public void A_file_has_the_last_word_on_what_it_names_and_not_on_the_rest()
    {
        Process given = ConfigReader.ReadProcess("""{"args": ["sh"], "cwd": "/", "apparmorProfile": "q"}"""u8.ToArray(), "test");

        Process process = ExecProcess.FromFile(Own, given);

        process.ApparmorProfile.ToString().Should().Be("q");
        process.NoNewPrivileges.Should().BeFalse();
        process.Env.Should().BeNull();
        process.User!.Uid.Should().Be(0);
        process.User.Umask.Should().Be(7);
        process.User.AdditionalGids.Should().BeNull();
        process.Rlimits.Should().ContainSingle();
        process.OomScoreAdj.Should().Be(5);
        process.Capabilities.Should().NotBeNull();
        process.ExecCpuAffinity!.Final.ToString().Should().Be("0");
    }

    private static string[] Names(Utf8[]? names) => (names ?? []).Select(name => name.ToString()).ToArray();
}
