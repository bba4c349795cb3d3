namespace OciRun.Launch;

/// <summary>Kinds of requests and answers (criu_req_type).</summary>
internal enum CriuRequestType
{
    Empty = 0,
    Dump = 1,
    Restore = 2,
    PreDump = 4,
    Notify = 6,
    FeatureCheck = 9,
    Version = 10,
}

/// <summary>Messages to CRIU (criu_req).</summary>
internal static class CriuRequest
{
    /// <summary>A dump, a pre-dump or a restore.</summary>
    public static byte[] Make(CriuRequestType type, CriuOptions options) =>
        new CriuFields().Number(1, (int)type).Message(2, options.Fields()).ToArray();

    /// <summary>Asks for CRIU's version (CRIU 3.0).</summary>
    public static byte[] Version() => new CriuFields().Number(1, (int)CriuRequestType.Version).ToArray();

    /// <summary>Asks which of these features CRIU and the kernel have.</summary>
    public static byte[] Features(bool memoryTracking, bool lazyPages) => new CriuFields()
        .Number(1, (int)CriuRequestType.FeatureCheck)
        .Message(5, new CriuFields().Flag(1, memoryTracking ? true : null).Flag(2, lazyPages ? true : null))
        .ToArray();

    /// <summary>Answers a notification; a failure makes CRIU give up.</summary>
    public static byte[] Notified(bool success) =>
        new CriuFields().Number(1, (int)CriuRequestType.Notify).Flag(3, success).ToArray();
}
