namespace OciRun.Spec;

/// <summary>A container's state as shown to callers (runtime.md, "State", and the members that runc adds).</summary>
/// <param name="OciVersion">The runtime-spec version that ocirun implements, not the bundle's.</param>
/// <param name="Id">Container id.</param>
/// <param name="Pid">The init process in the reader's pid namespace; 0 when stopped.</param>
/// <param name="Status"><c>creating</c>, <c>created</c>, <c>running</c>, <c>paused</c> or <c>stopped</c>.</param>
/// <param name="Bundle">Absolute path of the bundle.</param>
/// <param name="Rootfs">Absolute path of the root file system on the host.</param>
/// <param name="Created">UTC time of creation (RFC 3339).</param>
/// <param name="Annotations">The bundle's annotations; null or empty leaves the member out.</param>
/// <param name="Owner">User name of the state directory's owner; empty for the <c>state</c> command.</param>
internal sealed record StateDocument(
    Utf8 OciVersion,
    Utf8 Id,
    int Pid,
    Utf8 Status,
    Utf8 Bundle,
    Utf8 Rootfs,
    Utf8 Created,
    Pair[]? Annotations,
    Utf8 Owner);
