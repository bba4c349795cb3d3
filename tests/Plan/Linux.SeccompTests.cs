using System.Linq;
using FluentAssertions;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class LinuxSeccompTests
{
    [Theory]
    [InlineData("SCMP_ACT_NOTIFY", true)]
    [InlineData("SCMP_ACT_ERRNO", false)]
    public void A_filter_with_a_listener_is_loaded_before_the_gate(string action, bool before)
    {
        ContainerPlan plan = new Sample
        {
            Process = "\"noNewPrivileges\": true, \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 9, \"hard\": 9}]",
            Linux = $$"""
                "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x", "syscalls": [{"names": ["mkdir"], "action": "{{action}}"}]}
                """,
        }.Plan();
        Op[] ops = plan.Steps.Select(step => step.Op).SkipWhile(op => op != Op.Ready).ToArray();
        ops.Should().Equal(before
            ? [Op.Ready, Op.Rlimit, Op.CatchSignals, Op.Seccomp, Op.HandOverListener, Op.Gate, Op.Execute]
            : [Op.Ready, Op.Gate, Op.Rlimit, Op.Seccomp, Op.Execute]);
    }
}
