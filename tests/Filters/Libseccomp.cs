using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using OciRun.Kernel;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Filters;

/// <summary>A test that needs libseccomp to compare with.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LibseccompFactAttribute : FactAttribute
{
    public LibseccompFactAttribute()
    {
        if (!Libseccomp.IsPresent)
            Skip = "libseccomp.so.2 is not installed (package libseccomp2)";
    }
}

/// <summary>Builds filters with libseccomp in the way runc does.</summary>
internal static partial class Libseccomp
{
    public const int Eexist = -17;

    /// <summary>With more rules than these runc has libseccomp write a search tree.</summary>
    public const int LargestLinear = 32;
    private const string Library = "libseccomp.so.2";
    private const uint ActDefault = 1;
    private const uint CtlNnp = 3;
    private const uint CtlOptimize = 8;

    public static bool IsPresent { get; } = NativeLibrary.TryLoad(Library, out _);

    public static Version Version
    {
        get
        {
            int[] parts = new int[3];
            Marshal.Copy(seccomp_version(), parts, 0, 3);
            return new Version(parts[0], parts[1], parts[2]);
        }
    }

    /// <summary>libseccomp's SCMP_ARCH_* value of a name without prefix, which but for x32 is the kernel's.</summary>
    public static uint Token(string name) => seccomp_arch_resolve_name(Encoding.ASCII.GetBytes(name.ToLowerInvariant() + '\0'));

    /// <summary>The number of a call; below zero for a call the architecture lacks, -1 for one unknown to libseccomp.</summary>
    public static int Resolve(uint token, string name) =>
        seccomp_syscall_resolve_name_arch(token, Encoding.ASCII.GetBytes(name + '\0'));

    /// <summary>
    /// True when libseccomp gives a call the number of our table, which is of a newer release than Debian 12's, and knows
    /// the call again by the number it has on this machine.
    /// </summary>
    public static bool Knows(string architecture, Utf8 name)
    {
        int native = Resolve(0, name.ToString());
        if (native == -1 || NameOf(0, native) != name.ToString())
            return false;
        int theirs = Resolve(Token(architecture), name.ToString());
        long ours = SyscallTableTests.Number(architecture, name.Span);
        return theirs is > -300 and < -100 || Math.Max(theirs, -1) == ours;
    }

    /// <summary>True when an architecture has a call, be it through socketcall(2) or ipc(2).</summary>
    public static bool Has(string architecture, Utf8 name) =>
        Resolve(Token(architecture), name.ToString()) is >= 0 or (> -300 and < -100);

    public static string? NameOf(uint token, int number)
    {
        nint text = seccomp_syscall_resolve_num_arch(token, number);
        if (text == 0)
            return null;
        string name = Marshal.PtrToStringAnsi(text)!;
        free(text);
        return name;
    }

    /// <summary>Builds a filter; <paramref name="error"/> is that of the first rule libseccomp refused, else 0.</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="replacesNative">True when the profile's architectures are to stand for the machine's own.</param>
    /// <param name="error">A negative errno.</param>
    public static sock_filter[] Build(Seccomp profile, bool replacesNative, out int error)
    {
        uint defaultAction = Action(profile.DefaultAction.ToString(), profile.DefaultErrnoRet);
        nint context = seccomp_init(defaultAction);
        try
        {
            if (replacesNative)
                Check(seccomp_arch_remove(context, 0));
            foreach (Utf8 name in profile.Architectures ?? [])
            {
                uint token = Token(name.ToString()["SCMP_ARCH_".Length..]);
                int added = seccomp_arch_add(context, token);
                if (added != Eexist)
                    Check(added);
            }

            Check(seccomp_attr_set(context, CtlNnp, 0));
            int rules = profile.Syscalls!.Sum(s => s.Names!.Length);
            if (rules > LargestLinear)
                _ = seccomp_attr_set(context, CtlOptimize, 2);
            error = 0;
            foreach (SeccompSyscall syscall in profile.Syscalls!)
            {
                uint action = Action(syscall.Action.ToString(), syscall.ErrnoRet);
                if (action == defaultAction)
                    continue;
                foreach (Utf8 name in syscall.Names!)
                {
                    int number = seccomp_syscall_resolve_name(Encoding.ASCII.GetBytes(name + "\0"));
                    if (number == -1)
                        continue;
                    foreach (scmp_arg_cmp[] conditions in Split(syscall.Args ?? []))
                    {
                        int result = seccomp_rule_add_array(context, action, number, (uint)conditions.Length, conditions);
                        if (result != 0 && error == 0)
                            error = result;
                    }
                }
            }

            return Export(context);
        }
        finally
        {
            seccomp_release(context);
        }
    }

    private static List<scmp_arg_cmp[]> Split(SeccompArg[] args)
    {
        scmp_arg_cmp[] all = [.. args.Select(a => new scmp_arg_cmp
        {
            arg = a.Index,
            op = Array.IndexOf(["", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"], a.Op.ToString()["SCMP_CMP_".Length..]),
            datum_a = a.Value,
            datum_b = a.ValueTwo,
        })];
        bool repeated = args.Select(a => a.Index).Distinct().Count() != args.Length;
        return repeated ? [.. all.Select(a => new[] { a })] : [all];
    }

    public static uint Action(string name, uint? value)
    {
        uint data = (value ?? 1) & 0xffff;
        return name switch
        {
            "SCMP_ACT_KILL" or "SCMP_ACT_KILL_THREAD" => 0,
            "SCMP_ACT_KILL_PROCESS" => 0x80000000,
            "SCMP_ACT_TRAP" => 0x00030000,
            "SCMP_ACT_ERRNO" => 0x00050000 | data,
            "SCMP_ACT_NOTIFY" => 0x7fc00000,
            "SCMP_ACT_TRACE" => 0x7ff00000 | data,
            "SCMP_ACT_LOG" => 0x7ffc0000,
            "SCMP_ACT_ALLOW" => 0x7fff0000,
            _ => throw new ArgumentException(name),
        };
    }

    private static sock_filter[] Export(nint context)
    {
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = new(path, FileMode.Create, FileAccess.Write))
                Check(seccomp_export_bpf(context, file.SafeFileHandle.DangerousGetHandle().ToInt32()));
            sock_filter[] program = MemoryMarshal.Cast<byte, sock_filter>(File.ReadAllBytes(path)).ToArray();
            // libseccomp writes a foreign byte order, but swaps some return values once more.
            for (int i = 0; i < program.Length; i++)
            {
                if (program[i].code <= 0xff)
                    continue;
                program[i].code = (ushort)((program[i].code >> 8) | ((program[i].code & 0xff) << 8));
                uint k = BinaryPrimitives.ReverseEndianness(program[i].k);
                program[i].k = program[i].code == Uapi.BPF_RET_K && !IsAction(k) ? program[i].k : k;
            }

            return program;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static bool IsAction(uint value) =>
        (value >> 16) is 0x0005 or 0x7ff0 || value is 0 or 0x80000000 or 0x00030000 or 0x7fc00000 or 0x7ffc0000 or 0x7fff0000;

    private static void Check(int result)
    {
        if (result < 0)
            throw new InvalidOperationException("libseccomp: " + result.ToString(CultureInfo.InvariantCulture));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct scmp_arg_cmp
    {
        public uint arg;
        public int op;
        public ulong datum_a;
        public ulong datum_b;
    }

    [DllImport(Library)]
    private static extern nint seccomp_version();

    [DllImport(Library)]
    private static extern nint seccomp_init(uint action);

    [DllImport(Library)]
    private static extern void seccomp_release(nint context);

    [DllImport(Library)]
    private static extern int seccomp_arch_add(nint context, uint token);

    [DllImport(Library)]
    private static extern int seccomp_arch_remove(nint context, uint token);

    [DllImport(Library)]
    private static extern uint seccomp_arch_resolve_name(byte[] name);

    [DllImport(Library)]
    private static extern int seccomp_attr_set(nint context, uint attribute, uint value);

    [DllImport(Library)]
    private static extern int seccomp_syscall_resolve_name(byte[] name);

    [DllImport(Library)]
    private static extern int seccomp_syscall_resolve_name_arch(uint token, byte[] name);

    [DllImport(Library)]
    private static extern nint seccomp_syscall_resolve_num_arch(uint token, int number);

    [DllImport(Library)]
    private static extern int seccomp_rule_add_array(
        nint context, uint action, int number, uint count, scmp_arg_cmp[] conditions);

    [DllImport(Library)]
    private static extern int seccomp_export_bpf(nint context, int fd);

    [DllImport("libc")]
    private static extern void free(nint pointer);
}
