using System;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Host;

/// <summary>Facts that only <c>validate</c> asks for.</summary>
internal static partial class Machine
{
    private const int TableSize = 1 << 20;

    /// <summary>Whether the kernel has the file system now (/proc/filesystems; a module that is not loaded is not in it).</summary>
    public static bool HasFilesystem(ReadOnlySpan<byte> type)
    {
        ReadOnlySpan<byte> table = ReadTable("/proc/filesystems"u8);
        foreach (Range line in table.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> text = table[line];
            if (text[(text.IndexOf((byte)'\t') + 1)..].SequenceEqual(type))
                return true;
        }

        return table.IsEmpty;
    }

    /// <summary>Whether the kernel loads modules when it is asked for something that it does not have.</summary>
    public static bool LoadsModules
    {
        get
        {
            Sys.uname(out utsname name);
            return Read("/proc/sys/kernel/modprobe"u8) is [(byte)'/', ..]
                && At(Sys.Bytes($"/lib/modules/{Encoding.ASCII.GetString(name.Release)}/modules.dep")).Errno == 0;
        }
    }

    /// <summary>Whether the kernel has this kind of namespace: <c>pid</c>, <c>net</c>, <c>mnt</c> ... (namespaces(7)).</summary>
    public static bool HasNamespace(string file) => !At(Sys.Bytes($"/proc/self/ns/{file}")).IsMissing;

    /// <summary>The limit on new namespaces of a kind for one user (/proc/sys/user/max_KIND_namespaces); null without one.</summary>
    public static long? MostNamespaces(string file)
    {
        ReadOnlySpan<byte> text = Read(Sys.Bytes($"/proc/sys/user/max_{file}_namespaces"));
        return long.TryParse(text.TrimEnd((byte)'\n'), out long most) ? most : null;
    }

    /// <summary>Whether the kernel has a seccomp action: <c>kill_process</c>, <c>user_notif</c> ... (seccomp(2)).</summary>
    public static bool HasSeccompAction(ReadOnlySpan<byte> action)
    {
        ReadOnlySpan<byte> words = Read("/proc/sys/kernel/seccomp/actions_avail"u8).TrimEnd((byte)'\n');
        foreach (Range word in words.Split((byte)' '))
        {
            if (words[word].SequenceEqual(action))
                return true;
        }

        return words.IsEmpty;
    }

    /// <summary>Whether AppArmor has a profile loaded; null when that cannot be told.</summary>
    public static bool? HasAppArmorProfile(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> table = ReadTable("/sys/kernel/security/apparmor/profiles"u8);
        if (table.IsEmpty)
            return null;
        foreach (Range line in table.Split((byte)'\n'))
        {
            // NAME (MODE)
            ReadOnlySpan<byte> text = table[line];
            int mode = text.LastIndexOf(" ("u8);
            if (mode > 0 && text[..mode].SequenceEqual(name))
                return true;
        }

        return false;
    }

    /// <summary>Effective capabilities of this process as a mask of their numbers (/proc/self/status).</summary>
    public static ulong EffectiveCapabilities => StatusMask("\nCapEff:\t"u8);

    /// <summary>Whether the kernel has a capability that this process can never pass on (its bounding set, capabilities(7)).</summary>
    public static bool LacksCapability(ReadOnlySpan<byte> name)
    {
        int number = Capability.Number(name);
        return number >= 0 && number <= LastCapability && (StatusMask("\nCapBnd:\t"u8) & (1UL << number)) == 0;
    }

    /// <summary>The hard limit of this process on a resource, RLIMIT_*.</summary>
    public static unsafe ulong HardLimit(int resource)
    {
        rlimit64 limit;
        return Sys.prlimit64(0, resource, null, &limit) < 0 ? ulong.MaxValue : limit.rlim_max;
    }

    /// <summary>This process's own adjustment of the OOM score, -1000 to 1000 (proc_pid_oom_score_adj(5)).</summary>
    public static int OomScoreAdj =>
        int.TryParse(Read("/proc/self/oom_score_adj"u8).TrimEnd((byte)'\n'), out int score) ? score : 0;

    /// <summary>Whether a range of ids of this user namespace exists: all of it is in the map of this process.</summary>
    public static bool MapsIds(bool groups, uint first, uint size)
    {
        ReadOnlySpan<byte> map = Read(groups ? "/proc/self/gid_map"u8 : "/proc/self/uid_map"u8);
        return map.IsEmpty || Covers(map, first, size);
    }

    /// <summary>Whether the lines of an id map hold every id of a range, which several lines may share.</summary>
    internal static bool Covers(ReadOnlySpan<byte> map, uint first, uint size)
    {
        ulong next = first;
        ulong end = (ulong)first + size;
        bool found = true;
        while (next < end && found)
        {
            found = false;
            foreach (Range line in map.Split((byte)'\n'))
            {
                if (!MapLine(map[line], out ulong inside, out ulong count) || next < inside || next >= inside + count)
                    continue;
                next = inside + count;
                found = true;
            }
        }

        return next >= end;
    }

    // "       inside    outside      count", user_namespaces(7).
    private static bool MapLine(ReadOnlySpan<byte> line, out ulong inside, out ulong count)
    {
        inside = 0;
        count = 0;
        int field = 0;
        foreach (Range word in line.Split((byte)' '))
        {
            if (line[word].IsEmpty)
                continue;
            if (!ulong.TryParse(line[word], out ulong number))
                return false;
            if (field == 0)
                inside = number;
            count = number;
            field++;
        }

        return field == 3;
    }

    private static ulong StatusMask(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> status = ReadTable("/proc/self/status"u8);
        int at = status.IndexOf(key);
        return at >= 0 && ulong.TryParse(
            status.Slice(at + key.Length, 16), System.Globalization.NumberStyles.AllowHexSpecifier, null, out ulong mask)
            ? mask
            : ulong.MaxValue;
    }

    private static ReadOnlySpan<byte> ReadTable(ReadOnlySpan<byte> path) => Sys.ReadFile(Uapi.AT_FDCWD, path, TableSize, out _);
}
