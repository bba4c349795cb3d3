using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Images;

/// <summary>Where a bundle goes: a name that does not exist, or an empty directory.</summary>
internal sealed class BundleDirectory(string path)
{
    private readonly string _parent = path.LastIndexOf('/') is > 0 and int slash ? path[..slash] : "/";
    private readonly string _name = path[(path.LastIndexOf('/') + 1)..];

    /// <summary>Name beside it while it is made.</summary>
    public string PartialName => $".{_name}.ocirun-unpack";

    /// <exception cref="FaultException">Something is there already.</exception>
    public void Check()
    {
        if (_name is "" or "." or "..")
            throw Failed("not a name for a bundle", null, 0, "name a directory that does not exist");
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
        if (fd == -Errno.ENOENT)
            return;
        using Fd directory = new(fd);
        if (fd < 0)
            throw Failed("the bundle exists", "openat", fd, "name a directory that does not exist");
        if (Tree.List(fd).Count > 0)
            throw Failed("the bundle exists and is not empty", null, 0, "name a directory that does not exist, or remove it");
    }

    /// <exception cref="FaultException">The directory that it goes into does not exist.</exception>
    public Fd OpenParent()
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(_parent), Uapi.O_RDONLY | Uapi.O_DIRECTORY);
        return fd >= 0 ? new Fd(fd) : throw Failed($"cannot open {_parent}", "openat", fd, "make it first");
    }

    public void Commit(PartialDirectory bundle, Fd parent)
    {
        int result = bundle.Commit(parent.Number, _name, syncs: false);
        if (result < 0)
        {
            string? hint = result switch
            {
                -Errno.EBUSY => "it is a mount point: name a directory in it",
                -Errno.ENOTEMPTY or -Errno.EEXIST => "something else has put files there meanwhile",
                _ => null,
            };
            throw Failed("cannot make the bundle", "renameat2", result, hint);
        }
    }

    private FaultException Failed(string message, string? syscall, int result, string? hint) =>
        new(new Fault(message) { Field = "bundle", Value = path, Syscall = syscall, Errno = -result, Hint = hint });
}
