using System.Runtime.InteropServices;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>
/// What a tmpfs does with the directory that it covers (the option tmpcopyup), and the room for it; the mounts of a plan
/// share the room.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CopyUpStep
{
    /// <summary>Directories below one another; every level takes two descriptors.</summary>
    public const int MaximumDepth = 128;

    /// <summary>Bytes of directory entries that are read at a time.</summary>
    public const int EntriesSize = 4096;

    /// <summary>XATTR_LIST_MAX (linux/limits.h).</summary>
    public const int NamesSize = 65536;

    /// <summary>XATTR_SIZE_MAX (linux/limits.h).</summary>
    public const int ValueSize = 65536;

    /// <summary>Room for entries, by depth.</summary>
    public byte* Entries;

    /// <summary>Room for the names of extended attributes.</summary>
    public byte* Names;

    /// <summary>Room for the value of one, for a link's text and for a piece of a file.</summary>
    public byte* Value;

    /// <summary>The options give the root directory's mode, user or group.</summary>
    public byte KeepsMode;

    public byte KeepsUid;

    public byte KeepsGid;
}

internal sealed unsafe partial class Planner
{
    private CopyUpStep _copyUp;

    private void CopyUp(MountStep* m, MountOptions options, Utf8 type, string field)
    {
        if (!options.CopiesUp)
            return;
        if (options.IsBind || options.IsRemount || !type.Is("tmpfs"u8))
        {
            throw new FaultException(new Fault("tmpcopyup can be used only with tmpfs")
            {
                Field = $"{field}.options",
                Value = "tmpcopyup",
                Hint = options.IsBind || options.IsRemount ? "remove it, or make the mount a new tmpfs" : "remove it, or make the type tmpfs",
            });
        }

        if (_copyUp.Entries is null)
        {
            _copyUp.Entries = Arena.Allocate((long)CopyUpStep.MaximumDepth * CopyUpStep.EntriesSize);
            _copyUp.Names = Arena.Allocate(CopyUpStep.NamesSize);
            _copyUp.Value = Arena.Allocate(CopyUpStep.ValueSize);
        }

        m->CopyUp = Arena.Make<CopyUpStep>();
        *m->CopyUp = _copyUp;
        foreach (Utf8 word in options.Data)
        {
            if (word.StartsWith("mode="u8))
                m->CopyUp->KeepsMode = 1;
            else if (word.StartsWith("uid="u8))
                m->CopyUp->KeepsUid = 1;
            else if (word.StartsWith("gid="u8))
                m->CopyUp->KeepsGid = 1;
        }
    }
}
