using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using OciRun.Cgroups;

namespace OciRun.Tests.Cgroups;

/// <summary>Messages as a bus sends them, in either byte order, written independently of the product's writer.</summary>
internal sealed class DBusWire(bool bigEndian = false) : IDisposable
{
    private readonly MemoryStream _bytes = new();

    public static byte[] Return(uint replyTo, DBusValue? value = null, bool bigEndian = false, string sender = ":1.0") =>
        Message(2, bigEndian, [(5, "u", replyTo), (7, "s", sender)], value is null ? [] : [value]);

    public static byte[] Error(uint replyTo, string name, string text) =>
        Message(3, false, [(4, "s", name), (5, "u", replyTo), (7, "s", ":1.0")], [DBusValue.Of(text)]);

    public static byte[] Signal(string path, string type, string member, string sender, params DBusValue[] arguments) =>
        Message(4, false, [(1, "o", path), (2, "s", type), (3, "s", member), (7, "s", sender)], arguments);

    public static byte[] JobRemoved(uint id, string job, string unit, string result, string sender = ":1.0") => Signal(
        "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "JobRemoved", sender,
        DBusValue.Of(id), DBusValue.OfType('o', job), DBusValue.Of(unit), DBusValue.Of(result));

    public static byte[] Message(byte type, bool bigEndian, (byte Code, string Type, object Value)[] fields, DBusValue[] arguments)
    {
        using DBusWire body = new(bigEndian);
        StringBuilder signature = new();
        foreach (DBusValue argument in arguments)
        {
            signature.Append(argument.Signature);
            body.Put(argument);
        }

        List<DBusValue> list = [];
        foreach ((byte code, string kind, object value) in fields)
            list.Add(Field(code, kind == "u" ? DBusValue.Of((uint)value) : DBusValue.OfType(kind[0], (string)value)));
        if (arguments.Length != 0)
            list.Add(Field(8, DBusValue.OfType('g', signature.ToString())));
        using DBusWire message = new(bigEndian);
        message._bytes.Write([(byte)(bigEndian ? 'B' : 'l'), type, 0, 1]);
        message.Put(DBusValue.Of((uint)body._bytes.Length));
        message.Put(DBusValue.Of(77u));
        message.Put(DBusValue.Array("(yv)", [.. list]));
        message.Align(8);
        message._bytes.Write(body._bytes.ToArray());
        return message._bytes.ToArray();
    }

    /// <summary>The bytes of values one after another.</summary>
    public static byte[] Values(bool bigEndian, params DBusValue[] values)
    {
        using DBusWire wire = new(bigEndian);
        foreach (DBusValue value in values)
            wire.Put(value);
        return wire._bytes.ToArray();
    }

    public void Dispose() => _bytes.Dispose();

    private static DBusValue Field(byte code, DBusValue value) =>
        DBusValue.Struct(DBusValue.OfType('y', code), DBusValue.Variant(value));

    private void Put(DBusValue value)
    {
        switch (value.Signature[0])
        {
            case 's' or 'o':
                byte[] text = Encoding.UTF8.GetBytes(value.Text);
                Number((ulong)text.Length, 4);
                _bytes.Write([.. text, 0]);
                break;
            case 'g':
                _bytes.Write([(byte)value.Text.Length, .. Encoding.UTF8.GetBytes(value.Text), 0]);
                break;
            case 'v':
                Put(DBusValue.OfType('g', value.Items[0].Signature));
                Put(value.Items[0]);
                break;
            case '(' or '{':
                Align(8);
                foreach (DBusValue item in value.Items)
                    Put(item);
                break;
            case 'a':
                Number(0, 4);
                long length = _bytes.Position - 4;
                Align(value.Signature[1] is 'x' or 't' or 'd' or '(' or '{' ? 8 : value.Signature[1] is 'n' or 'q' ? 2 : value.Signature[1] is 'y' or 'g' or 'v' ? 1 : 4);
                long start = _bytes.Position;
                foreach (DBusValue item in value.Items)
                    Put(item);
                long end = _bytes.Position;
                _bytes.Position = length;
                Number((ulong)(end - start), 4);
                _bytes.Position = end;
                break;
            default:
                Number(value.Number, value.Signature[0] switch { 'y' => 1, 'n' or 'q' => 2, 'x' or 't' or 'd' => 8, _ => 4 });
                break;
        }
    }

    private void Number(ulong value, int size)
    {
        Align(size);
        byte[] bytes = BitConverter.GetBytes(value)[..size];
        if (bigEndian)
            Array.Reverse(bytes);
        _bytes.Write(bytes);
    }

    private void Align(int boundary)
    {
        while (_bytes.Position % boundary != 0)
            _bytes.WriteByte(0);
    }
}
