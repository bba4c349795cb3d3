using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Images;

internal sealed partial class ImageLayout
{
    // A fifo or device in place of a file must not hold the program up; links may lead anywhere that the caller can read.
    private const int Flags = Uapi.O_RDONLY | Uapi.O_NONBLOCK | Uapi.O_NOCTTY;

    public Manifest ReadManifest(Descriptor descriptor) =>
        Documents.ReadManifest(ReadBlob(descriptor), $"manifest {descriptor.Digest}");

    /// <exception cref="FaultException">It is not an image that can be run, or its config is damaged.</exception>
    public ImageConfig ReadConfig(Manifest manifest)
    {
        Descriptor descriptor = manifest.Config;
        if (!MediaType.IsConfig(descriptor.MediaType))
        {
            throw new FaultException(new Fault($"not an image: its config has media type {descriptor.MediaType}")
            {
                Field = $"config {descriptor.Digest}",
            });
        }

        ImageConfig config = Documents.ReadConfig(ReadBlob(descriptor), $"config {descriptor.Digest}");
        if (config.DiffIds.Length != manifest.Layers.Length)
        {
            throw new FaultException(new Fault($"{config.DiffIds.Length} diff_ids for {manifest.Layers.Length} layers")
            {
                Field = $"config {descriptor.Digest}: rootfs.diff_ids",
            });
        }

        return config;
    }

    /// <summary>Opens a blob for one pass.</summary>
    public BlobStream OpenBlob(Descriptor descriptor, Action<int>? advance = null)
    {
        Fd file = new(Sys.openat(_directory.Number, Name(descriptor), Flags));
        string field = $"blob {descriptor.Digest}";
        if (file.Number < 0)
        {
            throw new FaultException(new Fault("cannot open it")
            {
                Field = field,
                Syscall = "openat",
                Errno = -file.Number,
                Hint = file.Number == -Errno.ENOENT ? $"the layout {Path} is incomplete: copy the image again" : null,
            });
        }

        if (Sys.fstat(file.Number, out stat st) == 0 && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFREG && st.st_size == descriptor.Size)
            return new BlobStream(file, descriptor, advance);
        file.Dispose();
        throw new FaultException(new Fault($"the blob has {st.st_size} bytes, its descriptor says {descriptor.Size}")
        {
            Field = field,
            Hint = "it is damaged: copy the image again",
        });
    }

    private byte[] ReadBlob(Descriptor descriptor)
    {
        if (descriptor.Size > Documents.MaximumSize)
        {
            throw new FaultException(new Fault($"the document has {descriptor.Size} bytes, more than the {Documents.MaximumSize} that are read")
            {
                Field = $"blob {descriptor.Digest}",
            });
        }

        using BlobStream blob = OpenBlob(descriptor);
        byte[] content = new byte[(int)descriptor.Size];
        blob.ReadExactly(content);
        blob.Drain();
        return content;
    }

    private byte[] ReadFile(string name) =>
        Sys.ReadFile(_directory.Number, Sys.Bytes(name), Documents.MaximumSize, out int errno)
        ?? throw new FaultException(new Fault($"cannot read {name}")
        {
            Field = "image",
            Value = Path,
            Syscall = "openat",
            Errno = errno,
            Hint = errno == Errno.ENOENT ? "this is not an OCI image layout; skopeo copy … oci:DIR:TAG makes one" : null,
        });

    private static byte[] Name(Descriptor descriptor) => Sys.Bytes($"blobs/{descriptor.Digest.Algorithm}/{descriptor.Digest.Hex}");
}
