namespace OciRun.Spec;

/// <summary>config.md, "Process".</summary>
internal static unsafe partial class ConfigReader
{
    private const string UnchangedId = "setresuid(2) and chown(2) take 4294967295 as 'leave unchanged'";

    private static Process ReadProcess(ref JsonCursor json)
    {
        Process process = new();
        while (json.Property())
        {
            if (json.Is("terminal"u8))
                process.Terminal = json.Flag() ?? false;
            else if (json.Is("consoleSize"u8))
                process.ConsoleSize = json.Object() ? ReadConsoleSize(ref json) : null;
            else if (json.Is("user"u8))
                process.User = json.Object() ? ReadUser(ref json) : null;
            else if (json.Is("args"u8))
                process.Args = json.Texts();
            else if (json.Is("env"u8))
                process.Env = json.Texts();
            else if (json.Is("cwd"u8))
                process.Cwd = json.Text();
            else if (json.Is("capabilities"u8))
                process.Capabilities = json.Object() ? ReadCapabilities(ref json) : null;
            else if (json.Is("rlimits"u8))
                process.Rlimits = json.Objects<Rlimit>(&ReadRlimit);
            else if (json.Is("noNewPrivileges"u8))
                process.NoNewPrivileges = json.Flag() ?? false;
            else if (json.Is("apparmorProfile"u8))
                process.ApparmorProfile = json.Text();
            else if (json.Is("oomScoreAdj"u8))
                process.OomScoreAdj = json.Int32();
            else if (json.Is("scheduler"u8))
                process.Scheduler = json.Object() ? ReadScheduler(ref json) : null;
            else if (json.Is("selinuxLabel"u8))
                process.SelinuxLabel = json.Text();
            else if (json.Is("ioPriority"u8))
                process.IoPriority = json.Object() ? ReadIoPriority(ref json) : null;
            else if (json.Is("execCPUAffinity"u8))
                process.ExecCpuAffinity = json.Object() ? ReadExecCpuAffinity(ref json) : null;
            else
                json.Skip();
        }

        return process;
    }

    private static ConsoleSize ReadConsoleSize(ref JsonCursor json)
    {
        ConsoleSize size = new();
        while (json.Property())
        {
            if (json.Is("height"u8))
                size.Height = json.UInt16() ?? 0;
            else if (json.Is("width"u8))
                size.Width = json.UInt16() ?? 0;
            else
                json.Skip();
        }

        return size;
    }

    private static User ReadUser(ref JsonCursor json)
    {
        User user = new();
        while (json.Property())
        {
            if (json.Is("uid"u8))
                user.Uid = json.Id(UnchangedId) ?? 0;
            else if (json.Is("gid"u8))
                user.Gid = json.Id(UnchangedId) ?? 0;
            else if (json.Is("umask"u8))
                user.Umask = json.UInt32();
            else if (json.Is("additionalGids"u8))
                user.AdditionalGids = json.Ids(UnchangedId);
            else
                json.Skip();
        }

        return user;
    }

    private static Capabilities ReadCapabilities(ref JsonCursor json)
    {
        Capabilities sets = new();
        while (json.Property())
        {
            if (json.Is("bounding"u8))
                sets.Bounding = json.Texts();
            else if (json.Is("effective"u8))
                sets.Effective = json.Texts();
            else if (json.Is("inheritable"u8))
                sets.Inheritable = json.Texts();
            else if (json.Is("permitted"u8))
                sets.Permitted = json.Texts();
            else if (json.Is("ambient"u8))
                sets.Ambient = json.Texts();
            else
                json.Skip();
        }

        return sets;
    }

    private static Rlimit ReadRlimit(ref JsonCursor json)
    {
        Rlimit limit = new();
        while (json.Property())
        {
            if (json.Is("type"u8))
                limit.Type = json.Text();
            else if (json.Is("soft"u8))
                limit.Soft = json.UInt64() ?? 0;
            else if (json.Is("hard"u8))
                limit.Hard = json.UInt64() ?? 0;
            else
                json.Skip();
        }

        return limit;
    }

    private static Scheduler ReadScheduler(ref JsonCursor json)
    {
        Scheduler scheduler = new();
        while (json.Property())
        {
            if (json.Is("policy"u8))
                scheduler.Policy = json.Text();
            else if (json.Is("nice"u8))
                scheduler.Nice = json.Int32();
            else if (json.Is("priority"u8))
                scheduler.Priority = json.Int32();
            else if (json.Is("flags"u8))
                scheduler.Flags = json.Texts();
            else if (json.Is("runtime"u8))
                scheduler.Runtime = json.UInt64();
            else if (json.Is("deadline"u8))
                scheduler.Deadline = json.UInt64();
            else if (json.Is("period"u8))
                scheduler.Period = json.UInt64();
            else
                json.Skip();
        }

        return scheduler;
    }

    private static IoPriority ReadIoPriority(ref JsonCursor json)
    {
        IoPriority priority = new();
        while (json.Property())
        {
            if (json.Is("class"u8))
                priority.Class = json.Text();
            else if (json.Is("priority"u8))
                priority.Priority = json.Int32() ?? 0;
            else
                json.Skip();
        }

        return priority;
    }

    private static ExecCpuAffinity ReadExecCpuAffinity(ref JsonCursor json)
    {
        ExecCpuAffinity affinity = new();
        while (json.Property())
        {
            if (json.Is("initial"u8))
                affinity.Initial = json.Text();
            else if (json.Is("final"u8))
                affinity.Final = json.Text();
            else
                json.Skip();
        }

        return affinity;
    }
}
