namespace OciRun.Spec;

/// <summary>config-linux.md, "Seccomp".</summary>
internal static unsafe partial class ConfigReader
{
    private static Seccomp ReadSeccomp(ref JsonCursor json)
    {
        Seccomp seccomp = new();
        while (json.Property())
        {
            if (json.Is("defaultAction"u8))
                seccomp.DefaultAction = json.Text();
            else if (json.Is("defaultErrnoRet"u8))
                seccomp.DefaultErrnoRet = json.UInt32();
            else if (json.Is("architectures"u8))
                seccomp.Architectures = json.Texts();
            else if (json.Is("flags"u8))
                seccomp.Flags = json.Texts();
            else if (json.Is("listenerPath"u8))
                seccomp.ListenerPath = json.Text();
            else if (json.Is("listenerMetadata"u8))
                seccomp.ListenerMetadata = json.Text();
            else if (json.Is("syscalls"u8))
                seccomp.Syscalls = json.Objects<SeccompSyscall>(&ReadSeccompSyscall);
            else
                json.Skip();
        }

        return seccomp;
    }

    private static SeccompSyscall ReadSeccompSyscall(ref JsonCursor json)
    {
        SeccompSyscall rule = new();
        while (json.Property())
        {
            if (json.Is("names"u8))
                rule.Names = json.Texts();
            else if (json.Is("action"u8))
                rule.Action = json.Text();
            else if (json.Is("errnoRet"u8))
                rule.ErrnoRet = json.UInt32();
            else if (json.Is("args"u8))
                rule.Args = json.Objects<SeccompArg>(&ReadSeccompArg);
            else
                json.Skip();
        }

        return rule;
    }

    private static SeccompArg ReadSeccompArg(ref JsonCursor json)
    {
        SeccompArg arg = new();
        while (json.Property())
        {
            if (json.Is("index"u8))
                arg.Index = json.UInt32() ?? 0;
            else if (json.Is("value"u8))
                arg.Value = json.UInt64() ?? 0;
            else if (json.Is("valueTwo"u8))
                arg.ValueTwo = json.UInt64() ?? 0;
            else if (json.Is("op"u8))
                arg.Op = json.Text();
            else
                json.Skip();
        }

        return arg;
    }
}
