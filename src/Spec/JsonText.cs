using System;
using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace OciRun.Spec;

/// <summary>
/// Writes one JSON document into a growing buffer: compact, or one member a line with a chosen indentation.
/// Texts stay readable: only what RFC 8259 demands is escaped, and the other control characters, as the output
/// may be a terminal. Bytes that are not UTF-8 become U+FFFD.
/// </summary>
/// <remarks>Hand-written because the framework's writer sets up its encoder tables on first use.</remarks>
internal sealed class JsonText
{
    private readonly byte _unit;
    private readonly int _width;
    private byte[] _bytes;
    private int _length;
    private int _depth;
    private bool _comma;

    /// <param name="unit">Character of the indentation: blank or tab.</param>
    /// <param name="width">Characters per level; 0 writes the compact form without any white space.</param>
    /// <param name="capacity">Bytes to begin with: growing touches memory again and again.</param>
    public JsonText(char unit = ' ', int width = 0, int capacity = 1024)
    {
        _unit = (byte)unit;
        _width = width;
        _bytes = GC.AllocateUninitializedArray<byte>(capacity);
    }

    /// <summary>What was written so far, until more is.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>What was written so far.</summary>
    public byte[] ToArray() => _bytes.AsSpan(0, _length).ToArray();

    public JsonText Object() => Open('{');

    public JsonText EndObject() => Close('}');

    public JsonText Array() => Open('[');

    public JsonText EndArray() => Close(']');

    /// <summary>Starts a member of the open object; its value has to follow.</summary>
    public JsonText Key(ReadOnlySpan<byte> name)
    {
        Separate();
        Quote(name);
        Add((byte)':');
        if (_width > 0)
            Add((byte)' ');
        _comma = false;
        return this;
    }

    public JsonText Value(ReadOnlySpan<byte> text)
    {
        SeparateItem();
        Quote(text);
        _comma = true;
        return this;
    }

    public JsonText Value(long number)
    {
        SeparateItem();
        Reserve(20);
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(_length), out int written);
        _length += written;
        _comma = true;
        return this;
    }

    public JsonText Value(ulong number)
    {
        SeparateItem();
        Reserve(20);
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(_length), out int written);
        _length += written;
        _comma = true;
        return this;
    }

    /// <summary>A number with two decimals, in hundredths.</summary>
    public JsonText Hundredths(ulong number)
    {
        Value(number / 100);
        ulong rest = number % 100;
        if (rest != 0)
        {
            Add((byte)'.');
            Add((byte)('0' + (rest / 10)));
            if (rest % 10 != 0)
                Add((byte)('0' + (rest % 10)));
        }

        return this;
    }

    /// <summary>A number with three decimals, in thousandths.</summary>
    public JsonText Thousandths(ulong number)
    {
        Value(number / 1000);
        int rest = (int)(number % 1000);
        Append([(byte)'.', (byte)('0' + (rest / 100)), (byte)('0' + (rest / 10 % 10)), (byte)('0' + (rest % 10))]);
        return this;
    }

    public JsonText Null()
    {
        SeparateItem();
        Append("null"u8);
        _comma = true;
        return this;
    }

    public JsonText Value(bool flag)
    {
        SeparateItem();
        Append(flag ? "true"u8 : "false"u8);
        _comma = true;
        return this;
    }

    public JsonText Member(ReadOnlySpan<byte> name, Utf8 text) => Key(name).Value(text.Span);

    public JsonText Member(ReadOnlySpan<byte> name, long number) => Key(name).Value(number);

    public JsonText Member(ReadOnlySpan<byte> name, ulong number) => Key(name).Value(number);

    public JsonText Member(ReadOnlySpan<byte> name, bool flag) => Key(name).Value(flag);

    public JsonText Member(ReadOnlySpan<byte> name, ReadOnlySpan<string> texts)
    {
        Key(name).Array();
        foreach (string text in texts)
            Value(((Utf8)text).Span);
        return EndArray();
    }

    public JsonText Member(ReadOnlySpan<byte> name, ReadOnlySpan<Pair> pairs)
    {
        Key(name).Object();
        foreach (Pair pair in pairs)
            Member(pair.Key.Span, pair.Value);
        return EndObject();
    }

    /// <summary>Ends the document's last line.</summary>
    public JsonText Newline()
    {
        Add((byte)'\n');
        return this;
    }

    private JsonText Open(char bracket)
    {
        SeparateItem();
        Add((byte)bracket);
        _depth++;
        _comma = false;
        return this;
    }

    private JsonText Close(char bracket)
    {
        _depth--;
        if (_comma)
            Break();
        Add((byte)bracket);
        _comma = true;
        return this;
    }

    // A value after a key stays on the key's line.
    private void SeparateItem()
    {
        if (_comma || (_length > 0 && _bytes[_length - 1] == (byte)'['))
            Separate();
    }

    private void Separate()
    {
        if (_comma)
            Add((byte)',');
        Break();
    }

    private void Break()
    {
        if (_width == 0)
            return;
        int count = _depth * _width;
        Reserve(1 + count);
        _bytes[_length++] = (byte)'\n';
        _bytes.AsSpan(_length, count).Fill(_unit);
        _length += count;
    }

    private void Quote(ReadOnlySpan<byte> text)
    {
        Add((byte)'"');
        while (!text.IsEmpty)
        {
            int plain = PlainLength(text);
            Append(text[..plain]);
            text = text[plain..];
            if (!text.IsEmpty)
                text = text[Escape(text)..];
        }

        Add((byte)'"');
    }

    private static int PlainLength(ReadOnlySpan<byte> text)
    {
        int length = 0;
        while (length < text.Length && text[length] is >= 0x20 and < 0x7F and not (byte)'"' and not (byte)'\\')
            length++;
        return length;
    }

    // The first character of the text; returns how many bytes it had.
    private int Escape(ReadOnlySpan<byte> text)
    {
        bool valid = Rune.DecodeFromUtf8(text, out Rune rune, out int length) == OperationStatus.Done;
        if (!valid)
            Append("\uFFFD"u8);
        else if (!Rune.IsControl(rune))
            Append(rune.IsAscii ? [(byte)'\\', text[0]] : text[..length]);
        else if (rune.Value == '\n')
            Append("\\n"u8);
        else if (rune.Value == '\t')
            Append("\\t"u8);
        else if (rune.Value == '\r')
            Append("\\r"u8);
        else
            AppendNumber((byte)rune.Value);
        return length;
    }

    // Control characters end at U+009F.
    private void AppendNumber(byte character)
    {
        Append("\\u00"u8);
        Reserve(2);
        Utf8Formatter.TryFormat(character, _bytes.AsSpan(_length), out int written, new StandardFormat('x', 2));
        _length += written;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Add(byte value)
    {
        Reserve(1);
        _bytes[_length++] = value;
    }

    private void Reserve(int count)
    {
        if (_length + count > _bytes.Length)
            System.Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
    }
}
