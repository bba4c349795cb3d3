using System;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class DBusMessageTests
{
    private static readonly DBusTarget Target = new("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");

    [Fact]
    public void A_call_is_the_bytes_of_the_specification()
    {
        DBusWriter writer = new();
        writer.Raw("x"u8);
        writer.Call(3, Target, "StopUnit", "ss");
        writer.Value("a.scope");
        writer.Value("replace");
        writer.End();
        byte[] expected = DBusWire.Message(
            1, false, [(1, "o", Target.Path), (2, "s", Target.Interface), (3, "s", "StopUnit"), (6, "s", Target.Destination)],
            [DBusValue.Of("a.scope"), DBusValue.Of("replace")]);
        expected[8] = 3;
        writer.Bytes[1..].ToArray().Should().Equal(expected);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reply_is_read_in_both_byte_orders(bool bigEndian)
    {
        byte[] bytes = [.. DBusWire.Return(9, DBusValue.Of("value"), bigEndian), 1, 2, 3];
        DBusMessage message = DBusMessage.Take(bytes, out int size)!;
        size.Should().Be(bytes.Length - 3);
        (message.Type, message.ReplySerial, message.Signature, message.Text, message.Sender)
            .Should().Be((DBusMessage.MethodReturn, 9u, "s", "value", ":1.0"));
    }

    [Fact]
    public void A_message_in_pieces_is_none_until_it_is_whole()
    {
        byte[] bytes = DBusWire.JobRemoved(1, "/job/1", "a.scope", "done");
        for (int i = 0; i < bytes.Length; i++)
            DBusMessage.Take(bytes.AsSpan(0, i), out _).Should().BeNull();
        DBusMessage message = DBusMessage.Take(bytes, out _)!;
        (message.Interface, message.Member, message.Signature).Should().Be((Target.Interface, "JobRemoved", "uoss"));
    }

    [Fact]
    public void An_error_has_its_name_and_text()
    {
        DBusMessage message = DBusMessage.Take(DBusWire.Error(4, "org.x.Failed", "no"), out _)!;
        (message.Type, message.ErrorName, message.Text).Should().Be((DBusMessage.Error, "org.x.Failed", "no"));
    }

    [Theory]
    [InlineData(0, (byte)'x')]
    [InlineData(3, (byte)2)]
    [InlineData(7, (byte)0x7f)]
    [InlineData(15, (byte)0x7f)]
    [InlineData(14, (byte)0x20)]
    public void What_is_no_message_is_refused_at_once(int at, byte value)
    {
        byte[] bytes = DBusWire.Return(1);
        bytes[at] = value;
        Action take = () => DBusMessage.Take(bytes, out _);
        take.Should().Throw<FaultException>().Which.Fault.Message.Should().StartWith("malformed D-Bus message: ");
    }

    [Fact]
    public void A_field_of_another_type_is_refused()
    {
        byte[] bytes = DBusWire.Message(2, false, [(5, "s", "nine")], []);
        Action take = () => DBusMessage.Take(bytes, out _);
        take.Should().Throw<FaultException>().Which.Fault.Message.Should().Contain("wrong type");
    }

    [Fact]
    public void Noise_does_no_more_than_fail()
    {
        byte[] whole = DBusWire.JobRemoved(1, "/job/1", "a.scope", "done");
        Random random = new(7);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            for (int n = random.Next(1, 4); n > 0; n--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                DBusMessage.Take(changed, out _);
            }
            catch (FaultException)
            {
                // Refused.
            }
        }
    }
}
