using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using OciRun.Cgroups;
using OciRun.Kernel;
using OciRun.Launch;

namespace OciRun.Fuzz.Targets;

/// <summary>What comes over sockets: D-Bus messages and the kernel's netlink answers; and values in GVariant's text form.</summary>
internal static class Buses
{
    private static readonly string[] Values =
    [
        "true", "'text'", "\"a\\n\\u00e9\\\"\"", "uint64 5", "int16 -3", "0x1F", "017", "1.5e3", "@as []", "['a', 'b']", "{'k': <1>}", "(1, 'x', true)", "<(uint32 7, [byte 1, 2])>",
        "@a{sv} {}", "b'bytes\\001'", "[<'a'>, <5>]", "objectpath '/a/b'", "signature 'a{sv}'", "handle 3", "(1,)", "nothing", "just 5", "byte 0xff", "-9223372036854775808",
        "[[[[1]]]]", "{uint32 1: (2, 3.0)}", "'\\U0001f600'", "@(sv) ('a', <true>)", "infoo", "nan", "-inf",
    ];

    public static IEnumerable<Target> All(Scratch scratch)
    {
        string address = scratch.Path + "/bus";
        yield return new Target("dbus", Message, Take);
        yield return new Target("dbus-connection", Conversation, input => Talk(address, input)) { RunsTwice = false };
        yield return Doors.Bytes("gvariant", Array.ConvertAll(Values, Encoding.UTF8.GetBytes), Text);
        yield return new Target("netlink", Attributes, Walk);
    }

    // The fields of a reply with right lengths and padding, one of them wrong now and then.
    private static byte[] Message(Draw draw)
    {
        bool big = draw.Chance(20);
        List<byte> body = [];
        (string signature, Action<List<byte>> fill) = draw.Of<(string, Action<List<byte>>)>(
        [
            ("o", b => Put(b, "/org/freedesktop/systemd1/job/7", big, draw)),
            ("s", b => Put(b, "text", big, draw)),
            ("uoss", b => { Put(b, 7u, big, draw); Put(b, "/org/freedesktop/systemd1/job/7", big, draw); Put(b, "a.scope", big, draw); Put(b, "done", big, draw); }),
            ("v", b => { b.AddRange([1, (byte)'s', 0]); Put(b, "252.5", big, draw); }),
            ("a(sv)", b => { Put(b, 24u, big, draw); Align(b, 8); Put(b, "k", big, draw); b.AddRange([1, (byte)'t', 0]); Align(b, 8); b.AddRange(draw.Bytes(8)); }),
            ("", static _ => { }),
        ]);
        fill(body);
        List<byte> all = [big ? (byte)'B' : (byte)'l', draw.Of<byte>([2, 3, 4, 2, 1, 0, 255]), 0, 1];
        Put(all, (uint)body.Count, big, draw);
        Put(all, 5u, big, draw);
        List<byte> fields = [];
        foreach ((byte code, char type, string text) in (ReadOnlySpan<(byte, char, string)>)[(1, 'o', "/a"), (2, 's', "org.freedesktop.systemd1.Manager"), (3, 's', "JobRemoved"), (4, 's', "org.freedesktop.DBus.Error.Failed"), (5, 'u', ""), (7, 's', ":1.1"), (8, 'g', signature), (9, 'u', "")])
        {
            if (draw.Chance(25))
                continue;
            Align(fields, 8);
            fields.AddRange([code, 1, (byte)(draw.Chance(97) ? type : draw.Of<char>("sogubv(a".ToCharArray())), 0]);
            if (type == 'u')
                Put(fields, (uint)draw.Below(4), big, draw);
            else if (type == 'g')
                fields.AddRange([(byte)text.Length, .. Encoding.ASCII.GetBytes(text), 0]);
            else
                Put(fields, text, big, draw);
        }

        Put(all, (uint)fields.Count, big, draw);
        all.AddRange(fields);
        Align(all, 8);
        all.AddRange(body);
        byte[] message = [.. all];
        return draw.Chance(50) ? ByteMutator.Mutate(message, draw) : message;
    }

    private static byte[] Conversation(Draw draw)
    {
        List<byte> all = [.. draw.Of<byte[]>(["OK 0123456789abcdef\r\n"u8.ToArray(), "DATA\r\nOK x\r\n"u8.ToArray(), "REJECTED EXTERNAL\r\n"u8.ToArray(), "ERROR\r\n"u8.ToArray(), draw.Bytes(30), [.. new byte[3000]]])];
        if (draw.Chance(80))
            all = [.. "OK 0123456789abcdef\r\n"u8];
        for (int i = draw.Few(6); i > 0; i--)
            all.AddRange(Message(draw));
        return [.. all];
    }

    private static string Take(byte[] input)
    {
        StringBuilder seen = new();
        ReadOnlySpan<byte> rest = input;
        while (DBusMessage.Take(rest, out int size) is { } message)
        {
            Describe(message, seen);
            rest = rest[size..];
        }

        return seen.ToString();
    }

    private static void Describe(DBusMessage message, StringBuilder seen)
    {
        seen.Append(CultureInfo.InvariantCulture, $"{message.Type} {message.ReplySerial} {message.Interface} {message.Member} {message.ErrorName} {message.Sender} {message.Signature}\n");
        seen.Append(message.Text);
        DBusReader reader = message.Body;
        string signature = message.Signature;
        DBusWriter writer = new();
        while (signature.Length > 0)
        {
            int length = DBusSignature.LengthOfFirst(signature);
            if (length == 0)
                break;
            DBusValue value = reader.Value(signature.AsSpan(0, length));
            seen.Append(value);
            writer.Clear();
            writer.Value(value);
            DBusReader back = new(writer.Bytes, bigEndian: false);
            BrokenRule.Unless(back.Value(value.Signature).ToString() == value.ToString() && back.AtEnd, "a D-Bus value that is written reads back otherwise");
            signature = signature[length..];
        }
    }

    // The peer has said everything and closed before the first word is read.
    private static string Talk(string path, byte[] input)
    {
        using Fd listener = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM));
        Sys.unlinkat(Uapi.AT_FDCWD, Sys.Bytes(path), 0);
        BrokenRule.Unless(Sys.bind(listener.Number, Sys.Bytes(path)) == 0 && Sys.listen(listener.Number, 1) == 0, "cannot listen");
        using DBusConnection connection = DBusConnection.Open(DBusAddress.Parse($"unix:path={path}", "test")[0], 0, isBus: true, limit: 5);
        connection.Flush();
        using (System.Net.Sockets.Socket server = new(new System.Net.Sockets.SafeSocketHandle(listener.Release(), ownsHandle: true)))
        using (System.Net.Sockets.Socket peer = server.Accept())
        {
            peer.Send(input.AsSpan(0, Math.Min(input.Length, 100_000)));
        }

        StringBuilder seen = new();
        for (int i = 0; i < 100; i++)
            Describe(connection.Receive(Stopwatch.GetTimestamp() + (5 * Stopwatch.Frequency)), seen);
        return seen.ToString();
    }

    private static string Text(byte[] input)
    {
        DBusValue value = GVariantText.Parse(Encoding.UTF8.GetString(input));
        DBusWriter writer = new();
        writer.Value(value);
        DBusReader reader = new(writer.Bytes, bigEndian: false);
        BrokenRule.Unless(reader.Value(value.Signature).ToString() == value.ToString(), "a value that is written reads back otherwise");
        return value.Signature + value;
    }

    private static byte[] Attributes(Draw draw)
    {
        List<byte> all = [];
        for (int i = draw.Few(8); i > 0; i--)
        {
            byte[] value = draw.Bytes(draw.Below(24));
            ushort length = (ushort)(draw.Chance(80) ? value.Length + 4 : draw.Of<int>([0, 1, 3, 4, 65535, value.Length]));
            all.AddRange([(byte)(length & 0xff), (byte)(length >> 8), .. draw.Bytes(2), .. value]);
            Align(all, 4);
        }

        return draw.Chance(30) ? ByteMutator.Mutate([.. all], draw) : [.. all];
    }

    private static string Walk(byte[] input)
    {
        StringBuilder seen = new();
        NetlinkAttributes attributes = new(input);
        while (attributes.Next())
            seen.Append(CultureInfo.InvariantCulture, $"{attributes.Type}:{Convert.ToHexString(attributes.Value)} ");
        return seen.ToString();
    }

    private static void Put(List<byte> bytes, uint number, bool big, Draw draw)
    {
        Align(bytes, 4);
        byte[] four = new byte[4];
        uint written = draw.Chance(98) ? number : draw.Of<uint>([0, 1, 0xff, 0x7fffffff, 0xffffffff, 1 << 20, number + 1]);
        if (big)
            BinaryPrimitives.WriteUInt32BigEndian(four, written);
        else
            BinaryPrimitives.WriteUInt32LittleEndian(four, written);
        bytes.AddRange(four);
    }

    private static void Put(List<byte> bytes, string text, bool big, Draw draw)
    {
        Put(bytes, (uint)text.Length, big, draw);
        bytes.AddRange(Encoding.ASCII.GetBytes(text));
        bytes.Add(0);
    }

    private static void Align(List<byte> bytes, int boundary)
    {
        while (bytes.Count % boundary != 0)
            bytes.Add(0);
    }
}
