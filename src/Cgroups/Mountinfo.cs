using System;
using System.Text;

namespace OciRun.Cgroups;

/// <summary>Mount points in a mountinfo table (proc_pid_mountinfo(5)): "... mountpoint options ... - type ...".</summary>
internal static class Mountinfo
{
    /// <summary>Where the first file system of a type is mounted; null without one.</summary>
    /// <param name="table">The whole table.</param>
    /// <param name="type">The type with its surroundings, such as <c> - cgroup2 </c>.</param>
    public static string? PointOf(ReadOnlySpan<byte> table, ReadOnlySpan<byte> type)
    {
        foreach (Range line in table.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> text = table[line];
            if (text.IndexOf(type) < 0)
                continue;
            int field = 0;
            foreach (Range word in text.Split((byte)' '))
            {
                if (field++ == 4)
                    return Encoding.UTF8.GetString(Unescaped(text[word]));
            }
        }

        return null;
    }

    /// <summary>A path as it is: mountinfo writes blank, tab, newline and backslash as \ooo.</summary>
    public static byte[] Unescaped(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf((byte)'\\') < 0)
            return text.ToArray();
        byte[] plain = new byte[text.Length];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'\\' && i + 3 < text.Length && text[i + 1] is >= (byte)'0' and <= (byte)'3'
                && IsOctal(text[i + 2]) && IsOctal(text[i + 3]))
            {
                plain[length++] = (byte)(((text[i + 1] - '0') * 64) + ((text[i + 2] - '0') * 8) + (text[i + 3] - '0'));
                i += 3;
            }
            else
            {
                plain[length++] = text[i];
            }
        }

        return plain[..length];
    }
    private static bool IsOctal(byte digit) => digit is >= (byte)'0' and <= (byte)'7';
}
