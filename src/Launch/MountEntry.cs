using System;
using System.Buffers.Text;
using System.Collections.Generic;
using OciRun.Cgroups;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>One mount of a mount namespace, as a line of mountinfo tells it (proc_pid_mountinfo(5)).</summary>
internal readonly record struct MountEntry
{
    // Lines of some hundred bytes; a namespace has at most 100,000 mounts unless its owner raised fs.mount-max.
    private const int LargestTable = 64 << 20;

    /// <summary>The file system: <c>MAJOR:MINOR</c>.</summary>
    public required Utf8 Device { get; init; }

    /// <summary>Path in the file system that is the mount's root.</summary>
    public required Utf8 Root { get; init; }

    /// <summary>Path at which it is mounted, as seen from the root of the table's process.</summary>
    public required Utf8 Point { get; init; }

    /// <summary>Its peer group; 0 for none.</summary>
    public int Shared { get; init; }

    /// <summary>The peer group whose slave it is; 0 for none.</summary>
    public int Master { get; init; }

    /// <summary>The mounts that a process sees, in the order of the table; none when it cannot be read.</summary>
    /// <param name="table">Path of the table.</param>
    public static List<MountEntry> Read(string table) =>
        Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(table), LargestTable, out _) is { } text ? Parse(text) : [];

    /// <summary>The lines of a table.</summary>
    internal static List<MountEntry> Parse(ReadOnlySpan<byte> table)
    {
        List<MountEntry> entries = [];
        foreach (Range line in table.Split((byte)'\n'))
        {
            if (!table[line].IsEmpty)
                entries.Add(ParseLine(table[line]));
        }

        return entries;
    }

    // 36 35 98:0 /root /point rw,noatime shared:1 master:2 - ext4 /dev/sda rw
    private static MountEntry ParseLine(ReadOnlySpan<byte> line)
    {
        Utf8 device = default;
        Utf8 root = default;
        Utf8 point = default;
        int shared = 0;
        int master = 0;
        int field = 0;
        foreach (Range range in line.Split((byte)' '))
        {
            ReadOnlySpan<byte> word = line[range];
            switch (field++)
            {
                case 2:
                    device = new Utf8(word.ToArray());
                    break;
                case 3:
                    root = new Utf8(Mountinfo.Unescaped(word));
                    break;
                case 4:
                    point = new Utf8(Mountinfo.Unescaped(word));
                    break;
                default:
                    if (field > 6)
                    {
                        shared = Group(word, "shared:"u8, shared);
                        master = Group(word, "master:"u8, master);
                    }

                    break;
            }

            if (word.SequenceEqual("-"u8))
                break;
        }

        return new MountEntry { Device = device, Root = root, Point = point, Shared = shared, Master = master };
    }

    private static int Group(ReadOnlySpan<byte> word, ReadOnlySpan<byte> name, int otherwise) =>
        word.StartsWith(name) && Utf8Parser.TryParse(word[name.Length..], out int number, out _) ? number : otherwise;
}
