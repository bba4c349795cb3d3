using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// A container that watches what enters it: CVE-2016-9962, CVE-2019-5736, CVE-2024-21626 (security.md D1 to D3, R-035, F-04).
/// </summary>
public sealed class ExecAttackTests : RuntimeTest
{
    private const int Execs = 150;
    private const int SlowExecs = 3;

    // What the runtime's process is there it must not show to anybody: no file, no memory, no descriptor.
    [RuntimeTheory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, true)]
    public void The_joining_process_cannot_be_looked_into(bool userNamespace, bool ptrace, bool slow)
    {
        if (userNamespace)
            Bundle.MapUsers();
        Watch(ptrace, slow);

        Seen().Should().OnlyContain(line => line.StartsWith("rounds "));
    }

    // Over the host's user namespace CAP_SYS_PTRACE opens every process that is visible. What becomes visible has no more
    // rights than the container and holds nothing but its way to the parent.
    [RuntimeFact]
    public void Who_may_trace_everything_gains_nothing_by_it()
    {
        Watch(ptrace: true);

        string[] seen = Seen();
        seen.Should().NotContain(line => line.StartsWith("writable "));
        seen.Where(line => line.StartsWith("fd ")).Should().OnlyContain(line => line == "fd socket");
        ulong own = 0x20080420;
        seen.Where(line => line.Split(' ')[0] is "mem" or "ptrace" or "root" or "exe")
            .Should().OnlyContain(line => (Convert.ToUInt64(line.Split(' ')[1], 16) & ~own) == 0);
    }

    [RuntimeTheory]
    [InlineData("/proc/self/exe")]
    [InlineData("/proc/1/exe")]
    [InlineData("/bin/script")]
    public void The_runtime_is_never_what_the_container_can_write_to(string program)
    {
        Bundle.WithFile("/bin/script", "#!/proc/self/exe\n", (UnixFileMode)0b111_101_101);
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        byte[] before = SHA256.HashData(File.ReadAllBytes(Runtime.Binary));

        Runtime.Run("exec", Id, program, "--version");

        SHA256.HashData(File.ReadAllBytes(Runtime.Binary)).Should().Equal(before);
        File.Open(Runtime.Binary, FileMode.Open, FileAccess.ReadWrite).Dispose();
        Status().Should().Be("running");
    }

    // At whatever moment the call is killed: nobody stays half-way in the container, and it lives on.
    [RuntimeFact]
    public void A_killed_call_leaves_no_stranger()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string cgroup = Leftovers.Cgroup2Mount
            + File.ReadLines($"/proc/{Pid()}/cgroup").Single(line => line.StartsWith("0::", StringComparison.Ordinal))[3..];
        for (int i = 0; i < 60; i++)
        {
            using Process call = Runtime.With("exec", Id, "sleep", "0.01").Start();
            Stopwatch watch = Stopwatch.StartNew();
            while (watch.Elapsed.TotalMilliseconds < i * 0.15)
                Thread.SpinWait(20);
            Syscall.kill(call.Id, Signum.SIGKILL);
            call.WaitForExit(5000).Should().BeTrue();
        }

        Eventually(() => File.ReadAllLines(cgroup + "/cgroup.procs").Length == 1, "only the container's own process is there");
        Status().Should().Be("running");
    }

    private void Watch(bool ptrace, bool slow = false)
    {
        Probe.Install(Bundle);
        if (ptrace)
        {
            foreach (string set in new[] { "bounding", "effective", "permitted" })
                ((JsonArray)Bundle.Process["capabilities"]![set]!).Add((JsonNode)"CAP_SYS_PTRACE");
        }

        File.SetUnixFileMode(Bundle.Rootfs, (UnixFileMode)0b111_111_111);
        Bundle.Args("probe", "spy");
        CreateAndStart();

        // Before each of its calls it stands still for longer than a look takes.
        string[] tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=all:delay_enter=3000"];
        for (int i = 0; i < (slow ? SlowExecs : Execs); i++)
            Runtime.With("exec", Id, "true").Under(slow ? tracer : []).Run().Exit.Should().Be(0);
        File.WriteAllText(Bundle.InRootfs("/stop"), "");
        Eventually(() => Status() == "stopped", "the probe ends");
    }

    private string[] Seen()
    {
        string[] lines = File.ReadAllLines(Bundle.InRootfs("/seen"));
        lines.Should().Contain(line => line.StartsWith("rounds "), "it watched");
        return lines;
    }
}
