using System.Globalization;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Tests.Cgroups;

namespace OciRun.Tests.Integration;

/// <summary>
/// linux.intelRdt through the command line (features.md §2.18), on <see cref="FakeResctrl"/>: in a mount namespace of
/// its own the runtime reads a mountinfo that names the stand-in as resctrl.
/// </summary>
public sealed class IntelRdtTests : RuntimeTest
{
    private const string Seen = """
        { cat /proc/self/mountinfo; echo "9999 1 0:99 / $1 rw - resctrl resctrl rw"; } >"$1.mountinfo"
        mount --bind "$1.mountinfo" /proc/$$/mountinfo
        shift
        exec "$@"
        """;

    private string Tree => Path.Combine(Work, "resctrl");

    [FakeResctrlFact]
    public void The_process_is_in_the_containers_group_until_delete()
    {
        using FakeResctrl fake = new(Tree);
        Bundle.Args("sleep", "60");
        Bundle.Linux["intelRdt"] = new JsonObject { ["schemata"] = new JsonArray("L3:0=f"), ["enableMonitoring"] = true };

        Under(Call("create")).Run().Should().Be(Silent);
        fake[Id + "/schemata"].Should().Be("L3:0=f\n");
        string tasks = Pid().ToString(CultureInfo.InvariantCulture) + "\n";
        fake[Id + "/tasks"].Should().Be(tasks);
        fake[$"{Id}/mon_groups/{Id}/tasks"].Should().Be(tasks);

        Under(Runtime.With("delete", "--force", Id)).Run().Should().Be(Silent);
        fake.Has(Id).Should().BeFalse();
    }

    [FakeResctrlFact]
    public void A_named_group_is_made_and_stays_but_its_monitoring_group_goes()
    {
        using FakeResctrl fake = new(Tree);
        Bundle.Args("true");
        Bundle.Linux["intelRdt"] = new JsonObject { ["closID"] = "gold", ["memBwSchema"] = "MB:0=50", ["enableMonitoring"] = true };

        Under(Call("run")).Run().Should().Be(Silent);

        fake["gold/schemata"].Should().Be("MB:0=50\n");
        fake.Has($"gold/mon_groups/{Id}").Should().BeFalse();
    }

    [FakeResctrlFact]
    public void A_creation_that_fails_removes_what_it_made()
    {
        using FakeResctrl fake = new(Tree);
        Bundle.Args("/no/such/program");
        Bundle.Linux["intelRdt"] = new JsonObject { ["closID"] = "gold", ["memBwSchema"] = "MB:0=50", ["enableMonitoring"] = true };

        Under(Call("run")).Run().Exit.Should().Be(1);

        fake.Has("gold").Should().BeFalse();
    }

    [FakeResctrlFact]
    public void A_refused_schema_is_an_error_with_the_kernels_words()
    {
        using FakeResctrl fake = new(Tree);
        Bundle.Args("true");
        Bundle.Linux["intelRdt"] = new JsonObject { ["schemata"] = new JsonArray("bad:0=f") };

        Outcome outcome = Under(Call("run")).Run();

        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("linux.intelRdt").And.Contain("Unknown or unsupported resource name 'bad'");
        fake.Has(Id).Should().BeFalse();
    }

    private Runtime.Call Under(Runtime.Call call) =>
        call.Under("unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", Seen, "sh", Tree);
}
