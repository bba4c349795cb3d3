using System.Diagnostics;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>events and top where memory, cpu, io and pids are counted (features.md §1.16, §4.3).</summary>
public sealed class EventsVmTests : RuntimeTest
{
    [VmFact]
    public void Statistics_are_those_of_the_controllers()
    {
        Limit("""{"cpu":{"quota":20000,"period":100000}}""");
        Container("dd if=/proc/self/exe of=/tmp/f bs=64k 2>/dev/null; while :; do :; done");
        Eventually(() => Data()["cpu"]!["throttling"]?["throttledPeriods"] is not null, "the quota is used up");
        Eventually(() => Data() is var now && now["memory"]!["cache"] is not null && (long)now["pids"]!["current"]! == 1, "the file is written");
        JsonNode data = Data();
        ((long)data["cpu"]!["usage"]!["total"]!).Should().BeGreaterThan(0);
        ((long)data["memory"]!["usage"]!["limit"]!).Should().Be(32 << 20);
        ((long)data["memory"]!["usage"]!["usage"]!).Should().BeInRange(1, 32 << 20);
        ((long)data["memory"]!["swap"]!["limit"]!).Should().Be(32 << 20);
        ((long)data["memory"]!["cache"]!).Should().Be((long)data["memory"]!["raw"]!["file"]!);
        data["pids"]!.ToJsonString().Should().Be("""{"current":1,"limit":50}""");
        data["memory"]!["psi"].Should().NotBeNull();
        string metrics = Runtime.Run("events", "--format", "prometheus", Id).Out;
        metrics.Should().Contain($"ocirun_container_memory_limit_bytes{{id=\"{Id}\"}} 33554432\n").And.Contain("ocirun_container_cpu_throttled_periods_total");
        Runtime.Run("top", Id).Out.Should().MatchRegex($"{Id} +running +[0-9.]+ +[0-9.]+[KM] +32\\.0M +1 ");
    }

    [VmFact]
    public void Each_kill_for_want_of_memory_is_an_event()
    {
        Container("read x; (tail /dev/zero); read x; (tail /dev/zero); read x; sleep 1000", "exec 3<>/tmp/go; exec <&3;");
        Runtime.Call call = Runtime.With("events", "--interval", "1h", Id);
        using Process process = call.Start();
        System.Threading.Thread.Sleep(1000);
        for (int kills = 1; kills <= 2; kills++)
        {
            Go();
            int expected = kills;
            Eventually(() => call.Out.Count(c => c == '\n') == expected, "the kill is told at once");
        }

        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        string oom = $"{{\"type\":\"oom\",\"id\":\"{Id}\"}}\n";
        call.Finish(process).Should().Be(new Outcome(0, oom + oom, ""));
    }

    [VmFact]
    public void The_kill_that_ends_the_container_is_told_too()
    {
        Container("read x; exec tail /dev/zero", "exec 3<>/tmp/go; exec <&3;");
        Runtime.Call call = Runtime.With("events", "--interval", "1h", Id);
        using Process process = call.Start();
        System.Threading.Thread.Sleep(1000);
        Go();
        call.Finish(process).Should().Be(new Outcome(0, $"{{\"type\":\"oom\",\"id\":\"{Id}\"}}\n", ""));
    }

    private void Go() => Execute("/bin/sh", "-c", $"echo go >'{Bundle.InRootfs("/tmp/go")}'");

    private JsonNode Data() => JsonNode.Parse(Runtime.Run("events", "--stats", Id).Out)!["data"]!;

    private void Container(string script, string before = "")
    {
        Execute("mkfifo", Bundle.InRootfs("/tmp/go"));
        Bundle.Linux["cgroupsPath"] = $"{Tier.Cgroup}/{Id}";
        Limit("""{"memory":{"limit":33554432,"swap":33554432},"pids":{"limit":50}}""");
        Bundle.Shell(before + script);
        CreateAndStart();
    }

    private void Limit(string resources) =>
        Bundle.Merge(new JsonObject { ["linux"] = new JsonObject { ["resources"] = JsonNode.Parse(resources) } });
}
