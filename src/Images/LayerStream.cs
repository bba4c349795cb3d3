using System;
using System.IO;
using System.IO.Compression;
using OciRun.Errors;

namespace OciRun.Images;

/// <summary>A layer's archive, decompressed; <see cref="Finish"/> compares it with its diffID.</summary>
internal sealed class LayerStream : ForwardStream
{
    private readonly BlobStream _blob;
    private readonly Stream _archive;
    private readonly Digest _diffId;
    private readonly BlockHash _hash;

    /// <param name="blob">Is closed with the stream.</param>
    /// <param name="descriptor">Its media type tells the compression.</param>
    /// <param name="diffId">Digest of the archive.</param>
    /// <exception cref="FaultException">The media type is none of a layer that can be read.</exception>
    public LayerStream(BlobStream blob, Descriptor descriptor, Digest diffId)
    {
        _blob = blob;
        _diffId = diffId;
        _hash = diffId.NewHash();
        _archive = MediaType.IsGzip(descriptor) ? new GZipStream(blob, CompressionMode.Decompress) : blob;
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            int read = _archive.Read(buffer);
            _hash.Append(buffer[..read]);
            return read;
        }
        catch (InvalidDataException)
        {
            throw new FaultException("its gzip data is damaged");
        }
    }

    /// <summary>Reads what is behind the archive's end, so that both digests cover everything.</summary>
    /// <exception cref="FaultException">One of them is not as it should be.</exception>
    public void Finish()
    {
        byte[] rest = new byte[32768];
        while (Read(rest) > 0)
        {
        }

        _blob.Drain();
        string found = _hash.Finish();
        if (found != _diffId.Hex)
        {
            throw new FaultException(new Fault($"the archive's digest is {_diffId.Algorithm}:{found}, the image config says {_diffId}")
            {
                Hint = "the image is inconsistent: build or copy it again",
            });
        }
    }

    protected override void Dispose(bool disposing)
    {
        _archive.Dispose();
        _blob.Dispose();
        base.Dispose(disposing);
    }
}
