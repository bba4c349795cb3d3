using System.Linq;
using System.Text.Json;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>ps (features.md §1.13).</summary>
public sealed class PsTests : RuntimeTest
{
    [RuntimeFact]
    public void Json_has_all_host_pids()
    {
        Bundle.Shell("sleep 1000 & exec sleep 1000");
        CreateAndStart();
        int init = Pid();
        Eventually(() => RunningProcess.Children(init) == 1, "the child runs");
        Outcome ps = Runtime.Run("ps", "--format", "json", Id);
        ps.Err.Should().BeEmpty();
        ps.Out.Should().MatchRegex("^\\[[0-9]+,[0-9]+\\]\n$");
        JsonSerializer.Deserialize<int[]>(ps.Out).Should().Contain(init);
    }

    [RuntimeFact]
    public void The_table_is_that_of_the_host_s_ps()
    {
        Bundle.Shell("sleep 1000 & exec sleep 1001");
        CreateAndStart();
        Eventually(() => RunningProcess.Children(Pid()) == 1, "the child runs");
        string[] lines = Runtime.Run("ps", Id).Out.TrimEnd('\n').Split('\n');
        lines.Should().HaveCount(3);
        lines[0].Should().StartWith("UID");
        Runtime.Run("ps", Id, "-e", "-o", "ppid,pid,args").Out.TrimEnd('\n').Split('\n').Select(line => line.Split(' ')[^1])
            .Should().BeEquivalentTo("COMMAND", "1001", "1000");
        Runtime.Run("ps", Id, "aux").Out.Should().StartWith("USER");
    }

    [RuntimeFact]
    public void What_cannot_be_shown_says_why()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Refused("couldn't find PID field in ps output", Runtime.Run("ps", Id, "-o", "args"));
        Refused("ps failed with exit status 1", Runtime.Run("ps", Id, "--no-such-option"));
        Refused("executable file not found in $PATH", Runtime.With("ps", Id).Env("PATH", "/nowhere").Before("PATH=/usr/bin:/bin;").Under("env", "PATH=/nowhere").Run());
        Refused("invalid format option", Runtime.Run("ps", "--format", "xml", Id));
        Refused("does not exist", Runtime.Run("ps", NewId()));
    }

    [RuntimeFact]
    public void A_stopped_container_has_no_processes()
    {
        CreateAndStart();
        Eventually(() => Status() == "stopped", "true ends");
        Runtime.Run("ps", "-f", "json", Id).Should().Be(new Outcome(0, "[]\n", ""));
    }

    [RuntimeFact]
    public void Without_a_cgroup_it_says_what_to_do()
    {
        Bundle.Args("sleep", "1000").NoMount("/sys/fs/cgroup");
        Bundle.Save();
        Runtime.Run("--cgroup-manager", "disabled", "run", "-d", "--bundle", Bundle.Path, Id).Should().Be(Silent);
        foreach (string verb in new[] { "ps", "pause", "events" })
            Refused("the container has no cgroup; create it without --cgroup-manager disabled", Runtime.Run(verb, Id));
    }

    private static void Refused(string text, Outcome outcome)
    {
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(text);
    }
}
