using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Images;

/// <summary>Reads a blob from front to end; the last read fails when size or digest are not those of the descriptor.</summary>
internal sealed class BlobStream : ForwardStream
{
    private readonly Fd _file;
    private readonly Descriptor _descriptor;
    private readonly Action<int>? _advance;
    private readonly BlockHash _hash;
    private long _position;
    private bool _ended;

    /// <param name="file">Is closed with the stream.</param>
    /// <param name="descriptor">What the blob has to be.</param>
    /// <param name="advance">Is told after each read how many bytes it was; may throw to stop.</param>
    public BlobStream(Fd file, Descriptor descriptor, Action<int>? advance = null)
    {
        _file = file;
        _descriptor = descriptor;
        _advance = advance;
        _hash = descriptor.Digest.NewHash();
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || _ended)
            return 0;
        long read = Sys.read(_file.Number, buffer);
        if (read < 0)
            throw Failed(new Fault("cannot read the blob") { Syscall = "read", Errno = (int)-read });
        _position += read;
        if (_position > _descriptor.Size || (read == 0 && _position < _descriptor.Size))
            throw Failed(new Fault($"the blob is {(read == 0 ? "shorter" : "longer")} than the {_descriptor.Size} bytes of its descriptor"));
        _hash.Append(buffer[..(int)read]);
        if (read == 0)
            End();
        else
            _advance?.Invoke((int)read);
        return (int)read;
    }

    /// <summary>Reads what is left, which checks the digest.</summary>
    public void Drain()
    {
        byte[] rest = new byte[4096];
        while (Read(rest) > 0)
        {
        }
    }

    private void End()
    {
        _ended = true;
        string found = _hash.Finish();
        if (found != _descriptor.Digest.Hex)
            throw Failed(new Fault($"the blob's digest is {_descriptor.Digest.Algorithm}:{found}") { Hint = "it is damaged: copy the image again" });
    }

    private FaultException Failed(Fault fault) => new(fault with { Field = $"blob {_descriptor.Digest}" });

    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }
}
