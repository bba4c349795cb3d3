using System;
using System.Globalization;
using System.Text;

namespace OciRun.Cgroups;

/// <summary>
/// A value of D-Bus together with its type (D-Bus Specification, "Type System"). Numbers, booleans, bytes and doubles
/// have their bits in <see cref="Number"/>, texts are in <see cref="Text"/>, all else is in <see cref="Items"/>.
/// </summary>
internal sealed class DBusValue
{
    private DBusValue(string signature, ulong number = 0, string? text = null, DBusValue[]? items = null)
    {
        Signature = signature;
        Number = number;
        Text = text ?? "";
        Items = items ?? [];
    }

    /// <summary>One complete type: <c>t</c>, <c>as</c>, <c>a{sv}</c>, <c>(ii)</c>.</summary>
    public string Signature { get; }

    /// <summary>Two's complement, cut to the size of the type; 1 for true; the bits of a double.</summary>
    public ulong Number { get; }

    public string Text { get; }

    /// <summary>Elements of an array, members of a structure or entry, or the one value of a variant.</summary>
    public DBusValue[] Items { get; }

    public static DBusValue Of(bool value) => new("b", value ? 1u : 0u);

    public static DBusValue Of(uint value) => new("u", value);

    public static DBusValue Of(ulong value) => new("t", value);

    public static DBusValue Of(string value) => new("s", text: value);

    public static DBusValue Of(double value) => new("d", unchecked((ulong)BitConverter.DoubleToInt64Bits(value)));

    /// <summary>A number of any of the types <c>y b n q i u h x t d</c>.</summary>
    public static DBusValue OfType(char type, ulong bits) => new(type.ToString(), bits);

    /// <summary>A text of any of the types <c>s o g</c>.</summary>
    public static DBusValue OfType(char type, string text) => new(type.ToString(), text: text);

    public static DBusValue Array(string element, params DBusValue[] items) => new("a" + element, items: items);

    public static DBusValue Strings(params ReadOnlySpan<string> texts)
    {
        DBusValue[] items = new DBusValue[texts.Length];
        for (int i = 0; i < items.Length; i++)
            items[i] = Of(texts[i]);
        return Array("s", items);
    }

    public static DBusValue Bytes(ReadOnlySpan<byte> bytes)
    {
        DBusValue[] items = new DBusValue[bytes.Length];
        for (int i = 0; i < items.Length; i++)
            items[i] = new DBusValue("y", bytes[i]);
        return Array("y", items);
    }

    public static DBusValue Variant(DBusValue value) => new("v", items: [value]);

    public static DBusValue Struct(params DBusValue[] items) => new($"({Signatures(items)})", items: items);

    public static DBusValue Entry(DBusValue key, DBusValue value) =>
        new($"{{{key.Signature}{value.Signature}}}", items: [key, value]);

    /// <summary>The value as GVariant text with its type, for people and tests: <c>a(ss) [("/dev/null", "rwm")]</c>.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Signature).Append(' ');
        Print(text);
        return text.ToString();
    }

    private void Print(StringBuilder text)
    {
        switch (Signature[0])
        {
            case 'b':
                text.Append(Number != 0 ? "true" : "false");
                break;
            case 'n' or 'i' or 'x':
                text.Append(unchecked((long)Number).ToString(CultureInfo.InvariantCulture));
                break;
            case 'd':
                text.Append(BitConverter.Int64BitsToDouble(unchecked((long)Number)).ToString(CultureInfo.InvariantCulture));
                break;
            case 's' or 'o' or 'g':
                text.Append('"').Append(Text).Append('"');
                break;
            case 'a':
                Print(text, Signature[1] == '{' ? "{" : "[", Signature[1] == '{' ? "}" : "]");
                break;
            case '(':
                Print(text, "(", ")");
                break;
            case '{':
                Items[0].Print(text);
                text.Append(": ");
                Items[1].Print(text);
                break;
            case 'v':
                text.Append('<').Append(Items[0]).Append('>');
                break;
            default:
                text.Append(Number.ToString(CultureInfo.InvariantCulture));
                break;
        }
    }

    private void Print(StringBuilder text, string open, string close)
    {
        text.Append(open);
        for (int i = 0; i < Items.Length; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            Items[i].Print(text);
        }

        text.Append(close);
    }

    private static string Signatures(DBusValue[] items)
    {
        StringBuilder text = new();
        foreach (DBusValue item in items)
            text.Append(item.Signature);
        return text.ToString();
    }
}
