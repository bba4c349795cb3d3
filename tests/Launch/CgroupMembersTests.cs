using System;
using FluentAssertions;
using OciRun.Launch;
using OciRun.State;
using OciRun.Tests.Commands;
using OciRun.Tests.State;
using Xunit;

namespace OciRun.Tests.Launch;

public sealed class CgroupMembersTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void All_members_but_the_excepted_are_signalled()
    {
        using Cgroup cgroup = new();
        int kept = _scratch.Sleep();
        int hit = _scratch.Sleep();
        int nested = _scratch.Sleep();
        cgroup.Add(kept);
        cgroup.Add(hit);
        cgroup.Add(nested, "a/b");
        CgroupMembers.Signal(cgroup.Path, 15, except: kept);
        KillTests.WaitForExit(hit);
        KillTests.WaitForExit(nested);
        ProcStat.TryRead(kept, out ProcStat stat).Should().BeTrue();
        stat.IsAlive.Should().BeTrue();
    }
}
