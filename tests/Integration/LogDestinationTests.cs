using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary><c>--log journald:</c>, <c>--log syslog:</c>, <c>--systemd-log</c>, and what <c>--debug</c> adds (features.md G01 to G04, G11).</summary>
public sealed class LogDestinationTests : RuntimeTest
{
    // The daemon's socket, in the call's own mount namespace.
    private static readonly string[] Journal =
    [
        "unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
        "mount -t tmpfs none /run; mkdir -p /run/systemd/journal; : > /run/systemd/journal/socket; mount --bind \"$SOCKET\" /run/systemd/journal/socket; exec \"$@\"", "sh",
    ];

    private static readonly string[] Syslog =
    [
        "unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
        "mkdir \"$SOCKET.dev\"; mount --rbind /dev \"$SOCKET.dev\"; mount -t tmpfs none /dev; : > /dev/log; mount --bind \"$SOCKET\" /dev/log;"
        + " for n in null zero full tty random urandom; do : > /dev/$n; mount --bind \"$SOCKET.dev/$n\" /dev/$n; done; exec \"$@\"", "sh",
    ];

    private string SocketPath => Path.Combine(Work, "log.socket");

    [RuntimeTheory]
    [InlineData("--log", "journald:pod-1", "pod-1")]
    [InlineData("--log", "journald:", "ocirun")]
    [InlineData("--systemd-log", "--debug=false", "ocirun")]
    public void An_error_goes_to_the_journal_and_to_stderr(string option, string value, string identifier)
    {
        using Socket daemon = Listen();
        string id = NewId();
        Outcome outcome = Runtime.With(option, value, "state", id).Env("SOCKET", SocketPath).Under(Journal).Run();

        outcome.Exit.Should().Be(1, outcome.ToString());
        Dictionary<string, string> entry = Entry(Received(daemon).Should().ContainSingle().Subject);
        entry["PRIORITY"].Should().Be("3");
        entry["SYSLOG_IDENTIFIER"].Should().Be(identifier);
        entry["OCI_CODE"].Should().Be("container-not-found");
        entry["OCI_VALUE"].Should().Be(id);
        outcome.Err.Should().Be(entry["MESSAGE"] + "\n");
    }

    [RuntimeFact]
    public void An_error_goes_to_syslog_and_to_stderr()
    {
        using Socket daemon = Listen();
        Outcome outcome = Runtime.With("--log", "syslog:pod 1", "state", NewId()).Env("SOCKET", SocketPath).Under(Syslog).Run();

        outcome.Exit.Should().Be(1, outcome.ToString());
        string packet = Encoding.UTF8.GetString(Received(daemon).Should().ContainSingle().Subject);
        packet.Should().MatchRegex(@"^<27>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d pod_1\[\d+\]: container ");
        outcome.Err.TrimEnd('\n').Should().Be(packet[(packet.IndexOf("]: ", StringComparison.Ordinal) + 3)..]);
    }

    [RuntimeFact]
    public void A_success_sends_nothing()
    {
        using Socket daemon = Listen();
        Bundle.Args("true").Save();
        Runtime.With("--log", "journald:x", "run", "--bundle", Bundle.Path, Id).Env("SOCKET", SocketPath).Under(Journal).Run().Should().Be(Silent);
        Received(daemon).Should().BeEmpty();
    }

    [RuntimeTheory]
    [InlineData("journald:x", "/run/systemd/journal/socket")]
    [InlineData("syslog:x", "/dev/log")]
    public void A_daemon_that_is_not_there_is_an_error(string log, string address)
    {
        if (File.Exists(address))
            return;
        Outcome outcome = Runtime.Run("--log", log, "list");
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain($"nobody takes records at {address}").And.Contain("--log");
    }

    [RuntimeFact]
    public void Debug_tells_the_phases_and_the_steps_in_their_order()
    {
        string log = Path.Combine(Work, "log.json");
        Bundle.Args("true").Save();
        Outcome plan = Runtime.Run("plan", "--format", "json", Bundle.Path);
        Runtime.Run("--log", log, "--log-format", "json", "--debug", "run", "--bundle", Bundle.Path, Id).Should().Be(Silent);

        JsonObject[] records = [.. File.ReadAllLines(log).Select(line => (JsonObject)JsonNode.Parse(line)!)];
        records.Should().OnlyContain(record => (string)record["level"]! == "debug" || (string)record["level"]! == "warning");
        foreach (JsonObject record in records)
            DateTimeOffset.TryParse((string)record["time"]!, out DateTimeOffset _).Should().BeTrue();

        string[] messages = [.. records.Select(record => (string)record["msg"]!)];
        messages.Should().ContainInOrder("phase: config", "phase: plan", "phase: clone", "phase: wait for the process", "phase: wait for the end");
        string[] steps = [.. ((JsonArray)JsonNode.Parse(plan.Out)!).Select(step =>
            $"step {step!["step"]}: {step["operation"]}{(step["field"] is { } field ? $" [{field}]" : "")}: ")];
        string[] told = [.. messages.Where(message => message.StartsWith("step ", StringComparison.Ordinal))];
        told.Should().HaveSameCount(steps);
        for (int i = 0; i < steps.Length; i++)
            told[i].Should().StartWith(steps[i]).And.EndWith(" µs");
    }

    [RuntimeFact]
    public void With_debug_the_error_is_still_one_record_and_the_last()
    {
        string log = Path.Combine(Work, "log.json");
        Bundle.Args("true").Mount("/mnt", "tmpfs", "tmpfs", "size=nonsense").Save();
        Outcome outcome = Runtime.Run("--log", log, "--log-format", "json", "--debug", "run", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().Be(1);
        string[] levels = [.. File.ReadAllLines(log).Select(line => (string)JsonNode.Parse(line)!["level"]!)];
        levels.Where(level => level == "error").Should().ContainSingle();
        levels[^1].Should().Be("error");
        File.ReadAllText(log).Should().Contain($"mount filesystem [mounts[{Bundle.Mounts.Count - 1}]");
    }

    [RuntimeFact]
    public void Debug_without_a_file_goes_to_stderr_in_words()
    {
        Bundle.Args("true").Save();
        Outcome outcome = Runtime.Run("--debug", "run", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().Be(0);
        outcome.Err.Should().MatchRegex("(?m)^time=\"[0-9TZ:.-]+\" level=debug msg=\"phase: plan\"$");
    }

    [RuntimeFact]
    public void Names_of_steps_cannot_break_a_record()
    {
        string log = Path.Combine(Work, "log.json");
        Bundle.Args("true").Mount("/mnt/\"\u001b[2J\n", "tmpfs", "tmpfs").Save();
        Outcome outcome = Runtime.Run("--log", log, "--log-format", "json", "--debug", "run", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().Be(0, outcome.ToString());
        File.ReadAllText(log).Should().NotContain("\u001b");
        File.ReadAllLines(log).Should().OnlyContain(line => ((JsonObject)JsonNode.Parse(line, null, default)!).ContainsKey("msg"));
    }

    private Socket Listen()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    private static List<byte[]> Received(Socket socket)
    {
        List<byte[]> all = [];
        byte[] buffer = new byte[1 << 18];
        while (socket.Poll(100_000, SelectMode.SelectRead))
            all.Add(buffer[..socket.Receive(buffer)]);
        return all;
    }

    private static Dictionary<string, string> Entry(byte[] datagram)
    {
        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        for (int at = 0; at < datagram.Length;)
        {
            int end = Array.IndexOf(datagram, (byte)'\n', at);
            int length = (int)BitConverter.ToUInt64(datagram, end + 1);
            fields.Add(Encoding.ASCII.GetString(datagram, at, end - at), Encoding.UTF8.GetString(datagram, end + 9, length));
            at = end + 9 + length + 1;
        }

        return fields;
    }
}
