using System;
using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary><c>process.apparmorProfile</c> on a kernel that has AppArmor, with a profile loaded for the test.</summary>
public sealed class ApparmorTests : RuntimeTest
{
    [ApparmorTheory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(true, 1000)]
    [InlineData(false, 1000)]
    public void The_process_is_confined(bool noNewPrivileges, int user)
    {
        string profile = "ocirun-" + Id;
        using ApparmorProfile loaded = new(Work, "  file,\n  capability,\n  deny /secret r,", profile);
        File.WriteAllText(Bundle.InRootfs("/secret"), "x");
        Bundle.Process["apparmorProfile"] = profile;
        Bundle.Process["noNewPrivileges"] = noNewPrivileges;
        Bundle.Process["user"]!["uid"] = user;
        Bundle.Shell("cat /proc/self/attr/current; cat /secret 2>/dev/null || echo denied");
        Run().Should().Be(new Outcome(0, $"{profile} (enforce)\ndenied\n", ""));
    }

    // The host claims to have AppArmor; the kernel's file for the label is there and refuses it.
    [NoApparmorFact]
    public void A_label_that_the_kernel_refuses_ends_the_creation()
    {
        Bundle.Process["apparmorProfile"] = "box";
        Outcome outcome = Call("run").Under(
            "unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
            "mount -t tmpfs tmpfs /sys/module; mkdir -p /sys/module/apparmor/parameters; "
            + "echo Y >/sys/module/apparmor/parameters/enabled; exec \"$@\"",
            "sh").Run();
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().BeEmpty();
        outcome.Err.Should().Contain("process.apparmorProfile \\\"box\\\": cannot set the label").And.Contain("(write: EINVAL)");
    }
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class ApparmorTheoryAttribute : TheoryAttribute
{
    public ApparmorTheoryAttribute() =>
        Skip = Directory.Exists("/sys/kernel/security/apparmor") ? RuntimeRequirement.Missing() : "needs AppArmor";
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class NoApparmorFactAttribute : FactAttribute
{
    public NoApparmorFactAttribute() =>
        Skip = Directory.Exists("/sys/kernel/security/apparmor") ? "needs a kernel without AppArmor" : RuntimeRequirement.Missing();
}
