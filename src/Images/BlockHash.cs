using System;

namespace OciRun.Images;

/// <summary>
/// A hash of FIPS 180-4 over content that arrives in pieces. Own code, as the framework's calls OpenSSL, which a static
/// executable cannot load.
/// </summary>
internal abstract class BlockHash
{
    private readonly byte[] _block;
    private readonly int _lengthBytes;
    private int _filled;
    private long _total;

    /// <param name="blockSize">Bytes of one block.</param>
    /// <param name="lengthBytes">Bytes of the length at the end of the last block.</param>
    protected BlockHash(int blockSize, int lengthBytes)
    {
        _block = new byte[blockSize];
        _lengthBytes = lengthBytes;
    }

    public void Append(ReadOnlySpan<byte> content)
    {
        _total += content.Length;
        if (_filled > 0)
        {
            int taken = Math.Min(content.Length, _block.Length - _filled);
            content[..taken].CopyTo(_block.AsSpan(_filled));
            _filled += taken;
            content = content[taken..];
            if (_filled < _block.Length)
                return;
            Compress(_block);
            _filled = 0;
        }

        int whole = content.Length - (content.Length % _block.Length);
        if (whole > 0)
            Compress(content[..whole]);
        content[whole..].CopyTo(_block);
        _filled = content.Length - whole;
    }

    /// <summary>The hash as lower-case hex; nothing can be appended after it.</summary>
    public string Finish()
    {
        long bits = _total * 8;
        _block[_filled++] = 0x80;
        if (_filled > _block.Length - _lengthBytes)
        {
            _block.AsSpan(_filled).Clear();
            Compress(_block);
            _filled = 0;
        }

        _block.AsSpan(_filled).Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(_block.AsSpan(_block.Length - 8), bits);
        Compress(_block);
        return Convert.ToHexStringLower(State());
    }

    /// <summary>Takes whole blocks.</summary>
    protected abstract void Compress(ReadOnlySpan<byte> blocks);

    /// <summary>The words of the hash, big-endian.</summary>
    protected abstract byte[] State();
}
