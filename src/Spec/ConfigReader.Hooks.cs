namespace OciRun.Spec;

/// <summary>config.md, "POSIX-platform Hooks".</summary>
internal static unsafe partial class ConfigReader
{
    private static Hooks ReadHooks(ref JsonCursor json)
    {
        Hooks hooks = new();
        while (json.Property())
        {
            if (json.Is("prestart"u8))
                hooks.Prestart = json.Objects<Hook>(&ReadHook);
            else if (json.Is("createRuntime"u8))
                hooks.CreateRuntime = json.Objects<Hook>(&ReadHook);
            else if (json.Is("createContainer"u8))
                hooks.CreateContainer = json.Objects<Hook>(&ReadHook);
            else if (json.Is("startContainer"u8))
                hooks.StartContainer = json.Objects<Hook>(&ReadHook);
            else if (json.Is("poststart"u8))
                hooks.Poststart = json.Objects<Hook>(&ReadHook);
            else if (json.Is("poststop"u8))
                hooks.Poststop = json.Objects<Hook>(&ReadHook);
            else
                json.Skip();
        }

        return hooks;
    }

    private static Hook ReadHook(ref JsonCursor json)
    {
        Hook hook = new();
        while (json.Property())
        {
            if (json.Is("path"u8))
                hook.Path = json.Text();
            else if (json.Is("args"u8))
                hook.Args = json.Texts();
            else if (json.Is("env"u8))
                hook.Env = json.Texts();
            else if (json.Is("timeout"u8))
                hook.Timeout = json.Int64();
            else
                json.Skip();
        }

        return hook;
    }
}
