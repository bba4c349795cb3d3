using System;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>The resctrl file system (Linux 4.10, Documentation/filesystems/resctrl.rst), by the directory it is mounted on.</summary>
internal sealed class ResctrlTree
{
    /// <param name="path">Absolute path of the mount.</param>
    public ResctrlTree(string path) => Path = path;

    public string Path { get; }

    /// <summary>Where mountinfo says it is; null when it is not mounted.</summary>
    public static ResctrlTree? Find()
    {
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/mountinfo"u8, 16 << 20, out _);
        string? path = table is null ? null : Mountinfo.PointOf(table, " - resctrl "u8);
        return path is null ? null : new ResctrlTree(path);
    }

    /// <summary>Whether there is a directory of this name, a group or not.</summary>
    public bool Has(string name)
    {
        using Fd directory = Open(name);
        return directory.Number >= 0;
    }

    /// <summary>The directory of a group, <c>/</c> for the root's; the number is a negative errno when it cannot be opened.</summary>
    public Fd Open(string name)
    {
        const int flags = Uapi.O_PATH | Uapi.O_DIRECTORY;
        using Fd root = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(Path), flags));
        return new Fd(root.Number < 0
            ? root.Number
            : Sys.openat(root.Number, name == "/" ? "."u8 : Sys.Bytes(name), flags | Uapi.O_NOFOLLOW));
    }

    /// <summary>A file below the mount's own <c>info</c>; null when it is not there.</summary>
    public byte[]? Info(string file) => Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes($"{Path}/info/{file}"), 4096, out _);

    /// <summary>What the kernel noted about the last request that failed, with a colon before it; empty without a note.</summary>
    public string LastStatus()
    {
        ReadOnlySpan<byte> text = Info("last_cmd_status").AsSpan().TrimEnd((byte)'\n');
        return text.IsEmpty || text.SequenceEqual("ok"u8) ? "" : $": {Encoding.UTF8.GetString(text)}";
    }

    /// <summary>Whether the machine can allocate cache (CAT), with or without separate code and data.</summary>
    public bool HasCacheAllocation => HasInfo("L3") || HasInfo("L3CODE") || HasInfo("L3DATA");

    /// <summary>Whether the machine can allocate memory bandwidth (MBA).</summary>
    public bool HasBandwidthAllocation => HasInfo("MB");

    /// <summary>The step to which the kernel rounds bandwidths up, in the schema's unit (info/MB/bandwidth_gran).</summary>
    public int BandwidthStep()
    {
        ReadOnlySpan<byte> text = Info("MB/bandwidth_gran").AsSpan().TrimEnd((byte)'\n');
        return int.TryParse(text, out int step) && step > 0 ? step : 1;
    }

    private bool HasInfo(string name)
    {
        using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes($"{Path}/info/{name}"), Uapi.O_PATH | Uapi.O_DIRECTORY));
        return directory.Number >= 0;
    }
}
