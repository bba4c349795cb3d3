using System;
using OciRun.Spec;

namespace OciRun.Filters;

internal static partial class SeccompCompiler
{
    /// <summary>
    /// Whether the profile certainly lets every call of this name happen. A ready program and a rule that may say
    /// otherwise for some arguments are taken to forbid it.
    /// </summary>
    public static bool Permits(Seccomp profile, ReadOnlySpan<byte> name)
    {
        if (profile.Program is not null)
            return false;
        bool permitted = Passes(profile.DefaultAction);
        foreach (SeccompSyscall rule in profile.Syscalls ?? [])
        {
            bool passes = Passes(rule.Action);
            if (passes && (permitted || rule.Args is { Length: > 0 }))
                continue;
            foreach (Utf8 named in rule.Names ?? [])
            {
                if (!named.Is(name))
                    continue;
                if (!passes)
                    return false;
                permitted = true;
            }
        }

        return permitted;
    }

    private static bool Passes(Utf8 action) => action.Is("SCMP_ACT_ALLOW"u8) || action.Is("SCMP_ACT_LOG"u8);
}
