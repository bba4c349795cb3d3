using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Filters;

/// <summary>A compiled <c>linux.seccomp</c>.</summary>
/// <param name="Instructions"><c>struct sock_filter[]</c>, 8 bytes each, in the machine's byte order.</param>
/// <param name="Load">How to hand it to the kernel.</param>
internal readonly record struct SeccompProgram(byte[] Instructions, SeccompLoad Load);

/// <summary>How to hand a compiled filter to seccomp(2).</summary>
/// <param name="Count">Instructions.</param>
/// <param name="FilterFlags">SECCOMP_FILTER_FLAG_* for seccomp(SECCOMP_SET_MODE_FILTER).</param>
/// <param name="OptionalFlags">Those the profile did not ask for: when the kernel refuses them, load without.</param>
/// <param name="NeedsListener">True when seccomp(2) returns a descriptor to be sent to <c>listenerPath</c>.</param>
internal readonly record struct SeccompLoad(int Count, uint FilterFlags, uint OptionalFlags, bool NeedsListener);

/// <summary>
/// Compiles <c>linux.seccomp</c> to classic BPF without asking the kernel anything. The meaning is what runc makes of a
/// profile with libseccomp, including its answer of ENOSYS to calls newer than the profile.
/// </summary>
internal static partial class SeccompCompiler
{
    private const uint ArchitectureOffset = 4;

    /// <summary>Compiles a profile.</summary>
    /// <param name="profile"><c>linux.seccomp</c>, null when absent.</param>
    /// <param name="native">The machine, whose own architecture is always covered.</param>
    /// <returns>Null when there is nothing to filter.</returns>
    /// <exception cref="FaultException">A field of the profile is wrong, or the program is too large.</exception>
    public static SeccompProgram? Compile(Seccomp? profile, Architecture native)
    {
        sock_filter[] code = new sock_filter[Uapi.BPF_MAXINSNS];
        int count = Compile(profile, native, code, out SeccompLoad load);
        return count == 0 ? null : new SeccompProgram(MemoryMarshal.AsBytes(code.AsSpan(0, count)).ToArray(), load);
    }

    /// <summary>Compiles a profile into the caller's memory.</summary>
    /// <param name="profile"><c>linux.seccomp</c>, null when absent.</param>
    /// <param name="native">The machine, whose own architecture is always covered.</param>
    /// <param name="into">Receives the program; <see cref="Uapi.BPF_MAXINSNS"/> instructions are always enough.</param>
    /// <param name="load">How to hand the program to the kernel.</param>
    /// <returns>The number of instructions, 0 when there is nothing to filter.</returns>
    /// <exception cref="FaultException">A field of the profile is wrong, or the program is too large.</exception>
    [SkipLocalsInit]
    public static int Compile(Seccomp? profile, Architecture native, Span<sock_filter> into, out SeccompLoad load)
    {
        load = default;
        if (profile is null
            || (profile.Program is null && profile.DefaultAction.IsEmpty && profile.Syscalls is not { Length: > 0 }))
            return 0;
        uint flags = Flags(profile, out uint optional);
        if (profile.Program is not null)
            return Copy(profile, flags, optional, into, out load);
        Span<SeccompArchitecture> architectures = stackalloc SeccompArchitecture[24];
        architectures = architectures[..Covered(profile, SeccompArchitecture.Native(native), architectures, out bool x32)];
        SeccompRules rules = SeccompRules.Read(profile);
        flags = ForListener(flags, rules.Notifies, profile);
        Span<sock_filter> scratch = stackalloc sock_filter[Uapi.BPF_MAXINSNS];
        SeccompWriter writer = new(scratch, rules.Actions.AsSpan(0, rules.ActionCount), new int[rules.ActionCount]);
        Write(rules, architectures, x32, ref writer);
        Span<sock_filter> program = scratch[writer.Head..];
        if (program.Length > into.Length)
            throw new ArgumentException("too small", nameof(into));
        program.CopyTo(into);
        load = new SeccompLoad(program.Length, flags, optional, rules.Notifies);
        return program.Length;
    }

    private static int Copy(Seccomp profile, uint flags, uint optional, Span<sock_filter> into, out SeccompLoad load)
    {
        ReadOnlySpan<sock_filter> program = MemoryMarshal.Cast<byte, sock_filter>(profile.Program);
        if (program.Length > into.Length)
            throw new ArgumentException("too small", nameof(into));
        program.CopyTo(into);
        bool notifies = Notifies(program);
        load = new SeccompLoad(program.Length, ForListener(flags, notifies, profile), optional, notifies);
        return program.Length;
    }

    private static uint ForListener(uint flags, bool notifies, Seccomp profile)
    {
        // config-linux.md, "Seccomp": metadata without a path is forbidden, so whoever wrote it expects a listener.
        if (!notifies && profile is { ListenerMetadata.IsEmpty: false, ListenerPath.IsEmpty: true })
        {
            throw new FaultException(new Fault("listenerMetadata is set and listenerPath is not")
            {
                Field = "linux.seccomp.listenerMetadata",
                Value = profile.ListenerMetadata.ToString(),
                Hint = "name the listener's socket in linux.seccomp.listenerPath, or remove the metadata",
            });
        }

        // The kernel refuses it where there is no listener to wait for.
        if (!notifies)
            return flags & ~Uapi.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        if (!profile.ListenerPath.IsEmpty)
            return flags | Uapi.SECCOMP_FILTER_FLAG_NEW_LISTENER;
        throw new FaultException(new Fault("seccomp listenerPath is not set")
        {
            Field = "linux.seccomp.listenerPath",
            Hint = "name the listener's socket, or do without SCMP_ACT_NOTIFY",
        });
    }

    private static void Write(
        SeccompRules rules, ReadOnlySpan<SeccompArchitecture> architectures, bool x32, ref SeccompWriter writer)
    {
        // The writer goes backwards: what is written last, the machine's own architecture, is nearest to the start.
        SeccompSection section = new(rules);
        Span<int> places = stackalloc int[architectures.Length];
        for (int i = architectures.Length - 1; i >= 0; i--)
        {
            bool both = x32 && architectures[i].Column == SyscallColumn.X86_64;
            section.Build(architectures[i], both ? SeccompArchitecture.X32 : null);
            places[i] = writer.Section(section);
        }

        int next = ~rules.BadArchitecture;
        for (int i = architectures.Length - 1; i >= 0; i--)
            next = writer.Jump(Uapi.BPF_JMP_JEQ_K, architectures[i].Audit, places[i], next);
        writer.Load(ArchitectureOffset);
    }

    // Lists what the filter covers, the machine's own architecture first; x32 is part of x86_64 when both are covered.
    private static int Covered(
        Seccomp profile, in SeccompArchitecture native, Span<SeccompArchitecture> covered, out bool x32)
    {
        covered[0] = native;
        int count = 1;
        x32 = false;
        bool x64 = native.Column == SyscallColumn.X86_64;
        Utf8[] names = profile.Architectures ?? [];
        for (int i = 0; i < names.Length; i++)
        {
            int index = IndexOf(SeccompArchitecture.Names, names[i].Span);
            if (index < 0)
                throw Unknown("unknown architecture", $"linux.seccomp.architectures[{i}]", names[i], Architectures);
            SeccompArchitecture architecture = SeccompArchitecture.At(index);
            if (architecture.BigEndian != native.BigEndian)
            {
                throw new FaultException(new Fault("its byte order is not this machine's")
                {
                    Field = $"linux.seccomp.architectures[{i}]",
                    Value = names[i].ToString(),
                    Hint = "leave it out, no process here can make its calls",
                });
            }

            x32 |= architecture.Column == SyscallColumn.X32;
            x64 |= architecture.Column == SyscallColumn.X86_64;
            if (IndexOf(covered[..count], architecture) < 0)
                covered[count++] = architecture;
        }

        if (x32 && x64)
        {
            int at = IndexOf(covered[..count], SeccompArchitecture.X32);
            covered[(at + 1)..count--].CopyTo(covered[at..]);
        }

        return count;
    }

    private static int IndexOf(ReadOnlySpan<SeccompArchitecture> list, in SeccompArchitecture item)
    {
        for (int i = 0; i < list.Length; i++)
        {
            if (list[i].Audit == item.Audit && list[i].Column == item.Column)
                return i;
        }

        return -1;
    }

    // TSYNC is accepted and not passed on: the process that loads the filter has one thread.
    private static uint Flags(Seccomp profile, out uint optional)
    {
        optional = profile.Flags is null ? Uapi.SECCOMP_FILTER_FLAG_SPEC_ALLOW : 0;
        uint flags = optional;
        Utf8[] names = profile.Flags ?? [];
        for (int i = 0; i < names.Length; i++)
        {
            uint flag = FlagValue(names[i].Span);
            if (flag == 0)
                throw Unknown("unknown flag", $"linux.seccomp.flags[{i}]", names[i], KnownFlags);
            flags |= flag & ~Uapi.SECCOMP_FILTER_FLAG_TSYNC;
        }

        return flags;
    }

    internal static FaultException Unknown(string message, string field, Utf8 value, string[] known) => new(new Fault(message)
    {
        Field = field,
        Value = value.ToString(),
        Hint = "known are " + string.Join(", ", known),
    });
}
