using System;
using System.Globalization;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Errors;

internal static partial class Log
{
    /// <summary>The time now as RFC 3339 with nanoseconds in UTC, e.g. <c>2026-01-31T10:20:30.123456700Z</c>.</summary>
    public static string Timestamp()
    {
        Sys.clock_gettime(Uapi.CLOCK_REALTIME, out timespec now);
        return Timestamp(now.tv_sec, (int)now.tv_nsec);
    }

    /// <summary>RFC 3339 in UTC with nine digits of fraction.</summary>
    /// <param name="seconds">Since 1970, up to the end of the year 9999.</param>
    /// <param name="nanoseconds">0 to 999,999,999.</param>
    public static string Timestamp(long seconds, int nanoseconds) => string.Create(30, (seconds, nanoseconds), static (text, time) =>
    {
        int second = (int)(time.seconds % 86400);
        (int year, int month, int day) = Date((int)(time.seconds / 86400));
        "0000-00-00T00:00:00.000000000Z".CopyTo(text);
        Digits(text, 0, 4, year);
        Digits(text, 5, 2, month);
        Digits(text, 8, 2, day);
        Digits(text, 11, 2, second / 3600);
        Digits(text, 14, 2, second / 60 % 60);
        Digits(text, 17, 2, second % 60);
        Digits(text, 20, 9, time.nanoseconds);
    });

    // Gregorian date of a day since 1970. Years are counted from March, so that the leap day is the last of its year;
    // 719,468 days lie between 0000-03-01 and 1970-01-01. The framework's dates would bring in its time zones.
    private static (int Year, int Month, int Day) Date(int days)
    {
        days += 719_468;
        int era = days / 146_097;
        int dayOfEra = days % 146_097;
        int yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        int dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        int march = ((5 * dayOfYear) + 2) / 153;
        int month = march < 10 ? march + 3 : march - 9;
        return ((era * 400) + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (((153 * march) + 2) / 5) + 1);
    }

    private static void Digits(Span<char> text, int at, int count, int value)
    {
        for (int i = at + count - 1; i >= at; i--)
        {
            text[i] = (char)('0' + (value % 10));
            value /= 10;
        }
    }

    /// <summary>One record with its newline.</summary>
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
    private static byte[] Line(string message) => Encoding.UTF8.GetBytes(Printable.Of(message) + "\n");

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
                    if (!Printable.IsControl(c))
                        text.Append(c);
                    else
                        text.Append(json ? "\\u00" : "\\x").Append(((int)c).ToString("x2", CultureInfo.InvariantCulture));
                    break;
            }
        }

        text.Append('"');
    }
}
