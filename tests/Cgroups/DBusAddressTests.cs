using System;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class DBusAddressTests
{
    [Theory]
    [InlineData("unix:path=/run/dbus/system_bus_socket", "/run/dbus/system_bus_socket")]
    [InlineData("unix:path=/run/a%20b,guid=0123", "/run/a b")]
    [InlineData("unix:guid=0123,path=/run/x", "/run/x")]
    [InlineData("unix:abstract=/tmp/dbus-x%2c", "@/tmp/dbus-x,")]
    [InlineData("tcp:host=localhost,port=1;unix:path=/b;unix:abstract=c", "/b @c")]
    [InlineData("unix:path=/gr%c3%bc%C3%9F", "/grüß")]
    public void Addresses(string text, string sockets) =>
        string.Join(' ', DBusAddress.Parse(text, "DBUS")).Should().Be(sockets);

    [Theory]
    [InlineData("", "no unix socket is named")]
    [InlineData("tcp:host=localhost", "no unix socket is named")]
    [InlineData("unix:tmpdir=/tmp", "no unix socket is named")]
    [InlineData("/run/bus", "\"/run/bus\" has no transport")]
    [InlineData("unix:path", "\"path\" is no key=value")]
    [InlineData("unix:path=run/bus", "\"path=run/bus\" is no absolute path")]
    [InlineData("unix:path=", "\"path=\" is no absolute path")]
    [InlineData("unix:path=/a%2", "\"path=/a%2\" is not escaped as it must be")]
    [InlineData("unix:path=/a%00b", "\"path=/a%00b\" is not escaped as it must be")]
    [InlineData("unix:path=/a%zz", "\"path=/a%zz\" is not escaped as it must be")]
    public void Refused_addresses(string text, string why)
    {
        Action parse = () => DBusAddress.Parse(text, "DBUS_SESSION_BUS_ADDRESS");
        parse.Should().Throw<FaultException>().Which.Fault.Should().Match<Fault>(fault =>
            fault.Message == "invalid D-Bus address: " + why && fault.Field == "DBUS_SESSION_BUS_ADDRESS");
    }
}
