namespace OciRun.Spec;

/// <summary>config-linux.md, "Seccomp".</summary>
internal sealed class Seccomp
{
    /// <summary><c>SCMP_ACT_ERRNO</c> and so on.</summary>
    public Utf8 DefaultAction { get; set; }

    public uint? DefaultErrnoRet { get; set; }

    /// <summary><c>SCMP_ARCH_X86_64</c> and so on; null or empty means the native one only.</summary>
    public Utf8[]? Architectures { get; set; }

    /// <summary>Null lets the runtime choose; empty means none.</summary>
    public Utf8[]? Flags { get; set; }

    public Utf8 ListenerPath { get; set; }

    public Utf8 ListenerMetadata { get; set; }

    public SeccompSyscall[]? Syscalls { get; set; }

    /// <summary>Not of the specification (annotation <c>run.oci.seccomp_bpf_data</c>): a ready <c>struct sock_filter[]</c> instead of the rules.</summary>
    public byte[]? Program { get; set; }

    /// <summary>Not of the specification (annotation <c>run.oci.seccomp_fail_unknown_syscall</c>): unknown names are errors.</summary>
    public bool RefuseUnknownNames { get; set; }
}

internal sealed class SeccompSyscall
{
    public Utf8[]? Names { get; set; }

    public Utf8 Action { get; set; }

    public uint? ErrnoRet { get; set; }

    public SeccompArg[]? Args { get; set; }
}

internal sealed class SeccompArg
{
    /// <summary>0 to 5.</summary>
    public uint Index { get; set; }

    /// <summary>Compared value; the mask for <c>SCMP_CMP_MASKED_EQ</c>.</summary>
    public ulong Value { get; set; }

    /// <summary>Compared value for <c>SCMP_CMP_MASKED_EQ</c>.</summary>
    public ulong ValueTwo { get; set; }

    /// <summary><c>SCMP_CMP_EQ</c> and so on.</summary>
    public Utf8 Op { get; set; }
}
