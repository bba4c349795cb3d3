using System;

namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    public static int open_tree(int dirfd, ReadOnlySpan<byte> path, uint flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.open_tree, dirfd, (long)p, flags | Uapi.OPEN_TREE_CLOEXEC);
    }
}
