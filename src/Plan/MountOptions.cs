using System.Collections.Generic;
using System.Text;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>The option words of one mount, read left to right (config.md "Linux mount options").</summary>
internal sealed class MountOptions
{
    private enum Kind : byte
    {
        Nothing,
        Flag,
        Propagation,
        Recursive,
        IdMap,
        Superblock,
        Link,
        CopyUp,
    }

    private const ulong CopyLink = 1;
    private const ulong SourceNofollow = 2;
    private const ulong TargetNofollow = 4;

    private readonly record struct Word(string Name, Kind Kind, ulong Bits, bool Clear = false);

    // Bits: MS_* for flags and propagation, MOUNT_ATTR_* for the recursive words. rsync and the like (crun's) name flags
    // of the whole file system, which a bind cannot change any more than with "sync": they are read and change nothing.
    private static readonly Word[] Table =
    [
        new("async", Kind.Flag, Uapi.MS_SYNCHRONOUS, Clear: true),
        new("atime", Kind.Flag, Uapi.MS_NOATIME, Clear: true),
        new("bind", Kind.Flag, Uapi.MS_BIND),
        new("copy-symlink", Kind.Link, CopyLink),
        new("defaults", Kind.Nothing, 0),
        new("dest-nofollow", Kind.Link, TargetNofollow),
        new("dev", Kind.Flag, Uapi.MS_NODEV, Clear: true),
        new("diratime", Kind.Flag, Uapi.MS_NODIRATIME, Clear: true),
        new("dirsync", Kind.Flag, Uapi.MS_DIRSYNC),
        new("exec", Kind.Flag, Uapi.MS_NOEXEC, Clear: true),
        new("idmap", Kind.IdMap, 0),
        new("iversion", Kind.Flag, Uapi.MS_I_VERSION),
        new("lazytime", Kind.Flag, Uapi.MS_LAZYTIME),
        new("loud", Kind.Flag, Uapi.MS_SILENT, Clear: true),
        new("mand", Kind.Flag, Uapi.MS_MANDLOCK),
        new("noatime", Kind.Flag, Uapi.MS_NOATIME),
        new("nodev", Kind.Flag, Uapi.MS_NODEV),
        new("nodiratime", Kind.Flag, Uapi.MS_NODIRATIME),
        new("noexec", Kind.Flag, Uapi.MS_NOEXEC),
        new("noiversion", Kind.Flag, Uapi.MS_I_VERSION, Clear: true),
        new("nolazytime", Kind.Flag, Uapi.MS_LAZYTIME, Clear: true),
        new("nomand", Kind.Flag, Uapi.MS_MANDLOCK, Clear: true),
        new("norelatime", Kind.Flag, Uapi.MS_RELATIME, Clear: true),
        new("nostrictatime", Kind.Flag, Uapi.MS_STRICTATIME, Clear: true),
        new("nosuid", Kind.Flag, Uapi.MS_NOSUID),
        new("nosymfollow", Kind.Flag, Uapi.MS_NOSYMFOLLOW),
        new("private", Kind.Propagation, Uapi.MS_PRIVATE),
        new("rasync", Kind.Superblock, 0),
        new("ratime", Kind.Recursive, Uapi.MOUNT_ATTR_NOATIME, Clear: true),
        new("rbind", Kind.Flag, Uapi.MS_BIND | Uapi.MS_REC),
        new("rdev", Kind.Recursive, Uapi.MOUNT_ATTR_NODEV, Clear: true),
        new("rdiratime", Kind.Recursive, Uapi.MOUNT_ATTR_NODIRATIME, Clear: true),
        new("rdirsync", Kind.Superblock, 0),
        new("relatime", Kind.Flag, Uapi.MS_RELATIME),
        new("remount", Kind.Flag, Uapi.MS_REMOUNT),
        new("rexec", Kind.Recursive, Uapi.MOUNT_ATTR_NOEXEC, Clear: true),
        new("ridmap", Kind.IdMap, Uapi.MS_REC),
        new("rmand", Kind.Superblock, 0),
        new("rnoatime", Kind.Recursive, Uapi.MOUNT_ATTR_NOATIME),
        new("rnodev", Kind.Recursive, Uapi.MOUNT_ATTR_NODEV),
        new("rnodiratime", Kind.Recursive, Uapi.MOUNT_ATTR_NODIRATIME),
        new("rnoexec", Kind.Recursive, Uapi.MOUNT_ATTR_NOEXEC),
        new("rnomand", Kind.Superblock, 0),
        new("rnorelatime", Kind.Recursive, Uapi.MOUNT_ATTR_RELATIME, Clear: true),
        new("rnostrictatime", Kind.Recursive, Uapi.MOUNT_ATTR_STRICTATIME, Clear: true),
        new("rnosuid", Kind.Recursive, Uapi.MOUNT_ATTR_NOSUID),
        new("rnosymfollow", Kind.Recursive, Uapi.MOUNT_ATTR_NOSYMFOLLOW),
        new("ro", Kind.Flag, Uapi.MS_RDONLY),
        new("rprivate", Kind.Propagation, Uapi.MS_PRIVATE | Uapi.MS_REC),
        new("rrelatime", Kind.Recursive, Uapi.MOUNT_ATTR_RELATIME),
        new("rro", Kind.Recursive, Uapi.MOUNT_ATTR_RDONLY),
        new("rrw", Kind.Recursive, Uapi.MOUNT_ATTR_RDONLY, Clear: true),
        new("rshared", Kind.Propagation, Uapi.MS_SHARED | Uapi.MS_REC),
        new("rslave", Kind.Propagation, Uapi.MS_SLAVE | Uapi.MS_REC),
        new("rstrictatime", Kind.Recursive, Uapi.MOUNT_ATTR_STRICTATIME),
        new("rsuid", Kind.Recursive, Uapi.MOUNT_ATTR_NOSUID, Clear: true),
        new("rsymfollow", Kind.Recursive, Uapi.MOUNT_ATTR_NOSYMFOLLOW, Clear: true),
        new("rsync", Kind.Superblock, 0),
        new("runbindable", Kind.Propagation, Uapi.MS_UNBINDABLE | Uapi.MS_REC),
        new("rw", Kind.Flag, Uapi.MS_RDONLY, Clear: true),
        new("shared", Kind.Propagation, Uapi.MS_SHARED),
        new("silent", Kind.Flag, Uapi.MS_SILENT),
        new("slave", Kind.Propagation, Uapi.MS_SLAVE),
        new("src-nofollow", Kind.Link, SourceNofollow),
        new("strictatime", Kind.Flag, Uapi.MS_STRICTATIME),
        new("suid", Kind.Flag, Uapi.MS_NOSUID, Clear: true),
        new("symfollow", Kind.Flag, Uapi.MS_NOSYMFOLLOW, Clear: true),
        new("sync", Kind.Flag, Uapi.MS_SYNCHRONOUS),
        new("tmpcopyup", Kind.CopyUp, 0),
        new("unbindable", Kind.Propagation, Uapi.MS_UNBINDABLE),
    ];

    private readonly List<Utf8> _data = [];
    private readonly List<ulong> _propagation = [];
    private ulong _links;

    /// <summary>MS_* bits that were set and not cleared again.</summary>
    public ulong Flags { get; private set; }

    /// <summary>MS_* bits whose last word clears them.</summary>
    public ulong Cleared { get; private set; }

    /// <summary>Whether a word set or cleared a per-mount flag: a bind is then remounted.</summary>
    public bool HasFlagWord { get; private set; }

    /// <summary>MOUNT_ATTR_* of the r* words.</summary>
    public ulong RecursiveSet { get; private set; }

    public ulong RecursiveClear { get; private set; }

    /// <summary>Whether there was an r* word, also one that changes nothing.</summary>
    public bool HasRecursiveWord { get; private set; }

    /// <summary>A source that is a symbolic link is made anew at the destination (crun's copy-symlink).</summary>
    public bool CopiesLink => (_links & CopyLink) != 0;

    /// <summary>A link as the last component of the source is the source itself (crun's src-nofollow).</summary>
    public bool KeepsSourceLink => (_links & (CopyLink | SourceNofollow)) != 0;

    /// <summary>A link as the last component of the destination is the mount point itself (crun's dest-nofollow).</summary>
    public bool KeepsTargetLink => (_links & TargetNofollow) != 0;

    /// <summary>The tmpfs starts with the content of the directory that it covers.</summary>
    public bool CopiesUp { get; private set; }

    /// <summary>MS_SHARED and so on with MS_REC, in the order given.</summary>
    public IReadOnlyList<ulong> Propagation => _propagation;

    /// <summary>Words that go to the file system, in the order given.</summary>
    public IReadOnlyList<Utf8> Data => _data;

    /// <summary>Position of the last <c>idmap</c> or <c>ridmap</c> word, -1 without one.</summary>
    public int IdMapIndex { get; private set; } = -1;

    /// <summary>What stands behind its <c>=</c>: a mapping of the mount's own; null for the container's.</summary>
    public Utf8 IdMapText { get; private set; }

    /// <summary>It was <c>ridmap</c>: the mounts below are mapped too.</summary>
    public bool IdMapIsRecursive { get; private set; }

    /// <summary>How the mount's ids are mapped, from the words and the mount's own lists; null when they are not.</summary>
    public IdMap? Ids { get; set; }

    public bool IsBind => (Flags & Uapi.MS_BIND) != 0;

    /// <summary>What is mounted already gets new options.</summary>
    public bool IsRemount => (Flags & Uapi.MS_REMOUNT) != 0;

    public bool IsRecursive => (Flags & Uapi.MS_REC) != 0;

    /// <summary>Sorted words for the features document.</summary>
    public static string[] Words()
    {
        string[] words = new string[Table.Length];
        for (int i = 0; i < words.Length; i++)
            words[i] = Table[i].Name;
        return words;
    }

    /// <summary>Reads the words.</summary>
    public static MountOptions Parse(Utf8[]? options)
    {
        MountOptions parsed = new();
        options ??= [];
        for (int i = 0; i < options.Length; i++)
        {
            if (!parsed.Known(options[i], i))
                parsed.AddData(options[i]);
        }

        return parsed;
    }

    // One entry may hold several words, which mount(2) parts at the commas that are neither quoted nor escaped;
    // fsconfig(2) takes one at a time. As with mount(2), an empty one is none: Podman writes some.
    private void AddData(Utf8 entry)
    {
        int start = 0;
        bool quoted = false;
        for (int i = 0; i <= entry.Length; i++)
        {
            if (i < entry.Length && entry[i] == (byte)'"')
                quoted = !quoted;
            bool parts = i == entry.Length || (entry[i] == (byte)',' && !quoted && (i == 0 || entry[i - 1] != (byte)'\\'));
            if (!parts)
                continue;
            if (i > start)
                _data.Add(entry.Slice(start, i - start));
            start = i + 1;
        }
    }

    /// <summary>MOUNT_ATTR_* form of MS_* per-mount flags; the access-time mode is one field, not bits.</summary>
    public static ulong Attributes(ulong flags)
    {
        ulong attributes = 0;
        if ((flags & Uapi.MS_RDONLY) != 0)
            attributes |= Uapi.MOUNT_ATTR_RDONLY;
        if ((flags & Uapi.MS_NOSUID) != 0)
            attributes |= Uapi.MOUNT_ATTR_NOSUID;
        if ((flags & Uapi.MS_NODEV) != 0)
            attributes |= Uapi.MOUNT_ATTR_NODEV;
        if ((flags & Uapi.MS_NOEXEC) != 0)
            attributes |= Uapi.MOUNT_ATTR_NOEXEC;
        if ((flags & Uapi.MS_NODIRATIME) != 0)
            attributes |= Uapi.MOUNT_ATTR_NODIRATIME;
        if ((flags & Uapi.MS_NOSYMFOLLOW) != 0)
            attributes |= Uapi.MOUNT_ATTR_NOSYMFOLLOW;
        if ((flags & Uapi.MS_STRICTATIME) != 0)
            attributes |= Uapi.MOUNT_ATTR_STRICTATIME;
        else if ((flags & Uapi.MS_NOATIME) != 0)
            attributes |= Uapi.MOUNT_ATTR_NOATIME;
        return attributes;
    }

    private bool Known(Utf8 option, int index)
    {
        if (option.StartsWith("idmap="u8) || option.StartsWith("ridmap="u8))
        {
            MapIds(option[0] == (byte)'r', option.Slice(option.IndexOf((byte)'=') + 1), index);
            return true;
        }

        foreach (Word word in Table)
        {
            if (option.Length != word.Name.Length || option[0] != word.Name[0] || !Ascii.Equals(option.Span, word.Name))
                continue;
            if (word.Kind == Kind.IdMap)
                MapIds(word.Bits != 0, default, index);
            else
                Apply(word);
            return true;
        }

        return false;
    }

    private void MapIds(bool recursive, Utf8 text, int index)
    {
        IdMapIndex = index;
        IdMapText = text;
        IdMapIsRecursive = recursive;
    }

    private void Apply(Word word)
    {
        switch (word.Kind)
        {
            case Kind.Flag when word.Clear:
                Flags &= ~word.Bits;
                Cleared |= word.Bits;
                HasFlagWord = true;
                break;
            case Kind.Flag:
                Flags |= word.Bits;
                Cleared &= ~word.Bits;
                HasFlagWord |= (word.Bits & ~(ulong)(Uapi.MS_BIND | Uapi.MS_REC)) != 0;
                break;
            case Kind.Propagation:
                _propagation.Add(word.Bits);
                break;
            case Kind.Recursive:
                HasRecursiveWord = true;
                ApplyRecursive(word);
                break;
            case Kind.Superblock:
                HasRecursiveWord = true;
                break;
            case Kind.Link:
                _links |= word.Bits;
                break;
            case Kind.CopyUp:
                CopiesUp = true;
                break;
            default:
                break;
        }
    }

    private void ApplyRecursive(Word word)
    {
        bool isTime = (word.Bits & ~Uapi.MOUNT_ATTR__ATIME) == 0;
        ulong field = isTime ? Uapi.MOUNT_ATTR__ATIME : word.Bits;
        RecursiveSet &= ~field;
        RecursiveClear &= ~field;
        if (isTime)
            RecursiveClear |= Uapi.MOUNT_ATTR__ATIME;
        if (!word.Clear)
            RecursiveSet |= word.Bits;
        else if (!isTime)
            RecursiveClear |= word.Bits;
    }
}
