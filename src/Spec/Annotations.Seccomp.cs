using System;
using System.Buffers;
using System.Buffers.Text;

namespace OciRun.Spec;

/// <summary>The annotations of crun that change <c>linux.seccomp</c> (crun.1, "EXTENSIONS TO OCI").</summary>
internal static class SeccompAnnotations
{
    public static ReadOnlySpan<byte> Receiver => "run.oci.seccomp.receiver"u8;

    public static ReadOnlySpan<byte> Program => "run.oci.seccomp_bpf_data"u8;

    public static ReadOnlySpan<byte> FailUnknown => "run.oci.seccomp_fail_unknown_syscall"u8;

    /// <summary>Bytes of one <c>struct sock_filter</c>.</summary>
    public const int InstructionSize = 8;

    /// <summary>Bytes of the longest program that the kernel takes (BPF_MAXINSNS of linux/bpf_common.h).</summary>
    public const int LongestProgram = 4096 * InstructionSize;

    /// <summary>Puts what the annotations say into <c>linux.seccomp</c>, but for the receiver.</summary>
    public static void Apply(Config config)
    {
        if (config.Annotations is not { Length: > 0 })
            return;
        if (Decode(config.Annotation(Program)) is { } program)
        {
            config.Linux ??= new Linux();
            config.Linux.Seccomp ??= new Seccomp();
            config.Linux.Seccomp.Program = program;
        }

        if (config.Linux?.Seccomp is { } seccomp && config.Annotation(FailUnknown) is { IsNull: false } fail)
            seccomp.RefuseUnknownNames = !fail.Is("0"u8);
    }

    /// <summary>The program, or null when the text is absent or not base64 of whole instructions that end in a return.</summary>
    public static byte[]? Decode(Utf8 text)
    {
        if (text.IsEmpty || text.Length > Base64.GetMaxEncodedToUtf8Length(LongestProgram))
            return null;
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text.Span, bytes, out int consumed, out int written) != OperationStatus.Done
            || consumed != text.Length)
            return null;
        Array.Resize(ref bytes, written);
        return IsProgram(bytes) ? bytes : null;
    }

    // The kernel's own check of the rest (seccomp_check_filter) has one answer for all, EINVAL.
    private static bool IsProgram(ReadOnlySpan<byte> program)
    {
        const int Return = 0x06;
        const int Class = 0x07;
        if (program.Length is 0 or > LongestProgram || program.Length % InstructionSize != 0)
            return false;
        ushort last = BitConverter.ToUInt16(program[^InstructionSize..]);
        return (last & Class) == Return;
    }
}
