using System;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class SystemdInstanceTests
{
    [Theory]
    [InlineData("unix:path=/x", "/run/user/1", "unix:path=/x")]
    [InlineData("", "/run/user/1", "unix:path=/run/user/1/bus")]
    [InlineData(null, "/run/a,b", "unix:path=/run/a%2cb/bus")]
    public void The_user_bus_is_found_as_its_clients_find_it(string? session, string? runtime, string address) =>
        SystemdInstance.User(session, runtime).Should().Be(new SystemdInstance(true, address));

    [Fact]
    public void Without_a_user_bus_the_error_says_what_to_install()
    {
        Action find = () => SystemdInstance.User(null, "");
        find.Should().Throw<FaultException>().Which.Fault.Text().Should().Be(
            "--systemd-cgroup: no D-Bus of the user is known: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set; install "
            + "a user D-Bus (package dbus-user-session) and log in again, or run without --systemd-cgroup");
    }

    [Fact]
    public void The_system_bus_may_be_elsewhere()
    {
        SystemdInstance.System("").Address.Should().BeNull();
        SystemdInstance.System("unix:path=/y").Address.Should().Be("unix:path=/y");
    }

    [Fact]
    public void The_next_address_of_a_list_is_tried()
    {
        using FakeBus bus = new();
        using DBusConnection connection = new SystemdInstance(true, $"unix:path=/nonexistent;unix:path={bus.Path}").Connect(0);
        connection.Flush();
        connection.Receive(System.Diagnostics.Stopwatch.GetTimestamp() + (5 * System.Diagnostics.Stopwatch.Frequency)).ReplySerial.Should().Be(1);
    }

    [Fact]
    public void A_user_bus_that_is_not_there_is_told_with_advice()
    {
        Action connect = () => new SystemdInstance(true, "unix:path=/nonexistent").Connect(0).Dispose();
        connect.Should().Throw<FaultException>().Which.Fault.Hint.Should().Contain("dbus-user-session");
    }
}
