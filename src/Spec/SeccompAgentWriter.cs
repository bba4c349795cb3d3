namespace OciRun.Spec;

/// <summary>What a seccomp agent is told with the listener (config-linux.md, "The Container Process State").</summary>
internal static class SeccompAgentWriter
{
    /// <summary>One line without newline.</summary>
    /// <param name="pid">The filtered process in the runtime's pid namespace.</param>
    /// <param name="metadata"><c>linux.seccomp.listenerMetadata</c>; empty leaves the member out.</param>
    /// <param name="state">The container's, in the form that hooks read.</param>
    public static byte[] Write(int pid, Utf8 metadata, StateDocument state)
    {
        JsonText json = new();
        json.Object()
            .Member("ociVersion"u8, state.OciVersion)
            .Member("fds"u8, ["seccompFd"])
            .Member("pid"u8, pid);
        if (!metadata.IsEmpty)
            json.Member("metadata"u8, metadata);
        json.Key("state"u8);
        StateWriter.Hook(json, state);
        json.EndObject();
        return json.ToArray();
    }
}
