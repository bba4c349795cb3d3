using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Faults;

/// <summary>Callers that give too much, too little or nothing at all (security.md §3.2).</summary>
public sealed class FaultCallerTests : RuntimeTest
{
    // F-32: a hook need not read its standard input, and the state may be larger than a pipe.
    [RuntimeTheory]
    [InlineData("createRuntime", "exit 0", 0)]
    [InlineData("createRuntime", "exec <&-; sleep 0.2; exit 0", 0)]
    [InlineData("createContainer", "exit 0", 0)]
    [InlineData("poststop", "exit 0", 0)]
    [InlineData("createRuntime", "test $(wc -c) -gt 1000000", 0)]
    [InlineData("createRuntime", "exit 4", 1)]
    public void A_hook_that_does_not_read_a_large_state_hinders_nothing(string hook, string script, int status)
    {
        Bundle.Config["annotations"] = new JsonObject { ["x"] = new string('x', 1_000_000) };
        Bundle.Config["hooks"] = new JsonObject
        {
            [hook] = new JsonArray(new JsonObject { ["path"] = "/bin/sh", ["args"] = new JsonArray("sh", "-c", script), ["timeout"] = 5 }),
        };
        Outcome outcome = Run();
        outcome.Exit.Should().Be(status, outcome.ToString());
        (outcome.Err.Length == 0).Should().Be(status == 0, outcome.ToString());
    }

    // F-55.
    [RuntimeTheory]
    [InlineData("mkdir gone; cd gone; rmdir ../gone;")]
    [InlineData("umask 0777;")]
    [InlineData("exec <&-;")]
    [InlineData("ulimit -s 256;")]
    [InlineData("ulimit -d 20000;")]
    public void A_caller_in_no_good_state_gets_its_container(string before)
    {
        Bundle.Shell("echo ran > /ran");
        Call("run").Before(before).Run().Should().Be(Silent);
        File.ReadAllText(Bundle.InRootfs("/ran")).Should().Be("ran\n");
        File.Delete(Bundle.InRootfs("/ran"));
    }

    // F-55: root may read what it has no rights on, others may not.
    [RuntimeFact]
    public void A_umask_against_the_owner_keeps_no_user_out()
    {
        Bundle.ForRootless().Args("sleep", "100").Save();
        Use(View.Rootless);
        string root = Path.Combine(Runtime.Root!, "new", "root");
        Runtime.Root = root;
        Call("run", "--detach").Before("umask 0777;").Run().Should().Be(Silent);
        Status().Should().Be("running");
        Permissions(root).Should().Be(0b111_000_000);
        Runtime.Run("exec", Id, "/bin/true").Should().Be(Silent);
    }

    // F-55: the name that a program is called by is the caller's to choose.
    [RuntimeTheory]
    [InlineData("")]
    [InlineData("-ocirun")]
    [InlineData("/nonexistent/ocirun")]
    public void The_name_it_is_called_by_says_nothing(string name)
    {
        Bundle.Shell("echo ran > /ran");
        Call("run").Under("bash", "-c", $"exec -a '{name}' \"$@\"", "bash").Run().Should().Be(Silent);
        File.Exists(Bundle.InRootfs("/ran")).Should().BeTrue();
    }

    [RuntimeFact]
    public void Without_an_environment_it_runs()
    {
        Bundle.Shell("echo ran > /ran");
        Call("run").NoEnv().Run().Should().Be(Silent);
        File.Exists(Bundle.InRootfs("/ran")).Should().BeTrue();
    }

    // F-35: who reads what a command writes sees the end with the last process that has the stream: the container where
    // it inherits it, else the command.
    [RuntimeTheory]
    [InlineData(">", false, true)]
    [InlineData("2>", false, true)]
    [InlineData(">", true, false)]
    [InlineData("2>", true, false)]
    [InlineData("7>", false, false)]
    public void A_stream_ends_with_the_last_who_inherits_it(string stream, bool terminal, bool isHeld)
    {
        string pipe = Path.Combine(Work, "pipe"), console = Path.Combine(Work, "console");
        Execute("mkfifo", pipe);
        using Process reader = Process.Start("cat", [pipe]);
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(console));
        listener.Listen(1);
        Bundle.Args("sleep", "100").Process["terminal"] = terminal;
        Call("run", ["--detach", .. terminal ? new[] { "--console-socket", console } : []]).Redirect($"{stream}'{pipe}'").Run().Should().Be(Silent);
        reader.WaitForExit(TimeSpan.FromSeconds(isHeld ? 0.5 : 5)).Should().Be(!isHeld);
        Status().Should().Be("running");

        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        reader.WaitForExit(TimeSpan.FromSeconds(5)).Should().BeTrue("the container was the last");
    }

    // F-35.
    [RuntimeFact]
    public void A_log_ends_with_the_command()
    {
        string pipe = Path.Combine(Work, "pipe");
        Execute("mkfifo", pipe);
        using Process reader = Process.Start(new ProcessStartInfo("cat", [pipe]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        Bundle.Args("sleep", "100").Save();
        Runtime.Run("--log", pipe, "--log-level", "debug", "run", "--detach", "--bundle", Bundle.Path, Id).Should().Be(Silent);
        reader.StandardOutput.ReadToEnd().Should().Contain("phase");
        reader.WaitForExit(TimeSpan.FromSeconds(5)).Should().BeTrue();
        Status().Should().Be("running");
    }

    // F-60: ten times as much takes no more than about ten times as long; a hundred times would be the square.
    [RuntimeTheory]
    [InlineData("env", 5000)]
    [InlineData("mounts", 1000)]
    [InlineData("hooks", 300)]
    [InlineData("maskedPaths", 1000)]
    [InlineData("annotations", 5000)]
    public void Very_much_takes_no_more_than_its_share_of_time(string what, int count)
    {
        TimeSpan few = Timed(what, count / 10), many = Timed(what, count);
        many.Should().BeLessThan(TimeSpan.FromMilliseconds(200) + (30 * few));
    }

    private TimeSpan Timed(string what, int count)
    {
        Bundle bundle = new(Path.Combine(Work, $"bundle{count}"));
        IEnumerable<int> each = Enumerable.Range(0, count);
        switch (what)
        {
            case "env":
                bundle.Process["env"] = new JsonArray([.. each.Select(i => (JsonNode)$"V{i}=value of {i}"), "PATH=/bin"]);
                break;
            case "mounts":
                foreach (int i in each)
                    bundle.Mount($"/mnt/{i}", "tmpfs", "tmpfs", "size=4k");
                break;
            case "hooks":
                bundle.Config["hooks"] = new JsonObject { ["poststart"] = new JsonArray([.. each.Select(_ => new JsonObject { ["path"] = "/bin/true" })]) };
                break;
            case "maskedPaths":
                foreach (int i in each)
                    bundle.WithFile($"/masked/{i}", "secret");
                bundle.Linux["maskedPaths"] = new JsonArray([.. each.Select(i => (JsonNode)$"/masked/{i}")]);
                break;
            default:
                bundle.Config["annotations"] = new JsonObject(each.Select(i => KeyValuePair.Create($"name{i}", (JsonNode?)$"value{i}")));
                break;
        }

        bundle.Save();
        return Enumerable.Range(0, 3).Min(_ =>
        {
            string id = NewId();
            long start = Stopwatch.GetTimestamp();
            Runtime.Run("run", "--bundle", bundle.Path, id).Should().Be(Silent);
            return Stopwatch.GetElapsedTime(start);
        });
    }
}
