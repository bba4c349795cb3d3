using System.Collections.Generic;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>What an entry makes.</summary>
internal enum TarKind
{
    File,
    HardLink,
    Link,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// <summary>A piece of a sparse file that has data.</summary>
internal readonly record struct TarSegment(long Offset, long Length);

/// <summary>One entry of an archive, extended headers applied.</summary>
internal sealed record TarEntry
{
    public TarKind Kind { get; set; }

    /// <summary>As in the archive: not checked.</summary>
    public Utf8 Name { get; set; }

    /// <summary>Of <see cref="TarKind.Link"/> its text, of <see cref="TarKind.HardLink"/> the name of an entry.</summary>
    public Utf8 LinkName { get; set; }

    /// <summary>The 12 permission bits.</summary>
    public uint Mode { get; set; }

    public uint Uid { get; set; }

    public uint Gid { get; set; }

    public timespec Modified { get; set; }

    public uint Major { get; set; }

    public uint Minor { get; set; }

    /// <summary>Bytes in the archive, map of a sparse file left out.</summary>
    public long Stored { get; set; }

    /// <summary>Size of the file that is made.</summary>
    public long Size { get; set; }

    /// <summary>Where the stored bytes belong, ascending; null for one piece at the start.</summary>
    public TarSegment[]? Segments { get; set; }

    public List<Pair> Attributes { get; } = [];
}
