using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>The systemd driver with a real systemd (features.md §2.11).</summary>
public sealed class SystemdVmTests : RuntimeTest
{
    private const string Resources = """
        {"memory":{"limit":67108864,"swap":67108864},"cpu":{"quota":50000,"period":100000,"shares":2048,"cpus":"0"},"pids":{"limit":40},
        "devices":[{"allow":false,"access":"rwm"}]}
        """;

    [VmFact]
    public void A_reload_of_systemd_keeps_limits_and_device_rules()
    {
        Bundle.Edit(config => config["linux"]!["devices"] = JsonNode.Parse("""[{"path": "/dev/k", "type": "c", "major": 1, "minor": 77}]"""));
        Runtime.Call call = Container("while :; do (: </dev/k) 2>&1; sleep 0.2; done");
        Values("memory.max", "memory.swap.max", "cpu.max", "cpu.weight", "cpuset.cpus", "pids.max")
            .Should().Equal("67108864", "0", "50000 100000", "174", "0", "40");
        Reload();
        Values("memory.max", "memory.swap.max", "cpu.max", "cpu.weight", "cpuset.cpus", "pids.max")
            .Should().Equal("67108864", "0", "50000 100000", "174", "0", "40");
        Since(call, "Operation not permitted\n").Should().BeTrue("the rules hold");
        Runtime.Run("update", "--memory", "32m", "--memory-swap", "48m", "--cpu-quota", "30000", "--pids-limit", "20", Id).Should().Be(Silent);
        Reload();
        Values("memory.max", "memory.swap.max", "cpu.max", "pids.max").Should().Equal("33554432", "16777216", "30000 100000", "20");
        string file = Path.Combine(Work, "stdin.json");
        File.WriteAllText(file, """{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":77,"access":"rw"}]}""");
        Runtime.With("update", "--resources", "-", Id).Redirect($"<'{file}'").Run().Should().Be(Silent);
        Since(call, "No such device or address\n").Should().BeTrue("the new rules hold");
        Reload();
        Since(call, "No such device or address\n").Should().BeTrue("the new rules hold still");
    }

    [VmFact]
    public void The_unit_says_what_it_is()
    {
        Bundle.Config["annotations"] = new JsonObject { ["org.systemd.property.TimeoutStopUSec"] = "uint64 7000000" };
        Container("sleep 1000");
        string[] shown = Shell($"systemctl show -p Slice,Delegate,MemoryMax,TasksMax,TimeoutStopUSec,ActiveState ocirun-test-{Id}.scope").Split('\n');
        shown.Should().Contain(new[] { "Slice=system.slice", "Delegate=yes", "MemoryMax=67108864", "TasksMax=40", "TimeoutStopUSec=7s", "ActiveState=active" });
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Shell($"systemctl show -p LoadState ocirun-test-{Id}.scope").Should().Be("LoadState=not-found\n");
    }

    [VmFact]
    public void Flags_of_today_do_not_matter_to_a_container_of_yesterday()
    {
        Container("sleep 1000");
        Runtime plain = new(Work);
        plain.Run("pause", Id).Should().Be(Silent);
        plain.Run("resume", Id).Should().Be(Silent);
        plain.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it is killed");
        plain.Run("delete", Id).Should().Be(Silent);
        Shell("systemctl list-units --all --no-legend 'ocirun-test-*'").Should().BeEmpty();
    }

    [VmFact]
    public void Exec_joins_the_sub_cgroup_of_the_container()
    {
        Bundle.Config["annotations"] = new JsonObject { ["run.oci.systemd.subgroup"] = "inner" };
        Container("sleep 1000");
        UpdateTests.Cgroup(Pid()).Should().EndWith($"/ocirun-test-{Id}.scope/inner");
        Process sleep = Runtime.With("exec", Id, "sleep", "3").Start();
        Eventually(() => File.ReadAllLines(UpdateTests.Cgroup(Pid()) + "/cgroup.procs").Length == 2, "the container's process and the one of exec are there");
        sleep.WaitForExit();
        sleep.ExitCode.Should().Be(0);
    }

    [VmFact]
    public void Two_hundred_containers_start_at_once()
    {
        Bundle.Args("sleep", "1000");
        Bundle.NoNamespace("network");
        Bundle.Linux["cgroupsPath"] = "";
        Bundle.Save();
        string run = $"'{Runtime.Binary}' --root '{Work}/root' --systemd-cgroup";
        Shell($"""
            cd '{Work}'; i=0; while [ $i -lt 200 ]; do {run} run --detach --bundle '{Bundle.Path}' {Id}-$i </dev/null >>many.log 2>&1 & i=$((i + 1)); done; wait
            cat many.log; {run} list --quiet | wc -l; {run} list | grep -c running; systemctl list-units --no-legend 'ocirun-{Id}-*.scope' | wc -l
            """).Should().Be("200\n200\n200\n");
        Shell($"""
            cd '{Work}'; i=0; while [ $i -lt 200 ]; do {run} delete --force {Id}-$i >>gone.log 2>&1 & i=$((i + 1)); done; wait
            cat gone.log; {run} list --quiet | wc -l; systemctl list-units --all --no-legend 'ocirun-{Id}-*.scope' | wc -l
            """).Should().Be("0\n0\n");
    }

    [VmFact]
    public void A_user_has_limits_through_a_systemd_of_their_own()
    {
        Execute("loginctl", "enable-linger", "user");
        Eventually(() => File.Exists("/run/user/1000/bus"), "the user's systemd runs");
        Bundle.ForRootless();
        Bundle.Linux["uidMappings"] = JsonNode.Parse("""[{"containerID":0,"hostID":1000,"size":1}]""");
        Bundle.Linux["gidMappings"] = JsonNode.Parse("""[{"containerID":0,"hostID":1000,"size":1}]""");
        Bundle.Linux["resources"] = JsonNode.Parse("""{"memory":{"limit":67108864},"pids":{"limit":40}}""");
        Bundle.Shell("sed -n s/^0:://p /proc/self/cgroup");
        Bundle.NoNamespace("cgroup");
        Bundle.Save();
        Execute("chown", "-R", "1000:1000", Work);
        string run = $"runuser -u user -- env XDG_RUNTIME_DIR=/run/user/1000 '{Runtime.Binary}' --root '{Work}/root' --systemd-cgroup";
        string cgroup = $"/user.slice/user-1000.slice/user@1000.service/user.slice/ocirun-{Id}.scope";
        Shell($"{run} run --bundle '{Bundle.Path}' {Id} 2>&1").Should().Be(cgroup + "\n");
        Bundle.Args("sleep", "1000").Save();
        Shell($"{run} run --detach --bundle '{Bundle.Path}' {Id} >'{Work}/out' 2>&1 </dev/null; cat '{Work}/out'").Should().BeEmpty();
        Limits(cgroup).Should().Be("67108864 40");
        Shell($"{run} update --memory 32m {Id} 2>&1").Should().BeEmpty();
        Limits(cgroup).Should().Be("33554432 40");
        Shell($"runuser -u user -- '{Runtime.Binary}' --root '{Work}/root' delete --force {Id} 2>&1").Should().BeEmpty();
    }

    // Root does not read a user's state.
    private static string Limits(string cgroup) =>
        $"{File.ReadAllText($"/sys/fs/cgroup{cgroup}/memory.max").Trim()} {File.ReadAllText($"/sys/fs/cgroup{cgroup}/pids.max").Trim()}";

    private Runtime.Call Container(string script)
    {
        Bundle.Linux["resources"] = JsonNode.Parse(Resources);
        Bundle.Shell(script);
        Use(View.Systemd);
        Runtime.Call call = Call("create");
        call.Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        return call;
    }

    private static void Reload() => Execute("systemctl", "daemon-reload");

    // What the container says from now on, a few times.
    private static bool Since(Runtime.Call call, string text)
    {
        int from = call.Out.Length;
        Eventually(() => call.Out.Length > from + (4 * 60), "it goes on saying something");
        string[] lines = call.Out[from..].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Skip(2).SkipLast(1).All(line => line.EndsWith(text.TrimEnd('\n'), StringComparison.Ordinal));
    }

    private static string Shell(string script)
    {
        ProcessStartInfo info = new("/bin/sh") { RedirectStandardOutput = true, UseShellExecute = false };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add(script);
        using Process process = Process.Start(info)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    private string[] Values(params string[] files)
    {
        string cgroup = UpdateTests.Cgroup(Pid());
        return Array.ConvertAll(files, file => File.ReadAllText(Path.Combine(cgroup, file)).Trim());
    }
}
