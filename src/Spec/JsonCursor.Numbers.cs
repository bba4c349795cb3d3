using System.Collections.Generic;
using System.Text.Json;

namespace OciRun.Spec;

/// <summary>Integers: written without fraction and exponent, and checked against the range of their type.</summary>
internal ref partial struct JsonCursor
{
    public ushort? UInt16() => (ushort?)Unsigned(ushort.MaxValue);

    public uint? UInt32() => (uint?)Unsigned(uint.MaxValue);

    public ulong? UInt64() => Unsigned(ulong.MaxValue);

    public int? Int32() => (int?)Signed(int.MinValue, int.MaxValue);

    public long? Int64() => Signed(long.MinValue, long.MaxValue);

    /// <summary>A user or group id: 4294967295 is none, as it means "leave it" or "no id" to the kernel.</summary>
    /// <param name="reason">Says what the kernel takes 4294967295 for.</param>
    public uint? Id(string reason) => (uint?)Unsigned(uint.MaxValue - 1, reason);

    /// <summary>An array of ids.</summary>
    public uint[]? Ids(string reason)
    {
        if (!Array())
            return null;
        List<uint> ids = [];
        while (Item(JsonTokenType.Number, UnsignedInteger))
        {
            if (Unsigned(uint.MaxValue - 1, reason) is { } id)
                ids.Add((uint)id);
        }

        return ids.ToArray();
    }

    private const string UnsignedInteger = "an unsigned integer";

    private ulong? Unsigned(ulong maximum, string? hint = null)
    {
        if (!Stands(JsonTokenType.Number, UnsignedInteger))
            return null;
        if (!_reader.TryGetUInt64(out ulong value) || value > maximum)
        {
            Fail(Expected($"an integer from 0 to {maximum}", value == uint.MaxValue ? hint : null));
            return null;
        }

        return value;
    }

    private long? Signed(long minimum, long maximum)
    {
        if (!Stands(JsonTokenType.Number, "an integer"))
            return null;
        if (!_reader.TryGetInt64(out long value) || value < minimum || value > maximum)
        {
            Fail(Expected($"an integer from {minimum} to {maximum}"));
            return null;
        }

        return value;
    }
}
