using System;
using System.Buffers.Binary;

namespace OciRun.Cgroups;

/// <summary>A message that was received (D-Bus Specification, "Message Format").</summary>
internal sealed class DBusMessage
{
    public const byte MethodReturn = 2;
    public const byte Error = 3;
    public const byte Signal = 4;

    /// <summary>Far more than systemd has to say; a peer that announces more is none that one should wait for.</summary>
    internal const int Largest = 1 << 20;

    private const int Fixed = 16;

    private readonly byte[] _body;
    private readonly bool _bigEndian;

    private DBusMessage(byte type, byte[] body, bool bigEndian)
    {
        Type = type;
        _body = body;
        _bigEndian = bigEndian;
    }

    public byte Type { get; }

    /// <summary>Serial of the call that this answers; 0 for none.</summary>
    public uint ReplySerial { get; private set; }

    public string Interface { get; private set; } = "";

    public string Member { get; private set; } = "";

    public string ErrorName { get; private set; } = "";

    /// <summary>Unique name of who sent it, as the bus says; empty without a bus.</summary>
    public string Sender { get; private set; } = "";

    public string Signature { get; private set; } = "";

    /// <summary>Reads the arguments; their types are those of <see cref="Signature"/>.</summary>
    public DBusReader Body => new(_body, _bigEndian);

    /// <summary>The first argument as a text; empty when it is none.</summary>
    public string Text => Signature is ['s' or 'o', ..] ? Body.String() : "";

    /// <summary>Takes the first message of what was received; null when it is not complete yet.</summary>
    /// <param name="bytes">What was received and not taken yet.</param>
    /// <param name="size">Bytes of the message.</param>
    /// <exception cref="Errors.FaultException">This is no message, or one too large.</exception>
    public static DBusMessage? Take(ReadOnlySpan<byte> bytes, out int size)
    {
        size = 0;
        if (bytes.Length < Fixed)
            return null;
        bool big = bytes[0] == (byte)'B';
        if ((!big && bytes[0] != (byte)'l') || bytes[3] != 1)
            throw DBusReader.Malformed("unknown byte order or version");
        uint body = Number(bytes[4..], big);
        uint fields = Number(bytes[12..], big);
        if (body > Largest || fields > Largest)
            throw DBusReader.Malformed("it is too long");
        int header = (Fixed + (int)fields + 7) & ~7;
        size = header + (int)body;
        if (bytes.Length < size)
            return null;
        DBusMessage message = new(bytes[1], bytes.Slice(header, (int)body).ToArray(), big);
        message.ReadFields(bytes[..(Fixed + (int)fields)], big);
        return message;
    }

    private void ReadFields(ReadOnlySpan<byte> header, bool big)
    {
        DBusReader reader = new(header, big);
        for (int i = 0; i < Fixed / 4; i++)
            reader.UInt32();
        while (!reader.AtEnd)
        {
            reader.Align(8);
            byte code = reader.Byte();
            string type = reader.Signature();
            if (!DBusSignature.IsOne(type))
                throw DBusReader.Malformed("a header field is not of one type");
            DBusValue value = reader.Value(type);
            if (type != Expected(code) && Expected(code).Length != 0)
                throw DBusReader.Malformed("a header field is of a wrong type");
            switch (code)
            {
                case 2:
                    Interface = value.Text;
                    break;
                case 3:
                    Member = value.Text;
                    break;
                case 4:
                    ErrorName = value.Text;
                    break;
                case 5:
                    ReplySerial = (uint)value.Number;
                    break;
                case 7:
                    Sender = value.Text;
                    break;
                case 8:
                    Signature = value.Text;
                    break;
            }
        }
    }

    private static string Expected(byte code) => code switch
    {
        2 or 3 or 4 or 7 => "s",
        5 => "u",
        8 => "g",
        _ => "",
    };

    private static uint Number(ReadOnlySpan<byte> bytes, bool big) =>
        big ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
