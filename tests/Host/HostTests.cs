using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using FluentAssertions;
using OciRun.Host;
using Xunit;

namespace OciRun.Tests.Host;

public sealed class HostTests
{
    [Fact]
    public void The_newest_capability_is_the_kernels() =>
        Machine.LastCapability.Should().Be(int.Parse(File.ReadAllText("/proc/sys/kernel/cap_last_cap")));

    [Theory]
    [InlineData("40\n", 40)]
    [InlineData("41", 41)]
    [InlineData("", 40)]
    [InlineData("x", 40)]
    [InlineData("99\n", 40)]
    [InlineData("99999999999\n", 40)]
    public void A_last_capability_that_cannot_be_read_is_the_usual_one(string text, int expected) =>
        Machine.ParseLastCapability(Encoding.UTF8.GetBytes(text)).Should().Be(expected);

    [Fact]
    public void The_kernels_version_is_that_of_uname()
    {
        ProcessStartInfo uname = new("uname", "-r") { RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(uname)!;
        process.StandardOutput.ReadToEnd().Should().StartWith(
            $"{Machine.KernelVersion.Major}.{Machine.KernelVersion.Minor}.{Machine.KernelVersion.Build}");
    }

    [Theory]
    [InlineData("6.1.0-13-amd64", "6.1.0")]
    [InlineData("5.15.167.4-microsoft-standard-WSL2", "5.15.167")]
    [InlineData("6.18", "6.18.0")]
    [InlineData("6.18-rc1", "6.18.0")]
    [InlineData("6", "6.0.0")]
    [InlineData("6.x.3", "6.0.0")]
    [InlineData("99999999999.1", "0.0.0")]
    [InlineData("", "0.0.0")]
    public void A_release_is_read_up_to_what_is_no_number(string release, string expected) =>
        Machine.ParseRelease(Encoding.UTF8.GetBytes(release)).Should().Be(Version.Parse(expected));

    [Theory]
    [InlineData("         0          0 4294967295\n", false)]
    [InlineData("0 0 4294967295", false)]
    [InlineData("", false)]
    [InlineData("         0       1000          1\n", true)]
    [InlineData("         0          0      65536\n", true)]
    [InlineData("         1          0 4294967295\n", true)]
    [InlineData("         0          1 4294967295\n", true)]
    [InlineData("         0          0          1\n         1          1 4294967294\n", true)]
    [InlineData("         0          0 4294967295\n         5 0 1\n", true)]
    public void Any_map_but_the_whole_identity_is_a_user_namespace(string map, bool expected) =>
        Machine.IsMapped(Encoding.UTF8.GetBytes(map)).Should().Be(expected);

    [Fact]
    public void This_process_is_where_its_map_says() =>
        Machine.InUserNamespace.Should().Be(!File.ReadAllText("/proc/self/uid_map").Contains("4294967295", StringComparison.Ordinal));

    [Fact]
    public void The_option_decides_about_rootless_cgroups_before_the_ids_do()
    {
        Machine.IsRootlessCgroup(true).Should().BeTrue();
        Machine.IsRootlessCgroup(false).Should().BeFalse();
        Machine.IsRootlessCgroup(null).Should().Be(Environment.UserName != "root" || Machine.InUserNamespace);
    }

    [Fact]
    public void Security_modules_are_on_when_the_kernel_lists_them()
    {
        const string list = "/sys/kernel/security/lsm";
        string modules = File.Exists(list) ? File.ReadAllText(list) : "";
        if (!modules.Contains("apparmor", StringComparison.Ordinal))
            Machine.AppArmorEnabled.Should().Be(File.Exists("/sys/module/apparmor/parameters/enabled"));
        Machine.SELinuxEnabled.Should().Be(File.Exists("/sys/fs/selinux/enforce"));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("unconfined\n", false)]
    [InlineData("unconfined", false)]
    [InlineData("docker-default (enforce)\n", true)]
    [InlineData("unconfined//&box (complain)\n", true)]
    public void A_label_other_than_unconfined_is_a_profile(string label, bool expected) =>
        Machine.IsConfined(Encoding.UTF8.GetBytes(label)).Should().Be(expected);

    [Fact]
    public void Facts_are_kept()
    {
        Machine.KernelVersion.Should().BeSameAs(Machine.KernelVersion);
        _ = (Machine.LastCapability, Machine.InUserNamespace, Machine.AppArmorEnabled, Machine.SELinuxEnabled);
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = (Machine.LastCapability, Machine.InUserNamespace, Machine.AppArmorEnabled, Machine.SELinuxEnabled);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }
}
