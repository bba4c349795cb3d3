using System;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>Names content by its hash (image-spec, descriptor.md, "Digests"): <c>sha256:</c> or <c>sha512:</c> and lower-case hex.</summary>
/// <param name="Algorithm"><c>sha256</c> or <c>sha512</c>.</param>
/// <param name="Hex">64 or 128 digits; safe as a file name.</param>
internal readonly record struct Digest(string Algorithm, string Hex)
{
    /// <summary>False for another algorithm, a wrong length and anything that is not lower-case hex.</summary>
    public static bool TryParse(Utf8 text, out Digest digest)
    {
        digest = default;
        string algorithm = text.StartsWith("sha256:"u8) ? "sha256" : text.StartsWith("sha512:"u8) ? "sha512" : "";
        if (algorithm.Length == 0 || text.Length != 7 + (algorithm == "sha256" ? 64 : 128))
            return false;
        ReadOnlySpan<byte> hex = text.Span[7..];
        foreach (byte digit in hex)
        {
            if (digit is not (>= (byte)'0' and <= (byte)'9' or >= (byte)'a' and <= (byte)'f'))
                return false;
        }

        digest = new Digest(algorithm, text.Slice(7).ToString());
        return true;
    }

    /// <summary>A new computation of this kind of digest.</summary>
    public BlockHash NewHash() => Algorithm == "sha512" ? new Sha512() : new Sha256();

    public override string ToString() => $"{Algorithm}:{Hex}";
}
