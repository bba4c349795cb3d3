using System;
using System.Globalization;
using System.Text;

namespace OciRun.Errors;

internal static partial class Log
{
    /// <summary>The time now as RFC 3339 with nanoseconds in UTC, e.g. <c>2026-01-31T10:20:30.123456700Z</c>.</summary>
    public static string Timestamp() => Timestamp(DateTime.UtcNow);

    /// <summary>RFC 3339 with nine digits of fraction; <paramref name="utc"/> is taken to be UTC.</summary>
    public static string Timestamp(DateTime utc) => string.Create(30, utc, static (text, time) =>
    {
        "0000-00-00T00:00:00.000000000Z".CopyTo(text);
        Digits(text, 0, 4, time.Year);
        Digits(text, 5, 2, time.Month);
        Digits(text, 8, 2, time.Day);
        Digits(text, 11, 2, time.Hour);
        Digits(text, 14, 2, time.Minute);
        Digits(text, 17, 2, time.Second);
        Digits(text, 20, 9, (int)(time.Ticks % TimeSpan.TicksPerSecond * 100));
    });

    private static void Digits(Span<char> text, int at, int count, int value)
    {
        for (int i = at + count - 1; i >= at; i--)
        {
            text[i] = (char)('0' + (value % 10));
            value /= 10;
        }
    }

    // One record with its newline, in the format that was asked for.
    private static byte[] Record(string level, string message, string? code) =>
        Record(s_json, level, message, code, Timestamp());

    internal static byte[] Record(bool json, string level, string message, string? code, string time)
    {
        StringBuilder text = new(message.Length + 96);
        if (json)
        {
            text.Append("{\"level\":\"").Append(level).Append("\",\"msg\":");
            Quote(text, message, json: true);
            if (code is not null)
                Quote(text.Append(",\"code\":"), code, json: true);
            text.Append(",\"time\":\"").Append(time).Append("\"}\n");
        }
        else
        {
            text.Append("time=\"").Append(time).Append("\" level=").Append(level).Append(" msg=");
            Quote(text, message, json: false);
            text.Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    // The plain line: control characters would let a path or an image forge further lines on a terminal.
    private static byte[] Line(string message)
    {
        StringBuilder text = new(message.Length + 8);
        foreach (char c in message)
        {
            if (IsControl(c))
                text.Append("\\x").Append(((int)c).ToString("x2", CultureInfo.InvariantCulture));
            else
                text.Append(c);
        }

        return Encoding.UTF8.GetBytes(text.Append('\n').ToString());
    }

    // JSON knows only \uXXXX for what is left (RFC 8259 §7); the text form takes Go's and C's \xXX.
    private static void Quote(StringBuilder text, string value, bool json)
    {
        text.Append('"');
        foreach (char c in value)
        {
            switch (c)
            {
                case '"':
                    text.Append("\\\"");
                    break;
                case '\\':
                    text.Append("\\\\");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case '\r':
                    text.Append("\\r");
                    break;
                case '\t':
                    text.Append("\\t");
                    break;
                default:
                    if (!IsControl(c))
                        text.Append(c);
                    else
                        text.Append(json ? "\\u00" : "\\x").Append(((int)c).ToString("x2", CultureInfo.InvariantCulture));
                    break;
            }
        }

        text.Append('"');
    }

    private static bool IsControl(char c) => c < ' ' || (c >= '\u007f' && c <= '\u009f');
}
