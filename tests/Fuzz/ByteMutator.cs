using System;
using System.Collections.Generic;

namespace OciRun.Fuzz;

/// <summary>Damages bytes: cuts, flips, inserts, repeats and overwrites.</summary>
internal static class ByteMutator
{
    private static readonly byte[] Interesting =
        [0, 1, 0x7f, 0x80, 0xff, (byte)'\n', (byte)' ', (byte)'"', (byte)'\\', (byte)'/', (byte)'.', (byte)':', (byte)'=', (byte)'-', (byte)'9'];

    private static readonly byte[][] Words =
    [
        "18446744073709551615"u8.ToArray(), "18446744073709551616"u8.ToArray(), "9223372036854775807"u8.ToArray(), "-1"u8.ToArray(),
        "max"u8.ToArray(), "\\999"u8.ToArray(), "\\0"u8.ToArray(), "../"u8.ToArray(), "\n"u8.ToArray(), " "u8.ToArray(), "\r\n"u8.ToArray(), "\0\0\0\0"u8.ToArray(),
        new byte[] { 0xff, 0xff, 0xff, 0xff }, "0.00"u8.ToArray(), "99999999999999999999.99"u8.ToArray(), "1e999"u8.ToArray(),
    ];

    private static readonly string[] Numbers =
        ["0", "1", "255", "256", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615", "99999999999999999999"];

    public static byte[] Mutate(byte[] input, Draw draw)
    {
        List<byte> bytes = [.. input];
        for (int i = draw.Few(8); i > 0; i--)
            Once(bytes, draw);
        return [.. bytes];
    }

    // The digits at or behind a place become another number.
    private static void ReplaceNumber(List<byte> bytes, int at, Draw draw)
    {
        while (at < bytes.Count && bytes[at] is < (byte)'0' or > (byte)'9')
            at++;
        int end = at;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9')
            end++;
        bytes.RemoveRange(at, end - at);
        bytes.InsertRange(at, System.Text.Encoding.ASCII.GetBytes(draw.Of<string>(Numbers)));
    }

    private static void Once(List<byte> bytes, Draw draw)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(draw.Bytes(draw.Below(16)));
            return;
        }

        int at = draw.Below(bytes.Count);
        int length = Math.Min(bytes.Count - at, 1 + draw.Below(draw.Chance(80) ? 8 : 200));
        switch (draw.Below(11))
        {
            case 9 or 10:
                ReplaceNumber(bytes, at, draw);
                break;
            case 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 1:
                bytes[at] = (byte)(bytes[at] ^ (1 << draw.Below(8)));
                break;
            case 2:
                bytes[at] = draw.Of<byte>(Interesting);
                break;
            case 3:
                bytes.InsertRange(at, draw.Bytes(1 + draw.Below(8)));
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 6:
                bytes.InsertRange(at, draw.Of<byte[]>(Words));
                break;
            case 7:
                byte[] word = draw.Of<byte[]>(Words);
                for (int i = 0; i < word.Length && at + i < bytes.Count; i++)
                    bytes[at + i] = word[i];
                break;
            default:
                bytes[at] = (byte)(draw.Next() & 0xff);
                break;
        }
    }
}
