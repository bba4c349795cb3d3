using System;
using System.Buffers.Text;
using System.IO;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>What ps(1) printed, reduced to some processes (features.md P03).</summary>
internal static class PsTable
{
    /// <summary>The header and the lines of the processes, with the lines of their threads (<c>-m</c>: the pid is a dash).</summary>
    /// <param name="table">All that ps wrote.</param>
    /// <param name="pids">Ascending.</param>
    /// <exception cref="FaultException">No column of the header is called PID.</exception>
    public static byte[] Filter(ReadOnlySpan<byte> table, ReadOnlySpan<int> pids)
    {
        using MemoryStream kept = new();
        int column = -1;
        bool last = false;
        while (!table.IsEmpty)
        {
            int end = table.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? table : table[..end];
            table = end < 0 ? default : table[(end + 1)..];
            if (column < 0)
            {
                column = Column(line);
                last = true;
            }
            else
            {
                ReadOnlySpan<byte> field = Field(line, column);
                bool isPid = Utf8Parser.TryParse(field, out int pid, out int digits) && digits == field.Length;
                last = isPid ? pids.BinarySearch(pid) >= 0 : last && field.SequenceEqual("-"u8);
            }

            if (last)
                Append(kept, line);
        }

        return column >= 0 ? kept.ToArray() : throw NoColumn();
    }

    private static int Column(ReadOnlySpan<byte> header)
    {
        for (int i = 0; ; i++)
        {
            ReadOnlySpan<byte> name = Field(header, i);
            if (name.IsEmpty)
                throw NoColumn();
            if (name.SequenceEqual("PID"u8))
                return i;
        }
    }

    // Fields are separated by blanks; empty behind the last.
    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> line, int index)
    {
        while (true)
        {
            line = line.TrimStart(" \t"u8);
            int end = line.IndexOfAny((byte)' ', (byte)'\t');
            ReadOnlySpan<byte> field = end < 0 ? line : line[..end];
            if (index-- == 0 || field.IsEmpty)
                return field;
            line = line[field.Length..];
        }
    }

    // A process chooses its name and arguments, and not every ps escapes them: C0, DEL, and C1 as UTF-8 has it.
    private static void Append(MemoryStream into, ReadOnlySpan<byte> line)
    {
        for (int i = 0; i < line.Length; i++)
        {
            byte c = line[i];
            bool isC1 = c == 0xc2 && i + 1 < line.Length && line[i + 1] is >= 0x80 and <= 0x9f;
            into.WriteByte(isC1 || c is (< 0x20 and not (byte)'\t') or 0x7f ? (byte)'?' : c);
            if (isC1)
                i++;
        }

        into.WriteByte((byte)'\n');
    }

    private static FaultException NoColumn() => new(new Fault("couldn't find PID field in ps output")
    {
        Hint = "add pid to the columns, e.g. -o pid,args",
    });
}
