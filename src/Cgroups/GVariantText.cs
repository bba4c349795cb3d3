using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using OciRun.Errors;

namespace OciRun.Cgroups;

/// <summary>
/// Values in GVariant's text format (GLib, "GVariant Text Format") as far as D-Bus has their types: without
/// <c>just</c> and <c>nothing</c>. Numbers are of type <c>i</c> and those with a point <c>d</c> unless a type is given.
/// </summary>
internal ref struct GVariantText
{
    private readonly ReadOnlySpan<char> _text;
    private int _at;

    private GVariantText(string text) => _text = text;

    /// <summary>The value; what stands there must be one value and nothing else.</summary>
    /// <exception cref="FaultException">It is not; the message says where.</exception>
    public static DBusValue Parse(string text)
    {
        GVariantText parser = new(text);
        DBusValue value = parser.Value(null, 0);
        parser.Blank();
        return parser._at == text.Length ? value : throw parser.Refused("there is more after the value");
    }

    // An expected type comes from outside: @as [...], or the elements before in an array.
    private DBusValue Value(string? expected, int depth)
    {
        if (depth > DBusSignature.Deepest)
            throw Refused("values are nested too deeply");
        Blank();
        char c = Peek();
        switch (c)
        {
            case '@':
                _at++;
                int length = DBusSignature.LengthOfFirst(_text[_at..]);
                string type = _text.Slice(_at, length).ToString();
                if (length == 0)
                    throw Refused("no D-Bus type after @");
                _at += length;
                return Checked(Value(type, depth + 1), expected);
            case '\'' or '"':
                return Quoted(expected);
            case 'b' when _at + 1 < _text.Length && _text[_at + 1] is '\'' or '"':
                _at++;
                return Checked(DBusValue.Bytes([.. Encoding.Latin1.GetBytes(Unquote(bytes: true)), 0]), expected);
            case '[':
                return Array(expected, depth);
            case '(':
                return Tuple(expected, depth);
            case '{':
                return Dictionary(expected, depth);
            case '<':
                _at++;
                DBusValue inner = Value(null, depth + 1);
                Expect('>');
                return Checked(DBusValue.Variant(inner), expected);
            default:
                return char.IsAsciiLetter(c) ? Word(expected, depth) : Number(expected);
        }
    }

    private DBusValue Word(string? expected, int depth)
    {
        int start = _at;
        while (char.IsAsciiLetterOrDigit(Peek()))
            _at++;
        ReadOnlySpan<char> word = _text[start.._at];
        if (word is "true" or "false")
            return Checked(DBusValue.Of(word is "true"), expected);
        if (word is "inf" or "nan")
            return Checked(DBusValue.Of(word is "inf" ? double.PositiveInfinity : double.NaN), expected);
        string? type = word switch
        {
            "boolean" => "b",
            "byte" => "y",
            "int16" => "n",
            "uint16" => "q",
            "int32" => "i",
            "uint32" => "u",
            "handle" => "h",
            "int64" => "x",
            "uint64" => "t",
            "double" => "d",
            "string" => "s",
            "objectpath" => "o",
            "signature" => "g",
            _ => null,
        };
        if (type is not null)
            return Checked(Value(type, depth + 1), expected);
        _at = start;
        throw Refused($"unknown word \"{word}\"");
    }

    private DBusValue Quoted(string? expected)
    {
        string text = Unquote(bytes: false);
        return expected switch
        {
            "o" => text.StartsWith('/') ? DBusValue.OfType('o', text) : throw Refused("an object path starts with /"),
            "g" => DBusValue.OfType('g', text),
            _ => Checked(DBusValue.Of(text), expected),
        };
    }

    // Escapes of C; \u and \U only in texts, octal numbers only in byte strings.
    private string Unquote(bool bytes)
    {
        char quote = _text[_at++];
        StringBuilder text = new();
        while (Peek() != quote)
        {
            if (_at == _text.Length)
                throw Refused("a text does not end");
            char c = _text[_at++];
            if (c == '\0' || (bytes && c > '\u007f'))
                throw Refused("a character that cannot be there");
            if (c != '\\')
                text.Append(c);
            else if (_at == _text.Length)
                throw Refused("a text does not end");
            else
                Escape(text, bytes);
        }

        _at++;
        return text.ToString();
    }

    private void Escape(StringBuilder text, bool bytes)
    {
        char c = _text[_at++];
        switch (c)
        {
            case 'a' or 'b' or 'f' or 'n' or 'r' or 't' or 'v':
                text.Append("\a\b\f\n\r\t\v"["abfnrtv".IndexOf(c, StringComparison.Ordinal)]);
                break;
            case 'u' or 'U' when !bytes:
                int digits = c == 'u' ? 4 : 8;
                if (_at + digits > _text.Length
                    || !int.TryParse(_text.Slice(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int rune)
                    || !Rune.IsValid(rune) || rune == 0)
                    throw Refused("no character after \\u");
                text.Append(new Rune(rune).ToString());
                _at += digits;
                break;
            case >= '0' and <= '7' when bytes:
                int value = c - '0';
                for (int i = 0; i < 2 && Peek() is >= '0' and <= '7'; i++)
                    value = (value * 8) + (_text[_at++] - '0');
                if (value is 0 or > 255)
                    throw Refused("no byte after \\");
                text.Append((char)value);
                break;
            default:
                text.Append(c);
                break;
        }
    }

    private DBusValue Number(string? expected)
    {
        int start = _at;
        while (Peek() is '+' or '-' or '.' || char.IsAsciiLetterOrDigit(Peek()))
            _at++;
        ReadOnlySpan<char> text = _text[start.._at];
        bool isHex = text.TrimStart("+-").StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        char type = expected is [var single] ? single : !isHex && text.IndexOfAny('.', 'e', 'E') >= 0 ? 'd' : 'i';
        if (expected is not (null or ['y' or 'n' or 'q' or 'i' or 'u' or 'h' or 'x' or 't' or 'd']))
            throw Mismatch(expected);
        if (type == 'd' && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real))
            return DBusValue.Of(real);
        if (type != 'd' && Integer(text) is { } number)
        {
            (Int128 least, Int128 most) = Range(type);
            return number >= least && number <= most
                ? DBusValue.OfType(type, unchecked((ulong)(long)number))
                : throw Refused($"{text} is out of the range of type {type}");
        }

        _at = start;
        throw Refused(text.IsEmpty ? "a value is missing" : $"\"{text}\" is no number");
    }

    // Decimal, 0x hexadecimal, or 0 octal, as C has them.
    private static Int128? Integer(ReadOnlySpan<char> text)
    {
        bool negative = text.StartsWith("-");
        ReadOnlySpan<char> digits = negative || text.StartsWith("+") ? text[1..] : text;
        int radix = 10;
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            radix = 16;
            digits = digits[2..];
        }
        else if (digits.Length > 1 && digits[0] == '0')
        {
            radix = 8;
        }

        if (digits.IsEmpty)
            return null;
        Int128 number = 0;
        foreach (char c in digits)
        {
            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 0x20) - 'a' + 10 : radix;
            if (digit >= radix || number > ulong.MaxValue)
                return null;
            number = (number * radix) + digit;
        }

        return negative ? -number : number;
    }

    private static (Int128 Least, Int128 Most) Range(char type) => type switch
    {
        'y' => (0, byte.MaxValue),
        'n' => (short.MinValue, short.MaxValue),
        'q' => (0, ushort.MaxValue),
        'u' => (0, uint.MaxValue),
        'x' => (long.MinValue, long.MaxValue),
        't' => (0, ulong.MaxValue),
        _ => (int.MinValue, int.MaxValue),
    };

    private DBusValue Array(string? expected, int depth)
    {
        _at++;
        string? element = expected is ['a', .. var rest] ? rest : expected is null ? null : throw Mismatch(expected);
        List<DBusValue> items = [];
        while (More(']', items.Count))
        {
            DBusValue item = Value(element, depth + 1);
            element ??= item.Signature;
            items.Add(item);
        }

        return element is not null
            ? DBusValue.Array(element, [.. items])
            : throw Refused("an empty array needs a type, such as @as []");
    }

    private DBusValue Tuple(string? expected, int depth)
    {
        _at++;
        if (expected is not null && expected[0] != '(')
            throw Mismatch(expected);
        string? rest = expected?[1..^1];
        List<DBusValue> items = [];
        while (More(')', items.Count))
        {
            string? member = rest is null ? null : rest[..DBusSignature.LengthOfFirst(rest)];
            if (member?.Length == 0)
                throw Mismatch(expected!);
            items.Add(Value(member, depth + 1));
            rest = rest?[member!.Length..];
        }

        if (items.Count == 0)
            throw Refused("D-Bus has no empty structure");
        return Checked(DBusValue.Struct([.. items]), expected);
    }

    private DBusValue Dictionary(string? expected, int depth)
    {
        _at++;
        if (expected is not null && !expected.StartsWith("a{", StringComparison.Ordinal))
            throw Mismatch(expected);
        string? key = expected?[2].ToString();
        string? value = expected?[3..^1];
        List<DBusValue> items = [];
        while (More('}', items.Count))
        {
            DBusValue name = Value(key, depth + 1);
            if (name.Signature.Length != 1 || name.Signature[0] == 'v')
                throw Refused("a key is not of a basic type");
            Expect(':');
            DBusValue content = Value(value, depth + 1);
            (key, value) = (name.Signature, content.Signature);
            items.Add(DBusValue.Entry(name, content));
        }

        return key is not null
            ? DBusValue.Array($"{{{key}{value}}}", [.. items])
            : throw Refused("an empty dictionary needs a type, such as @a{sv} {}");
    }

    // Past the comma before the next element; false past the end. A comma may stand before the end, as in (1,).
    private bool More(char close, int count)
    {
        Blank();
        if (count > 0 && Peek() != close)
        {
            Expect(',');
            Blank();
        }

        if (Peek() != close)
            return true;
        _at++;
        return false;
    }

    private readonly DBusValue Checked(DBusValue value, string? expected) =>
        expected is null || expected == value.Signature ? value : throw Mismatch(expected);

    private void Expect(char c)
    {
        Blank();
        if (Peek() != c)
            throw Refused($"'{c}' is missing");
        _at++;
    }

    private readonly char Peek() => _at < _text.Length ? _text[_at] : '\0';

    private void Blank()
    {
        while (char.IsWhiteSpace(Peek()))
            _at++;
    }

    private readonly FaultException Mismatch(string expected) => Refused($"the value is not of type {expected}");

    private readonly FaultException Refused(string what) =>
        new(new Fault($"not a value in GVariant's text format: {what} (at character {_at + 1})"));
}
