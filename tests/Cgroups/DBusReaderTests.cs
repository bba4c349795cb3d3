using System;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class DBusReaderTests
{
    // One value of every type, nested, such that padding is needed in many places.
    private static readonly DBusValue[] Everything =
    [
        DBusValue.OfType('y', 255), DBusValue.Of(true), DBusValue.OfType('n', unchecked((ulong)-2)), DBusValue.OfType('q', 65535),
        DBusValue.OfType('y', 1), DBusValue.OfType('i', unchecked((ulong)int.MinValue)), DBusValue.Of(uint.MaxValue), DBusValue.OfType('h', 3),
        DBusValue.OfType('x', unchecked((ulong)long.MinValue)), DBusValue.Of(ulong.MaxValue), DBusValue.Of(0.25), DBusValue.Of("grüß"),
        DBusValue.OfType('o', "/a/b"), DBusValue.OfType('g', "a{sv}"), DBusValue.Strings("", "b"), DBusValue.Bytes([0, 1]),
        DBusValue.Array("u"), DBusValue.Array("t"), DBusValue.Array("u", DBusValue.Of(7u)),
        DBusValue.Array("(st)", DBusValue.Struct(DBusValue.Of("x"), DBusValue.Of(1ul)), DBusValue.Struct(DBusValue.Of("yy"), DBusValue.Of(2ul))),
        DBusValue.Array("{sv}", DBusValue.Entry(DBusValue.Of("k"), DBusValue.Variant(DBusValue.Array("(ss)", DBusValue.Struct(DBusValue.Of("a"), DBusValue.Of("b")))))),
        DBusValue.Variant(DBusValue.Variant(DBusValue.Of("deep"))),
        DBusValue.Array("(sa(sv))", DBusValue.Struct(DBusValue.Of("n"), DBusValue.Array("(sv)", DBusValue.Struct(DBusValue.Of("p"), DBusValue.Variant(DBusValue.Of(true)))))),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_type_is_read_in_both_byte_orders(bool bigEndian)
    {
        DBusReader reader = new(DBusWire.Values(bigEndian, Everything), bigEndian);
        foreach (DBusValue value in Everything)
            reader.Value(value.Signature).ToString().Should().Be(value.ToString());
        reader.AtEnd.Should().BeTrue();
    }

    [Fact]
    public void What_the_writer_writes_is_what_an_independent_one_writes()
    {
        DBusWriter writer = new();
        foreach (DBusValue value in Everything)
            writer.Value(value);
        writer.Bytes.ToArray().Should().Equal(DBusWire.Values(false, Everything));
    }

    [Fact]
    public void No_cut_or_changed_byte_does_more_than_fail()
    {
        byte[] whole = DBusWire.Values(false, Everything);
        for (int cut = 0; cut < whole.Length; cut++)
            Read(whole[..cut]).Should().BeFalse();
        Random random = new(5);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] changed = (byte[])whole.Clone();
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            Read(changed);
        }
    }

    [Theory]
    [InlineData("s", new byte[] { 255, 255, 255, 255, 65, 0 }, "a text is longer than its message")]
    [InlineData("s", new byte[] { 1, 0, 0, 0, 65, 66 }, "a text does not end with its NUL")]
    [InlineData("s", new byte[] { 1, 0, 0, 0, 0, 0 }, "a text does not end with its NUL")]
    [InlineData("u", new byte[] { 1, 0, 0 }, "it is cut off")]
    [InlineData("b", new byte[] { 2, 0, 0, 0 }, "a boolean is neither 0 nor 1")]
    [InlineData("ay", new byte[] { 255, 255, 255, 127 }, "an array is longer than its message")]
    [InlineData("au", new byte[] { 3, 0, 0, 0, 1, 0, 0, 0 }, "an array ends within an element")]
    [InlineData("v", new byte[] { 2, (byte)'s', (byte)'s', 0 }, "a variant is not of one type")]
    [InlineData("v", new byte[] { 0, 0 }, "a variant is not of one type")]
    [InlineData("(yu)", new byte[] { 1, 1, 0, 0, 0, 0, 0, 0 }, "padding that is not zero")]
    public void Hostile_values_are_refused(string signature, byte[] bytes, string why)
    {
        Action read = () => new DBusReader(bytes, false).Value(signature);
        read.Should().Throw<FaultException>().Which.Fault.Message.Should().Be("malformed D-Bus message: " + why);
    }

    [Fact]
    public void Variants_within_variants_end_somewhere()
    {
        byte[] bytes = new byte[300 * 3];
        for (int i = 0; i < bytes.Length; i += 3)
            (bytes[i], bytes[i + 1]) = (1, (byte)'v');
        Action read = () => new DBusReader(bytes, false).Value("v");
        read.Should().Throw<FaultException>().Which.Fault.Message.Should().Contain("nested too deeply");
    }

    [Theory]
    [InlineData("a{sv}", 5)]
    [InlineData("a(sa(sv))x", 9)]
    [InlineData("(iii)", 5)]
    [InlineData("()", 0)]
    [InlineData("(i", 0)]
    [InlineData("a", 0)]
    [InlineData("{sv}", 0)]
    [InlineData("a{vs}", 0)]
    [InlineData("a{sss}", 0)]
    [InlineData("r", 0)]
    [InlineData("", 0)]
    public void A_signature_starts_with_a_complete_type_or_with_none(string signature, int length) =>
        DBusSignature.LengthOfFirst(signature).Should().Be(length);

    private static bool Read(byte[] bytes)
    {
        try
        {
            DBusReader reader = new(bytes, false);
            foreach (DBusValue value in Everything)
                reader.Value(value.Signature);
            return reader.AtEnd;
        }
        catch (FaultException)
        {
            return false;
        }
    }
}
