using System;
using System.IO;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// Reads an archive from front to end. Own code, as the framework's reader turns attribute values and names into texts,
/// which loses bytes (a file capability is binary), and knows no sparse files.
/// </summary>
/// <remarks>Every error is a <see cref="FaultException"/> without field; the caller knows layer and entry.</remarks>
internal sealed partial class TarReader(Stream source)
{
    /// <summary>Most bytes of an extended header or a long name, as in other readers.</summary>
    private const int MaximumExtension = 1 << 20;

    private readonly byte[] _block = new byte[TarHeader.Size];
    private long _left;
    private int _padding;

    /// <summary>Name of the entry that is being read, for errors; as in the archive.</summary>
    public Utf8 Current { get; private set; }

    /// <summary>The next entry, its data not yet read; null at the end.</summary>
    /// <exception cref="FaultException">It is not an archive, or breaks off.</exception>
    public TarEntry? Next()
    {
        Extensions extensions = new();
        bool started = false;
        while (true)
        {
            SkipData();
            if (!ReadBlock(mayEnd: !started))
                return null;
            TarHeader header = new(_block);
            if (header.IsZero)
                return started ? throw new FaultException("the archive ends behind an extended header") : null;
            if (!header.IsSumRight)
                throw new FaultException("not a tar archive, or damaged: a header's sum is wrong");
            Current = extensions.Name.IsNull ? header.Name : extensions.Name;
            started = true;
            switch (header.Type)
            {
                case (byte)'x' or (byte)'X':
                    extensions.Read(Extension(header.Length));
                    break;
                case (byte)'L':
                    extensions.Name = Terminated(Extension(header.Length));
                    break;
                case (byte)'K':
                    extensions.LinkName = Terminated(Extension(header.Length));
                    break;
                case (byte)'g' or (byte)'V':
                    // Comments of git, and volume labels; other readers of layers do without them too.
                    Extension(header.Length);
                    started = false;
                    break;
                default:
                    return Make(header, extensions);
            }
        }
    }

    /// <summary>The entry's stored bytes: how many, 0 at their end.</summary>
    public int Read(Span<byte> buffer)
    {
        if (_left == 0)
            return 0;
        int read = source.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        if (read == 0)
            throw BreaksOff();
        _left -= read;
        return read;
    }

    private TarEntry Make(TarHeader header, Extensions extensions)
    {
        TarEntry entry = new()
        {
            Name = Current,
            LinkName = extensions.LinkName.IsNull ? header.LinkName : extensions.LinkName,
            Mode = (uint)(header.Mode & 0xfff),
            Uid = Id(extensions.Uid ?? header.Uid, "uid"),
            Gid = Id(extensions.Gid ?? header.Gid, "gid"),
            Modified = extensions.Modified ?? new timespec { tv_sec = header.Modified },
            Kind = Kind(header.Type, Current),
            Stored = extensions.Length ?? header.Length,
        };
        entry.Attributes.AddRange(extensions.Attributes);
        if (entry.Stored < 0)
            throw new FaultException("the archive gives it a negative size");
        if (entry.Kind is TarKind.CharacterDevice or TarKind.BlockDevice)
        {
            entry.Major = DeviceNumber(header.Major, 0xfff);
            entry.Minor = DeviceNumber(header.Minor, 0xfffff);
        }

        // Other kinds have no data, whatever their size says (as readers of Go's archives hold it).
        if (entry.Kind != TarKind.File)
            entry.Stored = 0;
        entry.Size = entry.Stored;
        Start(entry.Stored);
        if (header.Type == (byte)'S')
            ReadGnuMap(header, entry);
        else if (entry.Kind == TarKind.File)
            ReadPaxMap(extensions, entry);
        return entry;
    }

    private static TarKind Kind(byte type, Utf8 name) => type switch
    {
        // Before POSIX a directory was a file with a slash at the end.
        0 or (byte)'0' when name.Length > 0 && name[name.Length - 1] == (byte)'/' => TarKind.Directory,
        0 or (byte)'0' or (byte)'7' or (byte)'S' => TarKind.File,
        (byte)'1' => TarKind.HardLink,
        (byte)'2' => TarKind.Link,
        (byte)'3' => TarKind.CharacterDevice,
        (byte)'4' => TarKind.BlockDevice,
        (byte)'5' => TarKind.Directory,
        (byte)'6' => TarKind.Fifo,
        _ => throw new FaultException($"the archive has an entry of unknown type 0x{type:x2}"),
    };

    // 4294967295 is no id to chown(2) but "leave it".
    private static uint Id(long id, string field) => id is >= 0 and < uint.MaxValue
        ? (uint)id
        : throw new FaultException($"{field} {id} of the archive is not an id");

    private static uint DeviceNumber(long number, uint most) => number >= 0 && number <= most
        ? (uint)number
        : throw new FaultException($"device number {number} of the archive does not exist");

    private byte[] Extension(long length)
    {
        if (length is < 0 or > MaximumExtension)
            throw new FaultException($"an extended header has {length} bytes, more than the {MaximumExtension} that are read");
        Start(length);
        byte[] content = new byte[(int)length];
        for (int read = 0; read < content.Length;)
            read += Read(content.AsSpan(read));
        return content;
    }

    private static Utf8 Terminated(byte[] text)
    {
        int end = Array.IndexOf(text, (byte)0);
        return new Utf8(text, 0, end < 0 ? text.Length : end);
    }

    private void Start(long stored)
    {
        _left = stored;
        _padding = (int)((TarHeader.Size - (stored % TarHeader.Size)) % TarHeader.Size);
    }

    private void SkipData()
    {
        Span<byte> buffer = stackalloc byte[4096];
        while (_left > 0)
            Read(buffer);

        // umoci leaves the padding of the last entry out, and Go's reader takes that for the end.
        for (int read = 1; _padding > 0 && read > 0; _padding -= read)
            read = source.Read(buffer[.._padding]);
        _padding = 0;
    }

    // An archive without the two blocks of zeros at its end is taken, as everywhere.
    private bool ReadBlock(bool mayEnd)
    {
        int read = source.ReadAtLeast(_block, _block.Length, throwOnEndOfStream: false);
        if (read == 0 && mayEnd)
            return false;
        return read == _block.Length ? true : throw BreaksOff();
    }

    private static FaultException BreaksOff() => new("the archive breaks off");
}
