using System;
using OciRun.Kernel;

namespace OciRun.Host;

/// <summary>What this machine offers. Each fact is read once, when it is first asked for.</summary>
internal static partial class Machine
{
    // CAP_CHECKPOINT_RESTORE, the newest one since Linux 5.9; used without a mounted procfs.
    private const int UsualLastCapability = 40;

    private static int _lastCapability = -1;
    private static Version? _kernelVersion;
    private static bool? _inUserNamespace;
    private static bool? _appArmor;
    private static bool? _seLinux;

    /// <summary>
    /// Number of the newest capability the kernel knows: prctl(2) takes it and not the next one. An older kernel is asked by
    /// its file (/proc/sys/kernel/cap_last_cap, Linux 3.2).
    /// </summary>
    public static int LastCapability
    {
        get
        {
            if (_lastCapability < 0 && Knows(UsualLastCapability))
            {
                _lastCapability = UsualLastCapability;
                while (Knows(_lastCapability + 1))
                    _lastCapability++;
            }

            if (_lastCapability < 0)
                _lastCapability = ParseLastCapability(Read("/proc/sys/kernel/cap_last_cap"u8));
            return _lastCapability;
        }
    }

    /// <summary>
    /// Whether this process is in a user namespace other than the initial one: its map is not the identity over the
    /// whole range (user_namespaces(7)). False without the file, that is without CONFIG_USER_NS.
    /// </summary>
    public static bool InUserNamespace => _inUserNamespace ??= IsMapped(Read("/proc/self/uid_map"u8));

    /// <summary>Release of the running kernel, as far as it is numbers: 6.1.0 of <c>6.1.0-13-amd64</c> (uname(2)).</summary>
    public static Version KernelVersion
    {
        get
        {
            if (_kernelVersion is null)
            {
                Sys.uname(out utsname name);
                _kernelVersion = ParseRelease(name.Release);
            }

            return _kernelVersion;
        }
    }

    /// <summary>The kernel shows its memory as a file: /proc/kcore is there (CONFIG_PROC_KCORE).</summary>
    public static bool HasKcore => Sys.fstatat(Uapi.AT_FDCWD, "/proc/kcore"u8, out _, Uapi.AT_SYMLINK_NOFOLLOW) == 0;

    /// <summary>AppArmor decides on this kernel (/sys/module/apparmor/parameters/enabled is Y).</summary>
    public static bool AppArmorEnabled => _appArmor ??= Read("/sys/module/apparmor/parameters/enabled"u8) is [(byte)'Y', ..];

    /// <summary>This process runs under a profile: apparmor's attribute names one (apparmor(7); Linux 5.8, before it the shared file).</summary>
    public static bool ConfinedByAppArmor => AppArmorEnabled && IsConfined(Current());

    /// <summary>SELinux is active: its file system is mounted, whether it enforces or not (selinux(8)).</summary>
    public static bool SELinuxEnabled =>
        _seLinux ??= Sys.statfs("/sys/fs/selinux"u8, out statfs fs) == 0 && fs.f_type == Uapi.SELINUX_MAGIC;

    /// <summary>
    /// Whether cgroup operations that this process may not do are tolerated: as <c>--rootless</c> says, else without
    /// root or with the root of a user namespace.
    /// </summary>
    /// <param name="option">The value of <c>--rootless</c>; null for auto.</param>
    public static bool IsRootlessCgroup(bool? option) => option ?? (Sys.geteuid() != 0 || InUserNamespace);

    private static bool Knows(int capability) => Sys.prctl(Uapi.PR_CAPBSET_READ, capability) >= 0;

    internal static int ParseLastCapability(ReadOnlySpan<byte> text)
    {
        int digits = Digits(text);
        return digits > 0 && int.TryParse(text[..digits], out int number) && number < 64 ? number : UsualLastCapability;
    }

    internal static Version ParseRelease(ReadOnlySpan<byte> release)
    {
        Span<int> parts = stackalloc int[3];
        parts.Clear();
        for (int i = 0; i < parts.Length; i++)
        {
            int digits = Digits(release);
            if (digits == 0 || !int.TryParse(release[..digits], out parts[i]))
                break;
            release = release[digits..];
            if (release is not [(byte)'.', ..])
                break;
            release = release[1..];
        }

        return new Version(parts[0], parts[1], parts[2]);
    }

    /// <summary>Whether a uid_map is anything but one line "0 0 4294967295".</summary>
    internal static bool IsMapped(ReadOnlySpan<byte> map)
    {
        if (map.IsEmpty)
            return false;
        Span<Range> words = stackalloc Range[4];
        map = map.TrimEnd((byte)'\n');
        int found = 0;
        for (int at = 0; at < map.Length;)
        {
            int start = at;
            while (at < map.Length && map[at] is not (byte)' ')
                at++;
            if (at > start)
            {
                if (found == 3)
                    return true;
                words[found++] = start..at;
            }

            at++;
        }

        return found != 3 || !map[words[0]].SequenceEqual("0"u8) || !map[words[1]].SequenceEqual("0"u8)
            || !map[words[2]].SequenceEqual("4294967295"u8);
    }

    private static ReadOnlySpan<byte> Current()
    {
        ReadOnlySpan<byte> label = Read("/proc/thread-self/attr/apparmor/current"u8);
        return label.IsEmpty ? Read("/proc/thread-self/attr/current"u8) : label;
    }

    /// <summary>Whether a label is a profile's: <c>NAME (MODE)</c>, and not <c>unconfined</c>.</summary>
    internal static bool IsConfined(ReadOnlySpan<byte> label) =>
        !label.IsEmpty && !label.TrimEnd((byte)'\n').SequenceEqual("unconfined"u8);

    private static int Digits(ReadOnlySpan<byte> text)
    {
        int rest = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return rest < 0 ? text.Length : rest;
    }

    private static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> path) => Sys.ReadFile(Uapi.AT_FDCWD, path, 4096, out _);
}
