namespace OciRun.Kernel;

/// <summary>errno values, names and texts (asm-generic/errno-base.h, errno.h; texts as in strerror(3), lower case).</summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int ENXIO = 6;
    public const int E2BIG = 7;
    public const int ENOEXEC = 8;
    public const int EBADF = 9;
    public const int ECHILD = 10;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EFAULT = 14;
    public const int ENOTBLK = 15;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int EXDEV = 18;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ENOTTY = 25;
    public const int ETXTBSY = 26;
    public const int EFBIG = 27;
    public const int ENOSPC = 28;
    public const int ESPIPE = 29;
    public const int EROFS = 30;
    public const int EMLINK = 31;
    public const int EPIPE = 32;
    public const int EDOM = 33;
    public const int ERANGE = 34;
    public const int EDEADLK = 35;
    public const int ENAMETOOLONG = 36;
    public const int ENOLCK = 37;
    public const int ENOSYS = 38;
    public const int ENOTEMPTY = 39;
    public const int ELOOP = 40;
    public const int ENODATA = 61;
    public const int ETIME = 62;
    public const int EOVERFLOW = 75;
    public const int EUSERS = 87;
    public const int ENOTSOCK = 88;
    public const int EOPNOTSUPP = 95;
    public const int EADDRINUSE = 98;
    public const int ENETDOWN = 100;
    public const int ECONNABORTED = 103;
    public const int ECONNRESET = 104;
    public const int ENOBUFS = 105;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int ESTALE = 116;
    public const int EDQUOT = 122;
    public const int EKEYREJECTED = 129;

    /// <summary>Symbolic name (<c>ENOENT</c>), or <c>errno N</c> for a value that is not listed.</summary>
    public static string Name(int errno) => Lookup(errno).Name;

    /// <summary>Lower-case strerror(3) text, which callers match on (<c>no such file or directory</c>).</summary>
    public static string Text(int errno) => Lookup(errno).Text;

    private static (string Name, string Text) Lookup(int errno) => errno switch
    {
        EPERM => ("EPERM", "operation not permitted"),
        ENOENT => ("ENOENT", "no such file or directory"),
        ESRCH => ("ESRCH", "no such process"),
        EINTR => ("EINTR", "interrupted system call"),
        EIO => ("EIO", "input/output error"),
        ENXIO => ("ENXIO", "no such device or address"),
        E2BIG => ("E2BIG", "argument list too long"),
        ENOEXEC => ("ENOEXEC", "exec format error"),
        EBADF => ("EBADF", "bad file descriptor"),
        ECHILD => ("ECHILD", "no child processes"),
        EAGAIN => ("EAGAIN", "resource temporarily unavailable"),
        ENOMEM => ("ENOMEM", "cannot allocate memory"),
        EACCES => ("EACCES", "permission denied"),
        EFAULT => ("EFAULT", "bad address"),
        ENOTBLK => ("ENOTBLK", "block device required"),
        EBUSY => ("EBUSY", "device or resource busy"),
        EEXIST => ("EEXIST", "file exists"),
        EXDEV => ("EXDEV", "invalid cross-device link"),
        ENODEV => ("ENODEV", "no such device"),
        ENOTDIR => ("ENOTDIR", "not a directory"),
        EISDIR => ("EISDIR", "is a directory"),
        EINVAL => ("EINVAL", "invalid argument"),
        ENFILE => ("ENFILE", "too many open files in system"),
        EMFILE => ("EMFILE", "too many open files"),
        ENOTTY => ("ENOTTY", "inappropriate ioctl for device"),
        ETXTBSY => ("ETXTBSY", "text file busy"),
        EFBIG => ("EFBIG", "file too large"),
        ENOSPC => ("ENOSPC", "no space left on device"),
        ESPIPE => ("ESPIPE", "illegal seek"),
        EROFS => ("EROFS", "read-only file system"),
        EMLINK => ("EMLINK", "too many links"),
        EPIPE => ("EPIPE", "broken pipe"),
        EDOM => ("EDOM", "numerical argument out of domain"),
        ERANGE => ("ERANGE", "numerical result out of range"),
        EDEADLK => ("EDEADLK", "resource deadlock avoided"),
        ENAMETOOLONG => ("ENAMETOOLONG", "file name too long"),
        ENOLCK => ("ENOLCK", "no locks available"),
        ENOSYS => ("ENOSYS", "function not implemented"),
        ENOTEMPTY => ("ENOTEMPTY", "directory not empty"),
        ELOOP => ("ELOOP", "too many levels of symbolic links"),
        ENODATA => ("ENODATA", "no data available"),
        ETIME => ("ETIME", "timer expired"),
        EOVERFLOW => ("EOVERFLOW", "value too large for defined data type"),
        EUSERS => ("EUSERS", "too many users"),
        ENOTSOCK => ("ENOTSOCK", "socket operation on non-socket"),
        EOPNOTSUPP => ("EOPNOTSUPP", "operation not supported"),
        EADDRINUSE => ("EADDRINUSE", "address already in use"),
        ENETDOWN => ("ENETDOWN", "network is down"),
        ECONNABORTED => ("ECONNABORTED", "software caused connection abort"),
        ECONNRESET => ("ECONNRESET", "connection reset by peer"),
        ENOBUFS => ("ENOBUFS", "no buffer space available"),
        ETIMEDOUT => ("ETIMEDOUT", "connection timed out"),
        ECONNREFUSED => ("ECONNREFUSED", "connection refused"),
        ESTALE => ("ESTALE", "stale file handle"),
        EDQUOT => ("EDQUOT", "disk quota exceeded"),
        EKEYREJECTED => ("EKEYREJECTED", "key was rejected by service"),
        _ => ($"errno {errno}", $"error {errno}"),
    };
}
