using OciRun.Errors;
using OciRun.Host;
using OciRun.Spec;

namespace OciRun.Validate;

internal readonly partial struct HostRules
{
    private void Process()
    {
        if (_config.Process is not Process process)
            return;
        if (!IsNew("user"u8))
            Capabilities(process.Capabilities);
        Rlimits(process.Rlimits ?? []);
        if (process.OomScoreAdj is { } score && score < Machine.OomScoreAdj && !May(SysResource))
        {
            Error(new Fault("cannot set the OOM score")
            {
                Field = "process.oomScoreAdj",
                Value = score.ToString(),
                Syscall = "write",
                Errno = Kernel.Errno.EACCES,
                Hint = "lowering it needs CAP_SYS_RESOURCE",
            });
        }

        if (!process.ApparmorProfile.IsEmpty && Machine.AppArmorEnabled && !process.ApparmorProfile.Is("unconfined"u8)
            && Machine.HasAppArmorProfile(process.ApparmorProfile.Span) == false)
        {
            Error(new Fault("no profile of this name is loaded")
            {
                Field = "process.apparmorProfile",
                Value = process.ApparmorProfile.ToString(),
                Hint = "load it with apparmor_parser(8)",
            });
        }
    }

    // What the runtime does not have it cannot give; a new user namespace has all.
    private void Capabilities(Capabilities? sets)
    {
        if (sets is null)
            return;
        Capabilities("permitted", sets.Permitted);
        Capabilities("effective", sets.Effective);
        Capabilities("inheritable", sets.Inheritable);
    }

    private void Capabilities(string set, Utf8[]? names)
    {
        for (int i = 0; i < names?.Length; i++)
        {
            if (!Machine.LacksCapability(names[i].Span))
                continue;
            Error(new Fault("cannot set the capabilities")
            {
                Field = $"process.capabilities.{set}[{i}]",
                Value = names[i].ToString(),
                Syscall = "capset",
                Errno = Kernel.Errno.EPERM,
                Hint = "the runtime itself does not have it; remove it",
            });
        }
    }

    private void Rlimits(Rlimit[] limits)
    {
        for (int i = 0; i < limits.Length; i++)
        {
            int number = Spec.Rlimits.Number(limits[i].Type.Span);
            if (number < 0 || limits[i].Hard <= Machine.HardLimit(number) || May(SysResource))
                continue;
            Error(new Fault("cannot set the limit")
            {
                Field = $"process.rlimits[{i}]",
                Value = limits[i].Type.ToString(),
                Syscall = "prlimit64",
                Errno = Kernel.Errno.EPERM,
                Hint = "raising a hard limit needs CAP_SYS_RESOURCE",
            });
        }
    }
}
