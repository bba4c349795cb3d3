using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>exec on a kernel, or below a filter, that lacks system calls.</summary>
public sealed class ExecFallbackTests : RuntimeTest
{
    // setns of all namespaces of the default bundle at once, which a kernel before 5.8 does not know: the flags as a number.
    private const string Joining = "setns:1845624832";

    private const string Look = """
        for n in mnt pid net ipc uts cgroup; do [ "$(readlink /proc/1/ns/$n)" = "$(readlink /proc/self/ns/$n)" ] || echo $n; done
        hostname; pwd; ls /proc/self/fd | wc -l; grep -c ^0::/$ /proc/self/cgroup; grep -E 'CapBnd|NoNew' /proc/self/status
        """;

    [RuntimeTheory]
    [InlineData(Joining, "EINVAL")]
    [InlineData("clone3", "ENOSYS")]
    [InlineData("openat2", "ENOSYS")]
    [InlineData("close_range", "ENOSYS")]
    [InlineData("keyctl", "ENOSYS")]
    [InlineData("faccessat2", "EPERM")]
    [InlineData("fsopen", "ENOSYS")]
    [InlineData("openat2,close_range,clone3,keyctl,faccessat2,fsopen", "ENOSYS")]
    [InlineData("fsopen," + Joining, "EINVAL")]
    public void A_process_joins_as_well_without_the_call(string calls, string errno)
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();

        Runtime.With("exec", "--cwd", "/etc", Id, "sh", "-c", Look).Under(Nosys.Install(Work), errno, calls).Run()
            .Should().Be(new Outcome(0, "box\n/etc\n4\n1\nCapBnd:\t0000000020000420\nNoNewPrivs:\t1\n", ""));
    }

    [RuntimeFact]
    public void The_expectation_is_what_a_current_kernel_gives()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();

        Runtime.Run("exec", "--cwd", "/etc", Id, "sh", "-c", Look).Out.Should().Be("box\n/etc\n4\n1\nCapBnd:\t0000000020000420\nNoNewPrivs:\t1\n");
    }
}
