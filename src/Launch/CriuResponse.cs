using System;
using Google.Protobuf;
using OciRun.Errors;

namespace OciRun.Launch;

/// <summary>A message from CRIU (criu_resp).</summary>
internal sealed record CriuResponse
{
    public CriuRequestType Type { get; private set; }

    public bool Success { get; private set; }

    /// <summary>errno of a failure, 0 when CRIU gives none.</summary>
    public int Errno { get; private set; }

    /// <summary>First error of CRIU's log; empty when CRIU gives none.</summary>
    public string Message { get; private set; } = "";

    /// <summary>Name of a notification; empty for none.</summary>
    public string Script { get; private set; } = "";

    /// <summary>Pid of the restored root process, 0 for none.</summary>
    public int Pid { get; private set; }

    /// <summary>Answer of a feature check.</summary>
    public bool HasMemoryTracking { get; private set; }

    /// <summary>Answer of a feature check.</summary>
    public bool HasLazyPages { get; private set; }

    /// <summary>Answer of a request for the version: 31502 is 3.15.2; 0 for none.</summary>
    public int Version { get; private set; }

    /// <exception cref="FaultException">It is not such a message.</exception>
    public static CriuResponse Parse(ReadOnlySpan<byte> bytes)
    {
        CriuResponse response = new();
        try
        {
            CodedInputStream input = new(bytes.ToArray());
            uint tag;
            while ((tag = input.ReadTag()) != 0)
                response.Take(input, tag);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new FaultException(new Fault($"criu's answer cannot be read: {e.Message}") { Hint = "is the program named criu in PATH really CRIU?" });
        }

        return response;
    }

    private void Take(CodedInputStream input, uint tag)
    {
        switch (WireFormat.GetTagFieldNumber(tag))
        {
            case 1:
                Type = (CriuRequestType)input.ReadEnum();
                break;
            case 2:
                Success = input.ReadBool();
                break;
            case 4: // criu_restore_resp
                Nested(input, (inner, field) => Pid = field == 1 ? inner.ReadInt32() : Skip(inner, Pid));
                break;
            case 5: // criu_notify
                Nested(input, (inner, field) =>
                {
                    if (field == 1)
                        Script = inner.ReadString();
                    else
                        Pid = field == 2 ? inner.ReadInt32() : Skip(inner, Pid);
                });
                break;
            case 7:
                Errno = input.ReadInt32();
                break;
            case 8: // criu_features
                Nested(input, (inner, field) =>
                {
                    if (field == 1)
                        HasMemoryTracking = inner.ReadBool();
                    else if (field == 2)
                        HasLazyPages = inner.ReadBool();
                    else
                        inner.SkipLastField();
                });
                break;
            case 9:
                Message = input.ReadString();
                break;
            case 10:
                TakeVersion(input);
                break;
            default:
                input.SkipLastField();
                break;
        }
    }

    // A build from between two releases counts as the next one.
    private void TakeVersion(CodedInputStream input)
    {
        int major = 0;
        int minor = 0;
        int sublevel = 0;
        bool isBetween = false;
        Nested(input, (inner, field) =>
        {
            switch (field)
            {
                case 1:
                    major = inner.ReadInt32();
                    break;
                case 2:
                    minor = inner.ReadInt32();
                    break;
                case 3:
                    isBetween = inner.ReadString().Length > 0;
                    break;
                case 4:
                    sublevel = inner.ReadInt32();
                    break;
                default:
                    inner.SkipLastField();
                    break;
            }
        });
        if (major is < 0 or > 999 || minor is < 0 or > 99 || sublevel is < 0 or > 99)
            throw new FaultException(new Fault("criu names a version that cannot be one") { Hint = "is the program named criu in PATH really CRIU?" });
        Version = (major * 10_000) + ((isBetween ? minor + 1 : minor) * 100) + (isBetween ? 0 : sublevel);
    }

    private static void Nested(CodedInputStream input, Action<CodedInputStream, int> take)
    {
        CodedInputStream inner = new(input.ReadBytes().ToByteArray());
        uint tag;
        while ((tag = inner.ReadTag()) != 0)
            take(inner, WireFormat.GetTagFieldNumber(tag));
    }

    private static int Skip(CodedInputStream input, int kept)
    {
        input.SkipLastField();
        return kept;
    }
}
