using System;
using System.Diagnostics;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class DBusConnectionTests
{
    private static readonly DBusTarget Target = new("a.b", "/a", "a.b.C");

    [Theory]
    [InlineData(1000u, "OK 01\r\n", "\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n")]
    [InlineData(0u, "OK 01\r\n", "\0AUTH EXTERNAL 30\r\nBEGIN\r\n")]
    [InlineData(null, "DATA\r\nOK 01\r\n", "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")]
    public void The_identity_is_sent_or_left_to_the_socket(uint? uid, string greeting, string seen)
    {
        using FakeBus bus = new() { Greeting = greeting };
        using DBusConnection connection = Open(bus, uid);
        connection.Flush();
        connection.Receive(In(5)).ReplySerial.Should().Be(1);
        bus.AuthenticationSeen.Should().Be(seen);
        bus.Calls.Should().Equal("Hello");
    }

    [Fact]
    public void Answers_may_come_in_pieces()
    {
        using FakeBus bus = new()
        {
            Piece = 1,
            OnCall = (_, arguments, serial) => DBusWire.Return(serial, DBusValue.Of(arguments), bigEndian: true),
        };
        using DBusConnection connection = Open(bus, 0);
        connection.Call(Target, "One", "st", DBusValue.Of("a"), DBusValue.Of(5ul));
        connection.Flush();
        connection.Receive(In(5));
        connection.Receive(In(5)).Text.Should().Be("s \"a\" t 5");
    }

    [Fact]
    public void A_long_answer_is_read()
    {
        string text = new('x', 200_000);
        using FakeBus bus = new() { OnCall = (_, _, serial) => DBusWire.Return(serial, DBusValue.Of(text)) };
        using DBusConnection connection = Open(bus, 0);
        connection.Flush();
        connection.Receive(In(5)).Text.Should().Be(text);
    }

    [Theory]
    [InlineData("REJECTED EXTERNAL\r\n", "the bus does not take the identity of this user")]
    [InlineData("ERROR \"what\"\r\n", "unexpected answer \"ERROR \"what\"\"")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "unexpected answer \"HTTP/1.1 400 Bad Request\"")]
    public void Who_does_not_take_the_identity_is_named(string greeting, string why)
    {
        using FakeBus bus = new() { Greeting = greeting };
        Failure(bus).Message.Should().Be($"the message bus at {bus.Path} refuses this process: {why}");
    }

    [Fact]
    public void A_line_without_end_is_not_read_for_ever()
    {
        using FakeBus bus = new() { Greeting = new string('x', 5000) };
        Failure(bus).Message.Should().Contain("unexpected answer");
    }

    [Fact]
    public void Silence_ends_at_the_deadline()
    {
        using FakeBus bus = new() { OnCall = (_, _, _) => null };
        long start = Stopwatch.GetTimestamp();
        Failure(bus, 0.2).Should().Match<Fault>(fault =>
            fault.Code == DBusConnection.TimeoutCode && fault.Message == $"no answer from the message bus at {bus.Path} in time");
        Stopwatch.GetElapsedTime(start).TotalSeconds.Should().BeInRange(0.19, 5);
    }

    [Fact]
    public void Silence_at_the_authentication_ends_at_the_deadline()
    {
        using FakeBus bus = new() { Greeting = null, OnCall = (_, _, _) => null };
        Failure(bus, 0.1).Code.Should().Be(DBusConnection.TimeoutCode);
    }

    [Fact]
    public void The_end_of_the_connection_is_told()
    {
        using FakeBus bus = new() { OnCall = (_, _, _) => null, HangUp = _ => true };
        Failure(bus).Should().Match<Fault>(fault =>
            fault.Code == DBusConnection.ClosedCode && fault.Message == $"the message bus at {bus.Path} closed the connection");
    }

    [Fact]
    public void Garbage_is_no_message()
    {
        using FakeBus bus = new() { OnCall = (_, _, _) => new byte[64] };
        Failure(bus).Message.Should().StartWith("malformed D-Bus message: ");
    }

    [Fact]
    public void A_bus_that_refuses_Hello_is_told()
    {
        using FakeBus bus = new() { OnCall = (_, _, serial) => DBusWire.Error(serial, "org.freedesktop.DBus.Error.LimitsExceeded", "full") };
        Failure(bus).Message.Should().EndWith("refuses this process: org.freedesktop.DBus.Error.LimitsExceeded: full");
    }

    [Fact]
    public void Nobody_listening_is_told()
    {
        Action open = () => DBusConnection.Open(new DBusAddress("/nonexistent/bus", false), 0, true, 1);
        open.Should().Throw<FaultException>().Which.Fault.Text().Should()
            .Be("cannot connect to the message bus at /nonexistent/bus: no such file or directory (connect: ENOENT)");
    }

    private static Fault Failure(FakeBus bus, double seconds = 5)
    {
        using DBusConnection connection = Open(bus, 0);
        connection.Flush();
        Action receive = () => connection.Receive(In(seconds));
        return receive.Should().Throw<FaultException>().Which.Fault;
    }

    private static DBusConnection Open(FakeBus bus, uint? uid) =>
        DBusConnection.Open(new DBusAddress(bus.Path, false), uid, isBus: true, limit: 5);

    private static long In(double seconds) => Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
}
