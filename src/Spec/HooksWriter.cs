using System;

namespace OciRun.Spec;

/// <summary>Writes the hooks that run after a container was created, in the form of config.json.</summary>
internal static class HooksWriter
{
    public static byte[] Write(Hooks hooks)
    {
        JsonText json = new();
        json.Object();
        List(json, "poststart"u8, hooks.Poststart);
        List(json, "poststop"u8, hooks.Poststop);
        return json.EndObject().ToArray();
    }

    private static void List(JsonText json, ReadOnlySpan<byte> name, Hook[]? hooks)
    {
        if (hooks is not { Length: > 0 })
            return;
        json.Key(name).Array();
        foreach (Hook hook in hooks)
        {
            json.Object().Member("path"u8, hook.Path);
            Texts(json, "args"u8, hook.Args);
            Texts(json, "env"u8, hook.Env);
            if (hook.Timeout is { } timeout)
                json.Member("timeout"u8, timeout);
            json.EndObject();
        }

        json.EndArray();
    }

    private static void Texts(JsonText json, ReadOnlySpan<byte> name, Utf8[]? texts)
    {
        if (texts is null)
            return;
        json.Key(name).Array();
        foreach (Utf8 text in texts)
            json.Value(text.Span);
        json.EndArray();
    }
}
