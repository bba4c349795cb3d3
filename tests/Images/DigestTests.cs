using System;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class DigestTests
{
    [Theory]
    [InlineData("sha256", 64, true)]
    [InlineData("sha512", 128, true)]
    [InlineData("sha256", 128, false)]
    [InlineData("sha512", 64, false)]
    [InlineData("sha384", 96, false)]
    [InlineData("md5", 32, false)]
    public void Two_algorithms_with_their_lengths_are_digests(string algorithm, int digits, bool good)
    {
        string text = $"{algorithm}:{new string('a', digits)}";
        Digest.TryParse(text, out Digest digest).Should().Be(good);
        if (good)
            digest.ToString().Should().Be(text);
    }

    [Theory]
    [InlineData('A')]
    [InlineData('g')]
    [InlineData('/')]
    [InlineData('.')]
    public void Digits_are_lower_case_hex(char digit) =>
        Digest.TryParse("sha256:" + new string('0', 63) + digit, out _).Should().BeFalse();

    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Sha256_is_that_of_the_standard(string text, string hex)
    {
        Sha256 hash = new();
        hash.Append(Encoding.ASCII.GetBytes(text));
        hash.Finish().Should().Be(hex);
    }

    // Around the ends of blocks and of their lengths, in pieces of every kind.
    [Fact]
    public void Hashes_are_those_of_the_framework()
    {
        byte[] content = Enumerable.Range(0, 1000).Select(i => (byte)(i * 7 % 251)).ToArray();
        foreach (int length in Enumerable.Range(0, 300).Append(1000))
        {
            foreach (int piece in new[] { 1, 3, 63, 64, 65, 1000 })
            {
                Sha256 small = new();
                Sha512 large = new();
                for (int at = 0; at < length; at += piece)
                {
                    ReadOnlySpan<byte> part = content.AsSpan(at, Math.Min(piece, length - at));
                    small.Append(part);
                    large.Append(part);
                }

                small.Finish().Should().Be(Convert.ToHexStringLower(SHA256.HashData(content.AsSpan(0, length))));
                large.Finish().Should().Be(Convert.ToHexStringLower(SHA512.HashData(content.AsSpan(0, length))));
            }
        }
    }
}
