using System;

namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    private const int XATTR_NAME_MAX = 255;

    /// <summary>setxattr(2): follows links.</summary>
    public static int setxattr(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        byte* p = stackalloc byte[PATH_MAX];
        byte* n = stackalloc byte[XATTR_NAME_MAX + 1];
        int bad = Terminate(path, p);
        if (bad == 0)
            bad = TerminateName(name, n);
        fixed (byte* v = value)
            return bad != 0 ? bad : (int)Call(SYS.setxattr, (long)p, (long)n, (long)v, value.Length, 0);
    }

    public static int fsetxattr(int fd, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        byte* n = stackalloc byte[XATTR_NAME_MAX + 1];
        int bad = TerminateName(name, n);
        fixed (byte* v = value)
            return bad != 0 ? bad : (int)Call(SYS.fsetxattr, fd, (long)n, (long)v, value.Length, 0);
    }

    /// <summary>fgetxattr(2): the value's length; with an empty buffer only that.</summary>
    public static int fgetxattr(int fd, ReadOnlySpan<byte> name, Span<byte> value)
    {
        byte* n = stackalloc byte[XATTR_NAME_MAX + 1];
        int bad = TerminateName(name, n);
        fixed (byte* v = value)
            return bad != 0 ? bad : (int)Call(SYS.fgetxattr, fd, (long)n, (long)v, value.Length);
    }

    /// <summary>flistxattr(2): the length of the names, each with a NUL; with an empty buffer only that.</summary>
    public static int flistxattr(int fd, Span<byte> names)
    {
        fixed (byte* p = names)
            return (int)Call(SYS.flistxattr, fd, (long)p, names.Length);
    }

    public static int fremovexattr(int fd, ReadOnlySpan<byte> name)
    {
        byte* n = stackalloc byte[XATTR_NAME_MAX + 1];
        int bad = TerminateName(name, n);
        return bad != 0 ? bad : (int)Call(SYS.fremovexattr, fd, (long)n);
    }

    private static int TerminateName(ReadOnlySpan<byte> name, byte* into)
    {
        if (name.Length > XATTR_NAME_MAX)
            return -Errno.ERANGE;
        if (name.Contains((byte)0))
            return -Errno.EINVAL;
        name.CopyTo(new Span<byte>(into, XATTR_NAME_MAX));
        into[name.Length] = 0;
        return 0;
    }
}
