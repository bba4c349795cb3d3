using System;

namespace OciRun.Spec;

/// <summary>The three JSON forms of a container's state. Member order and white space are those of runc.</summary>
internal static class StateWriter
{
    /// <summary>Output of <c>state</c>: indented by two blanks, no newline at the end.</summary>
    public static byte[] State(StateDocument state)
    {
        JsonText json = new(' ', 2);
        Full(json, state);
        return json.ToArray();
    }

    /// <summary>Output of <c>list --format json</c>: one line, <c>null</c> when there are no containers.</summary>
    public static byte[] List(ReadOnlySpan<StateDocument> states)
    {
        if (states.IsEmpty)
            return "null\n"u8.ToArray();
        JsonText json = new();
        json.Array();
        foreach (StateDocument state in states)
            Full(json, state);
        return json.EndArray().Newline().ToArray();
    }

    /// <summary>What hooks read on standard input: one line without newline, the specified members only.</summary>
    public static byte[] Hook(StateDocument state)
    {
        JsonText json = new();
        Hook(json, state);
        return json.ToArray();
    }

    /// <summary>The hook form as part of another document (the seccomp agent's payload, config-linux.md).</summary>
    public static void Hook(JsonText json, StateDocument state)
    {
        json.Object()
            .Member("ociVersion"u8, state.OciVersion)
            .Member("id"u8, state.Id)
            .Member("status"u8, state.Status)
            .Member("pid"u8, state.Pid)
            .Member("bundle"u8, state.Bundle);
        Annotations(json, state);
        json.EndObject();
    }

    private static void Full(JsonText json, StateDocument state)
    {
        json.Object()
            .Member("ociVersion"u8, state.OciVersion)
            .Member("id"u8, state.Id)
            .Member("pid"u8, state.Pid)
            .Member("status"u8, state.Status)
            .Member("bundle"u8, state.Bundle)
            .Member("rootfs"u8, state.Rootfs)
            .Member("created"u8, state.Created);
        Annotations(json, state);
        json.Member("owner"u8, state.Owner).EndObject();
    }

    private static void Annotations(JsonText json, StateDocument state)
    {
        if (state.Annotations is { Length: > 0 } annotations)
            json.Member("annotations"u8, annotations);
    }
}
